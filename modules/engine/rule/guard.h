/* SPDX-License-Identifier: Apache-2.0
 *
 * guard: may this Location leave? One strict reading of the finished text, judged as a
 * browser would read it (RFC 3986, and WHATWG URL where that is laxer); one table of
 * verdicts with stable ids.
 */
#ifndef R307_GUARD_H
#define R307_GUARD_H

#include <apr_tables.h>
#include "rule/origin.h"
#include "rule/target.h"

typedef enum {
    R307_VERDICT_FINE,
    R307_VERDICT_CONTROL,       /* a control byte or a space */
    R307_VERDICT_BACKSLASH,
    R307_VERDICT_BYTE,          /* a byte no URL may hold */
    R307_VERDICT_PERCENT,       /* a '%' without two hex digits */
    R307_VERDICT_SCHEME,        /* a scheme that is not http or https */
    R307_VERDICT_RELATIVE,      /* "//host", or nothing that begins with '/' */
    R307_VERDICT_USERINFO,
    R307_VERDICT_HOST,          /* not a host name, IPv4 or IPv6 address */
    R307_VERDICT_PORT,
    R307_VERDICT_ORIGIN,        /* not the written one, not ours, not on the list */
    R307_VERDICT_GLUED,         /* request bytes directly behind the host */
    R307_VERDICT_DOWNGRADE,     /* the request chose http */
    R307_VERDICT_LENGTH,        /* longer than R307_LOCATION_MOST */
    R307_VERDICT_VALUE,         /* an insertion without a value */
    R307_VERDICT_STEPS,         /* a regex ran into its limits */
    R307_VERDICT_SELF_NAME,     /* our own name, from the request, is not a host name */
    R307_VERDICT_DOTS,          /* the request climbs by ".." out of the rule's path */
    R307_VERDICT_COUNT
} r307_verdict_t;

typedef struct r307_verdict_row_t {
    const char *id;             /* "R307-G04": stable, documented, logged */
    const char *why;
} r307_verdict_row_t;

/* Row of the verdict; there is one for each. */
const r307_verdict_row_t *r307_verdict_row(r307_verdict_t verdict);

/* Judges a finished Location; url: how it splits. allow: array of r307_origin_t or NULL.
 * self: this server, by UseCanonicalName (not the Host header). A Location without a
 * request byte is FINE as its rule was checked when it was loaded. */
r307_verdict_t r307_guard_check(r307_slice_t location, const r307_url_t *url,
                                const r307_built_t *built, const r307_target_t *target,
                                const apr_array_header_t *allow,
                                const r307_view_t *view);

#endif
