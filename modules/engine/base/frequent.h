/* SPDX-License-Identifier: Apache-2.0
 *
 * frequent: how often each of very many texts comes, in bounded memory: the frequent
 * ones stay and the rare ones go (Misra and Gries, with many counters lowered at once).
 * A count is never too high, and too low by no more than r307_frequent_error, which is
 * less than a 100 000th of all that was added as long as the texts that are kept have
 * room. Which ones stay depends on the order of what is added alone, not on the hashes.
 */
#ifndef R307_FREQUENT_H
#define R307_FREQUENT_H

#include <stddef.h>
#include <apr.h>

typedef struct r307_frequent_item_t {
    apr_uint64_t hash;          /* stands for the text */
    apr_uint64_t count;
    apr_uint32_t others;        /* the caller's own, as is `last` */
    apr_uint32_t last;
    apr_uint32_t text, len;     /* of r307_frequent_text; len 0: it is not kept */
} r307_frequent_item_t;

typedef struct r307_frequent_t r307_frequent_t;

/* For texts of `text_room` bytes together. Ends the process when there is no memory, as a
 * pool does. */
r307_frequent_t *r307_frequent_make(size_t text_room);
void r307_frequent_free(r307_frequent_t *set);

/* One more. text: NULL where it is not to be kept. */
r307_frequent_item_t *r307_frequent_add(r307_frequent_t *set, apr_uint64_t hash,
                                        const char *text, size_t len);
/* NULL: it is not there. Valid until something is added or dropped. */
r307_frequent_item_t *r307_frequent_find(r307_frequent_t *set, apr_uint64_t hash);
/* Keeps the text, if there is room. */
void r307_frequent_name(r307_frequent_t *set, r307_frequent_item_t *item,
                        const char *text, size_t len);
/* No end stands behind it. */
const char *r307_frequent_text(const r307_frequent_t *set,
                               const r307_frequent_item_t *item);

/* All that stayed, in the order in which they came. */
r307_frequent_item_t *r307_frequent_items(const r307_frequent_t *set, size_t *count);
apr_uint64_t r307_frequent_error(const r307_frequent_t *set);

/* The `nth` largest count, from 1, of those whose hash ends with the bit `list`; 0: there
 * are not so many. */
apr_uint64_t r307_frequent_nth(const r307_frequent_t *set, int list, size_t nth);
/* Drops those of the list that were counted less often. */
void r307_frequent_drop(r307_frequent_t *set, int list, apr_uint64_t least);

#endif
