/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/store.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <util_mutex.h>
#include "engine/version.h"
#include "httpd/mapview.h"

APLOG_USE_MODULE(redirect307);

#define MUTEX    "redirect307-maps"
#define USERDATA "mod_redirect307.store"
#define LISTED   "mod_redirect307.maps"
#define RETAINED "mod_redirect307.arena"
#define PRIVATE_SIZE (256 * 1024 * 1024)    /* costs what is used of it */

r307_store_t *r307_store_find(const server_rec *s)
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

/* --- the parent --- */

/* The parent has no second thread, and its views go with the configuration. */
static apr_status_t forget(void *data)
{
    r307_store_t *store = data;
    int i;

    if (!store->is_child) {
        for (i = 0; i < store->active_count; i++) {
            r307_mapview_leave(store, store->active[i]);
        }
        r307_mapview_free(store);
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
static void carry_over(r307_store_t *store, retained_t *last, r307_mapref_t *ref)
{
    apr_uint64_t len, state;
    const void *bytes = last ? r307_arena_peek(last->arena, ref->key, &len, &state) : NULL;
    r307_mapversion_t *version;
    apr_pool_t *p;

    version = bytes ? r307_arena_reserve(store->arena, ref->key, len, 0) : NULL;
    if (!version) {
        return;
    }
    memcpy((char *)version + version->image_at, bytes, (size_t)len);
    apr_pool_create(&p, NULL);
    if (!r307_image_check(p, r307_mapversion_image(version), (size_t)len)) {
        r307_image_info_t info;

        r307_image_info(r307_mapversion_image(version), &info);
        version->state = state;
        version->rules = info.count;
        r307_arena_publish(store->arena, ref->slot, version);
    }
    apr_pool_destroy(p);
}

/* An image that is mapped from its file; 1 when there is nothing more to do. */
static int map_image(r307_store_t *store, apr_pool_t *pconf, r307_mapref_t *ref)
{
    r307_mapslot_t *known = r307_arena_slot(store->arena, ref->slot);
    const char *problem = NULL;
    r307_mapstate_t of;
    const void *bytes = r307_mapload_map(pconf, ref, &of, &problem);

    if (!bytes) {
        return 0;
    }
    known->mapped = of.state;
    r307_arena_note_file(store->arena, ref->slot, of.device, of.inode);
    r307_mapview_install(store, ref->slot, r307_mapview_attach(ref, bytes, 0));
    return 1;
}

static void load(r307_store_t *store, apr_pool_t *pconf, apr_pool_t *ptemp, retained_t *last,
                 r307_mapref_t *ref)
{
    r307_mapuser_t *user = apr_pcalloc(pconf, sizeof(*user));
    apr_uint64_t len, state;
    r307_mapview_t *view;

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
    r307_mapview_use(store, ref->slot, user);
    if (map_image(store, pconf, ref)) {
        return;
    }
    r307_follow_build(store, ptemp, ref->slot, ref,
                      last && r307_arena_peek(last->arena, ref->key, &len, &state));
    if (!r307_arena_current(store->arena, ref->slot)) {
        carry_over(store, last, ref);
    }
    view = r307_mapview_current(store, ref->slot, ref, 0);
    if (view) {
        r307_mapview_install(store, ref->slot, view);
    }
}

/* Memory of this generation lies in a pool of the process, as the next one may need it:
 * see carry_over. */
static r307_arena_t *make_arena(apr_pool_t *pconf, server_rec *s, apr_int64_t size)
{
    r307_arena_t *arena = NULL;
    retained_t *mine;
    apr_pool_t *pool;

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
    return r307_arena_make(pconf, PRIVATE_SIZE, 0);
}

apr_status_t r307_store_make(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s,
                             apr_int64_t arena_size)
{
    retained_t *last = find_retained(s);
    r307_store_t *store = apr_pcalloc(pconf, sizeof(*store));
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

/* --- children --- */

/* A child that begins late inherits views of versions that may be gone: it never looks at
 * one that is not current, and has the new ones before its first request. */
static void take_inherited(r307_store_t *store)
{
    int i;

    for (i = 0; i < store->active_count; i++) {
        int slot = store->active[i];
        r307_maplocal_t *local = &store->locals[slot];
        const r307_mapversion_t *version = r307_arena_current(store->arena, slot);
        r307_mapview_t *view = r307_mapview_current(store, slot, local->user->ref,
                                      local->view ? local->view->serial : 0);

        if (view || (version && local->view && local->view->serial != version->serial)) {
            r307_mapview_install(store, slot, view);
        }
    }
}

void r307_store_join(apr_pool_t *pchild, server_rec *s)
{
    r307_store_t *store = r307_store_find(s);
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
    /* the thread may outlive pchild: see r307_follow_stop */
    if (apr_pool_create_unmanaged_ex(&store->thread_pool, NULL, NULL) != APR_SUCCESS
        || apr_thread_mutex_create(&store->lock, APR_THREAD_MUTEX_DEFAULT,
                                   store->thread_pool) != APR_SUCCESS
        || apr_thread_cond_create(&store->wake, store->thread_pool) != APR_SUCCESS) {
        store->lock = NULL;
        return;
    }
    store->is_child = 1;
    if (!r307_arena_join(store->arena)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s, "more processes read maps than there is "
                     "room for; until the next restart, changed maps may find none");
    }
    apr_pool_pre_cleanup_register(pchild, store, r307_follow_stop);
    take_inherited(store);
    r307_mapview_lock(store);
    if (store->active_count) {
        r307_follow_start(store);
    }
    r307_mapview_unlock(store);
}

void r307_store_bury(server_rec *s, pid_t pid)
{
    r307_store_t *store = r307_store_find(s);

    if (store) {
        r307_arena_bury(store->arena, pid);
    }
}
