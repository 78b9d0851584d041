/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/directives.h"

#include <string.h>
#include "conf/directive_names.h"
#include "conf/place_take.h"
#include "httpd/container.h"
#include "httpd/maintenance_directive.h"
#include "httpd/map_directive.h"
#include "httpd/refusal.h"
#include "httpd/rule_directive.h"

static const char *set_map(cmd_parms *cmd, void *mconfig, const char *args)
{
    const char *err = r307_map_directive_add(cmd, mconfig, args);

    return err ? r307_refusal_take(cmd, mconfig, err) : NULL;
}

static const char *set_maintenance(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_container_t container;
    const char *err = r307_container_find(cmd, &container);
    r307_progress_t *met = r307_container_is_htaccess(cmd)
        ? r307_refusal_met(r307_reading_of(cmd), cmd) : NULL;

    if (!err) {
        err = r307_maintenance_directive_add(cmd, mconfig, &container,
                                             met ? met->rules + 1 : 0, args);
    }
    if (!err && met) {
        met->rules++;
    }
    return err ? r307_refusal_take(cmd, mconfig, err) : NULL;
}

/* --- settings --- */

/* Where a line of Redirect307Limits is wrong: a server that runs on all the same lets
 * tenants have nothing meanwhile. */
static void limit_all(cmd_parms *cmd, r307_config_t *conf)
{
    r307_limits_t *nothing = r307_limit_make(cmd->pool);

    nothing->value[R307_LIMIT_RULES] = 0;
    conf->limits = r307_limit_merge(cmd->pool, conf->limits, nothing);
}

static const char *set_setting(cmd_parms *cmd, void *mconfig, const char *args)
{
    const r307_directive_row_t *row = cmd->info;
    r307_container_t container;
    r307_said_t said;
    const char *err = r307_container_find(cmd, &container);

    if (!err) {
        err = r307_directive_standing(cmd->pool, row, &container.standing);
    }
    if (!err) {
        err = r307_directive_read(cmd->pool, row, args, &container.standing, &said);
    }
    if (!err) {
        r307_place_take(cmd->pool, mconfig, row, &said, container.standing.is_htaccess,
                        container.directory);
        if (said.limits
            && r307_limit_value(said.limits, R307_LIMIT_ERRORS) == R307_ERRORS_FAIL) {
            r307_refusal_expect_fails(cmd);
        }
        return NULL;
    }
    if (row->id == R307_DIRECTIVE_LIMITS) {
        limit_all(cmd, mconfig);
    }
    return r307_refusal_take(cmd, mconfig, err);
}

/* --- the table --- */

/* What httpd itself refuses elsewhere; the rest is said by r307_directive_standing. */
#define WHERE_R307_STANDS_EVERYWHERE OR_FILEINFO
#define WHERE_R307_STANDS_CONF       (RSRC_CONF | ACCESS_CONF)
#define WHERE_R307_STANDS_SERVER     RSRC_CONF
#define WHERE_R307_STANDS_GLOBAL     RSRC_CONF

#define SET_R307_LINE_RULE        r307_rule_directive_set
#define SET_R307_LINE_MAP         set_map
#define SET_R307_LINE_MAINTENANCE set_maintenance
#define SET_R307_LINE_SETTING     set_setting

#define DIRECTIVE(id, name, kind, stands, write, least, most, read, values, help) \
    AP_INIT_RAW_ARGS(name, SET_##kind, (void *)&r307_directive_rows[id], \
                     WHERE_##stands, help),

const command_rec r307_directives[] = {
#include "conf/directive_table.h"
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL }
};
