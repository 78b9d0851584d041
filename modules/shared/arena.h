/* SPDX-License-Identifier: Apache-2.0
 *
 * arena: memory that the processes of a server share, for images of maps. Made by the
 * parent, inherited by its children, kept over restarts, gone with the last process.
 *
 * Who may write (W), add to (+) and read (r) which word:
 *
 *                        the writer:                   a child:
 *                        parent   builder  its threads  requests  its follower
 *     current, retired      W        W         -           r          r
 *     files                 W        W         -           r          r
 *     slots, claimed        W        W         -           r          r
 *       used, kept          W        W         -           W          r
 *     a version's bytes     W        W         W           r          r
 *     counts                +        +         -           +          -
 *     readers[i].pid        r        r         -           -          -
 *       epoch, holds        r        r         -           W          W
 *       waiting             r        r         -           +          -
 *
 * used and kept say when, and for which writer, somebody wants the map's file to be looked at;
 * no byte of a version hangs on them. A version's bytes are written until it is published and
 * never again, a thread's being those that were reserved for its build. A child takes a
 * reader's place at its start, by writing its pid there, and writes nobody else's; its epoch
 * moves when the follower is begun, and then by the follower alone. Whoever finds a reader
 * dead writes its pid back to 0.
 *
 * There is one writer at a time, and whoever starts one has ended the one before: so there
 * is no lock. The parent is it until its builder begins, then the builder is; of an arena
 * that is not shared, one thread of its process.
 *
 * A version of a map is a run of bytes that is written, published by one atomic store and
 * never changed. What is allocated is known from the tables of published and of retired
 * versions alone: a writer that dies leaves nothing behind, because nothing of what it was
 * about to publish was in the tables. A retired version is free once every reader has said
 * that it does not read it; one that died says so by being dead.
 *
 * A process that went mad, or serves somebody who is hostile, can write anything here, and
 * the parent that writes may be root: no place that is read here is used before it was
 * looked at, so that nobody reads or writes outside. It reads words of the tables and, of
 * a version, its number: what was published before a restart goes on where it lies, and is read by
 * those who serve alone. What it writes while others live it makes in memory of its own.
 */
#ifndef R307_SHARED_ARENA_H
#define R307_SHARED_ARENA_H

#include <sys/types.h>
#include <apr_pools.h>
#include "base/filestate.h"
#include "base/text.h"

typedef struct r307_arena_t r307_arena_t;

/* A version's head; the image follows, aligned. */
typedef struct r307_mapversion_t {
    apr_uint64_t serial;        /* unique in the arena; never 0 */
    apr_uint64_t len;           /* of everything, this head included */
    apr_uint64_t image_len;
    r307_filestate_t of;        /* the file it was made from */
    apr_uint32_t image_at;      /* from the head's beginning */
    apr_uint32_t key_at, key_len;
    apr_uint32_t rules, bad;
    apr_uint32_t unused;
} r307_mapversion_t;

/* A version that a map of httpd.conf is or was at. */
typedef struct r307_mapwas_t {
    apr_time_t since;           /* it was taken then */
    apr_uint64_t written;       /* as in r307_filestate_t, of its file */
    apr_uint32_t rules, bad;    /* R307_MAP_UNCOUNTED: of an image that is mapped */
} r307_mapwas_t;

#define R307_MAP_UNCOUNTED APR_UINT32_MAX
#define R307_MAP_VERSIONS  6

/* What is known of one map, whatever process is asked. */
typedef struct r307_mapslot_t {
    apr_uint64_t key;           /* 0: free */
    apr_uint64_t used;          /* the last request, by the clock below */
    apr_uint64_t kept;          /* the number of the writer that looks at its file */
    apr_uint64_t refused;       /* what was wrong with the file at last; 0: nothing */
    apr_uint64_t device, inode; /* of the file at the last look */
    r307_filestate_t built;     /* what is in use was made from: the version, or an image
                                 * that children inherit mapped; inode 0: nothing is */
    apr_uint64_t trying;        /* a number of the file that is built from now; 0: none */
    apr_uint64_t crashed;       /* of the one that was built when a writer died, */
    apr_uint32_t crashes;       /* once, and so often more while it was built alone */
    apr_uint32_t is_conf;       /* of httpd.conf: keeps its slot */
    apr_uint32_t wants_file;    /* the writer cannot open it, and asks who can */
    apr_uint32_t home;          /* who it belongs to, set by the writer once it is claimed;
                                 * 0: nobody in particular */
    apr_uint64_t versions;      /* that it was at, the one in use among them: the writer adds one
                                 * when it stands in `was`, by their number; of httpd.conf only */
    r307_mapwas_t was[R307_MAP_VERSIONS];
} r307_mapslot_t;

typedef struct r307_arena_size_t {
    apr_size_t bytes;           /* of the images */
    unsigned slots, readers;    /* slots: rounded up to a power of two */
    int is_shared;              /* 0: each process that forks has its own, copied when
                                 * written */
} r307_arena_size_t;

/* NULL: the system gives no such memory. It goes with p. */
r307_arena_t *r307_arena_make(apr_pool_t *p, const r307_arena_size_t *size);
/* Whether it is one that would be made for that: a table may be larger. */
int r307_arena_fits(const r307_arena_t *arena, const r307_arena_size_t *size);
int r307_arena_slots(const r307_arena_t *arena);

/* The slot of a map, -1 when it has none. */
int r307_arena_find(const r307_arena_t *arena, r307_slice_t key);
r307_mapslot_t *r307_arena_slot(const r307_arena_t *arena, int slot);
/* The next one that ever had a map; -1: there is none. The first one: after -1. */
int r307_arena_next(const r307_arena_t *arena, int slot);
/* Random, and the same as long as there is this arena: for hashes that its users share. */
apr_uint64_t r307_arena_seed(const r307_arena_t *arena);
/* What `key` of the map's slot is, as long as it has one. */
apr_uint64_t r307_arena_key(const r307_arena_t *arena, r307_slice_t key);
/* Whether any slot's file is that one. */
int r307_arena_is_file(const r307_arena_t *arena, apr_uint64_t device, apr_uint64_t inode);

/* The clock that never goes back, the same in all processes, in microseconds. */
apr_uint64_t r307_arena_clock(void);

/* --- reading --- */

/* Says that this process exists and reads. 0: there is no room to say so, and nothing
 * will be freed any more. */
int r307_arena_join(r307_arena_t *arena, pid_t self);
/* That it reads nothing until it begins: who never moves on must not keep all from being
 * freed. To begin twice is to begin once. */
void r307_arena_rest(r307_arena_t *arena);
void r307_arena_begin(r307_arena_t *arena);
/* For who knows: that process is gone. */
void r307_arena_bury(r307_arena_t *arena, pid_t pid);

/* The versions that a map of httpd.conf was at, the one in use first; how many there are, at
 * most R307_MAP_VERSIONS - 1. */
int r307_arena_versions(const r307_arena_t *arena, int slot, r307_mapwas_t *was);

/* The version that a slot had at some moment of the call; NULL: none. */
const r307_mapversion_t *r307_arena_current(const r307_arena_t *arena, int slot);
/* Whether the slot is at that version. */
int r307_arena_is_at(const r307_arena_t *arena, int slot, const r307_mapversion_t *version);
const void *r307_mapversion_image(const r307_mapversion_t *version);
int r307_mapversion_is_of(const r307_mapversion_t *version, r307_slice_t key);

/* Taken before a process looks whether what it reads is current. */
apr_uint64_t r307_arena_epoch(const r307_arena_t *arena);
#define R307_HOLDS 32
/* Nothing is read any more that was retired before `epoch`, but for these serials; count
 * is R307_HOLDS at most. */
void r307_arena_move(r307_arena_t *arena, apr_uint64_t epoch, const apr_uint64_t *holds,
                     int count);
/* Whether the writer wants room that readers could give by moving on. */
int r307_arena_is_pressed(const r307_arena_t *arena);

/* Requests that wait for a map, this one with them: by how many that changes in this
 * process. What it then is of all. */
unsigned r307_arena_wait(r307_arena_t *arena, int by);

/* The number of the writer. */
apr_uint64_t r307_arena_keeper(const r307_arena_t *arena);

/* --- writing: the writer alone --- */

/* Another one writes from now on, which does not know what the one before looked at. */
void r307_arena_succeed(r307_arena_t *arena);

/* The next maps of httpd.conf are others: those of before keep their versions as tenants'
 * maps do, until somebody needs the room. */
void r307_arena_unpin(r307_arena_t *arena);
/* The slot of a map, made where it has none: a map of tenants that was not asked for
 * longest may lose its place, one of the home with the most of the places that the new one
 * may have, where those are more than a quarter. -1: not even that. */
int r307_arena_claim(r307_arena_t *arena, r307_slice_t key, int is_conf);
void r307_arena_note_file(r307_arena_t *arena, int slot, apr_uint64_t device,
                          apr_uint64_t inode);

#define R307_RESERVED 16
typedef struct r307_wanted_t {
    r307_slice_t key;
    apr_uint64_t image_len;
    int is_conf;
    int is_urgent;              /* it was asked for long enough: one more map of tenants is
                                 * evicted, though room is still to come from readers */
} r307_wanted_t;

/* Room for an image; NULL when there is none now. It is the caller's until published or
 * given up; R307_RESERVED at a time. Where others have to go for it, a home that has more than
 * an eighth of what tenants may have together goes first, so that nobody puts out all others. */
r307_mapversion_t *r307_arena_reserve(r307_arena_t *arena, const r307_wanted_t *wanted);
void r307_arena_give_up(r307_arena_t *arena, r307_mapversion_t *version);
/* Where its image goes: by the key, and not by what stands in its head by now. */
void *r307_arena_image_room(r307_mapversion_t *version, r307_slice_t key);
/* version: reserved and written; of: the file it was made from. */
void r307_arena_publish(r307_arena_t *arena, int slot, r307_mapversion_t *version,
                        const r307_filestate_t *of);
/* What is in use is an image that children inherit mapped, made from that file. */
void r307_arena_publish_mapped(r307_arena_t *arena, int slot, const r307_filestate_t *of);

/* Whether an image of that size could ever have room. */
int r307_arena_is_too_large(const r307_arena_t *arena, apr_uint64_t image_len, int is_conf);

typedef struct r307_arena_usage_t {
    apr_uint64_t size, used;    /* bytes */
    apr_uint32_t maps;          /* that have a version */
} r307_arena_usage_t;

void r307_arena_usage(const r307_arena_t *arena, r307_arena_usage_t *usage);

/* --- counting --- */

/* What happened since the arena was made. R307_COUNT_NOT_*: requests that were answered 503,
 * and why. */
typedef enum {
    R307_COUNT_BUILT,
    R307_COUNT_REFUSED,
    R307_COUNT_EVICTED,
    R307_COUNT_CRASHED,
    R307_COUNT_WAITED,
    R307_COUNT_NOT_SETTLED,
    R307_COUNT_NOT_BUILT,
    R307_COUNT_NOT_ASKED,
    R307_COUNT_NOT_PLACED,
    R307_COUNT_NOT_KEPT,
    R307_COUNTS
} r307_count_t;

void r307_arena_count(r307_arena_t *arena, r307_count_t what);
apr_uint64_t r307_arena_counted(const r307_arena_t *arena, r307_count_t what);
/* In front of the number, for people. */
const char *r307_arena_count_name(r307_count_t what);

#endif
