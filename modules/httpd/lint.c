/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/lint.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include "engine/loop.h"
#include "engine/token.h"
#include "httpd/once.h"

APLOG_USE_MODULE(redirect307);

#define USERDATA "mod_redirect307.lint"
#define NAMED_MOST 100          /* of one start, and of one file */

typedef struct remembered_t {
    const r307_rule_t *rule;
    const r307_config_t *conf;  /* of its container, not yet merged */
    const server_rec *server;
} remembered_t;

const char *r307_lint_parse_require(apr_pool_t *p, const apr_array_header_t *words,
                                    r307_config_t *conf)
{
    static const struct {
        const char *word;
        int value;
    } plans[] = {
        { "until", R307_REQUIRE_UNTIL }, { "review", R307_REQUIRE_REVIEW },
        { "none", R307_REQUIRE_NONE }
    }, hows[] = {
        { "warn", R307_REQUIRE_WARN }, { "refuse", R307_REQUIRE_REFUSE }
    };
    const char *plan = APR_ARRAY_IDX(words, 0, r307_word_t).text;
    const char *how = words->nelts > 1 ? APR_ARRAY_IDX(words, 1, r307_word_t).text
                                       : "warn";
    size_t i, k;

    for (i = 0; i < 3 && strcasecmp(plans[i].word, plan) != 0; i++) {
        continue;
    }
    for (k = 0; k < 2 && strcasecmp(hows[k].word, how) != 0; k++) {
        continue;
    }
    if (i == 3 || k == 2) {
        plan = i == 3 ? plan : how;
        return apr_psprintf(p, "'%s' is no value here; write " R307_LINT_REQUIRE,
                            r307_text_show(p, plan, strlen(plan)));
    }
    conf->require = plans[i].value;
    conf->require_how = hows[k].value;
    return NULL;
}

void r307_lint_add(cmd_parms *cmd, const r307_config_t *conf, const r307_rule_t *rule)
{
    apr_array_header_t *list;
    remembered_t *remembered;
    void *data = NULL;

    apr_pool_userdata_get(&data, USERDATA, cmd->pool);
    list = data;
    if (!list) {
        list = apr_array_make(cmd->pool, 16, sizeof(remembered_t));
        apr_pool_userdata_set(list, USERDATA, NULL, cmd->pool);
    }
    remembered = apr_array_push(list);
    remembered->rule = rule;
    remembered->conf = conf;
    remembered->server = cmd->server;
}

/* What holds in the rule's container: its own word, else that of its virtual host, which
 * has the main server's in it. */
static const r307_config_t *find_conf(apr_pool_t *p, const remembered_t *remembered)
{
    void *base = ap_get_module_config(remembered->server->lookup_defaults,
                                      &redirect307_module);

    return r307_config_merge(p, base, (void *)(apr_uintptr_t)remembered->conf);
}

static r307_list_t list_of(const r307_config_t *conf)
{
    return conf->allow && conf->allow->nelts ? R307_LIST_THERE : R307_LIST_EMPTY;
}

/* How many of the doubts of one rule count as a warning. */
static int say_doubts(const server_rec *s, const apr_array_header_t *doubts, int *said)
{
    int i, warnings = 0;

    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        const r307_place_t *place = &doubt->rule->place;

        warnings += r307_finding_row(doubt->finding)->severity == R307_SEVERITY_WARN;
        if (++*said <= NAMED_MOST) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "%s:%u: Redirect307: %s",
                         place->file, place->line, doubt->text);
        }
        else if (*said == NAMED_MOST + 1) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                         "more than %d findings; redirect307ctl lint names them all",
                         NAMED_MOST);
        }
    }
    return warnings;
}

/* Where the rules of the server or virtual host itself lead together; those of its sections
 * are not followed. How many findings end the start. */
static int say_loops(apr_pool_t *p, const server_rec *s, int is_one, int *said)
{
    const r307_config_t *conf = ap_get_module_config(s->lookup_defaults,
                                                     &redirect307_module);
    int lint = (int)r307_config_value(conf, R307_SETTING_LINT), i, warnings;
    int is_https = s->server_scheme && strcasecmp(s->server_scheme, "https") == 0;
    apr_array_header_t *doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));
    r307_loop_site_t site;
    r307_scope_t *scopes;

    if (lint == R307_LINT_OFF || !conf->early) {
        return 0;
    }
    site.self.port = s->addrs && s->addrs->host_port ? s->addrs->host_port : s->port;
    is_https = is_https || site.self.port == 443;
    site.self.scheme = is_https ? "https" : "http";
    site.self.port = site.self.port ? site.self.port : is_https ? 443 : 80;
    site.self.host = s->server_hostname ? s->server_hostname : "localhost";
    site.is_one = is_one;
    scopes = apr_pcalloc(p, (size_t)conf->early->count * sizeof(*scopes));
    for (i = 0; i < conf->early->count; i++) {
        scopes[i].rules = conf->early->blocks[i]->rules;
    }
    r307_loop_audit(p, scopes, conf->early->count, &site, doubts);
    warnings = say_doubts(s, doubts, said);
    return lint == R307_LINT_REFUSE ? warnings : 0;
}

/* Redirect307Require looks at the text alone; 1 when that is to end the start. */
static int say_lacking(const remembered_t *remembered, const r307_config_t *conf)
{
    const r307_place_t *place = &remembered->rule->place;
    const char *lack = r307_limit_lacks((r307_require_t)r307_config_value(conf,
                                            R307_SETTING_REQUIRE), remembered->rule);
    int refuse = r307_config_value(conf, R307_SETTING_REQUIRE_HOW) == R307_REQUIRE_REFUSE;

    if (lack) {
        ap_log_error(APLOG_MARK, refuse ? APLOG_ERR : APLOG_WARNING, 0,
                     remembered->server, "%s:%u: Redirect307: the rule %s", place->file,
                     place->line, lack);
    }
    return lack && refuse;
}

int r307_on_check_config(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp,
                         server_rec *s)
{
    const apr_array_header_t *list;
    void *data = NULL;
    const r307_config_t *conf = NULL;
    const server_rec *one;
    apr_array_header_t *doubts = apr_array_make(ptemp, 2, sizeof(r307_doubt_t));
    int i, said = 0, refused = 0, unplanned = 0;

    (void)plog;
    apr_pool_userdata_get(&data, USERDATA, pconf);
    list = data;
    if (!list || (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG
                  && ap_state_query(AP_SQ_RUN_MODE) != AP_SQ_RM_CONFIG_TEST)) {
        return OK;      /* httpd reads its configuration twice; this one is thrown away */
    }
    for (i = 0; i < list->nelts; i++) {
        const remembered_t *remembered = &APR_ARRAY_IDX(list, i, remembered_t);
        int lint, warnings;

        /* one merge for a container, not for each of its rules */
        if (i == 0 || remembered->conf != remembered[-1].conf) {
            conf = find_conf(ptemp, remembered);
        }
        lint = (int)r307_config_value(conf, R307_SETTING_LINT);
        apr_array_clear(doubts);

        unplanned += say_lacking(remembered, conf);
        if (lint == R307_LINT_OFF) {
            continue;
        }
        r307_audit_rule(ptemp, remembered->rule, list_of(conf), doubts);
        warnings = say_doubts(remembered->server, doubts, &said);
        refused += lint == R307_LINT_REFUSE ? warnings : 0;
    }
    for (one = s; one; one = one->next) {
        refused += say_loops(ptemp, one, !s->next, &said);
    }
    if (unplanned) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "%d rule%s without a plan keep%s the server from starting, as "
                     "Redirect307Require asks", unplanned, unplanned == 1 ? "" : "s",
                     unplanned == 1 ? "s" : "");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    if (refused) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                     "%d finding%s of Redirect307 keep%s the server from starting, as "
                     "Redirect307Lint refuse asks", refused, refused == 1 ? "" : "s",
                     refused == 1 ? "s" : "");
        return HTTP_INTERNAL_SERVER_ERROR;
    }
    return OK;
}

int r307_lint_doubts(apr_pool_t *p, const r307_rule_t *rule)
{
    apr_array_header_t *doubts;

    /* the only ones a tenant is told of need a request's byte in the target */
    if (rule->target->inserts == 0) {
        return 0;
    }
    doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));
    r307_audit_rule(p, rule, R307_LIST_UNKNOWN, doubts);
    return doubts->nelts;
}

void r307_lint_say(request_rec *r, const r307_config_t *conf, const r307_block_t *block)
{
    const apr_array_header_t *rules = block->rules->rules;
    int i, said = 0;

    if (r307_config_value(conf, R307_SETTING_LINT) == R307_LINT_OFF
        || !r307_once_ever(r->server, r307_once_key(r->pool, block->file,
                                                    r307_config_first(block), "lint"))) {
        return;
    }
    for (i = 0; i < rules->nelts; i++) {
        const r307_rule_t *rule = APR_ARRAY_IDX(rules, i, const r307_rule_t *);
        apr_array_header_t *doubts = apr_array_make(r->pool, 2, sizeof(r307_doubt_t));

        /* rules of one place may be one block or, from a cached file, several */
        if (rule->target->inserts
            && r307_once_ever(r->server, r307_once_key(r->pool, rule->place.file,
                                                       rule->place.line, "doubt"))) {
            r307_audit_rule(r->pool, rule, list_of(conf), doubts);
            (void)say_doubts(r->server, doubts, &said);
        }
    }
}
