/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

static const char *parse(apr_pool_t *p, const unit_row_t *row, const char *line,
                         const r307_rule_t **rule)
{
    r307_context_t context;
    r307_place_t place = { "unit", (unsigned)row->line };

    unit_context_make(p, unit_text(row, "context"), unit_text(row, "directive"),
                      &context);
    return r307_line_parse(p, line, place, &context, rule);
}

START_TEST(rule_bad)
{
    apr_pool_t *p = unit_pool(), *one;
    unit_table_t *table = unit_table_load(p, "rulefile-bad.tsv", 300);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        const r307_rule_t *rule = NULL;
        const char *error;

        ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
        unit_row_begin(row);
        error = parse(one, row, unit_text(row, "line"), &rule);
        unit_row_error(row, error, unit_text(row, "error"));
        if (error && rule) {
            unit_row_fail(row, "rule", "a rule beside the error", "none");
        }
        apr_pool_destroy(one);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(rule_print)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "print.tsv", 60);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        const r307_rule_t *rule = NULL, *again = NULL;
        const char *error = parse(p, row, unit_text(row, "rule"), &rule), *text;

        unit_row_begin(row);
        if (error || !rule) {
            unit_row_fail(row, "rule", error, "a rule");
            continue;
        }
        text = r307_line_print(p, rule);
        if (!unit_is(row, "printed", "*")) {
            unit_row_same(row, "printed", text, unit_text(row, "printed"));
        }
        error = parse(p, row, text, &again);
        unit_row_same(row, "printed and read again",
                      error ? error : r307_line_print(p, again), text);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

/* Every option of the table has a row that writes it. */
START_TEST(rule_options)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "print.tsv", 60);
    int i, k;

    ck_assert_int_ge(r307_option_count, 14);
    for (i = 0; i < r307_option_count; i++) {
        const r307_option_t *option = &r307_options[i];
        const char *start = apr_pstrcat(p, option->name, "=", NULL);
        int found = 0;

        unit_rows_add(1);
        /* a condition is asked and printed from the rule's list; any other sets something */
        ck_assert_msg(!option->set == (option->parse && option->test), "%s", option->name);
        ck_assert_msg(!option->set == !option->print, "%s", option->name);
        if (option->written == R307_WRITTEN_NEVER) {
            ck_assert_ptr_eq(r307_option_find(option->name, strlen(option->name)), NULL);
            ck_assert_ptr_ne(r307_option_near(option->name, strlen(option->name)), option);
            continue;
        }
        ck_assert_ptr_eq(r307_option_find(option->name, strlen(option->name)), option);
        ck_assert_ptr_eq(r307_option_near(option->name, strlen(option->name)), option);
        for (k = 0; k < table->count && !found; k++) {
            found = strstr(unit_text(&table->rows[k], "printed"), start) != NULL;
        }
        ck_assert_msg(found, "no row of print.tsv writes %s", start);
    }
    ck_assert_ptr_eq(r307_option_find("nothing", 7), NULL);
    ck_assert_ptr_eq(r307_option_near("xyzzyxyzzy", 10), NULL);
    apr_pool_destroy(p);
}
END_TEST

/* What is looked up by a property is the one row that has it. */
START_TEST(rule_properties)
{
    static const r307_says_t says[] = {
        R307_SAYS_MATCH, R307_SAYS_BEGIN, R307_SAYS_END, R307_SAYS_STATUS, R307_SAYS_NAME
    };
    static const r307_about_t about[] = {
        R307_ABOUT_SCHEME, R307_ABOUT_HOST, R307_ABOUT_QUERY, R307_ABOUT_METHOD,
        R307_ABOUT_LOGIN, R307_ABOUT_FILE
    };
    size_t k;
    int i, count;

    for (k = 0; k < sizeof(says) / sizeof(says[0]); k++) {
        for (i = count = 0; i < r307_option_count; i++) {
            count += r307_options[i].says == says[k];
        }
        ck_assert_msg(count == 1, "%s: %d rows say that", r307_option_says(says[k])->name,
                      count);
    }
    for (k = 0; k < sizeof(about) / sizeof(about[0]); k++) {
        for (i = count = 0; i < r307_option_count; i++) {
            count += r307_options[i].about == about[k];
        }
        ck_assert_msg(count == 1, "%s: %d rows are about that",
                      r307_option_about(about[k])->name, count);
    }
    unit_rows_add(11);
}
END_TEST

START_TEST(rule_statuses)
{
    static const struct {
        int code;
        const char *word;
        int has_target, cacheable;
    } rows[] = {
        { 301, NULL, 1, 1 }, { 302, NULL, 1, 0 }, { 303, "see-other", 1, 0 },
        { 307, "temporary", 1, 0 }, { 308, NULL, 1, 1 }, { 403, NULL, 0, 0 },
        { 404, NULL, 0, 0 }, { 410, "gone", 0, 0 }, { 451, NULL, 0, 0 },
        { 503, "unavailable", 0, 0 }
    };
    size_t i;

    ck_assert_int_eq(r307_status_count, (int)(sizeof(rows) / sizeof(*rows)));
    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const r307_status_t *status = r307_status_row(rows[i].code);

        unit_rows_add(1);
        ck_assert_msg(status != NULL, "%d is not known", rows[i].code);
        ck_assert_int_eq(!status->has_target, !rows[i].has_target);
        ck_assert_int_eq(!status->cacheable, !rows[i].cacheable);
        ck_assert_int_eq(!status->word, !rows[i].word);
        if (rows[i].word) {
            ck_assert_str_eq(status->word, rows[i].word);
        }
    }
    ck_assert_ptr_eq(r307_status_row(200), NULL);
    ck_assert_ptr_eq(r307_status_row(304), NULL);
}
END_TEST

START_TEST(rule_status_words)
{
    static const struct {
        const char *word;
        int is, code;       /* 0: a word that is not ours */
    } rows[] = {
        { "301", 1, 301 }, { "307", 1, 307 }, { "gone", 1, 410 },
        { "unavailable", 1, 503 }, { "temporary", 1, 307 }, { "see-other", 1, 303 },
        { "permanent", 1, 0 }, { "moved", 1, 0 }, { "found", 1, 0 }, { "temp", 1, 0 },
        { "/301", 0, 0 }, { "30", 0, 0 }, { "3011", 0, 0 }, { "gone.html", 0, 0 },
        { "old", 0, 0 }, { "", 0, 0 }
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const r307_status_t *status = NULL;
        const char *why = NULL;

        unit_rows_add(1);
        ck_assert_msg(!r307_status_word(rows[i].word, &status, &why) == !rows[i].is,
                      "%s", rows[i].word);
        if (rows[i].is && rows[i].code) {
            ck_assert_msg(status && status->code == rows[i].code, "%s", rows[i].word);
        }
        else if (rows[i].is) {
            ck_assert_msg(!status && why && *why, "%s", rows[i].word);
        }
    }
}
END_TEST

/* Sources that lie outside their directory. */
START_TEST(rule_outside)
{
    static const struct {
        const char *rule, *base, *want;     /* want NULL: can match */
    } rows[] = {
        { "/old /new", "/~user/", "source '/old' is outside /~user/ where this file "
                                  "applies; write old" },
        { "/~user/old /new", "/~user/", NULL }, { "old /new", "/~user/", NULL },
        { "/~user /new", "/~user/", NULL }, { "/ /new", "/~user/", NULL },
        { "/~users/old /new", "/~user/", "~" }, { "./ /new", "/~user/", NULL },
        { "/old /new match=exact", "/dir/", "~" },
        { "/ /new match=exact", "/dir/", "~" }, { "/old /new", "/", NULL },
        { "/:x/old /new", "/dir/", NULL }, { "/a/:x /new", "/dir/", "~" },
        { "/DIR/old /new case=ignore", "/dir/", NULL },
        { "^/old$ /new match=regex", "/dir/", "*" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *error = NULL, *got;
        r307_ruleset_t *rules = unit_rules(p, rows[i].rule, "htaccess", "Redirect307",
                                           &error);

        unit_rows_add(1);
        ck_assert_msg(rules != NULL, "%s: %s", rows[i].rule, error);
        got = r307_ruleset_outside(p, APR_ARRAY_IDX(rules->rules, 0,
                                                    const r307_rule_t *),
                                   r307_slice(rows[i].base, strlen(rows[i].base)));
        if (rows[i].want && *rows[i].want == '*') {
            continue;
        }
        ck_assert_msg(!got == !rows[i].want, "%s in %s: %s", rows[i].rule, rows[i].base,
                      got ? got : "taken");
        if (got && *rows[i].want != '~') {
            ck_assert_str_eq(got, rows[i].want);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

START_TEST(rule_names)
{
    apr_pool_t *p = unit_pool();
    const char *error = NULL;
    r307_context_t context;
    const r307_rule_t *rule = NULL;
    r307_place_t place = { "site.conf", 9 }, no_place = { NULL, 0 };
    static const unsigned lines[] = { 0, 1, 9, 10, 11, 99, 100, 101, 109, 110, 999, 1000, 1009,
                                      12345, 99999, 100000, 1000000, 4294967295u };
    size_t i;

    unit_rows_add(4);
    ck_assert_ptr_eq(unit_rules(p, "/a /b name=n ;; /c /d name=n", "server",
                                "Redirect307", &error), NULL);
    ck_assert_msg(strstr(error, "'n'") || strstr(error, "name=n"), "%s", error);
    ck_assert_msg(strstr(error, "unit:1") != NULL, "not where the other stands: %s",
                  error);
    unit_context_make(p, "server", "Redirect307", &context);
    ck_assert_ptr_eq(r307_line_parse(p, "/a /b name=n", place, &context, &rule), NULL);
    ck_assert_str_eq(r307_line_label(p, rule), "n");
    ck_assert_ptr_eq(r307_line_parse(p, "/a /b", place, &context, &rule), NULL);
    ck_assert_str_eq(r307_line_label(p, rule), "site.conf:9");
    for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        place.line = lines[i];
        ck_assert_ptr_eq(r307_line_parse(p, "/a /b", place, &context, &rule), NULL);
        ck_assert_str_eq(r307_line_label(p, rule), apr_psprintf(p, "site.conf:%u", lines[i]));
        unit_rows_add(1);
    }
    ck_assert_ptr_eq(r307_line_parse(p, "/a /b", no_place, &context, &rule), NULL);
    ck_assert(*r307_line_label(p, rule));
    rule = NULL;
    ck_assert_ptr_eq(r307_line_parse(p, "  # x", place, &context, &rule), NULL);
    ck_assert_ptr_eq(rule, NULL);
    ck_assert_ptr_eq(r307_line_parse(p, "", place, &context, &rule), NULL);
    ck_assert_ptr_eq(rule, NULL);
    apr_pool_destroy(p);
}
END_TEST

/* Without a maker, expressions are refused and not taken as text. */
START_TEST(rule_no_maker)
{
    static const char *const rows[] = { "/a /b expr=true", "/a /%{HTTP_HOST}" };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        r307_context_t context;
        r307_place_t place = { NULL, 0 };
        const r307_rule_t *rule = NULL;
        const char *error;

        unit_rows_add(1);
        unit_context_make(p, "server", "Redirect307", &context);
        context.maker.compile = NULL;
        error = r307_line_parse(p, rows[i], place, &context, &rule);
        ck_assert_msg(error && *error && !rule, "%s was taken", rows[i]);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *line_cases(void)
{
    TCase *tcase = tcase_create("line");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, rule_bad);
    tcase_add_test(tcase, rule_print);
    tcase_add_test(tcase, rule_options);
    tcase_add_test(tcase, rule_properties);
    tcase_add_test(tcase, rule_statuses);
    tcase_add_test(tcase, rule_status_words);
    tcase_add_test(tcase, rule_outside);
    tcase_add_test(tcase, rule_names);
    tcase_add_test(tcase, rule_no_maker);
    return tcase;
}
