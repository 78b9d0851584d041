/* SPDX-License-Identifier: Apache-2.0
 *
 * counters: how often each verdict refused a request, in memory that all processes share
 * and that outlives a graceful restart, and their place on mod_status's page.
 */
#ifndef R307_HTTPD_COUNTERS_H
#define R307_HTTPD_COUNTERS_H

#include <httpd.h>
#include "rule/guard.h"

/* post_config: makes them, or finds those of the generation before. Without shared memory
 * nothing is counted. */
void r307_counters_make(server_rec *s);

void r307_counters_add(r307_verdict_t verdict);
apr_uint64_t r307_counters_read(r307_verdict_t verdict);

/* mod_status: hits of rules, and one line for each verdict; for a machine all of them, for people those that
 * occurred. */
int r307_on_status(request_rec *r, int flags);

#endif
