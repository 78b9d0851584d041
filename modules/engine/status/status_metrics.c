/* SPDX-License-Identifier: Apache-2.0 */
#include "status/status_page.h"

#include <apr_strings.h>

typedef struct metrics_t {
    r307_out_t *out;
    int is_open;
} metrics_t;

/* The two formats differ in what the family of a counter is called. */
static void family(const metrics_t *m, const char *name, int is_counter, const char *help)
{
    const char *total = is_counter && !m->is_open ? "_total" : "";

    r307_out_puts(m->out, "# HELP redirect307_", name, total, " ", help, "\n# TYPE "
                  "redirect307_",
                  name, total, is_counter ? " counter\n" : " gauge\n", NULL);
}

static void value(const metrics_t *m, apr_uint64_t number)
{
    r307_out_puts(m->out, " ", NULL);
    r307_out_number(m->out, number);
    r307_out_puts(m->out, "\n", NULL);
    r307_out_pass(m->out);
}

static void one(const metrics_t *m, const char *name, int is_counter, const char *help,
                apr_uint64_t number)
{
    family(m, name, is_counter, help);
    r307_out_puts(m->out, "redirect307_", name, is_counter ? "_total" : "", NULL);
    value(m, number);
}

static void labelled(const metrics_t *m, const char *name, const char *label,
                     const char *text)
{
    r307_out_puts(m->out, "redirect307_", name, "{", label, "=", NULL);
    r307_out_label(m->out, text);
}

static void sums(const metrics_t *m, const char *name, const char *label,
                 const char *help,
                 const apr_array_header_t *list)
{
    int i;

    family(m, name, 1, help);
    for (i = 0; i < list->nelts; i++) {
        const r307_status_sum_t *sum = &APR_ARRAY_IDX(list, i, r307_status_sum_t);

        labelled(m, apr_pstrcat(m->out->p, name, "_total", NULL), label, sum->label);
        if (sum->host) {
            r307_out_puts(m->out, ",vhost=", NULL);
            r307_out_label(m->out, sum->host);
        }
        r307_out_puts(m->out, "}", NULL);
        value(m, sum->count);
    }
}

typedef apr_uint64_t of_map_t(const r307_status_map_t *map);

static apr_uint64_t lines(const r307_status_map_t *map) { return map->lines; }
static apr_uint64_t skipped(const r307_status_map_t *map) { return map->skipped; }
static apr_uint64_t is_read(const r307_status_map_t *map) { return map->is_read != 0; }
static apr_uint64_t hits(const r307_status_map_t *map) { return map->hits; }

static apr_uint64_t written(const r307_status_map_t *map)
{
    return (apr_uint64_t)apr_time_sec(map->since);
}

static void maps(const metrics_t *m, const r307_overview_t *status, const char *name,
                 const char *help, of_map_t *of, int is_counter)
{
    int i;

    family(m, name, is_counter, help);
    for (i = 0; i < status->maps->nelts; i++) {
        const r307_status_map_t *map = &APR_ARRAY_IDX(status->maps, i, r307_status_map_t);

        if ((of != hits || map->has_hits) && (of != written || map->since)) {
            labelled(m, is_counter ? apr_pstrcat(m->out->p, name, "_total", NULL) : name,
                     "map",
                     map->path);
            r307_out_puts(m->out, "}", NULL);
            value(m, of(map));
        }
    }
}

static void files(const metrics_t *m, const r307_overview_t *status)
{
    apr_uint64_t rules = 0, skipped_lines = 0, limited = 0;
    int i;

    for (i = 0; i < status->files->nelts; i++) {
        const r307_status_file_t *file = &APR_ARRAY_IDX(status->files, i,
                                                        r307_status_file_t);

        rules += file->rules;
        skipped_lines += file->skipped;
        limited += file->limits != 0;
    }
    one(m, "htaccess_files", 0, ".htaccess files with rules that were served.",
        (apr_uint64_t)status->files->nelts);
    one(m, "htaccess_rules", 0, "Rules of these files.", rules);
    one(m, "htaccess_skipped_lines", 0, "Lines of these files that are none.", skipped_lines);
    one(m, "htaccess_limited_files", 0, "Those that reached a limit.", limited);
    one(m, "htaccess_new_hosts", 0, "Other hosts that are new there since a day.",
        (apr_uint64_t)status->new_hosts->nelts);
}

static void memory(const metrics_t *m, const r307_status_memory_t *of)
{
    one(m, "htaccess_memory_files", 0, ".htaccess files that are compiled for all processes.",
        of->files);
    one(m, "htaccess_memory_bytes", 0, "What they take.", of->bytes);
    one(m, "htaccess_memory_hits", 1, "Files read from there.", of->hits);
    one(m, "htaccess_memory_misses", 1, "Files with rules that were not there as they are now.", of->misses);
    one(m, "htaccess_memory_built", 1, "Files that were compiled.", of->built);
    one(m, "htaccess_memory_evicted", 1, "Those that gave their room to others.",
        of->evicted);
}

void r307_status_metrics(r307_out_t *out, const r307_overview_t *status, int is_open)
{
    metrics_t m = { out, is_open };
    int i;

    one(&m, "rules", 0, "Rules of the server's configuration, lines of its maps among "
                        "them.",
        status->rules);
    one(&m, "needs", 0, "Things that need somebody.", (apr_uint64_t)status->needs->nelts);
    one(&m, "hits", 1, "Answers of rules, those of .htaccess files among "
                       "them.", status->hits);
    one(&m, "hit_rules", 0, "Rules that ever answered.", status->hit_rules);
    sums(&m, "vhost_hits", "vhost", "Answers of lines of the server's configuration.",
         status->hosts);
    sums(&m, "status_hits", "status", "The same, by the status of the "
                                      "rule.", status->statuses);
    sums(&m, "rule_hits", "rule", "Answers of rules that have a name.", status->named);
    maps(&m, status, "map_lines", "Lines of a map that are rules.", lines, 0);
    maps(&m, status, "map_skipped_lines", "Lines of a map that are none.", skipped, 0);
    maps(&m, status, "map_read", "1 if the map has rules.", is_read, 0);
    maps(&m, status, "map_written_timestamp_seconds", "When its file was "
                  "written.", written, 0);
    maps(&m, status, "map_hits", "Answers of lines of a map.", hits, 1);
    files(&m, status);
    memory(&m, &status->memory);
    family(&m, "refused", 1, "Requests that were refused, by verdict.");
    for (i = 1; i < R307_VERDICT_COUNT; i++) {
        labelled(&m, "refused_total", "verdict", r307_verdict_row((r307_verdict_t)i)->id);
        r307_out_puts(out, "}", NULL);
        value(&m, status->refused[i]);
    }
    family(&m, "passed_over", 1, "Requests that met a rule whose time is not now.");
    for (i = 0; i < R307_PASSED_COUNT; i++) {
        labelled(&m, "passed_over_total", "state", r307_passed_words[i]);
        r307_out_puts(out, "}", NULL);
        value(&m, status->passed[i]);
    }
    if (is_open) {
        r307_out_puts(out, "# EOF\n", NULL);
    }
}
