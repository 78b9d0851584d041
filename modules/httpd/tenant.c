/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/tenant.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include "grammar/hosts_advice.h"
#include "rule/limit.h"
#include "grammar/stay.h"
#include "httpd/log_once.h"

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
    tenancy->maps_alone = 0;
}

/* One stat of the file, and only where something is skipped. */
static int is_first(request_rec *r, const char *file, unsigned line, const char *matter)
{
    return r307_log_once_ever(r->server, r307_log_once_key(r->pool, file, line, matter));
}

/* then: what becomes of the line. */
static void say_skipped(request_rec *r, const r307_tenancy_t *tenancy,
                        const r307_block_t *block, const char *then)
{
    r307_literal_t room;
    apr_pool_t *one = NULL;
    int i, count = 0;

    for (i = 0; i < r307_ruleset_count(block->rules) && count <= NAMED_MOST; i++) {
        const r307_rule_t *rule = r307_ruleset_glance(r->pool, &one, block->rules, i, &room);
        const char *why = rule ? r307_limit_say(r->pool, tenancy, rule) : NULL;

        /* rules of one place may be one block or, from a cached file, several */
        if (why && !is_first(r, rule->place.file, rule->place.line, "limit")) {
            continue;
        }
        if (why && count++ < NAMED_MOST) {
            const char *source = rule->source ? rule->source : rule->target->text;
            int chosen = r307_hosts_says(why);

            ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                          "%s:%u: Redirect307: '%s' %s%s%s%s",
                          rule->place.file, rule->place.line,
                          source ? r307_text_show(r->pool, source, strlen(source)) : "",
                          why, chosen ? "; " : "",
                          chosen ? r307_hosts_advice(r->pool, rule) : "", then);
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
    r307_require_t require
        = (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE);
    r307_literal_t room;
    apr_pool_t *one = NULL;
    int i, count = 0;

    if ((require == R307_REQUIRE_UNTIL ? !block->tally.lacks_until
                                       : !block->tally.lacks_review)
        || !is_first(r, block->file, r307_config_first(block), "require")) {
        return;
    }
    for (i = 0; i < r307_ruleset_count(block->rules) && count < NAMED_MOST; i++) {
        const r307_rule_t *rule = r307_ruleset_glance(r->pool, &one, block->rules, i, &room);
        const char *lack = rule ? r307_limit_lacks(require, rule) : NULL;

        if (lack) {
            count++;
            ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                          "%s:%u: Redirect307: the rule %s", rule->place.file,
                          rule->place.line, lack);
        }
    }
}

/* What is asked of the lines of maps that httpd.conf names, which are read when the
 * server runs; its own lines were judged at the start. */
static const r307_tenancy_t *find_own(request_rec *r, const r307_config_t *conf,
                                      const r307_block_t *block)
{
    r307_tenancy_t *tenancy;

    if (!block->rules->maps
        || r307_config_value(conf, R307_SETTING_REQUIRE) == R307_REQUIRE_NONE
        || r307_config_value(conf, R307_SETTING_REQUIRE_HOW) != R307_REQUIRE_REFUSE) {
        return NULL;
    }
    tenancy = apr_pcalloc(r->pool, sizeof(*tenancy));
    tenancy->require = (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE);
    tenancy->maps_alone = 1;
    return tenancy;
}

const r307_tenancy_t *r307_tenant_find(request_rec *r, const r307_config_t *conf,
                                       const r307_view_t *view,
                                       const r307_block_t *block)
{
    int require = (int)r307_config_value(conf, R307_SETTING_REQUIRE);
    r307_tenancy_t *tenancy;

    if (!block->is_htaccess) {
        return find_own(r, conf, block);
    }
    if (!conf->limits && !block->tally.unbounded && !block->tally.chosen && !require) {
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
        say_skipped(r, tenancy, block, r307_stay_words(0));
    }
    return tenancy;
}

unsigned r307_tenant_reached(request_rec *r, const r307_config_t *conf,
                             const r307_block_t *block)
{
    r307_tenancy_t tenancy;
    r307_view_t view;

    memset(&view, 0, sizeof(view));
    view.asked.host = r->hostname ? r->hostname : "";
    fill(r, conf, &view, block, &tenancy);
    return r307_limit_reached(r->pool, &block->tally, &tenancy);
}

const char *r307_tenant_maintenance_why(request_rec *r, const r307_config_t *conf,
                                        const r307_view_t *view,
                                        const r307_maintenance_t *line)
{
    r307_tenancy_t tenancy;

    fill(r, conf, view, NULL, &tenancy);
    tenancy.made = find_made(r, conf, line->rule.place.file);
    return r307_maintenance_why(&tenancy, line);
}

/* Whether the lines of one place are a reason; which of them are past a limit is said. */
static int block_fails(request_rec *r, const r307_config_t *conf, const r307_view_t *view,
                       const r307_block_t *block)
{
    r307_tenancy_t tenancy;
    int exceeds;

    if (!block->is_htaccess) {
        return 0;
    }
    fill(r, conf, view, block, &tenancy);
    exceeds = r307_limit_exceeds(r->pool, &block->tally, &tenancy);
    if (exceeds && is_first(r, block->file, r307_config_first(block), "limits")) {
        say_skipped(r, &tenancy, block, "; errors=fail of Redirect307Limits answers 500 "
                                        "because of it");
    }
    return exceeds || block->skipped;
}

int r307_tenant_fails(request_rec *r, const r307_config_t *conf, const r307_view_t *view,
                      const r307_blocks_t *blocks)
{
    const r307_block_t *first = NULL;
    int i;

    if (r307_limit_value(conf->limits, R307_LIMIT_ERRORS) != R307_ERRORS_FAIL) {
        return 0;
    }
    /* all of them, so that all lines are said at once */
    for (i = 0; i < blocks->count; i++) {
        if (block_fails(r, conf, view, blocks->at[i]) && !first) {
            first = blocks->at[i];
        }
    }
    if (first && is_first(r, first->file, 0, "fails")) {
        ap_log_rerror(
            APLOG_MARK, APLOG_ERR, 0, r,
            "%s: has a line that is no rule or past a limit, and errors=fail of "
            "Redirect307Limits answers 500 then",
            first->file);
    }
    return first != NULL;
}
