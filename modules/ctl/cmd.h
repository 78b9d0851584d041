/* SPDX-License-Identifier: Apache-2.0
 *
 * cmd: the commands, one file each; their rows are in main.c.
 */
#ifndef CMD_H
#define CMD_H

#include "ctl_args.h"

ctl_exit_t ctl_cmd_lint(const ctl_args_t *args);
ctl_exit_t ctl_cmd_flatten(const ctl_args_t *args);
ctl_exit_t ctl_cmd_explain(const ctl_args_t *args);
/* Of a whole httpd. */
ctl_exit_t ctl_cmd_explain_site(const ctl_args_t *args);
/* Of a running server. */
ctl_exit_t ctl_cmd_explain_live(const ctl_args_t *args);
ctl_exit_t ctl_cmd_compile(const ctl_args_t *args);
ctl_exit_t ctl_cmd_maintenance(const ctl_args_t *args);
ctl_exit_t ctl_cmd_hosts(const ctl_args_t *args);
ctl_exit_t ctl_cmd_missing(const ctl_args_t *args);
ctl_exit_t ctl_cmd_test(const ctl_args_t *args);
ctl_exit_t ctl_cmd_report(const ctl_args_t *args);
ctl_exit_t ctl_cmd_completion(const ctl_args_t *args);

/* All of them. */
extern const ctl_command_t ctl_commands[];
extern const size_t ctl_command_count;

#endif
