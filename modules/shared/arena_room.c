/* SPDX-License-Identifier: Apache-2.0
 *
 * The half of arena that writes. */
#include "shared/arena_block.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* --- what is read --- */

static apr_uint64_t least_of(apr_uint64_t a, apr_uint64_t b)
{
    return a < b ? a : b;
}

/* What is read by whom: the oldest epoch, and the serials that are held beyond it. */
typedef struct reading_t {
    apr_uint64_t epoch;
    apr_uint64_t *serials;      /* malloc; NULL: not known */
    int count;
} reading_t;

/* The epoch goes first: a serial that is held in place of it was said before. */
static void find_reading(r307_arena_t *arena, reading_t *reading)
{
    unsigned i, k;

    reading->epoch = APR_UINT64_MAX;
    reading->count = 0;
    reading->serials = malloc(arena->reader_count * R307_HOLDS * sizeof(apr_uint64_t));
    for (i = 0; reading->serials && i < arena->reader_count; i++) {
        reader_t *reader = &arena->readers[i];
        apr_uint64_t pid = load(&reader->pid), serial;

        if (!pid) {
            continue;
        }
        if (is_dead(pid)) {
            __atomic_compare_exchange_n(&reader->pid, &pid, 0, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST);
            continue;
        }
        reading->epoch = least_of(reading->epoch, load(&reader->epoch));
        for (k = 0; k < R307_HOLDS; k++) {
            serial = load(&reader->holds[k]);
            if (serial) {
                reading->serials[reading->count++] = serial;
            }
        }
    }
}

static int is_read(const reading_t *reading, const retired_t *retired)
{
    return !reading->serials || reading->epoch <= retired->epoch
        || is_among(reading->serials, reading->count, retired->serial);
}

/* --- room --- */

/* First into the table of retired ones, then out of the slot: who dies between the two
 * leaves a version that is in both tables, which is as good as in one. */
static void retire(r307_arena_t *arena, int slot, apr_uint64_t next)
{
    apr_uint64_t run = load(&arena->current[slot]);
    const r307_mapversion_t *version = version_in(arena, run);
    retired_t *retired = NULL;
    int i;

    for (i = 0; version && i < RETIRED && !retired; i++) {
        if (!arena->head->retired[i].run) {
            retired = &arena->head->retired[i];
        }
    }
    if (retired) {
        retired->serial = version->serial;
        retired->epoch = APR_UINT64_MAX;        /* read by all, until the end of this */
        store(&retired->run, run);
    }
    else if (version) {
        arena->head->blocked = 1;   /* cannot be: who retires looked for a place */
    }
    store(&arena->current[slot], next);
    if (retired) {
        store(&retired->epoch,
              __atomic_fetch_add(&arena->head->epoch, 1, __ATOMIC_SEQ_CST));
    }
}

/* Gives whole pages back, so that what is free costs nothing. Of the address, as shared
 * memory does not begin at a page. */
static void give_back(r307_arena_t *arena, apr_uint64_t run)
{
#ifdef MADV_REMOVE
    apr_uintptr_t page = (apr_uintptr_t)sysconf(_SC_PAGESIZE);
    apr_uintptr_t at = (apr_uintptr_t)(arena->data + RUN_AT(run) * UNIT);
    apr_uintptr_t from = (at + page - 1) / page * page;
    apr_uintptr_t to = (at + (apr_uintptr_t)(RUN_LEN(run) * UNIT)) / page * page;

    if (version_in(arena, run) && to > from) {
        madvise((void *)from, (size_t)(to - from),
                arena->is_shared ? MADV_REMOVE : MADV_DONTNEED);
    }
#endif
}

static int is_current(const r307_arena_t *arena, apr_uint64_t run)
{
    int i;

    for (i = r307_arena_next(arena, -1); i >= 0; i = r307_arena_next(arena, i)) {
        if (load(&arena->current[i]) == run) {
            return 1;
        }
    }
    return 0;
}

/* Its process died between the two steps of retire: either the version is still in its
 * slot, and was never retired, or it counts as retired from now on. */
static void mend(r307_arena_t *arena, retired_t *retired)
{
    if (is_current(arena, retired->run)) {
        store(&retired->run, 0);
    }
    else {
        store(&retired->epoch,
              __atomic_fetch_add(&arena->head->epoch, 1, __ATOMIC_SEQ_CST));
    }
}

/* Frees what nobody reads. 0: the table of retired versions is full all the same. */
static int reclaim(r307_arena_t *arena)
{
    reading_t reading;
    int i, places = 0;

    find_reading(arena, &reading);
    for (i = 0; i < RETIRED; i++) {
        retired_t *retired = &arena->head->retired[i];

        if (retired->run && retired->epoch == APR_UINT64_MAX) {
            mend(arena, retired);
        }
        if (retired->run && !arena->head->blocked && !is_read(&reading, retired)) {
            give_back(arena, retired->run);
            store(&retired->run, 0);
        }
        places += !retired->run;
    }
    free(reading.serials);
    return places;
}

static void mark(unsigned char *taken, apr_uint64_t units, apr_uint64_t run)
{
    apr_uint64_t at = RUN_AT(run), end = at + RUN_LEN(run);

    end = end < units ? end : units;
    for (; at < end && at % 8; at++) {
        taken[at / 8] |= (unsigned char)(1 << at % 8);
    }
    if (end > at) {
        memset(taken + at / 8, 0xFF, (size_t)(end / 8 - at / 8));
        for (at = end / 8 * 8; at < end; at++) {
            taken[at / 8] |= (unsigned char)(1 << at % 8);
        }
    }
}

/* The first gap of so many units; 0: none. */
static apr_uint64_t first_gap(const unsigned char *taken, apr_uint64_t units,
                              apr_uint64_t wanted)
{
    apr_uint64_t at = 1, from = 1;

    while (at < units && at - from < wanted) {
        if (at % 8 == 0 && taken[at / 8] == 0xFF) {
            at += 8;
            from = at;
        }
        else if (at % 8 == 0 && taken[at / 8] == 0 && units - at >= 8) {
            at += 8;
        }
        else {
            if (taken[at / 8] & 1 << at % 8) {
                from = at + 1;
            }
            at++;
        }
    }
    return at - from >= wanted ? from : 0;
}

static apr_uint64_t find_gap(r307_arena_t *arena, apr_uint64_t wanted)
{
    apr_uint64_t units = units_of(arena), at;
    unsigned char *taken = calloc(1, (size_t)(units / 8 + 2));
    int i;

    for (i = r307_arena_next(arena, -1); taken && i >= 0; i = r307_arena_next(arena, i)) {
        mark(taken, units, load(&arena->current[i]));
    }
    for (i = 0; taken && i < RETIRED; i++) {
        mark(taken, units, arena->head->retired[i].run);
    }
    for (i = 0; taken && i < R307_RESERVED; i++) {
        mark(taken, units, arena->reserved[i]);
    }
    at = taken ? first_gap(taken, units, wanted) : 0;
    free(taken);
    return at;
}

/* One whose file is no good any more could not be built again: it goes last. */
static int goes_before(const r307_mapslot_t *a, const r307_mapslot_t *b)
{
    return !a->refused != !b->refused ? !a->refused : load(&a->used) < load(&b->used);
}

static int is_tenants(const r307_arena_t *arena, int slot)
{
    return load(&arena->current[slot]) && !arena->slots[slot].is_conf;
}

/* In units: what each home has. Two may share a place, which makes them one. */
typedef struct homes_t {
    apr_uint64_t units[HOMES];
    apr_uint64_t sum;           /* with that of nobody in particular */
    unsigned heaviest;
} homes_t;

static void weigh(const r307_arena_t *arena, homes_t *homes)
{
    int i;

    memset(homes, 0, sizeof(*homes));
    for (i = r307_arena_next(arena, -1); i >= 0; i = r307_arena_next(arena, i)) {
        apr_uint64_t run = load(&arena->current[i]);
        unsigned home = arena->slots[i].home % HOMES;

        if (!is_tenants(arena, i)) {
            continue;
        }
        homes->sum += RUN_LEN(run);
        if (arena->slots[i].home) {
            homes->units[home] += RUN_LEN(run);
            if (homes->units[home] > homes->units[homes->heaviest]) {
                homes->heaviest = home;
            }
        }
    }
}

/* In units: what tenants' maps take, and which of them is evicted first. */
static apr_uint64_t sum_tenants(const r307_arena_t *arena, int *oldest)
{
    homes_t homes;
    int i, is_heavy;

    weigh(arena, &homes);
    is_heavy = homes.units[homes.heaviest] > units_of(arena) / 2 / 8;
    *oldest = -1;
    for (i = r307_arena_next(arena, -1); i >= 0; i = r307_arena_next(arena, i)) {
        const r307_mapslot_t *slot = &arena->slots[i];

        if (is_tenants(arena, i)
            && (!is_heavy || (slot->home && slot->home % HOMES == homes.heaviest))
            && (*oldest < 0 || goes_before(slot, &arena->slots[*oldest]))) {
            *oldest = i;
        }
    }
    return homes.sum;
}

/* Puts out the tenants' map that was not asked for longest; 0: there is none, or no place
 * to note it. */
static int evict(r307_arena_t *arena, int oldest)
{
    if (oldest < 0 || !reclaim(arena)) {
        return 0;
    }
    retire(arena, oldest, 0);
    arena->slots[oldest].built.inode = 0;
    r307_arena_count(arena, R307_COUNT_EVICTED);
    return 1;
}

int r307_arena_is_too_large(const r307_arena_t *arena, apr_uint64_t image_len, int is_conf)
{
    return image_len > arena->size / (is_conf ? 1 : 4);
}

/* Maps of tenants have half of the arena; who was not asked for longest goes first. */
static int make_share(r307_arena_t *arena, apr_uint64_t units)
{
    int tries = (int)arena->slot_count, oldest;

    while (sum_tenants(arena, &oldest) + units > units_of(arena) / 2) {
        if (!tries-- || !evict(arena, oldest)) {
            return 0;
        }
    }
    return 1;
}

/* What is retired and still read will be free soon: until then no other map is evicted. */
static int is_awaited(const r307_arena_t *arena)
{
    int i;

    for (i = 0; i < RETIRED; i++) {
        if (arena->head->retired[i].run) {
            return 1;
        }
    }
    return 0;
}

/* One at a time where others are still to give what they read: who waits asks again. */
static apr_uint64_t make_gap(r307_arena_t *arena, apr_uint64_t units, int is_urgent)
{
    int tries = (int)arena->slot_count, oldest;
    apr_uint64_t at = reclaim(arena) ? find_gap(arena, units) : 0;

    while (!at && tries-- && (is_urgent || !is_awaited(arena))) {
        sum_tenants(arena, &oldest);
        if (!evict(arena, oldest)) {
            break;
        }
        at = reclaim(arena) ? find_gap(arena, units) : 0;
        is_urgent = 0;
    }
    store(&arena->head->pressed, !at);
    return at;
}

static apr_uint64_t *find_reserved(r307_arena_t *arena, apr_uint64_t run)
{
    int i;

    for (i = 0; i < R307_RESERVED && arena->reserved[i] != run; i++) {
        continue;
    }
    return i < R307_RESERVED ? &arena->reserved[i] : NULL;
}

/* From the head's beginning. */
static apr_uint64_t image_at_of(r307_slice_t key)
{
    return (sizeof(r307_mapversion_t) + key.len + 63) / 64 * 64;
}

void *r307_arena_image_room(r307_mapversion_t *version, r307_slice_t key)
{
    return (char *)version + image_at_of(key);
}

r307_mapversion_t *r307_arena_reserve(r307_arena_t *arena, const r307_wanted_t *wanted)
{
    r307_slice_t key = wanted->key;
    apr_uint64_t image_at = image_at_of(key);
    apr_uint64_t len = image_at + wanted->image_len, units = (len + UNIT - 1) / UNIT, at;
    apr_uint64_t *reserved = find_reserved(arena, 0);
    r307_mapversion_t *version;

    if (!reserved || (!wanted->is_conf && !make_share(arena, units))) {
        return NULL;
    }
    at = make_gap(arena, units, wanted->is_urgent);
    if (!at) {
        return NULL;
    }
    *reserved = RUN(at, units);
    version = version_in(arena, *reserved);
    memset(version, 0, sizeof(*version));
    version->serial = __atomic_add_fetch(&arena->head->serial, 1, __ATOMIC_SEQ_CST);
    version->len = len;
    version->image_len = wanted->image_len;
    version->image_at = (apr_uint32_t)image_at;
    version->key_at = sizeof(*version);
    version->key_len = (apr_uint32_t)key.len;
    memcpy(version + 1, key.s, key.len);
    return version;
}

/* Whose run begins there, by what this process noted and not by what stands in it. */
static apr_uint64_t take_reserved(r307_arena_t *arena, const r307_mapversion_t *version)
{
    apr_uint64_t at = (apr_uint64_t)((const char *)version - arena->data) / UNIT, run = 0;
    int i;

    for (i = 0; i < R307_RESERVED && !run; i++) {
        if (arena->reserved[i] && RUN_AT(arena->reserved[i]) == at) {
            run = arena->reserved[i];
            arena->reserved[i] = 0;
        }
    }
    return run;
}

void r307_arena_give_up(r307_arena_t *arena, r307_mapversion_t *version)
{
    apr_uint64_t run = take_reserved(arena, version);

    if (run) {
        give_back(arena, run);
    }
}

/* Whoever reads leaves out the place that is written next. */
static void note_version(r307_mapslot_t *slot, const r307_filestate_t *of,
                         apr_uint32_t rules, apr_uint32_t bad)
{
    r307_mapwas_t *was = &slot->was[slot->versions % R307_MAP_VERSIONS];

    if (slot->is_conf) {
        was->since = apr_time_now();
        was->written = of->written;
        was->rules = rules;
        was->bad = bad;
        store(&slot->versions, slot->versions + 1);
    }
}

void r307_arena_publish(r307_arena_t *arena, int slot, r307_mapversion_t *version,
                        const r307_filestate_t *of)
{
    version->of = *of;
    retire(arena, slot, take_reserved(arena, version));
    arena->slots[slot].built = *of;
    note_version(&arena->slots[slot], of, version->rules, version->bad);
}

void r307_arena_publish_mapped(r307_arena_t *arena, int slot, const r307_filestate_t *of)
{
    retire(arena, slot, 0);
    arena->slots[slot].built = *of;
    note_version(&arena->slots[slot], of, R307_MAP_UNCOUNTED, R307_MAP_UNCOUNTED);
}

/* --- slots --- */

void r307_arena_succeed(r307_arena_t *arena)
{
    __atomic_add_fetch(&arena->head->keeper, 1, __ATOMIC_SEQ_CST);
}

void r307_arena_unpin(r307_arena_t *arena)
{
    int i;

    for (i = r307_arena_next(arena, -1); i >= 0; i = r307_arena_next(arena, i)) {
        arena->slots[i].is_conf = 0;
    }
}

/* How many of the places of a key its home has; few are as good as none. */
static unsigned crowd(const r307_arena_t *arena, apr_uint64_t h, const r307_mapslot_t *slot)
{
    unsigned i, count = 0;

    for (i = 0; slot->home && i < PROBES; i++) {
        count += arena->slots[slot_at(arena, h, i)].home == slot->home;
    }
    return count > PROBES / 4 ? count : 0;
}

/* The slot to be given to a new key: a free one, or of those whose home has the most the one
 * least recently asked for; -1: maps of httpd.conf have them all. */
static int choose_slot(const r307_arena_t *arena, apr_uint64_t h)
{
    unsigned i, most = 0;
    int oldest = -1;

    for (i = 0; i < PROBES; i++) {
        unsigned at = slot_at(arena, h, i), count;
        const r307_mapslot_t *slot = &arena->slots[at];

        if (!slot->key) {
            return (int)at;
        }
        if (slot->is_conf) {
            continue;
        }
        count = crowd(arena, h, slot);
        if (oldest < 0 || count > most
            || (count == most && load(&slot->used) < load(&arena->slots[oldest].used))) {
            oldest = (int)at;
            most = count;
        }
    }
    return oldest;
}

int r307_arena_claim(r307_arena_t *arena, r307_slice_t key, int is_conf)
{
    apr_uint64_t h = r307_arena_key(arena, key);
    int at = r307_arena_find(arena, key);
    r307_mapslot_t *slot;

    if (at >= 0) {
        arena->slots[at].is_conf |= (apr_uint32_t)(is_conf != 0);
        return at;
    }
    at = choose_slot(arena, h);
    if (at < 0) {
        return -1;
    }
    slot = &arena->slots[at];
    if (slot->key) {
        if (load(&arena->current[at]) && !reclaim(arena)) {
            return -1;
        }
        store(&slot->key, 0);
        retire(arena, at, 0);
        r307_arena_count(arena, R307_COUNT_EVICTED);
    }
    memset(slot, 0, sizeof(*slot));
    slot->is_conf = is_conf != 0;
    slot->used = r307_arena_clock();
    __atomic_fetch_or(&arena->claimed[at / 64], (apr_uint64_t)1 << at % 64, __ATOMIC_SEQ_CST);
    store(&slot->key, h);
    return at;
}
