/* SPDX-License-Identifier: Apache-2.0
 *
 * index: which rules can match a request at all, without looking at the others. Rules are
 * numbers in file order; what comes out is a superset of those whose source matches, in
 * ascending order, at a cost that does not grow with their number. Frozen into one block
 * of bytes without pointers, so that it works wherever it is mapped.
 */
#ifndef R307_INDEX_H
#define R307_INDEX_H

#include "http/path.h"
#include "index/index_begin.h"
#include "index/index_walk.h"
#include "rule/rule.h"
#include "index/candidates.h"

typedef struct r307_index_builder_t r307_index_builder_t;
typedef struct r307_index_t r307_index_t;       /* the block */

/* seed: random; whoever knew it could write rules whose keys all collide. What the builder
 * holds is freed with p. */
r307_index_builder_t *r307_index_builder_make(apr_pool_t *p, apr_uint64_t seed);

/* The next rule by what it compares; its number is how many were added before. pattern
 * NULL: no source, asked for every request. Nothing given here is kept. */
void r307_index_add(r307_index_builder_t *builder, const r307_pattern_t *pattern,
                    const r307_cond_t *conds, int cond_count);

/* Passes over a number: no request is led to it. */
void r307_index_skip(r307_index_builder_t *builder);

/* Ends the building; bytes of the block. */
size_t r307_index_size(r307_index_builder_t *builder);
/* `bytes` is aligned to 8. */
void r307_index_write(const r307_index_builder_t *builder, void *bytes);

/* Whether a block of foreign origin is one over `count` rules whose every offset stays
 * inside `len`. */
int r307_index_check(const void *bytes, size_t len, apr_uint32_t count);

/* Which rules are compared at all, by their time. */
typedef enum {
    R307_TIMES_NOW,         /* those in force, or followed by then= */
    R307_TIMES_COMING,      /* and those that begin later */
    R307_TIMES_ALL
} r307_times_t;

/* A request as rules compare it. */
typedef struct r307_asked_t {
    const r307_view_t *view;
    const r307_path_t *in_base;     /* what relative sources see, or NULL */
    size_t base_from;               /* where they begin in it */
    const r307_query_t *query;      /* NULL until somebody needed it */
    r307_times_t times;
    apr_time_t soonest;             /* of NOW: when the first rule begins that was not
                                     * compared as its time has not come; 0: there is none */
    unsigned *left;                 /* steps of all regexes together; NULL: without end */
} r307_asked_t;

/* The request's parameters, split at the first call. */
const r307_query_t *r307_asked_query(apr_pool_t *p, r307_asked_t *asked);

/* Every rule that can match is among the candidates; they are made here. Where the view has a
 * walk of its path by this index's seed, the path is not walked again. */
void r307_index_find(apr_pool_t *p, const r307_index_t *index, r307_asked_t *asked,
                     r307_candidates_t *candidates);

/* Whether who may match a path may match whatever is below it. */
int r307_index_is_by_prefix(const r307_index_t *index);

/* Kinds of beginnings that no rule can match, so that who has noted them need not look in the
 * index; none, where that does not tell all. */
void r307_index_elsewhere(const r307_index_t *index, apr_uint64_t *elsewhere);

/* Whether r307_index_may_walk says 0 by r307_index_elsewhere alone, of a path that begins with
 * '/' and then so; others may write that. */
static inline int r307_index_is_elsewhere(const apr_uint64_t *elsewhere, unsigned begin,
                                          r307_slice_t path, r307_trail_t *walk)
{
    return __atomic_load_n(&elsewhere[begin / 64], __ATOMIC_RELAXED) >> begin % 64 & 1
        && r307_trail_is_plain(walk, path);
}

/* What is known of a request before anything is made for it. */
typedef struct r307_first_look_t {
    r307_slice_t path;              /* as it came, without its query */
    size_t base_from;               /* where it goes on below the directory of relative sources,
                                     * at a '/', and then r307_path_is_normal of it; or: */
#define R307_INDEX_NO_BASE ((size_t)-1)     /* not known */
    const char *host;               /* as the view has it, or an IPv6 address without its
                                     * brackets; NULL: not known */
    int has_query;
    const void *const *rules;       /* those of the index, by their numbers, where one is for
                                     * some hosts alone; NULL: not known. Each an r307_rule_of:
                                     * none: a rule without a condition */
    int stays;                      /* the index is where it is until it is asked for the rules,
                                     * so the walk may say what was found in it */
} r307_first_look_t;

/* In an index of a million paths each one is far away: it is fetched while something else is
 * done, where it is found by the path as a prefix. */
void r307_index_fetch(const r307_index_t *index, r307_slice_t path);

/* 0: no rule can match, whatever else is in the request. Nothing is made for the answer: most
 * requests are for no rule. 1: perhaps one can. */
int r307_index_may(const r307_index_t *index, const r307_first_look_t *first);
/* The same for several indexes: what one did with the path the others take. *walk
 * was begun before the first. Afterwards it is the walk of the path, or, where all sources
 * are relative, of what lies below the directory. */
int r307_index_may_walk(const r307_index_t *index, const r307_first_look_t *first,
                        r307_trail_t *walk);

#endif
