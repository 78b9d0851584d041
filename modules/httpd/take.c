/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/store.h"

#include <string.h>
#include <apr_general.h>
#include <http_config.h>
#include <http_log.h>
#include "httpd/maps.h"
#include "httpd/mapview.h"
#include "httpd/once.h"
#include "httpd/request.h"

APLOG_USE_MODULE(redirect307);

/* Maps of .htaccess that one request asks: who names thousands would put out those of all
 * others, at each request. Stands in docs/maps.md. */
#define TENANTS_MOST 64
#define SAID_APART   60         /* seconds */

/* A map that a request uses. */
typedef struct r307_mapheld_t {
    r307_store_t *store;
    const r307_mapref_t *ref;
    r307_mapview_t *view;               /* NULL: no image */
    struct r307_mapheld_t *next;
} r307_mapheld_t;

/* What the child's end leaves of requests is released behind it: nobody frees views then,
 * and prefork, which ends a child from a signal handler, may have interrupted who holds
 * the lock. */
static apr_status_t release(void *data)
{
    r307_mapheld_t *held = data;

    if (__atomic_load_n(&held->store->stop, __ATOMIC_SEQ_CST)) {
        return APR_SUCCESS;
    }
    r307_mapview_lock(held->store);
    held->view->refs--;
    r307_mapview_unlock(held->store);
    return APR_SUCCESS;
}

/* With the lock held; NULL: this process has no view of that map. */
static r307_mapview_t *take_view(r307_store_t *store, int slot)
{
    r307_mapview_t *view = store->locals[slot].view;
    apr_uint64_t at = __atomic_load_n(&r307_arena_slot(store->arena, slot)->current,
                                      __ATOMIC_RELAXED);

    if (view) {
        view->refs++;
    }
    if (view && at && at != view->at && !store->locals[slot].unfit) {
        apr_thread_cond_signal(store->wake);    /* another process built it */
    }
    return view;
}

static r307_mapview_t *take_conf(r307_store_t *store, const r307_mapref_t *ref)
{
    r307_mapview_t *view;

    if (ref->slot < 0) {
        return NULL;
    }
    r307_mapview_lock(store);
    view = take_view(store, ref->slot);
    r307_mapview_unlock(store);
    return view;
}

/* With the lock held: whether this process knows that the slot has this map. The slot may
 * be another one's by now, since it was found without the mutex. */
static int is_user(r307_store_t *store, int slot, const r307_mapref_t *ref)
{
    const r307_mapuser_t *user = slot < 0 ? NULL : store->locals[slot].user;

    return user && user->ref->key.len == ref->key.len
        && memcmp(user->ref->key.s, ref->key.s, ref->key.len) == 0
        && user->key == __atomic_load_n(&r307_arena_slot(store->arena, slot)->key,
                                        __ATOMIC_SEQ_CST);
}

/* With the lock held. The request's line goes with the request; this one stays. */
static void become_user(r307_store_t *store, int slot, const r307_mapref_t *ref)
{
    apr_pool_t *pool;
    r307_mapuser_t *user;

    apr_pool_create_unmanaged_ex(&pool, NULL, NULL);
    user = apr_pcalloc(pool, sizeof(*user));
    user->pool = pool;
    user->ref = r307_mapref_copy(pool, ref);
    r307_mapview_use(store, slot, user);
    r307_follow_start(store);
}

/* No rule is found where one stands, so it must not go unsaid. */
static void say_left_out(request_rec *r, const r307_mapref_t *ref, const char *why)
{
    if (r307_once_per(r->server, r307_once_key_text(ref->htaccess, 0, why), SAID_APART,
                      r->request_time)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "%s:%u: Redirect307Map: %s is left "
                      "out of this request: %s; said at most once a minute",
                      ref->place.file, ref->place.line, ref->path, why);
    }
}

/* Waits until nobody else builds: there is no earlier version to be served meanwhile. */
static int build_first(request_rec *r, r307_store_t *store, const r307_mapref_t *ref)
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
            r307_follow_build(store, r->pool, slot, ref, 0);
        }
    }
    if (store->mutex) {
        apr_global_mutex_unlock(store->mutex);
    }
    return slot;
}

/* The version that is there, attached for the first time in this process. */
static r307_mapview_t *attach_first(r307_store_t *store, int slot, const r307_mapref_t *ref)
{
    r307_mapview_t *view;

    r307_mapview_lock(store);
    if (!is_user(store, slot, ref)) {
        become_user(store, slot, ref);
    }
    view = take_view(store, slot);
    store->attaching += !view;
    r307_mapview_unlock(store);
    if (view) {
        return view;
    }
    view = r307_mapview_current(store, slot, ref, 0);
    r307_mapview_lock(store);
    store->attaching--;
    if (view && is_user(store, slot, ref) && !store->locals[slot].view) {
        r307_mapview_install(store, slot, view);
    }
    else if (view) {
        view->next = store->replaced;
        store->replaced = view;
    }
    if (view) {
        view->refs++;
    }
    r307_mapview_unlock(store);
    return view;
}

static r307_mapview_t *take_tenants(request_rec *r, r307_store_t *store, const r307_mapref_t *ref)
{
    int slot = r307_arena_find(store->arena, ref->key, 0, 1), is_refused = 0;
    r307_mapview_t *view = NULL;

    r307_mapview_lock(store);
    if (slot >= 0) {
        if (is_user(store, slot, ref)) {
            view = take_view(store, slot);
        }
        is_refused = !r307_arena_current(store->arena, slot)
                     && r307_arena_slot(store->arena, slot)->refused;
        if (!view && is_refused && !is_user(store, slot, ref)) {
            become_user(store, slot, ref);      /* so that somebody looks again */
        }
    }
    r307_mapview_unlock(store);
    if (view || is_refused) {
        return view;
    }
    slot = build_first(r, store, ref);
    if (slot < 0) {
        say_left_out(r, ref, "more maps of .htaccess files are asked for at once than this "
                     "server can hold");
        return NULL;
    }
    return attach_first(store, slot, ref);
}

/* With the lock held for as long as it takes: cheaper than to hold the image. */
int r307_store_may(const r307_mapref_t *ref, const char *path, size_t len)
{
    r307_store_t *store = ref->store;
    const r307_mapview_t *view;
    int may;

    if (!store || !store->lock || ref->directory || ref->slot < 0) {
        return 1;
    }
    r307_mapview_lock(store);
    view = store->locals[ref->slot].view;
    may = !view || r307_index_may(r307_image_index(view->image), path, len,
                                  R307_INDEX_NO_BASE);
    r307_mapview_unlock(store);
    return may;
}

const struct r307_image_t *r307_store_image(request_rec *r, const r307_mapref_t *ref)
{
    r307_state_t *state = r307_request_state(r);
    r307_mapheld_t *held;
    r307_store_t *store = ref->store ? ref->store : r307_store_find(r->server);
    int tenants = 0;

    for (held = state->maps; held; held = held->next) {
        if (held->ref == ref) {
            return held->view ? held->view->image : NULL;
        }
        tenants += held->ref->directory != NULL;
    }
    if (!store || !store->lock) {
        return NULL;
    }
    if (ref->directory && tenants == TENANTS_MOST) {
        say_left_out(r, ref, "one request asks " APR_STRINGIFY(TENANTS_MOST) " maps of "
                     ".htaccess files at most; write fewer and longer ones");
        return NULL;
    }
    held = apr_palloc(r->pool, sizeof(*held));
    held->store = store;
    held->ref = ref;
    if (ref->directory) {
        ref = r307_maps_limited(r, ap_get_module_config(r->per_dir_config,
                                                        &redirect307_module), ref);
    }
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

int r307_store_is_map(r307_store_t *store, apr_dev_t device, apr_ino_t inode)
{
    return r307_arena_is_file(store->arena, (apr_uint64_t)device, (apr_uint64_t)inode);
}
