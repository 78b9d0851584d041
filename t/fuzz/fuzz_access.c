/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes as a line of an access log: what is taken from it lies in it, in order, and a time is
 * a whole second of a year that has four digits. And bytes as what somebody asked for and
 * said to be: the line that httpd would write of them gives them back.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "http/access_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define DATE "10/Oct/2000:13:55:36 -0700"
#define DATE_AT APR_INT64_C(971211336)
#define YEAR_9999_ENDS APR_INT64_C(253402300800)
#define LONGEST_ZONE (24 * 3600)

static void fail(const char *what, const char *s, size_t len)
{
    fprintf(stderr, "fuzz_access: %s\n  '%.*s'\n", what, (int)len, s);
    abort();
}

static void check_within(const char *what, r307_slice_t part, const char *s, size_t len)
{
    if (part.s && (part.s < s || part.len > len || part.s > s + len - part.len)) {
        fail(what, s, len);
    }
}

static void check_time(r307_slice_t date)
{
    apr_time_t at = r307_access_line_time(date);

    if (at != -1 && (at % APR_USEC_PER_SEC || at < 0
                     || at > apr_time_from_sec(YEAR_9999_ENDS + LONGEST_ZONE))) {
        fail("a time that no date is", date.s, date.len);
    }
}

static void check_line(apr_pool_t *p, const char *s, size_t len)
{
    r307_slice_t referrer, agent;
    r307_access_line_t line;
    char *bytes = apr_palloc(p, len + 1);

    if (!r307_access_line_split(s, len, &line)) {
        return;
    }
    r307_access_line_agent(&line, &referrer, &agent);
    check_within("a host from elsewhere", line.host, s, len);
    check_within("a date from elsewhere", line.date, s, len);
    check_within("a method from elsewhere", line.method, s, len);
    check_within("a target from elsewhere", line.target, s, len);
    check_within("a referrer from elsewhere", referrer, line.rest.s, line.rest.len);
    check_within("an agent from elsewhere", agent, line.rest.s, line.rest.len);
    if (line.rest.s + line.rest.len != s + len || line.status < 0 || line.status > 999
        || !line.date.s || !line.method.s != !line.target.s
        || (line.method.s && (line.method.s <= line.date.s + line.date.len
                              || line.target.s <= line.method.s + line.method.len - 1))) {
        fail("its parts are in no order", s, len);
    }
    check_time(line.date);
    if (r307_access_line_plain(line.target, bytes) > line.target.len
        || r307_access_line_plain(agent, bytes) > agent.len) {
        fail("what was escaped was shorter", s, len);
    }
}

/* As httpd does it for its logs. */
static const char *escape(apr_pool_t *p, const char *s, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *escaped = apr_palloc(p, 4 * len + 1), *to = escaped;
    size_t i;

    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c == '"' || c == '\\' || c == '\n' || c == '\t') {
            *to++ = '\\';
            *to++ = c == '\n' ? 'n' : c == '\t' ? 't' : (char)c;
        }
        else if (c < ' ' || c >= 0x7F) {
            *to++ = '\\';
            *to++ = 'x';
            *to++ = digits[c >> 4];
            *to++ = digits[c & 15];
        }
        else {
            *to++ = (char)c;
        }
    }
    *to = '\0';
    return escaped;
}

static void check_same(apr_pool_t *p, const char *what, r307_slice_t word, const char *s,
                       size_t len)
{
    char *bytes = apr_palloc(p, word.len + 1);
    size_t count = word.s ? r307_access_line_plain(word, bytes) : 0;

    if (!word.s || count != len || memcmp(bytes, s, len) != 0) {
        fail(what, s, len);
    }
}

static void check_back(apr_pool_t *p, const char *s, size_t len)
{
    const char *escaped = escape(p, s, len);
    const char *text = apr_pstrcat(p, "1.2.3.4 - - [" DATE "] \"GET /", escaped,
                                   " HTTP/1.1\" 404 1 \"-\" \"", escaped, "\"", NULL);
    r307_slice_t referrer, agent, below;
    r307_access_line_t line;

    if (!r307_access_line_split(text, strlen(text), &line) || line.status != 404
        || r307_access_line_time(line.date) != apr_time_from_sec(DATE_AT) || line.host.s
        || line.target.len < 1) {
        fail("a line that httpd writes is none", text, strlen(text));
    }
    below = r307_slice(line.target.s + 1, line.target.len - 1);
    check_same(p, "what was asked for is something else", below, s, len);
    r307_access_line_agent(&line, &referrer, &agent);
    if (len && !(len == 1 && *s == '-')) {
        check_same(p, "who asked is somebody else", agent, s, len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static apr_pool_t *root;
    apr_pool_t *p;

    if (!root) {
        apr_initialize();
        atexit(apr_terminate);      /* what it holds is no leak */
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&p, root);
    check_line(p, (const char *)data, len);
    check_time(r307_slice((const char *)data, len));
    check_back(p, (const char *)data, len);
    apr_pool_destroy(p);
    return 0;
}
