/* SPDX-License-Identifier: Apache-2.0 */
#include "http/url.h"

#include <string.h>
#include <apr_strings.h>

#include "base/ip.h"

/* Up to one of three bytes. */
static size_t span_until(const char *s, size_t len, char a, char b, char c)
{
    size_t i = 0;

    while (i < len && s[i] != a && s[i] != b && s[i] != c) {
        i++;
    }
    return i;
}

/* Length of "scheme" when s begins with "scheme:", else 0 (RFC 3986 3.1). */
static size_t scheme_len(const char *s, size_t len)
{
    size_t i;

    if (len == 0 || !r307_text_is(s[0], R307_IS_ALPHA)) {
        return 0;
    }
    for (i = 1; i < len && r307_text_is(s[i], R307_IS_SCHEME); i++) {
        continue;
    }
    return i < len && s[i] == ':' ? i : 0;
}

static void split_authority(const char *s, size_t len, r307_url_t *url)
{
    const char *at = NULL, *host, *end = s + len, *colon;
    size_t i;

    for (i = len; i > 0 && !at; i--) {
        at = s[i - 1] == '@' ? s + i - 1 : NULL;
    }
    if (at) {
        url->userinfo = r307_slice(s, (size_t)(at - s));
    }
    host = at ? at + 1 : s;
    colon = host;
    if (host < end && *host == '[') {
        const char *close = memchr(host, ']', (size_t)(end - host));

        colon = close ? close + 1 : end;
    }
    colon = memchr(colon, ':', (size_t)(end - colon));
    url->host = r307_slice(host, (size_t)((colon ? colon : end) - host));
    if (colon) {
        url->port = r307_slice(colon + 1, (size_t)(end - colon - 1));
    }
}

void r307_url_split(const char *s, size_t len, r307_url_t *url)
{
    const char *end = s + len;
    size_t n = scheme_len(s, len);

    memset(url, 0, sizeof(*url));
    if (n) {
        url->scheme = r307_slice(s, n);
        s += n + 1;
    }
    if (end - s >= 2 && s[0] == '/' && s[1] == '/') {
        n = span_until(s + 2, (size_t)(end - s - 2), '/', '?', '#');
        split_authority(s + 2, n, url);
        s += 2 + n;
    }
    n = span_until(s, (size_t)(end - s), '?', '?', '#');
    url->path = r307_slice(s, n);
    s += n;
    if (s < end && *s == '?') {
        n = span_until(s + 1, (size_t)(end - s - 1), '#', '#', '#');
        url->query = r307_slice(s + 1, n);
        s += 1 + n;
    }
    if (s < end) {
        url->fragment = r307_slice(s + 1, (size_t)(end - s - 1));
    }
}

/* Whether a segment begins with a dot. */
static int may_have_dots(r307_slice_t path)
{
    const char *s = path.s, *end = path.s + path.len;

    while (s < end && (s = memchr(s, '.', (size_t)(end - s)))) {
        if (s == path.s || s[-1] == '/') {
            return 1;
        }
        s++;
    }
    return 0;
}

/* One pass with an output that loses its last segment at "..": what 5.2.4 describes with
 * two buffers. */
r307_slice_t r307_url_remove_dots(apr_pool_t *p, r307_slice_t path)
{
    size_t i = 0, n = 0;
    char *out;

    if (!may_have_dots(path)) {
        return path;
    }
    out = apr_palloc(p, path.len + 2);
    while (i < path.len) {
        int slash = path.s[i] == '/';
        size_t from = i + (size_t)slash;
        const char *next = memchr(path.s + from, '/', path.len - from);
        size_t len = next ? (size_t)(next - path.s) - from : path.len - from;
        int dots = (len == 1 || len == 2) && memcmp(path.s + from, "..", len) == 0;
        int last = from + len == path.len;

        if (!dots) {
            memcpy(out + n, path.s + i, (size_t)slash + len);
            n += (size_t)slash + len;
        }
        else if (!slash) {
            /* "./" and "../" in front of a relative path go with their slash */
            i = from + len + (last ? 0 : 1);
            continue;
        }
        else {
            while (len == 2 && n > 0 && out[--n] != '/') {
                continue;
            }
            if (last) {
                out[n++] = '/';
            }
        }
        i = from + len;
    }
    out[n] = '\0';
    return r307_slice(out, n);
}

/* RFC 3986 5.2.3. NUL-terminated. */
static r307_slice_t merge_paths(apr_pool_t *p, const r307_url_t *base, r307_slice_t ref)
{
    int is_empty = base->host.s && base->path.len == 0;
    const char *s = is_empty ? "/" : base->path.s;
    size_t keep = is_empty ? 1 : base->path.len;
    char *path;

    while (keep > 0 && s[keep - 1] != '/') {
        keep--;
    }
    path = apr_palloc(p, keep + ref.len + 1);
    if (keep) {
        memcpy(path, s, keep);
    }
    if (ref.len) {
        memcpy(path + keep, ref.s, ref.len);    /* which may hold a NUL */
    }
    path[keep + ref.len] = '\0';
    return r307_slice(path, keep + ref.len);
}

void r307_url_resolve(apr_pool_t *p, const r307_url_t *base, const r307_url_t *ref,
                      r307_url_t *url)
{
    r307_url_t out = *ref;

    if (ref->scheme.s || ref->host.s) {
        out.scheme = ref->scheme.s ? ref->scheme : base->scheme;
        out.path = r307_url_remove_dots(p, ref->path);
        *url = out;
        return;
    }
    out.scheme = base->scheme;
    out.userinfo = base->userinfo;
    out.host = base->host;
    out.port = base->port;
    if (ref->path.len == 0) {
        out.path = base->path;
        out.query = ref->query.s ? ref->query : base->query;
    }
    else if (ref->path.s[0] == '/') {
        out.path = r307_url_remove_dots(p, ref->path);
    }
    else {
        out.path = r307_url_remove_dots(p, merge_paths(p, base, ref->path));
    }
    *url = out;
}

r307_slice_t r307_url_print(apr_pool_t *p, const r307_url_t *url)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, url->host.len + url->path.len + url->query.len + 32);
    if (url->scheme.s) {
        r307_buf_add(&buf, url->scheme.s, url->scheme.len);
        r307_buf_putc(&buf, ':');
    }
    if (url->host.s) {
        r307_buf_puts(&buf, "//");
        if (url->userinfo.s) {
            r307_buf_add(&buf, url->userinfo.s, url->userinfo.len);
            r307_buf_putc(&buf, '@');
        }
        r307_buf_add(&buf, url->host.s, url->host.len);
        if (url->port.s) {
            r307_buf_putc(&buf, ':');
            r307_buf_add(&buf, url->port.s, url->port.len);
        }
    }
    r307_buf_add(&buf, url->path.s, url->path.len);
    if (url->query.s) {
        r307_buf_putc(&buf, '?');
        r307_buf_add(&buf, url->query.s, url->query.len);
    }
    if (url->fragment.s) {
        r307_buf_putc(&buf, '#');
        r307_buf_add(&buf, url->fragment.s, url->fragment.len);
    }
    return r307_slice(buf.s, buf.len);
}

/* Whether browsers would read the label as a number: digits, or 0x and hex digits. */
static int is_number_label(const char *s, size_t len)
{
    size_t i = 0;
    unsigned hex = 0;

    if (len >= 2 && s[0] == '0' && r307_text_lower(s[1]) == 'x') {
        hex = R307_IS_HEX;
        i = 2;
    }
    for (; i < len; i++) {
        if (!(s[i] >= '0' && s[i] <= '9') && !(hex && r307_text_is(s[i], hex))) {
            return 0;
        }
    }
    return len > 0;
}

static const char *check_labels(const char *s, size_t len)
{
    while (len > 0) {
        size_t n = span_until(s, len, '.', '.', '.');
        int last = n == len || n + 1 == len;

        if (n == 0) {
            return "has an empty label";
        }
        if (n > 63) {
            return "has a label of more than 63 bytes";
        }
        if (s[0] == '-' || s[n - 1] == '-') {
            return "has a label that begins or ends with '-'";
        }
        if (last && is_number_label(s, n)) {
            return "is a number that browsers read as an IPv4 address";
        }
        if (n == len) {
            return NULL;
        }
        s += n + 1;
        len -= n + 1;
    }
    return NULL;
}

const char *r307_url_check_host(r307_slice_t host)
{
    size_t i;

    if (!host.s || host.len == 0) {
        return "is empty";
    }
    if (host.s[0] == '[') {
        return host.len > 2 && host.s[host.len - 1] == ']'
            && r307_ip_is_v6(r307_slice(host.s + 1, host.len - 2)) ? NULL : "is not an IPv6 address";
    }
    if (host.len > 254) {
        return "is longer than a host name can be";
    }
    for (i = 0; i < host.len; i++) {
        if (!r307_text_is(host.s[i], R307_IS_HOST)) {
            return (unsigned char)host.s[i] < 0x80 ? "holds a byte that no host name has"
                : "holds a byte that no host name has (an international name is written in "
                  "its xn-- form)";
        }
    }
    return r307_ip_is_v4(host) ? NULL : check_labels(host.s, host.len);
}

long r307_url_port(r307_slice_t port)
{
    long value;

    if (!port.s || port.len == 0) {
        return 0;
    }
    value = r307_text_number(port, 65535);
    return value > 0 ? value : -1;
}

int r307_url_default_port(r307_slice_t scheme)
{
    if (scheme.s && r307_text_same_fold(scheme.s, scheme.len, "http", 4)) {
        return 80;
    }
    return scheme.s && r307_text_same_fold(scheme.s, scheme.len, "https", 5) ? 443 : 0;
}

/* Last labels that are hardly ever the ending of a file's name. */
static const char *const domains[] = {
    "com", "org", "net", "info", "biz", "de", "at", "ch", "eu", "uk", "fr", "nl", "it", "es",
    "dk", "se", "fi", "cz", "us", "ca", "au", "jp", "cn", "ru", "br", "io", "dev", "shop",
    "blog", "example", "test"
};

int r307_url_looks_like_host(const char *text)
{
    size_t len = strcspn(text, "/?#"), last = len, i;

    if (r307_url_check_host(r307_slice(text, len))) {
        return 0;
    }
    if (len > 4 && r307_text_same_fold(text, 4, "www.", 4)) {
        return 1;
    }
    while (last > 0 && text[last - 1] != '.') {
        last--;
    }
    for (i = 0; last && i < sizeof(domains) / sizeof(domains[0]); i++) {
        if (r307_text_same_fold(text + last, len - last, domains[i], strlen(domains[i]))) {
            return 1;
        }
    }
    return 0;
}

r307_slice_t r307_url_sent_host(r307_slice_t host)
{
    if (host.len > 1 && host.s[host.len - 1] == '.' && !r307_url_check_host(host)) {
        host.len--;
    }
    return host;
}

int r307_url_same_host(r307_slice_t a, r307_slice_t b)
{
    if (a.len > 1 && a.s[a.len - 1] == '.') {
        a.len--;
    }
    if (b.len > 1 && b.s[b.len - 1] == '.') {
        b.len--;
    }
    return a.s && b.s && r307_text_same_fold(a.s, a.len, b.s, b.len);
}

int r307_url_is_of_host(const char *url, const char *host)
{
    size_t len = strlen(host);

    /* byte by byte: each hit with a Referer pays for it */
    if (url[0] != 'h' || url[1] != 't' || url[2] != 't' || url[3] != 'p') {
        return 0;
    }
    url += url[4] == 's' ? 5 : 4;
    if (url[0] != ':' || url[1] != '/' || url[2] != '/') {
        return 0;
    }
    url += 3;
    if (!len || (strncmp(url, host, len) != 0
                 && !r307_text_same_fold(url, strnlen(url, len), host, len))) {
        return 0;
    }
    url += len;
    return *url == '/' || *url == '\0' || *url == ':' || *url == '?' || *url == '#';
}
