/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

START_TEST(guard_ids)
{
    apr_pool_t *p = unit_pool();
    int i;

    for (i = 1; i < R307_VERDICT_COUNT; i++) {
        const r307_verdict_row_t *row = r307_verdict_row((r307_verdict_t)i);

        unit_rows_add(1);
        ck_assert_ptr_ne(row, NULL);
        ck_assert_str_eq(row->id, apr_psprintf(p, "R307-G%02d", i));
        ck_assert(row->why && *row->why);
    }
    apr_pool_destroy(p);
}
END_TEST

/* What must hold of every Location that leaves, whatever the row says. */
static const char *escaped(apr_pool_t *p, const char *location, const char *rule,
                           const char *allow, const char *self)
{
    const char *c;
    r307_url_t url;

    for (c = location; *c; c++) {
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || *c == '\\') {
            return "a byte that must not leave";
        }
    }
    r307_url_split(location, strlen(location), &url);
    if (url.userinfo.s) {
        return "userinfo";
    }
    if (!url.scheme.s && !url.host.s) {
        return *location == '/' ? NULL : "neither a path nor an origin";
    }
    if (!url.scheme.s) {
        return "scheme-relative";
    }
    if (r307_url_check_host(url.host)) {
        return "no host";
    }
    if (url.host.s[url.host.len - 1] == '.') {
        return "a dot at the end of its host, which is another origin";
    }
    /* the host stands in the rule, in the allow-list, or is ours */
    return strcasestr(rule, r307_slice_text(p, url.host))
           || r307_url_same_host(url.host, r307_slice(self, strlen(self)))
           || strcmp(allow, "-") ? NULL : "a host nobody wrote";
}

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    const char *error = NULL, *got, *wanted = unit_text(row, "expected"), *why;
    r307_decision_t decision;
    r307_ruleset_t *rules = unit_rules(p, unit_text(row, "rule"), "server",
                                       unit_text(row, "directive"), &error);
    unit_fake_t *fake = unit_fake_make(p, "GET", unit_text(row, "target"),
                                       unit_text(row, "headers"));

    if (!rules || !fake) {
        unit_row_fail(row, unit_text(row, "rule"), error ? error : "no path", wanted);
        return;
    }
    if (strstr(unit_text(row, "server"), "https")) {
        fake->view.asked.scheme = "https";
        fake->view.asked.port = 443;
    }
    unit_decide_as(p, rules, "server", unit_text(row, "allow"),
                   !strstr(unit_text(row, "server"), "off"), &fake->view, &decision);
    got = decision.outcome == R307_OUTCOME_ANSWER ? decision.location
        : decision.outcome == R307_OUTCOME_REFUSE
          ? apr_pstrcat(p, "refuse ", r307_verdict_row(decision.verdict)->id, NULL)
          : "pass";
    if (decision.outcome == R307_OUTCOME_ANSWER && decision.location) {
        why = escaped(p, decision.location, unit_text(row, "rule"),
                      unit_text(row, "allow"), fake->view.asked.host);
        if (why) {
            unit_row_fail(row, "ESCAPE", decision.location, why);
        }
    }
    if (decision.outcome == R307_OUTCOME_REFUSE && !decision.offending) {
        unit_row_fail(row, "offending", NULL, "what would have left");
    }
    if (strcmp(wanted, "*") && (strcmp(wanted, "refuse") || strncmp(got, "refuse", 6))) {
        unit_row_same(row, unit_text(row, "rule"), got, wanted);
    }
}

START_TEST(guard_rows)
{
    apr_pool_t *p = unit_pool(), *one;
    unit_table_t *table = unit_table_load(p, "guard-hostile.tsv", 2500);
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

/* Every verdict that a request can bring about has a row that brings it about. */
START_TEST(guard_covered)
{
    static const r307_verdict_t wanted[] = {
        R307_VERDICT_CONTROL, R307_VERDICT_BACKSLASH, R307_VERDICT_SCHEME,
        R307_VERDICT_RELATIVE, R307_VERDICT_USERINFO, R307_VERDICT_HOST,
        R307_VERDICT_PORT, R307_VERDICT_ORIGIN, R307_VERDICT_GLUED,
        R307_VERDICT_LENGTH, R307_VERDICT_VALUE,
        R307_VERDICT_STEPS, R307_VERDICT_SELF_NAME, R307_VERDICT_DOTS
    };
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "guard-hostile.tsv", 2500);
    size_t i;
    int k;

    for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        const char *id = r307_verdict_row(wanted[i])->id;

        unit_rows_add(1);
        for (k = 0; k < table->count; k++) {
            if (strstr(unit_text(&table->rows[k], "expected"), id)) {
                break;
            }
        }
        ck_assert_msg(k < table->count, "no row expects %s", id);
    }
    apr_pool_destroy(p);
}
END_TEST

typedef struct elsewhere_t {
    const char *scheme;         /* of the request */
    int port;
    int relative;
    const char *target, *allow;
    const char *want;           /* a Location, or the id of a refusal */
} elsewhere_t;

/* What the tables cannot say: https requests, and Redirect307Relative off. */
static const elsewhere_t elsewhere[] = {
    { "https", 443, 1, "/go?to=http://h.example/", "h.example", "R307-G12" },
    { "https", 443, 1, "/go?to=http://h.example/", "http://h.example", "R307-G12" },
    { "https", 443, 1, "/go?to=https://h.example/", "h.example", "https://h.example/" },
    { "https", 443, 1, "/go?to=/x", "-", "/x" },
    { "https", 443, 0, "/go?to=/x", "-", "https://www.example.test/x" },
    { "http", 80, 0, "/go?to=/x", "-", "http://www.example.test/x" },
    { "http", 80, 0, "/go?to=.evil.com/", "-", "R307-G" },
    { "http", 80, 0, "/go?to=@evil.com/", "-", "R307-G" },
    { "http", 80, 0, "/go?to=:8443/x", "-", "R307-G" },
    { "http", 81, 0, "/go?to=81/x", "-", "R307-G" },
    { "http", 80, 0, "/go?to=x", "-", "R307-G06" },
    { "http", 80, 0, "/go?to=//evil.com/", "-", "R307-G06" },
    { "http", 80, 0, "/go?to=%3Fx", "-", "R307-G06" },
    { "http", 80, 0, "/go?to=%23x", "-", "R307-G06" }
};

START_TEST(guard_elsewhere)
{
    apr_pool_t *p = unit_pool();
    size_t i;
    int failed = 0;

    for (i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
        const elsewhere_t *row = &elsewhere[i];
        const char *error = NULL, *got;
        r307_ruleset_t *rules = unit_rules(p, "/go \"%{arg:to}\"", "server",
                                           "Redirect307", &error);
        unit_fake_t *fake = unit_fake_make(p, "GET", row->target, "-");
        r307_decision_t decision;

        unit_rows_add(1);
        fake->view.asked.scheme = row->scheme;
        fake->view.asked.port = row->port;
        unit_decide_as(p, rules, "server", row->allow, row->relative, &fake->view,
                       &decision);
        got = decision.outcome == R307_OUTCOME_REFUSE
            ? r307_verdict_row(decision.verdict)->id : decision.location;
        if (!got || strncmp(got, row->want, strlen(row->want))
            || (*row->want != 'R' && strcmp(got, row->want))) {
            printf("guard: %s, port %d, relative %d: %s: got %s, wanted %s\n",
                   row->scheme, row->port, row->relative, row->target, got, row->want);
            fflush(stdout);
            failed++;
        }
    }
    ck_assert_int_eq(failed, 0);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(guard_origins)
{
    static const struct {
        const char *text;
        int good;
        const char *scheme, *host;
        int below, port;
    } rows[] = {
        { "h.example", 1, NULL, "h.example", 0, 0 },
        { "H.Example.", 1, NULL, "h.example", 0, 0 },
        { "*.h.example", 1, NULL, "h.example", 1, 0 },
        { "https://h.example", 1, "https", "h.example", 0, 0 },
        { "https://*.h.example:8443", 1, "https", "h.example", 1, 8443 },
        { "h.example:81", 1, NULL, "h.example", 0, 81 },
        { "[::1]:81", 1, NULL, "[::1]", 0, 81 },
        { "192.0.2.1", 1, NULL, "192.0.2.1", 0, 0 },
        { "", 0, NULL, NULL, 0, 0 }, { "*", 0, NULL, NULL, 0, 0 },
        { "*.", 0, NULL, NULL, 0, 0 }, { "*h.example", 0, NULL, NULL, 0, 0 },
        { "h.*.example", 0, NULL, NULL, 0, 0 }, { "a b", 0, NULL, NULL, 0, 0 },
        { "ftp://h.example", 0, NULL, NULL, 0, 0 }, { "https://", 0, NULL, NULL, 0, 0 },
        { "https://h.example/", 0, NULL, NULL, 0, 0 },
        { "h.example/x", 0, NULL, NULL, 0, 0 }, { "u@h.example", 0, NULL, NULL, 0, 0 },
        { "h.example:0", 0, NULL, NULL, 0, 0 },
        { "h.example:99999", 0, NULL, NULL, 0, 0 },
        { "127.1", 0, NULL, NULL, 0, 0 },
        { "https:h", 0, NULL, NULL, 0, 0 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        r307_origin_t origin;
        const char *error, *text = rows[i].text;

        memset(&origin, 0, sizeof(origin));
        unit_rows_add(1);
        error = r307_origin_parse(p, text, &origin);
        ck_assert_msg(!error == !!rows[i].good, "'%s': %s", text,
                      error ? error : "taken");
        if (error) {
            ck_assert_msg(*error, "'%s': no text", text);
            continue;
        }
        ck_assert_msg(!origin.scheme.s == !rows[i].scheme, "%s: scheme", text);
        ck_assert_str_eq(r307_slice_text(p, origin.host), rows[i].host);
        ck_assert_msg(!origin.below == !rows[i].below, "%s: below", text);
        ck_assert_msg(origin.port == rows[i].port, "%s: port %d", text, origin.port);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *guard_cases(void)
{
    TCase *tcase = tcase_create("guard");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, guard_ids);
    tcase_add_test(tcase, guard_rows);
    tcase_add_test(tcase, guard_covered);
    tcase_add_test(tcase, guard_elsewhere);
    tcase_add_test(tcase, guard_origins);
    return tcase;
}
