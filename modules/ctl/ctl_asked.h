/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_asked: the request that a person asks about, as the engine sees it, and what the engine
 * decides about it, as a person reads it.
 */
#ifndef CTL_ASKED_H
#define CTL_ASKED_H

#include "ctl_args.h"
#include "decide/decide.h"

typedef struct ctl_asked_t {
    apr_pool_t *p;
    const char *url, *method, *client, *user;
    apr_time_t now;
    apr_table_t *headers;
    r307_self_t self;
    int file;                   /* whether there is something to serve; -1: not known */
    int is_open;                /* of that there is something that has more than two values */
    int assumes;                /* what is not known holds; else it does not */
    int needs_client;           /* who asks is not known where nobody said it; else nobody is */
    apr_array_header_t *unanswered; /* of const char *: what was asked, and is not known */
    apr_array_header_t *steps;  /* of const char *: rules passed over */
} ctl_asked_t;

#define CTL_ASKED_CLIENT "the address of who asks; say it: --client IP"

/* What the options say. NULL, or what is wrong with one. */
const char *ctl_asked_options(ctl_asked_t *x, const ctl_args_t *args);

/* Splits x->url; 0 when it is none. */
int ctl_asked_set(ctl_asked_t *x, r307_view_t *view);

/* Of a policy, its baton is x. */
void ctl_asked_trace(void *baton, const r307_rule_t *rule, r307_skip_t step,
                     const char *detail);

/* "307 -> /new", in p. */
const char *ctl_asked_text(ctl_asked_t *x, const r307_decision_t *decision);

/* That, the rule, those passed over, and what else the answer has; and without that. */
ctl_exit_t ctl_asked_print(ctl_asked_t *x, const r307_decision_t *decision);

ctl_exit_t ctl_asked_details(ctl_asked_t *x, const r307_decision_t *decision);

/* What is answered where the Location leads, as far as it stays here; 1 when that is
 * nowhere. */
int ctl_asked_then(ctl_asked_t *x, const r307_scope_t *scopes, int count,
                   r307_policy_t policy, const r307_view_t *view,
                   const r307_decision_t *answer);

#endif
