/* SPDX-License-Identifier: Apache-2.0
 *
 * mapview: what one process knows of the maps it uses. For the files of the store alone:
 * store.c (the parent, and starting), follow.c (the thread that follows), mapjoin.c and
 * take.c (requests).
 *
 *     child      request threads: take views, ask for what has no version
 *                one thread that follows: takes new versions, says what is read no more;
 *                of an arena that is not shared, keeps its maps, too
 *
 * `lock` is held over views and users of this process, for nanoseconds: never while a file
 * is looked at, a map is built or memory is freed.
 */
#ifndef R307_HTTPD_MAPVIEW_H
#define R307_HTTPD_MAPVIEW_H

#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include "map/image.h"
#include "httpd/mapkeep.h"

/* An image as this process uses it. */
typedef struct r307_mapview_t {
    apr_pool_t *pool;           /* its own, without a parent */
    const r307_image_t *image;
    const r307_mapversion_t *version;   /* NULL: mapped by the parent, or this process's own */
    apr_uint64_t serial;        /* of the version; else 0 */
    apr_uint64_t key;           /* whose it is: r307_arena_key */
    unsigned refs;              /* requests that use it; __atomic, see r307_mapview_take */
    struct r307_mapview_t *next;        /* of those that are replaced and still used */
} r307_mapview_t;

/* What a process knows of the map in a slot: replaced as a whole, as the thread that
 * follows may be taking its version. */
typedef struct r307_mapuser_t {
    const r307_mapref_t *ref;
    apr_uint64_t key;           /* of the slot, unless another map has it by now */
    apr_pool_t *pool;           /* of this; NULL: httpd.conf's */
    struct r307_mapuser_t *next;        /* of those that are gone */
} r307_mapuser_t;

typedef struct r307_maplocal_t {
    r307_mapview_t *view;               /* __atomic: written with the lock held */
    r307_mapuser_t *user;               /* NULL: no map of this slot is used in this process */
    apr_uint64_t unfit;         /* serial of a version that this process cannot use */
    apr_uint64_t used;          /* here, by the monotonic clock */
    unsigned tick;              /* of the store, when that was said to all */
    apr_uint64_t elsewhere[R307_INDEX_BEGINS];  /* __atomic, of the view: r307_index_elsewhere */
} r307_maplocal_t;

typedef struct r307_store_t {
    server_rec *s;
    r307_arena_t *arena;
    apr_thread_mutex_t *lock;
    int wake[2];                    /* a pipe: ends the naps of the thread that follows */
    apr_thread_t *follower;
    int is_followed;                /* __atomic: 0 again when the thread is at its end */
    apr_allocator_t *spares;        /* of views and users; NULL in whom nobody asks */
    apr_pool_t *thread_pool;
    r307_mapview_t *replaced;
    r307_mapuser_t *gone;
    int *active;                    /* slots in use here */
    int active_count;
    int conf_count;                 /* maps of httpd.conf, which have numbers */
    int attaching;                  /* requests that read a version no view holds yet */
    int stop;                       /* __atomic */
    int is_child;
    int taking;                     /* __atomic: requests in r307_mapview_take */
    int hurries;                    /* __atomic: requests of this process that wait */
    unsigned tick;                  /* __atomic: counted by the thread that follows */
    int queue[2];                   /* see mapask.h; [0] only where this process keeps */
    r307_mapkeep_t *keep;           /* of an arena that is not shared; else NULL */
    r307_mapkeep_t *loaded;         /* the parent's, which goes to the builder */
    struct r307_running_t *running; /* the builder; of the process's pool */
    int forks;                      /* processes that serve are forked from this one (mpm-itk) */
    pid_t pid;                      /* the process that all this is known of */
    unsigned waiting_most;          /* requests of all processes that may wait for maps */
    apr_uint32_t regex_room;        /* compiled regexes of tenants' maps; __atomic */
    apr_uint32_t *places;           /* by slot, __atomic: of locals; 0: it has none */
    r307_maplocal_t *locals;        /* as they were first asked for, so that they lie close
                                     * together; the first one is nobody's, and empty */
    apr_uint32_t local_count;
    unsigned changes;               /* __atomic: of httpd.conf's views, counted */
} r307_store_t;

/* Of a slot that this process never noted anything of, one that is empty and only read. */
static inline r307_maplocal_t *r307_mapview_local(const r307_store_t *store, int slot)
{
    return &store->locals[__atomic_load_n(&store->places[slot], __ATOMIC_ACQUIRE)];
}

/* Whether it was said in this tick that the slot's map is in use. */
static inline int r307_mapview_is_noted(const r307_store_t *store, int slot)
{
    return __atomic_load_n(&r307_mapview_local(store, slot)->tick, __ATOMIC_RELAXED)
           == __atomic_load_n(&store->tick, __ATOMIC_RELAXED) + 1;
}

/* The slot's own, made where it has none; it stays for as long as there is the store. */
r307_maplocal_t *r307_mapview_local_locked(r307_store_t *store, int slot);

/* The slot's view, pinned: it is freed only behind a release of it. NULL: this process has
 * none. Takes no lock: a view that was replaced is not freed while somebody may still be
 * between having read where it is and having said that it is in use. */
r307_mapview_t *r307_mapview_take(r307_store_t *store, int slot);
/* Takes no lock either: prefork ends a child from a signal handler, which may have
 * interrupted the holder of one. */
void r307_mapview_release(r307_mapview_t *view);

void r307_mapview_lock(r307_store_t *store);
void r307_mapview_unlock(r307_store_t *store);

/* An image of foreign memory as a view; NULL, and said why, when it cannot be used in this
 * process. serial: of the version, 0 for none. */
r307_mapview_t *r307_mapview_attach(r307_store_t *store, const r307_mapref_t *ref,
                                    const void *bytes, apr_uint64_t serial);
/* The slot's version as a view; NULL when there is none other than `has` that this process
 * can use. Called without the lock: nobody frees the version, as this process has not said
 * that it moved on. */
r307_mapview_t *r307_mapview_current(r307_store_t *store, int slot,
                                     const r307_mapref_t *ref, apr_uint64_t has);

/* What ends in _locked is called with the lock held, or, in the parent, which has one
 * thread, without. */
void r307_mapview_install_locked(r307_store_t *store, int slot, r307_mapview_t *view);
void r307_mapview_leave_locked(r307_store_t *store, int slot);
void r307_mapview_use_locked(r307_store_t *store, int slot, r307_mapuser_t *user);

/* Without it: frees what nobody uses any more. */
void r307_mapview_free(r307_store_t *store);

/* --- store.c --- */

/* In a process that was forked from a child, before its first request. */
void r307_store_rejoin(r307_store_t *store);

/* --- take.c --- */

/* Notes a map of httpd.conf as in use, as who takes its image does; 0: that one may have to do
 * more. */
int r307_store_note(r307_store_t *store, const r307_mapref_t *ref);

/* --- follow.c --- */

/* In a child; does nothing when it runs already. */
void r307_follow_start_locked(r307_store_t *store);
/* What the thread does at each round, of a process that has none. */
void r307_follow_move(r307_store_t *store);
/* Ends a nap of the thread. */
void r307_follow_wake(r307_store_t *store);
/* An apr_pool cleanup of the store: ends it and waits for that, but not for ever. */
apr_status_t r307_follow_stop(void *store);

#endif
