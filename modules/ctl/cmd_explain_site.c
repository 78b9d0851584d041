/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl explain URL: what a whole httpd answers, as its configuration says it. What
 * it cannot know it says first. */
#include "cmd.h"

#include <string.h>
#include <apr_file_info.h>
#include <apr_strings.h>

#include "conf/place_url.h"
#include "ctl_asked.h"
#include "ctl_httpd.h"

#define NAMED_MOST 3            /* of the things it depends on */

typedef struct asking_t {
    apr_pool_t *p;
    ctl_httpd_t httpd;
    ctl_asked_t asked;
    r307_walk_t walk;
    r307_mapped_t mapped;
    r307_view_t view;
    int is_placed;              /* it is known where the path leads */
} asking_t;

/* How one way through the questions ends. */
typedef struct ending_t {
    const char *text;           /* the first line */
    r307_decision_t decision;
    int is_decided;             /* by a rule, or by none */
    int is_late;                /* it was not settled before the path was looked for */
    const r307_area_t *area;
    r307_scope_t *scopes;
    int count;
} ending_t;

/* --- what rules are asked with --- */

static const r307_tenancy_t *tenancy_of(asking_t *x, const r307_config_t *conf,
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

static void fill(asking_t *x, const r307_area_t *area, const r307_blocks_t *chain,
                 ending_t *ending)
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

static r307_policy_t policy_of(asking_t *x, const r307_config_t *conf)
{
    r307_policy_t policy = { (int)r307_config_value(conf, R307_SETTING_RELATIVE),
                             conf->allow, r307_config_exempt(x->p, conf),
                             (unsigned)r307_limit_value(conf->limits,
                                                        R307_LIMIT_REGEX_STEPS),
                             ctl_asked_trace, 1, &x->asked, NULL };

    return policy;
}

/* errors=fail of Redirect307Limits. */
static int fails(asking_t *x, const r307_config_t *conf, const r307_blocks_t *chain)
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
static int ask(asking_t *x, const r307_area_t *area, const r307_blocks_t *chain, int ahead,
               ending_t *ending)
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
static int is_not_served(asking_t *x, ending_t *ending)
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
static void settle(asking_t *x, int assumes, ending_t *ending)
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

static void add(asking_t *x, apr_array_header_t *list, const r307_depend_t *depend)
{
    const char *text = depend->file
        ? apr_psprintf(x->p, "%s (%s:%u)", depend->what, depend->file, depend->line)
        : depend->what;

    APR_ARRAY_PUSH(list, const char *) = text;
}

static void add_lines(asking_t *x, apr_array_header_t *list, const r307_lines_t *lines)
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
static void add_maps(asking_t *x, apr_array_header_t *list)
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

static apr_array_header_t *depends_of(asking_t *x, const ending_t *ending, int differs)
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

static void print_depends(asking_t *x, const apr_array_header_t *list, const char *text)
{
    int i;

    printf("cannot tell: depends on ");
    for (i = 0; i < list->nelts && i < NAMED_MOST; i++) {
        const char *one = APR_ARRAY_IDX(list, i, const char *);

        printf("%s%s", i ? ", " : "", r307_text_show(x->p, one, strlen(one)));
    }
    if (i < list->nelts) {
        printf(" and %d more", list->nelts - i);
    }
    printf("; if it holds: %s\n", text);
}

static ctl_exit_t print(asking_t *x, const ending_t *ending, const ending_t *other)
{
    int differs = strcmp(ending->text, other->text) != 0
                  || x->asked.is_open || x->asked.unanswered->nelts > 1;
    apr_array_header_t *depends = depends_of(x, ending, differs);
    ctl_exit_t result = CTL_EXIT_FINE;

    if (depends->nelts) {
        print_depends(x, depends, differs ? other->text : ending->text);
        ending = differs ? other : ending;
        result = CTL_EXIT_UNKNOWN;
    }
    else {
        printf("%s\n", ending->text);
    }
    if (ending->is_decided) {
        ctl_exit_t said = ctl_asked_details(&x->asked, &ending->decision);

        result = result == CTL_EXIT_FINE ? said : result;
    }
    printf("  site         %s\n", x->walk.server->node
           ? apr_psprintf(x->p, "%s, <VirtualHost %s> (%s:%u)",
                          x->walk.server->name ? x->walk.server->name : "without ServerName",
                          x->walk.server->node->args, x->walk.server->node->file,
                          x->walk.server->node->line)
           : "the main server");
    return result;
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
static const char *refused_path(const asking_t *x)
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

static void go(asking_t *x)
{
    ctl_httpd_begin(&x->httpd, &x->walk);
    x->walk.host = host_of(x->p, x->asked.self.host);
    x->walk.port = x->asked.self.port;
    x->walk.uri = apr_pstrmemdup(x->p, x->view.path->dec, x->view.path->len);
    r307_walk_early(&x->walk);
    x->is_placed = r307_walk_late(&x->walk);
    x->mapped.filename = x->walk.filename;
    x->mapped.path_info = x->walk.path_info;
    x->mapped.root = x->walk.root;
    x->mapped.prefix = x->walk.prefix;
    if (x->walk.server->by_name > 0 && x->walk.server->name) {
        x->asked.self.host = x->walk.server->name;
        x->asked.self.port = x->walk.server->name_port ? x->walk.server->name_port
                                                       : x->asked.self.port;
    }
}

ctl_exit_t ctl_cmd_explain_site(const ctl_args_t *args)
{
    asking_t x = { .p = args->p };
    const char *bad = ctl_asked_options(&x.asked, args), *refused;
    ending_t ending, other;

    x.asked.url = args->words[0];
    ctl_httpd_make(&x.httpd, x.p);
    bad = bad ? bad : ctl_httpd_load(&x.httpd, args);
    if (bad) {
        return ctl_args_refuse(args, bad);
    }
    if (!ctl_asked_set(&x.asked, &x.view)) {
        return ctl_args_refuse(args, apr_psprintf(x.p, "'%s' is not a URL; write "
                                                  "https://host/path or /path",
                                                  r307_text_show(x.p, x.asked.url,
                                                                 strlen(x.asked.url))));
    }
    if (x.httpd.fails) {
        printf("httpd does not start with this configuration\n  %s\n", x.httpd.fails);
        return CTL_EXIT_FINDINGS;
    }
    go(&x);
    refused = refused_path(&x);
    if (refused) {
        printf("%s\n", refused);
        return CTL_EXIT_FINE;
    }
    settle(&x, 0, &ending);
    other = ending;
    if (x.asked.unanswered->nelts) {
        settle(&x, 1, &other);
    }
    return print(&x, &ending, &other);
}
