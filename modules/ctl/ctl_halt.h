/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_halt: what the maintenance lines of a file make of a request.
 */
#ifndef CTL_HALT_H
#define CTL_HALT_H

#include "maintenance/maintenance.h"
#include "reach.h"

/* The lines of a file, and how their flags are. */
typedef struct ctl_halt_t {
    const r307_maintenance_t *const *lines;
    int count;
    const ctl_reach_t *reach;
    r307_slice_t base;          /* of the .htaccess */
    void (*flag)(void *baton, const r307_view_t *view, const r307_maintenance_t *line,
                 r307_flag_seen_t *seen);
    void *baton;
} ctl_halt_t;

void ctl_halt_ask(apr_pool_t *p, const ctl_halt_t *of, const r307_view_t *view,
                  r307_halt_decision_t *decision);

/* With their flags as they are: prints it, and returns 1 if that is the answer. *unknown:
 * flags that only the server can find. base: of the .htaccess. */
int ctl_halt_explain(apr_pool_t *p, const r307_maintenance_t *const *lines, int count,
                     const ctl_reach_t *reach, const r307_view_t *view,
                     r307_slice_t base, int *unknown);

/* Behind r307_halt_text: by which line. */
void ctl_halt_details(apr_pool_t *p, const r307_halt_decision_t *decision);

#endif
