/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl report: which rules have had their time, or will have it soon, by what
 * they say themselves: what returns, what stays, what becomes permanent. */
#include "cmd.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl_due.h"
#include "ctl_httpd.h"
#include "ctl_unused.h"

#include "map/image.h"

typedef struct reporting_t {
    apr_pool_t *p;
    ctl_dues_t dues;
    int wants_due;              /* what is due now */
    apr_time_t by;              /* and what comes until then; 0: nothing */
    ctl_unused_t *unused;       /* and what is not used any more; NULL: not asked */
    const char *root;           /* ServerRoot, or NULL */
    int unknown, files;
} reporting_t;

static const char *const words[] = {
    [R307_DUE_NOTHING] = "",
    [R307_DUE_RETURNS] = "RETURNS",
    [R307_DUE_STAYS] = "STAYS",
    [R307_DUE_PERMANENT] = "PERMANENT"
};

static const char *const nexts[] = {
    [R307_NEXT_NOTHING] = "",
    [R307_NEXT_BEGINS] = "BEGINS",
    [R307_NEXT_ENDS] = "ENDS",
    [R307_NEXT_REVIEW] = "REVIEW"
};

static const char *show(reporting_t *x, const char *text)
{
    return r307_text_show(x->p, text, strlen(text));
}

/* What is due, and what to do about it. */
static const char *tell(reporting_t *x, const r307_rule_t *rule, r307_due_t due)
{
    const r307_plan_t *plan = &rule->plan;

    switch (due) {
    case R307_DUE_RETURNS:
        return apr_psprintf(x->p, "ended %s; take the line out, or write a later until=",
                            r307_plan_show_date(x->p, &plan->until, 1, x->dues.now));
    case R307_DUE_STAYS:
        return apr_psprintf(x->p, "review was %s; write a later review=, or until=",
                            r307_plan_show_date(x->p, &plan->review, 0, x->dues.now));
    default:
        break;
    }
    if (plan->until.text) {
        return apr_psprintf(x->p, "%d since %s; write status=%d without until= and then=",
                            plan->then,
                            r307_plan_show_date(x->p, &plan->until, 1, x->dues.now),
                            plan->then);
    }
    return apr_psprintf(x->p, "in force since %s; write status=308, or until=",
                        r307_plan_show_date(x->p, &plan->from, 0, x->dues.now));
}

/* The date that it is due by. */
static r307_date_t date_of(const r307_rule_t *rule, r307_due_t due)
{
    const r307_plan_t *plan = &rule->plan;

    return due == R307_DUE_STAYS ? plan->review
        : plan->until.text ? plan->until : plan->from;
}

static ctl_due_t *add(reporting_t *x, const r307_rule_t *rule, const char *word,
                      const r307_date_t *date)
{
    ctl_due_t *row = apr_array_push(x->dues.rows);

    ctl_due_set(&x->dues, rule, word, date, row);
    return row;
}

/* What comes, and what will be then. */
static const char *tell_next(reporting_t *x, const r307_rule_t *rule, r307_next_t next,
                             const r307_date_t *date)
{
    const char *when = r307_plan_show_date(x->p, date, next == R307_NEXT_ENDS,
                                           x->dues.now);

    switch (next) {
    case R307_NEXT_BEGINS:
        return apr_pstrcat(x->p, "begins ", when, NULL);
    case R307_NEXT_REVIEW:
        return apr_pstrcat(x->p, "review is ", when, NULL);
    default:
        break;
    }
    return rule->plan.then > R307_THEN_STOP
        ? apr_psprintf(x->p, "ends %s, and answers %d from then on", when,
                       rule->plan.then)
        : apr_pstrcat(x->p, "ends ", when, NULL);
}

static void take(reporting_t *x, const r307_rule_t *rule)
{
    r307_due_t due = r307_plan_due(&rule->plan, rule->status, x->dues.now);
    const r307_date_t *date = NULL;
    r307_date_t when;
    r307_next_t next;

    x->dues.rules++;
    if (x->wants_due && due != R307_DUE_NOTHING) {
        when = date_of(rule, due);
        add(x, rule, words[due], &when)->text = tell(x, rule, due);
    }
    if (!x->by || due == R307_DUE_RETURNS) {
        return;
    }
    next = r307_plan_next(&rule->plan, x->dues.now, x->by, &date);
    if (next != R307_NEXT_NOTHING) {
        add(x, rule, nexts[next], date)->text = tell_next(x, rule, next, date);
    }
}

static void take_map(reporting_t *x, const r307_image_t *image)
{
    apr_pool_t *one;
    apr_uint32_t i;

    apr_pool_create(&one, x->p);
    for (i = 0; i < r307_image_count(image); i++) {
        const r307_rule_t *rule = r307_image_rule(one, image, i);

        if (rule) {
            take(x, rule);
        }
        apr_pool_clear(one);
    }
    apr_pool_destroy(one);
}

/* A maintenance line is over as a rule is. */
static void take_maintenance(reporting_t *x, const r307_maintenance_t *line)
{
    r307_rule_t rule = line->rule;

    rule.plan.until.text = line->until ? "" : NULL;     /* shown to the minute */
    rule.plan.until.when = line->until;
    rule.plan.then = R307_THEN_UNSET;
    take(x, &rule);
}

static void take_line(reporting_t *x, const ctl_line_t *line)
{
    const char *bad = line->bad;

    if (line->rule) {
        take(x, line->rule);
    }
    if (line->kind == CTL_LINE_MAINTENANCE) {
        take_maintenance(x, line->maintenance);
    }
    if (line->kind == CTL_LINE_MAP && line->map->image) {
        take_map(x, line->map->image);
    }
    if (line->kind == CTL_LINE_MAP && line->map->bad && line->reach) {
        bad = line->map->bad;
        x->unknown++;
    }
    if (bad) {
        fputs(ctl_line_say(x->p, line, bad), stderr);
    }
}

/* --- who is not sent any more --- */

static void end_unused(reporting_t *x, const char *name)
{
    const char *bad = ctl_unused_end(x->unused);

    if (bad) {
        x->unknown++;
        fprintf(stderr, "redirect307ctl: %s: %s\n", show(x, name), bad);
    }
}

/* The path of a map, as the server makes it of the line that names it. */
static const char *map_path(reporting_t *x, const ctl_line_t *line, const char *path)
{
    const char *file = line->map->def.file;

    if (!line->reach || *file == '/') {
        return line->reach ? file : path;
    }
    return ctl_unused_path(x->p, apr_pstrcat(x->p, line->is_conf
                                             ? line->reach->root
                                             : line->reach->directory, "/", file, NULL));
}

static void look_unused_map(reporting_t *x, const ctl_line_t *line, const char *path)
{
    const r307_image_t *image = line->map->image;
    apr_pool_t *one;
    apr_uint32_t i;

    path = map_path(x, line, path);
    apr_pool_create(&one, x->p);
    ctl_unused_begin(x->unused, path, path);
    for (i = 0; i < r307_image_count(image); i++) {
        const r307_rule_t *rule = r307_image_rule(one, image, i);

        if (rule) {
            ctl_unused_take(x->unused, rule);
        }
        apr_pool_clear(one);
    }
    end_unused(x, path);
    apr_pool_destroy(one);
}

/* Rules of httpd.conf are known by their virtual host, which a file does not tell. */
static void look_unused(reporting_t *x, const ctl_site_t *site, const char *name)
{
    const char *path = ctl_unused_path(x->p, name), *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 0;
    int i, in_conf = 0;

    ctl_unused_begin(x->unused, apr_pstrmemdup(x->p, path, len), path);
    for (i = 0; i < site->lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(site->lines, i, const ctl_line_t *);

        in_conf += line->rule && line->is_conf;
        if (line->rule && !line->is_conf) {
            ctl_unused_take(x->unused, line->rule);
        }
    }
    end_unused(x, path);
    for (i = 0; i < site->lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(site->lines, i, const ctl_line_t *);

        if (line->kind == CTL_LINE_MAP && line->map->image) {
            look_unused_map(x, line, path);
        }
    }
    if (in_conf) {
        x->unknown++;
        fprintf(stderr, "redirect307ctl: %s: which of its rules are unused cannot be told; "
                "it can of .htaccess files and maps\n", show(x, path));
    }
}

static void tell_map(void *baton, const ctl_line_t *line, const ctl_told_t *told)
{
    reporting_t *x = baton;

    fputs(ctl_told_say(x->p, told), stderr);
}

static void take_file(void *baton, const ctl_named_t *found)
{
    reporting_t *x = baton;
    ctl_reach_t reach;
    ctl_site_t site;
    const char *bad;
    int i;

    x->files++;
    ctl_site_make(&site, x->p);
    site.root = x->root;
    site.keeps_maps = 1;
    site.tell = tell_map;
    site.baton = x;
    bad = ctl_site_load(&site, found, &reach);
    for (i = 0; !bad && i < site.lines->nelts; i++) {
        take_line(x, APR_ARRAY_IDX(site.lines, i, const ctl_line_t *));
    }
    if (!bad && x->unused) {
        look_unused(x, &site, found->path);
    }
    if (!bad && !site.ours && !found->is_walked) {
        bad = ctl_site_empty(x->p, found->name);
    }
    if (bad) {
        x->unknown++;
        fprintf(stderr, "redirect307ctl: %s\n", bad);
    }
}

/* All of httpd.conf. */
static void take_httpd(reporting_t *x, const ctl_args_t *args)
{
    ctl_httpd_t *httpd = apr_palloc(x->p, sizeof(*httpd));
    const char *bad;
    int i;

    x->files++;
    ctl_httpd_make(httpd, x->p);
    httpd->lines.tell = tell_map;
    httpd->lines.baton = x;
    bad = ctl_httpd_load(httpd, args);
    for (i = 0; !bad && i < httpd->lines.lines->nelts; i++) {
        take_line(x, APR_ARRAY_IDX(httpd->lines.lines, i, const ctl_line_t *));
    }
    if (!bad && x->unused) {
        look_unused(x, &httpd->lines, httpd->file);
    }
    if (!bad && !httpd->lines.ours) {
        bad = ctl_site_empty(x->p, httpd->file);
    }
    if (bad) {
        x->unknown++;
        fprintf(stderr, "redirect307ctl: %s\n", bad);
    }
}

static void unread(void *baton, const char *name, const char *why)
{
    reporting_t *x = baton;

    x->unknown++;
    fprintf(stderr, "redirect307ctl: %s\n", why);
}

/* Who wrote the lines. */
static void ask_git(reporting_t *x)
{
    const char *file = "", *said = "";
    int i;

    for (i = 0; i < x->dues.rows->nelts; i++) {
        ctl_due_t *row = &APR_ARRAY_IDX(x->dues.rows, i, ctl_due_t);
        const char *bad = ctl_blame_find(x->p, row->file, row->line, &row->blame);

        if (bad && (strcmp(bad, said) != 0 || strcmp(row->file, file) != 0)) {
            fprintf(stderr, "redirect307ctl: %s:%u: %s\n", row->file, row->line, bad);
            file = row->file;
            said = bad;
        }
    }
}

static const char *set_unused(reporting_t *x, const ctl_args_t *args)
{
    const char *unused = ctl_args_value(args, "unused"), *bad;
    const char *hits = ctl_args_value(args, "hits");
    apr_time_t length;

    if (!unused) {
        return hits ? "--hits is for --unused 180d; write both" : NULL;
    }
    if (!hits) {
        return "--unused needs the hits that a server keeps; write --hits FILE, which is "
               "what Redirect307Hits on keep=FILE names";
    }
    bad = r307_duration_parse(x->p, unused, &length);
    if (bad) {
        return apr_psprintf(x->p, "--unused '%s' %s", show(x, unused), bad);
    }
    x->unused = apr_palloc(x->p, sizeof(*x->unused));
    return ctl_unused_load(x->unused, &x->dues, hits, length);
}

/* NULL, or what is wrong with the options. */
static const char *set_options(reporting_t *x, const ctl_args_t *args,
                               const ctl_due_format_t **format)
{
    const char *at = ctl_args_value(args, "at"), *within = ctl_args_value(args, "within");
    const char *name = ctl_args_value(args, "format"), *bad;
    apr_time_t length = 0;

    x->root = ctl_args_value(args, "root");
    x->wants_due = ctl_args_value(args, "due") != NULL;
    x->dues.has_next = within != NULL;
    bad = at ? r307_time_parse(x->p, at, 0, &x->dues.now) : NULL;
    if (bad) {
        return apr_psprintf(x->p, "--at '%s' %s", show(x, at), bad);
    }
    bad = within ? r307_duration_parse(x->p, within, &length) : NULL;
    if (bad) {
        return apr_psprintf(x->p, "--within '%s' %s", show(x, within), bad);
    }
    x->by = within ? x->dues.now + length : 0;
    bad = set_unused(x, args);
    if (bad) {
        return bad;
    }
    *format = ctl_due_format_find(name ? name : "text");
    if (!*format) {
        return apr_psprintf(x->p, "--format '%s' is none of these; write %s",
                            show(x, name), "text, json, csv or ics");
    }
    if (!x->wants_due && !within && !x->unused) {
        return "write redirect307ctl report --due FILE|DIRECTORY|- ...";
    }
    if (args->count && (ctl_args_value(args, "f") || ctl_args_value(args, "D"))) {
        return "-f and -D are of a whole httpd, and a file stands behind them; leave one of "
               "them out";
    }
    return NULL;
}

ctl_exit_t ctl_cmd_report(const ctl_args_t *args)
{
    reporting_t x = { .p = args->p };
    const ctl_meeting_t meeting = { take_file, unread, &x };
    const ctl_due_format_t *format;
    const char *bad;
    int i;

    x.dues.p = x.p;
    x.dues.now = apr_time_now();
    x.dues.rows = apr_array_make(x.p, 16, sizeof(ctl_due_t));
    bad = set_options(&x, args, &format);
    if (bad) {
        return ctl_args_refuse(args, bad);
    }
    if (!args->count) {
        take_httpd(&x, args);
    }
    for (i = 0; i < args->count; i++) {
        ctl_reach_each(x.p, args->words[i], &meeting);
    }
    if (!x.files || (x.unknown && !x.dues.rules)) {
        return CTL_EXIT_UNKNOWN;        /* no sum behind an error alone */
    }
    if (ctl_args_value(args, "blame")) {
        ask_git(&x);
    }
    format->print(&x.dues);
    if (x.unknown) {
        return CTL_EXIT_UNKNOWN;
    }
    return x.dues.rows->nelts ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}
