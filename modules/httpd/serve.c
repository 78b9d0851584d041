/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/serve.h"

#include <string.h>
#include <http_config.h>
#include <http_log.h>
#include "decide/decide.h"
#include "httpd/counters.h"
#include "httpd/directory_url.h"
#include "httpd/hit_table.h"
#include "httpd/htaccess_taken.h"
#include "httpd/mapjoin.h"
#include "httpd/own_key.h"
#include "httpd/request_view.h"
#include "httpd/respond.h"
#include "httpd/serve_log.h"
#include "httpd/store.h"
#include "httpd/tenant.h"

APLOG_USE_MODULE(redirect307);

/* --- what is asked --- */

static void fill_scope(request_rec *r, const r307_config_t *conf,
                       const r307_view_t *view, const r307_block_t *block,
                       const r307_looked_t *looked, r307_scope_t *scope)
{
    scope->rules = block->rules;
    scope->tenancy = block->is_htaccess || block->rules->maps
                     ? r307_tenant_find(r, conf, view, block) : NULL;
    scope->directory = block->directory != NULL;
    scope->base = r307_slice(NULL, 0);
    scope->maps_over = looked && looked->asked == block ? looked->maps : 0;
    if (looked && looked->block == block) {
        scope->base = looked->base;
    }
    else if (block->directory
             && (block->needs_base || !__atomic_load_n(&block->checked, __ATOMIC_RELAXED))) {
        scope->base = r307_directory_url_find(r, conf, view->path, block->directory);
    }
}

/* one: where there is but one block. */
static r307_scope_t *fill_scopes(request_rec *r, const r307_config_t *conf,
                                 const r307_blocks_t *blocks, const r307_view_t *view,
                                 const r307_looked_t *looked, r307_scope_t *one)
{
    r307_scope_t *scopes = blocks->count == 1 ? one
        : apr_palloc(r->pool, (size_t)blocks->count * sizeof(*scopes));
    int i;

    for (i = 0; i < blocks->count; i++) {
        fill_scope(r, conf, view, blocks->at[i], looked, &scopes[i]);
    }
    return scopes;
}

static void fill_policy(request_rec *r, const r307_config_t *conf, r307_state_t *state,
                        r307_policy_t *policy)
{
    policy->relative = (int)r307_config_value(conf, R307_SETTING_RELATIVE);
    policy->allow = conf->allow;
    policy->exempt = r307_config_exempt(r->pool, conf);
    policy->steps = (unsigned)r307_limit_value(conf->limits, R307_LIMIT_REGEX_STEPS);
    policy->trace = r307_serve_log_skip;
    policy->trace_times = APLOGrtrace1(r);
    policy->trace_baton = r;
    policy->left = &state->steps;
}

static void decide_once(request_rec *r, const r307_config_t *conf,
                        const r307_blocks_t *blocks, r307_state_t *state,
                        const r307_looked_t *looked, r307_decision_t *decision)
{
    r307_scope_t one, *scopes = fill_scopes(r, conf, blocks, &state->view, looked, &one);
    char *args = r->args, *line = r->the_request;
    r307_policy_t policy;
    int i;

    for (i = 0; i < blocks->count; i++) {
        if (blocks->at[i]->doubts || scopes[i].directory) {
            r307_serve_log_scope(r, conf, blocks->at[i], &scopes[i]);
        }
    }
    fill_policy(r, conf, state, &policy);
    if (state->hides_key) {
        r307_own_key_strip(r, &state->view);    /* expressions read these */
    }
    state->view.walk = &looked->walk;
    r307_decide(r->pool, scopes, blocks->count, &policy, &state->view, decision);
    state->view.walk = NULL;        /* the hook's, which the state outlives */
    r->args = args;
    r->the_request = line;
}

/* A key that is to be hidden is looked for before anything may be logged; where nothing is,
 * only when it would leave, as that costs as much as finding a file. */
static void decide(request_rec *r, const r307_config_t *conf, const r307_blocks_t *blocks,
                   r307_state_t *state, const r307_looked_t *looked,
                   r307_decision_t *decision)
{
    int is_sought = 0, may;
    unsigned steps;

    r307_own_key_hide(r, conf, state);
    may = state->phase == R307_REQUEST_EARLY && state->view.query.s
          && r307_own_key_may(&state->view);
    if (may && APLOGrdebug(r)) {
        is_sought = 1;
        r307_own_key_seek(r, state);
    }
    steps = state->steps;
    decide_once(r, conf, blocks, state, looked, decision);
    if (may && !is_sought && r307_own_key_leaves(conf, &state->view, decision)
        && r307_own_key_seek(r, state)) {
        state->steps = steps;
        decide_once(r, conf, blocks, state, looked, decision);
    }
}

void r307_serve_ask(request_rec *r, const r307_config_t *conf, const r307_blocks_t *blocks,
                    r307_serve_trace_t *trace, void *baton, r307_decision_t *decision)
{
    r307_state_t *state = r307_request_state(r);
    r307_policy_t policy;
    r307_scope_t one;

    if (!r307_htshare_open_all(blocks)) {
        memset(decision, 0, sizeof(*decision));
        return;
    }
    fill_policy(r, conf, state, &policy);
    policy.trace = trace;
    policy.trace_times = 1;
    policy.trace_baton = baton;
    r307_decide(r->pool, fill_scopes(r, conf, blocks, &state->view, NULL, &one),
                blocks->count, &policy, &state->view, decision);
}

/* --- the decision, carried out --- */

static int answer(request_rec *r, const r307_config_t *conf,
                  const r307_decision_t *decision, const r307_state_t *state)
{
    r307_answer_t to_send = { 0 };

    if (decision->rule->plan.review.text) {
        r307_serve_log_overdue(r, decision->rule);
    }
    to_send.status = decision->status;
    to_send.location = decision->location;
    to_send.rule = decision->rule;
    to_send.max_age = decision->max_age;
    to_send.is_private = state->is_private;
    return r307_respond_send(r, conf, &to_send);
}

static int refuse(request_rec *r, const r307_config_t *conf,
                  const r307_decision_t *decision)
{
    const char *id = r307_verdict_row(decision->verdict)->id;
    int status = (int)r307_config_value(conf, R307_SETTING_REFUSE);
    r307_answer_t to_send = { 0 };

    r307_serve_log_refusal(r, conf, decision);
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

static int carry_out(request_rec *r, const r307_config_t *conf,
                     const r307_blocks_t *blocks, const r307_decision_t *decision,
                     r307_state_t *state)
{
    int may_pass = r307_config_value(conf, R307_SETTING_REFUSE) == R307_REFUSE_PASS;
    int engine;

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
    engine = r307_config_engine(conf);
    if (conf->hits && decision->outcome != R307_OUTCOME_REFUSE
        && engine == R307_ENGINE_ON) {
        r307_hit_table_count(r, &state->view, conf, blocks->at[decision->scope],
                             decision->rule);
    }
    if (decision->outcome == R307_OUTCOME_STOP) {
        return DECLINED;
    }
    if (engine == R307_ENGINE_REPORT) {
        r307_respond_note(r, decision->rule);
        r307_serve_log_report(r, conf, decision);
        return DECLINED;
    }
    return decision->outcome == R307_OUTCOME_ANSWER ? answer(r, conf, decision, state)
                                                    : refuse(r, conf, decision);
}

/* From where on the path is below the directory of the block. A block that was never
 * asked is asked in any case: what there is to say of it depends on the directory's
 * URL. */
static size_t base_from(request_rec *r, const r307_config_t *conf, r307_slice_t raw,
                        const r307_block_t *block, r307_looked_t *looked)
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
    looked->block = block;
    looked->base = base;
    return base.s && raw.len >= base.len && memcmp(raw.s, base.s, base.len) == 0
           ? base.len - 1 : R307_INDEX_NO_BASE;
}

/* Of those that have nothing, what is asked next takes note; but not where a parameter may
 * be the key of one of their links, which every map has to hide. */
static int maps_may(const r307_first_look_t *first, const r307_block_t *block,
                    r307_looked_t *looked)
{
    const apr_array_header_t *maps = block->rules->maps;
    int spared;

    if (!maps) {
        return 0;
    }
    spared = block->directory ? 0 : r307_mapjoin_spared(maps, first, &looked->walk);
    looked->asked = block;
    looked->maps = first->has_query ? 0 : spared;
    return spared < maps->nelts;
}

static int block_may(request_rec *r, const r307_config_t *conf, r307_first_look_t *first,
                     const r307_block_t *block, r307_looked_t *looked)
{
    first->base_from = R307_INDEX_NO_BASE;
    first->rules = NULL;
    first->stays = 0;
    if (block->doubts || (!block->rules->index && block->rules->rules->nelts)
        || maps_may(first, block, looked)) {
        return 1;
    }
    if (!block->rules->index) {
        return 0;
    }
    if (block->directory) {
        first->base_from = r307_trail_is_plain(&looked->walk, first->path)
                           || r307_path_is_normal(first->path)
                           ? base_from(r, conf, first->path, block, looked)
                           : R307_INDEX_NO_BASE;
        if (first->base_from == R307_INDEX_NO_BASE) {
            return 1;
        }
    }
    first->rules = r307_ruleset_hosted(block->rules);
    first->stays = !block->rules->packed;       /* an image may be opened anew */
    return r307_index_may_walk(block->rules->index, first, &looked->walk);
}

int r307_serve_may(request_rec *r, const r307_config_t *conf, const r307_blocks_t *blocks,
                   r307_looked_t *looked)
{
    const char *path = r->unparsed_uri;
    r307_first_look_t first;
    int i;

    if (!path || conf->limits || APLOGrdebug(r)) {
        return 1;
    }
    /* r->args a module before us may have changed */
    first.path = r307_slice(path, r307_text_until(path, '?'));
    first.host = r->hostname;
    first.has_query = path[first.path.len] != '\0';
    for (i = 0; i < blocks->count; i++) {
        if (block_may(r, conf, &first, blocks->at[i], looked)) {
            return 1;
        }
    }
    return 0;
}

int r307_serve_blocks(request_rec *r, const r307_config_t *conf,
                      const r307_blocks_t *blocks, const r307_looked_t *looked)
{
    r307_state_t *state = r307_request_known(r);
    r307_decision_t decision;
    int status;

    if (!state->view.path || state->phase == R307_REQUEST_OVER) {
        return DECLINED;
    }
    if (!r307_htshare_open_all(blocks)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (conf->limits && r307_config_engine(conf) == R307_ENGINE_ON
        && r307_tenant_fails(r, conf, &state->view, blocks)) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    decide(r, conf, blocks, state, looked, &decision);
    r307_request_vary(r, decision.vary);
    state->is_private |= decision.is_private;
    if (r307_config_engine(conf) == R307_ENGINE_ON) {
        r307_request_cookies(r, decision.cookies);
        r307_counters_pass(&decision, &state->passed);
    }
    if (state->unready && r307_config_engine(conf) == R307_ENGINE_ON) {
        apr_table_setn(r->err_headers_out, "Retry-After", "1");
        apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
        return HTTP_SERVICE_UNAVAILABLE;
    }
    if (decision.outcome == R307_OUTCOME_ANSWER && state->maps) {
        r307_serve_log_lacking(r, conf, decision.rule);
    }
    if (APLOGrdebug(r)) {
        r307_serve_log_decision(r, &decision);
    }
    status = carry_out(r, conf, blocks, &decision, state);
    if (status == DECLINED && state->maps) {
        r307_store_release(r, state);
    }
    return status;
}
