/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl hosts: which hosts lines send people to, over all sites: whoever breaks
 * into one sends its visitors, or those of search engines alone, to a host of theirs. */
#include "cmd.h"

#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "conf/sends.h"
#include "map/image.h"
#include "ctl_hosts.h"
#include "ctl_httpd.h"
#include "ctl_seen.h"

typedef struct listing_t {
    apr_pool_t *p;
    apr_pool_t *one;            /* of a file */
    const char *root;           /* ServerRoot, or NULL */
    const char *cwd;            /* in front of names that are relative, for the state */
    ctl_hosts_t hosts;
    ctl_seen_t seen;
    int has_own;                /* lines to a site's own host are listed, too */
    apr_hash_t *names;          /* of all servers of an httpd, or NULL */
    r307_sends_state_t before;  /* of the file at hand, as are those below */
    const char *file;           /* as it may be shown */
    const char *path;           /* as the state has it */
    apr_hash_t *of_file;        /* hosts */
    int unread;
} listing_t;

/* --- a line --- */

static int is_own(const listing_t *x, const char *host)
{
    return r307_sends_is_on_way(host, x->path)
           || (x->names && apr_hash_get(x->names, host, APR_HASH_KEY_STRING));
}

static void take_host(listing_t *x, const char *host, unsigned line, const char *how,
                      const char *only)
{
    ctl_hosts_place_t place = { x->file, line, how, only, 0 };
    int is_known = apr_hash_get(x->of_file, host, APR_HASH_KEY_STRING) != NULL;

    if (!x->has_own && is_own(x, host)) {
        x->hosts.own++;
        return;
    }
    if (!is_known && apr_hash_count(x->of_file) >= CTL_HOSTS_OF_FILE) {
        x->hosts.cut++;
        return;
    }
    apr_hash_set(x->of_file, apr_pstrdup(x->one, host), APR_HASH_KEY_STRING, "");
    place.how = r307_text_show(x->one, how, strlen(how));
    ctl_hosts_add(&x->hosts, host, &place,
                  x->hosts.has_state ? ctl_seen_meet(&x->seen, host, x->path) : 0);
}

static void take_foreign(void *baton, const char *name, const char *args, unsigned line)
{
    listing_t *x = baton;
    r307_sends_t sends;

    if (r307_sends_meet(x->one, &x->before, name, args, &sends)) {
        take_host(x, sends.host, line, name, sends.only);
    }
}

static void take_rule(listing_t *x, const r307_rule_t *rule, const char *how)
{
    const r307_target_t *target = rule->target;

    if (!target || r307_hosts_is_own(target)) {
        return;
    }
    if (target->kind == R307_TARGET_URL && target->host.s) {
        take_host(x, r307_slice_text(x->one, target->host), rule->place.line, how, NULL);
    }
    else if (rule->hosts && rule->hosts->kind == R307_HOSTS_LISTED) {
        take_host(x, r307_slice_text(x->one, rule->hosts->form), rule->place.line, how,
                  NULL);
    }
}

static void take_map(listing_t *x, const r307_image_t *image)
{
    const char *file = x->file;
    apr_pool_t *rule_pool;
    apr_uint32_t i;

    apr_pool_create(&rule_pool, x->one);
    for (i = 0; i < r307_image_count(image); i++) {
        const r307_rule_t *rule = r307_image_rule(rule_pool, image, i);

        if (rule) {
            x->file = r307_text_show(rule_pool, rule->place.file,
                                     strlen(rule->place.file));
            take_rule(x, rule, "map");
        }
        apr_pool_clear(rule_pool);
    }
    apr_pool_destroy(rule_pool);
    x->file = file;
}

static void take_line(listing_t *x, const ctl_line_t *line)
{
    if (line->rule) {
        take_rule(x, line->rule, line->directive);
    }
    if (line->kind == CTL_LINE_MAINTENANCE) {
        take_rule(x, &line->maintenance->rule, line->directive);
    }
    if (line->kind == CTL_LINE_MAP && line->map->image) {
        take_map(x, line->map->image);
    }
}

/* --- a file --- */

static void begin_file(listing_t *x, const char *name)
{
    x->hosts.files++;
    x->file = r307_text_show(x->one, name, strlen(name));
    x->path = *name == '/' || !x->cwd ? name
                                      : apr_pstrcat(x->one, x->cwd, "/", name, NULL);
    x->of_file = apr_hash_make(x->one);
    memset(&x->before, 0, sizeof(x->before));
    if (x->hosts.has_state) {
        ctl_seen_file(&x->seen, x->path);
    }
}

static void take_file(void *baton, const ctl_named_t *found)
{
    listing_t *x = baton;
    ctl_reach_t reach;
    ctl_site_t site;
    const char *bad;
    int i;

    begin_file(x, found->path);
    ctl_site_make(&site, x->one);
    site.root = x->root;
    site.keeps_maps = 1;
    bad = ctl_site_load(&site, found, &reach);
    for (i = 0; !bad && i < site.lines->nelts; i++) {
        take_line(x, APR_ARRAY_IDX(site.lines, i, const ctl_line_t *));
    }
    if (bad) {
        x->unread++;
        fprintf(stderr, "redirect307ctl: %s\n", bad);
    }
    else if (reach.bytes) {
        ctl_file_each(x->one, &reach, take_foreign, x);
    }
    apr_pool_clear(x->one);
}

static void take_unread(void *baton, const char *name, const char *why)
{
    listing_t *x = baton;

    x->unread++;
    fprintf(stderr, "redirect307ctl: %s\n", why);
}

/* --- a whole httpd --- */

static void add_names(listing_t *x, const r307_server_t *server)
{
    int i;

    if (server->name) {
        apr_hash_set(x->names, server->name, APR_HASH_KEY_STRING, "");
    }
    for (i = 0; i < server->aliases->nelts; i++) {
        apr_hash_set(x->names, APR_ARRAY_IDX(server->aliases, i, const char *),
                     APR_HASH_KEY_STRING, "");
    }
}

/* httpd.conf with all that it includes. NULL, or why it cannot be read. */
static const char *take_httpd(listing_t *x, const ctl_args_t *args)
{
    ctl_httpd_t *httpd = apr_palloc(x->p, sizeof(*httpd));
    apr_hash_index_t *at;
    const char *bad;
    int i;

    ctl_httpd_make(httpd, x->p);
    bad = ctl_httpd_load(httpd, args);
    if (bad) {
        return bad;
    }
    x->names = apr_hash_make(x->p);
    add_names(x, httpd->site.main);
    for (i = 0; i < httpd->site.hosts->nelts; i++) {
        add_names(x, APR_ARRAY_IDX(httpd->site.hosts, i, const r307_server_t *));
    }
    for (at = apr_hash_first(x->p, httpd->reaches); at; at = apr_hash_next(at)) {
        const ctl_reach_t *reach = apr_hash_this_val(at);

        begin_file(x, reach->name);
        for (i = 0; i < httpd->lines.lines->nelts; i++) {
            const ctl_line_t *line = APR_ARRAY_IDX(httpd->lines.lines, i,
                                                   const ctl_line_t *);

            if (line->place.file && strcmp(line->place.file, reach->name) == 0) {
                take_line(x, line);
            }
        }
        ctl_file_each(x->one, reach, take_foreign, x);
        apr_pool_clear(x->one);
    }
    return NULL;
}

/* --- the command --- */

static const char *set_options(listing_t *x, const ctl_args_t *args,
                               const ctl_hosts_format_t **format)
{
    const char *name = ctl_args_value(args, "format");
    const char *state = ctl_args_value(args, "state");

    ctl_hosts_make(&x->hosts, x->p);
    x->root = ctl_args_value(args, "root");
    x->cwd = getcwd(apr_palloc(x->p, 4096), 4096);
    x->has_own = ctl_args_value(args, "own") != NULL;
    *format = ctl_hosts_format_find(name ? name : "text");
    if (!*format) {
        return apr_psprintf(x->p, "--format '%s' is none of these; write %s",
                            r307_text_show(x->p, name, strlen(name)),
                            "text, json or csv");
    }
    if (!args->count && !ctl_args_value(args, "f")) {
        return "name directories or files, or an httpd with -f";
    }
    x->hosts.has_state = state != NULL;
    return state ? ctl_seen_load(&x->seen, x->p, state) : NULL;
}

/* The first time everything would be new. */
static const char *save(listing_t *x)
{
    if (!x->hosts.has_state) {
        return NULL;
    }
    if (x->seen.is_first) {
        fprintf(stderr, "redirect307ctl: %s is new; what is listed is remembered\n",
                r307_text_show(x->p, x->seen.name, strlen(x->seen.name)));
    }
    return ctl_seen_save(&x->seen);
}

ctl_exit_t ctl_cmd_hosts(const ctl_args_t *args)
{
    listing_t x = { .p = args->p };
    const ctl_hosts_format_t *format;
    const ctl_meeting_t meeting = { take_file, take_unread, &x };
    const char *bad;
    int i;

    apr_pool_create(&x.one, x.p);
    bad = set_options(&x, args, &format);
    bad = !bad && ctl_args_value(args, "f") ? take_httpd(&x, args) : bad;
    if (bad) {
        return ctl_args_refuse(args, bad);
    }
    for (i = 0; i < args->count; i++) {
        ctl_reach_each(x.p, args->words[i], &meeting);
    }
    ctl_hosts_sort(&x.hosts);
    format->print(&x.hosts);
    fflush(stdout);
    bad = save(&x);
    if (bad) {
        fprintf(stderr, "redirect307ctl: %s\n", bad);
    }
    if (bad || x.unread) {
        return CTL_EXIT_UNKNOWN;
    }
    return ctl_hosts_new(&x.hosts) && !x.seen.is_first ? CTL_EXIT_FINDINGS
                                                       : CTL_EXIT_FINE;
}
