/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/never_served.h"

#include <string.h>
#include <apr_strings.h>
#include "httpd/container.h"
#include "httpd/flag_file.h"
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
void r307_never_served_add(cmd_parms *cmd, r307_config_t *conf, const char *path)
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

static apr_uint64_t bit_of(const char *path)
{
    size_t len = strlen(path);

    return 1ull << (len ? (unsigned char)path[len - 1] % 64 : 0);
}

static apr_uint64_t find_endings(apr_pool_t *p, apr_hash_t *names)
{
    apr_hash_index_t *i = names ? apr_hash_first(p, names) : NULL;
    apr_uint64_t endings = 0;
    const void *name;

    for (; i; i = apr_hash_next(i)) {
        apr_hash_this(i, &name, NULL, NULL);
        endings |= bit_of(name);
    }
    return endings;
}

void r307_never_served_make(apr_pool_t *pconf, server_rec *s, struct r307_store_t *store)
{
    r307_hidden_t *hidden = apr_palloc(pconf, sizeof(*hidden));
    void *table = NULL;

    apr_pool_userdata_get(&table, USERDATA, pconf);
    hidden->names = table;
    hidden->endings = find_endings(pconf, table);
    hidden->store = store;
    for (; s; s = s->next) {
        ap_set_module_config(s->module_config, &redirect307_module, hidden);
    }
}

/* What somebody would get. */
typedef struct asked_t {
    apr_pool_t *p;
    const char *path;
    apr_dev_t device;
    apr_ino_t inode;
} asked_t;

/* The name is the same: the file is, too, if the path is or if it is one file under both.
 * The second is how a document root that is reached by a link looks. */
static int is_file(const asked_t *asked, const char *path)
{
    apr_finfo_t finfo;

    return strcmp(path, asked->path) == 0
        || (strcmp(name_of(path), name_of(asked->path)) == 0
            && apr_stat(&finfo, path, APR_FINFO_IDENT, asked->p) == APR_SUCCESS
            && finfo.inode == asked->inode && finfo.device == asked->device);
}

static int is_one_of(const asked_t *asked, const apr_array_header_t *paths)
{
    int i;

    for (i = 0; i < paths->nelts; i++) {
        if (is_file(asked, APR_ARRAY_IDX(paths, i, const char *))) {
            return 1;
        }
    }
    return 0;
}

/* What flag= of a rule names. */
static int is_flag(const asked_t *asked, const r307_blocks_t *blocks)
{
    int i, k;

    for (i = 0; i < blocks->count; i++) {
        const apr_array_header_t *flags = blocks->at[i]->tally.flags;

        for (k = 0; flags && k < flags->nelts; k++) {
            if (is_file(asked,
                        r307_flag_file_path(APR_ARRAY_IDX(flags, k, const void *)))) {
                return 1;
            }
        }
    }
    return 0;
}

/* Nearly every file that is served is seen not to be one without a call. */
static inline int is_hidden(const r307_hidden_t *hidden, const r307_config_t *conf,
                     const asked_t *asked)
{
    const apr_array_header_t *paths;

    if ((conf->hidden && is_one_of(asked, conf->hidden))
        || (conf->late && is_flag(asked, conf->late))) {
        return 1;
    }
    if (!hidden->names && !conf->hidden) {
        return 0;
    }
    /* one look at the name is dear where each file that is served is one */
    paths = hidden->names && hidden->endings & bit_of(asked->path)
                ? apr_hash_get(hidden->names, name_of(asked->path), APR_HASH_KEY_STRING)
                : NULL;
    if (paths && is_one_of(asked, paths)) {
        return 1;
    }
    /* a map under another name: a link to it */
    return r307_store_is_map(hidden->store, asked->device, asked->inode);
}

int r307_never_served_test(request_rec *r, const r307_config_t *conf,
                           const r307_hidden_t *hidden)
{
    asked_t asked;

    if (r->finfo.filetype != APR_REG || !r->filename) {
        return 0;
    }
    asked.p = r->pool;
    asked.path = r->filename;
    asked.device = r->finfo.device;
    asked.inode = r->finfo.inode;
    return is_hidden(hidden, conf, &asked);
}

int r307_never_served_file(request_rec *r, const char *path, const r307_folder_t *as)
{
    asked_t asked = { r->pool, path, (apr_dev_t)as->device, (apr_ino_t)as->inode };

    return is_hidden(ap_get_module_config(r->server->module_config, &redirect307_module),
                     ap_get_module_config(r->per_dir_config, &redirect307_module), &asked);
}
