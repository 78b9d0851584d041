/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "conf/conf_site.h"

#include <stdlib.h>
#include <string.h>
#include <pcre2.h>
#include <apr_file_info.h>
#include <apr_fnmatch.h>
#include <apr_strings.h>

/* Where a line is met. */
typedef struct at_t {
    r307_site_t *site;
    r307_server_t *server;
    r307_area_t *part;
    r307_standing_t standing;
    const char *directory;
} at_t;

static void walk(at_t *at, const r307_node_t *first);

static const char *word_at(const apr_array_header_t *words, int i)
{
    return i < words->nelts ? APR_ARRAY_IDX(words, i, const char *) : "";
}

static int is(const char *name, const char *other)
{
    return r307_text_same_fold(name, strlen(name), other, strlen(other));
}

static void add(apr_pool_t *p, const apr_array_header_t **list, const void *item)
{
    apr_array_header_t *one = apr_array_make(p, 1, sizeof(void *));

    APR_ARRAY_PUSH(one, const void *) = item;
    *list = *list ? apr_array_append(p, *list, one) : one;
}

/* --- parts --- */

void r307_area_make(apr_pool_t *p, r307_area_t *part)
{
    memset(part, 0, sizeof(*part));
    part->conf = r307_config_create(p, apr_pstrdup(p, ""));
    part->override = R307_OVERRIDE_UNSET;
}

static const apr_array_header_t *join(apr_pool_t *p, const apr_array_header_t *a,
                                      const apr_array_header_t *b)
{
    return a && b ? apr_array_append(p, a, b) : a ? a : b;
}

void r307_area_merge(apr_pool_t *p, const r307_area_t *base, const r307_area_t *add_to,
                     r307_area_t *merged)
{
    r307_area_t part = *base;

    part.conf = r307_config_merge(p, base->conf, add_to->conf);
    part.override = add_to->override == R307_OVERRIDE_UNSET ? base->override
                                                            : add_to->override;
    part.override_list = add_to->override_list ? add_to->override_list
                                               : base->override_list;
    part.files = join(p, base->files, add_to->files);
    part.maybes = join(p, base->maybes, add_to->maybes);
    part.between = join(p, base->between, add_to->between);
    if (add_to->require) {
        part.require = add_to->require;
        part.is_granted = add_to->is_granted;
        part.is_denied = add_to->is_denied;
    }
    *merged = part;
}

int r307_area_is(const r307_area_section_t *section, const char *text)
{
    size_t len;

    if (section->regex) {
        pcre2_match_data *data = pcre2_match_data_create(1, NULL);
        int found = pcre2_match(section->regex, (PCRE2_SPTR)text, strlen(text), 0, 0, data,
                                NULL) >= 0;

        pcre2_match_data_free(data);
        return found;
    }
    if (section->is_glob) {
        return apr_fnmatch(section->text, text, APR_FNM_PATHNAME) == APR_SUCCESS;
    }
    if (!is(section->node->name, "Location")) {
        return strcmp(section->text, text) == 0;
    }
    len = strlen(section->text);
    return strncmp(section->text, text, len) == 0
        && (!len || section->text[len - 1] == '/' || text[len] == '/' || !text[len]);
}

/* --- sections --- */

static apr_status_t free_regex(void *regex)
{
    pcre2_code_free(regex);
    return APR_SUCCESS;
}

static void *compile(apr_pool_t *p, const char *text)
{
    PCRE2_SIZE at;
    int error;
    void *regex = pcre2_compile((PCRE2_SPTR)text, strlen(text), PCRE2_DOTALL, &error, &at,
                                NULL);

    if (regex) {
        apr_pool_cleanup_register(p, regex, free_regex, apr_pool_cleanup_null);
    }
    return regex;
}

static int count_slashes(const char *path)
{
    int count = 0;

    for (; *path; path++) {
        count += *path == '/';
    }
    return count;
}

/* A directory as httpd compares it: tidy, with '/' at its end. */
static const char *whole(apr_pool_t *p, const char *name)
{
    char *full = NULL;

    if (apr_filepath_merge(&full, NULL, name, APR_FILEPATH_TRUENAME, p) != APR_SUCCESS) {
        full = apr_pstrdup(p, name);
    }
    return full[strlen(full) - 1] == '/' ? full : apr_pstrcat(p, full, "/", NULL);
}

static r307_area_section_t *make_section(at_t *at, const r307_node_t *node)
{
    apr_pool_t *p = at->site->p;
    r307_area_section_t *section = apr_pcalloc(p, sizeof(*section));
    const r307_section_row_t *row = r307_section_find(node->name, strlen(node->name));
    apr_array_header_t *words = r307_conf_words(p, node->args);
    int is_regex = row->is_match || strcmp(word_at(words, 0), "~") == 0;
    const char *text = word_at(words, is_regex && !row->is_match);

    section->node = node;
    r307_area_make(p, &section->part);
    if (is_regex) {
        section->regex = compile(p, text);
        section->text = text;
        section->components = count_slashes(text);
        return section;
    }
    section->text = row->kind == R307_SECTION_DIRECTORY ? whole(p, text) : text;
    section->is_glob = apr_fnmatch_test(section->text) != 0;
    section->components = strcmp(section->text, "/") == 0 ? 0
                                                          : count_slashes(section->text);
    return section;
}

/* The directory that sources can be relative to: of a <Directory> without wildcards. */
static const char *directory_of(apr_pool_t *p, const r307_area_section_t *section)
{
    return section->regex || section->is_glob ? NULL
        : apr_pstrmemdup(p, section->text, strlen(section->text) - 1);
}

static void enter_part(at_t *at, const r307_node_t *node, const r307_section_row_t *row,
                       const r307_standing_t *standing)
{
    r307_area_section_t *section = make_section(at, node);
    at_t inside = *at;

    inside.part = &section->part;
    inside.standing = *standing;
    switch (row->kind) {
    case R307_SECTION_DIRECTORY:
        inside.directory = directory_of(at->site->p, section);
        APR_ARRAY_PUSH(at->server->directories, r307_area_section_t *) = section;
        break;
    case R307_SECTION_LOCATION:
        APR_ARRAY_PUSH(at->server->locations, r307_area_section_t *) = section;
        break;
    default:
        add(at->site->p, &at->part->files, section);
        break;
    }
    walk(&inside, node->child);
}

static r307_server_t *make_server(r307_site_t *site, const r307_node_t *node)
{
    r307_server_t *server = apr_pcalloc(site->p, sizeof(*server));

    server->node = node;
    server->addresses = apr_array_make(site->p, 2, sizeof(r307_address_t));
    server->aliases = apr_array_make(site->p, 2, sizeof(const char *));
    server->globs = apr_array_make(site->p, 2, sizeof(const char *));
    server->mapped = apr_array_make(site->p, 2, sizeof(r307_alias_t));
    server->directories = apr_array_make(site->p, 4, sizeof(r307_area_section_t *));
    server->locations = apr_array_make(site->p, 4, sizeof(r307_area_section_t *));
    server->by_name = server->takes_slashes = -1;
    r307_area_make(site->p, &server->part);
    return server;
}

static void add_address(r307_site_t *site, r307_server_t *server, const char *text)
{
    r307_address_t *address = apr_array_push(server->addresses);
    const char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');

    colon = colon && bracket && colon < bracket ? NULL : colon;
    address->port = colon ? atoi(colon + 1) : 0;
    address->host = colon ? apr_pstrmemdup(site->p, text, (size_t)(colon - text)) : text;
    if (strcmp(address->host, "*") == 0 || is(address->host, "_default_")) {
        address->host = NULL;
    }
}

static void enter_host(at_t *at, const r307_node_t *node, const r307_standing_t *standing)
{
    r307_server_t *server = make_server(at->site, node);
    apr_array_header_t *words = r307_conf_words(at->site->p, node->args);
    at_t inside = *at;
    int i;

    for (i = 0; i < words->nelts; i++) {
        add_address(at->site, server, word_at(words, i));
    }
    APR_ARRAY_PUSH(at->site->hosts, r307_server_t *) = server;
    inside.server = server;
    inside.part = &server->part;
    inside.standing = *standing;
    walk(&inside, node->child);
}

/* --- lines of others --- */

/* "Require all granted" and "denied" are known; of what else, it depends. */
static void take_require(at_t *at, const r307_node_t *node)
{
    apr_array_header_t *words = r307_conf_words(at->site->p, node->args);
    int all = is(node->name, "Require") && is(word_at(words, 0), "all");
    int is_first = !at->part->require;

    at->part->is_granted = all && is(word_at(words, 1), "granted")
                           && (is_first || at->part->is_granted);
    at->part->is_denied = all && is(word_at(words, 1), "denied") && is_first;
    at->part->require = node;
}

static const char *const access_names[] = {
    "Require", "Order", "Allow", "Deny", "Satisfy", "AuthMerging", NULL
};
static const char *const between_names[] = {
    "RewriteRule", "ProxyPass", "ProxyPassMatch", "Redirect", "RedirectMatch",
    "RedirectPermanent", "RedirectTemp", "AliasMatch", "ScriptAliasMatch", "UserDir",
    "VirtualDocumentRoot", "VirtualDocumentRootIP", "VirtualScriptAlias",
    "VirtualScriptAliasIP", "JkMount", NULL
};

static int is_among(const char *name, const char *const *names)
{
    for (; *names && !is(name, *names); names++) {
        continue;
    }
    return *names != NULL;
}

static void take_override(at_t *at, const r307_node_t *node)
{
    apr_array_header_t *words = r307_conf_words(at->site->p, node->args);
    int i;

    if (is(node->name, "AllowOverrideList")) {
        at->part->override_list = is(word_at(words, 0), "None")
            ? apr_array_make(at->site->p, 1, sizeof(const char *)) : words;
        return;
    }
    at->part->override = 0;
    for (i = 0; i < words->nelts; i++) {
        at->part->override = r307_override_add(at->part->override,
                                                 word_at(words, i));
    }
}

static const char *rooted(const r307_site_t *site, const char *path)
{
    return *path == '/' || !site->root ? path : apr_pstrcat(site->p, site->root, "/", path,
                                                            NULL);
}

static void take_name(r307_site_t *site, r307_server_t *server, const char *text)
{
    const char *scheme = strstr(text, "://"), *colon;

    text = scheme ? scheme + 3 : text;
    colon = strrchr(text, ':');
    colon = colon && strchr(colon, ']') ? NULL : colon;
    server->name_port = colon ? atoi(colon + 1) : 0;
    server->name = colon ? apr_pstrmemdup(site->p, text, (size_t)(colon - text)) : text;
}

static void take_mapped(at_t *at, const r307_node_t *node, const apr_array_header_t *words)
{
    r307_alias_t *alias;

    if (words->nelts < 2) {     /* of the <Location> around it */
        add(at->site->p, &at->part->between, node);
        return;
    }
    alias = apr_array_push(at->server->mapped);
    alias->url = word_at(words, 0);
    alias->path = rooted(at->site, word_at(words, 1));
    alias->node = node;
}

/* What a line says of its server; 0: it is none of these. */
static int take_of_server(at_t *at, const r307_node_t *node)
{
    apr_array_header_t *words = r307_conf_words(at->site->p, node->args);
    r307_server_t *server = at->server;
    int i;

    if (is(node->name, "ServerName")) {
        take_name(at->site, server, word_at(words, 0));
    }
    else if (is(node->name, "ServerAlias")) {
        for (i = 0; i < words->nelts; i++) {
            APR_ARRAY_PUSH(strpbrk(word_at(words, i), "*?") ? server->globs
                           : server->aliases, const char *) = word_at(words, i);
        }
    }
    else if (is(node->name, "DocumentRoot")) {
        server->root = rooted(at->site, word_at(words, 0));
    }
    else if (is(node->name, "Alias") || is(node->name, "ScriptAlias")) {
        take_mapped(at, node, words);
    }
    else if (is(node->name, "UseCanonicalName")) {
        server->by_name = !is(word_at(words, 0), "Off");
    }
    else if (is(node->name, "AllowEncodedSlashes")) {
        server->takes_slashes = !is(word_at(words, 0), "Off");
    }
    else if (is(node->name, "AccessFileName")) {
        server->access_name = node->args;
    }
    else {
        return 0;
    }
    return 1;
}

/* In directories mod_rewrite and mod_alias come behind us; elsewhere before. */
static int is_between(const at_t *at, const r307_node_t *node)
{
    return !at->standing.is_htaccess
        && !(at->standing.kinds & (1u << R307_SECTION_DIRECTORY | 1u << R307_SECTION_FILES))
        && is_among(node->name, between_names);
}

static int is_ours(const r307_node_t *node)
{
    return strlen(node->name) >= 11
           && r307_text_same_fold(node->name, 11, "Redirect307", 11);
}

static void take_line(at_t *at, const r307_node_t *node)
{
    if (is_ours(node)) {
        if (node->is_maybe) {
            APR_ARRAY_PUSH(at->site->maybes, const r307_node_t *) = node;
        }
        at->site->take(at->site->baton, node, &at->standing, at->directory,
                       at->part->conf);
        return;
    }
    if (is_among(node->name, access_names)) {
        take_require(at, node);
    }
    else if (is(node->name, "AllowOverride") || is(node->name, "AllowOverrideList")) {
        take_override(at, node);
    }
    else if (is_between(at, node)) {
        add(at->site->p, &at->part->between, node);
    }
    else if (at->server) {
        (void)take_of_server(at, node);
    }
}

/* Whether there is something in an undecided section that may matter. */
static int matters(const r307_node_t *first)
{
    for (; first; first = first->next) {
        if (first->is_section ? matters(first->child)
            : is_ours(first) || is_among(first->name, access_names)
              || is_among(first->name, between_names)) {
            return 1;
        }
    }
    return 0;
}

static int enter_standing(at_t *at, const r307_node_t *node, const r307_section_row_t *row)
{
    const r307_section_row_t *meant = row ? row : r307_section_near(node->name);
    const char *bad = r307_section_enter(at->site->p, meant, node->args, &at->standing);
    r307_problem_t *problem;

    bad = row || !meant ? bad : apr_psprintf(at->site->p, "<%s>: " R307_SECTION_NONE,
                                                     node->name, meant->name);
    if (bad && !at->standing.is_htaccess) {
        problem = apr_array_push(at->site->problems);
        problem->file = node->file;
        problem->line = node->line;
        problem->text = bad;
    }
    return row != NULL;
}

/* Our lines where they are in no place of their own, as in <If>: what is wrong with them is
 * wrong whether it holds or not. */
static void take_apart(at_t *at, const r307_node_t *first)
{
    for (; first; first = first->next) {
        at_t inside = *at;

        if (first->is_section) {
            (void)enter_standing(&inside, first,
                                 r307_section_find(first->name, strlen(first->name)));
            take_apart(&inside, first->child);
        }
        else if (is_ours(first)) {
            at->site->take(at->site->baton, first, &at->standing, at->directory,
                           r307_config_create(at->site->p, NULL));
        }
    }
}

static void enter(at_t *at, const r307_node_t *node)
{
    const r307_section_row_t *row = r307_section_find(node->name, strlen(node->name));
    at_t inside = *at;

    if (!enter_standing(&inside, node, row)) {
        take_apart(&inside, node->child);
        return;
    }
    switch (row->kind) {
    case R307_SECTION_HOST:
        enter_host(at, node, &inside.standing);
        break;
    case R307_SECTION_DIRECTORY:
    case R307_SECTION_LOCATION:
    case R307_SECTION_FILES:
        enter_part(at, node, row, &inside.standing);
        break;
    case R307_SECTION_IF:
        if (matters(node->child)) {
            add(at->site->p, &at->part->maybes, node);
        }
        take_apart(&inside, node->child);
        break;
    case R307_SECTION_METHODS:
    case R307_SECTION_ACCESS:
        if (matters(node->child)) {
            take_require(at, node);
        }
        take_apart(&inside, node->child);
        break;
    case R307_SECTION_PROXY:
    case R307_SECTION_MACRO:
        take_apart(&inside, node->child);
        break;
    default:
        walk(&inside, node->child);
        break;
    }
}

static void walk(at_t *at, const r307_node_t *first)
{
    for (; first; first = first->next) {
        if (first->is_section) {
            enter(at, first);
        }
        else {
            take_line(at, first);
        }
    }
}

/* Regexes behind the others, and those by their number of segments; else as written. */
static void sort_directories(apr_array_header_t *sections)
{
    r307_area_section_t **at = (void *)sections->elts;
    int i, k;

    for (i = 1; i < sections->nelts; i++) {
        r307_area_section_t *one = at[i];

        for (k = i; k > 0; k--) {
            const r307_area_section_t *before = at[k - 1];

            if (one->regex ? !before->regex || before->components <= one->components
                           : !before->regex && before->components <= one->components) {
                break;
            }
            at[k] = at[k - 1];
        }
        at[k] = one;
    }
}

static void inherit(r307_site_t *site, r307_server_t *server)
{
    const r307_server_t *main = site->main;

    r307_area_merge(site->p, &main->part, &server->part, &server->part);
    server->directories = apr_array_append(site->p, main->directories, server->directories);
    server->locations = apr_array_append(site->p, main->locations, server->locations);
    server->mapped = apr_array_append(site->p, server->mapped, main->mapped);
    server->root = server->root ? server->root : main->root;
    server->access_name = server->access_name ? server->access_name : main->access_name;
    server->by_name = server->by_name < 0 ? main->by_name : server->by_name;
    server->takes_slashes = server->takes_slashes < 0 ? main->takes_slashes
                                                      : server->takes_slashes;
}

void r307_site_read(r307_site_t *site, const r307_tree_t *tree)
{
    at_t at;
    int i;

    memset(&at, 0, sizeof(at));
    site->root = tree->root;
    site->hosts = apr_array_make(site->p, 4, sizeof(r307_server_t *));
    site->maybes = apr_array_make(site->p, 4, sizeof(r307_node_t *));
    site->problems = apr_array_make(site->p, 2, sizeof(r307_problem_t));
    site->main = at.server = make_server(site, NULL);
    at.site = site;
    at.part = &site->main->part;
    r307_section_begin(0, &at.standing);
    walk(&at, tree->top->child);
    for (i = 0; i < site->hosts->nelts; i++) {
        r307_server_t *server = APR_ARRAY_IDX(site->hosts, i, r307_server_t *);

        inherit(site, server);
        sort_directories(server->directories);
    }
    sort_directories(site->main->directories);
}

void r307_site_htaccess(r307_site_t *site, const r307_tree_t *tree, const char *directory,
                        r307_area_t *part)
{
    at_t at;

    memset(&at, 0, sizeof(at));
    at.site = site;
    at.part = part;
    at.directory = directory;
    r307_area_make(site->p, part);
    r307_section_begin(1, &at.standing);
    walk(&at, tree->top->child);
}
