/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_unused.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_file_info.h>
#include <apr_strings.h>

#include "base/text.h"
#include "file/open_below.h"
#include "rule/identity.h"

#define DAY apr_time_from_sec(24 * 3600)

static int by_id(const void *a, const void *b)
{
    const r307_hitcell_t *x = a, *y = b;

    return x->id < y->id ? -1 : x->id > y->id;
}

/* A day on which something was first hit, since when hits were counted at least. */
static apr_time_t first_of(const r307_hitsread_t *hits)
{
    apr_time_t first = 0;
    apr_uint32_t i;

    for (i = 0; i < hits->cell_count; i++) {
        apr_time_t day = hits->cells[i].first * DAY;

        if (day && (!first || day < first)) {
            first = day;
        }
    }
    return first;
}

const char *ctl_unused_load(ctl_unused_t *x, ctl_dues_t *dues, const char *file,
                            apr_time_t length)
{
    const char *shown = r307_text_show(dues->p, file, strlen(file));
    r307_open_result_t result;
    r307_hitsfile_t is;
    r307_opened_t opened;

    memset(x, 0, sizeof(*x));
    x->dues = dues;
    x->before = dues->now - length;
    x->rows = apr_array_make(dues->p, 16, sizeof(ctl_due_t));
    result = r307_open_named(file, 0, NULL, &opened);
    if (result != R307_OPEN_FINE) {
        return apr_psprintf(dues->p, "%s: %s", shown,
                            opened.error ? strerror(opened.error)
                                         : r307_open_text(dues->p, result, &opened));
    }
    is = r307_hits_file_read(dues->p, opened.fd, &x->hits);
    close(opened.fd);
    if (is != R307_HITSFILE_FINE) {
        return apr_psprintf(dues->p, "%s: has no hits; name the file of Redirect307Hits "
                            "on keep=FILE", shown);
    }
    qsort(x->hits.cells, x->hits.cell_count, sizeof(*x->hits.cells), by_id);
    x->since = first_of(&x->hits);
    return x->since && x->since <= x->before ? NULL
        : apr_psprintf(dues->p, "%s: hits are counted since %.10s, and what is not used "
                       "for so long cannot be told", shown,
                       x->since ? r307_time_print(dues->p, x->since) : "now");
}

const char *ctl_unused_path(apr_pool_t *p, const char *name)
{
    char *path = NULL;

    return apr_filepath_merge(&path, NULL, name, APR_FILEPATH_TRUENAME, p) == APR_SUCCESS
        ? path : name;
}

void ctl_unused_begin(ctl_unused_t *x, const char *place, const char *file)
{
    struct stat st;

    x->home = r307_identity_home(place);
    x->made = lstat(file, &st) == 0 ? apr_time_from_sec(st.st_mtime) : x->dues->now;
    x->counted = x->asked = 0;
    apr_array_clear(x->rows);
}

/* Since when it is there, at least: by itself, or by the last change of its file. */
static apr_time_t made_of(const ctl_unused_t *x, const r307_rule_t *rule)
{
    const r307_date_t *from = &rule->plan.from;

    return from->text && from->when < x->made ? from->when : x->made;
}

static void add(ctl_unused_t *x, const r307_rule_t *rule, const r307_hitcell_t *cell,
                apr_time_t when)
{
    apr_pool_t *p = x->dues->p;
    r307_date_t date = { "", when - when % apr_time_from_sec(60) };
    const char *shown = r307_plan_show_date(p, &date, 0, x->dues->now);
    ctl_due_t *row = apr_array_push(x->rows);

    ctl_due_set(x->dues, rule, "UNUSED", &date, row);
    row->text = cell
        ? apr_psprintf(p, "last hit %s; if nobody needs it, take it out", shown)
        : apr_psprintf(p, "never hit, and there since %s; if nobody needs it, take it "
                       "out", shown);
}

void ctl_unused_take(ctl_unused_t *x, const r307_rule_t *rule)
{
    r307_phase_t phase = r307_plan_phase(&rule->plan, x->dues->now);
    r307_hitcell_t wanted = { .id = r307_identity_of(rule, x->home, x->hits.seed) };
    const r307_hitcell_t *cell = bsearch(&wanted, x->hits.cells, x->hits.cell_count,
                                         sizeof(wanted), by_id);
    apr_time_t made = made_of(x, rule);
    apr_time_t last = cell ? apr_time_from_sec(cell->last) : 0;

    x->asked++;
    x->counted += cell != NULL;
    if (phase == R307_PHASE_EARLY || phase == R307_PHASE_OVER || made > x->before
        || last > x->before) {
        return;
    }
    add(x, rule, cell, cell ? last : made);
}

const char *ctl_unused_end(ctl_unused_t *x)
{
    if (x->counted) {
        apr_array_cat(x->dues->rows, x->rows);
        return NULL;
    }
    return !x->asked ? NULL
        : "none of its rules was ever hit, or the server knows it by another path; what "
          "is unused cannot be told";
}
