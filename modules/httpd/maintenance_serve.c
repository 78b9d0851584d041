/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/maintenance_serve.h"

#include <string.h>
#include <apr_date.h>
#include <apr_strings.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include "grammar/line.h"
#include "httpd/directory_url.h"
#include "httpd/flag_file.h"
#include "httpd/log_once.h"
#include "httpd/page.h"
#include "httpd/request_view.h"
#include "httpd/respond.h"
#include "httpd/tenant.h"

APLOG_USE_MODULE(redirect307);

#define ASSET_AGE 60            /* seconds that a cache may keep what belongs to a page */

/* --- what the engine asks --- */

static void say_once(request_rec *r, const r307_maintenance_t *line, const char *matter,
                     const char *text)
{
    const r307_place_t *place = &line->rule.place;

    if (r307_log_once_ever(r->server,
                           r307_log_once_key_text(place->file, place->line, matter))) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "%s:%u: Redirect307Maintenance: %s", place->file, place->line,
                      text);
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

/* What the callbacks of r307_halting_t get. */
typedef struct asking_t {
    request_rec *r;
    int how;                    /* of r307_flag_file_look */
} asking_t;

static void ask_flag(void *baton, const r307_maintenance_t *line, r307_flag_seen_t *seen)
{
    const asking_t *asking = baton;
    request_rec *r = asking->r;
    r307_flag_file_t flag;

    r307_flag_file_look(r, line->flag_path, owners(line), asking->how, &flag);
    say_problem(r, line, flag.problem);
    seen->exists = flag.exists;
    seen->made = flag.made;
    seen->text = flag.text;
}

static r307_slice_t find_base(request_rec *r, const r307_maintenance_t *line)
{
    const r307_config_t *conf = ap_get_module_config(r->per_dir_config,
                                                     &redirect307_module);
    r307_slice_t base = r307_directory_url_find(r, conf, r307_request_state(r)->view.path,
                                                line->directory);

    if (!base.s && (line->is_relative || line->is_tenants)) {
        say_once(r, line, "base", apr_psprintf(r->pool,
                 "the URL of %s/ cannot be told from this request, so there is no way to "
                 "a page here and no way back from it; write Redirect307Base /url/",
                 line->directory));
    }
    return base;
}

static r307_slice_t ask_base(void *baton, const r307_maintenance_t *line)
{
    return find_base(((const asking_t *)baton)->r, line);
}

/* By a look at the page as httpd would find it: through Alias, <Location> and <If>. */
static int ask_governs(void *baton, const r307_maintenance_t *line, const char *page)
{
    const r307_config_t *conf;
    request_rec *r = ((const asking_t *)baton)->r, *sub;
    int found;

    if (line->is_everywhere) {
        return 1;
    }
    sub = ap_sub_req_lookup_uri(page, r, NULL);
    conf = ap_get_module_config(sub->per_dir_config, &redirect307_module);
    found = r307_config_holds_line(conf, line);
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
    case R307_HALT_SHOW:
        return "200, what belongs to the page";
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
    const apr_array_header_t *problems = decision->state.says.problems;
    int i;

    for (i = 0; problems && i < problems->nelts; i++) {
        const char *problem = APR_ARRAY_IDX(problems, i, const char *);

        say_once(r, line, problem,
                 apr_psprintf(r->pool, "the file of flag='%s': %s; it is left out, the "
                              "others count", show(r, line->flag), problem));
    }
    if ((line->allow || (decision->state.says.allow && decision->state.says.allow->nelts))
        && apr_table_get(r->headers_in, "X-Forwarded-For")
        && strcmp(r->useragent_ip, r->connection->client_ip) == 0) {
        say_once(r, line, "forwarded", apr_psprintf(r->pool,
                 "allow= is compared with the address of the connection, %s here, but a "
                 "proxy says X-Forwarded-For; load mod_remoteip and name the proxy with "
                 "RemoteIPInternalProxy", r->useragent_ip));
    }
}

/* --- what becomes of the request --- */

static int send_307(request_rec *r, const r307_config_t *conf,
                    const r307_halt_decision_t *decision)
{
    r307_answer_t answer;

    memset(&answer, 0, sizeof(answer));
    answer.status = HTTP_TEMPORARY_REDIRECT;
    answer.location = decision->location;
    answer.rule = &decision->line->rule;
    return r307_respond_send(r, conf, &answer);
}

static void say_page(request_rec *r, const r307_maintenance_t *line, const char *matter,
                     const char *text)
{
    say_once(r, line, matter, text);
}

/* 503 and the page, by our own answer and never by httpd's error path: there any module
 * that the page's URL meets could put its status and its Location in the place of ours.
 */
static int hold(request_rec *r, const r307_config_t *conf,
                const r307_halt_decision_t *decision)
{
    const r307_maintenance_t *line = decision->line;
    char *now = apr_palloc(r->pool, APR_RFC822_DATE_LEN);
    r307_page_t page;
    r307_answer_t answer;

    memset(&page, 0, sizeof(page));
    page.line = line;
    page.url = decision->page;
    page.base = line->directory ? find_base(r, line) : r307_slice(NULL, 0);
    page.say = say_page;
    memset(&answer, 0, sizeof(answer));
    answer.status = HTTP_SERVICE_UNAVAILABLE;
    answer.rule = &line->rule;
    answer.find = r307_page_find;
    answer.baton = &page;
    apr_rfc822_date(now, r->request_time);
    apr_table_unset(r->headers_out, "Location");
    apr_table_unset(r->err_headers_out, "Location");
    apr_table_setn(r->err_headers_out, "Retry-After",
                   apr_itoa(r->pool, decision->retry_after));
    apr_table_setn(r->err_headers_out, "Expires", now);
    return r307_respond_send(r, conf, &answer);
}

static int give(request_rec *r, void *baton, r307_content_t *content)
{
    *content = *(const r307_content_t *)baton;
    return 1;
}

/* A file of the page's folder as it is, without asking anybody. */
static int show_beside(request_rec *r, const r307_config_t *conf,
                       const r307_halt_decision_t *decision)
{
    r307_content_t content;
    r307_answer_t answer;

    if (!r307_page_beside(r, decision->line, decision->beside, &content)) {
        return hold(r, conf, decision);
    }
    memset(&answer, 0, sizeof(answer));
    answer.status = HTTP_OK;
    answer.rule = &decision->line->rule;
    answer.max_age = decision->beside ? ASSET_AGE : 0;
    answer.find = give;
    answer.baton = &content;
    return r307_respond_send(r, conf, &answer);
}

static int carry_out(request_rec *r, const r307_config_t *conf,
                     const r307_halt_decision_t *decision)
{
    switch (decision->outcome) {
    case R307_HALT_HOLD:
        return hold(r, conf, decision);
    case R307_HALT_LINK:
        apr_table_addn(r->err_headers_out, "Set-Cookie", decision->cookie);
        return send_307(r, conf, decision);
    case R307_HALT_SEND:
    case R307_HALT_BACK:
        return send_307(r, conf, decision);
    case R307_HALT_SHOW:
        return show_beside(r, conf, decision);
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

static int finish(request_rec *r, const r307_config_t *conf,
                  const r307_halt_decision_t *decision)
{
    if (APLOGrdebug(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, r, "maintenance %s answers %s",
                      label(r, decision->line), describe(r, decision));
    }
    if (r307_config_engine(conf) != R307_ENGINE_REPORT) {
        r307_request_vary(r, decision->vary);
        if (r307_halt_ends(decision->outcome)) {
            r307_request_state(r)->phase = R307_REQUEST_OVER;
        }
        return carry_out(r, conf, decision);
    }
    if (r307_halt_ends(decision->outcome)) {
        r307_respond_note(r, &decision->line->rule);
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "would answer %s by maintenance %s", describe(r, decision),
                      label(r, decision->line));
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

/* Redirect307Require warn: what lacks an end works, and is told. */
static void say_lacking(request_rec *r, const r307_config_t *conf,
                        const r307_maintenance_t *line)
{
    r307_require_t require
        = (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE);
    const char *lack = r307_maintenance_lacks(require, line);

    if (lack && line->is_tenants
        && r307_config_value(conf, R307_SETTING_REQUIRE_HOW) == R307_REQUIRE_WARN) {
        say_once(r, line, "require", apr_pstrcat(r->pool, "the line ", lack, NULL));
    }
}

/* The lines without those that Redirect307Limits and Redirect307Require leave out. */
static const r307_lines_t *within_limits(request_rec *r, const r307_config_t *conf,
                                         const r307_lines_t *lines)
{
    r307_state_t *state = r307_request_state(r);
    const r307_maintenance_t **kept;
    r307_lines_t *rest;
    int i;

    if (!lines || (!conf->limits
                   && r307_config_value(conf, R307_SETTING_REQUIRE)
                      == R307_REQUIRE_NONE)) {
        return lines;
    }
    kept = apr_palloc(r->pool, (size_t)lines->count * sizeof(*kept));
    rest = apr_pcalloc(r->pool, sizeof(*rest));
    for (i = 0; i < lines->count; i++) {
        const r307_maintenance_t *line = lines->at[i];
        const char *why = line->is_tenants
                          ? r307_tenant_maintenance_why(r, conf, &state->view, line)
                          : NULL;

        if (!why) {
            say_lacking(r, conf, line);
            kept[rest->count++] = line;
            continue;
        }
        say_once(r, line, why, apr_psprintf(r->pool, "'%s' %s; this line is left out",
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
        is_on = r307_flag_file_exists(r, line->flag_path, owners(line), line->seen,
                                      &problem);
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

static void decide(request_rec *r, const r307_config_t *conf, const r307_lines_t *lines,
                   int how, r307_halt_decision_t *decision)
{
    r307_state_t *state = r307_request_state(r);
    asking_t asking = { r, how };
    r307_halting_t halting;

    memset(decision, 0, sizeof(*decision));
    if (!lines) {
        return;
    }
    memset(&halting, 0, sizeof(halting));
    halting.view = &state->view;
    halting.address = r->useragent_ip;
    halting.exempt = r307_config_exempt(r->pool, conf);
    halting.relative = (int)r307_config_value(conf, R307_SETTING_RELATIVE);
    halting.flag = ask_flag;
    halting.base = ask_base;
    halting.governs = ask_governs;
    halting.baton = &asking;
    r307_halt_decide(r->pool, lines->at, lines->count, &halting, decision);
}

/* Each process sees a flag come and go at another moment of a second. Who is sent to the
 * page by one and back by the next would be sent to and fro until that second is over; so
 * nobody is sent anywhere by what was seen before. */
static int is_sent(r307_halt_outcome_t outcome)
{
    return outcome == R307_HALT_SEND || outcome == R307_HALT_BACK;
}

int r307_maintenance_serve(request_rec *r, const r307_config_t *conf, int is_late)
{
    const r307_lines_t *lines
        = is_late ? conf->late_maintenance : conf->early_maintenance;
    r307_state_t *state = r307_request_known(r);
    r307_halt_decision_t decision;
    int how = R307_FLAG_TEXT;

    if (is_idle(r, lines) && !(is_late && state && state->back)) {
        return DECLINED;
    }
    state = r307_request_state(r);
    if (!state->view.path || state->phase == R307_REQUEST_OVER) {
        return DECLINED;
    }
    lines = within_limits(r, conf, lines);
    if (is_late && state->back) {
        how |= R307_FLAG_NOW;
    }
    decide(r, conf, lines, how, &decision);
    if (is_sent(decision.outcome) && !(how & R307_FLAG_NOW)) {
        decide(r, conf, lines, how | R307_FLAG_NOW, &decision);
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

void r307_maintenance_ask(request_rec *r, const r307_config_t *conf, int is_late,
                          r307_halt_decision_t *decision)
{
    const r307_lines_t *lines
        = is_late ? conf->late_maintenance : conf->early_maintenance;

    decide(r, conf, within_limits(r, conf, lines), R307_FLAG_TEXT | R307_FLAG_NOW, decision);
}
