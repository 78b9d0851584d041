/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/identity.h"

#include <string.h>
#include <apr_sha1.h>

#include "base/hash.h"

apr_uint64_t r307_identity_home(const char *place)
{
    unsigned char digest[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha1;
    apr_uint64_t home = 0;
    size_t i;

    apr_sha1_init(&sha1);
    apr_sha1_update(&sha1, place, (unsigned)strlen(place));
    apr_sha1_final(digest, &sha1);
    for (i = 0; i < sizeof(home); i++) {
        home = home << 8 | digest[i];
    }
    return home ? home : 1;
}

static inline apr_uint64_t step(apr_uint64_t h, apr_uint64_t a, apr_uint64_t b)
{
    return r307_hash_fold(a ^ h, b ^ R307_HASH_OPEN);
}

static inline apr_uint64_t word(const char *s)
{
    return r307_hash_word(s, R307_HASH_WORD, 0);
}

/* Sixteen bytes at a step; the last ones may be asked twice, which needs no loop. */
static apr_uint64_t add_text(apr_uint64_t h, const char *s, size_t len)
{
    const char *end = s + len;

    h ^= len * R307_HASH_OPEN;
    if (len < R307_HASH_WORD) {
        return step(h, r307_hash_word(s, len, 0), 0);
    }
    for (; end - s > 16; s += 16) {
        h = step(h, word(s), word(s + 8));
    }
    return step(h, len > 16 ? word(end - 16) : word(s), word(end - 8));
}

static apr_uint64_t add(apr_uint64_t h, const char *text, apr_uint64_t key)
{
    size_t len = text ? strlen(text) : 0;

    return r307_hash_step(h, r307_hash_keyed(key, text, len), key);
}

apr_uint64_t r307_identity_traits(const r307_rule_t *rule)
{
    apr_uint64_t h = 0;
    int i;

    if (rule->name) {
        return add(h, rule->name, R307_HASH_OPEN);
    }
    if (rule->pattern) {
        h = 1 + (apr_uint64_t)rule->pattern->match * 2
            + (rule->pattern->fold ? 1 : 0);
    }
    for (i = 0; i < rule->cond_count; i++) {
        const r307_cond_t *cond = &rule->conds[i];

        if (!cond->implied) {       /* all of them hold, in whatever order */
            h += add(add(cond->negate ? 1 : 0, cond->kind->name, R307_HASH_OPEN),
                     cond->value, R307_HASH_OPEN);
        }
    }
    return h;
}

apr_uint64_t r307_identity_words(apr_uint64_t traits, r307_slice_t source,
                                 r307_slice_t target)
{
    apr_uint64_t h = r307_hash_step(0, traits, R307_HASH_OPEN);

    h = add_text(h, source.s, source.len);
    h = r307_hash_step(add_text(h, target.s, target.len), h, R307_HASH_OPEN);
    return h ? h : 1;
}

apr_uint64_t r307_identity_says(const r307_rule_t *rule)
{
    const char *source = rule->source ? rule->source : "";
    const char *target = rule->target->text ? rule->target->text : "";

    return rule->name ? rule->traits
        : r307_identity_words(rule->traits,
                              rule->head.s == source ? rule->head
                                                     : r307_slice(source, strlen(source)),
                              r307_slice(target, strlen(target)));
}
