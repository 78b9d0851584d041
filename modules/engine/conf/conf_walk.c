/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_walk.h"

#include <string.h>
#include <apr_file_info.h>
#include <apr_strings.h>

/* "RewriteRule", "<If ...>"; of what httpd may not read at all, why. */
static const char *what_of(const r307_walk_t *walk, const r307_node_t *node)
{
    const r307_node_t *outer = node;

    while (outer->is_maybe && outer->parent && outer->parent->is_maybe) {
        outer = outer->parent;
    }
    if (node->env) {
        return apr_psprintf(walk->p, "${%s} of httpd's environment", node->env);
    }
    return outer->is_section ? apr_psprintf(walk->p, "<%s %s>", outer->name, outer->args)
                             : outer->name;
}

static void depend_on(apr_array_header_t *depends, const char *what, const r307_node_t *node)
{
    r307_depend_t *made = apr_array_push(depends);

    made->what = what;
    made->file = node ? node->file : NULL;
    made->line = node ? node->line : 0;
    made->is_access = 0;
}

static void depend(const r307_walk_t *walk, apr_array_header_t *depends,
                   const r307_node_t *node)
{
    depend_on(depends, what_of(walk, node), node);
}

static void depend_all(const r307_walk_t *walk, apr_array_header_t *depends,
                       const apr_array_header_t *nodes)
{
    int i;

    for (i = 0; nodes && i < nodes->nelts; i++) {
        depend(walk, depends, APR_ARRAY_IDX(nodes, i, const r307_node_t *));
    }
}

/* --- other modules' lines --- */

/* RewriteRules of the main server are not those of others. */
static int is_of_server(const r307_walk_t *walk, const r307_node_t *node)
{
    return !r307_node_is(node, "RewriteRule") || !walk->server->node
           || walk->site->inherits || r307_between_is_in(node, "VirtualHost");
}

static void note_between(r307_walk_t *walk, const r307_area_t *part, r307_between_t kind,
                         apr_array_header_t *depends)
{
    int i;

    for (i = 0; part->between && i < part->between->nelts; i++) {
        const r307_node_t *node = APR_ARRAY_IDX(part->between, i, const r307_node_t *);

        if (r307_between_find(walk->p, node) == kind && is_of_server(walk, node)
            && r307_between_may(walk->p, node, walk->uri)) {
            depend(walk, depends, node);
        }
    }
}

/* --- <If> --- */

static const char *tell(void *baton, const char *name, int is_header)
{
    const r307_walk_t *walk = baton;

    return !is_header && r307_text_same_fold(name, strlen(name), "REQUEST_URI", 11) ? walk->uri
        : walk->tell(walk->tell_baton, name, is_header);
}

/* Whether it holds; *chain: whether one of those in front, and it, did. */
static r307_told_t holds(const r307_walk_t *walk, const r307_area_if_t *one,
                         r307_told_t *chain)
{
    r307_told_t before = one->is_else ? *chain : R307_TOLD_NO, own = R307_TOLD_YES;

    if (one->condition) {
        own = walk->tell ? r307_expr_tell(walk->p, one->condition, tell, (void *)(apr_uintptr_t)walk)
                         : R307_TOLD_NOT;
    }
    *chain = before == R307_TOLD_YES || own == R307_TOLD_YES ? R307_TOLD_YES
        : before == R307_TOLD_NO && own == R307_TOLD_NO ? R307_TOLD_NO : R307_TOLD_NOT;
    return before == R307_TOLD_YES || own == R307_TOLD_NO ? R307_TOLD_NO
        : before == R307_TOLD_NO ? own : R307_TOLD_NOT;
}

/* As httpd does behind all other sections: those that hold, one after the other. */
static void merge_ifs(r307_walk_t *walk, r307_area_t *area, apr_array_header_t *depends)
{
    const apr_array_header_t *ifs = area->ifs;
    r307_told_t chain = R307_TOLD_NO, told;
    int i;

    for (i = 0; ifs && i < ifs->nelts; i++) {
        const r307_area_if_t *one = APR_ARRAY_IDX(ifs, i, const r307_area_if_t *);

        told = holds(walk, one, &chain);
        if (told == R307_TOLD_YES && one->is_plain) {
            r307_area_merge(walk->p, area, &one->part, area);
        }
        else if (told != R307_TOLD_NO && one->matters) {
            depend(walk, depends, one->node);
        }
    }
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

static void find_server(r307_walk_t *walk)
{
    r307_hosted_t hosted;

    r307_host_find(walk->site, walk->host, walk->port, &hosted);
    walk->server = hosted.server;
    if (hosted.depends) {
        depend_on(walk->depends_early, hosted.depends, hosted.node);
    }
}

void r307_walk_early(r307_walk_t *walk)
{
    walk->depends_early = apr_array_make(walk->p, 2, sizeof(r307_depend_t));
    walk->depends_late = apr_array_make(walk->p, 2, sizeof(r307_depend_t));
    find_server(walk);
    walk->early = walk->server->part;
    merge_sections(walk, walk->server->locations, walk->uri, &walk->early);
    merge_ifs(walk, &walk->early, walk->depends_early);
    depend_all(walk, walk->depends_early, walk->early.maybes);
    depend_all(walk, walk->depends_early, walk->site->maybes);
    note_between(walk, &walk->early, R307_BETWEEN_FIRST, walk->depends_early);
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

/* --- directories --- */

typedef struct going_t {
    r307_walk_t *walk;
    r307_area_t merged;         /* of what was met; any: there was something */
    int any;
    r307_area_t opts;           /* only AllowOverride and Options of it */
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
    r307_links_merge(&going->opts.links, &part->links);
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

/* What httpd answers 403 to, as it goes there; NULL: it does not. */
static const char *refused(going_t *going, const char *name, const r307_there_t *there)
{
    const r307_links_t *links = &going->opts.links;

    if (there->is_link && !(links->on & (R307_LINKS_FOLLOW | R307_LINKS_OWNER))) {
        return apr_psprintf(going->walk->p, "%s is a symbolic link, and Options allow none",
                            name);
    }
    if (there->is_link && there->kind == R307_THERE_NOTHING) {
        return apr_psprintf(going->walk->p, "%s is a symbolic link to nothing", name);
    }
    if (there->is_link && (links->on & R307_LINKS_OWNER) && !there->is_owners) {
        return apr_psprintf(going->walk->p, "%s is a symbolic link to a file of somebody "
                            "else (SymLinksIfOwnerMatch)", name);
    }
    return there->kind == R307_THERE_OTHER
        ? apr_psprintf(going->walk->p, "%s is neither a file nor a directory", name) : NULL;
}

static int exists(const r307_there_t *there)
{
    return there->kind == R307_THERE_FILE || there->kind == R307_THERE_FOLDER
           || there->kind == R307_THERE_OTHER;
}

static void look(r307_walk_t *walk, const char *name, r307_there_t *there)
{
    memset(there, 0, sizeof(*there));
    walk->look(walk->baton, name, there);
    if (there->depends) {
        depend_on(walk->depends_late, there->depends, NULL);
    }
}

/* One part of the path. 1: it is taken for a directory, and the walk goes on. httpd looks at no
 * part of a path that is whole where links are followed whoever made them. */
static int pass(going_t *going, const char *name, int is_whole, r307_there_t *there)
{
    r307_walk_t *walk = going->walk;

    if (is_whole && going->opts.links.on == R307_LINKS_FOLLOW) {
        return 1;
    }
    look(walk, name, there);
    walk->refused = refused(going, name, there);
    return there->kind == R307_THERE_FOLDER && !walk->refused;
}

/* Down to what is no directory; *file: that. 0: something cannot be looked at. */
static int go_down(going_t *going, const char *path, const char **file)
{
    r307_walk_t *walk = going->walk;
    const char *end = path + 1, *name;
    r307_there_t there;
    int depth = 1, is_whole;

    look(walk, path, &there);
    is_whole = exists(&there) && (there.kind == R307_THERE_FOLDER
                                  || path[strlen(path) - 1] != '/');
    enter(going, "/", depth);
    *file = path;
    walk->path_info = "";
    while (*end) {
        end += strcspn(end, "/");
        name = apr_pstrmemdup(walk->p, path, (size_t)(end - path));
        if (!pass(going, name, is_whole, &there)) {
            *file = name;
            walk->path_info = apr_pstrdup(walk->p, end);
            break;
        }
        enter(going, apr_pstrcat(walk->p, name, "/", NULL), ++depth);
        end += strspn(end, "/");
    }
    walk->is_there = exists(&there);
    return there.kind != R307_THERE_UNKNOWN;
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

static void depend_access(r307_walk_t *walk, const r307_node_t *node)
{
    depend_on(walk->depends_late, apr_pstrcat(walk->p, node->name, " ", node->args, NULL),
              node);
    APR_ARRAY_IDX(walk->depends_late, walk->depends_late->nelts - 1,
                  r307_depend_t).is_access = 1;
}

/* What has a say once the place is known. */
static void note_late(r307_walk_t *walk)
{
    const r307_area_t *late = &walk->late;

    depend_all(walk, walk->depends_late, late->maybes);
    note_between(walk, late, R307_BETWEEN_FIRST, walk->depends_late);
    note_between(walk, late, R307_BETWEEN_REFUSES, walk->depends_late);
    if (late->require && !late->is_granted && (!late->is_denied || late->compat)) {
        depend_access(walk, late->require);
    }
    if (late->compat) {
        depend_access(walk, late->compat);
    }
}

int r307_walk_late(r307_walk_t *walk)
{
    const char *file = NULL, *slash;
    going_t going;
    int is_known;

    walk->late = walk->early;
    note_between(walk, &walk->early, R307_BETWEEN_MAPS, walk->depends_late);
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
    merge_ifs(walk, &walk->late, walk->depends_late);
    note_late(walk);
    return is_known;
}
