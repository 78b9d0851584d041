/* SPDX-License-Identifier: Apache-2.0
 *
 * store: the maps of this server: which image each one is at, in every process.
 *
 *     parent    at a start reads the maps of httpd.conf into the arena, at a restart those
 *               that are new or changed and small, then begins
 *     builder   looks at the files of maps in use, builds, publishes     (builder.h)
 *     child     asks for a map that has no version, and waits a second at most; takes
 *               what is there without waiting                            (take.c)
 *               one thread follows what the builder publishes            (follow.c)
 *
 * Only one of them writes the arena at a time: see arena.h for who may write which word.
 * Where it is not shared (Redirect307Arena off, -X), each process does all of it by itself,
 * in its one thread. A request takes what is there and reads no file, and builds nothing.
 */
#ifndef R307_HTTPD_STORE_H
#define R307_HTTPD_STORE_H

#include "httpd/mapload.h"

struct r307_image_t;
struct r307_rule_t;
struct r307_state_t;
struct r307_store_t;

/* A map of httpd.conf, while that is read; ref lives in pconf. */
void r307_store_add(apr_pool_t *pconf, r307_mapref_t *ref);

/* What would be said of the maps that were added, if they were loaded now: for -t. */
void r307_store_try(apr_pool_t *pconf);

/* The second post_config: makes the arena, or goes on with that of the last generation, and
 * loads what was added. arena_size 0: each process keeps its own copies. */
apr_status_t r307_store_make(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s,
                             apr_int64_t arena_size);
/* Behind all of post_config, and of what is thrown away then: begins who builds. It has all of
 * the parent's memory, each page of which is copied from here on when the parent writes it. */
void r307_store_begin(apr_pool_t *pconf, server_rec *s, apr_int64_t arena_size);
void r307_store_join(apr_pool_t *pchild, server_rec *s);
/* After r307_store_make; NULL before. A look-up: not for every request. */
struct r307_store_t *r307_store_find(const server_rec *s);
/* Whether there is a builder, for all processes. */
int r307_store_is_shared(const server_rec *s);
/* In the parent: a child is gone. */
void r307_store_bury(server_rec *s, pid_t pid);

/* The image the map is at, the same one for all of a request; NULL: none was ever loaded.
 * It stays what it is until the request's pool goes. */
const struct r307_image_t *r307_store_image(request_rec *r, const r307_mapref_t *ref);
/* What is wrong with a rule, and what follows, if it is of a map of a .htaccess that this
 * request asked: said once for each version of the map and each `why`, of the first such
 * line that is met. */
void r307_store_say(request_rec *r, const struct r307_rule_t *rule, const char *why,
                    const char *then);
/* The maps of httpd.conf, by numbers from 0; NULL: there are no more. Lines that name one map
 * have one `number`. */
const r307_mapref_t *r307_store_listed(const server_rec *s, int number);

/* What there is to tell of a map of httpd.conf, as it is in the arena. */
typedef struct r307_maptold_t {
    int is_there, is_refused;   /* it has rules; its file was found wrong since */
    apr_uint32_t bad;           /* lines that are none */
    apr_time_t written;         /* the file that was read; 0: not known */
    int versions;               /* that it is and was at, the one in use first */
    r307_mapwas_t was[R307_MAP_VERSIONS];
} r307_maptold_t;

void r307_store_tell(const r307_mapref_t *ref, r307_maptold_t *told);

/* Whether that file is one whose rules are loaded. */
int r307_store_is_map(struct r307_store_t *store, apr_dev_t device, apr_ino_t inode);
/* Gives the images back before the request's pool goes, where no rule of a map is used
 * any more. */
void r307_store_release(request_rec *r, struct r307_state_t *state);

#endif
