/* SPDX-License-Identifier: Apache-2.0
 *
 * Tables as spreadsheets save them (RFC 4180, and what they really write): ',' ';' or tab,
 * quoted fields, a header row of option names or the columns source, target, status.
 */
#include "mapfile.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "options.h"

#define COLUMNS_MOST 64

/* A row under the reading, and the table's shape. */
typedef struct table_t {
    char delimiter;
    const char *columns[COLUMNS_MOST];  /* "source", "target" or the name of an option */
    int count;
    int in_order;               /* source and target come first, in this order */
    r307_slice_t cells[COLUMNS_MOST];   /* of the row, blanks around them cut */
    int cell_count;             /* of the row; those past COLUMNS_MOST are only counted */
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
    if (table->cell_count < COLUMNS_MOST) {
        table->cells[table->cell_count] = trim(cell);
    }
    table->cell_count++;
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

static int is_empty(const table_t *table)
{
    int i;

    for (i = 0; i < table->cell_count && i < COLUMNS_MOST; i++) {
        if (table->cells[i].len) {
            return 0;
        }
    }
    return table->cell_count <= COLUMNS_MOST;
}

/* What separates the cells of the first line: what stands most often outside quotes. */
static char find_delimiter(r307_slice_t line)
{
    static const char choices[] = ",;\t";
    size_t counts[3] = { 0, 0, 0 }, i, best = 0;
    int quoted = 0;

    for (i = 0; i < line.len; i++) {
        const char *choice = line.s[i] ? strchr(choices, line.s[i]) : NULL;

        quoted ^= line.s[i] == '"';
        if (choice && !quoted) {
            counts[choice - choices]++;
        }
    }
    for (i = 1; i < 3; i++) {
        best = counts[i] > counts[best] ? i : best;
    }
    return counts[best] ? choices[best] : ',';
}

static int is_column(r307_slice_t cell, const char *name)
{
    return r307_text_same_fold(cell.s, cell.len, name, strlen(name));
}

/* The option of that name in lower case, "source" or "target"; NULL: none. */
static const char *column_name(apr_pool_t *p, r307_slice_t cell)
{
    char *name = apr_pstrmemdup(p, cell.s, cell.len);
    const r307_option_t *option;
    size_t i;

    for (i = 0; i < cell.len; i++) {
        name[i] = r307_text_lower(name[i]);
    }
    if (strcmp(name, "source") == 0 || strcmp(name, "target") == 0) {
        return name[0] == 's' ? "source" : "target";
    }
    option = r307_option_find(name, cell.len);
    return option ? option->name : NULL;
}

static const char *read_header(r307_mapreading_t *reading, table_t *table)
{
    apr_pool_t *p = reading->p;
    int i, k;

    for (i = 0; i < table->cell_count; i++) {
        r307_slice_t cell = table->cells[i];

        if (i == COLUMNS_MOST) {
            return "has a header row with more columns than there are options";
        }
        table->columns[i] = cell.len ? column_name(p, cell) : NULL;
        if (cell.len && !table->columns[i]) {
            const r307_option_t *near = r307_option_near(cell.s, cell.len);

            return apr_psprintf(p, "column '%s' of the header row is no option%s%s%s; name "
                                "the columns source, target, status or another option, or "
                                "leave the name of a column empty",
                                r307_text_show(p, cell.s, cell.len),
                                near ? ", did you mean '" : "", near ? near->name : "",
                                near ? "'?" : "");
        }
        for (k = 0; k < i; k++) {
            if (table->columns[i] && table->columns[k] == table->columns[i]) {
                return apr_psprintf(p, "the header row names column '%s' twice; keep one",
                                    table->columns[i]);
            }
        }
    }
    table->count = table->cell_count;
    table->in_order = table->count >= 2 && table->columns[0] && table->columns[1]
        && strcmp(table->columns[0], "source") == 0
        && strcmp(table->columns[1], "target") == 0;
    return NULL;
}

/* Whether the row names columns. A first row that is neither this nor a rule is said as
 * any other bad line. */
static int is_header(const table_t *table)
{
    int i;

    for (i = 0; i < table->cell_count && i < COLUMNS_MOST; i++) {
        if (is_column(table->cells[i], "source") || is_column(table->cells[i], "target")) {
            return 1;
        }
    }
    return 0;
}

static const char *cell_text(r307_mapreading_t *reading, r307_slice_t cell)
{
    return apr_pstrmemdup(reading->line_pool, cell.s, cell.len);
}

static int is_plain(const table_t *table)
{
    int i;

    if (!table->in_order || table->cell_count < 2) {
        return 0;
    }
    for (i = 2; i < table->cell_count; i++) {
        if (table->cells[i].len) {
            return 0;
        }
    }
    return r307_mapfile_is_plain(table->cells[0], table->cells[1]);
}

static const char *find_cell(r307_mapreading_t *reading, const table_t *table,
                             const char *name)
{
    int i;

    for (i = 0; i < table->count && i < table->cell_count; i++) {
        if (table->columns[i] && strcmp(table->columns[i], name) == 0
            && table->cells[i].len) {
            return cell_text(reading, table->cells[i]);
        }
    }
    return NULL;
}

/* The row as a line of the grammar. */
static const char *write_row(r307_mapreading_t *reading, const table_t *table)
{
    const char *source = find_cell(reading, table, "source");
    const char *target = find_cell(reading, table, "target");
    int i;

    for (i = 0; i < table->cell_count && i < COLUMNS_MOST; i++) {
        r307_slice_t cell = table->cells[i];
        const char *bad = r307_mapfile_utf8(reading, cell);

        if (bad) {
            return bad;
        }
        if (memchr(cell.s, '\0', cell.len)) {
            return "a cell holds a NUL byte; save the sheet as \"CSV UTF-8\"";
        }
        if (cell.len && (i >= table->count || !table->columns[i])) {
            return apr_psprintf(reading->line_pool, "'%s' stands in a column without a "
                                "name; name it in the first row, as source,target,status",
                                r307_text_show(reading->line_pool, cell.s, cell.len));
        }
    }
    if (!source) {
        return "the row has no source; fill its cell, or delete the row";
    }
    r307_mapfile_word(reading, NULL, source);
    if (target) {
        r307_mapfile_word(reading, NULL, target);
    }
    for (i = 0; i < table->count && i < table->cell_count; i++) {
        const char *name = table->columns[i];

        if (name && table->cells[i].len && strcmp(name, "source") != 0
            && strcmp(name, "target") != 0) {
            r307_mapfile_word(reading, name, cell_text(reading, table->cells[i]));
        }
    }
    return NULL;
}

/* The row whose cells were read, or are `bad`. */
static void finish_row(r307_mapreading_t *reading, unsigned number, const char *bad,
                       table_t *table)
{
    if (!bad && is_plain(table)) {
        r307_mapfile_plain(reading, number, table->cells[0], table->cells[1]);
        if (table->quoted) {
            apr_pool_clear(reading->line_pool);
        }
        return;
    }
    if (!bad && is_empty(table)) {
        apr_pool_clear(reading->line_pool);
        return;
    }
    bad = bad ? bad : write_row(reading, table);
    if (bad) {
        r307_mapfile_bad(reading, number, bad);
    }
    else {
        r307_mapfile_text(reading, number);
    }
}

const char *r307_mapfile_read_csv(r307_mapreading_t *reading)
{
    static const char *const usual[] = { "source", "target", "status" };
    table_t *table = apr_pcalloc(reading->p, sizeof(*table));
    r307_slice_t line = r307_mapfile_line(reading);
    const char *bad;
    unsigned number;

    if (line.len == 5 && memcmp(line.s, "sep=", 4) == 0) {
        table->delimiter = line.s[4];       /* what Excel writes for itself */
        line = r307_mapfile_line(reading);
    }
    if (!line.s) {
        return NULL;
    }
    table->delimiter = table->delimiter ? table->delimiter : find_delimiter(line);
    memcpy(table->columns, usual, sizeof(usual));
    table->count = 3;
    table->in_order = 1;
    number = reading->line;
    bad = read_cells(reading, line, table);
    if (!bad && is_header(table)) {
        bad = read_header(reading, table);
        apr_pool_clear(reading->line_pool);
        if (bad) {
            return bad;
        }
    }
    else {
        finish_row(reading, number, bad, table);
    }
    for (line = r307_mapfile_line(reading); line.s; line = r307_mapfile_line(reading)) {
        number = reading->line;
        bad = read_cells(reading, line, table);
        finish_row(reading, number, bad, table);
    }
    return NULL;
}
