/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapkeep.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "httpd/mapentry.h"
#include "shared/pages.h"

#define IN_USE   (120 * APR_USEC_PER_SEC)       /* since the last request: looked at */
#define APART    APR_USEC_PER_SEC               /* looks at one file */
#define CROWD    1000   /* maps in use that are looked at as often as that */
#define GLITCH   (20 * 1000)    /* an empty file is looked at twice, so far apart */
#define SOON     (50 * 1000)    /* what could not be looked at now */
#define GRAIN    (10 * 1000)    /* between two rounds over all maps */
#define SLICE    (1 * 1000)     /* of a round, until those who ask are heard */

r307_mapkeep_t *r307_mapkeep_make(apr_pool_t *p, server_rec *s, r307_arena_t *arena)
{
    r307_mapkeep_t *keep = apr_pcalloc(p, sizeof(*keep));

    keep->p = p;
    keep->s = s;
    keep->arena = arena;
    keep->done[0] = keep->done[1] = -1;
    keep->said = r307_mapsay_sum(arena);
    apr_pool_create(&keep->ptemp, p);
    keep->by_slot = r307_pages_make(p, (apr_size_t)r307_arena_slots(arena)
                                       * sizeof(*keep->by_slot));
    return keep->by_slot ? keep : NULL;
}

int r307_mapkeep_fd(const r307_mapkeep_t *keep)
{
    return keep->done[0];
}

void r307_mapkeep_stop(r307_mapkeep_t *keep)
{
    __atomic_store_n(&keep->stop, 1, __ATOMIC_RELAXED);
}

/* --- looking --- */

/* Where very many maps are in use, all is done less often. */
static apr_uint64_t crowding(const r307_mapkeep_t *keep)
{
    return 1 + (apr_uint64_t)keep->count / CROWD;
}

/* The file may still be written: who cannot wait for it is told so. */
static void await(r307_mapentry_t *entry, apr_uint64_t settled)
{
    entry->next = settled < entry->next ? settled : entry->next;
    r307_mapsay_answer(entry, R307_KEPT_YOUNG, settled);
}

/* Whether that state is to be built from. */
static int is_settled(r307_mapkeep_t *keep, r307_mapentry_t *entry, const r307_filestate_t *of,
                      apr_uint64_t now)
{
    const r307_filestate_t *built = has_version(keep, entry) && !entry->is_now
                                    ? &slot_of(keep, entry)->built : NULL;
    r307_watch_t watch = r307_filewatch_look(&entry->watch, built, of, now);
    int is_old = !built && r307_filestate_is_old(of, (apr_uint64_t)apr_time_now() * 1000);

    if (watch == R307_WATCH_TAKE
        || (is_old && (of->size || now - entry->watch.since >= GLITCH))) {
        return 1;
    }
    if (watch == R307_WATCH_SHRUNK) {
        r307_mapsay_shrunk(entry, of);
    }
    entry->is_now = entry->is_now && (is_old || !has_version(keep, entry));
    await(entry, is_old ? entry->watch.since + GLITCH : entry->watch.since + R307_SETTLES);
    return 0;
}

/* Nothing about the file says that there will be rules, or other ones. */
static void give_none(r307_mapkeep_t *keep, r307_mapentry_t *entry, const r307_filestate_t *of,
                      r307_mapfile_t file, const char *problem)
{
    if (file == R307_MAPFILE_LATER) {
        entry->next = r307_arena_clock() + SOON;
        return;
    }
    if (file == R307_MAPFILE_CLOSED && entry->ref->directory && !entry->is_shut) {
        slot_of(keep, entry)->wants_file = 1;
        r307_mapsay_answer(entry, R307_KEPT_CLOSED, 0);
        return;
    }
    if (file == R307_MAPFILE_CLOSED && !entry->ref->directory && has_version(keep, entry)) {
        problem = "can be read by root alone; it was read when the server began, and its "
                  "changes come with the next start";
    }
    r307_mapsay_refuse(keep, entry, of, problem);
    r307_mapleft_close(keep, entry);
    r307_mapsay_answer(entry, R307_KEPT_DONE, 0);
}

/* It is what is in use. */
static void calm(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    r307_mapleft_close(keep, entry);
    entry->refused_of = 0;
    entry->watch.since = 0;
    entry->is_shrunk_said = entry->is_now = 0;
    entry->is_calm = 1;
    __atomic_store_n(&slot_of(keep, entry)->refused, 0, __ATOMIC_SEQ_CST);
    r307_mapsay_answer(entry, R307_KEPT_DONE, 0);
}

static void look(r307_mapkeep_t *keep, r307_mapentry_t *entry, apr_uint64_t now)
{
    r307_mapslot_t *slot = slot_of(keep, entry);
    const char *problem;
    r307_filestate_t of;
    r307_mapfile_t file;

    if (now < entry->crowded) {
        r307_mapsay_answer(entry, R307_KEPT_CROWDED, 0);
        return;
    }
    entry->next = now + APART * crowding(keep);
    if (entry->is_calm && r307_mapload_stands(entry->ref, &slot->built)) {
        calm(keep, entry);
        return;
    }
    entry->is_calm = 0;
    file = r307_mapload_state(keep->ptemp, entry->ref, &of, &problem);
    if (file == R307_MAPFILE_FINE && !entry->ref->handed) {
        slot->wants_file = 0;
    }
    if (file != R307_MAPFILE_FINE) {
        give_none(keep, entry, &of, file, problem);
    }
    else if (slot->built.inode && r307_filestate_same(&slot->built, &of)) {
        calm(keep, entry);
    }
    else if (entry->refused_of == r307_mapsay_number(&of)) {
        r307_mapsay_answer(entry, R307_KEPT_DONE, 0);
    }
    else if (is_settled(keep, entry, &of, now) && !r307_mapleft_take(keep, entry, &of)) {
        r307_mapbuild_begin(keep, entry, &of);
    }
    apr_pool_clear(keep->ptemp);
}

/* --- the maps --- */

static apr_uint64_t used(const r307_mapkeep_t *keep, const r307_mapentry_t *entry)
{
    return __atomic_load_n(&slot_of(keep, entry)->used, __ATOMIC_RELAXED);
}

static r307_mapentry_t *add(r307_mapkeep_t *keep, apr_pool_t *p, const r307_mapref_t *ref, int slot)
{
    r307_mapentry_t *entry = apr_pcalloc(p, sizeof(*entry));

    entry->ref = ref;
    entry->slot = slot;
    entry->key = r307_arena_key(keep->arena, ref->key);
    entry->older = keep->entries;
    keep->entries = entry;
    keep->by_slot[slot] = entry;
    __atomic_store_n(&slot_of(keep, entry)->kept, r307_arena_keeper(keep->arena),
                     __ATOMIC_RELAXED);
    keep->count++;
    return entry;
}

void r307_mapkeep_add(r307_mapkeep_t *keep, const r307_mapref_t *ref, int is_now)
{
    add(keep, keep->p, ref, ref->slot)->is_now = is_now;
    keep->round = 0;
}

static void leave(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    if (is_placed(keep, entry)) {
        __atomic_store_n(&slot_of(keep, entry)->kept, 0, __ATOMIC_RELAXED);
    }
}

/* Not one that a thread builds for. */
static void drop(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    r307_mapsay_answer(entry, R307_KEPT_CROWDED, 0);
    if (entry->job) {
        r307_mapbuild_end(keep, entry);
    }
    if (keep->by_slot[entry->slot] == entry) {
        keep->by_slot[entry->slot] = NULL;
        leave(keep, entry);
    }
    keep->count--;
    if (entry->ref->handed) {
        close(entry->ref->handed - 1);
    }
    if (entry->pool) {
        apr_pool_destroy(entry->pool);
    }
}

/* The entry of a map that has a slot; NULL: nobody asked for it lately. */
static r307_mapentry_t *find(const r307_mapkeep_t *keep, int slot, r307_slice_t key)
{
    r307_mapentry_t *entry = slot < 0 ? NULL : keep->by_slot[slot];

    return entry && is_placed(keep, entry) && entry->ref->key.len == key.len
           && memcmp(entry->ref->key.s, key.s, key.len) == 0 ? entry : NULL;
}

static r307_mapentry_t *admit(r307_mapkeep_t *keep, const r307_mapref_t *ref)
{
    int slot = r307_arena_claim(keep->arena, ref->key, 0);
    r307_mapentry_t *entry = find(keep, slot, ref->key);
    apr_pool_t *pool;

    if (entry || slot < 0
        || apr_pool_create_unmanaged_ex(&pool, NULL, NULL) != APR_SUCCESS) {
        return entry;
    }
    entry = add(keep, pool, r307_mapref_copy(pool, ref), slot);
    entry->pool = pool;
    return entry;
}

static void take_handed(r307_mapentry_t *entry, int handed)
{
    r307_mapref_t *ref = (r307_mapref_t *)entry->ref;   /* the entry's own copy */

    entry->is_shut = handed < 0;
    if (handed <= 0) {
        return;
    }
    if (!entry->pool || entry->job) {   /* a thread may be reading the one it has */
        close(handed - 1);
        return;
    }
    if (ref->handed) {
        close(ref->handed - 1);
    }
    ref->handed = handed;
}

static void wait_for(r307_mapentry_t *entry, int reply, apr_uint64_t deadline)
{
    r307_mapwaiter_t *waiter = reply < 0 ? NULL : malloc(sizeof(*waiter));

    if (!waiter) {
        r307_mapsay_tell(reply, R307_KEPT_CROWDED);
        return;
    }
    waiter->reply = reply;
    waiter->deadline = deadline;
    waiter->next = entry->waiters;
    entry->waiters = waiter;
}

void r307_mapkeep_ask(r307_mapkeep_t *keep, const r307_mapref_t *ref, int reply,
                      apr_uint64_t deadline)
{
    apr_uint64_t now = r307_arena_clock();
    int handed = ref->handed;
    r307_mapref_t plain = *ref;
    r307_mapentry_t *entry;

    plain.handed = 0;
    entry = admit(keep, &plain);
    if (!entry) {
        if (handed > 0) {
            close(handed - 1);
        }
        r307_mapsay_tell(reply, R307_KEPT_CROWDED);
        return;
    }
    entry->is_now = entry->is_now || !has_version(keep, entry)
                    || now > used(keep, entry) + IN_USE;
    __atomic_store_n(&slot_of(keep, entry)->used, now, __ATOMIC_RELAXED);
    __atomic_store_n(&slot_of(keep, entry)->kept, r307_arena_keeper(keep->arena),
                     __ATOMIC_RELAXED);
    take_handed(entry, handed);
    wait_for(entry, reply, deadline);
    if (!entry->job) {
        look(keep, entry, now);
    }
    /* not all are gone through for one that was looked at, unless something is under way */
    keep->round = entry->job ? 0 : entry->next < keep->round ? entry->next : keep->round;
}

/* --- the rounds --- */

/* A tenant's map that was put out to make room comes back when somebody asks, or it would put
 * out another one. */
static int is_out(const r307_mapkeep_t *keep, const r307_mapentry_t *entry)
{
    return entry->pool && !has_version(keep, entry) && !entry->watch.since
        && !slot_of(keep, entry)->refused;
}

/* One that nobody asks for is not looked at, and a tenant's is forgotten: the next request
 * finds that in the slot, and asks. */
static int is_idle(const r307_mapkeep_t *keep, const r307_mapentry_t *entry, apr_uint64_t now)
{
    return !entry->waiters && !entry->job
        && (is_out(keep, entry)
            || (!entry->is_now && used(keep, entry) + IN_USE < now));
}

static int is_gone(const r307_mapkeep_t *keep, const r307_mapentry_t *entry, apr_uint64_t now)
{
    return entry->pool && !(entry->job && entry->job->thread)
           && (!is_placed(keep, entry) || is_idle(keep, entry, now));
}

/* When the entry wants something; APR_UINT64_MAX: not of itself. */
static apr_uint64_t visit(r307_mapkeep_t *keep, r307_mapentry_t *entry, apr_uint64_t now)
{
    r307_mapjob_t *job = entry->job;

    r307_mapsay_answer(entry, R307_KEPT_CROWDED, now);      /* they have gone */
    if (!job && now >= entry->next && !is_idle(keep, entry, now)) {
        look(keep, entry, now);
    }
    else if (job) {
        r307_mapbuild_go_on(keep, entry);
    }
    job = entry->job;
    if (job) {
        /* one that left its turn to another, where none took a lane that will be done */
        return job->step == R307_JOB_CROWDED ? job->again
            : job->step == R307_JOB_QUEUED && !keep->busy ? now : APR_UINT64_MAX;
    }
    if (is_idle(keep, entry, now)) {
        leave(keep, entry);
        return APR_UINT64_MAX;
    }
    return entry->next;
}

/* Looks at what is due, and forgets what is gone: for a slice of time, so that a map that is
 * asked for the first time meanwhile does not wait for all others. 0: it goes on from there. */
static int go_round(r307_mapkeep_t *keep, apr_uint64_t begun)
{
    apr_uint64_t now = begun;
    r307_mapentry_t *entry;

    while ((entry = *keep->at) != NULL && !__atomic_load_n(&keep->stop, __ATOMIC_RELAXED)) {
        if (is_gone(keep, entry, now)) {
            *keep->at = entry->older;
            drop(keep, entry);
        }
        else {
            apr_uint64_t wants = visit(keep, entry, now);

            keep->wanted = wants < keep->wanted ? wants : keep->wanted;
            keep->at = &entry->older;
        }
        now = r307_arena_clock();
        if (now - begun > SLICE) {
            return 0;
        }
    }
    return 1;
}

/* After a whole round; one that was found due meanwhile may not have to wait. */
static void end_round(r307_mapkeep_t *keep, apr_uint64_t now)
{
    apr_uint64_t soonest = now + GRAIN * crowding(keep);
    apr_uint64_t next = keep->wanted < soonest ? soonest : keep->wanted;

    keep->round = next < keep->round ? next : keep->round;
    keep->at = NULL;
}

int r307_mapkeep_work(r307_mapkeep_t *keep)
{
    apr_uint64_t now = r307_arena_clock();

    r307_mapbuild_collect(keep);
    if (!keep->at && now >= keep->round) {
        keep->at = &keep->entries;
        keep->round = keep->wanted = APR_UINT64_MAX;
    }
    if (keep->at) {
        if (!go_round(keep, now)) {
            return 0;
        }
        now = r307_arena_clock();
        end_round(keep, now);
    }
    return keep->round == APR_UINT64_MAX ? -1
        : keep->round <= now ? 0 : (int)((keep->round - now) / 1000 + 1);
}

void r307_mapkeep_work_through(r307_mapkeep_t *keep)
{
    do {
        r307_mapkeep_work(keep);
    } while (keep->at && !__atomic_load_n(&keep->stop, __ATOMIC_RELAXED));
}
