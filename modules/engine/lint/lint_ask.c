/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_ask.h"

#include <string.h>
#include <apr_strings.h>

/* --- a request of which nothing is known but its URL --- */

static const char *no_text(void *baton, const char *name)
{
    return NULL;
}

static int no_test(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    return -1;
}

static const char *no_string(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    return NULL;
}

static void self_of(void *baton, r307_self_t *self)
{
    *self = *(const r307_self_t *)baton;
}

static const struct r307_image_t *image_itself(void *baton, const void *map)
{
    return map;
}

static const char *no_user(void *baton)
{
    return NULL;
}

static int no_file(void *baton)
{
    return -1;
}

static int no_flag(void *baton, const void *flag)
{
    return -1;
}

static apr_uint64_t no_roll(void *baton)
{
    return 0;
}

static const r307_view_ops_t nothing_known = {
    no_text, no_text, no_test, no_string, self_of, image_itself, no_user, no_file, no_flag,
    no_roll, NULL, NULL
};

int r307_ask_view(apr_pool_t *p, const r307_self_t *self, const char *target,
                  r307_view_t *view)
{
    r307_slice_t path;

    memset(view, 0, sizeof(*view));
    if (!r307_path_split(target, &path, &view->query)) {
        return 0;
    }
    view->path = r307_path_make(p, path);
    view->method = "GET";
    view->asked = *self;
    view->ops = &nothing_known;
    view->baton = (void *)(apr_uintptr_t)self;
    return 1;
}

void r307_ask_policy(apr_pool_t *p, r307_policy_t *policy)
{
    memset(policy, 0, sizeof(*policy));
    policy->relative = 1;
    policy->exempt = r307_exempt_default(p);
    policy->steps = R307_STEPS_DEFAULT;
}

void r307_ask_one(apr_pool_t *p, const r307_scope_t *scope, const r307_rule_t *rule,
                  const r307_policy_t *policy, const r307_view_t *view,
                  r307_decision_t *decision)
{
    apr_array_header_t list = { p, sizeof(rule), 1, 1, (char *)&rule };
    r307_ruleset_t one = *scope->rules;
    r307_scope_t alone = *scope;

    one.rules = &list;
    one.maps = NULL;
    one.index = NULL;
    one.left_out = NULL;
    alone.rules = &one;
    r307_decide(p, &alone, 1, policy, view, decision);
}

int r307_ask_may(const r307_index_t *index, const r307_scope_t *scope, const char *path)
{
    const r307_first_look_t first = {
        r307_slice(path, strcspn(path, "?#")),
        scope->base.s ? scope->base.len - 1 : R307_INDEX_NO_BASE, NULL, 1, NULL, 0
    };

    return index && r307_index_may(index, &first);
}

const char *r307_ask_sample(apr_pool_t *p, const r307_scope_t *scope,
                            const r307_rule_t *rule)
{
    r307_slice_t head;
    r307_buf_t buf;

    if (!rule->pattern || rule->pattern->regex || rule->pattern->segs) {
        return NULL;
    }
    head = rule->pattern->head;
    if (rule->pattern->relative && scope->base.s) {
        head.s = apr_pstrcat(p, r307_slice_text(p, scope->base),
                             r307_slice_text(p, head) + 1, NULL);
        head.len += scope->base.len - 1;
    }
    r307_buf_make(&buf, p, head.len + 8);
    r307_text_encode(&buf, head.s, head.len, R307_LAND_PATH, R307_FORM_ENCODED);
    return buf.s;
}

/* --- bare rules --- */

int r307_ask_is_of_url(const r307_cond_t *cond)
{
    return cond->kind->about == R307_ABOUT_QUERY || cond->kind->about == R307_ABOUT_SCHEME;
}

static int is_left(const r307_cond_t *cond, r307_bare_kind_t kind)
{
    return kind == R307_BARE_URL && r307_ask_is_of_url(cond);
}

r307_bare_t r307_ask_bare(apr_pool_t *p, const r307_rule_t *rule, r307_bare_kind_t kind)
{
    r307_bare_t bare = { rule, rule, 0 };
    r307_cond_t *conds;
    r307_rule_t *made;
    int i, count = 0;

    for (i = 0; i < rule->cond_count; i++) {
        count += is_left(&rule->conds[i], kind);
    }
    bare.is_sure = count == rule->cond_count && !rule->plan.from.text
        && !rule->plan.until.text;
    if (count == rule->cond_count && !rule->group && !r307_plan_is_there(&rule->plan)) {
        return bare;
    }
    bare.rule = made = apr_pmemdup(p, rule, sizeof(*rule));
    made->conds = conds = apr_palloc(p, ((size_t)count + 1) * sizeof(*conds));
    made->cond_count = count;
    made->is_made = 0;
    for (i = 0; i < rule->cond_count; i++) {
        if (is_left(&rule->conds[i], kind)) {
            *conds++ = rule->conds[i];
        }
    }
    made->group = 0;
    memset(&made->plan, 0, sizeof(made->plan));
    made->plan.then = R307_THEN_UNSET;
    return bare;
}

static const r307_rule_t *remember(apr_pool_t *p, r307_bares_t *bares, r307_bare_t bare)
{
    r307_bare_t *kept;

    if (bare.rule != bare.origin) {
        kept = apr_pmemdup(p, &bare, sizeof(bare));
        apr_hash_set(bares->changed, &kept->rule, sizeof(kept->rule), kept);
    }
    return bare.rule;
}

static r307_ruleset_t *make_set(apr_pool_t *p, r307_bares_t *bares,
                                const r307_ruleset_t *from)
{
    r307_ruleset_t *set = r307_ruleset_make(p);
    unsigned before = apr_hash_count(bares->changed);
    int i;

    for (i = 0; i < from->rules->nelts; i++) {
        const r307_rule_t *rule = r307_ruleset_kept(from, i);
        /* a plain line has no condition and no plan */
        const r307_rule_t *made = rule
            ? remember(p, bares, r307_ask_bare(p, rule, R307_BARE_URL)) : NULL;

        if (made != rule && apr_hash_count(bares->changed) == before + 1) {
            set->rules = apr_array_copy(p, from->rules);
        }
        if (made != rule) {
            APR_ARRAY_IDX(set->rules, i, const r307_rule_t *) = made;
        }
    }
    if (apr_hash_count(bares->changed) == before) {
        set->rules = from->rules;
        set->index = from->left_out ? NULL : from->index;
    }
    r307_ruleset_freeze(p, set, 0x9E3779B97F4A7C15ull, 0);
    set->maps = from->maps;
    return set;
}

void r307_ask_bares(apr_pool_t *p, const r307_scope_t *scopes, int count,
                    r307_bares_t *bares)
{
    int i;

    bares->scopes = apr_pmemdup(p, scopes, (size_t)count * sizeof(*scopes));
    bares->count = count;
    bares->changed = apr_hash_make(p);
    for (i = 0; i < count; i++) {
        bares->scopes[i].rules = make_set(p, bares, scopes[i].rules);
        bares->scopes[i].tenancy = NULL;
    }
}

r307_bare_t r307_ask_bares_of(const r307_bares_t *bares, const r307_rule_t *rule)
{
    const r307_bare_t *changed = apr_hash_get(bares->changed, &rule, sizeof(rule));
    r307_bare_t same = { rule, rule, 1 };

    return changed ? *changed : same;
}
