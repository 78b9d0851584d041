/* SPDX-License-Identifier: Apache-2.0
 *
 * body: what becomes of a request's body, of which nobody wants anything. A little is read
 * before the answer and the connection kept; everything else ends the connection in a
 * way that lets the client read the answer. Over HTTP/2 the answer goes first. Not one
 * byte of a body is ever taken for the next request, stored or logged.
 */
#ifndef R307_HTTPD_BODY_H
#define R307_HTTPD_BODY_H

#include <httpd.h>
#include <util_filter.h>

#define R307_BODY_FILTER "REDIRECT307_BODY"

typedef struct r307_body_t {
    int pending;        /* there is a body; over HTTP/2 the answer must be flushed before
                         * anything is waited for */
    int drain;          /* r307_body_drain has something to read: HTTP/2 */
    apr_off_t most;     /* bytes worth reading */
    apr_interval_time_t time;   /* for all of them together */
    int failed;         /* OK, or what the hook has to return instead of an answer: the
                         * body is broken, and httpd has said so or will */
    apr_off_t read;     /* the rest is body.c's */
    apr_time_t deadline;
    ap_filter_t *gate;
    ap_filter_t *filters;
    ap_filter_t *proto_filters;
    apr_table_t *headers;
} r307_body_t;

/* Before the answer's headers are made; reads what is worth it, and may mark the
 * connection to be closed. */
void r307_body_plan(request_rec *r, apr_int64_t drain, apr_interval_time_t time,
                    r307_body_t *body);

/* Around an answer that httpd makes (ErrorDocument): in between the request has no body,
 * for its handler would begin by reading one, for as long as it lasts. */
void r307_body_hide(request_rec *r, r307_body_t *body);
void r307_body_show(request_rec *r, r307_body_t *body);

/* After the answer was flushed: reads and drops. 1: that is over. 0: nothing came for
 * `patience` (0: only the deadline counts), and it may be called again. */
int r307_body_drain(request_rec *r, r307_body_t *body, apr_interval_time_t patience);

/* The input filter R307_BODY_FILTER, of a type below HTTP_IN and above the connection. */
apr_status_t r307_body_filter(ap_filter_t *f, apr_bucket_brigade *bb,
                              ap_input_mode_t mode, apr_read_type_e block,
                              apr_off_t most);

#endif
