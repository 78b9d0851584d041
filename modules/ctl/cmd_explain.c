/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "ctl_halt.h"
#include "ctl_print.h"
#include "ctl_site.h"
#include "decide/decide.h"

#include "lint/lint_loop.h"

typedef struct explaining_t {
    apr_pool_t *p;
    const char *file, *base, *method, *url, *client, *user, *root;
    apr_time_t now;
    apr_table_t *headers;
    apr_array_header_t *steps;  /* of const char *: rules passed over */
    r307_ruleset_t *rules;
    apr_array_header_t *lines;  /* of const r307_maintenance_t * */
    int flags_elsewhere;        /* flags that only the server can find */
    int directory;              /* the file is a .htaccess */
    int elsewhere;              /* rules in containers that are not asked */
    int maps_elsewhere;         /* and maps, or maps of which only the server knows the
                                 * place */
    int ours;                   /* lines of ours, and maps with any */
    int refused;                /* httpd takes nothing of the file */
    int skipped;                /* bad lines */
    int unanswered;             /* expressions and variables only a server knows */
    r307_self_t self;
    ctl_reach_t reach;         /* the file, as it was read */
} explaining_t;

static const char *header_of(void *baton, const char *name)
{
    return apr_table_get(((explaining_t *)baton)->headers, name);
}

static const char *env_of(void *baton, const char *name)
{
    (void)name;
    ((explaining_t *)baton)->unanswered = 1;
    return NULL;
}

static int test_of(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    (void)expr;
    (void)vary;
    ((explaining_t *)baton)->unanswered = 1;
    return -1;
}

static const char *string_of(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    (void)expr;
    (void)vary;
    ((explaining_t *)baton)->unanswered = 1;
    return NULL;
}

static void self_of(void *baton, r307_self_t *self)
{
    *self = ((explaining_t *)baton)->self;
}

static const struct r307_image_t *image_of(void *baton, const void *map)
{
    (void)baton;
    return map;
}

static const char *user_of(void *baton)
{
    return ((explaining_t *)baton)->user;
}

static int file_of(void *baton)
{
    ((explaining_t *)baton)->unanswered = 1;
    return -1;
}

static int flag_of(void *baton, const void *flag)
{
    explaining_t *x = baton;
    int is_set = ctl_reach_flag(&x->reach, flag);

    x->unanswered = x->unanswered || is_set < 0;
    return is_set;
}

static apr_uint64_t roll_of(void *baton)
{
    ((explaining_t *)baton)->unanswered = 1;
    return 1;
}

static const r307_view_ops_t ops = {
    header_of, env_of, test_of, string_of, self_of, image_of, user_of, file_of,
    flag_of, roll_of
};

static void tell_map(void *baton, const ctl_line_t *line, const char *text)
{
    (void)line;
    ctl_print(baton, text);
}

static void skip(explaining_t *x, const ctl_line_t *line, const char *why)
{
    x->skipped++;
    ctl_print(stderr, ctl_line_say(x->p, line, why));
}

static void take_map(explaining_t *x, const ctl_line_t *line)
{
    const ctl_site_map_t *map = line->map;

    x->skipped += (int)map->loaded.bad;
    x->maps_elsewhere += line->container || map->bad;
    if (map->bad && !map->is_elsewhere) {
        skip(x, line, map->bad);
    }
}

/* What is asked, what is not, and what is skipped. */
static void take_line(explaining_t *x, const ctl_line_t *line)
{
    x->refused = x->refused || line->is_fatal;
    x->directory = !line->is_conf;
    switch (line->kind) {
    case CTL_LINE_BAD:
        skip(x, line, line->bad);
        break;
    case CTL_LINE_MAP:
        take_map(x, line);
        break;
    case CTL_LINE_MAINTENANCE:
        if (!line->container) {
            APR_ARRAY_PUSH(x->lines, const r307_maintenance_t *) = line->maintenance;
            break;
        }
        x->elsewhere++;
        break;
    case CTL_LINE_RULE:
        x->elsewhere += line->container != NULL;
        break;
    case CTL_LINE_UNPLACED:
        x->elsewhere++;
        break;
    case CTL_LINE_SETTING:
        break;
    }
}

/* Kept until the answer, which people want first, was printed. */
static void trace(void *baton, const r307_rule_t *rule, r307_skip_t step,
                  const char *detail)
{
    explaining_t *x = baton;

    APR_ARRAY_PUSH(x->steps, const char *) = apr_psprintf(x->p,
        "  passed over  %s:%u  %s\n               %s%s%s\n", rule->place.file,
        rule->place.line, r307_line_print(x->p, rule), r307_skip_text(step),
        detail ? ": " : "", detail ? r307_text_show(x->p, detail, strlen(detail)) : "");
}

static ctl_exit_t print_decision(explaining_t *x, const r307_decision_t *decision)
{
    const r307_rule_t *rule = decision->rule;
    const char *plan = rule ? r307_plan_show(x->p, &rule->plan, x->now) : NULL;
    int i;

    switch (decision->outcome) {
    case R307_OUTCOME_PASS:
        printf("no rule answers\n");
        break;
    case R307_OUTCOME_STOP:
        printf(rule->target->kind == R307_TARGET_STOP
               ? "no redirect: a rule with target '-' ends the search\n"
               : "no redirect: the line leads to what was asked, and ends the search\n");
        break;
    case R307_OUTCOME_ANSWER:
        printf("%d%s%s%s%s\n", decision->status, decision->location ? " -> " : "",
               decision->location ? decision->location : "", plan ? "  " : "",
               plan ? plan : "");
        break;
    case R307_OUTCOME_LATER:
        printf("a rule asks for the user, so httpd asks for the login first\n");
        break;
    case R307_OUTCOME_REFUSE:
        printf("refused: %s, '%s' %s\n", r307_verdict_row(decision->verdict)->id,
               r307_text_show(x->p, decision->offending, decision->offending_len),
               r307_verdict_row(decision->verdict)->why);
        break;
    }
    if (rule) {
        printf("  %s:%u  %s\n", rule->place.file, rule->place.line,
               r307_line_print(x->p, rule));
    }
    for (i = 0; i < x->steps->nelts; i++) {
        ctl_print(stdout, APR_ARRAY_IDX(x->steps, i, const char *));
    }
    if (decision->max_age) {
        printf("  Cache-Control: %smax-age=%d\n", decision->is_private ? "private, " : "",
               decision->max_age);
    }
    for (i = 0; decision->cookies && i < decision->cookies->nelts; i++) {
        printf("  Set-Cookie: %s\n", APR_ARRAY_IDX(decision->cookies, i, const char *));
    }
    if (decision->vary) {
        printf("  Vary: %s\n", decision->vary);
    }
    return decision->outcome == R307_OUTCOME_REFUSE ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}

/* What is answered where the Location leads, as far as it stays here; 1 when that is
 * nowhere. */
static int print_then(explaining_t *x, const r307_scope_t *scope, r307_policy_t policy,
                      const r307_view_t *view, const r307_decision_t *answer)
{
    const char *seen[R307_LOOP_HOPS];
    r307_decision_t decision = *answer;
    r307_view_t at = *view;
    int i, k;

    policy.trace = NULL;
    for (i = 0; i < R307_LOOP_HOPS; i++) {
        const char *shown = decision.location;

        if (decision.outcome != R307_OUTCOME_ANSWER || !shown
            || !r307_loop_next(x->p, &at, shown, &at)) {
            return 0;
        }
        for (k = 0; k < i && strcmp(seen[k], shown) != 0; k++) {
            continue;
        }
        if (k < i) {
            break;
        }
        seen[i] = shown;
        r307_decide(x->p, scope, 1, &policy, &at, &decision);
        shown = r307_text_show(x->p, shown, strlen(shown));
        if (decision.outcome == R307_OUTCOME_ANSWER) {
            printf("  then         %s: %d%s%s\n", shown, decision.status,
                   decision.location ? " -> " : "",
                   decision.location ? decision.location : "");
        }
        else {
            printf("  then         %s: %s\n", shown,
                   decision.outcome == R307_OUTCOME_REFUSE ? "refused"
                   : decision.outcome == R307_OUTCOME_LATER ? "a login first"
                   : "no rule answers");
        }
    }
    printf("  then         and so on: no browser arrives\n");
    return 1;
}

/* Splits the URL that is asked for; 0 when it is none. */
static int set_asked(explaining_t *x, r307_view_t *view)
{
    r307_slice_t path;
    r307_url_t url;

    if (!r307_path_split(x->url, &path, &view->query)) {
        return 0;
    }
    r307_url_split(x->url, strlen(x->url), &url);
    view->path = r307_path_make(x->p, path);
    x->self.scheme = url.scheme.s ? r307_slice_text(x->p, url.scheme) : "http";
    x->self.host = url.host.s ? r307_slice_text(x->p, url.host) : "localhost";
    x->self.port = (int)r307_url_port(url.port);
    if (x->self.port <= 0) {
        x->self.port = r307_url_default_port(url.scheme) == 443 ? 443 : 80;
    }
    view->asked = x->self;
    view->method = x->method;
    view->now = x->now;
    view->client = x->client;
    view->ops = &ops;
    view->baton = x;
    return 1;
}

/* The rules of the file. NULL, or why there are none. */
static const char *load(explaining_t *x)
{
    ctl_site_t site;
    const char *bad;
    int i;

    x->lines = apr_array_make(x->p, 2, sizeof(const r307_maintenance_t *));
    ctl_site_make(&site, x->p);
    site.root = x->root;
    site.keeps_maps = 1;
    site.tell = tell_map;
    site.baton = stderr;
    bad = ctl_site_load_name(&site, x->file, &x->reach);
    x->rules = APR_ARRAY_IDX(site.containers, 0, ctl_container_t).rules;
    x->ours = site.ours;
    for (i = 0; !bad && i < site.lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(site.lines, i, const ctl_line_t *);

        if (line->reach) {
            take_line(x, line);
        }
        else {                  /* the file is a map */
            bad = line->bad;
            x->skipped += (int)line->map->loaded.bad;
            x->directory = !line->is_conf;
        }
    }
    return bad;
}

static ctl_exit_t explain(explaining_t *x)
{
    r307_policy_t policy = { 1, NULL, r307_exempt_default(x->p), R307_STEPS_DEFAULT, trace,
                             1, x, NULL };
    r307_decision_t decision;
    r307_scope_t scope;
    r307_view_t view;
    ctl_exit_t result;
    const char *bad;

    bad = load(x);
    if (bad) {
        fprintf(stderr, "redirect307ctl: %s\n", bad);
        return CTL_EXIT_UNKNOWN;
    }
    if (!x->ours) {
        fprintf(stderr, "redirect307ctl: %s\n", ctl_site_empty(x->p, x->file));
        return CTL_EXIT_UNKNOWN;
    }
    if (!set_asked(x, &view)) {
        fprintf(stderr, "redirect307ctl: '%s' is not a URL; write https://host/path or "
                "/path\n", x->url);
        return CTL_EXIT_UNKNOWN;
    }
    if (x->refused) {
        printf("%s\n", x->reach.is_conf ? "httpd does not start with this file"
                                        : "500: httpd takes nothing of this file");
        return CTL_EXIT_FINDINGS;
    }
    memset(&scope, 0, sizeof(scope));
    scope.rules = x->rules;
    scope.directory = x->directory;
    scope.base = x->directory ? r307_slice(x->base, strlen(x->base))
                              : r307_slice(NULL, 0);
    if (ctl_halt_explain(x->p, (const r307_maintenance_t *const *)
                                 (const void *)x->lines->elts, x->lines->nelts,
                                 &x->reach, &view, scope.base, &x->flags_elsewhere)) {
        return x->skipped ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
    }
    r307_decide(x->p, &scope, 1, &policy, &view, &decision);
    result = print_decision(x, &decision);
    if (print_then(x, &scope, policy, &view, &decision)) {
        result = CTL_EXIT_FINDINGS;
    }
    if (x->elsewhere) {
        printf("  not asked: %d rule%s inside sections, which only the server can place\n",
               x->elsewhere, x->elsewhere == 1 ? "" : "s");
    }
    if (x->unanswered) {
        printf("  not known here: env=, expr=, file=, a flag below ServerRoot, the roll of "
               "percent= and %%{...}, which only the server can answer\n");
    }
    if (x->maps_elsewhere) {
        printf("  not asked: %d map%s that only the server can find\n", x->maps_elsewhere,
               x->maps_elsewhere == 1 ? "" : "s");
    }
    if (x->flags_elsewhere) {
        printf("  not known here: the flag of a maintenance line below ServerRoot\n");
    }
    if (x->unanswered || x->elsewhere || x->maps_elsewhere || x->flags_elsewhere) {
        return CTL_EXIT_UNKNOWN;
    }
    return x->skipped ? CTL_EXIT_FINDINGS : result;
}

/* "--header 'Name: value'". */
static int add_header(explaining_t *x, const char *text)
{
    const char *colon = strchr(text, ':');

    if (!colon || colon == text) {
        return 0;
    }
    apr_table_mergen(x->headers, apr_pstrmemdup(x->p, text, (apr_size_t)(colon - text)),
                     apr_pstrdup(x->p, colon + 1 + strspn(colon + 1, " ")));
    return 1;
}

/* What the options say. NULL, or what is wrong with one. */
static const char *take_options(explaining_t *x, const ctl_args_t *args)
{
    const char *at = ctl_args_value(args, "at"), *base = ctl_args_value(args, "base"), *bad;
    const char *method = ctl_args_value(args, "method"), *header;
    int i;

    for (i = 0; (header = ctl_args_nth(args, "header", i)) != NULL; i++) {
        if (!add_header(x, header)) {
            return apr_psprintf(x->p, "--header '%s' is no header; write --header "
                                "'Name: value'", r307_text_show(x->p, header,
                                                                strlen(header)));
        }
    }
    x->base = base ? base : "/";
    x->method = method ? method : "GET";
    x->client = ctl_args_value(args, "client");
    x->user = ctl_args_value(args, "user");
    x->root = ctl_args_value(args, "root");
    x->now = apr_time_now();
    bad = at ? r307_time_parse(x->p, at, 0, &x->now) : NULL;
    if (bad) {
        return apr_psprintf(x->p, "--at '%s' %s", r307_text_show(x->p, at, strlen(at)), bad);
    }
    return x->base[0] == '/' && x->base[strlen(x->base) - 1] == '/' ? NULL
        : "--base begins and ends with '/'";
}

ctl_exit_t ctl_cmd_explain(const ctl_args_t *args)
{
    explaining_t x = { .p = args->p };
    const char *bad;

    x.headers = apr_table_make(x.p, 8);
    x.steps = apr_array_make(x.p, 8, sizeof(const char *));
    x.file = args->count > 1 ? args->words[0] : ".htaccess";
    x.url = args->words[args->count - 1];
    bad = take_options(&x, args);
    return bad ? ctl_args_refuse(args, bad) : explain(&x);
}
