/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/htaccess_scan.h"

#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "conf/directive_names.h"

/* httpd refuses lines of a .htaccess over 8190 bytes, how exactly depends on the lines
 * before; near that it is not second-guessed. */
#define LINE_MOST 8000
/* Its reader begins with a buffer of 200 bytes, and loses a last line without an end
 * that just fills what it has grown to. */
#define LAST_MOST 190

typedef enum {
    SECTION_TOP,
    SECTION_CONDITION,      /* looked at while reading: what it holds is its parent's */
    SECTION_CONTAINER,      /* has rules of its own */
    SECTION_OTHER,          /* rules in it are httpd's matter */
    SECTION_MACRO           /* text, not yet directives */
} kind_t;

static kind_t kind_of(const r307_section_row_t *row)
{
    switch (row->kind) {
    case R307_SECTION_WALKED:
        return SECTION_CONDITION;
    case R307_SECTION_MACRO:
        return SECTION_MACRO;
    case R307_SECTION_FILES:
    case R307_SECTION_IF:
        return SECTION_CONTAINER;
    default:
        return SECTION_OTHER;
    }
}

typedef struct section_t {
    const char *name;
    kind_t kind;
    int is_left;            /* rules in it stay for httpd */
    int run;                /* the last one of this section, or -1 */
    unsigned epoch;         /* in which that run began */
    unsigned named;         /* bits: names that already have their line in that run */
} section_t;

typedef struct reading_t {
    apr_pool_t *p;
    const char *bytes;
    size_t len;
    size_t at;              /* of the next physical line */
    unsigned number;        /* of the last one that was read */
    const char *const *names;
    r307_scan_take_t take;
    void *baton;
    apr_array_header_t *lines;
    apr_array_header_t *stack;      /* of section_t; the first is no section */
    int runs;
    unsigned epoch;         /* counts what ends all runs */
    int others;
    int has_use;
    int is_unended;         /* the last line has no end */
} reading_t;

/* A line as httpd puts it together. */
typedef struct joined_t {
    char text[LINE_MOST + 1];       /* trimmed by trim() */
    size_t len;
    size_t first;           /* its first physical line: where, and its number */
    unsigned number;
    int parts;
    int is_continued;
} joined_t;

static const char too_long[] = "a line is longer than is safe to tell apart";

/* Physical lines joined at backslashes. It looks back into what was joined before, as
 * httpd does: after "\\" and an empty line the backslash counts again. */
static const char *join(reading_t *reading, joined_t *line)
{
    line->len = 0;
    line->parts = 0;
    line->is_continued = 0;
    line->first = reading->at;
    line->number = reading->number + 1;
    while (reading->at < reading->len) {
        const char *from = reading->bytes + reading->at;
        const char *lf = memchr(from, '\n', reading->len - reading->at);
        size_t n = lf ? (size_t)(lf - from) + 1 : reading->len - reading->at, end;

        if (line->len + n > LINE_MOST || memchr(from, '\0', n)) {
            return line->len + n > LINE_MOST ? too_long : "there is a NUL byte in a line";
        }
        memcpy(line->text + line->len, from, n);
        reading->at += n;
        reading->number++;
        line->parts++;
        end = line->len + n;
        if (!lf) {
            reading->is_unended = 1;
            line->len = end;
            return end < LAST_MOST ? NULL : "the last line is long and has no end";
        }
        end--;
        if (end && line->text[end - 1] == '\r') {
            end--;
        }
        if (!end || line->text[end - 1] != '\\') {
            line->len += n;
            return NULL;
        }
        line->len = end - 1;
        line->is_continued = 1;     /* also when nothing follows: httpd counts that */
    }
    return NULL;
}

static const char *trim(joined_t *line)
{
    const char *text = line->text;

    while (line->len && apr_isspace(line->text[line->len - 1])) {
        line->len--;
    }
    line->text[line->len] = '\0';
    while (apr_isspace(*text)) {
        text++;
    }
    return text;
}

static r307_scan_line_t *add_line(reading_t *reading, unsigned number, const char *text,
                                    size_t len)
{
    r307_scan_line_t *line = apr_array_push(reading->lines);

    line->number = number;
    line->run = R307_SCAN_FILE;
    line->name = 0;
    line->text = text;
    line->len = len;
    return line;
}

/* The physical lines as they are: joining them is httpd's. */
static void keep(reading_t *reading, const joined_t *line)
{
    size_t at = line->first;
    int i;

    for (i = 0; i < line->parts; i++) {
        const char *from = reading->bytes + at;
        const char *lf = memchr(from, '\n', reading->len - at);
        size_t n = lf ? (size_t)(lf - from) + 1 : reading->len - at;

        add_line(reading, line->number + (unsigned)i, from, n);
        at += n;
    }
}

static section_t *innermost(const reading_t *reading)
{
    return &APR_ARRAY_IDX(reading->stack, reading->stack->nelts - 1, section_t);
}

/* What is added later must not come to stand in front of what was added here. */
static void end_runs(reading_t *reading)
{
    reading->epoch++;
}

static void enter(reading_t *reading, const char *name, kind_t kind)
{
    int is_left = reading->stack->nelts && innermost(reading)->is_left;
    section_t *section = apr_array_push(reading->stack);

    section->name = name;
    section->kind = kind;
    section->is_left = is_left || kind == SECTION_OTHER || kind == SECTION_MACRO;
    section->run = -1;
    section->epoch = 0;
    section->named = 0;
    if (kind == SECTION_CONTAINER) {
        end_runs(reading);      /* some versions of httpd allow other directives behind it */
    }
}

static const char *leave_section(reading_t *reading, const char *text)
{
    const section_t *section = innermost(reading);
    size_t n = strlen(section->name);

    if (section->kind == SECTION_TOP || strncasecmp(text + 2, section->name, n) != 0
        || strcmp(text + 2 + n, ">") != 0) {
        return "a section ends that did not begin";
    }
    apr_array_pop(reading->stack);
    return NULL;
}

/* Only what httpd surely takes for the begin of a section it surely knows. */
static const char *enter_section(reading_t *reading, const char *text)
{
    size_t n = strcspn(text + 1, " \t>"), len = strlen(text);
    const r307_section_row_t *row = r307_section_find(text + 1, n);
    int is_bare = text[1 + n] == '>' && text[2 + n] == '\0';

    if (text[len - 1] != '>' || (text[1 + n] == '>' && !is_bare)) {
        return "a section begins in an unusual way";
    }
    if (row && row->in_htaccess) {
        enter(reading, row->name, kind_of(row));
        return NULL;
    }
    return "there is a section of a kind that is not known";
}

static const char *read_macro(reading_t *reading, const joined_t *line, const char *text)
{
    keep(reading, line);
    if (strncasecmp(text, "<Macro", 6) == 0) {
        return "a <Macro> stands in a <Macro>";
    }
    return strncasecmp(text, "</Macro", 7) == 0 ? leave_section(reading, text) : NULL;
}

static r307_taking_t offer(reading_t *reading, int name, const char *args,
                           unsigned number)
{
    section_t *section = innermost(reading);
    r307_scan_line_t *line;
    r307_taking_t taking;
    int run;

    if (section->kind == SECTION_CONDITION && section->run < 0) {
        end_runs(reading);      /* of the section this one is a part of */
    }
    if (section->run < 0 || section->epoch != reading->epoch) {
        section->named = 0;
        run = reading->runs;
    }
    else {
        run = section->run;
    }
    taking = reading->take(reading->baton, run, name, args, number);
    if (taking != R307_SCAN_TAKEN) {
        return taking;
    }
    section->run = run;
    section->epoch = reading->epoch;
    reading->runs = run + 1 > reading->runs ? run + 1 : reading->runs;
    if (!(section->named & 1u << name)) {
        section->named |= 1u << name;
        line = add_line(reading, number, NULL, 0);
        line->run = run;
        line->name = name;
        line->text = apr_pstrcat(reading->p, reading->names[name], "\n", NULL);
        line->len = strlen(line->text);
    }
    return taking;
}

/* One of our directives that is no rule, wherever it stands. */
static int is_setting(const char *text, size_t n)
{
    const r307_directive_row_t *row = r307_directive_find(text, n);

    return row && row->kind == R307_LINE_SETTING && row->stands == R307_STANDS_EVERYWHERE;
}

static int find_name(const reading_t *reading, const char *text, size_t n)
{
    int i;

    for (i = 0; reading->names[i]; i++) {
        if (n == strlen(reading->names[i])
            && strncasecmp(text, reading->names[i], n) == 0) {
            return i;
        }
    }
    return -1;
}

static const char *read_directive(reading_t *reading, const joined_t *line,
                                  const char *text)
{
    size_t n = strcspn(text, " \t\n\v\f\r");
    int is_ours = n >= 11 && strncasecmp(text, "Redirect307", 11) == 0;
    int is_use = n == 3 && strncasecmp(text, "Use", 3) == 0;
    int name = find_name(reading, text, n);
    const char *args = text + n;
    r307_taking_t taking = R307_SCAN_STAYS;

    /* only httpd knows what becomes of such a word; it might be a section */
    if (*text == '"' || *text == '\'' || memchr(text, '$', n)) {
        return "a line begins with a quote or a variable";
    }
    while (apr_isspace(*args)) {
        args++;
    }
    if (name >= 0 && !line->is_continued && !strstr(text, "${")
        && !innermost(reading)->is_left) {
        taking = offer(reading, name, args, line->number);
    }
    if (taking == R307_SCAN_TAKEN) {
        return NULL;
    }
    /* a rule that stays, a word that is not whole before it is joined, a macro */
    if ((is_ours && !is_setting(text, n)) || line->is_continued || is_use) {
        end_runs(reading);
        reading->others += taking != R307_SCAN_NO_RULE;
    }
    reading->has_use |= is_use;
    keep(reading, line);
    return NULL;
}

static const char *read_line(reading_t *reading, joined_t *line)
{
    const char *text = trim(line), *err;

    if (innermost(reading)->kind == SECTION_MACRO) {
        return read_macro(reading, line, text);
    }
    if (*text == '\0' || *text == '#') {
        return NULL;
    }
    if (*text != '<') {
        return read_directive(reading, line, text);
    }
    if (line->is_continued) {
        return "the begin or the end of a section is continued";
    }
    err = text[1] == '/' ? leave_section(reading, text) : enter_section(reading, text);
    keep(reading, line);
    return err;
}

const char *r307_scan_make(apr_pool_t *p, const char *bytes, size_t len,
                             const char *const *names, r307_scan_take_t take,
                             void *baton, r307_scan_t *script)
{
    reading_t reading;
    joined_t line;
    const char *err = NULL;

    memset(&reading, 0, sizeof(reading));
    reading.p = p;
    reading.bytes = bytes;
    reading.len = len;
    reading.names = names;
    reading.take = take;
    reading.baton = baton;
    reading.lines = apr_array_make(p, 16, sizeof(r307_scan_line_t));
    reading.stack = apr_array_make(p, 4, sizeof(section_t));
    enter(&reading, "", SECTION_TOP);
    while (!err && reading.at < len) {
        err = join(&reading, &line);
        if (!err) {
            err = read_line(&reading, &line);
        }
    }
    if (!err && reading.stack->nelts > 1) {
        err = "a section is not closed";
    }
    if (!err && reading.has_use && reading.is_unended) {
        err = "the last line has no end, and behind a Use it would be lost";
    }
    if (!err) {
        script->lines = reading.lines;
        script->runs = reading.runs;
        script->others = reading.others;
    }
    return err;
}
