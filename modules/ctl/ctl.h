/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl: redirect307ctl, the engine for people. Answer first, reasons below, the line to
 * write last. Knows stdio, files and the engine; never httpd.
 */
#ifndef CTL_H
#define CTL_H

#include <stdio.h>
#include <apr_pools.h>

typedef enum {
    CTL_EXIT_FINE = 0,      /* nothing to do */
    CTL_EXIT_FINDINGS = 1,  /* something to do */
    CTL_EXIT_UNKNOWN = 2    /* could not tell */
} ctl_exit_t;

/* Tells of a word that a command does not understand; options: those it has. */
ctl_exit_t ctl_main_refuse(apr_pool_t *p, const char *command, const char *word,
                           const char *const *options);

/* The commands. */
ctl_exit_t ctl_cmd_lint(apr_pool_t *p, int argc, const char *const *argv);
ctl_exit_t ctl_cmd_explain(apr_pool_t *p, int argc, const char *const *argv);
ctl_exit_t ctl_cmd_compile(apr_pool_t *p, int argc, const char *const *argv);
ctl_exit_t ctl_cmd_maintenance(apr_pool_t *p, int argc, const char *const *argv);
ctl_exit_t ctl_cmd_report(apr_pool_t *p, int argc, const char *const *argv);

#endif
