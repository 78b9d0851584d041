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

static void fill(request_rec *r, const r307_config_t *conf, const r307_view_t *view,
                 const r307_block_t *block, r307_tenancy_t *tenancy)
{
    tenancy->limits = conf->limits;
    tenancy->allow = conf->allow;
    tenancy->name = r->server->server_hostname;
    tenancy->aliases = r->server->names;
    tenancy->asked = view->asked.host;
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

const r307_tenancy_t *r307_tenant_find(request_rec *r, const r307_config_t *conf,
                                       const r307_view_t *view,
                                       const r307_block_t *block)
{
    r307_tenancy_t *tenancy;

    if (!block->is_htaccess || (!conf->limits && !block->tally.unbounded)) {
        return NULL;
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
