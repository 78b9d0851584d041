/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/body.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_poll.h>
#include <apr_strings.h>
#include <ap_mpm.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>

APLOG_USE_MODULE(redirect307);

#define READ_AT_ONCE   8192
#define PEEK_MOST      65536    /* read before the answer: what takes no time */
#define FRAMING        1024     /* chunk sizes and trailers beside the chunks' bytes */
#define H2_WINDOW      65536    /* RFC 9113 6.9.2: curl loses an answer that comes with a
                                 * reset while it still has window to fill */
/* apr_off_t has 32 bits where APR was built without large files */
#define OFF_MOST       ((apr_off_t)(((apr_uint64_t)1 << (8 * sizeof(apr_off_t) - 1)) - 1))
#define PATIENCE       apr_time_from_msec(500)  /* more than a round trip */
#define LOOK_AGAIN     apr_time_from_sec(1)     /* mod_reqtimeout counts when it is read */
#define H2_NAP         apr_time_from_msec(10)
#define H2_GRACE       apr_time_from_msec(50)
#define H2_AWAITED     apr_time_from_msec(100)

typedef enum {
    READ_ALL,       /* the end of the body was seen */
    READ_LATER,     /* nothing more has arrived yet */
    READ_PAUSED,    /* nor for as long as the caller's patience */
    READ_TOO_MUCH,
    READ_FAILED
} read_t;

/* --- the gate, between a body and whoever would wait for it --- */

/* Below HTTP_IN it makes every read a short one: HTTP_IN waits for a chunked body's
 * trailers even in a read that must not wait. In the place of HTTP_IN, shut, it is the
 * end of a body that is not there. */
typedef struct gate_t {
    int is_shut;
    int is_dry;         /* a read had to go without */
    apr_off_t left;     /* bytes that may still pass, framing and all */
} gate_t;

apr_status_t r307_body_filter(ap_filter_t *f, apr_bucket_brigade *bb,
                              ap_input_mode_t mode, apr_read_type_e block,
                              apr_off_t most)
{
    gate_t *gate = f->ctx;
    apr_off_t passed = 0;
    apr_status_t rv;

    if (gate->is_shut) {
        APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(f->c->bucket_alloc));
        return APR_SUCCESS;
    }
    rv = gate->left > 0 ? ap_get_brigade(f->next, bb, mode, APR_NONBLOCK_READ, most)
                        : APR_EAGAIN;
    if (APR_STATUS_IS_EAGAIN(rv) || (rv == APR_SUCCESS && APR_BRIGADE_EMPTY(bb))) {
        gate->is_dry = 1;
        return APR_EAGAIN;
    }
    (void)apr_brigade_length(bb, 0, &passed);
    gate->left -= passed > 0 ? passed : 0;
    return rv;
}

static gate_t *gate_of(request_rec *r, r307_body_t *body)
{
    if (!body->gate) {
        body->gate = ap_add_input_filter(R307_BODY_FILTER,
                                         apr_pcalloc(r->pool, sizeof(gate_t)), r,
                                         r->connection);
    }
    return body->gate->ctx;
}

/* --- what the request says of its body --- */

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

/* RFC 9112 6.3: a 400, and the end. httpd 2.4.46 and later say so before us. */
static int is_unframed(const request_rec *r)
{
    return !is_h2(r) && !is_chunked(r) && length(r) < 0;
}

/* HTTP/1 announces a body by these two headers alone. */
static int has_body(request_rec *r)
{
    return is_chunked(r) || length(r) != 0
        || ((is_h2(r) || r->kept_body) && ap_request_has_body(r));
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

/* Whether the connection must end because of how the body is announced. */
static int must_close(request_rec *r, apr_off_t most)
{
    apr_off_t limit = ap_get_limit_req_body(r), len = length(r);

    if (is_chunked(r)) {
        /* RFC 9112 6.1: an HTTP/1.0 message with Transfer-Encoding is suspect */
        return r->proto_num < HTTP_VERSION(1, 1) || r->expecting_100;
    }
    return len > most || (limit > 0 && len > limit) || r->expecting_100;
}

/* HTTP_IN answers a read beyond LimitRequestBody with a 413 of its own, after our answer
 * or instead of it, as the bytes happen to arrive. So the last byte read is the last that
 * is allowed; -1: not one is, as the length says already. */
static apr_off_t within_limit(request_rec *r, apr_off_t most)
{
    apr_off_t limit = ap_get_limit_req_body(r);

    if (limit > 0 && length(r) > limit) {
        return -1;
    }
    return limit > 0 && most > limit - 1 ? limit - 1 : most;
}

/* --- reading --- */

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

/* Reads what is there, without waiting, and never more than body->most and one byte.
 * Never blocking, never a changed socket timeout: both are mod_reqtimeout's and httpd's. */
static read_t read_arrived(request_rec *r, r307_body_t *body, apr_bucket_brigade *bb,
                           apr_status_t *rv)
{
    int is_end = 0;

    while (body->read <= body->most) {
        apr_off_t room = body->most - body->read + 1;

        *rv = ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_NONBLOCK_READ,
                             room < READ_AT_ONCE ? room : READ_AT_ONCE);
        if (APR_STATUS_IS_EAGAIN(*rv)
            || (*rv == APR_SUCCESS && APR_BRIGADE_EMPTY(bb))) {
            return READ_LATER;
        }
        if (*rv != APR_SUCCESS) {
            return READ_FAILED;
        }
        count(bb, &body->read, &is_end);
        apr_brigade_cleanup(bb);
        if (is_end) {
            return READ_ALL;
        }
        if (body->deadline && apr_time_now() >= body->deadline) {
            return READ_LATER;
        }
    }
    return READ_TOO_MUCH;
}

/* At most until then. 0 when the deadline has passed or waiting makes no sense. */
static int wait_for_input(request_rec *r, apr_time_t deadline, apr_time_t until)
{
    apr_time_t now = apr_time_now();
    apr_interval_time_t left = (until < deadline ? until : deadline) - now;
    apr_pollfd_t socket;
    apr_int32_t ready;
    apr_status_t rv;

    if (deadline <= now || r->connection->aborted) {
        return 0;
    }
    if (left <= 0) {
        return 1;
    }
    if (is_h2(r)) {     /* the socket is the primary connection's, not ours to poll */
        apr_sleep(left < H2_NAP ? left : H2_NAP);
        return 1;
    }
    socket.p = r->pool;
    socket.desc_type = APR_POLL_SOCKET;
    socket.desc.s = ap_get_conn_socket(r->connection);
    socket.reqevents = APR_POLLIN;
    rv = apr_poll(&socket, 1, &ready, left < LOOK_AGAIN ? left : LOOK_AGAIN);
    return rv == APR_SUCCESS || APR_STATUS_IS_EINTR(rv) || APR_STATUS_IS_TIMEUP(rv);
}

static void say_unread(request_rec *r, const r307_body_t *body, apr_status_t rv)
{
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, rv, r,
                  "%" APR_OFF_T_FMT " bytes of the request's body were read, and "
                  "its end was not among them", body->read);
}

static read_t read_until(request_rec *r, r307_body_t *body,
                         apr_interval_time_t patience, apr_status_t *rv)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_time_t heard = apr_time_now();
    apr_off_t before = body->read;
    read_t result;

    while ((result = read_arrived(r, body, bb, rv)) == READ_LATER) {
        if (body->read > before) {
            before = body->read;
            heard = apr_time_now();
        }
        if (patience && apr_time_now() - heard >= patience) {
            result = READ_PAUSED;
            break;
        }
        /* a pause that ended meanwhile is seen above, and only the deadline ends all */
        if (!wait_for_input(r, body->deadline,
                            patience ? heard + patience : body->deadline)) {
            break;
        }
    }
    apr_brigade_destroy(bb);
    return result;
}

/* The filter may have answered by itself; then there is nothing to add. Else httpd says
 * what is wrong, and nobody reads on. */
static int failed(request_rec *r, r307_body_t *body, apr_status_t rv)
{
    close_after(r);
    r->connection->keepalive = AP_CONN_CLOSE;
    if (r->eos_sent || r->bytes_sent) {
        return DONE;
    }
    r307_body_hide(r, body);
    return ap_map_http_request_error(rv, HTTP_BAD_REQUEST);
}

/* A chunked body has no length to decide on. Only one that is here as a whole lets the
 * connection live: waiting for chunk headers is a wait of unknown length. */
static int peek(request_rec *r, r307_body_t *body)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    gate_t *gate = gate_of(r, body);
    int status = r->status;
    apr_status_t rv = APR_SUCCESS;
    read_t result;

    body->most = within_limit(r, body->most < PEEK_MOST ? body->most : PEEK_MOST);
    gate->left = body->most + FRAMING;
    result = body->most > 0 ? read_arrived(r, body, bb, &rv) : READ_TOO_MUCH;
    apr_brigade_destroy(bb);
    if (result == READ_FAILED && !gate->is_dry) {
        return failed(r, body, rv);
    }
    if (result != READ_ALL) {
        r->status = status;     /* HTTP_IN makes it a 400 when trailers do not come */
        close_after(r);
    }
    return OK;
}

/* Answers to requests that came together may still be on their way to the client, which
 * may be waiting for them. */
static void flush_earlier(request_rec *r)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, alloc);

    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_flush_create(alloc));
    (void)ap_pass_brigade(r->connection->output_filters, bb);
    apr_brigade_destroy(bb);
}

/* An answer that leaves the connection open before the body is there is a trap: a proxy may
 * give a connection whose request it never finished to the next one, and we would take that
 * for the body. So the body comes first, or the end. Where the connection ends anyway, too:
 * nginx that does not buffer requests hangs up on its client after an answer that came early. */
static void read_before(request_rec *r, r307_body_t *body)
{
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    apr_status_t rv = APR_SUCCESS;
    read_t result;

    body->deadline = apr_time_now() + body->time;
    result = read_arrived(r, body, bb, &rv);
    apr_brigade_destroy(bb);
    if (result == READ_LATER) {
        flush_earlier(r);
        result = read_until(r, body, PATIENCE, &rv);
    }
    if (result == READ_ALL) {
        return;
    }
    close_after(r);
    if (result == READ_FAILED && (r->eos_sent || r->bytes_sent)) {
        body->failed = DONE;    /* the filter has answered by itself */
    }
    say_unread(r, body, result == READ_FAILED ? rv : APR_SUCCESS);
}

void r307_body_plan(request_rec *r, apr_int64_t drain, apr_interval_time_t time,
                    r307_body_t *body)
{
    apr_off_t most = drain < OFF_MOST ? (apr_off_t)drain : OFF_MOST - 1;

    memset(body, 0, sizeof(*body));
    body->pending = has_body(r);
    body->most = most;
    body->time = time;
    body->failed = OK;
    if (!body->pending) {
        return;
    }
    if (is_h2(r)) {
        body->drain = 1;
        if (r->expecting_100 && time > H2_AWAITED) {
            body->time = H2_AWAITED;    /* who waits for a 100 sends nothing */
        }
        body->most = within_limit(r, most > H2_WINDOW ? most : H2_WINDOW);
    }
    else if (is_unframed(r)) {
        body->failed = failed(r, body, APR_EINVAL);
    }
    else if (must_close(r, most)) {
        close_after(r);
    }
    else if (is_chunked(r)) {
        body->failed = peek(r, body);
    }
    else {
        read_before(r, body);
    }
}

int r307_body_drain(request_rec *r, r307_body_t *body, apr_interval_time_t patience)
{
    apr_status_t rv = APR_SUCCESS;
    read_t result;

    if (!is_h2(r) && r->connection->keepalive == AP_CONN_CLOSE) {
        close_after(r);         /* httpd lingers, and reads without us */
        return 1;
    }
    if (!body->drain) {
        return 1;
    }
    if (!body->deadline) {
        body->deadline = apr_time_now() + body->time;
    }
    result = read_until(r, body, patience, &rv);
    if (result == READ_PAUSED) {
        return 0;
    }
    body->drain = 0;
    if (result == READ_ALL) {
        return 1;
    }
    if (body->read < H2_WINDOW && !r->connection->aborted) {
        apr_sleep(H2_GRACE);    /* little was read: the answer needs a head start */
    }
    say_unread(r, body, result == READ_FAILED ? rv : APR_SUCCESS);
    return 1;
}

/* --- an answer of httpd's --- */

/* Nor may the connection's protocol change, with the body for its first bytes. */
static const char *const framing[] = {
    "Content-Length", "Transfer-Encoding", "Expect", "Upgrade", NULL
};

void r307_body_hide(request_rec *r, r307_body_t *body)
{
    gate_t *gate = gate_of(r, body);
    int i;

    gate->is_shut = 1;
    body->filters = r->input_filters;
    body->proto_filters = r->proto_input_filters;
    r->input_filters = r->proto_input_filters = body->gate;
    body->headers = apr_table_make(r->pool, 4);
    for (i = 0; framing[i]; i++) {
        const char *value = apr_table_get(r->headers_in, framing[i]);

        if (value) {
            apr_table_setn(body->headers, framing[i], value);
            apr_table_unset(r->headers_in, framing[i]);
        }
    }
    r->expecting_100 = 0;       /* mod_proxy would ask its backend for one */
}

void r307_body_show(request_rec *r, r307_body_t *body)
{
    gate_t *gate = gate_of(r, body);

    gate->is_shut = 0;
    gate->left = OFF_MOST;
    r->input_filters = body->filters;
    r->proto_input_filters = body->proto_filters;
    apr_table_overlap(r->headers_in, body->headers, APR_OVERLAP_TABLES_SET);
}
