/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_same.h"

#include <string.h>
#include <apr_strings.h>

#include "lint/lint_chain.h"
#include "lint/lint_same.h"

/* The rules of one version of the file. */
typedef struct version_t {
    const ctl_site_t *site;
    const r307_same_t *rules;
    const r307_image_t *image;  /* of a map that was named, or NULL */
    apr_hash_t *numbers;        /* line to number in it */
} version_t;

struct ctl_same_t {
    version_t before, after;
};

static r307_scope_t scope_of(const ctl_site_t *site)
{
    r307_scope_t scope;
    int i;

    memset(&scope, 0, sizeof(scope));
    scope.rules = APR_ARRAY_IDX(site->containers, 0, ctl_container_t).rules;
    for (i = 0; i < site->lines->nelts; i++) {
        scope.directory |= !APR_ARRAY_IDX(site->lines, i, const ctl_line_t *)->is_conf;
    }
    scope.base = scope.directory ? r307_slice(R307_CHAIN_BASE, strlen(R307_CHAIN_BASE))
                                 : r307_slice(NULL, 0);
    return scope;
}

static void number_lines(apr_pool_t *p, version_t *version)
{
    apr_pool_t *one;
    apr_uint32_t k;

    version->numbers = apr_hash_make(p);
    apr_pool_create(&one, p);
    for (k = 0; k < r307_image_count(version->image); k++) {
        const r307_rule_t *rule = r307_image_rule(one, version->image, k);

        if (rule) {
            apr_hash_set(version->numbers,
                         apr_pmemdup(p, &rule->place.line, sizeof(rule->place.line)),
                         sizeof(rule->place.line), apr_pmemdup(p, &k, sizeof(k)));
        }
        apr_pool_clear(one);
    }
    apr_pool_destroy(one);
}

static void make(apr_pool_t *p, const ctl_site_t *site, version_t *version)
{
    const ctl_line_t *first = site->lines->nelts
        ? APR_ARRAY_IDX(site->lines, 0, const ctl_line_t *) : NULL;
    r307_scope_t scope = scope_of(site);

    version->site = site;
    version->rules = r307_same_make(p, &scope);
    version->image = first && !first->reach ? first->map->image : NULL;
    if (version->image) {
        number_lines(p, version);
    }
}

ctl_same_t *ctl_same_make(apr_pool_t *p, const ctl_site_t *before, const ctl_site_t *after)
{
    ctl_same_t *same = apr_pcalloc(p, sizeof(*same));

    make(p, before, &same->before);
    make(p, after, &same->after);
    return same;
}

/* The rule of that line of the file that was named. */
static const r307_rule_t *rule_of(apr_pool_t *p, const version_t *version, unsigned line)
{
    int i;

    if (version->image) {
        const apr_uint32_t *k = apr_hash_get(version->numbers, &line, sizeof(line));

        return k ? r307_image_rule(p, version->image, *k) : NULL;
    }
    for (i = 0; i < version->site->lines->nelts; i++) {
        const ctl_line_t *at = APR_ARRAY_IDX(version->site->lines, i, const ctl_line_t *);

        if (at->rule && at->place.line == line) {
            return at->rule;
        }
    }
    return NULL;
}

int ctl_same_answers(apr_pool_t *p, const ctl_same_t *same, unsigned line)
{
    const r307_rule_t *was = rule_of(p, &same->before, line);
    const r307_rule_t *is = rule_of(p, &same->after, line);

    return was && is && r307_same_end(p, same->before.rules, was, same->after.rules, is);
}
