/* SPDX-License-Identifier: Apache-2.0
 *
 * The half of arena that makes it and reads. */
#include "shared/arena_block.h"

#include <string.h>
#include <time.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_shm.h>

#include "base/hash.h"
#include "shared/pages.h"

/* --- making --- */

static size_t whole_pages(size_t bytes)
{
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

static unsigned power_of_two(unsigned least)
{
    unsigned n = PROBES;

    while (n < least) {
        n *= 2;
    }
    return n;
}

r307_arena_t *r307_arena_make(apr_pool_t *p, const r307_arena_size_t *size)
{
    r307_arena_t *arena = apr_pcalloc(p, sizeof(*arena));
    size_t current, slots, readers, claimed, tables;
    apr_shm_t *shm;

    arena->slot_count = power_of_two(size->slots);
    arena->reader_count = size->readers;
    current = whole_pages(sizeof(head_t));
    slots = current + whole_pages(arena->slot_count * sizeof(*arena->current));
    readers = slots + whole_pages(arena->slot_count * sizeof(*arena->slots));
    claimed = readers + whole_pages(arena->reader_count * sizeof(reader_t));
    tables = claimed + whole_pages(claimed_words(arena) * sizeof(*arena->claimed));
    arena->size = size->bytes;
    arena->is_shared = size->is_shared;
    if (!size->is_shared) {
        arena->data = r307_pages_make(p, tables + size->bytes);
    }
    else if (apr_shm_create(&shm, tables + size->bytes, NULL, p) == APR_SUCCESS) {
        arena->data = apr_shm_baseaddr_get(shm);
    }
    if (!arena->data) {
        return NULL;
    }
    arena->head = (head_t *)(void *)arena->data;
    arena->current = (apr_uint64_t *)(void *)(arena->data + current);
    arena->slots = (r307_mapslot_t *)(void *)(arena->data + slots);
    arena->readers = (reader_t *)(void *)(arena->data + readers);
    arena->claimed = (apr_uint64_t *)(void *)(arena->data + claimed);
    arena->data += tables;
    apr_generate_random_bytes((unsigned char *)&arena->head->seed,
                              sizeof(arena->head->seed));
    arena->head->epoch = 1;
    arena->head->keeper = 1;
    return arena;
}

int r307_arena_fits(const r307_arena_t *arena, const r307_arena_size_t *size)
{
    return arena->size == size->bytes && arena->is_shared == size->is_shared
        && arena->slot_count >= size->slots && arena->reader_count >= size->readers;
}

int r307_arena_slots(const r307_arena_t *arena)
{
    return (int)arena->slot_count;
}

apr_uint64_t r307_arena_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_uint64_t)now.tv_sec * 1000000u + (apr_uint64_t)now.tv_nsec / 1000 + 1;
}

/* --- slots --- */

apr_uint64_t r307_arena_seed(const r307_arena_t *arena)
{
    return arena->head->seed;
}

apr_uint64_t r307_arena_key(const r307_arena_t *arena, r307_slice_t key)
{
    apr_uint64_t h = r307_hash_keyed(arena->head->seed, key.s, key.len);

    return h ? h : 1;
}

r307_mapslot_t *r307_arena_slot(const r307_arena_t *arena, int slot)
{
    return &arena->slots[slot];
}

/* The bits are the writer's, and may be anything: what comes out is a slot all the same. */
int r307_arena_next(const r307_arena_t *arena, int slot)
{
    unsigned at = (unsigned)(slot + 1), word = at / 64;
    apr_uint64_t bits;

    if (at >= arena->slot_count) {
        return -1;
    }
    bits = load(&arena->claimed[word]) >> at % 64 << at % 64;
    while (!bits && ++word < claimed_words(arena)) {
        bits = load(&arena->claimed[word]);
    }
    at = bits ? word * 64 + (unsigned)__builtin_ctzll(bits) : arena->slot_count;
    return at < arena->slot_count ? (int)at : -1;
}

int r307_arena_find(const r307_arena_t *arena, r307_slice_t key)
{
    apr_uint64_t h = r307_arena_key(arena, key);
    unsigned i;

    for (i = 0; i < PROBES; i++) {
        unsigned at = slot_at(arena, h, i);

        if (load(&arena->slots[at].key) == h) {
            return (int)at;
        }
    }
    return -1;
}

static unsigned place_of(apr_uint64_t device, apr_uint64_t inode)
{
    apr_uint64_t h = r307_hash_step(0, device, R307_HASH_OPEN | 1);

    return (unsigned)r307_hash_step(h, inode, R307_HASH_OPEN | 1) % FILES;
}

/* Whether the slot that stands there is of that file now. */
static int says(const r307_arena_t *arena, apr_uint32_t entry, apr_uint64_t device,
                apr_uint64_t inode)
{
    const r307_mapslot_t *slot;

    if (!entry || entry > arena->slot_count) {
        return 0;
    }
    slot = &arena->slots[entry - 1];
    return load(&slot->inode) == inode && load(&slot->device) == device && load(&slot->key);
}

/* Whether what stands at the place is needed there. */
static int is_needed(const r307_arena_t *arena, apr_uint32_t entry, unsigned place)
{
    const r307_mapslot_t *slot = entry && entry <= arena->slot_count
                                 ? &arena->slots[entry - 1] : NULL;

    return slot && slot->key && slot->inode
        && (place - place_of(slot->device, slot->inode)) % FILES < FILE_PROBES;
}

static apr_uint64_t *inode_word(const r307_arena_t *arena, apr_uint64_t inode)
{
    return &arena->head->inodes[inode % INODES / 64];
}

void r307_arena_note_file(r307_arena_t *arena, int slot, apr_uint64_t device,
                          apr_uint64_t inode)
{
    r307_mapslot_t *known = &arena->slots[slot];
    unsigned place = place_of(device, inode), chosen = FILE_PROBES, i;

    if (known->device != device || known->inode != inode) {
        store(&known->inode, 0);
        store(&known->device, device);
        store(&known->inode, inode);
    }
    __atomic_fetch_or(inode_word(arena, inode), 1ull << inode % 64, __ATOMIC_SEQ_CST);
    for (i = 0; i < FILE_PROBES; i++) {
        apr_uint32_t entry = arena->head->files[(place + i) % FILES];

        if (says(arena, entry, device, inode)) {
            return;
        }
        if (chosen == FILE_PROBES && !is_needed(arena, entry, (place + i) % FILES)) {
            chosen = i;
        }
    }
    /* all are needed, of a table that is mostly empty: once in a very long time */
    chosen = (place + chosen % FILE_PROBES) % FILES;
    __atomic_store_n(&arena->head->files[chosen], (apr_uint32_t)slot + 1, __ATOMIC_SEQ_CST);
}

/* Whether nothing stands where a file may: so it is for nearly all that are served. */
static int is_free(const r307_arena_t *arena, unsigned place)
{
    const apr_uint32_t *files = arena->head->files + place;
    apr_uint32_t any = 0;
    unsigned i;

    if (place > FILES - FILE_PROBES) {
        return 0;
    }
    for (i = 0; i < FILE_PROBES; i++) {
        any |= __atomic_load_n(&files[i], __ATOMIC_RELAXED);
    }
    return !any;
}

int r307_arena_is_file(const r307_arena_t *arena, apr_uint64_t device, apr_uint64_t inode)
{
    unsigned place, i;

    /* of few maps this tells nearly all that are served */
    if (!(__atomic_load_n(inode_word(arena, inode), __ATOMIC_RELAXED) >> inode % 64 & 1)) {
        return 0;
    }
    place = place_of(device, inode);
    if (is_free(arena, place)) {
        return 0;
    }
    for (i = 0; i < FILE_PROBES; i++) {
        apr_uint32_t entry = __atomic_load_n(&arena->head->files[(place + i) % FILES],
                                             __ATOMIC_RELAXED);

        if (entry && says(arena, entry, device, inode)) {
            return 1;
        }
    }
    return 0;
}

/* --- readers --- */

static reader_t *claim(r307_arena_t *arena, apr_uint64_t self, int bury)
{
    unsigned i;

    for (i = 0; i < arena->reader_count; i++) {
        reader_t *reader = &arena->readers[i];
        apr_uint64_t pid = __atomic_load_n(&reader->pid, __ATOMIC_ACQUIRE);

        if (pid && !(bury && is_dead(pid)) && pid != self) {
            continue;
        }
        /* epoch 0 holds everything, until the join is complete */
        if (__atomic_compare_exchange_n(&reader->pid, &pid, self, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
            __atomic_store_n(&reader->epoch, 0, __ATOMIC_SEQ_CST);
            memset(reader->holds, 0, sizeof(reader->holds));
            store(&reader->waiting, 0);
            return reader;
        }
    }
    return NULL;
}

int r307_arena_join(r307_arena_t *arena, pid_t self)
{
    arena->self = claim(arena, (apr_uint64_t)self, 0);
    if (!arena->self) {
        arena->self = claim(arena, (apr_uint64_t)self, 1);
    }
    if (!arena->self) {
        __atomic_store_n(&arena->head->blocked, 1, __ATOMIC_SEQ_CST);
        return 0;
    }
    __atomic_store_n(&arena->self->epoch, r307_arena_epoch(arena), __ATOMIC_SEQ_CST);
    return 1;
}

void r307_arena_rest(r307_arena_t *arena)
{
    if (arena->self) {
        store(&arena->self->epoch, RESTS);
    }
}

/* A version that was freed because this process rested is in no slot any more once the
 * epoch stands here. */
void r307_arena_begin(r307_arena_t *arena)
{
    if (arena->self && load(&arena->self->epoch) == RESTS) {
        store(&arena->self->epoch, r307_arena_epoch(arena));
    }
}

apr_uint64_t r307_arena_epoch(const r307_arena_t *arena)
{
    return __atomic_load_n(&arena->head->epoch, __ATOMIC_SEQ_CST);
}

/* Another process may be looking: a serial that is still held keeps its place, or it would
 * be missed on its way from one to the next. For one that is new the old epoch speaks,
 * which goes last. */
void r307_arena_move(r307_arena_t *arena, apr_uint64_t epoch, const apr_uint64_t *holds,
                     int count)
{
    reader_t *self = arena->self;
    int i, at = 0;

    if (!self) {
        return;
    }
    for (i = 0; i < R307_HOLDS; i++) {
        if (!is_among(holds, count, self->holds[i])) {
            __atomic_store_n(&self->holds[i], 0, __ATOMIC_SEQ_CST);
        }
    }
    for (i = 0; i < count; i++) {
        if (is_among(self->holds, R307_HOLDS, holds[i])) {
            continue;
        }
        while (self->holds[at]) {
            at++;
        }
        __atomic_store_n(&self->holds[at], holds[i], __ATOMIC_SEQ_CST);
    }
    __atomic_store_n(&self->epoch, epoch, __ATOMIC_SEQ_CST);
}

void r307_arena_bury(r307_arena_t *arena, pid_t pid)
{
    unsigned i;

    for (i = 0; i < arena->reader_count; i++) {
        apr_uint64_t held = (apr_uint64_t)pid;

        __atomic_compare_exchange_n(&arena->readers[i].pid, &held, 0, 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
    }
}

int r307_arena_versions(const r307_arena_t *arena, int slot, r307_mapwas_t *was)
{
    const r307_mapslot_t *of = &arena->slots[slot];
    apr_uint64_t versions = load(&of->versions);
    int i;

    for (i = 0; i < R307_MAP_VERSIONS - 1 && (apr_uint64_t)i < versions; i++) {
        was[i] = of->was[(versions - 1 - (apr_uint64_t)i) % R307_MAP_VERSIONS];
    }
    return i;
}

const r307_mapversion_t *r307_arena_current(const r307_arena_t *arena, int slot)
{
    return version_in(arena, load(&arena->current[slot]));
}

int r307_arena_is_at(const r307_arena_t *arena, int slot, const r307_mapversion_t *version)
{
    return version_in(arena, __atomic_load_n(&arena->current[slot], __ATOMIC_RELAXED))
           == version;
}

const void *r307_mapversion_image(const r307_mapversion_t *version)
{
    return (const char *)version + version->image_at;
}

int r307_mapversion_is_of(const r307_mapversion_t *version, r307_slice_t key)
{
    return version->key_len == key.len
        && memcmp((const char *)version + version->key_at, key.s, key.len) == 0;
}

apr_uint64_t r307_arena_keeper(const r307_arena_t *arena)
{
    return __atomic_load_n(&arena->head->keeper, __ATOMIC_RELAXED);
}

int r307_arena_is_pressed(const r307_arena_t *arena)
{
    return load(&arena->head->pressed) != 0;
}

unsigned r307_arena_wait(r307_arena_t *arena, int by)
{
    apr_uint64_t sum = 0;
    unsigned i;

    if (!arena->self) {
        return 0;
    }
    __atomic_fetch_add(&arena->self->waiting, (apr_uint64_t)(apr_int64_t)by,
                       __ATOMIC_SEQ_CST);
    for (i = 0; i < arena->reader_count; i++) {
        sum += load(&arena->readers[i].pid) ? load(&arena->readers[i].waiting) : 0;
    }
    return (unsigned)sum;
}

void r307_arena_usage(const r307_arena_t *arena, r307_arena_usage_t *usage)
{
    int i;

    memset(usage, 0, sizeof(*usage));
    usage->size = arena->size;
    for (i = r307_arena_next(arena, -1); i >= 0; i = r307_arena_next(arena, i)) {
        apr_uint64_t run = load(&arena->current[i]);

        usage->used += RUN_LEN(run) * UNIT;
        usage->maps += run != 0;
    }
}

/* --- counting --- */

static const char *const count_names[R307_COUNTS] = {
    [R307_COUNT_BUILT] = "built",
    [R307_COUNT_REFUSED] = "no good",
    [R307_COUNT_EVICTED] = "of .htaccess put out to make room",
    [R307_COUNT_CRASHED] = "crashes of who builds",
    [R307_COUNT_WAITED] = "requests that waited",
    [R307_COUNT_NOT_SETTLED] = "503 as a file was just written",
    [R307_COUNT_NOT_BUILT] = "503 as it took longer than a second",
    [R307_COUNT_NOT_ASKED] = "503 as too many waited",
    [R307_COUNT_NOT_PLACED] = "503 as there was no room",
    [R307_COUNT_NOT_KEPT] = "503 as others put it out again"
};

void r307_arena_count(r307_arena_t *arena, r307_count_t what)
{
    (void)__atomic_add_fetch(&arena->head->counts[what], 1, __ATOMIC_RELAXED);
}

apr_uint64_t r307_arena_counted(const r307_arena_t *arena, r307_count_t what)
{
    return __atomic_load_n(&arena->head->counts[what], __ATOMIC_RELAXED);
}

const char *r307_arena_count_name(r307_count_t what)
{
    return count_names[what];
}
