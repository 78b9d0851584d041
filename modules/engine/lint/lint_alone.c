/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_alone.h"

#include <string.h>
#include <apr_strings.h>

#define BELOW_MOST 1024
#define AHEAD        8          /* lines of very many */
#define CLEARED_EACH 64         /* rules: what was made for them is given back */

typedef struct look_t {
    apr_pool_t *p;                  /* of some rules */
    const r307_bares_t *bares;
    r307_view_t nobody;
    r307_path_t path;               /* of it */
    int is_by_prefix;               /* who may match a path may match what is below it */
    char below[BELOW_MOST];         /* a path below another one */
} look_t;

/* look->below becomes a path below that one; its length, or 0: it is too long. */
static size_t set_below(look_t *look, const char *text, size_t len)
{
    if (len == 0 || len + 3 > sizeof(look->below)) {
        return 0;
    }
    memcpy(look->below, text, len);
    if (text[len - 1] != '/') {
        look->below[len++] = '/';
    }
    look->below[len++] = 'x';
    look->below[len] = '\0';
    return len;
}

/* Whether no rule answers at the path of a target, nor below it. */
static int is_nobodys(look_t *look, const char *text)
{
    int i;

    if (!set_below(look, text, strcspn(text, "?#"))) {
        return 0;
    }
    for (i = 0; i < look->bares->count; i++) {
        const r307_scope_t *scope = &look->bares->scopes[i];

        if (r307_ask_may(scope->rules->index, scope, look->below)
            || (!look->is_by_prefix
                && r307_ask_may(scope->rules->index, scope, text))) {
            return 0;
        }
    }
    return 1;
}

/* Whether no rule but that one may match a path, which is decoded. */
static int is_its_own(look_t *look, int nth, apr_uint32_t number, const char *text,
                      size_t len)
{
    r307_asked_t asked = { &look->nobody, NULL, 0, NULL, R307_TIMES_ALL, 0, NULL };
    r307_candidates_t candidates;
    apr_uint32_t at;
    int i;

    look->path.dec = look->path.enc = text;
    look->path.len = look->path.enc_len = len;
    for (i = 0; i < look->bares->count; i++) {
        const r307_ruleset_t *rules = look->bares->scopes[i].rules;

        if (!rules->index) {
            continue;           /* it has no rule */
        }
        r307_index_find(look->p, rules->index, &asked, &candidates);
        while (r307_candidates_next(&candidates, &at)) {
            if (i != nth || at != number) {
                return 0;
            }
        }
    }
    return 1;
}

static int has_own_source(look_t *look, int nth, apr_uint32_t number,
                          const r307_rule_t *rule)
{
    const r307_pattern_t *pattern = rule->pattern;
    r307_slice_t head = pattern ? pattern->head : r307_slice(NULL, 0);
    size_t len;

    if (!pattern || pattern->regex || pattern->segs || pattern->relative
        || strncmp(rule->source, head.s, head.len) != 0 || rule->source[head.len]) {
        return 0;
    }
    len = set_below(look, head.s, head.len);
    return len && is_its_own(look, nth, number, look->below, len)
        && (look->is_by_prefix || is_its_own(look, nth, number, head.s, head.len));
}

static void fetch(const look_t *look, int nth, const r307_ruleset_t *set, int number)
{
    const r307_index_t *index = look->bares->scopes[nth].rules->index;
    const r307_plain_t *plain;

    if (index && number < set->rules->nelts && !r307_ruleset_kept(set, number)) {
        plain = r307_ruleset_plain(set, number);
        r307_index_fetch(index, r307_slice(plain->words, plain->source_len));
    }
}

static const unsigned char *flags_of(apr_pool_t *p, look_t *look, int nth,
                                     const r307_ruleset_t *set)
{
    unsigned char *flags = apr_pcalloc(p, (size_t)set->rules->nelts + 1);
    r307_literal_t room;
    int k;

    for (k = 0; k < set->rules->nelts; k++) {
        const r307_rule_t *rule = r307_ruleset_look(set, k, &room);
        const r307_target_t *target = rule->target;

        fetch(look, nth, set, k + AHEAD);
        if (has_own_source(look, nth, (apr_uint32_t)k, rule)) {
            flags[k] |= R307_ALONE_SOURCE;
        }
        if (target->kind == R307_TARGET_PATH && target->as_written
            && is_nobodys(look, target->text)) {
            flags[k] |= R307_ALONE_TARGET;
        }
        if (k % CLEARED_EACH == 0) {
            apr_pool_clear(look->p);
        }
    }
    return flags;
}

r307_alone_t *r307_alone_make(apr_pool_t *p, const r307_scope_t *scopes, int count)
{
    static const r307_self_t nobody = { "http", "localhost", 80 };
    r307_alone_t *alone = apr_palloc(p, sizeof(*alone));
    look_t look;
    int i;

    alone->scopes = apr_pmemdup(p, scopes, (size_t)count * sizeof(*scopes));
    r307_ask_bares(p, scopes, count, &alone->bares);
    alone->flags = apr_palloc(p, (size_t)count * sizeof(*alone->flags));
    apr_pool_create(&look.p, p);
    look.bares = &alone->bares;
    look.is_by_prefix = 1;
    r307_ask_view(p, &nobody, "/", &look.nobody);
    memset(&look.path, 0, sizeof(look.path));
    look.nobody.path = &look.path;
    for (i = 0; i < count; i++) {
        const r307_index_t *index = alone->bares.scopes[i].rules->index;

        look.is_by_prefix = look.is_by_prefix && (!index || r307_index_is_by_prefix(index));
    }
    for (i = 0; i < count; i++) {
        alone->flags[i] = flags_of(p, &look, i, scopes[i].rules);
    }
    apr_pool_destroy(look.p);
    return alone;
}
