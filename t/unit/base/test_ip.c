/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "base/ip.h"
#include "unit.h"

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    apr_array_header_t *nets = apr_array_make(p, 4, sizeof(r307_net_t));
    const char *error = r307_net_parse_list(p, unit_text(row, "list"), nets);
    r307_ip_t ip;
    int is_hit;

    unit_row_error(row, error, unit_text(row, "error"));
    if (error) {
        unit_row_same(row, "list", "error", unit_text(row, "want"));
        return;
    }
    is_hit = r307_ip_parse(unit_slice(row, "address"), &ip)
             && r307_net_list_holds((const r307_net_t *)(const void *)nets->elts,
                                    nets->nelts, &ip);
    unit_row_same(row, "address", is_hit ? "hit" : "miss", unit_text(row, "want"));
}

START_TEST(ip_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "ip.tsv", 35);
    int i;

    for (i = 0; i < table->count; i++) {
        unit_row_begin(&table->rows[i]);
        check_row(p, &table->rows[i]);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

TCase *ip_cases(void)
{
    TCase *cases = tcase_create("ip");

    tcase_add_test(cases, ip_rows);
    return cases;
}
