/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_same: whether another rule may stand in the place of one: whether whoever asks for its
 * source ends where it ended, by requests that mean the same. Asked, not computed: the paths of
 * the source and below it, with and without a query, with both schemes.
 */
#ifndef R307_LINT_SAME_H
#define R307_LINT_SAME_H

#include "lint/lint_rule.h"
#include "decide/decide.h"

/* The rules that are followed. */
typedef struct r307_same_t r307_same_t;

/* In p. The scope is copied, and its rules must stay; its maps are images. */
const r307_same_t *r307_same_make(apr_pool_t *p, const r307_scope_t *scope);

/* was: a rule among the first ones; is: among the second ones, in its place. 0 also where it
 * cannot be told, as of a source that is a pattern. */
int r307_same_end(apr_pool_t *p, const r307_same_t *was_in, const r307_rule_t *was,
                  const r307_same_t *is_in, const r307_rule_t *is);

#endif
