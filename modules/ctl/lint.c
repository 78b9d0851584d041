/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "engine/loop.h"
#include "engine/maintenance.h"

typedef struct linting_t {
    apr_pool_t *p;
    apr_hash_t *rules;          /* of the file at hand, by container: names are unique in
                                 * each */
    int findings, notes, fine, unknown, files;
    int directory;              /* it is a .htaccess */
} linting_t;

static r307_ruleset_t *rules_of(linting_t *linting, const char *container)
{
    const char *key = container ? container : "";
    r307_ruleset_t *rules = apr_hash_get(linting->rules, key, APR_HASH_KEY_STRING);

    if (!rules) {
        rules = r307_ruleset_make(linting->p);
        apr_hash_set(linting->rules, key, APR_HASH_KEY_STRING, rules);
    }
    return rules;
}

/* Doubts about a rule that is right by the grammar; how many count as findings. */
static int audit(linting_t *linting, const r307_met_t *what, const r307_rule_t *rule)
{
    apr_array_header_t *doubts = apr_array_make(linting->p, 2, sizeof(r307_doubt_t));
    int i, count = 0;

    r307_audit_rule(linting->p, rule, R307_LIST_UNKNOWN, doubts);
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        int is_note = r307_finding_row(doubt->finding)->severity == R307_SEVERITY_NOTE;

        printf("%s:%u: %s: %s%s\n", what->place.file, what->place.line, what->directive,
               is_note ? "note: " : "", doubt->text);
        count += !is_note;
    }
    linting->findings += count;
    linting->notes += doubts->nelts - count;
    return count;
}

/* Where the rules of one container of the file lead together. */
static void audit_loops(linting_t *linting, const r307_ruleset_t *rules)
{
    static const r307_loop_site_t site = { { "http", "localhost", 80 }, 1 };
    apr_array_header_t *doubts = apr_array_make(linting->p, 2, sizeof(r307_doubt_t));
    r307_scope_t scope;
    int i;

    memset(&scope, 0, sizeof(scope));
    scope.rules = rules;
    scope.directory = linting->directory;
    scope.base = linting->directory ? r307_slice("/", 1) : r307_slice(NULL, 0);
    r307_loop_audit(linting->p, &scope, 1, &site, doubts);
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        int is_note = r307_finding_row(doubt->finding)->severity == R307_SEVERITY_NOTE;

        printf("%s:%u: %s%s\n", doubt->rule->place.file, doubt->rule->place.line,
               is_note ? "note: " : "", doubt->text);
        linting->findings += !is_note;
        linting->notes += is_note;
    }
}

/* What cannot be read is said by whoever asked for it. */
static const char *lint_map(linting_t *linting, r307_mapdef_t *def, const char *file)
{
    r307_maploaded_t loaded;
    apr_pool_t *p;
    const char *bad;

    apr_pool_create(&p, linting->p);
    bad = r307_map_load(p, def, file, stdout, &loaded);
    if (bad) {
        bad = apr_pstrdup(linting->p, bad);
    }
    else {
        linting->findings += (int)loaded.bad;
        linting->fine += (int)loaded.rules;
    }
    apr_pool_destroy(p);
    return bad;
}

/* A line that names a map, and the map, unless only the server knows where it lies. */
static const char *lint_map_line(linting_t *linting, const r307_met_t *what)
{
    r307_mapdef_t def;
    const char *bad = r307_map_parse(linting->p, what->args, &what->context, &def);

    if (bad || (what->is_conf && def.file[0] != '/')) {
        return bad;
    }
    return lint_map(linting, &def, r307_map_beside(linting->p, what->place.file, def.file));
}

static void met(void *baton, const r307_met_t *what)
{
    linting_t *linting = baton;
    const r307_rule_t *rule = NULL;
    const char *bad;

    linting->directory = !what->is_conf;
    if (r307_file_is_rule(what)) {
        bad = r307_line_parse(linting->p, what->args, what->place, &what->context, &rule);
        if (!bad && !rule) {
            bad = "the line has no source and no target; write: Redirect307 /old /new";
        }
        bad = bad ? bad : r307_ruleset_add(linting->p, rules_of(linting, what->container),
                                           rule);
        linting->fine += !bad && !audit(linting, what, rule);
    }
    else if (strcasecmp(what->directive, "Redirect307Map") == 0) {
        bad = lint_map_line(linting, what);
    }
    else if (strcasecmp(what->directive, "Redirect307Maintenance") == 0) {
        r307_maintenance_t *line;

        bad = r307_maintenance_parse(linting->p, what->args, what->place, &what->context,
                                     &line);
        if (!bad && !what->is_conf && line->flag && r307_file_climbs(line->flag)) {
            bad = apr_psprintf(linting->p, "flag='%s' " R307_FILE_OUTSIDE, line->flag);
        }
        linting->fine += !bad;
    }
    else {
        bad = r307_file_check_other(linting->p, what);
    }
    if (bad) {
        linting->findings++;
        printf("%s:%u: %s: %s\n", what->place.file, what->place.line, what->directive, bad);
    }
}

static void lint_file(void *baton, const char *name)
{
    linting_t *linting = baton;
    const char *bad;
    r307_mapdef_t def;

    linting->files++;
    linting->rules = apr_hash_make(linting->p);
    if (r307_map_is(name)) {
        bad = r307_map_plain(linting->p, name, "", &def);
        bad = bad ? bad : lint_map(linting, &def, name);
    }
    else {
        const r307_ruleset_t *rules;

        bad = r307_file_read(linting->p, name, met, linting);
        rules = apr_hash_get(linting->rules, "", APR_HASH_KEY_STRING);
        if (!bad && rules) {
            audit_loops(linting, rules);
        }
    }
    if (bad) {
        linting->unknown++;
        fprintf(stderr, "redirect307ctl: %s\n", bad);
    }
}

r307_exit_t r307_lint_run(apr_pool_t *p, int argc, const char *const *argv)
{
    linting_t linting = { p, NULL, 0, 0, 0, 0, 0, 0 };
    int i;

    if (argc == 0) {
        fprintf(stderr, "redirect307ctl lint: name a file, a directory or -\n");
        return R307_EXIT_UNKNOWN;
    }
    for (i = 0; i < argc; i++) {
        linting.unknown += !r307_file_each(p, argv[i], lint_file, &linting);
    }
    if (linting.files == 0 && !linting.unknown) {
        fprintf(stderr, "redirect307ctl lint: no .htaccess found\n");
        return R307_EXIT_UNKNOWN;
    }
    printf("%d finding%s, ", linting.findings, linting.findings == 1 ? "" : "s");
    if (linting.notes) {
        printf("%d note%s, ", linting.notes, linting.notes == 1 ? "" : "s");
    }
    printf("%d rule%s fine.\n", linting.fine, linting.fine == 1 ? "" : "s");
    if (linting.unknown) {
        return R307_EXIT_UNKNOWN;
    }
    return linting.findings ? R307_EXIT_FINDINGS : R307_EXIT_FINE;
}
