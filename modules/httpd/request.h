/* SPDX-License-Identifier: Apache-2.0
 *
 * request: what is known of one client request while its lists are asked, kept in
 * r->request_config: the engine's view of it, and what the hooks have to tell each other.
 */
#ifndef R307_HTTPD_REQUEST_H
#define R307_HTTPD_REQUEST_H

#include <httpd.h>
#include "http/view.h"

typedef struct r307_state_t {
    r307_view_t view;       /* path is NULL: no path of ours was asked for */
    apr_uint64_t roll;      /* made when a rule asks for it; 0: not yet */
    int waits;              /* the last list ended at a rule that asks for the user */
    int early_waits;        /* that was the first list: all is decided after the login */
    int sets_cookie;        /* the answer, whatever it is, takes a cookie along */
    int is_private;         /* some list looked at what no header tells */
    const struct r307_halt_decision_t *back;    /* of translate_name, to be carried out
                                                 * unless a later list is in force */
    unsigned steps;         /* of all regexes that are left to it */
    int is_over;            /* a rule ended the search; no later list is asked */
    struct r307_mapheld_t *maps;    /* in use; NULL: none */
    struct r307_mapheld_t *tenants_maps;        /* of these, those of .htaccess files */
    struct r307_mapheld_t **conf_maps;          /* and those of httpd.conf by number */
    int unready;            /* a map that was asked has no rules yet: nobody knows the answer */
    int late_decided;       /* by access_checker_ex, so type_checker has nothing to do */
} r307_state_t;

/* The state of the request; NULL until r307_request_state made it, which comes before
 * anything is asked or answered. */
r307_state_t *r307_request_known(const request_rec *r);

/* Whether this is a request that a client sent and rules may answer: no subrequest, no
 * internal redirect, no forward proxy, no TRACE. */
int r307_request_is_ours(const request_rec *r);

/* Merges names into the Vary that survives ErrorDocument, CGI and mod_proxy; NULL is
 * fine. */
void r307_request_vary(request_rec *r, const char *names);

/* Adds Set-Cookie for whatever is answered in the end, and keeps it out of every cache;
 * values of const char *, NULL is fine. */
void r307_request_cookies(request_rec *r, const apr_array_header_t *values);

#endif
