/* SPDX-License-Identifier: Apache-2.0
 *
 * First line a request target, second the value of a query=, third a regex. However the
 * target is spelt, its path is one path: normal, the same when normalised again, with a map
 * back that loses no byte; and nothing of its query leaves unencoded.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "http/path.h"
#include "http/query.h"
#include "rule/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fail(const char *what, const char *target, r307_slice_t other)
{
    fprintf(stderr, "fuzz_path: %s\n  target: '%s'\n  other:  '%.*s'\n", what, target,
            (int)other.len, other.s ? other.s : "");
    abort();
}

static int is_segment(const char *s, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(s, text, len) == 0;
}

static void check_normal(const char *target, const r307_path_t *path)
{
    r307_slice_t dec = { path->dec, path->len };
    size_t i, from = 1;

    if (path->len == 0 || path->dec[0] != '/' || path->dec[path->len] != '\0') {
        fail("no '/' in front or no NUL behind", target, dec);
    }
    for (i = 1; i <= path->len; i++) {
        if (i < path->len && path->dec[i] != '/') {
            continue;
        }
        if (i == from && i < path->len) {
            fail("an empty segment", target, dec);
        }
        if (is_segment(path->dec + from, i - from, ".")
            || is_segment(path->dec + from, i - from, "..")) {
            fail("a dot segment", target, dec);
        }
        from = i + 1;
    }
}

/* Every byte of dec came from one byte or one percent code of enc. */
static void check_map(const char *target, const r307_path_t *path)
{
    size_t i, next = 0;

    for (i = 0; i < path->len; i++) {
        r307_slice_t came = r307_path_came(path, i, i + 1);

        if (came.s != path->enc + next || (came.len != 1 && came.len != 3)) {
            fail("the map has a gap", target, came);
        }
        if (came.len == 3
            && r307_text_hex2(came.s + 1, 2) != (int)(unsigned char)path->dec[i]) {
            fail("a byte came from another code", target, came);
        }
        if (came.len == 1 && r307_text_lower(*came.s) != r307_text_lower(path->dec[i])) {
            fail("a byte came from another byte", target, came);
        }
        next += came.len;
    }
    if (next != path->enc_len) {
        fail("the map ends early", target, r307_slice(path->enc, path->enc_len));
    }
}

static const r307_path_t *check_path(apr_pool_t *p, const char *target, r307_slice_t raw)
{
    const r307_path_t *path = r307_path_make(p, raw), *again, *slash;

    check_normal(target, path);
    check_map(target, path);
    if (path->enc_len > raw.len + 1) {
        fail("a path that grew", target, r307_slice(path->enc, path->enc_len));
    }
    again = r307_path_make(p, r307_slice(path->enc, path->enc_len));
    if (again->len != path->len || memcmp(again->dec, path->dec, path->len) != 0
        || again->enc_len != path->enc_len
        || memcmp(again->enc, path->enc, path->enc_len) != 0) {
        fail("normalised twice is another path", target,
             r307_slice(again->dec, again->len));
    }
    slash = r307_path_with_slash(p, path);
    if (slash->dec[slash->len - 1] != '/'
        || !r307_path_below(slash->dec, slash->len, path->dec, path->len, 0)) {
        fail("a path with a slash is another", target, r307_slice(slash->dec, slash->len));
    }
    return path;
}

/* What may stand in a query, and whole percent codes. */
static void check_query_bytes(const char *target, r307_slice_t query)
{
    size_t i;

    for (i = 0; i < query.len; i++) {
        if (query.s[i] == '%' ? r307_text_hex2(query.s + i + 1, query.len - i - 1) < 0
                              : !r307_text_is(query.s[i], R307_IS_QUERY)) {
            fail("a byte of the query leaves as it is", target, query);
        }
    }
}

static void check_query(apr_pool_t *p, const char *target, r307_slice_t raw,
                        const char *value)
{
    const r307_query_t *query = r307_query_make(p, raw);
    r307_slice_t none = { NULL, 0 }, own = { "own=1", 5 }, out;
    r307_query_policy_t policy = { R307_QUERY_DEFAULT, 0, NULL }, again = policy;
    int touched = 0;

    if (r307_query_policy_parse(p, value, &policy)) {
        policy.mode = R307_QUERY_KEEP;
    }
    else if (r307_query_policy_parse(p, r307_query_policy_print(p, &policy), &again)
             || again.mode != policy.mode || again.count != policy.count) {
        fail("a query= that does not read back", target, r307_slice(value, strlen(value)));
    }
    out = r307_query_print(p, query, none, &policy, &touched);
    check_query_bytes(target, out);
    if (out.len && !touched) {
        fail("a query that came from nowhere", target, out);
    }
    if (policy.mode == R307_QUERY_DROP && out.len) {
        fail("a dropped query", target, out);
    }
    if (out.len > 3 * raw.len) {
        fail("a query that grew", target, out);
    }
    check_query_bytes(target, r307_query_print(p, query, own, &policy, &touched));
}

/* A search ends, with captures inside the path. */
static void check_regex(apr_pool_t *p, const char *target, const r307_path_t *path,
                        const char *text)
{
    const r307_regex_t *regex;
    r307_captures_t captures;
    int i;

    captures.scratch = NULL;
    if (r307_regex_make(p, text, 0, 0, &regex)
        || r307_regex_find(p, regex, path, 2000, &captures) != R307_FOUND_YES) {
        return;
    }
    for (i = 0; i < captures.count; i++) {
        const r307_capture_t *at = &captures.at[i];

        if (at->from <= at->to && at->to > path->len) {
            fail("a capture behind the path", target, r307_slice(text, strlen(text)));
        }
    }
}

static void run(apr_pool_t *p, char *text)
{
    char *value = strchr(text, '\n'), *regex = NULL;
    r307_slice_t raw, query;
    const r307_path_t *path;

    if (value) {
        *value++ = '\0';
        regex = strchr(value, '\n');
    }
    if (regex) {
        *regex++ = '\0';
    }
    if (!r307_path_split(text, &raw, &query)) {
        return;
    }
    path = check_path(p, text, raw);
    check_query(p, text, query, value ? value : "keep");
    if (regex) {
        check_regex(p, text, path, regex);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int begun;
    apr_pool_t *p;

    if (!begun) {
        apr_initialize();
        atexit(apr_terminate);      /* what it holds is no leak */
        begun = 1;
    }
    if (len > 70000 || apr_pool_create(&p, NULL)) {
        return 0;
    }
    run(p, apr_pstrmemdup(p, (const char *)data, len));
    apr_pool_destroy(p);
    return 0;
}
