/* SPDX-License-Identifier: Apache-2.0 */
#include "http/cookie.h"

#include <string.h>
#include <apr_strings.h>
#include "base/datetime.h"

static r307_slice_t trim(r307_slice_t text)
{
    while (text.len && (*text.s == ' ' || *text.s == '\t')) {
        text.s++;
        text.len--;
    }
    while (text.len
           && (text.s[text.len - 1] == ' ' || text.s[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

const char *r307_cookie_next(const char *header, r307_slice_t *name, r307_slice_t *value)
{
    size_t n = strcspn(header, ";"), sign = strcspn(header, "=;");

    *name = r307_slice(header, 0);
    *value = r307_slice(NULL, 0);
    if (sign < n) {
        *name = trim(r307_slice(header, sign));
        *value = trim(r307_slice(header + sign + 1, n - sign - 1));
        if (value->len >= 2 && value->s[0] == '"' && value->s[value->len - 1] == '"') {
            *value = r307_slice(value->s + 1, value->len - 2);
        }
    }
    return header + n + (header[n] == ';');
}

r307_slice_t r307_cookie_find(const char *header, r307_slice_t name)
{
    while (header && *header) {
        r307_slice_t found, value;

        header = r307_cookie_next(header, &found, &value);
        if (value.s && r307_slice_same(found, name)) {
            return value;
        }
    }
    return r307_slice(NULL, 0);
}

const char *r307_cookie_print(apr_pool_t *p, const r307_cookie_t *cookie)
{
    const char *ends = "";

    if (cookie->until) {
        apr_time_t left = cookie->until > cookie->now ? cookie->until - cookie->now : 0;

        ends = apr_psprintf(p, "; Max-Age=%" APR_TIME_T_FMT "; Expires=%s",
                            apr_time_sec(left),
                            r307_time_http(p, left ? cookie->until : 0));
    }
    return apr_pstrcat(p, cookie->name, "=", cookie->value, "; Path=", cookie->path, ends,
                       "; HttpOnly; SameSite=Lax", cookie->is_secure ? "; Secure" : "",
                       NULL);
}
