/* SPDX-License-Identifier: Apache-2.0
 *
 * habit_option: options as other programs and other hands write them: under another name,
 * in another dress, with blanks around their '='. For lines of rules and of maintenance.
 */
#ifndef R307_HABIT_OPTION_H
#define R307_HABIT_OPTION_H

#include "grammar/token.h"

/* Whose options are meant. */
typedef enum { R307_HABIT_RULE, R307_HABIT_MAINTENANCE } r307_habit_of_t;

typedef int r307_habit_is_t(const char *name, size_t len);

/* What is said of an option that is not known: which one was meant and with what value;
 * NULL: nobody can tell. */
const char *r307_habit_option(apr_pool_t *p, const r307_word_t *word, r307_habit_of_t of);

/* "--status=301", "status:301", "status = 301": of the words from the `from`-th plain one on.
 * NULL, or what is wrong and the whole line to write. */
const char *r307_habit_dress(apr_pool_t *p, const apr_array_header_t *words, int from,
                             const char *directive, r307_habit_is_t *is_option);

#endif
