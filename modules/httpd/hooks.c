/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/hooks.h"

#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include "rule/regex.h"
#include "httpd/conf_indexes.h"
#include "httpd/counters.h"
#include "httpd/flag_file.h"
#include "httpd/hit_table.h"
#include "httpd/htaccess.h"
#include "httpd/htaccess_share.h"
#include "httpd/log_once.h"
#include "httpd/maintenance_serve.h"
#include "httpd/never_served.h"
#include "httpd/request_view.h"
#include "httpd/serve_note.h"
#include "httpd/serve.h"
#include "httpd/status_handler.h"
#include "httpd/store.h"

APLOG_USE_MODULE(redirect307);

static const r307_config_t *config(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &redirect307_module);
}

static int is_asked(const request_rec *r, const r307_config_t *conf)
{
    return r307_request_is_ours(r) && r307_config_engine(conf) != R307_ENGINE_OFF;
}

static int ask(request_rec *r, const r307_config_t *conf, const r307_blocks_t *blocks,
               r307_request_phase_t phase, int login_ahead, const r307_looked_t *looked)
{
    r307_state_t *state = r307_request_state_walked(r, &looked->walk);

    if (state->phase < phase) {
        state->phase = phase;
    }
    state->view.login_ahead = login_ahead;
    return r307_serve_blocks(r, conf, blocks, looked);
}

/* What every request comes by is small, and the rest a function of its own. */
__attribute__((noinline))
static int translate(request_rec *r, const r307_config_t *conf)
{
    r307_looked_t looked;
    int result = DECLINED;

    r307_looked_make(&looked);
    if (!conf->early_maintenance && !r307_serve_may(r, conf, conf->early, &looked)) {
        return DECLINED;
    }
    if (!is_asked(r, conf)) {
        return DECLINED;
    }
    if (conf->early_maintenance) {
        result = r307_maintenance_serve(r, conf, 0);
    }
    return result == DECLINED && conf->early
           ? ask(r, conf, conf->early, R307_REQUEST_EARLY, 1, &looked) : result;
}

int r307_on_translate_name(request_rec *r)
{
    const r307_config_t *conf = config(r);

    return conf->early || conf->early_maintenance ? translate(r, conf) : DECLINED;
}

static int has_late(const r307_config_t *conf)
{
    return conf->late || conf->late_maintenance || conf->early_maintenance;
}

static r307_request_phase_t phase_of(const request_rec *r)
{
    /* as r307_request_known, which is a call more of each request */
    const r307_state_t *state = ap_get_module_config(r->request_config, &redirect307_module);

    return state ? state->phase : R307_REQUEST_EARLY;
}

/* Nearly all requests to a directory with rules are for none of them. */
static int may_late(request_rec *r, const r307_config_t *conf, r307_looked_t *looked)
{
    r307_looked_make(looked);
    return conf->late_maintenance || conf->early_maintenance
           || phase_of(r) == R307_REQUEST_EARLY_WAITS
           || (conf->late && r307_serve_may(r, conf, conf->late, looked));
}

static int ask_late(request_rec *r, const r307_config_t *conf, int login_ahead,
                    const r307_looked_t *looked)
{
    int result = DECLINED;

    if (conf->late_maintenance || conf->early_maintenance) {
        result = r307_maintenance_serve(r, conf, 1);
    }
    return result == DECLINED && conf->late
           ? ask(r, conf, conf->late, R307_REQUEST_LATE, login_ahead, looked) : result;
}

/* Reached only if a password would be asked for next; what is decided here is not
 * decided again once the password came. */
int r307_on_access_checker_ex(request_rec *r)
{
    const r307_config_t *conf = config(r);
    r307_looked_t looked;
    r307_state_t *state;
    int result;

    if (conf->late && !r->main) {
        r307_served_blocks(r, conf, conf->late);
    }
    if (!has_late(conf) || !may_late(r, conf, &looked) || !is_asked(r, conf)
        || phase_of(r) == R307_REQUEST_EARLY_WAITS) {
        return DECLINED;
    }
    result = ask_late(r, conf, 1, &looked);
    state = r307_request_state(r);
    if (state->phase < R307_REQUEST_LATE_WAITS) {
        state->phase = R307_REQUEST_DECIDED;
    }
    return result;
}

/* Who logged in is known now, or nobody had to. */
__attribute__((noinline))
static int check_late(request_rec *r, const r307_config_t *conf)
{
    r307_request_phase_t phase;
    r307_looked_t looked;
    int result = DECLINED;

    if (conf->late && !r->main) {
        r307_served_blocks(r, conf, conf->late);
    }
    if (conf->own_link && r307_status_own(r, conf) == DONE) {
        return DONE;
    }
    phase = phase_of(r);
    if (phase == R307_REQUEST_DECIDED
        || (!has_late(conf) && phase != R307_REQUEST_EARLY_WAITS)
        || !may_late(r, conf, &looked) || !is_asked(r, conf)) {
        return DECLINED;
    }
    if (phase == R307_REQUEST_EARLY_WAITS && conf->early) {
        result = ask(r, conf, conf->early, R307_REQUEST_EARLY_WAITS, 0, &looked);
    }
    return result == DECLINED ? ask_late(r, conf, 0, &looked) : result;
}

int r307_on_type_checker(request_rec *r)
{
    const r307_config_t *conf = config(r);
    const r307_hidden_t *hidden = ap_get_module_config(r->server->module_config,
                                                       &redirect307_module);

    if (r307_never_served_may(conf, hidden) && r307_never_served_test(r, conf, hidden)) {
        return HTTP_NOT_FOUND;
    }
    return has_late(conf) || conf->own_link || phase_of(r) == R307_REQUEST_EARLY_WAITS
           ? check_late(r, conf) : DECLINED;
}

/* Where httpd is right before it begins to serve; there is no other hook at a graceful restart. */
void r307_on_configured(void)
{
    server_rec *s = ap_server_conf;
    const r307_config_t *conf = ap_get_module_config(s->lookup_defaults,
                                                     &redirect307_module);
    apr_pool_t *pconf = s->process->pconf;

    r307_store_begin(pconf, s, r307_config_value(conf, R307_SETTING_ARENA));
    r307_never_served_make(pconf, s, r307_store_find(s));
}

void r307_on_child_init(apr_pool_t *pchild, server_rec *s)
{
    r307_flag_file_make(pchild, s);
    r307_hit_table_join(s);
    r307_htaccess_begin(pchild, s, r307_store_is_shared(s));
    r307_store_join(pchild, s);
}

void r307_on_child_status(server_rec *s, pid_t pid, ap_generation_t gen, int slot,
                          mpm_child_status state)
{
    if (state == MPM_CHILD_EXITED || state == MPM_CHILD_LOST_SLOT) {
        r307_store_bury(s, pid);
        r307_htshare_bury(s, pid);
    }
}

/* -t ends here, and never comes to post_config. */
void r307_on_test_config(apr_pool_t *pconf, server_rec *s)
{
    if (ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST) {
        r307_store_try(pconf);
    }
}

int r307_on_post_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                        server_rec *s)
{
    const r307_config_t *conf = ap_get_module_config(s->lookup_defaults,
                                                     &redirect307_module);

    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG) {
        return OK;      /* httpd reads its configuration twice; this one is thrown away */
    }
    r307_log_once_make(pconf);
    r307_counters_make(s);
    r307_served_table_make(s, r307_conf_indexes_seed());
    r307_hit_table_make(pconf, s, conf);
    r307_conf_indexes_build(pconf, r307_hit_table_seed(conf));
    r307_htaccess_make(pconf, s, r307_config_value(conf, R307_SETTING_ARENA));
    if (r307_store_make(pconf, ptemp, s, r307_config_value(conf, R307_SETTING_ARENA))
        != APR_SUCCESS) {
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (!r307_regex_has_jit()) {
        ap_log_error(APLOG_MARK, APLOG_INFO, 0, s,
                     "PCRE2 cannot compile regexes to machine code here; they run "
                     "slower, and not on paths over 8190 bytes");
    }
    if (ap_find_linked_module("mod_cache.c")) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                     "mod_cache is loaded: with CacheQuickHandler on, its default, a URL "
                     "it holds is answered before any Redirect307 rule is asked; write "
                     "CacheQuickHandler off");
    }
    return OK;
}
