/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/guard.h"

#include <string.h>
#include <apr_strings.h>

static const r307_verdict_row_t verdicts[R307_VERDICT_COUNT] = {
    [R307_VERDICT_FINE] = { "R307-G00", "may leave" },
    [R307_VERDICT_CONTROL] = { "R307-G01", "holds a control byte or a space" },
    [R307_VERDICT_BACKSLASH] = { "R307-G02",
        "holds a backslash, which browsers read as a slash" },
    [R307_VERDICT_BYTE] = { "R307-G03", "holds a byte that no URL may hold" },
    [R307_VERDICT_PERCENT] = { "R307-G04", "holds a '%' that begins no percent code" },
    [R307_VERDICT_SCHEME] = { "R307-G05", "has a scheme that is not http or https" },
    [R307_VERDICT_RELATIVE] = { "R307-G06",
        "is not a path of this site: it does not begin with exactly one '/'" },
    [R307_VERDICT_USERINFO] = { "R307-G07", "has a user name in front of its host" },
    [R307_VERDICT_HOST] = { "R307-G08", "has a host that is not a host name" },
    [R307_VERDICT_PORT] = { "R307-G09", "has a port that is not a port number" },
    [R307_VERDICT_ORIGIN] = { "R307-G10",
        "leads to an origin that is not the rule's, not this server's and not in "
        "Redirect307AllowHosts" },
    [R307_VERDICT_GLUED] = { "R307-G11",
        "has bytes of the request directly behind the rule's host" },
    [R307_VERDICT_DOWNGRADE] = { "R307-G12", "leaves https for http as the request wants" },
    [R307_VERDICT_LENGTH] = { "R307-G13", "is longer than a header line may be" },
    [R307_VERDICT_VALUE] = { "R307-G14", "needs a value that the request does not have" },
    [R307_VERDICT_STEPS] = { "R307-G15",
        "was not decided: the pattern took more steps than it may" },
    [R307_VERDICT_SELF_NAME] = { "R307-G16",
        "needs this server's name, and the request's Host is no host name" },
    [R307_VERDICT_DOTS] = { "R307-G17",
        "has a '.' or '..' segment that the request put there" }
};

const r307_verdict_row_t *r307_verdict_row(r307_verdict_t verdict)
{
    return &verdicts[verdict];
}

static r307_verdict_t check_bytes(const char *s, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];

        if (c <= 0x20 || c == 0x7F) {
            return R307_VERDICT_CONTROL;
        }
        if (c == '\\') {
            return R307_VERDICT_BACKSLASH;
        }
        if (c == '%') {
            if (r307_text_hex2(s + i + 1, len - i - 1) < 0) {
                return R307_VERDICT_PERCENT;
            }
        }
        else if (!r307_text_is(s[i], R307_IS_QUERY) && c != '#' && c != '[' && c != ']') {
            return R307_VERDICT_BYTE;
        }
    }
    return R307_VERDICT_FINE;
}

/* '[' and ']' stand around an IPv6 address only, '#' once. */
static int has_stray_byte(const r307_url_t *url)
{
    r307_slice_t parts[3];
    int i;

    parts[0] = url->path;
    parts[1] = url->query;
    parts[2] = url->fragment;
    for (i = 0; i < 3; i++) {
        if (parts[i].s && (memchr(parts[i].s, '[', parts[i].len)
                           || memchr(parts[i].s, ']', parts[i].len)
                           || memchr(parts[i].s, '#', parts[i].len))) {
            return 1;
        }
    }
    return 0;
}

/* Whether what was built as host holds a byte that ends a host: then the path the rule
 * writes would be somewhere behind the path the request brought. */
static int breaks_out(const r307_built_t *built, const r307_target_t *target)
{
    size_t i;

    for (i = 0; target->kind != R307_TARGET_WHOLE && i < built->url.host.len; i++) {
        if (strchr("/?#\\", built->url.host.s[i])) {
            return 1;
        }
    }
    return 0;
}

static r307_verdict_t check_origin(const r307_url_t *url, const r307_built_t *built,
                                   const r307_target_t *target,
                                   const apr_array_header_t *allow,
                                   const r307_view_t *view)
{
    if (!r307_url_default_port(url->scheme)) {
        return R307_VERDICT_SCHEME;
    }
    if (url->userinfo.s) {
        return R307_VERDICT_USERINFO;
    }
    if (r307_url_check_host(url->host) || breaks_out(built, target)) {
        return target->glued && built->host_inserted ? R307_VERDICT_GLUED
                                                     : R307_VERDICT_HOST;
    }
    if (r307_url_port(url->port) < 0 || (url->port.s && url->port.len == 0)) {
        return R307_VERDICT_PORT;
    }
    if (built->host_inserted
        && !r307_origin_allows(allow, url->scheme, url->host,
                               (int)r307_url_port(url->port))) {
        return target->glued ? R307_VERDICT_GLUED : R307_VERDICT_ORIGIN;
    }
    if (!built->host_inserted && !r307_url_same_host(url->host, built->url.host)) {
        return R307_VERDICT_ORIGIN;
    }
    if (built->scheme_inserted && strcmp(r307_view_scheme(view), "https") == 0
        && r307_url_default_port(url->scheme) == 80) {
        return R307_VERDICT_DOWNGRADE;
    }
    return R307_VERDICT_FINE;
}

/* A reference to our own origin is a path and nothing else, also where our name is put in
 * front of it: what does not begin with exactly one '/' would become part of that name. */
static int is_own_path(r307_slice_t path)
{
    return path.len && path.s[0] == '/' && (path.len == 1 || path.s[1] != '/');
}

/* What is known before the Location is read again. */
static r307_verdict_t check_built(const r307_built_t *built, r307_slice_t location)
{
    if (built->failed) {
        return R307_VERDICT_VALUE;
    }
    if (built->bad_self) {
        return R307_VERDICT_SELF_NAME;
    }
    return built->too_long || location.len > R307_LOCATION_MOST ? R307_VERDICT_LENGTH
                                                                : R307_VERDICT_FINE;
}

r307_verdict_t r307_guard_check(r307_slice_t location, const r307_url_t *url,
                                const r307_built_t *built, const r307_target_t *target,
                                const apr_array_header_t *allow,
                                const r307_view_t *view)
{
    r307_verdict_t verdict = check_built(built, location);

    if (verdict != R307_VERDICT_FINE
        || (!built->from_request && !built->host_inserted)) {
        return verdict;
    }
    if (url->scheme.s && !r307_url_default_port(url->scheme)) {
        return R307_VERDICT_SCHEME;
    }
    if (url->userinfo.s) {
        return R307_VERDICT_USERINFO;
    }
    verdict = check_bytes(location.s, location.len);
    if (verdict != R307_VERDICT_FINE) {
        return verdict;
    }
    if (built->own && !is_own_path(built->url.path)) {
        return R307_VERDICT_RELATIVE;
    }
    if (url->scheme.s) {
        verdict = check_origin(url, built, target, allow, view);
    }
    else if (!is_own_path(url->path) || url->host.s) {
        verdict = R307_VERDICT_RELATIVE;
    }
    if (verdict != R307_VERDICT_FINE) {
        return verdict;
    }
    if (has_stray_byte(url)) {
        return R307_VERDICT_BYTE;
    }
    return built->dots_inserted ? R307_VERDICT_DOTS : R307_VERDICT_FINE;
}
