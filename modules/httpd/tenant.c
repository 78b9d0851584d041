/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/tenant.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include "engine/limit.h"
#include "httpd/once.h"

APLOG_USE_MODULE(redirect307);

/* So many rules of one file are named, as of lines that are none. */
#define NAMED_MOST 100

/* A stat, and only where longest= counts from it. */
static apr_time_t find_made(request_rec *r, const r307_config_t *conf, const char *file)
{
    apr_finfo_t finfo;

    return r307_limit_value(conf->limits, R307_LIMIT_LONGEST) != R307_LIMIT_LONGEST_NONE
           && file && apr_stat(&finfo, file, APR_FINFO_MTIME, r->pool) == APR_SUCCESS
           ? finfo.mtime : 0;
}

static void fill(request_rec *r, const r307_config_t *conf, const r307_view_t *view,
                 const r307_block_t *block, r307_tenancy_t *tenancy)
{
    tenancy->limits = conf->limits;
    tenancy->allow = conf->allow;
    tenancy->name = r->server->server_hostname;
    tenancy->aliases = r->server->names;
    tenancy->asked = view->asked.host;
    tenancy->require = r307_config_value(conf, R307_SETTING_REQUIRE_HOW)
                       == R307_REQUIRE_REFUSE
                       ? (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE)
                       : R307_REQUIRE_NONE;
    tenancy->made = block ? find_made(r, conf, block->file) : 0;
    tenancy->shift_nth = block ? block->shift.rules : 0;
    tenancy->shift_regex = block ? block->shift.regexes : 0;
}

/* One stat of the file, and only where something is skipped. */
static int is_first(request_rec *r, const char *file, unsigned line, const char *matter)
{
    return r307_once_ever(r->server, r307_once_key(r->pool, file, line, matter));
}

static void say_skipped(request_rec *r, const r307_tenancy_t *tenancy,
                        const r307_block_t *block)
{
    const apr_array_header_t *rules = block->rules->rules;
    int i, count = 0;

    for (i = 0; i < rules->nelts && count <= NAMED_MOST; i++) {
        const r307_rule_t *rule = APR_ARRAY_IDX(rules, i, const r307_rule_t *);
        const char *why = r307_limit_why(tenancy, rule);

        /* rules of one place may be one block or, from a cached file, several */
        if (why && !is_first(r, rule->place.file, rule->place.line, "limit")) {
            continue;
        }
        if (why && count++ < NAMED_MOST) {
            const char *source = rule->source ? rule->source : rule->target->text;

            ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                          "%s:%u: Redirect307: '%s' %s; this line is skipped, the others "
                          "work", rule->place.file, rule->place.line,
                          source ? r307_text_show(r->pool, source, strlen(source)) : "",
                          why);
        }
        else if (why) {
            ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                          "%s:%u: Redirect307: more than " APR_STRINGIFY(NAMED_MOST)
                          " lines are past a limit; the rest of them is not named",
                          rule->place.file, rule->place.line);
        }
    }
}

/* Redirect307Require warn: what lacks a plan works, and is told. */
static void say_lacking(request_rec *r, const r307_config_t *conf,
                        const r307_block_t *block)
{
    r307_require_t require = (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE);
    const apr_array_header_t *rules = block->rules->rules;
    int i, count = 0;

    if ((require == R307_REQUIRE_UNTIL ? !block->tally.lacks_until
                                       : !block->tally.lacks_review)
        || !is_first(r, block->file, r307_config_first(block), "require")) {
        return;
    }
    for (i = 0; i < rules->nelts && count < NAMED_MOST; i++) {
        const r307_rule_t *rule = APR_ARRAY_IDX(rules, i, const r307_rule_t *);
        const char *lack = r307_limit_lacks(require, rule);

        if (lack) {
            count++;
            ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "%s:%u: Redirect307: the rule %s",
                          rule->place.file, rule->place.line, lack);
        }
    }
}

const r307_tenancy_t *r307_tenant_find(request_rec *r, const r307_config_t *conf,
                                       const r307_view_t *view,
                                       const r307_block_t *block)
{
    r307_tenancy_t *tenancy;

    int require = (int)r307_config_value(conf, R307_SETTING_REQUIRE);

    if (!block->is_htaccess
        || (!conf->limits && !block->tally.unbounded && !require)) {
        return NULL;
    }
    if (require
        && r307_config_value(conf, R307_SETTING_REQUIRE_HOW) == R307_REQUIRE_WARN) {
        say_lacking(r, conf, block);
    }
    tenancy = apr_palloc(r->pool, sizeof(*tenancy));
    fill(r, conf, view, block, tenancy);
    if (r307_limit_exceeds(r->pool, &block->tally, tenancy)
        && is_first(r, block->file, r307_config_first(block), "limits")) {
        say_skipped(r, tenancy, block);
    }
    return tenancy;
}

const char *r307_tenant_why(request_rec *r, const r307_config_t *conf,
                            const r307_view_t *view, const r307_rule_t *rule)
{
    r307_tenancy_t tenancy;

    fill(r, conf, view, NULL, &tenancy);
    return r307_limit_why(&tenancy, rule);
}

int r307_tenant_fails(request_rec *r, const r307_config_t *conf, const r307_view_t *view,
                      const r307_chain_t *chain)
{
    r307_tenancy_t tenancy;
    int i;

    if (r307_limit_value(conf->limits, R307_LIMIT_ERRORS) != R307_ERRORS_FAIL) {
        return 0;
    }
    for (i = 0; i < chain->count; i++) {
        const r307_block_t *block = chain->blocks[i];

        fill(r, conf, view, block, &tenancy);
        if (!block->is_htaccess
            || (!block->skipped
                && !r307_limit_exceeds(r->pool, &block->tally, &tenancy))) {
            continue;
        }
        if (is_first(r, block->file, 0, "fails")) {
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                          "%s: has a line that is no rule or past a limit, and errors=fail "
                          "of Redirect307Limits answers 500 then", block->file);
        }
        return 1;
    }
    return 0;
}
