/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "lint/lint_above.h"
#include "lint/lint_chain.h"
#include "lint/lint_loop.h"
#include "lint/lint_words.h"
#include "unit.h"

#define JUNE_2026 1780272000     /* the first of it: what the rows of plans are asked at */

START_TEST(audit_ids)
{
    apr_pool_t *p = unit_pool();
    int i;

    for (i = 0; i < R307_FINDING_COUNT; i++) {
        const r307_finding_row_t *row = r307_finding_row((r307_finding_t)i);

        unit_rows_add(1);
        ck_assert_str_eq(row->id, apr_psprintf(p, "R307-A%02d", i + 1));
        ck_assert(row->why && *row->why);
    }
    apr_pool_destroy(p);
}
END_TEST

/* Several rules: where they lead together. */
static void check_loops(apr_pool_t *p, const unit_row_t *row, int keeps_words)
{
    apr_array_header_t *doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));
    r307_loop_site_t site = { { "http", "www.example.test", 80 }, 1, 0, 0 };
    r307_scope_t scope = { NULL, 0, { NULL, 0 }, NULL, 0 };
    const r307_alone_t *alone;
    const char *bad = NULL, *got = "", *said = "";
    int i;

    unit_keeps_words = keeps_words;
    scope.rules = unit_rules(p, unit_text(row, "rule"), unit_text(row, "context"),
                             unit_text(row, "directive"), &bad);
    unit_keeps_words = 0;
    if (!scope.rules) {
        unit_row_fail(row, unit_text(row, "rule"), bad, "rules");
        return;
    }
    if (unit_is(row, "context", "htaccess")) {
        scope.directory = 1;
        scope.base = r307_slice("/", 1);
    }
    alone = r307_alone_make(p, &scope, 1);
    r307_loop_audit(p, alone, &site, doubts);
    r307_above_audit(p, scope.rules, alone->flags[0], doubts);
    r307_chain_audit(p, alone, &site, doubts);
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);

        got = apr_pstrcat(p, got, i ? " " : "", r307_finding_row(doubt->finding)->id + 5,
                          NULL);
        said = apr_pstrcat(p, said, doubt->text, "\n", NULL);
    }
    unit_row_same(row, unit_text(row, "rule"), *got ? got : "-",
                  unit_text(row, "findings"));
    if (!unit_absent(row, "says") && !strstr(said, unit_text(row, "says"))) {
        unit_row_fail(row, "says", said, unit_text(row, "says"));
    }
}

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    apr_array_header_t *doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));
    r307_list_t list = unit_is(row, "list", "empty") ? R307_LIST_EMPTY
        : unit_is(row, "list", "there") ? R307_LIST_THERE : R307_LIST_UNKNOWN;
    r307_place_t place = { "row", 1 };
    const r307_rule_t *rule = NULL;
    r307_context_t context;
    const char *got = "", *said = "", *bad;
    int i;

    if (strstr(unit_text(row, "rule"), " ;; ")) {
        check_loops(p, row, 0);
        check_loops(p, row, 1);
        return;
    }
    unit_context_make(p, unit_text(row, "context"), unit_text(row, "directive"), &context);
    bad = r307_line_parse(p, unit_text(row, "rule"), place, &context, &rule);
    if (bad || !rule) {
        unit_row_fail(row, unit_text(row, "rule"), bad, "a rule");
        return;
    }
    r307_lint_line(p, rule, list, doubts);
    r307_lint_plan(p, rule, apr_time_from_sec(JUNE_2026), doubts);
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        const char *id = r307_finding_row(doubt->finding)->id;

        if (strncmp(doubt->text, id, strlen(id)) != 0 || doubt->rule != rule) {
            unit_row_fail(row, "text", doubt->text, id);
        }
        got = apr_pstrcat(p, got, i ? " " : "", id + 5, NULL);
        said = apr_pstrcat(p, said, doubt->text, "\n", NULL);
    }
    unit_row_same(row, unit_text(row, "rule"), *got ? got : "-",
                  unit_text(row, "findings"));
    if (!unit_absent(row, "says") && !strstr(said, unit_text(row, "says"))) {
        unit_row_fail(row, "says", said, unit_text(row, "says"));
    }
}

START_TEST(audit_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "audit.tsv", 55);
    int i, k;

    for (i = 0; i < table->count; i++) {
        unit_row_begin(&table->rows[i]);
        check_row(p, &table->rows[i]);
    }
    for (k = 0; k < R307_FINDING_HIDES; k++) {     /* t/ctl-lint.t has those of files */
        const char *id = r307_finding_row((r307_finding_t)k)->id + 5;

        for (i = 0; i < table->count; i++) {
            if (strstr(unit_text(&table->rows[i], "findings"), id)) {
                break;
            }
        }
        ck_assert_msg(i < table->count, "no row expects %s", id);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

/* Many rules of one source: each asks the others, and only so many of them. */
START_TEST(audit_many)
{
    apr_pool_t *p = unit_pool();
    apr_array_header_t *doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));
    r307_loop_site_t site = { { "http", "www.example.test", 80 }, 1, 0, 0 };
    r307_scope_t scope = { NULL, 0, { NULL, 0 }, NULL, 0 };
    const char *bad = NULL, *lines = "";
    int i;

    for (i = 0; i < 200; i++) {
        lines = apr_psprintf(p, "%s/same /b host=h%d.example ;; ", lines, i);
    }
    lines = apr_pstrcat(p, lines, "/b /c", NULL);
    scope.rules = unit_rules(p, lines, "server", "Redirect307", &bad);
    ck_assert_msg(scope.rules != NULL, "%s", bad);
    r307_chain_audit(p, r307_alone_make(p, &scope, 1), &site, doubts);
    ck_assert_int_eq(doubts->nelts, 64);
    unit_rows_add(1);
    apr_pool_destroy(p);
}
END_TEST

TCase *lint_rule_cases(void)
{
    TCase *tcase = tcase_create("lint_rule");

    tcase_add_test(tcase, audit_ids);
    tcase_add_test(tcase, audit_rows);
    tcase_add_test(tcase, audit_many);
    return tcase;
}
