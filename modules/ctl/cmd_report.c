/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl report --due: which rules have had their time, by what they say
 * themselves: what returns, what stays, what becomes permanent. */
#include "ctl.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "ctl_file.h"
#include "ctl_map.h"
#include "maintenance/maintenance.h"

#include "map/image.h"

typedef struct row_t {
    const char *word, *name, *owner, *text, *place;
} row_t;

typedef struct reporting_t {
    apr_pool_t *p;
    apr_time_t now;
    apr_array_header_t *rows;
    const char *root;           /* ServerRoot, or NULL */
    int rules, skipped, unknown, files;
    int ours;                   /* lines of ours in the file at hand */
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

/* A map that somebody named, or (of != NULL) that a line of a file names. */
static const char *take_map(reporting_t *x, r307_mapdef_t *def, const char *file,
                            const ctl_reach_t *of)
{
    ctl_maploaded_t loaded;
    r307_context_t context;
    ctl_reached_t reached;
    const ctl_teller_t teller = { ctl_map_tell, stderr, 0 };
    const r307_image_t *image;
    const char *bad = of ? ctl_map_of(x->p, def, of, &teller, &loaded, &reached)
                         : ctl_map_named(x->p, def, file, &teller, &loaded, &reached);
    apr_pool_t *one;
    apr_uint32_t i;

    if (bad) {
        x->unknown += of && reached == CTL_REACH_UNKNOWN;
        return bad;
    }
    r307_map_context(def, &context);
    bad = r307_image_attach(x->p, loaded.bytes, &context, loaded.name, &image);
    if (bad) {
        return bad;
    }
    x->skipped += (int)loaded.bad;
    x->ours += loaded.bad || loaded.rules;
    apr_pool_create(&one, x->p);
    for (i = 0; i < r307_image_count(image); i++) {
        const r307_rule_t *rule = r307_image_rule(one, image, i);

        if (rule) {
            take(x, rule);
        }
        apr_pool_clear(one);
    }
    apr_pool_destroy(one);
    return NULL;
}

static const char *take_map_line(reporting_t *x, const ctl_met_t *what)
{
    r307_mapdef_t def;
    const char *bad = r307_map_parse(x->p, what->args, &what->context, &def);

    if (!bad && ctl_reach_is_elsewhere(what->reach, def.file)) {
        x->unknown++;
        return "is a map that only the server can find; name its file to report it, or say "
               "what ServerRoot is: --root DIR";
    }
    return bad ? bad : take_map(x, &def, NULL, what->reach);
}

/* A maintenance line is over as a rule is. */
static const char *take_maintenance(reporting_t *x, const ctl_met_t *what)
{
    r307_maintenance_t *line;
    const char *bad = r307_maintenance_parse(x->p, what->args, what->place, &what->context,
                                             &line);
    r307_rule_t rule;

    if (!bad) {
        rule = line->rule;
        rule.plan.until.text = line->until ? "" : NULL;     /* shown to the minute */
        rule.plan.until.when = line->until;
        rule.plan.then = R307_THEN_UNSET;
        take(x, &rule);
    }
    return bad;
}

static void met(void *baton, const ctl_met_t *what)
{
    reporting_t *x = baton;
    const r307_rule_t *rule = NULL;
    const char *bad = ctl_file_check(x->p, what);

    x->ours++;
    if (bad) {
        ;
    }
    else if (ctl_file_is(what, R307_LINE_RULE)) {
        bad = r307_line_parse(x->p, what->args, what->place, &what->context, &rule);
        if (rule) {
            take(x, rule);
        }
    }
    else if (ctl_file_is(what, R307_LINE_MAP)) {
        bad = take_map_line(x, what);
    }
    else if (ctl_file_is(what, R307_LINE_MAINTENANCE)) {
        bad = take_maintenance(x, what);
    }
    if (bad) {
        x->skipped++;
        fprintf(stderr, "%s:%u: %s: %s\n", what->place.file, what->place.line,
                what->directive, bad);
    }
}

static void take_file(void *baton, const ctl_named_t *found)
{
    reporting_t *x = baton;
    ctl_reach_t reach;
    r307_mapdef_t def;
    const char *bad;

    x->files++;
    x->ours = 0;
    if (ctl_map_is(found->path)) {
        bad = ctl_map_plain(x->p, found->path, "", &def);
        bad = bad ? bad : take_map(x, &def, found->path, NULL);
    }
    else {
        bad = ctl_reach_read(x->p, found, &reach);
        reach.root = x->root;
        if (!bad) {
            ctl_file_read(x->p, &reach, met, x);
        }
    }
    if (!bad && !x->ours && !found->is_walked) {
        bad = apr_psprintf(x->p, "%s: has no line of Redirect307 and no rule; is it what was "
                           "meant?", found->name);
    }
    if (bad) {
        x->unknown++;
        fprintf(stderr, "redirect307ctl: %s\n", bad);
    }
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

ctl_exit_t ctl_cmd_report(apr_pool_t *p, int argc, const char *const *argv)
{
    static const char *const options[] = { "--due", "--at", "--root", NULL };
    reporting_t x = { .p = p, .now = apr_time_now() };
    int i, is_due = 0;

    x.rows = apr_array_make(p, 16, sizeof(row_t));
    for (i = 0; i < argc; i++) {
        const char *bad = NULL;

        if (strcmp(argv[i], "--due") == 0) {
            is_due = 1;
        }
        else if (strcmp(argv[i], "--at") == 0 && i + 1 < argc) {
            bad = r307_time_parse(p, argv[++i], 0, &x.now);
        }
        else if (strcmp(argv[i], "--root") == 0 && i + 1 < argc) {
            x.root = argv[++i];
        }
        else if (argv[i][0] == '-' && argv[i][1]) {
            return ctl_main_refuse(p, "report", argv[i], options);
        }
        else if (!ctl_reach_each(p, argv[i], take_file, &x)) {
            x.unknown++;
        }
        if (bad) {
            fprintf(stderr, "redirect307ctl report: '%s' %s\n",
                    r307_text_show(p, argv[i], strlen(argv[i])), bad);
            return CTL_EXIT_UNKNOWN;
        }
    }
    if (!is_due || x.files == 0) {
        fprintf(stderr, "redirect307ctl report: %s\n", is_due
                ? "no file to report; name files, directories or -"
                : "write redirect307ctl report --due FILE|DIRECTORY|- ...");
        return CTL_EXIT_UNKNOWN;
    }
    print(&x);
    if (x.unknown) {
        return CTL_EXIT_UNKNOWN;
    }
    return x.rows->nelts ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}
