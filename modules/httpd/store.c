/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <ap_mpm.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <unixd.h>
#include "base/version.h"
#include "httpd/builder.h"
#include "httpd/fresh_pool.h"
#include "httpd/mapask.h"
#include "httpd/mapjoin.h"
#include "httpd/mapview.h"
#include "shared/pages.h"

APLOG_USE_MODULE(redirect307);

#define USERDATA "mod_redirect307.store"
#define LISTED   "mod_redirect307.maps"
#define RETAINED "mod_redirect307.arena"
#define PRIVATE_SIZE (256 * 1024 * 1024)    /* costs what is used of it */
#define SLOTS        65536      /* for maps of tenants */
#define SLOTS_A_MAP  4          /* of httpd.conf, beside them, so that each finds one */
#define REGEXES_MOST 2000   /* of tenants' maps that one process keeps compiled */
#define COLD_NAPS    45     /* at a start that has no version of a file yet: so often is a
                             * file that was just written looked at, */
#define COLD_NAP     apr_time_from_msec(100)    /* so far apart */

r307_store_t *r307_store_find(const server_rec *s)
{
    void *store = NULL;

    apr_pool_userdata_get(&store, USERDATA, s->process->pconf);
    return store;
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

void r307_store_try(apr_pool_t *pconf)
{
    apr_hash_t *tried = apr_hash_make(pconf);
    void *data = NULL;
    const apr_array_header_t *list;
    int i;

    apr_pool_userdata_get(&data, LISTED, pconf);
    list = data;
    for (i = 0; list && i < list->nelts; i++) {
        const r307_mapref_t *ref = APR_ARRAY_IDX(list, i, r307_mapref_t *);
        const char *problem;

        if (apr_hash_get(tried, ref->key.s, (apr_ssize_t)ref->key.len)) {
            continue;           /* another line names the same */
        }
        apr_hash_set(tried, ref->key.s, (apr_ssize_t)ref->key.len, ref);
        problem = r307_mapload_try(pconf, ref);
        if (problem) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server, "%s:%u: "
                         "Redirect307Map: %s %s; the map has no rules", ref->place.file,
                         ref->place.line, ref->path, problem);
        }
    }
}

/* --- the parent --- */

/* The parent has no second thread, and its views go with the configuration. */
static apr_status_t forget(void *data)
{
    r307_store_t *store = data;
    int i;

    if (!store->is_child) {
        for (i = 0; i < store->active_count; i++) {
            r307_mapview_leave_locked(store, store->active[i]);
        }
        r307_mapview_free(store);
    }
    return APR_SUCCESS;
}

/* Kept over restarts: the versions of all maps, and who builds them. What another version
 * of this module left here is not looked into. */
typedef struct retained_t {
    char layout[32];
    apr_pool_t *pool;
    r307_arena_t *arena;
    uid_t user;                 /* who wrote what lies in it: another one that the server */
    gid_t group;                /* runs as now does not read it */
    int is_inherited;           /* the generation before had it, and may still use it */
    int queue[2];
    r307_running_t running;
} retained_t;

/* Another one whenever a table is; what lies in the arena is images. */
#define LAYOUT R307_VERSION " 10." APR_STRINGIFY(R307_IMAGE_VERSION)

static retained_t *find_retained(server_rec *s)
{
    void *retained = NULL;

    apr_pool_userdata_get(&retained, RETAINED, s->process->pool);
    return retained;
}

static apr_status_t close_queue(void *data)
{
    r307_mapask_close(data);
    return APR_SUCCESS;
}

/* NULL: there is no such memory, or no sockets. */
static retained_t *make_retained(server_rec *s, const r307_arena_size_t *size)
{
    retained_t *mine;
    apr_pool_t *pool;

    apr_pool_create(&pool, s->process->pool);
    mine = apr_pcalloc(pool, sizeof(*mine));
    apr_cpystrn(mine->layout, LAYOUT, sizeof(mine->layout));
    mine->pool = pool;
    mine->user = ap_unixd_config.user_id;
    mine->group = ap_unixd_config.group_id;
    mine->queue[0] = mine->queue[1] = -1;
    mine->arena = r307_arena_make(pool, size);
    if (!mine->arena || (size->is_shared && !r307_mapask_open(mine->queue))) {
        apr_pool_destroy(pool);
        return NULL;
    }
    return mine;
}

static void drop_retained(server_rec *s, retained_t *last)
{
    apr_pool_userdata_set(NULL, RETAINED, NULL, s->process->pool);
    if (last && strcmp(last->layout, LAYOUT) == 0) {
        close_queue(last->queue);
    }
    if (last) {
        apr_pool_destroy(last->pool);
    }
}

static unsigned count_readers(void)
{
    int limit = 0;

    if (ap_mpm_query(AP_MPMQ_HARD_LIMIT_DAEMONS, &limit) != APR_SUCCESS || limit < 1) {
        limit = 256;
    }
    return (unsigned)limit * 2 + 32;    /* those that are ending are readers too */
}

static int is_same_user(const retained_t *last)
{
    return last->user == ap_unixd_config.user_id && last->group == ap_unixd_config.group_id;
}

/* The arena of the last generation, if it is what would be made: nothing of it is lost, and
 * its children go on with it. size 0: one that is not shared. */
static retained_t *get_retained(server_rec *s, apr_int64_t size, int maps)
{
    r307_arena_size_t wanted = { size ? (apr_size_t)size : PRIVATE_SIZE,
                                 SLOTS + SLOTS_A_MAP * (unsigned)maps, count_readers(),
                                 size != 0 };
    retained_t *last = find_retained(s), *mine;

    if (last && strcmp(last->layout, LAYOUT) == 0) {
        r307_builder_end(&last->running);
        if (r307_arena_fits(last->arena, &wanted) && is_same_user(last)) {
            last->is_inherited = wanted.is_shared;
            return last;
        }
    }
    drop_retained(s, last);
    mine = make_retained(s, &wanted);
    if (mine) {
        apr_pool_userdata_set(mine, RETAINED, NULL, s->process->pool);
    }
    return mine;
}

/* An image that is mapped from its file; 1 when there is nothing more to load. */
static int map_image(r307_store_t *store, apr_pool_t *pconf, r307_mapref_t *ref)
{
    const char *problem = NULL;
    r307_filestate_t of;
    const void *bytes = r307_mapload_map(pconf, ref, &of, &problem);

    if (!bytes) {
        return 0;
    }
    r307_arena_publish_mapped(store->arena, ref->slot, &of);
    r307_arena_note_file(store->arena, ref->slot, of.device, of.inode);
    r307_mapview_install_locked(store, ref->slot, r307_mapview_attach(store, ref, bytes, 0));
    return 1;
}

static void add(r307_store_t *store, r307_mapkeep_t *keep, apr_pool_t *pconf,
                r307_mapref_t *ref)
{
    r307_mapuser_t *user = apr_pcalloc(pconf, sizeof(*user));

    ref->slot = r307_arena_claim(store->arena, ref->key, 1);
    if (ref->slot < 0) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, ref->server, "%s:%u: Redirect307Map: there is "
                     "no place for so many maps", ref->place.file, ref->place.line);
        return;
    }
    r307_arena_slot(store->arena, ref->slot)->used = r307_arena_clock();
    user->ref = ref;
    r307_mapview_use_locked(store, ref->slot, user);
    r307_mapkeep_add(keep, ref, !map_image(store, pconf, ref));
}

/* A file that was written in the seconds before a start is waited for: the server is
 * not to begin with half of it. */
static void load_all(r307_mapkeep_t *keep)
{
    int naps;

    r307_mapkeep_work_through(keep);
    for (naps = 0; naps < COLD_NAPS && r307_mapkeep_count_young(keep); naps++) {
        apr_sleep(COLD_NAP);
        r307_mapkeep_work_through(keep);
    }
    r307_mapkeep_say_young(keep);
}

/* What the maps of a place have in common is with the first of them. */
static void make_join(r307_store_t *store, apr_pool_t *pconf, const r307_mapref_t *ref)
{
    r307_mapjoin_t *join = ref->join;

    join->tick_now = &store->tick;
    join->changes_now = &store->changes;
    if (ref->beside->nelts > 1 && APR_ARRAY_IDX(ref->beside, 0, r307_map_t).handle == ref) {
        join->keys.cells = r307_pages_make(pconf, R307_JOIN_CELLS * sizeof(*join->keys.cells));
    }
}

static void add_all(r307_store_t *store, r307_mapkeep_t *keep, apr_pool_t *pconf,
                    apr_pool_t *ptemp, const apr_array_header_t *list)
{
    apr_hash_t *slots = apr_hash_make(ptemp);
    r307_mapjoin_t *joins;
    int i;

    r307_arena_unpin(store->arena);
    joins = apr_pcalloc(pconf, (list ? (apr_size_t)list->nelts : 0) * sizeof(*joins));
    for (i = 0; list && i < list->nelts; i++) {
        r307_mapref_t *ref = APR_ARRAY_IDX(list, i, r307_mapref_t *);
        r307_mapref_t *same = apr_hash_get(slots, ref->key.s, (apr_ssize_t)ref->key.len);

        ref->store = store;
        ref->hash = r307_arena_key(store->arena, ref->key);
        ref->join = &joins[i];
        make_join(store, pconf, ref);
        ref->seed = r307_arena_seed(store->arena);
        if (same) {             /* another line names it too */
            ref->slot = same->slot;
            ref->number = same->number;
            continue;
        }
        ref->number = store->conf_count++;
        apr_hash_set(slots, ref->key.s, (apr_ssize_t)ref->key.len, ref);
        add(store, keep, pconf, ref);
    }
}

static r307_store_t *make(apr_pool_t *pconf, server_rec *s, retained_t *mine)
{
    r307_store_t *store = apr_pcalloc(pconf, sizeof(*store));
    apr_size_t slots = (apr_size_t)r307_arena_slots(mine->arena);

    store->active = r307_pages_make(pconf, slots * sizeof(*store->active));
    store->places = r307_pages_make(pconf, slots * sizeof(*store->places));
    store->locals = r307_pages_make(pconf, (slots + 1) * sizeof(*store->locals));
    if (!store->active || !store->places || !store->locals) {
        return NULL;
    }
    store->s = s;
    store->regex_room = REGEXES_MOST;
    store->arena = mine->arena;
    store->queue[0] = mine->queue[0];
    store->queue[1] = mine->queue[1];
    apr_pool_cleanup_register(pconf, store, forget, apr_pool_cleanup_null);
    return store;
}

/* One process serves by itself. */
static int is_single(void)
{
    return ap_exists_config_define("DEBUG") || ap_exists_config_define("ONE_PROCESS");
}

/* 0: with that size it cannot be done. */
static int try_make(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s, apr_int64_t size)
{
    void *list = NULL;
    retained_t *mine;
    r307_store_t *store;
    r307_mapkeep_t *keep;

    apr_pool_userdata_get(&list, LISTED, pconf);
    mine = get_retained(s, size, list ? ((apr_array_header_t *)list)->nelts : 0);
    if (!mine) {
        return 0;
    }
    store = make(pconf, s, mine);
    keep = store ? r307_mapkeep_make(pconf, s, store->arena) : NULL;
    if (!keep) {
        return 0;
    }
    r307_mapkeep_succeed(keep, 0);
    if (mine->is_inherited) {
        r307_mapkeep_inherit(keep);
    }
    add_all(store, keep, pconf, ptemp, list);
    load_all(keep);
    store->loaded = keep;
    store->running = &mine->running;
    apr_pool_userdata_set(store, USERDATA, NULL, pconf);
    return 1;
}

static void say_apart(const server_rec *s, apr_int64_t size)
{
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "there is no shared memory of %"
                 APR_INT64_T_FMT " MiB, or no process for it; each process keeps its "
                 "own copies of the maps", size >> 20);
}

apr_status_t r307_store_make(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s,
                             apr_int64_t arena_size)
{
    apr_int64_t size = is_single() ? 0 : arena_size;

    if (try_make(pconf, ptemp, s, size)) {
        return APR_SUCCESS;
    }
    if (size) {
        say_apart(s, size);
    }
    return size && try_make(pconf, ptemp, s, 0) ? APR_SUCCESS : APR_ENOMEM;
}

void r307_store_begin(apr_pool_t *pconf, server_rec *s, apr_int64_t arena_size)
{
    r307_store_t *store = r307_store_find(s);
    int is_begun = !r307_store_is_shared(s)
        || r307_builder_begin(pconf, s, store->running, store->loaded, store->queue[0]);

    r307_mapkeep_hand_on(store->loaded);
    if (!is_begun) {
        say_apart(s, arena_size);
        apr_pool_cleanup_run(pconf, store, forget);
        if (!try_make(pconf, pconf, s, 0)) {
            ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "there is no memory for maps");
            exit(APEXIT_INIT);
        }
    }
}

/* --- children --- */

/* A child that is forked late inherits views of versions that may be gone. It looks at
 * none but the current ones, and has these before its first request. */
static void take_inherited(r307_store_t *store)
{
    int i;

    for (i = 0; i < store->active_count; i++) {
        int slot = store->active[i];
        r307_maplocal_t *local = r307_mapview_local(store, slot);
        const r307_mapversion_t *version = r307_arena_current(store->arena, slot);
        r307_mapview_t *view = r307_mapview_current(store, slot, local->user->ref,
                                      local->view ? local->view->serial : 0);

        if (view || (local->view && local->view->serial
                     && !(version && local->view->serial == version->serial))) {
            r307_mapview_install_locked(store, slot, view);
        }
    }
}

/* A quarter of all requests that the server takes at once. */
static unsigned quarter(void)
{
    int processes = 1, threads = 1;

    ap_mpm_query(AP_MPMQ_MAX_DAEMONS, &processes);
    ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    processes = processes > 0 ? processes : 1;
    threads = threads > 0 ? threads : 1;
    return processes * threads < 4 ? 1 : (unsigned)(processes * threads / 4);
}

static void join(r307_store_t *store)
{
    store->pid = getpid();
    if (!r307_arena_join(store->arena, store->pid)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, store->s, "more processes read maps than there "
                     "is room for; until the next restart, changed maps may find none");
    }
}

/* Of an arena that is not shared: this process keeps what it reads. */
static int keep_here(r307_store_t *store, apr_pool_t *pchild)
{
    int i;

    if (!r307_mapask_open(store->queue)) {
        return 0;
    }
    store->keep = r307_mapkeep_make(pchild, store->s, store->arena);
    r307_mapkeep_succeed(store->keep, 0);
    for (i = 0; i < store->active_count; i++) {
        r307_mapkeep_add(store->keep, r307_mapview_local(store, store->active[i])->user->ref, 0);
    }
    return 1;
}

static int make_lock(r307_store_t *store)
{
    return apr_thread_mutex_create(&store->lock, APR_THREAD_MUTEX_DEFAULT,
                                   store->thread_pool) == APR_SUCCESS;
}

void r307_store_join(apr_pool_t *pchild, server_rec *s)
{
    r307_store_t *store = r307_store_find(s);
    int is_shared;

    if (!store) {
        return;
    }
    is_shared = store->queue[1] >= 0;
    /* the thread may outlive pchild: see r307_follow_stop */
    if (apr_pool_create_unmanaged_ex(&store->thread_pool, NULL, NULL) != APR_SUCCESS
        || !r307_mapask_pipe(store->wake) || !make_lock(store)
        || (!is_shared && !keep_here(store, pchild))) {
        store->lock = NULL;
        ap_log_error(APLOG_MARK, APLOG_CRIT, 0, s, "this process has no memory or no "
                     "descriptors for maps, and ends");
        exit(APEXIT_CHILDSICK);
    }
    if (is_shared) {            /* the builder's end */
        close(store->queue[0]);
        store->queue[0] = -1;
    }
    store->is_child = 1;
    store->forks = ap_find_linked_module("mpm_itk.c") != NULL;
    /* their mutex may be held by another thread when this process is forked */
    store->spares = store->forks ? NULL : r307_spares_make();
    store->waiting_most = quarter();
    join(store);
    apr_pool_pre_cleanup_register(pchild, store, r307_follow_stop);
    take_inherited(store);
    r307_mapview_lock(store);
    if (store->active_count) {
        r307_follow_start_locked(store);
    }
    else {
        r307_arena_rest(store->arena);  /* until there is a thread that moves on */
    }
    r307_mapview_unlock(store);
}

/* With mpm-itk each connection is served by a process that is forked from a child, without
 * its threads: what that child reads and says to be read is not this process's. It begins
 * anew, and says at each request what it reads. */
void r307_store_rejoin(r307_store_t *store)
{
    int i;

    for (i = 0; i < store->active_count; i++) {
        r307_maplocal_t *local = r307_mapview_local(store, store->active[i]);

        if (local->view && local->view->serial) {
            local->view = NULL;         /* with the process, like the rest */
            memset(local->elsewhere, 0, sizeof(local->elsewhere));
        }
    }
    store->follower = NULL;
    store->replaced = NULL;
    store->gone = NULL;
    store->attaching = store->taking = 0;
    if (!make_lock(store)) {            /* the old one may be held for ever */
        store->lock = NULL;
    }
    join(store);
    take_inherited(store);
}

int r307_store_is_shared(const server_rec *s)
{
    const r307_store_t *store = r307_store_find(s);

    return store && store->queue[1] >= 0;
}

void r307_store_bury(server_rec *s, pid_t pid)
{
    r307_store_t *store = r307_store_find(s);

    if (store) {
        r307_arena_bury(store->arena, pid);
    }
}

const r307_mapref_t *r307_store_listed(const server_rec *s, int number)
{
    const apr_array_header_t *list;
    void *data = NULL;

    apr_pool_userdata_get(&data, LISTED, s->process->pconf);
    list = data;
    return list && number < list->nelts ? APR_ARRAY_IDX(list, number, r307_mapref_t *) : NULL;
}

void r307_store_tell(const r307_mapref_t *ref, r307_maptold_t *told)
{
    const r307_mapversion_t *version;
    const r307_mapslot_t *slot;

    memset(told, 0, sizeof(*told));
    if (!ref->store || ref->slot < 0) {
        return;
    }
    slot = r307_arena_slot(ref->store->arena, ref->slot);
    version = r307_arena_current(ref->store->arena, ref->slot);
    told->is_there = slot->built.inode != 0;
    told->is_refused = __atomic_load_n(&slot->refused, __ATOMIC_SEQ_CST) != 0;
    told->bad = version ? version->bad : 0;
    told->written = (apr_time_t)(slot->built.written / 1000);
    told->versions = r307_arena_versions(ref->store->arena, ref->slot, told->was);
}

int r307_store_is_map(r307_store_t *store, apr_dev_t device, apr_ino_t inode)
{
    return r307_arena_is_file(store->arena, (apr_uint64_t)device, (apr_uint64_t)inode);
}
