/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <apr_strings.h>
#include "engine/time.h"
#include "unit.h"

static void set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static const char *print_utc(apr_pool_t *p, apr_time_t when)
{
    apr_time_exp_t exp;

    apr_time_exp_gmt(&exp, when);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02dZ", exp.tm_year + 1900,
                        exp.tm_mon + 1, exp.tm_mday, exp.tm_hour, exp.tm_min, exp.tm_sec);
}

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    apr_time_t when = 0, again = 0;
    const char *error, *printed;

    set_zone(unit_text(row, "zone"));
    error = r307_time_parse(p, unit_text(row, "text"), unit_is(row, "edge", "end"), &when);
    unit_row_error(row, error, unit_text(row, "error"));
    if (error) {
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

START_TEST(time_rows)
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
        long seconds;               /* -1: an error that holds printed */
        const char *printed;
    } rows[] = {
        { "90", 90, "90s" }, { "90s", 90, "90s" }, { "2min", 120, "2min" },
        { "120s", 120, "2min" }, { "2h", 7200, "2h" }, { "25h", 90000, "25h" },
        { "48h", 172800, "2d" }, { "7d", 604800, "7d" }, { "0", 0, "0s" },
        { "90min", 5400, "90min" }, { "36500d", 36500L * 86400, "36500d" },
        { "", -1, "write a number with s, min, h or d" },
        { "h", -1, "write a number" }, { "1.5h", -1, "write a number" },
        { "-1h", -1, "write a number" }, { "1 h", -1, "write a number" },
        { "1H", -1, "write a number" }, { "5m", -1, "write 5min" },
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

TCase *time_cases(void)
{
    TCase *tcase = tcase_create("time");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, time_rows);
    tcase_add_test(tcase, time_round);
    tcase_add_test(tcase, time_durations);
    return tcase;
}
