/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/hidden.h"

#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include "httpd/container.h"
#include "httpd/store.h"

extern module AP_MODULE_DECLARE_DATA redirect307_module;

#define USERDATA "mod_redirect307.hidden"

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* Paths are kept by their last segment: a request costs one lookup, however many there
 * are. */
void r307_hidden_add(cmd_parms *cmd, r307_config_t *conf, const char *path)
{
    void *table = NULL;
    apr_array_header_t *paths;

    if (r307_container_is_htaccess(cmd)) {
        if (!conf->hidden) {
            conf->hidden = apr_array_make(cmd->pool, 1, sizeof(const char *));
        }
        APR_ARRAY_PUSH(conf->hidden, const char *) = path;
        return;
    }
    apr_pool_userdata_get(&table, USERDATA, cmd->pool);
    if (!table) {
        table = apr_hash_make(cmd->pool);
        apr_pool_userdata_set(table, USERDATA, NULL, cmd->pool);
    }
    paths = apr_hash_get(table, name_of(path), APR_HASH_KEY_STRING);
    if (!paths) {
        paths = apr_array_make(cmd->pool, 1, sizeof(const char *));
        apr_hash_set(table, name_of(path), APR_HASH_KEY_STRING, paths);
    }
    APR_ARRAY_PUSH(paths, const char *) = path;
}

/* What a request needs of it, where it finds it without a look-up. */
typedef struct hidden_t {
    apr_hash_t *names;          /* of httpd.conf's files; NULL: none */
    struct r307_store_t *store;
} hidden_t;

void r307_hidden_make(apr_pool_t *pconf, server_rec *s, struct r307_store_t *store)
{
    hidden_t *hidden = apr_palloc(pconf, sizeof(*hidden));
    void *table = NULL;

    apr_pool_userdata_get(&table, USERDATA, pconf);
    hidden->names = table;
    hidden->store = store;
    for (; s; s = s->next) {
        ap_set_module_config(s->module_config, &redirect307_module, hidden);
    }
}

/* The name is the same: the file is, too, if the path is or if it is one file under both.
 * The second is how a document root that is reached by a link looks. */
static int is_one_of(request_rec *r, const apr_array_header_t *paths)
{
    int i;

    for (i = 0; i < paths->nelts; i++) {
        const char *path = APR_ARRAY_IDX(paths, i, const char *);
        apr_finfo_t finfo;

        if (strcmp(path, r->filename) == 0
            || (strcmp(name_of(path), name_of(r->filename)) == 0
                && apr_stat(&finfo, path, APR_FINFO_IDENT, r->pool) == APR_SUCCESS
                && finfo.inode == r->finfo.inode && finfo.device == r->finfo.device)) {
            return 1;
        }
    }
    return 0;
}

int r307_hidden_test(request_rec *r, const r307_config_t *conf)
{
    const hidden_t *hidden = ap_get_module_config(r->server->module_config,
                                                  &redirect307_module);
    const apr_array_header_t *paths;

    if ((!hidden->names && !conf->hidden) || r->finfo.filetype != APR_REG || !r->filename) {
        return 0;
    }
    if (conf->hidden && is_one_of(r, conf->hidden)) {
        return 1;
    }
    paths = hidden->names
            ? apr_hash_get(hidden->names, name_of(r->filename), APR_HASH_KEY_STRING) : NULL;
    if (paths && is_one_of(r, paths)) {
        return 1;
    }
    /* a map under another name: a link to it */
    return r307_store_is_map(hidden->store, r->finfo.device, r->finfo.inode);
}
