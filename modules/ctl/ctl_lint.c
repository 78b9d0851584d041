/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_lint.h"
#include "ctl_docroot.h"

#include <string.h>
#include <apr_strings.h>

#include "lint/lint_words.h"
#include "lint/lint_loop.h"
#include "lint/lint_above.h"
#include "lint/lint_chain.h"
#include "lint/lint_across.h"

static void say(ctl_lint_t *linting, ctl_saying_kind_t kind, r307_place_t place,
                const char *directive, const char *text)
{
    ctl_saying_t saying = {
        .kind = kind, .file = place.file, .line = place.line, .directive = directive,
        .text = text
    };

    ctl_sayings_add(linting->sayings, &saying);
}

static void say_line(ctl_lint_t *linting, ctl_saying_kind_t kind, const ctl_line_t *line,
                     const char *text)
{
    say(linting, kind, line->place, line->directive, text);
}

/* Of its rule; 1: it counts as a finding. */
static int say_doubt(ctl_lint_t *linting, const r307_doubt_t *doubt, const char *directive)
{
    const r307_finding_row_t *row = r307_finding_row(doubt->finding);
    int is_note = row->severity == R307_SEVERITY_NOTE;
    ctl_saying_t saying = {
        .kind = is_note ? CTL_SAYING_NOTE : CTL_SAYING_WARNING,
        .file = doubt->rule->place.file, .line = doubt->rule->place.line,
        .directive = directive, .id = row->id, .text = doubt->text,
        .meant = ctl_meant_of(linting->p, doubt)
    };

    ctl_sayings_add(linting->sayings, &saying);
    linting->sum.findings += !is_note;
    linting->sum.notes += is_note;
    return !is_note;
}

/* What only the server knows. */
static void say_untold(ctl_lint_t *linting, const ctl_line_t *line)
{
    linting->sum.unknown++;
    say_line(linting, CTL_SAYING_UNTOLD, line, line->untold);
}

static void say_finding(ctl_lint_t *linting, const ctl_line_t *line, const char *text)
{
    linting->sum.findings++;
    say_line(linting, line->bad ? CTL_SAYING_ERROR : CTL_SAYING_WARNING, line, text);
}

/* Doubts about a rule that is right by the grammar; how many count as findings. */
static int audit(ctl_lint_t *linting, const ctl_line_t *line)
{
    apr_array_header_t *doubts = apr_array_make(linting->p, 2, sizeof(r307_doubt_t));
    int i, count = 0;

    r307_lint_line(linting->p, line->rule, R307_LIST_UNKNOWN, doubts);
    r307_lint_plan(linting->p, line->rule, apr_time_now(), doubts);
    for (i = 0; i < doubts->nelts; i++) {
        count += say_doubt(linting, &APR_ARRAY_IDX(doubts, i, r307_doubt_t),
                           line->directive);
    }
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

/* Of a rule that is gone afterwards. */
static void say_across(void *baton, const r307_rule_t *rule,
                       const apr_array_header_t *doubts)
{
    ctl_lint_t *linting = baton;
    r307_rule_t kept = *rule;
    int i;

    kept.place.file = apr_pstrdup(linting->p, rule->place.file);
    for (i = 0; i < doubts->nelts; i++) {
        r307_doubt_t doubt = APR_ARRAY_IDX(doubts, i, r307_doubt_t);

        doubt.rule = &kept;
        doubt.text = apr_pstrdup(linting->p, doubt.text);
        (void)say_doubt(linting, &doubt, NULL);
    }
}

/* A map that was named is alone, and told while it is read. */
static int is_among_others(const ctl_site_t *site)
{
    const ctl_line_t *first = APR_ARRAY_IDX(site->lines, 0, const ctl_line_t *);

    return first->reach != NULL;
}

/* Where the rules of one container of the file lead together, and which of them others
 * leave nothing to. */
void ctl_lint_together(ctl_lint_t *linting, const ctl_site_t *site,
                           const r307_ruleset_t *rules)
{
    static const r307_loop_site_t asked = { { "http", "localhost", 80 }, 1, 0, 1 };
    apr_array_header_t *doubts = apr_array_make(linting->p, 2, sizeof(r307_doubt_t));
    const r307_alone_t *alone;
    r307_scope_t scope;
    int i;

    memset(&scope, 0, sizeof(scope));
    scope.rules = rules;
    scope.directory = linting->directory;
    scope.base = linting->directory ? r307_slice("/", 1) : r307_slice(NULL, 0);
    alone = r307_alone_make(linting->p, &scope, 1);
    r307_loop_audit(linting->p, alone, &asked, doubts);
    r307_above_audit(linting->p, rules, alone->flags[0], doubts);
    if (linting->directory) {
        scope.base = r307_slice(R307_CHAIN_BASE, strlen(R307_CHAIN_BASE));
        alone = r307_alone_make(linting->p, &scope, 1);
    }
    r307_chain_audit(linting->p, alone, &asked, doubts);
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);

        if (doubt->rule->target->kind == R307_TARGET_STOP && is_bad(site, doubt->rule)) {
            continue;
        }
        (void)say_doubt(linting, doubt, NULL);
    }
    if (is_among_others(site)) {
        r307_across_audit(linting->p, rules, say_across, linting);
        r307_chain_maps(linting->p, &scope, &asked, say_across, linting);
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
    ctl_lint_t *linting = baton;
    ctl_saying_t saying = {
        .kind = kinds[told->kind], .file = linting->map, .line = told->line, .id = told->id,
        .text = apr_pstrdup(linting->p, told->text),
        .meant = {
            apr_pstrdup(linting->p, told->meant.was_source),
            apr_pstrdup(linting->p, told->meant.was_target),
            apr_pstrdup(linting->p, told->meant.source),
            apr_pstrdup(linting->p, told->meant.target)
        }
    };

    if (!saying.file || strcmp(saying.file, told->file) != 0) {   /* it goes with the map */
        saying.file = linting->map = apr_pstrdup(linting->p, told->file);
    }
    ctl_sayings_add(linting->sayings, &saying);
}

static void lint_map(ctl_lint_t *linting, const ctl_maploaded_t *loaded)
{
    linting->sum.findings += (int)(loaded->bad + loaded->findings);
    linting->sum.notes += (int)loaded->notes;
    linting->sum.fine += (int)(loaded->rules - loaded->stays - loaded->doubted);
}

static void lint_maintenance(ctl_lint_t *linting, const ctl_line_t *line)
{
    const char *doubt = r307_maintenance_doubt(linting->p, line->maintenance,
                                               !line->is_conf);

    if (doubt) {
        say_finding(linting, line, doubt);
    }
    else if (!line->is_conf) {      /* what no look at the file can tell */
        say_line(linting, CTL_SAYING_NOTE, line,
                 "a .htaccess does not reach URLs that the server gives to a proxy "
                 "(ProxyPass, RewriteRule [P]); a line in httpd.conf closes those, too");
        linting->sum.notes++;
    }
    linting->sum.fine += !doubt && !line->untold;
}

static void lint_line(ctl_lint_t *linting, const ctl_line_t *line)
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

void ctl_lint_lines(ctl_lint_t *linting, const ctl_site_t *site)
{
    const ctl_container_t *outside = &APR_ARRAY_IDX(site->containers, 0, ctl_container_t);
    int i;

    for (i = 0; i < site->lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(site->lines, i, const ctl_line_t *);

        if (!line->reach && line->bad) {    /* a map of the command line says its name */
            linting->sum.findings++;
            say(linting, CTL_SAYING_ERROR, (r307_place_t){ NULL, 0 }, NULL, line->bad);
        }
        else {
            lint_line(linting, line);
        }
        linting->directory = !line->is_conf;
    }
    if (outside->rules->rules->nelts || outside->rules->maps) {
        ctl_lint_together(linting, site, outside->rules);
    }
}

void ctl_lint_begin(ctl_lint_t *linting, ctl_site_t *site)
{
    site->wants_doubts = 1;
    site->tell = say_map;
    site->baton = linting;
}

static void note_docroot(void *baton, r307_place_t place, const char *text)
{
    ctl_lint_t *linting = baton;

    linting->sum.notes++;
    say(linting, CTL_SAYING_NOTE, place, NULL, text);
}

const char *ctl_lint_file(ctl_lint_t *linting, const ctl_named_t *found,
                          const ctl_content_t *instead, ctl_site_t *site)
{
    ctl_reach_t *reach = apr_palloc(linting->p, sizeof(*reach));
    const char *bad;

    ctl_site_make(site, linting->p);
    site->root = linting->root;
    /* rules of a file and of its maps are held against each other */
    site->keeps_maps = linting->keeps_maps || linting->docroot || !ctl_map_is(found->path);
    site->instead = instead;
    ctl_lint_begin(linting, site);
    bad = ctl_site_load(site, found, reach);
    linting->ours += site->ours;
    if (!bad && reach->bytes && site->ours) {
        ctl_others_count(reach->bytes, linting->sum.others);
    }
    if (!bad) {
        ctl_lint_lines(linting, site);
    }
    if (!bad && linting->docroot) {
        const ctl_docroot_calls_t calls = { say_across, note_docroot, linting };

        ctl_docroot_audit(linting->docroot, site, found, &calls);
    }
    return bad;
}
