/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_log: what the log is told of the lists that are asked, of the rules that are passed
 * over, and of what was decided.
 */
#ifndef R307_HTTPD_SERVE_LOG_H
#define R307_HTTPD_SERVE_LOG_H

#include <httpd.h>
#include "decide/decide.h"
#include "conf/place_config.h"

/* Of a list before it is asked: doubts about the rules of a .htaccess, and sources that the
 * directory's URL makes useless. */
void r307_serve_log_scope(request_rec *r, const r307_config_t *conf, r307_block_t *block,
                          const r307_scope_t *scope);

/* A rule that was passed over: the trace of an r307_policy_t, whose baton is r. */
void r307_serve_log_skip(void *baton, const r307_rule_t *rule, r307_skip_t step,
                         const char *detail);

/* At debug, which who calls it has asked. */
void r307_serve_log_decision(request_rec *r, const r307_decision_t *decision);

/* Of a rule that the guard refuses, once a minute. */
void r307_serve_log_refusal(request_rec *r, const r307_config_t *conf,
                            const r307_decision_t *decision);

/* Redirect307Engine report: at a level that is seen without touching LogLevel. */
void r307_serve_log_report(request_rec *r, const r307_config_t *conf,
                           const r307_decision_t *decision);

/* Of a rule that answers and has a review=, if that is past, once a day. Not at the start: a rule
 * that nobody asks for bothers nobody. */
void r307_serve_log_overdue(request_rec *r, const r307_rule_t *rule);

/* Redirect307Require warn: the line of a map works, and this is said when it first answers;
 * of other lines it is said when they are read. */
void r307_serve_log_lacking(request_rec *r, const r307_config_t *conf,
                            const r307_rule_t *rule);

#endif
