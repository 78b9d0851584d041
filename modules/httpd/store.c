/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/store.h"

#include <signal.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>
#include <http_config.h>
#include <http_log.h>
#include <util_mutex.h>
#include "engine/image.h"
#include "httpd/once.h"
#include "httpd/request.h"

APLOG_USE_MODULE(redirect307);

#define MUTEX    "redirect307-maps"
#define USERDATA "mod_redirect307.store"
#define LISTED   "mod_redirect307.maps"
#define RETAINED "mod_redirect307.arena"
#define LOOKED_AT_ALWAYS 64     /* maps of httpd.conf; of more only those in use */
#define IN_USE   120            /* seconds since the last request */
#define TICK     APR_USEC_PER_SEC
#define APART    (APR_USEC_PER_SEC * 9 / 10)    /* looks at one file */

/* An image as this process uses it. */
typedef struct view_t {
    apr_pool_t *pool;           /* its own, without a parent */
    const r307_image_t *image;
    apr_uint64_t serial;        /* of the version; 0: mapped by the parent */
    int refs;                   /* requests that use it */
    struct view_t *next;        /* of those that are replaced and still used */
} view_t;

/* What a process knows of the map in a slot: replaced as a whole, as the thread that
 * follows may be reading its file. */
typedef struct user_t {
    const r307_mapref_t *ref;
    apr_uint64_t key;           /* of the slot, when the map was put in it */
    apr_pool_t *pool;           /* of this; NULL: httpd.conf's */
    struct user_t *next;        /* of those that are gone */
} user_t;

typedef struct local_t {
    view_t *view;
    user_t *user;               /* NULL: no map of this slot is used in this process */
    apr_uint64_t unfit;         /* serial of a version that this process cannot use */
} local_t;

typedef struct r307_store_t {
    server_rec *s;
    r307_arena_t *arena;
    apr_global_mutex_t *mutex;      /* over all processes: who builds */
    apr_thread_mutex_t *lock;       /* of this process: views and refs */
    apr_thread_cond_t *wake;
    apr_thread_t *follower;
    apr_pool_t *thread_pool;
    view_t *replaced;
    user_t *gone;
    int *active;                    /* slots in use here */
    int active_count;
    int attaching;                  /* requests that read a version no view holds yet */
    int stop;                       /* __atomic */
    int is_child;
    local_t locals[R307_MAPSLOTS];
} store_t;

static store_t *find_store(const server_rec *s)
{
    void *store = NULL;

    apr_pool_userdata_get(&store, USERDATA, s->process->pconf);
    return store;
}

void r307_store_register(apr_pool_t *pconf)
{
    ap_mutex_register(pconf, MUTEX, NULL, APR_LOCK_DEFAULT, 0);
}

void r307_store_add(apr_pool_t *pconf, r307_mapref_t *ref)
{
    void *list = NULL;

    apr_pool_userdata_get(&list, LISTED, pconf);
    if (!list) {
        list = apr_array_make(pconf, 4, sizeof(r307_mapref_t *));
        apr_pool_userdata_set(list, LISTED, NULL, pconf);
    }
    ref->slot = -1;
    APR_ARRAY_PUSH((apr_array_header_t *)list, r307_mapref_t *) = ref;
}

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

static void say_loaded(const r307_mapref_t *ref, const r307_version_t *version)
{
    ap_log_error(APLOG_MARK, APLOG_INFO, 0, ref->server, "%s: %u rules, %u lines skipped, "
                 "%u KiB", ref->path, version->rules, version->bad,
                 (unsigned)(version->len / 1024));
}

/* --- views --- */

static void destroy_view(view_t *view)
{
    apr_pool_destroy(view->pool);
}

/* NULL when the image cannot be used in this process. */
static view_t *attach(const r307_mapref_t *ref, const void *bytes, apr_uint64_t serial)
{
    r307_context_t context;
    const char *problem;
    apr_pool_t *pool;
    view_t *view;

    apr_pool_create_unmanaged_ex(&pool, NULL, NULL);
    view = apr_pcalloc(pool, sizeof(*view));
    view->pool = pool;
    view->serial = serial;
    r307_map_context(&ref->def, &context);
    problem = r307_image_attach(pool, bytes, &context, ref->def.name, &view->image);
    if (problem) {
        if (r307_once_ever(ref->server, r307_once_key(pool, ref->path, 0, problem))) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server,
                         "%s:%u: Redirect307Map: %s cannot be used: %s", ref->place.file,
                         ref->place.line, ref->path, problem);
        }
        apr_pool_destroy(pool);
        return NULL;
    }
    return view;
}

static int same_key(const r307_mapref_t *ref, const r307_version_t *version)
{
    return version->key_len == ref->key.len
        && memcmp((const char *)version + version->key_at, ref->key.s, ref->key.len) == 0;
}

static void lock_views(store_t *store)
{
    if (store->lock) {
        apr_thread_mutex_lock(store->lock);
    }
}

static void unlock_views(store_t *store)
{
    if (store->lock) {
        apr_thread_mutex_unlock(store->lock);
    }
}

/* The slot's version as a view; NULL when there is none that this process lacks and can
 * use. Without the lock: nobody frees the version, as this process has not said that it
 * moved on. */
static view_t *attach_current(store_t *store, int slot, const r307_mapref_t *ref,
                              apr_uint64_t has)
{
    const r307_version_t *version = r307_arena_current(store->arena, slot);
    local_t *local = &store->locals[slot];
    view_t *view;

    if (!version || version->serial == has || local->unfit == version->serial
        || !same_key(ref, version)) {
        return NULL;
    }
    view = attach(ref, r307_version_image(version), version->serial);
    if (!view) {
        local->unfit = version->serial;
    }
    return view;
}

/* With the lock held. */
static void install(store_t *store, int slot, view_t *view)
{
    local_t *local = &store->locals[slot];

    if (local->view) {
        local->view->next = store->replaced;
        store->replaced = local->view;
    }
    local->view = view;
}

/* With the lock held: whose place another map took, or whose version was put out. */
static void leave_slot(store_t *store, int slot)
{
    local_t *local = &store->locals[slot];

    install(store, slot, NULL);
    if (local->user) {
        local->user->next = store->gone;
        store->gone = local->user;
    }
    local->user = NULL;
    local->unfit = 0;
}

/* With the lock held. */
static void use_slot(store_t *store, int slot, user_t *user)
{
    local_t *local = &store->locals[slot];
    int i;

    if (local->user) {
        leave_slot(store, slot);
    }
    for (i = 0; i < store->active_count && store->active[i] != slot; i++) {
        continue;
    }
    if (i == store->active_count) {
        store->active[store->active_count++] = slot;
    }
    user->key = r307_arena_slot(store->arena, slot)->key;
    local->user = user;
}

/* --- building --- */

static int is_stopping(void *baton)
{
    return __atomic_load_n(&((store_t *)baton)->stop, __ATOMIC_RELAXED);
}

/* With the mutex held. */
static void build(store_t *store, apr_pool_t *p, int slot, const r307_mapref_t *ref)
{
    r307_mapslot_t *known = r307_arena_slot(store->arena, slot);
    int has_rules = r307_arena_current(store->arena, slot) || known->mapped;
    r307_loaded_t loaded;

    r307_mapload_build(p, store->arena, ref, is_stopping, store, &loaded);
    if (is_stopping(store) && loaded.problem) {
        return;
    }
    if (loaded.problem && !loaded.is_changing) {
        refuse(known, ref, loaded.state ? loaded.state : state_of_problem(loaded.problem),
               loaded.problem, has_rules);
        return;
    }
    if (loaded.is_changing) {
        return;
    }
    r307_arena_publish(store->arena, slot, loaded.version);
    __atomic_store_n(&known->refused, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&known->seen, 0, __ATOMIC_SEQ_CST);
    say_loaded(ref, loaded.version);
}

/* Once a second over all processes. A file that changed is taken when it stood still from
 * one look to the next: whoever writes it in place is not met half way. */
static void look(store_t *store, apr_pool_t *p, int slot, const r307_mapref_t *ref,
                 apr_uint64_t now)
{
    r307_mapslot_t *known = r307_arena_slot(store->arena, slot);
    apr_uint64_t last = __atomic_load_n(&known->checked, __ATOMIC_SEQ_CST), state, is_at;
    const r307_version_t *version;
    const char *problem;

    if ((last <= now && now - last < APART)
        || !__atomic_compare_exchange_n(&known->checked, &last, now, 0, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST)) {
        return;
    }
    version = r307_arena_current(store->arena, slot);
    is_at = version ? version->state : known->mapped;
    state = r307_mapload_state(p, ref, &problem);
    if (!state) {
        refuse(known, ref, state_of_problem(problem), problem, is_at != 0);
        return;
    }
    if (state == is_at) {
        __atomic_store_n(&known->seen, 0, __ATOMIC_SEQ_CST);
        __atomic_store_n(&known->refused, 0, __ATOMIC_SEQ_CST);
        return;
    }
    if (state == __atomic_load_n(&known->refused, __ATOMIC_SEQ_CST)) {
        return;
    }
    if (__atomic_exchange_n(&known->seen, state, __ATOMIC_SEQ_CST) != state) {
        return;
    }
    if (!store->mutex || apr_global_mutex_trylock(store->mutex) == APR_SUCCESS) {
        build(store, p, slot, ref);
        if (store->mutex) {
            apr_global_mutex_unlock(store->mutex);
        }
    }
}

/* --- the thread that follows --- */

static int is_due(store_t *store, const user_t *user, int slot, apr_uint64_t now)
{
    apr_uint64_t used;

    if (!user->ref->directory && store->active_count <= LOOKED_AT_ALWAYS) {
        return 1;
    }
    used = __atomic_load_n(&r307_arena_slot(store->arena, slot)->used, __ATOMIC_RELAXED);
    return used + IN_USE >= now / APR_USEC_PER_SEC;
}

/* A map of another key has the slot, or what it had was put out to make room. */
static int is_gone(store_t *store, const user_t *user, int slot)
{
    const r307_mapslot_t *known = r307_arena_slot(store->arena, slot);

    return __atomic_load_n(&known->key, __ATOMIC_SEQ_CST) != user->key
        || (user->ref->directory && store->locals[slot].view
            && !r307_arena_current(store->arena, slot));
}

/* The slot's map, if there is something to do for it. Users are freed by this thread
 * alone, so that one stays while its file is read without the lock. */
static const r307_mapref_t *take_next(store_t *store, int *at, int *slot, apr_uint64_t now,
                                      int *due, apr_uint64_t *has)
{
    const r307_mapref_t *ref = NULL;

    lock_views(store);
    while (!ref && *at < store->active_count) {
        local_t *local;

        *slot = store->active[*at];
        local = &store->locals[*slot];
        if (is_gone(store, local->user, *slot)) {
            leave_slot(store, *slot);
            store->active[*at] = store->active[--store->active_count];
            continue;
        }
        ref = local->user->ref;
        *due = is_due(store, local->user, *slot, now);
        *has = local->view ? local->view->serial : 0;
        ++*at;
    }
    unlock_views(store);
    return ref;
}

/* Looks at the files and takes new versions, one map after the other. A request never
 * waits for any of it. */
static void look_at_all(store_t *store, apr_pool_t *p)
{
    apr_uint64_t now = (apr_uint64_t)apr_time_now(), has;
    const r307_mapref_t *ref;
    int at = 0, slot, due;

    while (!is_stopping(store)
           && (ref = take_next(store, &at, &slot, now, &due, &has)) != NULL) {
        view_t *view;

        if (due) {
            look(store, p, slot, ref, now);
            apr_pool_clear(p);
        }
        view = attach_current(store, slot, ref, has);
        if (view) {
            lock_views(store);
            if (store->locals[slot].user && store->locals[slot].user->ref == ref) {
                install(store, slot, view);
            }
            else {
                view->next = store->replaced;
                store->replaced = view;
            }
            unlock_views(store);
        }
    }
}

/* With the lock held. */
static void free_unused(store_t *store)
{
    view_t **link = &store->replaced;

    while (*link) {
        view_t *view = *link;

        if (view->refs) {
            link = &view->next;
        }
        else {
            *link = view->next;
            apr_pool_destroy(view->pool);
        }
    }
    while (store->gone) {
        user_t *user = store->gone;

        store->gone = user->next;
        if (user->pool) {
            apr_pool_destroy(user->pool);
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
static void move_on(store_t *store)
{
    apr_uint64_t holds[R307_HOLDS], epoch;
    const view_t *view;
    int i, count = 0;

    lock_views(store);
    free_unused(store);
    epoch = r307_arena_epoch(store->arena);
    for (i = 0; i < store->active_count; i++) {
        const r307_version_t *version = r307_arena_current(store->arena, store->active[i]);

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
    unlock_views(store);
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    store_t *store = data;
    apr_pool_t *p;

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
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

/* Before the pools go that it works with. */
static apr_status_t stop(void *data)
{
    store_t *store = data;
    apr_status_t rv;

    if (store->follower) {
        __atomic_store_n(&store->stop, 1, __ATOMIC_SEQ_CST);
        apr_thread_cond_signal(store->wake);
        apr_thread_join(&rv, store->follower);
        store->follower = NULL;
    }
    return APR_SUCCESS;
}

/* With the lock held. Signals are for the threads that expect them. */
static void start_follower(store_t *store)
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

/* A child that begins late inherits views of versions that may be gone: it never looks at
 * one that is not current, and has the new ones before its first request. */
static void take_inherited(store_t *store)
{
    int i;

    for (i = 0; i < store->active_count; i++) {
        int slot = store->active[i];
        local_t *local = &store->locals[slot];
        const r307_version_t *version = r307_arena_current(store->arena, slot);
        view_t *view = attach_current(store, slot, local->user->ref,
                                      local->view ? local->view->serial : 0);

        if (view || (version && local->view && local->view->serial != version->serial)) {
            install(store, slot, view);
        }
    }
}

void r307_store_join(apr_pool_t *pchild, server_rec *s)
{
    store_t *store = find_store(s);
    const char *file;

    if (!store) {
        return;
    }
    if (store->mutex) {
        file = apr_global_mutex_lockfile(store->mutex);
        if (apr_global_mutex_child_init(&store->mutex, file, pchild) != APR_SUCCESS) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "the mutex of the maps cannot be "
                         "reached; maps stay as they are");
            return;
        }
    }
    if (apr_thread_mutex_create(&store->lock, APR_THREAD_MUTEX_DEFAULT, pchild)
            != APR_SUCCESS
        || apr_thread_cond_create(&store->wake, pchild) != APR_SUCCESS
        || apr_pool_create_unmanaged_ex(&store->thread_pool, NULL, NULL) != APR_SUCCESS) {
        store->lock = NULL;
        return;
    }
    store->is_child = 1;
    if (!r307_arena_join(store->arena)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "more processes read maps than there is "
                     "room for; until the next restart, changed maps may find none");
    }
    apr_pool_pre_cleanup_register(pchild, store, stop);
    take_inherited(store);
    lock_views(store);
    if (store->active_count) {
        start_follower(store);
    }
    unlock_views(store);
}

void r307_store_bury(server_rec *s, pid_t pid)
{
    store_t *store = find_store(s);

    if (store) {
        r307_arena_bury(store->arena, pid);
    }
}

/* --- requests --- */

/* A map that a request uses. */
typedef struct r307_mapheld_t {
    store_t *store;
    const r307_mapref_t *ref;
    view_t *view;               /* NULL: no image */
    struct r307_mapheld_t *next;
} r307_mapheld_t;

static apr_status_t release(void *data)
{
    r307_mapheld_t *held = data;

    lock_views(held->store);
    held->view->refs--;
    unlock_views(held->store);
    return APR_SUCCESS;
}

/* With the lock held; NULL: this process has no view of that map. */
static view_t *take_view(store_t *store, int slot)
{
    view_t *view = store->locals[slot].view;

    if (view) {
        view->refs++;
    }
    return view;
}

static view_t *take_conf(store_t *store, const r307_mapref_t *ref)
{
    view_t *view;

    if (ref->slot < 0) {
        return NULL;
    }
    lock_views(store);
    view = take_view(store, ref->slot);
    unlock_views(store);
    return view;
}

/* With the lock held: whether this process knows that the slot has this map. */
static int is_user(store_t *store, int slot)
{
    const user_t *user = slot < 0 ? NULL : store->locals[slot].user;

    return user && user->key == __atomic_load_n(&r307_arena_slot(store->arena, slot)->key,
                                                __ATOMIC_SEQ_CST);
}

/* With the lock held. The request's line goes with the request; this one stays. */
static void become_user(store_t *store, int slot, const r307_mapref_t *ref)
{
    apr_pool_t *pool;
    user_t *user;

    apr_pool_create_unmanaged_ex(&pool, NULL, NULL);
    user = apr_pcalloc(pool, sizeof(*user));
    user->pool = pool;
    user->ref = r307_mapref_copy(pool, ref);
    use_slot(store, slot, user);
    start_follower(store);
}

/* Waits until nobody else builds: there is no earlier version to be served meanwhile. */
static int build_first(request_rec *r, store_t *store, const r307_mapref_t *ref)
{
    r307_mapslot_t *known;
    int slot;

    if (store->mutex && apr_global_mutex_lock(store->mutex) != APR_SUCCESS) {
        return -1;
    }
    slot = r307_arena_find(store->arena, ref->key, 1, 1);
    if (slot >= 0) {
        known = r307_arena_slot(store->arena, slot);
        known->used = (apr_uint64_t)apr_time_sec(r->request_time);
        if (!r307_arena_current(store->arena, slot) && !known->refused) {
            build(store, r->pool, slot, ref);
        }
    }
    if (store->mutex) {
        apr_global_mutex_unlock(store->mutex);
    }
    return slot;
}

/* The version that is there, attached for the first time in this process. */
static view_t *attach_first(store_t *store, int slot, const r307_mapref_t *ref)
{
    view_t *view;

    lock_views(store);
    if (!is_user(store, slot)) {
        become_user(store, slot, ref);
    }
    view = take_view(store, slot);
    store->attaching += !view;
    unlock_views(store);
    if (view) {
        return view;
    }
    view = attach_current(store, slot, ref, 0);
    lock_views(store);
    store->attaching--;
    if (view && is_user(store, slot) && !store->locals[slot].view) {
        install(store, slot, view);
    }
    else if (view) {
        view->next = store->replaced;
        store->replaced = view;
    }
    if (view) {
        view->refs++;
    }
    unlock_views(store);
    return view;
}

static view_t *take_tenants(request_rec *r, store_t *store, const r307_mapref_t *ref)
{
    int slot = r307_arena_find(store->arena, ref->key, 0, 1), is_refused = 0;
    view_t *view = NULL;

    lock_views(store);
    if (slot >= 0) {
        if (is_user(store, slot)) {
            view = take_view(store, slot);
        }
        is_refused = !r307_arena_current(store->arena, slot)
                     && r307_arena_slot(store->arena, slot)->refused;
        if (!view && is_refused && !is_user(store, slot)) {
            become_user(store, slot, ref);      /* so that somebody looks again */
        }
    }
    unlock_views(store);
    if (view || is_refused) {
        return view;
    }
    slot = build_first(r, store, ref);
    return slot < 0 ? NULL : attach_first(store, slot, ref);
}

const struct r307_image_t *r307_store_image(request_rec *r, const r307_mapref_t *ref)
{
    r307_state_t *state = r307_request_state(r);
    r307_mapheld_t *held;
    store_t *store = ref->store ? ref->store : find_store(r->server);

    for (held = state->maps; held; held = held->next) {
        if (held->ref == ref) {
            return held->view ? held->view->image : NULL;
        }
    }
    if (!store || !store->lock) {
        return NULL;
    }
    held = apr_palloc(r->pool, sizeof(*held));
    held->store = store;
    held->ref = ref;
    held->view = ref->directory ? take_tenants(r, store, ref) : take_conf(store, ref);
    held->next = state->maps;
    state->maps = held;
    if (held->view) {
        int slot = ref->directory ? r307_arena_find(store->arena, ref->key, 0, 1)
                                  : ref->slot;
        apr_uint64_t now = (apr_uint64_t)apr_time_sec(r->request_time);

        apr_pool_cleanup_register(r->pool, held, release, apr_pool_cleanup_null);
        if (slot >= 0 && r307_arena_slot(store->arena, slot)->used != now) {
            __atomic_store_n(&r307_arena_slot(store->arena, slot)->used, now,
                             __ATOMIC_RELAXED);
        }
    }
    return held->view ? held->view->image : NULL;
}

void r307_store_release(request_rec *r, r307_state_t *state)
{
    r307_mapheld_t *held;

    for (held = state->maps; held; held = held->next) {
        if (held->view) {
            apr_pool_cleanup_run(r->pool, held, release);
        }
    }
    state->maps = NULL;
}

/* --- the parent --- */

/* The parent has no second thread, and its views go with the configuration. */
static apr_status_t forget(void *data)
{
    store_t *store = data;
    int i;

    if (!store->is_child) {
        for (i = 0; i < store->active_count; i++) {
            leave_slot(store, store->active[i]);
        }
        free_unused(store);
    }
    return APR_SUCCESS;
}

/* Kept over restarts, with the memory that children of the last generation still use.
 * What another version of this module left here is not looked into. */
typedef struct retained_t {
    char layout[32];
    apr_pool_t *pool;
    r307_arena_t *arena;
} retained_t;

#define LAYOUT R307_VERSION " " APR_STRINGIFY(R307_MAPSLOTS)

static retained_t *find_retained(server_rec *s)
{
    void *retained = NULL;

    apr_pool_userdata_get(&retained, RETAINED, s->process->pool);
    return retained;
}

/* A file that is no good now, and was when the last generation read it. */
static void carry_over(store_t *store, retained_t *last, r307_mapref_t *ref)
{
    apr_uint64_t len, state;
    const void *bytes = last ? r307_arena_peek(last->arena, ref->key, &len, &state) : NULL;
    r307_version_t *version;
    apr_pool_t *p;

    version = bytes ? r307_arena_reserve(store->arena, ref->key, len, 0) : NULL;
    if (!version) {
        return;
    }
    memcpy((char *)version + version->image_at, bytes, (size_t)len);
    apr_pool_create(&p, NULL);
    if (!r307_image_check(p, r307_version_image(version), (size_t)len)) {
        r307_image_info_t info;

        r307_image_info(r307_version_image(version), &info);
        version->state = state;
        version->rules = info.count;
        r307_arena_publish(store->arena, ref->slot, version);
    }
    apr_pool_destroy(p);
}

/* An image that is mapped from its file; 1 when there is nothing more to do. */
static int map_image(store_t *store, apr_pool_t *pconf, r307_mapref_t *ref)
{
    r307_mapslot_t *known = r307_arena_slot(store->arena, ref->slot);
    const char *problem = NULL;
    apr_uint64_t state = 0;
    const void *bytes = r307_mapload_map(pconf, ref, &state, &problem);

    if (!bytes) {
        return 0;
    }
    known->mapped = state;
    install(store, ref->slot, attach(ref, bytes, 0));
    return 1;
}

static void load(store_t *store, apr_pool_t *pconf, apr_pool_t *ptemp, retained_t *last,
                 r307_mapref_t *ref)
{
    user_t *user = apr_pcalloc(pconf, sizeof(*user));
    view_t *view;

    ref->store = store;
    ref->slot = r307_arena_find(store->arena, ref->key, 1, 0);
    if (ref->slot < 0) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ref->server, "%s:%u: Redirect307Map: more "
                     "maps than this server can hold", ref->place.file, ref->place.line);
        return;
    }
    if (store->locals[ref->slot].user) {
        return;                 /* another line names the same */
    }
    user->ref = ref;
    use_slot(store, ref->slot, user);
    if (map_image(store, pconf, ref)) {
        return;
    }
    build(store, ptemp, ref->slot, ref);
    if (!r307_arena_current(store->arena, ref->slot)) {
        carry_over(store, last, ref);
    }
    view = attach_current(store, ref->slot, ref, 0);
    if (view) {
        install(store, ref->slot, view);
    }
}

/* Memory of this generation lies in a pool of the process, as the next one may need it:
 * see carry_over. */
static r307_arena_t *make_arena(apr_pool_t *pconf, server_rec *s, apr_int64_t size)
{
    retained_t *last = find_retained(s), *mine;
    r307_arena_t *arena = NULL;
    apr_pool_t *pool;

    (void)last;
    if (size) {
        apr_pool_create(&pool, s->process->pool);
        arena = r307_arena_make(pool, (apr_size_t)size, 1);
        if (arena) {
            mine = apr_pcalloc(pool, sizeof(*mine));
            apr_cpystrn(mine->layout, LAYOUT, sizeof(mine->layout));
            mine->pool = pool;
            mine->arena = arena;
            apr_pool_userdata_set(mine, RETAINED, NULL, s->process->pool);
            return arena;
        }
        apr_pool_destroy(pool);
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "there is no shared memory of %"
                     APR_INT64_T_FMT " MiB; each process keeps its own copies of the maps",
                     size >> 20);
    }
    apr_pool_userdata_set(NULL, RETAINED, NULL, s->process->pool);
    return r307_arena_make(pconf, R307_ARENA_DEFAULT, 0);
}

apr_status_t r307_store_make(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s,
                             apr_int64_t arena_size)
{
    retained_t *last = find_retained(s);
    store_t *store = apr_pcalloc(pconf, sizeof(*store));
    void *list = NULL;
    int i;

    store->s = s;
    store->active = apr_pcalloc(pconf, R307_MAPSLOTS * sizeof(*store->active));
    store->arena = make_arena(pconf, s, arena_size);
    if (!store->arena) {
        return APR_ENOMEM;
    }
    if (ap_global_mutex_create(&store->mutex, NULL, MUTEX, NULL, s, pconf, 0)
        != APR_SUCCESS) {
        return APR_EGENERAL;    /* httpd has said why */
    }
    apr_pool_userdata_set(store, USERDATA, NULL, pconf);
    apr_pool_cleanup_register(pconf, store, forget, apr_pool_cleanup_null);
    apr_pool_userdata_get(&list, LISTED, pconf);
    for (i = 0; list && i < ((apr_array_header_t *)list)->nelts; i++) {
        load(store, pconf, ptemp, last && strcmp(last->layout, LAYOUT) == 0 ? last : NULL,
             APR_ARRAY_IDX((apr_array_header_t *)list, i, r307_mapref_t *));
    }
    if (last) {
        apr_pool_destroy(last->pool);
    }
    return APR_SUCCESS;
}
