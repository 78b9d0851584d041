/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/place_config.h"

#include <string.h>
#include <apr_strings.h>

void *r307_config_create(apr_pool_t *p, char *directory)
{
    r307_config_t *conf = apr_pcalloc(p, sizeof(*conf));
    int i;

    /* Inside <If> and <Files> it is not the directory at all; but a server has none, and
     * everything is merged into a server's: so the list is made once, not per request. */
    if (!directory) {
        conf->exempt_all = r307_exempt_default(p);
    }
    for (i = 0; i < R307_SETTING_COUNT; i++) {
        conf->values[i] = R307_UNSAID;
    }
    return conf;
}

/* What httpd merges later is asked first; inside a block file order holds. */
static const r307_blocks_t *merge_blocks(apr_pool_t *p, const r307_blocks_t *base,
                                         const r307_blocks_t *add)
{
    r307_blocks_t *blocks;
    r307_block_t **at;

    if (!base || !add) {
        return add ? add : base;
    }
    at = apr_palloc(p, (size_t)(base->count + add->count) * sizeof(*at));
    memcpy(at, add->at, (size_t)add->count * sizeof(*at));
    memcpy(at + add->count, base->at, (size_t)base->count * sizeof(*at));
    blocks = apr_palloc(p, sizeof(*blocks));
    blocks->count = base->count + add->count;
    blocks->at = at;
    return blocks;
}

static const r307_lines_t *join_lines(apr_pool_t *p, const r307_lines_t *first,
                                      const r307_lines_t *second)
{
    const r307_maintenance_t **at;
    r307_lines_t *lines;

    if (!first || !second) {
        return first ? first : second;
    }
    at = apr_palloc(p, (size_t)(first->count + second->count) * sizeof(*at));
    memcpy(at, first->at, (size_t)first->count * sizeof(*at));
    memcpy(at + first->count, second->at, (size_t)second->count * sizeof(*at));
    lines = apr_palloc(p, sizeof(*lines));
    lines->count = first->count + second->count;
    lines->at = at;
    return lines;
}

void r307_config_add_line(apr_pool_t *p, r307_config_t *conf, int is_late,
                          const r307_maintenance_t *line)
{
    const r307_lines_t **slot = is_late ? &conf->late_maintenance
                                        : &conf->early_maintenance;
    const r307_maintenance_t **at = apr_palloc(p, sizeof(*at));
    r307_lines_t *one = apr_palloc(p, sizeof(*one));

    at[0] = line;
    one->count = 1;
    one->at = at;
    *slot = join_lines(p, *slot, one);
}

const apr_array_header_t *r307_config_exempt(apr_pool_t *p, const r307_config_t *conf)
{
    return conf->exempt_all ? conf->exempt_all : r307_exempt_default(p);
}

/* Both lists are kept, because httpd merges <Location>s with each other before it merges
 * them into what they inherit from: `own` must still be what is added there. */
static void merge_exempt(apr_pool_t *p, const r307_config_t *base,
                         const r307_config_t *add, r307_config_t *conf)
{
    if (!add->exempt) {
        return;
    }
    if (add->exempt_resets || !base->exempt) {
        conf->exempt = add->exempt;
    }
    else {
        conf->exempt = apr_array_append(p, base->exempt, add->exempt);
    }
    conf->exempt_resets = base->exempt_resets || add->exempt_resets;
    conf->exempt_all = add->exempt_resets
                       ? add->exempt_all
                       : apr_array_append(p, r307_config_exempt(p, base), add->exempt);
}

static apr_int64_t lower(apr_int64_t a, apr_int64_t b)
{
    if (a == R307_UNSAID || b == R307_UNSAID) {
        return a == R307_UNSAID ? b : a;
    }
    return a < b ? a : b;
}

void *r307_config_merge(apr_pool_t *p, void *base_conf, void *add_conf)
{
    const r307_config_t *base = base_conf, *add = add_conf;
    r307_config_t *conf = apr_pmemdup(p, base, sizeof(*conf));
    int i;

    for (i = 0; !add->only_rules && i < R307_SETTING_COUNT; i++) {
        if (add->values[i] != R307_UNSAID) {
            conf->values[i] = add->values[i];
        }
    }
    conf->only_rules = base->only_rules && add->only_rules;
    conf->values[R307_SETTING_CEILING] = lower(base->values[R307_SETTING_CEILING],
                                               add->values[R307_SETTING_CEILING]);
    conf->allow = add->allow ? add->allow : base->allow;
    conf->early = merge_blocks(p, base->early, add->early);
    conf->late = merge_blocks(p, base->late, add->late);
    conf->early_maintenance = join_lines(p, add->early_maintenance,
                                         base->early_maintenance);
    conf->late_maintenance = join_lines(p, add->late_maintenance, base->late_maintenance);
    if (add->bases) {
        conf->bases = base->bases ? apr_array_append(p, add->bases, base->bases)
                                  : add->bases;
    }
    conf->own_link = add->own_link ? add->own_link : base->own_link;
    conf->own_directory = add->own_link ? add->own_directory : base->own_directory;
    conf->limits = r307_limit_merge(p, base->limits, add->limits);
    if (add->hidden) {
        conf->hidden = base->hidden ? apr_array_append(p, base->hidden, add->hidden)
                                    : add->hidden;
    }
    merge_exempt(p, base, add, conf);
    return conf;
}

void r307_config_reset_exempt(apr_pool_t *p, r307_config_t *conf)
{
    conf->exempt_resets = 1;
    conf->exempt = apr_array_make(p, 4, sizeof(r307_slice_t));
    conf->exempt_all = conf->exempt;
}

void r307_config_add_exempt(apr_pool_t *p, r307_config_t *conf, r307_slice_t path)
{
    if (!conf->exempt) {
        conf->exempt = apr_array_make(p, 4, sizeof(r307_slice_t));
    }
    *(r307_slice_t *)apr_array_push(conf->exempt) = path;
    conf->exempt_all = conf->exempt_resets
                       ? conf->exempt
                       : apr_array_append(p, r307_exempt_default(p), conf->exempt);
}

void r307_config_add_base(apr_pool_t *p, r307_config_t *conf, const char *directory,
                          r307_slice_t url)
{
    apr_array_header_t *bases = apr_array_make(p, 1, sizeof(r307_base_t));
    r307_base_t *base = apr_array_push(bases);

    base->directory = directory;
    base->url = url;
    conf->bases = bases;        /* one container has one directory: the last line holds */
}

void r307_config_append_block(apr_pool_t *p, const r307_blocks_t **slot,
                              r307_block_t *block)
{
    int count = *slot ? (*slot)->count : 0;
    r307_block_t **at = apr_palloc(p, (size_t)(count + 1) * sizeof(*at));
    r307_blocks_t *blocks = apr_palloc(p, sizeof(*blocks));

    if (count) {
        memcpy(at, (*slot)->at, (size_t)count * sizeof(*at));
    }
    at[count] = block;
    blocks->count = count + 1;
    blocks->at = at;
    *slot = blocks;
}

r307_block_t *r307_config_block(apr_pool_t *p, r307_config_t *conf, int is_late,
                                r307_place_t place, const char *directory)
{
    const r307_blocks_t **slot = is_late ? &conf->late : &conf->early;
    r307_block_t *block = *slot ? (*slot)->at[(*slot)->count - 1] : NULL;

    if (block && !block->is_cached) {
        return block;
    }
    block = apr_pcalloc(p, sizeof(*block));
    block->rules = r307_ruleset_make(p);
    block->directory = directory;
    block->file = place.file;
    block->line = place.line;
    r307_config_append_block(p, slot, block);
    return block;
}

unsigned r307_config_first(const r307_block_t *block)
{
    const apr_array_header_t *rules = block->rules->rules;
    r307_literal_t room;

    if (block->rules->packed) {
        return (unsigned)(block->rules->first + block->shift.rules);
    }
    return rules->nelts ? (unsigned)(r307_ruleset_look(block->rules, 0, &room)->nth
                                     + block->shift.rules) : 0;
}

const char *r307_config_taken(apr_pool_t *p, const r307_blocks_t *blocks,
                              const r307_rule_t *rule)
{
    const char *err = NULL;
    int i;

    for (i = 0; blocks && !err && i < blocks->count; i++) {
        err = r307_ruleset_taken(p, blocks->at[i]->rules, rule);
    }
    return err;
}

int r307_config_is_relative(const r307_rule_t *rule)
{
    return (rule->pattern && rule->pattern->relative)
           || (rule->target && rule->target->kind == R307_TARGET_RELATIVE);
}

static int holds(const r307_lines_t *lines, const r307_maintenance_t *line)
{
    int i;

    for (i = 0; lines && i < lines->count; i++) {
        const r307_place_t *place = &lines->at[i]->rule.place;

        if (place->line == line->rule.place.line
            && strcmp(place->file, line->rule.place.file) == 0) {
            return 1;
        }
    }
    return 0;
}

int r307_config_holds_line(const r307_config_t *conf, const r307_maintenance_t *line)
{
    return holds(conf->early_maintenance, line) || holds(conf->late_maintenance, line);
}
