/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_closing: what the maintenance lines of a whole httpd make of a request, in the order in
 * which the server asks them.
 */
#ifndef CTL_CLOSING_H
#define CTL_CLOSING_H

#include "conf/place_url.h"
#include "ctl_htaccess.h"

typedef struct ctl_closing_t {
    apr_pool_t *p;
    ctl_httpd_t *httpd;
    const r307_walk_t *walk;    /* of the request */
    const r307_mapped_t *mapped;
    const r307_view_t *view;
    apr_array_header_t *unknown;    /* of const r307_maintenance_t *: whose flag cannot be seen */
    int needs_client;           /* some are let in by their address, and nobody said whose it is */
    const r307_halt_decision_t *back;   /* of the early lines, to be carried out unless a late
                                         * one is in force */
} ctl_closing_t;

/* Asks the lines of one list with their flags as they are. 1: decision->outcome is something
 * that the client gets; LET and OPEN leave the request to the rules. */
int ctl_closing_ask(ctl_closing_t *closing, const r307_config_t *conf, int is_late,
                    r307_halt_decision_t *decision);

#endif
