/* SPDX-License-Identifier: Apache-2.0
 *
 * view: all that the engine may know of one request. Whoever asks (a hook, redirect307ctl,
 * a test) fills it in; the engine has no other way to the outside.
 */
#ifndef R307_VIEW_H
#define R307_VIEW_H

#include <apr_time.h>
#include "path.h"
#include "query.h"

/* An ap_expr the rule carries. The engine keeps its text and, untouched, what the host
 * made of it at load. */
typedef struct r307_expr_t {
    const char *text;
    const void *compiled;
} r307_expr_t;

/* Names of request headers a decision looked at (RFC 9110 12.5.5), without doubles. */
typedef struct r307_vary_t {
    apr_pool_t *p;
    const char *names;      /* "A, B", or NULL */
} r307_vary_t;

void r307_vary_add(r307_vary_t *vary, const char *name);

typedef struct r307_self_t {
    const char *scheme;     /* "http" or "https", as httpd itself says */
    const char *host;       /* lower-case or as configured; IPv6 in brackets */
    int port;               /* never 0 */
} r307_self_t;

struct r307_image_t;

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
} r307_view_ops_t;

typedef struct r307_view_t {
    const r307_path_t *path;
    r307_slice_t query;     /* raw; absent without '?' */
    const char *method;
    apr_time_t now;         /* when the request came; what has an end is measured by it */
    r307_self_t asked;      /* the origin the client asked for: httpd's scheme, the name
                             * of the Host header without port ("" if none), its port */
    const r307_view_ops_t *ops;
    void *baton;
} r307_view_t;

#endif
