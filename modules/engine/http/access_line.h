/* SPDX-License-Identifier: Apache-2.0
 *
 * access_line: one line of an access log in the formats that httpd's configurations bring
 * along: common, combined, vhost_combined, and whatever begins as one of these. Bytes of
 * strangers: nothing is taken for granted.
 */
#ifndef R307_ACCESS_LINE_H
#define R307_ACCESS_LINE_H

#include <apr_time.h>
#include "base/text.h"

/* Slices of the line; what httpd escaped is still escaped. */
typedef struct r307_access_line_t {
    r307_slice_t host;      /* with its port, of vhost_combined; else absent */
    r307_slice_t date;      /* between the brackets */
    r307_slice_t method, target;    /* absent where there was no request line */
    int status;
    r307_slice_t rest;      /* behind the status */
} r307_access_line_t;

/* Without its end. 0: it is none. */
int r307_access_line_split(const char *s, size_t len, r307_access_line_t *line);

/* The two quoted words behind the length; absent in common, and empty where they are
 * "-". */
void r307_access_line_agent(const r307_access_line_t *line, r307_slice_t *referrer,
                            r307_slice_t *agent);

/* "10/Oct/2000:13:55:36 -0700"; -1: it is none, or before 1970. */
apr_time_t r307_access_line_time(r307_slice_t date);

/* What a word was before httpd or nginx escaped it (\", \\, \n, \xhh): into bytes, of
 * which there are as many as the word has; how many there are then. */
size_t r307_access_line_plain(r307_slice_t word, char *bytes);

#endif
