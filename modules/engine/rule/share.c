/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/share.h"

#include <string.h>
#include <apr_strings.h>

#include "base/hash.h"
#include "base/ip.h"

#define KEPT_DAYS 30        /* without until= */

const char *r307_share_parse(const char *value, int *size)
{
    static const char why[] = "is no share; write a number from 0.01 to 100, as 10";
    size_t whole = strspn(value, "0123456789"), part = 0;
    const char *point = value + whole;
    long number = r307_text_number(r307_slice(value, whole), 100);

    if (number < 0) {
        return why;
    }
    number *= 100;
    if (*point == '.') {
        part = strspn(point + 1, "0123456789");
        if (part == 0 || part > 2) {
            return why;
        }
        number += (point[1] - '0') * 10 + (part == 2 ? point[2] - '0' : 0);
        part++;
    }
    if (point[part] || number < 1 || number > R307_SHARE_ALL) {
        return why;
    }
    *size = (int)number;
    return NULL;
}

const char *r307_share_parse_sticky(apr_pool_t *p, const char *value, r307_sticky_t *sticky,
                                    r307_slice_t *named)
{
    size_t i;

    if (strcmp(value, "cookie") == 0) {
        *sticky = R307_STICKY_COOKIE;
        return NULL;
    }
    if (strcmp(value, "address") == 0) {
        *sticky = R307_STICKY_ADDRESS;
        return NULL;
    }
    if (strncmp(value, "cookie=", 7) != 0 || !value[7]) {
        return "is not known; write sticky=cookie, sticky=cookie=NAME or sticky=address";
    }
    *sticky = R307_STICKY_NAMED;
    value = apr_pstrdup(p, value + 7);
    *named = r307_slice(value, strlen(value));
    for (i = 0; i < named->len; i++) {
        if ((unsigned char)value[i] <= ' ' || strchr("=;,\"", value[i])) {
            return "names no cookie; write sticky=cookie=NAME";
        }
    }
    return NULL;
}

/* Even over 0 to 9 999. */
static int place_of(apr_uint64_t h)
{
    return (int)(((h >> 32) * R307_SHARE_ALL) >> 32);
}

static const char *cookie_name(apr_pool_t *p, apr_uint64_t group)
{
    return apr_psprintf(p, "redirect307-%08x", (unsigned)(group & 0xFFFFFFFFu));
}

static const char *cookie_value(apr_pool_t *p, int place, apr_uint32_t member)
{
    return apr_psprintf(p, "%04d.%08x", place, (unsigned)member);
}

/* "4711.0badcafe", as cookie_value wrote it. Visitors who write it themselves choose their
 * side, as they may by removing the cookie. */
static int read_value(r307_slice_t value, r307_stand_t *stand)
{
    apr_uint32_t member = 0;
    long place;
    size_t i;

    if (value.len != 13 || value.s[4] != '.') {
        return 0;
    }
    place = r307_text_number(r307_slice(value.s, 4), R307_SHARE_ALL - 1);
    for (i = 5; i < 13; i += 2) {
        int byte = r307_text_hex2(value.s + i, 2);

        if (byte < 0) {
            return 0;
        }
        member = member << 8 | (apr_uint32_t)byte;
    }
    stand->place = (int)place;
    stand->member = member;
    stand->is_kept = place >= 0;
    return stand->is_kept;
}

static void stand_by_address(apr_uint64_t group, const r307_view_t *view,
                             r307_stand_t *stand)
{
    static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };
    r307_ip_t ip;
    int is_v4;

    if (!view->client || !r307_ip_parse(r307_slice(view->client, strlen(view->client)),
                                        &ip)) {
        return;
    }
    is_v4 = memcmp(ip.byte, mapped, sizeof(mapped)) == 0;
    /* a household has one IPv6 network of 64 bits and changes its address in it daily */
    stand->place = place_of(r307_hash_stable(group, (const char *)ip.byte,
                                            is_v4 ? sizeof(ip.byte) : 8));
}

void r307_share_stand(const r307_share_t *share, apr_uint64_t group,
                      const r307_view_t *view, r307_vary_t *vary, r307_stand_t *stand)
{
    const char *name;
    r307_slice_t value;

    stand->place = -1;
    stand->member = 0;
    stand->is_kept = 0;
    if (view->stands) {
        stand->place = view->stands - 1;
        return;
    }
    if (share->sticky == R307_STICKY_ADDRESS) {
        vary->is_hidden = 1;
        stand_by_address(group, view, stand);
        return;
    }
    r307_vary_add(vary, "Cookie");
    name = share->sticky == R307_STICKY_NAMED ? NULL : cookie_name(vary->p, group);
    value = r307_cookie_find(view->ops->header(view->baton, "Cookie"),
                             name ? r307_slice(name, strlen(name)) : share->named);
    if (share->sticky == R307_STICKY_NAMED) {
        stand->place = value.s ? place_of(r307_hash_stable(group, value.s, value.len)) : -1;
    }
    else if (!read_value(value, stand)) {
        stand->place = place_of(r307_hash_spread(view->ops->roll(view->baton) ^ group));
    }
}

void r307_share_keep(const r307_share_t *share, apr_uint64_t group,
                     const r307_view_t *view, apr_uint32_t member,
                     const r307_stand_t *stand, r307_vary_t *vary)
{
    r307_cookie_t cookie;

    if (share->sticky != R307_STICKY_COOKIE
        || (stand->is_kept && stand->member == member)) {
        return;
    }
    cookie.name = cookie_name(vary->p, group);
    cookie.value = cookie_value(vary->p, stand->place, member);
    cookie.path = "/";
    cookie.is_secure = strcmp(r307_view_scheme(view), "https") == 0;
    cookie.now = view->now;
    cookie.until = share->until ? share->until
                                : view->now + apr_time_from_sec(KEPT_DAYS * 86400);
    r307_vary_cookie(vary, r307_cookie_print(vary->p, &cookie));
}
