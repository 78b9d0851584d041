/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status_own.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_request.h>
#include "grammar/line.h"
#include "httpd/directory_url.h"
#include "httpd/flag_file.h"
#include "httpd/request_view.h"
#include "httpd/serve.h"
#include "httpd/status_faults.h"
#include "httpd/tenant.h"

extern module AP_MODULE_DECLARE_DATA redirect307_module;

#define LOOKED_MOST 200000      /* rules that are looked at */
#define ASKED_MOST  100         /* of which rules of the server may answer before */
#define BEFORE_MOST 20          /* that are named */

typedef struct owning_t {
    request_rec *r;
    const r307_config_t *conf;
    const r307_status_own_t *own;
    r307_overview_t *status;
    int endless, asked, before;
} owning_t;

static const char *place_of(apr_pool_t *p, const r307_place_t *place)
{
    return apr_psprintf(p, "%s:%u", place->file ? place->file : "-", place->line);
}

/* --- rules of the server that answer before --- */

/* The URL that a rule is for, where it is for one; NULL. */
static const char *url_of(const owning_t *owning, const r307_status_rule_t *of)
{
    const r307_rule_t *rule = of->rule;
    request_rec *r = owning->r;
    const char *directory = owning->own->directory, *slash;
    r307_slice_t base = { NULL, 0 }, head = rule->head;
    r307_buf_t buf;

    if (!rule->pattern || rule->pattern->segs || rule->pattern->match == R307_MATCH_REGEX
        || !head.len) {
        return NULL;
    }
    if (rule->pattern->relative) {
        slash = of->map || !rule->place.file ? NULL : strrchr(rule->place.file, '/');
        directory = slash ? apr_pstrmemdup(r->pool, rule->place.file,
                                           (apr_size_t)(slash - rule->place.file))
                          : directory;
        base = r307_directory_url_find(r, owning->conf, r307_request_state(r)->view.path,
                                       directory);
        if (!base.s) {
            return NULL;
        }
        head = r307_slice(head.s + 1, head.len - 1);
    }
    r307_buf_make(&buf, r->pool, base.len + head.len + 1);
    r307_text_encode(&buf, base.s, base.len, R307_LAND_PATH, R307_FORM_DATA);
    r307_text_encode(&buf, head.s, head.len, R307_LAND_PATH, R307_FORM_DATA);
    return buf.len && buf.s[0] == '/' ? buf.s : NULL;
}

/* What it is called without the path of its file, which is nobody's who has a .htaccess. */
static const char *name_of(apr_pool_t *p, const r307_rule_t *rule)
{
    const char *slash = rule->place.file ? strrchr(rule->place.file, '/') : NULL;

    return rule->name ? rule->name
        : apr_psprintf(p, "%s:%u", slash ? slash + 1 : "the configuration",
                       rule->place.line);
}

static void look_before(owning_t *owning, const r307_status_rule_t *of)
{
    request_rec *r = owning->r, *sub;
    const char *url = owning->asked < ASKED_MOST && owning->before < BEFORE_MOST
        ? url_of(owning, of) : NULL;
    const r307_config_t *conf;
    r307_decision_t decision;

    if (!url) {
        return;
    }
    owning->asked++;
    sub = ap_sub_req_method_uri("GET", url, r, NULL);
    conf = ap_get_module_config(sub->per_dir_config, &redirect307_module);
    if (conf->early && r307_request_state(sub)->view.path
        && r307_config_engine(conf) == R307_ENGINE_ON) {
        r307_serve_ask(sub, conf, conf->early, NULL, NULL, &decision);
        if (decision.outcome != R307_OUTCOME_PASS && decision.rule) {
            owning->before++;
            r307_status_need(owning->status, R307_NEED_DOUBT,
                             place_of(r->pool, &of->rule->place),
                             apr_psprintf(r->pool, "a rule of the server answers %s before "
                                          "this line is asked: %s", url,
                                          name_of(r->pool, decision.rule)));
        }
    }
    ap_destroy_sub_req(sub);
}

static int look_at_rule(void *baton, const r307_status_rule_t *of, apr_uint64_t number)
{
    owning_t *owning = baton;

    owning->status->rules++;
    r307_status_look(owning->r->pool, owning->status, of->rule);
    owning->endless += r307_limit_lacks(R307_REQUIRE_REVIEW, of->rule) != NULL;
    if (owning->r->main == NULL) {
        look_before(owning, of);
    }
    return owning->status->rules < LOOKED_MOST;
}

/* --- lines --- */

static void look_at_blocks(const owning_t *owning)
{
    const r307_blocks_t *blocks = owning->own->blocks;
    request_rec *r = owning->r;
    unsigned reached = 0;
    int i;

    for (i = 0; blocks && i < blocks->count; i++) {
        if (r307_status_is_own(owning->own, blocks->at[i])) {
            r307_status_faults(r->pool, owning->status, blocks->at[i]);
            reached |= r307_tenant_reached(r, owning->conf, blocks->at[i]);
        }
    }
    if (reached) {
        r307_status_need(owning->status, R307_NEED_BROKEN, NULL,
                         apr_psprintf(r->pool, "lines are skipped, as they are past what the "
                                      "server allows: %s; its admin can raise it in "
                                      "Redirect307Limits",
                                      r307_status_limits(r->pool, reached)));
    }
}

/* --- maintenance --- */

static void say_halt(const owning_t *owning, r307_need_kind_t kind,
                     const r307_maintenance_t *line, const char *text)
{
    r307_status_need(owning->status, kind, place_of(owning->r->pool, &line->rule.place),
                     text);
}

/* NULL; or why it is off. */
static const char *why_off(apr_pool_t *p, const r307_maintenance_t *line,
                           const r307_flag_file_t *flag, apr_time_t now)
{
    return line->flag && !flag->exists
        ? apr_psprintf(p, "maintenance is off: the file of flag=%s is not there", line->flag)
        : line->from && line->from > now ? "maintenance is off: its time has not come"
        : "maintenance is off: its time is over";
}

static void look_at_line(const owning_t *owning, const r307_maintenance_t *line)
{
    request_rec *r = owning->r;
    apr_time_t now = owning->status->now;
    r307_maintenance_state_t state;
    r307_flag_seen_t seen;
    r307_flag_file_t flag;
    const char *why = r307_tenant_maintenance_why(r, owning->conf,
                                                  &r307_request_state(r)->view, line);
    int i;

    memset(&flag, 0, sizeof(flag));
    if (line->flag) {
        r307_flag_file_look(r, line->flag_path, line->directory,
                            R307_FLAG_TEXT | R307_FLAG_NOW, &flag);
    }
    seen.exists = flag.exists;
    seen.made = flag.made;
    seen.text = flag.text;
    r307_maintenance_look(r->pool, line, &seen, now, &state);
    if (why) {
        say_halt(owning, R307_NEED_BROKEN, line,
                 apr_pstrcat(r->pool, "maintenance cannot be on: the line ", why, NULL));
    }
    else if (flag.problem) {
        say_halt(owning, R307_NEED_BROKEN, line,
                 apr_psprintf(r->pool, "flag=%s %s", line->flag, flag.problem));
    }
    for (i = 0; state.says.problems && i < state.says.problems->nelts; i++) {
        say_halt(owning, R307_NEED_BROKEN, line,
                 apr_psprintf(r->pool, "the file of flag=%s: %s", line->flag,
                              APR_ARRAY_IDX(state.says.problems, i, const char *)));
    }
    if (!why && state.in_force) {
        say_halt(owning, R307_NEED_CLOSED, line, line->flag
                 ? apr_psprintf(r->pool, "maintenance is on; to open again take the file %s "
                                "away", line->flag)
                 : "maintenance is on by the line itself; take it out to open again");
    }
    else if (!why) {
        APR_ARRAY_PUSH(owning->status->quiet, const char *)
            = apr_pstrcat(r->pool, place_of(r->pool, &line->rule.place), ": ",
                          why_off(r->pool, line, &flag, now), NULL);
    }
}

static void look_at_maintenance(const owning_t *owning, const r307_lines_t *lines)
{
    size_t len = strlen(owning->own->directory);
    int i;

    for (i = 0; lines && i < lines->count; i++) {
        const r307_maintenance_t *line = lines->at[i];

        if (line->is_tenants && line->directory
            && strncmp(line->directory, owning->own->directory, len) == 0
            && (line->directory[len] == '\0' || line->directory[len] == '/')) {
            look_at_line(owning, line);
        }
    }
}

void r307_status_gather_own(request_rec *r, const r307_config_t *conf,
                            const r307_status_own_t *own, r307_overview_t *status)
{
    owning_t owning = { r, conf, own, status, 0, 0, 0 };

    r307_status_begin(r, conf, status);
    (void)r307_status_each(r, conf, own, 0, 0, look_at_rule, &owning);
    look_at_blocks(&owning);
    look_at_maintenance(&owning, conf->early_maintenance);
    look_at_maintenance(&owning, conf->late_maintenance);
    r307_status_add_endless(r, status, owning.endless);
    r307_status_sort(status);
}
