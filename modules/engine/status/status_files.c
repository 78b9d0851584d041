/* SPDX-License-Identifier: Apache-2.0 */
#include "status/status_page.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "rule/limit.h"

#define DAY   apr_time_from_sec(24 * 3600)
#define NEWER R307_STATUS_PAGE      /* hosts on the page */

const char *r307_status_limits(apr_pool_t *p, unsigned limits)
{
    const char *names = NULL;
    int i;

    for (i = 0; i < R307_LIMIT_COUNT; i++) {
        if (limits & 1u << i) {
            names = apr_pstrcat(p, names ? names : "", names ? ", " : "",
                                r307_limit_rows[i].name, "=", NULL);
        }
    }
    return names;
}

/* --- what is new, and what needs somebody --- */

static int is_new(const r307_overview_t *status, const r307_status_host_t *host)
{
    return host->since > status->now - DAY;
}

static int was_met_later(const void *a, const void *b)
{
    apr_time_t x = ((const r307_status_host_t *)a)->since;
    apr_time_t y = ((const r307_status_host_t *)b)->since;
    int by_name = strcmp(((const r307_status_host_t *)a)->name,
                         ((const r307_status_host_t *)b)->name);

    return x > y ? -1 : x < y ? 1 : by_name ? by_name
        : strcmp(((const r307_status_host_t *)a)->directory,
                 ((const r307_status_host_t *)b)->directory);
}

/* How much somebody wants to see of it first. */
static int weight(const r307_status_file_t *file)
{
    return (file->limits ? 2 : 0) + (file->skipped != 0);
}

static int is_first(const void *a, const void *b)
{
    const r307_status_file_t *x = a, *y = b;
    int more = weight(y) - weight(x);

    return more ? more : x->last > y->last ? -1 : x->last < y->last ? 1
        : strcmp(x->directory, y->directory);
}

static void need(r307_overview_t *status, const char *text)
{
    r307_status_need_t *added = apr_array_push(status->needs);

    added->kind = R307_NEED_DOUBT;
    added->place = NULL;
    added->text = text;
}

void r307_status_look_at_files(apr_pool_t *p, r307_overview_t *status)
{
    int i, k, skipped = 0, limited = 0, hosts;

    for (i = 0; i < status->files->nelts; i++) {
        const r307_status_file_t *file = &APR_ARRAY_IDX(status->files, i,
                                                        r307_status_file_t);

        skipped += file->skipped != 0;
        limited += file->limits != 0;
        for (k = 0; k < file->hosts->nelts; k++) {
            const r307_status_host_t *host = &APR_ARRAY_IDX(file->hosts, k,
                                                            r307_status_host_t);

            if (is_new(status, host)) {
                APR_ARRAY_PUSH(status->new_hosts, r307_status_host_t) = *host;
            }
        }
    }
    qsort(status->files->elts, (size_t)status->files->nelts, sizeof(r307_status_file_t),
          is_first);
    qsort(status->new_hosts->elts, (size_t)status->new_hosts->nelts,
          sizeof(r307_status_host_t), was_met_later);
    hosts = status->new_hosts->nelts;
    if (hosts) {
        need(status, apr_psprintf(p, "%d other host%s new in .htaccess files since "
                                     "yesterday; see whether the lines are their owners'",
                                  hosts, hosts == 1 ? " is" : "s are"));
    }
    if (skipped) {
        need(status, apr_psprintf(p, "%d .htaccess file%s lines that are skipped as no rules; "
                                     "redirect307ctl lint FILE says why", skipped,
                                  skipped == 1 ? " has" : "s have"));
    }
    if (limited) {
        need(status, apr_psprintf(p, "%d .htaccess file%s rules past Redirect307Limits, which "
                                     "are skipped; the error log names them", limited,
                                  limited == 1 ? " has" : "s have"));
    }
}

/* --- as HTML --- */

static void new_hosts(r307_out_t *out, const r307_overview_t *status)
{
    int i;

    if (!status->new_hosts->nelts) {
        return;
    }
    r307_out_puts(out, "<h3 id=\"new\">Other hosts, new since yesterday</h3>\n<table><thead>"
                  "<tr><th scope=\"col\">Host</th><th scope=\"col\">In the .htaccess of</th>"
                  "<th scope=\"col\">Since (UTC)</th></tr></thead><tbody>\n", NULL);
    for (i = 0; i < status->new_hosts->nelts && i < NEWER; i++) {
        const r307_status_host_t *host = &APR_ARRAY_IDX(status->new_hosts, i,
                                                        r307_status_host_t);

        r307_out_puts(out, "<tr>", NULL);
        r307_out_code_cell(out, "host", host->name);
        r307_out_code_cell(out, "in", host->directory);
        r307_out_puts(out, "<td data-of=\"since\">", NULL);
        r307_out_when(out, host->since);
        r307_out_puts(out, "</td></tr>\n", NULL);
        r307_out_pass(out);
    }
    r307_out_puts(out, "</tbody></table>\n", NULL);
    if (i < status->new_hosts->nelts) {
        r307_out_puts(out, "<p>And ", r307_status_number(out->p,
                      (apr_uint64_t)(status->new_hosts->nelts - i)),
                      " more; ?json has them all.</p>\n", NULL);
    }
}

/* "12", or "12 of 100" where there is a limit. */
static void used_cell(r307_out_t *out, const char *of, apr_uint64_t number, apr_uint64_t most)
{
    r307_out_puts(out, "<td class=\"n\" data-of=\"", of, "\">",
                  r307_status_number(out->p, number), NULL);
    if (most != R307_STATUS_UNBOUND) {
        r307_out_puts(out, " of ", r307_status_number(out->p, most), NULL);
    }
    r307_out_puts(out, "</td>", NULL);
}

static void hosts_cell(r307_out_t *out, const r307_status_file_t *file)
{
    int i;

    r307_out_puts(out, "<td class=\"c\" data-of=\"other hosts\">", NULL);
    for (i = 0; i < file->hosts->nelts; i++) {
        r307_out_puts(out, i ? "<br>" : "", NULL);
        r307_out_html(out, APR_ARRAY_IDX(file->hosts, i, r307_status_host_t).name);
    }
    if (file->more) {
        r307_out_puts(out, "<br>and ", r307_status_number(out->p, file->more), " more", NULL);
    }
    r307_out_puts(out, "</td>", NULL);
}

static void file_row(r307_out_t *out, const r307_status_file_t *file)
{
    r307_out_puts(out, "<tr>", NULL);
    r307_out_code_cell(out, "directory", file->directory);
    used_cell(out, "rules", file->rules, file->rules_most);
    used_cell(out, "regexes", file->regexes, file->regex_most);
    r307_out_number_cell(out, "skipped", file->skipped);
    r307_out_cell(out, "limits reached", r307_status_limits(out->p, file->limits));
    hosts_cell(out, file);
    r307_out_puts(out, "<td data-of=\"first seen\">", NULL);
    r307_out_when(out, file->first);
    r307_out_puts(out, "</td><td data-of=\"last seen\">", NULL);
    r307_out_when(out, file->last);
    r307_out_puts(out, "</td></tr>\n", NULL);
}

static void memory_html(r307_out_t *out, const r307_status_memory_t *memory)
{
    apr_pool_t *p = out->p;

    if (memory->most) {
        r307_out_puts(out, "<p>In memory for all processes: ",
                      r307_status_number(p, memory->files), " compiled, ",
                      r307_status_number(p, memory->bytes / 1024), " of ",
                      r307_status_number(p, memory->most / 1024), " KiB. Read from there ",
                      r307_status_number(p, memory->hits), " times, not there ",
                      r307_status_number(p, memory->misses), " times; compiled ",
                      r307_status_number(p, memory->built), ", of which ",
                      r307_status_number(p, memory->evicted),
                      " gave their room to others.</p>\n", NULL);
    }
}

void r307_status_files_html(r307_out_t *out, const r307_overview_t *status)
{
    int i;

    r307_out_puts(out, "<section aria-labelledby=\"files\"><h2 id=\"files\">.htaccess files"
                  "</h2>\n<p class=\"q\">Those whose rules were asked since the server "
                  "started, ",
                  r307_status_number(out->p, (apr_uint64_t)status->files->nelts), " here",
                  NULL);
    if (status->evicted) {
        r307_out_puts(out, "; ", r307_status_number(out->p, status->evicted),
                      " gave their places to others", NULL);
    }
    r307_out_puts(out, ". <code>redirect307ctl hosts DIR</code> looks at all that are on the "
                  "disk.</p>\n", NULL);
    memory_html(out, &status->memory);
    new_hosts(out, status);
    if (status->files->nelts) {
        r307_out_puts(out, "<h3>Files</h3>\n<table><thead><tr><th scope=\"col\">Directory"
                      "</th><th scope=\"col\" class=\"n\">Rules</th><th scope=\"col\" "
                      "class=\"n\">Regexes</th><th scope=\"col\" class=\"n\">Skipped</th>"
                      "<th scope=\"col\">Limits reached</th><th scope=\"col\">Other hosts</th>"
                      "<th scope=\"col\">First seen (UTC)</th><th scope=\"col\">Last seen (UTC)"
                      "</th></tr></thead><tbody>\n", NULL);
    }
    for (i = 0; i < status->files->nelts && i < R307_STATUS_PAGE; i++) {
        file_row(out, &APR_ARRAY_IDX(status->files, i, r307_status_file_t));
        r307_out_pass(out);
    }
    r307_out_puts(out, i ? "</tbody></table>\n" : "", NULL);
    if (i < status->files->nelts) {
        r307_out_puts(out, "<p>And ", r307_status_number(out->p,
                      (apr_uint64_t)(status->files->nelts - i)),
                      " more; ?json has them all.</p>\n", NULL);
    }
    r307_out_puts(out, "</section>\n", NULL);
}

/* --- as JSON --- */

static void json_text(r307_out_t *out, const char *name, const char *value)
{
    r307_out_puts(out, ",\"", name, "\":", NULL);
    r307_out_json(out, value);
}

static void json_number(r307_out_t *out, const char *name, apr_uint64_t value)
{
    r307_out_puts(out, ",\"", name, "\":", NULL);
    if (value == R307_STATUS_UNBOUND) {
        r307_out_puts(out, "null", NULL);
    }
    else {
        r307_out_number(out, value);
    }
}

static void json_host(r307_out_t *out, const r307_status_host_t *host, int with_directory)
{
    r307_out_puts(out, "{\"host\":", NULL);
    r307_out_json(out, host->name);
    if (with_directory) {
        json_text(out, "directory", host->directory);
    }
    json_text(out, "since", r307_status_time(out->p, host->since));
    r307_out_puts(out, "}", NULL);
}

static void json_limits(r307_out_t *out, unsigned limits)
{
    int i, count = 0;

    r307_out_puts(out, ",\"limits_reached\":[", NULL);
    for (i = 0; i < R307_LIMIT_COUNT; i++) {
        if (limits & 1u << i) {
            r307_out_puts(out, count++ ? "," : "", NULL);
            r307_out_json(out, r307_limit_rows[i].name);
        }
    }
    r307_out_puts(out, "]", NULL);
}

static void json_file(r307_out_t *out, const r307_status_file_t *file)
{
    int i;

    r307_out_puts(out, "{\"directory\":", NULL);
    r307_out_json(out, file->directory);
    json_number(out, "rules", file->rules);
    json_number(out, "rules_most", file->rules_most);
    json_number(out, "regexes", file->regexes);
    json_number(out, "regexes_most", file->regex_most);
    json_number(out, "skipped", file->skipped);
    json_limits(out, file->limits);
    r307_out_puts(out, ",\"hosts\":[", NULL);
    for (i = 0; i < file->hosts->nelts; i++) {
        r307_out_puts(out, i ? "," : "", NULL);
        json_host(out, &APR_ARRAY_IDX(file->hosts, i, r307_status_host_t), 0);
    }
    r307_out_puts(out, "]", NULL);
    json_number(out, "hosts_more", file->more);
    json_text(out, "first_seen", r307_status_time(out->p, file->first));
    json_text(out, "last_seen", r307_status_time(out->p, file->last));
    r307_out_puts(out, "}", NULL);
}

static void json_memory(r307_out_t *out, const r307_status_memory_t *memory)
{
    r307_out_puts(out, ",\"htaccess_memory\":{\"files\":", NULL);
    r307_out_number(out, memory->files);
    json_number(out, "bytes", memory->bytes);
    json_number(out, "bytes_most", memory->most);
    json_number(out, "hits", memory->hits);
    json_number(out, "misses", memory->misses);
    json_number(out, "built", memory->built);
    json_number(out, "evicted", memory->evicted);
    r307_out_puts(out, "}", NULL);
}

void r307_status_files_json(r307_out_t *out, const r307_overview_t *status)
{
    int i;

    r307_out_puts(out, ",\"new_hosts\":[", NULL);
    for (i = 0; i < status->new_hosts->nelts; i++) {
        r307_out_puts(out, i ? ",\n" : "\n", NULL);
        json_host(out, &APR_ARRAY_IDX(status->new_hosts, i, r307_status_host_t), 1);
        r307_out_pass(out);
    }
    r307_out_puts(out, "],\"htaccess\":[", NULL);
    for (i = 0; i < status->files->nelts; i++) {
        r307_out_puts(out, i ? ",\n" : "\n", NULL);
        json_file(out, &APR_ARRAY_IDX(status->files, i, r307_status_file_t));
        r307_out_pass(out);
    }
    r307_out_puts(out, "]", NULL);
    json_number(out, "htaccess_evicted", status->evicted);
    json_memory(out, &status->memory);
}
