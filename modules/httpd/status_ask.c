/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status_ask.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_vhost.h>
#include "base/datetime.h"
#include "conf/place_config.h"
#include "grammar/line.h"
#include "http/url.h"
#include "httpd/maintenance_serve.h"
#include "httpd/request_view.h"
#include "httpd/serve.h"

extern module AP_MODULE_DECLARE_DATA redirect307_module;

#define STEPS_MOST 200
#define METHOD_MOST 32

typedef struct tracing_t {
    apr_pool_t *p;
    r307_status_ask_t *ask;
} tracing_t;

static void step(void *baton, const r307_rule_t *rule, r307_skip_t skip,
                 const char *detail)
{
    const tracing_t *tracing = baton;
    apr_array_header_t *steps = tracing->ask->steps;

    if (steps->nelts < STEPS_MOST) {
        APR_ARRAY_PUSH(steps, const char *)
            = apr_pstrcat(tracing->p, r307_line_label(tracing->p, rule), " passed over: ",
                          r307_skip_text(skip), detail ? ": " : "", detail ? detail : "",
                          NULL);
        APR_ARRAY_PUSH(tracing->ask->lines, const char *)
            = r307_skip_line(tracing->p, rule, skip, detail);
    }
}

/* "Cookie: a=b | Accept: x"; 0: one of them is no header. */
static int add_headers(apr_pool_t *p, const char *text, apr_table_t *headers)
{
    char *list = apr_pstrdup(p, text), *line, *next;

    for (line = list; line; line = next) {
        char *bar = strstr(line, " | "), *colon;

        next = bar ? bar + 3 : NULL;
        if (bar) {
            *bar = '\0';
        }
        line += strspn(line, " ");
        colon = strchr(line, ':');
        if (!*line) {
            continue;
        }
        if (!colon || colon == line || strpbrk(line, "\r\n")) {
            return 0;
        }
        *colon = '\0';
        apr_table_mergen(headers, line, colon + 1 + strspn(colon + 1, " "));
    }
    return 1;
}

static const char *check(request_rec *r, const r307_status_ask_t *ask, apr_time_t *at)
{
    const char *bad = NULL, *s;

    for (s = ask->url; *s; s++) {
        if ((unsigned char)*s <= ' ' || *s == 0x7F) {
            return "a URL has no spaces; write %20";
        }
    }
    for (s = ask->method; *s; s++) {
        if (!r307_text_is(*s, R307_IS_ALPHA) && *s != '-') {
            return "that is no method; write GET or POST";
        }
    }
    if (s - ask->method > METHOD_MOST) {
        return "that is no method; write GET or POST";
    }
    *at = r->request_time;
    if (*ask->at) {
        bad = r307_time_parse(r->pool, ask->at, 0, at);
    }
    return bad ? apr_pstrcat(r->pool, "the time ", bad, NULL) : NULL;
}

/* The request as it would have come, by a copy of this one: its connection, its client.
 * NULL, and ask->bad. */
static request_rec *make(request_rec *r, r307_status_ask_t *ask, const r307_url_t *url)
{
    request_rec *as = apr_pmemdup(r->pool, r, sizeof(*as));
    const char *host = url->host.s ? r307_slice_text(r->pool, url->host) : r->hostname;

    as->headers_in = apr_table_make(r->pool, 8);
    if (!add_headers(r->pool, ask->headers, as->headers_in)) {
        ask->bad = "that is no header; write Name: value | Name: value";
        return NULL;
    }
    as->method = *ask->method ? ask->method : "GET";
    as->hostname = host ? host : "";
    apr_table_setn(as->headers_in, "Host", as->hostname);
    as->status = HTTP_OK;
    ap_update_vhost_from_headers(as);
    if (as->status != HTTP_OK) {
        ask->bad = "that is no host name";
        return NULL;
    }
    as->per_dir_config = as->server->lookup_defaults;
    return as;
}

static void fill(request_rec *sub, const r307_url_t *url, apr_time_t at)
{
    r307_view_t *view = &r307_request_state(sub)->view;
    long port = r307_url_port(url->port);

    view->now = at;
    if (url->scheme.s) {
        view->asked.scheme = r307_url_default_port(url->scheme) == 443 ? "https" : "http";
        view->asked.port = (int)(port > 0 ? port : r307_url_default_port(url->scheme));
    }
    view->login_ahead = 0;
}

static int ends(const r307_decision_t *decision)
{
    return decision->outcome != R307_OUTCOME_PASS;
}

/* Whether a maintenance of that phase answers. One that lets the request pass is told. */
static int is_halted(request_rec *r, request_rec *sub, const r307_config_t *conf,
                     int is_late, r307_status_ask_t *ask)
{
    r307_halt_decision_t halt, back = ask->halt;

    r307_maintenance_ask(sub, conf, is_late, &halt);
    if (halt.outcome == R307_HALT_NO && is_late && back.outcome == R307_HALT_BACK) {
        halt = back;
    }
    if (halt.outcome == R307_HALT_LET || halt.outcome == R307_HALT_OPEN) {
        ask->before = r307_halt_text(r->pool, &halt);
    }
    ask->halt = halt;
    return r307_halt_ends(halt.outcome) && (is_late || halt.outcome != R307_HALT_BACK);
}

/* Nobody is led back from a page before all lists were asked. */
static void leave_back(r307_status_ask_t *ask)
{
    if (ask->halt.outcome == R307_HALT_BACK) {
        memset(&ask->halt, 0, sizeof(ask->halt));
    }
}

static void decide(request_rec *r, request_rec *sub, r307_status_ask_t *ask)
{
    const r307_config_t *conf = ap_get_module_config(sub->per_dir_config,
                                                     &redirect307_module);
    tracing_t tracing = { r->pool, ask };

    memset(&ask->decision, 0, sizeof(ask->decision));
    ask->is_decided = 1;
    if (r307_config_engine(conf) == R307_ENGINE_OFF) {
        ask->before = "Redirect307Engine is off here";
        return;
    }
    if (is_halted(r, sub, conf, 0, ask)) {
        return;
    }
    if (conf->early) {
        r307_serve_ask(sub, conf, conf->early, step, &tracing, &ask->decision);
    }
    if (ends(&ask->decision)) {
        leave_back(ask);
        return;
    }
    if (sub->status >= HTTP_BAD_REQUEST) {
        leave_back(ask);
        ask->before = apr_psprintf(r->pool, "httpd answers %d before any rule of a "
                                   "directory is asked", sub->status);
        return;
    }
    if (!is_halted(r, sub, conf, 1, ask) && conf->late) {
        r307_serve_ask(sub, conf, conf->late, step, &tracing, &ask->decision);
    }
}

static const char *file_of(const r307_place_t *place)
{
    return place->file ? place->file : "-";
}

/* Who answers, and where that stands. */
static void name(apr_pool_t *p, r307_status_ask_t *ask)
{
    const r307_maintenance_t *line = r307_halt_ends(ask->halt.outcome) ? ask->halt.line : NULL;
    const r307_place_t *place;
    const char *text;

    if (!line && !ask->decision.rule) {
        return;
    }
    place = line ? &line->rule.place : &ask->decision.rule->place;
    text = line ? apr_pstrcat(p, "Redirect307Maintenance ", r307_maintenance_print(p, line),
                              NULL)
                : r307_line_print(p, ask->decision.rule);
    ask->rule = apr_psprintf(p, "%s (%s:%u)", text, file_of(place), place->line);
    ask->place = apr_psprintf(p, "%s:%u  %s", file_of(place), place->line, text);
}

void r307_status_ask(request_rec *r, r307_status_ask_t *ask)
{
    request_rec *as, *sub;
    r307_slice_t path, query;
    r307_url_t url;
    apr_time_t at;

    ask->steps = apr_array_make(r->pool, 8, sizeof(const char *));
    ask->lines = apr_array_make(r->pool, 8, sizeof(const char *));
    ask->bad = check(r, ask, &at);
    if (ask->bad) {
        return;
    }
    r307_url_split(ask->url, strlen(ask->url), &url);
    if (!r307_path_split(ask->url, &path, &query) || (url.scheme.s && !url.host.s)) {
        ask->bad = "that is no URL; write https://host/path or /path";
        return;
    }
    as = make(r, ask, &url);
    if (!as) {
        return;
    }
    sub = ap_sub_req_method_uri(as->method,
                                apr_pstrcat(r->pool, path.len ? "" : "/",
                                            r307_slice_text(r->pool, path),
                                            query.s ? "?" : "",
                                            query.s ? r307_slice_text(r->pool, query)
                                                    : "",
                                            NULL), as, NULL);
    fill(sub, &url, at);
    ask->when = at;
    if (!r307_request_state(sub)->view.path) {
        ask->bad = "that is no URL; write https://host/path or /path";
        return;
    }
    decide(r, sub, ask);
    name(r->pool, ask);
}
