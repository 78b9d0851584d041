/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_homes.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_file_info.h>
#include <apr_strings.h>

/* A directory on the way to the one at hand, and what holds in it. */
typedef struct level_t {
    const char *path;           /* ends with '/' */
    r307_area_t area;
} level_t;

/* The <Directory> sections of a server, by what they are about. */
typedef struct covers_t {
    const r307_server_t *server;        /* with what it has of the main one */
    apr_hash_t *named;          /* "/srv/a/" to an array of int: places in its list */
    apr_array_header_t *globs;  /* of int */
} covers_t;

typedef struct going_t {
    ctl_httpd_t *x;
    apr_pool_t *p;
    const ctl_homing_t *homing;
    apr_hash_t *roots;          /* "/srv/a/" to the r307_server_t whose place it is */
    apr_hash_t *seen;           /* device and inode */
    const covers_t *covers;     /* of the server at hand */
    const char *root;           /* the place at hand, ends with '/' */
    apr_array_header_t *levels; /* of level_t */
} going_t;

/* --- what covers a directory --- */

static void add_place(apr_pool_t *p, apr_hash_t *named, const char *text, int i)
{
    apr_array_header_t *list = apr_hash_get(named, text, APR_HASH_KEY_STRING);

    if (!list) {
        list = apr_array_make(p, 1, sizeof(int));
        apr_hash_set(named, text, APR_HASH_KEY_STRING, list);
    }
    APR_ARRAY_PUSH(list, int) = i;
}

static const covers_t *covers_of(going_t *going, const r307_server_t *own)
{
    apr_pool_t *p = going->p;
    covers_t *covers = apr_pcalloc(p, sizeof(*covers));
    int i;

    covers->server = r307_site_whole(&going->x->site, own);
    covers->named = apr_hash_make(p);
    covers->globs = apr_array_make(p, 4, sizeof(int));
    for (i = 0; i < covers->server->directories->nelts; i++) {
        const r307_area_section_t *section
            = APR_ARRAY_IDX(covers->server->directories, i, const r307_area_section_t *);

        if (section->is_glob) {
            APR_ARRAY_PUSH(covers->globs, int) = i;
        }
        else if (!section->regex) {     /* a regex has no AllowOverride */
            add_place(p, covers->named, section->text, i);
        }
    }
    return covers;
}

static int by_number(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* The sections about a directory, merged in httpd's order into what holds above it. */
static void cover(going_t *going, const char *path, r307_area_t *area)
{
    const apr_array_header_t *sections = going->covers->server->directories;
    const apr_array_header_t *named = apr_hash_get(going->covers->named, path,
                                                   APR_HASH_KEY_STRING);
    apr_array_header_t *list = named ? apr_array_copy(going->p, named)
                                     : apr_array_make(going->p, 1, sizeof(int));
    int i;

    for (i = 0; i < going->covers->globs->nelts; i++) {
        int at = APR_ARRAY_IDX(going->covers->globs, i, int);

        if (r307_area_is(APR_ARRAY_IDX(sections, at, const r307_area_section_t *), path)) {
            APR_ARRAY_PUSH(list, int) = at;
        }
    }
    qsort(list->elts, (size_t)list->nelts, sizeof(int), by_number);
    for (i = 0; i < list->nelts; i++) {
        r307_area_merge(going->p, area,
                        &APR_ARRAY_IDX(sections, APR_ARRAY_IDX(list, i, int),
                                       const r307_area_section_t *)->part, area);
    }
}

static void push(going_t *going, const char *path)
{
    const level_t *above = going->levels->nelts
        ? &APR_ARRAY_IDX(going->levels, going->levels->nelts - 1, level_t) : NULL;
    r307_area_t area = above ? above->area : going->covers->server->part;
    level_t *level;

    cover(going, path, &area);
    level = apr_array_push(going->levels);
    level->path = path;
    level->area = area;
}

/* Down to a directory, from the part of the way that is the same as before. */
static const r307_area_t *area_of(going_t *going, const char *path)
{
    const char *end;

    while (going->levels->nelts) {
        const char *top = APR_ARRAY_IDX(going->levels, going->levels->nelts - 1,
                                        level_t).path;

        if (strncmp(path, top, strlen(top)) == 0) {
            break;
        }
        apr_array_pop(going->levels);
    }
    end = path + (going->levels->nelts
                  ? strlen(APR_ARRAY_IDX(going->levels, going->levels->nelts - 1,
                                         level_t).path) : 0);
    while (*end) {
        end += strcspn(end, "/") + 1;
        push(going, apr_pstrmemdup(going->p, path, (size_t)(end - path)));
    }
    return &APR_ARRAY_IDX(going->levels, going->levels->nelts - 1, level_t).area;
}

/* Where nobody said AllowOverride httpd reads them, and takes no line of them. */
static int is_open(const r307_area_t *area)
{
    return area->override != 0 || (area->override_list && area->override_list->nelts);
}

/* --- directories --- */

static const char *slashed(apr_pool_t *p, const char *path)
{
    char *full = NULL;

    if (apr_filepath_merge(&full, NULL, path, APR_FILEPATH_NOTRELATIVE, p) != APR_SUCCESS) {
        full = apr_pstrdup(p, path);
    }
    return full[strlen(full) - 1] == '/' ? full : apr_pstrcat(p, full, "/", NULL);
}

static int is_new(going_t *going, int folder)
{
    struct stat st;
    struct { dev_t device; ino_t inode; } *key = apr_pcalloc(going->p, sizeof(*key));

    if (fstat(folder, &st) != 0) {
        return 0;
    }
    key->device = st.st_dev;
    key->inode = st.st_ino;
    if (apr_hash_get(going->seen, key, sizeof(*key))) {
        return 0;
    }
    apr_hash_set(going->seen, key, sizeof(*key), "");
    return 1;
}

/* What is somebody else's place, or let in nowhere, is not looked into from here. */
static int enter(void *baton, const char *name, int folder)
{
    going_t *going = baton;
    const char *path = apr_pstrcat(going->p, name, strcmp(name, "/") == 0 ? "" : "/", NULL);
    const r307_server_t *owner = apr_hash_get(going->roots, path, APR_HASH_KEY_STRING);

    if (owner && strcmp(path, going->root) != 0) {
        return 0;
    }
    return is_open(area_of(going, path)) && is_new(going, folder);
}

static void met(void *baton, const ctl_named_t *found)
{
    going_t *going = baton;
    const char *slash = strrchr(found->path, '/');
    ctl_home_t home = { found, going->covers->server, NULL };

    home.area = area_of(going, apr_pstrmemdup(going->p, found->path,
                                              (size_t)(slash - found->path) + 1));
    going->homing->met(going->homing->baton, &home);
}

static void unread(void *baton, const char *name, const char *why)
{
    const going_t *going = baton;

    going->homing->unread(going->homing->baton, name, why);
}

static const char *names_of(const r307_server_t *server)
{
    return server->access_name ? server->access_name : ".htaccess";
}

static void walk(going_t *going, const char *path)
{
    const ctl_meeting_t meeting = { met, unread, going };
    const ctl_entering_t entering = {
        enter, r307_conf_words(going->p, names_of(going->covers->server))
    };

    going->root = path;
    going->levels->nelts = 0;
    ctl_reach_walk(going->p, path, &meeting, &entering);
}

/* --- places --- */

/* The first that has it: of hosts before the main server, whose sections are everybody's. */
static void add_root(going_t *going, apr_array_header_t *list, const char *path,
                     const r307_server_t *server)
{
    path = path ? slashed(going->p, path) : NULL;
    if (path && !apr_hash_get(going->roots, path, APR_HASH_KEY_STRING)) {
        apr_hash_set(going->roots, path, APR_HASH_KEY_STRING, server);
        APR_ARRAY_PUSH(list, const char *) = path;
    }
}

static void add_section(going_t *going, apr_array_header_t *list,
                        const r307_area_section_t *section, const r307_server_t *server)
{
    glob_t found;
    size_t i;

    if (section->regex || section->part.override == R307_OVERRIDE_UNSET
        || !is_open(&section->part)) {
        return;
    }
    if (!section->is_glob) {
        add_root(going, list, section->text, server);
        return;
    }
    /* its slash tells a directory; GLOB_ONLYDIR is glibc's, and there only a hint */
    if (glob(section->text, GLOB_MARK, NULL, &found) == 0) {
        for (i = 0; i < found.gl_pathc; i++) {
            if (found.gl_pathv[i][strlen(found.gl_pathv[i]) - 1] == '/') {
                add_root(going, list, found.gl_pathv[i], server);
            }
        }
        globfree(&found);
    }
}

static void add_server(going_t *going, apr_array_header_t *list, const r307_server_t *server)
{
    int i;

    add_root(going, list, server->root, server);
    for (i = 0; i < server->mapped->nelts; i++) {
        add_root(going, list, APR_ARRAY_IDX(server->mapped, i, r307_alias_t).path, server);
    }
    for (i = 0; i < server->directories->nelts; i++) {
        add_section(going, list, APR_ARRAY_IDX(server->directories, i,
                                               const r307_area_section_t *), server);
    }
}

static apr_array_header_t *all_roots(going_t *going)
{
    const r307_site_t *site = &going->x->site;
    apr_array_header_t *list = apr_array_make(going->p, 16, sizeof(const char *));
    int i;

    for (i = 0; i < site->hosts->nelts; i++) {
        add_server(going, list, APR_ARRAY_IDX(site->hosts, i, const r307_server_t *));
    }
    add_server(going, list, site->main);
    return list;
}

/* Whose place a directory is: that of the longest root above it. */
static const r307_server_t *owner_of(const going_t *going, const char *path)
{
    const r307_server_t *owner;
    char *text = apr_pstrdup(going->p, path), *slash;

    while ((slash = strrchr(text, '/')) != NULL) {
        slash[1] = '\0';
        owner = apr_hash_get(going->roots, text, APR_HASH_KEY_STRING);
        if (owner) {
            return owner;
        }
        *slash = '\0';
    }
    return going->x->site.main;
}

static const char *absolute(apr_pool_t *p, const char *path)
{
    char *full = NULL;

    return apr_filepath_merge(&full, "", path, 0, p) == APR_SUCCESS
           && *full == '/' ? full : path;
}

/* The directories that were named, and the places in them. */
static apr_array_header_t *roots_below(const going_t *going, const apr_array_header_t *roots,
                                       const char *const *below, int count)
{
    apr_array_header_t *list = apr_array_make(going->p, count, sizeof(const char *));
    int i, k;

    for (i = 0; i < count; i++) {
        const char *path = slashed(going->p, absolute(going->p, below[i]));

        APR_ARRAY_PUSH(list, const char *) = path;
        for (k = 0; k < roots->nelts; k++) {
            const char *root = APR_ARRAY_IDX(roots, k, const char *);

            if (strncmp(root, path, strlen(path)) == 0) {
                APR_ARRAY_PUSH(list, const char *) = root;
            }
        }
    }
    return list;
}

void ctl_homes_each(ctl_httpd_t *x, const char *const *below, int count,
                    const ctl_homing_t *homing)
{
    going_t going = { .x = x, .p = x->p, .homing = homing };
    const r307_server_t *last = NULL;
    apr_array_header_t *list;
    int i;

    going.roots = apr_hash_make(x->p);
    going.seen = apr_hash_make(x->p);
    going.levels = apr_array_make(x->p, 32, sizeof(level_t));
    list = all_roots(&going);
    list = count ? roots_below(&going, list, below, count) : list;
    for (i = 0; i < list->nelts; i++) {
        const char *path = APR_ARRAY_IDX(list, i, const char *);
        const r307_server_t *owner = owner_of(&going, path);

        if (owner != last) {
            going.covers = covers_of(&going, owner);
            last = owner;
        }
        walk(&going, path);
    }
}
