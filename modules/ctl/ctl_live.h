/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_live: cases asked of a running server, over plain HTTP. What HTTP cannot say, as a date,
 * is not asked.
 */
#ifndef CTL_LIVE_H
#define CTL_LIVE_H

#include <apr_network_io.h>
#include "case/case_judge.h"

typedef struct ctl_live_t {
    apr_pool_t *p;
    const char *base;           /* as written */
    const char *host;           /* of the base, with its port if it has one: of cases that
                                 * name none */
    apr_sockaddr_t *address;
    apr_time_t skew;            /* of its clock, as far as it is more than a second */
    const char *failed;         /* why there was no answer, of the last request */
    r307_case_asker_t asker;
} ctl_live_t;

/* "http://host[:port]". NULL, or what is wrong with it. */
const char *ctl_live_open(apr_pool_t *p, const char *base, ctl_live_t *live);

/* The body of what that path is answered, and its status; at most a MiB of it. NULL, and why in
 * live->failed. */
const char *ctl_live_get(ctl_live_t *live, apr_pool_t *p, const char *target, int *status);

/* NULL, or why the case is not asked. */
const char *ctl_live_unasked(apr_pool_t *p, const r307_case_t *c);

#endif
