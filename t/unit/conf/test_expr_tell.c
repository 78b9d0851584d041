/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>
#include "conf/expr_tell.h"
#include "unit.h"

static const char *value(void *baton, const char *name, int is_header)
{
    (void)baton;
    if (is_header) {
        return strcasecmp(name, "X-A") == 0 ? "one" : strcasecmp(name, "Host") == 0
            ? "www.example:8080" : "";
    }
    return strcmp(name, "REQUEST_URI") == 0 ? "/a/b.html" : strcmp(name, "HTTP_HOST") == 0
        ? "www.example:8080" : strcmp(name, "HTTPS") == 0 ? "off" : NULL;
}

/* What httpd would say of the request above, or that it cannot be told. */
START_TEST(expr_told)
{
    static const struct { const char *text; r307_told_t told; } rows[] = {
        { "true", R307_TOLD_YES }, { "false", R307_TOLD_NO }, { "!true", R307_TOLD_NO },
        { "not false", R307_TOLD_YES },
        { "%{HTTP_HOST} == 'www.example:8080'", R307_TOLD_YES },
        { "%{HTTP_HOST} == \"WWW.example:8080\"", R307_TOLD_NO },
        { "%{HTTP_HOST} != 'a'", R307_TOLD_YES }, { "%{HTTP_HOST} = 'a'", R307_TOLD_NO },
        { "'x%{HTTPS}x' == 'xoffx'", R307_TOLD_YES },
        { "%{REQUEST_URI} =~ m#^/a/#", R307_TOLD_YES },
        { "%{REQUEST_URI} =~ /^\\/A/", R307_TOLD_NOT },
        { "%{REQUEST_URI} =~ m#^/A#i", R307_TOLD_YES },
        { "%{REQUEST_URI} !~ m#^/A#i", R307_TOLD_NO },
        { "%{REQUEST_URI} =~ /html$/", R307_TOLD_YES },
        { "req('X-A') == 'one'", R307_TOLD_YES }, { "%{http:X-A} == 'one'", R307_TOLD_YES },
        { "%{req_novary:X-B} == ''", R307_TOLD_YES }, { "-n req('X-A')", R307_TOLD_YES },
        { "-z req('X-A')", R307_TOLD_NO }, { "-z %{HTTP:X-C}", R307_TOLD_YES },
        { "%{SERVER_NAME} == 'a'", R307_TOLD_NOT }, { "! %{SERVER_NAME} == 'a'", R307_TOLD_NOT },
        { "%{SERVER_NAME} == 'a' && false", R307_TOLD_NO },
        { "%{SERVER_NAME} == 'a' && true", R307_TOLD_NOT },
        { "%{SERVER_NAME} == 'a' || true", R307_TOLD_YES },
        { "false && true || true", R307_TOLD_YES }, { "true || true && false", R307_TOLD_YES },
        { "(true || true) && false", R307_TOLD_NO }, { "!false && false", R307_TOLD_NO },
        { "!(true && false)", R307_TOLD_YES }, { "true and not false or false", R307_TOLD_YES },
        { "-f '/etc/passwd' || true", R307_TOLD_YES }, { "-f '/etc/passwd'", R307_TOLD_NOT },
        { "-R '192.0.2.0/24'", R307_TOLD_NOT }, { "%{HTTPS} -strmatch 'o*'", R307_TOLD_NOT },
        { "%{HTTPS} in { 'on', 'off' }", R307_TOLD_NOT }, { "1 -eq 1", R307_TOLD_NOT },
        { "%{HTTPS} == 'o'.'ff'", R307_TOLD_NOT }, { "tolower('A') == 'a'", R307_TOLD_NOT },
        { "%{HTTPS} == 'a\\'b'", R307_TOLD_NOT }, { "%{HTTPS} == '$0'", R307_TOLD_NOT },
        { "%{HTTPS} ==", R307_TOLD_NOT }, { "", R307_TOLD_NOT }, { "(true", R307_TOLD_NOT },
        { "%{HTTPS} =~ /(/", R307_TOLD_NOT }, { "true true", R307_TOLD_NOT }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        unit_rows_add(1);
        ck_assert_msg(r307_expr_tell(p, rows[i].text, value, NULL) == rows[i].told, "%s: %d",
                      rows[i].text, r307_expr_tell(p, rows[i].text, value, NULL));
    }
    ck_assert_int_eq(r307_expr_tell(p, "true", NULL, NULL), R307_TOLD_NOT);
    apr_pool_destroy(p);
}
END_TEST

TCase *expr_tell_cases(void)
{
    TCase *tcase = tcase_create("expr_tell");

    tcase_add_test(tcase, expr_told);
    return tcase;
}
