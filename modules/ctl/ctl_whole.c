/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_whole.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_strings.h>

#define LINE_MOST 8190          /* httpd's LimitRequestLine where none is said */

/* --- what rules are asked with --- */

static const r307_tenancy_t *tenancy_of(ctl_whole_t *x, const r307_config_t *conf,
                                        const r307_block_t *block)
{
    return ctl_htaccess_tenancy(x->p, x->walk.server, conf, block, x->view.asked.host);
}

static void fill(ctl_whole_t *x, const r307_area_t *area, const r307_blocks_t *chain,
                 ctl_ending_t *ending)
{
    int i;

    ending->area = area;
    ending->count = chain->count;
    ending->scopes = apr_pcalloc(x->p, (size_t)chain->count * sizeof(r307_scope_t));
    for (i = 0; i < chain->count; i++) {
        const r307_block_t *block = chain->at[i];
        r307_scope_t *scope = &ending->scopes[i];

        scope->rules = block->rules;
        scope->directory = block->directory != NULL;
        scope->tenancy = tenancy_of(x, area->conf, block);
        if (scope->directory) {
            scope->base = r307_place_url(x->p, &x->mapped, area->conf, x->view.path,
                                         block->directory);
        }
    }
}

static r307_policy_t policy_of(ctl_whole_t *x, const r307_config_t *conf)
{
    r307_policy_t policy = { (int)r307_config_value(conf, R307_SETTING_RELATIVE),
                             conf->allow, r307_config_exempt(x->p, conf),
                             (unsigned)r307_limit_value(conf->limits,
                                                        R307_LIMIT_REGEX_STEPS),
                             ctl_asked_trace, 1, &x->asked, NULL };

    return policy;
}

/* errors=fail of Redirect307Limits. */
static int fails(ctl_whole_t *x, const r307_config_t *conf, const r307_blocks_t *chain)
{
    int i;

    if (r307_limit_value(conf->limits, R307_LIMIT_ERRORS) != R307_ERRORS_FAIL) {
        return 0;
    }
    for (i = 0; i < chain->count; i++) {
        r307_block_t *block = chain->at[i];

        if (block->is_htaccess
            && (block->skipped || r307_limit_exceeds(x->p, &block->tally,
                                                     tenancy_of(x, conf, block)))) {
            return 1;
        }
    }
    return 0;
}

/* One list of rules. 1: that is the end. */
static int ask(ctl_whole_t *x, const r307_area_t *area, const r307_blocks_t *chain, int ahead,
               ctl_ending_t *ending)
{
    r307_policy_t policy = policy_of(x, area->conf);

    fill(x, area, chain, ending);
    if (r307_config_engine(area->conf) == R307_ENGINE_ON && fails(x, area->conf, chain)) {
        ending->text = "500: a .htaccess has a line that is no rule or past a limit "
                       "(errors=fail)";
        return 1;
    }
    x->view.login_ahead = ahead && !x->asked.user;
    memset(&ending->decision, 0, sizeof(ending->decision));
    r307_decide(x->p, ending->scopes, ending->count, &policy, &x->view, &ending->decision);
    if (ending->decision.outcome == R307_OUTCOME_PASS) {
        return 0;
    }
    ending->is_decided = 1;
    ending->status = ending->decision.status;
    ending->text = ctl_asked_text(&x->asked, &ending->decision);
    if (r307_config_engine(area->conf) == R307_ENGINE_REPORT) {
        ending->text = apr_pstrcat(x->p, "nothing (Redirect307Engine report; else ",
                                   ending->text, ")", NULL);
    }
    if (ending->decision.outcome == R307_OUTCOME_REFUSE
        && r307_config_value(area->conf, R307_SETTING_REFUSE) == R307_REFUSE_PASS) {
        ending->text = "no rule answers: what one would is refused, and passed on "
                       "(Redirect307Refuse pass)";
        return 0;
    }
    return 1;
}

/* What httpd says itself, on the way to the file: whichever comes first. */
static int is_not_served(ctl_whole_t *x, ctl_ending_t *ending)
{
    const r307_area_t *late = &x->walk.late;
    int is_denied = late->is_denied && !late->compat;

    if (!x->httpd.fails && !is_denied && !x->walk.refused) {
        return 0;
    }
    ending->is_decided = 0;
    ending->status = x->httpd.fails ? 500 : 403;
    ending->text = x->httpd.fails
        ? apr_psprintf(x->p, "500: %s", x->httpd.fails)
        : x->walk.refused
        ? apr_psprintf(x->p, "403: %s", r307_text_show(x->p, x->walk.refused,
                                                       strlen(x->walk.refused)))
        : apr_psprintf(x->p, "403: Require all denied (%s:%u)", late->require->file,
                       late->require->line);
    return 1;
}

/* Whether there is something to serve: only with MultiViews it may be of another name. */
static int file_of(const ctl_whole_t *x)
{
    return x->walk.is_there ? 1 : x->walk.late.has_views ? -1 : 0;
}

static int is_file(const char *path, const struct stat *asked)
{
    struct stat st;

    return path && stat(path, &st) == 0 && st.st_ino == asked->st_ino
           && st.st_dev == asked->st_dev;
}

static const char *path_of(const ctl_whole_t *x, const ctl_line_t *line, const char *name)
{
    const char *root = line->is_conf ? line->reach->root : line->reach->directory;

    return *name == '/' || !root ? name : apr_pstrcat(x->p, root, "/", name, NULL);
}

/* What flag= of rules names. */
static int is_flag(const ctl_whole_t *x, const r307_tally_t *tally, const struct stat *asked)
{
    int i;

    for (i = 0; tally->flags && i < tally->flags->nelts; i++) {
        const ctl_flag_place_t *place = APR_ARRAY_IDX(tally->flags, i, const void *);
        const char *root = place->reach->is_conf ? place->reach->root
                                                 : place->reach->directory;

        if (is_file(*place->file == '/' || !root ? place->file
                    : apr_pstrcat(x->p, root, "/", place->file, NULL), asked)) {
            return 1;
        }
    }
    return 0;
}

/* What rules use is never served: maps and flags. */
static int is_hidden(const ctl_whole_t *x)
{
    const r307_blocks_t *late = x->walk.late.conf->late;
    struct stat asked;
    int i;

    if (!x->walk.is_there || stat(x->walk.filename, &asked) != 0 || !S_ISREG(asked.st_mode)) {
        return 0;
    }
    for (i = 0; i < x->httpd.lines.lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(x->httpd.lines.lines, i, const ctl_line_t *);
        const char *name = line->kind == CTL_LINE_MAP ? line->map->def.file
            : line->kind == CTL_LINE_MAINTENANCE ? line->maintenance->flag : NULL;

        if (name && line->reach && is_file(path_of(x, line, name), &asked)) {
            return 1;
        }
    }
    for (i = 0; late && i < late->count; i++) {
        if (is_flag(x, &late->at[i]->tally, &asked)) {
            return 1;
        }
    }
    return is_flag(x, &x->httpd.tally, &asked);
}

/* Maintenance comes first, and leaves the rest to the rules. 1: that is the end. */
static int close_for(ctl_whole_t *x, const r307_config_t *conf, int is_late, ctl_ending_t *ending)
{
    r307_halt_decision_t decision;
    int holds = ctl_closing_ask(&x->closing, conf, is_late, &decision);

    if (!holds || r307_config_engine(conf) == R307_ENGINE_REPORT) {
        return 0;
    }
    ending->halt = apr_pmemdup(x->p, &decision, sizeof(decision));
    ending->text = r307_halt_text(x->p, &decision);
    return 1;
}

/* Before the path is looked for. 1: no other list is asked. */
static int settle_early(ctl_whole_t *x, ctl_ending_t *ending)
{
    const r307_config_t *early = x->walk.early.conf;

    if (r307_config_engine(early) == R307_ENGINE_OFF) {
        return 0;
    }
    if (early->early_maintenance && close_for(x, early, 0, ending)) {
        return 1;
    }
    return early->early && ask(x, &x->walk.early, early->early, 0, ending);
}

static void settle_late(ctl_whole_t *x, ctl_ending_t *ending)
{
    const r307_config_t *late = x->walk.late.conf;

    if (r307_config_engine(late) == R307_ENGINE_OFF) {
        return;
    }
    if ((late->late_maintenance || late->early_maintenance)
        && close_for(x, late, 1, ending)) {
        return;
    }
    if (late->late) {
        (void)ask(x, &x->walk.late, late->late, 0, ending);
    }
}

/* As httpd asks: before the path is looked for, and once it was found. */
void ctl_whole_settle(ctl_whole_t *x, int assumes, ctl_ending_t *ending)
{
    const char *method = x->view.method;
    int is_over;

    memset(ending, 0, sizeof(*ending));
    ending->text = "no rule answers";
    if (strcmp(method, "TRACE") == 0 || strcmp(method, "CONNECT") == 0) {
        return;                 /* of these no rule is asked */
    }
    x->asked.assumes = assumes;
    x->closing.back = NULL;
    apr_array_clear(x->asked.steps);
    is_over = settle_early(x, ending);
    /* what ends the search without an answer leaves the request to httpd */
    if (ending->halt || (is_over && ending->decision.outcome != R307_OUTCOME_STOP
                         && r307_config_engine(x->walk.early.conf) == R307_ENGINE_ON)) {
        return;
    }
    ending->is_late = 1;
    x->asked.file = x->is_placed ? file_of(x) : -1;
    if (is_not_served(x, ending)) {
        return;
    }
    if (x->is_hidden) {
        ending->text = "404: httpd serves no file that rules use";
        ending->status = 404;
        return;
    }
    if (!is_over) {
        settle_late(x, ending);
    }
}

/* --- what it depends on --- */

static void add(ctl_whole_t *x, apr_array_header_t *list, const r307_depend_t *depend)
{
    const char *text = depend->file
        ? apr_psprintf(x->p, "%s (%s:%u)", depend->what, depend->file, depend->line)
        : depend->what;
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(list, i, const char *), text) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(list, const char *) = text;
}

static void add_node(ctl_whole_t *x, apr_array_header_t *list, const r307_node_t *node)
{
    r307_depend_t depend = { node->name, node->file, node->line, 0 };

    add(x, list, &depend);
}

/* Lines of maintenance whose flag cannot be seen from here. */
static void add_flags(ctl_whole_t *x, apr_array_header_t *list)
{
    int i;

    for (i = 0; i < x->closing.unknown->nelts; i++) {
        const r307_maintenance_t *line = APR_ARRAY_IDX(x->closing.unknown, i,
                                                       const r307_maintenance_t *);
        r307_depend_t depend = { apr_pstrcat(x->p, "flag=", line->flag, NULL),
                                 line->rule.place.file, line->rule.place.line, 0 };

        add(x, list, &depend);
    }
}

/* Maps that are not there, or that only the server can read. */
static void add_maps(ctl_whole_t *x, apr_array_header_t *list)
{
    int i;

    for (i = 0; i < x->httpd.lines.lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(x->httpd.lines.lines, i, const ctl_line_t *);

        if (line->kind == CTL_LINE_MAP && line->map->bad) {
            APR_ARRAY_PUSH(list, const char *) = apr_psprintf(x->p, "the map %s (%s:%u)",
                line->map->def.file, line->place.file, line->place.line);
        }
    }
}

/* Lines that may make of our answer another one. */
static void add_senders(ctl_whole_t *x, apr_array_header_t *list, const ctl_ending_t *ending)
{
    const r307_area_t *area = ending->is_late ? &x->walk.late : &x->walk.early;
    int i;

    for (i = 0; area->between && i < area->between->nelts; i++) {
        const r307_node_t *node = APR_ARRAY_IDX(area->between, i, const r307_node_t *);

        if (r307_between_find(x->p, node) == R307_BETWEEN_SENDS) {
            add_node(x, list, node);
        }
    }
    if (area->failing && ending->status >= 400
        && atoi(area->failing->args) == ending->status) {
        add_node(x, list, area->failing);
    }
}

apr_array_header_t *ctl_whole_depends(ctl_whole_t *x, const ctl_ending_t *ending, int differs)
{
    apr_array_header_t *list = apr_array_make(x->p, 4, sizeof(const char *));
    const r307_walk_t *walk = &x->walk;
    int i;

    for (i = 0; i < x->httpd.tree.envs->nelts; i++) {
        APR_ARRAY_PUSH(list, const char *) = apr_psprintf(x->p, "${%s} of httpd's environment",
            APR_ARRAY_IDX(x->httpd.tree.envs, i, const char *));
    }
    for (i = 0; i < walk->depends_early->nelts; i++) {
        add(x, list, &APR_ARRAY_IDX(walk->depends_early, i, r307_depend_t));
    }
    for (i = 0; ending->is_late && i < walk->depends_late->nelts; i++) {
        const r307_depend_t *depend = &APR_ARRAY_IDX(walk->depends_late, i, r307_depend_t);

        if (!depend->is_access || ending->is_decided || ending->halt) {
            add(x, list, depend);
        }
    }
    if (ending->is_late) {
        if (!x->is_placed) {
            APR_ARRAY_PUSH(list, const char *) = "where the path leads on the disk";
        }
    }
    add_senders(x, list, ending);
    add_flags(x, list);
    if (x->closing.needs_client) {
        APR_ARRAY_PUSH(list, const char *) = CTL_ASKED_CLIENT;
    }
    for (i = 0; differs && i < x->asked.unanswered->nelts; i++) {
        APR_ARRAY_PUSH(list, const char *) = APR_ARRAY_IDX(x->asked.unanswered, i,
                                                           const char *);
    }
    add_maps(x, list);
    return list;
}

/* --- the question --- */

static void add_depend(ctl_whole_t *x, const char *what)
{
    r307_depend_t *made = apr_array_push(x->walk.depends_early);

    memset(made, 0, sizeof(*made));
    made->what = what;
}

static const char *lowered(apr_pool_t *p, const char *host)
{
    char *text = apr_pstrdup(p, host), *at;

    for (at = text; *at; at++) {
        *at = r307_text_lower(*at);
    }
    return text;
}

static const char *host_of(apr_pool_t *p, const char *host)
{
    size_t n = strlen(host);

    n -= n > 1 && host[n - 1] == '.';
    return *host == '[' ? apr_pstrmemdup(p, host + 1, strcspn(host + 1, "]"))
                        : apr_pstrmemdup(p, host, n);
}

/* httpd answers these itself, before any module is asked; it reads the path to its end first. */
static const char *refused_path(const ctl_whole_t *x)
{
    const char *raw, *refused = NULL;

    for (raw = x->raw; *raw; raw++) {
        int byte = *raw == '%' ? r307_text_hex2(raw + 1, 2) : 1;

        if (byte < 0) {
            return "400: a '%' that begins no percent code";
        }
        if (byte == 0 || (*raw == '%' && byte == '/' && x->walk.server->takes_slashes <= 0)) {
            refused = "404: httpd takes no %2F or %00 in a path (AllowEncodedSlashes)";
        }
    }
    return refused;
}

/* The path as httpd has it: all codes decoded, but %2F where that is kept. */
static const char *decoded(const ctl_whole_t *x, int keeps)
{
    const r307_path_t *path = x->view.path;
    r307_buf_t buf;
    size_t i;

    r307_buf_make(&buf, x->p, path->len + 1);
    for (i = 0; i < path->len; i++) {
        int code = path->dec[i] == '%' && i + 2 < path->len
                   ? r307_text_hex2(path->dec + i + 1, 2) : -1;

        if (code == '%' || (code == '/' && !keeps)) {
            r307_buf_putc(&buf, (char)code);
            i += 2;
            continue;
        }
        r307_buf_putc(&buf, path->dec[i]);
    }
    return buf.s;
}

static int has_slash(const ctl_whole_t *x)
{
    return strstr(x->raw, "%2F") != NULL || strstr(x->raw, "%2f") != NULL;
}

/* What the URL has in it that httpd reads in more than one way. */
static void see_path(ctl_whole_t *x)
{
    const char *path = x->walk.uri;

    if (x->walk.server->keeps_slashes > 0 && strstr(x->raw, "//")) {
        add_depend(x, "MergeSlashes Off");
    }
    if (x->walk.server->takes_slashes == 1 && has_slash(x)
        && (strstr(path, "//") || strstr(path, "/."))) {
        add_depend(x, "AllowEncodedSlashes On");
    }
    if (x->target_len + strlen(x->view.method) + sizeof(" HTTP/1.1")
        > (size_t)(x->walk.server->line_most > 0 ? x->walk.server->line_most : LINE_MOST)) {
        add_depend(x, "LimitRequestLine");
    }
}

/* As UseCanonicalName and ServerName have it. */
static void name_server(ctl_whole_t *x, r307_self_t *self)
{
    const r307_server_t *server = x->walk.server;
    /* ServerName takes the port of <VirtualHost> away, also where it says none itself */
    int is_https, port = server->name ? server->name_port : server->port;

    if (server->by_name > 1) {
        add_depend(x, "UseCanonicalName DNS");
    }
    if (server->by_name == 1 && !server->name) {
        add_depend(x, "ServerName, which is not said");
    }
    x->other = *self;
    self->scheme = server->tls > 0 || server->is_https ? "https" : "http";
    if (server->is_https || strcmp(x->other.scheme, self->scheme) == 0) {
        x->other.scheme = NULL;
    }
    is_https = strcmp(self->scheme, "https") == 0;
    if (server->by_name == 1 && server->name) {
        self->host = server->name;
    }
    if (server->by_name == 1 || !x->has_port) {
        self->port = port ? port : is_https ? 443 : 80;
    }
}

void ctl_whole_mark(const ctl_whole_t *x, ctl_whole_mark_t *mark)
{
    mark->fails = x->httpd.fails;
    mark->lines = x->httpd.lines.lines->nelts;
    mark->problems = x->httpd.site.problems->nelts;
    mark->maybes = x->httpd.site.maybes->nelts;
}

void ctl_whole_forget(ctl_whole_t *x, const ctl_whole_mark_t *mark)
{
    x->httpd.fails = mark->fails;
    x->httpd.lines.lines->nelts = mark->lines;
    x->httpd.site.problems->nelts = mark->problems;
    x->httpd.site.maybes->nelts = mark->maybes;
    apr_array_clear(x->asked.steps);
    apr_array_clear(x->asked.unanswered);
    memset(&x->walk, 0, sizeof(x->walk));
    memset(&x->mapped, 0, sizeof(x->mapped));
}

/* Whether it matters that TLS ends in front of httpd, or begins there. */
static void see_scheme(ctl_whole_t *x, r307_self_t *self)
{
    r307_self_t own = *self;
    ctl_ending_t as_it_is, as_asked;

    if (!x->other.scheme) {
        return;
    }
    ctl_whole_settle(x, 0, &as_it_is);
    self->scheme = x->other.scheme;
    ctl_whole_settle(x, 0, &as_asked);
    *self = own;
    if (strcmp(as_it_is.text, as_asked.text) != 0) {
        add_depend(x, "where TLS ends (SSLEngine)");
    }
}

/* What <If> may ask for. Which scheme it is is known where nothing speaks TLS. */
static const char *tell(void *baton, const char *name, int is_header)
{
    static const struct { const char *variable, *header; } headers[] = {
        { "HTTP_HOST", "Host" }, { "HTTP_USER_AGENT", "User-Agent" },
        { "HTTP_REFERER", "Referer" }, { "HTTP_COOKIE", "Cookie" },
        { "HTTP_ACCEPT", "Accept" }, { "HTTP_FORWARDED", "Forwarded" }
    };
    const ctl_whole_t *x = baton;
    int is_plain = strcmp(x->view.asked.scheme, "http") == 0 && x->walk.server->tls != 1;
    const char *value = NULL;
    size_t i;

    for (i = 0; !is_header && i < sizeof(headers) / sizeof(*headers); i++) {
        if (strcasecmp(name, headers[i].variable) == 0) {
            return tell(baton, headers[i].header, 1);
        }
    }
    if (is_header && strcasecmp(name, "Host") == 0) {
        return x->has_port ? apr_psprintf(x->p, "%s:%d", x->host_written, x->view.asked.port)
                           : x->host_written;
    }
    if (is_header) {
        value = x->view.ops->header(x->view.baton, name);
        return value ? value : "";
    }
    return strcasecmp(name, "REQUEST_METHOD") == 0 ? x->view.method
        : strcasecmp(name, "QUERY_STRING") == 0 ? (x->view.query.s
            ? r307_slice_text(x->p, x->view.query) : "")
        : strcasecmp(name, "REMOTE_ADDR") == 0 ? x->view.client
        : strcasecmp(name, "HTTPS") == 0 && is_plain ? "off"
        : strcasecmp(name, "REQUEST_SCHEME") == 0 && is_plain ? "http" : NULL;
}

const char *ctl_whole_go(ctl_whole_t *x, r307_self_t *self)
{
    const char *refused;
    r307_slice_t path, query;
    r307_url_t url;

    r307_url_split(x->asked.url, strlen(x->asked.url), &url);
    (void)r307_path_split(x->asked.url, &path, &query);
    x->has_port = url.port.s != NULL;
    x->raw = r307_slice_text(x->p, path);
    x->target_len = path.len + (query.s ? query.len + 1 : 0);
    ctl_htaccess_begin(&x->httpd, &x->walk);
    x->walk.tell = tell;
    x->walk.tell_baton = x;
    x->host_written = x->view.asked.host;
    x->view.asked.host = lowered(x->p, x->view.asked.host);     /* as httpd does */
    self->host = lowered(x->p, self->host);
    x->walk.host = host_of(x->p, x->view.asked.host);
    x->walk.port = x->view.asked.port;
    x->walk.uri = decoded(x, 0);
    r307_walk_early(&x->walk);
    if (x->walk.server->takes_slashes == 2 && has_slash(x)) {
        x->walk.uri = decoded(x, 1);
        r307_walk_early(&x->walk);
    }
    see_path(x);
    x->is_placed = r307_walk_late(&x->walk);
    x->mapped.filename = x->walk.filename;
    x->mapped.path_info = x->walk.path_info;
    x->mapped.root = x->walk.root;
    x->mapped.prefix = x->walk.prefix;
    x->is_hidden = is_hidden(x);
    name_server(x, self);
    x->closing.p = x->p;
    x->closing.httpd = &x->httpd;
    x->closing.walk = &x->walk;
    x->closing.mapped = &x->mapped;
    x->closing.view = &x->view;
    x->closing.needs_client = 0;
    x->closing.unknown = apr_array_make(x->p, 1, sizeof(const r307_maintenance_t *));
    refused = refused_path(x);
    if (!refused) {
        see_scheme(x, self);
    }
    return refused;
}
