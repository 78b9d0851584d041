/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_args: the words of a command line. What a command understands is its row; what is
 * said of words that it does not is said here, in one wording for all.
 */
#ifndef CTL_ARGS_H
#define CTL_ARGS_H

#include <apr_tables.h>
#include "ctl.h"

#define CTL_OPTIONS_MOST 16

typedef struct ctl_option_t {
    const char *name;           /* without "--"; NULL: it has a letter alone */
    int letter;                 /* 0: none */
    const char *value;          /* what follows, as it is shown; NULL: nothing */
    const char *text;           /* one line */
} ctl_option_t;

struct ctl_args_t;

typedef struct ctl_command_t {
    const char *name;
    const char *operands;       /* as they are shown */
    int least, most;            /* of them */
    const char *missing;        /* what is said of fewer */
    const char *text;
    ctl_option_t options[CTL_OPTIONS_MOST];     /* the last one is empty */
    ctl_exit_t (*run)(const struct ctl_args_t *args);
} ctl_command_t;

typedef struct ctl_args_t {
    apr_pool_t *p;
    const ctl_command_t *command;
    apr_array_header_t *given;  /* of ctl_given_t, in their order */
    int is_help;                /* --help was among them */
    int count;                  /* of the operands */
    const char *const *words;
} ctl_args_t;

typedef struct ctl_given_t {
    const ctl_option_t *option;
    const char *value;          /* NULL: it has none */
} ctl_given_t;

/* Options and operands in any order; "--x=y" as "--x y"; behind "--" operands alone. 0, and
 * told, when a word is not understood, is missing or is too many. argv[0]: the command. */
int ctl_args_parse(apr_pool_t *p, const ctl_command_t *command, int argc,
                   const char *const *argv, ctl_args_t *args);

/* The last value of an option, by its name or, where it has none, its letter; NULL: it was
 * not given. Of one without a value: "". */
const char *ctl_args_value(const ctl_args_t *args, const char *name);
/* Of one that may be repeated: the first value is number 0; NULL: there are no more. */
const char *ctl_args_nth(const ctl_args_t *args, const char *name, int nth);

/* "redirect307ctl COMMAND: text"; returns "could not tell". */
ctl_exit_t ctl_args_refuse(const ctl_args_t *args, const char *text);

#endif
