/* SPDX-License-Identifier: Apache-2.0 */
#include "status/status_page.h"

#include <string.h>
#include <apr_strings.h>

static void text(r307_out_t *out, const char *name, const char *value)
{
    r307_out_puts(out, ",\"", name, "\":", NULL);
    r307_out_json(out, value);
}

static void number(r307_out_t *out, const char *name, apr_uint64_t value)
{
    r307_out_puts(out, ",\"", name, "\":", NULL);
    r307_out_number(out, value);
}

static void when(r307_out_t *out, const char *name, apr_time_t at)
{
    text(out, name, at ? r307_status_time(out->p, at) : NULL);
}

/* The one in use first. */
static void versions(r307_out_t *out, const r307_status_map_t *map)
{
    int i;

    r307_out_puts(out, ",\"versions\":[", NULL);
    for (i = 0; i < map->versions->nelts; i++) {
        const r307_status_version_t *version = &APR_ARRAY_IDX(map->versions, i,
                                                              r307_status_version_t);

        r307_out_puts(out, i ? "," : "", "{\"since\":", NULL);
        r307_out_json(out, r307_status_time(out->p, version->since));
        when(out, "written", version->written);
        if (version->is_counted) {
            number(out, "lines", version->lines);
            number(out, "skipped", version->skipped);
        }
        r307_out_puts(out, "}", NULL);
    }
    r307_out_puts(out, "]", NULL);
}

void r307_status_json_begin(r307_out_t *out, const r307_overview_t *status)
{
    int i;

    r307_out_puts(out, "{\"version\":", NULL);
    r307_out_json(out, status->version);
    text(out, "engine", status->engine);
    text(out, "sentence", r307_status_sentence(out->p, status));
    when(out, "now", status->now);
    number(out, "rule_count", status->rules);
    number(out, "hits", status->hits);
    for (i = 0; !status->own_name && i < R307_PASSED_COUNT; i++) {
        r307_out_puts(out, i ? "" : ",\"passed_over\":{", i ? "," : "", "\"",
                      r307_passed_words[i], "\":", NULL);
        r307_out_number(out, status->passed[i]);
        r307_out_puts(out, i + 1 == R307_PASSED_COUNT ? "}" : "", NULL);
    }
    r307_out_puts(out, ",\"needs\":[", NULL);
    for (i = 0; i < status->needs->nelts; i++) {
        const r307_status_need_t *need = &APR_ARRAY_IDX(status->needs, i,
                                                        r307_status_need_t);

        r307_out_puts(out, i ? ",\n" : "\n", "{\"kind\":", NULL);
        r307_out_json(out, r307_need_words[need->kind]);
        text(out, "place", need->place);
        text(out, "text", need->text);
        r307_out_puts(out, "}", NULL);
    }
    r307_out_puts(out, "],\"quiet\":[", NULL);
    for (i = 0; i < status->quiet->nelts; i++) {
        r307_out_puts(out, i ? "," : "", NULL);
        r307_out_json(out, APR_ARRAY_IDX(status->quiet, i, const char *));
    }
    r307_out_puts(out, "],\"maps\":[", NULL);
    for (i = 0; i < status->maps->nelts; i++) {
        const r307_status_map_t *map = &APR_ARRAY_IDX(status->maps, i, r307_status_map_t);

        r307_out_puts(out, i ? ",\n" : "\n", "{\"file\":", NULL);
        r307_out_json(out, map->path);
        text(out, "place", map->place);
        r307_out_puts(out, ",\"is_read\":", map->is_read ? "true" : "false", NULL);
        number(out, "lines", map->lines);
        number(out, "skipped", map->skipped);
        when(out, "written", map->since);
        versions(out, map);
        r307_out_puts(out, "}", NULL);
    }
    r307_out_puts(out, "]", NULL);
    if (!status->own_name) {
        r307_status_files_json(out, status);
    }
    r307_out_puts(out, ",\"rules\":[", NULL);
}

void r307_status_json_rule(r307_out_t *out, const r307_overview_t *status,
                           const r307_status_rule_t *of, int is_first)
{
    const r307_rule_t *rule = of->rule;
    int i;

    r307_out_puts(out, is_first ? "\n" : ",\n", "{\"place\":", NULL);
    r307_out_json(out, apr_psprintf(out->p, "%s:%u", rule->place.file ? rule->place.file
                                    : "-",
                                    rule->place.line));
    text(out, "host", of->host);
    text(out, "source", rule->source);
    text(out, "target", rule->target->text);
    number(out, "status", (apr_uint64_t)rule->status);
    text(out, "state", r307_status_state(rule, status->now));
    text(out, "name", rule->name);
    number(out, "hits", of->hits.all);
    number(out, "hits_this_month", of->hits.month);
    number(out, "hits_own_referer", of->hits.own);
    when(out, "last_hit", of->hits.last);
    when(out, "first_seen", of->hits.first);
    r307_out_puts(out, ",\"findings\":[", NULL);
    for (i = 0; of->findings && i < of->findings->nelts; i++) {
        r307_out_puts(out, i ? "," : "", NULL);
        r307_out_json(out, APR_ARRAY_IDX(of->findings, i, const char *));
    }
    r307_out_puts(out, "]}", NULL);
}

void r307_status_json_end(r307_out_t *out)
{
    r307_out_puts(out, "]}\n", NULL);
}

/* A line of ours may hold what others wrote: a byte that is no text would move a cursor. */
static void plain(r307_out_t *out, const char *line)
{
    r307_out_puts(out, r307_text_show_all(out->p, line, strlen(line)), "\n", NULL);
}

static void plain_details(r307_out_t *out, const r307_status_ask_t *ask)
{
    const r307_decision_t *decision = &ask->decision;
    int i;

    for (i = 0; ask->lines && i < ask->lines->nelts; i++) {
        const char *at = APR_ARRAY_IDX(ask->lines, i, const char *), *end;

        for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
            plain(out, apr_pstrmemdup(out->p, at, (apr_size_t)(end - at)));
        }
    }
    if (!r307_halt_ends(ask->halt.outcome) && decision->max_age) {
        plain(out, apr_psprintf(out->p, "  Cache-Control: %smax-age=%d",
                                decision->is_private ? "private, " : "",
                                decision->max_age));
    }
    if (!r307_halt_ends(ask->halt.outcome) && decision->vary) {
        plain(out, apr_psprintf(out->p, "  Vary: %s", decision->vary));
    }
}

void r307_status_plain_ask(r307_out_t *out, const r307_status_ask_t *ask)
{
    r307_out_puts(out, R307_STATUS_SAYS, NULL);
    if (ask->bad) {
        plain(out, apr_pstrcat(out->p, "cannot be asked: ", ask->bad, NULL));
        return;
    }
    plain(out, r307_halt_ends(ask->halt.outcome) ? r307_halt_text(out->p, &ask->halt)
               : r307_decision_text(out->p, &ask->decision, ask->when));
    if (ask->place) {
        plain(out, apr_pstrcat(out->p, "  ", ask->place, NULL));
    }
    plain_details(out, ask);
    if (ask->before) {
        plain(out, apr_pstrcat(out->p, "  ", ask->before, NULL));
    }
}

void r307_status_json_ask(r307_out_t *out, const r307_status_ask_t *ask)
{
    const r307_decision_t *decision = &ask->decision;
    int i;

    r307_out_puts(out, "{\"url\":", NULL);
    r307_out_json(out, ask->url);
    text(out, "error", ask->bad);
    text(out, "before", ask->before);
    if (ask->is_decided) {
        text(out, "outcome", r307_status_outcome(out->p, ask));
        number(out, "status", (apr_uint64_t)r307_status_status(ask));
        text(out, "location", r307_status_location(ask));
        text(out, "vary", decision->vary);
        number(out, "max_age", (apr_uint64_t)decision->max_age);
        text(out, "rule", ask->rule);
    }
    r307_out_puts(out, ",\"steps\":[", NULL);
    for (i = 0; ask->steps && i < ask->steps->nelts; i++) {
        r307_out_puts(out, i ? "," : "", NULL);
        r307_out_json(out, APR_ARRAY_IDX(ask->steps, i, const char *));
    }
    r307_out_puts(out, "]}\n", NULL);
}
