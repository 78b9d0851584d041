/* SPDX-License-Identifier: Apache-2.0
 *
 * case_view: the request that a case describes, as the engine asks about it. What the case
 * does not say is not there: no header, cookie, variable, user and flag; what can only be
 * known (a file, an expression, a roll) is told as lacking.
 */
#ifndef R307_CASE_VIEW_H
#define R307_CASE_VIEW_H

#include "case/case_line.h"

/* Who asks where a case says nothing: an address of nobody's (RFC 2544). */
#define R307_CASE_CLIENT_USUAL "198.18.0.1"
#define R307_CASE_HOST_USUAL   "localhost"

typedef struct r307_case_view_t {
    apr_pool_t *p;
    const r307_case_t *c;
    r307_view_t view;           /* its baton is this */
    r307_self_t self;
    const char *cookie;         /* all cookies as a header; NULL: none */
    const char *url;            /* complete, as it is asked */
    unsigned lacks;             /* a bit for each key that was asked for and is not said */
    int is_behind;              /* a redirect led here: the file is another one */
    /* The name of a flag as its rule writes it, by what the host made of it. */
    const char *(*flag_name)(const void *flag);
} r307_case_view_t;

/* base: what a relative URL is read at, ending with '/'; absent: the URL must not be relative.
 * The view lives in p and must not move. NULL, or what is wrong with the URL. */
const char *r307_case_view_make(apr_pool_t *p, const r307_case_t *c, apr_time_t now,
                                r307_slice_t base,
                                const char *(*flag_name)(const void *flag),
                                r307_case_view_t *view);

/* What a browser asks when it follows an answer: 1 and *to; 0 when that is another host's.
 * cookies: of Set-Cookie, or NULL. */
int r307_case_view_follow(const r307_case_view_t *from, int status, const char *location,
                          const apr_array_header_t *cookies, r307_case_view_t *to);

/* Whether a Location leads to the same page, by a scheme or on a host that the case does not
 * say: most sites send everybody to their own. */
int r307_case_view_moves(const r307_case_view_t *view, const char *location);

/* Whether two references mean the same when they are read at this request. */
int r307_case_same_url(apr_pool_t *p, const r307_case_view_t *view, const char *a,
                       const char *b);

#endif
