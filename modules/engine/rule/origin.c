/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/origin.h"

#include <string.h>
#include <apr_strings.h>

#include "http/idn.h"
#include "http/url.h"

/* Commas, and blanks beside them, as one blank. */
static const char *with_spaces(apr_pool_t *p, const char *text)
{
    char *to = apr_pstrdup(p, text), *begin = to;

    for (; *text; text++) {
        if (*text != ',' && *text != ' ') {
            *to++ = *text;
        }
        else if (to > begin && to[-1] != ' ') {
            *to++ = ' ';
        }
    }
    *(to > begin && to[-1] == ' ' ? to - 1 : to) = '\0';
    return *begin ? begin : "none";
}

/* What of an address is an origin. */
static const char *origin_in(apr_pool_t *p, const r307_origin_t *origin,
                             const r307_url_t *url)
{
    const char *text = apr_pstrcat(p, origin->scheme.s ? r307_slice_text(p, origin->scheme)
                                                       : "",
                                   origin->scheme.s ? "://" : "", origin->below ? "*." : "",
                                   r307_slice_text(p, url->host),
                                   url->port.len ? ":" : "",
                                   url->port.len ? r307_slice_text(p, url->port) : "", NULL);

    return url->host.len ? r307_text_show(p, text, strlen(text)) : "www.example.com";
}

const char *r307_origin_parse(apr_pool_t *p, const char *text, r307_origin_t *origin)
{
    const char *shown = r307_text_show(p, text, strlen(text)), *rest, *bad, *spaced;
    r307_url_t url;
    long port;
    char *s;

    memset(origin, 0, sizeof(*origin));
    if (strchr(text, ',')) {
        spaced = with_spaces(p, text);
        return apr_psprintf(p, "'%s' holds a comma, and hosts have spaces between them; "
                            "write %s", shown, r307_text_show(p, spaced, strlen(spaced)));
    }
    text = r307_idn_host(p, text);
    rest = strstr(text, "://");
    if (rest) {
        origin->scheme = r307_slice(apr_pstrdup(p, text), (size_t)(rest - text));
        if (!r307_url_default_port(origin->scheme)) {
            return apr_psprintf(p, "'%s' has a scheme that is not http or https", shown);
        }
        text = rest + 3;
    }
    if (strncmp(text, "*.", 2) == 0) {
        origin->below = 1;
        text += 2;
    }
    r307_url_split(apr_pstrcat(p, "//", text, NULL), strlen(text) + 2, &url);
    if (url.path.len || url.query.s || url.fragment.s || url.userinfo.s) {
        return apr_psprintf(p, "'%s' is more than an origin; write %s", shown,
                            origin_in(p, origin, &url));
    }
    bad = r307_url_check_host(url.host);
    port = r307_url_port(url.port);
    if (bad || port < 0) {
        return apr_psprintf(p, "host of '%s' %s", shown,
                            bad ? bad : "has a port that is not a number from 1 to 65535");
    }
    s = r307_slice_text(p, url.host);
    origin->host = r307_slice(s, url.host.len);
    for (; *s; s++) {
        *s = r307_text_lower(*s);
    }
    origin->host.len -= origin->host.len > 1
        && origin->host.s[origin->host.len - 1] == '.';
    origin->port = (int)port;
    return NULL;
}

static int is_host_of(const r307_origin_t *origin, r307_slice_t host)
{
    size_t more;

    host.len -= host.len > 1 && host.s[host.len - 1] == '.';
    if (!origin->below) {
        return r307_url_same_host(origin->host, host);
    }
    if (host.len <= origin->host.len + 1) {
        return 0;
    }
    more = host.len - origin->host.len;
    return host.s[more - 1] == '.'
        && r307_text_same_fold(host.s + more, origin->host.len, origin->host.s,
                               origin->host.len);
}

int r307_origin_allows(const apr_array_header_t *allow, r307_slice_t scheme,
                       r307_slice_t host, int port)
{
    int standard = r307_url_default_port(scheme), i;

    port = port ? port : standard;
    for (i = 0; allow && i < allow->nelts; i++) {
        const r307_origin_t *origin = &APR_ARRAY_IDX(allow, i, r307_origin_t);

        if (is_host_of(origin, host) && port == (origin->port ? origin->port : standard)
            && (!origin->scheme.s
                || r307_text_same_fold(origin->scheme.s, origin->scheme.len, scheme.s,
                                       scheme.len))) {
            return 1;
        }
    }
    return 0;
}
