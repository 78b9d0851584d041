/* SPDX-License-Identifier: Apache-2.0
 *
 * store: the maps of this server: which image each one is at, in every process. Maps of
 * httpd.conf are loaded by the parent before the first request; those of .htaccess by the
 * first request that needs one. Afterwards a thread of each child looks whether files
 * changed (each file once a second at most, over all processes), builds aside and follows
 * what others built: a request takes what is there and waits for nothing.
 */
#ifndef R307_HTTPD_STORE_H
#define R307_HTTPD_STORE_H

#include "httpd/mapload.h"

struct r307_image_t;
struct r307_state_t;
struct r307_store_t;

/* pre_config: gives the mutex its name, so that the directive Mutex reaches it. */
void r307_store_register(apr_pool_t *pconf);

/* A map of httpd.conf, while that is read; ref lives in pconf. */
void r307_store_add(apr_pool_t *pconf, r307_mapref_t *ref);

/* The second post_config: makes the arena and loads what was added. arena_size 0: each
 * process keeps its own copies. */
apr_status_t r307_store_make(apr_pool_t *pconf, apr_pool_t *ptemp, server_rec *s,
                             apr_int64_t arena_size);
void r307_store_join(apr_pool_t *pchild, server_rec *s);
/* After r307_store_make; NULL before. A look-up: not for every request. */
struct r307_store_t *r307_store_find(const server_rec *s);
/* In the parent: a child is gone. */
void r307_store_bury(server_rec *s, pid_t pid);

/* The image the map is at, the same one for all of a request; NULL: none was ever loaded.
 * It stays what it is until the request's pool goes. */
const struct r307_image_t *r307_store_image(request_rec *r, const r307_mapref_t *ref);
/* Whether the image it is at now may hold a rule for the path: see r307_index_may. */
int r307_store_may(const r307_mapref_t *ref, const char *path, size_t len);
/* Whether that file is one whose rules are loaded. */
int r307_store_is_map(struct r307_store_t *store, apr_dev_t device, apr_ino_t inode);
/* Ends that sooner, where no rule of a map is used any more. */
void r307_store_release(request_rec *r, struct r307_state_t *state);

#endif
