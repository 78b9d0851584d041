/* SPDX-License-Identifier: Apache-2.0
 *
 * optin_link: the link that lets a visitor in: who opens ?name=KEY is in from then on, by a
 * cookie, until ?name=off. For optin= of rules and link= of a maintenance.
 */
#ifndef R307_OPTIN_LINK_H
#define R307_OPTIN_LINK_H

#include "http/cookie.h"

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

/* Whether a parameter brings the key, in a time that does not tell how much of it is right. */
int r307_link_opens(const r307_link_t *link, const r307_query_t *query);

/* Marks the parameters that bring the key, whatever the method is and whether or not it
 * counts now: it shall go to nobody. Where it is among those that a query keeps together, all of
 * them are. Whether there are any. What is read of them is in p. */
int r307_link_mark(apr_pool_t *p, const r307_link_t *link, const r307_query_t *query);

/* The request's own path and query without the parameter, so that the key stays in no
 * address bar, bookmark or Referer. Encoded, fit for Location. */
const char *r307_link_location(apr_pool_t *p, const r307_link_t *link,
                               const r307_view_t *view, const r307_query_t *query);

#endif
