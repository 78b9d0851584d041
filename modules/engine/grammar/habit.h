/* SPDX-License-Identifier: Apache-2.0
 *
 * habit: what people bring along from Redirect, RewriteRule and other programs, and how a
 * line says it here. Asked before the words of a line are sorted; knows texts only.
 */
#ifndef R307_HABIT_H
#define R307_HABIT_H

#include "grammar/options.h"

/* NULL, or what of these words (r307_word_t) is another program's, and the whole line to
 * write instead. */
const char *r307_habit_check(apr_pool_t *p, const apr_array_header_t *words,
                             const r307_context_t *context);

/* The line of these words with `by` in the place of the word `what`, under a directive. */
const char *r307_habit_line(apr_pool_t *p, const apr_array_header_t *words,
                            const char *directive, const char *what, const char *by);

/* The line of Redirect307Match for a source in which a name is only part of a segment, as
 * /:id.html, or with `anywhere` /x-:id; NULL: there is none that says the same. */
const char *r307_habit_half(apr_pool_t *p, const apr_array_header_t *words,
                            const char *source, int anywhere);

#endif
