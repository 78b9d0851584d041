/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/map_directive.h"

#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <http_core.h>
#include "base/disk.h"
#include "httpd/never_served.h"
#include "httpd/start_lint.h"
#include "httpd/store.h"

static const char *place_file(cmd_parms *cmd, const r307_container_t *container,
                              const char *file, r307_mapref_t *ref)
{
    const char *shown = r307_text_show(cmd->pool, file, strlen(file));
    size_t len;

    if (file[strlen(file) - 1] == '/') {
        return apr_psprintf(cmd->pool, "'%s' names a directory; write the file, such as "
                            "relaunch.csv", shown);
    }
    if (!r307_container_is_htaccess(cmd)) {
        ref->path = ap_server_root_relative(cmd->pool, file);
        return ref->path ? NULL
                         : apr_psprintf(cmd->pool, "'%s' is no path of a file", shown);
    }
    if (!container->directory) {
        return apr_psprintf(cmd->pool, "'%s' cannot be found from here", shown);
    }
    len = strlen(container->directory);
    if (r307_disk_climbs(file)
        || (*file == '/'
            && (strncmp(file, container->directory, len) != 0 || file[len] != '/'))) {
        return apr_psprintf(cmd->pool,
                            "'%s' lies outside the directory of this .htaccess; "
                            "put it there, and write its name",
                            shown);
    }
    ref->path = *file == '/'
                    ? file
                    : apr_pstrcat(cmd->pool, container->directory, "/", file, NULL);
    ref->directory = container->directory;
    ref->htaccess = cmd->config_file ? cmd->config_file->name : cmd->directive->filename;
    return NULL;
}

static r307_slice_t slice_of(const char *text)
{
    return r307_slice(text, strlen(text));
}

static const char *parse(cmd_parms *cmd, const r307_container_t *container,
                         const char *args, r307_mapref_t **out)
{
    r307_mapref_t *ref = apr_pcalloc(cmd->pool, sizeof(*ref));
    r307_context_t context;
    const char *err;

    memset(&context, 0, sizeof(context));
    context.directive = cmd->cmd->name;
    context.where = container->where;
    context.is_tenant = r307_container_is_htaccess(cmd);
    err = r307_map_parse(cmd->pool, args, &context, &ref->def);
    if (!err) {
        err = place_file(cmd, container, ref->def.file, ref);
    }
    if (err) {
        return err;
    }
    ref->args = apr_pstrdup(cmd->pool, args);
    ref->place.file = r307_reading_file(r307_reading_of(cmd), cmd);
    ref->place.line = (unsigned)cmd->directive->line_num;
    ref->server = cmd->server;
    ref->size_most = APR_UINT64_C(4) << 30;
    ref->regex_most = R307_LIMIT_NONE;
    ref->key = slice_of(apr_pstrcat(cmd->pool, ref->path, "\n", ref->def.text, NULL));
    ref->slot = -1;
    ref->is_alone = geteuid() != 0;
    *out = ref;
    return NULL;
}

const char *r307_map_directive_add(cmd_parms *cmd, r307_config_t *conf, const char *args)
{
    r307_container_t container;
    r307_block_t *block;
    r307_mapref_t *ref;
    const char *err = r307_container_find(cmd, &container);

    err = err ? err : parse(cmd, &container, args, &ref);
    if (err) {
        return err;
    }
    block = r307_config_block(cmd->pool, conf, container.is_late, ref->place,
                              container.directory);
    block->is_htaccess = r307_container_is_htaccess(cmd);
    block->needs_base = block->needs_base || container.directory;
    r307_ruleset_add_map(cmd->pool, block->rules, ref);
    r307_never_served_add(cmd, conf, ref->path);
    if (!block->is_htaccess) {
        ref->beside = block->rules->maps;
        r307_start_lint_add_map(cmd, conf, &ref->def, ref->place);
        r307_store_add(cmd->pool, ref);
    }
    return NULL;
}
