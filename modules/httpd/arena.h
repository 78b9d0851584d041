/* SPDX-License-Identifier: Apache-2.0
 *
 * arena: memory that all processes of one generation share, for images of maps. Made by
 * the parent, inherited by its children, gone with the last of them. Who writes holds the
 * store's mutex; who reads takes no lock.
 *
 * A version of a map is a run of bytes that is written, published by one atomic store and
 * never changed. What is allocated is known from the tables of published and of retired
 * versions alone: a process that dies while it builds leaves nothing behind, because
 * nothing of it was in the tables. A retired version is free once every process has said
 * that it does not read it; one that died says so by being dead.
 */
#ifndef R307_HTTPD_ARENA_H
#define R307_HTTPD_ARENA_H

#include <httpd.h>
#include "engine/text.h"

typedef struct r307_arena_t r307_arena_t;

/* A version's head; the image follows, aligned. */
typedef struct r307_mapversion_t {
    apr_uint64_t serial;        /* unique in the arena; never 0 */
    apr_uint64_t len;           /* of everything, this head included */
    apr_uint64_t state;         /* of the file it was made from */
    apr_uint64_t image_len;
    apr_uint32_t image_at;      /* from the head's beginning */
    apr_uint32_t key_at, key_len;
    apr_uint32_t rules, bad;
} r307_mapversion_t;

/* What is known of one map, whatever process is asked. Everything is read and written by
 * __atomic; only who holds the mutex writes `current` and `key`. */
typedef struct r307_mapslot_t {
    apr_uint64_t key;           /* 0: free */
    apr_uint64_t current;       /* offset of the version; 0: none */
    apr_uint64_t mapped;        /* without a version: state of the image file that children
                                 * inherit mapped; 0: none */
    apr_uint64_t checked;       /* second of the last look at the file */
    apr_uint64_t used;          /* second of the last request */
    apr_uint64_t seen;          /* state of the file at the last look, if it was another
                                 * one than the version's; 0: it was the same */
    apr_uint64_t refused;       /* state of a file that could not be used; 0: none */
    apr_uint64_t device, inode; /* of the file at the last look */
    apr_uint32_t is_tenants;
} r307_mapslot_t;

#define R307_MAPSLOTS 4096

/* size: of the images; is_shared 0: this process and each child has its own, copied when
 * written. NULL: the system gives no such memory. */
r307_arena_t *r307_arena_make(apr_pool_t *p, apr_size_t size, int is_shared);

/* The slot of a map by its key's text, -1 when there is none. `create`, with the mutex
 * held, makes one; the tenant's map that was not asked for longest may lose its place. */
int r307_arena_find(r307_arena_t *arena, r307_slice_t key, int create, int is_tenants);
r307_mapslot_t *r307_arena_slot(r307_arena_t *arena, int slot);
/* What `key` of the map's slot is, as long as it has one. */
apr_uint64_t r307_arena_key(r307_arena_t *arena, r307_slice_t key);

/* That the slot's file is this one; whether any slot's is. Cheap where none is. */
void r307_arena_note_file(r307_arena_t *arena, int slot, apr_uint64_t device,
                          apr_uint64_t inode);
int r307_arena_is_file(r307_arena_t *arena, apr_uint64_t device, apr_uint64_t inode);

/* --- reading --- */

/* Says that this process exists and reads. 0: there is no room to say so, and nothing
 * will be freed any more. */
int r307_arena_join(r307_arena_t *arena);
/* For the parent: that process is gone. */
void r307_arena_bury(r307_arena_t *arena, pid_t pid);

/* The version that a slot had at some moment of the call; NULL: none. */
const r307_mapversion_t *r307_arena_current(r307_arena_t *arena, int slot);
/* Its place, as `current` of a slot says it. */
apr_uint64_t r307_arena_place(r307_arena_t *arena, const r307_mapversion_t *version);
const void *r307_mapversion_image(const r307_mapversion_t *version);

/* Taken before a process looks whether what it reads is current. */
apr_uint64_t r307_arena_epoch(r307_arena_t *arena);
#define R307_HOLDS 6
/* Nothing is read any more that was retired before `epoch`, but for these serials; count
 * is R307_HOLDS at most. */
void r307_arena_move(r307_arena_t *arena, apr_uint64_t epoch, const apr_uint64_t *holds,
                     int count);

/* --- writing, with the mutex held --- */

/* Room for an image of that many bytes; NULL when there is none. It is nobody's until
 * published. */
r307_mapversion_t *r307_arena_reserve(r307_arena_t *arena, r307_slice_t key,
                                   apr_uint64_t image_len, int is_tenants);
void r307_arena_publish(r307_arena_t *arena, int slot, r307_mapversion_t *version);

/* For the parent, of an arena whose children live: the image of that map, to be copied
 * and then checked; NULL: none. */
const void *r307_arena_peek(r307_arena_t *arena, r307_slice_t key, apr_uint64_t *len,
                            apr_uint64_t *state);

/* Bytes that published versions take, and that the arena has. */
void r307_arena_usage(r307_arena_t *arena, apr_uint64_t *used, apr_uint64_t *size);

#endif
