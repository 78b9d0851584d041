/* SPDX-License-Identifier: Apache-2.0
 *
 * status_page: the page about a server as HTML 5 without scripts, as JSON, and as
 * metrics (Prometheus text format 0.0.4, OpenMetrics 1.0).
 */
#ifndef R307_STATUS_PAGE_H
#define R307_STATUS_PAGE_H

#include "status/status_model.h"

/* The whole page, which asks for the style sheet at "?style" beside it. */
void r307_status_html(r307_out_t *out, const r307_overview_t *status);
extern const char r307_status_style[];

/* Its part about .htaccess files, and the same as members of a JSON object, each behind a
 * comma. */
void r307_status_files_html(r307_out_t *out, const r307_overview_t *status);
void r307_status_files_json(r307_out_t *out, const r307_overview_t *status);

/* JSON comes in pieces, so that all rules have room: the head, each rule, the end. */
void r307_status_json_begin(r307_out_t *out, const r307_overview_t *status);
void r307_status_json_rule(r307_out_t *out, const r307_overview_t *status,
                           const r307_status_rule_t *rule, int is_first);
void r307_status_json_end(r307_out_t *out);

/* What the box was asked, as JSON. */
void r307_status_json_ask(r307_out_t *out, const r307_status_ask_t *ask);

/* The same as redirect307ctl explain says it, behind a line that says what this is: the tool
 * asks for it. */
void r307_status_plain_ask(r307_out_t *out, const r307_status_ask_t *ask);
#define R307_STATUS_SAYS "mod_redirect307 says\n"

void r307_status_metrics(r307_out_t *out, const r307_overview_t *status, int is_open);
/* The media types of the two. */
#define R307_METRICS_TEXT "text/plain; version=0.0.4; charset=utf-8"
#define R307_METRICS_OPEN "application/openmetrics-text; version=1.0.0; charset=utf-8"

#endif
