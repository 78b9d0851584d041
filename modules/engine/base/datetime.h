/* SPDX-License-Identifier: Apache-2.0
 *
 * datetime: dates, date-times and durations as people write them, and back.
 * Knows the machine's time zone, and no clock: what time it is now is in the view.
 */
#ifndef R307_DATETIME_H
#define R307_DATETIME_H

#include <time.h>
#include <apr_time.h>
#include "base/text.h"

/* ISO 8601: YYYY-MM-DD, or that with Thh:mm[:ss] and, if wanted, Z or +hh:mm or -hh:mm.
 * Without a zone it is the machine's local time. A date alone is its start, or with
 * is_end the end of that whole day, which is the start of the next. The result is a whole
 * second. NULL; or why it is none and what to write, to stand behind "name='text' ". */
const char *r307_time_parse(apr_pool_t *p, const char *text, int is_end,
                            apr_time_t *when);

/* As a date-time with the machine's zone at that time, which parses to the same second. */
const char *r307_time_print(apr_pool_t *p, apr_time_t when);

/* localtime_r, whatever the year. */
void r307_time_local(apr_time_t when, struct tm *tm);
/* As headers have it: Sat, 26 Dec 2026 18:00:00 GMT. */
const char *r307_time_http(apr_pool_t *p, apr_time_t when);

/* A number of s, min, h or d; without unit of seconds. Errors as above. */
const char *r307_duration_parse(apr_pool_t *p, const char *text, apr_time_t *length);

/* What "2" and "hours", or "Stunden", mean as one: "2h"; NULL when it cannot be told. */
const char *r307_duration_guess(apr_pool_t *p, const char *number, const char *unit);

/* In the largest unit that holds it whole; parses to the same number of seconds. */
const char *r307_duration_print(apr_pool_t *p, apr_time_t length);

#endif
