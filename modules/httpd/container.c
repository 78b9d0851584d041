/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/container.h"

#include <string.h>
#include <apr_fnmatch.h>
#include <apr_lib.h>
#include <apr_strings.h>

#define KEPT_FILE "mod_redirect307.kept_file"

int r307_container_is_htaccess(const cmd_parms *cmd)
{
    return cmd->pool == cmd->temp_pool;
}

/* The first word of a section's arguments, without the '>' httpd leaves at the end. */
static const char *argument(const cmd_parms *cmd, const ap_directive_t *section)
{
    char *args = apr_pstrdup(cmd->pool, section->args ? section->args : "");
    char *end = strrchr(args, '>');
    const char *rest = args;

    if (end) {
        *end = '\0';
    }
    return ap_getword_conf(cmd->pool, &rest);
}

/* Only a section that names one place has a URL that a source can be relative to. */
static const char *literal(const cmd_parms *cmd, const ap_directive_t *section)
{
    const char *arg = argument(cmd, section);

    return strcmp(arg, "~") == 0 || apr_fnmatch_test(arg) ? NULL : arg;
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
static const char *literal_directory(const cmd_parms *cmd, const ap_directive_t *section)
{
    const char *arg = literal(cmd, section);
    char *full = NULL;

    if (arg && apr_filepath_merge(&full, NULL, arg, APR_FILEPATH_TRUENAME, cmd->pool)
               == APR_SUCCESS) {
        arg = full;
    }
    return arg ? without_slash(cmd, arg) : NULL;
}

static int is(const ap_directive_t *section, const char *name)
{
    return strcasecmp(section->directive, name) == 0;
}

static void in_directory(const char *directory, r307_container_t *container)
{
    container->is_late = 1;
    container->directory = directory;
    container->where = directory ? R307_WHERE_DIRECTORY : R307_WHERE_SERVER;
}

/* What mod_macro calls its file lies in a pool that is gone after the start. One copy for
 * all lines of a file that follow each other. */
const char *r307_container_file(cmd_parms *cmd)
{
    const char *name = cmd->directive->filename;
    void *kept = NULL;

    if (r307_container_is_htaccess(cmd)) {
        return name;
    }
    apr_pool_userdata_get(&kept, KEPT_FILE, cmd->pool);
    if (!kept || strcmp(kept, name) != 0) {
        kept = apr_pstrdup(cmd->pool, name);
        apr_pool_userdata_setn(kept, KEPT_FILE, NULL, cmd->pool);
    }
    return kept;
}

/* Not the name in cmd->directive: inside a <Macro> that one tells a story. */
static const char *htaccess_directory(const cmd_parms *cmd)
{
    const char *file = cmd->config_file ? cmd->config_file->name
                                        : cmd->directive->filename;
    const char *slash = strrchr(file, '/');

    return slash ? apr_pstrmemdup(cmd->pool, file, (size_t)(slash - file)) : NULL;
}

const char *r307_container_find(const cmd_parms *cmd, r307_container_t *container)
{
    const ap_directive_t *section;

    memset(container, 0, sizeof(*container));
    container->where = R307_WHERE_SERVER;
    if (r307_container_is_htaccess(cmd)) {
        in_directory(htaccess_directory(cmd), container);
    }
    for (section = cmd->directive->parent; section; section = section->parent) {
        if (is(section, "<Limit") || is(section, "<LimitExcept")) {
            return "does not stand in <Limit> or <LimitExcept>; write method=GET,POST "
                   "behind the rule";
        }
        if (is(section, "<Proxy") || is(section, "<ProxyMatch")) {
            return "does not stand in <Proxy>; write the rule beside it, or in a "
                   "<Location>";
        }
        if (is(section, "<Location") || is(section, "<LocationMatch")) {
            container->where = R307_WHERE_LOCATION;
            container->location = is(section, "<Location") ? literal(cmd, section) : NULL;
        }
        else if (is(section, "<Directory") || is(section, "<DirectoryMatch")) {
            in_directory(is(section, "<Directory") ? literal_directory(cmd, section)
                                                   : NULL, container);
        }
        else if (is(section, "<Files") || is(section, "<FilesMatch")) {
            container->is_late = 1;
        }
    }
    return NULL;
}
