/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/conf_indexes.h"

#include <strings.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_time.h>
#include "rule/identity.h"
#include "rule/limit.h"

#define USERDATA "mod_redirect307.rulesets"
#define SHARED   "mod_redirect307.seed"

/* Without <VirtualHost>, which is known better by its name, and what is the same wherever
 * the file is moved to. */
static const char *sections_of(apr_pool_t *p, const ap_directive_t *section)
{
    if (!section) {
        return "";
    }
    return strcasecmp(section->directive, "<VirtualHost") == 0
        ? sections_of(p, section->parent)
        : apr_pstrcat(p, sections_of(p, section->parent), section->directive, " ",
                      section->args ? section->args : "", "\n", NULL);
}

/* Kept at pconf, as a static would outlive what it points to. */
void r307_conf_indexes_note(const cmd_parms *cmd, r307_block_t *block)
{
    void *list = NULL;
    r307_noted_t *noted;

    apr_pool_userdata_get(&list, USERDATA, cmd->pool);
    if (!list) {
        list = apr_array_make(cmd->pool, 16, sizeof(r307_noted_t));
        apr_pool_userdata_set(list, USERDATA, NULL, cmd->pool);     /* copies the key */
    }
    noted = apr_array_push(list);
    noted->block = block;
    noted->server = cmd->server;
    noted->sections = sections_of(cmd->pool, cmd->directive->parent);
}

static apr_uint64_t home_of(apr_pool_t *p, const r307_noted_t *noted)
{
    const server_rec *s = noted->server;
    const char *name = s->is_virtual && s->server_hostname ? s->server_hostname : "";
    int port = s->is_virtual && s->addrs ? s->addrs->host_port : 0;

    return r307_identity_home(apr_psprintf(p, "%s:%d\n%s", name, port, noted->sections));
}

apr_uint64_t r307_conf_indexes_seed(void)
{
    apr_uint64_t seed;

#if APR_HAS_RANDOM
    if (apr_generate_random_bytes((unsigned char *)&seed, sizeof(seed)) == APR_SUCCESS) {
        return seed;
    }
#endif
    seed = (apr_uint64_t)apr_time_now();
    return seed * 0x9E3779B97F4A7C15ull ^ (apr_uint64_t)(apr_uintptr_t)&seed;
}

apr_uint64_t r307_conf_indexes_shared(apr_pool_t *pconf)
{
    void *data = NULL;
    apr_uint64_t *seed;

    apr_pool_userdata_get(&data, SHARED, pconf);
    seed = data;
    if (!seed) {
        seed = apr_palloc(pconf, sizeof(*seed));
        *seed = r307_conf_indexes_seed();
        apr_pool_userdata_set(seed, SHARED, NULL, pconf);   /* copies the key */
    }
    return *seed;
}

/* What a page about all rules need not look for each time. */
static void look(apr_pool_t *p, r307_noted_t *noted)
{
    const r307_ruleset_t *rules = noted->block->rules;
    int i;

    noted->dated = apr_array_make(p, 1, sizeof(const r307_rule_t *));
    noted->endless = 0;
    for (i = 0; i < rules->rules->nelts; i++) {
        const r307_rule_t *kept = r307_ruleset_kept(rules, i);
        /* a plain line has no dates, and of its status its model tells */
        const r307_rule_t *rule = kept ? kept : &r307_ruleset_plain(rules, i)->model->rule;

        if (kept && (kept->plan.from.text || kept->plan.until.text || kept->plan.review.text)) {
            APR_ARRAY_PUSH(noted->dated, const r307_rule_t *) = kept;
        }
        noted->endless += r307_limit_lacks(R307_REQUIRE_REVIEW, rule) != NULL;
    }
}

static void identify(const r307_block_t *block, apr_uint64_t seed)
{
    const r307_ruleset_t *rules = block->rules;
    r307_literal_t room;
    int i;

    for (i = 0; i < rules->rules->nelts; i++) {
        apr_uint64_t *identity = r307_ruleset_kept(rules, i)
            ? &APR_ARRAY_IDX(rules->rules, i, r307_rule_t *)->identity
            : &r307_ruleset_plain(rules, i)->identity;

        *identity = r307_identity_of(r307_ruleset_look(rules, i, &room), block->home, seed);
    }
}

void r307_conf_indexes_build(apr_pool_t *pconf, apr_uint64_t seed)
{
    void *data = NULL;
    apr_array_header_t *list;
    int i;

    apr_pool_userdata_get(&data, USERDATA, pconf);
    list = data;
    for (i = 0; list && i < list->nelts; i++) {
        r307_noted_t *noted = &APR_ARRAY_IDX(list, i, r307_noted_t);

        look(pconf, noted);
        r307_ruleset_freeze(pconf, noted->block->rules, r307_conf_indexes_shared(pconf),
                            apr_time_now());
        noted->block->home = home_of(pconf, noted);
        if (seed) {
            identify(noted->block, seed);
        }
    }
}

const r307_noted_t *r307_conf_indexes_noted(const server_rec *s, int number)
{
    const apr_array_header_t *list;
    void *data = NULL;

    apr_pool_userdata_get(&data, USERDATA, s->process->pconf);
    list = data;
    return list && number < list->nelts ? &APR_ARRAY_IDX(list, number, r307_noted_t)
            : NULL;
}
