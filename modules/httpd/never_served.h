/* SPDX-License-Identifier: Apache-2.0
 *
 * never_served: files that rules use are never served: maps, images, flags. In the
 * document root anyone could read them.
 */
#ifndef R307_HTTPD_NEVER_SERVED_H
#define R307_HTTPD_NEVER_SERVED_H

#include <httpd.h>
#include <http_config.h>
#include <apr_hash.h>
#include "file/open_below.h"
#include "conf/place_config.h"

/* Called while the directive that names the file is read; `path` is the full one, and
 * lives in cmd->pool. A file of httpd.conf is hidden wherever it is asked for, one of
 * .htaccess below its directory. What flag= of a rule of .htaccess names is in the
 * tally of its block. */
void r307_never_served_add(cmd_parms *cmd, r307_config_t *conf, const char *path);

struct r307_store_t;

/* What a request needs of httpd.conf's files: each server's configuration of this module. */
typedef struct r307_hidden_t {
    apr_hash_t *names;          /* NULL: there are none */
    apr_uint64_t endings;       /* the last byte of each, as a bit */
    struct r307_store_t *store;
} r307_hidden_t;

/* Makes one table of httpd.conf's files, for all servers. */
void r307_never_served_make(apr_pool_t *pconf, server_rec *s, struct r307_store_t *store);

/* Whether the request, or subrequest, has come to such a file. */
int r307_never_served_test(request_rec *r, const r307_config_t *conf,
                           const r307_hidden_t *hidden);
/* 0: it has not, as nothing is hidden there: most servers have no such file. */
static inline int r307_never_served_may(const r307_config_t *conf, const r307_hidden_t *hidden)
{
    return hidden->names || conf->hidden || conf->late;
}

/* Whether a file that is opened without asking anybody is one. */
int r307_never_served_file(request_rec *r, const char *path, const r307_folder_t *as);

#endif
