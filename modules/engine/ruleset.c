/* SPDX-License-Identifier: Apache-2.0 */
#include "ruleset.h"

#include <string.h>
#include <apr_strings.h>

r307_ruleset_t *r307_ruleset_make(apr_pool_t *p)
{
    r307_ruleset_t *set = apr_palloc(p, sizeof(*set));

    set->rules = apr_array_make(p, 4, sizeof(const r307_rule_t *));
    set->names = apr_hash_make(p);
    set->shares = NULL;
    return set;
}

static const r307_share_t *share_of(const r307_rule_t *rule)
{
    int i;

    for (i = 0; rule->group && i < rule->cond_count; i++) {
        if (rule->conds[i].kind->order == R307_ORDER_PERCENT) {
            return rule->conds[i].own;
        }
    }
    return NULL;
}

/* Whether both rules are in force at some time. */
static int overlap(const r307_plan_t *a, const r307_plan_t *b)
{
    int a_ends = a->until.text && a->then <= R307_THEN_STOP;
    int b_ends = b->until.text && b->then <= R307_THEN_STOP;

    return !(a_ends && b->from.text && a->until.when <= b->from.when)
        && !(b_ends && a->from.text && b->until.when <= a->from.when);
}

/* The shares of one source that hold at the same time are at most all, and one thing
 * keeps a visitor in all of them. */
static const char *add_share(apr_pool_t *p, r307_ruleset_t *set, const r307_rule_t *rule,
                             const r307_share_t *share)
{
    int i, sum = share->size;

    if (!set->shares) {
        set->shares = apr_array_make(p, 4, sizeof(const r307_rule_t *));
    }
    for (i = 0; i < set->shares->nelts; i++) {
        const r307_rule_t *other = APR_ARRAY_IDX(set->shares, i, const r307_rule_t *);
        const r307_share_t *its = share_of(other);

        if (other->group != rule->group || !overlap(&other->plan, &rule->plan)) {
            continue;
        }
        if (its->sticky != share->sticky || !r307_slice_same(its->named, share->named)) {
            return apr_psprintf(p, "percent= of one source is one roll, and the rule at "
                                "%s:%u has another sticky=; write the same",
                                other->place.file ? other->place.file : "-",
                                other->place.line);
        }
        sum += its->size;
    }
    if (sum > R307_SHARE_ALL) {
        return apr_psprintf(p, "percent= of this source is %d.%02d together, and there are "
                            "100; write less", sum / 100, sum % 100);
    }
    APR_ARRAY_PUSH(set->shares, const r307_rule_t *) = rule;
    return NULL;
}

const char *r307_ruleset_add(apr_pool_t *p, r307_ruleset_t *set, const r307_rule_t *rule)
{
    const r307_rule_t *other = rule->name
        ? apr_hash_get(set->names, rule->name, APR_HASH_KEY_STRING) : NULL;

    if (other) {
        return apr_psprintf(p, "name='%s' is already the name of the rule at %s:%u; names "
                            "are unique", rule->name,
                            other->place.file ? other->place.file : "-",
                            other->place.line);
    }
    if (share_of(rule)) {
        const char *bad = add_share(p, set, rule, share_of(rule));

        if (bad) {
            return bad;
        }
    }
    if (rule->name) {
        apr_hash_set(set->names, rule->name, APR_HASH_KEY_STRING, rule);
    }
    APR_ARRAY_PUSH(set->rules, const r307_rule_t *) = rule;
    return NULL;
}

void r307_cursor_make(apr_pool_t *p, const r307_scope_t *scope, const r307_path_t *path,
                      unsigned steps, r307_cursor_t *cursor)
{
    r307_slice_t base = scope->base;

    cursor->scope = scope;
    cursor->next = 0;
    cursor->path = path;
    cursor->in_base = NULL;
    cursor->steps = steps;
    if (!base.s) {
        return;
    }
    if (path->len >= base.len && memcmp(path->dec, base.s, base.len) == 0) {
        cursor->in_base = path;
    }
    else if (path->len + 1 == base.len && memcmp(path->dec, base.s, path->len) == 0) {
        /* "/dir" asked for the directory at "/dir/" */
        cursor->in_base = r307_path_with_slash(p, path);
    }
}

const r307_rule_t *r307_cursor_next(apr_pool_t *p, r307_cursor_t *cursor,
                                    r307_captures_t *captures, r307_found_t *found)
{
    const apr_array_header_t *rules = cursor->scope->rules->rules;

    while (cursor->next < rules->nelts) {
        const r307_rule_t *rule = APR_ARRAY_IDX(rules, cursor->next++,
                                                const r307_rule_t *);
        int relative = rule->pattern && rule->pattern->relative;

        if (!rule->pattern) {
            *found = R307_FOUND_YES;
            return rule;
        }
        if (relative && !cursor->in_base) {
            continue;
        }
        if (cursor->scope->tenancy && r307_limit_hides(cursor->scope->tenancy, rule)) {
            continue;       /* before it costs anything */
        }
        *found = r307_pattern_find(p, rule->pattern,
                                   relative ? cursor->in_base : cursor->path,
                                   relative ? cursor->scope->base.len - 1 : 0,
                                   cursor->steps, captures);
        if (*found != R307_FOUND_NO) {
            return rule;
        }
    }
    return NULL;
}

const char *r307_ruleset_outside(apr_pool_t *p, const r307_rule_t *rule,
                                 r307_slice_t base)
{
    r307_slice_t head = rule->head;
    const char *source = rule->source;

    if (!rule->pattern || rule->pattern->relative
        || r307_path_below(head.s, head.len, base.s, base.len - 1, rule->pattern->fold)) {
        return NULL;
    }
    /* a prefix, a pattern or a regex above the directory still reaches into it */
    if ((rule->pattern->match != R307_MATCH_EXACT || rule->pattern->segs)
        && r307_path_below(base.s, base.len, head.s, head.len, rule->pattern->fold)) {
        return NULL;
    }
    source = r307_text_show(p, source, strlen(source));
    if (rule->pattern->regex) {
        return apr_psprintf(p, "pattern '%s' is outside %s where this file applies; a "
                            "pattern sees the whole path", source,
                            r307_text_show(p, base.s, base.len));
    }
    return apr_psprintf(p, "source '%s' is outside %s where this file applies; write %s",
                        source, r307_text_show(p, base.s, base.len),
                        source[0] == '/' && source[1] ? source + 1 : "./");
}
