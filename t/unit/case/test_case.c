/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "case/case_judge.h"
#include "case/case_sample.h"
#include "unit.h"

typedef struct asked_t {
    const r307_ruleset_t *rules;
    const char *where;
} asked_t;

static const char *flag_name(const void *flag)
{
    return flag;
}

static void ask(void *baton, apr_pool_t *p, r307_case_view_t *view,
                r307_case_came_t *came)
{
    const asked_t *asked = baton;
    r307_decision_t decision;

    unit_decide(p, asked->rules, asked->where, "-", &view->view, &decision);
    memset(came, 0, sizeof(*came));
    came->outcome = decision.outcome;
    came->status = decision.status;
    came->location = decision.location;
    came->rule = decision.rule;
    came->max_age = decision.max_age;
    came->cookies = decision.cookies;
}

static void make_asker(asked_t *asked, r307_case_asker_t *asker)
{
    memset(asker, 0, sizeof(*asker));
    asker->ask = ask;
    asker->flag_name = flag_name;
    asker->baton = asked;
    asker->now = apr_time_from_sec(1767225600);
    asker->knows_rules = 1;
    if (!strcmp(asked->where, "htaccess")) {
        asker->base = r307_slice("/dir/", 5);
    }
}

/* The rules of a row, their places from unit:1 on. */
static r307_ruleset_t *rules_of(apr_pool_t *p, const unit_row_t *row)
{
    const char *error;
    r307_ruleset_t *rules = unit_rules(p, unit_text(row, "rules"), unit_text(row, "context"),
                                       "Redirect307", &error);

    if (!rules) {
        unit_row_fail(row, "rules", error, "rules");
    }
    return rules;
}

static const char *judge(apr_pool_t *p, const unit_row_t *row, r307_ruleset_t *rules,
                         const char **says)
{
    static const char *const words[] = { "holds", "fails", "open" };
    int at = atoi(unit_text(row, "at"));
    asked_t asked = { rules, unit_text(row, "context") };
    r307_place_t place = { "unit", (unsigned)(at < 0 ? 1 : at) };
    r307_case_asker_t asker;
    r307_case_result_t result;
    r307_case_t c;

    make_asker(&asked, &asker);
    r307_case_none(&c);
    *says = at < 0 ? r307_case_parse_cell(p, unit_text(row, "case"), &c)
                   : r307_case_parse(p, unit_text(row, "case"), NULL, &c);
    if (*says) {
        return "bad";
    }
    r307_case_judge(p, &c, at ? &place : NULL, &asker, &result);
    *says = result.why;
    return words[result.verdict];
}

/* Which conditions are asked, as they hold and as they do not. */
typedef struct conditions_t {
    unsigned char held[64], not_held[64];
} conditions_t;

static void note_conditions(const unit_row_t *row, const r307_ruleset_t *rules,
                            conditions_t *seen)
{
    const r307_rule_t *rule = APR_ARRAY_IDX(rules->rules, 0, const r307_rule_t *);
    int passes = strstr(unit_text(row, "case"), "-> passes") != NULL, i;

    for (i = 0; i < rule->cond_count && unit_is(row, "verdict", "holds"); i++) {
        long at = rule->conds[i].kind - r307_options;

        ck_assert(at >= 0 && at < 64);
        seen->held[at] |= !passes;
        seen->not_held[at] |= passes || rule->conds[i].negate;
    }
}

START_TEST(case_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "case.tsv", 140);
    conditions_t seen;
    const char *says;
    int i;

    memset(&seen, 0, sizeof(seen));
    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        r307_ruleset_t *rules;

        unit_row_begin(row);
        rules = rules_of(p, row);
        if (rules) {
            unit_row_same(row, "verdict", judge(p, row, rules, &says),
                          unit_text(row, "verdict"));
            unit_row_error(row, says, unit_text(row, "says"));
            note_conditions(row, rules, &seen);
        }
    }
    unit_table_end(table);
    for (i = 0; i < r307_option_count; i++) {
        const r307_option_t *option = &r307_options[i];

        unit_rows_add(1);
        if (option->test) {
            ck_assert_msg(r307_case_key_of(option->name) != NULL,
                          "no key of a case decides %s=: give it a row in case_key.c",
                          option->name);
            ck_assert_msg(seen.held[i] && seen.not_held[i],
                          "t/data/case.tsv has no two cases in which %s= decides, as it holds "
                          "and as it does not", option->name);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

/* Whether a sample is answered by the rule it was made of. */
static int is_answered(apr_pool_t *p, const char *where, const char *line)
{
    const char *error, *text;
    asked_t asked = { unit_rules(p, line, where, "Redirect307", &error), where };
    const r307_rule_t *rule;
    r307_case_asker_t asker;
    r307_case_result_t result;
    r307_case_t c;
    unsigned i;

    ck_assert_msg(asked.rules != NULL, "%s: %s", line, error);
    rule = APR_ARRAY_IDX(asked.rules->rules, 0, const r307_rule_t *);
    make_asker(&asked, &asker);
    for (i = 0; i < R307_CASE_SAMPLES; i++) {
        text = r307_case_sample(p, rule, asker.now, i);
        r307_case_none(&c);
        error = r307_case_parse_asked(p, text, &c);
        ck_assert_msg(!error, "%s: the sample '%s' is no question: %s", line, text, error);
        r307_case_judge(p, &c, NULL, &asker, &result);
        if (result.verdict != R307_CASE_OPEN && result.came.rule == rule) {
            return 1;
        }
    }
    return 0;
}

START_TEST(case_samples)
{
    static const char *const lines[] = {
        "/a /b", "/a/:x/c /b/:x", "/a/* /b/:splat", "/a*c /b/:splat", "/ /b", "/a%20b /c",
        "/a?x=1&y /b", "http://h.example/a /b", "https://h.example/a /b",
        "/a /b from=2026-06-01", "/a /b until=2025-12-01", "/a /b from=2025-01-01 until=2025-12-01",
        "^/a/(\\d+)\\.html$ /b/$1 match=regex", "shop /b match=regex", "/a -",
        "/a status=gone", "/a /b method=!GET", "/a /b host=*.example.com", "/a /b ip=2001:db8::/32",
        "/a /b ip=!192.0.2.0/24", "/a /b percent=0.5", "/a /b percent=5 ;; /a /c percent=5",
        "/a /b cookie=a* cookie=b=c* header=X-A:?b", "/a /b cookie=!a", "/a /b env=!X",
        "/a /b optin=beta=KEY%26KEYS"
    };
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "case.tsv", 140);
    size_t i;
    int k;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        unit_rows_add(1);
        ck_assert_msg(is_answered(p, "server", lines[i]), "no sample of '%s' is answered by it",
                      lines[i]);
    }
    for (k = 0; k < table->count; k++) {
        const unit_row_t *row = &table->rows[k];

        unit_row_begin(row);
        if (unit_is(row, "verdict", "holds")
            && !is_answered(p, unit_text(row, "context"), unit_text(row, "rules"))) {
            unit_row_fail(row, "sample", "none is answered by the first rule", "one is");
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

static const char *wide(apr_pool_t *p, int words, int size)
{
    r307_buf_t buf;
    int i, k;

    r307_buf_make(&buf, p, 1024);
    r307_buf_puts(&buf, "/a");
    for (i = 1; i < words; i++) {
        r307_buf_puts(&buf, " 'env=\"");
        for (k = 0; k < size; k++) {
            r307_buf_putc(&buf, '"');
        }
        r307_buf_putc(&buf, '\'');
    }
    r307_buf_puts(&buf, " -> none");
    return buf.s;
}

/* A line has room for the longest answer behind what is asked. */
START_TEST(case_room)
{
    apr_pool_t *p = unit_pool();
    const char *answer, *error;
    r307_case_came_t came;
    char *location;
    r307_case_t c;

    unit_rows_add(4);
    location = apr_palloc(p, R307_LOCATION_MOST + 1);
    memset(location, '"', R307_LOCATION_MOST);
    location[0] = '/';
    location[R307_LOCATION_MOST] = '\0';
    memset(&came, 0, sizeof(came));
    came.outcome = R307_OUTCOME_ANSWER;
    came.status = 307;
    came.location = location;
    answer = r307_case_answer(p, &came);
    r307_case_none(&c);
    ck_assert_ptr_null(r307_case_parse(p, wide(p, R307_CASE_WORDS_MOST, 88), NULL, &c));
    answer = apr_pstrcat(p, answer, " hops=20", NULL);
    error = r307_case_parse(p, r307_case_print(p, &c, answer), NULL, &c);
    ck_assert_msg(!error, "%s", error);
    error = r307_case_parse(p, wide(p, R307_CASE_WORDS_MOST + 1, 1), NULL, &c);
    ck_assert_str_eq(error, "asks with more than 252 words; leave out what no rule asks for");
    error = r307_case_parse_asked(p, wide(p, R307_CASE_WORDS_MOST, 95), &c);
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_nonnull(strstr(error, "of which 48000 are read"));
    apr_pool_destroy(p);
}
END_TEST

/* What a case is printed as is read as the same. */
START_TEST(case_prints)
{
    static const char *const lines[] = {
        "/a -> 307 /b", "POST /a host=h.example \"header=X-A: b c\" -> none",
        "/a -> 307 /b at=2026-01-01", "\"/a b\" -> refused",
        "/a 'header=X: a\" #b' -> none", "/a \"header=X: a\\\" #b\" -> none # a remark",
        "\"->\" -> none", "POST '#a' -> none", "/it's -> refused # a remark -> none"
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *once, *again, *error;
        r307_case_t c;

        unit_rows_add(1);
        r307_case_none(&c);
        error = r307_case_parse(p, lines[i], NULL, &c);
        ck_assert_msg(!error, "%s", error);
        once = r307_case_print(p, &c, "307 /b");
        r307_case_none(&c);
        error = r307_case_parse(p, once, NULL, &c);
        ck_assert_msg(!error, "%s", error);
        again = r307_case_print(p, &c, "307 /b");
        ck_assert_str_eq(once, again);
    }
    apr_pool_destroy(p);
}
END_TEST

/* Keys that hold for all cases; what a case says itself counts. */
START_TEST(case_defaults)
{
    apr_pool_t *p = unit_pool();
    r307_case_t with, c;

    unit_rows_add(1);
    r307_case_none(&with);
    ck_assert_ptr_null(r307_case_parse_keys(p, "host=a.example cookie=x=1 at=2026-05-01", &with));
    ck_assert_ptr_nonnull(r307_case_parse_keys(p, "/a", &with));
    c = with;
    ck_assert_ptr_null(r307_case_parse(p, "/a host=b.example cookie=y=2 -> none", NULL, &c));
    ck_assert_str_eq(c.host, "b.example");
    ck_assert_int_eq(c.cookies->nelts, 2);
    ck_assert_int_eq(with.cookies->nelts, 1);
    ck_assert(c.at == with.at);
    apr_pool_destroy(p);
}
END_TEST

TCase *case_cases(void)
{
    TCase *tcase = tcase_create("case");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, case_rows);
    tcase_add_test(tcase, case_samples);
    tcase_add_test(tcase, case_room);
    tcase_add_test(tcase, case_prints);
    tcase_add_test(tcase, case_defaults);
    return tcase;
}
