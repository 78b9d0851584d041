/* SPDX-License-Identifier: Apache-2.0
 *
 * The request-time half of index: what a path asks for. */
#include "index/index_block.h"
#include "index/index.h"
#include "index/prefilter.h"

#include <string.h>

#if R307_TRAIL_SEGS < R307_SHAPE_SEGS
#error "a shape has segments that a trail does not hold"
#endif

apr_uint64_t r307_index_pick(apr_uint64_t key, r307_pick_t pick, r307_slice_t name,
                             r307_slice_t value, apr_uint64_t m)
{
    apr_uint64_t h = pick == R307_PICK_HOST ? r307_hash_keyed_fold(m, name.s, name.len)
                                            : r307_hash_keyed(m, name.s, name.len);

    if (pick == R307_PICK_PAIR) {
        h = r307_hash_step(h, r307_hash_keyed(m, value.s, value.len), m);
    }
    return r307_hash_step(key, h ^ ((apr_uint64_t)pick << 60), m);
}

/* --- keys --- */

typedef struct finder_t {
    apr_pool_t *p;
    const r307_index_t *index;
    const apr_uint32_t *words;
    r307_asked_t *asked;
    r307_candidates_t *found;
} finder_t;

static inline const r307_slot_t *probe(const r307_index_t *index, apr_uint64_t key)
{
    const r307_slot_t *slots = (const void *)((const apr_uint32_t *)(const void *)index
                                              + index->slots);
    apr_uint32_t at = (apr_uint32_t)key, tag = (apr_uint32_t)(key >> 32), n;

    for (n = 0; n < index->longest; n++) {
        const r307_slot_t *slot = &slots[(at + n) & index->slot_mask];

        if (slot->value == R307_SLOT_EMPTY) {
            return NULL;
        }
        if (slot->tag == tag) {
            return slot;
        }
    }
    return NULL;
}

/* Takes the rules of a key; flags say what else stands under it. */
static apr_uint32_t take(const finder_t *f, const r307_slot_t *slot)
{
    const apr_uint32_t *list;

    if (!(slot->value & R307_SLOT_LIST)) {
        r307_candidates_add(f->p, f->found, &slot->value, 1);
        return 0;
    }
    list = f->words + f->index->lists + (slot->value & ~R307_SLOT_LIST);
    r307_candidates_add(f->p, f->found, list + 2, list[1]);
    return list[0];
}

static void pick(const finder_t *f, apr_uint64_t key, r307_pick_t kind, r307_slice_t name,
                 r307_slice_t value)
{
    const r307_slot_t *slot = probe(f->index, r307_index_pick(key, kind, name, value,
                                                              f->index->seed));

    if (slot) {
        take(f, slot);
    }
}

static void pick_args(const finder_t *f, apr_uint64_t key)
{
    const r307_query_t *query = r307_asked_query(f->p, f->asked);
    r307_slice_t none = { "", 0 };
    size_t i;

    for (i = 0; i < query->count; i++) {
        const r307_param_t *param = &query->params[i];

        pick(f, key, R307_PICK_NAME, param->name, none);
        /* "id=" asks for an empty value, and no value is one too */
        pick(f, key, R307_PICK_PAIR, param->name, param->value.s ? param->value : none);
    }
}

static void look_slot(const finder_t *f, apr_uint64_t key, const r307_slot_t *slot)
{
    apr_uint32_t flags = take(f, slot);

    if (flags & R307_LIST_ARGS) {
        pick_args(f, key);
    }
    if (flags & R307_LIST_HOST) {
        const char *name = f->asked->view->asked.host;
        r307_slice_t host = r307_cond_host(r307_slice(name, strlen(name)));

        if (flags & r307_index_host_bit(host)) {
            pick(f, key, R307_PICK_HOST, host, r307_slice("", 0));
        }
    }
}

static void look(const finder_t *f, apr_uint64_t path, unsigned kind)
{
    apr_uint64_t key = r307_index_key(path, kind, f->index->seed);
    const r307_slot_t *slot = probe(f->index, key);

    if (slot) {
        look_slot(f, key, slot);
    }
}

/* Whether no key but '/', and no regex of which it is known, begins as the path does. */
static inline int begins_elsewhere(const r307_index_t *index, r307_slice_t path,
                                   r307_trail_t *walk)
{
    unsigned bit = r307_index_begin(path.s + 1, path.len - 1);

    return !(index->begins[bit / 64] >> bit % 64 & 1) && r307_trail_is_plain(walk, path);
}

/* The next shape, from *i on, that a path may have, and its hash there. */
static int next_shape(const r307_index_t *index, const r307_trail_t *walk, unsigned below,
                      apr_uint32_t *i, apr_uint64_t *h)
{
    const r307_shape_t *shapes = (const r307_shape_t *)(const void *)
        ((const apr_uint32_t *)(const void *)index + index->shapes);

    for (; *i < index->shape_count; ++*i) {
        const r307_shape_t *shape = &shapes[*i];
        apr_uint32_t k;

        if (shape->below != below || walk->depth < shape->count
            || (walk->depth > shape->count && !shape->splat)) {
            continue;
        }
        for (*h = 0, k = 0; k < shape->count; k++) {
            *h = r307_hash_step(*h, shape->names >> k & 1 ? R307_INDEX_NAME : walk->segs[k],
                                index->seed);
        }
        return 1;
    }
    return 0;
}

static void look_shapes(const finder_t *f, const r307_trail_t *walk, unsigned below)
{
    apr_uint64_t h;
    apr_uint32_t i;

    for (i = 0; next_shape(f->index, walk, below, &i, &h); i++) {
        look(f, h, R307_KEY_SHAPE + i);
    }
}

/* One path, or what of it lies below a directory: every border of segments is a key. */
static void look_path(const finder_t *f, const char *s, size_t len, unsigned below,
                      const r307_trail_t *known)
{
    const r307_index_t *index = f->index;
    unsigned prefix = below ? R307_KEY_PREFIX_BELOW : R307_KEY_PREFIX;
    const r307_trail_t *walk = known;
    r307_trail_t own;
    apr_uint64_t h = 0;
    apr_uint32_t depth = 0;
    size_t at;
    int is_begun;

    if (!known || !r307_index_is_walk(known, index->seed, s)) {
        r307_index_walk(s, len, index->seed, &own);
        walk = &own;
    }
    at = walk->rest;
    is_begun = walk->found_in == index && walk->found_below == (int)below;
    if (is_begun) {
        look_slot(f, walk->found_key, walk->found);
        h = walk->found_hash;
        depth = walk->found_depth;
    }
    for (;; depth++) {
        if (r307_index_has_depth(index->depths[below], depth)
            && !(is_begun && depth == walk->found_depth)) {
            look(f, h, prefix);
        }
        if (depth == walk->depth) {
            break;
        }
        h = r307_hash_step(h, r307_index_next(walk, s, len, depth, &at), index->seed);
    }
    if (index->exact[below] && !(is_begun && walk->found_exact)) {
        look(f, h, below ? R307_KEY_EXACT_BELOW : R307_KEY_EXACT);
    }
    if (index->shape_count) {
        look_shapes(f, walk, below);
    }
}

/* Whether a path, or what of it lies below a directory, may have a key at all. */
static inline int has_keys(const r307_index_t *index, unsigned below)
{
    return index->depths[below] || index->exact[below] || index->shape_count;
}

const r307_query_t *r307_asked_query(apr_pool_t *p, r307_asked_t *asked)
{
    static const r307_query_t none = { { NULL, 0 }, NULL, 0 };

    if (!asked->query) {
        asked->query = asked->view->query.s ? r307_query_make(p, asked->view->query) : &none;
    }
    return asked->query;
}

void r307_index_find(apr_pool_t *p, const r307_index_t *index, r307_asked_t *asked,
                     r307_candidates_t *candidates)
{
    const r307_path_t *path = asked->view->path;
    finder_t f = { p, index, (const apr_uint32_t *)(const void *)index, asked, candidates };

    r307_candidates_make(candidates);
    if (has_keys(index, 0)) {
        look_path(&f, path->dec, path->len, 0, asked->view->walk);
    }
    if (asked->in_base && has_keys(index, 1)) {
        look_path(&f, asked->in_base->dec + asked->base_from,
                  asked->in_base->len - asked->base_from, 1, asked->view->walk);
    }
    if (index->prefilter) {
        r307_prefilter_find(p, (const void *)(f.words + index->prefilter), path->dec,
                            path->len, candidates);
    }
    r307_candidates_add(p, candidates, f.words + index->always, index->always_count);
}

void r307_index_fetch(const r307_index_t *index, r307_slice_t path)
{
    const r307_slot_t *slots = (const void *)((const apr_uint32_t *)(const void *)index
                                              + index->slots);
    r307_trail_t walk;
    apr_uint64_t h = 0;
    apr_uint32_t depth;
    size_t at = 0;

    r307_index_walk(path.s, path.len, index->seed, &walk);
    at = walk.rest;
    for (depth = 0; depth < walk.depth; depth++) {
        h = r307_hash_step(h, r307_index_next(&walk, path.s, path.len, depth, &at), index->seed);
    }
    __builtin_prefetch(&slots[(apr_uint32_t)r307_index_key(h, R307_KEY_PREFIX, index->seed)
                              & index->slot_mask]);
}

int r307_index_is_by_prefix(const r307_index_t *index)
{
    return !index->exact[0] && !index->exact[1] && !index->shape_count && !index->prefilter;
}

/* Whether it is known which host is asked: walk->host, then. */
static inline int is_named(const r307_first_look_t *first, r307_trail_t *walk)
{
    if (!walk->host.s && first->host) {
        r307_slice_t name = r307_slice(first->host, r307_text_until(first->host, ':'));

        if (!first->host[name.len]) {
            walk->host = r307_cond_host(name);
        }
    }
    return walk->host.s != NULL;
}

static int is_for_host(const r307_first_look_t *first, r307_trail_t *walk,
                       const apr_uint32_t *rules, apr_uint32_t count)
{
    apr_uint32_t i;

    if (!is_named(first, walk)) {
        return 1;
    }
    for (i = 0; i < count; i++) {
        const r307_rule_t *rule = r307_rule_of(first->rules[rules[i]]);

        if (!rule || !r307_cond_spares(rule->conds, rule->cond_count, walk->host)) {
            return 1;
        }
    }
    return 0;
}

/* Whether one of the rules may be for the host that is asked. */
static inline int has_host(const r307_first_look_t *first, r307_trail_t *walk,
                           const apr_uint32_t *rules, apr_uint32_t count)
{
    return count && (!first->rules || is_for_host(first, walk, rules, count));
}

/* Whether one of a key's rules may match: those that stand there by themselves, or beside
 * something of the request. */
static int has_slot(const r307_index_t *index, const r307_first_look_t *first,
                    r307_trail_t *walk, apr_uint64_t key, const r307_slot_t *slot)
{
    const apr_uint32_t *list;

    if (!(slot->value & R307_SLOT_LIST)) {
        return has_host(first, walk, &slot->value, 1);
    }
    list = (const apr_uint32_t *)(const void *)index + index->lists
           + (slot->value & ~R307_SLOT_LIST);
    if (has_host(first, walk, list + 2, list[1])
        || (list[0] & R307_LIST_ARGS && first->has_query)) {
        return 1;
    }
    return list[0] & R307_LIST_HOST
           && (!is_named(first, walk)
               || (list[0] & r307_index_host_bit(walk->host)
                   && probe(index, r307_index_pick(key, R307_PICK_HOST, walk->host,
                                                   r307_slice("", 0), index->seed))));
}

static int has_key(const r307_index_t *index, const r307_first_look_t *first,
                   r307_trail_t *walk, apr_uint64_t path, unsigned kind)
{
    apr_uint64_t key = r307_index_key(path, kind, index->seed);
    const r307_slot_t *slot = probe(index, key);

    return slot && has_slot(index, first, walk, key, slot);
}

static int has_shape(const r307_index_t *index, const r307_first_look_t *first,
                     r307_trail_t *walk, unsigned below)
{
    apr_uint64_t h;
    apr_uint32_t i;

    for (i = 0; next_shape(index, walk, below, &i, &h); i++) {
        if (has_key(index, first, walk, h, R307_KEY_SHAPE + i)) {
            return 1;
        }
    }
    return 0;
}

/* The same of a border of segments, or of the whole path. What is found as the first of all
 * is noted, so that the decision goes on from there. */
static inline int has_path(const r307_index_t *index, const r307_first_look_t *first,
                           r307_trail_t *walk, apr_uint32_t depth, apr_uint64_t h,
                           unsigned kind, int *is_first)
{
    apr_uint64_t key = r307_index_key(h, kind, index->seed);
    const r307_slot_t *slot = probe(index, key);

    if (!slot) {
        return 0;
    }
    if (!has_slot(index, first, walk, key, slot)) {
        *is_first = 0;
        return 0;
    }
    if (*is_first && depth <= R307_TRAIL_SEGS) {
        walk->found_in = index;
        walk->found = slot;
        walk->found_key = key;
        walk->found_hash = h;
        walk->found_depth = depth;
        walk->found_exact = kind == R307_KEY_EXACT || kind == R307_KEY_EXACT_BELOW;
        walk->found_below = kind == R307_KEY_PREFIX_BELOW || kind == R307_KEY_EXACT_BELOW;
    }
    return 1;
}

/* Every key of the path that was walked. */
static int may_walk(const r307_index_t *index, const r307_first_look_t *first,
                    r307_trail_t *walk, size_t from, unsigned below)
{
    unsigned prefix = below ? R307_KEY_PREFIX_BELOW : R307_KEY_PREFIX;
    const char *s = first->path.s + from;
    size_t at = walk->rest, len = first->path.len - from;
    apr_uint64_t h = 0;
    apr_uint32_t depth;
    int is_first = first->stays;

    if (!walk->is_normal) {
        return 1;
    }
    for (depth = 0;; depth++) {
        if (r307_index_has_depth(index->depths[below], depth)
            && has_path(index, first, walk, depth, h, prefix, &is_first)) {
            return 1;
        }
        if (depth == walk->depth) {
            break;
        }
        h = r307_hash_step(h, r307_index_next(walk, s, len, depth, &at), index->seed);
    }
    return (index->exact[below]
            && has_path(index, first, walk, depth, h,
                        below ? R307_KEY_EXACT_BELOW : R307_KEY_EXACT, &is_first))
           || (index->shape_count && has_shape(index, first, walk, below));
}

static int may_below(const r307_index_t *index, const r307_first_look_t *first,
                     r307_trail_t *walk)
{
    r307_trail_t own;

    if (walk->seed) {
        own.host = walk->host;
        walk = &own;
    }
    r307_index_walk(first->path.s + first->base_from, first->path.len - first->base_from,
              index->seed, walk);
    return may_walk(index, first, walk, first->base_from, 1);
}

/* Every key of the whole path, and whether regexes would see another one. */
static inline int may_keys(const r307_index_t *index, const r307_first_look_t *first,
                           r307_trail_t *walk, int elsewhere)
{
    if (elsewhere && !(r307_index_has_depth(index->depths[0], 0)
                       && has_key(index, first, walk, 0, R307_KEY_PREFIX))) {
        return 0;
    }
    if (!r307_index_is_walk(walk, index->seed, first->path.s)) {
        r307_index_walk(first->path.s, first->path.len, index->seed, walk);
    }
    return may_walk(index, first, walk, 0, 0);
}

/* Where what the path begins with does not tell all. */
__attribute__((noinline))
static int may_any(const r307_index_t *index, const r307_first_look_t *first,
                   r307_trail_t *walk)
{
    const apr_uint32_t *words = (const apr_uint32_t *)(const void *)index;
    r307_slice_t path = first->path;
    int elsewhere = begins_elsewhere(index, path, walk);

    if ((index->always_count
         && has_host(first, walk, words + index->always, index->always_count))
        || ((has_keys(index, 0) || index->prefilter)
            && may_keys(index, first, walk, elsewhere))) {
        return 1;
    }
    if (index->prefilter && (!elsewhere || index->others & R307_OTHERS_REGEX)
        && r307_prefilter_may((const void *)(words + index->prefilter), path.s, path.len)) {
        return 1;
    }
    return index->others & R307_OTHERS_BELOW
           && (first->base_from >= path.len || may_below(index, first, walk));
}

void r307_index_elsewhere(const r307_index_t *index, apr_uint64_t *elsewhere)
{
    int i;

    for (i = 0; i < R307_INDEX_BEGINS; i++) {
        elsewhere[i] = index->others ? 0 : ~index->begins[i];
    }
}

int r307_index_may_walk(const r307_index_t *index, const r307_first_look_t *first,
                        r307_trail_t *walk)
{
    r307_slice_t path = first->path;

    if (path.len == 0 || path.s[0] != '/') {
        return 1;
    }
    if (index->others) {
        return may_any(index, first, walk);
    }
    if (!r307_index_is_walk(walk, index->seed, path.s)) {
        /* so it is for nearly all requests, of nearly all servers */
        if (begins_elsewhere(index, path, walk)) {
            return 0;
        }
        r307_index_walk(path.s, path.len, index->seed, walk);
    }
    return index->prefilter ? may_any(index, first, walk)
                            : may_walk(index, first, walk, 0, 0);
}

int r307_index_may(const r307_index_t *index, const r307_first_look_t *first)
{
    r307_trail_t walk;

    r307_trail_begin(&walk);
    return r307_index_may_walk(index, first, &walk);
}
