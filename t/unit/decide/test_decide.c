/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

static const char *outcome_text(apr_pool_t *p, const r307_decision_t *decision)
{
    switch (decision->outcome) {
    case R307_OUTCOME_PASS:
        return "pass";
    case R307_OUTCOME_STOP:
        return "stop";
    case R307_OUTCOME_ANSWER:
        return apr_itoa(p, decision->status);
    case R307_OUTCOME_LATER:
        return "later";
    case R307_OUTCOME_REFUSE:
        return apr_pstrcat(p, "refuse ", r307_verdict_row(decision->verdict)->id, NULL);
    }
    return "(no outcome)";
}

static void compare(apr_pool_t *p, const unit_row_t *row, const char *text,
                    const r307_decision_t *decision)
{
    const char *got = outcome_text(p, decision), *wanted = unit_text(row, "outcome");

    if (!strcmp(wanted, "*")) {
        return;
    }
    if (strcmp(wanted, "refuse") || strncmp(got, "refuse", 6)) {
        unit_row_same(row, text, got, wanted);
    }
    if (decision->outcome == R307_OUTCOME_ANSWER || !unit_absent(row, "location")) {
        unit_row_same(row, "location", decision->location,
                      unit_absent(row, "location") ? NULL : unit_text(row, "location"));
    }
    if (!unit_is(row, "vary", "*")
        && !unit_same_names(p, decision->vary ? decision->vary : "-",
                            unit_text(row, "vary"))) {
        unit_row_fail(row, "vary", decision->vary, unit_text(row, "vary"));
    }
}

/* The rules, or what they are when printed and read again. */
static const char *reprint(apr_pool_t *p, const r307_ruleset_t *rules)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 128);
    for (i = 0; i < rules->rules->nelts; i++) {
        if (i) {
            r307_buf_puts(&buf, " ;; ");
        }
        r307_buf_puts(&buf, r307_line_print(p, r307_ruleset_rule(p, rules, i)));
    }
    r307_buf_putc(&buf, '\0');
    return buf.s;
}

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    const char *text = unit_text(row, "rule"), *where = unit_text(row, "context");
    unit_fake_t *fake = unit_fake_make(p, unit_text(row, "method"),
                                       unit_text(row, "target"),
                                       unit_text(row, "headers"));
    int round;

    for (round = 0; round < 3; round++) {
        const char *error = NULL, *again;
        r307_decision_t decision;
        r307_ruleset_t *rules;

        unit_keeps_words = round == 2;
        rules = unit_rules(p, text, where, unit_text(row, "directive"), &error);
        unit_keeps_words = 0;
        if (!rules || !fake) {
            unit_row_fail(row, text, error ? error : "no path", "a rule and a path");
            return;
        }
        /* as in httpd, where it is asked for */
        fake->view.asked.scheme = round == 1 ? NULL : "http";
        unit_decide(p, rules, where, "-", &fake->view, &decision);
        compare(p, row, text, &decision);
        again = reprint(p, rules);
        if (round) {
            unit_row_same(row, "printed twice", again, text);
        }
        text = again;
    }
}

START_TEST(decide_rows)
{
    apr_pool_t *p = unit_pool(), *one;
    unit_table_t *table = unit_table_load(p, "decide.tsv", 800);
    int i;

    for (i = 0; i < table->count; i++) {
        ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
        unit_row_begin(&table->rows[i]);
        check_row(one, &table->rows[i]);
        apr_pool_destroy(one);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(decide_ids)
{
    apr_pool_t *p = unit_pool();
    static const char *const names[] = {
        "decide.tsv", "match.tsv", "cond.tsv", "print.tsv", "rulefile-bad.tsv",
        "guard-hostile.tsv", "time.tsv"
    };
    size_t i;
    int k;

    for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
        unit_table_t *table = unit_table_load(p, names[i], 60);
        apr_hash_t *seen = apr_hash_make(p);
        const char *last = table->column[table->columns - 1];
        int is_optional = last[strlen(last) - 1] == '?';    /* only some rows have it */

        for (k = 0; k < table->count; k++) {
            const char *id = unit_text(&table->rows[k], "id");

            unit_rows_add(1);
            ck_assert_msg(!apr_hash_get(seen, id, APR_HASH_KEY_STRING),
                          "%s:%d: %s stands there twice", table->path,
                          table->rows[k].line, id);
            ck_assert_msg(table->rows[k].count == table->columns
                          || (table->rows[k].count == table->columns - 1 && is_optional),
                          "%s:%d: %d fields", table->path, table->rows[k].line,
                          table->rows[k].count);
            apr_hash_set(seen, id, APR_HASH_KEY_STRING, id);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

typedef struct steps_t {
    int count[R307_SKIP_COUNT];
} steps_t;

static void count_step(void *baton, const r307_rule_t *rule, r307_skip_t step,
                       const char *detail)
{
    ck_assert(step != R307_SKIP_CONDITION || (detail && *detail));
    ((steps_t *)baton)->count[step]++;
}

/* Every step has a text, and each is taken by some request. */
START_TEST(decide_steps)
{
    static const struct {
        r307_skip_t step;
        const char *rule, *method, *target, *headers;
    } rows[] = {
        { R307_SKIP_EARLY, "/a /b from=2026-02-01", "GET", "/a", "-" },
        { R307_SKIP_ENDED, "/a /b until=2025-12-31", "GET", "/a", "-" },
        { R307_SKIP_LIMIT, "/a https://other.example/", "GET", "/a", "-" },
        { R307_SKIP_HOSTS, "/a https://%{arg:h}/", "GET", "/a", "-" },
        { R307_SKIP_CONDITION, "/a /b method=POST", "GET", "/a", "-" },
        { R307_SKIP_PREFLIGHT, "/a /b", "OPTIONS", "/a",
          "Origin: https://o.example && Access-Control-Request-Method: PUT" },
        { R307_SKIP_EXEMPT, "/ /b", "GET", "/x/y", "-" },
        { R307_SKIP_SELF, "/a /a", "GET", "/a", "-" },
        { R307_SKIP_OWN_TARGET, "/ /b", "GET", "/b", "-" },
        { R307_SKIP_PROXIED, "/ http://h.example", "GET", "/a",
          "X-Forwarded-Host: h.example" },
        { R307_SKIP_BALANCER, "/ https:", "GET", "/a", "X-Forwarded-Proto: https" }
    };
    apr_pool_t *p = unit_pool();
    r307_slice_t exempt = r307_slice("/x/", 3);
    r307_limits_t *limits = r307_limit_make(p);
    r307_tenancy_t tenancy = { limits, NULL, NULL, NULL, "www.example.test",
                               R307_REQUIRE_NONE, 0, 0, 0, 0 };
    size_t i;

    ck_assert_uint_eq(sizeof(rows) / sizeof(*rows), R307_SKIP_COUNT);
    ck_assert_ptr_eq(r307_limit_parse(p, "targets=same-site", limits), NULL);
    for (i = 0; i < R307_SKIP_COUNT; i++) {
        apr_array_header_t *list = apr_array_make(p, 1, sizeof(r307_slice_t));
        const char *error = NULL, *text = r307_skip_text(rows[i].step);
        r307_scope_t scope = { unit_rules(p, rows[i].rule, "server", "Redirect307",
                                          &error), 0, { NULL, 0 },
                               rows[i].step == R307_SKIP_LIMIT ? &tenancy : NULL, 0 };
        unit_fake_t *fake = unit_fake_make(p, rows[i].method, rows[i].target,
                                           rows[i].headers);
        steps_t steps = { { 0 } };
        r307_policy_t policy = { 1, NULL, list, R307_STEPS_DEFAULT, count_step,
                                 1, &steps, NULL };
        r307_decision_t decision;

        unit_rows_add(1);
        APR_ARRAY_PUSH(list, r307_slice_t) = exempt;
        ck_assert_ptr_eq(error, NULL);
        r307_decide(p, &scope, 1, &policy, &fake->view, &decision);
        ck_assert_msg(text && *text, "a step without a text");
        ck_assert_msg(decision.outcome == R307_OUTCOME_PASS, "%s", text);
        ck_assert_msg(steps.count[rows[i].step] == 1, "%s: not told", text);
    }
    apr_pool_destroy(p);
}
END_TEST

/* Scopes are asked in order, and "-" ends them all. */
START_TEST(decide_scopes)
{
    static const struct {
        const char *first, *second, *target, *location;
        r307_outcome_t outcome;
    } rows[] = {
        { "/a /b", "/a /c", "/a", "/b", R307_OUTCOME_ANSWER },
        { "/x /b", "/a /c", "/a", "/c", R307_OUTCOME_ANSWER },
        { "/a -", "/a /c", "/a", NULL, R307_OUTCOME_STOP },
        { "/a /b method=POST", "/a /c", "/a", "/c", R307_OUTCOME_ANSWER },
        { "/a /b", "/a /c", "/x", NULL, R307_OUTCOME_PASS }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *error = NULL;
        r307_scope_t scopes[2] = {
            { unit_rules(p, rows[i].first, "server", "Redirect307", &error), 0,
              { NULL, 0 }, NULL, 0 },
            { unit_rules(p, rows[i].second, "server", "Redirect307", &error), 0,
              { NULL, 0 }, NULL, 0 }
        };
        r307_policy_t policy = { 1, NULL, NULL, R307_STEPS_DEFAULT, NULL, 0, NULL,
                                 NULL };
        unit_fake_t *fake = unit_fake_make(p, "GET", rows[i].target, "-");
        r307_decision_t decision;

        unit_rows_add(1);
        r307_decide(p, scopes, 2, &policy, &fake->view, &decision);
        ck_assert_int_eq(decision.outcome, rows[i].outcome);
        if (rows[i].location) {
            ck_assert_str_eq(decision.location, rows[i].location);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

/* Redirect307Relative off: our own origin goes out in full, by UseCanonicalName. */
START_TEST(decide_absolute)
{
    static const char *const rows[][4] = {
        { "/a /b", "/a?x=1", "-", "http://www.example.test/b?x=1" },
        { "/a /b", "/a", "Host: www.example.test:8080",
          "http://www.example.test:8080/b" },
        { "/a b", "/a", "-", "http://www.example.test/b" },
        { "/a https://h.example/b", "/a", "-", "https://h.example/b" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *error = NULL;
        r307_scope_t scope = { unit_rules(p, rows[i][0], "server", "Redirect307",
                                          &error), 0, { NULL, 0 }, NULL, 0 };
        r307_policy_t policy = { 0, NULL, NULL, R307_STEPS_DEFAULT, NULL, 0, NULL,
                                 NULL };
        unit_fake_t *fake = unit_fake_make(p, "GET", rows[i][1], rows[i][2]);
        r307_decision_t decision;

        unit_rows_add(1);
        r307_decide(p, &scope, 1, &policy, &fake->view, &decision);
        ck_assert_int_eq(decision.outcome, R307_OUTCOME_ANSWER);
        ck_assert_str_eq(decision.location, rows[i][3]);
    }
    apr_pool_destroy(p);
}
END_TEST

/* A name from the request that is none never gets into a Location. */
START_TEST(decide_self_names)
{
    static const char *const hosts[] = {
        "127.1", "0x7f.1", "a..b", "a@b", "a b", "a/b", "a\\b", "2130706433", "",
        "[::1", "\xC3\xA4.example", "a%2e.example", "a?b", "a#b", "a:b:c"
    };
    apr_pool_t *p = unit_pool();
    size_t i;
    int relative;

    for (i = 0; i < sizeof(hosts) / sizeof(*hosts) * 2; i++) {
        const char *error = NULL;
        r307_scope_t scope = { NULL, 0, { NULL, 0 }, NULL, 0 };
        r307_policy_t policy = { 1, NULL, NULL, R307_STEPS_DEFAULT, NULL, 0, NULL,
                                 NULL };
        unit_fake_t *fake = unit_fake_make(p, "GET", "/a", "-");
        r307_decision_t decision;

        relative = (int)(i % 2);
        policy.relative = relative;
        scope.rules = unit_rules(p, relative ? "/ https:" : "/a /b", "server",
                                 "Redirect307", &error);
        fake->view.asked.host = hosts[i / 2];
        unit_rows_add(1);
        r307_decide(p, &scope, 1, &policy, &fake->view, &decision);
        ck_assert_msg(decision.outcome == R307_OUTCOME_REFUSE, "'%s' left as %s",
                      hosts[i / 2], decision.location);
        ck_assert_msg(decision.verdict == R307_VERDICT_SELF_NAME, "'%s': %s",
                      hosts[i / 2], r307_verdict_row(decision.verdict)->id);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *decide_cases(void)
{
    TCase *tcase = tcase_create("decide");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, decide_rows);
    tcase_add_test(tcase, decide_ids);
    tcase_add_test(tcase, decide_steps);
    tcase_add_test(tcase, decide_scopes);
    tcase_add_test(tcase, decide_absolute);
    tcase_add_test(tcase, decide_self_names);
    return tcase;
}
