/* SPDX-License-Identifier: Apache-2.0
 *
 * The advice about cases of redirect307ctl test: what is written instead is a case. */
#include <string.h>
#include "advice/advice.h"
#include "case/case_view.h"
#include "unit.h"

static const char *no_flag(const void *flag)
{
    return "";
}

/* NULL, or what is said of the case. */
static const char *read_case(apr_pool_t *p, const char *text)
{
    r307_case_view_t view;
    const char *bad;
    r307_case_t c;

    r307_case_none(&c);
    bad = r307_case_parse(p, text, NULL, &c);
    return bad ? bad : r307_case_view_make(p, &c, 0, r307_slice(NULL, 0), no_flag, &view);
}

static void follow_keys(apr_pool_t *p)
{
    r307_case_t c;
    const char *bad;

    r307_case_none(&c);
    bad = r307_case_parse_keys(p, "www.example.com", &c);
    ck_assert_ptr_nonnull(bad);
    advice_said(bad);
    ck_assert_ptr_null(r307_case_parse_keys(p, "host=www.example.com", &c));
}

void advice_follow_cases(void)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "case.tsv", 140);
    int i, followed = 0;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        const char *bad;

        if (row->count <= 6) {
            continue;
        }
        unit_row_begin(row);
        followed++;
        bad = read_case(p, unit_text(row, "case"));
        if (!bad) {
            unit_row_fail(row, "case", "nothing is said of it", unit_text(row, "says"));
            continue;
        }
        advice_said(bad);
        unit_row_same(row, "what it says to write", read_case(p, unit_text(row, "write")), NULL);
    }
    ck_assert_int_ge(followed, 40);
    follow_keys(p);
    unit_table_end(table);
    apr_pool_destroy(p);
}
