/* SPDX-License-Identifier: Apache-2.0
 *
 * stay: what becomes of a line that is no rule. It must not let a later line answer in its
 * place: where its source can be read, it stands as target '-' for all that its source
 * matches, whatever its conditions were. Not for lines that a limit leaves out.
 */
#ifndef R307_STAY_H
#define R307_STAY_H

#include "grammar/line.h"

/* The words of the line that stands in for one that r307_line_parse_words refused; NULL when
 * its source cannot be read. Where match=, case= or slash= cannot be read, the widest is
 * meant. */
const apr_array_header_t *r307_stay_line(apr_pool_t *p, const apr_array_header_t *words,
                                         const r307_context_t *context);

/* What can be read of a line that r307_token_split refused, as words for r307_stay_line. */
const apr_array_header_t *r307_stay_roughly(apr_pool_t *p, const char *line,
                                            const r307_context_t *context);

/* What stands in for a line, as a rule, in p as r307_line_parse makes it. NULL likewise. */
const r307_rule_t *r307_stay_make(apr_pool_t *p, const char *line, r307_place_t place,
                                  const r307_context_t *context);

/* What is said behind the message: whether something stands in for the line. */
const char *r307_stay_words(int stays);

#endif
