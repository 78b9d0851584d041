/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

#define ROWS(a) (sizeof(a) / sizeof(*(a)))

static r307_slice_t slice(const char *s)
{
    return s ? r307_slice(s, strlen(s)) : r307_slice(NULL, 0);
}

START_TEST(query_make)
{
    apr_pool_t *p = unit_pool();
    const r307_query_t *query = r307_query_make(p, slice("a=1&&b&c=&%64=x+y%2B&=z"));

    unit_rows_add(5);
    ck_assert_uint_eq(query->count, 5);
    ck_assert(r307_slice_same(query->params[0].name, slice("a")));
    ck_assert(r307_slice_same(query->params[0].value, slice("1")));
    ck_assert(r307_slice_same(query->params[1].name, slice("b")));
    ck_assert_ptr_eq(query->params[1].value.s, NULL);
    ck_assert(r307_slice_same(query->params[2].value, slice("")));
    ck_assert(r307_slice_same(query->params[3].raw, slice("%64=x+y%2B")));
    ck_assert(r307_slice_same(query->params[3].name, slice("d")));
    ck_assert(r307_slice_same(query->params[3].value, slice("x y+")));
    ck_assert(r307_slice_same(query->params[4].name, slice("")));
    ck_assert_uint_eq(r307_query_make(p, slice(NULL))->count, 0);
    ck_assert_uint_eq(r307_query_make(p, slice(""))->count, 0);
    ck_assert_uint_eq(r307_query_make(p, slice("&&&"))->count, 0);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(query_many)
{
    apr_pool_t *p = unit_pool();
    r307_query_policy_t policy = { R307_QUERY_DEFAULT, 0, NULL };
    r307_buf_t buf;
    int i, from_request = 0;
    const r307_query_t *query;

    r307_buf_make(&buf, p, 16);
    for (i = 0; i < 5000; i++) {
        r307_buf_puts(&buf, i ? "&a=1" : "a=1");
    }
    query = r307_query_make(p, r307_slice(buf.s, buf.len));
    unit_rows_add(1);
    ck_assert_uint_le(query->count, 1025);
    ck_assert(r307_slice_same(r307_query_print(p, query, slice(NULL), &policy,
                                               &from_request),
                              r307_slice(buf.s, buf.len)));
    ck_assert_int_eq(from_request, 1);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(query_policies)
{
    static const struct {
        const char *value;
        r307_query_mode_t mode;
        size_t count;
        int good;
    } rows[] = {
        { "keep", R307_QUERY_KEEP, 0, 1 }, { "drop", R307_QUERY_DROP, 0, 1 },
        { "merge", R307_QUERY_MERGE, 0, 1 }, { "keep:a", R307_QUERY_KEEP_SOME, 1, 1 },
        { "drop:a,b*,c", R307_QUERY_DROP_SOME, 3, 1 },
        { "id=3", 0, 0, 0 }, { "", 0, 0, 0 }, { "keep:", 0, 0, 0 }, { "drop:", 0, 0, 0 },
        { "Keep", 0, 0, 0 }, { "merge:a", 0, 0, 0 }, { "keepa", 0, 0, 0 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        r307_query_policy_t policy = { R307_QUERY_DEFAULT, 0, NULL };
        const char *error = r307_query_policy_parse(p, rows[i].value, &policy);

        unit_rows_add(1);
        ck_assert_msg(!error == !!rows[i].good, "%s: %s", rows[i].value,
                      error ? error : "taken");
        if (rows[i].good) {
            ck_assert_int_eq(policy.mode, rows[i].mode);
            ck_assert_uint_eq(policy.count, rows[i].count);
            ck_assert_str_eq(r307_query_policy_print(p, &policy), rows[i].value);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *query_cases(void)
{
    TCase *tcase = tcase_create("query");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, query_make);
    tcase_add_test(tcase, query_many);
    tcase_add_test(tcase, query_policies);
    return tcase;
}
