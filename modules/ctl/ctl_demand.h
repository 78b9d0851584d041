/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_demand: what somebody demands of every answer of their rules, whatever cases say.
 */
#ifndef CTL_DEMAND_H
#define CTL_DEMAND_H

#include "case/case_judge.h"

typedef struct ctl_demand_t {
    int hops;                   /* redirects that may come of one; 0: not said */
    int https_only, no_foreign;
} ctl_demand_t;

int ctl_demand_is_any(const ctl_demand_t *demand);

/* NULL, or what is wrong with where an answer leads. */
const char *ctl_demand_broken(apr_pool_t *p, const ctl_demand_t *demand,
                              const r307_case_result_t *result);

#endif
