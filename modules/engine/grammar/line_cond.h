/* SPDX-License-Identifier: Apache-2.0
 *
 * line_cond: what a whole line means for its conditions: which of them can be asked where
 * it stands, in which order they are, and what they have to know of their rule.
 */
#ifndef R307_LINE_COND_H
#define R307_LINE_COND_H

#include "grammar/options.h"

/* NULL, or which condition nobody can answer here. */
const char *r307_line_cond_check(apr_pool_t *p, const r307_draft_t *draft);

/* Most conditions of a rule: with its two words and every option once, a line still has as many
 * words as it may have, so that what is printed of it is one. */
#define R307_CONDS_MOST 224

/* Puts them into the rule, once all of the line was read. */
void r307_line_cond_finish(apr_pool_t *p, r307_draft_t *draft);

#endif
