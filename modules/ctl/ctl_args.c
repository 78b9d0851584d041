/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_args.h"

#include <stdarg.h>
#include <string.h>
#include <apr_getopt.h>
#include <apr_strings.h>

#include "base/text.h"

#define LETTERS 256             /* codes from there on stand for options without a letter */
#define NEAR_MOST 3             /* edits */

/* What APR says of a word, in its own words, is not printed: these are what it is about. */
typedef struct problem_t {
    apr_pool_t *p;
    const char *word;
} problem_t;

/* APR shows a long option as a string and a short one as a character. */
static void keep_word(void *baton, const char *format, ...)
{
    problem_t *problem = baton;
    va_list list;

    va_start(list, format);
    (void)va_arg(list, const char *);   /* the program */
    (void)va_arg(list, const char *);   /* what is wrong */
    problem->word = strstr(format, "%c")
        ? apr_psprintf(problem->p, "-%c", va_arg(list, int))
        : apr_pstrdup(problem->p, va_arg(list, const char *));
    va_end(list);
}

ctl_exit_t ctl_args_refuse(const ctl_args_t *args, const char *text)
{
    fprintf(stderr, "redirect307ctl %s: %s\n", args->command->name, text);
    return CTL_EXIT_UNKNOWN;
}

static const char *shown(const ctl_args_t *args, const ctl_option_t *option)
{
    return option->name ? apr_pstrcat(args->p, "--", option->name, NULL)
                        : apr_psprintf(args->p, "-%c", option->letter);
}

static int is_end(const ctl_option_t *option)
{
    return !option->name && !option->letter;
}

static const char *near(const ctl_args_t *args, const char *word)
{
    const ctl_option_t *option = args->command->options;
    const char *found = NULL;
    int best = NEAR_MOST + 1;

    for (; !is_end(option); option++) {
        int distance = r307_text_distance(word, shown(args, option));

        if (option->name && distance < best && distance < (int)strlen(word) - 2) {
            best = distance;
            found = shown(args, option);
        }
    }
    return found;
}

static int refuse_word(const ctl_args_t *args, const char *word, int is_missing)
{
    const char *bare, *meant;

    word = word ? word : "-";
    bare = apr_pstrmemdup(args->p, word, strcspn(word, "="));
    meant = is_missing ? NULL : near(args, bare);
    ctl_args_refuse(args, is_missing
        ? apr_psprintf(args->p, strchr(word, '=') ? "%s takes no value" : "%s needs a value",
                       bare)
        : apr_psprintf(args->p, "'%s' is not understood%s%s%s; see redirect307ctl help %s",
                       r307_text_show(args->p, bare, strlen(bare)),
                       meant ? "; did you mean " : "", meant ? meant : "",
                       meant ? "?" : "", args->command->name));
    return 0;
}

/* The rows as APR wants them, and --help behind them. */
static apr_getopt_option_t *rows_of(const ctl_args_t *args)
{
    apr_getopt_option_t *rows = apr_pcalloc(args->p, (CTL_OPTIONS_MOST + 2) * sizeof(*rows));
    int i;

    for (i = 0; !is_end(&args->command->options[i]); i++) {
        const ctl_option_t *option = &args->command->options[i];

        rows[i].name = option->name;
        rows[i].optch = option->letter ? option->letter : LETTERS + i;
        rows[i].has_arg = option->value != NULL;
    }
    rows[i].name = "help";
    rows[i].optch = 'h';
    return rows;
}

static int take_options(ctl_args_t *args, apr_getopt_t *os, problem_t *problem)
{
    const apr_getopt_option_t *rows = rows_of(args);
    const char *value;
    apr_status_t status;
    int code, i;

    while ((status = apr_getopt_long(os, rows, &code, &value)) == APR_SUCCESS) {
        ctl_given_t *given;

        for (i = 0; rows[i].optch != code; i++) {
            continue;
        }
        if (is_end(&args->command->options[i])) {
            args->is_help = 1;
            continue;
        }
        given = apr_array_push(args->given);
        given->option = &args->command->options[i];
        given->value = rows[i].has_arg ? value : NULL;
    }
    return status == APR_EOF ? 1
        : refuse_word(args, problem->word, status == APR_BADARG);
}

static int check_count(const ctl_args_t *args)
{
    if (args->is_help) {
        return 1;
    }
    if (args->count < args->command->least) {
        ctl_args_refuse(args, args->command->missing);
        return 0;
    }
    if (args->count > args->command->most) {
        const char *word = args->words[args->command->most];

        ctl_args_refuse(args, apr_psprintf(args->p, "'%s' is one word too many; see "
                                           "redirect307ctl help %s",
                                           r307_text_show(args->p, word, strlen(word)),
                                           args->command->name));
        return 0;
    }
    return 1;
}

int ctl_args_parse(apr_pool_t *p, const ctl_command_t *command, int argc,
                   const char *const *argv, ctl_args_t *args)
{
    static const char input[] = "(-)";  /* APR takes "-" for an option without letters */
    const char **words = apr_palloc(p, (size_t)(argc + 1) * sizeof(*words));
    problem_t problem = { p, NULL };
    apr_getopt_t *os;
    int i;

    memset(args, 0, sizeof(*args));
    args->p = p;
    args->command = command;
    args->given = apr_array_make(p, 4, sizeof(ctl_given_t));
    for (i = 0; i < argc; i++) {
        words[i] = strcmp(argv[i], "-") == 0 ? input : argv[i];
    }
    words[argc] = NULL;
    if (apr_getopt_init(&os, p, argc, words) != APR_SUCCESS) {
        return 0;
    }
    os->interleave = 1;
    os->errfn = keep_word;
    os->errarg = &problem;
    if (!take_options(args, os, &problem)) {
        return 0;
    }
    for (i = os->ind; i < argc; i++) {
        os->argv[i] = os->argv[i] == input ? "-" : os->argv[i];
    }
    args->count = argc - os->ind;
    args->words = os->argv + os->ind;
    return check_count(args);
}

static int is_of(const ctl_given_t *given, const char *name)
{
    const ctl_option_t *option = given->option;

    return option->name ? strcmp(option->name, name) == 0
                        : option->letter == *name && !name[1];
}

const char *ctl_args_value(const ctl_args_t *args, const char *name)
{
    const char *value = NULL, *next;
    int i;

    for (i = 0; (next = ctl_args_nth(args, name, i)) != NULL; i++) {
        value = next;
    }
    return value;
}

const char *ctl_args_nth(const ctl_args_t *args, const char *name, int nth)
{
    int i;

    for (i = 0; i < args->given->nelts; i++) {
        const ctl_given_t *given = &APR_ARRAY_IDX(args->given, i, ctl_given_t);

        if (is_of(given, name) && nth-- == 0) {
            return given->value ? given->value : "";
        }
    }
    return NULL;
}
