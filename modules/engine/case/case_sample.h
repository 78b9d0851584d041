/* SPDX-License-Identifier: Apache-2.0
 *
 * case_sample: a question that a rule may well answer, in the words of a case. A guess from
 * what the rule says; whoever uses it asks the rules.
 */
#ifndef R307_CASE_SAMPLE_H
#define R307_CASE_SAMPLE_H

#include "case/case_line.h"

#define R307_CASE_SAMPLES 16    /* variants worth a try */

/* "POST /shop host=www.example.com"; in p. now: what is over or begins later is asked for
 * when it is in force. */
const char *r307_case_sample(apr_pool_t *p, const r307_rule_t *rule, apr_time_t now,
                             unsigned variant);

#endif
