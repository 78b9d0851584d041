/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "unit.h"
#include "rule/guard.h"

static const r307_pattern_t *pattern_of(apr_pool_t *p, const char *source)
{
    r307_pattern_flags_t flags = { 0, 0, 0, 0, 0 };
    const r307_pattern_t *pattern = NULL;

    ck_assert_ptr_eq(r307_pattern_parse(p, source, *source == '^' ? R307_MATCH_REGEX
                                                                  : R307_MATCH_PREFIX,
                                        &flags, &pattern), NULL);
    return pattern;
}

/* What a target is, as far as it is known at load. */
START_TEST(target_kinds)
{
    static const struct {
        const char *source, *target;
        r307_target_kind_t kind;
        const char *host;       /* NULL: absent */
        int port, glued, query, fragment, slash, inserts;
    } rows[] = {
        { "/a", "-", R307_TARGET_STOP, NULL, 0, 0, 0, 0, 0, 0 },
        { "/a", "https:", R307_TARGET_HTTPS, NULL, 0, 0, 0, 0, 0, 0 },
        { "/a", "/b", R307_TARGET_PATH, NULL, 0, 0, 0, 0, 0, 0 },
        { "/a", "/b/", R307_TARGET_PATH, NULL, 0, 0, 0, 0, 1, 0 },
        { "/a", "/b?x", R307_TARGET_PATH, NULL, 0, 0, 1, 0, 0, 0 },
        { "/a", "/b/?x/#y", R307_TARGET_PATH, NULL, 0, 0, 1, 1, 1, 0 },
        { "/a", "/b#y", R307_TARGET_PATH, NULL, 0, 0, 0, 1, 0, 0 },
        { "/a", "b", R307_TARGET_RELATIVE, NULL, 0, 0, 0, 0, 0, 0 },
        { "/a", "../b/", R307_TARGET_RELATIVE, NULL, 0, 0, 0, 0, 1, 0 },
        { "/a", "https://H.example", R307_TARGET_URL, "h.example", 0, 0, 0, 0, 1, 0 },
        { "/a", "https://h.example/b", R307_TARGET_URL, "h.example", 0, 0, 0, 0, 0, 0 },
        { "/a", "http://h.example:81/b", R307_TARGET_URL, "h.example", 81, 0, 0, 0, 0,
          0 },
        { "/a", "http://[::1]:81/", R307_TARGET_URL, "[::1]", 81, 0, 0, 0, 1, 0 },
        { "/a/:x", "/b/:x", R307_TARGET_PATH, NULL, 0, 0, 0, 0, 0, 1 },
        { "^(.*)$", "$1", R307_TARGET_WHOLE, NULL, 0, 0, 0, 0, 0, 1 },
        { "^(.*)$", "$1.html", R307_TARGET_RELATIVE, NULL, 0, 0, 0, 0, 0, 1 },
        { "^(.*)$", "https://h.example$1", R307_TARGET_URL, "h.example", 0, 1, 0, 0, 1,
          1 },
        { "^(.*)$", "https://$1/", R307_TARGET_URL, NULL, 0, 0, 0, 0, 1, 1 },
        { "^(.*)$", "https://h.example/$1", R307_TARGET_URL, "h.example", 0, 0, 0, 0, 0,
          1 },
        { "/a", "%{arg:to}", R307_TARGET_WHOLE, NULL, 0, 0, 0, 0, 0, 1 },
        { "/a", "/x/%{arg:a}?b=%{HTTP_HOST}", R307_TARGET_PATH, NULL, 0, 0, 1, 0, 0, 2 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const r307_target_t *target = NULL;
        const char *error = r307_target_parse(p, rows[i].target,
                                              pattern_of(p, rows[i].source),
                                              &unit_fake_maker, &target);
        const char *text = rows[i].target;

        unit_rows_add(1);
        ck_assert_msg(!error, "%s: %s", text, error);
        ck_assert_msg(target->kind == rows[i].kind, "%s: kind %d", text, target->kind);
        ck_assert_msg(!target->host.s == !rows[i].host, "%s: host", text);
        if (rows[i].host) {
            ck_assert(r307_slice_same(target->host, r307_slice(rows[i].host,
                                                               strlen(rows[i].host))));
        }
        ck_assert_msg(target->port == rows[i].port, "%s: port %d", text, target->port);
        ck_assert_msg(!target->glued == !rows[i].glued, "%s: glued", text);
        ck_assert_msg(!target->has_query == !rows[i].query, "%s: query", text);
        ck_assert_msg(!target->has_fragment == !rows[i].fragment, "%s: fragment", text);
        ck_assert_msg(!target->final_slash == !rows[i].slash, "%s: slash", text);
        ck_assert_msg(target->inserts == rows[i].inserts, "%s: %d inserts", text,
                      target->inserts);
        ck_assert_str_eq(target->text, text);
    }
    apr_pool_destroy(p);
}
END_TEST

/* What is said to leave as it is written is what building it would make. */
START_TEST(target_as_written)
{
    static const char *const origins[] = {
        "", "http://h.example", "https://H.example", "HTTP://h.example", "http://h.example.",
        "https://h.example:443", "https://h.example:0443", "http://h.example:81",
        "http://[::1]", "http://[::1]:81", "http://[::A]", "//h.example", "https:"
    };
    static const char *const paths[] = {
        "", "/", "/b", "/b/", "/b%2fc", "/b%2Fc", "/%41", "/b%20c", "/a/../b", "/./b", "//b",
        "/b//c", "/b;c", "/b'c", "/b[c", "/\xC3\xA4", "/b?", "/b?x", "/b#", "/b#y", "/b?#",
        "b", "../b", "?x", "#y", "/:x", "/$1"
    };
    static const r307_query_t none = { { NULL, 0 }, NULL, 0 };
    r307_query_policy_t policy = { R307_QUERY_DEFAULT, 0, NULL };
    apr_pool_t *p = unit_pool();
    unit_fake_t *fake = unit_fake_make(p, "GET", "/a", "-");
    size_t i, k;
    int stand = 0;

    for (i = 0; i < sizeof(origins) / sizeof(*origins); i++) {
        for (k = 0; k < sizeof(paths) / sizeof(*paths); k++) {
            const char *text = apr_pstrcat(p, origins[i], paths[k], NULL);
            const r307_target_t *target = NULL;
            r307_slice_t location;
            r307_built_t built;

            unit_rows_add(1);
            if (r307_target_parse(p, text, pattern_of(p, "/a"), &unit_fake_maker, &target)
                || !target->as_written
                || !r307_target_stands(target, NULL, &none, &policy, 1, 0)) {
                continue;
            }
            r307_target_build(p, target, NULL, &fake->view, &none, &policy,
                              r307_slice(NULL, 0), 1, 0, NULL, &built);
            location = r307_target_print(p, target, &built);
            ck_assert_str_eq(location.s, target->text);
            ck_assert_int_eq((int)strlen(target->text), (int)location.len);
            ck_assert(!built.from_request && !built.host_inserted && !built.failed
                      && !built.too_long);
            stand++;
        }
    }
    ck_assert_int_gt(stand, 30);
    apr_pool_destroy(p);
}
END_TEST

/* Likewise of a reference that is joined to the path in front of it; and the guard has nothing
 * against it. */
START_TEST(target_joins)
{
    static const char *const fronts[] = {
        "", "a", "/", "/d", "/d/", "/d/e/", "/d/e", "/d//", "//d/", "/./", "/../d/", "/d/.e/",
        "/d%2Fe/", "/d%41/", "/d e/", "/\xC3\xA4/", "/d\\e/", "/d;e/", "/d:80/", "/d'e/",
        "/d\"e/", "/d@e/", "/d?e/", "/d#e/", "/d[/", "/~d/"
    };
    static const char *const texts[] = {
        "b", "b/", "b/c", "b//c", "b/../c", "../b", "./b", "./", ".b", "b/.c", "b%2Fc", "b%41",
        "b?", "b?x", "b#y", "b;c", "b@c", "b'c", "b[c", "\xC3\xA4", "b:c", "./b:c", "$1", ":x",
        "b/$1", "b/%{HTTP_HOST}", "?x", "#y", "/b", "https://h.example/b"
    };
    static const r307_query_t none = { { NULL, 0 }, NULL, 0 };
    r307_query_policy_t policy = { R307_QUERY_DEFAULT, 0, NULL };
    apr_pool_t *p = unit_pool();
    unit_fake_t *fake = unit_fake_make(p, "GET", "/a", "-");
    const r307_target_t *target;
    r307_slice_t joined, built_as;
    size_t i, k;
    int count = 0;

    for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        if (r307_target_parse(p, texts[i], pattern_of(p, "/a"), &unit_fake_maker, &target)
            || !target->joins) {
            continue;
        }
        ck_assert(r307_target_stands(target, NULL, &none, &policy, 1, 0));
        ck_assert(!r307_target_stands(target, NULL, &none, &policy, 0, 0));
        for (k = 0; k < sizeof(fronts) / sizeof(*fronts); k++) {
            r307_slice_t front = r307_slice(fronts[k], strlen(fronts[k]));
            r307_built_t built;
            r307_url_t url;

            unit_rows_add(1);
            joined = r307_target_join(p, target, front);
            if (!joined.s) {
                continue;
            }
            r307_target_build(p, target, NULL, &fake->view, &none, &policy, front, 1, 0, NULL,
                              &built);
            built_as = r307_target_print(p, target, &built);
            ck_assert_str_eq(joined.s, r307_slice_text(p, built_as));
            r307_url_split(joined.s, joined.len, &url);
            ck_assert_int_eq((int)r307_guard_check(joined, &url, &built, target, NULL,
                                                   &fake->view), R307_VERDICT_FINE);
            ck_assert(r307_slice_same(url.path, joined));
            count++;
        }
    }
    ck_assert_int_gt(count, 30);
    apr_pool_destroy(p);
}
END_TEST

TCase *target_cases(void)
{
    TCase *tcase = tcase_create("target");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, target_kinds);
    tcase_add_test(tcase, target_as_written);
    tcase_add_test(tcase, target_joins);
    return tcase;
}
