/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/served.h"

#include <stddef.h>
#include <string.h>
#include <apr_shm.h>

#include "base/hash.h"

#define BUCKETS (R307_SERVED_SLOTS / R307_SERVED_BUCKET)
#define LINE    128u            /* parts begin at a multiple of it */
#define TRIES   3               /* to read what is just written */

r307_served_t *r307_served_make(apr_pool_t *p, apr_uint64_t seed)
{
    size_t slots = LINE, files = slots + R307_SERVED_SLOTS * sizeof(r307_servedslot_t);
    r307_served_t *seen = apr_palloc(p, sizeof(*seen));
    apr_shm_t *shm;
    char *at;

    files += (LINE - files % LINE) % LINE;
    if (apr_shm_create(&shm, files + R307_SERVED_SLOTS * sizeof(r307_servedfile_t), NULL, p)
        != APR_SUCCESS) {
        return NULL;
    }
    at = apr_shm_baseaddr_get(shm);     /* zero bytes, and none of them is touched yet */
    seen->head = (void *)at;
    seen->slots = (void *)(at + slots);
    seen->files = (void *)(at + files);
    seen->head->seed = seed;
    return seen;
}

apr_uint64_t r307_served_key(const r307_served_t *seen, const char *directory)
{
    apr_uint64_t key = r307_hash_spread(r307_hash_keyed(seen->head->seed | 1, directory,
                                                        strlen(directory)));

    return key ? key : 1;
}

/* --- slots --- */

static r307_servedslot_t *bucket_of(const r307_served_t *seen, apr_uint64_t key)
{
    return seen->slots + (key & (BUCKETS - 1)) * R307_SERVED_BUCKET;
}

static apr_uint64_t key_of(const r307_servedslot_t *slot)
{
    return __atomic_load_n(&slot->key, __ATOMIC_ACQUIRE);
}

static r307_servedslot_t *find(const r307_served_t *seen, apr_uint64_t key)
{
    r307_servedslot_t *slot = bucket_of(seen, key), *end = slot + R307_SERVED_BUCKET;

    while (slot < end && key_of(slot) != key) {
        slot++;
    }
    return slot < end ? slot : NULL;
}

static r307_servedfile_t *file_of(const r307_served_t *seen, const r307_servedslot_t *slot)
{
    return seen->files + (slot - seen->slots);
}

/* How many slots of the bucket a tenant has. */
static unsigned held(const r307_servedslot_t *bucket, apr_uint64_t home)
{
    unsigned i, count = 0;

    for (i = 0; i < R307_SERVED_BUCKET; i++) {
        count += __atomic_load_n(&bucket[i].home, __ATOMIC_RELAXED) == home;
    }
    return count;
}

/* The slot for one more file of that tenant: a free one, or of whoever has the most, the
 * newcomer counted, the one not seen for longest. */
static r307_servedslot_t *pick(const r307_served_t *seen, apr_uint64_t key, apr_uint64_t home)
{
    r307_servedslot_t *bucket = bucket_of(seen, key), *victim = NULL;
    unsigned i, most = 0;

    for (i = 0; i < R307_SERVED_BUCKET; i++) {
        r307_servedslot_t *slot = bucket + i;
        apr_uint64_t whose = __atomic_load_n(&slot->home, __ATOMIC_RELAXED);
        unsigned count;

        if (!key_of(slot)) {
            return slot;
        }
        count = held(bucket, whose) + (whose == home);
        if (!victim || count > most || (count == most && slot->last < victim->last)) {
            victim = slot;
            most = count;
        }
    }
    return victim;
}

/* Whether the slot is this one's to write. */
static int take(r307_servedslot_t *slot, apr_uint32_t second)
{
    apr_uint32_t busy = __atomic_load_n(&slot->busy, __ATOMIC_RELAXED);

    if (busy && second - busy < R307_SERVED_PATIENCE) {
        return 0;
    }
    return __atomic_compare_exchange_n(&slot->busy, &busy, second ? second : 1, 0,
                                       __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

static void leave(r307_servedslot_t *slot)
{
    __atomic_store_n(&slot->busy, 0, __ATOMIC_RELEASE);
}

static int has_print(const r307_servedslot_t *slot, apr_uint32_t print)
{
    int i;

    for (i = 0; i < R307_SERVED_PRINTS; i++) {
        if (__atomic_load_n(&slot->prints[i], __ATOMIC_RELAXED) == print) {
            return 1;
        }
    }
    return 0;
}

int r307_served_is_fresh(const r307_served_t *seen, apr_uint64_t key, apr_uint32_t print,
                       apr_uint32_t second)
{
    const r307_servedslot_t *slot = find(seen, key);

    return slot && has_print(slot, print)
        && second - __atomic_load_n(&slot->last, __ATOMIC_RELAXED) < R307_SERVED_EVERY;
}

int r307_served_again(r307_served_t *seen, apr_uint64_t key, apr_uint64_t stamp,
                    apr_uint32_t print, apr_uint32_t second)
{
    r307_servedslot_t *slot = find(seen, key);

    if (!slot || !has_print(slot, print) || file_of(seen, slot)->stamp != stamp) {
        return 0;
    }
    __atomic_store_n(&slot->last, second, __ATOMIC_RELAXED);
    return 1;
}

/* --- what is known of a file --- */

/* The end of a long host says whose it is. */
static void fit_host(char *to, const char *name)
{
    size_t len = strlen(name), room = R307_SERVED_NAME - 1;

    if (len <= room) {
        memcpy(to, name, len + 1);
    }
    else {
        memcpy(to, "...", 3);
        memcpy(to + 3, name + len - (room - 3), room - 3 + 1);
    }
}

static void fit_path(char *to, const char *directory)
{
    size_t len = strlen(directory), room = R307_SERVED_PATH - 1;

    if (len <= room) {
        memcpy(to, len ? directory : "/", len ? len + 1 : 2);
    }
    else {
        memcpy(to, directory, room - 3);
        memcpy(to + room - 3, "...", 4);
    }
}

static const r307_servedhost_t *known(const r307_servedfile_t *file, const char *name)
{
    apr_uint32_t i;

    for (i = 0; i < file->host_count && i < R307_SERVED_HOSTS; i++) {
        if (strncmp(file->hosts[i].name, name, R307_SERVED_NAME) == 0) {
            return &file->hosts[i];
        }
    }
    return NULL;
}

/* Those met last stay. */
static void add_host(r307_servedfile_t *file, const char *name, apr_uint32_t since)
{
    apr_uint32_t at = file->host_count;

    while (at && file->hosts[at - 1].since < since) {
        at--;
    }
    if (file->host_count == R307_SERVED_HOSTS) {
        file->more++;
        if (at == R307_SERVED_HOSTS) {
            return;
        }
    }
    else {
        file->host_count++;
    }
    memmove(file->hosts + at + 1, file->hosts + at,
            (file->host_count - at - 1) * sizeof(*file->hosts));
    file->hosts[at].since = since;
    memcpy(file->hosts[at].name, name, R307_SERVED_NAME);
}

static void add_hosts(r307_servedfile_t *file, const r307_servedfile_t *before,
                      const r307_servedwhat_t *what)
{
    char name[R307_SERVED_NAME];
    int i;

    memset(name, 0, sizeof(name));
    for (i = 0; i < what->hosts->nelts; i++) {
        const r307_servedhost_t *old;

        fit_host(name, APR_ARRAY_IDX(what->hosts, i, const char *));
        old = known(before, name);
        if (!known(file, name)) {
            add_host(file, name, old ? old->since : what->since);
        }
    }
}

static apr_uint32_t most_of(apr_uint32_t a, apr_uint32_t b)
{
    return a > b ? a : b;
}

/* The same version in another shape, by what was known of it. */
static void put_together(r307_servedfile_t *file, const r307_servedfile_t *before)
{
    apr_uint32_t i;

    file->rules = most_of(file->rules, before->rules);
    file->regexes = most_of(file->regexes, before->regexes);
    file->skipped = most_of(file->skipped, before->skipped);
    file->limits |= before->limits;
    for (i = 0; i < before->host_count && i < R307_SERVED_HOSTS; i++) {
        if (!known(file, before->hosts[i].name)) {
            add_host(file, before->hosts[i].name, before->hosts[i].since);
        }
    }
    file->more = most_of(file->more, before->more);
}

/* A copy of what others may write at the same time; 0: it was not whole. */
static int copy(const r307_servedfile_t *from, r307_servedfile_t *to)
{
    apr_uint32_t serial = __atomic_load_n(&from->serial, __ATOMIC_ACQUIRE);
    unsigned i;

    memcpy(to, from, sizeof(*to));
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    to->directory[R307_SERVED_PATH - 1] = '\0';
    for (i = 0; i < R307_SERVED_HOSTS; i++) {
        to->hosts[i].name[R307_SERVED_NAME - 1] = '\0';
    }
    to->host_count = to->host_count < R307_SERVED_HOSTS ? to->host_count : R307_SERVED_HOSTS;
    return !(serial & 1) && __atomic_load_n(&from->serial, __ATOMIC_RELAXED) == serial;
}

static void write_file(r307_servedfile_t *to, const r307_servedfile_t *file)
{
    apr_uint32_t serial = __atomic_load_n(&to->serial, __ATOMIC_RELAXED) | 1;
    size_t head = offsetof(r307_servedfile_t, first);

    __atomic_store_n(&to->serial, serial, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    to->stamp = file->stamp;
    memcpy((char *)to + head, (const char *)file + head, sizeof(*to) - head);
    __atomic_store_n(&to->serial, serial + 1, __ATOMIC_RELEASE);
}

/* slot: the caller's to write. is_known: it is this directory's already. */
static void fill(r307_served_t *seen, r307_servedslot_t *slot, const r307_servedwhat_t *what,
                 int is_known, apr_uint32_t second)
{
    r307_servedfile_t before, file = *what->file;
    int is_same;

    memset(&before, 0, sizeof(before));
    if (is_known) {
        (void)copy(file_of(seen, slot), &before);
    }
    is_same = is_known && before.stamp == file.stamp;
    file.first = is_known && before.first ? before.first : second;
    fit_path(file.directory, what->directory);
    add_hosts(&file, &before, what);
    if (is_same) {
        put_together(&file, &before);
        memmove(slot->prints + 1, slot->prints,
                (R307_SERVED_PRINTS - 1) * sizeof(*slot->prints));
    }
    else {
        memset(slot->prints, 0, sizeof(slot->prints));
    }
    write_file(file_of(seen, slot), &file);
    __atomic_store_n(&slot->home, what->home, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->last, second, __ATOMIC_RELAXED);
    __atomic_store_n(&slot->prints[0], what->print, __ATOMIC_RELAXED);
}

void r307_served_note(r307_served_t *seen, const r307_servedwhat_t *what, apr_uint32_t second)
{
    r307_servedslot_t *slot = find(seen, what->key);
    int is_known = slot != NULL;
    apr_uint64_t was;

    slot = slot ? slot : pick(seen, what->key, what->home);
    was = key_of(slot);
    if (!take(slot, second)) {
        return;
    }
    if (key_of(slot) == was) {          /* nobody had it in between */
        if (!is_known) {
            (void)__atomic_add_fetch(&seen->head->evicted, was != 0, __ATOMIC_RELAXED);
            __atomic_store_n(&slot->key, 0, __ATOMIC_RELEASE);
        }
        fill(seen, slot, what, is_known, second);
        __atomic_store_n(&slot->key, what->key, __ATOMIC_RELEASE);
    }
    leave(slot);
}

/* --- all of them --- */

/* Two processes may have met a directory at once: the first slot is the one that is found. */
static int is_twice(const r307_served_t *seen, unsigned at, apr_uint64_t key)
{
    return find(seen, key) != seen->slots + at;
}

void r307_served_each(const r307_served_t *seen,
                    void (*see)(void *baton, const r307_servedfile_t *file), void *baton)
{
    r307_servedfile_t file;
    unsigned i, tries;

    for (i = 0; i < R307_SERVED_SLOTS; i++) {
        const r307_servedslot_t *slot = seen->slots + i;
        apr_uint64_t key = key_of(slot);
        int is_whole = 0;

        for (tries = 0; key && !is_whole && tries < TRIES; tries++) {
            is_whole = copy(file_of(seen, slot), &file);
        }
        if (is_whole && !is_twice(seen, i, key) && file.directory[0] == '/') {
            file.last = __atomic_load_n(&slot->last, __ATOMIC_RELAXED);
            see(baton, &file);
        }
    }
}

apr_uint64_t r307_served_evicted(const r307_served_t *seen)
{
    return __atomic_load_n(&seen->head->evicted, __ATOMIC_RELAXED);
}
