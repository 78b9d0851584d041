/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_ways: circles and chains among the lines of a map. Of a million lines those are
 * followed that lead to another one, and their number is what it costs.
 */
#ifndef R307_LINT_WAYS_H
#define R307_LINT_WAYS_H

#include "lint/lint_rule.h"
#include "map/image.h"

typedef struct r307_ways_t r307_ways_t;

/* In p, with all that is kept. */
r307_ways_t *r307_ways_make(apr_pool_t *p, const r307_image_t *image);

/* Each rule of the image, once; it needs not stay. */
void r307_ways_add(r307_ways_t *ways, const r307_rule_t *rule, apr_uint32_t number);

/* When all were added: says each doubt, with its rule. wants_chains: circles alone if not. */
void r307_ways_audit(const r307_ways_t *ways, int wants_chains, r307_doubt_say_t *say,
                     void *baton);

#endif
