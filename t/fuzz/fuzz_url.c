/* SPDX-License-Identifier: Apache-2.0
 *
 * First line a base, second a reference, the rest entries of Redirect307AllowHosts. What is
 * split prints to the same bytes; what is resolved has no dot segment left; a host that
 * passes is one that every reader of the text finds again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "rule/guard.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fail(const char *what, r307_slice_t one, r307_slice_t other)
{
    fprintf(stderr, "fuzz_url: %s\n  one:   '%.*s'\n  other: '%.*s'\n", what, (int)one.len,
            one.s ? one.s : "", (int)other.len, other.s ? other.s : "");
    abort();
}

/* Parts stand inside the text, in order, and none overlaps another. */
static void check_inside(r307_slice_t text, const r307_url_t *url)
{
    const r307_slice_t parts[] = {
        url->scheme, url->userinfo, url->host, url->port, url->path, url->query,
        url->fragment
    };
    const char *at = text.s;
    size_t i;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!parts[i].s) {
            continue;
        }
        if (parts[i].s < at || parts[i].s + parts[i].len > text.s + text.len) {
            fail("a part outside its text", parts[i], text);
        }
        at = parts[i].s + parts[i].len;
    }
    if (!url->path.s) {
        fail("no path", text, url->path);
    }
}

static void check_split(apr_pool_t *p, r307_slice_t text)
{
    r307_url_t url;
    r307_slice_t printed;

    r307_url_split(text.s, text.len, &url);
    check_inside(text, &url);
    printed = r307_url_print(p, &url);
    if (!r307_slice_same(printed, text)) {
        fail("what was split prints to something else", text, printed);
    }
}

static int has_dot_segment(r307_slice_t path)
{
    size_t i, from = 0;

    for (i = 0; i <= path.len; i++) {
        if (i == path.len || path.s[i] == '/') {
            size_t len = i - from;

            if ((len == 1 || len == 2) && memcmp(path.s + from, "..", len) == 0) {
                return 1;
            }
            from = i + 1;
        }
    }
    return 0;
}

static void check_dots(apr_pool_t *p, r307_slice_t path)
{
    r307_slice_t out = r307_url_remove_dots(p, path);

    if (out.len > path.len) {
        fail("a path that grew", path, out);
    }
    if (has_dot_segment(out)) {
        fail("a dot segment is left", path, out);
    }
    if (!r307_slice_same(r307_url_remove_dots(p, out), out)) {
        fail("dots removed twice is another path", path, out);
    }
    if (path.len && path.s[0] == '/' && (out.len == 0 || out.s[0] != '/')) {
        fail("a path that lost its root", path, out);
    }
}

static void check_resolve(apr_pool_t *p, r307_slice_t base_text, r307_slice_t ref_text)
{
    r307_url_t base, ref, url, again;

    r307_url_split(base_text.s, base_text.len, &base);
    r307_url_split(ref_text.s, ref_text.len, &ref);
    r307_url_resolve(p, &base, &ref, &url);
    if ((ref.scheme.s && !r307_slice_same(url.scheme, ref.scheme))
        || (ref.host.s && !r307_slice_same(url.host, ref.host))) {
        fail("a written origin is not kept", ref_text, r307_url_print(p, &url));
    }
    if (!ref.scheme.s && !ref.host.s
        && (!r307_slice_same(url.host, base.host) || !r307_slice_same(url.port, base.port)
            || !r307_slice_same(url.userinfo, base.userinfo)
            || !r307_slice_same(url.scheme, base.scheme))) {
        fail("a path that changed the origin", ref_text, r307_url_print(p, &url));
    }
    /* an empty reference is the base as it is, dots included (RFC 3986 5.2.2) */
    if (url.scheme.s && url.host.s && !has_dot_segment(base.path)) {
        r307_url_resolve(p, &base, &url, &again);
        if (!r307_slice_same(r307_url_print(p, &again), r307_url_print(p, &url))) {
            fail("an absolute URL resolves to another", r307_url_print(p, &url),
                 r307_url_print(p, &again));
        }
    }
}

/* A good host, written into a URL, is read back as that host and nothing else. */
static void check_host(apr_pool_t *p, r307_slice_t host)
{
    r307_slice_t text;
    r307_url_t url;
    size_t i;
    char *s;

    if (r307_url_check_host(host)) {
        return;
    }
    for (i = 0; i < host.len; i++) {
        if (!r307_text_is(host.s[i], R307_IS_HOST) && !strchr("[]:", host.s[i])) {
            fail("a host with a byte of no host", host, host);
        }
    }
    s = apr_pstrcat(p, "http://", r307_slice_text(p, host), "/", NULL);
    text = r307_slice(s, strlen(s));
    r307_url_split(text.s, text.len, &url);
    if (!r307_slice_same(url.host, host) || url.port.s || url.userinfo.s
        || url.path.len != 1 || !r307_url_same_host(url.host, host)) {
        fail("a host that is read as something else", host, url.host);
    }
}

static void check_port(r307_slice_t port)
{
    long value = r307_url_port(port);

    if (value < -1 || value > 65535 || (value == 0 && port.len)) {
        fail("a port out of range", port, port);
    }
}

static void check_origin(apr_pool_t *p, const char *text)
{
    r307_slice_t shown = { text, strlen(text) };
    r307_origin_t origin;
    const char *bad = r307_origin_parse(p, text, &origin), *c;
    size_t i;

    if (bad) {
        for (c = bad; *c; c++) {
            if ((unsigned char)*c < 0x20 || *c == 0x7f) {
                fail("an error text with a control byte", shown, shown);
            }
        }
        return;
    }
    if (r307_url_check_host(origin.host) || origin.port < 0 || origin.port > 65535
        || (origin.scheme.s && !r307_url_default_port(origin.scheme))) {
        fail("an allowed origin that is none", shown, origin.host);
    }
    for (i = 0; i < origin.host.len; i++) {
        if (origin.host.s[i] >= 'A' && origin.host.s[i] <= 'Z') {
            fail("an allowed host with capitals", shown, origin.host);
        }
    }
}

static void run(apr_pool_t *p, char *text, size_t len)
{
    char *end = memchr(text, '\n', len), *more;
    r307_slice_t base = { text, end ? (size_t)(end - text) : len };
    r307_slice_t ref = { "", 0 };
    r307_url_t url;

    if (end) {
        ref = r307_slice(end + 1, len - base.len - 1);
        more = memchr(ref.s, '\n', ref.len);
        ref.len = more ? (size_t)(more - ref.s) : ref.len;
        for (; more; more = strchr(more, '\n')) {
            more++;
            check_origin(p, apr_pstrmemdup(p, more, strcspn(more, "\n")));
        }
    }
    check_split(p, base);
    check_split(p, ref);
    check_dots(p, ref);
    check_resolve(p, base, ref);
    check_host(p, ref);
    r307_url_split(base.s, base.len, &url);
    if (url.host.s) {
        check_host(p, url.host);
        check_port(url.port);
    }
    check_dots(p, url.path);
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
    run(p, apr_pstrmemdup(p, (const char *)data, len), len);
    apr_pool_destroy(p);
    return 0;
}
