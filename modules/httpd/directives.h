/* SPDX-License-Identifier: Apache-2.0
 *
 * directives: the command table. Rules go as they were typed to the engine's parser.
 * An error in httpd.conf stops the start; in .htaccess the line is skipped, said once
 * per version of the file, and the site stays up.
 */
#ifndef R307_HTTPD_DIRECTIVES_H
#define R307_HTTPD_DIRECTIVES_H

#include <httpd.h>
#include <http_config.h>
#include "httpd/config.h"
#include "httpd/container.h"

extern const command_rec r307_directives[];

/* Directives that do nothing but add a rule of their line, so that a cached .htaccess may
 * have them done already; any other stays a line that httpd reads. Ends with NULL. */
extern const char *const r307_hoisted[R307_HOISTED_MOST];

const command_rec *r307_directives_find(const char *name);

/* The rule of a line of cmd->cmd, made in cmd->pool; or what is wrong with it, and then in
 * .htaccess, and where a server that runs must go on, the rule that stands in for it, if one
 * can. NULL and no rule: the line is
 * empty. met: what came before it in its .htaccess, NULL elsewhere. */
const char *r307_directives_parse(cmd_parms *cmd, const r307_container_t *container,
                                  const r307_progress_t *met, int jit, const char *args,
                                  const r307_rule_t **rule);

/* Source or target are relative to the directory's URL. */
int r307_directives_is_relative(const r307_rule_t *rule);

/* What stands in for a line whose rule is right by itself and cannot be added. */
const r307_rule_t *r307_directives_stay(cmd_parms *cmd, const r307_container_t *container,
                                        const r307_progress_t *met, const r307_rule_t *rule,
                                        const char *args);

/* Adds what stands in for a line; met is NULL for one of httpd.conf. */
void r307_directives_add_stay(cmd_parms *cmd, r307_config_t *conf,
                              const r307_container_t *container, r307_progress_t *met,
                              const char *file, const r307_rule_t *stay);

#endif
