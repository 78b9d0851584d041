/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <apr_strings.h>

#include "ctl_file.h"
#include "ctl_map.h"

#include "lint/lint_words.h"
#include "lint/lint_loop.h"
#include "maintenance/maintenance.h"

/* One thing to say of the file at hand. */
typedef struct saying_t {
    unsigned line;
    int nth;
    const char *text;
} saying_t;

typedef struct linting_t {
    apr_pool_t *p;
    apr_array_header_t *sayings;    /* of saying_t: of the file at hand */
    int ours;                   /* lines of ours in what was named last */
    apr_hash_t *rules;          /* of the file at hand, by container: names are unique in
                                 * each */
    int findings, notes, fine, unknown, files;
    int unreadable, empty;      /* of what was named: it has nothing to check */
    int directory;              /* it is a .htaccess */
    const char *root;           /* ServerRoot, or NULL */
} linting_t;

static void say(linting_t *linting, unsigned line, const char *text)
{
    saying_t *saying = apr_array_push(linting->sayings);

    saying->line = line;
    saying->nth = linting->sayings->nelts;
    saying->text = text;
}

static int by_line(const void *a, const void *b)
{
    const saying_t *x = a, *y = b;

    return x->line != y->line ? (x->line > y->line ? 1 : -1) : x->nth - y->nth;
}

/* Of the terminal; 0: it is none, and who searches in what is printed wants a line for each. */
static size_t width(void)
{
    struct winsize size;

    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0
        && size.ws_col > 40 ? size.ws_col : 0;
}

/* Lines no longer than that, broken at blanks. */
static void print_saying(const char *text, size_t wide)
{
    size_t room = wide, len;

    while (room && (len = strcspn(text, "\n")) > room) {
        const char *end = text + room;

        while (end > text && *end != ' ') {
            end--;
        }
        if (end == text) {
            end = text + strcspn(text, " \n");
        }
        printf("%.*s\n%s", (int)(end - text), text, *end == ' ' ? "    " : "");
        text = end + (*end != '\0');
        room = wide - 4;
    }
    fputs(text, stdout);
}

/* In the order of the lines, whenever it was found. */
static void print_sayings(linting_t *linting)
{
    int i;

    qsort(linting->sayings->elts, (size_t)linting->sayings->nelts, sizeof(saying_t),
          by_line);
    for (i = 0; i < linting->sayings->nelts; i++) {
        print_saying(APR_ARRAY_IDX(linting->sayings, i, saying_t).text, width());
    }
}

/* What only the server knows. */
static void say_untold(linting_t *linting, const ctl_met_t *what, const char *why)
{
    linting->unknown++;
    say(linting, what->place.line,
        apr_psprintf(linting->p, "%s:%u: %s: cannot tell: %s\n", what->place.file,
                     what->place.line, what->directive, why));
}

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
static int audit(linting_t *linting, const ctl_met_t *what, const r307_rule_t *rule)
{
    apr_array_header_t *doubts = apr_array_make(linting->p, 2, sizeof(r307_doubt_t));
    int i, count = 0;

    r307_lint_line(linting->p, rule, R307_LIST_UNKNOWN, doubts);
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        int is_note = r307_finding_row(doubt->finding)->severity == R307_SEVERITY_NOTE;

        say(linting, what->place.line,
            apr_psprintf(linting->p, "%s:%u: %s: %s%s\n", what->place.file,
                         what->place.line, what->directive, is_note ? "note: " : "",
                         doubt->text));
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

        say(linting, doubt->rule->place.line,
            apr_psprintf(linting->p, "%s:%u: %s%s\n", doubt->rule->place.file,
                         doubt->rule->place.line, is_note ? "note: " : "", doubt->text));
        linting->findings += !is_note;
        linting->notes += is_note;
    }
}

/* Where the map's own lines are told: behind what was said of the line that names it. */
typedef struct telling_t {
    linting_t *linting;
    unsigned line;
} telling_t;

static void say_map(void *baton, const char *text)
{
    telling_t *telling = baton;

    say(telling->linting, telling->line, apr_pstrdup(telling->linting->p, text));
}

/* A map that somebody named, or (of != NULL) that line `line` of a file names. */
static const char *lint_map(linting_t *linting, r307_mapdef_t *def, const char *file,
                            const ctl_reach_t *of, unsigned line, ctl_reached_t *reached)
{
    telling_t telling = { linting, line };
    ctl_teller_t teller = { say_map, &telling, 1 };
    ctl_maploaded_t loaded;
    apr_pool_t *p;
    const char *bad;

    apr_pool_create(&p, linting->p);
    bad = of ? ctl_map_of(p, def, of, &teller, &loaded, reached)
             : ctl_map_named(p, def, file, &teller, &loaded, reached);
    if (bad) {
        bad = apr_pstrdup(linting->p, bad);
    }
    else {
        linting->findings += (int)(loaded.bad + loaded.findings);
        linting->notes += (int)loaded.notes;
        linting->fine += (int)(loaded.rules - loaded.stays - loaded.doubted);
        linting->ours += loaded.bad || loaded.rules;
    }
    apr_pool_destroy(p);
    return bad;
}

/* A line that names a map, and the map. What the tool cannot read, and the server perhaps
 * can, is no finding, and nobody is told that all is fine. */
static const char *lint_map_line(linting_t *linting, const ctl_met_t *what)
{
    ctl_reached_t reached = CTL_REACH_UNKNOWN;
    r307_mapdef_t def;
    const char *bad = r307_map_parse(linting->p, what->args, &what->context, &def);

    if (bad) {
        return bad;
    }
    if (ctl_reach_is_elsewhere(what->reach, def.file)) {
        bad = apr_psprintf(linting->p, "'%s' is relative to ServerRoot; say which that is: "
                           "--root DIR", r307_text_show(linting->p, def.file,
                                                        strlen(def.file)));
    }
    else {
        bad = lint_map(linting, &def, NULL, what->reach, what->place.line, &reached);
    }
    if (bad && reached == CTL_REACH_UNKNOWN) {
        say_untold(linting, what, bad);
        return NULL;
    }
    return bad;
}

static const char *lint_rule(linting_t *linting, const ctl_met_t *what)
{
    static const r307_tenancy_t unlimited;      /* where nobody wrote Redirect307Limits */
    const r307_rule_t *rule = NULL;
    const char *limit = NULL;
    const char *bad = ctl_file_take_rule(linting->p, what,
                                          rules_of(linting, what->container), &rule);

    if (bad) {
        return bad;
    }
    if (!what->is_conf) {
        limit = r307_limit_why(&unlimited, rule);
    }
    if (limit) {
        say_untold(linting, what, limit);
    }
    linting->fine += !audit(linting, what, rule) && !*what->untold && !limit;
    return NULL;
}

/* What no look at the file can tell. */
static void note_reach(linting_t *linting, const ctl_met_t *what)
{
    say(linting, what->place.line,
        apr_psprintf(linting->p, "%s:%u: %s: note: a .htaccess does not reach URLs that the "
                     "server gives to a proxy (ProxyPass, RewriteRule [P]); a line in "
                     "httpd.conf closes those, too\n", what->place.file, what->place.line,
                     what->directive));
    linting->notes++;
}

static const char *lint_maintenance(linting_t *linting, const ctl_met_t *what)
{
    r307_maintenance_t *line;
    const char *bad = r307_maintenance_parse(linting->p, what->args, what->place,
                                             &what->context, &line);

    if (!bad && !what->is_conf && line->flag && !ctl_file_is_inside(what, line->flag)) {
        bad = apr_psprintf(linting->p, "flag='%s' " CTL_FILE_OUTSIDE, line->flag);
    }
    if (!bad && !what->is_conf && line->flag
        && ctl_reach_is_linked(what->reach, ctl_reach_relative(linting->p, what->reach,
                                                                 line->flag))) {
        say_untold(linting, what, apr_psprintf(linting->p, "flag='%s' " CTL_FILE_LINKED,
                                               r307_text_show(linting->p, line->flag,
                                                              strlen(line->flag))));
    }
    bad = bad ? bad : r307_maintenance_doubt(linting->p, line, !what->is_conf);
    if (!bad && !what->is_conf) {
        note_reach(linting, what);
    }
    linting->fine += !bad && !*what->untold;
    return bad;
}

static void met(void *baton, const ctl_met_t *what)
{
    linting_t *linting = baton;
    const char *bad = ctl_file_check(linting->p, what);

    linting->ours++;
    linting->directory = !what->is_conf;
    if (!bad && ctl_file_unplaced(what)) {
        say_untold(linting, what, ctl_file_unplaced(what));
        return;
    }
    if (!bad) {
        switch (what->row->kind) {
        case R307_LINE_RULE:
            bad = lint_rule(linting, what);
            break;
        case R307_LINE_MAP:
            bad = lint_map_line(linting, what);
            break;
        case R307_LINE_MAINTENANCE:
            bad = lint_maintenance(linting, what);
            break;
        case R307_LINE_SETTING:
            bad = ctl_file_setting(linting->p, what);
            break;
        }
    }
    if (bad) {
        linting->findings++;
        say(linting, what->place.line,
            apr_psprintf(linting->p, "%s:%u: %s: %s\n", what->place.file,
                         what->place.line, what->directive, bad));
    }
    else if (*what->untold) {
        say_untold(linting, what, *what->untold);
    }
}

static const char *lint_directives(linting_t *linting, const ctl_named_t *found)
{
    const r307_ruleset_t *rules;
    ctl_reach_t reach;
    const char *bad = ctl_reach_read(linting->p, found, &reach);

    if (bad) {
        return bad;
    }
    reach.root = linting->root;
    ctl_file_read(linting->p, &reach, met, linting);
    rules = apr_hash_get(linting->rules, "", APR_HASH_KEY_STRING);
    if (rules) {
        audit_loops(linting, rules);
    }
    return NULL;
}

static void lint_file(void *baton, const ctl_named_t *found)
{
    linting_t *linting = baton;
    ctl_reached_t reached = CTL_REACH_UNKNOWN;
    r307_mapdef_t def;
    const char *bad;

    linting->files++;
    linting->rules = apr_hash_make(linting->p);
    linting->sayings = apr_array_make(linting->p, 16, sizeof(saying_t));
    if (ctl_map_is(found->path)) {
        bad = ctl_map_plain(linting->p, found->path, "", &def);
        bad = bad ? bad : lint_map(linting, &def, found->path, NULL, 0, &reached);
        if (bad && reached == CTL_REACH_READ) {
            linting->findings++;
            linting->ours++;
            say(linting, 0, apr_pstrcat(linting->p, bad, "\n", NULL));
            bad = NULL;
        }
    }
    else {
        bad = lint_directives(linting, found);
    }
    print_sayings(linting);
    if (bad) {
        linting->unreadable++;
        fprintf(stderr, "redirect307ctl: %s\n", bad);
    }
}

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
    fprintf(stderr, "redirect307ctl lint: %s: %s\n",
            r307_text_show(linting->p, name, strlen(name)),
            linting->files == files ? "no .htaccess found"
            : "has no line of Redirect307 and no rule; is it what was meant?");
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

ctl_exit_t ctl_cmd_lint(apr_pool_t *p, int argc, const char *const *argv)
{
    static const char *const options[] = { "--root", NULL };
    linting_t linting = { .p = p };
    int i, named = 0;

    for (i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--root") == 0 && i + 1 < argc) {
            linting.root = argv[++i];
        }
        else if (argv[i][0] == '-' && argv[i][1]) {
            return ctl_main_refuse(p, "lint", argv[i], options);
        }
        else {
            lint_named(&linting, argv[i]);
            named++;
        }
    }
    if (!named) {
        fprintf(stderr, "redirect307ctl lint: name a file, a directory or -\n");
        return CTL_EXIT_UNKNOWN;
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
