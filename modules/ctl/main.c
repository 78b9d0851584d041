/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "base/text.h"
#include "base/version.h"

typedef struct command_t {
    const char *name;
    const char *synopsis;
    const char *description;
    ctl_exit_t (*run)(apr_pool_t *p, int argc, const char *const *argv);
} command_t;

static ctl_exit_t run_help(apr_pool_t *p, int argc, const char *const *argv);
static ctl_exit_t run_version(apr_pool_t *p, int argc, const char *const *argv);

static const command_t commands[] = {
    { "lint", "lint [--root DIR] FILE|DIRECTORY|- ...",
      "check rules: .htaccess files, directories of them, *.conf, maps, standard input\n"
      "  --root DIR         what ServerRoot is, for maps that *.conf names",
      ctl_cmd_lint },
    { "explain", "explain [OPTION ...] [FILE] URL",
      "what the rules of a file (default: .htaccess) answer to a URL, and why\n"
      "  --base /url/       the URL of the directory that the file belongs to\n"
      "  --method METHOD    of the request, else GET\n"
      "  --header 'N: v'    of the request; may be repeated\n"
      "  --at TIME          of the request, else now\n"
      "  --client IP        who asks\n"
      "  --user NAME        who has logged in\n"
      "  --root DIR         what ServerRoot is",
      ctl_cmd_explain },
    { "maintenance", "maintenance on|off|status [OPTION ...] DIR|FILE",
      "makes or removes the flag of a Redirect307Maintenance line, or tells how it is\n"
      "  --name NAME        which line, where there are several\n"
      "  --root DIR         what ServerRoot is\n"
      "  --eta TIME         on: when it will be over, as it is announced\n"
      "  --until TIME       on: when it is over\n"
      "  --allow ADDRESS,.. on: who is let in",
      ctl_cmd_maintenance },
    { "report", "report --due [--at TIME] [--root DIR] FILE|DIRECTORY|- ...",
      "rules that have had their time: what returns, what stays, what becomes permanent\n"
      "  --at TIME          as of then, else now\n"
      "  --root DIR         what ServerRoot is",
      ctl_cmd_report },
    { "compile", "compile MAP [option=value ...] [-o IMAGE]",
      "the rules of a map as a file that a server maps instead of reading it\n"
      "  -o IMAGE           its name, else the map's with .image",
      ctl_cmd_compile },
    { "help", "help [COMMAND]", "this text, or that of a command", run_help },
    { "version", "version", "the version", run_version }
};
#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const char exits[] =
    "exit status: 0 nothing to do, 1 something to do, 2 could not tell\n";

static void print_command(FILE *out, const command_t *command)
{
    const char *line = command->description;

    fprintf(out, "  %s\n", command->synopsis);
    while (*line) {
        size_t n = strcspn(line, "\n");

        fprintf(out, "      %.*s\n", (int)n, line);
        line += n + (line[n] == '\n');
    }
}

static void print_usage(FILE *out)
{
    size_t i;

    fprintf(out, "usage: redirect307ctl COMMAND ...\n\n");
    for (i = 0; i < COMMAND_COUNT; i++) {
        print_command(out, &commands[i]);
    }
    fprintf(out, "\n%s", exits);
}

static const command_t *find_command(const char *name)
{
    size_t i;

    for (i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static void refuse_command(apr_pool_t *p, const char *name)
{
    const char *near = NULL;
    int best = 3, distance;
    size_t i;

    for (i = 0; i < COMMAND_COUNT; i++) {
        distance = r307_text_distance(name, commands[i].name);
        if (distance < best && distance < (int)strlen(commands[i].name) / 2 + 1) {
            best = distance;
            near = commands[i].name;
        }
    }
    fprintf(stderr, "redirect307ctl: '%s' is no command%s%s%s\n",
            r307_text_show(p, name, strlen(name)), near ? "; did you mean " : "",
            near ? near : "", near ? "?" : "; see redirect307ctl help");
}

static ctl_exit_t run_help(apr_pool_t *p, int argc, const char *const *argv)
{
    const command_t *command = argc ? find_command(argv[0]) : NULL;

    if (!argc) {
        print_usage(stdout);
        return CTL_EXIT_FINE;
    }
    if (!command) {
        refuse_command(p, argv[0]);
        return CTL_EXIT_UNKNOWN;
    }
    printf("usage: redirect307ctl\n");
    print_command(stdout, command);
    printf("\n%s", exits);
    return CTL_EXIT_FINE;
}

static ctl_exit_t run_version(apr_pool_t *p, int argc, const char *const *argv)
{
    (void)p;
    (void)argc;
    (void)argv;
    printf("redirect307ctl " R307_VERSION "\n");
    return CTL_EXIT_FINE;
}

ctl_exit_t ctl_main_refuse(apr_pool_t *p, const char *command, const char *word,
                             const char *const *options)
{
    const char *near = NULL;
    int best = 4;

    for (; *options; options++) {
        int distance = strcmp(word, *options) == 0 ? 0 : r307_text_distance(word, *options);

        if (distance < best && (distance == 0 || strlen(*options) > 3)) {
            best = distance;
            near = *options;
        }
    }
    if (near && best == 0) {
        fprintf(stderr, "redirect307ctl %s: %s needs a value\n", command, near);
    }
    else {
        fprintf(stderr, "redirect307ctl %s: '%s' is not understood%s%s%s; see redirect307ctl "
                "help %s\n", command, r307_text_show(p, word, strlen(word)),
                near ? "; did you mean " : "", near ? near : "", near ? "?" : "", command);
    }
    return CTL_EXIT_UNKNOWN;
}

/* What every command understands: "--option=value" are two words, behind "--" nothing is an
 * option, and --help is asked for anywhere before it. 1: help is asked for. */
static int take_words(apr_pool_t *p, int argc, const char *const *argv,
                      apr_array_header_t *words)
{
    int i, is_plain = 0, is_help = 0;

    for (i = 0; i < argc; i++) {
        const char *word = argv[i], *equals = strchr(word, '=');

        if (is_plain) {
            APR_ARRAY_PUSH(words, const char *) = *word == '-' ? apr_pstrcat(p, "./", word,
                                                                             NULL) : word;
        }
        else if (strcmp(word, "--") == 0) {
            is_plain = 1;
        }
        else if (strncmp(word, "--", 2) == 0 && equals) {
            APR_ARRAY_PUSH(words, const char *) = apr_pstrmemdup(p, word,
                                                                 (size_t)(equals - word));
            APR_ARRAY_PUSH(words, const char *) = equals + 1;
        }
        else {
            is_help |= strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
            APR_ARRAY_PUSH(words, const char *) = word;
        }
    }
    return is_help;
}

static int run(apr_pool_t *p, int argc, const char *const *argv)
{
    apr_array_header_t *words = apr_array_make(p, argc + 1, sizeof(const char *));
    const char *name = argc > 1 ? argv[1] : NULL;
    const command_t *command;

    if (!name) {
        print_usage(stderr);
        return CTL_EXIT_UNKNOWN;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
        name = "help";
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        name = "version";
    }
    command = find_command(name);
    if (!command) {
        refuse_command(p, name);
        return CTL_EXIT_UNKNOWN;
    }
    if (take_words(p, argc - 2, argv + 2, words)) {
        return (int)run_help(p, 1, &command->name);
    }
    return (int)command->run(p, words->nelts, (const char *const *)(const void *)words->elts);
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *p;
    int result;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS) {
        fprintf(stderr, "redirect307ctl: APR does not start\n");
        return CTL_EXIT_UNKNOWN;
    }
    result = run(p, argc, argv);
    if (fflush(stdout) != 0) {
        result = CTL_EXIT_UNKNOWN;
    }
    apr_terminate();
    return result;
}
