/* SPDX-License-Identifier: Apache-2.0
 *
 * index_walk: a path as keys are made of it, hashed by whole segments; for those who ask indexes.
 */
#ifndef R307_INDEX_WALK_H
#define R307_INDEX_WALK_H

#include "http/path.h"

#define R307_TRAIL_SEGS 64

/* A path as indexes with one seed look for it, hashed once. */
typedef struct r307_trail_t {
    apr_uint64_t seed;              /* 0: nothing was walked */
    const char *s;                  /* where the path begins */
    apr_uint64_t segs[R307_TRAIL_SEGS];  /* hashes of the first segments, of `depth` */
    apr_uint32_t depth;
    size_t rest;                    /* where those begin that are not among them */
    size_t len;                     /* of the path */
    int is_normal;                  /* as r307_path_is_normal, and there is no '#' */
    const char *plain;              /* NULL, or where a path begins that is known to be so, too,
                                     * whether it was walked or not */
    r307_slice_t host;              /* of the request, as r307_cond_host; s is NULL: not measured */
    const struct r307_index_t *found_in;    /* of which a first look found this key first, and
                                     * in front of it nothing; NULL: of none. Of it alone: */
    const void *found;
    apr_uint64_t found_key, found_hash;
    apr_uint32_t found_depth;
    int found_exact, found_below;
} r307_trail_t;

/* Nothing was walked, and nothing is known. */
static inline void r307_trail_begin(r307_trail_t *walk)
{
    walk->seed = 0;
    walk->plain = NULL;
    walk->host.s = NULL;
}

/* r307_path_is_plain of a path that may be walked, asked once. */
static inline int r307_trail_is_plain(r307_trail_t *walk, r307_slice_t path)
{
    if (walk->plain != path.s && r307_path_is_plain(path)) {
        walk->plain = path.s;
    }
    return walk->plain == path.s;
}

/* The hash of the segment that begins at s, ending at '/' or at len; *n is its length. */
apr_uint64_t r307_index_segment(const char *s, size_t len, apr_uint64_t m, size_t *n);

/* Every path that is asked for comes through here, once. m: the seed. */
void r307_index_walk(const char *s, size_t len, apr_uint64_t m, r307_trail_t *walk);

/* Whether it is the walk of what begins at s, by this seed. */
static inline int r307_index_is_walk(const r307_trail_t *walk, apr_uint64_t seed, const char *s)
{
    return walk->seed && walk->seed == seed && walk->s == s;
}

/* The hash of the next segment; *at: where the one behind those that are held begins. */
static inline apr_uint64_t r307_index_next(const r307_trail_t *walk, const char *s, size_t len,
                                           apr_uint32_t depth, size_t *at)
{
    apr_uint64_t seg;
    size_t n;

    if (depth < R307_TRAIL_SEGS) {
        return walk->segs[depth];
    }
    seg = r307_index_segment(s + *at + 1, len - *at - 1, walk->seed, &n);
    *at += n + 1;
    return seg;
}

/* Whether a prefix of so many segments is a key. */
static inline int r307_index_has_depth(apr_uint64_t depths, apr_uint32_t depth)
{
    return (int)(depths >> (depth < 63 ? depth : 63) & 1);
}

#endif
