/* SPDX-License-Identifier: Apache-2.0
 *
 * hosts_advice: what to write instead of a rule whose host the request would choose: mostly
 * the host that was asked for is meant, which needs not be said.
 */
#ifndef R307_HOSTS_ADVICE_H
#define R307_HOSTS_ADVICE_H

#include "rule/rule.h"

/* "write: Redirect307 / https:", in p. */
const char *r307_hosts_advice(apr_pool_t *p, const r307_rule_t *rule);

#endif
