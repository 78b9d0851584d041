/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <apr_strings.h>
#include "advice/advice.h"
#include "base/datetime.h"
#include "unit.h"

static void set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

/* Day by day, for a machine's own gmtime may end in 2038. */
static const char *print_utc(apr_pool_t *p, apr_time_t when)
{
    static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    apr_int64_t seconds = apr_time_sec(when);
    int day = (int)(seconds / 86400), rest = (int)(seconds % 86400), year = 1970, month = 0;

    for (;;) {
        int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        int length = lengths[month] + (month == 1 && leap);

        if (day < length) {
            break;
        }
        day -= length;
        month = (month + 1) % 12;
        year += month == 0;
    }
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month + 1, day + 1,
                        rest / 3600, rest / 60 % 60, rest % 60);
}

static const char *try_time(void *baton, apr_pool_t *p, const char *text)
{
    apr_time_t when;

    return r307_time_parse(p, text, *(const int *)baton, &when);
}

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    int is_end = unit_is(row, "edge", "end");
    apr_time_t when = 0, again = 0;
    const char *error, *printed;

    set_zone(unit_text(row, "zone"));
    error = r307_time_parse(p, unit_text(row, "text"), is_end, &when);
    unit_row_error(row, error, unit_text(row, "error"));
    if (error) {
        advice_check(row, error, unit_text(row, "text"), try_time, &is_end);
        if (!unit_absent(row, "utc")) {
            unit_row_fail(row, "utc", error, unit_text(row, "utc"));
        }
        return;
    }
    unit_row_same(row, "utc", print_utc(p, when), unit_text(row, "utc"));
    printed = r307_time_print(p, when);
    error = r307_time_parse(p, printed, 0, &again);
    unit_row_same(row, "printed and read again", error ? error : print_utc(p, again),
                  unit_text(row, "utc"));
}

void advice_follow_times(void)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "time.tsv", 80);
    int i;

    for (i = 0; i < table->count; i++) {
        unit_row_begin(&table->rows[i]);
        check_row(p, &table->rows[i]);
    }
    set_zone("UTC0");           /* without CK_FORK the other tests live in it, too */
    unit_table_end(table);
    apr_pool_destroy(p);
}

START_TEST(time_rows)
{
    advice_follow_times();
}
END_TEST

/* Every hour of two years is printed so that it is read back as the same second, where
 * clocks change at two, at midnight, and by half an hour. */
START_TEST(time_round)
{
    static const char *const zones[] = {
        "UTC", "CET-1CEST,M3.5.0,M10.5.0/3", "EET-2EEST,M3.5.0/0,M10.5.0/0",
        "CST5CDT,M3.2.0/0,M11.1.0/1", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"
    };
    apr_pool_t *p = unit_pool(), *one;
    apr_time_t begin, now;
    size_t i;
    int hour;

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    for (i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
        set_zone(zones[i]);
        ck_assert_ptr_eq(r307_time_parse(p, "2026-01-01T00:00Z", 0, &begin), NULL);
        for (hour = 0; hour < 2 * 365 * 24; hour++) {
            const char *error, *text;
            apr_time_t when = begin + apr_time_from_sec(hour * 3600L);

            unit_rows_add(1);
            text = r307_time_print(one, when);
            error = r307_time_parse(one, text, 0, &now);
            ck_assert_msg(!error && now == when, "%s: %s %s", zones[i], text, error);
            apr_pool_clear(one);
        }
    }
    set_zone("UTC0");
    apr_pool_destroy(p);
}
END_TEST

START_TEST(time_durations)
{
    static const struct {
        const char *text;
        apr_int64_t seconds;        /* -1: an error that holds printed */
        const char *printed;
    } rows[] = {
        { "90", 90, "90s" }, { "90s", 90, "90s" }, { "2min", 120, "2min" },
        { "120s", 120, "2min" }, { "2h", 7200, "2h" }, { "25h", 90000, "25h" },
        { "48h", 172800, "2d" }, { "7d", 604800, "7d" }, { "0", 0, "0s" },
        { "90min", 5400, "90min" }, { "36500d", APR_INT64_C(36500) * 86400, "36500d" },
        { "", -1, "write a number with its unit (s, min, h or d)" },
        { "h", -1, "write a number" }, { "1.5h", -1, "write a number" },
        { "-1h", -1, "write a number" }, { "1 h", -1, "write 1h" },
        { "1H", -1, "write 1h" }, { "5m", -1, "write 5min" },
        { "2 hours", -1, "write 2h" },
        { "2hours", -1, "write 2h" }, { "2 Stunden", -1, "write 2h" },
        { "30 minutes", -1, "write 30min" }, { "30 Minuten", -1, "write 30min" },
        { "10sec", -1, "write 10s" }, { "3 days", -1, "write 3d" },
        { "3 Tage", -1, "write 3d" }, { "2 months", -1, "write a number" },
        { "1w", -1, "write a number" }, { "99999999999d", -1, "longer than 100 years" },
        { "36601d", -1, "longer than 100 years" },
        { "99999999999999999999", -1, "longer than 100 years" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        apr_time_t length = -1;
        const char *error = r307_duration_parse(p, rows[i].text, &length);

        unit_rows_add(1);
        if (rows[i].seconds < 0) {
            ck_assert_msg(error && strstr(error, rows[i].printed), "'%s': %s",
                          rows[i].text, error);
            continue;
        }
        ck_assert_msg(!error, "'%s': %s", rows[i].text, error);
        ck_assert_msg(length == apr_time_from_sec(rows[i].seconds), "'%s'", rows[i].text);
        ck_assert_str_eq(r307_duration_print(p, length), rows[i].printed);
    }
    apr_pool_destroy(p);
}
END_TEST

START_TEST(time_headers)
{
    static const struct {
        const char *text, *header;
    } rows[] = {
        { "2000-01-01T00:00Z", "Sat, 01 Jan 2000 00:00:00 GMT" },
        { "2026-12-26T18:00:05Z", "Sat, 26 Dec 2026 18:00:05 GMT" },
        { "2038-01-19T03:14:08Z", "Tue, 19 Jan 2038 03:14:08 GMT" },
        { "2040-02-29T12:00Z", "Wed, 29 Feb 2040 12:00:00 GMT" },
        { "2100-03-01T00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT" },
        { "2199-12-31T23:59:59Z", "Tue, 31 Dec 2199 23:59:59 GMT" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        apr_time_t when = 0;

        unit_rows_add(1);
        ck_assert_ptr_eq(r307_time_parse(p, rows[i].text, 0, &when), NULL);
        ck_assert_str_eq(r307_time_http(p, when), rows[i].header);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *datetime_cases(void)
{
    TCase *tcase = tcase_create("datetime");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, time_rows);
    tcase_add_test(tcase, time_round);
    tcase_add_test(tcase, time_durations);
    tcase_add_test(tcase, time_headers);
    return tcase;
}
