/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl_httpd.h"
#include "ctl_saying.h"

#include "lint/lint_words.h"
#include "lint/lint_loop.h"
#include "lint/lint_above.h"
#include "lint/lint_chain.h"

typedef struct linting_t {
    apr_pool_t *p;
    ctl_sayings_t sayings;
    ctl_sum_t sum;
    int ours;                   /* lines of ours in what was named last */
    int files, empty;           /* empty: named, and nothing to check in it */
    int directory;              /* the file at hand is a .htaccess */
    const char *map;            /* the name of the one that was told of last */
    const char *root;           /* ServerRoot, or NULL */
} linting_t;

static void say(linting_t *linting, ctl_saying_kind_t kind, r307_place_t place,
                const char *directive, const char *id, const char *text)
{
    ctl_saying_t saying = { kind, place.file, place.line, directive, id, text, 0 };

    ctl_sayings_add(&linting->sayings, &saying);
}

static void say_line(linting_t *linting, ctl_saying_kind_t kind, const ctl_line_t *line,
                     const char *id, const char *text)
{
    say(linting, kind, line->place, line->directive, id, text);
}

/* A file in which there was nothing to look at. */
static void say_empty(linting_t *linting, const char *name, const char *text)
{
    r307_place_t place = { r307_text_show(linting->p, name, strlen(name)), 0 };

    say(linting, CTL_SAYING_UNREAD, place, NULL, NULL, apr_pstrdup(linting->p, text));
}

static void unread(void *baton, const char *name, const char *why)
{
    linting_t *linting = baton;

    linting->sum.unreadable++;
    say_empty(linting, name, why);
}

/* What only the server knows. */
static void say_untold(linting_t *linting, const ctl_line_t *line)
{
    linting->sum.unknown++;
    say_line(linting, CTL_SAYING_UNTOLD, line, NULL, line->untold);
}

static void say_finding(linting_t *linting, const ctl_line_t *line, const char *text)
{
    linting->sum.findings++;
    say_line(linting, line->bad ? CTL_SAYING_ERROR : CTL_SAYING_WARNING, line, NULL, text);
}

/* Doubts about a rule that is right by the grammar; how many count as findings. */
static int audit(linting_t *linting, const ctl_line_t *line)
{
    apr_array_header_t *doubts = apr_array_make(linting->p, 2, sizeof(r307_doubt_t));
    int i, count = 0;

    r307_lint_line(linting->p, line->rule, R307_LIST_UNKNOWN, doubts);
    r307_lint_plan(linting->p, line->rule, apr_time_now(), doubts);
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        const r307_finding_row_t *row = r307_finding_row(doubt->finding);
        int is_note = row->severity == R307_SEVERITY_NOTE;

        say_line(linting, is_note ? CTL_SAYING_NOTE : CTL_SAYING_WARNING, line, row->id,
                 doubt->text);
        count += !is_note;
    }
    linting->sum.findings += count;
    linting->sum.notes += doubts->nelts - count;
    return count;
}

/* What stands in for a bad line is not the line. */
static int is_bad(const ctl_site_t *site, const r307_rule_t *rule)
{
    int i;

    for (i = 0; i < site->lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(site->lines, i, const ctl_line_t *);

        if (line->kind == CTL_LINE_BAD && line->place.line == rule->place.line) {
            return 1;
        }
    }
    return 0;
}

/* Where the rules of one container of the file lead together, and which of them others
 * leave nothing to. */
static void audit_together(linting_t *linting, const ctl_site_t *site,
                           const r307_ruleset_t *rules)
{
    static const r307_loop_site_t asked = { { "http", "localhost", 80 }, 1, 0 };
    apr_array_header_t *doubts = apr_array_make(linting->p, 2, sizeof(r307_doubt_t));
    r307_scope_t scope;
    int i;

    memset(&scope, 0, sizeof(scope));
    scope.rules = rules;
    scope.directory = linting->directory;
    scope.base = linting->directory ? r307_slice("/", 1) : r307_slice(NULL, 0);
    r307_loop_audit(linting->p, &scope, 1, &asked, doubts);
    r307_above_audit(linting->p, rules, doubts);
    r307_chain_audit(linting->p, &scope, 1, &asked, doubts);
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        const r307_finding_row_t *row = r307_finding_row(doubt->finding);
        int is_note = row->severity == R307_SEVERITY_NOTE;

        if (doubt->rule->target->kind == R307_TARGET_STOP && is_bad(site, doubt->rule)) {
            continue;
        }
        say(linting, is_note ? CTL_SAYING_NOTE : CTL_SAYING_WARNING, doubt->rule->place,
            NULL, row->id, doubt->text);
        linting->sum.findings += !is_note;
        linting->sum.notes += is_note;
    }
}

/* A map's own lines are told behind what was said of the line that names it. */
static void say_map(void *baton, const ctl_line_t *line, const ctl_told_t *told)
{
    static const ctl_saying_kind_t kinds[] = {
        [CTL_TOLD_BAD] = CTL_SAYING_ERROR,
        [CTL_TOLD_FINDING] = CTL_SAYING_WARNING,
        [CTL_TOLD_NOTE] = CTL_SAYING_NOTE
    };
    linting_t *linting = baton;
    r307_place_t place = { linting->map, told->line };

    if (!place.file || strcmp(place.file, told->file) != 0) {   /* it goes with the map */
        place.file = linting->map = apr_pstrdup(linting->p, told->file);
    }
    say(linting, kinds[told->kind], place, NULL, told->id,
        apr_pstrdup(linting->p, told->text));
}

static void lint_map(linting_t *linting, const ctl_maploaded_t *loaded)
{
    linting->sum.findings += (int)(loaded->bad + loaded->findings);
    linting->sum.notes += (int)loaded->notes;
    linting->sum.fine += (int)(loaded->rules - loaded->stays - loaded->doubted);
}

static void lint_maintenance(linting_t *linting, const ctl_line_t *line)
{
    const char *doubt = r307_maintenance_doubt(linting->p, line->maintenance,
                                               !line->is_conf);

    if (doubt) {
        say_finding(linting, line, doubt);
    }
    else if (!line->is_conf) {      /* what no look at the file can tell */
        say_line(linting, CTL_SAYING_NOTE, line, NULL,
                 "a .htaccess does not reach URLs that the server gives to a proxy "
                 "(ProxyPass, RewriteRule [P]); a line in httpd.conf closes those, too");
        linting->sum.notes++;
    }
    linting->sum.fine += !doubt && !line->untold;
}

static void lint_line(linting_t *linting, const ctl_line_t *line)
{
    switch (line->kind) {
    case CTL_LINE_BAD:
        say_finding(linting, line, line->bad);
        return;
    case CTL_LINE_RULE:
        linting->sum.fine += !audit(linting, line) && !line->untold;
        break;
    case CTL_LINE_MAP:
        if (!line->map->bad) {
            lint_map(linting, &line->map->loaded);
        }
        break;
    case CTL_LINE_MAINTENANCE:
        lint_maintenance(linting, line);
        break;
    default:
        break;
    }
    if (line->untold) {
        say_untold(linting, line);
    }
}

/* Of the file at hand, which was loaded. */
static void lint_lines(linting_t *linting, const ctl_site_t *site, const char *bad)
{
    const ctl_container_t *outside = &APR_ARRAY_IDX(site->containers, 0, ctl_container_t);
    int i;

    for (i = 0; !bad && i < site->lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(site->lines, i, const ctl_line_t *);

        if (!line->reach && line->bad) {    /* a map of the command line says its name */
            linting->sum.findings++;
            say(linting, CTL_SAYING_ERROR, (r307_place_t){ NULL, 0 }, NULL, NULL, line->bad);
        }
        else {
            lint_line(linting, line);
        }
        linting->directory = !line->is_conf;
    }
    if (outside->rules->rules->nelts) {
        audit_together(linting, site, outside->rules);
    }
}

static void lint_file(void *baton, const ctl_named_t *found)
{
    linting_t *linting = baton;
    ctl_reach_t reach;
    ctl_site_t site;
    const char *bad;

    linting->files++;
    ctl_site_make(&site, linting->p);
    site.root = linting->root;
    site.wants_doubts = 1;
    site.tell = say_map;
    site.baton = linting;
    bad = ctl_site_load(&site, found, &reach);
    linting->ours += site.ours;
    lint_lines(linting, &site, bad);
    ctl_sayings_flush(&linting->sayings);
    if (bad) {
        unread(linting, found->path, bad);
    }
}

/* --- the whole of an httpd --- */

static void audit_blocks(linting_t *linting, const ctl_site_t *site,
                         const r307_blocks_t *blocks)
{
    int i;

    for (i = 0; blocks && i < blocks->count; i++) {
        audit_together(linting, site, blocks->at[i]->rules);
    }
}

static void audit_parts(linting_t *linting, const ctl_site_t *site,
                        const apr_array_header_t *sections)
{
    int i;

    for (i = 0; i < sections->nelts; i++) {
        const r307_area_section_t *section = APR_ARRAY_IDX(sections, i,
                                                           r307_area_section_t *);

        audit_blocks(linting, site, section->part.conf->early);
        audit_blocks(linting, site, section->part.conf->late);
    }
}

static void audit_server(linting_t *linting, const ctl_site_t *site,
                         const r307_server_t *server)
{
    audit_blocks(linting, site, server->part.conf->early);
    audit_parts(linting, site, server->directories);
    audit_parts(linting, site, server->locations);
}

static void say_problems(linting_t *linting, const apr_array_header_t *problems)
{
    int i;

    for (i = 0; i < problems->nelts; i++) {
        const r307_problem_t *problem = &APR_ARRAY_IDX(problems, i, r307_problem_t);

        linting->sum.findings++;
        say(linting, CTL_SAYING_ERROR, (r307_place_t){ problem->file, problem->line }, NULL,
            NULL, problem->text);
    }
}

/* httpd.conf with all that it includes. */
static void lint_httpd(linting_t *linting, const ctl_args_t *args)
{
    ctl_httpd_t *x = apr_palloc(linting->p, sizeof(*x));
    const char *bad;
    int i;

    linting->files++;
    ctl_httpd_make(x, linting->p);
    x->lines.wants_doubts = 1;
    x->lines.tell = say_map;
    x->lines.baton = linting;
    bad = ctl_httpd_load(x, args);
    if (bad) {
        unread(linting, x->file ? x->file : "httpd.conf", bad);
        return;
    }
    linting->ours = x->lines.ours;
    ctl_httpd_check(x);
    say_problems(linting, x->tree.problems);
    lint_lines(linting, &x->lines, NULL);
    audit_server(linting, &x->lines, x->site.main);
    for (i = 0; i < x->site.hosts->nelts; i++) {
        audit_server(linting, &x->lines,
                     APR_ARRAY_IDX(x->site.hosts, i, const r307_server_t *));
    }
    ctl_sayings_flush(&linting->sayings);
    if (!linting->ours) {
        linting->empty++;
        say_empty(linting, x->file, ctl_site_empty(linting->p, x->file));
    }
}

/* --- what was named --- */

/* What was named, and whether there was anything to check in it. */
static void lint_named(linting_t *linting, const char *name)
{
    const ctl_meeting_t meeting = { lint_file, unread, linting };
    int files = linting->files, unreadable = linting->sum.unreadable;

    linting->ours = 0;
    ctl_reach_each(linting->p, name, &meeting);
    if (linting->ours || linting->sum.unreadable != unreadable) {
        return;
    }
    linting->empty++;
    say_empty(linting, name, linting->files == files
               ? apr_pstrcat(linting->p, r307_text_show(linting->p, name, strlen(name)),
                             ": no .htaccess found", NULL)
               : ctl_site_empty(linting->p, name));
}

ctl_exit_t ctl_cmd_lint(const ctl_args_t *args)
{
    linting_t linting = { .p = args->p };
    ctl_sum_t *sum = &linting.sum;
    const char *bad;
    int i;

    linting.root = ctl_args_value(args, "root");
    if (args->count && (ctl_args_value(args, "f") || ctl_args_value(args, "D"))) {
        return ctl_args_refuse(args, "-f and -D are of a whole httpd, and a file stands "
                                     "behind them; leave one of them out");
    }
    bad = ctl_sayings_begin(&linting.sayings, args);
    if (bad) {
        return ctl_args_refuse(args, bad);
    }
    if (!args->count) {
        lint_httpd(&linting, args);
    }
    for (i = 0; i < args->count; i++) {
        lint_named(&linting, args->words[i]);
    }
    sum->is_nothing = !linting.files
        || (!sum->findings && !sum->fine && !sum->notes && !sum->unknown
            && sum->unreadable + linting.empty);
    ctl_sayings_end(&linting.sayings, sum);
    if (sum->unknown || sum->unreadable || linting.empty) {
        return CTL_EXIT_UNKNOWN;
    }
    return sum->findings ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}
