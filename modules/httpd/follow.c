/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapview.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <http_log.h>
#include "httpd/log_once.h"
#include "httpd/mapask.h"

APLOG_USE_MODULE(redirect307);

#define TICK       1000         /* milliseconds between two rounds */
#define TICK_PRESSED 50         /* while the writer lacks room, or may soon */
#define VIEWS_MOST 128          /* tenants' maps that a process keeps ready, of 16 KiB each */
#define STOP_NAP   apr_time_from_msec(5)
#define STOP_TRIES 200

static int is_stopping(const r307_store_t *store)
{
    return __atomic_load_n(&store->stop, __ATOMIC_RELAXED);
}

/* --- new versions --- */

/* Whether this process drops a tenant's map: a map of another key has its slot, or
 * what it had was taken away to make room, or nobody asked this process for it lately
 * and there are many. A map of httpd.conf is never dropped, not even in a process of
 * the last generation whose slot went to another map. */
static int is_gone_locked(r307_store_t *store, const r307_mapuser_t *user, int slot,
                          apr_uint64_t since)
{
    const r307_mapslot_t *known = r307_arena_slot(store->arena, slot);
    const r307_maplocal_t *local = r307_mapview_local(store, slot);

    return user->ref->directory
        && (__atomic_load_n(&known->key, __ATOMIC_SEQ_CST) != user->key
            || (local->view && !r307_arena_current(store->arena, slot))
            || local->used < since);
}

/* The next slot's map. Users are freed by this thread alone, so that one stays while its
 * version is taken without the lock. */
static const r307_mapref_t *take_next(r307_store_t *store, int *at, int *slot,
                                      apr_uint64_t since, apr_uint64_t *has)
{
    const r307_mapref_t *ref = NULL;

    r307_mapview_lock(store);
    while (!ref && *at < store->active_count) {
        r307_maplocal_t *local;

        *slot = store->active[*at];
        local = r307_mapview_local(store, *slot);
        if (is_gone_locked(store, local->user, *slot, since)) {
            r307_mapview_leave_locked(store, *slot);
            store->active[*at] = store->active[--store->active_count];
            continue;
        }
        ref = local->user->ref;
        *has = local->view ? local->view->serial : 0;
        ++*at;
    }
    r307_mapview_unlock(store);
    return ref;
}

static void take_version(r307_store_t *store, int slot, const r307_mapref_t *ref,
                         apr_uint64_t has)
{
    r307_mapview_t *view = r307_mapview_current(store, slot, ref, has);
    const r307_mapuser_t *user;

    if (!view) {
        return;
    }
    r307_mapview_lock(store);
    user = r307_mapview_local(store, slot)->user;
    if (user && user->ref == ref) {
        r307_mapview_install_locked(store, slot, view);
    }
    else {
        view->next = store->replaced;
        store->replaced = view;
    }
    r307_mapview_unlock(store);
}

/* With more maps of tenants than are kept ready, those that were not asked for in the last
 * ten seconds go; with many more, those of the last second stay. */
static apr_uint64_t kept_since(const r307_store_t *store, apr_uint64_t now)
{
    int many = store->active_count;

    return many <= VIEWS_MOST ? 0 : now - (many <= 2 * VIEWS_MOST ? 10 : 1) * APR_USEC_PER_SEC;
}

static void take_all(r307_store_t *store)
{
    apr_uint64_t since = kept_since(store, r307_arena_clock()), has;
    const r307_mapref_t *ref;
    int at = 0, slot;

    while (!is_stopping(store)
           && (ref = take_next(store, &at, &slot, since, &has)) != NULL) {
        take_version(store, slot, ref, has);
    }
}

/* --- saying what is read no more --- */

static void hold(apr_uint64_t *holds, int *count, apr_uint64_t serial)
{
    if (serial && *count < R307_HOLDS) {
        holds[*count] = serial;
    }
    *count += serial != 0;
}

/* Says which replaced versions are still used here; of all others, that they are not. */
void r307_follow_move(r307_store_t *store)
{
    apr_uint64_t holds[R307_HOLDS], epoch;
    const r307_mapview_t *view;
    int i, count = 0;

    r307_mapview_free(store);
    r307_mapview_lock(store);
    epoch = r307_arena_epoch(store->arena);
    for (i = 0; i < store->active_count; i++) {
        const r307_mapversion_t *version = r307_arena_current(store->arena, store->active[i]);

        view = r307_mapview_local(store, store->active[i])->view;
        if (view && !(version && version->serial == view->serial)) {
            hold(holds, &count, view->serial);
        }
    }
    for (view = store->replaced; view; view = view->next) {
        hold(holds, &count, view->serial);
    }
    if (count <= R307_HOLDS && !store->attaching) {
        r307_arena_move(store->arena, epoch, holds, count);
    }
    r307_mapview_unlock(store);
}

/* Tenants' maps have compiled as many regexes as are kept: all of these maps begin
 * anew, so that the room goes to those that are asked now. */
static void give_regexes_back(r307_store_t *store)
{
    int i;

    if (__atomic_load_n(&store->regex_room, __ATOMIC_RELAXED)) {
        return;
    }
    r307_mapview_lock(store);
    for (i = 0; i < store->active_count;) {
        if (r307_mapview_local(store, store->active[i])->user->ref->directory) {
            r307_mapview_leave_locked(store, store->active[i]);
            store->active[i] = store->active[--store->active_count];
        }
        else {
            i++;
        }
    }
    r307_mapview_unlock(store);
}

/* --- the thread --- */

static void drain(int fd)
{
    char drained[64];

    while (read(fd, drained, sizeof(drained)) == (ssize_t)sizeof(drained)) {
        continue;
    }
}

/* Waits for the next round, and meanwhile does what keeps the maps, if that is done
 * here. By poll, whose time does not follow a clock that is set. */
static void nap(r307_store_t *store)
{
    struct pollfd ready[2] = { { store->wake[0], POLLIN, 0 },
                               { store->keep ? store->queue[0] : -1, POLLIN, 0 } };
    int is_pressed = r307_arena_is_pressed(store->arena)
                     || __atomic_load_n(&store->hurries, __ATOMIC_RELAXED) > 0;
    apr_uint64_t until = r307_arena_clock() + (is_pressed ? TICK_PRESSED : TICK) * 1000;

    while (!is_stopping(store)) {
        apr_uint64_t now = r307_arena_clock();
        int wait = now >= until ? 0 : (int)((until - now) / 1000 + 1);
        int due = store->keep ? r307_mapkeep_work(store->keep) : -1;

        if (poll(ready, 2, due >= 0 && due < wait ? due : wait) > 0 && ready[0].revents) {
            drain(store->wake[0]);
            return;
        }
        if (ready[1].revents) {
            r307_mapask_take(store->queue[0], store->keep, store->s);
        }
        if (!wait) {
            return;
        }
    }
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    r307_store_t *store = data;
    apr_uint64_t ticked = 0, now;

    while (!is_stopping(store)) {
        take_all(store);
        give_regexes_back(store);
        if (store->keep) {
            r307_mapkeep_say_usage(store->keep);
        }
        r307_follow_move(store);
        now = r307_arena_clock();
        if (now >= ticked + TICK * 1000) {      /* and not whenever a request wakes it */
            ticked = now;
            __atomic_add_fetch(&store->tick, 1, __ATOMIC_RELAXED);
        }
        nap(store);
    }
    __atomic_store_n(&store->is_followed, 0, __ATOMIC_SEQ_CST);
    /* not apr_thread_exit, which leaves by a jump: AddressSanitizer takes what it finds of
     * the frames for an overflow */
    return NULL;
}

void r307_follow_wake(r307_store_t *store)
{
    ssize_t written = write(store->wake[1], "", 1);     /* a full pipe is as good */

    (void)written;
}

/* Runs before the pools that the thread works with are destroyed. prefork ends a child
 * from a signal handler, which may have interrupted the holder of a lock that the
 * thread waits for, malloc's too: nobody will release it then, and the thread ends
 * with the process. */
apr_status_t r307_follow_stop(void *data)
{
    r307_store_t *store = data;
    apr_status_t rv;
    int tries = 0;

    __atomic_store_n(&store->stop, 1, __ATOMIC_SEQ_CST);
    if (store->keep) {
        r307_mapkeep_stop(store->keep);
    }
    if (!store->follower) {
        return APR_SUCCESS;
    }
    r307_follow_wake(store);
    while (__atomic_load_n(&store->is_followed, __ATOMIC_SEQ_CST)) {
        if (++tries == STOP_TRIES) {
            return APR_SUCCESS;
        }
        apr_sleep(STOP_NAP);
    }
    apr_thread_join(&rv, store->follower);
    store->follower = NULL;
    return APR_SUCCESS;
}

/* Signals are for the threads that expect them. */
void r307_follow_start_locked(r307_store_t *store)
{
    sigset_t all, before;

    if (store->follower || !store->is_child || store->pid != getpid()) {
        return;
    }
    r307_arena_begin(store->arena);
    if (is_stopping(store)) {
        return;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    store->is_followed = 1;
    if (apr_thread_create(&store->follower, NULL, run, store, store->thread_pool)
        != APR_SUCCESS) {
        store->follower = NULL;
        store->is_followed = 0;
        if (r307_log_once_ever(store->s, r307_log_once_key_text("maps", 0, "no thread"))) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->s, "there is no thread to be had "
                         "for maps; a process without one does not see that they change");
        }
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
