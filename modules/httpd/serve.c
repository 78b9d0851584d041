/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/serve.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include "decide/decide.h"
#include "grammar/hosts_advice.h"
#include "httpd/counters.h"
#include "httpd/directory_url.h"
#include "httpd/log_once.h"
#include "httpd/request_view.h"
#include "httpd/respond.h"
#include "httpd/start_lint.h"
#include "httpd/store.h"
#include "httpd/tenant.h"

APLOG_USE_MODULE(redirect307);

#define REFUSALS_APART 60       /* seconds between two lines about one rule */
#define REVIEWS_APART  (24 * 3600)

/* --- the directory of a block --- */

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
    int i;

    for (i = 0; i < block->rules->rules->nelts; i++) {
        const r307_rule_t *rule = APR_ARRAY_IDX(block->rules->rules, i,
                                                const r307_rule_t *);

        if (r307_config_is_relative(rule)) {
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
    int i;

    for (i = 0; i < block->rules->rules->nelts; i++) {
        const r307_rule_t *rule = APR_ARRAY_IDX(block->rules->rules, i,
                                                const r307_rule_t *);
        const char *text = r307_ruleset_outside(r->pool, rule, base);

        if (text) {
            log_once(r, &rule->place, "outside", text);
        }
    }
}

/* Sources outside the directory can only be found where its URL is known: at a request.
 * A block of httpd.conf is looked at once in each process, one of .htaccess lives for
 * one request and was parsed for it, which cost far more. */
static void check_outside(request_rec *r, r307_block_t *block, r307_slice_t base)
{
    if (!__atomic_exchange_n(&block->checked, 1, __ATOMIC_RELAXED)) {
        say_outside(r, block, base);
    }
}

static void fill_scope(request_rec *r, const r307_config_t *conf,
                       const r307_view_t *view, r307_block_t *block,
                       r307_scope_t *scope)
{
    scope->rules = block->rules;
    scope->tenancy = r307_tenant_find(r, conf, view, block);
    if (block->doubts) {
        r307_start_lint_say(r, conf, block);
    }
    scope->directory = block->directory != NULL;
    scope->base = r307_slice(NULL, 0);
    if (!block->directory
        || (!block->needs_base && __atomic_load_n(&block->checked, __ATOMIC_RELAXED))) {
        return;
    }
    scope->base = r307_directory_url_find(r, conf, view->path, block->directory);
    if (scope->base.s) {
        check_outside(r, block, scope->base);
    }
    else if (block->needs_base) {
        say_unknown(r, block);
    }
}

/* --- logs --- */

static const char *label(request_rec *r, const r307_rule_t *rule)
{
    const char *text = r307_line_label(r->pool, rule);

    return r307_text_show(r->pool, text, strlen(text));
}

/* What is wrong with the line of a map: of a .htaccess once for each version of it, which the
 * store knows; of httpd.conf once. */
static void say_of_map(request_rec *r, const r307_rule_t *rule, const char *why,
                       const char *then)
{
    const char *source = rule->source ? rule->source : "";

    r307_store_say(r, rule, why, then);
    if (rule->of_map && !rule->is_tenants
        && r307_log_once_ever(r->server, r307_log_once_key_text(rule->place.file, 0, why))) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "%s:%u: '%s' %s; %s; said of one line, "
                      "once", rule->place.file, rule->place.line,
                      r307_text_show(r->pool, source, strlen(source)), why, then);
    }
}

/* A tenant's rule for his own host, where the list names others. */
static void say_own_host(request_rec *r, const r307_rule_t *rule)
{
    const char *text = rule->target->text;

    if (r307_log_once_ever(r->server, r307_log_once_key_text(rule->place.file, rule->place.line,
                                                             "own host"))) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "%s:%u: Redirect307: '%s' leads to the "
                      "host that was asked for, which is not in Redirect307AllowHosts; this "
                      "line is left out there; %s", rule->place.file, rule->place.line,
                      r307_text_show(r->pool, text, strlen(text)),
                      r307_hosts_advice(r->pool, rule));
    }
}

static void trace(void *baton, const r307_rule_t *rule, r307_skip_t step,
                  const char *detail)
{
    request_rec *r = baton;

    if ((step == R307_SKIP_BALANCER || step == R307_SKIP_PROXIED)
        && r307_log_once_ever(r->server, r307_log_once_key_text(rule->place.file,
                                                                rule->place.line, "balancer"))) {
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

static void log_refusal(request_rec *r, const r307_config_t *conf,
                        const r307_decision_t *decision)
{
    const r307_rule_t *rule = decision->rule;
    int status = (int)r307_config_value(conf, R307_SETTING_REFUSE);
    apr_uint64_t key = r307_log_once_key_text(rule->place.file, rule->place.line, "refused");

    if (r307_log_once_per(r->server, key, REFUSALS_APART, apr_time_now())) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "%s refused (%s): %s; said at most once a minute for this rule",
                      label(r, rule),
                      status == R307_REFUSE_PASS ? "passed on"
                                                 : apr_itoa(r->pool, status),
                      show_refusal(r, decision));
    }
}

static void log_decision(request_rec *r, const r307_decision_t *decision)
{
    if (!APLOGrdebug(r)) {
        return;
    }
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

/* --- the decision, carried out --- */

/* Not at start-up: a rule that nobody asks for bothers nobody. */
static void log_overdue(request_rec *r, const r307_rule_t *rule)
{
    apr_time_t now = r307_request_state(r)->view.now;
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

static int answer(request_rec *r, const r307_config_t *conf,
                  const r307_decision_t *decision)
{
    r307_answer_t to_send = { 0 };

    log_overdue(r, decision->rule);
    to_send.status = decision->status;
    to_send.location = decision->location;
    to_send.rule = decision->rule;
    to_send.max_age = decision->max_age;
    to_send.is_private = r307_request_state(r)->is_private;
    return r307_respond_send(r, conf, &to_send);
}

static int refuse(request_rec *r, const r307_config_t *conf,
                  const r307_decision_t *decision)
{
    const char *id = r307_verdict_row(decision->verdict)->id;
    int status = (int)r307_config_value(conf, R307_SETTING_REFUSE);
    r307_answer_t to_send = { 0 };

    log_refusal(r, conf, decision);
    r307_counters_add(decision->verdict);
    apr_table_setn(r->notes, "redirect307-verdict", id);
    apr_table_setn(r->subprocess_env, "REDIRECT307_VERDICT", id);
    if (status == R307_REFUSE_PASS) {
        return DECLINED;
    }
    to_send.status = status;
    to_send.location = NULL;
    to_send.rule = decision->rule;
    to_send.max_age = 0;
    to_send.is_private = 0;
    return r307_respond_send(r, conf, &to_send);
}

/* Redirect307Engine report: at a level that is seen without touching LogLevel. */
static int report(request_rec *r, const r307_config_t *conf,
                  const r307_decision_t *decision)
{
    int status = (int)r307_config_value(conf, R307_SETTING_REFUSE);

    r307_respond_note(r, decision->rule);
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
    return DECLINED;
}

static int carry_out(request_rec *r, const r307_config_t *conf,
                     const r307_decision_t *decision, r307_state_t *state)
{
    int may_pass = r307_config_value(conf, R307_SETTING_REFUSE) == R307_REFUSE_PASS;

    if (decision->outcome == R307_OUTCOME_LATER) {
        state->phase = state->phase <= R307_REQUEST_EARLY_WAITS
                       ? R307_REQUEST_EARLY_WAITS : R307_REQUEST_LATE_WAITS;
    }
    if (decision->outcome == R307_OUTCOME_PASS
        || decision->outcome == R307_OUTCOME_LATER) {
        return DECLINED;
    }
    if (decision->outcome != R307_OUTCOME_REFUSE || !may_pass) {
        state->phase = R307_REQUEST_OVER;
    }
    if (decision->outcome == R307_OUTCOME_STOP) {
        return DECLINED;
    }
    if (r307_config_engine(conf) == R307_ENGINE_REPORT) {
        return report(r, conf, decision);
    }
    return decision->outcome == R307_OUTCOME_ANSWER ? answer(r, conf, decision)
                                                    : refuse(r, conf, decision);
}

/* Where the path goes on below the directory of the block. The first request of a block
 * is always asked: what it has to say for itself depends on the directory's URL. */
static size_t base_from(request_rec *r, const r307_config_t *conf, r307_slice_t raw,
                        const r307_block_t *block)
{
    r307_path_t path = { raw.s, raw.len, raw.s, raw.len, NULL };
    r307_slice_t base;

    if (!__atomic_load_n(&block->checked, __ATOMIC_RELAXED)) {
        return R307_INDEX_NO_BASE;
    }
    if (!block->needs_base) {
        return raw.len;
    }
    base = r307_directory_url_find(r, conf, &path, block->directory);
    return base.s && raw.len >= base.len && memcmp(raw.s, base.s, base.len) == 0
           ? base.len - 1 : R307_INDEX_NO_BASE;
}

static int maps_may(r307_slice_t raw, const r307_block_t *block)
{
    const apr_array_header_t *maps = block->rules->maps;
    int i;

    for (i = 0; maps && i < maps->nelts; i++) {
        if (block->directory
            || r307_store_may(APR_ARRAY_IDX(maps, i, r307_map_t).handle, raw.s, raw.len)) {
            return 1;
        }
    }
    return 0;
}

static int block_may(request_rec *r, const r307_config_t *conf, r307_slice_t raw,
                     const r307_block_t *block)
{
    size_t from = R307_INDEX_NO_BASE;

    if (block->doubts || (!block->rules->index && block->rules->rules->nelts)
        || maps_may(raw, block)) {
        return 1;
    }
    if (!block->rules->index) {
        return 0;
    }
    if (block->directory) {
        from = r307_path_is_normal(raw) ? base_from(r, conf, raw, block) : from;
        if (from == R307_INDEX_NO_BASE) {
            return 1;
        }
    }
    return r307_index_may(block->rules->index, raw.s, raw.len, from);
}

int r307_serve_may(request_rec *r, const r307_config_t *conf, const r307_chain_t *chain)
{
    const char *path = r->unparsed_uri, *query;
    r307_slice_t raw;
    int i;

    if (!path || conf->limits || APLOGrdebug(r)) {
        return 1;
    }
    query = r->args ? strchr(path, '?') : NULL;
    raw = r307_slice(path, query ? (size_t)(query - path) : strlen(path));
    for (i = 0; i < chain->count; i++) {
        if (block_may(r, conf, raw, chain->blocks[i])) {
            return 1;
        }
    }
    return 0;
}

/* Redirect307Require warn: the line of a map works, and is told when it first answers; of
 * other lines it is told when they are read. */
static void say_lacking(request_rec *r, const r307_config_t *conf, const r307_rule_t *rule)
{
    r307_require_t require = (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE);
    const char *lack = require ? r307_limit_lacks(require, rule) : NULL;

    if (lack && rule->of_map) {
        say_of_map(r, rule, apr_pstrcat(r->pool, "is a rule that ", lack, NULL), "it works");
    }
}

int r307_serve_chain(request_rec *r, const r307_config_t *conf, const r307_chain_t *chain)
{
    r307_state_t *state = r307_request_state(r);
    r307_scope_t *scopes;
    r307_policy_t policy;
    r307_decision_t decision;
    int i, status;

    if (!state->view.path || state->phase == R307_REQUEST_OVER) {
        return DECLINED;
    }
    if (r307_config_engine(conf) == R307_ENGINE_ON
        && r307_tenant_fails(r, conf, &state->view, chain)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    scopes = apr_palloc(r->pool, (size_t)chain->count * sizeof(*scopes));
    for (i = 0; i < chain->count; i++) {
        fill_scope(r, conf, &state->view, chain->blocks[i], &scopes[i]);
    }
    policy.relative = (int)r307_config_value(conf, R307_SETTING_RELATIVE);
    policy.allow = conf->allow;
    policy.exempt = r307_config_exempt(r->pool, conf);
    policy.steps = (unsigned)r307_limit_value(conf->limits, R307_LIMIT_REGEX_STEPS);
    policy.trace = trace;
    policy.trace_times = APLOGrtrace1(r);
    policy.trace_baton = r;
    policy.left = &state->steps;
    memset(&decision, 0, sizeof(decision));
    r307_decide(r->pool, scopes, chain->count, &policy, &state->view, &decision);
    r307_request_vary(r, decision.vary);
    state->is_private |= decision.is_private;
    if (r307_config_engine(conf) == R307_ENGINE_ON) {
        r307_request_cookies(r, decision.cookies);
    }
    if (state->unready && r307_config_engine(conf) == R307_ENGINE_ON) {
        apr_table_setn(r->err_headers_out, "Retry-After", "1");
        apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
        return HTTP_SERVICE_UNAVAILABLE;
    }
    if (decision.outcome == R307_OUTCOME_ANSWER && state->maps) {
        say_lacking(r, conf, decision.rule);
    }
    log_decision(r, &decision);
    status = carry_out(r, conf, &decision, state);
    if (status == DECLINED && state->maps) {
        r307_store_release(r, state);
    }
    return status;
}
