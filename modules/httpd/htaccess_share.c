/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/htaccess_share.h"

#include <string.h>
#include <unistd.h>
#include <ap_mpm.h>
#include <apr_general.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include "base/hash.h"
#include "httpd/fresh_pool.h"
#include "httpd/mapask.h"

APLOG_USE_MODULE(redirect307);

#define MISSED     1            /* behind the number of those served */
#define USERDATA   "mod_redirect307.share"
#define SLOTS      32768u
#define FILTER     (1u << 18)   /* bits, a power of two */
#define ASK_AGAIN  apr_time_from_sec(1)
#define REGEXES_MOST 2000       /* compiled, of open runs */
#define READERS_SPARE 32

/* --- making --- */

r307_htshare_t *r307_htshare_of(const server_rec *s)
{
    void *share = NULL;

    apr_pool_userdata_get(&share, USERDATA, s->process->pconf);
    return share;
}

static apr_status_t close_queue(void *data)
{
    r307_htshare_t *share = data;

    r307_mapask_close(share->queue);
    return APR_SUCCESS;
}

static unsigned count_readers(void)
{
    int limit = 0;

    if (ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &limit) != APR_SUCCESS || limit < 1) {
        limit = 256;
    }
    return (unsigned)limit + READERS_SPARE;
}

void r307_htshare_make(apr_pool_t *pconf, server_rec *s, size_t most)
{
    /* of what is not of httpd.conf an arena gives half; what is not used costs nothing */
    r307_arena_size_t size = { 2 * most, SLOTS, count_readers(), 1 };
    r307_htshare_t *share = apr_pcalloc(pconf, sizeof(*share));
    apr_shm_t *shm;

    share->s = s;
    share->most = most;
    share->regex_room = REGEXES_MOST;
    share->arena = r307_arena_make(pconf, &size);
    if (!share->arena || !r307_mapask_open(share->queue)) {
        return;
    }
    apr_pool_cleanup_register(pconf, share, close_queue, apr_pool_cleanup_null);
    if (apr_shm_create(&shm, FILTER / 8 + 64, NULL, pconf) != APR_SUCCESS) {
        return;
    }
    share->served = apr_shm_baseaddr_get(shm);
    share->filter = share->served + 8;
    apr_generate_random_bytes((unsigned char *)&share->seed, sizeof(share->seed));
    share->seed |= 1;
    share->no_names = apr_hash_make(pconf);
    share->no_rules = apr_array_make(pconf, 1, sizeof(const r307_rule_t *));
    apr_pool_userdata_set(share, USERDATA, NULL, pconf);
}

r307_htshare_t *r307_htshare_join(apr_pool_t *pchild, server_rec *s, int is_threaded)
{
    r307_htshare_t *share = r307_htshare_of(s);

    /* mpm-itk serves each connection by a process of its own, which would have to join */
    if (!share || ap_find_linked_module("mpm_itk.c")
        || (is_threaded
            && apr_thread_mutex_create(&share->lock, APR_THREAD_MUTEX_DEFAULT, pchild)
               != APR_SUCCESS)
        || !r307_arena_join(share->arena, getpid())) {
        return NULL;
    }
    share->spares = r307_spares_make();
    r307_arena_rest(share->arena);
    close(share->queue[0]);             /* the builder's end */
    share->queue[0] = -1;
    return share;
}

void r307_htshare_bury(server_rec *s, pid_t pid)
{
    r307_htshare_t *share = r307_htshare_of(s);

    if (share) {
        r307_arena_bury(share->arena, pid);
    }
}

r307_arena_t *r307_htshare_arena(const r307_htshare_t *share)
{
    return share->arena;
}

int r307_htshare_queue(const r307_htshare_t *share)
{
    return share->queue[0];
}

/* --- which directories --- */

int r307_htshare_may(const r307_htshare_t *share, apr_uint64_t key)
{
    unsigned bit = (unsigned)(key % FILTER);

    return (__atomic_load_n(&share->filter[bit / 64], __ATOMIC_RELAXED) >> bit % 64) & 1;
}

void r307_htshare_note_key(r307_htshare_t *share, apr_uint64_t key)
{
    unsigned bit = (unsigned)(key % FILTER);

    __atomic_or_fetch(&share->filter[bit / 64], (apr_uint64_t)1 << bit % 64,
                      __ATOMIC_RELAXED);
}

/* --- asking --- */

void r307_htshare_count(r307_htshare_t *share)
{
    __atomic_add_fetch(share->served, 1, __ATOMIC_RELAXED);
}

void r307_htshare_miss(r307_htshare_t *share)
{
    __atomic_add_fetch(&share->served[MISSED], 1, __ATOMIC_RELAXED);
}

/* Two threads at once may ask twice, which does no harm. */
static int is_asked(r307_htshare_t *share, apr_uint64_t key, apr_time_t now)
{
    const r307_htasked_t *asked = &share->asked[key % R307_HTASKED];

    return __atomic_load_n(&asked->key, __ATOMIC_RELAXED) == key
        && __atomic_load_n(&asked->when, __ATOMIC_RELAXED) + ASK_AGAIN > now;
}

static void note_asked(r307_htshare_t *share, apr_uint64_t key, apr_time_t now)
{
    r307_htasked_t *asked = &share->asked[key % R307_HTASKED];

    __atomic_store_n(&asked->key, key, __ATOMIC_RELAXED);
    __atomic_store_n(&asked->when, now, __ATOMIC_RELAXED);
}

int r307_htshare_may_ask(r307_htshare_t *share, const char *path, apr_time_t now)
{
    apr_uint64_t key = r307_hash_keyed(share->seed, path, strlen(path));
    int is_new = !is_asked(share, key, now);

    if (is_new) {
        note_asked(share, key, now);
    }
    return is_new;
}

void r307_htshare_ask(r307_htshare_t *share, const char *path, int fd,
                    const r307_stamp_t *stamp, apr_time_t now)
{
    apr_uint64_t key = r307_hash_keyed(share->seed, path, strlen(path))
                       ^ r307_hash_keyed(share->seed, stamp, sizeof(*stamp));

    if (!is_asked(share, key, now) && stamp->size <= R307_HTACCESS_MOST
        && r307_mapask_send(share->queue[1], path, strlen(path) + 1, fd)) {
        note_asked(share, key, now);
    }
}

/* --- telling --- */

void r307_htshare_tell(const server_rec *s, r307_htshare_told_t *told)
{
    const r307_htshare_t *share = r307_htshare_of(s);
    r307_arena_usage_t usage;

    memset(told, 0, sizeof(*told));
    if (!share) {
        return;
    }
    r307_arena_usage(share->arena, &usage);
    told->files = usage.maps;
    told->bytes = usage.used;
    told->most = share->most;
    told->served = __atomic_load_n(share->served, __ATOMIC_RELAXED);
    told->missed = __atomic_load_n(&share->served[MISSED], __ATOMIC_RELAXED);
    told->built = r307_arena_counted(share->arena, R307_COUNT_BUILT);
    told->evicted = r307_arena_counted(share->arena, R307_COUNT_EVICTED);
}
