/* SPDX-License-Identifier: Apache-2.0
 *
 * share: a share of the visitors (percent=) and what keeps each of them on their side
 * (sticky=). All rules of one source share one roll: a visitor has one place from 0 to
 * 9 999, and each rule takes a stretch of those. Nothing here depends on a process or a
 * machine, so ten servers agree.
 */
#ifndef R307_SHARE_H
#define R307_SHARE_H

#include <apr_time.h>
#include "http/cookie.h"

#define R307_SHARE_ALL 10000        /* of hundredths of a percent */

typedef enum {
    R307_STICKY_COOKIE,     /* one of ours */
    R307_STICKY_NAMED,      /* sticky=cookie=NAME: one that is there already, hashed */
    R307_STICKY_ADDRESS     /* the client's address, hashed; IPv6 by its first 64 bits */
} r307_sticky_t;

typedef struct r307_share_t {
    int size;               /* hundredths of a percent */
    r307_sticky_t sticky;
    r307_slice_t named;     /* of NAMED */
    apr_uint32_t self;      /* of the rule in the cookie, never 0 */
    apr_time_t until;       /* of the rule; 0: none */
} r307_share_t;

/* Where the visitor of one request stands in one group. */
typedef struct r307_stand_t {
    int place;              /* 0 to 9 999; -1: not to be known */
    apr_uint32_t member;    /* the rule that the cookie names; 0: none */
    int is_kept;            /* a cookie says both */
} r307_stand_t;

/* "0.01" to "100". NULL, or the error text to stand behind "percent='...' ". */
const char *r307_share_parse(const char *value, int *size);
/* "cookie", "cookie=NAME", "address"; errors as above. */
const char *r307_share_parse_sticky(apr_pool_t *p, const char *value, r307_sticky_t *sticky,
                                    r307_slice_t *named);

/* group: the number of the source. Looks at the cookie or address, says so in vary, and
 * asks for a roll where neither tells. */
void r307_share_stand(const r307_share_t *share, apr_uint64_t group,
                      const r307_view_t *view, r307_vary_t *vary, r307_stand_t *stand);

/* Adds the cookie that keeps the visitor in the rule (member 0: outside of all of them),
 * unless the one that came says so already. */
void r307_share_keep(const r307_share_t *share, apr_uint64_t group,
                     const r307_view_t *view, apr_uint32_t member,
                     const r307_stand_t *stand, r307_vary_t *vary);

#endif
