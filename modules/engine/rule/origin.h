/* SPDX-License-Identifier: Apache-2.0
 *
 * origin: one entry of Redirect307AllowHosts: [scheme "://"] host [":" port], host exact or
 * "*.example.net" (any name below it, not itself).
 */
#ifndef R307_ORIGIN_H
#define R307_ORIGIN_H

#include <apr_tables.h>
#include "base/text.h"

typedef struct r307_origin_t {
    r307_slice_t scheme;        /* absent: http and https */
    r307_slice_t host;          /* without "*."; lower-case, no trailing dot */
    int below;                  /* "*." was written */
    int port;                   /* 0: the scheme's own */
} r307_origin_t;

/* NULL, or the error text. */
const char *r307_origin_parse(apr_pool_t *p, const char *text, r307_origin_t *origin);

/* Whether one of them is meant; port 0: the scheme's own. allow may be NULL. */
int r307_origin_allows(const apr_array_header_t *allow, r307_slice_t scheme,
                       r307_slice_t host, int port);

#endif
