/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/resource.h>
#include <apr_strings.h>
#include "rule/regex.h"
#include "unit.h"

static const char *const names[] = {
    [R307_FOUND_NO] = "no", [R307_FOUND_YES] = "yes", [R307_FOUND_LIMIT] = "limit"
};

static r307_found_t find(apr_pool_t *p, const unit_row_t *row, int jit, unsigned steps)
{
    const r307_regex_t *regex = NULL;
    const r307_path_t *path = r307_path_make(p, unit_slice(row, "path"));
    const char *bad = r307_regex_make(p, unit_text(row, "pattern"), 0, jit, &regex);
    r307_captures_t captures;

    captures.scratch = NULL;
    if (bad) {
        unit_row_fail(row, unit_text(row, "pattern"), bad, "a pattern");
        return R307_FOUND_LIMIT;
    }
    return r307_regex_find(p, regex, path, steps, &captures);
}

static void check_row(apr_pool_t *p, const unit_row_t *row, int jit)
{
    static const unsigned budgets[] = { 1, 10, 100, 1000, R307_STEPS_DEFAULT };
    const char *truth = unit_text(row, "truth"), *last = "limit";
    size_t i;

    for (i = 0; i < sizeof(budgets) / sizeof(*budgets); i++) {
        const char *got = names[find(p, row, jit, budgets[i])];

        if (strcmp(got, "limit") && strcmp(got, truth)) {
            unit_row_fail(row, jit ? "with JIT" : "without JIT", got, truth);
        }
        /* what few steps decide, more decide the same way */
        if (strcmp(last, "limit") && strcmp(last, got)) {
            unit_row_fail(row, "with more steps", got, last);
        }
        last = got;
    }
    if (unit_is(row, "bound", "limit")) {
        unit_row_same(row, jit ? "10 000 steps with JIT" : "10 000 steps without JIT", last,
                      "limit");
    }
}

/* A bound that a path can grow past is none: however long it is, five searches take less
 * than this of the processor, even where every access is checked. */
#define MILLISECONDS_MOST 400

static long used_ms(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000;
}

START_TEST(redos_rows)
{
    apr_pool_t *p = unit_pool(), *one;
    unit_table_t *table = unit_table_load(p, "redos.tsv", 48);
    int i, jit;

    for (i = 0; i < table->count; i++) {
        for (jit = 0; jit < 2; jit++) {
            long begun = used_ms();

            ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
            unit_row_begin(&table->rows[i]);
            check_row(one, &table->rows[i], jit);
            apr_pool_destroy(one);
            if (used_ms() - begun > MILLISECONDS_MOST) {
                unit_row_fail(&table->rows[i], "five searches", "too slow", "400 ms");
            }
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

/* Where nothing is compiled to machine code a path has a longest length, whoever saw to it:
 * the system, or a verb in front of the pattern. */
START_TEST(redos_without_jit)
{
    static const struct {
        const char *verbs;
        int jit, is_bound;
    } rows[] = {
        { "", 0, 1 }, { "(*NO_JIT)", 0, 1 }, { "(*NO_JIT)", 1, 1 },
        { "(*NO_START_OPT)(*NO_JIT)", 1, 1 }, { "(*NO_JIT)(*LIMIT_MATCH=9000)", 1, 1 },
        { "(*LIMIT_HEAP=100)(*NO_JIT)", 1, 1 }, { "(*CRLF)(*NO_JIT)", 1, 1 },
        { "(*NO_START_OPT)", 1, 0 }, { "(*NO_AUTO_POSSESS)", 1, 0 },
        { "(*NO_DOTSTAR_ANCHOR)", 1, 0 }, { "(*LIMIT_DEPTH=1000)", 1, 0 }, { "", 1, 0 }
    };
    apr_pool_t *p = unit_pool();
    char *text = apr_palloc(p, 9001);
    int has_jit = r307_regex_has_jit();
    size_t i, len;

    memset(text, 'a', 9000);
    text[0] = '/';
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *pattern = apr_pstrcat(p, rows[i].verbs, "^/a+$", NULL);
        const r307_regex_t *regex = NULL;

        ck_assert_ptr_eq(r307_regex_make(p, pattern, 0, rows[i].jit, &regex), NULL);
        for (len = 8190; len <= 8191; len++) {
            const r307_path_t *path = r307_path_make(p, r307_slice(text, len));
            r307_captures_t captures;
            r307_found_t found;

            captures.scratch = NULL;
            found = r307_regex_find(p, regex, path, R307_STEPS_DEFAULT, &captures);
            unit_rows_add(1);
            ck_assert_msg(found == (len > 8190 && (rows[i].is_bound || !has_jit)
                                    ? R307_FOUND_LIMIT : R307_FOUND_YES),
                          "'%s' and %d bytes: %s", pattern, (int)len, names[found]);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

/* Steps that were spent are told, and never more than about twice what was allowed. */
START_TEST(redos_spent)
{
    static const struct {
        const char *pattern;
        unsigned least, most;
    } rows[] = {
        { "^/a+$", 1, 16 }, { "^/(?:a+)+[bc]", R307_STEPS_DEFAULT, 2 * R307_STEPS_DEFAULT },
        { "[ab]+[cd]", 30, R307_STEPS_DEFAULT }, { "x", 0, 0 }
    };
    apr_pool_t *p = unit_pool();
    const char *text = "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab/";
    const r307_path_t *path = r307_path_make(p, r307_slice(text, strlen(text) - 2));
    size_t i;
    int jit;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (jit = 0; jit < 2; jit++) {
            const r307_regex_t *regex = NULL;
            r307_captures_t captures;

            captures.scratch = NULL;
            ck_assert_ptr_eq(r307_regex_make(p, rows[i].pattern, 0, jit, &regex), NULL);
            r307_regex_find(p, regex, path, R307_STEPS_DEFAULT, &captures);
            unit_rows_add(1);
            ck_assert_msg(captures.spent >= rows[i].least && captures.spent <= rows[i].most,
                          "'%s': %u steps", rows[i].pattern, captures.spent);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *regex_cases(void)
{
    TCase *tcase = tcase_create("regex");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, redos_rows);
    tcase_add_test(tcase, redos_without_jit);
    tcase_add_test(tcase, redos_spent);
    return tcase;
}
