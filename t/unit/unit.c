/* SPDX-License-Identifier: Apache-2.0
 *
 * unit: reads the tables and reports rows.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include "unit.h"

static int *rows;       /* shared with forked tests */

void unit_rows_make(void)
{
    rows = mmap(NULL, sizeof(*rows), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (rows == MAP_FAILED) {
        abort();
    }
    *rows = 0;
}

void unit_rows_add(int count)
{
    *rows += count;
}

int unit_rows_checked(void)
{
    return *rows;
}

apr_pool_t *unit_pool(void)
{
    apr_pool_t *p;

    ck_assert_int_eq(apr_pool_create(&p, NULL), APR_SUCCESS);
    return p;
}

const char *unit_show(apr_pool_t *p, r307_slice_t slice)
{
    char *text, *d;
    size_t i, len = slice.len > 400 ? 400 : slice.len;

    if (!slice.s) {
        return "(absent)";
    }
    text = d = apr_palloc(p, len * 4 + 32);
    *d++ = '\'';
    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)slice.s[i];

        if (c < 0x20 || c >= 0x7f) {
            d += sprintf(d, "\\x%02X", c);
        }
        else {
            *d++ = (char)c;
        }
    }
    strcpy(d, slice.len > len ? "'..." : "'");
    return text;
}

/* "\{N:text}" at s, which points behind "\{"; returns what follows the '}'. */
static const char *unescape_repeat(r307_buf_t *buf, const char *s, const char *end)
{
    char *text;
    long times = strtol(s, &text, 10);
    const char *close = memchr(text, '}', (size_t)(end - text));

    if (times < 1 || *text != ':' || !close) {
        ck_abort_msg("bad \\{N:text} in a table");
    }
    while (times-- > 0) {
        r307_buf_add(buf, text + 1, (size_t)(close - text - 1));
    }
    return close + 1;
}

/* One escape at s, which points behind the backslash; returns what follows it. */
static const char *unescape_one(r307_buf_t *buf, const char *s, const char *end)
{
    static const char from[] = "tnr0\\", to[] = "\t\n\r\0\\";
    const char *at = s < end ? strchr(from, *s) : NULL;

    if (at && *s) {
        r307_buf_putc(buf, to[at - from]);
        return s + 1;
    }
    if (s < end && *s == 'e') {
        return s + 1;
    }
    if (s < end && *s == '{') {
        return unescape_repeat(buf, s + 1, end);
    }
    if (end - s >= 3 && *s == 'x') {
        char hex[3] = { s[1], s[2], '\0' };

        r307_buf_putc(buf, (char)strtol(hex, NULL, 16));
        return s + 3;
    }
    ck_abort_msg("bad escape in a table: \\%.*s", (int)(end - s), s);
    return end;
}

/* The tables must be readable before the engine works, so the buffer that only grows is
 * the one thing of the engine used here. */
static r307_slice_t unescape(apr_pool_t *p, const char *s, size_t len)
{
    r307_buf_t buf;
    const char *end = s + len;

    r307_buf_make(&buf, p, len + 1);
    while (s < end) {
        if (*s == '\\') {
            s = unescape_one(&buf, s + 1, end);
        }
        else {
            r307_buf_putc(&buf, *s++);
        }
    }
    r307_buf_putc(&buf, '\0');
    return (r307_slice_t){ buf.s, buf.len - 1 };
}

static char *read_file(apr_pool_t *p, const char *path)
{
    apr_file_t *file;
    apr_finfo_t info;
    char *text;

    if (apr_file_open(&file, path, APR_READ | APR_BINARY, 0, p) != APR_SUCCESS
        || apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
        ck_abort_msg("%s: cannot be read; R307_DATA names the folder", path);
    }
    text = apr_pcalloc(p, (apr_size_t)info.size + 1);
    if (apr_file_read_full(file, text, (apr_size_t)info.size, NULL) != APR_SUCCESS) {
        ck_abort_msg("%s: cannot be read", path);
    }
    apr_file_close(file);
    return text;
}

static void load_columns(unit_table_t *table, char *line)
{
    char *tab;

    do {
        tab = strchr(line, '\t');
        if (tab) {
            *tab = '\0';
        }
        ck_assert_int_lt(table->columns, UNIT_FIELDS_MOST);
        table->column[table->columns++] = line;
        line = tab + 1;
    } while (tab);
}

static void load_row(unit_table_t *table, unit_row_t *row, char *line)
{
    char *tab;

    row->table = table;
    do {
        tab = strchr(line, '\t');
        ck_assert_int_lt(row->count, UNIT_FIELDS_MOST);
        row->field[row->count++] = unescape(table->p, line, tab ? (size_t)(tab - line)
                                                                : strlen(line));
        line = tab + 1;
    } while (tab);
}

unit_table_t *unit_table_load(apr_pool_t *p, const char *name, int fewest)
{
    const char *folder = getenv("R307_DATA");
    unit_table_t *table = apr_pcalloc(p, sizeof(*table));
    apr_array_header_t *found = apr_array_make(p, 256, sizeof(unit_row_t));
    char *text, *end;
    int line;

    table->p = p;
    table->path = apr_pstrcat(p, folder ? folder : "t/data", "/", name, NULL);
    text = read_file(p, table->path);
    for (line = 1; *text; text = end + 1, line++) {
        end = strchr(text, '\n');
        ck_assert_msg(end != NULL, "%s: the last line has no end", table->path);
        *end = '\0';
        if (*text == '#' || !*text) {
            continue;
        }
        if (!table->columns) {
            load_columns(table, text);
            continue;
        }
        load_row(table, memset(apr_array_push(found), 0, sizeof(unit_row_t)), text);
        APR_ARRAY_IDX(found, found->nelts - 1, unit_row_t).line = line;
    }
    table->rows = (unit_row_t *)found->elts;
    table->count = found->nelts;
    ck_assert_msg(table->count >= fewest, "%s: %d rows, fewer than %d", table->path,
                  table->count, fewest);
    return table;
}

void unit_table_end(unit_table_t *table)
{
    ck_assert_msg(!table->failed, "%s: %d of %d rows failed", table->path,
                  table->failed, table->count);
}

r307_slice_t unit_slice(const unit_row_t *row, const char *column)
{
    int i;

    for (i = 0; i < row->table->columns; i++) {
        if (!strcmp(row->table->column[i], column)) {
            ck_assert_msg(i < row->count, "%s:%d: no column %s", row->table->path,
                          row->line, column);
            return row->field[i];
        }
    }
    ck_abort_msg("%s: no column %s", row->table->path, column);
    return (r307_slice_t){ NULL, 0 };
}

const char *unit_text(const unit_row_t *row, const char *column)
{
    return unit_slice(row, column).s;
}

int unit_is(const unit_row_t *row, const char *column, const char *text)
{
    return !strcmp(unit_text(row, column), text);
}

int unit_absent(const unit_row_t *row, const char *column)
{
    return unit_is(row, column, "-");
}

void unit_row_begin(const unit_row_t *row)
{
    unit_rows_add(1);
}

void unit_row_fail(const unit_row_t *row, const char *what, const char *got,
                   const char *wanted)
{
    printf("%s:%d: %s: %s: got %s, wanted %s\n", row->table->path, row->line,
           row->count ? row->field[0].s : "", what, got ? got : "(nothing)",
           wanted ? wanted : "(nothing)");
    fflush(stdout);
    ((unit_table_t *)row->table)->failed++;
}

void unit_row_same_slice(const unit_row_t *row, const char *what, r307_slice_t got,
                         r307_slice_t wanted)
{
    apr_pool_t *p = row->table->p;

    if (!got.s != !wanted.s || got.len != wanted.len
        || (got.len && memcmp(got.s, wanted.s, got.len))) {
        unit_row_fail(row, what, unit_show(p, got), unit_show(p, wanted));
    }
}

void unit_row_same(const unit_row_t *row, const char *what, const char *got,
                   const char *wanted)
{
    unit_row_same_slice(row, what, (r307_slice_t){ got, got ? strlen(got) : 0 },
                        (r307_slice_t){ wanted, wanted ? strlen(wanted) : 0 });
}

/* Why an error text is not fit to be shown, or NULL. */
static const char *unfit(const char *text)
{
    const char *c;

    if (!*text) {
        return "an error text that says nothing";
    }
    for (c = text; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            return "an error text with a control byte";
        }
    }
    return strstr(text, "invalid value") ? "an error text that does not help" : NULL;
}

void unit_row_error(const unit_row_t *row, const char *got, const char *wanted)
{
    apr_array_header_t *parts;
    int i;

    if (got && unfit(got)) {
        unit_row_fail(row, unfit(got), unit_show(row->table->p, r307_slice(got,
                      strlen(got))), wanted);
    }
    if (!strcmp(wanted, "*")) {
        return;
    }
    if (!strcmp(wanted, "-") || !got || *wanted != '~') {
        unit_row_same(row, "error", got, strcmp(wanted, "-") ? wanted : NULL);
        return;
    }
    parts = unit_list(row->table->p, wanted + 1, "~");
    for (i = 0; i < parts->nelts; i++) {
        if (!strstr(got, APR_ARRAY_IDX(parts, i, const char *))) {
            unit_row_fail(row, "error", got, wanted);
            return;
        }
    }
}

apr_array_header_t *unit_list(apr_pool_t *p, const char *text, const char *separator)
{
    apr_array_header_t *list = apr_array_make(p, 4, sizeof(const char *));
    const char *end;

    while ((end = strstr(text, separator)) != NULL) {
        APR_ARRAY_PUSH(list, const char *) = apr_pstrndup(p, text,
                                                          (apr_size_t)(end - text));
        text = end + strlen(separator);
    }
    APR_ARRAY_PUSH(list, const char *) = text;
    return list;
}

static int holds_names(apr_pool_t *p, const char *all, const char *some)
{
    apr_array_header_t *a = unit_list(p, all, ", "), *b = unit_list(p, some, ", ");
    int i, k;

    for (i = 0; i < b->nelts; i++) {
        for (k = 0; k < a->nelts; k++) {
            if (!strcasecmp(APR_ARRAY_IDX(a, k, const char *),
                            APR_ARRAY_IDX(b, i, const char *))) {
                break;
            }
        }
        if (k == a->nelts) {
            return 0;
        }
    }
    return a->nelts == b->nelts;
}

int unit_same_names(apr_pool_t *p, const char *a, const char *b)
{
    return holds_names(p, a, b) && holds_names(p, b, a);
}

const char *unit_image_add(apr_pool_t *p, r307_image_builder_t *builder, const char *line,
                           unsigned number)
{
    apr_array_header_t *words;
    const char *bad = r307_token_split(p, line, &words);

    return bad ? bad : r307_image_add(p, builder, words, number);
}
