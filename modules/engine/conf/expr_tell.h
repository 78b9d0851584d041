/* SPDX-License-Identifier: Apache-2.0
 *
 * expr_tell: whether an expression of httpd holds, as far as its text and what is known of a
 * request decide: comparisons of variables and headers with texts and regexes, joined by &&,
 * || and !. Whatever else is in it is not told.
 */
#ifndef R307_EXPR_TELL_H
#define R307_EXPR_TELL_H

#include <apr_pools.h>

typedef enum {
    R307_TOLD_NO,
    R307_TOLD_YES,
    R307_TOLD_NOT           /* it cannot be told */
} r307_told_t;

/* The value of a variable ("REQUEST_URI"), or of a header; "" where it has none; NULL: it is not
 * known. */
typedef const char *(*r307_tell_value_t)(void *baton, const char *name, int is_header);

/* text: as httpd compiles it, without the quotes around it. */
r307_told_t r307_expr_tell(apr_pool_t *p, const char *text, r307_tell_value_t value,
                           void *baton);

#endif
