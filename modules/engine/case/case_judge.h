/* SPDX-License-Identifier: Apache-2.0
 *
 * case_judge: whether what came is what a case demands. Who is asked, a file's rules, a
 * whole httpd or one over HTTP, is the asker's; where the answer leads is followed here.
 */
#ifndef R307_CASE_JUDGE_H
#define R307_CASE_JUDGE_H

#include "case/case_view.h"

/* What came of one request. */
typedef struct r307_case_came_t {
    r307_outcome_t outcome;
    int status;                 /* of ANSWER */
    const char *location;       /* of ANSWER, or NULL */
    const r307_rule_t *rule;    /* of all but PASS; NULL where that is not known */
    int max_age;                /* seconds */
    const apr_array_header_t *cookies;      /* of const char *, or NULL */
    const char *refused;        /* of REFUSE: why */
    const char *untold;         /* not NULL: it cannot be told, and what it depends on */
} r307_case_came_t;

typedef struct r307_case_asker_t {
    void (*ask)(void *baton, apr_pool_t *p, r307_case_view_t *view,
                r307_case_came_t *came);
    const char *(*flag_name)(const void *flag);
    void *baton;
    apr_time_t now;
    r307_slice_t base;          /* of relative URLs; absent: none */
    int knows_rules;            /* it tells which rule answered */
} r307_case_asker_t;

typedef enum {
    R307_CASE_HOLDS,
    R307_CASE_FAILS,
    R307_CASE_OPEN              /* it does not say, or nobody knows, what decides it */
} r307_case_verdict_t;

typedef struct r307_case_result_t {
    r307_case_verdict_t verdict;
    r307_case_view_t *view;     /* of the first request; NULL: its URL is none */
    r307_case_came_t came;      /* of it */
    const char *why;            /* of all but HOLDS: what is wrong, a short sentence */
    const char *advice;         /* what to write; NULL: nothing is known */
    int hops;                   /* redirects that came of it */
    int is_circle;              /* and never end */
} r307_case_result_t;

/* at: the rule that the case stands at, by its place (line 0: any of that file); NULL: it
 * stands at none.
 * Everything is made in p. */
void r307_case_judge(apr_pool_t *p, const r307_case_t *c, const r307_place_t *at,
                     const r307_case_asker_t *asker, r307_case_result_t *result);

/* What came, in the words of a case: "307 /new", "none", "refused". */
const char *r307_case_answer(apr_pool_t *p, const r307_case_came_t *came);

/* Whether both are the same line. */
int r307_case_same_place(const r307_place_t *a, const r307_place_t *b);

#endif
