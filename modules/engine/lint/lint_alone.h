/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_alone: rules that have nothing to do with others. Of many lines nearly all are so, and
 * what audits follow from rule to rule need not begin there: what one look tells, all know.
 */
#ifndef R307_LINT_ALONE_H
#define R307_LINT_ALONE_H

#include "lint/lint_ask.h"

#define R307_ALONE_SOURCE 1     /* no other rule may match its source, nor what is below */
#define R307_ALONE_TARGET 2     /* nor any rule its target, nor what is below; not that of
                                 * maps */

typedef struct r307_alone_t {
    const r307_scope_t *scopes;         /* as they are */
    r307_bares_t bares;
    const unsigned char **flags;        /* of each scope, of each of its rules: what is sure */
} r307_alone_t;

/* In p; what of the scopes needs no change is not copied, and must stay. The cost of a rule
 * is that of two looks, however many there are. */
r307_alone_t *r307_alone_make(apr_pool_t *p, const r307_scope_t *scopes, int count);

#endif
