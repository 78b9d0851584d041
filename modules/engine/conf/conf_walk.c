/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_walk.h"

#include <string.h>
#include <apr_file_info.h>
#include <apr_strings.h>

static int same(const char *a, const char *b)
{
    return r307_text_same_fold(a, strlen(a), b, strlen(b));
}

static void depend(apr_array_header_t *depends, const char *what, const r307_node_t *node)
{
    r307_depend_t *made = apr_array_push(depends);

    made->what = what;
    made->file = node ? node->file : NULL;
    made->line = node ? node->line : 0;
    made->is_access = 0;
}

static void depend_all(apr_pool_t *p, apr_array_header_t *depends,
                       const apr_array_header_t *nodes)
{
    int i;

    for (i = 0; nodes && i < nodes->nelts; i++) {
        const r307_node_t *node = APR_ARRAY_IDX(nodes, i, const r307_node_t *);

        depend(depends, node->is_section ? apr_psprintf(p, "<%s %s>", node->name, node->args)
                                         : node->name, node);
    }
}

/* --- the virtual host --- */

static int is_glob(const char *pattern, const char *host)
{
    return r307_text_glob(r307_slice(pattern, strlen(pattern)),
                          r307_slice(host, strlen(host)), 1);
}

static int has_name(const r307_server_t *server, const char *host)
{
    int i;

    if (server->name && same(server->name, host)) {
        return 1;
    }
    for (i = 0; i < server->aliases->nelts; i++) {
        if (same(APR_ARRAY_IDX(server->aliases, i, const char *), host)) {
            return 1;
        }
    }
    for (i = 0; i < server->globs->nelts; i++) {
        if (is_glob(APR_ARRAY_IDX(server->globs, i, const char *), host)) {
            return 1;
        }
    }
    return 0;
}

/* 2: by its address, 1: by any address, 0: not at all. */
static int listens(const r307_server_t *server, const char *host, int port)
{
    int i, best = 0;

    for (i = 0; i < server->addresses->nelts; i++) {
        const r307_address_t *address = &APR_ARRAY_IDX(server->addresses, i,
                                                       r307_address_t);

        if (address->port && address->port != port) {
            continue;
        }
        best = address->host ? (same(address->host, host) ? 2 : best) : best ? best : 1;
    }
    return best;
}

/* Hosts of one address are tried by name in their order; the first is the default. */
static void find_server(r307_walk_t *walk)
{
    const apr_array_header_t *hosts = walk->site->hosts;
    const r307_server_t *first = NULL;
    int i, k, level = 0;

    for (i = 0; i < hosts->nelts; i++) {
        const r307_server_t *server = APR_ARRAY_IDX(hosts, i, const r307_server_t *);

        k = listens(server, walk->host, walk->port);
        level = k > level ? k : level;
        for (k = 0; k < server->addresses->nelts; k++) {
            const char *host = APR_ARRAY_IDX(server->addresses, k, r307_address_t).host;

            if (host && !same(host, walk->host)) {
                depend(walk->depends_early, "the address that is asked", server->node);
            }
        }
    }
    for (i = 0; level && i < hosts->nelts; i++) {
        const r307_server_t *server = APR_ARRAY_IDX(hosts, i, const r307_server_t *);

        if (listens(server, walk->host, walk->port) == level) {
            first = first ? first : server;
            if (has_name(server, walk->host)) {
                walk->server = server;
                return;
            }
        }
    }
    walk->server = first ? first : walk->site->main;
}

/* --- early --- */

/* The sections that are about a text, merged with each other and then into what holds. */
static void merge_sections(r307_walk_t *walk, const apr_array_header_t *sections,
                           const char *text, r307_area_t *part)
{
    r307_area_t merged;
    int i, any = 0;

    for (i = 0; sections && i < sections->nelts; i++) {
        const r307_area_section_t *section = APR_ARRAY_IDX(sections, i,
                                                           const r307_area_section_t *);

        if (r307_area_is(section, text)) {
            if (any) {
                r307_area_merge(walk->p, &merged, &section->part, &merged);
            }
            else {
                merged = section->part;
            }
            any = 1;
        }
    }
    if (any) {
        r307_area_merge(walk->p, part, &merged, part);
    }
}

void r307_walk_early(r307_walk_t *walk)
{
    walk->depends_early = apr_array_make(walk->p, 2, sizeof(r307_depend_t));
    walk->depends_late = apr_array_make(walk->p, 2, sizeof(r307_depend_t));
    find_server(walk);
    walk->early = walk->server->part;
    merge_sections(walk, walk->server->locations, walk->uri, &walk->early);
    depend_all(walk->p, walk->depends_early, walk->early.maybes);
    depend_all(walk->p, walk->depends_early, walk->site->maybes);
}

/* --- where the path leads --- */

static const char *below(const char *path, const char *prefix)
{
    size_t n = strlen(prefix);

    return strncmp(path, prefix, n) == 0
        && (!n || prefix[n - 1] == '/' || path[n] == '/' || !path[n]) ? path + n : NULL;
}

static int find_file(r307_walk_t *walk)
{
    const apr_array_header_t *mapped = walk->server->mapped;
    const char *rest;
    int i;

    for (i = 0; i < mapped->nelts; i++) {
        const r307_alias_t *alias = &APR_ARRAY_IDX(mapped, i, r307_alias_t);

        rest = below(walk->uri, alias->url);
        if (rest) {
            walk->prefix = alias->url;
            walk->root = alias->path;
            walk->filename = apr_pstrcat(walk->p, alias->path, rest, NULL);
            return 1;
        }
    }
    walk->prefix = "";
    walk->root = walk->server->root;
    walk->filename = walk->root ? apr_pstrcat(walk->p, walk->root, walk->uri, NULL) : NULL;
    return walk->filename != NULL;
}

/* The first path among the words of another module's line; NULL: it says none. */
static const char *path_among(apr_pool_t *p, const r307_node_t *node)
{
    apr_array_header_t *words = r307_conf_words(p, node->args);
    int i;

    for (i = 0; i < words->nelts && i < 2; i++) {
        const char *word = APR_ARRAY_IDX(words, i, const char *);

        if (*word == '/') {
            return word;
        }
    }
    return NULL;
}

static int is_of_host(const r307_node_t *node)
{
    for (; node; node = node->parent) {
        if (r307_node_is(node, "VirtualHost")) {
            return 1;
        }
    }
    return 0;
}

/* Whether another module's line may answer this path before our late rules. */
static int may_answer(r307_walk_t *walk, const r307_node_t *node)
{
    const char *path = path_among(walk->p, node);
    int is_regex = strstr(node->name, "Match") != NULL;

    if (r307_node_is(node, "RewriteRule")) {
        return !walk->server->node || is_of_host(node);
    }
    if (r307_node_is(node, "UserDir")) {
        return walk->uri[1] == '~' && !same(node->args, "disabled");
    }
    return is_regex || !path || below(walk->uri, path) != NULL;
}

static void note_between(r307_walk_t *walk, const r307_area_t *part)
{
    int i;

    for (i = 0; part->between && i < part->between->nelts; i++) {
        const r307_node_t *node = APR_ARRAY_IDX(part->between, i, const r307_node_t *);

        if (may_answer(walk, node)) {
            depend(walk->depends_late, node->name, node);
        }
    }
}

/* --- directories --- */

typedef struct going_t {
    r307_walk_t *walk;
    r307_area_t merged;         /* of what was met; any: there was something */
    int any;
    r307_area_t opts;           /* only AllowOverride of it */
    int next;                   /* section that comes next */
} going_t;

static void meet(going_t *going, const r307_area_t *part)
{
    if (going->any) {
        r307_area_merge(going->walk->p, &going->merged, part, &going->merged);
    }
    else {
        going->merged = *part;
    }
    going->any = 1;
    if (part->override != R307_OVERRIDE_UNSET) {
        going->opts.override = part->override;
    }
    if (part->override_list) {
        going->opts.override_list = part->override_list;
    }
}

/* One directory: its sections, and its .htaccess. directory ends in '/'. */
static void enter(going_t *going, const char *directory, int depth)
{
    r307_walk_t *walk = going->walk;
    const apr_array_header_t *sections = walk->server->directories;
    r307_area_t part;

    for (; going->next < sections->nelts; going->next++) {
        const r307_area_section_t *section = APR_ARRAY_IDX(sections, going->next,
                                                           const r307_area_section_t *);

        if (section->regex || section->components > depth) {
            break;
        }
        if (!section->components
            || (section->components == depth && r307_area_is(section, directory))) {
            meet(going, &section->part);
        }
    }
    /* where nobody said anything httpd reads them, and takes no line of them */
    if (going->opts.override == 0
        && (!going->opts.override_list || !going->opts.override_list->nelts)) {
        return;
    }
    if (walk->htaccess(walk->baton, directory, walk->server->access_name
                       ? walk->server->access_name : ".htaccess", &going->opts, &part)) {
        meet(going, &part);
    }
}

/* Down to what is no directory; *file: that. 0: something cannot be looked at. */
static int go_down(going_t *going, const char *path, const char **file)
{
    r307_walk_t *walk = going->walk;
    const char *end = path + 1, *name;
    int there = R307_THERE_FOLDER, depth = 1;

    enter(going, "/", depth);
    *file = path;
    walk->path_info = "";
    while (*end) {
        end += strcspn(end, "/");
        name = apr_pstrmemdup(walk->p, path, (size_t)(end - path));
        there = walk->look(walk->baton, name);
        if (there != R307_THERE_FOLDER) {
            *file = name;
            walk->path_info = apr_pstrdup(walk->p, end);
            return there != R307_THERE_UNKNOWN;
        }
        enter(going, apr_pstrcat(walk->p, name, "/", NULL), ++depth);
        end += strspn(end, "/");
    }
    return 1;
}

static void meet_regexes(going_t *going, const char *file)
{
    const apr_array_header_t *sections = going->walk->server->directories;

    for (; going->next < sections->nelts; going->next++) {
        const r307_area_section_t *section = APR_ARRAY_IDX(sections, going->next,
                                                           const r307_area_section_t *);

        if (section->regex && r307_area_is(section, file)) {
            meet(going, &section->part);
        }
    }
}

static const char *tidy(apr_pool_t *p, const char *path)
{
    char *full = NULL;

    return apr_filepath_merge(&full, NULL, path, APR_FILEPATH_NOTRELATIVE, p) == APR_SUCCESS
        ? full : path;
}

int r307_walk_late(r307_walk_t *walk)
{
    const char *file = NULL, *slash;
    going_t going;
    int is_known;

    walk->late = walk->early;
    note_between(walk, &walk->early);
    if (!find_file(walk)) {
        return 0;
    }
    walk->filename = tidy(walk->p, walk->filename);
    memset(&going, 0, sizeof(going));
    going.walk = walk;
    going.opts = walk->server->part;
    is_known = go_down(&going, walk->filename, &file);
    walk->filename = file;
    meet_regexes(&going, file);
    walk->late = walk->server->part;
    if (going.any) {
        r307_area_merge(walk->p, &walk->late, &going.merged, &walk->late);
    }
    slash = strrchr(file, '/');
    merge_sections(walk, walk->late.files, slash ? slash + 1 : file, &walk->late);
    merge_sections(walk, walk->server->locations, walk->uri, &walk->late);
    depend_all(walk->p, walk->depends_late, walk->late.maybes);
    if (walk->late.require && !walk->late.is_granted && !walk->late.is_denied) {
        depend(walk->depends_late, apr_pstrcat(walk->p, walk->late.require->name, " ",
                                               walk->late.require->args, NULL),
               walk->late.require);
        APR_ARRAY_IDX(walk->depends_late, walk->depends_late->nelts - 1,
                      r307_depend_t).is_access = 1;
    }
    return is_known;
}
