/* SPDX-License-Identifier: Apache-2.0
 *
 * cookie: one cookie out of a Cookie header, one line for Set-Cookie (RFC 6265), and the
 * link that sets one: who opens ?name=KEY is in from then on, until ?name=off.
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

typedef struct r307_link_t {
    const char *name;       /* of the parameter */
    r307_slice_t key;
    const char *cookie;     /* its name */
    const char *token;      /* its value, from name and key: ten servers agree, and the
                             * key itself is not kept by browsers */
} r307_link_t;

typedef enum {
    R307_LINK_OUT,
    R307_LINK_IN,           /* has the cookie */
    R307_LINK_ENTERS,       /* GET or HEAD with ?name=KEY */
    R307_LINK_LEAVES        /* GET or HEAD with ?name=off */
} r307_link_state_t;

/* "name=KEY". NULL; or why it is none and what to write, to stand behind "x='value' ". */
const char *r307_link_parse(apr_pool_t *p, const char *value, r307_link_t *link);

/* Adds Cookie to vary when the cookie was looked at. */
r307_link_state_t r307_link_state(const r307_link_t *link, const r307_view_t *view,
                                  const r307_query_t *query, r307_vary_t *vary);

/* Marks the parameters that bring the key, whatever the method is and whether or not it
 * counts now: it shall go to nobody. */
void r307_link_mark(const r307_link_t *link, const r307_query_t *query);

/* The request's own path and query without the parameter, so that the key stays in no
 * address bar, bookmark or Referer. Encoded, fit for Location. */
const char *r307_link_location(apr_pool_t *p, const r307_link_t *link,
                               const r307_view_t *view, const r307_query_t *query);

#endif
