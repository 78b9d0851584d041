/* SPDX-License-Identifier: Apache-2.0
 *
 * prefilter: which of many regexes can match a path at all. Those that need a word are found
 * by it, all words looked for in one pass; of the others the first bytes and the length
 * are compared, all at once. Frozen into one block of bytes without pointers.
 *
 * What PCRE2 itself tells of a regex (the first bytes, one byte that must come, the least
 * length) is no way to choose: "^/blog-1/(\d+)$" to "^/blog-1000/(\d+)$" begin with the
 * same byte and end with the same kind, so that all stay, and asking all costs as much as
 * twenty whole answers.
 */
#ifndef R307_PREFILTER_H
#define R307_PREFILTER_H

#include "index/regex_needs.h"
#include "index/candidates.h"

typedef struct r307_prefilter_builder_t r307_prefilter_builder_t;
typedef struct r307_prefilter_t r307_prefilter_t;       /* the block */

/* What the builder holds is freed with p. */
r307_prefilter_builder_t *r307_prefilter_builder_make(apr_pool_t *p);

/* A regex by its pattern; numbers ascend. What it needs, which lives as the builder does. */
const r307_regex_needs_t *r307_prefilter_add(r307_prefilter_builder_t *builder,
                                             apr_uint32_t rule, const char *pattern, int fold);

/* Ends the building; bytes of the block, a multiple of 8. */
size_t r307_prefilter_size(r307_prefilter_builder_t *builder);
void r307_prefilter_write(const r307_prefilter_builder_t *builder, void *bytes);

/* Whether a block of foreign origin is one over rules below `count` whose every offset
 * stays inside `len`. */
int r307_prefilter_check(const void *bytes, size_t len, apr_uint32_t count);

/* Adds the rules whose regex may match; in what is added every such rule stands. */
void r307_prefilter_find(apr_pool_t *p, const r307_prefilter_t *prefilter, const char *path,
                         size_t len, r307_candidates_t *candidates);

/* Whether it would add one; nothing is made for the answer. */
int r307_prefilter_may(const r307_prefilter_t *prefilter, const char *path, size_t len);

#endif
