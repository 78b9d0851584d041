/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_whole.h"

#include <string.h>
#include <apr_file_info.h>
#include <apr_strings.h>

/* --- what rules are asked with --- */

static const r307_tenancy_t *tenancy_of(ctl_whole_t *x, const r307_config_t *conf,
                                        const r307_block_t *block)
{
    r307_tenancy_t *tenancy = apr_pcalloc(x->p, sizeof(*tenancy));
    apr_finfo_t info;

    tenancy->require = r307_config_value(conf, R307_SETTING_REQUIRE_HOW)
                       == R307_REQUIRE_REFUSE
                       ? (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE)
                       : R307_REQUIRE_NONE;
    if (!block->is_htaccess) {
        tenancy->maps_alone = 1;
        return tenancy->require != R307_REQUIRE_NONE && block->rules->maps ? tenancy : NULL;
    }
    tenancy->limits = conf->limits;
    tenancy->allow = conf->allow;
    tenancy->name = x->walk.server->name;
    tenancy->aliases = x->walk.server->aliases;
    tenancy->asked = x->view.asked.host;
    if (apr_stat(&info, block->file, APR_FINFO_MTIME, x->p) == APR_SUCCESS) {
        tenancy->made = info.mtime;
    }
    return tenancy;
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

/* What httpd says itself, on the way to the file. */
static int is_not_served(ctl_whole_t *x, ctl_ending_t *ending)
{
    const r307_node_t *require = x->walk.late.require;

    if (!x->httpd.fails && !x->walk.late.is_denied) {
        return 0;
    }
    ending->is_decided = 0;
    ending->text = x->httpd.fails
        ? apr_pstrcat(x->p, "500: ", x->httpd.fails, NULL)
        : apr_psprintf(x->p, "403: Require all denied (%s:%u)", require->file,
                       require->line);
    return 1;
}

/* As httpd asks: before the path is looked for, and once it was found. */
void ctl_whole_settle(ctl_whole_t *x, int assumes, ctl_ending_t *ending)
{
    const r307_config_t *early = x->walk.early.conf, *late = x->walk.late.conf;
    int is_over = 0;

    memset(ending, 0, sizeof(*ending));
    ending->text = "no rule answers";
    x->asked.assumes = assumes;
    x->asked.file = -1;
    apr_array_clear(x->asked.steps);
    if (early->early && r307_config_engine(early) != R307_ENGINE_OFF) {
        is_over = ask(x, &x->walk.early, early->early, 0, ending);
    }
    /* what ends the search without an answer leaves the request to httpd */
    if (is_over && ending->decision.outcome != R307_OUTCOME_STOP
        && r307_config_engine(early) == R307_ENGINE_ON) {
        return;
    }
    ending->is_late = 1;
    if (is_not_served(x, ending) || is_over) {
        return;
    }
    if (late->late && r307_config_engine(late) != R307_ENGINE_OFF) {
        (void)ask(x, &x->walk.late, late->late, 0, ending);
    }
}

/* --- what it depends on --- */

static void add(ctl_whole_t *x, apr_array_header_t *list, const r307_depend_t *depend)
{
    const char *text = depend->file
        ? apr_psprintf(x->p, "%s (%s:%u)", depend->what, depend->file, depend->line)
        : depend->what;

    APR_ARRAY_PUSH(list, const char *) = text;
}

static void add_lines(ctl_whole_t *x, apr_array_header_t *list, const r307_lines_t *lines)
{
    int i;

    for (i = 0; lines && i < lines->count; i++) {
        const r307_place_t *place = &lines->at[i]->rule.place;

        APR_ARRAY_PUSH(list, const char *) = apr_psprintf(x->p, "Redirect307Maintenance "
                                                          "(%s:%u)", place->file,
                                                          place->line);
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

apr_array_header_t *ctl_whole_depends(ctl_whole_t *x, const ctl_ending_t *ending, int differs)
{
    apr_array_header_t *list = apr_array_make(x->p, 4, sizeof(const char *));
    const r307_walk_t *walk = &x->walk;
    int i;

    for (i = 0; i < walk->depends_early->nelts; i++) {
        add(x, list, &APR_ARRAY_IDX(walk->depends_early, i, r307_depend_t));
    }
    add_lines(x, list, walk->early.conf->early_maintenance);
    for (i = 0; ending->is_late && i < walk->depends_late->nelts; i++) {
        const r307_depend_t *depend = &APR_ARRAY_IDX(walk->depends_late, i, r307_depend_t);

        if (!depend->is_access || ending->is_decided) {
            add(x, list, depend);
        }
    }
    if (ending->is_late) {
        add_lines(x, list, walk->late.conf->late_maintenance);
        if (!x->is_placed) {
            APR_ARRAY_PUSH(list, const char *) = "where the path leads on the disk";
        }
    }
    for (i = 0; differs && i < x->asked.unanswered->nelts; i++) {
        APR_ARRAY_PUSH(list, const char *) = APR_ARRAY_IDX(x->asked.unanswered, i,
                                                           const char *);
    }
    add_maps(x, list);
    return list;
}

/* --- the question --- */

static const char *host_of(apr_pool_t *p, const char *host)
{
    size_t n = strlen(host);

    n -= n > 1 && host[n - 1] == '.';
    return *host == '[' ? apr_pstrmemdup(p, host + 1, strcspn(host + 1, "]"))
                        : apr_pstrmemdup(p, host, n);
}

/* httpd answers these itself, before any module is asked. */
static const char *refused_path(const ctl_whole_t *x)
{
    const char *raw = strchr(x->asked.url, '/');

    raw = strstr(x->asked.url, "://") ? strchr(strstr(x->asked.url, "://") + 3, '/') : raw;
    for (; raw && *raw && *raw != '?'; raw++) {
        if (*raw == '%' && r307_text_hex2(raw + 1, 2) < 0) {
            return "400: a '%' that begins no percent code";
        }
        if (*raw == '%' && (r307_text_hex2(raw + 1, 2) == '/'
                            || r307_text_hex2(raw + 1, 2) == 0)
            && x->walk.server->takes_slashes <= 0) {
            return "404: httpd takes no %2F or %00 in a path (AllowEncodedSlashes)";
        }
    }
    return NULL;
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

const char *ctl_whole_go(ctl_whole_t *x, r307_self_t *self)
{
    const r307_server_t *server;

    ctl_httpd_begin(&x->httpd, &x->walk);
    x->walk.host = host_of(x->p, x->view.asked.host);
    x->walk.port = x->view.asked.port;
    x->walk.uri = apr_pstrmemdup(x->p, x->view.path->dec, x->view.path->len);
    r307_walk_early(&x->walk);
    x->is_placed = r307_walk_late(&x->walk);
    x->mapped.filename = x->walk.filename;
    x->mapped.path_info = x->walk.path_info;
    x->mapped.root = x->walk.root;
    x->mapped.prefix = x->walk.prefix;
    server = x->walk.server;
    if (server->by_name > 0 && server->name) {
        self->host = server->name;
        self->port = server->name_port ? server->name_port : self->port;
    }
    return refused_path(x);
}
