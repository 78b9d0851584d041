/* SPDX-License-Identifier: Apache-2.0
 *
 * identity: the number by which what is known of a rule (how often it answered, and when) is
 * found again after its sheet was sorted, its file edited or the server started anew. It is
 * of the rule's name=, or else of source, conditions and target, as they are written; and of
 * the place it stands in. Never of the number of its line, nor of its dates, status or note.
 */
#ifndef R307_IDENTITY_H
#define R307_IDENTITY_H

#include "base/hash.h"
#include "rule/rule.h"

/* Of a place: a virtual host and the sections in it, a directory, the path of a map. Never
 * 0. Nobody finds another place with the same number (SHA-1), so that no tenant can choose
 * a directory whose rules count as somebody else's. */
apr_uint64_t r307_identity_home(const char *place);

/* All of the rule that is not its source, its target or its place: for the parser. */
apr_uint64_t r307_identity_traits(const r307_rule_t *rule);

/* What the rule says, in whatever place: of its traits, and where it has no name of its
 * source and target, too. No secret is in it, so that a compiled map can hold it (whoever
 * finds two lines with the same number has but his own counted together); it changes with
 * R307_IMAGE_VERSION alone. Never 0 of _words. */
apr_uint64_t r307_identity_words(apr_uint64_t traits, r307_slice_t source,
                                 r307_slice_t target);
apr_uint64_t r307_identity_says(const r307_rule_t *rule);

#define R307_IDENTITY_LEAST 16

/* home: of the place, where the rule has none of its own, as the line of a map has. seed:
 * random, and kept with what is counted, so that nobody can write lines that count as those
 * of another place. Never below R307_IDENTITY_LEAST. Each hit of a map's line asks. */
static inline apr_uint64_t r307_identity_of(const r307_rule_t *rule, apr_uint64_t home,
                                            apr_uint64_t seed)
{
    apr_uint64_t says = rule->says ? rule->says : r307_identity_says(rule);
    apr_uint64_t h = r307_hash_step(seed >> 1, rule->home ? rule->home : home, seed | 1);

    h = r307_hash_step(h, says, seed | 1);
    return h < R307_IDENTITY_LEAST ? h + R307_IDENTITY_LEAST : h;
}

#endif
