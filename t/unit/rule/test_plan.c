/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <apr_strings.h>
#include "unit.h"

static const r307_rule_t *parse(apr_pool_t *p, const char *line)
{
    const char *error = NULL;
    r307_ruleset_t *rules = unit_rules(p, line, "server", "Redirect307", &error);

    ck_assert_msg(rules != NULL, "%s: %s", line, error);
    return APR_ARRAY_IDX(rules->rules, 0, const r307_rule_t *);
}

/* How long a cache may keep an answer, clipped to the second. */
START_TEST(plan_ages)
{
    static const struct {
        const char *rule, *now;
        int age;
    } rows[] = {
        { "/a /b", "2026-12-26T12:00:00Z", 0 },
        { "/a /b status=308", "2026-12-26T12:00:00Z", 3600 },
        { "/a /b status=301", "2026-12-26T12:00:00Z", 3600 },
        { "/a status=410", "2026-12-26T12:00:00Z", 0 },
        { "/a /b status=308 cache=off", "2026-12-26T12:00:00Z", 0 },
        { "/a /b cache=10min", "2026-12-26T12:00:00Z", 600 },
        { "/a /b cache=10min until=2026-12-26", "2026-12-26T12:00:00Z", 600 },
        { "/a /b cache=10min until=2026-12-26", "2026-12-26T23:50:00Z", 600 },
        { "/a /b cache=10min until=2026-12-26", "2026-12-26T23:50:01Z", 599 },
        { "/a /b cache=10min until=2026-12-26", "2026-12-26T23:59:59Z", 1 },
        { "/a /b status=308 until=2026-12-26", "2026-12-26T23:30:00Z", 1800 },
        { "/a /b cache=until until=2026-12-26", "2026-12-26T00:00:00Z", 86400 },
        { "/a /b cache=until until=2026-12-26", "2026-12-26T23:59:58Z", 2 },
        { "/a /b cache=until until=2199-12-26", "2026-12-26T23:59:58Z", 2147483647 },
        { "/a /b cache=36500d", "2026-12-26T12:00:00Z", 2147483647 },
        /* what follows the end has its own age */
        { "/a /b cache=until until=2026-12-26 then=308", "2026-12-27T00:00:00Z", 3600 },
        { "/a /b cache=1d until=2026-12-26 then=410", "2026-12-27T00:00:00Z", 0 },
        /* another rule's beginning is an end, too */
        { "/a /x from=2026-12-26T12:05Z ;; /a /b cache=10min", "2026-12-26T12:00:00Z", 300 },
        { "/a /x from=2026-12-26T12:05Z ;; /a /b cache=1min", "2026-12-26T12:00:00Z", 60 },
        { "/a /x from=2026-12-26T12:05Z ;; /a /b status=301", "2026-12-26T12:04:59Z", 1 },
        { "/z /x from=2026-12-26T12:05Z ;; /a /b cache=10min", "2026-12-26T12:00:00Z", 600 },
        { "/a /b cache=10min ;; /a /x from=2026-12-26T12:05Z", "2026-12-26T12:00:00Z", 600 },
        { "/z /x from=2026-12-26T12:01Z ;; /a /x from=2026-12-26T12:05Z ;; "
          "/a /y from=2026-12-26T12:03Z ;; /a /b cache=10min", "2026-12-26T12:00:00Z", 180 },
        { "^/(a|b)$ /x match=regex from=2026-12-26T12:05Z ;; /a /b cache=10min",
          "2026-12-26T12:00:00Z", 300 },
        { "/a /x lang=de ;; /a /y from=2026-12-26T12:02Z ;; /a /b cache=10min ;; "
          "/a /z from=2026-12-26T12:01Z", "2026-12-26T12:00:00Z", 120 },
        { "/a /x until=2026-12-25 ;; /a /b cache=10min", "2026-12-26T12:00:00Z", 600 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *error = NULL;
        r307_ruleset_t *rules = unit_rules(p, rows[i].rule, "server", "Redirect307",
                                           &error);
        unit_fake_t *fake = unit_fake_make(p, "GET", "/a", apr_pstrcat(p, "X-Now: ",
                                                                       rows[i].now, NULL));
        r307_decision_t decision;

        unit_rows_add(1);
        ck_assert_msg(rules != NULL, "%s: %s", rows[i].rule, error);
        unit_decide(p, rules, "server", "-", &fake->view, &decision);
        ck_assert_msg(decision.outcome == R307_OUTCOME_ANSWER
                      && decision.max_age == rows[i].age, "%s at %s: %d, wanted %d",
                      rows[i].rule, rows[i].now, decision.max_age, rows[i].age);
    }
    apr_pool_destroy(p);
}
END_TEST

/* A part of a second counts as none: nothing is kept beyond its end. */
START_TEST(plan_ages_parts)
{
    apr_pool_t *p = unit_pool();
    const char *error = NULL;
    r307_ruleset_t *rules = unit_rules(p, "/a /b cache=until until=2026-12-26", "server",
                                       "Redirect307", &error);
    unit_fake_t *fake = unit_fake_make(p, "GET", "/a", "X-Now: 2026-12-26T23:59:58Z");
    r307_decision_t decision;

    fake->view.now += 1;
    unit_decide(p, rules, "server", "-", &fake->view, &decision);
    ck_assert_int_eq(decision.max_age, 1);
    fake->view.now += 1999998;
    unit_decide(p, rules, "server", "-", &fake->view, &decision);
    ck_assert_int_eq(decision.outcome, R307_OUTCOME_ANSWER);
    ck_assert_int_eq(decision.max_age, 0);
    fake->view.now += 1;
    unit_decide(p, rules, "server", "-", &fake->view, &decision);
    ck_assert_int_eq(decision.outcome, R307_OUTCOME_PASS);
    unit_rows_add(3);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(plan_shows)
{
    static const struct {
        const char *rule, *now, *shown;
    } rows[] = {
        { "/a /b", "2026-11-23T12:00:00Z", NULL },
        { "/a /b until=2026-12-26", "2026-11-23T12:00:00Z",
          "until 26 Dec 2026, 24:00 CET (in 33 days)" },
        { "/a /b until=2026-12-26T18:00", "2026-12-26T15:00:00Z",
          "until 26 Dec 2026, 18:00 CET (in 2 hours)" },
        { "/a /b until=2026-07-06T18:00:05", "2026-07-06T16:00:00Z",
          "until 6 Jul 2026, 18:00:05 CEST (in 5 seconds)" },
        { "/a /b from=2026-12-01 until=2026-12-26", "2026-11-29T23:00:00Z",
          "from 1 Dec 2026, 00:00 CET (in 24 hours), until 26 Dec 2026, 24:00 CET "
          "(in 27 days)" },
        { "/a /b until=2026-12-26", "2027-01-02T12:00:00Z",
          "until 26 Dec 2026, 24:00 CET (6 days ago)" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const r307_rule_t *rule = parse(p, rows[i].rule);
        apr_time_t now = 0;
        const char *shown;

        unit_rows_add(1);
        ck_assert_ptr_eq(r307_time_parse(p, rows[i].now, 0, &now), NULL);
        shown = r307_plan_show(p, &rule->plan, now);
        ck_assert_msg(!shown == !rows[i].shown && (!shown || !strcmp(shown, rows[i].shown)),
                      "%s: got %s, wanted %s", rows[i].rule, shown, rows[i].shown);
    }
    setenv("TZ", "UTC0", 1);
    tzset();
    apr_pool_destroy(p);
}
END_TEST

static void count(void *baton, const r307_rule_t *rule, r307_skip_t step,
                  const char *detail)
{
    ck_assert(rule && detail);
    ((int *)baton)[step]++;
}

/* An index may know nothing of what is over; who asks why still learns of it. */
START_TEST(plan_left_out)
{
    apr_pool_t *p = unit_pool();
    const char *error = NULL;
    r307_ruleset_t *rules = unit_rules(p, "/a /x until=2024-12-31 ;; /b /x until=2024-12-31"
        " ;; ^/a /y match=regex until=2025-06-30 ;; /a /z from=2027-01-01"
        " ;; /a /w until=2024-12-31 then=308 method=POST", "server", "Redirect307", &error);
    unit_fake_t *fake = unit_fake_make(p, "GET", "/a", "-");
    r307_first_look_t first = { { "/b", 2 }, R307_INDEX_NO_BASE, NULL, 0, NULL, 0 };
    int steps[R307_SKIP_COUNT] = { 0 };
    r307_policy_t policy = { 1, NULL, NULL, R307_STEPS_DEFAULT, count, 1, steps,
                             NULL };
    r307_scope_t scope = { rules, 0, { NULL, 0 }, NULL, 0 };
    r307_decision_t decision;

    r307_ruleset_freeze(p, rules, 307, fake->view.now);
    ck_assert_int_eq(rules->left_out->nelts, 3);
    ck_assert(!r307_index_may(rules->index, &first));
    r307_decide(p, &scope, 1, &policy, &fake->view, &decision);
    ck_assert_int_eq(decision.outcome, R307_OUTCOME_PASS);
    ck_assert_int_eq(steps[R307_SKIP_ENDED], 2);
    ck_assert_int_eq(steps[R307_SKIP_EARLY], 1);
    ck_assert_int_eq(steps[R307_SKIP_CONDITION], 1);
    policy.trace_times = 0;
    r307_decide(p, &scope, 1, &policy, &fake->view, &decision);
    ck_assert_int_eq(steps[R307_SKIP_ENDED], 2);
    ck_assert_int_eq(steps[R307_SKIP_EARLY], 1);
    ck_assert_int_eq(steps[R307_SKIP_CONDITION], 2);
    ck_assert_int_eq(decision.passed[R307_PASSED_COMING], 1);
    ck_assert_int_eq(decision.passed[R307_PASSED_OVER], 0);     /* not known any more */
    unit_rows_add(1);
    apr_pool_destroy(p);
}
END_TEST

/* Rules of another time are compared no further than is cheap, to be counted. */
START_TEST(plan_passed)
{
    static const struct {
        const char *rules, *asked;
        unsigned coming, over;
    } rows[] = {
        { "/a /b from=2027-01-01", "/a", 1, 0 },
        { "/a /b from=2027-01-01", "/a/x", 1, 0 },
        { "/a /b from=2027-01-01", "/b", 0, 0 },
        { "/a /b from=2027-01-01 match=exact", "/a/x", 0, 0 },
        { "/A /b from=2027-01-01", "/a", 0, 0 },
        { "/a /b until=2025-01-01", "/a", 0, 1 },
        { "/a/:x /b until=2025-01-01 ;; /a /c from=2027-01-01", "/a/y", 1, 1 },
        { "/a /c ;; /a /b until=2025-01-01", "/a", 0, 0 },
        { "^/a /b match=regex until=2025-01-01", "/a", 0, 0 },
        { "/a /b until=2025-01-01 then=410", "/a", 0, 0 },
        { "/a /1 until=2025-01-01 ;; /a /2 until=2025-01-01 ;; /a /3 until=2025-01-01"
          " ;; /a /4 until=2025-01-01 ;; /a /5 until=2025-01-01 ;; /a /6 until=2025-01-01"
          " ;; /a /7 until=2025-01-01 ;; /a /8 until=2025-01-01 ;; /a /9 until=2025-01-01",
          "/a", 0, 8 },
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        apr_pool_t *p = unit_pool();
        const char *error = NULL;
        r307_ruleset_t *rules = unit_rules(p, rows[i].rules, "server", "Redirect307", &error);
        unit_fake_t *fake = unit_fake_make(p, "GET", rows[i].asked, "-");
        r307_policy_t policy = { 1, NULL, NULL, R307_STEPS_DEFAULT, NULL, 0, NULL, NULL };
        r307_scope_t scope = { rules, 0, { NULL, 0 }, NULL, 0 };
        r307_decision_t decision;
        int frozen;

        for (frozen = 0; frozen < 2; frozen++) {
            r307_decide(p, &scope, 1, &policy, &fake->view, &decision);
            ck_assert_msg(decision.passed[R307_PASSED_COMING] == rows[i].coming
                          && decision.passed[R307_PASSED_OVER] == rows[i].over,
                          "%s of %s: %u, %u", rows[i].asked, rows[i].rules,
                          decision.passed[R307_PASSED_COMING],
                          decision.passed[R307_PASSED_OVER]);
            r307_ruleset_freeze(p, rules, 307, 0);
            unit_rows_add(1);
        }
        apr_pool_destroy(p);
    }
}
END_TEST

/* What comes first, and by when. */
START_TEST(plan_next)
{
    static const struct {
        const char *rule;
        r307_next_t next;
        const char *date;
    } rows[] = {
        { "/a /b", R307_NEXT_NOTHING, NULL },
        { "/a /b until=2026-12-26", R307_NEXT_ENDS, "2026-12-26" },
        { "/a /b until=2026-12-11T00:00Z", R307_NEXT_ENDS, "2026-12-11T00:00Z" },
        { "/a /b until=2026-12-31", R307_NEXT_NOTHING, NULL },
        { "/a /b until=2026-12-30", R307_NEXT_ENDS, "2026-12-30" },
        { "/a /b until=2026-12-09", R307_NEXT_NOTHING, NULL },
        { "/a /b until=2026-12-10T12:00Z", R307_NEXT_NOTHING, NULL },
        { "/a /b from=2026-12-11 until=2026-12-12", R307_NEXT_BEGINS, "2026-12-11" },
        { "/a /b from=2026-01-01 until=2026-12-12", R307_NEXT_ENDS, "2026-12-12" },
        { "/a /b review=2026-12-15 until=2026-12-16", R307_NEXT_REVIEW, "2026-12-15" },
        { "/a /b review=2026-12-15 until=2026-12-14", R307_NEXT_ENDS, "2026-12-14" },
        { "/a /b review=2026-12-01 until=2026-12-20", R307_NEXT_ENDS, "2026-12-20" }
    };
    apr_time_t now = apr_time_from_sec(1796904000), by = apr_time_from_sec(1798675200);
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const r307_date_t *date = NULL;
        r307_next_t next = r307_plan_next(&parse(p, rows[i].rule)->plan, now, by, &date);

        unit_rows_add(1);
        ck_assert_msg(next == rows[i].next, "%s", rows[i].rule);
        ck_assert_msg(!date == !rows[i].date && (!date || !strcmp(date->text, rows[i].date)),
                      "%s", rows[i].rule);
    }
}
END_TEST

TCase *plan_cases(void)
{
    TCase *tcase = tcase_create("plan");

    tcase_add_test(tcase, plan_ages);
    tcase_add_test(tcase, plan_ages_parts);
    tcase_add_test(tcase, plan_shows);
    tcase_add_test(tcase, plan_left_out);
    tcase_add_test(tcase, plan_passed);
    tcase_add_test(tcase, plan_next);
    return tcase;
}
