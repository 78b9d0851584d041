/* SPDX-License-Identifier: Apache-2.0
 *
 * counters: how often each verdict refused a request, and how many requests met rules whose
 * time is not now, in memory that all processes share and that outlives a graceful restart,
 * and their place on mod_status's page.
 */
#ifndef R307_HTTPD_COUNTERS_H
#define R307_HTTPD_COUNTERS_H

#include <httpd.h>
#include "decide/decide.h"

/* post_config: makes them, or finds those of the generation before. Without shared memory
 * nothing is counted. */
void r307_counters_make(server_rec *s);

void r307_counters_add(r307_verdict_t verdict);
apr_uint64_t r307_counters_read(r307_verdict_t verdict);

/* The rules that a decision passed over by their time. *counted: bits of what was counted of
 * the request before, as it is asked about in several places; once each. */
void r307_counters_pass(const r307_decision_t *decision, unsigned *counted);
apr_uint64_t r307_counters_passed(r307_passed_t passed);

/* mod_status: hits of rules, and one line for each verdict; for a machine all of them, for people those that
 * occurred. */
int r307_on_status(request_rec *r, int flags);

#endif
