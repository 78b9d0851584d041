/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <string.h>
#include <apr_general.h>

#include "engine/version.h"

static r307_exit_t run_help(apr_pool_t *p, int argc, const char *const *argv);
static r307_exit_t run_version(apr_pool_t *p, int argc, const char *const *argv);

static const r307_command_t commands[] = {
    { "lint", "lint FILE|DIRECTORY|- ...",
      "check rules: .htaccess files, directories of them, *.conf, maps, standard input",
      r307_lint_run },
    { "explain", "explain [--base /url/] [--method M] [--header 'N: v'] [--at TIME] [--client IP] [--user NAME] [FILE] URL",
      "what the rules of a file (default: .htaccess) answer to a URL, and why",
      r307_explain_run },
    { "maintenance", "maintenance on|off|status [--name N] [--root DIR] DIR|FILE\n"
      "      on: [--eta TIME] [--until TIME] [--allow ADDRESS,...]",
      "makes or removes the flag of a Redirect307Maintenance line, or tells how it is",
      r307_maintenance_run },
    { "report", "report --due [--at TIME] FILE|DIRECTORY|- ...",
      "rules that have had their time: what returns, what stays, what becomes permanent",
      r307_report_run },
    { "compile", "compile MAP [option=value ...] [-o IMAGE]",
      "the rules of a map as a file that a server maps instead of reading it",
      r307_compile_run },
    { "help", "help", "this text", run_help },
    { "version", "version", "the version", run_version }
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_usage(FILE *out)
{
    size_t i;

    fprintf(out, "usage: redirect307ctl COMMAND ...\n\n");
    for (i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %s\n      %s\n", commands[i].synopsis, commands[i].description);
    }
    fprintf(out, "\nexit status: 0 nothing to do, 1 something to do, 2 could not tell\n");
}

static r307_exit_t run_help(apr_pool_t *p, int argc, const char *const *argv)
{
    (void)p;
    (void)argc;
    (void)argv;
    print_usage(stdout);
    return R307_EXIT_FINE;
}

static r307_exit_t run_version(apr_pool_t *p, int argc, const char *const *argv)
{
    (void)p;
    (void)argc;
    (void)argv;
    printf("redirect307ctl " R307_VERSION "\n");
    return R307_EXIT_FINE;
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *p;
    size_t i;
    int result = R307_EXIT_UNKNOWN;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS) {
        fprintf(stderr, "redirect307ctl: APR does not start\n");
        return R307_EXIT_UNKNOWN;
    }
    for (i = 0; i < COMMAND_COUNT; i++) {
        if (argc > 1 && strcmp(argv[1], commands[i].name) == 0) {
            result = (int)commands[i].run(p, argc - 2, argv + 2);
            break;
        }
    }
    if (i == COMMAND_COUNT) {
        if (argc > 1) {
            fprintf(stderr, "redirect307ctl: '%s' is no command\n", argv[1]);
        }
        print_usage(stderr);
    }
    if (fflush(stdout) != 0) {
        result = R307_EXIT_UNKNOWN;
    }
    apr_terminate();
    return result;
}
