/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_closing.h"

#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "ctl_flag.h"

typedef struct asking_t {
    ctl_closing_t *closing;
    const r307_config_t *conf;
} asking_t;

static const ctl_reach_t *reach_of(const ctl_closing_t *closing,
                                   const r307_maintenance_t *line)
{
    return apr_hash_get(closing->httpd->reaches, line->rule.place.file,
                        APR_HASH_KEY_STRING);
}

/* --- what the engine asks --- */

static void note_unknown(ctl_closing_t *closing, const r307_maintenance_t *line)
{
    int i;

    for (i = 0; i < closing->unknown->nelts; i++) {
        if (APR_ARRAY_IDX(closing->unknown, i, const r307_maintenance_t *) == line) {
            return;
        }
    }
    APR_ARRAY_PUSH(closing->unknown, const r307_maintenance_t *) = line;
}

static void see_flag(void *baton, const r307_maintenance_t *line, r307_flag_seen_t *seen)
{
    ctl_closing_t *closing = ((asking_t *)baton)->closing;
    ctl_flag_t flag = { .p = closing->p, .reach = reach_of(closing, line), .line = line,
                        .args = "" };
    int there = flag.reach ? ctl_reach_flag(flag.reach, line->flag) : -1;

    if (there == 0) {
        return;
    }
    if (there < 0 || ctl_flag_find(&flag) || ctl_flag_read(&flag)) {
        note_unknown(closing, line);
        return;
    }
    *seen = flag.seen;
}

static r307_slice_t find_base(void *baton, const r307_maintenance_t *line)
{
    const asking_t *asking = baton;
    const ctl_closing_t *closing = asking->closing;

    return line->directory
        ? r307_place_url(closing->p, closing->mapped, asking->conf, closing->view->path,
                         line->directory) : r307_slice(NULL, 0);
}

/* By a walk to the page, as httpd would find it. */
static int governs(void *baton, const r307_maintenance_t *line, const char *page)
{
    ctl_closing_t *closing = ((asking_t *)baton)->closing;
    const char *fails = closing->httpd->fails;
    const r307_path_t *path = r307_path_make(closing->p, r307_slice(page, strlen(page)));
    r307_walk_t walk, *asked = closing->httpd->walk;

    if (line->is_everywhere) {
        return 1;
    }
    memset(&walk, 0, sizeof(walk));
    ctl_htaccess_begin(closing->httpd, &walk);
    walk.tell = closing->walk->tell;
    walk.tell_baton = closing->walk->tell_baton;
    walk.host = closing->walk->host;
    walk.port = closing->walk->port;
    walk.uri = apr_pstrmemdup(closing->p, path->dec, path->len);
    r307_walk_early(&walk);
    (void)r307_walk_late(&walk);
    closing->httpd->walk = asked;
    closing->httpd->fails = fails;
    return r307_config_holds_line(walk.late.conf, line);
}

/* --- lines --- */

/* Without those that Redirect307Limits and Redirect307Require leave out. */
static const r307_lines_t *within_limits(ctl_closing_t *closing, const r307_config_t *conf,
                                         const r307_lines_t *lines)
{
    const r307_maintenance_t **kept = apr_palloc(closing->p, (size_t)lines->count
                                                             * sizeof(*kept));
    r307_lines_t *rest = apr_pcalloc(closing->p, sizeof(*rest));
    int i;

    for (i = 0; i < lines->count; i++) {
        const r307_maintenance_t *line = lines->at[i];
        r307_block_t of = { .is_htaccess = 1, .file = line->rule.place.file };

        if (!line->is_tenants
            || !r307_maintenance_why(ctl_htaccess_tenancy(closing->p, closing->walk->server,
                                                          conf, &of,
                                                          closing->view->asked.host),
                                     line)) {
            kept[rest->count++] = line;
        }
    }
    rest->at = kept;
    return rest;
}

/* A file beside the page that is not there is answered as everything else. */
static void see_beside(ctl_closing_t *closing, r307_halt_decision_t *decision)
{
    const r307_maintenance_t *line = decision->line;
    const char *page = line->file, *slash, *path;

    page = line->is_tenants ? apr_pstrcat(closing->p, line->directory, "/", page, NULL) : page;
    slash = strrchr(page, '/');
    path = !decision->beside ? page
        : apr_pstrcat(closing->p, apr_pstrmemdup(closing->p, page,
                                                 (size_t)(slash + 1 - page)),
                      decision->beside, NULL);
    if (access(path, R_OK) != 0) {
        decision->outcome = R307_HALT_HOLD;
    }
}

int ctl_closing_ask(ctl_closing_t *closing, const r307_config_t *conf, int is_late,
                    r307_halt_decision_t *decision)
{
    const r307_lines_t *lines = is_late ? conf->late_maintenance : conf->early_maintenance;
    asking_t asking = { closing, conf };
    r307_halting_t halting = {
        .view = closing->view, .address = closing->view->client,
        .exempt = r307_config_exempt(closing->p, conf),
        .relative = (int)r307_config_value(conf, R307_SETTING_RELATIVE),
        .flag = see_flag, .base = find_base, .governs = governs, .baton = &asking
    };

    memset(decision, 0, sizeof(*decision));
    if (lines) {
        lines = within_limits(closing, conf, lines);
        r307_halt_decide(closing->p, lines->at, lines->count, &halting, decision);
    }
    closing->needs_client |= !closing->view->client && decision->outcome != R307_HALT_NO
                             && (decision->line->allow
                                 || (decision->state.says.allow
                                     && decision->state.says.allow->nelts));
    if (decision->outcome == R307_HALT_BACK && !is_late) {
        closing->back = apr_pmemdup(closing->p, decision, sizeof(*decision));
        return 0;
    }
    if (decision->outcome == R307_HALT_NO && is_late && closing->back) {
        *decision = *closing->back;
    }
    if (decision->outcome == R307_HALT_SHOW) {
        see_beside(closing, decision);
    }
    return decision->outcome != R307_HALT_NO && decision->outcome != R307_HALT_LET
           && decision->outcome != R307_HALT_OPEN;
}
