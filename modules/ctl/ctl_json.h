/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_json: text as a JSON string (RFC 8259 section 7). Whatever the bytes are, a parser
 * takes it.
 */
#ifndef CTL_JSON_H
#define CTL_JSON_H

#include <stdio.h>

/* With its quotes. Control bytes are escaped; a byte that is no UTF-8 is U+FFFD. NULL is
 * null. */
void ctl_json_string(FILE *out, const char *text);

/* The same without quotes, of a part of a string. */
void ctl_json_part(FILE *out, const char *text);

#endif
