/* SPDX-License-Identifier: Apache-2.0
 *
 * The request-time half of prefilter. */
#include "index/prefilter_block.h"
#include "index/prefilter.h"

#include <string.h>

typedef struct reader_t {
    apr_pool_t *p;
    const r307_prefilter_t *prefilter;
    const apr_uint32_t *words;
    const unsigned char *path;
    size_t len;
    r307_candidates_t *found;
} reader_t;

/* --- words --- */

/* Where the byte leads from the state; 0 when nowhere. */
static apr_uint32_t follow(const r307_ac_state_t *state, const apr_uint32_t *edges,
                           unsigned char c)
{
    apr_uint32_t from = state->edge, to = state->edge + state->edges;

    while (from < to) {
        apr_uint32_t middle = from + (to - from) / 2;
        apr_uint32_t byte = edges[middle] >> R307_EDGE_BITS;

        if (byte == c) {
            return edges[middle] & R307_EDGE_MOST;
        }
        if (byte < c) {
            from = middle + 1;
        }
        else {
            to = middle;
        }
    }
    return 0;
}

#define SEEN_FEW 16

/* Words that were found: of nearly all paths one or two. */
typedef struct seen_t {
    apr_uint32_t few[SEEN_FEW];     /* states where they end */
    unsigned count;
    unsigned char *all;             /* of more: a bit for each state; NULL: there are few */
} seen_t;

static int mark(unsigned char *all, apr_uint32_t at)
{
    int is_new = !(all[at / 8] & 1 << at % 8);

    all[at / 8] |= (unsigned char)(1 << at % 8);
    return is_new;
}

/* Whether nothing was found yet that ends in the state; from now on it was. */
static int is_new(const reader_t *reader, seen_t *seen, apr_uint32_t at)
{
    unsigned i;

    if (seen->all) {
        return mark(seen->all, at);
    }
    for (i = 0; i < seen->count; i++) {
        if (seen->few[i] == at) {
            return 0;
        }
    }
    if (seen->count < SEEN_FEW) {
        seen->few[seen->count++] = at;
        return 1;
    }
    seen->all = apr_pcalloc(reader->p, reader->prefilter->state_count / 8 + 1);
    for (i = 0; i < seen->count; i++) {
        mark(seen->all, seen->few[i]);
    }
    return mark(seen->all, at);
}

/* The rules of every word that ends here, and each word once, however often it comes. */
static void take(const reader_t *reader, const r307_ac_state_t *states, apr_uint32_t at,
                 seen_t *seen)
{
    for (; at && is_new(reader, seen, at); at = states[at].shorter) {
        if (states[at].list != R307_PREFILTER_NONE) {
            const apr_uint32_t *list = reader->words + reader->prefilter->lists
                + states[at].list;

            r307_candidates_add(reader->p, reader->found, list + 1, list[0]);
        }
    }
}

/* The state after the next byte. */
static apr_uint32_t step(const r307_ac_state_t *states, const apr_uint32_t *edges,
                         apr_uint32_t at, unsigned char byte)
{
    unsigned char c = (unsigned char)r307_text_lower((char)byte);
    apr_uint32_t next;

    while (!(next = follow(&states[at], edges, c)) && at) {
        at = states[at].fail;
    }
    return next;
}

#define FIRST_FEWEST 16

/* The bytes that words begin with, in both letter cases, as bits; 0: there are too many to be
 * worth it. */
static int first_bytes(const r307_ac_state_t *state, const apr_uint32_t *edges,
                       apr_uint64_t first[4])
{
    apr_uint32_t k;

    if (state->edges > FIRST_FEWEST) {
        return 0;
    }
    memset(first, 0, 4 * sizeof(*first));
    for (k = state->edge; k < state->edge + state->edges; k++) {
        unsigned byte = edges[k] >> R307_EDGE_BITS;
        unsigned upper = byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte;

        first[byte / 64] |= 1ull << byte % 64;
        first[upper / 64] |= 1ull << upper % 64;
    }
    return 1;
}

static int ends_word(const r307_ac_state_t *state)
{
    return state->list != R307_PREFILTER_NONE || state->shorter;
}

/* Whether there is a word; what they find is taken where `found` is not NULL. */
static int look_for_words(const reader_t *reader)
{
    const r307_ac_state_t *states = (const void *)(reader->words + reader->prefilter->states);
    const apr_uint32_t *edges = reader->words + reader->prefilter->edges;
    seen_t seen;
    apr_uint64_t first[4];
    apr_uint32_t at = 0;
    int is_known = first_bytes(&states[0], edges, first);
    const unsigned char *path = reader->path, *end = path + reader->len;

    seen.count = 0;
    seen.all = NULL;
    for (; path < end; path++) {
        if (!at && is_known && !(first[*path / 64] >> *path % 64 & 1)) {
            continue;               /* nearly all bytes begin nothing */
        }
        at = step(states, edges, at, *path);
        if (at && ends_word(&states[at])) {
            if (!reader->found) {
                return 1;
            }
            take(reader, states, at, &seen);
        }
    }
    return seen.count > 0;
}

/* --- groups --- */

static const apr_uint64_t *row_of(const reader_t *reader, const r307_bit_rows_t *group,
                                  apr_uint32_t place, size_t at)
{
    const unsigned char *class_of = (const void *)(reader->words + group->class_of);
    const apr_uint64_t *rows = (const void *)(reader->words + group->rows);
    apr_uint32_t class = at < reader->len ? class_of[reader->path[at]]
                                          : group->classes - 1;

    return rows + ((size_t)place * group->classes + class) * group->width;
}

/* Which of up to 64 regexes can begin at `at`: nearly always the first byte says none. */
static inline apr_uint64_t few_at(const reader_t *reader, const r307_bit_rows_t *group,
                                  size_t at)
{
    const unsigned char *class_of = (const void *)(reader->words + group->class_of);
    const apr_uint64_t *rows = (const void *)(reader->words + group->rows);
    apr_uint64_t bits = ~(apr_uint64_t)0;
    apr_uint32_t place = 0;

    for (; bits && place < group->places && at + place < reader->len; place++) {
        bits &= rows[class_of[reader->path[at + place]]];
        rows += group->classes;
    }
    if (place < group->places && at + place == reader->len) {
        bits &= rows[group->classes - 1];
    }
    return bits;
}

/* The same of more, added to `can`. Behind the end nobody wants a byte. */
static void compare_at(const reader_t *reader, const r307_bit_rows_t *group, size_t at,
                       apr_uint64_t *can)
{
    const apr_uint64_t *rows[R307_NEEDS_BYTES];
    apr_uint32_t places = 0, w, k;

    while (places < group->places && at + places <= reader->len) {
        rows[places] = row_of(reader, group, places, at + places);
        places++;
    }
    for (w = 0; w < group->width; w++) {
        apr_uint64_t bits = rows[0][w];

        for (k = 1; bits && k < places; k++) {
            bits &= rows[k][w];
        }
        can[w] |= bits;
    }
}

static int take_group(const reader_t *reader, const r307_bit_rows_t *group,
                      const apr_uint64_t *can)
{
    const apr_uint32_t *rules = reader->words + group->rules;
    const apr_uint32_t *least = reader->words + group->least;
    const apr_uint32_t *most = reader->words + group->most;
    apr_uint32_t *list = NULL, count = 0, w;

    for (w = 0; w < group->width; w++) {
        apr_uint64_t bits = can[w];

        for (; bits; bits &= bits - 1) {
            apr_uint32_t i = w * 64 + (apr_uint32_t)__builtin_ctzll(bits);

            if (reader->len < least[i] || reader->len > most[i]) {
                continue;
            }
            if (!reader->found) {
                return 1;
            }
            if (!list) {
                list = apr_palloc(reader->p, group->count * sizeof(*list));
            }
            list[count++] = rules[i];
        }
    }
    if (count) {
        r307_candidates_add(reader->p, reader->found, list, count);
    }
    return count > 0;
}

static int compare_group(const reader_t *reader, const r307_bit_rows_t *group, int anchored)
{
    apr_uint64_t can[R307_ROWS_WIDTH];
    size_t at, last = anchored ? 0 : reader->len;

    memset(can, 0, group->width * sizeof(*can));
    for (at = 0; at <= last; at++) {
        if (group->width == 1) {
            can[0] |= few_at(reader, group, at);
        }
        else {
            compare_at(reader, group, at, can);
        }
    }
    return take_group(reader, group, can);
}

/* What begins with the path, mostly of few. */
static inline int compare_begin(const reader_t *reader, const r307_bit_rows_t *group)
{
    apr_uint64_t can;

    if (group->width != 1) {
        return compare_group(reader, group, 1);
    }
    can = few_at(reader, group, 0);
    return can && take_group(reader, group, &can);
}

static inline int look(const reader_t *reader)
{
    const r307_prefilter_t *prefilter = reader->prefilter;
    int may = prefilter->state_count && look_for_words(reader);

    if (prefilter->groups[0].count && (reader->found || !may)) {
        may |= compare_begin(reader, &prefilter->groups[0]);
    }
    if (prefilter->groups[1].count && (reader->found || !may)) {
        may |= compare_group(reader, &prefilter->groups[1], 0);
    }
    return may;
}

void r307_prefilter_find(apr_pool_t *p, const r307_prefilter_t *prefilter, const char *path,
                         size_t len, r307_candidates_t *candidates)
{
    reader_t reader = { p, prefilter, (const apr_uint32_t *)(const void *)prefilter,
                        (const unsigned char *)path, len, candidates };

    look(&reader);
    r307_candidates_add(p, candidates, reader.words + prefilter->always,
                        prefilter->always_count);
}

int r307_prefilter_may(const r307_prefilter_t *prefilter, const char *path, size_t len)
{
    reader_t reader = { NULL, prefilter, (const apr_uint32_t *)(const void *)prefilter,
                        (const unsigned char *)path, len, NULL };

    return prefilter->always_count || look(&reader);
}
