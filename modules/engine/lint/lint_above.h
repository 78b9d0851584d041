/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_above: rules that never answer, as one above them answers for all that they match.
 * Something is said where that is sure, and nothing in doubt: a condition of the one above
 * that the one below has not, a time, a negotiation, a result that might be the very URL
 * that was asked for.
 */
#ifndef R307_LINT_ABOVE_H
#define R307_LINT_ABOVE_H

#include "lint/lint_rule.h"
#include "decide/ruleset.h"
#include "map/image.h"

/* Rules of one list that may answer for others. */
typedef struct r307_above_t r307_above_t;

/* In p. */
r307_above_t *r307_above_make(apr_pool_t *p);

/* The rules of an image by their numbers: nothing is added, and it is frozen. Lines with the
 * same source are none of it: who builds an image names them. */
r307_above_t *r307_above_of_image(apr_pool_t *p, const r307_image_t *image);

/* Rules come in the order they are asked; nth ascends. The rule must stay. Those that
 * leave something to others, whatever it is, are left out. */
void r307_above_add(r307_above_t *above, const r307_rule_t *rule, apr_uint32_t nth);

/* When nothing more is added. How many there are. */
apr_uint32_t r307_above_freeze(r307_above_t *above);

/* Appends the r307_doubt_t about rule nth, made in p, if there is one. The cost does not
 * grow with the number of rules. */
void r307_above_ask(apr_pool_t *p, const r307_above_t *above, const r307_rule_t *rule,
                    apr_uint32_t nth, apr_array_header_t *doubts);

/* All of it for the rules of one container. flags: theirs, as r307_alone_make tells. */
void r307_above_audit(apr_pool_t *p, const r307_ruleset_t *rules,
                      const unsigned char *flags, apr_array_header_t *doubts);

#endif
