/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_same: whether a line of a file leads where it led before the file was changed.
 */
#ifndef CTL_SAME_H
#define CTL_SAME_H

#include "ctl_site.h"

typedef struct ctl_same_t ctl_same_t;

/* In p; both were loaded with their maps kept. */
ctl_same_t *ctl_same_make(apr_pool_t *p, const ctl_site_t *before, const ctl_site_t *after);

/* The line is outside of all containers. */
int ctl_same_answers(apr_pool_t *p, const ctl_same_t *same, unsigned line);

#endif
