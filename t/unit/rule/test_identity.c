/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <apr_strings.h>

#include "grammar/line.h"
#include "grammar/literal_line.h"
#include "http/url.h"
#include "rule/identity.h"

#define SEED APR_UINT64_C(0x123456789)

static apr_pool_t *p;

static void setup(void)
{
    apr_pool_create(&p, NULL);
}

static void teardown(void)
{
    apr_pool_destroy(p);
}

static const r307_rule_t *parse(const char *line, apr_uint64_t home)
{
    r307_context_t context;
    r307_place_t place = { "x", 1 };
    const r307_rule_t *rule = NULL;

    memset(&context, 0, sizeof(context));
    context.directive = "Redirect307";
    context.match = R307_MATCH_PREFIX;
    context.home = home;
    ck_assert_ptr_null(r307_line_parse(p, line, place, &context, &rule));
    ck_assert(rule != NULL);
    return rule;
}

START_TEST(rows)
{
    unit_table_t *table = unit_table_load(p, "identity.tsv", 20);
    apr_uint64_t home = r307_identity_home("/a");
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        const r307_rule_t *first = parse(unit_text(row, "first"), 0);
        const r307_rule_t *second = parse(unit_text(row, "second"), 0);
        int same;

        unit_row_begin(row);
        same = r307_identity_of(first, home, SEED)
            == r307_identity_of(second, r307_identity_home(unit_text(row, "place")),
                                SEED);
        unit_row_same(row, "same", same ? "1" : "0", unit_text(row, "same"));
    }
    unit_table_end(table);
}
END_TEST

/* A line of a map counts in its map, wherever that is named, and in plain words as
 * parsed. */
START_TEST(of_a_map)
{
    apr_uint64_t home = r307_identity_home("/srv/x.map");
    const r307_rule_t *of_map = parse("/x /y", home), *plain;
    r307_place_t place = { "x", 1 };
    const r307_literal_t *model;
    r307_context_t context;

    unit_context_make(p, "server", "Redirect307", &context);
    context.home = home;
    ck_assert_ptr_null(r307_literal_model(p, apr_array_make(p, 1, sizeof(r307_word_t)), 1,
                                          &context, &model));
    plain = r307_literal_make(p, model, place, r307_slice("/x", 2), r307_slice("/y", 2));

    ck_assert(r307_identity_of(of_map, 1, SEED) == r307_identity_of(of_map, 2, SEED));
    ck_assert(r307_identity_of(plain, 0, SEED) == r307_identity_of(of_map, 0, SEED));
    ck_assert(r307_identity_of(parse("/x /y", 0), home, SEED)
              == r307_identity_of(of_map, 0, SEED));
    ck_assert(r307_identity_of(of_map, 0, SEED) != r307_identity_of(of_map, 0, SEED + 2));
}
END_TEST

START_TEST(own_pages)
{
    static const struct {
        const char *url, *host;
        int is_own;
    } pages[] = {
        { "https://www.example.test/a", "www.example.test", 1 },
        { "http://WWW.example.test:8080/", "www.Example.test", 1 },
        { "https://www.example.test", "www.example.test", 1 },
        { "https://www.example.test?x", "www.example.test", 1 },
        { "https://www.example.testing/", "www.example.test", 0 },
        { "https://www.example.tes", "www.example.test", 0 },
        { "https://evil/www.example.test", "www.example.test", 0 },
        { "www.example.test/a", "www.example.test", 0 },
        { "//www.example.test/a", "www.example.test", 0 },
        { "", "www.example.test", 0 }, { "https://", "", 0 }, { "https:///", "", 0 }
    };
    size_t i;

    for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        ck_assert_msg(r307_url_is_of_host(pages[i].url, pages[i].host) == pages[i].is_own,
                      "%s at %s", pages[i].url, pages[i].host);
    }
}
END_TEST

TCase *identity_cases(void)
{
    TCase *cases = tcase_create("identity");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, rows);
    tcase_add_test(cases, of_a_map);
    tcase_add_test(cases, own_pages);
    return cases;
}
