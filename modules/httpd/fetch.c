/* SPDX-License-Identifier: Apache-2.0
 *
 * What a URL of this server shows, taken by a filter where it would leave for the client.
 * Whatever status, Location or error text the modules on the way come to, none of it is
 * the answer. */
#include "httpd/page.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>

/* As ap_register_output_filter keeps them. */
#define SINK_FILTER "redirect307_sink"
#define HEADERS_FILTER "redirect307_headers"

typedef struct sink_t {
    request_rec *r;             /* whose answer it becomes */
    r307_content_t *content;
    int status;                 /* 0: nothing came yet */
    int is_too_large;
} sink_t;

request_rec *r307_fetch_look(request_rec *r, const char *url)
{
    /* without a filter: nobody's cache answers for it */
    return ap_sub_req_method_uri("GET", url, r, NULL);
}

/* What a page says of how long it lasts, of where it has been before and of how it
 * travels is not so for this answer. */
static int is_left_out(const char *name)
{
    static const char *const names[] = {
        "ETag", "Last-Modified", "Accept-Ranges", "Expires", "Cache-Control", "Location",
        "Retry-After", "Content-Length", "Content-Type", "Content-Range", "Content-MD5",
        "Transfer-Encoding", "Connection", "Keep-Alive", "Trailer", "Upgrade", "Status",
        "Date", "Server", "Pragma", "Age", "WWW-Authenticate", "Refresh",
        "Content-Encoding"
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcasecmp(names[i], name) == 0) {
            return 1;
        }
    }
    return 0;
}

static int copy_header(void *baton, const char *name, const char *value)
{
    const sink_t *sink = baton;

    if (!is_left_out(name)) {
        apr_table_add(sink->content->headers, name, value);
    }
    return 1;
}

/* What the program says, before mod_headers adds what it will add to our answer, too. The
 * request is the one that sends: an internal redirect is another than began. */
static apr_status_t note_headers(ap_filter_t *f, apr_bucket_brigade *bb)
{
    const sink_t *sink = f->ctx;

    if (!sink->content->headers) {
        sink->content->headers = apr_table_make(sink->r->pool, 8);
        apr_table_do(copy_header, (void *)(apr_uintptr_t)sink, f->r->headers_out, NULL);
        apr_table_do(copy_header, (void *)(apr_uintptr_t)sink, f->r->err_headers_out,
                     NULL);
    }
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

/* How it is encoded is known where it arrives. */
static void begin(sink_t *sink, request_rec *from)
{
    r307_content_t *content = sink->content;
    apr_pool_t *p = sink->r->pool;
    const char *encoding = apr_table_get(from->headers_out, "Content-Encoding");

    sink->status = from->status;
    content->type = apr_pstrdup(p, from->content_type ? from->content_type : "text/html");
    encoding = encoding ? encoding : from->content_encoding;
    if (encoding) {
        content->headers = content->headers ? content->headers : apr_table_make(p, 1);
        apr_table_set(content->headers, "Content-Encoding", encoding);
    }
}

static apr_status_t keep(sink_t *sink, apr_bucket *b)
{
    r307_content_t *content = sink->content;
    const char *bytes;
    apr_size_t len;
    apr_status_t rv = apr_bucket_read(b, &bytes, &len, APR_BLOCK_READ);

    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (content->length + (apr_off_t)len > R307_CONTENT_MOST) {
        sink->is_too_large = 1;
        return APR_ENOMEM;
    }
    content->length += (apr_off_t)len;
    return apr_brigade_write(content->body, NULL, NULL, bytes, len);
}

static apr_status_t take(ap_filter_t *f, apr_bucket_brigade *bb)
{
    sink_t *sink = f->ctx;
    apr_status_t rv = APR_SUCCESS;
    apr_bucket *b;

    if (!sink->status && !APR_BRIGADE_EMPTY(bb)) {
        begin(sink, f->r);
    }
    while (rv == APR_SUCCESS && !APR_BRIGADE_EMPTY(bb)) {
        b = APR_BRIGADE_FIRST(bb);
        if (AP_BUCKET_IS_ERROR(b)) {    /* half a page: its backend is gone */
            sink->status = ((const ap_bucket_error *)b->data)->status;
        }
        else if (!APR_BUCKET_IS_METADATA(b) && sink->status == HTTP_OK) {
            rv = keep(sink, b);
        }
        apr_bucket_delete(b);
    }
    apr_brigade_cleanup(bb);
    return rv;
}

/* Below it there are the filters of the connection alone, so nothing of this request, and
 * of what it is redirected to, finds another way out. What the look has put before them
 * (AddOutputFilter) stays. */
static void set_filters(request_rec *sub, sink_t *sink)
{
    ap_filter_t *head = sub->output_filters, *last = NULL, *f;

    for (f = head; f && f != sub->proto_output_filters; f = f->next) {
        last = f;
    }
    sub->proto_output_filters = sub->connection->output_filters;
    sub->output_filters = sub->proto_output_filters;
    ap_add_output_filter(SINK_FILTER, sink, sub, sub->connection);
    sub->output_filters = sub->proto_output_filters;
    if (last) {
        last->next = sub->proto_output_filters;
        sub->output_filters = head;
    }
}

/* The page is asked for as a whole, not whether somebody has it already, and not for
 * another protocol: httpd would change the connection's in the middle of our answer. */
static void ask_for_all(request_rec *sub)
{
    static const char *const partial[] = {
        "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
        "If-Range", "Range", "Upgrade", "HTTP2-Settings"
    };
    size_t i;

    sub->headers_in = apr_table_copy(sub->pool, sub->headers_in);
    for (i = 0; i < sizeof(partial) / sizeof(partial[0]); i++) {
        apr_table_unset(sub->headers_in, partial[i]);
    }
}

int r307_fetch_run(request_rec *r, request_rec *sub, r307_content_t *content)
{
    sink_t sink = { r, content, 0, 0 };
    int status;

    memset(content, 0, sizeof(*content));
    content->body = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    set_filters(sub, &sink);
    ask_for_all(sub);
    sub->protocol = r->protocol;    /* a program is not to think it is a part of a page */
    apr_table_setn(sub->subprocess_env, "no-cache", "1");   /* mod_cache's word */
    status = ap_invoke_handler(sub);
    if (sink.is_too_large) {
        status = HTTP_REQUEST_ENTITY_TOO_LARGE;
    }
    else if (status == OK || status == DONE) {
        status = sink.status ? sink.status : HTTP_NO_CONTENT;
    }
    if (status != HTTP_OK) {
        apr_brigade_cleanup(content->body);
    }
    return status;
}

/* Of the request that was begun here, and of what it is redirected to. */
void r307_fetch_insert_filter(request_rec *r)
{
    const ap_filter_t *last = r->main ? r->proto_output_filters : NULL;

    if (last && strcasecmp(last->frec->name, SINK_FILTER) == 0) {
        ap_add_output_filter(HEADERS_FILTER, last->ctx, r, r->connection);
    }
}

void r307_fetch_register(void)
{
    ap_register_output_filter(HEADERS_FILTER, note_headers, NULL, AP_FTYPE_RESOURCE - 1);
    ap_register_output_filter(SINK_FILTER, take, NULL, AP_FTYPE_PROTOCOL);
}
