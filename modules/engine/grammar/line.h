/* SPDX-License-Identifier: Apache-2.0
 *
 * line: text to rule and rule to text; the one parser and printer of the grammar, used
 * by directives and redirect307ctl alike.
 */
#ifndef R307_LINE_H
#define R307_LINE_H

#include "grammar/options.h"
#include "grammar/token.h"

/* Parses one line (without the directive's name). Everything is made in p, which must
 * live as long as the rule. NULL and *rule; or what is wrong and what to write, without
 * the place. An empty line or a comment gives NULL and *rule == NULL. */
const char *r307_line_parse(apr_pool_t *p, const char *line, r307_place_t place,
                            const r307_context_t *context, const r307_rule_t **rule);

/* The same of the words of a line; their texts must live as long as the rule. */
const char *r307_line_parse_words(apr_pool_t *p, const apr_array_header_t *words,
                                  r307_place_t place, const r307_context_t *context,
                                  const r307_rule_t **rule);

/* The rule as a line that parses to the same rule in the same context; match= is always
 * written. */
const char *r307_line_print(apr_pool_t *p, const r307_rule_t *rule);

/* Whether what follows the prefix goes to the end of the target; of a rule whose pattern
 * and target are known. */
int r307_line_carries(const r307_rule_t *rule);

/* How a rule is called in logs: its name, or file:line; a copy. */
const char *r307_line_label(apr_pool_t *p, const r307_rule_t *rule);

#endif
