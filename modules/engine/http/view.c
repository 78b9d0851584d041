/* SPDX-License-Identifier: Apache-2.0 */
#include "http/view.h"

#include <string.h>
#include <apr_strings.h>

#define NAMES_MOST 1000

void r307_vary_cookie(r307_vary_t *vary, const char *cookie)
{
    int i;

    if (!vary->cookies) {
        vary->cookies = apr_array_make(vary->p, 2, sizeof(const char *));
    }
    for (i = 0; i < vary->cookies->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(vary->cookies, i, const char *), cookie) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(vary->cookies, const char *) = cookie;
}

void r307_vary_add(r307_vary_t *vary, const char *name)
{
    size_t len = strlen(name);
    const char *s = vary->names;

    if (s && strlen(s) > NAMES_MOST) {
        vary->names = "*";      /* RFC 9110 12.5.5: nobody can tell from the headers */
    }
    if (s && *vary->names == '*') {
        return;
    }
    while (s) {
        size_t n = strcspn(s, ",");

        if (r307_text_same_fold(s, n, name, len)) {
            return;
        }
        s = s[n] ? s + n + 2 : NULL;
    }
    vary->names = vary->names ? apr_pstrcat(vary->p, vary->names, ", ", name, NULL)
                              : apr_pstrdup(vary->p, name);
}
