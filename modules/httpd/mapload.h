/* SPDX-License-Identifier: Apache-2.0
 *
 * mapload: the file of a Redirect307Map line: whether it changed, whether it may be read,
 * and its bytes made into an image in the arena. Knows nothing of requests; whoever calls
 * holds the store's mutex where he builds.
 */
#ifndef R307_HTTPD_MAPLOAD_H
#define R307_HTTPD_MAPLOAD_H

#include <httpd.h>
#include "engine/map.h"
#include "httpd/arena.h"

/* One Redirect307Map line. Of httpd.conf: made once. Of a .htaccess: made for a request,
 * and again for what builds it. */
typedef struct r307_mapref_t {
    r307_mapdef_t def;
    const char *path;           /* of the file */
    const char *directory;      /* of the .htaccess, which the file must not leave; NULL:
                                 * httpd.conf */
    const char *htaccess;       /* that file */
    r307_slice_t key;           /* tells maps apart; the same one shares an image */
    r307_place_t place;         /* of the line */
    server_rec *server;         /* whose log it is */
    apr_uint32_t lines_most;    /* 0: no limit */
    apr_uint64_t size_most;
    apr_int64_t regex_most;     /* as R307_LIMIT_REGEX says */
    int is_alone;               /* the server never was root: who owns its files is the
                                 * one it runs as, and nobody is to be kept out */
    int slot;                   /* of httpd.conf: in the arena, -1: none; else unused */
    struct r307_store_t *store; /* of httpd.conf, once there is one; else NULL */
} r307_mapref_t;

/* In p, which the copy needs for its life. */
r307_mapref_t *r307_mapref_copy(apr_pool_t *p, const r307_mapref_t *ref);

/* A file as it was at one moment. */
typedef struct r307_mapstate_t {
    apr_uint64_t state;         /* a number that changes with it; 0: it cannot be used */
    apr_uint64_t device, inode;
    apr_uint64_t written;       /* microseconds; the last change of the content */
} r307_mapstate_t;

/* NULL, or why the file cannot be used. One open and fstat. */
const char *r307_mapload_state(apr_pool_t *p, const r307_mapref_t *ref,
                               r307_mapstate_t *state);

typedef struct r307_loaded_t {
    r307_mapversion_t *version;    /* to be published; NULL when `problem` says why not */
    r307_mapstate_t of;         /* the file that was read */
    const char *problem;        /* in p */
    int is_changing;            /* the file changed while it was read: try again */
    int is_crowded;             /* there was no room: try again, with the same file too */
} r307_loaded_t;

/* Reads and builds; nothing is published. is_over: asked now and then, or NULL. */
void r307_mapload_build(apr_pool_t *p, r307_arena_t *arena, const r307_mapref_t *ref,
                        int (*is_over)(void *baton), void *baton, r307_loaded_t *loaded);

/* For the parent: a compiled image mapped for as long as p lives. NULL when the file is
 * no image, or with *problem. */
const void *r307_mapload_map(apr_pool_t *p, const r307_mapref_t *ref,
                             r307_mapstate_t *of, const char **problem);

#endif
