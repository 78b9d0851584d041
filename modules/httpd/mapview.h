/* SPDX-License-Identifier: Apache-2.0
 *
 * mapview: what one process knows of the maps it uses. For the files of the store alone:
 * store.c (the parent, and starting), follow.c (the thread that follows) and take.c
 * (requests).
 */
#ifndef R307_HTTPD_MAPVIEW_H
#define R307_HTTPD_MAPVIEW_H

#include <apr_global_mutex.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include "engine/image.h"
#include "httpd/mapload.h"

/* An image as this process uses it. */
typedef struct r307_mapview_t {
    apr_pool_t *pool;           /* its own, without a parent */
    const r307_image_t *image;
    apr_uint64_t serial;        /* of the version; 0: mapped by the parent */
    apr_uint64_t at;            /* where in the arena; only to be compared */
    int refs;                   /* requests that use it */
    struct r307_mapview_t *next;        /* of those that are replaced and still used */
} r307_mapview_t;

/* What a process knows of the map in a slot: replaced as a whole, as the thread that
 * follows may be reading its file. */
typedef struct r307_mapuser_t {
    const r307_mapref_t *ref;
    apr_uint64_t key;           /* of the slot, unless another map has it by now */
    apr_pool_t *pool;           /* of this; NULL: httpd.conf's */
    struct r307_mapuser_t *next;        /* of those that are gone */
} r307_mapuser_t;

typedef struct r307_maplocal_t {
    r307_mapview_t *view;
    r307_mapuser_t *user;               /* NULL: no map of this slot is used in this process */
    apr_uint64_t unfit;         /* serial of a version that this process cannot use */
} r307_maplocal_t;

typedef struct r307_store_t {
    server_rec *s;
    r307_arena_t *arena;
    apr_global_mutex_t *mutex;      /* over all processes: who builds */
    apr_thread_mutex_t *lock;       /* of this process: views and refs */
    apr_thread_cond_t *wake;
    apr_thread_t *follower;
    apr_pool_t *thread_pool;
    r307_mapview_t *replaced;
    r307_mapuser_t *gone;
    int *active;                    /* slots in use here */
    int active_count;
    int attaching;                  /* requests that read a version no view holds yet */
    int stop;                       /* __atomic */
    int is_child;
    r307_maplocal_t locals[R307_MAPSLOTS];
} r307_store_t;

void r307_mapview_lock(r307_store_t *store);
void r307_mapview_unlock(r307_store_t *store);

/* An image of foreign memory as a view; NULL, and said why, when it cannot be used in this
 * process. serial: of the version, 0 for none. */
r307_mapview_t *r307_mapview_attach(const r307_mapref_t *ref, const void *bytes,
                                    apr_uint64_t serial);
/* The slot's version as a view; NULL when there is none other than `has` that this process
 * can use. Called without the lock: nobody frees the version, as this process has not said
 * that it moved on. */
r307_mapview_t *r307_mapview_current(r307_store_t *store, int slot,
                                     const r307_mapref_t *ref, apr_uint64_t has);

/* With the lock held: */
void r307_mapview_install(r307_store_t *store, int slot, r307_mapview_t *view);
void r307_mapview_replaced(r307_store_t *store, r307_mapview_t *view);
void r307_mapview_leave(r307_store_t *store, int slot);
void r307_mapview_use(r307_store_t *store, int slot, r307_mapuser_t *user);
void r307_mapview_free(r307_store_t *store);    /* what nobody uses any more */

/* With the mutex held: reads the file and publishes, or says why not, and whether there
 * are older rules. */
void r307_follow_build(r307_store_t *store, apr_pool_t *p, int slot,
                       const r307_mapref_t *ref, int has_rules);
/* With the lock held, in a child; does nothing when it runs already. */
void r307_follow_start(r307_store_t *store);
/* An apr_pool cleanup of the store: ends it and waits for that. */
apr_status_t r307_follow_stop(void *store);

#endif
