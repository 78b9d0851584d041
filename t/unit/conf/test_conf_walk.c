/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "conf/conf_walk.h"
#include "conf/place_url.h"
#include "unit.h"

static const char conf[] =
    "<Directory />\nAllowOverride None\nRequire all denied\n</Directory>\n"
    "<Location /m>\nRedirect307 main\n</Location>\n"
    "Alias /main /srv/main\n"
    "<VirtualHost *:80>\nServerName one.test\nServerAlias *.one.test\nDocumentRoot /srv/one\n"
    "Redirect307 server\n"
    "<Directory /srv/one>\nRequire all granted\nAllowOverride FileInfo\nRedirect307 dir\n"
    "</Directory>\n"
    "<Directory /srv/one/a/>\nAllowOverride AuthConfig\nRedirect307 a\n</Directory>\n"
    "<DirectoryMatch ^/srv/one/[ab]>\nRedirect307 match\n</DirectoryMatch>\n"
    "<Directory /srv/*/b>\nRedirect307 glob\n</Directory>\n"
    "<Files *.html>\nRedirect307 html\n</Files>\n"
    "<Location /a>\nRedirect307 la\n</Location>\n<Location /a*>\nRedirect307 lglob\n</Location>\n"
    "<If \"true\">\nRedirect307 if\n</If>\nRewriteRule ^/ /y [L]\nProxyPass /p http://h/\n"
    "</VirtualHost>\n"
    "<VirtualHost *:80 10.0.0.1:8080>\nServerName https://two.test:443\nDocumentRoot /srv/two\n"
    "UseCanonicalName On\n<Directory /srv/two>\nRequire ip 10\n</Directory>\n</VirtualHost>\n";

typedef struct seen_t {
    apr_pool_t *p;
    const char *htaccess;       /* the directories whose .htaccess was asked for */
    r307_site_t *site;
} seen_t;

/* Each line of ours becomes a block whose file is its word. */
static void take(void *baton, const r307_node_t *node, const r307_standing_t *standing,
                 const char *directory, r307_config_t *config)
{
    seen_t *seen = baton;
    r307_place_t at = { node->args, node->line };
    r307_block_t *block = apr_pcalloc(seen->p, sizeof(*block));

    block->file = at.file;
    block->directory = directory;
    r307_config_append_block(seen->p, standing->is_late ? &config->late : &config->early,
                             block);
}

static void look(void *baton, const char *path, r307_there_t *there)
{
    there->kind = strstr(path, "nothing") ? R307_THERE_NOTHING
        : strchr(strrchr(path, '/'), '.') ? R307_THERE_FILE : R307_THERE_FOLDER;
}

static int htaccess(void *baton, const char *directory, const char *names,
                    const r307_area_t *above, r307_area_t *area)
{
    seen_t *seen = baton;
    r307_tree_host_t host = { NULL, NULL, NULL, NULL, NULL };
    r307_tree_t tree;

    if (strstr(directory, ".html/") || strstr(directory, ".txt/")) {
        return 0;               /* of a file */
    }
    seen->htaccess = apr_pstrcat(seen->p, seen->htaccess, directory, " ", NULL);
    r307_tree_make(&tree, seen->p, &host);
    r307_tree_add(&tree, names, "Redirect307 ht\nRewriteRule x y\n", 31);
    ck_assert_int_eq(r307_override_allows(above->override, above->override_list,
                                         tree.top->child),
                     above->override != R307_OVERRIDE_UNSET
                     && (above->override & R307_OVERRIDE_FILEINFO) != 0);
    r307_site_htaccess(seen->site, &tree, "/x", area);
    return 1;
}

static const char *blocks(apr_pool_t *p, const r307_blocks_t *chain)
{
    const char *text = "";
    int i;

    for (i = 0; chain && i < chain->count; i++) {
        text = apr_pstrcat(p, text, i ? " " : "", chain->at[i]->file, NULL);
    }
    return text;
}

static const char *depends(apr_pool_t *p, const apr_array_header_t *list)
{
    const char *text = "";
    int i;

    for (i = 0; i < list->nelts; i++) {
        text = apr_pstrcat(p, text, i ? ", " : "",
                           APR_ARRAY_IDX(list, i, r307_depend_t).what, NULL);
    }
    return text;
}

static void read_site(seen_t *seen, r307_site_t *site, const char *text)
{
    static const r307_tree_host_t host = { NULL, NULL, NULL, NULL, NULL };
    r307_tree_t tree;

    memset(site, 0, sizeof(*site));
    memset(seen, 0, sizeof(*seen));
    seen->p = site->p = unit_pool();
    seen->htaccess = "";
    seen->site = site;
    site->take = take;
    site->baton = seen;
    r307_tree_make(&tree, site->p, &host);
    r307_tree_add(&tree, "x.conf", text, strlen(text));
    ck_assert_int_eq(tree.problems->nelts, 0);
    r307_site_read(site, &tree);
}

START_TEST(walks)
{
    static const struct {
        const char *host, *uri, *root, *early, *late, *htaccess, *filename, *depends;
        int port;
    } rows[] = {
        { "one.test", "/", "/srv/one", "server", "ht dir", "/srv/one/ ", "/srv/one/",
          "<If \"true\">, RewriteRule", 80 },
        { "ONE.test", "/a/x.html", "/srv/one", "la server",
          "html match ht a ht dir", "/srv/one/ /srv/one/a/ ", "/srv/one/a/x.html",
          "<If \"true\">, RewriteRule", 80 },
        { "w.one.test", "/b/nothing/c", "/srv/one", "server", "match ht glob ht dir",
          "/srv/one/ /srv/one/b/ ", "/srv/one/b/nothing", "<If \"true\">, RewriteRule", 80 },
        { "other.test", "/p/x.txt", "/srv/one", "server", "ht ht dir",
          "/srv/one/ /srv/one/p/ ", "/srv/one/p/x.txt",
          "<If \"true\">, RewriteRule, ProxyPass", 80 },
        { "two.test", "/m/x.txt", "/srv/two", "main", "", "", "/srv/two/m/x.txt",
          "Require ip 10", 80 },
        { "one.test", "/main/x", "/srv/main", "server", "", "", "/srv/main/x",
          "<If \"true\">, RewriteRule", 80 },
        { "10.0.0.1", "/x", "/srv/two", "", "", "", "/srv/two/x", "Require ip 10", 8080 }
    };
    r307_site_t site;
    seen_t seen;
    size_t i;

    read_site(&seen, &site, conf);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        apr_pool_t *p = seen.p;
        r307_walk_t walk;
        const char *got;

        memset(&walk, 0, sizeof(walk));
        walk.p = p;
        walk.site = &site;
        walk.look = look;
        walk.htaccess = htaccess;
        walk.baton = &seen;
        walk.host = rows[i].host;
        walk.port = rows[i].port;
        walk.uri = rows[i].uri;
        seen.htaccess = "";
        r307_walk_early(&walk);
        ck_assert_int_eq(r307_walk_late(&walk), 1);
        got = apr_pstrcat(p, walk.root, "|", blocks(p, walk.early.conf->early), "|",
                          blocks(p, walk.late.conf->late), "|", seen.htaccess, "|",
                          walk.filename, NULL);
        ck_assert_msg(strcmp(got, apr_pstrcat(p, rows[i].root, "|", rows[i].early, "|",
                                              rows[i].late, "|", rows[i].htaccess, "|",
                                              rows[i].filename, NULL)) == 0,
                      "row %d: %s", (int)i, got);
        got = apr_pstrcat(p, depends(p, walk.depends_early), *depends(p, walk.depends_early)
                          && *depends(p, walk.depends_late) ? ", " : "",
                          depends(p, walk.depends_late), NULL);
        ck_assert_msg(strstr(got, rows[i].depends) != NULL, "row %d: %s", (int)i, got);
        unit_rows_add(1);
    }
    apr_pool_destroy(seen.p);
}
END_TEST

/* Without AllowOverride httpd reads the files all the same, and takes nothing of them. */
START_TEST(unsaid)
{
    static const struct {
        const char *text, *htaccess;
    } rows[] = {
        { "DocumentRoot /srv/one\n", "/ /srv/ /srv/one/ " },
        { "DocumentRoot /srv/one\n<Directory />\nAllowOverride None\n</Directory>\n", "" },
        { "DocumentRoot /srv/one\n<Directory /srv>\nAllowOverride None\n</Directory>\n", "/ " }
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r307_site_t site;
        r307_walk_t walk;
        seen_t seen;

        read_site(&seen, &site, rows[i].text);
        memset(&walk, 0, sizeof(walk));
        walk.p = seen.p;
        walk.site = &site;
        walk.look = look;
        walk.htaccess = htaccess;
        walk.baton = &seen;
        walk.host = "one.test";
        walk.port = 80;
        walk.uri = "/x.html";
        r307_walk_early(&walk);
        (void)r307_walk_late(&walk);
        ck_assert_str_eq(seen.htaccess, rows[i].htaccess);
        unit_rows_add(1);
        apr_pool_destroy(seen.p);
    }
}
END_TEST

/* What Options make of links where they lie inside of each other. */
START_TEST(links)
{
    static const struct {
        r307_links_t add_to;
        int on;
    } rows[] = {
        { { 0, 0, 0, R307_LINKS_FOLLOW }, 0 },
        { { 0, 0, R307_LINKS_OWNER, 0 }, R307_LINKS_FOLLOW | R307_LINKS_OWNER },
        { { 1, R307_LINKS_OWNER, 0, 0 }, R307_LINKS_OWNER },
        { { 1, 0, 0, 0 }, 0 },
        { { 0, 0, 0, 0 }, R307_LINKS_FOLLOW }
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r307_links_t of = { 0, R307_LINKS_FOLLOW, 0, 0 };

        r307_links_merge(&of, &rows[i].add_to);
        ck_assert_int_eq(of.on, rows[i].on);
        unit_rows_add(1);
    }
}
END_TEST

/* Which virtual host is asked. */
START_TEST(hosts)
{
    static const char text[] =
        "Listen 127.0.0.1:80\nListen 8080\nListen [::1]:81\nServerName main.test\n"
        "<VirtualHost *:80>\nServerName a.test\n</VirtualHost>\n"
        "<VirtualHost *>\nServerName b.test\n</VirtualHost>\n"
        "<VirtualHost 127.0.0.1:80>\nServerName c.test\nServerAlias *.c.test\n</VirtualHost>\n"
        "<VirtualHost 127.0.0.1:80 [0:0::1]:81>\nServerName d.test\n</VirtualHost>\n"
        "<VirtualHost _default_:8080>\nServerName e.test:99\n</VirtualHost>\n"
        "<VirtualHost 10.0.0.1:8080>\nServerName f.test\n</VirtualHost>\n"
        "<VirtualHost 127.0.0.1>\nServerName g.test\n</VirtualHost>\n";
    static const struct {
        const char *host, *name, *depends;
        int port;
    } rows[] = {
        { "c.test", "c.test", NULL, 80 }, { "w.c.test", "c.test", NULL, 80 },
        { "d.test", "d.test", NULL, 80 }, { "a.test", "c.test", NULL, 80 },
        { "g.test", "c.test", NULL, 80 }, { "d.test", "d.test", NULL, 81 },
        { "x.test", "d.test", NULL, 81 },
        { "e.test", "e.test", "the address that is asked", 8080 },
        { "10.0.0.1", "f.test", NULL, 8080 }, { "10.0.0.2", "e.test", NULL, 8080 },
        { "10.0.0.2", "a.test", NULL, 80 },
        { "b.test", "b.test", "Listen, which has no port 82", 82 }
    };
    static const r307_tree_host_t host = { NULL, NULL, NULL, NULL, NULL };
    r307_hosted_t hosted;
    r307_site_t site;
    r307_tree_t tree;
    seen_t seen;
    size_t i;

    read_site(&seen, &site, conf);
    r307_tree_make(&tree, seen.p, &host);
    r307_tree_add(&tree, "x.conf", text, sizeof(text) - 1);
    r307_site_read(&site, &tree);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r307_host_find(&site, rows[i].host, rows[i].port, &hosted);
        ck_assert_msg(hosted.server->name && strcmp(hosted.server->name, rows[i].name) == 0,
                      "row %d: %s", (int)i, hosted.server->name);
        ck_assert_msg(!hosted.depends == !rows[i].depends
                      && (!hosted.depends || strcmp(hosted.depends, rows[i].depends) == 0),
                      "row %d: %s", (int)i, hosted.depends ? hosted.depends : "-");
        unit_rows_add(1);
    }
    apr_pool_destroy(site.p);
}
END_TEST

/* Which lines of others have a say, and about which paths. */
START_TEST(betweens)
{
    static const struct {
        const char *name, *args, *path;
        r307_between_t kind;
        int may;
    } rows[] = {
        { "KeepAlive", "On", "/", R307_BETWEEN_NOTHING, 1 },
        { "Redirect", "/a /b", "/a/x", R307_BETWEEN_MAPS, 1 },
        { "redirect", "301 /a /b", "/ab", R307_BETWEEN_MAPS, 0 },
        { "RedirectMatch", "404 \\.x$", "/a.x", R307_BETWEEN_MAPS, 1 },
        { "RedirectMatch", "\\.x$ /y", "/a.y", R307_BETWEEN_MAPS, 0 },
        { "RewriteRule", "^/OLD /n [NC,L]", "/old", R307_BETWEEN_MAPS, 1 },
        { "RewriteRule", "^/OLD /n [L]", "/old", R307_BETWEEN_MAPS, 0 },
        { "RewriteRule", "!^/a - [F]", "/b", R307_BETWEEN_MAPS, 1 },
        { "RewriteRule", "^ - [E=a:b,L]", "/b", R307_BETWEEN_MAPS, 0 },
        { "UserDir", "public_html", "/~u", R307_BETWEEN_MAPS, 1 },
        { "UserDir", "public_html", "/u", R307_BETWEEN_MAPS, 0 },
        { "Header", "always edit Location x y", "/", R307_BETWEEN_SENDS, 1 },
        { "Header", "set X-Y z", "/", R307_BETWEEN_NOTHING, 1 },
        { "RequestHeader", "set X y early", "/", R307_BETWEEN_FIRST, 1 },
        { "SecRuleEngine", "On", "/", R307_BETWEEN_FIRST, 1 },
        { "AllowMethods", "GET", "/", R307_BETWEEN_REFUSES, 1 },
        { "MDomain", "a.test", "/.well-known/acme-challenge/x", R307_BETWEEN_FIRST, 1 },
        { "MDomain", "a.test", "/x", R307_BETWEEN_FIRST, 0 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r307_node_t node = { .name = rows[i].name, .args = rows[i].args };
        r307_between_t kind = r307_between_find(p, &node);

        ck_assert_msg(kind == rows[i].kind, "row %d: %d", (int)i, (int)kind);
        ck_assert_msg(kind == R307_BETWEEN_NOTHING
                      || r307_between_may(p, &node, rows[i].path) == rows[i].may,
                      "row %d", (int)i);
        unit_rows_add(1);
    }
}
END_TEST

/* What AllowOverride lets in. */
START_TEST(overrides)
{
    static const struct {
        const char *lines, *name;
        int allowed;
    } rows[] = {
        { "AllowOverride None", "Redirect307", 0 },
        { "AllowOverride All", "Redirect307", 1 },
        { "AllowOverride All", "Redirect307Limits", 0 },
        { "AllowOverride FileInfo", "redirect307match", 1 },
        { "AllowOverride AuthConfig Limit", "Redirect307", 0 },
        { "AllowOverride FileInfo", "Require", 0 },
        { "AllowOverride FileInfo", "Unknown", -1 },
        { "AllowOverride All", "Unknown", 1 },
        { "AllowOverride None\nAllowOverrideList Redirect307", "Redirect307", 1 },
        { "AllowOverride None\nAllowOverrideList Redirect307", "Redirect307Match", 0 },
        { "AllowOverride AuthConfig Nonfatal=All", "Redirect307", -1 },
        { "AllowOverride Options=Indexes", "Options", -1 },
        { "AllowOverride Options=Indexes Options", "Options", 1 },
        { "AllowOverride Options", "Options +MultiViews", 0 },
        { "AllowOverride Options", "Options -Indexes", 1 },
        { "AllowOverride All", "Options +MultiViews", 1 }
    };
    static const r307_tree_host_t host = { NULL, NULL, NULL, NULL, NULL };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *args = strchr(rows[i].name, ' ');
        r307_node_t node = {
            .name = apr_pstrmemdup(p, rows[i].name, strcspn(rows[i].name, " ")),
            .args = args ? args + 1 : ""
        };
        seen_t seen = { p, "", NULL };
        r307_site_t site;
        r307_tree_t tree;
        int got;

        memset(&site, 0, sizeof(site));
        site.p = p;
        site.take = take;
        site.baton = &seen;
        r307_tree_make(&tree, p, &host);
        r307_tree_add(&tree, "x", rows[i].lines, strlen(rows[i].lines));
        r307_site_read(&site, &tree);
        got = r307_override_allows(site.main->part.override,
                                   site.main->part.override_list, &node);
        ck_assert_msg(got == rows[i].allowed, "row %d: %d", (int)i, got);
        unit_rows_add(1);
    }
}
END_TEST

/* The URL of a directory. */
START_TEST(urls)
{
    static const struct {
        const char *path, *filename, *rest, *root, *prefix, *directory, *url;
    } rows[] = {
        { "/a/x", "/srv/a/x", "", "/srv", "", "/srv/a", "/a/" },
        { "/a/", "/srv/a/", "", "/srv", "", "/srv/a", "/a/" },
        { "/al/x/y", "/other/x", "/y", "/other/", "/al/", "/other", "/al/" },
        { "/b", "/elsewhere", "", "/srv", "", "/srv/a", "" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r307_mapped_t mapped = { rows[i].filename, rows[i].rest, rows[i].root,
                                 rows[i].prefix, 0 };
        r307_slice_t url = r307_place_url(p, &mapped, r307_config_create(p, NULL),
            r307_path_make(p, r307_slice(rows[i].path, strlen(rows[i].path))),
            rows[i].directory);

        ck_assert_str_eq(url.s ? r307_slice_text(p, url) : "", rows[i].url);
        unit_rows_add(1);
    }
}
END_TEST

TCase *conf_walk_cases(void)
{
    TCase *tcase = tcase_create("conf_walk");

    tcase_add_test(tcase, walks);
    tcase_add_test(tcase, unsaid);
    tcase_add_test(tcase, links);
    tcase_add_test(tcase, hosts);
    tcase_add_test(tcase, betweens);
    tcase_add_test(tcase, overrides);
    tcase_add_test(tcase, urls);
    return tcase;
}
