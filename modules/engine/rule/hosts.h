/* SPDX-License-Identifier: Apache-2.0
 *
 * hosts: rules whose host the request would choose. Only a host of Redirect307AllowHosts may
 * leave then, so that where no host of that list can come out no request can ever get an
 * answer from such a rule: it is no rule.
 */
#ifndef R307_HOSTS_H
#define R307_HOSTS_H

#include "rule/origin.h"
#include "rule/target.h"

typedef enum {
    R307_HOSTS_LISTED,      /* a request can be answered if its host is on the list */
    R307_HOSTS_NEVER        /* what would be the host is none */
} r307_hosts_kind_t;

#define R307_HOSTS_ANY_PORT (-1)

/* What comes out as the host, as far as the rule says it. */
typedef struct r307_hosts_t {
    r307_hosts_kind_t kind;
    r307_slice_t scheme;    /* LISTED, as all below */
    r307_slice_t form;      /* the host, with '*' for each insertion: "*.example" */
    int port;               /* 0: the scheme's own */
} r307_hosts_t;

/* In p, as long as the target; NULL: a request can be answered whatever the list says, as with
 * nearly every rule. */
const r307_hosts_t *r307_hosts_find(apr_pool_t *p, const r307_pattern_t *pattern,
                                    const r307_target_t *target);
/* Whether a rule of that kind, or NULL, is one, where this is the list (of r307_origin_t, or NULL). */
int r307_hosts_may(const r307_hosts_t *hosts, const apr_array_header_t *allow);
/* Why it is none: a static text, the same one for the same reason. */
const char *r307_hosts_why(const r307_hosts_t *hosts, const apr_array_header_t *allow);
/* Whether that is such a text. */
int r307_hosts_says(const char *why);

/* Whether the target's host is the one that was asked for, and nothing else. */
int r307_hosts_is_own(const r307_target_t *target);

/* The insertion is the host that was asked for, by one of its names. */
int r307_hosts_is_asked(const r307_part_t *part);
/* It is the port that was asked for. */
int r307_hosts_is_port(const r307_part_t *part);
/* It is the path that was asked for. */
int r307_hosts_is_path(const r307_pattern_t *pattern, const r307_part_t *part);

#endif
