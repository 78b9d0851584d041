/* SPDX-License-Identifier: Apache-2.0
 *
 * mapentry: what a keep knows of each map; for its own files alone: mapkeep.c (which file
 * is looked at, when, and what follows), mapbuild.c (one version from the file to its
 * place in the arena), mapleft.c (what a restart leaves to who builds after it) and mapsay.c
 * (what the log and those who wait are told).
 */
#ifndef R307_HTTPD_MAPENTRY_H
#define R307_HTTPD_MAPENTRY_H

#include "httpd/mapjob.h"
#include "httpd/mapkept.h"

typedef struct r307_mapwaiter_t {
    int reply;
    apr_uint64_t deadline;
    struct r307_mapwaiter_t *next;
} r307_mapwaiter_t;

/* One map that is kept. */
typedef struct r307_mapentry_t {
    const r307_mapref_t *ref;
    const r307_mapref_t *named; /* ref is a copy of this, with the file as the parent opened
                                 * it, for one build; NULL: it is not */
    apr_pool_t *pool;           /* of this; NULL: a map of httpd.conf, in the keep's */
    int slot;
    apr_uint64_t key;           /* of the slot, unless another map has it by now */
    r307_filewatch_t watch;
    apr_uint64_t next;          /* when it is looked at; 0: now */
    apr_uint64_t crowded;       /* until then there was no room, and nothing is built */
    apr_uint64_t refused_of;    /* number of the file that is no good; 0: none */
    int is_now;                 /* nobody looked for long: the file is taken as it is */
    int is_shut;                /* nor can those open it who ask */
    int is_calm;                /* it is what is in use: so said the last look */
    int is_shrunk_said;
    r307_mapwaiter_t *waiters;
    r307_mapjob_t *job;
    struct r307_mapentry_t *older;
} r307_mapentry_t;

struct r307_mapkeep_t {
    apr_pool_t *p, *ptemp;
    server_rec *s;
    r307_arena_t *arena;
    r307_mapentry_t *entries;           /* the youngest first */
    r307_mapentry_t **by_slot;
    int count;
    int lanes, busy;            /* threads that may build, and do */
    int owed;                   /* builds of others before the next suspect's: mapbuild.c */
    int is_inherited;           /* r307_mapkeep_inherit */
    apr_uint64_t spare;         /* bytes of changed files that it builds all the same */
    int left;                   /* files that are left to the next one, open */
    int done[2];
    int stop;                   /* __atomic */
    apr_uint64_t round;         /* when all are gone through again; 0: now */
    struct r307_mapentry_t **at;        /* as far as that got; NULL: it is over */
    apr_uint64_t wanted;        /* when the first of those behind it wants something */
    apr_uint64_t said;          /* sum of all that was counted when that was said */
};

static inline r307_mapslot_t *slot_of(const r307_mapkeep_t *keep, const r307_mapentry_t *entry)
{
    return r307_arena_slot(keep->arena, entry->slot);
}

/* Whether the slot is still this map's. */
static inline int is_placed(const r307_mapkeep_t *keep, const r307_mapentry_t *entry)
{
    return __atomic_load_n(&slot_of(keep, entry)->key, __ATOMIC_RELAXED) == entry->key;
}

static inline int has_version(const r307_mapkeep_t *keep, const r307_mapentry_t *entry)
{
    return slot_of(keep, entry)->built.inode != 0;
}

/* --- mapleft.c --- */

/* A file that is to be built from, in the parent at a restart: nobody is served while it
 * reads. 1: that is left to who builds next, as its map has rules; it goes along open, as it may
 * be one that only root can open. */
int r307_mapleft_take(r307_mapkeep_t *keep, r307_mapentry_t *entry,
                      const r307_filestate_t *of);
/* It is done with: from now on the file of that name. */
void r307_mapleft_close(r307_mapkeep_t *keep, r307_mapentry_t *entry);

/* --- mapsay.c --- */

/* Tells apart what a file was and is; 0: no file was opened. */
apr_uint64_t r307_mapsay_number(const r307_filestate_t *of);
/* What is wrong with a file is said when it begins. That it is so stands in the slot, for
 * who builds after this process and for who waits. */
void r307_mapsay_refuse(r307_mapkeep_t *keep, r307_mapentry_t *entry,
                        const r307_filestate_t *of, const char *problem);
void r307_mapsay_loaded(const r307_mapref_t *ref, const r307_loaded_t *loaded);
void r307_mapsay_shrunk(r307_mapentry_t *entry, const r307_filestate_t *of);
/* Why an image can never have room. */
const char *r307_mapsay_no_room(r307_mapkeep_t *keep, const r307_mapref_t *ref, size_t len);
void r307_mapsay_crowded(const r307_mapref_t *ref);

/* Of all that was counted. */
apr_uint64_t r307_mapsay_sum(const r307_arena_t *arena);

/* One who waits at that descriptor, which is closed; -1: nobody. */
void r307_mapsay_tell(int reply, r307_kept_t kept);
/* Those who wait for the map and whose deadline is before `until`; 0: all. */
void r307_mapsay_answer(r307_mapentry_t *entry, r307_kept_t kept, apr_uint64_t until);

/* --- mapbuild.c --- */

/* Begins to build from that state of the file, as far as it goes without waiting. */
void r307_mapbuild_begin(r307_mapkeep_t *keep, r307_mapentry_t *entry,
                         const r307_filestate_t *of);
/* What is due of the entry's job. */
void r307_mapbuild_go_on(r307_mapkeep_t *keep, r307_mapentry_t *entry);
/* Takes what threads have done. */
void r307_mapbuild_collect(r307_mapkeep_t *keep);
/* Of an entry without a thread. */
void r307_mapbuild_end(r307_mapkeep_t *keep, r307_mapentry_t *entry);

#endif
