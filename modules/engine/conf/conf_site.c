/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/conf_site.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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

/* While lines are read the lists of a part are its own. */
static void add(apr_pool_t *p, const apr_array_header_t **list, const void *item)
{
    apr_array_header_t *own = *list ? (apr_array_header_t *)(uintptr_t)*list
                                    : apr_array_make(p, 1, sizeof(void *));

    APR_ARRAY_PUSH(own, const void *) = item;
    *list = own;
}

/* --- sections --- */

/* The directory that sources can be relative to: of a <Directory> without wildcards. */
static const char *directory_of(apr_pool_t *p, const r307_area_section_t *section)
{
    return section->regex || section->is_glob ? NULL
        : apr_pstrmemdup(p, section->text, strlen(section->text) - 1);
}

static void enter_part(at_t *at, const r307_node_t *node, const r307_section_row_t *row,
                       const r307_standing_t *standing)
{
    r307_area_section_t *section = r307_area_section_make(at->site->p, node);
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
    server->by_name = server->takes_slashes = server->keeps_slashes = server->tls = -1;
    r307_area_make(site->p, &server->part);
    return server;
}

/* An address in the one way to write it, a name as it is; NULL: any. */
static const char *plain_address(apr_pool_t *p, const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    char text[INET6_ADDRSTRLEN];
    size_t n = strlen(host);
    int family;

    if (*host == '[' && host[n - 1] == ']') {
        host = apr_pstrmemdup(p, host + 1, n - 2);
    }
    family = strchr(host, ':') ? AF_INET6 : AF_INET;
    if (inet_pton(family, host, bytes) == 1
        && inet_ntop(family, bytes, text, sizeof(text))) {
        host = apr_pstrdup(p, text);
    }
    return strcmp(host, "*") == 0 || is(host, "_default_") || strcmp(host, "0.0.0.0") == 0
           || strcmp(host, "::") == 0 ? NULL : host;
}

void r307_site_address(apr_pool_t *p, const char *text, int port, r307_address_t *address)
{
    const char *colon = strrchr(text, ':'), *bracket = strrchr(text, ']');

    colon = colon && bracket && colon < bracket ? NULL : colon;
    address->port = colon ? atoi(colon + 1) : port;
    address->host = plain_address(p, colon ? apr_pstrmemdup(p, text, (size_t)(colon - text))
                                           : text);
}

static void enter_host(at_t *at, const r307_node_t *node, const r307_standing_t *standing)
{
    r307_server_t *server = make_server(at->site, node);
    apr_array_header_t *words = r307_conf_words(at->site->p, node->args);
    at_t inside = *at;
    int i;

    for (i = 0; i < words->nelts; i++) {
        r307_site_address(at->site->p, word_at(words, i), at->site->main->name_port,
                          apr_array_push(server->addresses));
    }
    server->port = words->nelts && APR_ARRAY_IDX(server->addresses, 0, r307_address_t).port
        ? APR_ARRAY_IDX(server->addresses, 0, r307_address_t).port
        : at->site->main->name_port;
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

static const char *const access_names[] = { "Require", "AuthMerging", NULL };
static const char *const compat_names[] = { "Order", "Allow", "Deny", "Satisfy", NULL };

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

    server->is_https = scheme && r307_text_same_fold(text, 5, "https", 5);
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

/* "Listen 8080" is any address. */
static void take_listen(r307_site_t *site, const char *text)
{
    r307_address_t *address = apr_array_push(site->listens);

    address->host = NULL;
    address->port = atoi(text);
    if (strspn(text, "0123456789") != strlen(text)) {
        r307_site_address(site->p, text, 0, address);
    }
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
        server->by_name = is(word_at(words, 0), "On") ? 1 : is(word_at(words, 0), "DNS") ? 2
                                                                                        : 0;
    }
    else if (is(node->name, "AllowEncodedSlashes")) {
        server->takes_slashes = is(word_at(words, 0), "Off") ? 0
                                : is(word_at(words, 0), "NoDecode") ? 2 : 1;
    }
    else if (is(node->name, "MergeSlashes")) {
        server->keeps_slashes = is(word_at(words, 0), "Off");
    }
    else if (is(node->name, "LimitRequestLine")) {
        server->line_most = atoi(word_at(words, 0));
    }
    else if (is(node->name, "SSLEngine")) {
        server->tls = !is(word_at(words, 0), "Off");
    }
    else if (is(node->name, "User")) {
        at->site->user = word_at(words, 0);
    }
    else if (is(node->name, "Group")) {
        at->site->group = word_at(words, 0);
    }
    else if (is(node->name, "Listen")) {
        take_listen(at->site, word_at(words, 0));
    }
    else if (is(node->name, "RewriteOptions")) {
        at->site->inherits = strstr(node->args, "nherit") ? node : at->site->inherits;
    }
    else if (is(node->name, "AccessFileName")) {
        server->access_name = node->args;
    }
    else {
        return 0;
    }
    return 1;
}

static int is_ours(const r307_node_t *node)
{
    return strlen(node->name) >= 11
           && r307_text_same_fold(node->name, 11, "Redirect307", 11);
}

/* A line that decides which line httpd means, or whether it has it. */
static int is_unsure(const r307_node_t *node)
{
    return node->is_maybe || node->env;
}

static int same_section(const r307_node_t *a, const r307_node_t *b)
{
    return a == b || (a->is_maybe && b->is_maybe && a->parent == b->parent);
}

static void note_unsure(at_t *at, const r307_node_t *node, int is_of_all)
{
    const apr_array_header_t *known = is_of_all ? at->site->maybes : at->part->maybes;

    if (!is_unsure(node)
        || (known && known->nelts && same_section(APR_ARRAY_IDX(known, known->nelts - 1,
                                                                const r307_node_t *), node))) {
        return;
    }
    if (is_of_all) {
        APR_ARRAY_PUSH(at->site->maybes, const r307_node_t *) = node;
    }
    else {
        add(at->site->p, &at->part->maybes, node);
    }
}

/* As httpd's set_options, as far as it is about links. */
static void take_options(at_t *at, const r307_node_t *node)
{
    apr_array_header_t *words = r307_conf_words(at->site->p, node->args);
    r307_links_t *links = &at->part->links;
    int i;

    for (i = 0; i < words->nelts; i++) {
        const char *word = word_at(words, i);
        int bit = is(word + strspn(word, "+-"), "FollowSymLinks") ? R307_LINKS_FOLLOW
            : is(word + strspn(word, "+-"), "SymLinksIfOwnerMatch") ? R307_LINKS_OWNER
            : is(word, "All") ? R307_LINKS_FOLLOW : 0;

        at->part->has_views |= is(word + strspn(word, "+"), "MultiViews");

        if (*word == '-') {
            links->remove |= bit;
            links->add &= ~bit;
            links->on &= ~bit;
        }
        else if (*word == '+') {
            links->add |= bit;
            links->remove &= ~bit;
            links->on |= bit;
        }
        else {
            links->on = (i ? links->on : 0) | bit;
            links->is_whole = 1;
        }
    }
}

/* In directories and files mod_rewrite and mod_alias come behind us. */
static int is_between(const at_t *at, const r307_node_t *node)
{
    r307_between_t kind = r307_between_find(at->site->p, node);
    int inside = at->standing.is_htaccess
        || (at->standing.kinds & (1u << R307_SECTION_DIRECTORY | 1u << R307_SECTION_FILES));

    return kind != R307_BETWEEN_NOTHING && !(kind == R307_BETWEEN_MAPS && inside);
}

/* ErrorDocument with a URL is a redirect in the place of our status. */
static int is_failing(at_t *at, const r307_node_t *node)
{
    apr_array_header_t *words = r307_conf_words(at->site->p, node->args);

    return is(node->name, "ErrorDocument") && strstr(word_at(words, 1), "://");
}

/* What a line says of the place it stands in; 0: nothing that matters. */
static int take_of_place(at_t *at, const r307_node_t *node)
{
    if (is_among(node->name, access_names)) {
        take_require(at, node);
    }
    else if (is_among(node->name, compat_names)) {
        at->part->compat = node;
    }
    else if (is(node->name, "AllowOverride") || is(node->name, "AllowOverrideList")) {
        take_override(at, node);
    }
    else if (is(node->name, "Options")) {
        take_options(at, node);
    }
    else if (is_failing(at, node)) {
        at->part->failing = node;
    }
    else if (is_between(at, node)) {
        add(at->site->p, &at->part->between, node);
    }
    else {
        return 0;
    }
    return 1;
}

static void take_line(at_t *at, const r307_node_t *node)
{
    if (is_ours(node)) {
        note_unsure(at, node, 0);
        at->site->take(at->site->baton, node, &at->standing, at->directory,
                       at->part->conf);
    }
    else if (take_of_place(at, node) || (at->server && take_of_server(at, node))) {
        note_unsure(at, node, is(node->name, "ServerName") || is(node->name, "ServerAlias")
                              || is(node->name, "Listen"));
    }
}

/* Whether there is something in an undecided section that may matter. */
static int matters(apr_pool_t *p, const r307_node_t *first)
{
    for (; first; first = first->next) {
        if (first->is_section ? matters(p, first->child)
            : is_ours(first) || is_among(first->name, access_names)
              || is_among(first->name, compat_names)
              || is(first->name, "ErrorDocument")
              || r307_between_find(p, first) != R307_BETWEEN_NOTHING) {
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

static int has_section(const r307_node_t *first)
{
    for (; first && !first->is_section; first = first->next) {
        continue;
    }
    return first != NULL;
}

/* What is in it is kept apart until somebody asks whether it holds. */
static void enter_if(at_t *at, at_t *inside, const r307_node_t *node)
{
    r307_area_if_t *made = apr_pcalloc(at->site->p, sizeof(*made));
    apr_array_header_t *words = r307_conf_words(at->site->p, node->args);

    made->node = node;
    made->is_else = is(node->name, "Else") || is(node->name, "ElseIf");
    made->condition = is(node->name, "Else") ? NULL : word_at(words, 0);
    made->matters = matters(at->site->p, node->child);
    made->is_plain = !has_section(node->child);
    r307_area_make(at->site->p, &made->part);
    add(at->site->p, &at->part->ifs, made);
    if (!made->is_plain) {
        take_apart(inside, node->child);
        return;
    }
    inside->part = &made->part;
    inside->server = NULL;
    walk(inside, node->child);
}

static void enter(at_t *at, const r307_node_t *node)
{
    const r307_section_row_t *row = r307_section_find(node->name, strlen(node->name));
    at_t inside = *at;

    if (row && row->kind != R307_SECTION_WALKED) {
        note_unsure(at, node, row->kind == R307_SECTION_HOST);
    }
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
        enter_if(at, &inside, node);
        break;
    case R307_SECTION_METHODS:
    case R307_SECTION_ACCESS:
        if (matters(at->site->p, node->child)) {
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

const r307_server_t *r307_site_whole(const r307_site_t *site, const r307_server_t *own)
{
    const r307_server_t *main = site->main;
    r307_server_t *server = apr_pmemdup(site->p, own, sizeof(*own));

    if (own != main) {
        r307_area_merge(site->p, &main->part, &own->part, &server->part);
        server->directories = apr_array_append(site->p, main->directories,
                                               own->directories);
        server->locations = apr_array_append(site->p, main->locations, own->locations);
        server->mapped = apr_array_append(site->p, own->mapped, main->mapped);
        server->root = own->root ? own->root : main->root;
        server->access_name = own->access_name ? own->access_name : main->access_name;
        server->by_name = own->by_name < 0 ? main->by_name : own->by_name;
        server->tls = own->tls < 0 ? main->tls : own->tls;
        server->keeps_slashes = own->keeps_slashes < 0 ? main->keeps_slashes
                                                       : own->keeps_slashes;
        server->takes_slashes = own->takes_slashes < 0 ? main->takes_slashes
                                                       : own->takes_slashes;
        server->line_most = own->line_most ? own->line_most : main->line_most;
    }
    else {
        server->directories = apr_array_copy(site->p, own->directories);
    }
    sort_directories(server->directories);
    return server;
}

void r307_site_read(r307_site_t *site, const r307_tree_t *tree)
{
    at_t at;

    memset(&at, 0, sizeof(at));
    site->root = tree->root;
    site->listens = apr_array_make(site->p, 2, sizeof(r307_address_t));
    site->hosts = apr_array_make(site->p, 4, sizeof(r307_server_t *));
    site->maybes = apr_array_make(site->p, 4, sizeof(r307_node_t *));
    site->problems = apr_array_make(site->p, 2, sizeof(r307_problem_t));
    site->main = at.server = make_server(site, NULL);
    site->main->part.links.on = R307_LINKS_FOLLOW;
    at.site = site;
    at.part = &site->main->part;
    r307_section_begin(0, &at.standing);
    walk(&at, tree->top->child);
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
