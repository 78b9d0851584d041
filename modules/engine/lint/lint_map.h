/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_map: doubts about the rules of a map, for who checks one before it is used. Every
 * rule is compiled for it, which no server does.
 */
#ifndef R307_LINT_MAP_H
#define R307_LINT_MAP_H

#include "lint/lint_words.h"
#include "map/image.h"

/* Tells of each rule that there is a doubt about. Those that only the other rules make doubtful
 * come last. is_alone: no other rules stand beside the map, so that its chains are known. */
void r307_map_audit(apr_pool_t *p, const r307_image_t *image, int is_alone,
                    r307_doubt_say_t *say, void *baton);

#endif
