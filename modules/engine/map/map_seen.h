/* SPDX-License-Identifier: Apache-2.0
 *
 * map_seen: the sources of a map that came before, by what they match and not by how they
 * are spelt. Where two are the same and the first one answers whenever it is asked, the
 * second one never does. There may be a million: of a plain line nothing is kept but its
 * number, by which its words are found among those that were added.
 */
#ifndef R307_MAP_SEEN_H
#define R307_MAP_SEEN_H

#include "map/image.h"

typedef struct r307_seen_t r307_seen_t;

/* What a line says of its source. */
typedef struct r307_seen_row_t {
    r307_slice_t key, target;
    unsigned line;
    apr_uint64_t rest;          /* of all else it says; 0: nothing */
    int stays;                  /* it stands in for a bad line */
} r307_seen_row_t;

/* In p. room: about how many will come, of those that the builder adds. `hash` of the functions
 * below is r307_hash_keyed of the key by this seed. */
r307_seen_t *r307_seen_make(apr_pool_t *p, size_t room, const r307_image_builder_t *added,
                            apr_uint64_t seed);

/* In a table of a million cells each one is far away: it is fetched while something else
 * is done. */
void r307_seen_fetch(const r307_seen_t *seen, apr_uint64_t hash);

/* The row of that key, or NULL. Its texts stay until something is added. */
const r307_seen_row_t *r307_seen_find(const r307_seen_t *seen, apr_uint64_t hash,
                                      r307_slice_t key, r307_seen_row_t *row);

/* Keeps a row whose key was not found. */
void r307_seen_keep(r307_seen_t *seen, apr_uint64_t hash, const r307_seen_row_t *row);
/* The same of the line that was added last, where its source is the key and it says nothing
 * but its target. */
void r307_seen_keep_added(r307_seen_t *seen, apr_uint64_t hash, r307_slice_t key);

/* What a source that is no regex matches, in p: decoded and normalised where it is a path
 * that has one form. `way`: what else decides what it matches, 0 for the map's own. */
r307_slice_t r307_seen_key(apr_pool_t *p, const char *source, int way);

#endif
