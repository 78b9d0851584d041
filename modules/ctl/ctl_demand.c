/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_demand.h"

#include <string.h>
#include <apr_strings.h>

int ctl_demand_is_any(const ctl_demand_t *demand)
{
    return demand->hops || demand->https_only || demand->no_foreign;
}

static r307_slice_t without_www(r307_slice_t host)
{
    return host.len > 4 && r307_text_same_fold(host.s, 4, "www.", 4)
        ? r307_slice(host.s + 4, host.len - 4) : host;
}

/* The same host, one below the other, or www. of it. */
static int is_own_host(r307_slice_t a, r307_slice_t b)
{
    r307_slice_t swap;

    a = without_www(a);
    b = without_www(b);
    if (a.len < b.len) {
        swap = a;
        a = b;
        b = swap;
    }
    return r307_url_same_host(r307_slice(a.s + a.len - b.len, b.len), b)
        && (a.len == b.len || a.s[a.len - b.len - 1] == '.');
}

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

const char *ctl_demand_broken(apr_pool_t *p, const ctl_demand_t *demand,
                              const r307_case_result_t *result)
{
    const char *location = result->came.location, *host;
    r307_url_t url;

    if (result->came.outcome != R307_OUTCOME_ANSWER || !location) {
        return NULL;
    }
    host = result->view->self.host;
    r307_url_split(location, strlen(location), &url);
    if (demand->https_only && url.host.s && !r307_text_same_fold(url.scheme.s, url.scheme.len,
                                                                 "https", 5)) {
        return apr_psprintf(p, "%s is not https", show(p, location));
    }
    if (demand->no_foreign && url.host.s
        && !is_own_host(url.host, r307_slice(host, strlen(host)))) {
        return apr_psprintf(p, "%s is another site than %s%s", show(p, location),
                            show(p, host), strcmp(host, R307_CASE_HOST_USUAL) == 0
                            ? ", as nobody said which site this is: --with host=NAME" : "");
    }
    return demand->hops && (result->hops > demand->hops || result->is_circle) ? result->why
                                                                              : NULL;
}
