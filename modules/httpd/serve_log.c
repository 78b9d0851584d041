/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/serve_log.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include "grammar/hosts_advice.h"
#include "httpd/htaccess_taken.h"
#include "httpd/log_once.h"
#include "httpd/request.h"
#include "httpd/start_lint.h"
#include "httpd/store.h"

APLOG_USE_MODULE(redirect307);

#define REFUSALS_APART 60       /* seconds between two lines about one rule */
#define REVIEWS_APART  (24 * 3600)

/* --- lists --- */

/* Once for each version of the file and each `matter`, not for each text: what a client
 * asks for may be in that. */
static void log_once(request_rec *r, const r307_place_t *place, const char *matter,
                     const char *text)
{
    apr_uint64_t key = r307_log_once_key(r->pool, place->file, place->line, matter);

    if (r307_log_once_ever(r->server, key)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "%s:%u: %s", place->file,
                      place->line, text);
    }
}

/* The first rule that needs the URL speaks for its block. */
static void say_unknown(request_rec *r, const r307_block_t *block)
{
    r307_literal_t room;
    apr_pool_t *one = NULL;
    int i;

    for (i = 0; i < r307_ruleset_count(block->rules); i++) {
        const r307_rule_t *rule = r307_ruleset_glance(r->pool, &one, block->rules, i, &room);

        if (rule && r307_config_is_relative(rule)) {
            log_once(r, &rule->place, "base", apr_psprintf(r->pool,
                     "the URL of %s/ cannot be told from this request, so a relative "
                     "source here does not match and a relative target is read at the "
                     "request's path; write Redirect307Base /url/", block->directory));
            return;
        }
    }
}

static void say_outside(request_rec *r, const r307_block_t *block, r307_slice_t base)
{
    r307_literal_t room;
    apr_pool_t *one = NULL;
    int i;

    for (i = 0; i < r307_ruleset_count(block->rules); i++) {
        const r307_rule_t *rule = r307_ruleset_glance(r->pool, &one, block->rules, i, &room);
        const char *text = rule ? r307_ruleset_outside(r->pool, rule, base) : NULL;

        if (text) {
            log_once(r, &rule->place, "outside", text);
        }
    }
}

/* Sources outside the directory can only be found where its URL is known: at a request.
 * A block of httpd.conf is looked at once in each process, one of .htaccess that
 * lives for one request was read or compiled for it, which cost more. */
static void check_outside(request_rec *r, r307_block_t *block, r307_slice_t base)
{
    if (!__atomic_exchange_n(&block->checked, 1, __ATOMIC_RELAXED)
        && !r307_htshare_is_checked(block, base)) {
        say_outside(r, block, base);
    }
}

void r307_serve_log_scope(request_rec *r, const r307_config_t *conf, r307_block_t *block,
                          const r307_scope_t *scope)
{
    if (block->doubts) {
        r307_start_lint_say(r, conf, block);
    }
    if (scope->base.s) {
        check_outside(r, block, scope->base);
    }
    else if (block->directory && block->needs_base) {
        say_unknown(r, block);
    }
}

/* --- rules --- */

static const char *label(request_rec *r, const r307_rule_t *rule)
{
    const char *text = r307_line_label(r->pool, rule);

    return r307_text_show(r->pool, text, strlen(text));
}

/* What is wrong with the line of a map. Of a map of .htaccess it is said once for each
 * version, which the store knows; of one of httpd.conf once. */
static void say_of_map(request_rec *r, const r307_rule_t *rule, const char *why,
                       const char *then)
{
    const char *source = rule->source ? rule->source : "";

    r307_store_say(r, rule, why, then);
    if (rule->of_map && !rule->is_tenants
        && r307_log_once_ever(r->server,
                              r307_log_once_key_text(rule->place.file, 0, why))) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "%s:%u: '%s' %s; %s; said of one line, once",
                      rule->place.file, rule->place.line,
                      r307_text_show(r->pool, source, strlen(source)), why, then);
    }
}

/* A rule of a tenant that leads to the host that was asked for, where the list names
 * others. */
static void say_own_host(request_rec *r, const r307_rule_t *rule)
{
    const char *text = rule->target->text;

    if (r307_log_once_ever(
            r->server,
            r307_log_once_key_text(rule->place.file, rule->place.line, "own host"))) {
        ap_log_rerror(
            APLOG_MARK, APLOG_WARNING, 0, r,
            "%s:%u: Redirect307: '%s' leads to the "
            "host that was asked for, which is not in Redirect307AllowHosts; this "
            "line is left out there; %s",
            rule->place.file, rule->place.line,
            r307_text_show(r->pool, text, strlen(text)),
            r307_hosts_advice(r->pool, rule));
    }
}

void r307_serve_log_skip(void *baton, const r307_rule_t *rule, r307_skip_t step,
                         const char *detail)
{
    request_rec *r = baton;

    if ((step == R307_SKIP_BALANCER || step == R307_SKIP_PROXIED)
        && r307_log_once_ever(
            r->server,
            r307_log_once_key_text(rule->place.file, rule->place.line, "balancer"))) {
        ap_log_rerror(APLOG_MARK, APLOG_NOTICE, 0, r,
                      "%s passed over: %s; this is said once", label(r, rule),
                      r307_skip_text(step));
    }
    if (step == R307_SKIP_LIMIT) {
        say_of_map(r, rule, detail, "this line is left out");
    }
    if (step == R307_SKIP_HOSTS && detail) {
        say_own_host(r, rule);
    }
    if (APLOGrtrace1(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "%s passed over: %s%s%s",
                      label(r, rule), r307_skip_text(step), detail ? ": " : "",
                      detail ? r307_text_show(r->pool, detail, strlen(detail)) : "");
    }
}

static const char *show_answer(request_rec *r, const r307_decision_t *decision)
{
    const char *location = decision->location;

    return apr_psprintf(r->pool, "%d%s%s", decision->status, location ? " " : "",
                        location ? r307_text_show(r->pool, location, strlen(location))
                                 : "");
}

static const char *show_refusal(request_rec *r, const r307_decision_t *decision)
{
    const r307_verdict_row_t *row = r307_verdict_row(decision->verdict);
    const char *offending = decision->offending
                            ? r307_text_show(r->pool, decision->offending,
                                             decision->offending_len) : "";

    return apr_psprintf(r->pool, "%s, '%s' %s", row->id, offending, row->why);
}

void r307_serve_log_refusal(request_rec *r, const r307_config_t *conf,
                            const r307_decision_t *decision)
{
    const r307_rule_t *rule = decision->rule;
    int status = (int)r307_config_value(conf, R307_SETTING_REFUSE);
    apr_uint64_t key
        = r307_log_once_key_text(rule->place.file, rule->place.line, "refused");

    if (r307_log_once_per(r->server, key, REFUSALS_APART, apr_time_now())) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "%s refused (%s): %s; said at most once a minute for this rule",
                      label(r, rule),
                      status == R307_REFUSE_PASS ? "passed on"
                                                 : apr_itoa(r->pool, status),
                      show_refusal(r, decision));
    }
}

void r307_serve_log_decision(request_rec *r, const r307_decision_t *decision)
{
    switch (decision->outcome) {
    case R307_OUTCOME_PASS:
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "no rule answers");
        break;
    case R307_OUTCOME_STOP:
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "%s says no redirect here",
                      label(r, decision->rule));
        break;
    case R307_OUTCOME_ANSWER:
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "%s answers %s",
                      label(r, decision->rule), show_answer(r, decision));
        break;
    case R307_OUTCOME_LATER:
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "%s waits for a login",
                      label(r, decision->rule));
        break;
    case R307_OUTCOME_REFUSE:
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "%s refused, %s",
                      label(r, decision->rule), show_refusal(r, decision));
        break;
    }
}

void r307_serve_log_report(request_rec *r, const r307_config_t *conf,
                           const r307_decision_t *decision)
{
    int status = (int)r307_config_value(conf, R307_SETTING_REFUSE);

    if (decision->outcome == R307_OUTCOME_ANSWER) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "would answer %s by %s",
                      show_answer(r, decision), label(r, decision->rule));
    }
    else {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "would refuse (%s) by %s: %s",
                      status == R307_REFUSE_PASS ? "passed on"
                                                 : apr_itoa(r->pool, status),
                      label(r, decision->rule), show_refusal(r, decision));
    }
}

void r307_serve_log_overdue(request_rec *r, const r307_rule_t *rule)
{
    apr_time_t now = r307_request_known(r)->view.now;
    apr_uint64_t key;

    if (!r307_plan_is_overdue(&rule->plan, now)) {
        return;
    }
    key = r307_log_once_key_text(rule->place.file, rule->place.line, "review");
    if (r307_log_once_per(r->server, key, REVIEWS_APART, now)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, r->server,
                     "%s has been due for review since %s (review=)%s%s; said once a day",
                     label(r, rule), rule->plan.review.text,
                     rule->owner ? ", owner " : "",
                     rule->owner ? r307_text_show(r->pool, rule->owner,
                                                  strlen(rule->owner)) : "");
    }
}

void r307_serve_log_lacking(request_rec *r, const r307_config_t *conf,
                            const r307_rule_t *rule)
{
    r307_require_t require
        = (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE);
    const char *lack = require ? r307_limit_lacks(require, rule) : NULL;

    if (lack && rule->of_map) {
        say_of_map(r, rule, apr_pstrcat(r->pool, "is a rule that ", lack, NULL),
                   "it works");
    }
}
