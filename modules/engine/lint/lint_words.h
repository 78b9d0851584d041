/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_words: doubts about how a source and a target are typed: placeholders of other
 * programs, slips of the keyboard, hosts and files of the disk where a path is meant.
 */
#ifndef R307_LINT_WORDS_H
#define R307_LINT_WORDS_H

#include "lint/lint_rule.h"

/* All doubts about one rule: those of r307_lint_rule, and these. */
void r307_lint_line(apr_pool_t *p, const r307_rule_t *rule, r307_list_t list,
                     apr_array_header_t *doubts);

/* The same of a line of a map, where less can be written. */
void r307_lint_map_line(apr_pool_t *p, const r307_rule_t *rule,
                         apr_array_header_t *doubts);

#endif
