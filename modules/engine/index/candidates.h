/* SPDX-License-Identifier: Apache-2.0
 *
 * candidates: ascending lists of rules merged into one: what several keys found, in the order of
 * the file.
 */
#ifndef R307_CANDIDATES_H
#define R307_CANDIDATES_H

#include <apr_pools.h>

typedef struct r307_run_t {
    const apr_uint32_t *next, *end;
} r307_run_t;

#define R307_RUNS_HELD 8

/* The runs are a heap by their next rule. */
typedef struct r307_candidates_t {
    r307_run_t *runs;
    int count, room;
    r307_run_t held[R307_RUNS_HELD];
} r307_candidates_t;

void r307_candidates_make(r307_candidates_t *candidates);

/* Adds `count` ascending numbers, which must stay; room for more than a few runs is taken
 * from p. */
void r307_candidates_add(apr_pool_t *p, r307_candidates_t *candidates,
                         const apr_uint32_t *rules, apr_uint32_t count);

/* The next rule, each once; 0 at the end. */
int r307_candidates_next(r307_candidates_t *candidates, apr_uint32_t *rule);

#endif
