/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_ask: what one rule answers where nothing is known of a request but its URL. Rules are
 * asked bare: without what only a request or the clock can tell.
 */
#ifndef R307_LINT_ASK_H
#define R307_LINT_ASK_H

#include "decide/decide.h"

/* A rule as it may hold. */
typedef struct r307_bare_t {
    const r307_rule_t *rule;    /* as it is asked: the origin itself, where it says nothing that
                                 * is taken away */
    const r307_rule_t *origin;
    int is_sure;                /* nothing was taken away */
} r307_bare_t;

typedef enum {
    R307_BARE_URL,              /* what it asks of the URL is left */
    R307_BARE_SOURCE            /* nothing is */
} r307_bare_kind_t;

r307_bare_t r307_ask_bare(apr_pool_t *p, const r307_rule_t *rule, r307_bare_kind_t kind);

/* All rules of these scopes so, each with an index; nothing is said of a tenant's limits, and
 * maps are those of the scopes. */
typedef struct r307_bares_t {
    r307_scope_t *scopes;
    int count;
    apr_hash_t *changed;        /* of r307_bare_t, by its rule: those that are no origins */
} r307_bares_t;

/* In p; what of the scopes needs no change is not copied, and must stay. */
void r307_ask_bares(apr_pool_t *p, const r307_scope_t *scopes, int count,
                    r307_bares_t *bares);
/* A rule of theirs, as the cursor finds it. */
r307_bare_t r307_ask_bares_of(const r307_bares_t *bares, const r307_rule_t *rule);

/* Whether a condition tells of the URL, which is another one at each hop. */
int r307_ask_is_of_url(const r307_cond_t *cond);

/* The policy of a server that says nothing; in p. */
void r307_ask_policy(apr_pool_t *p, r307_policy_t *policy);

/* A GET for a path that is encoded. Maps that are asked with it are images. self: what is asked for; it must stay. 0: that is no path. */
int r307_ask_view(apr_pool_t *p, const r307_self_t *self, const char *target,
                  r307_view_t *view);

/* Whether a rule of that index may match a path, which is encoded and below the scope's base if
 * it has one. */
int r307_ask_may(const r307_index_t *index, const r307_scope_t *scope, const char *path);

/* A path that the source matches, encoded; NULL: it says none, as a regex. */
const char *r307_ask_sample(apr_pool_t *p, const r307_scope_t *scope,
                            const r307_rule_t *rule);

/* Asks that rule of the scope and no other. */
void r307_ask_one(apr_pool_t *p, const r307_scope_t *scope, const r307_rule_t *rule,
                  const r307_policy_t *policy, const r307_view_t *view,
                  r307_decision_t *decision);

#endif
