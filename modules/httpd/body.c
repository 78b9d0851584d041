/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/body.h"

#include <apr_lib.h>
#include <apr_poll.h>
#include <apr_strings.h>
#include <ap_mpm.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>

APLOG_USE_MODULE(redirect307);

#define READ_AT_ONCE   8192
#define H2_WINDOW      65536    /* RFC 9113 6.9.2: curl loses an answer that comes with a
                                 * reset while it still has window to fill */
#define H2_NAP         apr_time_from_msec(10)
#define H2_GRACE       apr_time_from_msec(50)

typedef enum {
    READ_ALL,       /* the end of the body was seen */
    READ_LATER,     /* nothing more has arrived yet */
    READ_TOO_MUCH,
    READ_FAILED
} read_t;

static int is_h2(const request_rec *r)
{
    return r->connection->master != NULL;
}

static int is_chunked(const request_rec *r)
{
    return apr_table_get(r->headers_in, "Transfer-Encoding") != NULL;
}

/* Content-Length, 0 without one, -1 when it is none; only digits are (RFC 9110 8.6). */
static apr_off_t length(const request_rec *r)
{
    const char *text = apr_table_get(r->headers_in, "Content-Length");
    apr_off_t value;
    char *end;

    if (!text) {
        return 0;
    }
    if (!apr_isdigit(*text) || apr_strtoff(&value, text, &end, 10) != APR_SUCCESS
        || *end) {
        return -1;
    }
    return value;
}

static int has_body(request_rec *r)
{
    return is_chunked(r) || length(r) != 0 || ap_request_has_body(r);
}

/* The client sends on while we close, so that httpd lingers: up to 30 s, for which
 * event needs no thread. The others do; there it is 2 s. */
static void close_after(request_rec *r)
{
    conn_rec *c = r->connection;
    int is_async = 0;

    if (is_h2(r)) {
        return;         /* mod_http2 resets the stream, the connection lives */
    }
    c->keepalive = AP_CONN_CLOSE;
    if (ap_mpm_query(AP_MPMQ_IS_ASYNC, &is_async) != APR_SUCCESS || !is_async) {
        apr_table_setn(c->notes, "short-lingering-close", "1");
    }
}

static void count(apr_bucket_brigade *bb, apr_off_t *read, int *is_end)
{
    apr_bucket *b;

    for (b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb);
         b = APR_BUCKET_NEXT(b)) {
        if (APR_BUCKET_IS_EOS(b)) {
            *is_end = 1;
        }
        else if (!APR_BUCKET_IS_METADATA(b) && b->length != (apr_size_t)-1) {
            *read += (apr_off_t)b->length;
        }
    }
}

/* Reads what is there, without waiting, and never more than `most` and one byte; *read
 * grows. Never blocking, never a changed socket timeout: both are mod_reqtimeout's and
 * httpd's. */
static read_t read_arrived(request_rec *r, apr_off_t most, apr_off_t *read,
                           apr_status_t *rv)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    int is_end = 0;

    while (*read <= most) {
        apr_off_t room = most - *read + 1;

        *rv = ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_NONBLOCK_READ,
                             room < READ_AT_ONCE ? room : READ_AT_ONCE);
        if (APR_STATUS_IS_EAGAIN(*rv)
            || (*rv == APR_SUCCESS && APR_BRIGADE_EMPTY(bb))) {
            return READ_LATER;
        }
        if (*rv != APR_SUCCESS) {
            return READ_FAILED;
        }
        count(bb, read, &is_end);
        apr_brigade_cleanup(bb);
        if (is_end) {
            return READ_ALL;
        }
    }
    return READ_TOO_MUCH;
}

/* The filter may have answered by itself (a 413, say); then there is nothing to add. */
static int failed(request_rec *r, apr_status_t rv)
{
    close_after(r);
    r->connection->keepalive = AP_CONN_CLOSE;
    return r->eos_sent || r->bytes_sent ? DONE
                                        : ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
}

/* Whether the connection must end because of how the body is announced. */
static int must_close(request_rec *r, apr_off_t most)
{
    apr_off_t limit = ap_get_limit_req_body(r), len = length(r);

    if (is_chunked(r)) {
        /* RFC 9112 6.1: an HTTP/1.0 message with Transfer-Encoding is suspect */
        return r->proto_num < HTTP_VERSION(1, 1) || r->expecting_100;
    }
    return len < 0 || len > most || (limit > 0 && len > limit) || r->expecting_100;
}

/* A chunked body has no length to decide on. Only one that is here as a whole lets the
 * connection live: waiting for chunk headers is a wait of unknown length. */
static int peek(request_rec *r, apr_off_t most)
{
    apr_off_t read = 0;
    apr_status_t rv;

    switch (read_arrived(r, most, &read, &rv)) {
    case READ_ALL:
        return OK;
    case READ_FAILED:
        return failed(r, rv);
    default:
        close_after(r);
        return OK;
    }
}

/* A read beyond LimitRequestBody would make the filter reset the stream, answer and all:
 * so the last byte read is the last that is allowed. -1: not one is. */
static apr_off_t h2_most(request_rec *r, apr_off_t most)
{
    apr_off_t limit = ap_get_limit_req_body(r), len = length(r);

    most = most > H2_WINDOW ? most : H2_WINDOW;
    if (limit <= 0) {
        return most;
    }
    return len < 0 || len > limit ? -1 : most < limit - 1 ? most : limit - 1;
}

void r307_body_plan(request_rec *r, apr_off_t most, apr_interval_time_t time,
                    r307_body_t *body)
{
    body->pending = has_body(r);
    body->drain = 0;
    body->most = most;
    body->time = time;
    body->failed = OK;
    if (!body->pending) {
        return;
    }
    if (is_h2(r)) {
        r->expecting_100 = 0;       /* reading would send a 100 behind the answer */
        body->drain = 1;
        body->most = h2_most(r, most);
    }
    else if (must_close(r, most)) {
        close_after(r);
    }
    else if (is_chunked(r)) {
        body->failed = peek(r, most);
    }
    else {
        body->drain = 1;
    }
}

/* 0 when the deadline has passed or waiting makes no sense. */
static int wait_for_input(request_rec *r, apr_time_t deadline)
{
    apr_interval_time_t left = deadline - apr_time_now();
    apr_pollfd_t socket;
    apr_int32_t ready;
    apr_status_t rv;

    if (left <= 0 || r->connection->aborted) {
        return 0;
    }
    if (is_h2(r)) {     /* the socket is the primary connection's, not ours to poll */
        apr_sleep(left < H2_NAP ? left : H2_NAP);
        return 1;
    }
    socket.p = r->pool;
    socket.desc_type = APR_POLL_SOCKET;
    socket.desc.s = ap_get_conn_socket(r->connection);
    socket.reqevents = APR_POLLIN;
    rv = apr_poll(&socket, 1, &ready, left);
    return rv == APR_SUCCESS || APR_STATUS_IS_EINTR(rv);
}

void r307_body_drain(request_rec *r, const r307_body_t *body)
{
    apr_time_t deadline = apr_time_now() + body->time;
    apr_off_t read = 0;
    apr_status_t rv = APR_SUCCESS;
    read_t result;

    if (!body->drain
        || (!is_h2(r) && r->connection->keepalive == AP_CONN_CLOSE)) {
        return;         /* closing anyway: httpd lingers, and reads without us */
    }
    do {
        result = read_arrived(r, body->most, &read, &rv);
    } while (result == READ_LATER && wait_for_input(r, deadline));
    if (is_h2(r) && read < H2_WINDOW && !r->connection->aborted
        && (result == READ_TOO_MUCH || result == READ_FAILED)) {
        apr_sleep(H2_GRACE);    /* little was read: the answer needs a head start */
    }
    if (result != READ_ALL) {
        close_after(r);
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, result == READ_FAILED ? rv : 0, r,
                      "%" APR_OFF_T_FMT " bytes of the request's body were read, and "
                      "its end was not among them", read);
    }
}

/* One read, so that the filter learns the length while it still stands in the headers. */
static void prime(request_rec *r)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);

    (void)ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_NONBLOCK_READ, 1);
    apr_brigade_destroy(bb);
}

void r307_body_forget(request_rec *r, r307_body_t *body)
{
    if (body->drain && is_h2(r)) {
        if (body->most >= 0) {
            body->most--;
            prime(r);
        }
    }
    else if (body->drain) {
        body->drain = 0;
        body->failed = peek(r, body->most);
    }
    r->expecting_100 = 0;
    apr_table_unset(r->headers_in, "Content-Length");
    apr_table_unset(r->headers_in, "Transfer-Encoding");
    apr_table_unset(r->headers_in, "Expect");
}
