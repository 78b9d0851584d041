/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/counters.h"

#include <string.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <mod_status.h>
#include "httpd/hit_table.h"

APLOG_USE_MODULE(redirect307);

/* Another version of the module may have other verdicts: then it has other counters. */
#define KEY "mod_redirect307.counters." APR_STRINGIFY(COUNTERS)
#define COUNTERS 24             /* those of verdicts, and from the end: */
#define PASSED   (COUNTERS - R307_PASSED_COUNT)

typedef char counters_suffice[PASSED >= (int)R307_VERDICT_COUNT ? 1 : -1];

/* The .so is unloaded at a restart and its statics with it; this stays. */
typedef struct retained_t {
    apr_uint64_t *cells;        /* in shared memory of the process pool */
} retained_t;

void r307_counters_make(server_rec *s)
{
    retained_t *retained = ap_retained_data_get(KEY);
    apr_size_t size = COUNTERS * sizeof(*retained->cells);
    apr_shm_t *shm;
    apr_status_t rv;

    if (retained) {
        return;
    }
    rv = apr_shm_create(&shm, size, NULL, s->process->pool);
    if (rv != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, rv, s,
                     "no shared memory: refused requests are not counted");
        return;
    }
    retained = ap_retained_data_create(KEY, sizeof(*retained));
    retained->cells = apr_shm_baseaddr_get(shm);
    memset(retained->cells, 0, size);
}

static void add(int cell)
{
    const retained_t *retained = ap_retained_data_get(KEY);

    if (retained) {
        (void)__atomic_add_fetch(&retained->cells[cell], 1, __ATOMIC_RELAXED);
    }
}

static apr_uint64_t read_cell(int cell)
{
    const retained_t *retained = ap_retained_data_get(KEY);

    return retained ? __atomic_load_n(&retained->cells[cell], __ATOMIC_RELAXED) : 0;
}

void r307_counters_add(r307_verdict_t verdict)
{
    add((int)verdict);
}

apr_uint64_t r307_counters_read(r307_verdict_t verdict)
{
    return read_cell((int)verdict);
}

void r307_counters_pass(const r307_decision_t *decision, unsigned *counted)
{
    int i;

    for (i = 0; i < R307_PASSED_COUNT; i++) {
        if (decision->passed[i] && !(*counted >> i & 1)) {
            *counted |= 1u << i;
            add(PASSED + i);
        }
    }
}

apr_uint64_t r307_counters_passed(r307_passed_t passed)
{
    return read_cell(PASSED + (int)passed);
}

static const char *number(request_rec *r, apr_uint64_t value)
{
    return apr_psprintf(r->pool, "%" APR_UINT64_T_FMT, value);
}

static void print_row(request_rec *r, int flags, const r307_verdict_row_t *row,
                      apr_uint64_t count)
{
    if (flags & AP_STATUS_SHORT) {
        ap_rvputs(r, "Redirect307Refused-", row->id, ": ", number(r, count), "\n", NULL);
    }
    else if (count && (flags & AP_STATUS_NOTABLE)) {
        ap_rvputs(r, "<dt>", row->id, ": ", number(r, count), "</dt><dd>",
                  ap_escape_html(r->pool, row->why), "</dd>\n", NULL);
    }
    else if (count) {
        ap_rvputs(r, "<tr><td>", row->id, "</td><td>", number(r, count),
                  "</td><td>", ap_escape_html(r->pool, row->why),
                  "</td></tr>\n", NULL);
    }
}

static void print_hits(request_rec *r, int is_short)
{
    const r307_config_t *conf = ap_get_module_config(r->per_dir_config,
                                                     &redirect307_module);
    r307_hitsum_t sum;

    r307_hit_table_sum(conf, 0, &sum);
    if (is_short) {
        ap_rvputs(r, "Redirect307Hits: ", number(r, sum.all), "\nRedirect307HitRules: ",
                  number(r, sum.cells), "\n", NULL);
    }
    else {
        ap_rvputs(r, "<hr />\n<h2>mod_redirect307: ", number(r, sum.all), " hits of ",
                  number(r, sum.cells), " rules</h2>\n", NULL);
    }
}

static void print_passed(request_rec *r, int is_short)
{
    int i;

    for (i = 0; i < R307_PASSED_COUNT; i++) {
        apr_uint64_t count = r307_counters_passed((r307_passed_t)i);

        if (is_short) {
            ap_rvputs(r, "Redirect307PassedOver-", r307_passed_words[i], ": ",
                      number(r, count), "\n", NULL);
        }
        else if (count) {
            ap_rvputs(r, "<p>Requests that met a rule that is ",
                      r307_passed_words[i], ": ", number(r, count),
                      "</p>\n", NULL);
        }
    }
}

int r307_on_status(request_rec *r, int flags)
{
    const retained_t *retained = ap_retained_data_get(KEY);
    int is_short = (flags & AP_STATUS_SHORT) != 0;
    int is_list = (flags & AP_STATUS_NOTABLE) != 0;
    apr_uint64_t counts[R307_VERDICT_COUNT], all = 0;
    int i;

    print_hits(r, is_short);
    print_passed(r, is_short);
    if (!retained) {
        return OK;
    }
    for (i = 1; i < R307_VERDICT_COUNT; i++) {
        counts[i] = __atomic_load_n(&retained->cells[i], __ATOMIC_RELAXED);
        all += counts[i];
    }
    if (is_short) {
        ap_rvputs(r, "Redirect307Refused: ", number(r, all), "\n", NULL);
    }
    else {
        ap_rvputs(r, "<hr />\n<h2>mod_redirect307: requests refused: ", number(r, all),
                  "</h2>\n", all ? is_list ? "<dl>\n" : "<table border=\"0\">\n" : "", NULL);
    }
    for (i = 1; i < R307_VERDICT_COUNT; i++) {
        print_row(r, flags, r307_verdict_row((r307_verdict_t)i), counts[i]);
    }
    if (!is_short && all) {
        ap_rputs(is_list ? "</dl>\n" : "</table>\n", r);
    }
    return OK;
}
