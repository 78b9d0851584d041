/* SPDX-License-Identifier: Apache-2.0
 *
 * cond: what else must hold for a rule, beside its source. Everything asked that a cache
 * must know of goes into Vary, whether it held or not.
 */
#ifndef R307_COND_H
#define R307_COND_H

#include "rule/cond_kind.h"
#include "http/accept_language.h"
#include "rule/optin_link.h"
#include "rule/share.h"

/* What optin= makes of its value. */
typedef struct r307_optin_t {
    r307_link_t link;
    apr_time_t until;       /* of the rule; 0: as long as the browser is open */
} r307_optin_t;

/* NULL, or why the value is none. `value` may begin with '!' where the kind allows it. */
const char *r307_cond_parse(apr_pool_t *p, const r307_option_t *kind,
                            const char *value, const r307_expr_maker_t *maker,
                            r307_cond_t *cond);

/* 1 or 0, negation included; or R307_COND_LATER. Parameters that args= matched are marked
 * used. What cannot be told, as an expression that fails, does not hold, negated or not. */
int r307_cond_test(const r307_cond_t *cond, const r307_view_t *view,
                   const r307_query_t *query, r307_vary_t *vary);

/* Whether the rules of one source are compared by it: a lang= that looks at the whole list
 * a visitor sends. */
int r307_cond_is_negotiated(const r307_cond_t *cond);

/* How much a language of a lang= is wanted. */
r307_wish_t r307_cond_wish(const r307_cond_t *cond, const r307_view_t *view,
                           r307_vary_t *vary);

/* A host as rules are compared with it: without the '.' that may end it. */
static inline r307_slice_t r307_cond_host(r307_slice_t host)
{
    host.len -= host.len > 1 && host.s[host.len - 1] == '.';
    return host;
}

/* Whether one of the conditions is about the host, and does not hold for this one, as
 * r307_cond_host has it: known before anything is made for the request. */
int r307_cond_spares(const r307_cond_t *conds, int count, r307_slice_t host);

/* The link of an optin= among the conditions, or NULL. */
const r307_link_t *r307_cond_link(const r307_cond_t *conds, int count);

/* Whether cond is a method= that names OPTIONS, so that a preflight is meant. */
int r307_cond_names_options(const r307_cond_t *cond);

#endif
