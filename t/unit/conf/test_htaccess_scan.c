/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "conf/htaccess_scan.h"
#include "unit.h"

static const char *const names[] = { "Redirect307", "Redirect307Match", NULL };

typedef struct taken_t {
    apr_pool_t *p;
    apr_array_header_t *runs;       /* of const char *: the lines of each */
} taken_t;

static r307_taking_t take(void *baton, int run, int name, const char *args,
                          unsigned number)
{
    taken_t *taken = baton;
    const char **lines;

    if (strstr(args, "bad")) {
        return strstr(args, "other") ? R307_SCAN_STAYS : R307_SCAN_NO_RULE;
    }
    if (run == taken->runs->nelts) {
        APR_ARRAY_PUSH(taken->runs, const char *) = apr_itoa(taken->p, (int)number);
        return R307_SCAN_TAKEN;
    }
    /* a run that has ended stays ended, or its numbers would not ascend */
    ck_assert_int_lt(run, taken->runs->nelts);
    lines = &APR_ARRAY_IDX(taken->runs, run, const char *);
    *lines = apr_psprintf(taken->p, "%s,%u", *lines, number);
    return R307_SCAN_TAKEN;
}

/* What httpd reads, in the notation of the table; and that it is the file's bytes. */
static const char *show(apr_pool_t *p, const unit_row_t *row, const r307_scan_t *script)
{
    r307_slice_t file = unit_slice(row, "file");
    const char *text = "";
    unsigned last = 0;
    int i;

    for (i = 0; i < script->lines->nelts; i++) {
        const r307_scan_line_t *line = &APR_ARRAY_IDX(script->lines, i,
                                                        r307_scan_line_t);
        const char *end = memchr(line->text, '\n', line->len);

        if (line->number <= last) {
            unit_row_fail(row, "numbers", "not ascending", "ascending");
        }
        last = line->number;
        if (line->run == R307_SCAN_FILE
            && (line->text < file.s || line->text + line->len > file.s + file.len
                || (end ? end + 1 != line->text + line->len
                        : line->text + line->len != file.s + file.len))) {
            unit_row_fail(row, "a line of the file", "is none", "is one");
        }
        text = apr_psprintf(p, "%s%s%u%s", text, *text ? " " : "", line->number,
                            line->run == R307_SCAN_FILE ? ""
                            : line->name ? ":M" : ":R");
    }
    return text;
}

START_TEST(script_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "script.tsv", 60);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        r307_slice_t file = unit_slice(row, "file");
        taken_t taken = { p, apr_array_make(p, 4, sizeof(const char *)) };
        r307_scan_t script = { NULL, 0, 0 };
        const char *why = r307_scan_make(p, file.s, file.len, names, take, &taken,
                                           &script);

        unit_row_begin(row);
        if (unit_absent(row, "lines")) {
            unit_row_same(row, "left to httpd", why ? "yes" : "no", "yes");
            continue;
        }
        unit_row_same(row, "left to httpd", why, NULL);
        if (!why) {
            unit_row_same(row, "lines", show(p, row, &script), unit_text(row, "lines"));
            unit_row_same(row, "taken", apr_array_pstrcat(p, taken.runs, ' '),
                          unit_text(row, "taken"));
            ck_assert_int_eq(script.runs, taken.runs->nelts);
            unit_row_same(row, "others", apr_itoa(p, script.others),
                          unit_text(row, "others"));
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

TCase *htaccess_scan_cases(void)
{
    TCase *tcase = tcase_create("htaccess_scan");

    tcase_add_test(tcase, script_rows);
    return tcase;
}
