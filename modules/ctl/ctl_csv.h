/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_csv: text as a cell of a sheet (RFC 4180), for spreadsheets that people open: a
 * cell that one would calculate gets an apostrophe in front, control bytes are shown.
 */
#ifndef CTL_CSV_H
#define CTL_CSV_H

#include <stdio.h>

/* NULL: an empty cell. last: the row ends behind it. */
void ctl_csv_cell(FILE *out, const char *text, int last);

#endif
