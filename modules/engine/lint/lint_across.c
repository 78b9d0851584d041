/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_across.h"
#include "lint/lint_above.h"

#define ALL ((apr_uint32_t)-1)

/* The rules of a container, and each of its maps, which may stand above a rule. */
typedef struct layers_t {
    apr_pool_t *scratch;            /* of one rule */
    const r307_ruleset_t *set;
    r307_above_t *rules;
    apr_uint32_t answering;         /* of these rules */
    r307_above_t **maps;
    r307_doubt_say_t *say;
    void *baton;
} layers_t;

static const r307_map_t *map_at(const layers_t *layers, int i)
{
    return &APR_ARRAY_IDX(layers->set->maps, i, r307_map_t);
}

/* A rule behind so many rules and so many maps. */
static void ask(const layers_t *layers, const r307_rule_t *rule, apr_uint32_t rules, int maps)
{
    apr_array_header_t *doubts = apr_array_make(layers->scratch, 1, sizeof(r307_doubt_t));
    int i;

    if (rule->target->kind == R307_TARGET_STOP) {
        return;             /* mostly it stands in for a bad line */
    }
    if (layers->answering && rules) {
        r307_above_ask(layers->scratch, layers->rules, rule, rules, doubts);
    }
    for (i = 0; i < maps && !doubts->nelts; i++) {
        r307_above_ask(layers->scratch, layers->maps[i], rule, ALL, doubts);
    }
    if (doubts->nelts) {
        layers->say(layers->baton, rule, doubts);
    }
}

/* Rules that one of the container answers for are told already. */
static void audit_rules(const layers_t *layers)
{
    int i, maps = 0;

    for (i = 0; i < layers->set->rules->nelts; i++) {
        const r307_rule_t *rule = r307_ruleset_rule(layers->scratch, layers->set, i);
        apr_array_header_t *doubts = apr_array_make(layers->scratch, 1,
                                                    sizeof(r307_doubt_t));

        while (maps < layers->set->maps->nelts && map_at(layers, maps)->before <= i) {
            maps++;
        }
        r307_above_ask(layers->scratch, layers->rules, rule, (apr_uint32_t)i, doubts);
        if (!doubts->nelts) {
            ask(layers, rule, 0, maps);
        }
        apr_pool_clear(layers->scratch);
    }
}

static void audit_map(const layers_t *layers, int nth)
{
    const r307_image_t *image = map_at(layers, nth)->handle;
    apr_uint32_t before = (apr_uint32_t)map_at(layers, nth)->before, k;

    if (!nth && !(layers->answering && before)) {
        return;             /* nothing is above it */
    }
    for (k = 0; k < r307_image_count(image); k++) {
        const r307_rule_t *rule = r307_image_rule(layers->scratch, image, k);

        if (rule) {
            ask(layers, rule, before, nth);
        }
        apr_pool_clear(layers->scratch);
    }
}

void r307_across_audit(apr_pool_t *p, const r307_ruleset_t *rules, r307_doubt_say_t *say,
                       void *baton)
{
    layers_t layers = { NULL, rules, NULL, 0, NULL, say, baton };
    apr_pool_t *own;
    int i;

    if (!rules->maps || !rules->maps->nelts) {
        return;
    }
    apr_pool_create(&own, p);
    apr_pool_create(&layers.scratch, own);
    layers.rules = r307_above_make(own);
    for (i = 0; i < rules->rules->nelts; i++) {
        r307_above_add(layers.rules, r307_ruleset_rule(own, rules, i), (apr_uint32_t)i);
    }
    layers.answering = r307_above_freeze(layers.rules);
    layers.maps = apr_palloc(own, (size_t)rules->maps->nelts * sizeof(*layers.maps));
    for (i = 0; i < rules->maps->nelts; i++) {
        layers.maps[i] = r307_above_of_image(own, map_at(&layers, i)->handle);
    }
    audit_rules(&layers);
    for (i = 0; i < rules->maps->nelts; i++) {
        audit_map(&layers, i);
    }
    apr_pool_destroy(own);
}
