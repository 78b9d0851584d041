/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "conf/directive_names.h"
#include "conf/place_take.h"
#include "unit.h"

/* A place with one line of a setting, or none. */
static r307_config_t *place(apr_pool_t *p, const char *line, int is_htaccess)
{
    r307_config_t *conf = r307_config_create(p, apr_pstrdup(p, ""));
    size_t n = line ? strcspn(line, " ") : 0;
    const r307_directive_row_t *row;
    r307_standing_t standing;
    r307_said_t said;

    if (line) {
        row = r307_directive_find(line, n);
        r307_section_begin(is_htaccess, &standing);
        ck_assert_ptr_nonnull(row);
        ck_assert_ptr_null(r307_directive_read(p, row, line + n, &standing, &said));
        r307_place_take(p, conf, row, &said, is_htaccess, "/srv");
    }
    return conf;
}

/* Inner wins where it says something; what it does not say is inherited. */
START_TEST(settings_merge)
{
    static const struct {
        const char *outer, *inner;
        r307_setting_t setting;
        int value;
    } rows[] = {
        { NULL, NULL, R307_SETTING_RELATIVE, 1 },
        { "Redirect307Relative off", NULL, R307_SETTING_RELATIVE, 0 },
        { "Redirect307Relative off", "Redirect307Relative on", R307_SETTING_RELATIVE, 1 },
        { "Redirect307Refuse 404", "Redirect307By on", R307_SETTING_REFUSE, 404 },
        { "Redirect307Refuse 404", "Redirect307Refuse pass", R307_SETTING_REFUSE, 0 },
        { "Redirect307By rule", NULL, R307_SETTING_BY, R307_BY_RULE },
        { NULL, "Redirect307Lint off", R307_SETTING_LINT, R307_LINT_OFF },
        { "Redirect307Require until refuse", NULL, R307_SETTING_REQUIRE_HOW,
          R307_REQUIRE_REFUSE },
        { "Redirect307Require until refuse", "Redirect307Require none",
          R307_SETTING_REQUIRE, R307_REQUIRE_NONE },
        { "Redirect307Drain 1K 2s", NULL, R307_SETTING_DRAIN, 1024 },
        { "Redirect307Arena off", NULL, R307_SETTING_ARENA, 0 },
        { "Redirect307HtaccessCache off", NULL, R307_SETTING_HTACCESS_CACHE, 0 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r307_config_t *conf = r307_config_merge(p, place(p, rows[i].outer, 0),
                                                place(p, rows[i].inner, 0));

        ck_assert_msg(r307_config_value(conf, rows[i].setting) == rows[i].value,
                      "row %d: %d", (int)i, (int)r307_config_value(conf, rows[i].setting));
        unit_rows_add(1);
    }
}
END_TEST

START_TEST(engine_is_only_lowered)
{
    static const struct {
        const char *outer, *inner;
        int engine;
    } rows[] = {
        { NULL, NULL, R307_ENGINE_ON },
        { NULL, "Redirect307Engine off", R307_ENGINE_OFF },
        { "Redirect307Engine report", "Redirect307Engine on", R307_ENGINE_REPORT },
        { "Redirect307Engine off", "Redirect307Engine on", R307_ENGINE_OFF },
        { "Redirect307Engine on", "Redirect307Engine report", R307_ENGINE_REPORT }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        r307_config_t *conf = r307_config_merge(p, place(p, rows[i].outer, 0),
                                                place(p, rows[i].inner, 1));

        ck_assert_int_eq(r307_config_engine(conf), rows[i].engine);
        unit_rows_add(1);
    }
}
END_TEST

START_TEST(lists_merge)
{
    apr_pool_t *p = unit_pool();
    r307_config_t *outer = place(p, "Redirect307Exempt /a /b", 0);
    r307_config_t *conf = r307_config_merge(p, outer, place(p, "Redirect307Exempt /c", 0));
    int own = r307_exempt_default(p)->nelts;

    ck_assert_int_eq(r307_config_exempt(p, conf)->nelts, own + 3);
    conf = r307_config_merge(p, conf, place(p, "Redirect307Exempt none /d", 0));
    ck_assert_int_eq(r307_config_exempt(p, conf)->nelts, 1);
    outer = place(p, "Redirect307AllowHosts a.example b.example", 0);
    conf = r307_config_merge(p, outer, place(p, "Redirect307AllowHosts c.example", 0));
    ck_assert_int_eq(conf->allow->nelts, 1);
    conf = r307_config_merge(p, outer, place(p, NULL, 0));
    ck_assert_int_eq(conf->allow->nelts, 2);
    outer = place(p, "Redirect307Limits rules=5 regex=2", 0);
    conf = r307_config_merge(p, outer, place(p, "Redirect307Limits rules=3", 0));
    ck_assert_int_eq(r307_limit_value(conf->limits, R307_LIMIT_RULES), 3);
    ck_assert_int_eq(r307_limit_value(conf->limits, R307_LIMIT_REGEX), 2);
    unit_rows_add(5);
}
END_TEST

/* What lies further in is asked first. */
START_TEST(inner_rules_are_asked_first)
{
    apr_pool_t *p = unit_pool();
    r307_config_t *outer = place(p, NULL, 0), *inner = place(p, NULL, 0), *conf;
    r307_place_t at = { "x", 1 };

    r307_config_block(p, outer, 0, at, NULL);
    at.line = 2;
    r307_config_block(p, inner, 0, at, "/srv");
    ck_assert_ptr_eq(r307_config_block(p, inner, 0, at, "/srv"), inner->early->at[0]);
    conf = r307_config_merge(p, outer, inner);
    ck_assert_int_eq(conf->early->count, 2);
    ck_assert_int_eq((int)conf->early->at[0]->line, 2);
    ck_assert_ptr_null(conf->late);
    unit_rows_add(1);
}
END_TEST

TCase *place_cases(void)
{
    TCase *tcase = tcase_create("place");

    tcase_add_test(tcase, settings_merge);
    tcase_add_test(tcase, engine_is_only_lowered);
    tcase_add_test(tcase, lists_merge);
    tcase_add_test(tcase, inner_rules_are_asked_first);
    return tcase;
}
