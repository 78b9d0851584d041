/* SPDX-License-Identifier: Apache-2.0
 *
 * expr: ap_expr for the engine: compiled with our own list of what may be looked up,
 * evaluated with our own Vary. Nothing is added to httpd's global names.
 */
#ifndef R307_HTTPD_EXPR_H
#define R307_HTTPD_EXPR_H

#include <httpd.h>
#include "rule/target.h"

/* An r307_expr_compile_t; the baton is the cmd_parms of the directive. */
const char *r307_expr_compile(void *baton, apr_pool_t *p, const char *text,
                              int is_string, const void **compiled);

/* As the engine's ops of the same names want it. */
int r307_expr_test(request_rec *r, const r307_expr_t *expr, r307_vary_t *vary);
const char *r307_expr_string(request_rec *r, const r307_expr_t *expr, r307_vary_t *vary);

#endif
