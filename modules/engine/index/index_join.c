/* SPDX-License-Identifier: Apache-2.0 */
#include "index/index_block.h"
#include "index/index_join.h"

/* A cell has the upper bits of a key's tag, and below them the number of the first index that
 * has the key. The lower bits say where it is looked for first. */
#define NUMBER 0xffu
#define NONE   NUMBER               /* nothing is there */

#define SAY(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELEASE)
#define READ(word)       __atomic_load_n(&(word), __ATOMIC_ACQUIRE)

/* Whether its keys of paths say all: nothing of it is for paths that begin in another way. */
static int is_by_keys(const r307_index_t *index)
{
    return !index->others && !index->prefilter && !index->shape_count && !index->always_count
        && !index->depths[1] && !index->exact[1];
}

/* How many are told of, and of how many slots. */
static unsigned count_told(const r307_index_t *const *indexes, int count, apr_uint64_t *slots)
{
    int i;

    for (*slots = 0, i = 0; i < count && i < (int)NONE; i++) {
        const r307_index_t *index = indexes[i];

        if (!index || !is_by_keys(index) || index->seed != indexes[0]->seed
            || *slots + index->slot_mask + 1 > R307_JOIN_CELLS) {
            break;
        }
        *slots += index->slot_mask + 1;
    }
    return (unsigned)i;
}

/* Behind those that come first; 0: there is no room. */
static int add_key(r307_index_join_t *join, apr_uint32_t tag, unsigned number)
{
    apr_uint32_t n;

    for (n = 0; n <= join->mask; n++) {
        apr_uint32_t *cell = &join->cells[(tag + n) & join->mask];

        if ((*cell & NUMBER) == NONE) {
            SAY(*cell, (tag & ~NUMBER) | number);
            return 1;
        }
        if ((*cell ^ tag) <= NUMBER) {
            return 1;
        }
    }
    return 0;
}

static int add(r307_index_join_t *join, const r307_index_t *index, unsigned number)
{
    const r307_slot_t *slots = (const void *)((const apr_uint32_t *)(const void *)index
                                              + index->slots);
    apr_uint32_t i;

    for (i = 0; i <= index->slot_mask; i++) {
        if (slots[i].value != R307_SLOT_EMPTY && !add_key(join, slots[i].tag, number)) {
            return 0;
        }
    }
    return 1;
}

void r307_index_join_fill(r307_index_join_t *join, const r307_index_t *const *indexes, int count)
{
    apr_uint64_t slots, depths = 0;
    apr_uint32_t cells = 1, exact = 0, k;
    unsigned most = join->cells ? count_told(indexes, count, &slots) : 0, i;

    SAY(join->told, 0);
    if (most < 2) {
        return;                     /* one is asked as fast */
    }
    while (cells < slots) {         /* of which at most half are taken */
        cells *= 2;
    }
    SAY(join->mask, cells - 1);
    for (k = 0; k < cells; k++) {
        SAY(join->cells[k], NONE);
    }
    for (i = 0; i < most && add(join, indexes[i], i); i++) {
        depths |= indexes[i]->depths[0];
        exact |= indexes[i]->exact[0];
    }
    SAY(join->depths, depths);
    SAY(join->exact, exact);
    SAY(join->seed, indexes[0]->seed);
    SAY(join->told, i);
}

/* The first index that has such a key, or `least`. */
static inline unsigned first_of(const r307_index_join_t *join, apr_uint64_t h, unsigned kind,
                                apr_uint64_t seed, unsigned least)
{
    apr_uint32_t tag = (apr_uint32_t)(r307_index_key(h, kind, seed) >> 32);
    apr_uint32_t mask = READ(join->mask), n;

    for (n = 0; n <= mask; n++) {
        apr_uint32_t cell = READ(join->cells[(tag + n) & mask]);

        if ((cell & NUMBER) == NONE) {
            break;
        }
        if ((cell ^ tag) <= NUMBER) {
            return (cell & NUMBER) < least ? cell & NUMBER : least;
        }
    }
    return least;
}

int r307_index_join_ask(const r307_index_join_t *join, const r307_first_look_t *first,
                        r307_trail_t *walk)
{
    r307_slice_t path = first->path;
    apr_uint64_t seed = READ(join->seed), depths = READ(join->depths), h = 0;
    unsigned least = READ(join->told);
    apr_uint32_t depth;
    size_t at;

    if (!least) {
        return 0;
    }
    if (!r307_index_is_walk(walk, seed, path.s)) {
        r307_index_walk(path.s, path.len, seed, walk);
    }
    if (!walk->is_normal) {
        return 0;
    }
    at = walk->rest;
    for (depth = 0;; depth++) {
        if (r307_index_has_depth(depths, depth)) {
            least = first_of(join, h, R307_KEY_PREFIX, seed, least);
        }
        if (depth == walk->depth) {
            break;
        }
        h = r307_hash_step(h, r307_index_next(walk, path.s, path.len, depth, &at), seed);
    }
    return (int)(READ(join->exact) ? first_of(join, h, R307_KEY_EXACT, seed, least) : least);
}
