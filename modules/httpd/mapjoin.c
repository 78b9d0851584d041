/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapjoin.h"

#include <string.h>
#include "httpd/mapview.h"

#define MAPS_MOST 255       /* of a place, that are asked together */

static const r307_mapref_t *ref_at(const apr_array_header_t *maps, int i)
{
    return APR_ARRAY_IDX(maps, i, r307_map_t).handle;
}

static int is_usable(const r307_store_t *store, const r307_mapref_t *ref)
{
    return ref->slot >= 0 && r307_mapview_is_noted(store, ref->slot);
}

/* Only behind a change: it is what takes time, and who reads the table meanwhile asks
 * afterwards whether there was one. */
static void fill_keys_locked(const r307_store_t *store, r307_mapjoin_t *join,
                             const apr_array_header_t *maps)
{
    const r307_index_t *indexes[MAPS_MOST];
    int i, count = maps->nelts < MAPS_MOST ? maps->nelts : MAPS_MOST;

    for (i = 0; i < count; i++) {
        const r307_mapview_t *view = r307_mapview_local(store, ref_at(maps, i)->slot)->view;

        indexes[i] = view ? r307_image_index(view->image) : NULL;
    }
    r307_index_join_fill(&join->keys, indexes, count);
}

/* With the lock held nobody installs a view, so what is read is as of `changes`. */
static void fill_locked(const r307_store_t *store, r307_mapjoin_t *join,
                        const apr_array_header_t *maps, unsigned tick)
{
    unsigned changes = __atomic_load_n(&store->changes, __ATOMIC_ACQUIRE);
    apr_uint64_t all[R307_INDEX_BEGINS];
    int i, k;

    if (join->changes != changes) {
        fill_keys_locked(store, join, maps);
    }
    memset(all, 0xff, sizeof(all));
    for (i = 0; i < maps->nelts; i++) {
        const r307_maplocal_t *local = r307_mapview_local(store, ref_at(maps, i)->slot);

        for (k = 0; k < R307_INDEX_BEGINS; k++) {
            all[k] &= __atomic_load_n(&local->elsewhere[k], __ATOMIC_RELAXED);
        }
    }
    for (k = 0; k < R307_INDEX_BEGINS; k++) {
        __atomic_store_n(&join->elsewhere[k], all[k], __ATOMIC_RELAXED);
    }
    __atomic_store_n(&join->tick, tick, __ATOMIC_RELAXED);
    __atomic_store_n(&join->changes, changes, __ATOMIC_RELEASE);
}

/* Once a tick, and behind a change, by one of those who see it; whoever finds the lock taken
 * leaves it to the next. */
static void join_all(r307_store_t *store, r307_mapjoin_t *join, const apr_array_header_t *maps)
{
    unsigned tick = __atomic_load_n(&store->tick, __ATOMIC_RELAXED) + 1;
    int i;

    for (i = 0; i < maps->nelts; i++) {
        if (!is_usable(store, ref_at(maps, i)) && !r307_store_note(store, ref_at(maps, i))) {
            return;             /* it is asked first, which says so */
        }
    }
    if (apr_thread_mutex_trylock(store->lock) != APR_SUCCESS) {
        return;
    }
    if (!r307_mapjoin_is_current(join)) {
        fill_locked(store, join, maps, tick);
    }
    apr_thread_mutex_unlock(store->lock);
}

/* With the view held: a page of it that has to be fetched stops nobody else. */
static int may(r307_store_t *store, int slot, const r307_first_look_t *first,
               r307_trail_t *walk)
{
    r307_mapview_t *view = r307_mapview_take(store, slot);
    int may = !view || r307_index_may_walk(r307_image_index(view->image), first, walk);

    if (view) {
        r307_mapview_release(view);
    }
    return may;
}

/* How many their keys spare. What was read while the table was filled is of no use, also when that
 * is over. */
static int ask_keys(const r307_mapjoin_t *join, const r307_first_look_t *first,
                    r307_trail_t *walk)
{
    unsigned changes = __atomic_load_n(&join->changes, __ATOMIC_ACQUIRE);
    int spared;

    if (!join->keys.cells || !r307_mapjoin_is_current(join)) {
        return 0;
    }
    spared = r307_index_join_ask(&join->keys, first, walk);
    return r307_mapjoin_is_current(join)
           && __atomic_load_n(&join->changes, __ATOMIC_RELAXED) == changes ? spared : 0;
}

int r307_mapjoin_ask(const apr_array_header_t *maps, const r307_first_look_t *first,
                     r307_trail_t *walk)
{
    r307_store_t *store = ref_at(maps, 0)->store;
    r307_mapjoin_t *join = r307_mapjoin_of(maps);
    r307_slice_t path = first->path;
    unsigned begin;
    int i;

    if (path.len == 0 || path.s[0] != '/' || !store || !store->lock || store->forks) {
        return 0;
    }
    if (!r307_mapjoin_is_current(join)) {
        join_all(store, join, maps);
    }
    i = ask_keys(join, first, walk);
    begin = r307_index_begin(path.s + 1, path.len - 1);
    for (; i < maps->nelts; i++) {
        const r307_mapref_t *ref = ref_at(maps, i);
        const r307_maplocal_t *local;

        if (!is_usable(store, ref)) {
            break;              /* it is asked, which says so */
        }
        /* nearly all are seen so, without their views; what was walked goes on as fast */
        local = r307_mapview_local(store, ref->slot);
        if ((walk->seed || !r307_index_is_elsewhere(local->elsewhere, begin, path, walk))
            && may(store, ref->slot, first, walk)) {
            break;
        }
    }
    return i;
}
