/* SPDX-License-Identifier: Apache-2.0
 *
 * arena_block: the tables of an arena, for arena.c, which reads, and arena_room.c, which
 * writes; for these two alone.
 *
 *     head_t | current[slots] | slots[slots] | readers[readers] | claimed | versions' bytes
 *
 * each from the beginning of a page. Positions of versions count from the last part.
 */
#ifndef R307_SHARED_ARENA_BLOCK_H
#define R307_SHARED_ARENA_BLOCK_H

#include "shared/arena.h"

#include <errno.h>
#include <signal.h>

#define PROBES   16u        /* slots in which a key may stand */
#define RETIRED  8192
#define HOMES    1024u      /* places in which homes are told apart */
#define UNIT     256u       /* versions begin at a multiple of it */
#define FILES    262144u    /* places of the table of files */
#define FILE_PROBES 8u
#define INODES   4096u      /* kinds, by the lowest bits */
#define PAGE     4096u      /* tables begin at a multiple of it */

#define RESTS    APR_UINT64_MAX     /* the epoch of a process that reads nothing */

/* A process that reads. */
typedef struct reader_t {
    apr_uint64_t pid;           /* 0: free */
    apr_uint64_t epoch;         /* 0: not yet known, so everything is read; or RESTS */
    apr_uint64_t holds[R307_HOLDS];
    apr_uint64_t waiting;       /* requests of it that wait for a map */
} reader_t;

/* A version that was replaced, and may still be read. */
typedef struct retired_t {
    apr_uint64_t run;           /* 0: free */
    apr_uint64_t serial;
    apr_uint64_t epoch;         /* who moved past it reads it no more */
} retired_t;

/* A run of bytes in one word, so that it changes at once: where it begins and how long it
 * is, in units; never 0, as unit 0 is not used. */
#define RUN(at, len) ((apr_uint64_t)(at) << 32 | (len))
#define RUN_AT(run)  ((run) >> 32)
#define RUN_LEN(run) ((run) & 0xFFFFFFFFu)

typedef struct head_t {
    apr_uint64_t seed;          /* nobody can aim at another map's slot */
    apr_uint64_t epoch;
    apr_uint64_t serial;
    apr_uint64_t blocked;       /* a reader could not say that it reads */
    apr_uint64_t pressed;       /* the writer lacks room */
    apr_uint64_t counts[R307_COUNTS];
    apr_uint64_t keeper;        /* the writer's number; never 0 */
    retired_t retired[RETIRED];
    apr_uint64_t inodes[INODES / 64];   /* a bit for each kind of inode that a file of these
                                 * ever had; never taken back */
    apr_uint32_t files[FILES];  /* by device and inode: the slot and one; what it says is
                                 * looked up there */
} head_t;

struct r307_arena_t {
    head_t *head;
    apr_uint64_t *current;      /* of each slot: the run of its version; 0: none */
    r307_mapslot_t *slots;
    reader_t *readers;
    apr_uint64_t *claimed;      /* a bit for each slot that ever had a map: who goes through
                                 * all slots reads no others, of which most have no memory */
    unsigned reader_count, slot_count;
    char *data;                 /* runs count from here */
    apr_uint64_t size;
    int is_shared;
    reader_t *self;
    apr_uint64_t reserved[R307_RESERVED];   /* runs; the writer's own */
};

static inline apr_uint64_t load(const apr_uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

static inline void store(apr_uint64_t *word, apr_uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

static inline apr_uint64_t units_of(const r307_arena_t *arena)
{
    return arena->size / UNIT;
}

/* NULL: there is no such place. */
static inline r307_mapversion_t *version_in(const r307_arena_t *arena, apr_uint64_t run)
{
    return run && RUN_AT(run) < units_of(arena)
           && RUN_LEN(run) <= units_of(arena) - RUN_AT(run)
           && RUN_LEN(run) * UNIT >= sizeof(r307_mapversion_t)
           ? (r307_mapversion_t *)(void *)(arena->data + RUN_AT(run) * UNIT) : NULL;
}

static inline int is_dead(apr_uint64_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static inline int is_among(const apr_uint64_t *serials, int count, apr_uint64_t serial)
{
    int i;

    for (i = 0; i < count && serials[i] != serial; i++) {
        continue;
    }
    return i < count;
}

static inline unsigned claimed_words(const r307_arena_t *arena)
{
    return (arena->slot_count + 63) / 64;
}

static inline unsigned slot_at(const r307_arena_t *arena, apr_uint64_t h, unsigned i)
{
    return (unsigned)(h + i) & (arena->slot_count - 1);
}

#endif
