/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "base/hash.h"
#include "base/frequent.h"
#include "unit.h"

static apr_uint64_t hash_of(unsigned number, apr_uint64_t key)
{
    return r307_hash_keyed(key, &number, sizeof(number)) & ~(apr_uint64_t)1;
}

/* A stream whose texts come the more often the lower their number is; the same each
 * time. */
static unsigned next_number(apr_uint64_t *state, unsigned most)
{
    double at;

    *state = r307_hash_spread(*state + 0x9E3779B97F4A7C15ull);
    at = (double)(*state >> 11) / 9007199254740992.0;
    return (unsigned)(most * at * at * at * at);
}

/* What was promised: no count too high, none too low by more than the error, which is
 * small; and nothing that is frequent is missing. */
START_TEST(frequent_bounds)
{
    enum { NUMBERS = 1000000, ALL = 3000000 };
    unsigned *exact = calloc(NUMBERS, sizeof(*exact)), i;
    r307_frequent_t *tally = r307_frequent_make(0);
    apr_uint64_t state = 307, error;

    for (i = 0; i < ALL; i++) {
        unsigned number = next_number(&state, NUMBERS);

        exact[number]++;
        r307_frequent_add(tally, hash_of(number, R307_HASH_OPEN), NULL, 0);
    }
    error = r307_frequent_error(tally);
    ck_assert_uint_gt(error, 0);
    ck_assert_uint_le(error, ALL / 100000);
    for (i = 0; i < NUMBERS; i++) {
        const r307_frequent_item_t *item = r307_frequent_find(tally,
                                                        hash_of(i, R307_HASH_OPEN));
        apr_uint64_t count = item ? item->count : 0;

        ck_assert_uint_le(count, exact[i]);
        ck_assert_uint_ge(count + error, exact[i]);
    }
    unit_rows_add(NUMBERS);
    r307_frequent_free(tally);
    free(exact);
}
END_TEST

/* The same ones stay, in the same order, whatever the hashes are. */
START_TEST(frequent_same)
{
    r307_frequent_t *tally[2];
    r307_frequent_item_t *items[2];
    size_t count[2], i;
    int k;

    for (k = 0; k < 2; k++) {
        apr_uint64_t state = 1;

        tally[k] = r307_frequent_make(0);
        for (i = 0; i < 600000; i++) {
            r307_frequent_add(tally[k],
                              hash_of(next_number(&state, 500000),
                                      R307_HASH_OPEN + 2 * (apr_uint64_t)k),
                              NULL, 0);
        }
        items[k] = r307_frequent_items(tally[k], &count[k]);
    }
    ck_assert_uint_eq(r307_frequent_error(tally[0]), r307_frequent_error(tally[1]));
    ck_assert_uint_eq(count[0], count[1]);
    for (i = 0; i < count[0]; i++) {
        ck_assert_uint_eq(items[0][i].count, items[1][i].count);
    }
    r307_frequent_free(tally[0]);
    r307_frequent_free(tally[1]);
}
END_TEST

/* Texts go with their items, and need no more room than there is. */
START_TEST(frequent_texts)
{
    r307_frequent_t *tally = r307_frequent_make(1000);
    const r307_frequent_item_t *item;
    char text[32];
    unsigned i;

    for (i = 0; i < 5000; i++) {
        size_t len = (size_t)apr_snprintf(text, sizeof(text), "text %u", i);

        r307_frequent_add(tally, hash_of(7, R307_HASH_OPEN), "often", 5);
        r307_frequent_add(tally, hash_of(i + 10, R307_HASH_OPEN), text, len);
    }
    item = r307_frequent_find(tally, hash_of(7, R307_HASH_OPEN));
    ck_assert_ptr_nonnull(item);
    ck_assert_uint_eq(item->len, 5);
    ck_assert_int_eq(memcmp(r307_frequent_text(tally, item), "often", 5), 0);
    ck_assert_uint_eq(item->count + r307_frequent_error(tally), 5000);
    item = r307_frequent_find(tally, hash_of(5009, R307_HASH_OPEN));
    ck_assert_ptr_nonnull(item);
    ck_assert_int_eq(memcmp(r307_frequent_text(tally, item), "text 4999", 9), 0);
    r307_frequent_free(tally);
}
END_TEST

/* The first ones of two lists, and what is dropped. */
START_TEST(frequent_lists)
{
    r307_frequent_t *tally = r307_frequent_make(0);
    size_t count;
    unsigned i, k;

    for (i = 1; i <= 100; i++) {
        for (k = 0; k < i; k++) {
            r307_frequent_add(tally, hash_of(i, R307_HASH_OPEN) | (i & 1), NULL, 0);
        }
    }
    ck_assert_uint_eq(r307_frequent_nth(tally, 0, 1), 100);
    ck_assert_uint_eq(r307_frequent_nth(tally, 1, 1), 99);
    ck_assert_uint_eq(r307_frequent_nth(tally, 1, 50), 1);
    ck_assert_uint_eq(r307_frequent_nth(tally, 1, 51), 0);
    r307_frequent_drop(tally, 0, 51);
    r307_frequent_items(tally, &count);
    ck_assert_uint_eq(count, 50 + 25);
    ck_assert_ptr_null(r307_frequent_find(tally, hash_of(50, R307_HASH_OPEN)));
    ck_assert_uint_eq(r307_frequent_find(tally, hash_of(52, R307_HASH_OPEN))->count, 52);
    ck_assert_uint_eq(r307_frequent_error(tally), 0);
    r307_frequent_free(tally);
}
END_TEST

TCase *frequent_cases(void)
{
    TCase *tests = tcase_create("frequent");

    tcase_add_test(tests, frequent_bounds);
    tcase_add_test(tests, frequent_same);
    tcase_add_test(tests, frequent_texts);
    tcase_add_test(tests, frequent_lists);
    return tests;
}
