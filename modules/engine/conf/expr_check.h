/* SPDX-License-Identifier: Apache-2.0
 *
 * expr_check: what httpd will say of an expression, without httpd: its grammar, and the
 * names that .htaccess may use. What depends on the modules that a server has loaded is not
 * guessed. It evaluates nothing.
 */
#ifndef R307_EXPR_CHECK_H
#define R307_EXPR_CHECK_H

#include <apr_pools.h>

typedef enum {
    R307_EXPR_NAME_VARIABLE,    /* %{NAME} */
    R307_EXPR_NAME_FUNCTION,    /* %{name:...}, name(...) */
    R307_EXPR_NAME_LIST,        /* in name(...) */
    R307_EXPR_NAME_UNARY,       /* -n ... */
    R307_EXPR_NAME_BINARY       /* ... -ipmatch ... */
} r307_expr_name_t;

/* Whether .htaccess may use it: everything in the lists is about the request at hand. */
int r307_expr_for_tenants(r307_expr_name_t kind, const char *name);

typedef enum {
    R307_EXPR_FINE,
    R307_EXPR_BAD,
    R307_EXPR_UNTOLD            /* only the server knows */
} r307_expr_verdict_t;

/* is_string: one or more %{...} and text, as in a target; else a condition. *why: what is
 * wrong, or what only the server knows. */
r307_expr_verdict_t r307_expr_check(apr_pool_t *p, const char *text, int is_string,
                                    int is_tenant, const char **why);

#endif
