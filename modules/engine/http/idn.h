/* SPDX-License-Identifier: Apache-2.0
 *
 * idn: international host names as ASCII (UTS #46, non-transitional, as browsers read
 * them). Where the library for it was not there when this was built, nothing is changed,
 * and the check of the host says what to write.
 */
#ifndef R307_IDN_H
#define R307_IDN_H

#include "base/text.h"

/* The same with each label that holds a byte beyond ASCII in its xn-- form. What is no such
 * label (it holds a '*', or an insertion stands in it) stays as it is, for the check of
 * the host to refuse. `text` is one host, or several between commas, each with what may
 * stand in front of it and behind it (a scheme, a port); it may hold "%{...}".
 * The result is `text` itself when there is nothing to change. */
const char *r307_idn_host(apr_pool_t *p, const char *text);

/* The same for the host of a reference that begins with a scheme and "://", or "//". */
const char *r307_idn_reference(apr_pool_t *p, const char *text);

/* Whether names are made ASCII here at all. */
int r307_idn_is_known(void);

#endif
