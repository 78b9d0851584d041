/* SPDX-License-Identifier: Apache-2.0
 *
 * sieve: which of many regexes can match a path at all. Those that need a word are found
 * by it, all words looked for in one pass; of the others the first bytes and the length
 * are compared, all at once. Frozen into one block of bytes without pointers.
 */
#ifndef R307_SIEVE_H
#define R307_SIEVE_H

#include "need.h"
#include "run.h"

typedef struct r307_sieve_builder_t r307_sieve_builder_t;
typedef struct r307_sieve_t r307_sieve_t;       /* the block */

/* What the builder holds is freed with p. */
r307_sieve_builder_t *r307_sieve_builder_make(apr_pool_t *p);

/* A regex by its pattern; numbers ascend. */
void r307_sieve_add(r307_sieve_builder_t *builder, apr_uint32_t rule, const char *pattern,
                    int fold);

/* Ends the building; bytes of the block, a multiple of 8. */
size_t r307_sieve_size(r307_sieve_builder_t *builder);
void r307_sieve_write(const r307_sieve_builder_t *builder, void *bytes);

/* Whether a block of foreign origin is one over rules below `count` whose every offset
 * stays inside `len`. */
int r307_sieve_check(const void *bytes, size_t len, apr_uint32_t count);

/* Adds the rules whose regex may match; in what is added every such rule stands. */
void r307_sieve_find(apr_pool_t *p, const r307_sieve_t *sieve, const char *path,
                     size_t len, r307_candidates_t *candidates);

/* Whether it would add one; nothing is made for the answer. */
int r307_sieve_may(const r307_sieve_t *sieve, const char *path, size_t len);

#endif
