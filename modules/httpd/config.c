/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/config.h"

#include <stddef.h>
#include <string.h>
#include <apr_strings.h>

#define DRAIN_BYTES (64 * 1024)
#define DRAIN_TIME  (5 * APR_USEC_PER_SEC)
#define ARENA_BYTES (256 * 1024 * 1024)
#define CACHE_AGE   (2 * APR_USEC_PER_SEC)
#define CACHE_BYTES (64 * 1024 * 1024)

const r307_setting_row_t r307_settings[R307_SETTING_COUNT] = {
    [R307_SETTING_ENGINE] = { "Redirect307Engine", offsetof(r307_config_t, engine),
                              R307_KIND_INT, R307_ENGINE_ON },
    [R307_SETTING_CEILING] = { "Redirect307Engine in .htaccess",
                               offsetof(r307_config_t, ceiling), R307_KIND_INT,
                               R307_ENGINE_ON },
    [R307_SETTING_RELATIVE] = { "Redirect307Relative", offsetof(r307_config_t, relative),
                                R307_KIND_INT, 1 },
    [R307_SETTING_REFUSE] = { "Redirect307Refuse", offsetof(r307_config_t, refuse),
                              R307_KIND_INT, 400 },
    [R307_SETTING_BY] = { "Redirect307By", offsetof(r307_config_t, by), R307_KIND_INT,
                          R307_BY_OFF },
    [R307_SETTING_REQUIRE] = { "Redirect307Require", offsetof(r307_config_t, require),
                               R307_KIND_INT, R307_REQUIRE_NONE },
    [R307_SETTING_REQUIRE_HOW] = { "Redirect307Require, what then",
                                   offsetof(r307_config_t, require_how), R307_KIND_INT,
                                   R307_REQUIRE_WARN },
    [R307_SETTING_LINT] = { "Redirect307Lint", offsetof(r307_config_t, lint), R307_KIND_INT,
                            R307_LINT_WARN },
    [R307_SETTING_DRAIN] = { "Redirect307Drain", offsetof(r307_config_t, drain),
                             R307_KIND_INT64, DRAIN_BYTES },
    [R307_SETTING_DRAIN_TIME] = { "Redirect307Drain, its time",
                                  offsetof(r307_config_t, drain_time), R307_KIND_INT64,
                                  DRAIN_TIME },
    [R307_SETTING_ARENA] = { "Redirect307Arena", offsetof(r307_config_t, arena),
                             R307_KIND_INT64, ARENA_BYTES },
    [R307_SETTING_HTACCESS_CACHE] = { "Redirect307HtaccessCache",
                                      offsetof(r307_config_t, htaccess_cache),
                                      R307_KIND_INT, 1 },
    [R307_SETTING_HTACCESS_AGE] = { "Redirect307HtaccessCache, its age",
                                    offsetof(r307_config_t, htaccess_age),
                                    R307_KIND_INT64, CACHE_AGE },
    [R307_SETTING_HTACCESS_SIZE] = { "Redirect307HtaccessCache, its size",
                                     offsetof(r307_config_t, htaccess_size),
                                     R307_KIND_INT64, CACHE_BYTES },
    [R307_SETTING_ALLOW] = { "Redirect307AllowHosts", offsetof(r307_config_t, allow),
                             R307_KIND_POINTER, 0 },
};

static void *member(r307_config_t *conf, const r307_setting_row_t *row)
{
    return (char *)conf + row->offset;
}

static const void *member_read(const r307_config_t *conf, const r307_setting_row_t *row)
{
    return (const char *)conf + row->offset;
}

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
        const r307_setting_row_t *row = &r307_settings[i];

        if (row->kind == R307_KIND_INT) {
            *(int *)member(conf, row) = R307_UNSET;
        }
        else if (row->kind == R307_KIND_INT64) {
            *(apr_int64_t *)member(conf, row) = R307_UNSET;
        }
    }
    return conf;
}

static void merge_setting(r307_config_t *conf, const r307_config_t *add,
                          const r307_setting_row_t *row)
{
    const void *from = member_read(add, row);

    switch (row->kind) {
    case R307_KIND_INT:
        if (*(const int *)from != R307_UNSET) {
            *(int *)member(conf, row) = *(const int *)from;
        }
        break;
    case R307_KIND_INT64:
        if (*(const apr_int64_t *)from != R307_UNSET) {
            *(apr_int64_t *)member(conf, row) = *(const apr_int64_t *)from;
        }
        break;
    case R307_KIND_POINTER:
        if (*(void *const *)from) {
            *(void **)member(conf, row) = *(void *const *)from;
        }
        break;
    }
}

/* What httpd merges later is asked first; inside a block file order holds. */
static const r307_chain_t *merge_chain(apr_pool_t *p, const r307_chain_t *base,
                                       const r307_chain_t *add)
{
    r307_chain_t *chain;
    r307_block_t **blocks;

    if (!base || !add) {
        return add ? add : base;
    }
    blocks = apr_palloc(p, (size_t)(base->count + add->count) * sizeof(*blocks));
    memcpy(blocks, add->blocks, (size_t)add->count * sizeof(*blocks));
    memcpy(blocks + add->count, base->blocks, (size_t)base->count * sizeof(*blocks));
    chain = apr_palloc(p, sizeof(*chain));
    chain->count = base->count + add->count;
    chain->blocks = blocks;
    return chain;
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
    const r307_lines_t **slot = is_late ? &conf->late_lines : &conf->early_lines;
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

static int lower(int a, int b)
{
    if (a == R307_UNSET || b == R307_UNSET) {
        return a == R307_UNSET ? b : a;
    }
    return a < b ? a : b;
}

void *r307_config_merge(apr_pool_t *p, void *base_conf, void *add_conf)
{
    const r307_config_t *base = base_conf, *add = add_conf;
    r307_config_t *conf = apr_pmemdup(p, base, sizeof(*conf));
    int i;

    for (i = 0; !add->only_rules && i < R307_SETTING_COUNT; i++) {
        merge_setting(conf, add, &r307_settings[i]);
    }
    conf->only_rules = base->only_rules && add->only_rules;
    conf->ceiling = lower(base->ceiling, add->ceiling);
    conf->early = merge_chain(p, base->early, add->early);
    conf->late = merge_chain(p, base->late, add->late);
    conf->early_lines = join_lines(p, add->early_lines, base->early_lines);
    conf->late_lines = join_lines(p, add->late_lines, base->late_lines);
    if (add->bases) {
        conf->bases = base->bases ? apr_array_append(p, add->bases, base->bases)
                                  : add->bases;
    }
    conf->limits = r307_limit_merge(p, base->limits, add->limits);
    if (add->hidden) {
        conf->hidden = base->hidden ? apr_array_append(p, base->hidden, add->hidden)
                                    : add->hidden;
    }
    merge_exempt(p, base, add, conf);
    return conf;
}

apr_int64_t r307_config_value(const r307_config_t *conf, r307_setting_t setting)
{
    const r307_setting_row_t *row = &r307_settings[setting];
    const void *from = member_read(conf, row);
    apr_int64_t value = row->kind == R307_KIND_INT64 ? *(const apr_int64_t *)from
                                                     : *(const int *)from;

    return value == R307_UNSET ? row->fallback : value;
}

int r307_config_engine(const r307_config_t *conf)
{
    int engine = (int)r307_settings[R307_SETTING_ENGINE].fallback;

    engine = conf->engine == R307_UNSET ? engine : conf->engine;
    return conf->ceiling == R307_UNSET || conf->ceiling > engine ? engine : conf->ceiling;
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

void r307_config_append_block(apr_pool_t *p, const r307_chain_t **slot,
                              r307_block_t *block)
{
    int count = *slot ? (*slot)->count : 0;
    r307_block_t **blocks = apr_palloc(p, (size_t)(count + 1) * sizeof(*blocks));
    r307_chain_t *chain = apr_palloc(p, sizeof(*chain));

    if (count) {
        memcpy(blocks, (*slot)->blocks, (size_t)count * sizeof(*blocks));
    }
    blocks[count] = block;
    chain->count = count + 1;
    chain->blocks = blocks;
    *slot = chain;
}

r307_block_t *r307_config_block(apr_pool_t *p, r307_config_t *conf, int is_late,
                                r307_place_t place, const char *directory)
{
    const r307_chain_t **slot = is_late ? &conf->late : &conf->early;
    r307_block_t *block = *slot ? (*slot)->blocks[(*slot)->count - 1] : NULL;

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

    return rules->nelts
           ? (unsigned)(APR_ARRAY_IDX(rules, 0, const r307_rule_t *)->nth
                        + block->shift.rules) : 0;
}

const char *r307_config_taken(apr_pool_t *p, const r307_chain_t *chain,
                              const r307_rule_t *rule)
{
    const char *err = NULL;
    int i;

    for (i = 0; chain && !err && i < chain->count; i++) {
        err = r307_ruleset_taken(p, chain->blocks[i]->rules, rule);
    }
    return err;
}

int r307_config_is_relative(const r307_rule_t *rule)
{
    return (rule->pattern && rule->pattern->relative)
           || (rule->target && rule->target->kind == R307_TARGET_RELATIVE);
}
