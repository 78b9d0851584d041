/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/store.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include "rule/limit.h"
#include "conf/place_config.h"
#include "httpd/log_once.h"
#include "httpd/mapask.h"
#include "httpd/mapview.h"
#include "httpd/request.h"

APLOG_USE_MODULE(redirect307);

/* So many maps of .htaccess files may one request ask: a tenant who names thousands
 * would push everybody else's out of the arena at each request. Stands in
 * docs/maps.md. */
#define TENANTS_MOST 64
/* With regex=on, in one map of a .htaccess. Stands in docs/maps.md. */
#define REGEXES_MOST 10000
#define SAID_APART   60         /* seconds */
#define WAITS        APR_USEC_PER_SEC           /* for a map that has no version */
#define IN_USE       (120 * APR_USEC_PER_SEC)   /* since the last request; see mapkeep.c */

/* A map that a request uses. */
typedef struct r307_mapheld_t {
    r307_store_t *store;
    const r307_mapref_t *ref;
    r307_mapview_t *view;               /* NULL: no image */
    struct r307_mapheld_t *next;
    struct r307_mapheld_t *older;       /* of a .htaccess */
} r307_mapheld_t;

/* With mpm-itk a request can be in a process that its store does not know yet. */
static void know_process(r307_store_t *store)
{
    if (store->forks && store->pid != getpid()) {
        r307_store_rejoin(store);
    }
    else if (store->forks && !store->follower) {
        r307_follow_move(store);
    }
}

static apr_status_t release(void *data)
{
    r307_mapheld_t *held = data;

    r307_mapview_release(held->view);
    return APR_SUCCESS;
}

/* Another process may have built a newer version. */
static void follow_newer(r307_store_t *store, int slot, const r307_mapview_t *view)
{
    if (view->version && !r307_arena_is_at(store->arena, slot, view->version)
        && !r307_mapview_local(store, slot)->unfit) {
        r307_follow_wake(store);
    }
}

/* Says once a tick that the slot's map is in use. */
static void note_use(r307_store_t *store, int slot)
{
    unsigned tick = __atomic_load_n(&store->tick, __ATOMIC_RELAXED);
    r307_maplocal_t *local;
    apr_uint64_t now;

    if (r307_mapview_is_noted(store, slot)) {
        return;
    }
    now = r307_arena_clock();
    r307_mapview_lock(store);
    local = r307_mapview_local_locked(store, slot);
    r307_mapview_unlock(store);
    __atomic_store_n(&local->tick, tick + 1, __ATOMIC_RELAXED);
    __atomic_store_n(&local->used, now, __ATOMIC_RELAXED);
    __atomic_store_n(&r307_arena_slot(store->arena, slot)->used, now, __ATOMIC_RELAXED);
}

/* 0: enough requests wait for maps. */
static int begin_to_wait(r307_store_t *store)
{
    if (r307_arena_wait(store->arena, 1) > store->waiting_most) {
        r307_arena_wait(store->arena, -1);
        return 0;
    }
    r307_arena_count(store->arena, R307_COUNT_WAITED);
    return 1;
}

static void end_waiting(r307_store_t *store)
{
    r307_arena_wait(store->arena, -1);
}

/* Called when nobody looks at the file at present. Either nobody asked for the map for
 * long: then this first request waits until it was looked at, so that it is taken as
 * it is now. Or another builder has begun, which is told of the map. */
static void refresh(apr_pool_t *p, r307_store_t *store, const r307_mapref_t *ref, int slot)
{
    r307_mapslot_t *known = r307_arena_slot(store->arena, slot);
    apr_uint64_t keeper = r307_arena_keeper(store->arena), now;
    apr_uint64_t kept = __atomic_load_n(&known->kept, __ATOMIC_RELAXED);

    if (kept == keeper || !__atomic_compare_exchange_n(&known->kept, &kept, keeper, 0,
                                                       __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
        return;
    }
    now = r307_arena_clock();
    if (now > __atomic_load_n(&known->used, __ATOMIC_RELAXED) + IN_USE
        && begin_to_wait(store)) {
        r307_mapask(p, store->queue[1], ref, now + WAITS);
        end_waiting(store);
        r307_follow_wake(store);
    }
    else if (!r307_mapask_tell(p, store->queue[1], ref, 0)) {
        __atomic_store_n(&known->kept, 0, __ATOMIC_RELAXED);
    }
}

int r307_store_note(r307_store_t *store, const r307_mapref_t *ref)
{
    r307_mapview_t *view = ref->slot < 0 ? NULL : r307_mapview_take(store, ref->slot);
    int is_cared_for = view && view->key == ref->hash
        && (!view->version || r307_arena_is_at(store->arena, ref->slot, view->version))
        && __atomic_load_n(&r307_arena_slot(store->arena, ref->slot)->kept, __ATOMIC_RELAXED)
           == r307_arena_keeper(store->arena);

    if (view) {
        r307_mapview_release(view);
    }
    if (is_cared_for) {
        note_use(store, ref->slot);
    }
    return is_cared_for;
}

static r307_mapview_t *take_conf(request_rec *r, r307_store_t *store,
                                 const r307_mapref_t *ref)
{
    r307_mapview_t *view;

    if (ref->slot < 0) {
        return NULL;
    }
    if (!r307_mapview_is_noted(store, ref->slot)) {
        refresh(r->pool, store, ref, ref->slot);
        note_use(store, ref->slot);
    }
    view = r307_mapview_take(store, ref->slot);
    /* in a process that ends, the next configuration may have given the place to another map */
    if (view && view->key != ref->hash) {
        r307_mapview_release(view);
        return NULL;
    }
    if (view) {
        follow_newer(store, ref->slot, view);
    }
    return view;
}

/* Whether this process knows that the slot has this map. The slot may
 * be another one's by now, since it was found without the mutex. */
static int is_user_locked(r307_store_t *store, int slot, const r307_mapref_t *ref)
{
    const r307_mapuser_t *user = slot < 0 ? NULL : r307_mapview_local(store, slot)->user;

    return user && user->ref->key.len == ref->key.len
        && memcmp(user->ref->key.s, ref->key.s, ref->key.len) == 0
        && user->key == __atomic_load_n(&r307_arena_slot(store->arena, slot)->key,
                                        __ATOMIC_SEQ_CST);
}

/* The request's line goes with the request; this one stays. */
static void become_user_locked(r307_store_t *store, int slot, const r307_mapref_t *ref)
{
    apr_pool_t *pool;
    r307_mapuser_t *user;

    apr_pool_create_unmanaged_ex(&pool, NULL, store->spares);
    user = apr_pcalloc(pool, sizeof(*user));
    user->pool = pool;
    user->ref = r307_mapref_copy(pool, ref);
    r307_mapview_use_locked(store, slot, user);
    r307_follow_start_locked(store);
}

/* A rule that stands in a file is not found: the log has to say so. */
static void say_left_out(request_rec *r, const r307_mapref_t *ref, const char *why)
{
    if (r307_log_once_per(r->server, r307_log_once_key_text(ref->htaccess, 0, why), SAID_APART,
                          r->request_time)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "%s:%u: Redirect307Map: %s is left "
                      "out of this request: %s; said at most once a minute",
                      ref->place.file, ref->place.line, ref->path, why);
    }
}

/* Why a map is not known yet. */
typedef struct reason_t {
    r307_count_t count;
    const char *why;
} reason_t;

static const reason_t reasons[] = {
    [R307_ASKED_DONE] = { R307_COUNT_NOT_KEPT, "others put it out again" },
    [R307_ASKED_YOUNG] = { R307_COUNT_NOT_SETTLED,
                           "its file was written less than 3 seconds ago, or still is" },
    [R307_ASKED_CROWDED] = { R307_COUNT_NOT_PLACED, "there is no room for it in the arena" },
    [R307_ASKED_LATE] = { R307_COUNT_NOT_BUILT, "it is being built" },
    [R307_ASKED_FULL] = { R307_COUNT_NOT_ASKED, "too many requests wait for maps" },
    /* counted in an arena of which nobody tells any more */
    [R307_ASKED_GONE] = { R307_COUNT_NOT_ASKED, "a restart began another arena, and this "
                          "process, begun before it, ends with its last request" }
};

/* The request is answered 503. */
static void say_unready(request_rec *r, r307_store_t *store, const r307_mapref_t *ref,
                        const reason_t *reason)
{
    const char *why = reason->why;

    r307_arena_count(store->arena, reason->count);
    if (r307_log_once_per(r->server, r307_log_once_key_text(ref->htaccess, 0, why), SAID_APART,
                          r->request_time)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "%s:%u: Redirect307Map: the rules of "
                      "%s are not ready, and the request is answered 503: %s; said at most "
                      "once a minute", ref->place.file, ref->place.line, ref->path, why);
    }
}

/* The version that is there, attached for the first time in this process. */
static r307_mapview_t *attach_first(r307_store_t *store, int slot, const r307_mapref_t *ref)
{
    r307_mapview_t *view;

    r307_mapview_lock(store);
    if (!is_user_locked(store, slot, ref)) {
        become_user_locked(store, slot, ref);
    }
    view = r307_mapview_take(store, slot);
    store->attaching += !view;
    r307_mapview_unlock(store);
    if (view) {
        return view;
    }
    view = r307_mapview_current(store, slot, ref, 0);
    r307_mapview_lock(store);
    store->attaching--;
    if (view && is_user_locked(store, slot, ref) && !r307_mapview_local(store, slot)->view) {
        r307_mapview_install_locked(store, slot, view);
    }
    else if (view) {
        view->next = store->replaced;
        store->replaced = view;
    }
    if (view) {
        __atomic_add_fetch(&view->refs, 1, __ATOMIC_SEQ_CST);
    }
    r307_mapview_unlock(store);
    return view;
}

/* The map has no version, because something is wrong with its file. */
static int is_without(r307_store_t *store, int slot)
{
    return !r307_arena_current(store->arena, slot)
        && __atomic_load_n(&r307_arena_slot(store->arena, slot)->refused, __ATOMIC_SEQ_CST);
}

/* What the process has or can attach: *is_known 1, also when that is no rule at all. */
static r307_mapview_t *take_known(r307_store_t *store, int slot, const r307_mapref_t *ref,
                                  int *is_known)
{
    r307_mapview_t *view = NULL;
    int is_refused;

    *is_known = 0;
    if (slot < 0) {
        return NULL;
    }
    r307_mapview_lock(store);
    if (is_user_locked(store, slot, ref)) {
        view = r307_mapview_take(store, slot);
    }
    is_refused = !view && is_without(store, slot);
    if (is_refused && !is_user_locked(store, slot, ref)) {
        become_user_locked(store, slot, ref);          /* so that somebody looks again */
    }
    r307_mapview_unlock(store);
    if (!view && !is_refused && r307_arena_current(store->arena, slot)) {
        view = attach_first(store, slot, ref);
        /* its place may have gone to another map meanwhile: then it is built again */
        is_refused = !view && r307_arena_current(store->arena, slot)
                     && r307_mapview_local(store, slot)->unfit;
    }
    *is_known = view || is_refused;
    return view;
}

/* Waits until the map has a version or will have none; *why: it is not known yet. */
static r307_mapview_t *take_first(request_rec *r, r307_store_t *store,
                                  const r307_mapref_t *ref, const reason_t **why)
{
    apr_uint64_t deadline = r307_arena_clock() + WAITS;
    r307_asked_for_t asked;
    r307_mapview_t *view;
    int is_known;

    do {
        asked = r307_mapask(r->pool, store->queue[1], ref, deadline);
        view = take_known(store, r307_arena_find(store->arena, ref->key), ref, &is_known);
    } while (!is_known && asked == R307_ASKED_DONE && r307_arena_clock() < deadline);
    *why = is_known ? NULL : &reasons[asked];
    return view;
}

/* The thread that keeps the maps of this process, where it is not another process. */
static void need_keeper(r307_store_t *store)
{
    if (store->keep) {
        r307_mapview_lock(store);
        r307_follow_start_locked(store);
        r307_mapview_unlock(store);
    }
}

static r307_mapview_t *wait_first(request_rec *r, r307_store_t *store,
                                  const r307_mapref_t *ref, const reason_t **why)
{
    r307_mapview_t *view = NULL;

    need_keeper(store);
    if (!begin_to_wait(store)) {
        *why = &reasons[R307_ASKED_FULL];
        return NULL;
    }
    __atomic_add_fetch(&store->hurries, 1, __ATOMIC_RELAXED);
    r307_follow_wake(store);
    view = take_first(r, store, ref, why);
    __atomic_sub_fetch(&store->hurries, 1, __ATOMIC_RELAXED);
    end_waiting(store);
    return view;
}

/* Once a tick: somebody who looks may be needed, or the file, where its keeper cannot open
 * it. */
static void care_for(request_rec *r, r307_store_t *store, const r307_mapref_t *ref, int slot)
{
    if (r307_mapview_is_noted(store, slot)) {
        return;
    }
    refresh(r->pool, store, ref, slot);
    if (r307_arena_slot(store->arena, slot)->wants_file) {
        r307_mapask_tell(r->pool, store->queue[1], ref, 1);
    }
    note_use(store, slot);
}

static r307_mapview_t *take_tenants(request_rec *r, r307_store_t *store,
                                    const r307_mapref_t *ref, const reason_t **why)
{
    int slot = r307_arena_find(store->arena, ref->key), is_known;
    r307_mapview_t *view;

    *why = NULL;
    if (slot >= 0 && (r307_arena_current(store->arena, slot) || is_without(store, slot))) {
        care_for(r, store, ref, slot);
    }
    view = take_known(store, slot, ref, &is_known);
    if (view) {
        follow_newer(store, slot, view);
    }
    if (is_known) {
        return view;
    }
    view = wait_first(r, store, ref, why);
    slot = r307_arena_find(store->arena, ref->key);
    if (slot >= 0) {
        note_use(store, slot);
    }
    return view;
}

/* --- maps of tenants, with what limits them --- */

/* The directory as this request found it: what has its name later, and is another one, is
 * another map. */
static void find_folder(r307_mapref_t *ref)
{
    struct stat st;

    memset(&ref->folder, 0, sizeof(ref->folder));
    if (stat(*ref->directory ? ref->directory : "/", &st) == 0) {
        ref->folder.device = (apr_uint64_t)st.st_dev;
        ref->folder.inode = (apr_uint64_t)st.st_ino;
        ref->folder.owner = (apr_uint32_t)st.st_uid;
    }
}

/* A map of .htaccess under the limits that hold for the request: another map where they
 * are others. In r->pool. */
static const r307_mapref_t *limited(request_rec *r, const r307_mapref_t *ref)
{
    const r307_config_t *conf = ap_get_module_config(r->per_dir_config,
                                                     &redirect307_module);
    r307_mapref_t *own = apr_pmemdup(r->pool, ref, sizeof(*ref));
    apr_int64_t lines = r307_limit_value(conf->limits, R307_LIMIT_MAP_LINES);
    apr_int64_t size = r307_limit_value(conf->limits, R307_LIMIT_MAP_SIZE);
    apr_int64_t regex = r307_limit_value(conf->limits, R307_LIMIT_REGEX);
    const char *key;

    own->lines_most = lines >= R307_LIMIT_NONE ? 0 : (apr_uint32_t)lines;
    own->size_most = (apr_uint64_t)size * 1024;
    own->regex_most = regex == R307_LIMIT_NONE ? REGEXES_MOST : regex;
    own->no_links = !(ap_allow_options(r) & OPT_SYM_LINKS);
    find_folder(own);
    key = apr_psprintf(r->pool, "%s\n%s\n%" APR_INT64_T_FMT " %" APR_INT64_T_FMT " %"
                       APR_INT64_T_FMT " %d %" APR_UINT64_T_FMT " %" APR_UINT64_T_FMT
                       " %u", ref->path, ref->def.text, lines, size, regex, own->no_links,
                       own->folder.device, own->folder.inode, own->folder.owner);
    own->key = r307_slice(key, strlen(key));
    return own;
}

/* --- what a request holds --- */

/* What the request has of that map already; *tenants: how many of .htaccess files it has,
 * where it is one of these and has none. */
static r307_mapheld_t *find_held(const r307_state_t *state, const r307_mapref_t *ref,
                                 int *tenants)
{
    r307_mapheld_t *held = state->tenants_maps;

    *tenants = 0;
    if (!ref->directory) {
        return state->conf_maps ? state->conf_maps[ref->number] : NULL;
    }
    for (; held && held->ref != ref; held = held->older) {
        ++*tenants;
    }
    return held;
}

static void keep_held(request_rec *r, r307_state_t *state, r307_mapheld_t *held)
{
    const r307_store_t *store = held->store;

    if (held->ref->directory) {
        held->older = state->tenants_maps;
        state->tenants_maps = held;
    }
    else {
        if (!state->conf_maps) {
            state->conf_maps = apr_pcalloc(r->pool, (apr_size_t)store->conf_count
                                                    * sizeof(*state->conf_maps));
        }
        state->conf_maps[held->ref->number] = held;
    }
    held->next = state->maps;
    state->maps = held;
    if (held->view) {
        apr_pool_cleanup_register(r->pool, held, release, apr_pool_cleanup_null);
    }
}

const struct r307_image_t *r307_store_image(request_rec *r, const r307_mapref_t *ref)
{
    r307_state_t *state = r307_request_known(r);
    r307_store_t *store = ref->store ? ref->store : r307_store_find(r->server);
    const reason_t *why = NULL;
    int tenants;
    r307_mapheld_t *held = find_held(state, ref, &tenants);

    if (held) {
        return held->view ? held->view->image : NULL;
    }
    if (!store || !store->lock) {
        return NULL;
    }
    know_process(store);
    if (tenants == TENANTS_MOST) {
        say_left_out(r, ref, "one request asks " APR_STRINGIFY(TENANTS_MOST) " maps of "
                     ".htaccess files at most; write fewer and longer ones");
        return NULL;
    }
    held = apr_palloc(r->pool, sizeof(*held));
    held->store = store;
    held->ref = ref;
    if (ref->directory) {
        ref = limited(r, ref);
    }
    held->view = ref->directory ? take_tenants(r, store, ref, &why)
                                : take_conf(r, store, ref);
    keep_held(r, state, held);
    if (why) {
        say_unready(r, store, ref, why);
        state->unready = 1;
    }
    return held->view ? held->view->image : NULL;
}

void r307_store_say(request_rec *r, const r307_rule_t *rule, const char *why,
                    const char *then)
{
    const r307_mapheld_t *held = r307_request_known(r)->tenants_maps;
    const char *source = rule->source ? rule->source : "";
    const r307_mapversion_t *version;
    apr_uint64_t key;

    while (held && !(held->view && strcmp(held->ref->def.name, rule->place.file) == 0)) {
        held = held->older;
    }
    if (!held) {
        return;
    }
    version = held->view->version;
    key = r307_log_once_key_text(held->ref->path, 0, why)
          ^ (version ? version->of.written ^ version->of.changed << 1 : 0);
    if (r307_log_once_ever(r->server, key ? key : 1)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "%s:%u: '%s' %s; %s; said of one line, "
                      "once for this version of the map", held->ref->path, rule->place.line,
                      r307_text_show(r->pool, source, strlen(source)), why, then);
    }
}

void r307_store_release(request_rec *r, r307_state_t *state)
{
    r307_mapheld_t *held;

    for (held = state->maps; held; held = held->next) {
        if (held->view) {
            apr_pool_cleanup_run(r->pool, held, release);
        }
    }
    state->maps = state->tenants_maps = NULL;
    state->conf_maps = NULL;
}
