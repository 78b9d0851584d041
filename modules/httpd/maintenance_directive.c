/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/maintenance_directive.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include "httpd/expr.h"
#include "httpd/flag_file.h"
#include "httpd/never_served.h"
#include "httpd/start_lint.h"

APLOG_USE_MODULE(redirect307);

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

/* A place that is not there yet is no error: it may come. But nobody finds out by a touch
 * that fails in the night. */
static void warn_of_places(cmd_parms *cmd, const r307_maintenance_t *line)
{
    apr_pool_t *p = cmd->temp_pool;
    const char *place = r307_reading_file(r307_reading_of(cmd), cmd), *folder;
    const char *doubt = r307_maintenance_doubt(p, line, 0);
    apr_finfo_t finfo;

    if (doubt) {
        ap_log_perror(APLOG_MARK, APLOG_WARNING, 0, p, "%s:%d: %s: %s", place,
                      cmd->directive->line_num, cmd->cmd->name, doubt);
    }
    folder = line->flag_path ? ap_make_dirstr_parent(p, line->flag_path) : NULL;
    if (folder && apr_stat(&finfo, folder, APR_FINFO_TYPE, p) != APR_SUCCESS) {
        ap_log_perror(APLOG_MARK, APLOG_WARNING, 0, p, "%s:%d: %s: the folder of flag='%s' "
                      "is not there: %s; make it, or name a place that is there",
                      place, cmd->directive->line_num, cmd->cmd->name,
                      show(p, line->flag), show(p, folder));
    }
    if (line->file_path
        && apr_stat(&finfo, line->file_path, APR_FINFO_TYPE, p) != APR_SUCCESS) {
        ap_log_perror(APLOG_MARK, APLOG_WARNING, 0, p, "%s:%d: %s: page='%s' is not there "
                      "yet; people get a short text", place, cmd->directive->line_num,
                      cmd->cmd->name, show(p, line->file));
    }
}

static const char *find_files(cmd_parms *cmd, r307_config_t *conf,
                              r307_maintenance_t *line)
{
    const char *err = NULL;

    if (line->flag) {
        err = r307_flag_file_resolve(cmd, line->flag, &line->flag_path);
    }
    if (err) {
        return apr_psprintf(cmd->pool, "flag='%s' %s", show(cmd->pool, line->flag),
                            err);
    }
    if (line->flag) {
        r307_never_served_add(cmd, conf, line->flag_path);
    }
    if (line->file) {
        line->file_path = !line->is_tenants ? line->file
            : apr_pstrcat(cmd->pool, line->directory, "/", line->file, NULL);
    }
    if (!line->is_tenants) {
        warn_of_places(cmd, line);
    }
    return NULL;
}

static int is_everywhere(const ap_directive_t *section)
{
    return !section || strcasecmp(section->directive, "<VirtualHost") == 0;
}

const char *r307_maintenance_directive_add(cmd_parms *cmd, r307_config_t *conf,
                                           const r307_container_t *container, int nth,
                                           const char *args)
{
    r307_place_t place = { r307_reading_file(r307_reading_of(cmd), cmd),
                           (unsigned)cmd->directive->line_num };
    r307_maintenance_t *line;
    r307_context_t context;
    const char *err;

    memset(&context, 0, sizeof(context));
    context.directive = cmd->cmd->name;
    context.where = container->where;
    context.location = container->location;
    context.is_tenant = r307_container_is_htaccess(cmd);
    context.maker.compile = r307_expr_compile;
    context.maker.baton = cmd;
    err = r307_maintenance_parse(cmd->pool, args, place, &context, &line);
    if (err) {
        return err;
    }
    line->directory = container->directory;
    line->is_tenants = r307_container_is_htaccess(cmd);
    line->is_everywhere = !line->is_tenants && is_everywhere(cmd->directive->parent);
    line->rule.nth = nth;
    err = find_files(cmd, conf, line);
    if (err) {
        return err;
    }
    if (line->flag && !line->is_tenants) {
        line->seen = apr_pcalloc(cmd->pool, sizeof(*line->seen));
    }
    r307_config_add_line(cmd->pool, conf, container->is_late, line);
    if (!line->is_tenants) {
        r307_start_lint_add_line(cmd, conf, line);
    }
    return NULL;
}
