/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/container.h"

#include <string.h>
#include <apr_strings.h>

int r307_container_is_htaccess(const cmd_parms *cmd)
{
    return cmd->pool == cmd->temp_pool;
}

static const char *without_slash(const cmd_parms *cmd, const char *directory)
{
    size_t len = strlen(directory);

    while (len && directory[len - 1] == '/') {
        len--;
    }
    return apr_pstrmemdup(cmd->pool, directory, len);
}

/* <Directory> takes what is relative or untidy as httpd itself does. */
static const char *whole_directory(const cmd_parms *cmd, const char *name)
{
    char *full = NULL;

    return without_slash(cmd, apr_filepath_merge(&full, NULL, name, APR_FILEPATH_TRUENAME,
                                                 cmd->pool) == APR_SUCCESS ? full : name);
}

/* Not by cmd->directive->filename: inside a <Macro> mod_macro puts a description
 * there, such as "macro 'x' (defined on line 1 of ...)". */
static const char *htaccess_directory(const cmd_parms *cmd)
{
    const char *file = cmd->config_file ? cmd->config_file->name
                                        : cmd->directive->filename;
    const char *slash = strrchr(file, '/');

    return slash ? apr_pstrmemdup(cmd->pool, file, (size_t)(slash - file)) : NULL;
}

/* From the outermost in. What httpd does not take there, it has refused before. */
static void enter(const cmd_parms *cmd, const ap_directive_t *section,
                  r307_standing_t *standing)
{
    const char *name;

    if (section) {
        enter(cmd, section->parent, standing);
        name = section->directive + strspn(section->directive, "<");
        (void)r307_section_enter(cmd->pool, r307_section_find(name, strlen(name)),
                                 section->args ? section->args : "", standing);
    }
}

const char *r307_container_find(const cmd_parms *cmd, r307_container_t *container)
{
    r307_standing_t *standing = &container->standing;

    memset(container, 0, sizeof(*container));
    r307_section_begin(r307_container_is_htaccess(cmd), standing);
    enter(cmd, cmd->directive->parent, standing);
    standing->is_virtual = standing->is_virtual || cmd->server->is_virtual;
    container->where = standing->where;
    container->is_late = standing->is_late;
    container->location = standing->location;
    if (standing->is_htaccess) {
        container->directory = htaccess_directory(cmd);
        container->where = container->directory ? R307_WHERE_DIRECTORY : R307_WHERE_SERVER;
    }
    else if (standing->directory) {
        container->directory = whole_directory(cmd, standing->directory);
    }
    return standing->refused;
}
