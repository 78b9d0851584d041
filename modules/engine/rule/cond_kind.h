/* SPDX-License-Identifier: Apache-2.0
 *
 * cond_kind: what a condition is made of, and how each kind is read and asked; their rows
 * are in grammar/options.c.
 */
#ifndef R307_COND_KIND_H
#define R307_COND_KIND_H

#include "rule/option.h"

#define R307_COND_LATER (-2)    /* who is asked for depends on a login still to come */

/* Whether the text of an expression names what is known behind a login only. */
int r307_cond_waits(const r307_expr_t *expr);
/* What it asks of the file that httpd will find, as "%{REQUEST_FILENAME}"; NULL: nothing. */
const char *r307_cond_names_file(const r307_expr_t *expr);

typedef struct r307_cond_t {
    const r307_option_t *kind;
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

/* --- about the request's own words: cond.c --- */

r307_cond_parse_t r307_cond_parse_host, r307_cond_parse_method, r307_cond_parse_args,
    r307_cond_parse_header, r307_cond_parse_env, r307_cond_parse_expr, r307_cond_parse_scheme;
r307_cond_test_t r307_cond_test_host, r307_cond_test_method, r307_cond_test_args,
    r307_cond_test_header, r307_cond_test_env, r307_cond_test_expr, r307_cond_test_scheme;

/* --- about the visitor and about files: cond_visitor.c --- */

r307_cond_parse_t r307_cond_parse_ip, r307_cond_parse_cookie, r307_cond_parse_lang,
    r307_cond_parse_user, r307_cond_parse_file, r307_cond_parse_flag;
r307_cond_test_t r307_cond_test_ip, r307_cond_test_cookie, r307_cond_test_lang,
    r307_cond_test_user, r307_cond_test_file, r307_cond_test_flag;

/* own is an r307_optin_t. */
r307_cond_parse_t r307_cond_parse_optin;
r307_cond_test_t r307_cond_test_optin;

/* own is an r307_share_t. Asked as if the rule were alone with its source. */
r307_cond_parse_t r307_cond_parse_percent;
r307_cond_test_t r307_cond_test_percent;

#endif
