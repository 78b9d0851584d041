/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl_halt.h"
#include "ctl_print.h"
#include "ctl_site.h"
#include "ctl_asked.h"


typedef struct explaining_t {
    apr_pool_t *p;
    const char *file, *base, *root;
    ctl_asked_t asked;
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
    ctl_reach_t reach;          /* the file, as it was read */
} explaining_t;

static void tell_map(void *baton, const ctl_line_t *line, const ctl_told_t *told)
{
    explaining_t *x = baton;

    ctl_print(stderr, ctl_told_say(x->p, told));
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
    site.baton = x;
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
    r307_policy_t policy = { 1, NULL, r307_exempt_default(x->p), R307_STEPS_DEFAULT,
                             ctl_asked_trace, 1, &x->asked, NULL };
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
    if (!ctl_asked_set(&x->asked, &view)) {
        fprintf(stderr, "redirect307ctl: '%s' is not a URL; write https://host/path or "
                "/path\n", x->asked.url);
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
    result = ctl_asked_print(&x->asked, &decision);
    if (ctl_asked_then(&x->asked, &scope, 1, policy, &view, &decision)) {
        result = CTL_EXIT_FINDINGS;
    }
    if (x->elsewhere) {
        printf("  not asked: %d rule%s inside sections, which only the server can place\n",
               x->elsewhere, x->elsewhere == 1 ? "" : "s");
    }
    if (x->asked.unanswered->nelts) {
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
    if (x->asked.unanswered->nelts || x->elsewhere || x->maps_elsewhere || x->flags_elsewhere) {
        return CTL_EXIT_UNKNOWN;
    }
    return x->skipped ? CTL_EXIT_FINDINGS : result;
}

ctl_exit_t ctl_cmd_explain(const ctl_args_t *args)
{
    explaining_t x = { .p = args->p };
    const char *base = ctl_args_value(args, "base"), *bad;

    if (ctl_args_value(args, "live")) {
        return ctl_cmd_explain_live(args);
    }
    if (args->count == 1) {
        return ctl_cmd_explain_site(args);
    }
    if (ctl_args_value(args, "f") || ctl_args_value(args, "D")) {
        return ctl_args_refuse(args, "-f and -D are of a whole httpd, and a file stands "
                                     "behind them; leave one of them out");
    }
    bad = ctl_asked_options(&x.asked, args);
    x.file = args->words[0];
    x.asked.url = args->words[args->count - 1];
    x.root = ctl_args_value(args, "root");
    x.base = base ? base : "/";
    if (!bad && (x.base[0] != '/' || x.base[strlen(x.base) - 1] != '/')) {
        bad = "--base begins and ends with '/'";
    }
    return bad ? ctl_args_refuse(args, bad) : explain(&x);
}
