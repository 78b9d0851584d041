/* SPDX-License-Identifier: Apache-2.0
 *
 * start_lint: the findings of lint/, and what Redirect307Require asks for, where
 * httpd can say them: for httpd.conf at its start and with `httpd -t`, for a .htaccess
 * when its rules are first asked.
 */
#ifndef R307_HTTPD_START_LINT_H
#define R307_HTTPD_START_LINT_H

#include <httpd.h>
#include <http_config.h>
#include "map/map_line.h"
#include "httpd/reading.h"

/* Remembers a rule of httpd.conf, which was just added to the list, until its place is known
 * whole. */
void r307_start_lint_add(r307_reading_t *reading, cmd_parms *cmd, const r307_config_t *conf,
                         const r307_ruleset_t *rules);
/* The same of a maintenance, of which only Redirect307Require asks something. */
void r307_start_lint_add_line(cmd_parms *cmd, const r307_config_t *conf,
                        const r307_maintenance_t *line);

/* The same of a line that names a map: its lines are asked for it when they answer. */
void r307_start_lint_add_map(cmd_parms *cmd, const r307_config_t *conf,
                             const r307_mapdef_t *def, r307_place_t place);

/* What was said of httpd.conf at the start, by numbers from 0; NULL: there is no more, or
 * as much as is remembered. */
typedef struct r307_startfound_t {
    const void *words;          /* of its rule: r307_start_lint_words */
    r307_place_t place;
    const char *text;
} r307_startfound_t;

/* By which a line of httpd.conf is known, as its rule may be another one each time. */
static inline const void *r307_start_lint_words(const r307_rule_t *rule)
{
    return rule->source ? (const void *)rule->source : (const void *)rule;
}

const r307_startfound_t *r307_start_lint_found(const server_rec *s, int number);

/* Redirect307Maintenance lines of httpd.conf, likewise. */
const r307_maintenance_t *r307_start_lint_line(const server_rec *s, int number);

/* Whether a rule of a .htaccess is worth a look later (r307_start_lint_say). */
int r307_start_lint_doubts(apr_pool_t *p, const r307_rule_t *rule);
/* Logs the findings of the block once for each version of its file. */
void r307_start_lint_say(request_rec *r, const r307_config_t *conf,
                         const r307_block_t *block);

/* check_config: logs what was remembered. An error for what the configuration itself
 * refuses, in httpd's first reading only: see r307_refusal_is_trial. */
int r307_on_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                         server_rec *s);

#endif
