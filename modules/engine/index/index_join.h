/* SPDX-License-Identifier: Apache-2.0
 *
 * index_join: of indexes that are asked one after the other, which is the first that may know a
 * path. One look into a small table tells, whatever their number.
 */
#ifndef R307_INDEX_JOIN_H
#define R307_INDEX_JOIN_H

#include "index/index.h"

#define R307_JOIN_CELLS 65536       /* at most; indexes for whose keys these are too few are not
                                     * told of */

/* Each word is written, with release, while others may be reading; they ask afterwards whether
 * that was so, and then for nothing of what they read. */
typedef struct r307_index_join_t {
    apr_uint32_t *cells;            /* R307_JOIN_CELLS, of who fills it; NULL: there are none */
    apr_uint64_t seed;              /* of all that are told of */
    apr_uint64_t depths;            /* of prefixes, of one of them */
    apr_uint32_t exact;
    apr_uint32_t mask;              /* of the cells that are used */
    apr_uint32_t told;              /* so many indexes, the first ones, are told of */
} r307_index_join_t;

/* Fills it anew. NULL: an index of which nothing is known; what it and those behind it hold is
 * not told, nor behind one of another seed, or one that has more than paths of httpd.conf as
 * keys. */
void r307_index_join_fill(r307_index_join_t *join, const r307_index_t *const *indexes,
                          int count);

/* How many of them, from the first on, r307_index_may_walk says 0 of; more may be. The path
 * begins with '/'. *walk as there. */
int r307_index_join_ask(const r307_index_join_t *join, const r307_first_look_t *first,
                        r307_trail_t *walk);

#endif
