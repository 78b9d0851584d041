/* SPDX-License-Identifier: Apache-2.0 */
#include "base/frequent.h"

#include <stdlib.h>
#include <string.h>

#define ITEMS_MOST 196608u
#define PLACES 524288u          /* a power of two; few steps at a load of 3/8 */
/* Lowered is by the count at this part from the lowest: by c, of two thirds of
 * ITEMS_MOST at least, so that all lowering together is less than what was added / 131
 * 072. */
#define RANK(count) ((count) / 3)

struct r307_frequent_t {
    r307_frequent_item_t *items;
    size_t count;
    apr_uint32_t *places;       /* number of the item, from 1; 0: none */
    char *texts;
    size_t text_len, text_room;
    apr_uint64_t error;
};

static void *need(void *memory)
{
    if (!memory) {
        abort();
    }
    return memory;
}

r307_frequent_t *r307_frequent_make(size_t text_room)
{
    r307_frequent_t *set = need(calloc(1, sizeof(*set)));

    set->items = need(malloc(ITEMS_MOST * sizeof(*set->items)));
    set->places = need(calloc(PLACES, sizeof(*set->places)));
    set->texts = need(malloc(text_room + 1));
    set->text_room = text_room;
    return set;
}

void r307_frequent_free(r307_frequent_t *set)
{
    free(set->items);
    free(set->places);
    free(set->texts);
    free(set);
}

/* Where the item is, or would be. */
static apr_uint32_t *place_of(const r307_frequent_t *set, apr_uint64_t hash)
{
    size_t at = (size_t)(hash >> 20) & (PLACES - 1);

    while (set->places[at] && set->items[set->places[at] - 1].hash != hash) {
        at = (at + 1) & (PLACES - 1);
    }
    return &set->places[at];
}

/* Items that have no count go; their texts, too. Texts stand in the order of the items
 * wherever something can go. */
static void pack(r307_frequent_t *set)
{
    size_t i, count = 0;

    set->text_len = 0;
    memset(set->places, 0, PLACES * sizeof(*set->places));
    for (i = 0; i < set->count; i++) {
        r307_frequent_item_t *item = &set->items[i];

        if (!item->count) {
            continue;
        }
        memmove(set->texts + set->text_len, set->texts + item->text, item->len);
        item->text = (apr_uint32_t)set->text_len;
        set->text_len += item->len;
        set->items[count++] = *item;
        *place_of(set, item->hash) = (apr_uint32_t)count;
    }
    set->count = count;
}

/* The number at `rank`, from the lowest, which is 0; the order of the numbers changes. */
static apr_uint64_t select_rank(apr_uint64_t *at, size_t count, size_t rank)
{
    size_t low = 0, high = count - 1;

    while (low < high) {
        apr_uint64_t pivot = at[low + (high - low) / 2], kept;
        size_t i = low, k = high;

        for (;;) {
            while (at[i] < pivot) {
                i++;
            }
            while (at[k] > pivot) {
                k--;
            }
            if (i >= k) {
                break;
            }
            kept = at[i];
            at[i++] = at[k];
            at[k--] = kept;
        }
        if (rank <= k) {
            high = k;
        }
        else {
            low = k + 1;
        }
    }
    return at[rank];
}

/* The counts of a list, -1: of all; to be freed. */
static apr_uint64_t *counts_of(const r307_frequent_t *set, int list, size_t *count)
{
    apr_uint64_t *counts = need(malloc((set->count + 1) * sizeof(*counts)));
    size_t i, n = 0;

    for (i = 0; i < set->count; i++) {
        if (list < 0 || (int)(set->items[i].hash & 1) == list) {
            counts[n++] = set->items[i].count;
        }
    }
    *count = n;
    return counts;
}

static void lower(r307_frequent_t *set)
{
    size_t count, i;
    apr_uint64_t *counts = counts_of(set, -1, &count), by;

    by = count ? select_rank(counts, count, RANK(count)) : 0;
    free(counts);
    for (i = 0; i < set->count; i++) {
        r307_frequent_item_t *item = &set->items[i];

        item->count -= item->count < by ? item->count : by;
    }
    set->error += by;
    pack(set);
}

r307_frequent_item_t *r307_frequent_find(r307_frequent_t *set, apr_uint64_t hash)
{
    apr_uint32_t nth = *place_of(set, hash);

    return nth ? &set->items[nth - 1] : NULL;
}

r307_frequent_item_t *r307_frequent_add(r307_frequent_t *set, apr_uint64_t hash,
                                        const char *text, size_t len)
{
    r307_frequent_item_t *item = r307_frequent_find(set, hash);

    if (item) {
        item->count++;
        return item;
    }
    len = text ? len : 0;
    if (set->count == ITEMS_MOST || len > set->text_room - set->text_len) {
        lower(set);
    }
    item = &set->items[set->count++];
    memset(item, 0, sizeof(*item));
    item->hash = hash;
    item->count = 1;
    item->text = (apr_uint32_t)set->text_len;
    *place_of(set, hash) = (apr_uint32_t)set->count;
    r307_frequent_name(set, item, text, len);
    return item;
}

void r307_frequent_name(r307_frequent_t *set, r307_frequent_item_t *item,
                        const char *text, size_t len)
{
    if (len && len <= set->text_room - set->text_len) {
        item->text = (apr_uint32_t)set->text_len;
        item->len = (apr_uint32_t)len;
        memcpy(set->texts + set->text_len, text, len);
        set->text_len += len;
    }
}

const char *r307_frequent_text(const r307_frequent_t *set,
                               const r307_frequent_item_t *item)
{
    return set->texts + item->text;
}

r307_frequent_item_t *r307_frequent_items(const r307_frequent_t *set, size_t *count)
{
    *count = set->count;
    return set->items;
}

apr_uint64_t r307_frequent_error(const r307_frequent_t *set)
{
    return set->error;
}

apr_uint64_t r307_frequent_nth(const r307_frequent_t *set, int list, size_t nth)
{
    size_t count;
    apr_uint64_t *counts = counts_of(set, list, &count);
    apr_uint64_t found = nth <= count ? select_rank(counts, count, count - nth) : 0;

    free(counts);
    return found;
}

void r307_frequent_drop(r307_frequent_t *set, int list, apr_uint64_t least)
{
    size_t i;

    for (i = 0; i < set->count; i++) {
        r307_frequent_item_t *item = &set->items[i];

        if ((int)(item->hash & 1) == list && item->count < least) {
            item->count = 0;
        }
    }
    pack(set);
}
