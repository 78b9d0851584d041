/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "unit.h"

#define ROWS(a) (sizeof(a) / sizeof(*(a)))

static r307_slice_t slice(const char *s)
{
    return s ? r307_slice(s, strlen(s)) : r307_slice(NULL, 0);
}

/* Which bytes may stand, byte by byte, against RFC 3986 appendix A written out. */
START_TEST(text_classes)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "abcdefghijklmnopqrstuvwxyz0123456789-._~";
    int i;

    for (i = 0; i < 256; i++) {
        char c = (char)i;
        int plain = i && strchr(unreserved, i), sub = i && strchr("!$&'()*+,;=", i);
        int pchar = plain || sub || c == ':' || c == '@';

        unit_rows_add(1);
        ck_assert_msg(!r307_text_is(c, R307_IS_PATH) == !(pchar || c == '/'), "%d", i);
        ck_assert_msg(!r307_text_is(c, R307_IS_QUERY)
                      == !(pchar || c == '/' || c == '?'), "%d", i);
        ck_assert_msg(!r307_text_is(c, R307_IS_HEX)
                      == !(i && strchr("0123456789abcdefABCDEF", i)), "%d", i);
        if (i && strchr("&+#%", i)) {
            ck_assert_msg(!r307_text_is(c, R307_IS_VALUE), "%d", i);
        }
        if (plain) {
            ck_assert_msg(r307_text_is(c, R307_IS_VALUE), "%d", i);
        }
    }
}
END_TEST

START_TEST(text_encode)
{
    static const struct {
        const char *in;
        r307_land_t land;
        r307_form_t form;
        const char *want;
    } rows[] = {
        { "a b", R307_LAND_PATH, R307_FORM_ENCODED, "a%20b" },
        { "a%20b", R307_LAND_PATH, R307_FORM_ENCODED, "a%20b" },
        { "a%20b", R307_LAND_PATH, R307_FORM_DATA, "a%2520b" },
        { "a%2fb", R307_LAND_PATH, R307_FORM_ENCODED, "a%2fb" },
        { "100%", R307_LAND_PATH, R307_FORM_ENCODED, "100%25" },
        { "%zz", R307_LAND_PATH, R307_FORM_ENCODED, "%25zz" },
        { "%4", R307_LAND_PATH, R307_FORM_ENCODED, "%254" },
        { "%", R307_LAND_PATH, R307_FORM_DATA, "%25" },
        { "%%41", R307_LAND_PATH, R307_FORM_ENCODED, "%25%41" },
        { "a/b?c#d", R307_LAND_PATH, R307_FORM_DATA, "a/b%3Fc%23d" },
        { "a/b?c#d", R307_LAND_QUERY, R307_FORM_DATA, "a/b?c%23d" },
        { "a=b&c+d", R307_LAND_QUERY, R307_FORM_ENCODED, "a=b&c+d" },
        { "a&b+c#d", R307_LAND_VALUE, R307_FORM_ENCODED, "a%26b%2Bc%23d" },
        { "a%26b", R307_LAND_VALUE, R307_FORM_ENCODED, "a%26b" },
        { "a?b#c d", R307_LAND_FRAGMENT, R307_FORM_DATA, "a?b%23c%20d" },
        { "\xC3\xBC", R307_LAND_PATH, R307_FORM_ENCODED, "%C3%BC" },
        { "\xFF", R307_LAND_QUERY, R307_FORM_ENCODED, "%FF" },
        { "\\", R307_LAND_PATH, R307_FORM_ENCODED, "%5C" },
        { "\\", R307_LAND_QUERY, R307_FORM_ENCODED, "%5C" },
        { "\r\n\t\x7F", R307_LAND_PATH, R307_FORM_ENCODED, "%0D%0A%09%7F" },
        { "\"<>^`{|}[]", R307_LAND_PATH, R307_FORM_DATA,
          "%22%3C%3E%5E%60%7B%7C%7D%5B%5D" },
        { "\"<>^`{|}[]", R307_LAND_QUERY, R307_FORM_DATA,
          "%22%3C%3E%5E%60%7B%7C%7D%5B%5D" },
        { "!$'()*,;:@-._~", R307_LAND_PATH, R307_FORM_DATA, "!$'()*,;:@-._~" },
        { "", R307_LAND_PATH, R307_FORM_DATA, "" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        r307_buf_t buf;

        unit_rows_add(1);
        r307_buf_make(&buf, p, 1);
        r307_buf_puts(&buf, ">");
        r307_text_encode(&buf, rows[i].in, strlen(rows[i].in), rows[i].land,
                         rows[i].form);
        ck_assert_msg(!strcmp(buf.s + 1, rows[i].want), "row %u: got %s, wanted %s",
                      (unsigned)i, buf.s + 1, rows[i].want);
    }
    apr_pool_destroy(p);
}
END_TEST

START_TEST(text_decode)
{
    static const struct {
        const char *in;
        int plus;
        const char *want;
        size_t len;
    } rows[] = {
        { "a%20b", 0, "a b", 3 }, { "a+b", 0, "a+b", 3 }, { "a+b", 1, "a b", 3 },
        { "a%2Bb", 1, "a+b", 3 }, { "%2f", 0, "/", 1 }, { "%", 0, "%", 1 },
        { "%4", 0, "%4", 2 }, { "%zz", 0, "%zz", 3 }, { "%2541", 0, "%41", 3 },
        { "a%00b", 0, "a\0b", 3 }, { "", 0, "", 0 }, { "%C3%BC", 0, "\xC3\xBC", 2 }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        r307_slice_t got = r307_text_decode(p, slice(rows[i].in), rows[i].plus);

        unit_rows_add(1);
        ck_assert_msg(got.len == rows[i].len && !memcmp(got.s, rows[i].want, got.len),
                      "%s: got %s", rows[i].in, unit_show(p, got));
    }
    apr_pool_destroy(p);
}
END_TEST

START_TEST(text_glob)
{
    static const struct {
        const char *pattern, *text;
        int fold, want;
    } rows[] = {
        { "", "", 0, 1 }, { "", "a", 0, 0 }, { "*", "", 0, 1 }, { "*", "abc", 0, 1 },
        { "?", "", 0, 0 }, { "?", "a", 0, 1 }, { "a*", "abc", 0, 1 },
        { "*c", "abc", 0, 1 }, { "a*c", "abc", 0, 1 }, { "a*c", "abd", 0, 0 },
        { "a?c", "abc", 0, 1 }, { "a?c", "ac", 0, 0 }, { "*b*", "abc", 0, 1 },
        { "a**c", "ac", 0, 1 }, { "A", "a", 0, 0 }, { "A", "a", 1, 1 },
        { "*.x.y", "a.b.x.y", 0, 1 }, { "*.x", "x", 0, 0 }, { "ab", "abc", 0, 0 },
        { "a*b*c", "a1b2b3c", 0, 1 }, { "*a*a*a*b", "aaaaaaaaaaaa", 0, 0 },
        { "[a]", "a", 0, 0 }, { "\\*", "*", 0, 0 }
    };
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        unit_rows_add(1);
        ck_assert_msg(!r307_text_glob(slice(rows[i].pattern), slice(rows[i].text),
                                      rows[i].fold) == !rows[i].want,
                      "%s against %s", rows[i].pattern, rows[i].text);
    }
}
END_TEST

START_TEST(text_number)
{
    static const struct {
        const char *text;
        long most, want;
    } rows[] = {
        { "0", 10, 0 }, { "10", 10, 10 }, { "11", 10, -1 }, { "", 10, -1 },
        { "-1", 10, -1 }, { "+1", 10, -1 }, { " 1", 10, -1 }, { "1 ", 10, -1 },
        { "1x", 10, -1 }, { "0x1", 10, -1 },
        { "99999999999999999999999999", 0x7fffffffL, -1 }
    };
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        unit_rows_add(1);
        ck_assert_int_eq(r307_text_number(slice(rows[i].text), rows[i].most),
                         rows[i].want);
    }
    ck_assert_int_eq(r307_text_number(slice(NULL), 10), -1);
}
END_TEST

START_TEST(text_utf8)
{
    static const struct {
        const char *text;
        int want;
        size_t bad_at;
    } rows[] = {
        { "", 1, 0 }, { "abc", 1, 0 }, { "\xC3\xBC", 1, 0 }, { "\xE2\x82\xAC", 1, 0 },
        { "\xF0\x9F\x98\x80", 1, 0 }, { "a\xFC", 0, 1 }, { "ab\xC3", 0, 2 },
        { "\xC0\xAF", 0, 0 }, { "\xC1\x80", 0, 0 }, { "\xE0\x80\xAF", 0, 0 },
        { "\xED\xA0\x80", 0, 0 }, { "\xF4\x90\x80\x80", 0, 0 }, { "\x80", 0, 0 },
        { "\xF8\x88\x80\x80\x80", 0, 0 }, { "a\xE2\x82", 0, 1 }, { "\xFF", 0, 0 },
        { "\xF0\x80\x80\xAF", 0, 0 }, { "\xF4\x8F\xBF\xBF", 1, 0 }
    };
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        size_t at = 0;

        unit_rows_add(1);
        ck_assert_msg(!r307_text_is_utf8(rows[i].text, strlen(rows[i].text), &at)
                      == !rows[i].want, "row %u", (unsigned)i);
        if (!rows[i].want) {
            ck_assert_msg(at == rows[i].bad_at, "row %u: at %u", (unsigned)i,
                          (unsigned)at);
        }
    }
}
END_TEST

/* Whatever goes in, what is shown has printable ASCII or UTF-8 only, and an end. */
START_TEST(text_show)
{
    apr_pool_t *p = unit_pool();
    char all[256], many[4096];
    const char *text, *c;
    int i;

    for (i = 0; i < 256; i++) {
        char one = (char)i;

        all[i] = one;
        unit_rows_add(1);
        text = r307_text_show(p, &one, 1);
        for (c = text; *c; c++) {
            ck_assert_msg((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f,
                          "byte %d is shown as %s", i, text);
        }
    }
    text = r307_text_show(p, all, sizeof(all));
    for (c = text; *c; c++) {
        ck_assert((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
    memset(many, 'a', sizeof(many));
    text = r307_text_show(p, many, sizeof(many));
    ck_assert_uint_le(strlen(text), 220);
    ck_assert_str_eq(text + strlen(text) - 3, "...");
    memset(many, 1, sizeof(many));
    text = r307_text_show(p, many, sizeof(many));
    ck_assert_uint_le(strlen(text), 4 * 220);
    ck_assert_str_eq(r307_text_show(p, "/a b", 4), "/a b");
    ck_assert_int_eq(strcasecmp(r307_text_show(p, "\r\n", 2), "\\x0d\\x0a"), 0);
    ck_assert_str_eq(r307_text_show(p, "", 0), "");
    apr_pool_destroy(p);
}
END_TEST

START_TEST(text_distance)
{
    static const struct {
        const char *a, *b;
        int want;
    } rows[] = {
        { "query", "query", 0 }, { "qurey", "query", 1 }, { "querry", "query", 1 },
        { "uery", "query", 1 }, { "quero", "query", 1 }, { "hots", "host", 1 },
        { "stat", "status", 2 }, { "", "abc", 3 }, { "ab", "ba", 1 }
    };
    size_t i;

    for (i = 0; i < ROWS(rows); i++) {
        unit_rows_add(1);
        ck_assert_int_eq(r307_text_distance(rows[i].a, rows[i].b), rows[i].want);
        ck_assert_int_eq(r307_text_distance(rows[i].b, rows[i].a), rows[i].want);
    }
    ck_assert_int_ge(r307_text_distance("xyzzy", "status"), 3);
}
END_TEST

START_TEST(text_slices)
{
    apr_pool_t *p = unit_pool();
    r307_buf_t buf;
    int i;

    unit_rows_add(6);
    ck_assert(r307_slice_same(slice(NULL), slice(NULL)));
    ck_assert(!r307_slice_same(slice(NULL), slice("")));
    ck_assert(r307_slice_same(slice("a"), slice("a")));
    ck_assert(!r307_slice_same(slice("a"), slice("ab")));
    ck_assert_ptr_eq(r307_slice_text(p, slice(NULL)), NULL);
    ck_assert_str_eq(r307_slice_text(p, r307_slice("abc", 2)), "ab");
    r307_buf_make(&buf, p, 1);
    for (i = 0; i < 10000; i++) {
        r307_buf_putc(&buf, 'a');
        ck_assert_int_eq(buf.s[buf.len], '\0');
    }
    ck_assert_uint_eq(buf.len, 10000);
    ck_assert_uint_eq(strlen(buf.s), 10000);
    ck_assert(r307_text_same_fold("aB", 2, "Ab", 2));
    ck_assert(!r307_text_same_fold("ab", 2, "abc", 3));
    ck_assert(!r307_text_same_fold("\xC3\xA4", 2, "\xC3\x84", 2));
    ck_assert_int_eq(r307_text_hex2("4a", 2), 0x4a);
    ck_assert_int_eq(r307_text_hex2("4", 1), -1);
    ck_assert_int_eq(r307_text_hex2("4g", 2), -1);
    apr_pool_destroy(p);
}
END_TEST

TCase *text_cases(void)
{
    TCase *tcase = tcase_create("text");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, text_classes);
    tcase_add_test(tcase, text_encode);
    tcase_add_test(tcase, text_decode);
    tcase_add_test(tcase, text_glob);
    tcase_add_test(tcase, text_number);
    tcase_add_test(tcase, text_utf8);
    tcase_add_test(tcase, text_show);
    tcase_add_test(tcase, text_distance);
    tcase_add_test(tcase, text_slices);
    return tcase;
}
