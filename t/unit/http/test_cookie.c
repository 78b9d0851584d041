/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "rule/optin_link.h"
#include "unit.h"

static const char *const states[] = {
    [R307_LINK_OUT] = "out", [R307_LINK_IN] = "in", [R307_LINK_ENTERS] = "enters",
    [R307_LINK_LEAVES] = "leaves"
};

/* The text with the first TOKEN in it replaced. */
static const char *with_token(apr_pool_t *p, const char *text, const char *token)
{
    const char *at = strstr(text, "TOKEN");

    return at ? apr_pstrcat(p, apr_pstrmemdup(p, text, (size_t)(at - text)), token,
                            at + 5, NULL) : text;
}

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    r307_vary_t vary = { p, NULL, 0, NULL };
    const r307_query_t *query;
    r307_link_state_t state;
    r307_link_t link;
    unit_fake_t *fake;
    const char *error = r307_link_parse(p, unit_text(row, "link"), &link);
    int acts;

    unit_row_error(row, error, unit_text(row, "error"));
    if (error) {
        return;
    }
    fake = unit_fake_make(p, unit_text(row, "method"), unit_text(row, "target"),
                          with_token(p, unit_text(row, "headers"), link.token));
    query = r307_query_make(p, fake->view.query);
    state = r307_link_state(&link, &fake->view, query, &vary);
    acts = state == R307_LINK_ENTERS || state == R307_LINK_LEAVES;
    unit_row_same(row, "state", states[state], unit_text(row, "state"));
    unit_row_same(row, "vary", vary.names, acts ? NULL : "Cookie");
    unit_row_same(row, "location",
                  acts ? r307_link_location(p, &link, &fake->view, query) : "-",
                  unit_text(row, "location"));
}

START_TEST(link_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "link.tsv", 25);
    int i;

    for (i = 0; i < table->count; i++) {
        unit_row_begin(&table->rows[i]);
        check_row(p, &table->rows[i]);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(cookie_is_printed)
{
    apr_pool_t *p = unit_pool();
    r307_cookie_t cookie = { "a", "b", "/x", 0, apr_time_from_sec(1000), 0 };

    ck_assert_str_eq(r307_cookie_print(p, &cookie),
                     "a=b; Path=/x; HttpOnly; SameSite=Lax");
    cookie.is_secure = 1;
    cookie.until = apr_time_from_sec(4600);
    ck_assert_str_eq(r307_cookie_print(p, &cookie),
                     "a=b; Path=/x; Max-Age=3600; Expires=Thu, 01 Jan 1970 01:16:40 GMT; "
                     "HttpOnly; SameSite=Lax; Secure");
    cookie.until = apr_time_from_sec(1);
    ck_assert_str_eq(r307_cookie_print(p, &cookie),
                     "a=b; Path=/x; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; "
                     "HttpOnly; SameSite=Lax; Secure");
    apr_pool_destroy(p);
}
END_TEST

START_TEST(cookie_is_found)
{
    r307_slice_t name = { "a", 1 };

    ck_assert_ptr_null(r307_cookie_find(NULL, name).s);
    ck_assert_ptr_null(r307_cookie_find("", name).s);
    ck_assert_ptr_null(r307_cookie_find("a", name).s);
    ck_assert_ptr_null(r307_cookie_find("b=a=1", name).s);
    ck_assert_ptr_null(r307_cookie_find("A=1;;=;b", name).s);
    ck_assert_uint_eq(r307_cookie_find("a=", name).len, 0);
    ck_assert_int_eq(*r307_cookie_find(" b=2 ;\ta = 1 ; a=3", name).s, '1');
}
END_TEST

TCase *cookie_cases(void)
{
    TCase *cases = tcase_create("cookie");

    tcase_add_test(cases, link_rows);
    tcase_add_test(cases, cookie_is_printed);
    tcase_add_test(cases, cookie_is_found);
    return cases;
}
