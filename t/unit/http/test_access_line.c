/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "http/access_line.h"
#include "http/asker.h"
#include "http/near_path.h"
#include "unit.h"

#define ROWS(a) (sizeof(a) / sizeof(*(a)))
#define AT "1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] "
#define LATE "[10/Oct/2000:13:55:36 -0700] "
#define END NULL, NULL

static r307_slice_t slice(const char *s)
{
    return r307_slice(s, strlen(s));
}

static const char *text(r307_slice_t s)
{
    return s.s ? apr_pstrmemdup(unit_pool(), s.s, s.len) : NULL;
}

static void same(size_t row, const char *what, const char *got, const char *wanted)
{
    ck_assert_msg(got && wanted ? strcmp(got, wanted) == 0 : got == wanted,
                  "row %u: %s is %s, not %s", (unsigned)row, what, got ? got : "absent",
                  wanted ? wanted : "absent");
}

/* status 0: it is no line */
START_TEST(access_line_split)
{
    static const struct {
        const char *line, *host;
        int status;
        const char *target, *referrer, *agent;
    } rows[] = {
        { AT "\"GET /a HTTP/1.1\" 404 12", NULL, 404, "/a", END },
        { AT "\"GET /a HTTP/1.1\" 404", NULL, 404, "/a", END },
        { AT "\"GET /a HTTP/1.1\" 404 - \"-\" \"-\"", NULL, 404, "/a", "", "" },
        { AT "\"GET /a HTTP/1.1\" 200 1 \"http://r/\" \"Mozilla/5.0 (X)\" 17",
          NULL, 200, "/a", "http://r/", "Mozilla/5.0 (X)" },
        { "1.2.3.4 - john doe " LATE "\"GET /a HTTP/1.1\" 404 1", NULL, 404, "/a", END },
        { "2001:db8::1 - john doe " LATE "\"GET /a HTTP/1.1\" 404 1", NULL, 404, "/a",
          END },
        { "www.x.example:443 1.2.3.4 - - " LATE "\"GET /a HTTP/1.1\" 404 1 \"-\" \"b\"",
          "www.x.example:443", 404, "/a", "", "b" },
        { "[::1]:80 ::1 - - " LATE "\"GET /a HTTP/1.1\" 404 1", "[::1]:80", 404, "/a",
          END },
        { AT "\"GET /a\\\"b\\\\\" 404 1", NULL, 404, "/a\\\"b\\\\", END },
        { AT "\"GET /a b HTTP/1.1\" 404 1", NULL, 404, "/a b", END },
        { AT "\"GET /a\" 404 1", NULL, 404, "/a", END },
        { AT "\"-\" 408 -", NULL, 408, NULL, END },
        { AT "\"\\x16\\x03\" 400 226", NULL, 400, NULL, END },
        { "1.2.3.4 - x] [y " LATE "\"GET /a HTTP/1.1\" 404 1", NULL, 404, "/a", END },
        { AT "\"GET /a HTTP/1.1\" 404 1 \"open", NULL, 404, "/a", END },
        { AT "\"GET /a HTTP/1.1", NULL, 0, NULL, END },
        { AT "\"GET /a HTTP/1.1\" 4040 1", NULL, 0, NULL, END },
        { AT "\"GET /a HTTP/1.1\" abc 1", NULL, 0, NULL, END },
        { "{\"status\":404}", NULL, 0, NULL, END },
        { "] \"", NULL, 0, NULL, END },
        { "] \"\" 404", NULL, 0, NULL, END },
        { "]]]]", NULL, 0, NULL, END },
        { "", NULL, 0, NULL, END }
    };
    size_t i, n;

    for (i = 0; i < ROWS(rows); i++) {
        r307_slice_t referrer, agent;
        r307_access_line_t line;
        int is_line = r307_access_line_split(rows[i].line, strlen(rows[i].line), &line);

        unit_rows_add(1);
        ck_assert_msg(is_line == (rows[i].status != 0), "row %u", (unsigned)i);
        if (is_line) {
            r307_access_line_agent(&line, &referrer, &agent);
            ck_assert_int_eq(line.status, rows[i].status);
            same(i, "host", text(line.host), rows[i].host);
            same(i, "date", text(line.date), "10/Oct/2000:13:55:36 -0700");
            same(i, "target", text(line.target), rows[i].target);
            same(i, "referrer", text(referrer), rows[i].referrer);
            same(i, "agent", text(agent), rows[i].agent);
        }
        /* nothing is read behind a line that is cut anywhere */
        for (n = 0; n < strlen(rows[i].line); n++) {
            char *cut = memcpy(apr_palloc(unit_pool(), n + 1), rows[i].line, n);

            if (r307_access_line_split(cut, n, &line)) {
                r307_access_line_agent(&line, &referrer, &agent);
            }
        }
    }
}
END_TEST

START_TEST(access_line_time)
{
    static const struct {
        const char *date;
        apr_int64_t seconds;
    } rows[] = {
        { "10/Oct/2000:13:55:36 -0700", 971211336 },
        { "01/Jan/1970:00:00:00 +0000", 0 },
        { "29/Feb/2024:23:59:59 +0530", 1709231399 },
        { "01/Mar/2100:00:00:00 +0000", 4107542400 },
        { "30/Nov/2026:12:00:00 +0100", 1796036400 },
        { "10/Okt/2000:13:55:36 -0700", -1 },
        { "10/Oct/2000:13:55:36", -1 },
        { "10/Oct/20xx:13:55:36 -0700", -1 },
        { "30/Jun/2012:23:59:60 +0000", 1341100800 },
        { "32/Oct/2000:13:55:36 -0700", -1 },
        { "10/Oct/2000:24:00:00 -0700", -1 },
        { "10/Oct/2000:13:60:36 -0700", -1 },
        { "10/Oct/2000:13:55:61 -0700", -1 },
        { "10/Oct/2000:13:55:36 -2400", -1 },
        { "10/Oct/2000:13:55:36 -0760", -1 },
        { "01/Jan/1970:00:00:00 +0001", -1 },
        { "01/Jan/1970:00:00:00 +9979", -1 },
        { "", -1 }
    };
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        apr_time_t when = r307_access_line_time(slice(rows[i].date));

        unit_rows_add(1);
        ck_assert_msg(rows[i].seconds < 0 ? when == -1
                                          : when == apr_time_from_sec(rows[i].seconds),
                      "%s", rows[i].date);
    }
}
END_TEST

START_TEST(access_line_plain)
{
    static const struct {
        const char *word, *bytes;
    } rows[] = {
        { "/a", "/a" }, { "/a\\\"b", "/a\"b" }, { "\\\\x41", "\\x41" },
        { "\\x41\\xc3\\xbc", "A\xC3\xBC" }, { "\\x4", "\\x4" }, { "\\xzz", "\\xzz" },
        { "\\n\\t", "\n\t" }, { "\\q", "\\q" }, { "a\\", "a\\" }, { "", "" }
    };
    char bytes[64];
    size_t i, n;

    for (i = 0; i < ROWS(rows); i++) {
        n = r307_access_line_plain(slice(rows[i].word), bytes);
        unit_rows_add(1);
        same(i, "bytes", text(r307_slice(bytes, n)), rows[i].bytes);
    }
}
END_TEST

#define CHROME "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) " \
    "Chrome/120.0.0.0 Safari/537.36"

START_TEST(asker_rows)
{
    static const struct {
        const char *agent, *path;
        r307_asker_t asker;
    } rows[] = {
        { CHROME, NULL, R307_ASKER_PEOPLE },
        { "Mozilla/5.0 (Windows NT 10.0; rv:120.0) Gecko/20100101 Firefox/120.0", NULL,
          R307_ASKER_PEOPLE },
        { "Opera/9.80 (Android; Opera Mini/36)", NULL, R307_ASKER_PEOPLE },
        { "Mozilla/5.0 (compatible; Googlebot/2.1; +http://x.example/bot.html)", NULL,
          R307_ASKER_ROBOTS },
        { CHROME " (compatible; +https://x.example/)", NULL, R307_ASKER_ROBOTS },
        { "Mozilla/5.0 (X11) HeadlessChrome/120", NULL, R307_ASKER_ROBOTS },
        { "curl/7.88.1", NULL, R307_ASKER_ROBOTS }, { "", NULL, R307_ASKER_ROBOTS },
        { "Mozilla", NULL, R307_ASKER_ROBOTS }, { "python-requests/2", NULL,
                                                  R307_ASKER_ROBOTS },
        { NULL, "/products/shoe.html", R307_ASKER_PEOPLE },
        { NULL, "/", R307_ASKER_PEOPLE }, { NULL, "//", R307_ASKER_PEOPLE },
        { NULL, "/wp-content/uploads/a.jpg", R307_ASKER_PEOPLE },
        { NULL, "/blog/WP-Login.php", R307_ASKER_ATTACKS },
        { NULL, "/wp-admin/setup-config.php", R307_ASKER_ATTACKS },
        { NULL, "/.env", R307_ASKER_ATTACKS },
        { NULL, "/a/.git/config", R307_ASKER_ATTACKS },
        { NULL, "/phpMyAdmin-4/index.php", R307_ASKER_ATTACKS },
        { NULL, "/dump.sql", R307_ASKER_ATTACKS },
        { NULL, "/a/..%2f..%2fetc/passwd", R307_ASKER_ATTACKS },
        { NULL, "/a?x=<script>", R307_ASKER_ATTACKS },
        { NULL, "/${jndi:ldap://x}", R307_ASKER_ATTACKS },
        { NULL, "http://elsewhere.example/", R307_ASKER_ATTACKS },
        { NULL, "/favicon.ico", R307_ASKER_BROWSERS },
        { NULL, "/apple-touch-icon-120x120.png", R307_ASKER_BROWSERS },
        { NULL, "/.well-known/assetlinks.json", R307_ASKER_BROWSERS },
        { NULL, "/js/site.js.map", R307_ASKER_BROWSERS }
    };
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        unit_rows_add(1);
        if (rows[i].agent) {
            ck_assert_msg(r307_asker_by_agent(slice(rows[i].agent)) == rows[i].asker,
                          "%s", rows[i].agent);
        }
        else {
            r307_slice_t path = r307_slice(rows[i].path, strcspn(rows[i].path, "?"));

            ck_assert_msg(r307_asker_by_path(slice(rows[i].path), path) == rows[i].asker,
                          "%s", rows[i].path);
        }
    }
    ck_assert_int_eq(r307_asker_by_agent(r307_slice(NULL, 0)), R307_ASKER_PEOPLE);
}
END_TEST

START_TEST(near_rows)
{
    static const struct {
        const char *asked, *there;
        r307_near_kind_t kind;
        int cost;
    } rows[] = {
        { "/a/b.html", "/A/B", R307_NEAR_SAME, 0 }, { "/a/", "/a", R307_NEAR_SAME, 0 },
        { "/shop", "/shop/index.php", R307_NEAR_SAME, 0 },
        { "/a/page).", "/a/page.html", R307_NEAR_SAME, 0 },
        { "/prodcts/shoe", "/products/shoe.html", R307_NEAR_SPELLED, 1 },
        { "/products/sheo", "/products/shoe", R307_NEAR_SPELLED, 1 },
        { "/imprssum", "/impresum", R307_NEAR_SPELLED, 1 },
        { "/page-12", "/page-13", R307_NEAR_NONE, 0 },
        { "/2019/report", "/2020/report", R307_NEAR_MOVED, 2 },
        { "/cat", "/car", R307_NEAR_NONE, 0 },
        { "/blog/2019/my-trip", "/articles/my-trip", R307_NEAR_MOVED, 3 },
        { "/x/img", "/y/img", R307_NEAR_NONE, 0 },
        { "/about/us/team", "/about/", R307_NEAR_ABOVE, 2 },
        { "/about/us", "/", R307_NEAR_NONE, 0 }, { "/", "/a", R307_NEAR_NONE, 0 },
        { "/products/shoes", "/contact", R307_NEAR_NONE, 0 },
        { "/a-very-long-name-of-a-page-a", "/a-very-long-name-of-a-page-x",
          R307_NEAR_NONE, 0 },
        { "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/same",
          "/same", R307_NEAR_NONE, 0 }
    };
    static const r307_near_t better[] = {
        { R307_NEAR_SAME, 0 }, { R307_NEAR_SPELLED, 1 }, { R307_NEAR_SPELLED, 2 },
        { R307_NEAR_MOVED, 1 }, { R307_NEAR_ABOVE, 1 }, { R307_NEAR_NONE, 0 }
    };
    r307_near_path_t asked, there;
    size_t i, k;

    for (i = 0; i < ROWS(rows); i++) {
        r307_near_t near;

        r307_near_split(slice(rows[i].asked), &asked);
        r307_near_split(slice(rows[i].there), &there);
        near = r307_near_compare(&asked, asked.count, &there);
        unit_rows_add(1);
        ck_assert_msg(near.kind == rows[i].kind && near.cost == rows[i].cost,
                      "%s %s: %d %d", rows[i].asked, rows[i].there, (int)near.kind,
                      near.cost);
        ck_assert_msg((r307_near_text(unit_pool(), near) != NULL)
                      == (near.kind != R307_NEAR_NONE), "%s", rows[i].asked);
    }
    for (i = 0; i < ROWS(better); i++) {
        for (k = 0; k < ROWS(better); k++) {
            ck_assert_int_eq(r307_near_is_nearer(better[i], better[k]), i < k);
        }
    }
}
END_TEST

TCase *access_line_cases(void)
{
    TCase *tests = tcase_create("access_line");

    tcase_add_test(tests, access_line_split);
    tcase_add_test(tests, access_line_time);
    tcase_add_test(tests, access_line_plain);
    tcase_add_test(tests, asker_rows);
    tcase_add_test(tests, near_rows);
    return tests;
}
