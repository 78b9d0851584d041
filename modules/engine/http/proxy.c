/* SPDX-License-Identifier: Apache-2.0 */
#include "http/proxy.h"

#include <string.h>

#include "http/url.h"

/* "proto" in the first element of Forwarded (RFC 7239 section 4): pairs at ';', a value may
 * be quoted. */
static r307_slice_t forwarded_proto(const char *s)
{
    while (s && *s && *s != ',') {
        size_t name = strcspn(s, "=;,"), len;
        const char *value = s + name + (s[name] == '=');
        int quoted = *value == '"';

        value += quoted;
        len = strcspn(value, quoted ? "\"" : ";,");
        if (r307_text_same_fold(s, name, "proto", 5)) {
            return r307_slice(value, len);
        }
        s = value + len + (quoted && value[len] == '"');
        s += strspn(s, "; \t");
    }
    return r307_slice("", 0);
}

static const char *look(const r307_view_t *view, r307_vary_t *vary, const char *name)
{
    r307_vary_add(vary, name);
    return view->ops->header(view->baton, name);
}

int r307_proxy_says_https(const r307_view_t *view, r307_vary_t *vary)
{
    const char *proto = look(view, vary, "X-Forwarded-Proto");
    r307_slice_t said = forwarded_proto(look(view, vary, "Forwarded"));

    return (proto && r307_text_same_fold(proto, strcspn(proto, ", "), "https", 5))
        || r307_text_same_fold(said.s, said.len, "https", 5);
}

static int is_host(const char *s, size_t len, r307_slice_t host, long port)
{
    const char *colon = len && s[0] == '[' ? memchr(s, ']', len) : s;
    long its;

    colon = colon ? memchr(colon, ':', len - (size_t)(colon - s)) : NULL;
    its = colon ? r307_url_port(r307_slice(colon + 1, len - (size_t)(colon + 1 - s))) : 0;
    return len && r307_url_same_host(r307_slice(s, colon ? (size_t)(colon - s) : len), host)
        && (its == 0 || its == port || (port == 0 && (its == 80 || its == 443)));
}

int r307_proxy_says_host(const r307_view_t *view, r307_vary_t *vary, r307_slice_t host,
                         long port)
{
    const char *name = look(view, vary, "X-Forwarded-Host");

    return name && is_host(name, strcspn(name, ", "), host, port);
}
