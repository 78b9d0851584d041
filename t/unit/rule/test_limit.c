/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

START_TEST(limit_words)
{
    static const struct {
        const char *word;
        r307_limit_t limit;
        apr_int64_t value;      /* -1: refused */
    } rows[] = {
        { "rules=0", R307_LIMIT_RULES, 0 },
        { "rules=1000", R307_LIMIT_RULES, 1000 },
        { "rules=none", R307_LIMIT_RULES, R307_LIMIT_NONE },
        { "rules=-1", R307_LIMIT_RULES, -1 }, { "rules=", R307_LIMIT_RULES, -1 },
        { "rules=1k", R307_LIMIT_RULES, -1 },
        { "rules=99999999999999999999", R307_LIMIT_RULES, -1 },
        { "rules", R307_LIMIT_RULES, -1 }, { "=1", R307_LIMIT_RULES, -1 },
        { "Rules=1", R307_LIMIT_RULES, -1 }, { "rule=1", R307_LIMIT_RULES, -1 },
        { "regex=off", R307_LIMIT_REGEX, 0 }, { "regex=0", R307_LIMIT_REGEX, 0 },
        { "regex=20", R307_LIMIT_REGEX, 20 },
        { "regex=on", R307_LIMIT_REGEX, R307_LIMIT_NONE },
        { "regex=expr", R307_LIMIT_REGEX, R307_LIMIT_REGEX_ALL },
        { "regex=yes", R307_LIMIT_REGEX, -1 },
        { "regex-steps=100", R307_LIMIT_REGEX_STEPS, 100 },
        { "regex-steps=99", R307_LIMIT_REGEX_STEPS, -1 },
        { "regex-steps=1000001", R307_LIMIT_REGEX_STEPS, -1 },
        { "regex-steps=none", R307_LIMIT_REGEX_STEPS, -1 },
        { "targets=any", R307_LIMIT_TARGETS, R307_TARGETS_ANY },
        { "targets=same-site", R307_LIMIT_TARGETS, R307_TARGETS_SAME_SITE },
        { "targets=hosts", R307_LIMIT_TARGETS, R307_TARGETS_HOSTS },
        { "targets=1", R307_LIMIT_TARGETS, -1 },
        { "errors=skip", R307_LIMIT_ERRORS, R307_ERRORS_SKIP },
        { "errors=fail", R307_LIMIT_ERRORS, R307_ERRORS_FAIL },
        { "errors=fail ", R307_LIMIT_ERRORS, -1 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        r307_limits_t *limits = r307_limit_make(p);
        const char *bad = r307_limit_parse(p, rows[i].word, limits);

        unit_rows_add(1);
        ck_assert_msg(!bad == (rows[i].value >= 0), "%s: %s", rows[i].word,
                      bad ? bad : "taken");
        ck_assert_msg(!bad || strstr(bad, "write"), "%s: %s", rows[i].word, bad);
        if (!bad) {
            ck_assert_int_eq(r307_limit_value(limits, rows[i].limit), rows[i].value);
            ck_assert_ptr_ne(r307_limit_parse(p, rows[i].word, limits), NULL);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

/* Every row of the table has a default, and a merge keeps what the inner place left out. */
START_TEST(limit_merges)
{
    apr_pool_t *p = unit_pool();
    r307_limits_t *outer = r307_limit_make(p), *inner = r307_limit_make(p);
    const r307_limits_t *both;
    int i;

    for (i = 0; i < R307_LIMIT_COUNT; i++) {
        unit_rows_add(1);
        ck_assert(r307_limit_rows[i].name && r307_limit_rows[i].write);
        ck_assert_int_eq(r307_limit_value(NULL, (r307_limit_t)i),
                         r307_limit_rows[i].fallback);
        ck_assert_int_eq(r307_limit_value(outer, (r307_limit_t)i),
                         r307_limit_rows[i].fallback);
    }
    ck_assert_ptr_eq(r307_limit_parse(p, "rules=5", outer), NULL);
    ck_assert_ptr_eq(r307_limit_parse(p, "regex=off", outer), NULL);
    ck_assert_ptr_eq(r307_limit_parse(p, "rules=none", inner), NULL);
    both = r307_limit_merge(p, outer, inner);
    ck_assert_int_eq(r307_limit_value(both, R307_LIMIT_RULES), R307_LIMIT_NONE);
    ck_assert_int_eq(r307_limit_value(both, R307_LIMIT_REGEX), 0);
    ck_assert_ptr_eq(r307_limit_merge(p, NULL, outer), outer);
    ck_assert_ptr_eq(r307_limit_merge(p, outer, NULL), outer);
    apr_pool_destroy(p);
}
END_TEST

typedef struct held_t {
    const char *limits, *directive, *rule;
    int nth, nth_regex;
    const char *why;            /* in the text; NULL: it may be asked */
} held_t;

/* Asked as www.example.test, ServerName main.example.test, alias alias.example.test, with
 * h.example and *.n.example:8443 in Redirect307AllowHosts. */
static const held_t held[] = {
    { "rules=2", "Redirect307", "/a /b", 2, 1, NULL },
    { "rules=2", "Redirect307", "/a /b", 3, 1, "rules=" },
    { "rules=0", "Redirect307", "/a -", 1, 1, "rules=" },
    { "rules=0", "Redirect307", "/a /b", 0, 0, NULL },
    { "regex=off", "Redirect307", "/a/* /b", 1, 1, NULL },
    { "regex=off", "Redirect307Match", "^/a /b", 1, 1, "regex=off" },
    { "regex=1", "Redirect307Match", "^/a /b", 9, 1, NULL },
    { "regex=1", "Redirect307Match", "^/a /b", 9, 2, "regex=" },
    { "rules=9", "Redirect307", "/a /b expr=\"%{REQUEST_SCHEME} =~ /x/\"", 1, 1,
      "no step limit" },
    { "regex=on", "Redirect307", "/a /b/%{HTTP:x=~y}", 1, 1, "no step limit" },
    { "regex=expr", "Redirect307", "/a /b/%{HTTP:x!~y}", 1, 1, NULL },
    { "targets=same-site", "Redirect307", "/a /b", 1, 1, NULL },
    { "targets=same-site", "Redirect307", "/a ./b", 1, 1, NULL },
    { "targets=same-site", "Redirect307", "/a https:", 1, 1, NULL },
    { "targets=same-site", "Redirect307", "/a -", 1, 1, NULL },
    { "targets=same-site", "Redirect307", "/a status=gone", 1, 1, NULL },
    { "targets=same-site", "Redirect307", "/a %{arg:x}", 1, 1, NULL },
    { "targets=same-site", "Redirect307", "/a https://WWW.example.test./b", 1, 1, NULL },
    { "targets=same-site", "Redirect307", "/a https://main.example.test:81", 1, 1, NULL },
    { "targets=same-site", "Redirect307", "/a http://alias.example.test", 1, 1, NULL },
    { "targets=same-site", "Redirect307", "/a http://x.example.test", 1, 1, "same-site" },
    { "targets=same-site", "Redirect307", "/a https://h.example/", 1, 1, "same-site" },
    { "targets=same-site", "Redirect307", "/a https://%{arg:h}/", 1, 1, "same-site" },
    { "targets=hosts", "Redirect307", "/a /b", 1, 1, NULL },
    { "targets=hosts", "Redirect307", "/a https://h.example/", 1, 1, NULL },
    { "targets=hosts", "Redirect307", "/a https://H.EXAMPLE./", 1, 1, NULL },
    { "targets=hosts", "Redirect307", "/a https://h.example:444/", 1, 1, "AllowHosts" },
    { "targets=hosts", "Redirect307", "/a https://x.n.example:8443/", 1, 1, NULL },
    { "targets=hosts", "Redirect307", "/a https://n.example:8443/", 1, 1, "AllowHosts" },
    { "targets=hosts", "Redirect307", "/a https://x.n.example/", 1, 1, "AllowHosts" },
    { "targets=hosts", "Redirect307", "/a https://hh.example/", 1, 1, "AllowHosts" },
    { "targets=hosts", "Redirect307", "/a https://main.example.test/", 1, 1, NULL },
    { "targets=hosts", "Redirect307", "/a https://%{arg:h}/", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://%{HTTP_HOST}%{REQUEST_URI}", 1, 1,
      "has the path where its host would be" },
    /* the list is h.example and *.n.example:8443 */
    { "targets=any", "Redirect307", "/a https://%{HTTP_HOST}/", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a http://%{arg:h}/", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://%{HTTP_HOST}.x/", 1, 1, "never one of" },
    { "targets=any", "Redirect307", "/a https://www.%{HTTP_HOST}/", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://www.%{arg:h}.:443/", 1, 1, "never one of" },
    { "targets=any", "Redirect307", "/a https://%{arg:h}.EXAMPLE./", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://%{arg:h}EXAMPLE./", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://%{arg:h}N.EXAMPLE.:8443/", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://h.%{arg:h}.le/", 1, 1, "never one of" },
    { "targets=any", "Redirect307", "/a https://h-%{arg:h}.n.example/", 1, 1, "never one of" },
    { "targets=any", "Redirect307", "/a https://h-%{arg:h}.n.example:8443/", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://h-%{arg:h}.n.example:%{SERVER_PORT}/", 1, 1,
      NULL },
    { "targets=any", "Redirect307", "/a https://%{arg:h}n.example:8443/", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://%{arg:h}-n.example:8443/", 1, 1,
      "never one of" },
    { "targets=any", "Redirect307", "/a https://%{arg:h}.m.n.example:8443/", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://%{arg:h}:8080/", 1, 1, "never one of" },
    { "targets=any", "Redirect307", "/a https://%{arg:h}:8443/", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://h.example:%{SERVER_PORT}/", 1, 1, NULL },
    { "targets=any", "Redirect307", "/a https://n.example:%{SERVER_PORT}/", 1, 1,
      "never one of" },
    { "targets=any", "Redirect307", "/a %{tolower:https://%{HTTP_HOST}%{REQUEST_URI}}", 1, 1,
      "has the path where its host would be" },
    { "targets=hosts", "Redirect307Match", "^/a(.*) https://evil.example$1", 1, 1,
      "AllowHosts" },
    { "errors=fail", "Redirect307", "/a https://evil.example/", 1, 1, NULL }
};

static void check_held(apr_pool_t *p, const held_t *row)
{
    r307_place_t place = { "row", 1 };
    r307_limits_t *limits = r307_limit_make(p);
    apr_array_header_t *allow = apr_array_make(p, 2, sizeof(r307_origin_t));
    apr_array_header_t *aliases = apr_array_make(p, 1, sizeof(const char *));
    r307_tenancy_t tenancy = { limits, allow, "main.example.test", aliases,
                               "www.example.test", R307_REQUIRE_NONE, 0, 0, 0, 0 };
    r307_tally_t tally;
    r307_context_t context;
    const r307_rule_t *rule = NULL;
    const char *why;

    memset(&tally, 0, sizeof(tally));
    ck_assert_ptr_eq(r307_limit_parse(p, row->limits, limits), NULL);
    ck_assert_ptr_eq(r307_origin_parse(p, "h.example", apr_array_push(allow)), NULL);
    ck_assert_ptr_eq(r307_origin_parse(p, "*.n.example:8443", apr_array_push(allow)), NULL);
    APR_ARRAY_PUSH(aliases, const char *) = "alias.example.test";
    unit_context_make(p, "htaccess", row->directive, &context);
    context.nth = row->nth;
    context.nth_regex = row->nth_regex;
    why = r307_line_parse(p, row->rule, place, &context, &rule);
    ck_assert_msg(!why && rule, "%s: %s", row->rule, why);
    why = r307_limit_why(&tenancy, rule);
    ck_assert_msg(!why == !row->why && (!why || strstr(why, row->why)), "%s, %s: %s",
                  row->limits, row->rule, why ? why : "asked");
    r307_limit_count(p, &tally, rule);
    ck_assert_msg(!r307_limit_exceeds(p, &tally, &tenancy) == !why, "%s, %s: tally",
                  row->limits, row->rule);
    ck_assert_msg(!r307_limit_hides(&tenancy, rule) || why, "%s, %s: hidden for nothing",
                  row->limits, row->rule);
}

/* Of httpd.conf's own rules nothing is asked here, of the lines of its maps Require alone. */
START_TEST(limit_maps_alone)
{
    static const struct { const char *rule; int of_map, lacks; } rows[] = {
        { "/a /b", 1, 1 }, { "/a /b", 0, 0 }, { "/a /b until=2099-01-01", 1, 0 },
        { "/a /b status=308", 1, 0 }, { "/a -", 1, 0 }, { "/a status=503", 1, 1 }
    };
    apr_pool_t *p = unit_pool();
    r307_place_t place = { "row", 1 };
    r307_tenancy_t tenancy;
    size_t i;

    memset(&tenancy, 0, sizeof(tenancy));
    tenancy.require = R307_REQUIRE_UNTIL;
    tenancy.maps_alone = 1;
    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const r307_rule_t *rule = NULL;
        r307_context_t context;

        unit_rows_add(1);
        unit_context_make(p, "server", "Redirect307", &context);
        context.is_map = rows[i].of_map;
        ck_assert_ptr_null(r307_line_parse(p, rows[i].rule, place, &context, &rule));
        ck_assert_msg(!r307_limit_why(&tenancy, rule) == !rows[i].lacks, "%s", rows[i].rule);
    }
}
END_TEST

START_TEST(limit_rules)
{
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(held) / sizeof(*held); i++) {
        unit_rows_add(1);
        check_held(p, &held[i]);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *limit_cases(void)
{
    TCase *tcase = tcase_create("limit");

    tcase_add_test(tcase, limit_words);
    tcase_add_test(tcase, limit_merges);
    tcase_add_test(tcase, limit_rules);
    tcase_add_test(tcase, limit_maps_alone);
    return tcase;
}
