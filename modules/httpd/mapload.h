/* SPDX-License-Identifier: Apache-2.0
 *
 * mapload: the file of a Redirect307Map line: which version of it is there, whether it
 * may be read, and its bytes made into an image. Knows nothing of requests and shares
 * nothing: what is built lies in memory of this process until it is written somewhere.
 */
#ifndef R307_HTTPD_MAPLOAD_H
#define R307_HTTPD_MAPLOAD_H

#include <httpd.h>
#include "map/map_line.h"
#include "file/open_below.h"
#include "shared/arena.h"

/* One Redirect307Map line. Of httpd.conf: made once. Of a .htaccess: made for a request,
 * and again for who builds it. */
typedef struct r307_mapref_t {
    r307_mapdef_t def;
    const char *args;           /* what def was parsed from */
    const char *path;           /* of the file */
    const char *directory;      /* of the .htaccess, which the file must not leave; NULL:
                                 * httpd.conf */
    const char *htaccess;       /* that file */
    r307_folder_t folder;       /* the directory as the request found it: another one of
                                 * that name is none */
    int no_links;               /* to the directory only links that may be trusted lead */
    r307_slice_t key;           /* tells maps apart; the same one shares an image */
    r307_place_t place;         /* of the line */
    server_rec *server;         /* whose log it is */
    apr_uint32_t lines_most;    /* 0: no limit */
    apr_uint64_t size_most;
    apr_int64_t regex_most;     /* as R307_LIMIT_REGEX says */
    int is_alone;               /* the server never was root: who owns its files is the
                                 * one it runs as, and nobody is to be kept out */
    apr_uint64_t seed;          /* of httpd.conf: of the index, so that one walk over a path
                                 * does for all of them; 0: one of its own */
    int slot;                   /* of httpd.conf: in the arena, -1: none; else unused */
    int number;                 /* of httpd.conf: from 0, the same for lines of one map */
    apr_uint64_t hash;          /* of httpd.conf: of its key, r307_arena_key */
    const apr_array_header_t *beside;   /* of httpd.conf: all maps of the place, r307_map_t */
    struct r307_mapjoin_t *join;        /* of httpd.conf, once there is a store; else NULL */
    struct r307_store_t *store; /* of httpd.conf, once there is one; else NULL */
    int handed;                 /* the file, opened by who may, and one; 0: by its name; -1:
                                 * who asks cannot open it either */
} r307_mapref_t;

/* In p, which the copy needs for its life. */
r307_mapref_t *r307_mapref_copy(apr_pool_t *p, const r307_mapref_t *ref);

typedef enum {
    R307_MAPFILE_FINE,
    R307_MAPFILE_BAD,           /* there is none, or it may not be used */
    R307_MAPFILE_CLOSED,        /* this process may not open it */
    R307_MAPFILE_LATER          /* it could not be looked at now: no descriptor, no memory */
} r307_mapfile_t;

/* The state of the file; *problem: why it cannot be used. */
r307_mapfile_t r307_mapload_state(apr_pool_t *p, const r307_mapref_t *ref,
                                  r307_filestate_t *of, const char **problem);
/* Whether a map of httpd.conf is still the file in that state, once it was found to be fine, and
 * can be opened; where r307_mapload_state opens every directory on the way. */
int r307_mapload_stands(const r307_mapref_t *ref, const r307_filestate_t *of);
/* The file as the one who asks for the map may open it, to be handed over; -1: not even
 * so. To be closed. */
int r307_mapload_open(apr_pool_t *p, const r307_mapref_t *ref);

typedef struct r307_loaded_t {
    apr_pool_t *scratch;        /* what was built lies here */
    r307_filestate_t of;        /* the file that was read; inode 0: none was opened */
    const char *problem;        /* in p; NULL: it is built */
    int is_changing;            /* it is not the state that was wanted, or changed while it
                                 * was read, or could not be read now */
    size_t len;                 /* of the image */
    r307_mapresult_t result;
    char *bytes;                /* of the file, from r307_large_make, */
    size_t room;                /* of so many */
    int is_image;               /* these are one */
    char *apart;                /* the image that was made of them, malloc; NULL: it is made
                                 * where it is to stand */
} r307_loaded_t;

/* Reads the file in the state `wanted` and no other, and builds. is_over: asked now and
 * then, or NULL. To be freed. */
void r307_mapload_build(apr_pool_t *p, const r307_mapref_t *ref,
                        const r307_filestate_t *wanted, int (*is_over)(void *baton),
                        void *baton, r307_loaded_t *loaded);
/* Makes the image in memory of this process: for who writes where others can write at the
 * same time, and must not read there. 0: there is no memory. */
int r307_mapload_make(r307_loaded_t *loaded);
/* Puts the image, of `len` bytes, into a version that was reserved for the key. */
void r307_mapload_write(const r307_loaded_t *loaded, r307_slice_t key,
                        r307_mapversion_t *version);
void r307_mapload_free(r307_loaded_t *loaded);

/* Reads, builds, and forgets: NULL, or why the map has no rules. Its bad lines are said. */
const char *r307_mapload_try(apr_pool_t *p, const r307_mapref_t *ref);

/* For the parent: a compiled image mapped for as long as p lives. NULL when the file is
 * no image, or with *problem. */
const void *r307_mapload_map(apr_pool_t *p, const r307_mapref_t *ref,
                             r307_filestate_t *of, const char **problem);

#endif
