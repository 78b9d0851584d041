/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapview.h"

#include <string.h>
#include <apr_strings.h>
#include <http_log.h>
#include "rule/identity.h"
#include "httpd/log_once.h"

APLOG_USE_MODULE(redirect307);

/* NULL when the image cannot be used in this process. */
r307_mapview_t *r307_mapview_attach(r307_store_t *store, const r307_mapref_t *ref,
                                    const void *bytes, apr_uint64_t serial)
{
    r307_context_t context;
    const char *problem;
    apr_pool_t *pool;
    r307_mapview_t *view;

    apr_pool_create_unmanaged_ex(&pool, NULL, store->spares);
    view = apr_pcalloc(pool, sizeof(*view));
    view->pool = pool;
    view->serial = serial;
    view->key = r307_arena_key(store->arena, ref->key);
    r307_map_context(&ref->def, &context);
    context.home = r307_identity_home(ref->path);
    /* rules keep the name; the line may be that of one request */
    problem = r307_image_attach(pool, bytes, &context, apr_pstrdup(pool, ref->def.name),
                                &view->image);
    if (problem) {
        if (r307_log_once_ever(ref->server, r307_log_once_key(pool, ref->path, 0, problem))) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server,
                         "%s:%u: Redirect307Map: %s cannot be used: %s", ref->place.file,
                         ref->place.line, ref->path, problem);
        }
        apr_pool_destroy(pool);
        return NULL;
    }
    if (ref->directory) {
        r307_image_bound(view->image, &store->regex_room);
    }
    return view;
}

r307_mapview_t *r307_mapview_take(r307_store_t *store, int slot)
{
    r307_mapview_t *view;

    __atomic_add_fetch(&store->taking, 1, __ATOMIC_SEQ_CST);
    view = __atomic_load_n(&r307_mapview_local(store, slot)->view, __ATOMIC_SEQ_CST);
    if (view) {
        __atomic_add_fetch(&view->refs, 1, __ATOMIC_SEQ_CST);
    }
    __atomic_sub_fetch(&store->taking, 1, __ATOMIC_SEQ_CST);
    return view;
}

void r307_mapview_release(r307_mapview_t *view)
{
    __atomic_sub_fetch(&view->refs, 1, __ATOMIC_RELEASE);
}

void r307_mapview_lock(r307_store_t *store)
{
    if (store->lock) {
        apr_thread_mutex_lock(store->lock);
    }
}

void r307_mapview_unlock(r307_store_t *store)
{
    if (store->lock) {
        apr_thread_mutex_unlock(store->lock);
    }
}

/* The slot's version as a view; NULL when there is none that this process lacks and can
 * use. Without the lock: nobody frees the version, as this process has not said that it
 * moved on. */
r307_mapview_t *r307_mapview_current(r307_store_t *store, int slot, const r307_mapref_t *ref,
                              apr_uint64_t has)
{
    const r307_mapversion_t *version = r307_arena_current(store->arena, slot);
    r307_maplocal_t *local = r307_mapview_local(store, slot);
    r307_mapview_t *view;

    if (!version || version->serial == has || local->unfit == version->serial
        || !r307_mapversion_is_of(version, ref->key)) {
        return NULL;
    }
    view = r307_mapview_attach(store, ref, r307_mapversion_image(version), version->serial);
    if (!view) {
        local->unfit = version->serial;
        return NULL;
    }
    view->version = version;
    return view;
}

r307_maplocal_t *r307_mapview_local_locked(r307_store_t *store, int slot)
{
    if (!store->places[slot]) {
        __atomic_store_n(&store->places[slot], ++store->local_count, __ATOMIC_RELEASE);
    }
    return r307_mapview_local(store, slot);
}

/* Before the view is there or behind it: who reads it meanwhile asks the one or the other. */
static void note_elsewhere(r307_maplocal_t *local, const r307_mapview_t *view)
{
    apr_uint64_t elsewhere[R307_INDEX_BEGINS] = { 0 };
    int i;

    if (view) {
        r307_index_elsewhere(r307_image_index(view->image), elsewhere);
    }
    for (i = 0; i < R307_INDEX_BEGINS; i++) {
        __atomic_store_n(&local->elsewhere[i], elsewhere[i], __ATOMIC_RELAXED);
    }
}

void r307_mapview_install_locked(r307_store_t *store, int slot, r307_mapview_t *view)
{
    r307_maplocal_t *local = r307_mapview_local_locked(store, slot);

    /* what is known of all maps of a place is out of date before the view is there; tenants'
     * maps, which come and go, have no part in it */
    if (!local->user || !local->user->ref->directory) {
        __atomic_add_fetch(&store->changes, 1, __ATOMIC_SEQ_CST);
    }
    note_elsewhere(local, view);
    if (local->view) {
        local->view->next = store->replaced;
        store->replaced = local->view;
    }
    __atomic_store_n(&local->view, view, __ATOMIC_SEQ_CST);
}

/* Of a map whose place another one took, or whose version was put out. */
void r307_mapview_leave_locked(r307_store_t *store, int slot)
{
    r307_maplocal_t *local = r307_mapview_local_locked(store, slot);

    r307_mapview_install_locked(store, slot, NULL);
    local->used = 0;
    if (local->user) {
        local->user->next = store->gone;
        store->gone = local->user;
    }
    local->user = NULL;
    local->unfit = 0;
}

void r307_mapview_use_locked(r307_store_t *store, int slot, r307_mapuser_t *user)
{
    r307_maplocal_t *local = r307_mapview_local_locked(store, slot);
    int i;

    if (local->user) {
        r307_mapview_leave_locked(store, slot);
    }
    for (i = 0; i < store->active_count && store->active[i] != slot; i++) {
        continue;
    }
    if (i == store->active_count) {
        store->active[store->active_count++] = slot;
    }
    user->key = r307_arena_key(store->arena, user->ref->key);
    local->user = user;
}

/* Whether nobody is about to pin a view that was replaced before: whoever begins to take one
 * now finds the one that is current. */
static int is_settled_locked(r307_store_t *store)
{
    return __atomic_load_n(&store->taking, __ATOMIC_SEQ_CST) == 0;
}

/* What is to be freed is taken out with the lock held, and freed without it: that can take
 * long. A view without users gets none any more, as it is nobody's current one. */
void r307_mapview_free(r307_store_t *store)
{
    r307_mapview_t **link, *view, *unused = NULL;
    r307_mapuser_t *gone;
    int is_settled;

    r307_mapview_lock(store);
    is_settled = is_settled_locked(store);
    for (link = &store->replaced; *link;) {
        view = *link;
        if (!is_settled || __atomic_load_n(&view->refs, __ATOMIC_ACQUIRE)) {
            link = &view->next;
            continue;
        }
        *link = view->next;
        view->next = unused;
        unused = view;
    }
    gone = store->gone;
    store->gone = NULL;
    r307_mapview_unlock(store);
    while ((view = unused)) {
        unused = view->next;
        apr_pool_destroy(view->pool);
    }
    while (gone) {
        r307_mapuser_t *user = gone;

        gone = user->next;
        if (user->pool) {
            apr_pool_destroy(user->pool);
        }
    }
}
