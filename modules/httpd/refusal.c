/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/refusal.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include "grammar/stay.h"
#include "httpd/container.h"
#include "httpd/htaccess_file.h"
#include "httpd/log_once.h"

APLOG_USE_MODULE(redirect307);

/* So many lines of one .htaccess are named: the log is everybody's, and what was said is
 * remembered for all files together. */
#define NAMED_MOST 100
#define USERDATA "mod_redirect307.file "
#define FAILS "mod_redirect307.fails "

int r307_refusal_is_trial(void)
{
    return ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG;
}

const char *r307_refusal_file(const cmd_parms *cmd)
{
    return cmd->config_file ? cmd->config_file->name : cmd->directive->filename;
}

r307_progress_t *r307_refusal_met(r307_reading_t *reading, cmd_parms *cmd)
{
    r307_progress_t *cached = r307_htaccess_progress(cmd);
    const char *file = r307_refusal_file(cmd), *key;
    void *met = NULL;

    if (cached) {
        return cached;
    }
    if (reading->met && strcmp(reading->met_file, file) == 0) {
        return reading->met;
    }
    key = apr_pstrcat(cmd->pool, USERDATA, file, NULL);
    apr_pool_userdata_get(&met, key, cmd->pool);
    if (!met) {
        met = apr_pcalloc(cmd->pool, sizeof(r307_progress_t));
        apr_pool_userdata_setn(met, key, NULL, cmd->pool);
    }
    reading->met = met;
    reading->met_file = key + sizeof(USERDATA) - 1;
    return met;
}

static const char *fails_key(apr_pool_t *p, const server_rec *s)
{
    return apr_psprintf(p, FAILS "%pp", (const void *)s);
}

void r307_refusal_expect_fails(const cmd_parms *cmd)
{
    apr_pool_userdata_setn("", fails_key(cmd->pool, cmd->server), NULL,
                           cmd->server->process->pconf);
}

/* While httpd reads a .htaccess nobody knows yet what its directory's configuration is,
 * but whether the host or the main server has it somewhere. */
static const char *fails(const cmd_parms *cmd)
{
    apr_pool_t *pconf = cmd->server->process->pconf;
    void *expected = NULL, *of_all = NULL;

    apr_pool_userdata_get(&expected, fails_key(cmd->pool, cmd->server), pconf);
    apr_pool_userdata_get(&of_all, fails_key(cmd->pool, ap_server_conf), pconf);
    return expected || of_all ? "; where errors=fail of Redirect307Limits holds, the "
                                "answer is 500 instead"
                              : "";
}

/* The place remembers it, for errors=fail and for who has no log. */
static void mark_skipped(cmd_parms *cmd, r307_config_t *conf, const char *text)
{
    r307_place_t place = { r307_refusal_file(cmd), (unsigned)cmd->directive->line_num };
    r307_container_t container;
    r307_block_t *block;
    r307_fault_t *fault;

    (void)r307_container_find(cmd, &container);
    block = r307_config_block(cmd->pool, conf, 1, place, container.directory);
    block->is_htaccess = 1;
    block->skipped++;
    if (!block->faults) {
        block->faults = apr_array_make(cmd->pool, 2, sizeof(r307_fault_t));
    }
    if (block->faults->nelts < R307_FAULTS_MOST) {
        fault = apr_array_push(block->faults);
        fault->line = place.line;
        fault->text = text;
    }
}

static void skip(cmd_parms *cmd, r307_config_t *conf, const char *text)
{
    const ap_directive_t *line = cmd->directive;
    r307_progress_t *met = r307_refusal_met(r307_reading_of(cmd), cmd);
    const char *end = r307_stay_words(met->stands);
    apr_uint64_t key;
    int count;

    met->stands = 0;
    mark_skipped(cmd, conf, text);
    count = ++met->skipped;
    if (count > NAMED_MOST + 1) {
        return;
    }
    if (count > NAMED_MOST) {
        text = "more than " APR_STRINGIFY(NAMED_MOST) " lines are no rules; the rest of "
               "them is not named";
        end = "";
    }
    key = r307_log_once_key(cmd->pool, r307_refusal_file(cmd), (unsigned)line->line_num,
                            text);
    if (r307_log_once_ever(cmd->server, key)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, cmd->server, "%s:%d: %s%s%s",
                     line->filename, line->line_num, text, end, fails(cmd));
    }
}

const char *r307_refusal_take(cmd_parms *cmd, void *mconfig, const char *text)
{
    text = apr_pstrcat(cmd->pool, cmd->cmd->name, ": ", text, NULL);
    if (r307_container_is_htaccess(cmd)) {
        skip(cmd, mconfig, text);
        return NULL;
    }
    if (r307_refusal_is_trial()) {
        return text;
    }
    /* a virtual host has no log yet */
    ap_log_error(
        APLOG_MARK, APLOG_ERR, 0, ap_server_conf,
        "%s:%d: %s; the server goes on without this line, and will not start again "
        "with it",
        cmd->directive->filename, cmd->directive->line_num, text);
    return NULL;
}
