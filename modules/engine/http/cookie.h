/* SPDX-License-Identifier: Apache-2.0
 *
 * cookie: one cookie out of a Cookie header, one line for Set-Cookie (RFC 6265).
 */
#ifndef R307_COOKIE_H
#define R307_COOKIE_H

#include <apr_time.h>
#include "http/view.h"

/* The cookie at the beginning of the header's text; what follows it. name is empty when
 * there is none before the next ';'. Surrounding quotes are left away. */
const char *r307_cookie_next(const char *header, r307_slice_t *name, r307_slice_t *value);

/* Value of the first cookie of this name; absent when there is none. header may be NULL. */
r307_slice_t r307_cookie_find(const char *header, r307_slice_t name);

typedef struct r307_cookie_t {
    const char *name, *value;
    const char *path;       /* encoded, begins with '/' */
    int is_secure;
    apr_time_t now, until;  /* until 0: as long as the browser is open; not after now: the
                             * cookie is taken away */
} r307_cookie_t;

/* HttpOnly and SameSite=Lax always. */
const char *r307_cookie_print(apr_pool_t *p, const r307_cookie_t *cookie);

#endif
