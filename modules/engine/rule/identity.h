/* SPDX-License-Identifier: Apache-2.0
 *
 * identity: the number by which what is known of a rule (how often it answered, and when) is
 * found again after its sheet was sorted, its file edited or the server started anew. It is
 * of the rule's name=, or else of source, conditions and target, as they are written; and of
 * the place it stands in. Never of the number of its line, nor of its dates, status or note.
 */
#ifndef R307_IDENTITY_H
#define R307_IDENTITY_H

#include "rule/rule.h"

/* Of a place: a virtual host and the sections in it, a directory, the path of a map. Never
 * 0. Nobody finds another place with the same number (SHA-1), so that no tenant can choose
 * a directory whose rules count as somebody else's. */
apr_uint64_t r307_identity_home(const char *place);

/* All of the rule that is not its source, its target or its place: for the parser. */
apr_uint64_t r307_identity_traits(const r307_rule_t *rule);

/* home: of the place, where the rule has none of its own, as the line of a map has. seed:
 * random, and kept with what is counted. Never below R307_IDENTITY_LEAST. */
apr_uint64_t r307_identity_of(const r307_rule_t *rule, apr_uint64_t home,
                              apr_uint64_t seed);

#define R307_IDENTITY_LEAST 16

#endif
