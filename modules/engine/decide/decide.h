/* SPDX-License-Identifier: Apache-2.0
 *
 * decide: the order of the questions, and nothing else: find, conditions, build, guard,
 * self, answer. Called by every hook and by redirect307ctl, with the same result.
 */
#ifndef R307_DECIDE_H
#define R307_DECIDE_H

#include "decide/rule_group.h"

typedef enum {
    R307_OUTCOME_PASS,      /* no rule answers */
    R307_OUTCOME_STOP,      /* target "-": no rule answers, and none is asked any more */
    R307_OUTCOME_ANSWER,
    R307_OUTCOME_REFUSE,    /* a rule matched, and its Location may not leave */
    R307_OUTCOME_LATER      /* a rule asks for the user, and nobody has logged in yet */
} r307_outcome_t;

/* Why a rule whose source matched did not answer. */
typedef enum {
    R307_SKIP_EARLY,        /* detail: from= as written */
    R307_SKIP_ENDED,        /* detail: until= as written */
    R307_SKIP_LIMIT,        /* detail: which of Redirect307Limits */
    R307_SKIP_HOSTS,        /* the request would choose the host, and may not */
    R307_SKIP_CONDITION,    /* detail: the condition as written */
    R307_SKIP_PREFLIGHT,
    R307_SKIP_EXEMPT,
    R307_SKIP_SELF,         /* the result is the request's own URL */
    R307_SKIP_OWN_TARGET,   /* its own target was asked for */
    R307_SKIP_PROXIED,      /* only to another host, and a proxy says that is asked */
    R307_SKIP_BALANCER,     /* only http to https, and a balancer says it is https */
    R307_SKIP_COUNT
} r307_skip_t;

const char *r307_skip_text(r307_skip_t step);
/* With the rule and its place, as two lines. */
const char *r307_skip_line(apr_pool_t *p, const r307_rule_t *rule, r307_skip_t step,
                           const char *detail);

/* The paths no rule touches unless Redirect307Exempt says otherwise: the challenges by
 * which a host proves its name (RFC 8555 8.3, and the DCV of other issuers). */
apr_array_header_t *r307_exempt_default(apr_pool_t *p);

/* Which of them the path is at or below; absent: none. exempt may be NULL. */
r307_slice_t r307_exempt_find(const apr_array_header_t *exempt, const r307_path_t *path);

typedef struct r307_policy_t {
    int relative;                       /* Redirect307Relative */
    const apr_array_header_t *allow;    /* of r307_origin_t, or NULL */
    const apr_array_header_t *exempt;   /* of r307_slice_t, decoded paths, or NULL */
    unsigned steps;                     /* of one regex, R307_STEPS_DEFAULT */
    /* Told of every rule passed over; may be NULL. */
    void (*trace)(void *baton, const r307_rule_t *rule, r307_skip_t step,
                  const char *detail);
    int trace_times;                    /* of those, too, that are over or begin later: they
                                         * have to be compared for it */
    void *trace_baton;
    unsigned *left;                     /* steps of all regexes that the request may still
                                         * use; NULL: R307_STEPS_ALL, for this call */
} r307_policy_t;

typedef struct r307_decision_t {
    r307_outcome_t outcome;
    const r307_rule_t *rule;        /* of all but PASS */
    int scope;                      /* and which of the scopes it is of */
    int status;                     /* of ANSWER */
    const char *location;           /* of ANSWER; NULL for a status without target */
    r307_verdict_t verdict;         /* of REFUSE */
    const char *offending;          /* of REFUSE: what would have left; raw bytes, not for
                                     * a log as they are */
    size_t offending_len;
    const char *vary;               /* of every outcome: header names looked at, or NULL */
    int max_age;                    /* of ANSWER: seconds a cache may keep it; 0: no-store */
    int is_private;                 /* of ANSWER: only the client's own cache */
    const apr_array_header_t *cookies;  /* of const char *, values of Set-Cookie for
                                     * whatever is answered in the end; NULL: none. Not of
                                     * LATER */
    unsigned passed[R307_PASSED_COUNT]; /* of every outcome: as of a cursor, in front of it */
} r307_decision_t;

/* What is said of such rules: "coming" and "over". */
extern const char *const r307_passed_words[R307_PASSED_COUNT];

/* scopes: asked in this order. Everything in *decision lives in p or in the rules. */
void r307_decide(apr_pool_t *p, const r307_scope_t *scopes, int count,
                 const r307_policy_t *policy, const r307_view_t *view,
                 r307_decision_t *decision);

/* What was decided, as one line: "307 -> /new". */
const char *r307_decision_text(apr_pool_t *p, const r307_decision_t *decision,
                               apr_time_t now);

#endif
