/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_same.h"
#include "lint/lint_ask.h"
#include "lint/lint_covers.h"
#include "lint/lint_loop.h"

#include <string.h>
#include <apr_strings.h>

/* Where somebody ends. */
typedef struct end_t {
    const char *url;            /* with the fragment that a browser has then */
    int keeps_method;           /* by 307 and 308 alone */
    int is_permanent;           /* by 301 and 308 alone */
} end_t;

struct r307_same_t {
    r307_scope_t scope;
    r307_policy_t policy;
    apr_hash_t *queried;        /* decoded paths where, and below which, rules ask for
                                 * parameters */
    int is_queried;             /* some may do anywhere */
};

typedef struct asking_t {
    apr_pool_t *p;
    const r307_same_t *in;
} asking_t;

/* --- what rules ask of the query --- */

static void take_queried(apr_pool_t *p, r307_same_t *same, const r307_rule_t *rule)
{
    const r307_pattern_t *pattern = rule->pattern;
    size_t len;
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        if (rule->conds[i].kind->about == R307_ABOUT_QUERY) {
            break;
        }
    }
    if (i == rule->cond_count) {
        return;
    }
    if (!pattern || pattern->regex || pattern->segs || pattern->fold) {
        same->is_queried = 1;
        return;
    }
    len = pattern->head.len;
    len -= len && pattern->head.s[len - 1] == '/';
    apr_hash_set(same->queried, apr_pstrmemdup(p, pattern->head.s, len), (apr_ssize_t)len,
                 "");
}

/* Whether what a rule does there may depend on parameters that nobody asked with. */
static int depends_on_query(const r307_same_t *same, const r307_path_t *path)
{
    size_t len;

    if (same->is_queried || apr_hash_count(same->queried) == 0) {
        return same->is_queried;
    }
    for (len = path->len + 1; len-- > 0;) {
        if ((len == path->len || path->dec[len] == '/')
            && apr_hash_get(same->queried, path->dec, (apr_ssize_t)len)) {
            return 1;
        }
    }
    return 0;
}

const r307_same_t *r307_same_make(apr_pool_t *p, const r307_scope_t *scope)
{
    r307_same_t *same = apr_pcalloc(p, sizeof(*same));
    const apr_array_header_t *maps = scope->rules->maps;
    r307_literal_t room;
    apr_pool_t *one;
    apr_uint32_t k;
    int i;

    same->scope = *scope;
    r307_ask_policy(p, &same->policy);
    same->queried = apr_hash_make(p);
    apr_pool_create(&one, p);
    for (i = 0; i < scope->rules->rules->nelts; i++) {
        take_queried(p, same, r307_ruleset_look(scope->rules, i, &room));
    }
    for (i = 0; maps && i < maps->nelts; i++) {
        const r307_image_t *image = APR_ARRAY_IDX(maps, i, r307_map_t).handle;

        for (k = 0; k < r307_image_count(image); k++) {
            const r307_rule_t *rule = r307_image_rule(one, image, k);

            if (rule) {
                take_queried(p, same, rule);
            }
            apr_pool_clear(one);
        }
    }
    apr_pool_destroy(one);
    return same;
}

/* Parameters that are left to a target are the same ones behind one redirect and behind two. */
static int keeps_query(const r307_rule_t *rule)
{
    int i;

    for (i = 0; i < rule->target->count; i++) {
        r307_part_kind_t kind = rule->target->parts[i].kind;

        if (kind == R307_PART_ARG || kind == R307_PART_EXPR) {
            return 0;
        }
    }
    return rule->query.mode == R307_QUERY_DEFAULT || rule->query.mode == R307_QUERY_KEEP;
}

/* --- where it leads --- */

static const char *with_fragment(apr_pool_t *p, const char *url, const char *fragment)
{
    return fragment ? apr_pstrcat(p, url, fragment, NULL) : url;
}

static const char *url_of(apr_pool_t *p, const r307_view_t *view)
{
    return apr_psprintf(p, "%s://%s:%d%.*s%s%.*s", view->asked.scheme, view->asked.host,
                        view->asked.port, (int)view->path->enc_len, view->path->enc,
                        view->query.s ? "?" : "", (int)view->query.len,
                        view->query.s ? view->query.s : "");
}

/* Of a rule that is passed over: for somebody else it may answer. */
static void see_passed(void *baton, const r307_rule_t *rule, r307_skip_t step,
                       const char *detail)
{
    int *is_open = baton;

    *is_open |= step == R307_SKIP_CONDITION || step == R307_SKIP_EARLY
                || step == R307_SKIP_ENDED;
}

/* What everybody is answered there; 0: it depends. */
static int answer(const asking_t *asking, const r307_view_t *view, r307_decision_t *decision)
{
    r307_policy_t policy = asking->in->policy;
    const r307_rule_t *rule;
    int is_open = 0;

    policy.trace = see_passed;
    policy.trace_baton = &is_open;
    policy.trace_times = 1;
    r307_decide(asking->p, &asking->in->scope, 1, &policy, view, decision);
    rule = decision->rule;
    return !is_open
        && (!rule || (!rule->cond_count && !rule->plan.from.text && !rule->plan.until.text));
}

/* Follows an answer; 0: it leads nowhere, or not everybody to the same place. */
static int follow(const asking_t *asking, r307_view_t view, r307_decision_t decision,
                  end_t *end)
{
    const char *fragment = NULL;
    int hops;

    end->keeps_method = end->is_permanent = 1;
    for (hops = 0; hops < R307_LOOP_HOPS; hops++) {
        const char *own;

        if (depends_on_query(asking->in, view.path)) {
            return 0;
        }
        if (decision.outcome == R307_OUTCOME_PASS || decision.outcome == R307_OUTCOME_STOP) {
            end->url = with_fragment(asking->p, url_of(asking->p, &view), fragment);
            return hops > 0;
        }
        if (decision.outcome != R307_OUTCOME_ANSWER || !decision.location
            || !keeps_query(decision.rule)) {
            return 0;
        }
        end->keeps_method &= decision.status == 307 || decision.status == 308;
        end->is_permanent &= decision.status == 301 || decision.status == 308;
        own = strchr(decision.location, '#');
        fragment = own ? own : fragment;
        if (!r307_loop_next(asking->p, &view, decision.location, &view)) {
            end->url = own ? decision.location
                           : with_fragment(asking->p, decision.location, fragment);
            return 1;
        }
        if (!answer(asking, &view, &decision)) {
            return 0;
        }
    }
    return 0;
}

/* Where one ends who asks for that path and whom this rule answers. */
static int ask(const asking_t *asking, const r307_rule_t *rule, const r307_self_t *self,
               const char *target, end_t *end)
{
    const r307_bare_t bare = r307_ask_bare(asking->p, rule, R307_BARE_SOURCE);
    r307_decision_t decision;
    r307_view_t view;

    memset(end, 0, sizeof(*end));
    if (!r307_ask_view(asking->p, self, target, &view)) {
        return 0;
    }
    r307_ask_one(asking->p, &asking->in->scope, bare.rule, &asking->in->policy, &view,
                 &decision);
    return follow(asking, view, decision, end);
}

static int is_same_end(const end_t *a, const end_t *b)
{
    return a->keeps_method == b->keeps_method && a->is_permanent == b->is_permanent
        && a->url && b->url && strcmp(a->url, b->url) == 0;
}

/* Whether the source matches where the rule leads: what lies there the rule leaves to others,
 * and another target leaves others to them. */
static int meets_itself(apr_pool_t *p, const r307_scope_t *scope, const r307_rule_t *rule)
{
    const char *asked = r307_ask_sample(p, scope, rule);
    r307_url_t base, ref, url;
    const r307_path_t *path;
    r307_slice_t dec;

    r307_url_split(asked, strlen(asked), &base);
    r307_url_split(rule->target->text, strlen(rule->target->text), &ref);
    r307_url_resolve(p, &base, &ref, &url);
    path = r307_path_make(p, url.path.len ? url.path : r307_slice("/", 1));
    dec = r307_slice(path->dec, path->len);
    if (rule->pattern->relative && scope->base.s) {
        size_t below = scope->base.len - 1;

        if (dec.len < scope->base.len || memcmp(dec.s, scope->base.s, below + 1) != 0) {
            return 0;
        }
        dec = r307_slice(dec.s + below, dec.len - below);
    }
    return r307_covers_finds(p, rule->pattern, dec);
}

int r307_same_end(apr_pool_t *parent, const r307_same_t *was_in, const r307_rule_t *was,
                  const r307_same_t *is_in, const r307_rule_t *is)
{
    static const r307_self_t selves[] = { { "http", "localhost", 80 },
                                          { "https", "localhost", 443 } };
    static const char *const behind[] = { "", "?q=1", "?a=b&utm_source=x", "/", "/x",
                                          "/x/y%20z/?q=1" };
    int i, answers = 0, is_same = 1;
    const char *head;
    apr_pool_t *p;

    apr_pool_create(&p, parent);
    head = r307_ask_sample(p, &was_in->scope, was);
    is_same = head && !meets_itself(p, &was_in->scope, was)
        && !meets_itself(p, &is_in->scope, is);
    for (i = 0; head && is_same && i < 12; i++) {
        const asking_t before = { p, was_in }, after = { p, is_in };
        const char *tail = behind[i / 2];
        end_t a, b;
        int had, has;

        tail += *tail == '/' && head[strlen(head) - 1] == '/';
        had = ask(&before, was, &selves[i % 2], apr_pstrcat(p, head, tail, NULL), &a);
        has = ask(&after, is, &selves[i % 2], apr_pstrcat(p, head, tail, NULL), &b);
        is_same = had == has && (!had || is_same_end(&a, &b));
        answers += had;
    }
    apr_pool_destroy(p);
    return is_same && answers > 0;
}
