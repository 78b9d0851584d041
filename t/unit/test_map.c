/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "unit.h"
#include "mapfile.h"

/* What came out of a file, in one text: rows "N line" (with "=" behind the number when it
 * took no tokenizer), bad lines "N! why", joined by " ;; ". */
typedef struct got_t {
    apr_pool_t *p;
    r307_buf_t text;
    int rows, stop_at;
} got_t;

static void next(got_t *got)
{
    if (got->text.len) {
        r307_buf_puts(&got->text, " ;; ");
    }
}

static int on_row(void *baton, const r307_maprow_t *row)
{
    got_t *got = baton;

    next(got);
    r307_buf_puts(&got->text, apr_itoa(got->p, (int)row->line));
    if (row->source.s) {
        r307_buf_puts(&got->text, "= ");
        r307_buf_add(&got->text, row->source.s, row->source.len);
        r307_buf_putc(&got->text, ' ');
        r307_buf_add(&got->text, row->target.s, row->target.len);
    }
    else {
        r307_buf_putc(&got->text, ' ');
        r307_buf_puts(&got->text, row->text);
    }
    return ++got->rows == got->stop_at;
}

static void on_bad(void *baton, unsigned line, const char *why)
{
    got_t *got = baton;

    next(got);
    r307_buf_puts(&got->text, apr_psprintf(got->p, "%u! %s", line, why));
}

static void read_map(apr_pool_t *p, r307_slice_t bytes, r307_format_t format, int stop_at,
                     got_t *got)
{
    const r307_mapsink_t sink = { on_row, on_bad, got };
    const char *bad;

    got->p = p;
    got->rows = 0;
    got->stop_at = stop_at;
    r307_buf_make(&got->text, p, 256);
    bad = r307_mapfile_read(p, bytes.s, bytes.len, format, &sink);
    if (bad) {
        on_bad(got, 0, bad);
    }
}

START_TEST(map_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "map.tsv", 60);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        r307_format_t format;
        got_t got;

        unit_row_begin(row);
        unit_row_same(row, "format", r307_mapfile_format(p, "x", unit_text(row, "format"),
                                                         &format), NULL);
        read_map(p, unit_slice(row, "bytes"), format, 0, &got);
        unit_row_same(row, "rows", got.text.s, unit_text(row, "rows"));
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(map_formats)
{
    static const struct {
        const char *file, *word;
        int format;             /* -1: none */
    } rows[] = {
        { "relaunch.csv", NULL, R307_FORMAT_CSV }, { "a/b.CSV", NULL, R307_FORMAT_CSV },
        { "a.tsv", NULL, R307_FORMAT_CSV }, { "_redirects", NULL, R307_FORMAT_REDIRECTS },
        { "/srv/x/_redirects", NULL, R307_FORMAT_REDIRECTS },
        { "old_redirects", NULL, R307_FORMAT_LINES }, { "site.map", NULL, R307_FORMAT_LINES },
        { "csv", NULL, R307_FORMAT_LINES }, { "", NULL, R307_FORMAT_LINES },
        { "site.map", "csv", R307_FORMAT_CSV }, { "a.csv", "lines", R307_FORMAT_LINES },
        { "a.csv", "redirects", R307_FORMAT_REDIRECTS }, { "a.csv", "CSV", -1 },
        { "a.csv", "", -1 }, { "a.csv", "netlify", -1 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        r307_format_t format = R307_FORMAT_LINES;
        const char *bad = r307_mapfile_format(p, rows[i].file, rows[i].word, &format);

        unit_rows_add(1);
        ck_assert_msg(!bad == (rows[i].format >= 0), "%s %s", rows[i].file,
                      bad ? bad : "fine");
        ck_assert_msg(bad || (int)format == rows[i].format, "%s", rows[i].file);
        if (!bad) {
            ck_assert_ptr_eq(r307_mapfile_format(p, "", r307_mapfile_format_name(format),
                                                 &format), NULL);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

/* The sink ends the reading, in every format. */
START_TEST(map_stops)
{
    static const char bytes[] = "/a,/b\n/c,/d\n/e,/f\n";
    static const char words[] = "/a /b\n/c /d\n/e /f\n";
    apr_pool_t *p = unit_pool();
    got_t got;

    unit_rows_add(3);
    read_map(p, r307_slice(bytes, sizeof(bytes) - 1), R307_FORMAT_CSV, 1, &got);
    ck_assert_str_eq(got.text.s, "1= /a /b");
    read_map(p, r307_slice(words, sizeof(words) - 1), R307_FORMAT_LINES, 2, &got);
    ck_assert_str_eq(got.text.s, "1= /a /b ;; 2= /c /d");
    read_map(p, r307_slice(words, sizeof(words) - 1), R307_FORMAT_REDIRECTS, 1, &got);
    ck_assert_str_eq(got.text.s, "1 /a /b match=exact slash=ignore");
    apr_pool_destroy(p);
}
END_TEST

TCase *map_cases(void)
{
    TCase *tc = tcase_create("map");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, map_rows);
    tcase_add_test(tc, map_formats);
    tcase_add_test(tc, map_stops);
    return tc;
}
