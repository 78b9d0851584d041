/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/log_once.h"

#include <string.h>
#include <apr_shm.h>
#include <apr_file_info.h>

#include "base/hash.h"

#define SLOTS 4096u         /* a power of two; 64 KiB */
#define NEIGHBOURS 8u
#define USERDATA "mod_redirect307.once"

typedef struct slot_t {
    apr_uint64_t key;       /* 0: free */
    apr_uint64_t stamp;     /* microseconds of the last 1 */
} slot_t;

/* Kept at pconf, which is cleared with the generation; a static would be lost with the
 * .so at a restart, and would be one more thing that is not. */
void r307_log_once_make(apr_pool_t *pconf)
{
    apr_shm_t *shm;
    slot_t *slots;

    if (apr_shm_create(&shm, SLOTS * sizeof(slot_t), NULL, pconf) == APR_SUCCESS) {
        slots = apr_shm_baseaddr_get(shm);
        memset(slots, 0, SLOTS * sizeof(slot_t));
    }
    else {
        slots = apr_pcalloc(pconf, SLOTS * sizeof(slot_t));
    }
    apr_pool_userdata_set(slots, USERDATA, NULL, pconf);    /* copies the key */
}

static slot_t *find_slots(const server_rec *s)
{
    void *slots = NULL;

    apr_pool_userdata_get(&slots, USERDATA, s->process->pconf);
    return slots;
}

/* The key can be computed by anybody: a tenant who makes two messages of the same key
 * has lost one of them. */
static apr_uint64_t add_text(apr_uint64_t key, const char *text)
{
    return text ? r307_hash_keyed(key, text, strlen(text) + 1)
                : r307_hash_keyed(key, "\1", 1);
}

apr_uint64_t r307_log_once_key_text(const char *file, unsigned line, const char *text)
{
    apr_uint64_t key = add_text(R307_HASH_OPEN, file);

    key = add_text(r307_hash_keyed(key, &line, sizeof(line)), text);
    return key ? key : 1;
}

apr_uint64_t r307_log_once_key(apr_pool_t *p, const char *file, unsigned line,
                               const char *text)
{
    apr_uint64_t key = r307_log_once_key_text(file, line, text);
    apr_finfo_t finfo;

    if (file && apr_stat(&finfo, file, APR_FINFO_MTIME | APR_FINFO_SIZE, p)
                == APR_SUCCESS) {
        key = r307_hash_keyed(key, &finfo.mtime, sizeof(finfo.mtime));
        key = r307_hash_keyed(key, &finfo.size, sizeof(finfo.size));
    }
    return key ? key : 1;
}

/* The slot of the key, or one that was taken for it: a free one, else the oldest. Two
 * processes that race for one slot may both say their message; none is lost. */
static slot_t *take_slot(slot_t *slots, apr_uint64_t key, int *is_new)
{
    slot_t *oldest = NULL;
    apr_uint64_t oldest_key = 0;
    unsigned i;

    for (i = 0; i < NEIGHBOURS; i++) {
        slot_t *slot = &slots[(key + i) & (SLOTS - 1)];
        apr_uint64_t held = __atomic_load_n(&slot->key, __ATOMIC_ACQUIRE);

        if (!held && __atomic_compare_exchange_n(&slot->key, &held, key, 0,
                                                 __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            *is_new = 1;
            return slot;
        }
        if (held == key) {      /* also when another process has just taken it for us */
            *is_new = 0;
            return slot;
        }
        if (!oldest || __atomic_load_n(&slot->stamp, __ATOMIC_RELAXED)
                       < __atomic_load_n(&oldest->stamp, __ATOMIC_RELAXED)) {
            oldest = slot;
            oldest_key = held;
        }
    }
    *is_new = __atomic_compare_exchange_n(&oldest->key, &oldest_key, key, 0,
                                          __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
              || oldest_key != key;
    return oldest;
}

int r307_log_once_ever(const server_rec *s, apr_uint64_t key)
{
    slot_t *slots = find_slots(s), *slot;
    int is_new;

    if (!slots) {
        return 1;       /* before the first post_config: the configuration is read once */
    }
    slot = take_slot(slots, key, &is_new);
    __atomic_store_n(&slot->stamp, (apr_uint64_t)apr_time_now(), __ATOMIC_RELAXED);
    return is_new;
}

int r307_log_once_per(const server_rec *s, apr_uint64_t key, int seconds, apr_time_t now)
{
    slot_t *slots = find_slots(s), *slot;
    apr_uint64_t last;
    int is_new;

    if (!slots) {
        return 1;
    }
    slot = take_slot(slots, key, &is_new);
    last = __atomic_load_n(&slot->stamp, __ATOMIC_ACQUIRE);
    if (!is_new && (apr_time_t)last <= now
        && now - (apr_time_t)last < apr_time_from_sec(seconds)) {
        return 0;
    }
    return __atomic_compare_exchange_n(&slot->stamp, &last, (apr_uint64_t)now, 0,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
