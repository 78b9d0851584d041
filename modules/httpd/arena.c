/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/arena.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <ap_mpm.h>
#include <apr_general.h>
#include <apr_shm.h>

#define RETIRED  512
#define PROBES   16u        /* slots in which a key may stand */
#define ALIGN    64u
#define FILES    65536u     /* bits; those of files that are gone stay set */
#define PAGE     4096u      /* what is given back to the system is in whole ones */

/* A process that reads. */
typedef struct reader_t {
    apr_uint64_t pid;           /* 0: free */
    apr_uint64_t epoch;         /* 0: not yet known, so everything is read */
    apr_uint64_t holds[R307_HOLDS];
} reader_t;

/* A version that was replaced, and may still be read. */
typedef struct retired_t {
    apr_uint64_t at;            /* offset; 0: free */
    apr_uint64_t len, serial;
    apr_uint64_t epoch;         /* who moved past it reads it no more */
} retired_t;

typedef struct head_t {
    apr_uint64_t seed;          /* nobody can aim at another map's slot */
    apr_uint64_t epoch;
    apr_uint64_t serial;
    apr_uint64_t blocked;       /* a reader could not say that it reads */
    apr_uint64_t files[FILES / 64];     /* bits that a file of a slot has set */
    retired_t retired[RETIRED];
    r307_mapslot_t slots[R307_MAPSLOTS];
} head_t;

struct r307_arena_t {
    head_t *head;
    reader_t *readers;
    unsigned reader_count;
    char *data;                 /* offsets count from here; offset 0 is never used */
    apr_uint64_t size;
    int is_shared;
    reader_t *self;
};

/* --- making --- */

static apr_status_t unmap(void *data)
{
    r307_arena_t *arena = data;

    munmap(arena->head, (size_t)(arena->data - (char *)arena->head) + arena->size);
    return APR_SUCCESS;
}

static unsigned count_readers(void)
{
    int limit = 0;

    if (ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &limit) != APR_SUCCESS || limit < 1) {
        limit = 256;
    }
    return (unsigned)limit * 2 + 32;    /* those that are ending are readers too */
}

r307_arena_t *r307_arena_make(apr_pool_t *p, apr_size_t size, int is_shared)
{
    r307_arena_t *arena = apr_pcalloc(p, sizeof(*arena));
    size_t tables = sizeof(head_t), whole;
    apr_shm_t *shm;

    arena->reader_count = count_readers();
    tables += arena->reader_count * sizeof(reader_t);
    tables = (tables + PAGE - 1) / PAGE * PAGE;
    whole = tables + size;
    if (is_shared) {
        if (apr_shm_create(&shm, whole, NULL, p) != APR_SUCCESS) {
            return NULL;
        }
        arena->head = apr_shm_baseaddr_get(shm);
    }
    else {
        void *memory = mmap(NULL, whole, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (memory == MAP_FAILED) {
            return NULL;
        }
        arena->head = memory;
    }
    arena->readers = (reader_t *)(void *)(arena->head + 1);
    arena->data = (char *)arena->head + tables;
    arena->size = size;
    arena->is_shared = is_shared;
    if (!is_shared) {
        apr_pool_cleanup_register(p, arena, unmap, apr_pool_cleanup_null);
    }
    apr_generate_random_bytes((unsigned char *)&arena->head->seed,
                              sizeof(arena->head->seed));
    arena->head->epoch = 1;
    return arena;
}

/* --- slots --- */

static apr_uint64_t hash(r307_slice_t key, apr_uint64_t seed)
{
    apr_uint64_t h = seed ^ APR_UINT64_C(0xcbf29ce484222325);
    size_t i;

    for (i = 0; i < key.len; i++) {
        h = (h ^ (unsigned char)key.s[i]) * APR_UINT64_C(0x100000001b3);
        h ^= h >> 29;
    }
    return h ? h : 1;
}

apr_uint64_t r307_arena_key(r307_arena_t *arena, r307_slice_t key)
{
    return hash(key, arena->head->seed);
}

r307_mapslot_t *r307_arena_slot(r307_arena_t *arena, int slot)
{
    return &arena->head->slots[slot];
}

static void retire(r307_arena_t *arena, r307_mapslot_t *slot, apr_uint64_t next);
static int reclaim(r307_arena_t *arena);

/* The slot to be given to a new key: a free one, or the least recently asked of tenants. */
static int choose_slot(r307_arena_t *arena, apr_uint64_t h)
{
    int oldest = -1;
    unsigned i;

    for (i = 0; i < PROBES; i++) {
        int at = (int)((h + i) % R307_MAPSLOTS);
        r307_mapslot_t *slot = &arena->head->slots[at];

        if (!slot->key) {
            return at;
        }
        if (slot->is_tenants
            && (oldest < 0 || slot->used < arena->head->slots[oldest].used)) {
            oldest = at;
        }
    }
    return oldest;
}

int r307_arena_find(r307_arena_t *arena, r307_slice_t key, int create, int is_tenants)
{
    apr_uint64_t h = hash(key, arena->head->seed);
    r307_mapslot_t *slot;
    unsigned i;
    int at;

    for (i = 0; i < PROBES; i++) {
        at = (int)((h + i) % R307_MAPSLOTS);
        if (__atomic_load_n(&arena->head->slots[at].key, __ATOMIC_ACQUIRE) == h) {
            return at;
        }
    }
    at = create && reclaim(arena) ? choose_slot(arena, h) : -1;
    if (at < 0) {
        return -1;
    }
    slot = &arena->head->slots[at];
    if (slot->key) {
        retire(arena, slot, 0);
    }
    slot->mapped = slot->inode = slot->device = slot->checked = slot->used = 0;
    slot->seen = slot->refused = 0;
    slot->is_tenants = (apr_uint32_t)is_tenants;
    __atomic_store_n(&slot->key, h, __ATOMIC_RELEASE);
    return at;
}

static unsigned bit_of(apr_uint64_t device, apr_uint64_t inode)
{
    apr_uint64_t h = (inode ^ device * APR_UINT64_C(0x9E3779B97F4A7C15))
                     * APR_UINT64_C(0xff51afd7ed558ccd);

    return (unsigned)(h >> 40) % FILES;
}

void r307_arena_note_file(r307_arena_t *arena, int slot, apr_uint64_t device,
                          apr_uint64_t inode)
{
    r307_mapslot_t *known = &arena->head->slots[slot];
    unsigned bit = bit_of(device, inode);

    __atomic_store_n(&known->device, device, __ATOMIC_RELAXED);
    __atomic_store_n(&known->inode, inode, __ATOMIC_RELAXED);
    __atomic_fetch_or(&arena->head->files[bit / 64], APR_UINT64_C(1) << bit % 64,
                      __ATOMIC_SEQ_CST);
}

int r307_arena_is_file(r307_arena_t *arena, apr_uint64_t device, apr_uint64_t inode)
{
    unsigned bit = bit_of(device, inode);
    int i;

    if (!(__atomic_load_n(&arena->head->files[bit / 64], __ATOMIC_RELAXED)
          >> bit % 64 & 1)) {
        return 0;
    }
    for (i = 0; i < R307_MAPSLOTS; i++) {
        const r307_mapslot_t *slot = &arena->head->slots[i];

        if (__atomic_load_n(&slot->inode, __ATOMIC_RELAXED) == inode
            && __atomic_load_n(&slot->device, __ATOMIC_RELAXED) == device && slot->key) {
            return 1;
        }
    }
    return 0;
}

/* --- readers --- */

static int is_dead(apr_uint64_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static reader_t *claim(r307_arena_t *arena, int bury)
{
    apr_uint64_t self = (apr_uint64_t)getpid();
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
            return reader;
        }
    }
    return NULL;
}

int r307_arena_join(r307_arena_t *arena)
{
    arena->self = claim(arena, 0);
    if (!arena->self) {
        arena->self = claim(arena, 1);
    }
    if (!arena->self) {
        __atomic_store_n(&arena->head->blocked, 1, __ATOMIC_SEQ_CST);
        return 0;
    }
    __atomic_store_n(&arena->self->epoch, r307_arena_epoch(arena), __ATOMIC_SEQ_CST);
    return 1;
}

apr_uint64_t r307_arena_epoch(r307_arena_t *arena)
{
    return __atomic_load_n(&arena->head->epoch, __ATOMIC_SEQ_CST);
}

static int is_among(const apr_uint64_t *serials, int count, apr_uint64_t serial)
{
    int i;

    for (i = 0; i < count && serials[i] != serial; i++) {
        continue;
    }
    return i < count;
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

static int is_read_by(const reader_t *reader, const retired_t *retired)
{
    int i;

    if (__atomic_load_n(&reader->epoch, __ATOMIC_SEQ_CST) <= retired->epoch) {
        return 1;
    }
    for (i = 0; i < R307_HOLDS; i++) {
        if (__atomic_load_n(&reader->holds[i], __ATOMIC_SEQ_CST) == retired->serial) {
            return 1;
        }
    }
    return 0;
}

static int is_read(r307_arena_t *arena, const retired_t *retired)
{
    unsigned i;

    for (i = 0; i < arena->reader_count; i++) {
        reader_t *reader = &arena->readers[i];
        apr_uint64_t pid = __atomic_load_n(&reader->pid, __ATOMIC_SEQ_CST);

        if (!pid || !is_read_by(reader, retired)) {
            continue;
        }
        if (!is_dead(pid)) {
            return 1;
        }
        __atomic_compare_exchange_n(&reader->pid, &pid, 0, 0, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST);
    }
    return 0;
}

static apr_uint64_t version_at(const r307_mapslot_t *slot)
{
    return __atomic_load_n(&slot->current, __ATOMIC_SEQ_CST);
}

const r307_mapversion_t *r307_arena_current(r307_arena_t *arena, int slot)
{
    apr_uint64_t at = version_at(&arena->head->slots[slot]);

    return at ? (const r307_mapversion_t *)(void *)(arena->data + at) : NULL;
}

apr_uint64_t r307_arena_place(r307_arena_t *arena, const r307_mapversion_t *version)
{
    return (apr_uint64_t)((const char *)version - arena->data);
}

const void *r307_mapversion_image(const r307_mapversion_t *version)
{
    return (const char *)version + version->image_at;
}

/* --- room --- */

typedef struct extent_t {
    apr_uint64_t at, len;
} extent_t;

/* First into the table of retired ones, then out of the slot: who dies between the two
 * leaves a version that is in both tables, which is as good as in one. */
static void retire(r307_arena_t *arena, r307_mapslot_t *slot, apr_uint64_t next)
{
    apr_uint64_t at = version_at(slot);
    retired_t *retired = NULL;
    int i;

    for (i = 0; at && i < RETIRED && !retired; i++) {
        if (!arena->head->retired[i].at) {
            retired = &arena->head->retired[i];
        }
    }
    if (retired) {
        const r307_mapversion_t *old = (const r307_mapversion_t *)(void *)(arena->data + at);

        retired->len = old->len;
        retired->serial = old->serial;
        retired->epoch = APR_UINT64_MAX;        /* read by all, until the end of this */
        __atomic_store_n(&retired->at, at, __ATOMIC_SEQ_CST);
    }
    else if (at) {
        arena->head->blocked = 1;   /* cannot be: r307_arena_reserve looked for a place */
    }
    __atomic_store_n(&slot->current, next, __ATOMIC_SEQ_CST);
    if (retired) {
        retired->epoch = __atomic_fetch_add(&arena->head->epoch, 1, __ATOMIC_SEQ_CST);
    }
}

/* Gives whole pages back, so that what is free costs nothing. */
static void give_back(r307_arena_t *arena, apr_uint64_t at, apr_uint64_t len)
{
#ifdef MADV_REMOVE
    apr_uint64_t from = (at + PAGE - 1) / PAGE * PAGE, to = (at + len) / PAGE * PAGE;

    if (to > from) {
        madvise(arena->data + from, (size_t)(to - from),
                arena->is_shared ? MADV_REMOVE : MADV_DONTNEED);
    }
#endif
}

static int is_current(r307_arena_t *arena, apr_uint64_t at)
{
    int i;

    for (i = 0; i < R307_MAPSLOTS; i++) {
        if (version_at(&arena->head->slots[i]) == at) {
            return 1;
        }
    }
    return 0;
}

/* Its process died between the two steps of retire: either the version is still in its
 * slot, and was never retired, or it counts as retired from now on. */
static void mend(r307_arena_t *arena, retired_t *retired)
{
    if (is_current(arena, retired->at)) {
        retired->at = 0;
    }
    else {
        retired->epoch = __atomic_fetch_add(&arena->head->epoch, 1, __ATOMIC_SEQ_CST);
    }
}

/* Frees what nobody reads. 0: the table of retired versions is full all the same. */
static int reclaim(r307_arena_t *arena)
{
    int i, places = 0;

    for (i = 0; i < RETIRED; i++) {
        retired_t *retired = &arena->head->retired[i];

        if (retired->at && retired->epoch == APR_UINT64_MAX) {
            mend(arena, retired);
        }
        if (retired->at && !arena->head->blocked && !is_read(arena, retired)) {
            give_back(arena, retired->at, retired->len);
            retired->at = 0;
        }
        places += !retired->at;
    }
    return places;
}

static int by_place(const void *a, const void *b)
{
    const extent_t *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

static int gather(r307_arena_t *arena, extent_t *extents)
{
    int count = 0, i;

    for (i = 0; i < R307_MAPSLOTS; i++) {
        apr_uint64_t at = version_at(&arena->head->slots[i]);

        if (at) {
            extents[count].at = at;
            extents[count++].len = ((const r307_mapversion_t *)(void *)(arena->data
                                                                     + at))->len;
        }
    }
    for (i = 0; i < RETIRED; i++) {
        if (arena->head->retired[i].at) {
            extents[count].at = arena->head->retired[i].at;
            extents[count++].len = arena->head->retired[i].len;
        }
    }
    qsort(extents, (size_t)count, sizeof(*extents), by_place);
    return count;
}

/* The first gap of that size, 0 when there is none. */
static apr_uint64_t find_gap(r307_arena_t *arena, apr_uint64_t len)
{
    extent_t *extents = malloc((R307_MAPSLOTS + RETIRED) * sizeof(*extents));
    apr_uint64_t at = ALIGN;
    int count = extents ? gather(arena, extents) : 0, i;

    for (i = 0; i < count; i++) {
        if (extents[i].at >= at && extents[i].at - at >= len) {
            break;
        }
        if (extents[i].at + extents[i].len > at) {
            at = (extents[i].at + extents[i].len + ALIGN - 1) / ALIGN * ALIGN;
        }
    }
    free(extents);
    return extents && at <= arena->size && arena->size - at >= len ? at : 0;
}

static void sum_tenants(r307_arena_t *arena, apr_uint64_t *sum, int *oldest)
{
    int i;

    *sum = 0;
    *oldest = -1;
    for (i = 0; i < R307_MAPSLOTS; i++) {
        const r307_mapslot_t *slot = &arena->head->slots[i];
        apr_uint64_t at = version_at(slot);

        if (!at || !slot->is_tenants) {
            continue;
        }
        *sum += ((const r307_mapversion_t *)(void *)(arena->data + at))->len;
        if (*oldest < 0 || slot->used < arena->head->slots[*oldest].used) {
            *oldest = i;
        }
    }
}

/* Maps of tenants have half of the arena; who was not asked for longest goes first. */
static int make_place(r307_arena_t *arena, apr_uint64_t len)
{
    apr_uint64_t sum;
    int oldest;

    if (len > arena->size / 4) {
        return 0;
    }
    for (sum_tenants(arena, &sum, &oldest);
         oldest >= 0 && sum + len > arena->size / 2 && reclaim(arena);
         sum_tenants(arena, &sum, &oldest)) {
        retire(arena, &arena->head->slots[oldest], 0);
    }
    return 1;
}

r307_mapversion_t *r307_arena_reserve(r307_arena_t *arena, r307_slice_t key,
                                   apr_uint64_t image_len, int is_tenants)
{
    apr_uint64_t image_at = (sizeof(r307_mapversion_t) + key.len + ALIGN) / ALIGN * ALIGN;
    apr_uint64_t len = image_at + image_len, at;
    r307_mapversion_t *version;

    if (image_len > arena->size || (is_tenants && !make_place(arena, len))
        || !reclaim(arena)) {
        return NULL;
    }
    at = find_gap(arena, len);
    if (!at) {
        return NULL;
    }
    version = (r307_mapversion_t *)(void *)(arena->data + at);
    memset(version, 0, sizeof(*version));
    version->serial = __atomic_add_fetch(&arena->head->serial, 1, __ATOMIC_SEQ_CST);
    version->len = len;
    version->image_len = image_len;
    version->image_at = (apr_uint32_t)image_at;
    version->key_at = sizeof(*version);
    version->key_len = (apr_uint32_t)key.len;
    memcpy(version + 1, key.s, key.len);
    return version;
}

void r307_arena_publish(r307_arena_t *arena, int slot, r307_mapversion_t *version)
{
    retire(arena, &arena->head->slots[slot], r307_arena_place(arena, version));
}

/* Children can write here, and the parent that asks is root: everything is read once, and
 * every place is looked at before it is used. */
const void *r307_arena_peek(r307_arena_t *arena, r307_slice_t key, apr_uint64_t *len,
                            apr_uint64_t *state)
{
    int slot = r307_arena_find(arena, key, 0, 0);
    apr_uint64_t at = slot < 0 ? 0 : version_at(&arena->head->slots[slot]);
    r307_mapversion_t version;

    if (!at || at % 8 || at > arena->size || arena->size - at < sizeof(version)) {
        return NULL;
    }
    memcpy(&version, arena->data + at, sizeof(version));
    if (version.len > arena->size - at || version.image_at > version.len
        || version.image_len > version.len - version.image_at) {
        return NULL;
    }
    *len = version.image_len;
    *state = version.state;
    return arena->data + at + version.image_at;
}

void r307_arena_usage(r307_arena_t *arena, apr_uint64_t *used, apr_uint64_t *size)
{
    int i;

    *used = 0;
    *size = arena->size;
    for (i = 0; i < R307_MAPSLOTS; i++) {
        const r307_mapversion_t *version = r307_arena_current(arena, i);

        *used += version ? version->len : 0;
    }
}
