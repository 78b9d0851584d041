/* SPDX-License-Identifier: Apache-2.0
 *
 * request: what is known of one client request while its lists are asked, kept in
 * r->request_config: the engine's view of it, and what the hooks have to tell each other.
 */
#ifndef R307_HTTPD_REQUEST_H
#define R307_HTTPD_REQUEST_H

#include <httpd.h>
#include "http/view.h"

/* How far the lists are asked: those of the server in translate_name (early); those of
 * the directory in access_checker_ex, which httpd calls before it asks for a password,
 * and else in type_checker (late). Who has logged in is known in type_checker alone:
 * where a rule wants to know that, the lists are asked again there, from the one that has
 * the rule on.
 *
 *        EARLY -------1------> LATE ------2------> DECIDED
 *          |                    ^ |
 *          3                    | 3
 *          v                    | v
 *     EARLY_WAITS ------4-------+ LATE_WAITS       from all ------5------> OVER
 *
 * 1: a late list is asked. 2: access_checker_ex asked all late lists. 3: a rule of the
 * list asks who has logged in, and nobody has yet. 4: type_checker asked the early list
 * again, and goes on with the late ones. 5: a rule or a maintenance ended the search. */
typedef enum {
    R307_REQUEST_EARLY,           /* so it begins, also where the server has no list */
    R307_REQUEST_EARLY_WAITS,
    R307_REQUEST_LATE,
    R307_REQUEST_LATE_WAITS,
    R307_REQUEST_DECIDED,
    R307_REQUEST_OVER
} r307_request_phase_t;

typedef struct r307_state_t {
    r307_view_t view;       /* path is NULL: no path of ours was asked for */
    apr_uint64_t roll;      /* made when a rule asks for it; 0: not yet */
    r307_request_phase_t phase;
    int sets_cookie;        /* the answer, whatever it is, takes a cookie along */
    int hides_key;          /* the view's query lacks the key of a directory's own page */
    int is_private;         /* some list looked at what no header tells */
    const struct r307_halt_decision_t *back;    /* of translate_name, to be carried out
                                                 * unless a later list is in force */
    unsigned steps;         /* of all regexes that are left to it */
    struct r307_mapheld_t *maps;    /* in use; NULL: none */
    struct r307_mapheld_t *tenants_maps;        /* of these, those of .htaccess files */
    struct r307_mapheld_t **conf_maps;          /* and those of httpd.conf by number */
    unsigned passed;        /* bit of each r307_passed_t that was counted of it */
    int unready;            /* a map that was asked has no rules yet */
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
