/* SPDX-License-Identifier: Apache-2.0
 *
 * What is asked of an index, and of the prefilter in it, that others wrote. */
#include "index/index_block.h"
#include "index/index.h"
#include "index/prefilter_block.h"
#include "index/prefilter.h"

/* Whether a part that begins at word `at` lies in the block, behind its head. */
static int lies_in(size_t head_size, apr_uint32_t words, apr_uint32_t at, apr_uint64_t bytes)
{
    return at >= head_size / 4 && at % 2 == 0 && at <= words
        && bytes <= (apr_uint64_t)(words - at) * 4;
}

#define fits(head, at, bytes) lies_in(sizeof(*(head)), (head)->words, at, bytes)

/* Ascending numbers of rules. */
static int is_run(const apr_uint32_t *rules, size_t n, apr_uint32_t count)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (rules[i] >= count || (i && rules[i] <= rules[i - 1])) {
            return 0;
        }
    }
    return 1;
}

/* --- the prefilter --- */

static int check_states(const r307_prefilter_t *head, const apr_uint32_t *words,
                        apr_uint32_t count)
{
    const r307_ac_state_t *states = (const void *)(words + head->states);
    const apr_uint32_t *edges = words + head->edges, *lists = words + head->lists;
    apr_uint32_t i;

    for (i = 0; i < head->edge_count; i++) {
        if ((edges[i] & R307_EDGE_MOST) >= head->state_count) {
            return 0;
        }
    }
    for (i = 0; i < head->state_count; i++) {
        const r307_ac_state_t *state = &states[i];

        if (state->edge > head->edge_count || state->edges > head->edge_count - state->edge
            || (i ? state->fail >= i || state->shorter >= i
                  : state->fail || state->shorter)) {
            return 0;
        }
        if (state->list != R307_PREFILTER_NONE
            && (state->list >= head->list_words
                || lists[state->list] > head->list_words - state->list - 1
                || !is_run(lists + state->list + 1, lists[state->list], count))) {
            return 0;
        }
    }
    return 1;
}

static int check_group(const r307_prefilter_t *head, const apr_uint32_t *words,
                       const r307_bit_rows_t *group, apr_uint32_t count)
{
    apr_uint64_t each = (apr_uint64_t)group->count * 4;
    const unsigned char *class_of = (const void *)(words + group->class_of);
    const apr_uint64_t *rows = (const void *)(words + group->rows);
    apr_uint64_t beyond;
    size_t i, rows_count;

    if (group->count == 0) {
        return 1;
    }
    if (group->count > R307_ROWS_MOST || group->width != (group->count + 63) / 64
        || group->places < 1 || group->places > R307_NEEDS_BYTES
        || group->classes < 2 || group->classes > 257
        || !fits(head, group->rules, each) || !fits(head, group->least, each)
        || !fits(head, group->most, each) || !fits(head, group->class_of, 256)
        || !fits(head, group->rows, (apr_uint64_t)group->places * group->classes
                                    * group->width * 8)
        || !is_run(words + group->rules, group->count, count)) {
        return 0;
    }
    for (i = 0; i < 256; i++) {
        if (class_of[i] >= group->classes) {
            return 0;
        }
    }
    /* no bit for a regex there is not */
    beyond = group->count % 64 ? ~0ull << (group->count % 64) : 0;
    rows_count = (size_t)group->places * group->classes;
    for (i = 0; i < rows_count; i++) {
        if (rows[(i + 1) * group->width - 1] & beyond) {
            return 0;
        }
    }
    return 1;
}

int r307_prefilter_check(const void *bytes, size_t len, apr_uint32_t count)
{
    const r307_prefilter_t *head = bytes;
    const apr_uint32_t *words = bytes;

    return len >= sizeof(*head) && len % 8 == 0 && (apr_uint64_t)head->words * 4 == len
        && fits(head, head->states, (apr_uint64_t)head->state_count * sizeof(r307_ac_state_t))
        && fits(head, head->edges, (apr_uint64_t)head->edge_count * 4)
        && fits(head, head->lists, (apr_uint64_t)head->list_words * 4)
        && fits(head, head->always, (apr_uint64_t)head->always_count * 4)
        && is_run(words + head->always, head->always_count, count)
        && check_states(head, words, count)
        && check_group(head, words, &head->groups[0], count)
        && check_group(head, words, &head->groups[1], count);
}

/* --- the index --- */

/* The empty one has the bits of the last list there could be. */
static int is_list(apr_uint32_t value)
{
    return (value ^ R307_SLOT_LIST) < (R307_SLOT_EMPTY ^ R307_SLOT_LIST);
}

static int check_list(const r307_index_t *head, const apr_uint32_t *words, apr_uint32_t at,
                      apr_uint32_t count)
{
    apr_uint32_t room = head->lists_end - head->lists;
    const apr_uint32_t *lists = words + head->lists;

    return at < room && room - at >= 2 && lists[at + 1] <= room - at - 2
        && is_run(lists + at + 2, lists[at + 1], count);
}

/* There may be millions: no branch asks what half of them are, in no order. */
static int check_slots(const r307_index_t *head, const apr_uint32_t *words,
                       apr_uint32_t count)
{
    const r307_slot_t *slots = (const r307_slot_t *)(const void *)(words + head->slots);
    apr_uint32_t is_good = 1, i;

    for (i = 0; i <= head->slot_mask; i++) {
        apr_uint32_t value = slots[i].value;

        is_good &= (apr_uint32_t)(value >= R307_SLOT_LIST) | (apr_uint32_t)(value < count);
        if (is_list(value) && !check_list(head, words, value & ~R307_SLOT_LIST, count)) {
            return 0;
        }
    }
    return (int)is_good;
}

static int check_shapes(const r307_index_t *head, const apr_uint32_t *words)
{
    const r307_shape_t *shapes = (const r307_shape_t *)(const void *)
        (words + head->shapes);
    apr_uint32_t i;

    for (i = 0; i < head->shape_count; i++) {
        if (shapes[i].count > R307_SHAPE_SEGS) {
            return 0;
        }
    }
    return 1;
}

int r307_index_check(const void *bytes, size_t len, apr_uint32_t count)
{
    const r307_index_t *head = bytes;
    const apr_uint32_t *words = bytes;

    return len >= sizeof(*head) && len % 8 == 0 && (apr_uint64_t)head->words * 4 == len
        && head->count == count
        && (head->slot_mask & (head->slot_mask + 1)) == 0
        && head->slot_mask <= R307_SLOT_LIST && head->longest <= head->slot_mask + 1
        && fits(head, head->slots, ((apr_uint64_t)head->slot_mask + 1)
                                   * sizeof(r307_slot_t))
        && head->shape_count <= R307_SHAPES_MOST
        && fits(head, head->shapes, head->shape_count * sizeof(r307_shape_t))
        && head->lists_end >= head->lists
        && fits(head, head->lists, (apr_uint64_t)(head->lists_end - head->lists) * 4)
        && fits(head, head->always, (apr_uint64_t)head->always_count * 4)
        && is_run(words + head->always, head->always_count, count)
        && check_slots(head, words, count) && check_shapes(head, words)
        && (head->prefilter
            ? fits(head, head->prefilter, head->prefilter_size)
              && r307_prefilter_check(words + head->prefilter, head->prefilter_size, count)
            : head->prefilter_size == 0);
}
