/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

/* A condition, also one that no word says; NULL: there is none of that name. */
static const r307_option_t *find_kind(const char *name)
{
    int i;

    for (i = 0; i < r307_option_count; i++) {
        if (r307_options[i].test && strcmp(r307_options[i].name, name) == 0) {
            return &r307_options[i];
        }
    }
    return NULL;
}

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    const r307_option_t *kind = find_kind(unit_text(row, "kind"));
    unit_fake_t *fake = unit_fake_make(p, unit_text(row, "method"),
                                       unit_text(row, "target"),
                                       unit_text(row, "headers"));
    r307_vary_t vary = { p, NULL, 0, NULL };
    r307_cond_t cond;
    const char *error;
    int held;

    if (!kind || !fake) {
        unit_row_fail(row, "kind", "none", "a kind and a path");
        return;
    }
    fake->view.asked.scheme = unit_text(row, "scheme");
    memset(&cond, 0, sizeof(cond));
    error = r307_cond_parse(p, kind, unit_text(row, "value"), &unit_fake_maker, &cond);
    if (error) {
        unit_row_fail(row, "value", error, unit_text(row, "want"));
        return;
    }
    held = r307_cond_test(&cond, &fake->view, r307_query_make(p, fake->view.query),
                          &vary);
    unit_row_same(row, unit_text(row, "value"), held < 0 ? "later" : held ? "hit" : "miss",
                  unit_text(row, "want"));
    if (!unit_is(row, "vary", "*")
        && !unit_same_names(p, vary.names ? vary.names : "-", unit_text(row, "vary"))) {
        unit_row_fail(row, "vary", vary.names, unit_text(row, "vary"));
    }
}

START_TEST(cond_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "cond.tsv", 65);
    int i;

    for (i = 0; i < table->count; i++) {
        unit_row_begin(&table->rows[i]);
        check_row(p, &table->rows[i]);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

static int has_row(const unit_table_t *table, const char *kind, const char *want,
                   int negated)
{
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];

        if (unit_is(row, "kind", kind) && unit_is(row, "want", want)
            && (unit_text(row, "value")[0] == '!') == negated) {
            return 1;
        }
    }
    return 0;
}

START_TEST(cond_kinds)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "cond.tsv", 65);
    int i, count = 0;

    for (i = 0; i < r307_option_count; i++) {
        const r307_option_t *kind = &r307_options[i];

        unit_rows_add(1);
        ck_assert_msg(!kind->test == (kind->about == R307_ABOUT_NOTHING), "%s", kind->name);
        if (!kind->test) {
            continue;
        }
        count++;
        ck_assert_ptr_eq(find_kind(kind->name), kind);
        ck_assert_msg(has_row(table, kind->name, "hit", 0), "%s: no row hits",
                      kind->name);
        ck_assert_msg(has_row(table, kind->name, "miss", 0), "%s: no row misses",
                      kind->name);
        if (kind->may_negate) {
            ck_assert_msg(has_row(table, kind->name, "hit", 1)
                          && has_row(table, kind->name, "miss", 1),
                          "%s: '!' needs a hit and a miss", kind->name);
        }
    }
    ck_assert_int_ge(count, 15);
    apr_pool_destroy(p);
}
END_TEST

/* args= uses up what it matched, and nothing when it did not hold. */
START_TEST(cond_uses)
{
    static const struct {
        const char *value, *query;
        int held, used;
    } rows[] = {
        { "a", "x&a=1", 1, 1 }, { "a&x", "x&a=1", 1, 2 }, { "a&y", "x&a=1", 0, 0 },
        { "!a", "x&a=1", 0, 0 }, { "!y", "x&a=1", 1, 0 }, { "!a&y", "x&a=1", 1, 0 }
    };
    apr_pool_t *p = unit_pool();
    unit_fake_t *fake = unit_fake_make(p, "GET", "/", "-");
    size_t i, k;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const r307_query_t *query = r307_query_make(p, r307_slice(rows[i].query,
                                                    strlen(rows[i].query)));
        r307_vary_t vary = { p, NULL, 0, NULL };
        r307_cond_t cond;
        int used = 0;

        unit_rows_add(1);
        memset(&cond, 0, sizeof(cond));
        ck_assert_ptr_eq(r307_cond_parse(p, r307_option_about(R307_ABOUT_QUERY), rows[i].value,
                                         &unit_fake_maker, &cond), NULL);
        ck_assert_msg(!r307_cond_test(&cond, &fake->view, query, &vary)
                      == !rows[i].held, "%s on %s", rows[i].value, rows[i].query);
        for (k = 0; k < query->count; k++) {
            used += query->params[k].used;
        }
        if (rows[i].held) {
            ck_assert_msg(used == rows[i].used, "%s on %s: %d used", rows[i].value,
                          rows[i].query, used);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

START_TEST(cond_vary)
{
    apr_pool_t *p = unit_pool();
    r307_vary_t vary = { p, NULL, 0, NULL };

    unit_rows_add(3);
    r307_vary_add(&vary, "A");
    ck_assert_str_eq(vary.names, "A");
    r307_vary_add(&vary, "a");
    ck_assert_str_eq(vary.names, "A");
    r307_vary_add(&vary, "AB");
    ck_assert_str_eq(vary.names, "A, AB");
    apr_pool_destroy(p);
}
END_TEST

TCase *cond_cases(void)
{
    TCase *tcase = tcase_create("cond");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, cond_rows);
    tcase_add_test(tcase, cond_kinds);
    tcase_add_test(tcase, cond_uses);
    tcase_add_test(tcase, cond_vary);
    return tcase;
}
