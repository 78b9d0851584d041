/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/directives.h"

#include <stddef.h>
#include <string.h>
#include <apr_strings.h>
#include "conf/directive_names.h"
#include "httpd/config.h"
#include "httpd/container.h"
#include "httpd/maintenance_directive.h"
#include "httpd/map_directive.h"
#include "httpd/refusal.h"
#include "httpd/rule_directive.h"

static const r307_match_t by_prefix = R307_MATCH_PREFIX;
static const r307_match_t by_regex = R307_MATCH_REGEX;

/* --- Redirect307Map --- */

static const char *set_map(cmd_parms *cmd, void *mconfig, const char *args)
{
    const char *err = r307_map_directive_add(cmd, mconfig, args);

    return err ? r307_refusal_take(cmd, mconfig, err) : NULL;
}

/* --- Redirect307Maintenance --- */

static const char *set_maintenance(cmd_parms *cmd, void *mconfig, const char *args)
{
    int is_htaccess = r307_container_is_htaccess(cmd);
    r307_container_t container;
    const char *err = r307_container_find(cmd, &container);

    if (!err) {
        err = r307_maintenance_directive_add(cmd, mconfig, &container,
                                   is_htaccess ? r307_refusal_met(cmd)->rules + 1 : 0, args);
    }
    if (!err && is_htaccess) {
        r307_refusal_met(cmd)->rules++;
    }
    return err ? r307_refusal_take(cmd, mconfig, err) : NULL;
}

/* --- settings --- */

/* The values of a line. NULL, or the error text. */
static const char *read_said(cmd_parms *cmd, const char *args, r307_said_t *said,
                             const char **directory)
{
    const char *name = cmd->cmd->name;
    const r307_directive_row_t *row = r307_directive_find(name, strlen(name));
    r307_container_t container;
    const char *err = r307_container_find(cmd, &container);

    if (!err) {
        err = r307_directive_standing(cmd->pool, row, &container.standing);
    }
    if (!err) {
        err = r307_directive_read(cmd->pool, row, args, &container.standing, said);
    }
    *directory = container.directory;
    return err;
}

/* 1: the line is none, and *returned is what its setter returns, NULL where it is skipped. */
static int is_refused(cmd_parms *cmd, void *mconfig, const char *args, r307_said_t *said,
                      const char **returned)
{
    const char *directory, *err = read_said(cmd, args, said, &directory);

    *returned = err ? r307_refusal_take(cmd, mconfig, err) : NULL;
    return err != NULL;
}

/* A word that is one of a few; info: the offset of its member. */
static const char *set_choice(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_said_t said;
    const char *returned;

    if (!is_refused(cmd, mconfig, args, &said, &returned)) {
        *(int *)((char *)mconfig + *(const size_t *)cmd->info) = said.choice;
    }
    return returned;
}

static const size_t at_relative = offsetof(r307_config_t, relative);
static const size_t at_refuse = offsetof(r307_config_t, refuse);
static const size_t at_by = offsetof(r307_config_t, by);
static const size_t at_lint = offsetof(r307_config_t, lint);

static const char *set_engine(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    int *member = r307_container_is_htaccess(cmd) ? &conf->ceiling : &conf->engine;
    const char *returned;
    r307_said_t said;

    if (!is_refused(cmd, mconfig, args, &said, &returned)) {
        *member = said.choice;
    }
    return returned;
}

/* Several lines of one container are one list. */
static const char *set_allow_hosts(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    const char *returned;
    r307_said_t said;

    if (!is_refused(cmd, mconfig, args, &said, &returned)) {
        conf->allow = conf->allow && !said.is_none
                      ? apr_array_append(cmd->pool, conf->allow, said.hosts) : said.hosts;
    }
    return returned;
}

static const char *set_exempt(cmd_parms *cmd, void *mconfig, const char *args)
{
    const char *returned;
    r307_said_t said;
    int i;

    if (is_refused(cmd, mconfig, args, &said, &returned)) {
        return returned;
    }
    if (said.is_none) {
        r307_config_reset_exempt(cmd->pool, mconfig);
    }
    for (i = 0; i < said.paths->nelts; i++) {
        r307_config_add_exempt(cmd->pool, mconfig,
                               APR_ARRAY_IDX(said.paths, i, r307_slice_t));
    }
    return NULL;
}

static const char *set_base(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_said_t said;
    const char *directory, *err = read_said(cmd, args, &said, &directory);

    if (err) {
        return r307_refusal_take(cmd, mconfig, err);
    }
    r307_config_add_base(cmd->pool, mconfig, directory,
                         APR_ARRAY_IDX(said.paths, 0, r307_slice_t));
    return NULL;
}

static const char *set_require(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    const char *returned;
    r307_said_t said;

    if (!is_refused(cmd, mconfig, args, &said, &returned)) {
        conf->require = said.choice;
        conf->require_how = said.how;
    }
    return returned;
}

static const char *set_limits(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    r307_limits_t *nothing;
    const char *returned;
    r307_said_t said;

    if (!is_refused(cmd, mconfig, args, &said, &returned)) {
        conf->limits = r307_limit_merge(cmd->pool, conf->limits, said.limits);
        if (r307_limit_value(said.limits, R307_LIMIT_ERRORS) == R307_ERRORS_FAIL) {
            r307_refusal_expect_fails(cmd);
        }
        return NULL;
    }
    /* a server that runs on all the same lets tenants have nothing meanwhile */
    nothing = r307_limit_make(cmd->pool);
    nothing->value[R307_LIMIT_RULES] = 0;
    conf->limits = r307_limit_merge(cmd->pool, conf->limits, nothing);
    return returned;
}

static const char *set_drain(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    const char *returned;
    r307_said_t said;

    if (!is_refused(cmd, mconfig, args, &said, &returned)) {
        conf->drain = said.size;
        conf->drain_time = said.time;
    }
    return returned;
}

static const char *set_arena(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    const char *returned;
    r307_said_t said;

    if (!is_refused(cmd, mconfig, args, &said, &returned)) {
        conf->arena = said.size;
    }
    return returned;
}

static const char *set_htaccess_cache(cmd_parms *cmd, void *mconfig, const char *args)
{
    r307_config_t *conf = mconfig;
    const char *returned;
    r307_said_t said;

    if (!is_refused(cmd, mconfig, args, &said, &returned)) {
        conf->htaccess_cache = said.choice;
        conf->htaccess_age = said.time;
        conf->htaccess_size = said.size;
    }
    return returned;
}

/* --- the table --- */

#define EVERYWHERE OR_FILEINFO
#define NOT_HTACCESS (RSRC_CONF | ACCESS_CONF)

const command_rec r307_directives[] = {
    AP_INIT_RAW_ARGS("Redirect307", r307_rule_directive_set, (void *)&by_prefix, EVERYWHERE,
                     "[source] target [option=value ...]"),
    AP_INIT_RAW_ARGS("Redirect307Match", r307_rule_directive_set, (void *)&by_regex, EVERYWHERE,
                     "regex target [option=value ...]"),
    AP_INIT_RAW_ARGS("Redirect307Map", set_map, NULL, EVERYWHERE,
                     "file [format=" R307_MAP_FORMAT_WORDS "] [option=value ...]"),
    AP_INIT_RAW_ARGS("Redirect307Arena", set_arena, NULL, RSRC_CONF,
                     "the memory that all processes share for maps, or off"),
    AP_INIT_RAW_ARGS("Redirect307Maintenance", set_maintenance, NULL, EVERYWHERE,
                     "page [option=value ...]: closes this place while a flag file is "
                     "there"),
    AP_INIT_RAW_ARGS("Redirect307Engine", set_engine, NULL, EVERYWHERE,
                     "on, report (decide and log, answer nothing) or off; .htaccess may "
                     "only lower it"),
    AP_INIT_RAW_ARGS("Redirect307Base", set_base, NULL, EVERYWHERE,
                     "the URL-path of the directory, for relative sources"),
    AP_INIT_RAW_ARGS("Redirect307Relative", set_choice, (void *)&at_relative,
                     NOT_HTACCESS, "on: paths of this server go out as paths; off: as "
                     "full URLs"),
    AP_INIT_RAW_ARGS("Redirect307AllowHosts", set_allow_hosts, NULL, NOT_HTACCESS,
                     "hosts that a request may choose by a rule's insertions, or none"),
    AP_INIT_RAW_ARGS("Redirect307Refuse", set_choice, (void *)&at_refuse,
                     NOT_HTACCESS, "400, 404 or pass: what a request gets whose Location "
                     "may not leave"),
    AP_INIT_RAW_ARGS("Redirect307Exempt", set_exempt, NULL, NOT_HTACCESS,
                     "paths that only a rule naming them touches; adds to the list, none "
                     "empties it"),
    AP_INIT_RAW_ARGS("Redirect307By", set_choice, (void *)&at_by, NOT_HTACCESS,
                     "off, on or rule: the response header X-Redirect-By"),
    AP_INIT_RAW_ARGS("Redirect307Drain", set_drain, NULL, NOT_HTACCESS,
                     "size and time up to which a request body is read after the answer"),
    AP_INIT_RAW_ARGS("Redirect307HtaccessCache", set_htaccess_cache, NULL, RSRC_CONF,
                     "on or off, how long a .htaccess must be unchanged, and the memory "
                     "of a process for compiled ones"),
    AP_INIT_RAW_ARGS("Redirect307Lint", set_choice, (void *)&at_lint, NOT_HTACCESS,
                     "off, warn or refuse: doubts about rules, at start and with -t"),
    AP_INIT_RAW_ARGS("Redirect307Require", set_require, NULL, NOT_HTACCESS,
                     "until, review or none, and warn or refuse: what rules that are meant for a "
                     "time must say"),
    AP_INIT_RAW_ARGS("Redirect307Limits", set_limits, NULL, NOT_HTACCESS,
                     "what .htaccess files may hold: rules= regex= regex-steps= targets= "
                     "errors= map-lines= map-size= longest="),
    { NULL, { NULL }, NULL, 0, RAW_ARGS, NULL }
};
