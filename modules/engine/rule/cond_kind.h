/* SPDX-License-Identifier: Apache-2.0
 *
 * cond_kind: what a condition is made of, and the kinds that are about the visitor; the
 * table of all kinds is in cond.c.
 */
#ifndef R307_COND_KIND_H
#define R307_COND_KIND_H

#include "rule/target.h"

struct r307_cond_t;

/* Conditions are asked in this order, whatever the order they are written in: what sets
 * or rolls something comes after what only looks. */
typedef enum {
    R307_ORDER_PLAIN,
    R307_ORDER_OPTIN,
    R307_ORDER_LANG,        /* the rules of one source are compared */
    R307_ORDER_PERCENT,     /* the rules of one source share one roll */
    R307_ORDER_USER         /* may have to wait for a login */
} r307_order_t;

typedef struct r307_cond_kind_t {
    const char *name;       /* the option that writes it; "scheme" is written by a source
                             * "http://host/..." alone */
    int may_negate;
    int may_repeat;         /* all must hold */
    const char *(*parse)(apr_pool_t *p, const char *value, const r307_expr_maker_t *maker,
                         struct r307_cond_t *cond);
    /* 1 or 0; -1 when it cannot be told; R307_COND_LATER. */
    int (*test)(const struct r307_cond_t *cond, const r307_view_t *view,
                const r307_query_t *query, r307_vary_t *vary);
    r307_order_t order;
} r307_cond_kind_t;

#define R307_COND_LATER (-2)    /* who is asked for depends on a login still to come */

/* Whether the text of an expression names what is known behind a login only. */
int r307_cond_waits(const r307_expr_t *expr);
/* What it asks of the file that httpd will find, as "%{REQUEST_FILENAME}"; NULL: nothing. */
const char *r307_cond_names_file(const r307_expr_t *expr);

typedef struct r307_cond_t {
    const r307_cond_kind_t *kind;
    const char *value;              /* as written, without '!' */
    int negate;
    int implied;                    /* by the source; not printed */
    const r307_slice_t *names;      /* what it compares: each kind reads its own value */
    const r307_slice_t *values;     /* absent: any */
    int count;
    r307_expr_t expr;
    int waits;                      /* the expression asks for what a login brings */
    void *own;                      /* what the kind made of the value: networks, a share,
                                     * a link, a flag of the host's */
} r307_cond_t;

/* A list at commas, blanks around its members gone, into names and count. NULL, or what
 * is wrong. */
const char *r307_cond_parse_list(apr_pool_t *p, const char *value, r307_cond_t *cond);

const char *r307_cond_parse_ip(apr_pool_t *p, const char *value,
                               const r307_expr_maker_t *maker, r307_cond_t *cond);
int r307_cond_test_ip(const r307_cond_t *cond, const r307_view_t *view,
                      const r307_query_t *query, r307_vary_t *vary);

const char *r307_cond_parse_cookie(apr_pool_t *p, const char *value,
                                   const r307_expr_maker_t *maker, r307_cond_t *cond);
int r307_cond_test_cookie(const r307_cond_t *cond, const r307_view_t *view,
                          const r307_query_t *query, r307_vary_t *vary);

const char *r307_cond_parse_lang(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond);
int r307_cond_test_lang(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary);

const char *r307_cond_parse_user(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond);
int r307_cond_test_user(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary);

const char *r307_cond_parse_file(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond);
int r307_cond_test_file(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary);

const char *r307_cond_parse_flag(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond);
int r307_cond_test_flag(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary);

/* own is an r307_optin_t. */
const char *r307_cond_parse_optin(apr_pool_t *p, const char *value,
                                  const r307_expr_maker_t *maker, r307_cond_t *cond);
int r307_cond_test_optin(const r307_cond_t *cond, const r307_view_t *view,
                         const r307_query_t *query, r307_vary_t *vary);

/* own is an r307_share_t. As if the rule were alone with its source. */
const char *r307_cond_parse_percent(apr_pool_t *p, const char *value,
                                    const r307_expr_maker_t *maker, r307_cond_t *cond);
int r307_cond_test_percent(const r307_cond_t *cond, const r307_view_t *view,
                           const r307_query_t *query, r307_vary_t *vary);

#endif
