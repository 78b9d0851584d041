/* SPDX-License-Identifier: Apache-2.0
 *
 * body: what becomes of a request's body when we answer without having read it. The
 * answer goes first; a little is read afterwards and the connection kept; everything
 * else ends the connection in a way that lets the client read the answer. Not one byte
 * of a body is ever taken for the next request.
 */
#ifndef R307_HTTPD_BODY_H
#define R307_HTTPD_BODY_H

#include <httpd.h>

typedef struct r307_body_t {
    int pending;        /* the answer must be flushed before anything is waited for */
    int drain;          /* r307_body_drain has something to do */
    apr_off_t most;     /* bytes worth reading */
    apr_interval_time_t time;   /* for all of them together */
    int failed;         /* OK, or what the hook has to return instead of an answer: the
                         * body is broken, and httpd has said so or will */
} r307_body_t;

/* Before the answer's headers are made; may mark the connection to be closed. */
void r307_body_plan(request_rec *r, apr_off_t most, apr_interval_time_t time,
                    r307_body_t *body);

/* After the answer was flushed. */
void r307_body_drain(request_rec *r, const r307_body_t *body);

/* For an answer that httpd makes (ErrorDocument), after the plan: its own request ends
 * with reading a body as far as it lasts, so what has not arrived yet ends the
 * connection, and that request has no body. HTTP/2 still drains afterwards. */
void r307_body_forget(request_rec *r, r307_body_t *body);

#endif
