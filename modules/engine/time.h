/* SPDX-License-Identifier: Apache-2.0
 *
 * time: dates, date-times and durations as people write them, and back (GRAMMAR "Lines").
 * Knows the machine's time zone, and no clock: what time it is now is in the view.
 */
#ifndef R307_TIME_H
#define R307_TIME_H

#include <apr_time.h>
#include "text.h"

/* ISO 8601: YYYY-MM-DD, or that with Thh:mm[:ss] and, if wanted, Z or +hh:mm or -hh:mm.
 * Without a zone it is the machine's local time. A date alone is its start, or with
 * is_end the end of that whole day, which is the start of the next. The result is a whole
 * second. NULL; or why it is none and what to write, to stand behind "name='text' ". */
const char *r307_time_parse(apr_pool_t *p, const char *text, int is_end,
                            apr_time_t *when);

/* As a date-time with the machine's zone at that time, which parses to the same second. */
const char *r307_time_print(apr_pool_t *p, apr_time_t when);

/* A number of s, min, h or d; without unit of seconds. Errors as above. */
const char *r307_duration_parse(apr_pool_t *p, const char *text, apr_time_t *length);

/* In the largest unit that holds it whole; parses to the same number of seconds. */
const char *r307_duration_print(apr_pool_t *p, apr_time_t length);

#endif
