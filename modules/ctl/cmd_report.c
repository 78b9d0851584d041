/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl report --due: which rules have had their time, by what they say
 * themselves: what returns, what stays, what becomes permanent. */
#include "cmd.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl_site.h"

#include "map/image.h"

typedef struct row_t {
    const char *word, *name, *owner, *text, *place;
} row_t;

typedef struct reporting_t {
    apr_pool_t *p;
    apr_time_t now;
    apr_array_header_t *rows;
    const char *root;           /* ServerRoot, or NULL */
    int rules, unknown, files;
} reporting_t;

static const char *const words[] = {
    [R307_DUE_NOTHING] = "",
    [R307_DUE_RETURNS] = "RETURNS",
    [R307_DUE_STAYS] = "STAYS",
    [R307_DUE_PERMANENT] = "PERMANENT"
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
                            r307_plan_show_date(x->p, &plan->until, 1, x->now));
    case R307_DUE_STAYS:
        return apr_psprintf(x->p, "review was %s; write a later review=, or until=",
                            r307_plan_show_date(x->p, &plan->review, 0, x->now));
    default:
        break;
    }
    if (plan->until.text) {
        return apr_psprintf(x->p, "%d since %s; write status=%d without until= and then=",
                            plan->then, r307_plan_show_date(x->p, &plan->until, 1, x->now),
                            plan->then);
    }
    return apr_psprintf(x->p, "in force since %s; write status=308, or until=",
                        r307_plan_show_date(x->p, &plan->from, 0, x->now));
}

static void take(reporting_t *x, const r307_rule_t *rule)
{
    r307_due_t due = r307_plan_due(&rule->plan, rule->status, x->now);
    row_t *row;

    x->rules++;
    if (due == R307_DUE_NOTHING) {
        return;
    }
    row = apr_array_push(x->rows);
    row->word = words[due];
    row->name = show(x, rule->name ? rule->name : rule->source ? rule->source
                     : rule->target->text ? rule->target->text : "");
    row->owner = rule->owner ? show(x, rule->owner) : "-";
    row->text = tell(x, rule, due);
    row->place = apr_psprintf(x->p, "%s:%u", rule->place.file, rule->place.line);
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
    if (!bad && !site.ours && !found->is_walked) {
        bad = ctl_site_empty(x->p, found->name);
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

static void print(const reporting_t *x)
{
    size_t name = 0, owner = 0;
    int i;

    for (i = 0; i < x->rows->nelts; i++) {
        const row_t *row = &APR_ARRAY_IDX(x->rows, i, row_t);

        name = strlen(row->name) > name ? strlen(row->name) : name;
        owner = strlen(row->owner) > owner ? strlen(row->owner) : owner;
    }
    for (i = 0; i < x->rows->nelts; i++) {
        const row_t *row = &APR_ARRAY_IDX(x->rows, i, row_t);

        printf("%-9s  %-*s  %-*s  %s  %s\n", row->word, (int)name, row->name, (int)owner,
               row->owner, row->text, row->place);
    }
    printf("%d rule%s, %d due.\n", x->rules, x->rules == 1 ? "" : "s", x->rows->nelts);
}

ctl_exit_t ctl_cmd_report(const ctl_args_t *args)
{
    reporting_t x = { .p = args->p, .now = apr_time_now() };
    const ctl_meeting_t meeting = { take_file, unread, &x };
    const char *at = ctl_args_value(args, "at"), *bad;
    int i;

    x.rows = apr_array_make(x.p, 16, sizeof(row_t));
    x.root = ctl_args_value(args, "root");
    bad = at ? r307_time_parse(x.p, at, 0, &x.now) : NULL;
    if (bad) {
        return ctl_args_refuse(args, apr_psprintf(x.p, "--at '%s' %s", show(&x, at), bad));
    }
    if (!ctl_args_value(args, "due") || !args->count) {
        return ctl_args_refuse(args, ctl_args_value(args, "due")
            ? "no file to report; name files, directories or -"
            : "write redirect307ctl report --due FILE|DIRECTORY|- ...");
    }
    for (i = 0; i < args->count; i++) {
        ctl_reach_each(x.p, args->words[i], &meeting);
    }
    if (!x.files || (x.unknown && !x.rules)) {
        return CTL_EXIT_UNKNOWN;        /* no sum behind an error alone */
    }
    print(&x);
    if (x.unknown) {
        return CTL_EXIT_UNKNOWN;
    }
    return x.rows->nelts ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}
