/* SPDX-License-Identifier: Apache-2.0
 *
 * cond: what else must hold for a rule, beside its source. One row per condition: how
 * its value is read and how it is asked. Everything asked that a cache must know of goes
 * into Vary, whether it held or not.
 */
#ifndef R307_COND_H
#define R307_COND_H

#include "target.h"

struct r307_cond_t;

typedef struct r307_cond_kind_t {
    const char *name;       /* the option that writes it; "scheme" is written by a source
                             * "http://host/..." alone */
    int may_negate;
    int may_repeat;         /* all must hold */
    const char *(*parse)(apr_pool_t *p, const char *value, const r307_expr_maker_t *maker,
                         struct r307_cond_t *cond);
    int (*test)(const struct r307_cond_t *cond, const r307_view_t *view,
                const r307_query_t *query, r307_vary_t *vary);
} r307_cond_kind_t;

typedef struct r307_cond_t {
    const r307_cond_kind_t *kind;
    const char *value;              /* as written, without '!' */
    int negate;
    int implied;                    /* by the source; not printed */
    const r307_slice_t *names;      /* what it compares: each kind reads its own value */
    const r307_slice_t *values;     /* absent: any */
    int count;
    r307_expr_t expr;
} r307_cond_t;

extern const r307_cond_kind_t r307_cond_kinds[];
extern const int r307_cond_kind_count;

const r307_cond_kind_t *r307_cond_kind_find(const char *name);

/* NULL, or why the value is none. `value` may begin with '!' where the kind allows it. */
const char *r307_cond_parse(apr_pool_t *p, const r307_cond_kind_t *kind,
                            const char *value, const r307_expr_maker_t *maker,
                            r307_cond_t *cond);

/* Whether it holds, negation included. Parameters that args= matched are marked used. An
 * expression that fails does not hold, negated or not. */
int r307_cond_test(const r307_cond_t *cond, const r307_view_t *view,
                   const r307_query_t *query, r307_vary_t *vary);

/* Whether cond is a method= that names OPTIONS, so that a preflight is meant. */
int r307_cond_names_options(const r307_cond_t *cond);

#endif
