/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapkeep.h"

#include <fcntl.h>
#include <unistd.h>
#include <unixd.h>
#include "httpd/mapentry.h"

#define SMALL    (16 * 1024)    /* files up to here are built at once, without a thread: the
                                 * worst that was found takes 10 ms */
#define SMALL_IMAGE (1024 * 1024)
#define ROOM_APART (50 * 1000)  /* tries to find room, in microseconds */
#define ROOM_TRIES 40
#define ROOM_URGENT 10          /* so often another one is put out for it */
#define ROOM_LATER (2 * APR_USEC_PER_SEC)       /* a map that found none is tried again */
#define CRASHES  3              /* of the process that builds, by one version of one file */

/* What a large file took is given back in ten thousand pieces, by a thread, too. */
static void free_job(r307_mapkeep_t *keep, r307_mapjob_t *job)
{
    job->step = R307_JOB_FREES;
    if (keep->lanes && job->of.size > SMALL && r307_mapjob_spawn(job)) {
        keep->busy++;
        return;
    }
    r307_mapjob_free(job);
}

void r307_mapbuild_end(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    if (entry->job->version) {
        r307_arena_give_up(keep->arena, entry->job->version);
    }
    free_job(keep, entry->job);
    entry->job = NULL;
    r307_mapleft_close(keep, entry);
    if (is_placed(keep, entry)) {
        slot_of(keep, entry)->trying = 0;
    }
}

static void publish(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    r307_mapjob_t *job = entry->job;
    r307_mapslot_t *slot = slot_of(keep, entry);

    if (is_placed(keep, entry)) {
        r307_arena_note_file(keep->arena, entry->slot, job->loaded.of.device,
                             job->loaded.of.inode);
        r307_arena_publish(keep->arena, entry->slot, job->version, &job->loaded.of);
        job->version = NULL;
        __atomic_store_n(&slot->refused, 0, __ATOMIC_SEQ_CST);
        slot->crashes = 0;
        entry->refused_of = 0;
        entry->watch.since = 0;
        entry->is_shrunk_said = entry->is_now = 0;
        r307_arena_count(keep->arena, R307_COUNT_BUILT);
        r307_mapsay_loaded(entry->ref, &job->loaded);
    }
    r307_mapbuild_end(keep, entry);
    r307_mapsay_answer(entry, R307_KEPT_DONE, 0);
}

/* Whether a builder died while that version of the file was built: of it, or beside it. */
static int is_suspect(const r307_mapkeep_t *keep, const r307_mapentry_t *entry)
{
    const r307_mapslot_t *slot = slot_of(keep, entry);

    return slot->crashes && slot->crashed == r307_mapsay_number(&entry->job->of);
}

/* One that finds no lane or no thread is done here. */
static void go_on(r307_mapkeep_t *keep, r307_mapentry_t *entry, int is_small)
{
    r307_mapjob_t *job = entry->job;

    if (is_placed(keep, entry)) {
        slot_of(keep, entry)->trying = r307_mapsay_number(&job->of);
    }
    if (!is_small && keep->lanes && r307_mapjob_spawn(job)) {
        keep->busy++;
        return;
    }
    r307_mapjob_run(job);
}

/* A built image is put where there is room; where there is none it is tried again. */
static void place(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    r307_mapjob_t *job = entry->job;
    r307_wanted_t wanted = { entry->ref->key, job->loaded.len, !entry->ref->directory,
                             job->tries % ROOM_URGENT == ROOM_URGENT - 1 };

    job->version = r307_arena_reserve(keep->arena, &wanted);
    if (job->version) {
        job->step = R307_JOB_WRITES;
        go_on(keep, entry, job->loaded.len <= SMALL_IMAGE);
        return;
    }
    job->step = R307_JOB_CROWDED;
    job->again = r307_arena_clock() + ROOM_APART;
    if (is_placed(keep, entry)) {
        slot_of(keep, entry)->trying = 0;
    }
    if (++job->tries == ROOM_TRIES) {
        r307_mapsay_crowded(entry->ref);
        r307_mapbuild_end(keep, entry);
        entry->next = entry->crowded = r307_arena_clock() + ROOM_LATER;
        r307_mapsay_answer(entry, R307_KEPT_CROWDED, 0);
    }
}

static void weigh(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    r307_mapjob_t *job = entry->job;
    const char *problem = job->loaded.problem;

    if (job->loaded.is_changing || __atomic_load_n(&keep->stop, __ATOMIC_RELAXED)
        || !is_placed(keep, entry)
        || (!problem && keep->is_inherited && !keep->lanes
            && !r307_mapload_make(&job->loaded))) {
        r307_mapbuild_end(keep, entry);
        entry->next = r307_arena_clock() + ROOM_APART;
        return;
    }
    if (!problem && r307_arena_is_too_large(keep->arena, job->loaded.len,
                                            !entry->ref->directory)) {
        problem = r307_mapsay_no_room(keep, entry->ref, job->loaded.len);
    }
    if (problem) {
        r307_mapsay_refuse(keep, entry, &job->loaded.of, problem);
        r307_mapbuild_end(keep, entry);
        r307_mapsay_answer(entry, R307_KEPT_DONE, 0);
        return;
    }
    place(keep, entry);
}

/* As far as it goes without waiting. */
static void advance(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    while (entry->job && !entry->job->thread) {
        r307_mapjob_t *job = entry->job;

        if (job->step == R307_JOB_BUILT) {
            weigh(keep, entry);
        }
        else if (job->step == R307_JOB_CROWDED && r307_arena_clock() >= job->again) {
            place(keep, entry);
        }
        else if (job->step == R307_JOB_WRITTEN) {
            publish(keep, entry);
        }
        else {
            return;
        }
    }
}

/* Two maps of one tenant: of one owner; of one directory where that tells nothing, as it is
 * root or the user that the server runs as. */
static int is_same_tenant(const r307_mapref_t *a, const r307_mapref_t *b)
{
    apr_uint32_t owner = a->folder.owner;

    if (!a->directory || !b->directory || owner != b->folder.owner) {
        return 0;
    }
    return (owner && owner != (apr_uint32_t)ap_unixd_config.user_id)
        || (a->folder.inode == b->folder.inode && a->folder.device == b->folder.device);
}

/* Whether `other` is waited for. A suspect has all lanes to itself, so that what happens is
 * its own doing; it waits until those that build are done, while no other one begins, and
 * after it as many others as there are lanes come first, so that suspects do not keep all
 * from being built. */
static int is_before(const r307_mapkeep_t *keep, const r307_mapentry_t *other,
                     const r307_mapentry_t *wanting)
{
    int is_alone = is_suspect(keep, wanting);

    if (!other->job) {
        return 0;
    }
    if (other->job->thread) {
        return is_alone || is_suspect(keep, other)
            || is_same_tenant(other->ref, wanting->ref);
    }
    return other->job->step == R307_JOB_QUEUED && is_suspect(keep, other) != is_alone
        && is_alone == (keep->owed > 0);
}

static int has_lane(const r307_mapkeep_t *keep, const r307_mapentry_t *wanting)
{
    const r307_mapentry_t *entry;

    if (keep->busy >= keep->lanes) {
        return 0;
    }
    for (entry = keep->entries; entry; entry = entry->older) {
        if (is_before(keep, entry, wanting)) {
            return 0;
        }
    }
    return 1;
}

static void begin(r307_mapkeep_t *keep, r307_mapentry_t *entry, int is_small)
{
    entry->job->step = R307_JOB_BUILDS;
    go_on(keep, entry, is_small);
    advance(keep, entry);
}

static void try_lane(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    if (has_lane(keep, entry)) {
        keep->owed = is_suspect(keep, entry) ? keep->lanes : keep->owed - (keep->owed > 0);
        begin(keep, entry, 0);
    }
}

/* NULL, or what befell who built from this file. The parent, which has no lanes and must
 * not die of it, leaves it to the next process after the first time. */
static const char *what_it_ended(const r307_mapkeep_t *keep, const r307_mapslot_t *slot,
                                 const r307_filestate_t *of)
{
    if (!slot->crashes || slot->crashed != r307_mapsay_number(of)) {
        return NULL;
    }
    if (slot->crashes >= CRASHES) {
        return "ended the process that builds maps, three times; it is left alone until it "
               "changes, and that is worth a bug report";
    }
    return keep->lanes ? NULL : "was built when the process that builds maps died; the next "
                                "one tries it again";
}

void r307_mapbuild_begin(r307_mapkeep_t *keep, r307_mapentry_t *entry, const r307_filestate_t *of)
{
    const char *problem = what_it_ended(keep, slot_of(keep, entry), of);

    if (problem) {
        r307_mapsay_refuse(keep, entry, of, problem);
        r307_mapleft_close(keep, entry);
        r307_mapsay_answer(entry, R307_KEPT_DONE, 0);
        return;
    }
    entry->job = r307_mapjob_make(entry->ref, of, &keep->stop, keep->done[1]);
    if (!entry->job) {
        return;
    }
    if (keep->lanes && (of->size > SMALL || is_suspect(keep, entry))) {
        entry->job->step = R307_JOB_QUEUED;
        try_lane(keep, entry);
        return;
    }
    begin(keep, entry, 1);
}

/* While slot's file was built a builder died. That makes it suspect; more than that is
 * counted when nothing else was built. */
static void count_crash(r307_mapslot_t *slot, int is_alone)
{
    if (slot->crashed != slot->trying) {
        slot->crashes = 0;
    }
    slot->crashed = slot->trying;
    if (!slot->crashes || is_alone) {
        slot->crashes++;
    }
}

void r307_mapkeep_succeed(r307_mapkeep_t *keep, int has_died)
{
    int i, tried = 0;

    for (i = r307_arena_next(keep->arena, -1); i >= 0; i = r307_arena_next(keep->arena, i)) {
        tried += r307_arena_slot(keep->arena, i)->trying != 0;
    }
    r307_arena_succeed(keep->arena);
    if (has_died) {
        r307_arena_count(keep->arena, R307_COUNT_CRASHED);
    }
    for (i = r307_arena_next(keep->arena, -1); i >= 0; i = r307_arena_next(keep->arena, i)) {
        r307_mapslot_t *slot = r307_arena_slot(keep->arena, i);

        if (slot->trying && has_died) {
            count_crash(slot, tried == 1);
        }
        slot->trying = 0;
    }
}

void r307_mapbuild_collect(r307_mapkeep_t *keep)
{
    r307_mapjob_t *job;
    r307_mapentry_t *entry;

    while (keep->lanes
           && read(keep->done[0], &job, sizeof(job)) == (ssize_t)sizeof(job)) {
        r307_mapjob_join(job);
        keep->busy--;
        keep->round = 0;        /* another one may have the lane */
        for (entry = keep->entries; entry && entry->job != job; entry = entry->older) {
            continue;
        }
        if (entry) {
            advance(keep, entry);
        }
        else {
            r307_mapjob_free(job);      /* whose entry went on, or went */
        }
    }
}

void r307_mapbuild_go_on(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    if (entry->job->step == R307_JOB_QUEUED) {
        try_lane(keep, entry);
    }
    else {
        advance(keep, entry);
    }
}

void r307_mapkeep_widen(r307_mapkeep_t *keep, int lanes)
{
    int i;

    keep->is_inherited = 0;     /* whoever has the server's user is at home here */
    if (pipe(keep->done) != 0) {
        keep->done[0] = keep->done[1] = -1;
        return;
    }
    keep->lanes = lanes;
    for (i = 0; i < 2; i++) {
        fcntl(keep->done[i], F_SETFD, FD_CLOEXEC);
    }
    fcntl(keep->done[0], F_SETFL, O_NONBLOCK);
}
