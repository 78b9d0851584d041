/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status_handler.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include "status/status_page.h"
#include "httpd/request.h"
#include "httpd/status_ask.h"
#include "httpd/status_gather.h"
#include "httpd/status_own.h"

extern module AP_MODULE_DECLARE_DATA redirect307_module;

#define CLEARED 256     /* rules until what their texts took is given back */
#define ARG_MOST 4096

static void send_bytes(void *baton, const char *bytes, size_t len)
{
    (void)ap_rwrite(bytes, (int)len, baton);
}

/* --- what is asked --- */

/* The value of a parameter, decoded; NULL: it is not there. Not more than ARG_MOST of
 * it. */
static const char *arg(request_rec *r, const char *name)
{
    const char *at = r->args;
    size_t len = strlen(name);
    r307_slice_t value;

    while (at && *at) {
        size_t n = strcspn(at, "&");

        if (n >= len && strncmp(at, name, len) == 0 && (n == len || at[len] == '=')) {
            at += len + (at[len] == '=');
            n -= len + (n > len);
            value = r307_text_decode(r->pool, r307_slice(at, n < ARG_MOST ? n
                                                         : ARG_MOST), 1);
            return r307_slice_text(r->pool, value);
        }
        at += n + (at[n] == '&');
    }
    return NULL;
}

static const char *arg_or(request_rec *r, const char *name)
{
    const char *value = arg(r, name);

    return value ? value : "";
}

static void read_filter(request_rec *r, r307_status_filter_t *filter)
{
    const char *state = arg_or(r, "state");
    apr_int64_t from;
    int i;

    filter->text = arg_or(r, "q");
    filter->state = "";
    for (i = 0; r307_status_states[i]; i++) {
        filter->state = strcmp(state, r307_status_states[i]) == 0 ? r307_status_states[i]
                                                                  : filter->state;
    }
    filter->is_unused = strcmp(arg_or(r, "used"), "never") == 0;
    from = apr_strtoi64(arg_or(r, "from"), NULL, 10);
    filter->from = from > 0 ? (apr_uint64_t)from : 0;
}

static r307_status_ask_t *read_ask(request_rec *r)
{
    const char *url = arg(r, "explain");
    r307_status_ask_t *ask;

    if (!url || !*url) {
        return NULL;
    }
    ask = apr_pcalloc(r->pool, sizeof(*ask));
    ask->url = url;
    ask->method = arg_or(r, "method");
    ask->headers = arg_or(r, "headers");
    ask->at = arg_or(r, "at");
    r307_status_ask(r, ask);
    return ask;
}

/* --- what is answered --- */

static void set_headers(request_rec *r, const char *type)
{
    static const char *const headers[][2] = {
        { "Cache-Control", "no-store" },
        { "X-Content-Type-Options", "nosniff" },
        { "X-Frame-Options", "DENY" },
        { "X-Robots-Tag", "noindex" },
        { "Referrer-Policy", "no-referrer" },
        { "Content-Security-Policy", "default-src 'none'; style-src 'self'; "
                                     "form-action 'self'; "
          "base-uri 'none'; frame-ancestors 'none'" }
    };
    size_t i;

    for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        apr_table_setn(r->headers_out, headers[i][0], headers[i][1]);
    }
    r->no_cache = 1;            /* mod_cache, which may be told to store what says no-store */
    ap_set_content_type(r, type);
}

typedef struct listing_t {
    r307_out_t *out;
    const r307_overview_t *status;
    apr_pool_t *p;
    int count;
} listing_t;

static int list_rule(void *baton, const r307_status_rule_t *rule, apr_uint64_t number)
{
    listing_t *listing = baton;

    if (r307_status_wants(&listing->status->filter, rule, listing->status->now)) {
        r307_status_json_rule(listing->out, listing->status, rule, listing->count == 0);
        r307_out_pass(listing->out);
        if (++listing->count % CLEARED == 0) {
            apr_pool_clear(listing->p);
        }
    }
    return 1;
}

static void answer_json(request_rec *r, const r307_config_t *conf,
                        const r307_status_own_t *own, r307_out_t *out,
                        r307_overview_t *status)
{
    listing_t listing = { out, status, NULL, 0 };

    if (own) {
        r307_status_gather_own(r, conf, own, status);
    }
    else {
        r307_status_gather(r, conf, 0, status);
    }
    r307_status_json_begin(out, status);
    apr_pool_create(&listing.p, r->pool);
    out->p = listing.p;
    (void)r307_status_each(r, conf, own, status->filter.from, 1, list_rule, &listing);
    out->p = r->pool;
    r307_status_json_end(out);
}

static void answer(request_rec *r, const r307_config_t *conf, r307_out_t *out)
{
    const char *accept = apr_table_get(r->headers_in, "Accept");
    int is_open = accept && ap_strcasestr(accept, "application/openmetrics-text") != NULL;
    r307_overview_t status;

    memset(&status, 0, sizeof(status));
    read_filter(r, &status.filter);
    if (arg(r, "style")) {
        set_headers(r, "text/css; charset=utf-8");
        r307_out_puts(out, r307_status_style, NULL);
    }
    else if (arg(r, "metrics")) {
        set_headers(r, is_open ? R307_METRICS_OPEN : R307_METRICS_TEXT);
        r307_status_gather(r, conf, 1, &status);
        r307_status_metrics(out, &status, is_open);
    }
    else if (arg(r, "text") && (status.ask = read_ask(r)) != NULL) {
        set_headers(r, "text/plain; charset=utf-8");
        r307_status_plain_ask(out, status.ask);
    }
    else if (arg(r, "json")) {
        set_headers(r, "application/json");
        status.ask = read_ask(r);
        if (status.ask) {
            r307_status_json_ask(out, status.ask);
        }
        else {
            answer_json(r, conf, NULL, out, &status);
        }
    }
    else {
        set_headers(r, "text/html; charset=utf-8");
        status.ask = read_ask(r);
        r307_status_gather(r, conf, 0, &status);
        r307_status_show(r, conf, NULL, &status);
        r307_status_html(out, &status);
    }
}

/* Of a function of its own, as each file that is served comes by the other one. */
__attribute__((noinline))
static int handle(request_rec *r)
{
    const r307_config_t *conf;
    r307_out_t out;
    int result;

    if (strcmp(r->handler, R307_STATUS_HANDLER) != 0) {
        return DECLINED;
    }
    conf = ap_get_module_config(r->per_dir_config, &redirect307_module);
    if (r307_config_value(conf, R307_SETTING_STATUS) != R307_STATUS_SERVER || r->main) {
        return HTTP_NOT_FOUND;
    }
    r->allowed |= AP_METHOD_BIT << M_GET;
    if (r->method_number != M_GET) {
        return r->method_number == M_OPTIONS ? DECLINED : HTTP_METHOD_NOT_ALLOWED;
    }
    result = ap_discard_request_body(r);
    if (result != OK) {
        return result;
    }
    r307_out_make(&out, r->pool, send_bytes, r);
    answer(r, conf, &out);
    r307_out_end(&out);
    return OK;
}

int r307_on_handler(request_rec *r)
{
    return r->handler && r->handler[0] == R307_STATUS_HANDLER[0] ? handle(r) : DECLINED;
}

/* --- the page about a directory --- */

static void answer_own(request_rec *r, const r307_config_t *conf, r307_out_t *out)
{
    r307_status_own_t own = { conf->late, conf->own_directory };
    r307_overview_t status;

    memset(&status, 0, sizeof(status));
    status.own_name = conf->own_link->name;
    status.own_key = r307_slice_text(r->pool, conf->own_link->key);
    read_filter(r, &status.filter);
    if (arg(r, "style")) {
        set_headers(r, "text/css; charset=utf-8");
        r307_out_puts(out, r307_status_style, NULL);
    }
    else if (arg(r, "json")) {
        set_headers(r, "application/json");
        answer_json(r, conf, &own, out, &status);
    }
    else {
        set_headers(r, "text/html; charset=utf-8");
        r307_status_gather_own(r, conf, &own, &status);
        r307_status_show(r, conf, &own, &status);
        r307_status_html(out, &status);
    }
}

int r307_status_own(request_rec *r, const r307_config_t *conf)
{
    r307_out_t out;

    if (!r->args || r->method_number != M_GET || !r307_request_is_ours(r)
        || !r307_link_opens(conf->own_link,
                            r307_query_make(r->pool, r307_slice(r->args,
                                    strlen(r->args))))) {
        return DECLINED;
    }
    r307_out_make(&out, r->pool, send_bytes, r);
    answer_own(r, conf, &out);
    r307_out_end(&out);
    return DONE;
}
