/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"
#include "ctl_saying.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "base/text.h"
#include "base/version.h"

#define COLUMN 18               /* where the text of an option begins */
#define WIDTH 80                /* of the help */

static ctl_exit_t run_help(const ctl_args_t *args);
static ctl_exit_t run_version(const ctl_args_t *args);

#define HTTPD \
    { NULL, 'f', "FILE", "httpd.conf, else that of the httpd that is installed" }, \
    { NULL, 'D', "NAME", "as httpd takes it; may be repeated" }
#define ROOT { "root", 0, "DIR", "what ServerRoot is, for what *.conf names" }

const ctl_command_t ctl_commands[] = {
    { "lint", "[FILE|DIRECTORY|- ...]", 0, INT_MAX, NULL,
      "checks rules: of all of httpd.conf; or of .htaccess files, *.conf, maps",
      { HTTPD, ROOT,
        { "homes", 0, NULL, "the .htaccess files that httpd reads" },
        { "docroot", 0, "DIR", "the site's files, to compare sources and targets with" },
        { "format", 0, CTL_SAYING_FORMATS, "how findings are written" },
        { "quiet", 0, NULL, "no notes, and no sum" },
        { "fix", 0, NULL, "shows what is sure to mend, and asks first" },
        { "yes", 0, NULL, "with --fix: does not ask" } },
      ctl_cmd_lint },
    { "flatten", "FILE", 1, 1, "name the file",
      "the file with its chains as direct lines, where the answers stay the same",
      { { "write", 0, NULL, "shows what is other, and asks first" },
        { "yes", 0, NULL, "with --write: does not ask" },
        ROOT },
      ctl_cmd_flatten },
    { "explain", "[FILE] URL", 1, 2, "name the URL to explain",
      "what httpd, or the rules of one file, answer to a URL, and why",
      { HTTPD,
        { "base", 0, "/url/", "the URL of the directory that the file belongs to" },
        { "method", 0, "METHOD", "of the request, else GET" },
        { "header", 0, "'N: v'", "of the request; may be repeated" },
        { "at", 0, "TIME", "of the request, else now" },
        { "client", 0, "IP", "who asks" },
        { "user", 0, "NAME", "who has logged in" },
        { "live", 0, "http://HOST/PAGE", "asks a running server by its page of rules" },
        ROOT },
      ctl_cmd_explain },
    { "test", "[FILE|DIRECTORY ...] [CASES.tests ...]", 0, INT_MAX, NULL,
      "whether rules answer as their cases say: #? /old -> 307 /new",
      { HTTPD,
        { "with", 0, "'KEY=VALUE'", "what holds for cases that say nothing else" },
        { "format", 0, "FORMAT", "text, junit or github" },
        { "live", 0, "http://HOST", "asks a running server instead" },
        { "record", 0, "URLS", "prints what is answered now, as cases" },
        { "from-log", 0, "LOG", "the same of the URLs of an access log" },
        { "suggest", 0, NULL, "prints a case for each rule without one" },
        { "max-hops", 0, "NUMBER", "of redirects that may come of any rule" },
        { "https-only", 0, NULL, "no answer leads to http://" },
        { "no-foreign", 0, NULL, "no answer leads to another site" },
        { "cover", 0, "PERCENT", "of the rules that have to have a case" },
        { "base", 0, "/url/", "the URL of the directory that a .htaccess belongs to" },
        ROOT },
      ctl_cmd_test },
    { "maintenance", "on|off|status [DIR|FILE]", 1, 2,
      "write: redirect307ctl maintenance on|off|status DIR|FILE",
      "makes or removes the flag of a Redirect307Maintenance line, or tells of it",
      { { "name", 0, "NAME", "which line, where there are several" },
        ROOT,
        { "eta", 0, "TIME", "on: when it will be over, as it is announced" },
        { "until", 0, "TIME", "on: when it is over" },
        { "allow", 0, "ADDRESS,..", "on: who is let in" },
        HTTPD },
      ctl_cmd_maintenance },
    { "report", "[FILE|DIRECTORY|- ...]", 0, INT_MAX, NULL,
      "rules that have had their time: what returns, stays, becomes permanent; or soon will",
      { { "due", 0, NULL, "what is due by now" },
        { "within", 0, "TIME", "what comes in that time, as 14d" },
        { "unused", 0, "TIME", "who sent nobody for so long, as 180d" },
        { "hits", 0, "FILE", "for that: what Redirect307Hits on keep=FILE names" },
        { "at", 0, "TIME", "as of then, else now" },
        { "blame", 0, NULL, "who wrote the line, by git" },
        { "format", 0, "text|json|csv|ics", "how it is written" },
        HTTPD, ROOT },
      ctl_cmd_report },
    { "missing", "ACCESS.LOG|- ...", 1, INT_MAX, "name the access logs",
      "404s that nobody caught, and 410s that people ask for, by the access log",
      { { "since", 0, "TIME", "30d or 2026-11-01, else all of it" },
        { "rules", 0, "FILE", "a .htaccess, *.conf or map to compare with; repeatable" },
        { "base", 0, "/url/", "the URL of the directory that the file belongs to" },
        { "docroot", 0, "DIR", "the pages to compare with" },
        { "of", 0, "people|robots|attacks|browsers", "who is counted, else people" },
        { "top", 0, "N", "URLs of each list, else 50" },
        { "format", 0, "text|json|csv", "how it is written" },
        { NULL, 'f', "FILE", "httpd.conf: all rules of it, and of the .htaccess on the way" },
        { NULL, 'D', "NAME", "as httpd takes it; may be repeated" },
        ROOT },
      ctl_cmd_missing },
    { "hosts", "DIRECTORY|FILE ...", 0, INT_MAX, NULL,
      "other hosts that lines of all kinds send people to",
      { { "state", 0, "FILE", "what was seen the last time; new hosts come first" },
        { "own", 0, NULL, "lines to the site's own name, too" },
        { "format", 0, "text|json|csv", "how it is written" },
        { NULL, 'f', "FILE", "httpd.conf: its lines, and which names are its own" },
        { NULL, 'D', "NAME", "as httpd takes it; may be repeated" },
        ROOT },
      ctl_cmd_hosts },
    { "compile", "MAP [option=value ...]", 1, INT_MAX, "name the map",
      "the rules of a map as a file that a server maps instead of reading it",
      { { NULL, 'o', "IMAGE", "its name, else the map's with .image" } },
      ctl_cmd_compile },
    { "completion", "bash|zsh", 1, 1, "name the shell: bash or zsh",
      "what that shell has to know to complete commands and options", { { 0 } },
      ctl_cmd_completion },
    { "help", "[COMMAND]", 0, 1, NULL, "this text, or that of a command", { { 0 } },
      run_help },
    { "version", "", 0, 0, NULL, "the version", { { 0 } }, run_version }
};
#define COMMAND_COUNT (sizeof(ctl_commands) / sizeof(ctl_commands[0]))
const size_t ctl_command_count = COMMAND_COUNT;

static const char exits[] =
    "exit status: 0 nothing to do, 1 something to do, 2 could not tell\n";

/* Broken at blanks: with what stands in front of it no line is wider. */
static void print_text(FILE *out, int indent, const char *text)
{
    size_t room = (size_t)(WIDTH - indent), len;

    while ((len = strlen(text)) > room) {
        len = room;
        while (len > 0 && text[len] != ' ') {
            len--;
        }
        if (!len) {
            break;
        }
        fprintf(out, "%.*s\n%*s", (int)len, text, indent, "");
        text += len + 1;
    }
    fprintf(out, "%s\n", text);
}

static void print_option(FILE *out, const ctl_option_t *option)
{
    char head[80];

    if (option->name) {
        apr_snprintf(head, sizeof(head), "--%s %s", option->name,
                     option->value ? option->value : "");
    }
    else {
        apr_snprintf(head, sizeof(head), "-%c %s", option->letter, option->value);
    }
    if (strlen(head) > COLUMN) {
        fprintf(out, "    %s\n", head);
        *head = '\0';
    }
    fprintf(out, "    %-*s ", COLUMN, head);
    print_text(out, 4 + COLUMN + 1, option->text);
}

static void print_command(FILE *out, const ctl_command_t *command)
{
    const ctl_option_t *option = command->options;

    fprintf(out, "%s%s%s%s\n", command->name,
            option->name || option->letter ? " [OPTION ...]" : "",
            *command->operands ? " " : "", command->operands);
    fprintf(out, "    ");
    print_text(out, 4, command->text);
    for (; option->name || option->letter; option++) {
        print_option(out, option);
    }
}

static void print_usage(FILE *out)
{
    size_t i;

    fprintf(out, "usage: redirect307ctl COMMAND ...\n\n");
    for (i = 0; i < COMMAND_COUNT; i++) {
        print_command(out, &ctl_commands[i]);
    }
    fprintf(out, "\n%s", exits);
}

static const ctl_command_t *find_command(const char *name)
{
    size_t i;

    for (i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(ctl_commands[i].name, name) == 0) {
            return &ctl_commands[i];
        }
    }
    return NULL;
}

static ctl_exit_t refuse_command(apr_pool_t *p, const char *name)
{
    const char *near = NULL, *bare = name + strspn(name, "-");
    int best = 3, distance;
    size_t i;

    for (i = 0; i < COMMAND_COUNT; i++) {
        distance = r307_text_distance(bare, ctl_commands[i].name);
        if (distance < best && distance < (int)strlen(ctl_commands[i].name) / 2 + 1) {
            best = distance;
            near = ctl_commands[i].name;
        }
    }
    fprintf(stderr, "redirect307ctl: '%s' is no command%s%s%s\n",
            r307_text_show(p, name, strlen(name)), near ? "; did you mean " : "",
            near ? near : "", near ? "?" : "; see redirect307ctl help");
    return CTL_EXIT_UNKNOWN;
}

static ctl_exit_t help_of(const ctl_command_t *command)
{
    printf("usage: redirect307ctl ");
    print_command(stdout, command);
    printf("\n%s", exits);
    return CTL_EXIT_FINE;
}

static ctl_exit_t run_help(const ctl_args_t *args)
{
    const ctl_command_t *command = args->count ? find_command(args->words[0]) : NULL;

    if (args->count) {
        return command ? help_of(command) : refuse_command(args->p, args->words[0]);
    }
    print_usage(stdout);
    return CTL_EXIT_FINE;
}

static ctl_exit_t run_version(const ctl_args_t *args)
{
    printf("redirect307ctl " R307_VERSION "\n");
    return CTL_EXIT_FINE;
}

/* Two commands have names that every program has. */
static const char *name_of(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ? "help"
        : strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0 ? "version" : word;
}

static ctl_exit_t run(apr_pool_t *p, int argc, const char *const *argv)
{
    const ctl_command_t *command;
    ctl_args_t args;

    if (argc < 2) {
        print_usage(stderr);
        return CTL_EXIT_UNKNOWN;
    }
    command = find_command(name_of(argv[1]));
    if (!command) {
        return refuse_command(p, argv[1]);
    }
    if (!ctl_args_parse(p, command, argc - 1, argv + 1, &args)) {
        return CTL_EXIT_UNKNOWN;
    }
    return args.is_help ? help_of(command) : command->run(&args);
}

int main(int argc, const char *const *argv)
{
    apr_pool_t *p;
    ctl_exit_t result;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&p, NULL) != APR_SUCCESS) {
        fprintf(stderr, "redirect307ctl: APR does not start\n");
        return CTL_EXIT_UNKNOWN;
    }
    result = run(p, argc, argv);
    if (fflush(stdout) != 0) {
        result = CTL_EXIT_UNKNOWN;
    }
    apr_terminate();
    return (int)result;
}
