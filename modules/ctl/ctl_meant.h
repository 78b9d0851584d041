/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_meant: the line that a message tells to write, made of the line as it stands. Nothing of
 * it is invented: whatever stands in the new line stood in the old one, or is a word of the
 * grammar. Whoever uses it reads it again.
 */
#ifndef CTL_MEANT_H
#define CTL_MEANT_H

#include "ctl_saying.h"

typedef enum {
    CTL_LINE_OF_DIRECTIVES,
    CTL_LINE_OF_MAP,            /* source and target, without a directive */
    CTL_LINE_OF_CELLS           /* a sheet, or another program's file: no words are added */
} ctl_line_form_t;

/* NULL: the message does not say for sure. line: without its end. */
const char *ctl_meant_line(apr_pool_t *p, const char *line, ctl_line_form_t form,
                           const ctl_saying_t *saying);

#endif
