/* SPDX-License-Identifier: Apache-2.0
 *
 * view: all that the engine may know of one request. Whoever asks (a hook, redirect307ctl,
 * a test) fills it in; the engine has no other way to the outside.
 */
#ifndef R307_VIEW_H
#define R307_VIEW_H

#include <apr_tables.h>
#include <apr_time.h>
#include "http/path.h"
#include "http/query.h"

/* An ap_expr the rule carries. The engine keeps its text and, untouched, what the host
 * made of it at load. */
typedef struct r307_expr_t {
    const char *text;
    const void *compiled;
} r307_expr_t;

/* What a decision looked at: names of request headers (RFC 9110 12.5.5), without doubles;
 * and what it has the answer take along, whatever that is. */
typedef struct r307_vary_t {
    apr_pool_t *p;
    const char *names;      /* "A, B", or NULL */
    int is_hidden;          /* it looked at what no header tells: nobody else may get it */
    apr_array_header_t *cookies;    /* of const char *, values of Set-Cookie; or NULL */
} r307_vary_t;

void r307_vary_add(r307_vary_t *vary, const char *name);
/* The same text is added once. */
void r307_vary_cookie(r307_vary_t *vary, const char *cookie);

typedef struct r307_self_t {
    const char *scheme;     /* "http" or "https", as httpd itself says */
    const char *host;       /* lower-case or as configured; IPv6 in brackets */
    int port;               /* never 0, where it is known: see r307_view_t.asked */
} r307_self_t;

struct r307_image_t;
struct r307_trail_t;         /* index/index.h */

typedef struct r307_view_ops_t {
    /* Value of the request header, several lines joined by ", "; NULL when absent. */
    const char *(*header)(void *baton, const char *name);
    /* Environment of the request (SetEnvIf); NULL when unset. */
    const char *(*env)(void *baton, const char *name);
    /* 1 or 0; -1 when the expression failed. Adds to vary what it looked at. */
    int (*test)(void *baton, const r307_expr_t *expr, r307_vary_t *vary);
    /* The string it stands for; NULL when it failed. Adds to vary what it looked at. */
    const char *(*string)(void *baton, const r307_expr_t *expr, r307_vary_t *vary);
    /* This server by UseCanonicalName rules. */
    void (*self)(void *baton, r307_self_t *self);
    /* The image a map is at: the same one for the whole request; NULL: none was ever
     * loaded. Asked only where there are maps. */
    const struct r307_image_t *(*image)(void *baton, const void *map);
    /* Who logged in; NULL: nobody. */
    const char *(*user)(void *baton);
    /* 1 when there is something to serve, 0 when not, -1 when it is not known here. */
    int (*file)(void *baton);
    /* Whether the flag file exists, -1 when it is not known here; `flag` is what the host
     * made of its name at load. */
    int (*flag)(void *baton, const void *flag);
    /* A random number, the same one for all of one request. */
    apr_uint64_t (*roll)(void *baton);
    /* The origin's other half, where view->asked says no scheme, else NULL: asked for where a
     * decision depends on it, which is seldom. */
    const char *(*scheme)(void *baton);
    int (*port)(void *baton);
} r307_view_ops_t;

typedef struct r307_view_t {
    const r307_path_t *path;
    r307_slice_t query;     /* raw; absent without '?' */
    const char *method;
    const char *client;     /* its address, numeric; NULL: not known */
    int login_ahead;        /* nobody was asked for a password yet: user= has to wait */
    int stands;             /* in all shares (percent=): a place from 0 to 9 999, plus one, as a
                             * test says it; 0: where cookie, address or a roll tell */
    apr_time_t now;         /* when the request came; what has an end is measured by it */
    r307_self_t asked;      /* the origin the client asked for: httpd's scheme, the name
                             * of the Host header without port ("" if none), its port; scheme
                             * NULL: this and the port by r307_view_scheme, r307_view_port */
    const r307_view_ops_t *ops;
    void *baton;
    const struct r307_trail_t *walk;     /* of the path, while it is decided; NULL: none */
} r307_view_t;

static inline const char *r307_view_scheme(const r307_view_t *view)
{
    return view->asked.scheme ? view->asked.scheme : view->ops->scheme(view->baton);
}

static inline int r307_view_port(const r307_view_t *view)
{
    return view->asked.scheme ? view->asked.port : view->ops->port(view->baton);
}

#endif
