/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_gap_print: what missing found, for people, for programs and for sheets.
 */
#ifndef CTL_GAP_PRINT_H
#define CTL_GAP_PRINT_H

#include "ctl_gap.h"
#include "http/asker.h"

/* All that is known besides the URLs. */
typedef struct ctl_gap_sum_t {
    apr_uint64_t lines, strange;    /* of the logs; of these, that are no line of one */
    int files;
    apr_time_t since;               /* 0: all of it */
    apr_uint64_t hits[R307_ASKER_COUNT];    /* of 404 and 410 */
    r307_asker_t of;                /* who was counted */
    apr_uint64_t error;             /* who has no more hits may be missing; once: a count
                                     * may be too low by that */
    int is_once;
    int has_agents;                 /* the logs say who asked */
} ctl_gap_sum_t;

typedef struct ctl_gap_format_t {
    const char *name;
    void (*print)(const ctl_gaps_t *x, const ctl_gap_sum_t *sum, int most);
} ctl_gap_format_t;

/* By its name; NULL: there is none. */
const ctl_gap_format_t *ctl_gap_format_find(const char *name);

/* How many of them have to be looked at. */
int ctl_gap_count(const ctl_gaps_t *x, int status, int most);

#endif
