/* SPDX-License-Identifier: Apache-2.0
 *
 * rule_group: the rules of one source in one container, where they are not asked one by one:
 * those with lang= are negotiated together, those with percent= share one roll. Made for
 * one request; finds its members by the cursor, so that it knows no index.
 */
#ifndef R307_RULE_GROUP_H
#define R307_RULE_GROUP_H

#include "decide/ruleset.h"

typedef struct r307_group_t r307_group_t;

/* The groups of one scope, by the rules' number; begins as NULL, made when one is met that
 * may have several members. */
typedef apr_hash_t r307_groups_t;

/* The group of a rule that the cursor has found, and which of its members the rule is:
 * to be called once for each rule with a group, in the cursor's order. */
r307_group_t *r307_group_find(apr_pool_t *p, r307_groups_t **groups,
                              const r307_scope_t *scope, const r307_asked_t *asked,
                              unsigned steps, const r307_rule_t *rule, int *member);

const r307_rule_t *r307_group_rule(const r307_group_t *group, int member);

/* The member whose language is wanted most, among those whose other conditions hold; -1
 * when there is none. What is looked at goes into vary. */
int r307_group_best(r307_group_t *group, const r307_view_t *view,
                    const r307_query_t *query, r307_vary_t *vary);

/* Whether the member that r307_group_best tells is asked for the first time. */
int r307_group_take(r307_group_t *group, int member);

/* Whether the roll falls to this member; the visitor's cookie then says so. */
int r307_group_chosen(r307_group_t *group, int member, const r307_view_t *view,
                      r307_vary_t *vary);

/* The condition of that order, NULL without. */
const r307_cond_t *r307_group_cond(const r307_rule_t *rule, r307_order_t order);

#endif
