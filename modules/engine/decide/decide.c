/* SPDX-License-Identifier: Apache-2.0 */
#include "decide/decide.h"
#include "http/proxy.h"

#include <string.h>
#include <apr_strings.h>

/* One decision under way. */
typedef struct asking_t {
    apr_pool_t *p;
    const r307_policy_t *policy;
    const r307_view_t *view;
    r307_decision_t *decision;
    r307_asked_t asked;
    r307_vary_t vary;
    r307_vary_t unnamed;            /* what rules with vary=off looked at */
    r307_slice_t exempt;            /* the exempt path asked for, or absent */
    r307_groups_t *groups;          /* of the scope at hand */
    r307_group_t *group;            /* of the rule at hand, or NULL */
    int member;                     /* and which of its members it is */
    r307_slice_t joined;            /* the Location of the rule at hand, see
                                     * r307_target_join; or absent */
    int is_below;                   /* whether the path that is asked is at or below that of
                                     * its target; -1: not compared yet */
    apr_time_t change;              /* when the answer may be another one; 0: never */
    int preflight;
} asking_t;

static void passed_over(const asking_t *a, const r307_rule_t *rule, r307_skip_t step,
                        const char *detail)
{
    if (a->policy->trace) {
        a->policy->trace(a->policy->trace_baton, rule, step, detail);
    }
}

/* What it says is made only where somebody listens. */
static void condition_failed(const asking_t *a, const r307_rule_t *rule,
                             const r307_cond_t *cond)
{
    if (a->policy->trace) {
        passed_over(a, rule, R307_SKIP_CONDITION,
                    apr_pstrcat(a->p, cond->kind->name, "=", cond->negate ? "!" : "",
                                cond->value, NULL));
    }
}

static int is_preflight(const r307_view_t *view)
{
    return view->method[0] == 'O' && strcmp(view->method, "OPTIONS") == 0
        && view->ops->header(view->baton, "Origin")
        && view->ops->header(view->baton, "Access-Control-Request-Method");
}

/* The literal path that every match of the rule begins with, from the site's root. */
static r307_slice_t full_head(const asking_t *a, const r307_scope_t *scope,
                              const r307_rule_t *rule)
{
    r307_buf_t buf;

    if (!rule->pattern || !rule->pattern->relative || !scope->base.s) {
        return rule->head;
    }
    r307_buf_make(&buf, a->p, scope->base.len + rule->head.len);
    r307_buf_add(&buf, scope->base.s, scope->base.len);
    r307_buf_add(&buf, rule->head.s + 1, rule->head.len - 1);
    return r307_slice(buf.s, buf.len);
}

static int names_exempt(const asking_t *a, const r307_scope_t *scope,
                        const r307_rule_t *rule)
{
    r307_slice_t head = full_head(a, scope, rule), exempt = a->exempt;

    exempt.len -= exempt.len > 1 && exempt.s[exempt.len - 1] == '/';
    return r307_path_below(head.s, head.len, exempt.s, exempt.len, 0);
}

static r307_vary_t *vary_of(asking_t *a, const r307_rule_t *rule)
{
    return rule->no_vary ? &a->unnamed : &a->vary;
}

static void changes_at(asking_t *a, apr_time_t when)
{
    if (a->change == 0 || when < a->change) {
        a->change = when;
    }
}

/* Whether the rule is in force; says from when and until when the answer holds. */
static int is_in_force(asking_t *a, const r307_rule_t *rule)
{
    switch (r307_plan_phase(&rule->plan, a->view->now)) {
    case R307_PHASE_EARLY:
        changes_at(a, rule->plan.from.when);
        passed_over(a, rule, R307_SKIP_EARLY, rule->plan.from.text);
        return 0;
    case R307_PHASE_OVER:
        passed_over(a, rule, R307_SKIP_ENDED, rule->plan.until.text);
        return 0;
    case R307_PHASE_IN:
        if (rule->plan.until.text) {
            changes_at(a, rule->plan.until.when);
        }
        return 1;
    default:
        return 1;
    }
}

static void forget_used(asking_t *a)
{
    const r307_query_t *query = r307_asked_query(a->p, &a->asked);
    size_t k;

    for (k = 0; k < query->count; k++) {
        query->params[k].used = 0;
    }
}

/* As r307_cond_test, but for those that are asked of all rules of a source together. */
static int holds(asking_t *a, const r307_rule_t *rule, const r307_cond_t *cond)
{
    r307_vary_t *vary = vary_of(a, rule);

    if (a->group && r307_cond_is_negotiated(cond)) {
        return r307_group_best(a->group, a->view, r307_asked_query(a->p, &a->asked), vary)
            == a->member;
    }
    if (a->group && cond->kind->order == R307_ORDER_PERCENT) {
        return r307_group_chosen(a->group, a->member, a->view, vary);
    }
    return r307_cond_test(cond, a->view, r307_asked_query(a->p, &a->asked), vary);
}

/* 1, 0, or R307_COND_LATER. */
static int conditions_hold(asking_t *a, const r307_rule_t *rule)
{
    int i;

    forget_used(a);
    for (i = 0; i < rule->cond_count; i++) {
        int held = holds(a, rule, &rule->conds[i]);

        if (held == R307_COND_LATER) {
            return held;
        }
        if (!held) {
            condition_failed(a, rule, &rule->conds[i]);
            return 0;
        }
    }
    return 1;
}

static int count_segs(r307_slice_t path)
{
    size_t i;
    int count = 0;

    for (i = 0; i < path.len; i++) {
        count += path.s[i] == '/' && i + 1 < path.len;
    }
    return count;
}

static int is_asked_host(const r307_view_t *view, r307_slice_t host)
{
    return r307_url_same_host(host, r307_slice(view->asked.host,
                                               strlen(view->asked.host)));
}

static r307_slice_t without_slash(r307_slice_t path)
{
    path.len -= path.s[path.len - 1] == '/';
    return path;
}

/* The literal beginning of the rule's target, decoded, when it is on the host that was
 * asked; empty when there is none. */
static r307_slice_t target_head(const asking_t *a, const r307_target_t *target,
                                r307_slice_t base)
{
    r307_slice_t none = { "", 0 };
    const r307_path_t *path;
    r307_url_t from, ref, out;

    if (a->joined.s) {
        return without_slash(a->joined);
    }
    if (target->head.len == 0
        || (target->kind == R307_TARGET_URL
            && (!is_asked_host(a->view, target->host)
                || (target->port && target->port != r307_url_default_port(target->scheme)
                    && target->port != r307_view_port(a->view))))) {
        return none;
    }
    if (target->kind != R307_TARGET_RELATIVE) {
        return target->head;
    }
    memset(&from, 0, sizeof(from));
    memset(&ref, 0, sizeof(ref));
    from.path = base;
    ref.path = target->head;
    r307_url_resolve(a->p, &from, &ref, &out);
    path = r307_path_make(a->p, out.path);
    return without_slash(r307_slice(path->dec, path->len));
}

/* A rule never sends on what lies at or below its own target, as in
 * "Redirect307 / /maintenance.html". */
static int is_own_target(asking_t *a, const r307_scope_t *scope,
                         const r307_rule_t *rule, r307_slice_t base)
{
    r307_slice_t head = target_head(a, rule->target, base);
    const r307_path_t *path = a->view->path;

    a->is_below = head.len ? r307_path_below(path->dec, path->len, head.s, head.len, 0) : -1;
    return a->is_below > 0
        && count_segs(head) > count_segs(full_head(a, scope, rule));
}

/* Whether what a rule whose text stands leads to can be the page that was asked for: all of
 * it lies at or below the path that the target is. */
static int may_be_same_page(const asking_t *a, const r307_target_t *target)
{
    r307_slice_t head = target->head;
    const r307_path_t *path = a->view->path;

    return a->is_below >= 0 ? a->is_below
        : !head.len || r307_path_below(path->dec, path->len, head.s, head.len, 0);
}

static int same_query(const asking_t *a, r307_slice_t query)
{
    r307_slice_t asked = a->asked.query ? r307_query_without_keys(a->p, a->asked.query)
                                        : a->view->query;
    r307_buf_t buf;

    r307_buf_make(&buf, a->p, asked.len + 1);
    r307_text_encode(&buf, asked.s, asked.len, R307_LAND_QUERY, R307_FORM_ENCODED);
    return buf.len == query.len && (query.len == 0
                                    || memcmp(buf.s, query.s, query.len) == 0);
}

static int is_same_page(const asking_t *a, const r307_url_t *url)
{
    return r307_path_is(a->p, a->view->path, url->path) && same_query(a, url->query);
}

/* Whether the result is what was asked, but for scheme, port and fragment. */
static int is_same_resource(const asking_t *a, const r307_url_t *url)
{
    return (!url->host.s || is_asked_host(a->view, url->host)) && is_same_page(a, url);
}

static int is_asked_origin(const asking_t *a, const r307_url_t *url)
{
    long port = r307_url_port(url->port);
    const char *scheme;

    if (!url->host.s) {
        return 1;
    }
    port = port ? port : r307_url_default_port(url->scheme);
    scheme = r307_view_scheme(a->view);
    return port == r307_view_port(a->view)
        && r307_text_same_fold(url->scheme.s, url->scheme.len, scheme, strlen(scheme));
}

/* https on its own port, or on the very one that was asked: any other port is another
 * server. */
static int only_adds_https(const asking_t *a, const r307_url_t *url)
{
    long port = r307_url_port(url->port);

    return r307_url_default_port(url->scheme) == 443
        && (port == 0 || port == 443 || port == r307_view_port(a->view));
}

/* Whether a proxy says that the client is where the result leads, so that it would come back
 * for ever: the host, and the scheme too, where that is more than what host= is about. */
static int proxy_has_host(asking_t *a, const r307_rule_t *rule, const r307_url_t *url)
{
    const char *scheme = r307_view_scheme(a->view);

    return r307_proxy_says_host(a->view, &a->vary, url->host, r307_url_port(url->port))
        && (r307_text_same_fold(url->scheme.s, url->scheme.len, scheme, strlen(scheme))
            || (r307_url_default_port(url->scheme) == 443
                && (r307_proxy_says_https(a->view, &a->vary)
                    || r307_cond_spares(rule->conds, rule->cond_count,
                                        r307_cond_host(url->host)))));
}

/* Why the client would come back for ever, or R307_SKIP_COUNT. The target https: names no
 * host and no port: what ServerName makes of them is no reason to send a client to https
 * who has it, whatever Host the proxy asks with. */
static r307_skip_t circle_of(asking_t *a, const r307_rule_t *rule, const r307_url_t *url)
{
    int is_same = is_same_resource(a, url);

    if (is_same && is_asked_origin(a, url)) {
        return R307_SKIP_SELF;
    }
    if (is_same && strcmp(r307_view_scheme(a->view), "http") == 0 && only_adds_https(a, url)
        && r307_proxy_says_https(a->view, &a->vary)) {
        return R307_SKIP_BALANCER;
    }
    if (rule->target->kind == R307_TARGET_HTTPS && is_same_page(a, url)
        && r307_proxy_says_https(a->view, &a->vary)) {
        return R307_SKIP_BALANCER;
    }
    if (!is_same && url->host.s && is_same_page(a, url) && proxy_has_host(a, rule, url)) {
        return R307_SKIP_PROXIED;
    }
    return R307_SKIP_COUNT;
}

static void refuse(asking_t *a, const r307_rule_t *rule, r307_verdict_t verdict,
                   const char *offending, size_t len)
{
    a->decision->outcome = R307_OUTCOME_REFUSE;
    a->decision->rule = rule;
    a->decision->verdict = verdict;
    a->decision->offending = offending;
    a->decision->offending_len = len;
}

#define PERMANENT_AGE 3600
#define AGE_MOST      2147483647    /* RFC 9111 1.2.2 */

/* Seconds that a cache may keep the answer, never beyond what is known to change it. */
static int max_age(const asking_t *a, const r307_rule_t *rule, const r307_status_t *status)
{
    apr_time_t age = 0, left = a->change ? a->change - a->view->now : 0;
    int is_ours = status->code == rule->status; /* cache= is not about what follows */

    switch (is_ours ? rule->cache.mode : R307_CACHE_DEFAULT) {
    case R307_CACHE_DEFAULT:
        age = status->cacheable ? apr_time_from_sec(PERMANENT_AGE) : 0;
        break;
    case R307_CACHE_AGE:
        age = rule->cache.age;
        break;
    case R307_CACHE_UNTIL:
        age = left;
        break;
    case R307_CACHE_OFF:
        break;
    }
    age = apr_time_sec(a->change && left < age ? left : age);
    return age > AGE_MOST ? AGE_MOST : (int)age;
}

/* What takes a cookie along is for nobody else; what depends on what no header tells is
 * for the client alone. */
static void finish(asking_t *a)
{
    r307_decision_t *decision = a->decision;
    int i;

    if (decision->outcome == R307_OUTCOME_LATER) {
        return;
    }
    for (i = 0; a->unnamed.cookies && i < a->unnamed.cookies->nelts; i++) {
        r307_vary_cookie(&a->vary, APR_ARRAY_IDX(a->unnamed.cookies, i, const char *));
    }
    decision->cookies = a->vary.cookies;
    decision->is_private = a->vary.is_hidden || decision->cookies;
    decision->max_age = decision->cookies ? 0 : decision->max_age;
}

static void answer(asking_t *a, const r307_rule_t *rule, const r307_status_t *status,
                   const char *location)
{
    a->decision->outcome = R307_OUTCOME_ANSWER;
    a->decision->rule = rule;
    a->decision->status = status->code;
    a->decision->location = location;
    a->decision->max_age = max_age(a, rule, status);
}

/* Rules that begin later and were not compared: those that match limit a cache to their
 * beginning. Asked only when there is something to limit. `asked`: how many rules of the
 * last scope were. */
static void limit_age(asking_t *a, const r307_scope_t *scopes, int count, int asked)
{
    r307_decision_t *decision = a->decision;
    apr_time_t end = a->view->now + apr_time_from_sec((apr_time_t)decision->max_age);
    r307_captures_t captures;
    r307_cursor_t cursor;
    int i;

    if (!decision->max_age || !a->asked.soonest || a->asked.soonest >= end) {
        return;
    }
    captures.scratch = NULL;
    a->asked.times = R307_TIMES_COMING;
    for (i = 0; i < count; i++) {
        const r307_rule_t *rule;
        r307_found_t found;

        r307_cursor_make(a->p, &scopes[i], &a->asked, a->policy->steps, &cursor);
        while ((i + 1 < count || asked > 0)
               && (rule = r307_cursor_next(a->p, &cursor, &captures, &found))) {
            if (r307_plan_phase(&rule->plan, a->view->now) == R307_PHASE_EARLY) {
                changes_at(a, rule->plan.from.when);
            }
            else {
                asked -= i + 1 == count;
            }
        }
    }
    decision->max_age = max_age(a, decision->rule, r307_status_row(decision->status));
}

static int stop(asking_t *a, const r307_rule_t *rule)
{
    a->decision->outcome = R307_OUTCOME_STOP;
    a->decision->rule = rule;
    return 1;
}

/* Whether the Location may leave: built, and judged. */
static r307_verdict_t build(asking_t *a, const r307_scope_t *scope, const r307_rule_t *rule,
                            const r307_captures_t *captures, r307_slice_t base,
                            r307_slice_t *location, r307_url_t *url)
{
    const r307_policy_t *policy = a->policy;
    r307_built_t built;
    r307_verdict_t verdict;

    r307_target_build(a->p, rule->target, captures, a->view, a->asked.query, &rule->query,
                      base, policy->relative, rule->carry, vary_of(a, rule), &built);
    *location = r307_target_print(a->p, rule->target, &built);
    r307_url_split(location->s, location->len, url);
    verdict = r307_guard_check(*location, url, &built, rule->target,
                               r307_limit_allow(scope->tenancy, policy->allow), a->view);
    if (verdict != R307_VERDICT_FINE && built.failed) {
        *location = r307_slice(built.failed, strlen(built.failed));
    }
    return verdict;
}

/* Whether nothing of the request is added to the target. */
static int stands(const asking_t *a, const r307_rule_t *rule,
                  const r307_captures_t *captures)
{
    return r307_target_stands(rule->target, captures, a->asked.query, &rule->query,
                              a->policy->relative, rule->carry);
}

/* Builds, guards and compares; 1 when the search ends here. */
static int ask_target(asking_t *a, const r307_scope_t *scope, const r307_rule_t *rule,
                      const r307_status_t *status, const r307_captures_t *captures,
                      r307_slice_t base)
{
    const char *text = a->joined.s ? a->joined.s : rule->target->text;
    r307_verdict_t verdict = R307_VERDICT_FINE;
    r307_slice_t location;
    r307_skip_t circle;
    r307_url_t url;

    captures = rule->pattern ? captures : NULL;
    if (a->joined.s || (rule->target->as_written && stands(a, rule, captures))) {
        if (!may_be_same_page(a, rule->target)) {
            answer(a, rule, status, text);
            return 1;
        }
        location = r307_slice(text, strlen(text));
        r307_url_split(location.s, location.len, &url);
    }
    else {
        verdict = build(a, scope, rule, captures, base, &location, &url);
    }
    if (verdict == R307_VERDICT_ORIGIN && rule->is_tenants
        && r307_hosts_is_own(rule->target)) {
        /* who does not know the list is not to close the site by a rule for its own host */
        passed_over(a, rule, R307_SKIP_HOSTS, location.s);
        return 0;
    }
    if (verdict != R307_VERDICT_FINE) {
        refuse(a, rule, verdict, location.s, location.len);
        return 1;
    }
    circle = circle_of(a, rule, &url);
    if (circle != R307_SKIP_COUNT) {
        passed_over(a, rule, circle, location.s);
        return circle == R307_SKIP_SELF && rule->ends_at_self && stop(a, rule);
    }
    answer(a, rule, status, location.s);
    return 1;
}

/* What the rule answers now: its status, or what follows its end. */
static const r307_status_t *status_now(const asking_t *a, const r307_rule_t *rule)
{
    return r307_status_row(r307_plan_phase(&rule->plan, a->view->now) == R307_PHASE_THEN
                           ? rule->plan.then : rule->status);
}

/* One rule whose source matched; 1 when the search ends here. */
static int ask(asking_t *a, const r307_scope_t *scope, const r307_rule_t *rule,
               const r307_captures_t *captures, r307_found_t found)
{
    r307_slice_t base = { NULL, 0 };
    const char *why = scope->tenancy ? r307_limit_why(scope->tenancy, rule) : NULL;
    const r307_link_t *link = rule->cond_count
                              ? r307_cond_link(rule->conds, rule->cond_count) : NULL;
    const r307_status_t *status;
    int held;

    if (link) {
        r307_link_mark(a->p, link, r307_asked_query(a->p, &a->asked));
    }
    if (!is_in_force(a, rule)) {
        return 0;
    }
    if (why) {
        passed_over(a, rule, R307_SKIP_LIMIT, why);
        return 0;
    }
    if (rule->hosts
        && !r307_hosts_may(rule->hosts, r307_limit_allow(scope->tenancy, a->policy->allow))) {
        passed_over(a, rule, R307_SKIP_HOSTS, NULL);
        return 0;
    }
    if (a->exempt.s && !names_exempt(a, scope, rule)) {
        passed_over(a, rule, R307_SKIP_EXEMPT, NULL);
        return 0;
    }
    if (a->preflight && !rule->options_named) {
        passed_over(a, rule, R307_SKIP_PREFLIGHT, NULL);
        return 0;
    }
    held = conditions_hold(a, rule);
    if (held == R307_COND_LATER || (held && rule->waits && a->view->login_ahead)) {
        a->decision->outcome = R307_OUTCOME_LATER;
        a->decision->rule = rule;
        return 1;
    }
    if (!held) {
        return 0;
    }
    if (found == R307_FOUND_LIMIT) {
        refuse(a, rule, R307_VERDICT_STEPS, a->view->path->dec, a->view->path->len);
        return 1;
    }
    if (rule->target->kind == R307_TARGET_STOP) {
        return stop(a, rule);
    }
    status = status_now(a, rule);
    if (!status->has_target) {
        answer(a, rule, status, NULL);
        return 1;
    }
    a->joined = r307_slice(NULL, 0);
    if (rule->target->kind == R307_TARGET_RELATIVE) {
        if (stands(a, rule, rule->pattern ? captures : NULL)) {
            a->joined = r307_target_join(a->p, rule->target,
                                         r307_scope_came(scope, rule, a->view->path));
        }
        base = a->joined.s ? a->joined
                           : r307_scope_base(a->p, scope, rule, a->view->path);
    }
    if (is_own_target(a, scope, rule, base)) {
        passed_over(a, rule, R307_SKIP_OWN_TARGET, NULL);
        return rule->ends_at_self && stop(a, rule);
    }
    return ask_target(a, scope, rule, status, captures, base);
}

/* The same for a rule whose source has others to be asked together with it. The best
 * language is asked where the first one of them stands. */
static int ask_grouped(asking_t *a, const r307_scope_t *scope, const r307_rule_t *rule,
                       const r307_captures_t *captures, r307_found_t found)
{
    r307_phase_t phase = r307_plan_phase(&rule->plan, a->view->now);
    int best, member;

    a->group = r307_group_find(a->p, &a->groups, scope, &a->asked, a->policy->steps, rule,
                               &member);
    if ((phase == R307_PHASE_IN || phase == R307_PHASE_THEN)
        && r307_group_cond(rule, R307_ORDER_LANG)) {
        forget_used(a);
        best = r307_group_best(a->group, a->view, r307_asked_query(a->p, &a->asked),
                               vary_of(a, rule));
        if (best > member && r307_group_take(a->group, best)) {
            /* the source is the same, so what it captured is */
            a->member = best;
            if (ask(a, scope, r307_group_rule(a->group, best), captures, found)) {
                return 1;
            }
        }
        else if (best == member && !r307_group_take(a->group, best)) {
            return 0;       /* it was asked already */
        }
    }
    a->member = member;
    return ask(a, scope, rule, captures, found);
}

void r307_decide(apr_pool_t *p, const r307_scope_t *scopes, int count,
                 const r307_policy_t *policy, const r307_view_t *view,
                 r307_decision_t *decision)
{
    unsigned left = R307_STEPS_ALL;
    asking_t a = { p, policy, view, decision,
                   { view, NULL, 0, NULL, R307_TIMES_NOW, 0,
                     policy->left ? policy->left : &left }, { p, NULL, 0, NULL },
                   { p, NULL, 0, NULL }, { NULL, 0 }, NULL, NULL, 0, { NULL, 0 }, -1,
                   0, 0 };
    r307_captures_t captures;
    r307_cursor_t cursor;
    int i, asked = 0, done = 0;

    memset(decision, 0, sizeof(*decision));
    captures.scratch = NULL;
    a.asked.times = policy->trace && policy->trace_times ? R307_TIMES_ALL : R307_TIMES_NOW;
    a.exempt = r307_exempt_find(policy->exempt, view->path);
    a.preflight = is_preflight(view);
    for (i = 0; i < count; i++) {
        r307_ruleset_mark_keys(p, scopes[i].rules, &a.asked);
    }
    for (i = 0; i < count && !done; i++) {
        const r307_rule_t *rule;
        r307_found_t found;

        a.groups = NULL;
        decision->scope = i;
        asked = 0;
        r307_cursor_make(p, &scopes[i], &a.asked, policy->steps, &cursor);
        while (!done && (rule = r307_cursor_next(p, &cursor, &captures, &found))) {
            a.group = NULL;
            asked++;
            done = rule->group ? ask_grouped(&a, &scopes[i], rule, &captures, found)
                               : ask(&a, &scopes[i], rule, &captures, found);
        }
        decision->passed[R307_PASSED_COMING] += cursor.passed[R307_PASSED_COMING];
        decision->passed[R307_PASSED_OVER] += cursor.passed[R307_PASSED_OVER];
    }
    limit_age(&a, scopes, i, asked);
    decision->vary = a.vary.names;
    finish(&a);
}
