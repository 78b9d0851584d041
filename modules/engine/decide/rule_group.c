/* SPDX-License-Identifier: Apache-2.0 */
#include "decide/rule_group.h"

#include <string.h>

#include "base/hash.h"

#define UNKNOWN (-2)
#define NOBODY  (-1)

typedef struct member_t {
    const r307_rule_t *rule;
    int is_asked;           /* in force, and not past a limit */
    int low, high;          /* its stretch of the roll */
} member_t;

struct r307_group_t {
    apr_uint64_t id;        /* of the rules */
    apr_uint64_t salted;    /* and of their directory: two of them may say the same words */
    apr_array_header_t *members;
    int high;               /* of the last member */
    int next;               /* the member that the cursor comes to next */
    int best, is_taken;
    int chosen;
    r307_stand_t stand;
};

const r307_cond_t *r307_group_cond(const r307_rule_t *rule, r307_order_t order)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        const r307_cond_t *cond = &rule->conds[i];

        if (cond->kind->order == order && !cond->negate
            && (order != R307_ORDER_LANG || r307_cond_is_negotiated(cond))) {
            return &rule->conds[i];
        }
    }
    return NULL;
}

static const r307_share_t *share_of(const r307_rule_t *rule)
{
    const r307_cond_t *cond = r307_group_cond(rule, R307_ORDER_PERCENT);

    return cond ? cond->own : NULL;
}

static int is_asked(const r307_scope_t *scope, const r307_view_t *view,
                    const r307_rule_t *rule)
{
    r307_phase_t phase = r307_plan_phase(&rule->plan, view->now);

    return (phase == R307_PHASE_IN || phase == R307_PHASE_THEN)
        && !(scope->tenancy && r307_limit_why(scope->tenancy, rule));
}

static r307_group_t *make(apr_pool_t *p, const r307_scope_t *scope,
                          const r307_rule_t *rule)
{
    r307_group_t *group = apr_pcalloc(p, sizeof(*group));
    int is_relative = rule->pattern && rule->pattern->relative && scope->base.s;

    group->id = rule->group;
    group->salted = is_relative
        ? r307_hash_stable(rule->group, scope->base.s, scope->base.len) : rule->group;
    group->members = apr_array_make(p, 1, sizeof(member_t));
    group->best = group->chosen = UNKNOWN;
    return group;
}

static void join(r307_group_t *group, const r307_scope_t *scope, const r307_view_t *view,
                 const r307_rule_t *rule)
{
    member_t *member = apr_array_push(group->members);
    const r307_share_t *share = share_of(rule);

    member->rule = rule;
    member->is_asked = is_asked(scope, view, rule);
    member->low = group->high;
    group->high += share && member->is_asked ? share->size : 0;
    member->high = group->high;
}

static r307_group_t *known(r307_groups_t *groups, const r307_rule_t *rule)
{
    return apr_hash_get(groups, &rule->group, sizeof(rule->group));
}

/* All groups of the scope at once, so that many cost no more than one. A cursor of its own,
 * because the members that come later count, too. */
static r307_groups_t *collect(apr_pool_t *p, const r307_scope_t *scope,
                              const r307_asked_t *asked, unsigned steps)
{
    r307_groups_t *groups = apr_hash_make(p);
    r307_asked_t again = *asked;
    r307_captures_t captures;
    r307_cursor_t cursor;
    const r307_rule_t *rule;
    r307_found_t found;

    captures.scratch = NULL;
    r307_cursor_make(p, scope, &again, steps, &cursor);
    while ((rule = r307_cursor_next(p, &cursor, &captures, &found)) != NULL) {
        r307_group_t *group = rule->group ? known(groups, rule) : NULL;

        if (rule->group && !group) {
            group = make(p, scope, rule);
            apr_hash_set(groups, &group->id, sizeof(group->id), group);
        }
        if (group) {
            join(group, scope, asked->view, rule);
        }
    }
    return groups;
}

static member_t *member_at(const r307_group_t *group, int i)
{
    return &APR_ARRAY_IDX(group->members, i, member_t);
}

const r307_rule_t *r307_group_rule(const r307_group_t *group, int member)
{
    return member_at(group, member)->rule;
}

r307_group_t *r307_group_find(apr_pool_t *p, r307_groups_t **groups,
                              const r307_scope_t *scope, const r307_asked_t *asked,
                              unsigned steps, const r307_rule_t *rule, int *member)
{
    r307_group_t *group;

    if (r307_ruleset_alone(scope->rules, rule)) {
        group = make(p, scope, rule);
        join(group, scope, asked->view, rule);
        *member = 0;
        return group;
    }
    if (!*groups) {
        *groups = collect(p, scope, asked, steps);
    }
    group = known(*groups, rule);
    *member = group->next++;
    return group;
}

/* What does not depend on the other members. */
static int others_hold(const r307_rule_t *rule, const r307_view_t *view,
                       const r307_query_t *query, r307_vary_t *vary)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        const r307_cond_t *cond = &rule->conds[i];

        if (cond->kind->order < R307_ORDER_LANG
            && !r307_cond_test(cond, view, query, vary)) {
            return 0;
        }
    }
    return 1;
}

int r307_group_best(r307_group_t *group, const r307_view_t *view,
                    const r307_query_t *query, r307_vary_t *vary)
{
    r307_wish_t best = { 0, 0 };
    int i;

    if (group->best != UNKNOWN) {
        return group->best;
    }
    group->best = NOBODY;
    for (i = 0; i < group->members->nelts; i++) {
        const member_t *member = member_at(group, i);
        const r307_cond_t *lang = r307_group_cond(member->rule, R307_ORDER_LANG);
        r307_wish_t wish;

        if (!lang || !member->is_asked || !others_hold(member->rule, view, query, vary)) {
            continue;
        }
        wish = r307_cond_wish(lang, view, vary);
        if (wish.quality && r307_lang_is_better(wish, best)) {
            best = wish;
            group->best = i;
        }
    }
    return group->best;
}

int r307_group_take(r307_group_t *group, int member)
{
    int is_first = group->best == member && !group->is_taken;

    group->is_taken |= is_first;
    return is_first;
}

/* A visitor whose cookie names a rule stays in it, whatever the shares are now. */
static int choose(const r307_group_t *group)
{
    int i;

    for (i = 0; i < group->members->nelts; i++) {
        const member_t *member = member_at(group, i);
        const r307_share_t *share = share_of(member->rule);

        if (share && member->is_asked && group->stand.member == share->self) {
            return i;
        }
    }
    for (i = 0; i < group->members->nelts; i++) {
        const member_t *member = member_at(group, i);

        if (group->stand.place >= member->low && group->stand.place < member->high) {
            return i;
        }
    }
    return NOBODY;
}

int r307_group_chosen(r307_group_t *group, int member, const r307_view_t *view,
                      r307_vary_t *vary)
{
    const r307_share_t *share = share_of(member_at(group, member)->rule);

    if (group->chosen == UNKNOWN) {
        r307_share_stand(share, group->salted, view, vary, &group->stand);
        group->chosen = choose(group);
    }
    if (group->stand.place >= 0) {
        const r307_share_t *his = group->chosen == NOBODY
            ? NULL : share_of(member_at(group, group->chosen)->rule);

        r307_share_keep(share, group->salted, view, his ? his->self : 0, &group->stand,
                        vary);
    }
    return group->chosen == member;
}
