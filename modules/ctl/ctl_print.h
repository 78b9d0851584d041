/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_print: what people read: in a terminal no wider than that, elsewhere a line for each
 * thing, as who searches in it wants. No colours, so that NO_COLOR has nothing to switch off.
 */
#ifndef CTL_PRINT_H
#define CTL_PRINT_H

#include <stdio.h>

/* text: lines with their ends. */
void ctl_print(FILE *out, const char *text);

#endif
