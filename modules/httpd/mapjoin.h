/* SPDX-License-Identifier: Apache-2.0
 *
 * mapjoin: the first look of a request at the maps of one place of httpd.conf. Nearly all
 * requests are for none of them, and are not to pay for each.
 */
#ifndef R307_HTTPD_MAPJOIN_H
#define R307_HTTPD_MAPJOIN_H

#include "decide/ruleset.h"
#include "index/index_join.h"
#include "httpd/mapload.h"

/* What all maps of a place have in common, in one process, as of a tick of its store and of a
 * change of its views. Written with the store's lock held, each word __atomic. */
typedef struct r307_mapjoin_t {
    const unsigned *tick_now, *changes_now;     /* of the store */
    unsigned tick;              /* as r307_maplocal_t has it: all maps were noted as in use in
                                 * it; 0: nothing is known yet */
    unsigned changes;
    apr_uint64_t elsewhere[R307_INDEX_BEGINS];  /* what they have none of, each of them */
    r307_index_join_t keys;     /* as of `changes`; its cells where there are several maps */
} r307_mapjoin_t;

static inline r307_mapjoin_t *r307_mapjoin_of(const apr_array_header_t *maps)
{
    return ((const r307_mapref_t *)APR_ARRAY_IDX(maps, 0, r307_map_t).handle)->join;
}

static inline int r307_mapjoin_is_current(const r307_mapjoin_t *join)
{
    return __atomic_load_n(&join->changes, __ATOMIC_ACQUIRE)
           == __atomic_load_n(join->changes_now, __ATOMIC_ACQUIRE)
        && __atomic_load_n(&join->tick, __ATOMIC_RELAXED)
           == __atomic_load_n(join->tick_now, __ATOMIC_RELAXED) + 1;
}

/* What r307_mapjoin_spared is where this does not tell all. */
int r307_mapjoin_ask(const apr_array_header_t *maps, const r307_first_look_t *first,
                     r307_trail_t *walk);

/* How many of these maps (of r307_map_t, of httpd.conf) hold no rule for the request, from the
 * first on, as they are now: see r307_index_may_walk. */
static inline int r307_mapjoin_spared(const apr_array_header_t *maps,
                                      const r307_first_look_t *first, r307_trail_t *walk)
{
    const r307_mapjoin_t *join = r307_mapjoin_of(maps);
    r307_slice_t path = first->path;

    return join && path.len && path.s[0] == '/' && r307_mapjoin_is_current(join)
           && r307_index_is_elsewhere(join->elsewhere,
                                      r307_index_begin(path.s + 1, path.len - 1), path, walk)
           ? maps->nelts : r307_mapjoin_ask(maps, first, walk);
}

#endif
