/* SPDX-License-Identifier: Apache-2.0
 *
 * regex_sample: a path that a regex may well match, to try rules with. A guess from its text;
 * whoever uses it asks the regex.
 */
#ifndef R307_REGEX_SAMPLE_H
#define R307_REGEX_SAMPLE_H

#include "base/text.h"

/* variant 0 takes first alternatives and nothing that is optional; the others more. */
#define R307_SAMPLE_VARIANTS 4

const char *r307_sample_make(apr_pool_t *p, const char *regex, unsigned variant);

#endif
