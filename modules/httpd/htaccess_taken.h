/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_taken: what one process has taken of the .htaccess files that are shared, see
 * htaccess_share.h. What is in r307_htshare_t is for these two alone.
 */
#ifndef R307_HTTPD_HTACCESS_TAKEN_H
#define R307_HTTPD_HTACCESS_TAKEN_H

#include <apr_hash.h>
#include <apr_thread_mutex.h>
#include "conf/htaccess_pack.h"
#include "shared/arena.h"
#include "httpd/htaccess_cache.h"

/* Bytes; stands in docs/htaccess.md. */
#define R307_HTACCESS_MOST (16 * 1024 * 1024)
#define R307_HTBUCKETS 4096u    /* a power of two */
#define R307_HTASKED   1024u    /* files that a process remembers to have asked for */

typedef struct r307_htshare_t r307_htshare_t;

/* In front of the pack, in the arena. */
typedef struct r307_htsharehead_t {
    r307_stamp_t stamp;         /* of the file when it was read, */
    apr_int64_t read;           /* at that time, in microseconds */
    apr_uint64_t sum;           /* r307_htshare_sum of its bytes */
    apr_uint32_t is_fit;        /* a pack follows */
    apr_uint32_t unused;
} r307_htsharehead_t;

/* A version as this process has taken it: one piece of memory, its runs behind it. */
typedef struct r307_htshared_t {
    r307_version_t version;     /* first; a reference of it is the table's */
    r307_htshare_t *share;
    const r307_mapversion_t *in;
    const r307_htsharehead_t *head;
    apr_uint64_t serial, key, used;
    int slot, views;
    size_t directory_len;
    r307_stamp_t proven;
    struct r307_htshared_t *next;      /* in its bucket, or of those that left the table */
} r307_htshared_t;

typedef struct r307_htasked_t {
    apr_uint64_t key;
    apr_time_t when;
} r307_htasked_t;

struct r307_htshare_t {
    server_rec *s;
    r307_arena_t *arena;
    apr_uint64_t *filter;
    apr_uint64_t seed;
    apr_uint64_t *served;       /* __atomic, shared */
    int queue[2];
    size_t most;
    /* of this process */
    unsigned large;             /* __atomic: versions for one request, in large memory */
    apr_thread_mutex_t *lock;   /* NULL: one thread */
    apr_allocator_t *spares;    /* of what is open */
    apr_hash_t *no_names;
    apr_array_header_t *no_rules;
    r307_htshared_t *bucket[R307_HTBUCKETS];
    r307_htshared_t *left;             /* out of the table, perhaps still used */
    unsigned hand;              /* bucket that gives something back next */
    size_t weight;
    int views;
    int reading;                /* requests that hold a version */
    apr_uint64_t moved;
    apr_uint32_t regex_room;
    r307_htasked_t asked[R307_HTASKED];
};

typedef struct r307_htshare_found_t {
    r307_version_t *version;    /* with a reference for the caller; NULL: there is none */
    r307_stamp_t proven;        /* a stamp that is known to be of the same bytes */
} r307_htshare_found_t;

void r307_htshare_find(r307_htshare_t *share, const char *directory, const char *name,
                     apr_uint64_t key, r307_htshare_found_t *found);
/* Whether the open file has the bytes that the version was made from. 0 is cheap where the
 * size tells. age: how long its stamp must have stood to be taken for them from now on. */
int r307_htshare_is_of(r307_htshare_t *share, r307_htshare_found_t *found, int fd,
                     const r307_stamp_t *stamp, apr_time_t age, apr_time_t now);
/* Whether it can be handed out; else it says that the file is for each process alone. */
int r307_htshare_is_fit(const r307_version_t *version);

/* Makes the rules of a shared run usable in this process, for as long as the request holds
 * its version; 1 also for any other block. 0: they cannot be, which is said. */
int r307_htshare_open(r307_block_t *block);
/* Of all of them; nearly always there is none. */
static inline int r307_htshare_open_all(const r307_blocks_t *blocks)
{
    int i;

    for (i = 0; i < blocks->count; i++) {
        if (blocks->at[i]->rules->packed && !r307_htshare_open(blocks->at[i])) {
            return 0;
        }
    }
    return 1;
}

/* Whether the sources of a shared run were looked at for a directory at that URL, in whichever
 * process; from then on they were. */
int r307_htshare_is_checked(const r307_block_t *block, r307_slice_t base);

/* Of a file's bytes, and of nobody's guess. */
apr_uint64_t r307_htshare_sum(const r307_htshare_t *share, const char *bytes, size_t len);

#endif
