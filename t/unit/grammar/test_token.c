/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

static void check_words(apr_pool_t *p, const unit_row_t *row, apr_array_header_t *words)
{
    int i, first = row->table->columns - 1, count = words ? words->nelts : 0;
    int wanted = row->count - first;

    if (wanted == 1 && row->field[first].s[0] == '@') {
        unit_row_same(row, "words", apr_itoa(p, count), row->field[first].s + 1);
        return;
    }
    if (count != wanted) {
        unit_row_fail(row, "words", apr_itoa(p, count), apr_itoa(p, wanted));
        return;
    }
    for (i = 0; i < count; i++) {
        const char *word = APR_ARRAY_IDX(words, i, r307_word_t).text;
        const char *line = apr_pstrcat(p, "x ", r307_token_quote(p, word), " y", NULL);
        apr_array_header_t *again = apr_array_make(p, 4, sizeof(r307_word_t));

        unit_row_same(row, "word", word, row->field[first + i].s);
        unit_row_same(row, "quoted", r307_token_split(p, line, &again), NULL);
        unit_row_same(row, "quoted and read again",
                      again->nelts == 3 ? APR_ARRAY_IDX(again, 1, r307_word_t).text
                                        : "not one word", word);
    }
}

START_TEST(token_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "token.tsv", 45);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        apr_array_header_t *words = apr_array_make(p, 4, sizeof(r307_word_t));
        const char *wanted = unit_text(row, "error");
        const char *error = r307_token_split(p, unit_text(row, "line"), &words);

        unit_row_begin(row);
        unit_row_error(row, error, wanted);
        if (!strcmp(wanted, "-") && !error) {
            check_words(p, row, words);
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(token_names)
{
    static const struct {
        const char *line;
        size_t name_len;
        int quoted;
    } rows[] = {
        { "note=a", 4, 0 }, { "note=\"a b\"", 4, 1 }, { "\"note=a b\"", 4, 1 },
        { "/p.php?id=3", 0, 0 }, { "/a", 0, 0 }, { "\"/a b\"", 0, 1 }, { "=x", 0, 0 },
        { "https://h/?a=b", 0, 0 }, { "note=", 4, 0 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        apr_array_header_t *words = apr_array_make(p, 4, sizeof(r307_word_t));
        const r307_word_t *word;

        unit_rows_add(1);
        ck_assert_ptr_eq(r307_token_split(p, rows[i].line, &words), NULL);
        ck_assert_int_eq(words->nelts, 1);
        word = &APR_ARRAY_IDX(words, 0, r307_word_t);
        ck_assert_msg(word->name_len == rows[i].name_len, "%s: name_len %u",
                      rows[i].line, (unsigned)word->name_len);
        ck_assert_msg(!word->quoted == !rows[i].quoted, "%s: quoted", rows[i].line);
    }
    apr_pool_destroy(p);
}
END_TEST

START_TEST(token_quote)
{
    static const char *const rows[][2] = {
        { "/a", "/a" }, { "/a b", "\"/a b\"" }, { "", "\"\"" },
        { "a\"b c", "\"a\\\"b c\"" }, { "note=a b", "note=\"a b\"" },
        { "^/a\\d+$", "^/a\\d+$" }, { "/a?b=c&d", "/a?b=c&d" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        unit_rows_add(1);
        ck_assert_str_eq(r307_token_quote(p, rows[i][0]), rows[i][1]);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *token_cases(void)
{
    TCase *tcase = tcase_create("token");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, token_rows);
    tcase_add_test(tcase, token_names);
    tcase_add_test(tcase, token_quote);
    return tcase;
}
