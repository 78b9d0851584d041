/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "unit.h"
#include "map.h"

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

/* --- built --- */

typedef struct told_t {
    apr_pool_t *p;
    r307_buf_t text;
    int asked;                  /* whether it is over */
    int over_at;
} told_t;

static void on_told(void *baton, unsigned line, const char *why)
{
    told_t *told = baton;

    r307_buf_puts(&told->text, apr_psprintf(told->p, "%s%u! %s",
                                            told->text.len ? " ;; " : "", line, why));
}

static int is_over(void *baton)
{
    told_t *told = baton;

    return ++told->asked == told->over_at;
}

/* Builds the map of a directive's line and attaches its image; NULL when it is refused. */
static const r307_image_t *build_map(apr_pool_t *p, const char *args, const char *where,
                                     const char *bytes, r307_maplimits_t *limits,
                                     told_t *told, r307_mapresult_t *result)
{
    r307_mapbytes_t of_file = { bytes, strlen(bytes), 1 };
    r307_context_t context;
    r307_mapdef_t *def = apr_palloc(p, sizeof(*def));
    const r307_image_t *image;
    const char *bad;
    size_t size;
    void *made;

    told->p = p;
    told->asked = 0;
    r307_buf_make(&told->text, p, 64);
    unit_context_make(p, where, "Redirect307Map", &context);
    bad = r307_map_parse(p, args, &context, def);
    if (!bad) {
        limits->bad = on_told;
        limits->is_over = is_over;
        limits->baton = told;
        bad = r307_map_build(p, def, NULL, &of_file, limits, result);
    }
    if (bad) {
        on_told(told, 0, bad);
        return NULL;
    }
    size = r307_image_size(result->builder);
    made = apr_palloc(p, size);
    r307_image_write(result->builder, made);
    ck_assert_ptr_eq(r307_image_check(p, made, size), NULL);
    r307_map_context(def, &context);
    ck_assert_ptr_eq(r307_image_attach(p, made, &context, NULL, &image), NULL);
    return image;
}

static const r307_maplimits_t no_limits = { 0, APR_INT64_MAX, 4711, NULL, NULL, NULL };

/* What the image holds, printed; what was told. */
START_TEST(map_built)
{
    static const struct {
        const char *args, *where, *bytes, *rules, *told;
    } rows[] = {
        { "x.map", "server", "/a /b\n/c /d status=301\n",
          "/a /b match=exact ;; /c /d match=exact status=301", "" },
        { "x.map status=302 query=drop", "server", "/a /b\n/c /d status=301\n",
          "/a /b match=exact status=302 query=drop ;; /c /d match=exact status=301 query=drop", "" },
        { "x.map match=prefix", "server", "/a /b\n/c /d match=exact\n",
          "/a /b match=prefix ;; /c /d match=exact", "" },
        { "x.map match=regex", "server", "^/a /b\n/c /d\n",
          "^/a /b match=regex ;; /c /d match=regex", "" },
        /* what a line says itself wins; of two ends the earlier one, of two beginnings the
         * later one */
        { "x.map until=2031-01-01 from=2030-01-01", "server",
          "/a /b until=2030-06-01\n/c /d until=2032-01-01 from=2030-02-01\n/e /f from=2029-01-01\n",
          "/a /b match=exact from=2030-01-01 until=2030-06-01 ;; "
          "/c /d match=exact from=2030-02-01 until=2031-01-01 ;; "
          "/e /f match=exact from=2030-01-01 until=2031-01-01", "" },
        /* what cannot become then= stays as it is */
        { "x.map until=2031-01-01 then=308", "server",
          "/a /b\n/c /d status=308\n/e status=gone\n/f -\n",
          "/a /b match=exact until=2031-01-01 then=308 ;; /c /d match=exact status=308 ;; "
          "/e match=exact status=410 ;; /f - match=exact", "" },
        { "x.map status=301 query=keep slash=ignore", "server",
          "/a -\n/b /c?d=e\n^/f$ /g match=regex\n",
          "/a - match=exact slash=ignore ;; /b /c?d=e match=exact slash=ignore status=301 ;; "
          "^/f$ /g match=regex status=301 query=keep", "" },
        { "x.map header=X-A:b", "server", "/a /b\n/c /d header=X-C:d\n",
          "/a /b match=exact header=X-A:b ;; /c /d match=exact header=X-C:d", "" },
        /* the same source again */
        { "x.map", "server", "/a /b\n/a /c\n/a /d status=301\n", "/a /b match=exact",
          "2! '/a' is already sent to /b by line 1; this line never answers ;; "
          "3! '/a' is already sent to /b by line 1; this line never answers" },
        { "x.map", "server", "/a /b method=GET\n/a /c\n/a /d\n",
          "/a /b match=exact method=GET ;; /a /c match=exact",
          "3! '/a' is already sent to /c by line 2; this line never answers" },
        { "x.map", "server", "/a /b until=2031-01-01\n/a /c\n",
          "/a /b match=exact until=2031-01-01 ;; /a /c match=exact", "" },
        { "x.map", "server", "/a status=gone\n/a /c\n/x?b=1 /y\n/x?b=1 /z\n",
          "/a match=exact status=410 ;; /x?b=1 /y match=exact",
          "2! '/a' is already sent to nothing by line 1; this line never answers ;; "
          "4! '/x?b=1' is already sent to /y by line 3; this line never answers" },
        { "x.map", "server", "/a /b\n/a /c match=prefix\n",
          "/a /b match=exact ;; /a /c match=prefix", "" },
        { "x.csv", "server", "\"/a\",\"/b\"\n/a,/c\n", "/a /b match=exact",
          "2! '/a' is already sent to /b by line 1; this line never answers" },
        /* places */
        { "x.map", "htaccess", "a b\n./ c\n", "a b match=exact ;; ./ c match=exact", "" },
        { "x.map", "server", "a b\n", "",
          "1! 'a' has no leading '/' and httpd.conf has no directory to resolve it against; write /a" },
        { "x.map", "location:/x", "/a\n/b /c\n", "/b /c match=exact",
          "1! '/a' has no target; write: /a /new, or status=gone for none" },
        { "x.map", "server", "/a /%{env:X}\n/b /%{arg:x}\n", "/b /%{arg:x} match=exact",
          "1! *" },
        /* the directive's line */
        { "", "server", "", NULL, "0! the line names no file; write: Redirect307Map relaunch.csv" },
        { "a.map b.map", "server", "", NULL, "0! 'b.map' is one word too many; write: Redirect307Map "
          "a.map, and options name=value behind it" },
        { "a.map format=xls", "server", "", NULL, "0! format='xls' is not known; write format=lines, redirects or csv" },
        { "a.map match=fuzzy", "server", "", NULL, "0! match='fuzzy' is not known; write match=exact, match=prefix or match=regex" },
        { "a.map name=x", "server", "", NULL, "0! name= is the name of one rule; write it in the file, behind that rule" },
        { "a.map stats=301", "server", "", NULL, "0! 'stats=301' unknown option; did you mean status=?" },
        { "a.map then=308", "server", "", NULL, "0! *" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        r307_maplimits_t limits = no_limits;
        r307_mapresult_t result;
        told_t told = { NULL, { NULL, NULL, 0, 0 }, 0, 0 };
        const r307_image_t *image = build_map(p, rows[i].args, rows[i].where, rows[i].bytes,
                                              &limits, &told, &result);
        const char *star = strchr(rows[i].told, '*');
        apr_uint32_t k;
        r307_buf_t text;

        unit_rows_add(1);
        ck_assert_msg(star ? strncmp(told.text.s, rows[i].told, (size_t)(star - rows[i].told)) == 0
                               && told.text.len > 4
                           : strcmp(told.text.s, rows[i].told) == 0,
                      "%s | %s: told '%s'", rows[i].args, rows[i].bytes, told.text.s);
        ck_assert_msg(!image == !rows[i].rules, "%s", rows[i].args);
        r307_buf_make(&text, p, 64);
        for (k = 0; image && k < r307_image_count(image); k++) {
            const r307_rule_t *rule = r307_image_rule(p, image, k);

            ck_assert_ptr_ne(rule, NULL);
            r307_buf_puts(&text, k ? " ;; " : "");
            r307_buf_puts(&text, r307_line_print(p, rule));
        }
        ck_assert_msg(!image || strcmp(text.s, rows[i].rules) == 0, "%s | %s: holds '%s'",
                      rows[i].args, rows[i].bytes, text.s);
    }
    apr_pool_destroy(p);
}
END_TEST

START_TEST(map_limits)
{
    apr_pool_t *p = unit_pool();
    r307_maplimits_t limits = no_limits;
    r307_mapresult_t result;
    told_t told = { NULL, { NULL, NULL, 0, 0 }, 0, 0 };
    r307_buf_t many;
    int i;

    unit_rows_add(5);
    limits.lines_most = 2;
    build_map(p, "x.map", "server", "/a /1\nbad\n/b /2\n/c /3\n", &limits, &told, &result);
    ck_assert_uint_eq(result.rules, 2);
    ck_assert_uint_eq(result.bad, 2);
    ck_assert_ptr_ne(strstr(told.text.s, "4! the server takes 2 rules of a map"), NULL);
    limits = no_limits;
    limits.regex_most = 1;
    build_map(p, "x.map", "server", "^/a /1 match=regex\n^/b /2 match=regex\n/c /3\n", &limits,
              &told, &result);
    ck_assert_str_eq(told.text.s, "2! the server takes 1 regular expression of a map, and this "
                     "is one more");
    ck_assert_uint_eq(result.rules, 2);
    limits.regex_most = 0;
    build_map(p, "x.map match=regex", "server", "^/a /1\n/c /3 match=exact\n", &limits, &told,
              &result);
    ck_assert_str_eq(told.text.s, "1! the server takes no regular expressions of a map");
    /* a hundred are told, then a number */
    r307_buf_make(&many, p, 4096);
    for (i = 0; i < 130; i++) {
        r307_buf_puts(&many, "bad\n");
    }
    limits = no_limits;
    build_map(p, "x.map", "server", many.s, &limits, &told, &result);
    ck_assert_uint_eq(result.bad, 130);
    ck_assert_ptr_ne(strstr(told.text.s, "100! "), NULL);
    ck_assert_ptr_eq(strstr(told.text.s, "101! "), NULL);
    ck_assert_ptr_ne(strstr(told.text.s, "0! 30 more lines are no rules"), NULL);
    many.len -= 29 * strlen("bad\n");
    many.s[many.len] = 0;
    build_map(p, "x.map", "server", many.s, &limits, &told, &result);
    ck_assert_ptr_ne(strstr(told.text.s, "0! one more line is no rule;"), NULL);
    /* given up */
    for (i = 0; i < 3000; i++) {
        r307_buf_puts(&many, apr_psprintf(p, "/n%d /m\n", i));
    }
    told.over_at = 2;
    ck_assert_ptr_eq(build_map(p, "x.map", "server", many.s, &limits, &told, &result), NULL);
    ck_assert_ptr_ne(strstr(told.text.s, "0! given up"), NULL);
    apr_pool_destroy(p);
}
END_TEST

/* The table of sources grows while it is filled. */
START_TEST(map_many)
{
    apr_pool_t *p = unit_pool();
    r307_maplimits_t limits = no_limits;
    r307_mapresult_t result;
    told_t told = { NULL, { NULL, NULL, 0, 0 }, 0, 0 };
    r307_buf_t many;
    int i;

    unit_rows_add(1);
    r307_buf_make(&many, p, 4096);
    for (i = 0; i < 20000; i++) {
        r307_buf_puts(&many, apr_psprintf(p, "/%x /\n", i));
    }
    r307_buf_puts(&many, "/0 /x\n/4e1f /y\n");
    build_map(p, "x.map", "server", many.s, &limits, &told, &result);
    ck_assert_uint_eq(result.rules, 20000);
    ck_assert_str_eq(told.text.s, "20001! '/0' is already sent to / by line 1; this line never "
                     "answers ;; 20002! '/4e1f' is already sent to / by line 20000; this line "
                     "never answers");
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
    tcase_add_test(tc, map_built);
    tcase_add_test(tc, map_limits);
    tcase_add_test(tc, map_many);
    return tc;
}
