/* SPDX-License-Identifier: Apache-2.0
 *
 * advice: what a message tells to write, as the lines that come of it. Each message that is
 * said of a line has one that the parser takes and that answers what was meant. */
#ifndef R307_UNIT_ADVICE_H
#define R307_UNIT_ADVICE_H

#include "unit.h"

/* Arrays of const char *, an array for each alternative that the message names: the lines
 * that its reader may make of it. A line that begins with "Redirect307" brings its own
 * directive. */
apr_array_header_t *advice_read(apr_pool_t *p, const char *message, const char *line);

/* NULL when the line is taken and answers what was meant; else why not. */
typedef const char *(advice_try_t)(void *baton, apr_pool_t *p, const char *line);

/* Of each alternative one line must be taken; a message without advice must be one of the
 * few that cannot have any. */
void advice_check(const unit_row_t *row, const char *message, const char *line,
                  advice_try_t *try, void *baton);

/* Keeps a message that was followed, and fails the test for each text of the engine's source
 * that tells what to write and was in none of them. */
void advice_said(const char *message);
void advice_missed(void);

/* Follow what is said of one kind of lines each. */
void advice_follow_places(void);
void advice_follow_maps(void);
void advice_follow_tenants(void);
void advice_follow_pairs(void);
void advice_follow_cases(void);
void advice_follow_times(void);
void advice_storm(void);

/* Whether nothing can be advised but to look at the line. */
int advice_is_none(const char *message);

TCase *advice_cases(void);

#endif
