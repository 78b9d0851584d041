/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapview.h"

#include <signal.h>
#include <string.h>
#include <http_log.h>
#include "httpd/once.h"

APLOG_USE_MODULE(redirect307);

#define LOOKED_AT_ALWAYS 64     /* maps of httpd.conf; of more only those in use */
#define IN_USE   120            /* seconds since the last request */
#define TICK     APR_USEC_PER_SEC
#define SETTLED  (2 * APR_USEC_PER_SEC)     /* nobody writes it any more */
#define APART    (APR_USEC_PER_SEC * 9 / 10)    /* looks at one file */
#define STOP_NAP apr_time_from_msec(5)
#define STOP_TRIES 200          /* the lock is never held for nearly that long */

/* --- what is said --- */

/* What is wrong with a file is said when it begins, by all processes together once. */
static void refuse(r307_mapslot_t *slot, const r307_mapref_t *ref, apr_uint64_t state,
                   const char *problem, int has_rules)
{
    apr_uint64_t before = __atomic_exchange_n(&slot->refused, state, __ATOMIC_SEQ_CST);

    if (before != state) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server,
                     "%s:%u: Redirect307Map: %s %s; %s", ref->place.file,
                     ref->place.line, ref->path, problem,
                     has_rules ? "the rules it had before stay" : "the map has no rules");
    }
}

static apr_uint64_t state_of_problem(const char *problem)
{
    apr_uint64_t h = r307_once_key_text(problem, 0, NULL);

    return h ? h : 1;
}

static void say_loaded(const r307_mapref_t *ref, const r307_mapversion_t *version)
{
    ap_log_error(APLOG_MARK, APLOG_INFO, 0, ref->server, "%s: %u rule%s, %u line%s "
                 "skipped, %u KiB", ref->path, version->rules,
                 version->rules == 1 ? "" : "s", version->bad,
                 version->bad == 1 ? "" : "s", (unsigned)(version->len / 1024));
}

/* --- building --- */

static int is_stopping(void *baton)
{
    return __atomic_load_n(&((r307_store_t *)baton)->stop, __ATOMIC_RELAXED);
}

/* With the mutex held. */
void r307_follow_build(r307_store_t *store, apr_pool_t *p, int slot,
                       const r307_mapref_t *ref, int has_rules)
{
    r307_mapslot_t *known = r307_arena_slot(store->arena, slot);
    r307_loaded_t loaded;

    r307_mapload_build(p, store->arena, ref, is_stopping, store, &loaded);
    if (is_stopping(store) && loaded.problem) {
        return;
    }
    if (loaded.problem && !loaded.is_changing) {
        refuse(known, ref, loaded.of.state && !loaded.is_crowded
                               ? loaded.of.state : state_of_problem(loaded.problem),
               loaded.problem, has_rules);
        return;
    }
    if (loaded.is_changing) {
        return;
    }
    r307_arena_note_file(store->arena, slot, loaded.of.device, loaded.of.inode);
    r307_arena_publish(store->arena, slot, loaded.version);
    __atomic_store_n(&known->refused, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&known->seen, 0, __ATOMIC_SEQ_CST);
    say_loaded(ref, loaded.version);
}

/* Once a second over all processes. A file that changed is taken when it stood still from
 * one look to the next, or has for longer: whoever writes it in place is not met half
 * way. */
static void look(r307_store_t *store, apr_pool_t *p, int slot, const r307_mapref_t *ref,
                 apr_uint64_t now)
{
    r307_mapslot_t *known = r307_arena_slot(store->arena, slot);
    apr_uint64_t last = __atomic_load_n(&known->checked, __ATOMIC_SEQ_CST), is_at;
    const r307_mapversion_t *version;
    const char *problem;
    r307_mapstate_t of;

    if ((last <= now && now - last < APART)
        || !__atomic_compare_exchange_n(&known->checked, &last, now, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
        return;
    }
    version = r307_arena_current(store->arena, slot);
    is_at = version ? version->state : known->mapped;
    problem = r307_mapload_state(p, ref, &of);
    if (problem) {
        refuse(known, ref, state_of_problem(problem), problem, is_at != 0);
        return;
    }
    r307_arena_note_file(store->arena, slot, of.device, of.inode);
    if (of.state == is_at) {
        __atomic_store_n(&known->seen, 0, __ATOMIC_SEQ_CST);
        __atomic_store_n(&known->refused, 0, __ATOMIC_SEQ_CST);
        return;
    }
    if (of.state == __atomic_load_n(&known->refused, __ATOMIC_SEQ_CST)) {
        return;
    }
    if (__atomic_exchange_n(&known->seen, of.state, __ATOMIC_SEQ_CST) != of.state
        && of.written + SETTLED > now) {
        return;
    }
    if (!store->mutex || apr_global_mutex_trylock(store->mutex) == APR_SUCCESS) {
        /* without the mutex the slot may have become another map's */
        if (r307_arena_find(store->arena, ref->key, 0, 0) == slot) {
            r307_follow_build(store, p, slot, ref, is_at != 0);
        }
        if (store->mutex) {
            apr_global_mutex_unlock(store->mutex);
        }
    }
}

/* --- the thread that follows --- */

static int is_due(r307_store_t *store, const r307_mapuser_t *user, int slot, apr_uint64_t now)
{
    apr_uint64_t used;

    if (!user->ref->directory && store->active_count <= LOOKED_AT_ALWAYS) {
        return 1;
    }
    used = __atomic_load_n(&r307_arena_slot(store->arena, slot)->used, __ATOMIC_RELAXED);
    return used + IN_USE >= now / APR_USEC_PER_SEC;
}

/* A map of another key has the slot, or what it had was put out to make room. */
static int is_gone(r307_store_t *store, const r307_mapuser_t *user, int slot)
{
    const r307_mapslot_t *known = r307_arena_slot(store->arena, slot);

    return __atomic_load_n(&known->key, __ATOMIC_SEQ_CST) != user->key
        || (user->ref->directory && store->locals[slot].view
            && !r307_arena_current(store->arena, slot));
}

/* The slot's map, if there is something to do for it. Users are freed by this thread
 * alone, so that one stays while its file is read without the lock. */
static const r307_mapref_t *take_next(r307_store_t *store, int *at, int *slot, apr_uint64_t now,
                                      int *due, apr_uint64_t *has)
{
    const r307_mapref_t *ref = NULL;

    r307_mapview_lock(store);
    while (!ref && *at < store->active_count) {
        r307_maplocal_t *local;

        *slot = store->active[*at];
        local = &store->locals[*slot];
        if (is_gone(store, local->user, *slot)) {
            r307_mapview_leave(store, *slot);
            store->active[*at] = store->active[--store->active_count];
            continue;
        }
        ref = local->user->ref;
        *due = is_due(store, local->user, *slot, now);
        *has = local->view ? local->view->serial : 0;
        ++*at;
    }
    r307_mapview_unlock(store);
    return ref;
}

/* Looks at the files and takes new versions, one map after the other. A request never
 * waits for any of it. */
static void look_at_all(r307_store_t *store, apr_pool_t *p)
{
    apr_uint64_t now = (apr_uint64_t)apr_time_now(), has;
    const r307_mapref_t *ref;
    int at = 0, slot, due;

    while (!is_stopping(store)
           && (ref = take_next(store, &at, &slot, now, &due, &has)) != NULL) {
        r307_mapview_t *view;

        if (due) {
            look(store, p, slot, ref, now);
            apr_pool_clear(p);
        }
        view = r307_mapview_current(store, slot, ref, has);
        if (view) {
            r307_mapview_lock(store);
            if (store->locals[slot].user && store->locals[slot].user->ref == ref) {
                r307_mapview_install(store, slot, view);
            }
            else {
                view->next = store->replaced;
                store->replaced = view;
            }
            r307_mapview_unlock(store);
        }
    }
}

static void hold(apr_uint64_t *holds, int *count, apr_uint64_t serial)
{
    if (serial && *count < R307_HOLDS) {
        holds[*count] = serial;
    }
    *count += serial != 0;
}

/* Says which replaced versions are still used here; of all others, that they are not. */
static void move_on(r307_store_t *store)
{
    apr_uint64_t holds[R307_HOLDS], epoch;
    const r307_mapview_t *view;
    int i, count = 0;

    r307_mapview_lock(store);
    r307_mapview_free(store);
    epoch = r307_arena_epoch(store->arena);
    for (i = 0; i < store->active_count; i++) {
        const r307_mapversion_t *version = r307_arena_current(store->arena, store->active[i]);

        view = store->locals[store->active[i]].view;
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

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    r307_store_t *store = data;
    apr_pool_t *p;

    (void)thread;
    apr_pool_create_unmanaged_ex(&p, NULL, NULL);
    while (!is_stopping(store)) {
        look_at_all(store, p);
        move_on(store);
        apr_thread_mutex_lock(store->lock);
        if (!is_stopping(store)) {
            apr_thread_cond_timedwait(store->wake, store->lock, TICK);
        }
        apr_thread_mutex_unlock(store->lock);
    }
    apr_pool_destroy(p);
    /* not apr_thread_exit, which leaves by a jump: AddressSanitizer takes what it finds of
     * the frames for an overflow */
    return NULL;
}

/* Before the pools go that it works with. prefork ends a child from a signal handler: if
 * that interrupted who holds the lock, nobody will ever have it. The thread waits for it
 * too then, and goes with the process. */
apr_status_t r307_follow_stop(void *data)
{
    r307_store_t *store = data;
    apr_status_t rv;
    int tries = 0;

    __atomic_store_n(&store->stop, 1, __ATOMIC_SEQ_CST);
    while (apr_thread_mutex_trylock(store->lock) != APR_SUCCESS) {
        if (++tries == STOP_TRIES) {
            return APR_SUCCESS;
        }
        apr_sleep(STOP_NAP);
    }
    apr_thread_cond_signal(store->wake);
    apr_thread_mutex_unlock(store->lock);
    if (store->follower) {
        apr_thread_join(&rv, store->follower);
        store->follower = NULL;
    }
    return APR_SUCCESS;
}

/* With the lock held. Signals are for the threads that expect them. */
void r307_follow_start(r307_store_t *store)
{
    sigset_t all, before;

    if (store->follower || !store->is_child || is_stopping(store)) {
        return;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (apr_thread_create(&store->follower, NULL, run, store, store->thread_pool)
        != APR_SUCCESS) {
        store->follower = NULL;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
