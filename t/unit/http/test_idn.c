/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "http/idn.h"
#include "unit.h"

/* What is kept of the row's line; else *error. */
static const char *kept(apr_pool_t *p, const unit_row_t *row, const char **error)
{
    const char *directive = unit_text(row, "directive");
    r307_place_t place = { "unit", (unsigned)row->line };
    const r307_rule_t *rule = NULL;
    r307_context_t context;
    r307_origin_t origin;

    if (strcmp(directive, "Redirect307AllowHosts") == 0) {
        *error = r307_origin_parse(p, unit_text(row, "line"), &origin);
        return *error ? NULL : apr_pstrcat(p, origin.below ? "*." : "",
                                           r307_slice_text(p, origin.host), NULL);
    }
    unit_context_make(p, unit_text(row, "context"), directive, &context);
    *error = r307_line_parse(p, unit_text(row, "line"), place, &context, &rule);
    return *error ? NULL : r307_line_print(p, rule);
}

START_TEST(idn_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "idn.tsv", 60);
    const char *column = r307_idn_is_known() ? "known" : "without";
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        const char *error = NULL, *text = kept(p, row, &error);

        unit_row_begin(row);
        if (*unit_text(row, column) == '~') {
            unit_row_error(row, error, unit_text(row, column));
        }
        else {
            unit_row_same(row, error ? error : "kept", text, unit_text(row, column));
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

/* Whatever is typed as a host, what comes out holds no byte that was not typed, but those of
 * a host name: nothing that ends a host, and nothing that an insertion begins with. */
START_TEST(idn_brings_nothing)
{
    static const char *const around[][2] = {
        { "", "" }, { "a", "" }, { "", "b.example" }, { "www.", ".example" }
    };
    apr_pool_t *p = unit_pool();
    unsigned code;
    size_t i;

    for (code = 0x80; code < 0x30000; code++) {
        char text[5] = { 0 };
        apr_pool_t *one;

        if (code < 0x800) {
            text[0] = (char)(0xC0 | code >> 6);
            text[1] = (char)(0x80 | (code & 0x3F));
        }
        else if (code < 0x10000) {
            text[0] = (char)(0xE0 | code >> 12);
            text[1] = (char)(0x80 | (code >> 6 & 0x3F));
            text[2] = (char)(0x80 | (code & 0x3F));
        }
        else {
            text[0] = (char)(0xF0 | code >> 18);
            text[1] = (char)(0x80 | (code >> 12 & 0x3F));
            text[2] = (char)(0x80 | (code >> 6 & 0x3F));
            text[3] = (char)(0x80 | (code & 0x3F));
        }
        ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
        for (i = 0; i < sizeof(around) / sizeof(*around); i++) {
            const char *host = apr_pstrcat(one, around[i][0], text, around[i][1], NULL), *c;
            const char *ascii = r307_idn_host(one, host);

            for (c = ascii; *c && ((unsigned char)*c >= 0x80
                                   || r307_text_is(*c, R307_IS_HOST)); c++) {
                continue;
            }
            ck_assert_msg(!*c, "U+%04X becomes '%s'", code, ascii);
        }
        apr_pool_destroy(one);
    }
    unit_rows_add(1);
    apr_pool_destroy(p);
}
END_TEST

TCase *idn_cases(void)
{
    TCase *tcase = tcase_create("idn");

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, idn_rows);
    tcase_add_test(tcase, idn_brings_nothing);
    return tcase;
}
