/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_file.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_lib.h>

#include "base/disk.h"
#include "conf/expr_check.h"
#include "conf/rewrite_cond.h"
#include "grammar/stay.h"
#include "foreign.h"

#define HTACCESS_LINE_MOST 8190     /* httpd answers 500 to a longer one */

/* What reads the words of a line: see r307_maker_t. */
typedef struct maker_t {
    apr_pool_t *p;
    const ctl_reach_t *reach;
    const char *untold;             /* of the line at hand: see ctl_met_t */
} maker_t;

/* A section and where a line in it stands. */
typedef struct section_t {
    const char *name;
    unsigned line;
    const char *container;          /* innermost section that rules in it belong to */
    r307_standing_t standing;
} section_t;

typedef struct reading_t {
    apr_pool_t *p;
    const ctl_reach_t *reach;
    r307_rewrite_t rewrite;         /* conditions that wait for their rule */
    size_t at;                      /* in its bytes */
    unsigned number;                /* of the physical line before that */
    apr_array_header_t *sections;   /* of section_t; the first is no section */
    maker_t maker;
    void (*met)(void *baton, const ctl_met_t *what);
    void *baton;
} reading_t;

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

/* --- what is wrong with a line before it is read --- */

const char *ctl_file_check(apr_pool_t *p, const ctl_met_t *what)
{
    const char *near;

    if (what->problem) {
        return what->problem;
    }
    if (what->row) {
        return r307_directive_standing(p, what->row, &what->standing);
    }
    near = r307_directive_near(p, what->directive);
    return apr_psprintf(p, "'%s' is no directive of this version%s%s%s",
                        show(p, what->directive), near ? "; did you mean " : "",
                        near ? near : "", near ? "?" : "");
}

const char *ctl_file_unplaced(const ctl_met_t *what)
{
    return what->standing.is_text ? "stands in a <Macro>, and only the server knows where "
                                    "that is used"
        : what->standing.is_foreign ? "stands in a section that this tool does not know"
        : NULL;
}

/* --- lines --- */

static const char *check_expr(void *baton, apr_pool_t *p, const char *text,
                                   int is_string, const void **compiled)
{
    maker_t *maker = baton;
    const char *why;

    *compiled = text;           /* only the server can say what it means */
    switch (r307_expr_check(p, text, is_string, !maker->reach->is_conf, &why)) {
    case R307_EXPR_BAD:
        return why;
    case R307_EXPR_UNTOLD:
        maker->untold = apr_psprintf(maker->p, "'%s': %s", show(maker->p, text), why);
        break;
    case R307_EXPR_FINE:
        break;
    }
    return NULL;
}

int ctl_file_is_inside(const ctl_met_t *what, const char *flag)
{
    flag = ctl_reach_relative(what->reach->p, what->reach, flag);
    return *flag != '/' && !r307_disk_climbs(flag);
}

/* Of a .htaccess below its directory; in httpd.conf as it is, since ServerRoot is not
 * known. */
static const char *find_flag(void *baton, apr_pool_t *p, const char *name, void **found)
{
    maker_t *maker = baton;
    ctl_flag_place_t *made;
    const char *file = maker->reach->is_conf
        ? name : ctl_reach_relative(p, maker->reach, name);

    if (!maker->reach->is_conf && (*file == '/' || r307_disk_climbs(file))) {
        return CTL_FILE_OUTSIDE;
    }
    if (!maker->reach->is_conf && ctl_reach_is_linked(maker->reach, file)) {
        maker->untold = apr_psprintf(maker->p, "flag='%s' " CTL_FILE_LINKED,
                                       show(maker->p, name));
    }
    made = apr_palloc(p, sizeof(*made));
    made->reach = maker->reach;
    made->file = apr_pstrdup(p, file);
    *found = made;
    return NULL;
}

static section_t *innermost(const reading_t *reading)
{
    return &APR_ARRAY_IDX(reading->sections, reading->sections->nelts - 1, section_t);
}

static void begin(const reading_t *reading, unsigned number, ctl_met_t *what)
{
    memset(what, 0, sizeof(*what));
    what->place.file = reading->reach->name;
    what->place.line = number;
    what->reach = reading->reach;
    what->is_conf = reading->reach->is_conf;
    what->untold = &reading->maker.untold;
    what->standing = innermost(reading)->standing;
    what->container = innermost(reading)->container;
}

/* What is wrong with the file, or with a line that is none of ours. */
static void tell_as(const reading_t *reading, unsigned number, const char *name,
                    const char *problem, int is_fatal)
{
    ctl_met_t what;

    begin(reading, number, &what);
    what.directive = name;
    what.args = "";
    what.problem = problem;
    what.is_fatal = is_fatal;
    reading->met(reading->baton, &what);
}

static void tell(const reading_t *reading, unsigned number, const char *name,
                 const char *problem)
{
    tell_as(reading, number, name, problem, 1);
}

static void tell_remark(const reading_t *reading, const char *text, unsigned number)
{
    ctl_met_t what;

    begin(reading, number, &what);
    what.directive = "#?";
    what.args = "";
    what.remark = apr_pstrdup(reading->p, text);
    reading->met(reading->baton, &what);
}

/* A section that nobody has: the one that was meant by it, or NULL. */
static const r307_section_row_t *find_meant(const reading_t *reading, const char *name,
                                            unsigned number)
{
    const r307_section_row_t *row = r307_section_near(name);

    if (row) {
        tell(reading, number, apr_psprintf(reading->p, "<%s>", show(reading->p, name)),
             apr_psprintf(reading->p, R307_SECTION_NONE, row->name));
    }
    return row;
}

static void enter(reading_t *reading, const char *line, unsigned number)
{
    size_t n = strcspn(line + 1, " \t>");
    const char *args = line + 1 + n + strspn(line + 1 + n, " \t"), *bad;
    const r307_section_row_t *row = r307_section_find(line + 1, n);
    section_t outer = *innermost(reading);
    section_t *section;

    if (outer.standing.is_text) {
        return;
    }
    if (!row) {
        row = find_meant(reading, apr_pstrmemdup(reading->p, line + 1, n), number);
    }
    bad = r307_section_enter(reading->p, row, args, &outer.standing);
    if (bad) {
        tell(reading, number, apr_pstrcat(reading->p, "<", apr_pstrmemdup(reading->p,
                                                  line + 1, n), ">", NULL), bad);
    }
    section = apr_array_push(reading->sections);
    *section = outer;
    section->name = apr_pstrmemdup(reading->p, line + 1, n);
    section->line = number;
    if (!row || row->kind != R307_SECTION_WALKED) {
        section->container = apr_pstrcat(reading->p, section->name, " ",
                                         r307_section_word(reading->p, args), NULL);
    }
}

static void leave(reading_t *reading, const char *line, unsigned number)
{
    const section_t *section = innermost(reading);
    size_t n = strcspn(line + 2, " \t>");
    const char *ended = apr_pstrcat(reading->p, "</", apr_pstrmemdup(reading->p, line + 2,
                                                                      n), ">", NULL);

    if (reading->sections->nelts == 1) {
        tell(reading, number, ended, "ends a section that did not begin; httpd takes nothing "
                                     "of this file");
        return;
    }
    if (!r307_text_same_fold(section->name, strlen(section->name), line + 2, n)) {
        if (section->standing.is_text) {
            return;         /* of what the macro makes when it is used */
        }
        tell(reading, number, ended,
             apr_psprintf(reading->p, "ends <%s> of line %u; httpd takes nothing of this file",
                          show(reading->p, section->name), section->line));
    }
    apr_array_pop(reading->sections);
}

/* A line of somebody else's: httpd answers 500 to a name that nobody has. */
static void check_foreign(const reading_t *reading, const char *name, unsigned number)
{
    const r307_standing_t *standing = &innermost(reading)->standing;
    ctl_foreign_t foreign = ctl_foreign_find(name, strlen(name));
    const char *near;
    const char *what = reading->reach->is_conf ? "httpd does not start"
                                               : "httpd answers 500 to everything here";

    if (standing->is_text || standing->is_foreign || foreign == CTL_FOREIGN_HTACCESS) {
        return;
    }
    if (foreign == CTL_FOREIGN_CONF) {
        if (!reading->reach->is_conf) {
            tell(reading, number, name, "is not allowed in .htaccess, and httpd answers 500 "
                                        "to everything here; take it out");
        }
        return;
    }
    near = r307_directive_near(reading->p, name);
    near = near ? near : ctl_foreign_near(reading->p, name);
    if (near) {
        tell(reading, number, show(reading->p, name),
             apr_psprintf(reading->p, "is no directive, and %s; did you mean %s?", what,
                          near));
    }
}

/* How the words of a line of ours are read there; its name and args are set. */
static void set_context(ctl_met_t *what, const r307_standing_t *standing, maker_t *maker)
{
    r307_context_t *context = &what->context;
    size_t n = strlen(what->directive);

    what->row = r307_directive_find(what->directive, n);
    context->directive = what->directive;
    context->match = what->row ? r307_directive_match(what->row) : R307_MATCH_PREFIX;
    context->maker.compile = check_expr;
    context->maker.baton = maker;
    context->maker.find_flag = find_flag;
    context->is_tenant = !maker->reach->is_conf;
    context->where = standing->where;
    context->is_late = standing->is_late;
    context->location = standing->location;
}

void ctl_file_meet(apr_pool_t *p, const ctl_reach_t *reach, const r307_standing_t *standing,
                   const char *name, const char *args, r307_place_t place, ctl_met_t *what)
{
    maker_t *maker = apr_pcalloc(p, sizeof(*maker));

    maker->p = p;
    maker->reach = reach;
    memset(what, 0, sizeof(*what));
    what->place = place;
    what->directive = name;
    what->args = args;
    what->reach = reach;
    what->is_conf = reach->is_conf;
    what->untold = &maker->untold;
    what->standing = *standing;
    set_context(what, standing, maker);
}

static void take_line(reading_t *reading, const char *line, unsigned number)
{
    const section_t *section = innermost(reading);
    ctl_met_t what;
    const char *before;
    size_t n;

    while (apr_isspace(*line)) {
        line++;
    }
    if (line[0] == '<') {
        if (!r307_text_same_fold(line + 1 + (line[1] == '/'), 2, "If", 2)) {
            memset(&reading->rewrite, 0, sizeof(reading->rewrite));
        }
        if (line[1] == '/') {
            leave(reading, line, number);
        }
        else {
            enter(reading, line, number);
        }
        return;
    }
    n = strcspn(line, " \t\r\f\v");
    if (line[0] == '#' && line[1] == '?') {
        tell_remark(reading, line + 2, number);
    }
    if (n == 0 || line[0] == '#') {
        return;
    }
    begin(reading, number, &what);
    what.directive = apr_pstrmemdup(reading->p, line, n);
    before = r307_rewrite_meet(reading->p, &reading->rewrite, what.directive,
                               line + n + strspn(line + n, " \t"), number);
    if (before) {
        tell(reading, number, what.directive, before);
    }
    if (n < 11 || !r307_text_same_fold(line, 11, "Redirect307", 11)) {
        check_foreign(reading, what.directive, number);
        return;
    }
    line += n;
    while (apr_isspace(*line)) {
        line++;
    }
    what.args = apr_pstrdup(reading->p, line);
    set_context(&what, &section->standing, &reading->maker);
    reading->maker.untold = NULL;
    reading->met(reading->baton, &what);
}

/* One line as httpd sees it: ends cut, continued lines joined. 0 at the end. */
static int next_line(reading_t *reading, r307_buf_t *line)
{
    const ctl_reach_t *reach = reading->reach;
    int any = 0;

    line->len = 0;
    line->s[0] = '\0';
    while (reading->at < reach->len) {
        char c = reach->bytes[reading->at++];

        any = 1;
        if (c != '\n') {
            r307_buf_putc(line, c ? c : ' ');
            continue;
        }
        reading->number++;
        if (line->len && line->s[line->len - 1] == '\r') {
            line->s[--line->len] = '\0';
        }
        if (line->len == 0 || line->s[line->len - 1] != '\\') {
            return 1;
        }
        line->s[--line->len] = '\0';
    }
    reading->number += (unsigned)any;
    return any;
}

/* Bytes that no editor shows, and that make of the file another one for httpd. */
static int check_bytes(reading_t *reading)
{
    const char *s = reading->reach->bytes;
    size_t len = reading->reach->len;
    const char *cr = memchr(s, '\r', len);

    if (len >= 2 && (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "\xfe\xff", 2) == 0)) {
        tell(reading, 1, "the file", "is UTF-16, and httpd reads none of it; save it as UTF-8 "
                                     "without a byte order mark");
        return 0;
    }
    while (len - reading->at >= 3 && memcmp(s + reading->at, "\xef\xbb\xbf", 3) == 0) {
        reading->at += 3;       /* the module drops them in .htaccess */
    }
    if (reading->at && reading->reach->is_conf) {
        tell(reading, 1, "the file", "begins with a byte order mark, and httpd does not start; "
                                     "save it as UTF-8 without one");
    }
    if (memchr(s, '\0', len)) {
        tell_as(reading, 1, "the file", "has NUL bytes in it, and httpd loses what stands "
                                        "behind them; save it as UTF-8", 0);
    }
    if (cr && !memchr(s, '\n', len) && cr + 1 < s + len) {
        tell_as(reading, 1, "the file", "has the line ends of an old Mac (CR), so that all of "
                                        "it is one line; save it with LF", 0);
        return 0;
    }
    return 1;
}

void ctl_file_read(apr_pool_t *p, const ctl_reach_t *reach,
                    void (*met)(void *baton, const ctl_met_t *what), void *baton)
{
    section_t *outside;
    reading_t reading;
    r307_buf_t line;

    memset(&reading, 0, sizeof(reading));
    reading.p = p;
    reading.reach = reading.maker.reach = reach;
    reading.maker.p = p;
    reading.sections = apr_array_make(p, 4, sizeof(section_t));
    reading.met = met;
    reading.baton = baton;
    outside = apr_array_push(reading.sections);
    memset(outside, 0, sizeof(*outside));
    r307_section_begin(!reach->is_conf, &outside->standing);
    r307_buf_make(&line, p, 256);
    if (!check_bytes(&reading)) {
        return;
    }
    while (next_line(&reading, &line)) {
        if (line.len > HTACCESS_LINE_MOST && !reach->is_conf) {
            tell(&reading, reading.number, "the line", "is longer than 8190 bytes, and httpd "
                 "answers 500 to everything here; make it shorter");
        }
        take_line(&reading, line.s, reading.number);
    }
    while (reading.sections->nelts > 1) {
        const section_t *section = innermost(&reading);

        tell(&reading, section->line, apr_pstrcat(p, "<", show(p, section->name), ">", NULL),
             "is not closed, and httpd takes nothing of this file");
        apr_array_pop(reading.sections);
    }
}

void ctl_file_each(apr_pool_t *p, const ctl_reach_t *reach,
                   void (*met)(void *baton, const char *name, const char *args,
                               unsigned line), void *baton)
{
    reading_t reading;
    r307_buf_t line;

    memset(&reading, 0, sizeof(reading));
    reading.p = p;
    reading.reach = reach;
    r307_buf_make(&line, p, 256);
    while (next_line(&reading, &line)) {
        const char *s = line.s + strspn(line.s, " \t\r\f\v");
        size_t n = strcspn(s, " \t\r\f\v");

        if (n && *s != '#' && *s != '<') {
            met(baton, apr_pstrmemdup(p, s, n), s + n + strspn(s + n, " \t\r\f\v"),
                reading.number);
        }
    }
}

const char *ctl_file_take_rule(apr_pool_t *p, const ctl_met_t *what,
                                r307_ruleset_t *rules, const r307_rule_t **rule)
{
    const char *bad = r307_line_parse(p, what->args, what->place, &what->context, rule);
    const r307_rule_t *stay;

    if (!bad && !*rule) {
        bad = "the line has no source and no target; write: Redirect307 /old /new";
    }
    if (!bad && rules) {
        bad = r307_ruleset_add(p, rules, *rule);
    }
    if (!bad || what->is_conf) {
        return bad;
    }
    stay = r307_stay_make(p, what->args, what->place, &what->context);
    if (stay && rules) {
        (void)r307_ruleset_add(p, rules, stay);
    }
    return apr_pstrcat(p, bad, r307_stay_words(stay != NULL), NULL);
}
