/* SPDX-License-Identifier: Apache-2.0
 *
 * lint: the findings of engine/audit, and what Redirect307Require asks for, where httpd
 * can say them: for httpd.conf at its start
 * and with `httpd -t`, for a .htaccess when its rules are first asked.
 */
#ifndef R307_HTTPD_LINT_H
#define R307_HTTPD_LINT_H

#include <httpd.h>
#include <http_config.h>
#include "httpd/config.h"

/* The words of Redirect307Require into conf: NULL, or the error text. */
#define R307_LINT_REQUIRE "until|review|none [warn|refuse]"
const char *r307_lint_parse_require(apr_pool_t *p, const apr_array_header_t *words,
                                    r307_config_t *conf);

/* Remembers a rule of httpd.conf until its place is known whole. */
void r307_lint_add(cmd_parms *cmd, const r307_config_t *conf, const r307_rule_t *rule);

/* Whether a rule of a .htaccess is worth a look later (r307_lint_say). */
int r307_lint_doubts(apr_pool_t *p, const r307_rule_t *rule);
/* Logs the findings of the block once for each version of its file. */
void r307_lint_say(request_rec *r, const r307_config_t *conf, const r307_block_t *block);

/* check_config: logs what was remembered; an error with Redirect307Lint refuse. */
int r307_on_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                         server_rec *s);

#endif
