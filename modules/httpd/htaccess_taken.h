/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_taken: what one process has taken of the .htaccess files that are shared, for
 * htaccess_share.c and htaccess_taken.c alone.
 */
#ifndef R307_HTTPD_HTACCESS_TAKEN_H
#define R307_HTTPD_HTACCESS_TAKEN_H

#include <apr_hash.h>
#include <apr_thread_mutex.h>
#include "conf/htaccess_pack.h"
#include "httpd/htaccess_share.h"

#define R307_HTBUCKETS 4096u    /* a power of two */
#define R307_HTASKED   1024u    /* files that a process remembers to have asked for */

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
    apr_thread_mutex_t *lock;   /* NULL: one thread */
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

#endif
