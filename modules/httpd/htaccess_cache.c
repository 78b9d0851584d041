/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/htaccess_cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_thread_mutex.h>

#include "base/hash.h"
#include "httpd/fresh_pool.h"

#ifdef O_CLOEXEC
#define OPEN_FLAGS (O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
#else
#define OPEN_FLAGS (O_RDONLY | O_NOCTTY | O_NONBLOCK)
#endif

#define BUCKETS   4096u         /* a power of two */
#define FILES_MOST 4096

/* Files come and go all day, so an entry is no pool's: it would never be given back. */
typedef struct entry_t entry_t;
struct entry_t {
    entry_t *next;              /* in its bucket */
    entry_t *newer, *older;     /* by use */
    apr_uint64_t key;
    r307_version_t *version;    /* or NULL */
    r307_stamp_t seen;
    apr_time_t later;
    int is_claimed;
    size_t directory_len;
    char file[1];
};

struct r307_htaccess_t {
    apr_thread_mutex_t *mutex;  /* NULL: one thread */
    entry_t *bucket[BUCKETS];   /* written under the mutex, __atomic */
    entry_t *newest, *oldest;
    int files;
    size_t weight, most;
    r307_version_t *gone;       /* to be released when the mutex is */
    struct r307_htshare_t *share;
};

const char *const r307_hoisted[R307_HOISTED_MOST] = {
    "Redirect307", "Redirect307Match", NULL
};

/* --- versions --- */

r307_version_t *r307_version_make(int is_large)
{
    apr_pool_t *p = r307_lone_pool_make(is_large);
    r307_version_t *version;

    if (!p) {
        return NULL;
    }
    version = apr_pcalloc(p, sizeof(*version));
    version->p = p;
    version->references = 1;
    return version;
}

static void hold(r307_version_t *version)
{
    __atomic_add_fetch(&version->references, 1, __ATOMIC_RELAXED);
}

void r307_version_release(r307_version_t *version)
{
    if (version->release) {
        version->release(version);
        return;
    }
    if (__atomic_sub_fetch(&version->references, 1, __ATOMIC_ACQ_REL) == 0) {
        apr_pool_destroy(version->p);
    }
}

/* --- stamps --- */

static apr_int64_t nanoseconds(const struct timespec *time)
{
    return (apr_int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

void r307_stamp_of(const struct stat *info, r307_stamp_t *stamp)
{
    stamp->device = (apr_uint64_t)info->st_dev;
    stamp->inode = (apr_uint64_t)info->st_ino;
    stamp->size = (apr_uint64_t)info->st_size;
#ifdef __APPLE__
    stamp->mtime = nanoseconds(&info->st_mtimespec);
    stamp->ctime = nanoseconds(&info->st_ctimespec);
#else
    stamp->mtime = nanoseconds(&info->st_mtim);
    stamp->ctime = nanoseconds(&info->st_ctim);
#endif
}

int r307_stamp_open(const char *path, r307_stamp_t *stamp)
{
    struct stat info;
    int fd = open(path, OPEN_FLAGS);

    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return -1;
    }
    r307_stamp_of(&info, stamp);
    return fd;
}

int r307_stamp_same(const r307_stamp_t *a, const r307_stamp_t *b)
{
    return a->mtime == b->mtime && a->ctime == b->ctime && a->size == b->size
           && a->inode == b->inode && a->device == b->device;
}

apr_time_t r307_stamp_time(const r307_stamp_t *stamp)
{
    return (stamp->mtime > stamp->ctime ? stamp->mtime : stamp->ctime) / 1000;
}

/* --- the table --- */

r307_htaccess_t *r307_cache_make(apr_pool_t *pchild, int is_threaded, size_t most)
{
    r307_htaccess_t *cache = calloc(1, sizeof(*cache));

    if (!cache) {
        return NULL;
    }
    /* It ends with the process: threads may still look at it when pchild is gone. */
    cache->most = most;
    if (is_threaded && apr_thread_mutex_create(&cache->mutex, APR_THREAD_MUTEX_DEFAULT,
                                               pchild) != APR_SUCCESS) {
        free(cache);
        return NULL;
    }
    return cache;
}

void r307_cache_set_share(r307_htaccess_t *cache, struct r307_htshare_t *share)
{
    cache->share = share;
}

struct r307_htshare_t *r307_cache_share(const r307_htaccess_t *cache)
{
    return cache->share;
}

size_t r307_cache_most(const r307_htaccess_t *cache)
{
    return cache->most;
}

static void lock(r307_htaccess_t *cache)
{
    if (cache->mutex) {
        apr_thread_mutex_lock(cache->mutex);
    }
}

/* The last reference to 10 000 rules takes a while to go: nobody waits for that. */
static void unlock(r307_htaccess_t *cache)
{
    r307_version_t *gone = cache->gone;

    cache->gone = NULL;
    if (cache->mutex) {
        apr_thread_mutex_unlock(cache->mutex);
    }
    while (gone) {
        r307_version_t *next = gone->next;

        r307_version_release(gone);
        gone = next;
    }
}

static size_t directory_len(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? (size_t)(slash - file) : 0;
}

/* By its directory alone, so that it can be told before there is a name. */
static apr_uint64_t key_of(const char *file)
{
    return r307_hash_keyed(R307_HASH_OPEN, file, directory_len(file));
}

static entry_t *const *bucket_of(const r307_htaccess_t *cache, apr_uint64_t key)
{
    return &cache->bucket[key & (BUCKETS - 1)];
}

static entry_t *look_locked(r307_htaccess_t *cache, const char *file, apr_uint64_t key)
{
    entry_t *entry = *bucket_of(cache, key);

    while (entry && (entry->key != key || strcmp(entry->file, file) != 0)) {
        entry = entry->next;
    }
    return entry;
}

static void unlink_use_locked(r307_htaccess_t *cache, entry_t *entry)
{
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest_locked(r307_htaccess_t *cache, entry_t *entry)
{
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void use_locked(r307_htaccess_t *cache, entry_t *entry)
{
    if (cache->newest != entry) {
        unlink_use_locked(cache, entry);
        link_newest_locked(cache, entry);
    }
}

static void let_go_locked(r307_htaccess_t *cache, entry_t *entry)
{
    if (entry->version) {
        cache->weight -= entry->version->weight;
        entry->version->next = cache->gone;
        cache->gone = entry->version;
        entry->version = NULL;
    }
}

static void drop_locked(r307_htaccess_t *cache, entry_t *entry)
{
    entry_t **from = &cache->bucket[entry->key & (BUCKETS - 1)];

    while (*from != entry) {
        from = &(*from)->next;
    }
    __atomic_store_n(from, entry->next, __ATOMIC_RELEASE);
    unlink_use_locked(cache, entry);
    let_go_locked(cache, entry);
    __atomic_store_n(&cache->files, cache->files - 1, __ATOMIC_RELAXED);
    free(entry);
}

/* NULL without memory. */
static entry_t *have_locked(r307_htaccess_t *cache, const char *file)
{
    apr_uint64_t key = key_of(file);
    entry_t *entry = look_locked(cache, file, key), **bucket;
    size_t len = strlen(file);

    if (entry) {
        use_locked(cache, entry);
        return entry;
    }
    if (cache->files >= FILES_MOST) {
        drop_locked(cache, cache->oldest);
    }
    entry = calloc(1, sizeof(*entry) + len);
    if (entry) {
        bucket = &cache->bucket[key & (BUCKETS - 1)];
        memcpy(entry->file, file, len + 1);
        entry->directory_len = directory_len(file);
        entry->key = key;
        entry->next = *bucket;
        __atomic_store_n(bucket, entry, __ATOMIC_RELEASE);
        link_newest_locked(cache, entry);
        __atomic_store_n(&cache->files, cache->files + 1, __ATOMIC_RELAXED);
    }
    return entry;
}

apr_uint64_t r307_cache_key(const char *directory)
{
    size_t len = strlen(directory);

    return r307_hash_keyed(R307_HASH_OPEN, directory,
                           len && directory[len - 1] == '/' ? len - 1 : len);
}

int r307_cache_is_empty(const r307_htaccess_t *cache)
{
    return __atomic_load_n(&cache->files, __ATOMIC_RELAXED) == 0;
}

int r307_cache_may_know(const r307_htaccess_t *cache, apr_uint64_t key)
{
    return __atomic_load_n(bucket_of(cache, key), __ATOMIC_RELAXED) != NULL;
}

/* directory, with or without its final slash, and name are the file's. */
static int is_file(const entry_t *entry, const char *directory, size_t len,
                   const char *name)
{
    return entry->directory_len == len && memcmp(entry->file, directory, len) == 0
           && strcmp(entry->file + len + 1, name) == 0;
}

r307_cached_t r307_cache_find(r307_htaccess_t *cache, const char *directory,
                              const char *name, apr_uint64_t key, apr_time_t now,
                              r307_stamp_t *stamp, r307_version_t **version)
{
    r307_cached_t cached = R307_CACHED_NOTHING;
    size_t len = strlen(directory);
    entry_t *entry;

    len -= len && directory[len - 1] == '/';
    lock(cache);
    entry = *bucket_of(cache, key);
    while (entry && (entry->key != key || !is_file(entry, directory, len, name))) {
        entry = entry->next;
    }
    if (entry) {
        use_locked(cache, entry);
        *stamp = entry->seen;
        cached = entry->is_claimed || entry->later > now ? R307_CACHED_LATER
                                                         : R307_CACHED_FILE;
        if (entry->version) {
            hold(entry->version);
            *version = entry->version;
            cached = R307_CACHED_VERSION;
        }
    }
    unlock(cache);
    return cached;
}

void r307_cache_note(r307_htaccess_t *cache, const char *file)
{
    lock(cache);
    have_locked(cache, file);
    unlock(cache);
}

void r307_cache_see(r307_htaccess_t *cache, const char *file, const r307_stamp_t *stamp)
{
    entry_t *entry;

    lock(cache);
    entry = have_locked(cache, file);
    if (entry) {
        if (entry->version && !r307_stamp_same(&entry->version->stamp, stamp)) {
            let_go_locked(cache, entry);
        }
        entry->seen = *stamp;
    }
    unlock(cache);
}

int r307_cache_claim(r307_htaccess_t *cache, const char *file)
{
    int is_mine = 0;
    entry_t *entry;

    lock(cache);
    entry = have_locked(cache, file);
    if (entry && !entry->is_claimed) {
        entry->is_claimed = is_mine = 1;
    }
    unlock(cache);
    return is_mine;
}

void r307_cache_put(r307_htaccess_t *cache, const char *file, r307_version_t *version)
{
    entry_t *entry;

    lock(cache);
    entry = have_locked(cache, file);
    if (entry) {
        let_go_locked(cache, entry);
        hold(version);
        entry->version = version;
        entry->seen = version->stamp;
        entry->is_claimed = 0;
        cache->weight += version->weight;
    }
    while (cache->weight > cache->most && cache->oldest != entry) {
        drop_locked(cache, cache->oldest);
    }
    unlock(cache);
}

void r307_cache_later(r307_htaccess_t *cache, const char *file, apr_time_t until)
{
    entry_t *entry;

    lock(cache);
    entry = have_locked(cache, file);
    if (entry) {
        let_go_locked(cache, entry);
        entry->is_claimed = 0;
        entry->later = until;
    }
    unlock(cache);
}

void r307_cache_forget(r307_htaccess_t *cache, const char *file)
{
    entry_t *entry;

    lock(cache);
    entry = look_locked(cache, file, key_of(file));
    if (entry) {
        drop_locked(cache, entry);
    }
    unlock(cache);
}
