/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl_httpd.h"
#include "ctl_print.h"

#include "lint/lint_words.h"
#include "lint/lint_loop.h"
#include "lint/lint_above.h"
#include "lint/lint_chain.h"

/* One thing to say of the file at hand, or of the files of an httpd. */
typedef struct saying_t {
    const char *file;           /* NULL: before all others */
    unsigned line;
    int nth;
    const char *text;
} saying_t;

typedef struct linting_t {
    apr_pool_t *p;
    apr_array_header_t *sayings;    /* of saying_t: of the file at hand */
    int ours;                   /* lines of ours in what was named last */
    int findings, notes, fine, unknown, files;
    int unreadable, empty;      /* of what was named: it has nothing to check */
    int directory;              /* it is a .htaccess */
    const char *root;           /* ServerRoot, or NULL */
} linting_t;

static void say(linting_t *linting, r307_place_t place, const char *text)
{
    saying_t *saying = apr_array_push(linting->sayings);

    saying->file = place.file;
    saying->line = place.line;
    saying->nth = linting->sayings->nelts;
    saying->text = text;
}

static int by_line(const void *a, const void *b)
{
    const saying_t *x = a, *y = b;
    int order = strcmp(x->file ? x->file : "", y->file ? y->file : "");

    return order ? order
        : x->line != y->line ? (x->line > y->line ? 1 : -1) : x->nth - y->nth;
}

/* In the order of the lines, whenever it was found. */
static void print_sayings(linting_t *linting)
{
    int i;

    qsort(linting->sayings->elts, (size_t)linting->sayings->nelts, sizeof(saying_t),
          by_line);
    for (i = 0; i < linting->sayings->nelts; i++) {
        ctl_print(stdout, APR_ARRAY_IDX(linting->sayings, i, saying_t).text);
    }
}

/* What only the server knows. */
static void say_untold(linting_t *linting, const ctl_line_t *line)
{
    linting->unknown++;
    say(linting, line->place,
        ctl_line_say(linting->p, line, apr_pstrcat(linting->p, "cannot tell: ",
                                                   line->untold, NULL)));
}

static void say_finding(linting_t *linting, const ctl_line_t *line, const char *text)
{
    linting->findings++;
    say(linting, line->place, ctl_line_say(linting->p, line, text));
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
        int is_note = r307_finding_row(doubt->finding)->severity == R307_SEVERITY_NOTE;

        say(linting, line->place,
            ctl_line_say(linting->p, line, apr_pstrcat(linting->p, is_note ? "note: " : "",
                                                       doubt->text, NULL)));
        count += !is_note;
    }
    linting->findings += count;
    linting->notes += doubts->nelts - count;
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
        int is_note = r307_finding_row(doubt->finding)->severity == R307_SEVERITY_NOTE;

        if (doubt->rule->target->kind == R307_TARGET_STOP && is_bad(site, doubt->rule)) {
            continue;
        }
        say(linting, doubt->rule->place,
            apr_psprintf(linting->p, "%s:%u: %s%s\n", doubt->rule->place.file,
                         doubt->rule->place.line, is_note ? "note: " : "", doubt->text));
        linting->findings += !is_note;
        linting->notes += is_note;
    }
}

/* A map's own lines are told behind what was said of the line that names it. */
static void say_map(void *baton, const ctl_line_t *line, const char *text)
{
    linting_t *linting = baton;

    say(linting, line->place, apr_pstrdup(linting->p, text));
}

static void lint_map(linting_t *linting, const ctl_maploaded_t *loaded)
{
    linting->findings += (int)(loaded->bad + loaded->findings);
    linting->notes += (int)loaded->notes;
    linting->fine += (int)(loaded->rules - loaded->stays - loaded->doubted);
}

static void lint_maintenance(linting_t *linting, const ctl_line_t *line)
{
    const char *doubt = r307_maintenance_doubt(linting->p, line->maintenance,
                                               !line->is_conf);

    if (doubt) {
        say_finding(linting, line, doubt);
    }
    else if (!line->is_conf) {      /* what no look at the file can tell */
        say(linting, line->place,
            ctl_line_say(linting->p, line, "note: a .htaccess does not reach URLs that the "
                         "server gives to a proxy (ProxyPass, RewriteRule [P]); a line in "
                         "httpd.conf closes those, too"));
        linting->notes++;
    }
    linting->fine += !doubt && !line->untold;
}

static void lint_line(linting_t *linting, const ctl_line_t *line)
{
    switch (line->kind) {
    case CTL_LINE_BAD:
        say_finding(linting, line, line->bad);
        return;
    case CTL_LINE_RULE:
        linting->fine += !audit(linting, line) && !line->untold;
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
            linting->findings++;
            say(linting, (r307_place_t){ NULL, 0 }, apr_pstrcat(linting->p, line->bad, "\n", NULL));
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
    linting->sayings = apr_array_make(linting->p, 16, sizeof(saying_t));
    ctl_site_make(&site, linting->p);
    site.root = linting->root;
    site.wants_doubts = 1;
    site.tell = say_map;
    site.baton = linting;
    bad = ctl_site_load(&site, found, &reach);
    linting->ours += site.ours;
    lint_lines(linting, &site, bad);
    print_sayings(linting);
    if (bad) {
        linting->unreadable++;
        fprintf(stderr, "redirect307ctl: %s\n", bad);
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

        linting->findings++;
        say(linting, (r307_place_t){ problem->file, problem->line },
            apr_psprintf(linting->p, "%s:%u: %s\n", problem->file, problem->line,
                         problem->text));
    }
}

/* httpd.conf with all that it includes. */
static void lint_httpd(linting_t *linting, const ctl_args_t *args)
{
    ctl_httpd_t *x = apr_palloc(linting->p, sizeof(*x));
    const char *bad;
    int i;

    linting->files++;
    linting->sayings = apr_array_make(linting->p, 16, sizeof(saying_t));
    ctl_httpd_make(x, linting->p);
    x->lines.wants_doubts = 1;
    x->lines.tell = say_map;
    x->lines.baton = linting;
    bad = ctl_httpd_load(x, args);
    if (bad) {
        linting->unreadable++;
        fprintf(stderr, "redirect307ctl: %s\n", bad);
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
    print_sayings(linting);
    if (!linting->ours) {
        linting->empty++;
        fflush(stdout);
        fprintf(stderr, "redirect307ctl: %s\n",
                ctl_site_empty(linting->p, x->file));
    }
}

/* --- what was named --- */

/* What was named, and whether there was anything to check in it. */
static void lint_named(linting_t *linting, const char *name)
{
    int files = linting->files, unreadable = linting->unreadable;

    linting->ours = 0;
    linting->unreadable += !ctl_reach_each(linting->p, name, lint_file, linting);
    if (linting->ours || linting->unreadable != unreadable) {
        return;
    }
    linting->empty++;
    fflush(stdout);
    fprintf(stderr, "redirect307ctl: %s\n",
            linting->files == files
            ? apr_pstrcat(linting->p, r307_text_show(linting->p, name, strlen(name)),
                          ": no .htaccess found", NULL)
            : ctl_site_empty(linting->p, name));
}

static void print_count(int count, const char *what, const char *end)
{
    printf("%d %s%s%s", count, what, count == 1 ? "" : "s", end);
}

/* Never "fine" alone when something was not looked at. */
static void print_sum(const linting_t *linting)
{
    print_count(linting->findings, "finding", ", ");
    if (linting->notes) {
        print_count(linting->notes, "note", ", ");
    }
    print_count(linting->fine, "rule", " fine");
    if (linting->unknown) {
        printf(", %d not told", linting->unknown);
    }
    if (linting->unreadable) {
        printf(", %d not read", linting->unreadable);
    }
    printf(".\n");
}

ctl_exit_t ctl_cmd_lint(const ctl_args_t *args)
{
    linting_t linting = { .p = args->p };
    int i;

    linting.root = ctl_args_value(args, "root");
    if (args->count && (ctl_args_value(args, "f") || ctl_args_value(args, "D"))) {
        return ctl_args_refuse(args, "-f and -D are of a whole httpd, and a file stands "
                                     "behind them; leave one of them out");
    }
    if (!args->count) {
        lint_httpd(&linting, args);
    }
    for (i = 0; i < args->count; i++) {
        lint_named(&linting, args->words[i]);
    }
    if (linting.files && (linting.findings || linting.fine || linting.notes
                          || linting.unknown || !(linting.unreadable + linting.empty))) {
        print_sum(&linting);
    }
    if (linting.unknown || linting.unreadable || linting.empty) {
        return CTL_EXIT_UNKNOWN;
    }
    return linting.findings ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}
