/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/maintenance.h"

#include <string.h>
#include <apr_date.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>
#include "engine/limit.h"
#include "engine/line.h"
#include "httpd/base.h"
#include "httpd/expr.h"
#include "httpd/flag.h"
#include "httpd/hidden.h"
#include "httpd/once.h"
#include "httpd/request.h"
#include "httpd/respond.h"
#include "httpd/tenant.h"

APLOG_USE_MODULE(redirect307);

#define STATUS_FILTER  "REDIRECT307_STATUS"
#define HEADERS_FILTER "REDIRECT307_HEADERS"

/* --- the line --- */

static int is_everywhere(const ap_directive_t *section)
{
    return !section || strcasecmp(section->directive, "<VirtualHost") == 0;
}

const char *r307_maintenance_add(cmd_parms *cmd, r307_config_t *conf,
                                 const r307_container_t *container, int nth,
                                 const char *args)
{
    r307_place_t place = { r307_container_file(cmd),
                           (unsigned)cmd->directive->line_num };
    r307_maintenance_t *line;
    r307_context_t context;
    const char *err;

    memset(&context, 0, sizeof(context));
    context.directive = cmd->cmd->name;
    context.where = container->where;
    context.location = container->location;
    context.maker.compile = r307_expr_compile;
    context.maker.baton = cmd;
    err = r307_maintenance_parse(cmd->pool, args, place, &context, &line);
    if (err) {
        return err;
    }
    line->directory = container->directory;
    line->is_tenants = r307_container_is_htaccess(cmd);
    line->is_everywhere = !line->is_tenants && is_everywhere(cmd->directive->parent);
    line->rule.nth = nth;
    if (line->flag) {
        err = r307_flag_resolve(cmd, line->flag, &line->flag_path);
    }
    if (err) {
        return apr_psprintf(cmd->pool, "flag='%s' %s",
                            r307_text_show(cmd->pool, line->flag, strlen(line->flag)),
                            err);
    }
    if (line->flag) {
        r307_hidden_add(cmd, conf, line->flag_path);
    }
    if (line->flag && !line->is_tenants) {
        line->seen = apr_pcalloc(cmd->pool, sizeof(*line->seen));
    }
    r307_config_add_line(cmd->pool, conf, container->is_late, line);
    return NULL;
}

/* --- what the engine asks --- */

static void say_once(request_rec *r, const r307_maintenance_t *line, const char *matter,
                     const char *text)
{
    const r307_place_t *place = &line->rule.place;

    if (r307_once_ever(r->server, r307_once_key_text(place->file, place->line, matter))) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "%s:%u: Redirect307Maintenance: %s", place->file, place->line, text);
    }
}

static const char *show(request_rec *r, const char *text)
{
    return r307_text_show(r->pool, text, strlen(text));
}

static void say_problem(request_rec *r, const r307_maintenance_t *line,
                        const char *problem)
{
    if (problem) {
        say_once(r, line, problem, apr_psprintf(r->pool, "flag='%s' %s",
                                                show(r, line->flag), problem));
    }
}

/* The directory that a tenant's flag must not lead out of. */
static const char *owners(const r307_maintenance_t *line)
{
    return line->is_tenants ? line->directory : NULL;
}

static void ask_flag(void *baton, const r307_maintenance_t *line, r307_flag_seen_t *seen)
{
    request_rec *r = baton;
    r307_flag_t flag;

    r307_flag_look(r, line->flag_path, owners(line), 1, &flag);
    say_problem(r, line, flag.problem);
    seen->exists = flag.exists;
    seen->made = flag.made;
    seen->text = flag.text;
}

static r307_slice_t ask_base(void *baton, const r307_maintenance_t *line)
{
    request_rec *r = baton;
    const r307_config_t *conf = ap_get_module_config(r->per_dir_config,
                                                     &redirect307_module);
    r307_slice_t base = r307_base_find(r, conf, r307_request_state(r)->view.path,
                                       line->directory);

    if (!base.s && (line->is_relative || line->is_tenants)) {
        say_once(r, line, "base", apr_psprintf(r->pool,
                 "the URL of %s/ cannot be told from this request, so there is no way to "
                 "a page here and no way back from it; write Redirect307Base /url/",
                 line->directory));
    }
    return base;
}

static int holds_line(const r307_lines_t *lines, const r307_maintenance_t *line)
{
    int i;

    for (i = 0; lines && i < lines->count; i++) {
        const r307_place_t *place = &lines->at[i]->rule.place;

        if (place->line == line->rule.place.line
            && strcmp(place->file, line->rule.place.file) == 0) {
            return 1;
        }
    }
    return 0;
}

/* By a look at the page as httpd would find it: through Alias, <Location> and <If>. */
static int ask_governs(void *baton, const r307_maintenance_t *line, const char *page)
{
    const r307_config_t *conf;
    request_rec *r = baton, *sub;
    int found;

    if (line->is_everywhere) {
        return 1;
    }
    sub = ap_sub_req_lookup_uri(page, r, NULL);
    conf = ap_get_module_config(sub->per_dir_config, &redirect307_module);
    found = holds_line(conf->early_lines, line) || holds_line(conf->late_lines, line);
    ap_destroy_sub_req(sub);
    return found;
}

/* --- logs --- */

static const char *label(request_rec *r, const r307_maintenance_t *line)
{
    return show(r, r307_line_label(r->pool, &line->rule));
}

static const char *describe(request_rec *r, const r307_halt_decision_t *decision)
{
    switch (decision->outcome) {
    case R307_HALT_SEND:
    case R307_HALT_LINK:
    case R307_HALT_BACK:
        return apr_psprintf(r->pool, "307 %s", show(r, decision->location));
    case R307_HALT_HOLD:
        return apr_psprintf(r->pool, "503, Retry-After %d", decision->retry_after);
    case R307_HALT_LET:
        return "nothing: who sent this is let in";
    default:
        return "nothing: this path stays open";
    }
}

/* What an admin would look for in vain. */
static void warn(request_rec *r, const r307_halt_decision_t *decision)
{
    const r307_maintenance_t *line = decision->line;

    if (decision->state.problem) {
        say_once(r, line, decision->state.problem,
                 apr_psprintf(r->pool, "the file of flag='%s': %s; it is left out, the "
                              "others count", show(r, line->flag),
                              decision->state.problem));
    }
    if ((line->allow || (decision->state.says.allow && decision->state.says.allow->nelts))
        && apr_table_get(r->headers_in, "X-Forwarded-For")
        && !ap_find_linked_module("mod_remoteip.c")) {
        say_once(r, line, "forwarded", apr_psprintf(r->pool,
                 "allow= is compared with the address of the connection, %s here, but a "
                 "proxy says X-Forwarded-For; load mod_remoteip and name the proxy with "
                 "RemoteIPInternalProxy", r->useragent_ip));
    }
}

/* --- what becomes of the request --- */

static int send_status(request_rec *r, const r307_config_t *conf,
                       const r307_halt_decision_t *decision, int status)
{
    r307_answer_t answer;

    memset(&answer, 0, sizeof(answer));
    answer.status = status;
    answer.location = decision->location;
    answer.rule = &decision->line->rule;
    return r307_respond_send(r, conf, &answer);
}

/* What holds now, and what a page has to say of it of its own does not. Expires keeps
 * mod_expires from adding its own. */
static void set_headers(request_rec *r, const char *retry_after)
{
    char *now = apr_palloc(r->pool, APR_RFC822_DATE_LEN);

    apr_rfc822_date(now, r->request_time);
    apr_table_setn(r->err_headers_out, "Retry-After", retry_after);
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->err_headers_out, "Expires", now);
}

/* The page by an internal redirect, as an ErrorDocument of this request alone; without
 * one, whatever this server says to a 503. The page is asked for as a whole, and not
 * whether somebody has it already. */
static int hold(request_rec *r, const r307_config_t *conf,
                const r307_halt_decision_t *decision)
{
    static const char *const partial[] = {
        "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
        "If-Range", "Range"
    };
    r307_state_t *state = r307_request_state(r);
    size_t i;

    state->held = apr_itoa(r->pool, decision->retry_after);
    if (!decision->page) {
        apr_table_setn(r->err_headers_out, "Retry-After", state->held);
        return send_status(r, conf, decision, HTTP_SERVICE_UNAVAILABLE);
    }
    for (i = 0; i < sizeof(partial) / sizeof(partial[0]); i++) {
        apr_table_unset(r->headers_in, partial[i]);
    }
    set_headers(r, state->held);
    ap_custom_response(r, HTTP_SERVICE_UNAVAILABLE, decision->page);
    return send_status(r, conf, decision, HTTP_SERVICE_UNAVAILABLE);
}

static int carry_out(request_rec *r, const r307_config_t *conf,
                     const r307_halt_decision_t *decision)
{
    switch (decision->outcome) {
    case R307_HALT_HOLD:
        return hold(r, conf, decision);
    case R307_HALT_LINK:
        apr_table_addn(r->err_headers_out, "Set-Cookie", decision->cookie);
        return send_status(r, conf, decision, HTTP_TEMPORARY_REDIRECT);
    case R307_HALT_SEND:
    case R307_HALT_BACK:
        return send_status(r, conf, decision, HTTP_TEMPORARY_REDIRECT);
    case R307_HALT_LET:
        if (!r307_request_state(r)->is_private) {
            apr_table_addn(r->err_headers_out, "Cache-Control", "private");
        }
        r307_request_state(r)->is_private = 1;      /* also what a rule answers */
        return DECLINED;
    default:
        return DECLINED;
    }
}

static int ends_here(r307_halt_outcome_t outcome)
{
    return outcome == R307_HALT_HOLD || outcome == R307_HALT_SEND
        || outcome == R307_HALT_LINK || outcome == R307_HALT_BACK;
}

static int finish(request_rec *r, const r307_config_t *conf,
                  const r307_halt_decision_t *decision)
{
    if (APLOGrdebug(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "maintenance %s answers %s",
                      label(r, decision->line), describe(r, decision));
    }
    if (r307_config_engine(conf) != R307_ENGINE_REPORT) {
        r307_request_vary(r, decision->vary);
        r307_request_state(r)->is_over = ends_here(decision->outcome);
        return carry_out(r, conf, decision);
    }
    if (ends_here(decision->outcome)) {
        r307_respond_note(r, &decision->line->rule);
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r, "would answer %s by maintenance %s",
                      describe(r, decision), label(r, decision->line));
    }
    return DECLINED;
}

/* A page is led back from when every list was asked: the one that is in force may be
 * in a .htaccess, and have the same page. */
static int keep_back(request_rec *r, const r307_halt_decision_t *decision)
{
    r307_halt_decision_t *back = apr_pmemdup(r->pool, decision, sizeof(*back));

    r307_request_state(r)->back = back;
    return DECLINED;
}

/* The lines without those that Redirect307Limits leaves out. */
static const r307_lines_t *within_limits(request_rec *r, const r307_config_t *conf,
                                         const r307_lines_t *lines)
{
    r307_state_t *state = r307_request_state(r);
    const r307_maintenance_t **kept;
    r307_lines_t *rest;
    int i;

    if (!conf->limits || !lines) {
        return lines;
    }
    kept = apr_palloc(r->pool, (size_t)lines->count * sizeof(*kept));
    rest = apr_pcalloc(r->pool, sizeof(*rest));
    for (i = 0; i < lines->count; i++) {
        const r307_maintenance_t *line = lines->at[i];
        const char *why = line->is_tenants
                          ? r307_tenant_why(r, conf, &state->view, &line->rule) : NULL;

        if (!why) {
            kept[rest->count++] = line;
            continue;
        }
        say_once(r, line, why, apr_psprintf(r->pool, "'%s' %s; this line is skipped, the "
                                            "others work",
                                            show(r, line->rule.target->text), why));
    }
    rest->at = kept;
    return rest;
}

/* Most of the time nothing is in force, and nobody asks for the page. */
static int may_act(request_rec *r, const r307_maintenance_t *line)
{
    apr_time_t now = r->request_time;
    const char *problem = NULL;
    int is_on = now >= line->from && (!line->until || now < line->until);

    if (is_on && line->flag) {
        is_on = r307_flag_exists(r, line->flag_path, owners(line), line->seen, &problem);
        say_problem(r, line, problem);
    }
    if (is_on) {
        return 1;
    }
    return line->root && r307_maintenance_may_be_page(line, r->uri, strlen(r->uri));
}

static int is_idle(request_rec *r, const r307_lines_t *lines)
{
    int i;

    for (i = 0; lines && i < lines->count; i++) {
        if (may_act(r, lines->at[i])) {
            return 0;
        }
    }
    return 1;
}

int r307_maintenance_ask(request_rec *r, const r307_config_t *conf, int is_late)
{
    const r307_lines_t *lines = is_late ? conf->late_lines : conf->early_lines;
    r307_state_t *state = r307_request_known(r);
    r307_halt_decision_t decision;
    r307_halting_t halting;

    if (is_idle(r, lines) && !(is_late && state && state->back)) {
        return DECLINED;
    }
    state = r307_request_state(r);
    if (!state->view.path || state->is_over) {
        return DECLINED;
    }
    memset(&decision, 0, sizeof(decision));
    lines = within_limits(r, conf, lines);
    if (lines) {
        memset(&halting, 0, sizeof(halting));
        halting.view = &state->view;
        halting.address = r->useragent_ip;
        halting.exempt = r307_config_exempt(r->pool, conf);
        halting.relative = (int)r307_config_value(conf, R307_SETTING_RELATIVE);
        halting.flag = ask_flag;
        halting.base = ask_base;
        halting.governs = ask_governs;
        halting.baton = r;
        r307_halt_decide(r->pool, lines->at, lines->count, &halting, &decision);
    }
    if (decision.outcome == R307_HALT_NO) {
        return is_late && state->back ? finish(r, conf, state->back) : DECLINED;
    }
    if (decision.outcome == R307_HALT_BACK) {
        return is_late ? finish(r, conf, &decision) : keep_back(r, &decision);
    }
    warn(r, &decision);
    return finish(r, conf, &decision);
}

/* --- the page, shown in place --- */

/* Retry-After of the request whose page this one shows; NULL when it shows none. */
static const char *shows_page(const request_rec *r)
{
    for (r = r->prev; r; r = r->prev) {
        const r307_state_t *state = ap_get_module_config(r->request_config,
                                                         &redirect307_module);

        if (state && state->held) {
            return state->held;
        }
    }
    return NULL;
}

/* ap_die makes a HEAD a GET that sends no body. mod_proxy would ask for the page by GET
 * and leave its body unread on a connection that the next request gets. */
void r307_maintenance_translate(request_rec *r)
{
    if (r->header_only && shows_page(r)) {
        r->method = "HEAD";
    }
}

void r307_maintenance_insert_filter(request_rec *r)
{
    const char *retry_after = r->prev && !r->main ? shows_page(r) : NULL;

    if (retry_after) {
        ap_add_output_filter(STATUS_FILTER, (void *)retry_after, r, r->connection);
        ap_add_output_filter(HEADERS_FILTER, NULL, r, r->connection);
    }
}

/* What a page says of how long it lasts, and of where it has been before. */
static void unset_lasting(apr_table_t *headers)
{
    static const char *const lasting[] = {
        "ETag", "Last-Modified", "Accept-Ranges", "Expires", "Cache-Control", "Location",
        "Retry-After"
    };
    size_t i;

    for (i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++) {
        apr_table_unset(headers, lasting[i]);
    }
}

/* A CGI program with "Status: 200", PHP and a proxied server have their own idea of the
 * status, and of how long to keep what is only true for now. CGI programs write into both
 * tables. */
static apr_status_t hold_status(ap_filter_t *f, apr_bucket_brigade *bb)
{
    request_rec *r = f->r;

    unset_lasting(r->headers_out);
    unset_lasting(r->err_headers_out);
    set_headers(r, f->ctx);
    r->status = HTTP_SERVICE_UNAVAILABLE;
    r->status_line = NULL;
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

/* "Header set Cache-Control" is meant for pages; "Header always set" is for this one, and
 * stays. */
static apr_status_t hold_headers(ap_filter_t *f, apr_bucket_brigade *bb)
{
    unset_lasting(f->r->headers_out);
    ap_remove_output_filter(f);
    return ap_pass_brigade(f->next, bb);
}

void r307_maintenance_register(void)
{
    /* first of all filters, which may ask for the status; and behind mod_headers */
    ap_register_output_filter(STATUS_FILTER, hold_status, NULL, AP_FTYPE_RESOURCE - 1);
    ap_register_output_filter(HEADERS_FILTER, hold_headers, NULL, AP_FTYPE_CONTENT_SET + 1);
}
