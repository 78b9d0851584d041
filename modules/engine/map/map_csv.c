/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables as spreadsheets save them (RFC 4180, and what they really write): ',' ';' '|' or
 * tab, quoted fields, a header row of names or the columns source, target, status.
 */
#include "map/map_format.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "grammar/literal_line.h"
#include "map/map_columns.h"
#include "http/url.h"

/* A row under the reading, and the table's shape. */
typedef struct table_t {
    char delimiter;
    r307_column_t columns[R307_COLUMNS_MOST];
    int count;
    int is_named;               /* by a header row */
    int in_order;               /* source and target come first, in this order */
    r307_slice_t cells[R307_COLUMNS_MOST];  /* of the row, blanks around them cut */
    int cell_count;             /* of the row; more are not kept */
    int quoted;                 /* a cell of the row stood in quotes */
    int one_line;               /* a quote was never closed: none reaches over a line's end
                                 * any more, or the rest of the table would be lost */
} table_t;

static r307_slice_t trim(r307_slice_t s)
{
    while (s.len && (s.s[0] == ' ' || s.s[0] == '\t')) {
        s.s++;
        s.len--;
    }
    while (s.len && (s.s[s.len - 1] == ' ' || s.s[s.len - 1] == '\t')) {
        s.len--;
    }
    return s;
}

static void add_cell(table_t *table, r307_slice_t cell)
{
    if (table->cell_count < R307_COLUMNS_MOST) {
        table->cells[table->cell_count++] = trim(cell);
    }
}

/* A quoted cell; *at is behind its opening quote. It may hold ends of lines. 0 when it
 * has no end. */
static int quoted_cell(r307_mapreading_t *reading, const table_t *table, const char **at,
                       r307_slice_t *line, r307_buf_t *cell)
{
    for (;;) {
        const char *end = line->s + line->len;
        const char *quote = memchr(*at, '"', (size_t)(end - *at));

        r307_buf_add(cell, *at, (size_t)((quote ? quote : end) - *at));
        if (quote && quote + 1 < end && quote[1] == '"') {
            r307_buf_putc(cell, '"');
            *at = quote + 2;
        }
        else if (quote) {
            *at = quote + 1;
            return 1;
        }
        else {
            r307_buf_putc(cell, '\n');
            *line = table->one_line ? r307_slice(NULL, 0) : r307_mapfile_line(reading);
            *at = line->s;
            if (!line->s) {
                return 0;
            }
        }
    }
}

/* Reads one quoted cell at *at, which ends at *stop (NULL: with the row). */
static const char *take_quoted(r307_mapreading_t *reading, table_t *table,
                               const char *at, r307_slice_t *line, const char **stop)
{
    const char *after = reading->at, *end;
    unsigned number = reading->line;
    r307_buf_t cell;

    table->quoted = 1;
    r307_buf_make(&cell, reading->line_pool, 64);
    if (!quoted_cell(reading, table, &at, line, &cell)) {
        reading->at = after;
        reading->line = number;
        table->one_line = 1;
        *stop = NULL;
        return "a quote that opens here is never closed";
    }
    add_cell(table, r307_slice(cell.s, cell.len));
    end = line->s + line->len;
    *stop = memchr(at, table->delimiter, (size_t)(end - at));
    if (trim(r307_slice(at, (size_t)((*stop ? *stop : end) - at))).len) {
        return "text follows a closing quote; a quote inside a quoted cell is written "
               "twice";
    }
    return NULL;
}

/* Reads the cells of the row that begins with `line`. NULL, or what is wrong with it. */
static const char *read_cells(r307_mapreading_t *reading, r307_slice_t line,
                              table_t *table)
{
    const char *at = line.s, *bad = NULL, *stop;

    table->cell_count = 0;
    table->quoted = 0;
    for (;;) {
        const char *end = line.s + line.len;
        size_t skip = 0;

        while (at + skip < end && (at[skip] == ' ' || at[skip] == '\t')
               && at[skip] != table->delimiter) {
            skip++;
        }
        if (at + skip < end && at[skip] == '"') {
            const char *wrong = take_quoted(reading, table, at + skip + 1, &line, &stop);

            bad = bad ? bad : wrong;
        }
        else {
            stop = memchr(at, table->delimiter, (size_t)(end - at));
            add_cell(table, r307_slice(at, (size_t)((stop ? stop : end) - at)));
        }
        if (!stop) {
            return bad;
        }
        at = stop + 1;
    }
}

/* A row of nothing, or a remark. */
static int is_empty(const table_t *table)
{
    int i;

    if (table->cell_count && table->cells[0].len && table->cells[0].s[0] == '#') {
        return 1;
    }
    for (i = 0; i < table->cell_count; i++) {
        if (table->cells[i].len) {
            return 0;
        }
    }
    return 1;
}

/* What separates the cells of the first line: what stands most often outside quotes. */
static char find_delimiter(r307_slice_t line)
{
    static const char choices[] = ",;\t|";
    size_t counts[4] = { 0, 0, 0, 0 }, i, best = 0;
    int quoted = 0;

    for (i = 0; i < line.len; i++) {
        const char *choice = line.s[i] ? strchr(choices, line.s[i]) : NULL;

        quoted ^= line.s[i] == '"';
        if (choice && !quoted) {
            counts[choice - choices]++;
        }
    }
    for (i = 1; i < 4; i++) {
        best = counts[i] > counts[best] ? i : best;
    }
    return counts[best] ? choices[best] : ',';
}

/* What separates the cells of the first line that is no remark. */
static char delimiter_of(const r307_mapreading_t *reading, r307_slice_t line)
{
    r307_mapreading_t ahead = *reading;

    while (line.s && (!trim(line).len || trim(line).s[0] == '#')) {
        line = r307_mapfile_line(&ahead);
    }
    return line.s ? find_delimiter(line) : ',';
}

static const char *read_header(r307_mapreading_t *reading, table_t *table)
{
    const char *ignored, *near;
    const char *bad = r307_columns_read(reading->p, table->cells, table->cell_count,
                                        reading->sink->context->where == R307_WHERE_DIRECTORY,
                                        table->columns, &ignored, &near);

    if (bad) {
        return bad;
    }
    table->count = table->cell_count;
    table->is_named = 1;
    table->in_order = table->count >= 2 && table->columns[0].role == R307_COLUMN_SOURCE
        && table->columns[1].role == R307_COLUMN_TARGET;
    if (near) {
        reading->sink->told(reading->sink->baton, reading->line, near);
    }
    else if (ignored) {
        reading->sink->note(reading->sink->baton, reading->line, ignored);
    }
    return NULL;
}

static const char *cell_text(r307_mapreading_t *reading, r307_slice_t cell)
{
    return apr_pstrmemdup(reading->line_pool, cell.s, cell.len);
}

/* Whether the column is part of no rule. */
static int is_aside(r307_column_role_t role)
{
    return role == R307_COLUMN_IGNORED || role == R307_COLUMN_TEST
        || role == R307_COLUMN_EXPECT;
}

static int is_plain(const table_t *table)
{
    int i;

    if (!table->in_order || table->cell_count < 2) {
        return 0;
    }
    for (i = 2; i < table->cell_count; i++) {
        if (table->cells[i].len
            && (i >= table->count || !is_aside(table->columns[i].role))) {
            return 0;
        }
    }
    return r307_literal_is(table->cells[0], table->cells[1]);
}

/* The text of the row's cell of that role, NULL when it is empty. */
static const char *find_cell(r307_mapreading_t *reading, const table_t *table,
                             r307_column_role_t role)
{
    int i;

    for (i = 0; i < table->count && i < table->cell_count; i++) {
        if (table->columns[i].role == role && table->cells[i].len) {
            return cell_text(reading, table->cells[i]);
        }
    }
    return NULL;
}

static int is_word(const char *text, const char *const *words)
{
    for (; text && *words; words++) {
        if (r307_text_same_fold(text, strlen(text), *words, strlen(*words))) {
            return 1;
        }
    }
    return 0;
}

static int is_off(const char *state)
{
    static const char *const words[] = { "disabled", "inactive", "off", "draft", "0", NULL };

    return is_word(state, words);
}

static int is_yes(const char *text)
{
    static const char *const words[] = { "1", "true", "yes", "regex", NULL };

    return is_word(text, words);
}

/* A host name that somebody copied from a page: "www.example.com/x". Not a file's name,
 * whose ending is no domain. */
static int lacks_scheme(r307_mapreading_t *reading, const char *text)
{
    static const char *const endings[] = {
        "html", "htm", "php", "asp", "aspx", "jsp", "cgi", "xml", "txt", "pdf", "jpg",
        "jpeg", "png", "gif", "svg", "css", "js", "json", "zip", "csv", "md", "doc",
        "docx", "xls", "xlsx", "shtml", "webp", "mp3", "mp4", NULL
    };
    const char *host = apr_pstrmemdup(reading->line_pool, text, strcspn(text, "/?#"));
    const char *dot = strrchr(host, '.');

    return dot && dot > host && strlen(dot) > 2 && !(dot[1] >= '0' && dot[1] <= '9')
        && !r307_url_check_host(r307_slice(host, strlen(host)))
        && !is_word(dot + 1, endings);
}

static const char *show(const r307_mapreading_t *reading, const char *text)
{
    return r307_text_show(reading->line_pool, text, strlen(text));
}

/* Bytes that no cell has which is read. */
static const char *check_cells(r307_mapreading_t *reading, const table_t *table)
{
    int i;

    for (i = 0; i < table->cell_count; i++) {
        r307_slice_t cell = table->cells[i];
        int is_read = i < table->count && !is_aside(table->columns[i].role);
        const char *bad = is_read ? r307_mapfile_utf8(reading, cell) : NULL;

        if (bad) {
            return bad;
        }
        if (is_read && memchr(cell.s, '\0', cell.len)) {
            return "a cell holds a NUL byte; save the sheet as \"CSV UTF-8\"";
        }
        if (cell.len && i >= table->count && !table->is_named) {
            return apr_psprintf(reading->line_pool, "'%s' stands in a column without a "
                                "name; name it in the first row, as source,target,status",
                                r307_text_show(reading->line_pool, cell.s, cell.len));
        }
    }
    return NULL;
}

/* What the row says, whatever its columns are called. */
typedef struct said_t {
    const char *source, *target, *code;
    int is_regex;
    int is_stop;                /* no redirect, and the search ends */
} said_t;

static const char *check_target(r307_mapreading_t *reading, const said_t *said)
{
    const char *target = said->target, *star = strchr(target, '*');

    if (star && !said->is_regex && strchr(said->source, '*')) {
        return apr_psprintf(reading->line_pool, "'%s' has a '*', which stands for itself in a "
                            "target; write %s:splat%s, which is what the '*' of the source "
                            "stands for", show(reading, target),
                            r307_text_show(reading->line_pool, target,
                                           (size_t)(star - target)),
                            show(reading, star + 1));
    }
    if (lacks_scheme(reading, target)) {
        return apr_psprintf(reading->line_pool, "target '%s' has no scheme; write https://%s",
                            show(reading, target), show(reading, target));
    }
    return NULL;
}

/* The kinds of the Redirection plugin, whose export has a column of them. */
static const char *take_type(const char *type, said_t *said)
{
    static const char *const stops[] = { "nothing", "pass", NULL };
    static const char *const dice[] = { "random", NULL };

    if (type && !said->code && strspn(type, "0123456789") == strlen(type)) {
        said->code = type;
    }
    else if (is_word(type, stops)) {
        said->is_stop = 1;
    }
    else if (is_word(type, dice)) {
        return "type 'random' sends everybody elsewhere, which no rule does; write url for one "
               "target";
    }
    return NULL;
}

/* NULL and what the row says; or what is wrong with it. */
static const char *read_row(r307_mapreading_t *reading, const table_t *table,
                            said_t *said)
{
    const char *bad = check_cells(reading, table);

    memset(said, 0, sizeof(*said));
    if (bad) {
        return bad;
    }
    said->source = find_cell(reading, table, R307_COLUMN_SOURCE);
    said->target = find_cell(reading, table, R307_COLUMN_TARGET);
    said->code = find_cell(reading, table, R307_COLUMN_CODE);
    said->is_regex = is_yes(find_cell(reading, table, R307_COLUMN_REGEX));
    if (!said->source) {
        return "the row has no source; fill its cell, or delete the row";
    }
    if (!said->is_regex && lacks_scheme(reading, said->source)) {
        return apr_psprintf(reading->line_pool, "source '%s' begins with a host and has no "
                            "scheme; write https://%s", show(reading, said->source),
                            show(reading, said->source));
    }
    bad = take_type(find_cell(reading, table, R307_COLUMN_TYPE), said);
    if (!bad && said->code && said->target && strcmp(said->target, "/unknown") == 0) {
        return "'/unknown' is what the Redirection plugin writes for a rule with a condition; "
               "its targets are not in this file; write the one that is meant, as /new";
    }
    return bad || !said->target || said->is_stop ? bad : check_target(reading, said);
}

/* The row as words of a line. */
static void write_row(r307_mapreading_t *reading, const table_t *table, const said_t *said)
{
    int i;

    r307_mapfile_word(reading, NULL, said->source);
    if (said->target || said->is_stop) {
        r307_mapfile_word(reading, NULL, said->is_stop ? "-" : said->target);
    }
    if (said->is_regex) {
        r307_mapfile_word(reading, "match", "regex");
    }
    if (said->code && !said->is_stop) {
        r307_mapfile_word(reading, "status", said->code);
    }
    for (i = 0; i < table->count && i < table->cell_count; i++) {
        if (table->columns[i].role == R307_COLUMN_OPTION && table->cells[i].len) {
            r307_mapfile_word(reading, table->columns[i].option->name,
                              cell_text(reading, table->cells[i]));
        }
    }
}

static int is_source(const r307_option_t *option)
{
    return option->says == R307_SAYS_MATCH || option->says == R307_SAYS_SOURCE;
}

/* What of a bad row says which requests it is for; NULL: nothing. */
static const apr_array_header_t *source_alone(r307_mapreading_t *reading,
                                              const table_t *table)
{
    const char *source = find_cell(reading, table, R307_COLUMN_SOURCE);
    int is_regex = is_yes(find_cell(reading, table, R307_COLUMN_REGEX)), i;

    reading->words->nelts = 0;
    if (!source || r307_mapfile_utf8(reading, r307_slice(source, strlen(source)))) {
        return NULL;
    }
    if (!is_regex && lacks_scheme(reading, source)) {
        source = apr_pstrcat(reading->line_pool, "https://", source, NULL);
    }
    r307_mapfile_word(reading, NULL, source);
    if (is_regex) {
        r307_mapfile_word(reading, "match", "regex");
    }
    for (i = 0; i < table->count && i < table->cell_count; i++) {
        if (table->columns[i].role == R307_COLUMN_OPTION && table->cells[i].len
            && is_source(table->columns[i].option)) {
            r307_mapfile_word(reading, table->columns[i].option->name,
                              cell_text(reading, table->cells[i]));
        }
    }
    return reading->words;
}

/* --- cases, which are part of no rule --- */

static r307_slice_t cell_of(const table_t *table, r307_column_role_t role)
{
    int i;

    for (i = 0; i < table->count && i < table->cell_count; i++) {
        if (table->columns[i].role == role && table->cells[i].len) {
            return table->cells[i];
        }
    }
    return r307_slice(NULL, 0);
}

/* Those of a row. */
static void tell_cases(const r307_mapreading_t *reading, unsigned number,
                       const table_t *table)
{
    r307_slice_t asked, wanted;

    if (!reading->sink->tested) {
        return;
    }
    asked = cell_of(table, R307_COLUMN_TEST);
    wanted = cell_of(table, R307_COLUMN_EXPECT);
    if (asked.s || wanted.s) {
        reading->sink->tested(reading->sink->baton, number, asked, wanted);
    }
}

/* A remark may be one: all of the line, as it has commas that part no cells; in a sheet one
 * cell, and empty ones behind it. */
static void tell_remark(r307_mapreading_t *reading, unsigned number, r307_slice_t line,
                        const table_t *table)
{
    int i;

    for (i = 1; i < table->cell_count && !table->cells[i].len; i++) {
        continue;
    }
    if (i == table->cell_count) {
        line = i ? table->cells[0] : r307_slice("", 0);
    }
    line = trim(line);
    if (line.len && line.s[0] == '#') {
        r307_mapfile_remark(reading, number, line);
    }
}

/* The row whose cells were read, or are `bad`. */
static void finish_row(r307_mapreading_t *reading, unsigned number, const char *bad,
                       table_t *table)
{
    said_t said;

    if (!bad && is_plain(table)) {
        tell_cases(reading, number, table);
        r307_mapfile_plain(reading, number, table->cells[0], table->cells[1]);
        if (table->quoted) {
            apr_pool_clear(reading->line_pool);
        }
        return;
    }
    if (!bad && (is_empty(table) || is_off(find_cell(reading, table,
                                                     R307_COLUMN_STATE)))) {
        apr_pool_clear(reading->line_pool);
        return;
    }
    if (!bad) {
        tell_cases(reading, number, table);
    }
    bad = bad ? bad : read_row(reading, table, &said);
    if (bad) {
        r307_mapfile_bad(reading, number, bad, source_alone(reading, table));
        return;
    }
    write_row(reading, table, &said);
    r307_mapfile_made(reading, number);
}

/* Without a header row: source, target, status. */
static void name_columns(table_t *table)
{
    table->columns[0].role = R307_COLUMN_SOURCE;
    table->columns[1].role = R307_COLUMN_TARGET;
    table->columns[2].role = R307_COLUMN_OPTION;
    table->columns[2].option = r307_option_says(R307_SAYS_STATUS);
    table->count = 3;
    table->in_order = 1;
}

const char *r307_map_read_csv(r307_mapreading_t *reading)
{
    table_t *table = apr_pcalloc(reading->p, sizeof(*table));
    r307_slice_t line = r307_mapfile_line(reading);
    int is_first = 1;

    if (line.len == 5 && memcmp(line.s, "sep=", 4) == 0) {
        table->delimiter = line.s[4];       /* what Excel writes for itself */
        line = r307_mapfile_line(reading);
    }
    if (!line.s) {
        return NULL;
    }
    table->delimiter = table->delimiter ? table->delimiter : delimiter_of(reading, line);
    name_columns(table);
    for (; line.s; line = r307_mapfile_line(reading)) {
        unsigned number = reading->line;
        const char *bad = read_cells(reading, line, table);
        /* asked now: a quoted cell is gone with the row */
        int is_nothing = !bad && is_empty(table);

        if (is_nothing) {
            tell_remark(reading, number, line, table);
        }
        if (!bad && is_first && !is_nothing
            && r307_columns_is_header(table->cells, table->cell_count)) {
            bad = read_header(reading, table);
            if (bad) {
                return bad;
            }
            apr_pool_clear(reading->line_pool);
        }
        else {
            finish_row(reading, number, bad, table);
        }
        is_first = is_first && is_nothing;
    }
    return NULL;
}
