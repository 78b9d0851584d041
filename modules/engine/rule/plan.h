/* SPDX-License-Identifier: Apache-2.0
 *
 * plan: when a rule is in force, what follows, and when somebody looks at it again. The
 * time is an argument; there is no clock here.
 */
#ifndef R307_PLAN_H
#define R307_PLAN_H

#include "base/datetime.h"

typedef struct r307_date_t {
    const char *text;       /* as written; NULL: not written */
    apr_time_t when;
} r307_date_t;

#define R307_THEN_UNSET (-1)
#define R307_THEN_STOP  0       /* any other value of "then" is a status */

typedef struct r307_plan_t {
    r307_date_t from;       /* in force at this second and later */
    r307_date_t until;      /* not in force any more at this second */
    r307_date_t review;
    int then;
} r307_plan_t;

typedef enum {
    R307_PHASE_EARLY,       /* before from= */
    R307_PHASE_IN,
    R307_PHASE_THEN,        /* past until=, and then= is a status */
    R307_PHASE_OVER         /* past until=: as if the rule were not there */
} r307_phase_t;

/* Whether any of it is written. */
int r307_plan_is_there(const r307_plan_t *plan);

static inline r307_phase_t r307_plan_phase(const r307_plan_t *plan, apr_time_t now)
{
    if (plan->until.text && now >= plan->until.when) {
        return plan->then > R307_THEN_STOP ? R307_PHASE_THEN : R307_PHASE_OVER;
    }
    return plan->from.text && now < plan->from.when ? R307_PHASE_EARLY : R307_PHASE_IN;
}

/* Whether review= is written and has come. */
int r307_plan_is_overdue(const r307_plan_t *plan, apr_time_t now);

/* What somebody should do about a rule. */
typedef enum {
    R307_DUE_NOTHING,
    R307_DUE_RETURNS,       /* it has ended: what stood there is back */
    R307_DUE_STAYS,         /* its review has come */
    R307_DUE_PERMANENT      /* then= has made it that; or it has been temporary for a year */
} r307_due_t;

r307_due_t r307_plan_due(const r307_plan_t *plan, int status, apr_time_t now);

/* What comes next of a plan. */
typedef enum {
    R307_NEXT_NOTHING,
    R307_NEXT_BEGINS,
    R307_NEXT_ENDS,
    R307_NEXT_REVIEW
} r307_next_t;

/* The first of it behind `now` and not behind `by`; *date: which. */
r307_next_t r307_plan_next(const r307_plan_t *plan, apr_time_t now, apr_time_t by,
                           const r307_date_t **date);

/* Whether both are in force at some time. */
int r307_plan_overlaps(const r307_plan_t *a, const r307_plan_t *b);

/* For from=, until= and review=: NULL, or the error text. */
const char *r307_plan_set_date(apr_pool_t *p, r307_date_t *date, const char *name,
                               const char *value, int is_end);

/* What several options say together; NULL, or the error text. */
const char *r307_plan_check(apr_pool_t *p, const r307_plan_t *plan);

/* For people: "26 Dec 2026, 24:00 CET (in 33 days)". A date alone that is an end shows as
 * the end of that day. */
const char *r307_plan_show_date(apr_pool_t *p, const r307_date_t *date, int is_end,
                                apr_time_t now);

/* "until 26 Dec 2026, 24:00 CET (in 33 days)", "from ...", both, or NULL without. */
const char *r307_plan_show(apr_pool_t *p, const r307_plan_t *plan, apr_time_t now);

#endif
