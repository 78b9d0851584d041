/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

static r307_slice_t part(apr_pool_t *p, const char *text)
{
    return strcmp(text, "!") ? r307_slice(apr_pstrdup(p, text), strlen(text))
                             : r307_slice(NULL, 0);
}

static void check_split(apr_pool_t *p, const unit_row_t *row)
{
    static const char *const names[] = {
        "scheme", "userinfo", "host", "port", "path", "query", "fragment"
    };
    r307_slice_t a = unit_slice(row, "a"), got[7];
    apr_array_header_t *want = unit_list(p, unit_text(row, "want"), ",");
    r307_url_t url;
    int i;

    ck_assert_int_eq(want->nelts, 7);
    r307_url_split(a.s, a.len, &url);
    got[0] = url.scheme;
    got[1] = url.userinfo;
    got[2] = url.host;
    got[3] = url.port;
    got[4] = url.path;
    got[5] = url.query;
    got[6] = url.fragment;
    for (i = 0; i < 7; i++) {
        unit_row_same_slice(row, names[i], got[i],
                            part(p, APR_ARRAY_IDX(want, i, const char *)));
    }
    unit_row_same_slice(row, "printed", r307_url_print(p, &url), a);
}

static void check_resolve(apr_pool_t *p, const unit_row_t *row)
{
    r307_slice_t a = unit_slice(row, "a"), b = unit_slice(row, "b");
    r307_url_t base, ref, url;

    r307_url_split(a.s, a.len, &base);
    r307_url_split(b.s, b.len, &ref);
    r307_url_resolve(p, &base, &ref, &url);
    unit_row_same_slice(row, b.s, r307_url_print(p, &url), unit_slice(row, "want"));
}

static void check_host(const unit_row_t *row)
{
    const char *why = r307_url_check_host(unit_slice(row, "a"));

    unit_row_same(row, unit_show(row->table->p, unit_slice(row, "a")),
                  why ? "no" : "ok", unit_text(row, "want"));
    if (why && !*why) {
        unit_row_fail(row, "reason", "''", "a reason");
    }
}

static void check_number(apr_pool_t *p, const unit_row_t *row, long got)
{
    unit_row_same(row, unit_text(row, "a"), apr_ltoa(p, got), unit_text(row, "want"));
}

START_TEST(url_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "url.tsv", 240);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        r307_slice_t a = unit_slice(row, "a");

        unit_row_begin(row);
        if (unit_is(row, "kind", "split")) {
            check_split(p, row);
        }
        else if (unit_is(row, "kind", "resolve")) {
            check_resolve(p, row);
        }
        else if (unit_is(row, "kind", "dots")) {
            unit_row_same_slice(row, a.s, r307_url_remove_dots(p, a),
                                unit_slice(row, "want"));
        }
        else if (unit_is(row, "kind", "host")) {
            check_host(row);
        }
        else if (unit_is(row, "kind", "port")) {
            check_number(p, row, r307_url_port(a.len == 1 && *a.s == '!'
                                               ? r307_slice(NULL, 0) : a));
        }
        else if (unit_is(row, "kind", "default")) {
            check_number(p, row, r307_url_default_port(a));
        }
        else {
            ck_assert_str_eq(unit_text(row, "kind"), "same");
            unit_row_same(row, a.s, r307_url_same_host(a, unit_slice(row, "b"))
                          ? "yes" : "no", unit_text(row, "want"));
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

TCase *url_cases(void)
{
    TCase *tcase = tcase_create("url");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, url_rows);
    return tcase;
}
