/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_covers: whether one source matches all that another one matches, whatever is asked. A
 * "yes" is sure; what is not understood is a "no".
 */
#ifndef R307_LINT_COVERS_H
#define R307_LINT_COVERS_H

#include "rule/pattern.h"

int r307_covers(apr_pool_t *p, const r307_pattern_t *upper, const r307_pattern_t *lower);

/* Whether it matches one path and no other. */
int r307_covers_one(const r307_pattern_t *pattern);

/* Whether it matches this one, which is decoded; of a relative one, below its directory. */
int r307_covers_finds(apr_pool_t *p, const r307_pattern_t *pattern, r307_slice_t dec);

#endif
