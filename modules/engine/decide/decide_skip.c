/* SPDX-License-Identifier: Apache-2.0
 *
 * decide_skip: the paths that no rule touches, and why a rule was passed over, in words. */
#include "decide/decide.h"

#include <string.h>

apr_array_header_t *r307_exempt_default(apr_pool_t *p)
{
    static const char *const paths[] = {
        "/.well-known/acme-challenge/", "/.well-known/pki-validation/"
    };
    apr_array_header_t *exempt = apr_array_make(p, 4, sizeof(r307_slice_t));
    size_t i;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        APR_ARRAY_PUSH(exempt, r307_slice_t) = r307_slice(paths[i], strlen(paths[i]));
    }
    return exempt;
}

r307_slice_t r307_exempt_find(const apr_array_header_t *exempt, const r307_path_t *path)
{
    int i;

    for (i = 0; exempt && i < exempt->nelts; i++) {
        r307_slice_t entry = APR_ARRAY_IDX(exempt, i, r307_slice_t);

        if (r307_path_below(path->dec, path->len, entry.s, entry.len, 0)) {
            return entry;
        }
    }
    return r307_slice(NULL, 0);
}

static const char *const step_texts[R307_SKIP_COUNT] = {
    [R307_SKIP_EARLY] = "its time has not come",
    [R307_SKIP_ENDED] = "its time is over",
    [R307_SKIP_LIMIT] = "it is past a limit",
    [R307_SKIP_HOSTS] = "the request would choose its host, and no Redirect307AllowHosts "
                        "names one that could come out",
    [R307_SKIP_CONDITION] = "a condition does not hold",
    [R307_SKIP_PREFLIGHT] = "the request is a CORS preflight, and method= does not name "
                            "OPTIONS",
    [R307_SKIP_EXEMPT] = "the path is exempt, and the source does not name it",
    [R307_SKIP_SELF] = "the result is the request's own URL",
    [R307_SKIP_OWN_TARGET] = "its own target was asked for",
    [R307_SKIP_PROXIED] = "it only leads to another host, and the proxy in front says that "
                          "the client is there already",
    [R307_SKIP_BALANCER] = "it only adds https, and the proxy in front says that the "
                           "client already has it"
};

const char *r307_skip_text(r307_skip_t step)
{
    return step_texts[step];
}
