/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_loop: where Locations lead inside one server. A browser that is sent from one rule to
 * the next gives up in the end; here that is found before a browser does.
 */
#ifndef R307_LINT_LOOP_H
#define R307_LINT_LOOP_H

#include "lint/lint_rule.h"
#include "lint/lint_alone.h"

/* So many redirects in a row are the most that browsers follow. */
#define R307_LOOP_HOPS 20

/* What is asked when the Location of an answer to *from is followed: 1 and *to; 0 when it
 * leads to another host. *to has the rest of *from. */
int r307_loop_next(apr_pool_t *p, const r307_view_t *from, const char *location,
                   r307_view_t *to);

typedef struct r307_loop_site_t {
    r307_self_t self;
    int is_one;             /* it answers for http and https, on every port; else what
                             * leads to another of them has left */
    int asked_most;         /* rules that are asked in all; 0: as many as a start can wait
                             * for */
    int has_images;         /* the maps of the scopes are images, and are asked */
} r307_loop_site_t;

/* Appends an r307_doubt_t for each circle of rules, made in p as the rules of maps are. The text decides: what has
 * a condition or a date may hold. The cost is bounded, so of many thousand rules the last ones
 * are not followed. Circles within one map are not looked for. */
void r307_loop_audit(apr_pool_t *p, const r307_alone_t *alone,
                     const r307_loop_site_t *site, apr_array_header_t *doubts);

#endif
