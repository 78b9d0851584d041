/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include "conf/sends.h"
#include "http/idn.h"
#include "unit.h"

#define ROWS(a) (sizeof(a) / sizeof(*(a)))

/* host NULL: the line sends nobody to a host that it names */
START_TEST(sends_lines)
{
    static const struct {
        const char *name, *args, *host;
    } rows[] = {
        { "Redirect", "/a https://x.example/b", "x.example" },
        { "Redirect", "301 /a http://X.Example:8080", "x.example" },
        { "redirect", "permanent /a \"https://x.example/a b\"", "x.example" },
        { "Redirect", "/a /b", NULL }, { "Redirect", "gone /a", NULL },
        { "Redirect", "", NULL }, { "Redirect", "/https://x.example /b", NULL },
        { "RedirectPermanent", "/a https://x.example/", "x.example" },
        { "RedirectTemp", "/a https://x.example/", "x.example" },
        { "RedirectMatch", "^/(.*)$ https://$1.x.example/", "*.x.example" },
        { "RewriteRule", "^a$ https://x.example/ [R,L]", "x.example" },
        { "RewriteRule", "^a$ \"https\\:\\/\\/x\\.example\\/a\" [R=301,L]", "x.example" },
        { "RewriteRule", "^a$ HTTP:/x.example [R]", "x.example" },
        { "RewriteRule", "^a$ http:\\\\x.example\\b [R]", "x.exampleb" },
        { "RewriteRule", "^a$ http://good.example@x.example/ [R]", "x.example" },
        { "RewriteRule", "^a$ http://[2001:db8::1]:80/ [P]", "[2001:db8::1]" },
        { "RewriteRule", "^a$ http://192.0.2.1/ [P]", "192.0.2.1" },
        { "RewriteRule", "^(.*)$ https://%{HTTP_HOST}/$1 [R]", NULL },
        { "RewriteRule", "^(.*)$ https://www.%{HTTP_HOST}%{REQUEST_URI} [R]", NULL },
        { "RewriteRule", "^(.*)$ https://%1/$1 [R]", "*" },
        { "RewriteRule", "^(.*)$ http://${map:$1}/ [R]", "*" },
        { "RewriteRule", "^a$ %{ENV:BASE}b [R]", NULL },
        { "RewriteRule", "^a$ /b?u=http://x.example/ [R]", NULL },
        { "RewriteRule", "^a$", NULL }, { "RewriteRule", "^a$ - [F]", NULL },
        { "RewriteRule", "^a$ http: [R]", NULL },
        { "RewriteRule", "^a$ http:// [R]", NULL },
        { "RewriteRule", "^a$ http://% [R]", "%" },
        { "RewriteRule", "^a$ http://%{ [R]", "*" },
        { "ErrorDocument", "404 https://x.example/", "x.example" },
        { "ErrorDocument", "404 /404.html", NULL },
        { "ErrorDocument", "404 \"see https://x.example/\"", NULL },
        { "Header", "always set Location https://x.example/", "x.example" },
        { "Header", "set Refresh \"0; url=https://x.example/\"", "x.example" },
        { "Header", "set X-A https://x.example/", NULL }, { "Header", "set", NULL },
        { "RewriteCond", "%{HTTP_HOST} ^https://x", NULL },
        { "Alias", "/a https://x.example/", NULL }
    };
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        r307_sends_state_t state = { NULL };
        r307_sends_t sends;
        int is = r307_sends_meet(unit_pool(), &state, rows[i].name, rows[i].args, &sends);
        const char *host = is ? sends.host : NULL;

        unit_rows_add(1);
        ck_assert_msg(host && rows[i].host ? strcmp(host, rows[i].host) == 0
                                           : host == rows[i].host,
                      "%s %s: %s", rows[i].name, rows[i].args, host ? host : "none");
    }
}
END_TEST

/* Conditions are for the next RewriteRule alone. */
START_TEST(sends_only)
{
    r307_sends_state_t state = { NULL };
    apr_pool_t *p = unit_pool();
    r307_sends_t sends;

    ck_assert_int_eq(r307_sends_meet(p, &state, "RewriteCond",
                                     "%{HTTP_REFERER} google [NC,OR]", &sends), 0);
    ck_assert_int_eq(r307_sends_meet(p, &state, "RewriteCond", "%{HTTP_HOST} x",
                                     &sends), 0);
    ck_assert_int_eq(r307_sends_meet(p, &state, "Redirect", "/a https://x.example/",
                                     &sends), 1);
    ck_assert_ptr_null(sends.only);
    ck_assert_int_eq(r307_sends_meet(p, &state, "RewriteRule", ". https://x.example/",
                                     &sends), 1);
    ck_assert_str_eq(sends.only, "Referer");
    ck_assert_int_eq(r307_sends_meet(p, &state, "RewriteRule", ". https://x.example/",
                                     &sends), 1);
    ck_assert_ptr_null(sends.only);
}
END_TEST

/* Names of one host are one name. */
START_TEST(sends_idn)
{
    const char *host = r307_sends_host(unit_pool(), "http://B\xC3\xBC" "cher.example/");

    ck_assert_str_eq(host, r307_idn_is_known() ? "xn--bcher-kva.example"
                                               : "b\xC3\xBC" "cher.example");
}
END_TEST

START_TEST(sends_on_way)
{
    static const struct {
        const char *host, *path;
        int is_on_way;
    } rows[] = {
        { "a.example", "/home/u/a.example/public_html/.htaccess", 1 },
        { "www.a.example", "/home/u/a.example/.htaccess", 1 },
        { "a.example", "/srv/www.a.example/.htaccess", 1 },
        { "a.example", "/srv/A.Example/.htaccess", 1 },
        { "b.a.example", "/srv/a.example/.htaccess", 0 },
        { "example", "/srv/example/.htaccess", 0 },
        { "*.example", "/srv/*.example/.htaccess", 0 },
        { "x.example", "/srv/a.example/.htaccess", 0 }, { "x.example", "", 0 }
    };
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        int is = r307_sends_is_on_way(rows[i].host, rows[i].path);

        unit_rows_add(1);
        ck_assert_msg(is == rows[i].is_on_way, "%s %s", rows[i].host, rows[i].path);
    }
}
END_TEST

TCase *sends_cases(void)
{
    TCase *tests = tcase_create("sends");

    tcase_add_test(tests, sends_lines);
    tcase_add_test(tests, sends_only);
    tcase_add_test(tests, sends_idn);
    tcase_add_test(tests, sends_on_way);
    return tests;
}
