/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

static r307_found_t find(apr_pool_t *p, const unit_row_t *row,
                         const r307_ruleset_t *rules, const r307_view_t *view,
                         r307_captures_t *captures)
{
    r307_scope_t scope;
    r307_cursor_t cursor;
    r307_found_t found = R307_FOUND_NO;
    const r307_rule_t *rule;
    const r307_query_t *query = r307_query_make(p, view->query);
    r307_vary_t vary = { p, NULL, 0, NULL };
    r307_asked_t asked = { view, NULL, 0, query, R307_TIMES_NOW, 0, NULL };
    int i;

    memset(&scope, 0, sizeof(scope));
    scope.rules = rules;
    if (unit_is(row, "context", "htaccess")) {
        scope.directory = 1;
        scope.base = r307_slice("/dir/", 5);
    }
    r307_cursor_make(p, &scope, &asked, R307_STEPS_DEFAULT, &cursor);
    rule = r307_cursor_next(p, &cursor, captures, &found);
    if (!rule) {
        return R307_FOUND_NO;
    }
    for (i = 0; i < rule->cond_count; i++) {
        if (!r307_cond_test(&rule->conds[i], view, query, &vary)) {
            return R307_FOUND_NO;
        }
    }
    return found;
}

/* One "name=text" of the captures column. */
static void check_capture(apr_pool_t *p, const unit_row_t *row,
                          const r307_pattern_t *pattern,
                          const r307_captures_t *captures, char *text)
{
    char *value = strchr(text, '=');
    r307_capture_t at;
    int i;

    *value++ = '\0';
    if (!strcmp(text, "rest")) {
        at = captures->rest;
    }
    else {
        i = *text == '$' ? atoi(text + 1)
                         : r307_pattern_name(pattern, text + 1, strlen(text + 1));
        if (i < 0 || i >= captures->count) {
            unit_row_fail(row, text, "no such capture", value);
            return;
        }
        at = captures->at[i];
    }
    if (at.from >= at.to) {
        unit_row_same(row, text, "", value);
        return;
    }
    unit_row_same(row, text, r307_slice_text(p, r307_path_came(captures->path, at.from,
                                                               at.to)), value);
}

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    static const char *const words[] = { "no", "yes", "limit" };
    const char *error = NULL;
    const r307_rule_t *rule;
    r307_ruleset_t *rules = unit_rules(p, unit_text(row, "rule"),
                                       unit_text(row, "context"),
                                       unit_text(row, "directive"), &error);
    unit_fake_t *fake = unit_fake_make(p, "GET", unit_text(row, "target"), "-");
    r307_captures_t *captures = apr_pcalloc(p, sizeof(*captures));
    apr_array_header_t *list;
    r307_found_t found;
    int i;

    if (unit_is(row, "want", "*")) {
        return;
    }
    if (!rules || !fake || !rules->rules->nelts) {
        unit_row_fail(row, "rule", error ? error : "(none)", "a rule and a path");
        return;
    }
    rule = APR_ARRAY_IDX(rules->rules, 0, const r307_rule_t *);
    found = find(p, row, rules, &fake->view, captures);
    unit_row_same(row, "found", words[found], unit_text(row, "want"));
    if (found != R307_FOUND_YES || unit_absent(row, "captures")
        || !unit_is(row, "want", "yes")) {
        return;
    }
    list = unit_list(p, unit_text(row, "captures"), " && ");
    for (i = 0; i < list->nelts; i++) {
        check_capture(p, row, rule->pattern, captures,
                      apr_pstrdup(p, APR_ARRAY_IDX(list, i, const char *)));
    }
}

START_TEST(pattern_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "match.tsv", 150);
    int i;

    for (i = 0; i < table->count; i++) {
        unit_row_begin(&table->rows[i]);
        check_row(p, &table->rows[i]);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

/* The same rows with the interpreter instead of the JIT must agree on yes and no; only
 * a limit may be met by the one and not by the other. */
START_TEST(pattern_interpreted)
{
    apr_pool_t *p = unit_pool();
    r307_pattern_flags_t flags = { 0, 0, 0, 0, 0 };
    static const struct {
        const char *regex, *path;
        r307_found_t want;
    } rows[] = {
        { "^/a$", "/a", R307_FOUND_YES }, { "^/a$", "/b", R307_FOUND_NO },
        { "b", "/abc", R307_FOUND_YES }, { "c$", "/abd", R307_FOUND_NO },
        { "^/(?:a|aa)+$", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
          R307_FOUND_LIMIT },
        { "^/(a+)+$", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
          R307_FOUND_LIMIT },
        { "^/(\\w+\\s?)*$", "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
          R307_FOUND_LIMIT }
    };
    size_t i;
    int jit;

    for (i = 0; i < sizeof(rows) / sizeof(*rows) * 2; i++) {
        const r307_pattern_t *pattern;
        r307_captures_t captures = { NULL, { { 0, 0 } }, 0, { 0, 0 }, NULL, 0 };
        const r307_path_t *path;
        r307_found_t found;
        const char *raw = rows[i / 2].path;

        jit = (int)(i % 2);
        flags.jit = jit;
        unit_rows_add(1);
        ck_assert_ptr_eq(r307_pattern_parse(p, rows[i / 2].regex, R307_MATCH_REGEX,
                                            &flags, &pattern), NULL);
        path = r307_path_make(p, r307_slice(raw, strlen(raw)));
        found = r307_pattern_find(p, pattern, path, 0, R307_STEPS_DEFAULT, &captures);
        ck_assert_msg(found == rows[i / 2].want, "%s on %s, jit %d: got %d",
                      rows[i / 2].regex, raw, jit, (int)found);
    }
    apr_pool_destroy(p);
}
END_TEST

/* The literal path that every match of a regex begins with: never more than is true. */
START_TEST(pattern_heads)
{
    static const struct {
        const char *regex, *most;       /* a longer one would be a lie */
    } rows[] = {
        { "^/(.*)$", "/" }, { "^/old/(.*)$", "/old" }, { "^/old", "/" }, { "old", "/" },
        { "^/old/new/x?", "/old/new" }, { "^/a|/b/c", "/" }, { "^/(?:a/b)?/c", "/" },
        { "^/a/b?/c", "/a" }, { "^/a/b*/c", "/a" }, { "^/a/b{0}/c", "/a" },
        { "^/a$", "/a" }, { "^/a/(?=b)/c", "/a" }, { "(?m)^/a/b/", "/" },
        { "^/a(?:/|$)", "/a" }, { "^/a/|^/b/", "/" }, { "^/a+/b/", "/" },
        { "^/a./b/", "/" }, { "^/a\\.b/c", "/a.b" }, { "^/a/?", "/a" },
        { "^/a/*b", "/a" }, { "^(/a/b)?/c", "/" }, { "(?i)^/a/b/", "/" },
        { "^/a(?i)/b/c", "/a" }, { "^/a\\Qb/c\\E/", "/ab/c" }, { "^/a/b/?|/c", "/" },
        { "(?x)^/a b/c/", "/" }
    };
    apr_pool_t *p = unit_pool();
    r307_pattern_flags_t flags = { 0, 0, 0, 0, 0 };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const r307_pattern_t *pattern;
        size_t most = strlen(rows[i].most), got;

        unit_rows_add(1);
        ck_assert_ptr_eq(r307_pattern_parse(p, rows[i].regex, R307_MATCH_REGEX, &flags,
                                            &pattern), NULL);
        got = pattern->head.len;
        got -= got > 1 && pattern->head.s[got - 1] == '/';
        ck_assert_msg(got <= most && !memcmp(pattern->head.s, rows[i].most, got),
                      "%s: head %s", rows[i].regex, unit_show(p, pattern->head));
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *pattern_cases(void)
{
    TCase *tcase = tcase_create("pattern");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, pattern_rows);
    tcase_add_test(tcase, pattern_interpreted);
    tcase_add_test(tcase, pattern_heads);
    return tcase;
}
