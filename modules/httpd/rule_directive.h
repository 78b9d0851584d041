/* SPDX-License-Identifier: Apache-2.0
 *
 * rule_directive: the directives Redirect307 and Redirect307Match: a line to its rule, the
 * rule to its place, and what stands in for a line that is none.
 */
#ifndef R307_HTTPD_RULE_DIRECTIVE_H
#define R307_HTTPD_RULE_DIRECTIVE_H

#include <httpd.h>
#include <http_config.h>
#include "conf/place_config.h"
#include "httpd/container.h"
#include "httpd/reading.h"

/* The rule of a line of cmd->cmd, made in cmd->pool. Else the error text, and, in .htaccess
 * and where a server that runs must go on, the rule that stands in for the line, if one
 * can. NULL and no rule: the line is empty. met: what came before it in its .htaccess, NULL
 * elsewhere. reading: r307_reading_of(cmd). */
const char *r307_rule_directive_parse(r307_reading_t *reading, cmd_parms *cmd,
                                      const r307_container_t *container,
                                      const r307_progress_t *met, int jit,
                                      const char *args, const r307_rule_t **rule);

/* The setter of the directives. */
const char *r307_rule_directive_set(cmd_parms *cmd, void *mconfig, const char *args);

#endif
