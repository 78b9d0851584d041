/* SPDX-License-Identifier: Apache-2.0 */
#include "status/status_page.h"

#include <string.h>
#include <apr_strings.h>

#include "grammar/line.h"

#define DAY       ((apr_time_t)24 * 3600 * APR_USEC_PER_SEC)
#define PAST      (30 * DAY)            /* of the timeline, */
#define AHEAD     (60 * DAY)            /* and the other side of now */
#define WIDTH     640
#define NAMES     200                   /* of it, for the names */
#define ROW       22

const char r307_status_style[] =
    ":root{color-scheme:light dark;--ink:#1a1a1a;--paper:#fff;--quiet:#5b5b5b;"
    "--line:#d5d5d5;"
    "--bar:#2f6fb0;--now:#b3261e;--box:#f4f4f4}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8e8e8;--paper:#161616;"
    "--quiet:#a8a8a8;"
    "--line:#3c3c3c;--bar:#7fb2e8;--now:#ff8a80;--box:#222}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;max-width:70rem;padding:1rem;background:var(--paper);"
    "color:var(--ink);"
    "font:1rem/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.5rem;line-height:1.3}h2{font-size:1.15rem;margin:2rem 0 .5rem}"
    "h3{font-size:1rem;margin:1.25rem 0 .25rem}\n"
    "a{color:var(--bar)}a:focus,input:focus,select:focus,textarea:focus,button:focus,"
    "summary:focus{outline:3px solid var(--bar);outline-offset:2px}\n"
    ".skip{position:absolute;left:-99rem}.skip:focus{position:static}\n"
    "nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;padding:0;"
    "margin:0}\n"
    "form{background:var(--box);padding:1rem;border-radius:.4rem;display:flex;"
    "flex-wrap:wrap;"
    "gap:.75rem;align-items:end}\n"
    "label{display:block;font-size:.9rem}input,select,textarea,button{font:inherit;"
    "color:inherit;"
    "background:var(--paper);border:1px solid var(--quiet);border-radius:.3rem;"
    "padding:.4rem .5rem;"
    "max-width:100%}\n"
    ".wide{flex:1 1 20rem}.wide input,.wide textarea{width:100%}button{cursor:pointer;"
    "padding:.4rem 1rem}\n"
    "table{border-collapse:collapse;width:100%}caption{text-align:left;"
    "color:var(--quiet)}\n"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .75rem .35rem 0;"
    "border-bottom:1px solid var(--line);overflow-wrap:anywhere}\n"
    "time{white-space:nowrap}th{font-weight:600}.n{text-align:right;white-space:nowrap;"
    "overflow-wrap:normal}\n"
    "th{overflow-wrap:normal}td.c{min-width:6rem}td[data-of=where]{min-width:12rem}\n"
    "code,.c{font-family:ui-monospace,monospace;font-size:.92em;overflow-wrap:anywhere}\n"
    ".q{color:var(--quiet);font-size:.9rem}.k{font-weight:600;white-space:nowrap}\n"
    ".answer{border-left:4px solid var(--bar);padding:.25rem 1rem;margin:1rem 0}\n"
    ".wheel{overflow-x:auto}svg{width:100%;min-width:38rem;height:auto;max-width:60rem}"
    "svg text{fill:var(--ink);font:12px system-ui,"
    "sans-serif}.bar{fill:var(--bar)}.now{stroke:var(--now);stroke-width:2}"
    ".grid{stroke:var(--line)}\n"
    "@media(max-width:40rem){thead{position:absolute;left:-99rem}tr{display:block;"
    "border-bottom:1px solid var(--line);padding:.5rem 0}td{display:block;border:0;"
    "padding:.1rem 0;"
    "text-align:left}td.n{text-align:left}td[data-of]::before{content:attr(data-of) "
    "\": \";"
    "color:var(--quiet)}td:empty{display:none}}\n";

/* --- pieces --- */

static void input(r307_out_t *out, const char *name, const char *label, const char *value,
                  const char *shape)
{
    r307_out_puts(out, "<div", shape, "><label for=\"", name, "\">", label,
                  "</label><input id=\"", name, "\" name=\"", name, "\" value=\"", NULL);
    r307_out_html(out, value);
    r307_out_puts(out, "\"></div>\n", NULL);
}

/* Begins a link within the page, up to its own part of the query. */
static void link_begin(r307_out_t *out, const r307_overview_t *status)
{
    r307_out_puts(out, "?", NULL);
    if (status->own_name) {
        r307_out_query(out, status->own_name);
        r307_out_puts(out, "=", NULL);
        r307_out_query(out, status->own_key);
        r307_out_puts(out, "&amp;", NULL);
    }
}

static void keep_key(r307_out_t *out, const r307_overview_t *status)
{
    if (status->own_name) {
        r307_out_puts(out, "<input type=\"hidden\" name=\"", NULL);
        r307_out_html(out, status->own_name);
        r307_out_puts(out, "\" value=\"", NULL);
        r307_out_html(out, status->own_key);
        r307_out_puts(out, "\">\n", NULL);
    }
}

/* --- the parts, from above --- */

static void ask_box(r307_out_t *out, const r307_status_ask_t *ask)
{
    r307_out_puts(out, "<section aria-labelledby=\"ask-h\"><h2 id=\"ask-h\">Ask</h2>\n"
                  "<form method=\"get\">\n", NULL);
    input(out, "explain", "URL or path", ask ? ask->url : "", " class=\"wide\"");
    input(out, "method", "Method", ask && *ask->method ? ask->method : "GET", "");
    input(out, "headers", "Headers, as <code>Cookie: a=b | Accept-Language: de</code>",
          ask ? ask->headers : "", " class=\"wide\"");
    input(out, "at", "Time, as 2026-12-24T18:00", ask ? ask->at : "", "");
    r307_out_puts(out, "<button type=\"submit\">Ask this server</button></form>\n", NULL);
}

static void answer(r307_out_t *out, const r307_status_ask_t *ask)
{
    int i;

    if (!ask) {
        return;
    }
    r307_out_puts(out, "<div class=\"answer\" role=\"status\">\n<p><strong>", NULL);
    r307_out_html(out, ask->bad ? ask->bad : r307_status_outcome(out->p, ask));
    r307_out_puts(out, "</strong></p>\n", NULL);
    if (ask->before) {
        r307_out_puts(out, "<p>", NULL);
        r307_out_html(out, ask->before);
        r307_out_puts(out, "</p>\n", NULL);
    }
    if (ask->rule) {
        r307_out_puts(out, "<p>By <code>", NULL);
        r307_out_html(out, ask->rule);
        r307_out_puts(out, "</code></p>\n", NULL);
    }
    if (ask->steps && ask->steps->nelts) {
        r307_out_puts(out, "<ol>\n", NULL);
        for (i = 0; i < ask->steps->nelts; i++) {
            r307_out_puts(out, "<li>", NULL);
            r307_out_html(out, APR_ARRAY_IDX(ask->steps, i, const char *));
            r307_out_puts(out, "</li>\n", NULL);
        }
        r307_out_puts(out, "</ol>\n", NULL);
    }
    r307_out_puts(out, "</div>\n", NULL);
}

static void quiet(r307_out_t *out, const r307_overview_t *status)
{
    int i;

    for (i = 0; i < status->quiet->nelts; i++) {
        r307_out_puts(out, "<p class=\"q\">", NULL);
        r307_out_html(out, APR_ARRAY_IDX(status->quiet, i, const char *));
        r307_out_puts(out, "</p>\n", NULL);
    }
}

static void needs(r307_out_t *out, const r307_overview_t *status)
{
    int i;

    r307_out_puts(out, "<section aria-labelledby=\"needs\"><h2 id=\"needs\">Needs "
                       "you</h2>\n",
                  NULL);
    if (!status->needs->nelts) {
        r307_out_puts(out, "<p>Nothing.</p>\n", NULL);
        quiet(out, status);
        r307_out_puts(out, "</section>\n", NULL);
        return;
    }
    r307_out_puts(out, "<table><thead><tr><th scope=\"col\">What</th><th scope=\"col\">"
                       "Why, and "
                  "what to write</th><th scope=\"col\">Where</th></tr></thead><tbody>"
                  "\n", NULL);
    for (i = 0; i < status->needs->nelts; i++) {
        const r307_status_need_t *need = &APR_ARRAY_IDX(status->needs, i,
                                                        r307_status_need_t);

        r307_out_puts(out, "<tr><td class=\"k\">"
                           "", r307_need_words[need->kind], "</td>", NULL);
        r307_out_cell(out, "why", need->text);
        r307_out_code_cell(out, "where", need->place);
        r307_out_puts(out, "</tr>\n", NULL);
        r307_out_pass(out);
    }
    r307_out_puts(out, "</tbody></table>\n", NULL);
    quiet(out, status);
    r307_out_puts(out, "</section>\n", NULL);
}

static void events(r307_out_t *out, const r307_overview_t *status)
{
    int i;

    r307_out_puts(out, "<section aria-labelledby=\"next\"><h2 id=\"next\">The next 14 "
                       "days</h2>\n",
                  NULL);
    if (!status->events->nelts) {
        r307_out_puts(out, "<p>Nothing changes by itself.</p></section>\n", NULL);
        return;
    }
    r307_out_puts(out, "<table><thead><tr><th scope=\"col\">When (UTC)</th><th "
                       "scope=\"col\">Rule"
                  "</th><th scope=\"col\">What</th><th scope=\"col\">Where</th></tr>"
                  "</thead>"
                  "<tbody>\n", NULL);
    for (i = 0; i < status->events->nelts; i++) {
        const r307_status_event_t *event = &APR_ARRAY_IDX(status->events, i,
                                                          r307_status_event_t);

        r307_out_puts(out, "<tr><td>", NULL);
        r307_out_when(out, event->when);
        r307_out_puts(out, "</td>", NULL);
        r307_out_code_cell(out, "rule", event->rule);
        r307_out_puts(out, "<td>", event->what, "</td>", NULL);
        r307_out_code_cell(out, "where", event->place);
        r307_out_puts(out, "</tr>\n", NULL);
    }
    r307_out_puts(out, "</tbody></table></section>\n", NULL);
}

static int x_of(const r307_overview_t *status, apr_time_t when)
{
    apr_time_t begin = status->now - PAST, end = status->now + AHEAD;

    when = when < begin ? begin : when > end ? end : when;
    return NAMES + (int)((when - begin) * (WIDTH - NAMES) / (PAST + AHEAD));
}

static void bar(r307_out_t *out, const r307_overview_t *status,
                const r307_status_window_t *window, int y)
{
    int from = window->from ? x_of(status, window->from) : NAMES;
    int until = window->until ? x_of(status, window->until) : WIDTH;
    char *name = apr_pstrdup(out->p, window->rule);

    if (strlen(name) > 28) {
        strcpy(name + 25, "...");
    }
    r307_out_puts(out, "<g><title>", NULL);
    r307_out_html(out, window->rule);
    r307_out_puts(out, apr_psprintf(out->p, "</title><text x=\"0\" y=\"%d\">"
                  "", y + 15), NULL);
    r307_out_html(out, name);
    r307_out_puts(out, apr_psprintf(out->p, "</text><rect class=\"bar\" x=\"%d\" "
                  "y=\"%d\" "
                                    "width=\"%d\" height=\"14\" rx=\"3\"/></g>"
                                    "\n", from, y + 4,
                                    until - from > 3 ? until - from : 3), NULL);
}

static void timeline(r307_out_t *out, const r307_overview_t *status)
{
    int i, height = status->windows->nelts * ROW + ROW, now = x_of(status, status->now);

    if (!status->windows->nelts) {
        return;
    }
    r307_out_puts(out, "<section aria-labelledby=\"time\"><h2 id=\"time\">Windows</h2>"
                       "\n<p "
                  "class=\"q\">From 30 days ago until 60 days ahead; the line is now. "
                  "The same "
                  "dates are in the list of rules.</p>\n",
                  apr_psprintf(out->p, "<div class=\"wheel\" tabindex=\"0\"><svg "
                                       "viewBox=\"0 0 %d %d\" role=\"img\" "
                               "aria-labelledby=\"time\">\n", WIDTH, height), NULL);
    for (i = 0; i < status->windows->nelts; i++) {
        bar(out, status, &APR_ARRAY_IDX(status->windows, i, r307_status_window_t),
            i * ROW);
    }
    r307_out_puts(out, apr_psprintf(out->p, "<line class=\"now\" x1=\"%d\" y1=\"0\" "
                  "x2=\"%d\" "
                                    "y2=\"%d\"/>\n</svg></div></section>"
                                    "\n", now, now, height), NULL);
}

/* --- rules --- */

static void option(r307_out_t *out, const char *value, const char *label,
                   const char *chosen)
{
    r307_out_puts(out, "<option value=\"", value, "\"",
                  strcmp(value, chosen) == 0 ? " selected" : "", ">", label, "</option>"
                                "", NULL);
}

static void filters(r307_out_t *out, const r307_overview_t *status)
{
    const r307_status_filter_t *filter = &status->filter;
    int i;

    r307_out_puts(out, "<form method=\"get\" action=\"#rules\">\n", NULL);
    keep_key(out, status);
    input(out, "q", "Source, target, name, owner, note, "
                    "file", filter->text, " class=\"wide\"");
    r307_out_puts(out, "<div><label for=\"state\">State</label><select id=\"state\" "
                       "name=\"state\">",
                  NULL);
    option(out, "", "any", filter->state);
    for (i = 0; r307_status_states[i]; i++) {
        option(out, r307_status_states[i], r307_status_states[i], filter->state);
    }
    r307_out_puts(out, "</select></div>\n<div><label for=\"used\">Hits</label><select "
                       "id=\"used\" "
                  "name=\"used\">", NULL);
    option(out, "", "any", filter->is_unused ? "never" : "");
    option(out, "never", "never hit", filter->is_unused ? "never" : "");
    r307_out_puts(out, "</select></div>\n<button type=\"submit\">Show</button></form>"
                       "\n", NULL);
}

/* The two beside each other, where there are two. */
static const char *with_words(apr_pool_t *p, const char *a, const char *b)
{
    return a && b ? apr_pstrcat(p, a, " \xC2\xB7 ", b, NULL) : a ? a : b;
}

static void rule_row(r307_out_t *out, const r307_overview_t *status,
                     const r307_status_rule_t *of)
{
    const r307_rule_t *rule = of->rule;
    const char *window = r307_plan_show(out->p, &rule->plan, status->now);

    r307_out_puts(out, "<tr><td class=\"c\">", NULL);
    r307_out_html(out, rule->source ? rule->source : "(its section)");
    r307_out_puts(out, "</td>", NULL);
    r307_out_code_cell(out, "target", rule->target->text ? rule->target->text : "");
    r307_out_puts(out, "<td class=\"n\" data-of=\"status\">", NULL);
    r307_out_number(out, (apr_uint64_t)rule->status);
    r307_out_puts(out, "</td><td data-of=\"state\">"
                       "", r307_status_state(rule, status->now), NULL);
    if (window) {
        r307_out_puts(out, "<br><span class=\"q\">", NULL);
        r307_out_html(out, window);
        r307_out_puts(out, "</span>", NULL);
    }
    r307_out_puts(out, "</td>", NULL);
    r307_out_number_cell(out, "hits", of->hits.all);
    r307_out_puts(out, "<td data-of=\"last hit\">", NULL);
    r307_out_when(out, of->hits.last);
    r307_out_puts(out, "</td><td data-of=\"where\"><span class=\"c\">", NULL);
    r307_out_html(out, apr_psprintf(out->p, "%s:%u", rule->place.file ? rule->place.file
                                    : "-",
                                    rule->place.line));
    r307_out_puts(out, "</span>", NULL);
    if (rule->name || rule->owner || rule->note) {
        r307_out_puts(out, "<br><span class=\"q\">", NULL);
        r307_out_html(out, with_words(out->p, rule->name,
                                      with_words(out->p, rule->owner, rule->note)));
        r307_out_puts(out, "</span>", NULL);
    }
    if (of->hits.own) {
        r307_out_puts(out, "<br><span class=\"q\">"
                           "", r307_status_number(out->p, of->hits.own),
                      " by links on this site</span>", NULL);
    }
    r307_out_puts(out, "</td></tr>\n", NULL);
}

static void link_to(r307_out_t *out, const r307_overview_t *status, apr_uint64_t from,
                    const char *label)
{
    const r307_status_filter_t *filter = &status->filter;

    r307_out_puts(out, "<a href=\"", NULL);
    link_begin(out, status);
    r307_out_puts(out, "q=", NULL);
    r307_out_query(out, filter->text);
    r307_out_puts(out, "&amp;state=", filter->state, "&amp;used=",
                  filter->is_unused ? "never" : "", "&amp;from=", NULL);
    r307_out_number(out, from);
    r307_out_puts(out, "#rules\">", label, "</a> ", NULL);
}

static void rules(r307_out_t *out, const r307_overview_t *status)
{
    int i;

    r307_out_puts(out, "<section aria-labelledby=\"rules\"><h2 id=\"rules\">Rules</h2>"
                       "\n", NULL);
    filters(out, status);
    if (!status->shown->nelts) {
        r307_out_puts(out, "<p>None", status->is_cut ? " so far" : "", ".</p>\n", NULL);
    }
    else {
        r307_out_puts(out, "<table><thead><tr><th scope=\"col\">Source</th><th "
                           "scope=\"col\">Target"
                      "</th><th scope=\"col\" class=\"n\">Status</th><th scope=\"col\">"
                      "State</th>"
                      "<th scope=\"col\" class=\"n\">Hits</th><th scope=\"col\">Last "
                      "hit (UTC)</th>"
                      "<th scope=\"col\">Where</th></tr></thead><tbody>\n", NULL);
    }
    for (i = 0; i < status->shown->nelts; i++) {
        rule_row(out, status, &APR_ARRAY_IDX(status->shown, i, r307_status_rule_t));
        r307_out_pass(out);
    }
    r307_out_puts(out, status->shown->nelts ? "</tbody></table>\n<p>" : "<p>", NULL);
    if (status->filter.from) {
        link_to(out, status, 0, "first page");
    }
    if (status->next) {
        link_to(out, status, status->next, "next page");
    }
    r307_out_puts(out, "</p></section>\n", NULL);
}

/* Of one version of a map; `unknown` stands where its lines were not counted. */
static void version_cells(r307_out_t *out, const char *unknown,
                          const r307_status_version_t *version)
{
    if (version->is_counted) {
        r307_out_number_cell(out, "lines", version->lines);
        r307_out_number_cell(out, "skipped", version->skipped);
    }
    else {
        r307_out_puts(out, unknown, NULL);
    }
    r307_out_puts(out, "<td data-of=\"written\">", NULL);
    r307_out_when(out, version->written);
    r307_out_puts(out, "</td><td data-of=\"in use since\">", NULL);
    r307_out_when(out, version->since);
    r307_out_puts(out, "</td>", NULL);
}

/* The versions before the one in use, each as a row of its own. */
static void older(r307_out_t *out, const r307_status_map_t *map)
{
    int i;

    for (i = 1; i < map->versions->nelts; i++) {
        const r307_status_version_t *version = &APR_ARRAY_IDX(map->versions, i,
                                                              r307_status_version_t);

        r307_out_puts(out, "<tr class=\"q\"><td>before</td>", NULL);
        version_cells(out, "<td></td><td></td>", version);
        r307_out_puts(out, "<td></td></tr>\n", NULL);
    }
}

static void maps(r307_out_t *out, const r307_overview_t *status)
{
    int i;

    if (!status->maps->nelts) {
        return;
    }
    r307_out_puts(out, "<section aria-labelledby=\"maps\"><h2 id=\"maps\">Maps</h2>"
                       "\n<table><thead>"
                  "<tr><th scope=\"col\">File</th><th scope=\"col\" class=\"n\">"
                  "Lines</th><th "
                  "scope=\"col\" class=\"n\">Skipped</th><th scope=\"col\">Written "
                  "(UTC)</th><th scope=\"col\">In use since (UTC)</th><th "
                  "scope=\"col\">Named at</th></tr></thead><tbody>\n", NULL);
    for (i = 0; i < status->maps->nelts; i++) {
        const r307_status_map_t *map = &APR_ARRAY_IDX(status->maps, i, r307_status_map_t);
        r307_status_version_t used = { 0 };

        if (map->versions->nelts) {
            used.since = APR_ARRAY_IDX(map->versions, 0, r307_status_version_t).since;
        }
        used.written = map->since;
        used.is_counted = map->is_read;
        used.lines = map->lines;
        used.skipped = map->skipped;
        r307_out_puts(out, "<tr><td class=\"c\">", NULL);
        r307_out_html(out, map->path);
        r307_out_puts(out, "</td>", NULL);
        version_cells(out, "<td data-of=\"lines\">not read</td><td></td>", &used);
        r307_out_code_cell(out, "named at", map->place);
        r307_out_puts(out, "</tr>\n", NULL);
        older(out, map);
    }
    r307_out_puts(out, "</tbody></table></section>\n", NULL);
}

/* Requests for rules of another time. */
static void passed_over(r307_out_t *out, const r307_overview_t *status)
{
    int i;

    for (i = 0; i < R307_PASSED_COUNT; i++) {
        if (status->passed[i]) {
            r307_out_puts(out, " ", r307_status_number(out->p, status->passed[i]),
                          status->passed[i] == 1 ? " request" : " requests",
                          " met a rule that is ", r307_passed_words[i], ".", NULL);
        }
    }
}

void r307_status_html(r307_out_t *out, const r307_overview_t *status)
{
    const char *sentence = r307_status_sentence(out->p, status);

    r307_out_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta "
                       "charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" "
                  "content=\"width=device-width,initial-scale=1\">\n"
                  "<meta name=\"robots\" content=\"noindex\">\n<title>", sentence,
                  "</title>\n<link rel=\"stylesheet\" href=\"", NULL);
    link_begin(out, status);
    r307_out_puts(out, "style\">\n</head>\n<body>\n"
                  "<a class=\"skip\" href=\"#rules\">To the rules</a>\n<header><h1>"
                  "", sentence,
                  "</h1>\n<nav aria-label=\"Parts\"><ul><li><a href=\"#needs\">Needs "
                  "you</a></li>"
                  "<li><a href=\"#next\">Next 14 days</a></li><li><a href=\"#rules\">"
                  "Rules</a></li>", status->own_name ? ""
                  : "<li><a href=\"#files\">.htaccess</a></li>", "<li><a href=\"", NULL);
    link_begin(out, status);
    r307_out_puts(out, "json\">JSON</a></li>", status->own_name ? ""
                  : "<li><a href=\"?metrics\">Metrics</a></li>",
                  "</ul></nav></header>\n<main>\n", NULL);
    if (!status->own_name) {
        ask_box(out, status->ask);
        answer(out, status->ask);
        r307_out_puts(out, "</section>\n", NULL);
    }
    needs(out, status);
    events(out, status);
    rules(out, status);
    timeline(out, status);
    maps(out, status);
    if (!status->own_name) {
        r307_status_files_html(out, status);
    }
    r307_out_puts(out, "</main>\n<footer><p class=\"q\">mod_redirect307 "
                       "", status->version, ", ",
                  r307_status_time(out->p, status->now), ". ", NULL);
    if (status->own_name) {
        r307_out_puts(out, "Rules of this directory.", NULL);
    }
    else if (status->is_counted) {
        r307_out_puts(out, r307_status_number(out->p, status->hits), " hits of ",
                      r307_status_number(out->p, status->hit_rules),
                      status->hit_rules == 1 ? " rule." : " rules.", NULL);
    }
    else {
        r307_out_puts(out, "Hits are not counted (Redirect307Hits off).", NULL);
    }
    if (!status->own_name) {
        passed_over(out, status);
    }
    r307_out_puts(out, "</p></footer>\n</body>\n</html>\n", NULL);
}
