/* SPDX-License-Identifier: Apache-2.0
 *
 * query: a query as parameters: look one up, mark it used, and write what is left by the
 * rule's policy (query= in the grammar).
 */
#ifndef R307_QUERY_H
#define R307_QUERY_H

#include "base/text.h"

typedef struct r307_param_t {
    r307_slice_t raw;       /* "name=value" as it came */
    r307_slice_t name;      /* decoded, '+' is a space */
    r307_slice_t value;     /* decoded; absent without '=' */
    int used;               /* matched by the rule at hand, or moved into its target */
    int is_key;             /* the key of a link: travels nowhere */
} r307_param_t;

typedef struct r307_query_t {
    r307_slice_t raw;       /* absent: no '?' in the request */
    r307_param_t *params;
    size_t count;
} r307_query_t;

/* Splits at '&'; empty parameters are left out. More than 1 024 parameters are kept
 * together in the last one, so that a hostile query costs no more. */
const r307_query_t *r307_query_make(apr_pool_t *p, r307_slice_t raw);

typedef enum {
    R307_QUERY_DEFAULT,     /* the target's own query, else the request's */
    R307_QUERY_KEEP,
    R307_QUERY_DROP,
    R307_QUERY_MERGE,       /* own first, then the request's minus names already set */
    R307_QUERY_KEEP_SOME,   /* keep:a,b* */
    R307_QUERY_DROP_SOME    /* drop:a,b* */
} r307_query_mode_t;

typedef struct r307_query_policy_t {
    r307_query_mode_t mode;
    unsigned count;
    const r307_slice_t *names;      /* globs of KEEP_SOME and DROP_SOME */
} r307_query_policy_t;

/* The query to send: `own` is the target's own finished query (absent: none). Absent
 * means: no '?'. Request bytes are encoded for a query. *from_request is set to 1 when a
 * byte of the request went in, and else left alone. */
r307_slice_t r307_query_print(apr_pool_t *p, const r307_query_t *query, r307_slice_t own,
                              const r307_query_policy_t *policy, int *from_request);

/* What was asked, without a key that was not used: that it goes is no reason to lead to the
 * same page again. */
r307_slice_t r307_query_without_keys(apr_pool_t *p, const r307_query_t *query);

/* NULL, or why value is not one ("keep", "drop:utm_*,gclid"...). */
const char *r307_query_policy_parse(apr_pool_t *p, const char *value,
                                    r307_query_policy_t *policy);
const char *r307_query_policy_print(apr_pool_t *p, const r307_query_policy_t *policy);

#endif
