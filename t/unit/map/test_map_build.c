/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "unit.h"
#include "map/map_line.h"
#include "lint/lint_map.h"
#include "rule/identity.h"

/* What came out of a file, in one text: rows "N line" (with "=" behind the number when it
 * took no tokenizer), bad lines "N! why", cases "N# asked | wanted", joined by " ;; ". */
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
        r307_buf_puts(&got->text, r307_token_join(got->p, row->words));
    }
    return ++got->rows == got->stop_at;
}

static int on_bad(void *baton, unsigned line, const char *why,
                  const apr_array_header_t *words)
{
    got_t *got = baton;

    next(got);
    r307_buf_puts(&got->text, apr_psprintf(got->p, "%u! %s%s%s", line, why,
                                           words ? " <- " : "",
                                           words ? r307_token_join(got->p, words) : ""));
    return 0;
}

static void on_said(void *baton, unsigned line, const char *why)
{
    got_t *got = baton;

    next(got);
    r307_buf_puts(&got->text, apr_psprintf(got->p, "%u? %s", line, why));
}

static void on_note(void *baton, unsigned line, const char *why)
{
    got_t *got = baton;

    next(got);
    r307_buf_puts(&got->text, apr_psprintf(got->p, "%u~ %s", line, why));
}

static void on_tested(void *baton, unsigned line, r307_slice_t asked, r307_slice_t wanted)
{
    got_t *got = baton;

    next(got);
    r307_buf_puts(&got->text, apr_psprintf(
        got->p, "%u# %s | %s", line, asked.s ? r307_slice_text(got->p, asked) : "-",
        wanted.s ? r307_slice_text(got->p, wanted) : "-"));
}

static void read_map(apr_pool_t *p, r307_slice_t bytes, const r307_format_t *format, int stop_at,
                     got_t *got)
{
    r307_context_t context;
    const r307_mapsink_t sink = { on_row, on_bad, on_said, on_note, got, &context, on_tested };
    const char *bad;

    unit_context_make(p, "server", "", &context);
    context.match = R307_MATCH_EXACT;
    got->p = p;
    got->rows = 0;
    got->stop_at = stop_at;
    r307_buf_make(&got->text, p, 256);
    bad = r307_format_read(p, bytes.s, bytes.len, format, &sink);
    if (bad) {
        on_bad(got, 0, bad, NULL);
    }
}

START_TEST(map_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "map.tsv", 60);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        const r307_format_t *format;
        got_t got;

        unit_row_begin(row);
        unit_row_same(row, "format", r307_format_find(p, "x", unit_text(row, "format"),
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
        const char *format;     /* NULL: none */
    } rows[] = {
        { "relaunch.csv", NULL, "csv" }, { "a/b.CSV", NULL, "csv" },
        { "a.tsv", NULL, "csv" }, { "_redirects", NULL, "redirects" },
        { "/srv/x/_redirects", NULL, "redirects" },
        { "old_redirects", NULL, "lines" }, { "site.map", NULL, "lines" },
        { "csv", NULL, "lines" }, { "", NULL, "lines" },
        { "site.map", "csv", "csv" }, { "a.csv", "lines", "lines" },
        { "a.csv", "redirects", "redirects" }, { "a.csv", "CSV", NULL },
        { "a.csv", "", NULL }, { "a.csv", "netlify", NULL }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const r307_format_t *format = NULL;
        const char *bad = r307_format_find(p, rows[i].file, rows[i].word, &format);

        unit_rows_add(1);
        ck_assert_msg(!bad == (rows[i].format != NULL), "%s %s", rows[i].file,
                      bad ? bad : "fine");
        if (bad) {
            ck_assert_ptr_nonnull(strstr(bad, "; write format=lines, redirects or csv"));
        }
        else {
            ck_assert_str_eq(format->word, rows[i].format);
        }
    }
    ck_assert_str_eq(R307_MAP_FORMAT_WORDS, "lines|redirects|csv");
    ck_assert_ptr_null(r307_format_of("site.image"));
    ck_assert_ptr_nonnull(r307_format_of("site.MAP"));
    apr_pool_destroy(p);
}
END_TEST

static const r307_format_t *format_of(apr_pool_t *p, const char *word)
{
    const r307_format_t *format = NULL;

    ck_assert_ptr_null(r307_format_find(p, "x", word, &format));
    return format;
}

/* The sink ends the reading, in every format. */
START_TEST(map_stops)
{
    static const char bytes[] = "/a,/b\n/c,/d\n/e,/f\n";
    static const char words[] = "/a /b\n/c /d\n/e /f\n";
    apr_pool_t *p = unit_pool();
    got_t got;

    unit_rows_add(3);
    read_map(p, r307_slice(bytes, sizeof(bytes) - 1), format_of(p, "csv"), 1, &got);
    ck_assert_str_eq(got.text.s, "1= /a /b");
    read_map(p, r307_slice(words, sizeof(words) - 1), format_of(p, "lines"), 2, &got);
    ck_assert_str_eq(got.text.s, "1= /a /b ;; 2= /c /d");
    read_map(p, r307_slice(words, sizeof(words) - 1), format_of(p, "redirects"), 1, &got);
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

static void on_told_note(void *baton, unsigned line, const char *why)
{
    told_t *told = baton;

    r307_buf_puts(&told->text, apr_psprintf(told->p, "%s%u~ %s",
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
        limits->note = on_told_note;
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

static const r307_maplimits_t no_limits = { 0, APR_INT64_MAX, 4711, NULL, NULL, NULL,
                                             R307_MAP_TOLD, NULL };

#define STAYS "; this line is skipped, and what it is for stays where it is"

/* What the image holds, printed; what was told. */
START_TEST(map_built)
{
    static const struct {
        const char *args, *where, *bytes, *rules, *told;
    } rows[] = {
        { "x.map", "server", "/a /b\n/c /d status=301\n",
          "/a /b match=exact ;; /c /d match=exact status=301", "" },
        /* a bad line stands for what its source matches, and no later one answers instead */
        { "x.map", "server", "/a /b qurey=keep\n/a /c\n/b /d\n", "/a - match=exact ;; /b /d match=exact",
          "1! 'qurey=keep' unknown option; did you mean query=?" STAYS " ;; "
          "2! '/a' stays where it is by line 1; this line never answers" },
        { "x.map host=h.example until=2031-01-01", "server", "/a /b lang=*\n",
          "/a - match=exact host=h.example until=2031-01-01", "1! *" },
        { "x.map cache=1h query=keep status=301 then=308 until=2031-01-01", "server", "/a /b bogus=1\n",
          "/a - match=exact", "1! *" },
        { "x.map", "server", "/a /b match=prefix bogus=1\n/c /d case=ignore slash=ignore bogus=1\n"
          "^/e /f match=regex bogus=1\n/g /h match=fuzzy\n/i \"/j\n301 /k /l\n",
          "/a - match=prefix ;; /c - match=exact case=ignore slash=ignore ;; ^/e - match=regex ;; "
          "/g - match=prefix ;; /i - match=exact ;; /k - match=exact", "1! *" },
        { "x.map match=regex", "server", "^/a(.*)$ /$2\n^/b( /x\n", "^/a(.*)$ - match=regex", "1! *" },
        { "x.map", "server", "/a /:x\n/a?id=1 /:x\nhttps://h.example/a /:x\n/*/x/* /y\n\"/a /b\n",
          "/a - match=exact ;; /a?id=1 - match=exact ;; https://h.example/a - match=exact", "1! *" },
        /* a cell that is left empty is no target */
        { "x.csv", "server", "source,target,status\n/a,,\n/b,/c,\n/d,,301\n/e,,410\n/f,-,\n",
          "/a - match=exact ;; /b /c match=exact ;; /d - match=exact ;; /e match=exact status=410 ;; "
          "/f - match=exact",
          "2! '/a' has no target; fill its cell, or write gone in a column 'status'" STAYS " ;; "
          "4! '/d' has no target; fill its cell, or write gone in a column 'status'" STAYS },
        { "x.tsv", "htaccess", "source\ttarget\na\t\nb\t  \nc\nd\te\n",
          "a - match=exact ;; b - match=exact ;; c - match=exact ;; d e match=exact", "2! *" },
        { "x.csv", "server", "/old/*,/new/*\n/old/x,/y\n", "/old/* - match=exact ;; /old/x /y match=exact", "1! *" },
        { "_redirects", "server", "/a /b 200\n/a /c 301\n/b/* /c/:splat 200 Language=de\n/b/* /d 302\n",
          "/a - match=exact slash=ignore ;; /b/* - match=exact slash=ignore lang=first:de ;; "
          "/b/* /d match=exact slash=ignore status=302",
          "1! *" },
        { "_redirects", "server", "/a /b 301 Country=de\n/a /c 301\n", "/a - match=exact slash=ignore", "1! *" },
        { "_redirects", "htaccess", "a/* /b 301\n", "a/* /b match=exact slash=ignore status=301", "" },
        /* the same source in another spelling; the same line again is worth a note */
        { "x.map", "server", "/x%2Cy /q\n/x,y /r\n/x%2cy /s status=301\n", "/x%2Cy /q match=exact",
          "2! '/x,y' is already sent to /q by line 1; this line never answers ;; "
          "3! '/x%2cy' is already sent to /q by line 1; this line never answers" },
        { "x.map", "server", "/a/../b /q\n/b /r\n/b%3Fid=1 /s\n/b?id=1 /t\n", "/a/../b /q match=exact ;; "
          "/b%3Fid=1 /s match=exact ;; /b?id=1 /t match=exact",
          "2! '/b' is already sent to /q by line 1; this line never answers" },
        { "x.map", "server", "/a /b\n/a /b\n/a /b status=301\n/c /d status=302\n/c /d status=302\n",
          "/a /b match=exact ;; /c /d match=exact status=302",
          "2~ '/a' is said by line 1 already, in the same way ;; "
          "3! '/a' is already sent to /b by line 1; this line never answers ;; "
          "5~ '/c' is said by line 4 already, in the same way" },
        { "x.map", "server", "/a /b\n/a/ /c\n/a /d slash=ignore\n/A /e case=ignore\n", "/a /b match=exact ;; "
          "/a/ /c match=exact ;; /a /d match=exact slash=ignore ;; /A /e match=exact case=ignore", "" },
        { "_redirects", "server", "/a /b\n/a/ /c\n", "/a /b match=exact slash=ignore",
          "2! '/a/' is already sent to /b by line 1; this line never answers" },
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
          "1! 'a' has no leading '/', which the lines of a map need unless a .htaccess names it; write /a; this line is left out" },
        { "x.map", "location:/x", "/a\n/b /c\n", "/a - match=exact ;; /b /c match=exact",
          "1! '/a' has no target; write: /a /new, or status=gone for none" STAYS },
        { "x.map", "server", "/a /%{env:X}\n/b /%{arg:x}\n", "/a - match=exact ;; /b /%{arg:x} match=exact",
          "1! *" },
        /* the directive's line */
        { "", "server", "", NULL, "0! the line names no file; write: Redirect307Map relaunch.csv" },
        { "a.map b.map", "server", "", NULL, "0! 'b.map' is one word too many; write: Redirect307Map "
          "a.map, and options name=value behind it" },
        { "a.map format=xls", "server", "", NULL, "0! format='xls' is not known; write format=lines, redirects or csv" },
        { "a.map match=fuzzy", "server", "", NULL, "0! match='fuzzy' is not known; write match=exact, match=prefix or match=regex" },
        { "a.map name=x", "server", "", NULL, "0! name= is the name of one rule; leave it out here, it stands in the file, behind that rule" },
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

/* A long word between short ones; some are left in the file, and some copied. */
START_TEST(map_words)
{
    static const char *const forms[][4] = { { "x.map", "", " ", "\n" }, { "x.map", " ", "\t ", "\r\n" }, { "x.map", "\"", "\" ", "\n" },
        { "x.csv", "", ",", "\n" }, { "x.csv", "\"", "\",\"", "\"\n" }, { "_redirects", "", " ", " 301\n" } };
    apr_pool_t *p = unit_pool();
    size_t i, k;

    for (i = 0; i < sizeof(forms) / sizeof(*forms) * 4; i++) {
        const char *const *form = forms[i / 4], *words[][2] = { { "/a", "/b" }, { "/c", "/d" }, { "/e", "/f" } };
        const char *bytes = "", *word = memset(apr_pcalloc(p, 65536), 'x', i % 4 < 2 ? 1 : 65400);
        r307_maplimits_t limits = no_limits;
        r307_mapresult_t result;
        told_t told = { NULL, { NULL, NULL, 0, 0 }, 0, 0 };
        const r307_image_t *image;

        words[1][i % 2] = apr_pstrcat(p, words[1][i % 2], word, NULL);
        for (k = 0; k < 3; k++) {
            bytes = apr_pstrcat(p, bytes, form[1], words[k][0], form[2], words[k][1], form[3], NULL);
        }
        image = build_map(p, form[0], "server", bytes, &limits, &told, &result);
        for (k = 0; k < 3; k++) {
            r307_rule_t rule = *r307_image_rule(p, image, (apr_uint32_t)k);

            unit_rows_add(1);
            ck_assert(!strcmp(rule.source, words[k][0]) && !strcmp(rule.target->text, words[k][1]));
            ck_assert(rule.says == r307_identity_says(&rule));
        }
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
                     "is one more; this line is left out");
    ck_assert_uint_eq(result.rules, 2);
    limits.regex_most = 0;
    build_map(p, "x.map match=regex", "server", "^/a /1\n/c /3 match=exact\n", &limits, &told,
              &result);
    ck_assert_str_eq(told.text.s, "1! the server takes no regular expressions of a map, and there "
                     "is 1; this line is left out");
    /* what a limit leaves out is said once, and nothing stands in for it */
    r307_buf_make(&many, p, 4096);
    for (i = 0; i < 130; i++) {
        r307_buf_puts(&many, apr_psprintf(p, "/%d /x\n", i));
    }
    limits = no_limits;
    limits.lines_most = 10;
    build_map(p, "x.map", "server", many.s, &limits, &told, &result);
    ck_assert_str_eq(told.text.s, "11! the server takes 10 rules of a map, and this is one more; so "
                     "are 119 behind it; they are left out");
    ck_assert_uint_eq(result.bad, 120);
    ck_assert_uint_eq(result.rules, 10);
    /* who has no log that is everybody's names them all */
    r307_buf_make(&many, p, 4096);
    for (i = 0; i < 150; i++) {
        r307_buf_puts(&many, "bad\n");
    }
    limits = no_limits;
    limits.told_most = 0;
    build_map(p, "x.map", "server", many.s, &limits, &told, &result);
    ck_assert_ptr_ne(strstr(told.text.s, "150! "), NULL);
    ck_assert_ptr_eq(strstr(told.text.s, "0! "), strstr(told.text.s, "10! ") + 1);
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

static void on_doubts(void *baton, const r307_rule_t *rule,
                      const apr_array_header_t *doubts)
{
    told_t *told = baton;
    int i;

    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);

        r307_buf_puts(&told->text, apr_psprintf(told->p, "%s%u %s", told->text.len ? " ;; " : "",
                                                rule->place.line, doubt->text + 5));
    }
}

/* What is said of lines that are right by the grammar: of each of these the beginning. */
START_TEST(map_doubts)
{
    static const struct {
        const char *args, *where, *bytes, *says[5];
    } rows[] = {
        { "x.map", "server", "/a /$request_uri\n/b; /c\n/c /n/{id}\n/d /e//\n",
          { "1 A09 *; write %{REQUEST_URI} in a rule beside the line that names the map", "2 A10 *; write /b",
            "3 A09 ", "4 A10 *; write /e/", "2 A18 " } },
        { "x.map", "server", "# said\n\n\"/a b\" /b,\n/c/:id /d status=301\n^/e(.*)$ /$1 match=regex\n",
          { "3 A10 *; write /b", "4 A12 ", "5 A02 " } },
        { "x.map match=regex", "server", "^/a\\?id=3$ /b\n^/c/(.*)$ /d/%1\n", { "1 A13 ", "2 A09 *; write /d/$1" } },
        { "x.csv", "server", "Source;Target\n/a;/b/%1\n\"/c\";\"/d&amp;e\"\n/f;https//h.example/\n",
          { "2 A09 ", "3 A10 *; write /d&e", "4 A10 *; write https://h.example/" } },
        { "x.csv", "server", "/a,/var/www/html/b\n/c/:id,/d/{id}\n", { "1 A10 *; write /b", "2 A09 *; write /d/:id", "2 A12 " } },
        { "_redirects", "server", "/a/* /b/* 301\n/c/* /d/{id} 302\n/e /f; 301!\n",
          { "1 A09 *; write /b/:splat", "2 A09 ", "3 A10 *; write /f" } },
        /* a line that another one leaves nothing to, and where lines lead together */
        { "x.map", "server", "/a/* /b/:splat\n/c /d\n/a/x /e\n/a/y /b/y\n",
          { "3 A16 *; put this line above", "4 A17 *; take one" } },
        { "x.map", "server", "/a/:id /b/:id\n/a/:nr /c/:nr\n/a/x /d match=prefix\n", { "2 A16 " } },
        { "x.map match=prefix", "server", "/a /b\n/ab /c\n/a/x /d\n", { "3 A16 " } },
        { "x.csv", "server", "/x,/y\n/y,/z\n/z,/x\n", { "1 A07 *x.csv:1 to /y, x.csv:2 to /z, x.csv:3 to /x" } },
        { "x.map", "server", "/a/:x /b/:x\n/b/:x /a/:x\n", { "1 A07 " } },
        { "_redirects", "server", "/a /b 301\n/b /c 301\n/d /e 301\n", { "1 A18 *write /c" } },
        { "x.map", "htaccess", "a b\nb c\n", { "1 A18 " } },
        /* none: what the formats have that looks like it */
        { "x.map", "server", "/a/x /e\n/a/* /b/:splat\n/a /c\n/A/x /f\n/a/:id/ /g/:id\n", { "3 A16 ", "5 A16 " } },
        { "x.map", "server", "/* /new/:splat\n/new/x /y\n", { "2 A18 " } },
        { "x.map", "server", "/* https://www.h.example/:splat\n/a /b\n/c /a cookie=x\n", { NULL } },
        { "x.map", "server", "/a /b cookie=x\n/b /a cookie=!x\n/c /d lang=de\n/c /e lang=fr\n", { NULL } },
        { "x.map", "server", "/a /b\n\"/a b\" /c\n/c https://h.example/x?y=a:1\n/d -\n/e status=gone\n"
          "/f /g until=2031-01-01\n^/h/(\\d+)$ /i/$1 match=regex\n/j/* /k/:splat\n/l//m /n\n/o /p;q=1\n", { "2 A18 " } },
        { "x.csv", "server", "Source;Target;Status\n/a;https://h.example/a;301\n\"/b,c\";\"/d,e\";302\n"
          "/x?a=1&b=2;/y?c=1&d=2;\n/it%27s;/its;\n/f;;410\n/old/*;/new/:splat;\n/h;/z#top;\n", { NULL } },
        { "_redirects", "server", "# a site\n/a /b 301\n/blog/* /news/:splat 301!\n/s id=:id /p/:id 302\n"
          "/ /de/ 302 Language=de\n/g https://h.example/search?q=x\n/app/* /index.html\n/x /y#z 308\n"
          "/:y/:m /:y-:m\n/u /v/$x\nhttps://old.example/* https://new.example/:splat 301!\n", { "10 A18 " } },
        /* a word where URLs are meant */
        { "x.csv", "server", "http://h.example/c,TNA\n", { "1 A10 *or ./TNA for a file" } },
        { "x.csv", "server", "/a,https://h.example/a\n/c,TNA\n/d,https://h.example/d\n", { "2 A10 *or ./TNA for a file" } },
        { "x.map", "server", "/a n-a\n/b https://h.example/\n", { "1 A10 'n-a'" } },
        { "x.csv", "server", "http://h.example/c,./TNA\n/a,https://h.example/a\n/e,gone.html\n", { NULL } },
        { "x.map", "server", "/a new\n/b old\n/c /d\n/e https://h.example/\n", { NULL } },
        { "x.map", "server", "/a new\n/b old\n/e https://h.example/\n", { NULL } },
        { "x.map", "htaccess", "a new\nb https://h.example/\nc https://h.example/c\n", { NULL } },
        { "x.map", "server", "/a new\n", { NULL } }
    };
    apr_pool_t *p = unit_pool();
    size_t i, k;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        r307_maplimits_t limits = no_limits;
        r307_mapresult_t result;
        told_t told = { NULL, { NULL, NULL, 0, 0 }, 0, 0 };
        const r307_image_t *image = build_map(p, rows[i].args, rows[i].where, rows[i].bytes,
                                              &limits, &told, &result);
        const char *at;

        unit_rows_add(1);
        ck_assert_msg(image && told.text.len == 0, "%s: told '%s'", rows[i].bytes, told.text.s);
        r307_map_audit(p, image, 1, on_doubts, &told);
        at = told.text.s;
        for (k = 0; k < 5 && rows[i].says[k]; k++) {
            const char *star = strchr(rows[i].says[k], '*'), *end = strstr(at, " ;; ");
            size_t n = star ? (size_t)(star - rows[i].says[k]) : strlen(rows[i].says[k]);

            end = end ? end : at + strlen(at);
            ck_assert_msg(strncmp(at, rows[i].says[k], n) == 0
                          && (!star || strstr(apr_pstrmemdup(p, at, (size_t)(end - at)), star + 1)),
                          "%s: doubts '%s', not '%s'", rows[i].bytes, told.text.s, rows[i].says[k]);
            at = *end ? end + 4 : end;
        }
        ck_assert_msg(!*at, "%s: doubts '%s' besides", rows[i].bytes, at);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *map_build_cases(void)
{
    TCase *tc = tcase_create("map_build");

    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, map_rows);
    tcase_add_test(tc, map_formats);
    tcase_add_test(tc, map_stops);
    tcase_add_test(tc, map_built);
    tcase_add_test(tc, map_words);
    tcase_add_test(tc, map_limits);
    tcase_add_test(tc, map_many);
    tcase_add_test(tc, map_doubts);
    return tc;
}
