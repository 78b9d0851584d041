/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/respond.h"

#include <string.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_core.h>
#include <util_filter.h>
#include "base/datetime.h"
#include "grammar/options.h"
#include "httpd/body.h"
#include "httpd/request.h"

APLOG_USE_MODULE(redirect307);

#define MODULE_SAYS "mod_redirect307"
#define H2_PATIENCE apr_time_from_msec(100)

typedef struct sentence_t {
    int status;
    const char *text;
} sentence_t;

/* Statuses without a link. */
static const sentence_t sentences[] = {
    { 400, "This address cannot be answered." },
    { 403, "This page is not open to you." },
    { 404, "There is no page at this address." },
    { 410, "This page is gone, and it will not come back." },
    { 451, "This page is not available for legal reasons." },
    { 503, "This page is not available for now; please come back later." },
};

static const char *sentence(int status)
{
    size_t i;

    for (i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
        if (sentences[i].status == status) {
            return sentences[i].text;
        }
    }
    return "There is nothing to see at this address.";
}

/* The Location as HTML may hold it. What it may be has at most a '&' to be escaped. */
static const char *html(request_rec *r, const char *location, size_t *len)
{
    *len = strcspn(location, "&<>\"");
    if (location[*len]) {
        location = ap_escape_html(r->pool, location);
        *len = strlen(location);
    }
    return location;
}

#define PAGE_TITLE  "<!DOCTYPE html>\n<html lang=\"en\">\n<head>" \
                    "<meta charset=\"utf-8\"><title>"
#define PAGE_BODY   "</title></head>\n<body><p>"
#define PAGE_LINK   "This page is at <a href=\""
#define PAGE_LINKED "\">"
#define PAGE_THERE  "</a>."
#define PAGE_END    "</p></body>\n</html>\n"

static char *put(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}

#define PUT(at, literal) put(at, literal, sizeof(literal) - 1)

/* A page that is valid HTML5 and holds one fact. */
static const char *page(request_rec *r, const r307_answer_t *answer, apr_size_t *len)
{
    const r307_status_t *row = r307_status_row(answer->status);
    const char *title = row ? row->line : ap_get_status_line(answer->status), *text;
    size_t title_len = strlen(title), n;
    char *begin, *at;

    if (answer->location) {
        text = html(r, answer->location, &n);
    }
    else {
        text = sentence(answer->status);
        n = strlen(text);
    }
    begin = at = apr_palloc(r->pool, sizeof(PAGE_TITLE PAGE_BODY PAGE_LINK PAGE_LINKED
                                            PAGE_THERE PAGE_END) + title_len + 2 * n);
    at = PUT(at, PAGE_TITLE);
    at = put(at, title, title_len);
    at = PUT(at, PAGE_BODY);
    if (answer->location) {
        at = PUT(at, PAGE_LINK);
        at = put(at, text, n);
        at = PUT(at, PAGE_LINKED);
    }
    at = put(at, text, n);
    at = answer->location ? PUT(at, PAGE_THERE) : at;
    at = PUT(at, PAGE_END);
    *len = (apr_size_t)(at - begin);
    return begin;
}

const char *r307_respond_note(request_rec *r, const r307_rule_t *rule)
{
    const char *label = r307_line_label(r->pool, rule);

    apr_table_setn(r->notes, "redirect307-rule", label);
    return label;
}

/* The label as the world may see it: not where the site's files lie. What a <Macro>
 * wrote comes from 'macro ... used on line 1 of "/path/file"'. */
static const char *public_label(apr_pool_t *p, const r307_rule_t *rule)
{
    const char *file = rule->place.file ? rule->place.file : "-";
    const char *slash = strrchr(file, '/');

    if (rule->name) {
        return r307_text_show(p, rule->name, strlen(rule->name));
    }
    file = slash ? slash + 1 : file;
    return apr_psprintf(p, "%s:%u", r307_text_show(p, file, strcspn(file, "\"")),
                        rule->place.line);
}

static void say_by(request_rec *r, const r307_config_t *conf, const r307_rule_t *rule)
{
    int by = (int)r307_config_value(conf, R307_SETTING_BY);

    if (by == R307_BY_ON) {
        apr_table_setn(r->err_headers_out, "X-Redirect-By", MODULE_SAYS);
    }
    else if (by == R307_BY_RULE) {
        apr_table_setn(r->err_headers_out, "X-Redirect-By",
                       apr_pstrcat(r->pool, MODULE_SAYS "; rule=",
                                   public_label(r->pool, rule), NULL));
    }
}

static void say_cache(request_rec *r, const r307_answer_t *answer)
{
    if (r307_request_known(r)->sets_cookie) {
        return;     /* r307_request_cookies has said it */
    }
    apr_table_setn(r->err_headers_out, "Cache-Control",
                   answer->max_age
                   ? apr_psprintf(r->pool, "%smax-age=%d",
                                  answer->is_private ? "private, " : "", answer->max_age)
                   : "no-store");
}

/* Only where a filter may look: mod_expires adds its own max-age to an answer without
 * Expires. */
static void say_expires(request_rec *r, const r307_answer_t *answer)
{
    apr_time_t end = r->request_time + apr_time_from_sec(answer->max_age);

    apr_table_setn(r->err_headers_out, "Expires", r307_time_http(r->pool, end));
}

/* One of r->pool without a cleanup there, which is dearer than all else of it: pass() empties
 * it. */
static apr_bucket_brigade *make_brigade(request_rec *r)
{
    apr_bucket_brigade *bb = apr_palloc(r->pool, sizeof(*bb));

    bb->p = r->pool;
    bb->bucket_alloc = r->connection->bucket_alloc;
    APR_RING_INIT(&bb->list, apr_bucket, link);
    return bb;
}

/* `body` may be NULL; behind it the end, or a flush when the end is to come later. */
static void pass(request_rec *r, ap_filter_t *filters, apr_bucket_brigade *body,
                 int is_end)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *bb = body ? body : make_brigade(r);
    apr_bucket *last = is_end ? apr_bucket_eos_create(alloc)
                              : apr_bucket_flush_create(alloc);

    APR_BRIGADE_INSERT_TAIL(bb, last);
    /* a client that is gone is httpd's to notice */
    (void)ap_pass_brigade(filters, bb);
    apr_brigade_cleanup(bb);
}

static void make_page(request_rec *r, const r307_answer_t *answer,
                      r307_content_t *content)
{
    apr_size_t len;

    memset(content, 0, sizeof(*content));
    content->type = "text/html; charset=utf-8";
    content->text = page(r, answer, &len);
    content->length = (apr_off_t)len;
}

/* Whether nobody but httpd sees the answer on its way to a connection of its own. */
static int is_httpds(const request_rec *r)
{
    return r->output_filters == r->proto_output_filters && !r->connection->master;
}

/* What is httpd's alone sends before the end of the request, which frees the pool: a bucket
 * that does not ask whether it lives. */
static apr_bucket_brigade *body_of(request_rec *r, const r307_content_t *content, int is_alone)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_size_t len = (apr_size_t)content->length;
    apr_bucket_brigade *bb = content->body;

    if (!bb) {
        bb = make_brigade(r);
        APR_BRIGADE_INSERT_TAIL(bb, is_alone
                                ? apr_bucket_immortal_create(content->text, len, alloc)
                                : apr_bucket_pool_create(content->text, len, r->pool,
                                                         alloc));
    }
    return bb;
}

/* As ap_set_content_length, which prints the number in the general way. */
static void set_length(request_rec *r, apr_size_t len)
{
    char *digits = apr_palloc(r->pool, R307_DIGITS_MOST + 1);

    digits[R307_DIGITS_MOST] = '\0';
    r->clength = (apr_off_t)len;
    apr_table_setn(r->headers_out, "Content-Length", r307_text_digits((unsigned)len, digits));
}

/* httpd's own filters look for ranges of a 200 and count the bytes. Of a whole page in
 * memory both are known, so it enters behind them; what they would have noted is noted. */
static ap_filter_t *behind_counting(request_rec *r, const r307_content_t *content, int is_alone)
{
    ap_filter_t *first = r->output_filters;

    /* longer than what set_length can say nothing of ours is */
    if (content->body || content->length > APR_INT32_MAX || !is_alone
        || first->frec != ap_byterange_filter_handle
        || !first->next || first->next->frec != ap_content_length_filter_handle) {
        return first;
    }
    /* headers_out would be laid below the others in a new table */
    if (apr_is_empty_table(r->headers_out)) {
        apr_table_t *empty = r->headers_out;

        r->headers_out = r->err_headers_out;
        r->err_headers_out = empty;
    }
    r->bytes_sent += content->length;
    set_length(r, (apr_size_t)content->length);
    return first->next->next;
}

static void send_own(request_rec *r, const r307_answer_t *answer,
                     const r307_content_t *content, int is_end)
{
    ap_filter_t *filters;
    int is_alone;

    /* The status is set after the error filters were inserted: seeing 503, mod_cache
     * would send what it has instead. */
    r->output_filters = r->proto_output_filters;
    ap_run_insert_error_filter(r);
    r->status = answer->status;
    r->status_line = NULL;
    if (r->output_filters != r->proto_output_filters) {
        say_expires(r, answer);
    }
#if AP_MODULE_MAGIC_AT_LEAST(20120211, 132)
    ap_set_content_type_ex(r, content->type, 1);
#else
    ap_set_content_type(r, content->type);
#endif
    if (content->headers) {
        r->headers_out = apr_table_overlay(r->pool, r->headers_out, content->headers);
    }
    is_alone = is_httpds(r);
    filters = is_end ? behind_counting(r, content, is_alone) : r->output_filters;
    if (!is_end) {
        ap_set_content_length(r, content->length);  /* else a filter of httpd's does */
    }
    pass(r, filters, body_of(r, content, is_alone), is_end);
}

/* A second brigade, to the connection's filters: those of the request drop what follows
 * EOS. Without it the answer would wait for the body it was to come before. */
static void flush(request_rec *r)
{
    pass(r, r->connection->output_filters, NULL, 0);
}

/* HTTP/2: a stream that ends while curl still sends is an error to it, whatever it has
 * received. So the answer is all there at once, with its length, and its end follows
 * when we have read enough or the client pauses. */
static int ends_later(const request_rec *r, const r307_body_t *body)
{
    return body->drain && r->connection->master && !r->header_only;
}

static void flush_and_drain(request_rec *r, r307_body_t *body)
{
    flush(r);
    if (!r->eos_sent) {
        int is_over = r307_body_drain(r, body, H2_PATIENCE);

        pass(r, r->output_filters, NULL, 1);
        if (is_over) {
            return;
        }
        flush(r);
    }
    (void)r307_body_drain(r, body, 0);
}

/* The status goes the way of httpd's own errors. Location travels in headers_out, which
 * is where ap_internal_redirect looks for it. */
static int send_error_document(request_rec *r, const r307_answer_t *answer,
                               r307_body_t *body)
{
    if (answer->location) {
        apr_table_setn(r->headers_out, "Location", answer->location);
    }
    if (!body->pending) {
        return answer->status;
    }
    /* Here and now, since httpd itself would read the body before it answers. */
    r307_body_hide(r, body);
    ap_die(answer->status, r);
    r307_body_show(r, body);
    r->eos_sent = 1;            /* by the internal request, if there was one */
    flush_and_drain(r, body);
    return DONE;
}

/* Whoever makes the content would begin by reading the request's body. */
static void find_content(request_rec *r, const r307_answer_t *answer, r307_body_t *body,
                         r307_content_t *content)
{
    int is_found;

    if (!answer->find) {
        make_page(r, answer, content);
        return;
    }
    if (body->pending) {
        r307_body_hide(r, body);
    }
    is_found = answer->find(r, answer->baton, content);
    if (body->pending) {
        r307_body_show(r, body);
    }
    if (!is_found) {
        make_page(r, answer, content);
    }
}

int r307_respond_send(request_rec *r, const r307_config_t *conf,
                      const r307_answer_t *answer)
{
    int is_httpds = !answer->find
                    && ap_response_code_string(r, ap_index_of_response(answer->status))
                       != NULL;
    r307_content_t content;
    r307_body_t body;

    apr_table_addn(r->subprocess_env, "REDIRECT307_RULE",
                   r307_respond_note(r, answer->rule));
    r307_body_plan(r, r307_config_value(conf, R307_SETTING_DRAIN),
                   r307_config_value(conf, R307_SETTING_DRAIN_TIME), &body);
    if (body.failed != OK) {
        return body.failed;
    }
    say_cache(r, answer);
    say_by(r, conf, answer->rule);
    if (is_httpds) {
        return send_error_document(r, answer, &body);
    }
    if (answer->location) {
        apr_table_setn(r->err_headers_out, "Location", answer->location);
    }
    find_content(r, answer, &body, &content);
    send_own(r, answer, &content, !ends_later(r, &body));
    if (body.pending) {
        flush_and_drain(r, &body);
    }
    return DONE;
}
