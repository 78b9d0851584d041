/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "base/filestate.h"

#define S APR_UINT64_C(1000000)

/* Looks at one file in the order of time. state: s SAME, w WAIT, h SHRUNK, t TAKE; "used"
 * is what was taken at last. */
typedef struct step_t {
    const char *why;
    apr_uint64_t at;            /* the looker's clock, tenths of a second */
    apr_uint64_t inode, size, written, changed;
    char want;
} step_t;

static const step_t steps[] = {
    { "as it is in use",                    10, 1, 1000, 5, 5, 's' },
    { "a byte more",                        20, 1, 1001, 6, 6, 'w' },
    { "too soon",                           49, 1, 1001, 6, 6, 'w' },
    { "stood still",                        50, 1, 1001, 6, 6, 't' },
    { "as it is in use now",                60, 1, 1001, 6, 6, 's' },
    { "same size and mtime, another ctime", 70, 1, 1001, 6, 7, 'w' },
    { "another inode meanwhile",            99, 2, 1001, 6, 7, 'w' },
    { "begins anew",                       101, 2, 1001, 6, 7, 'w' },
    { "stood still, with an old date",     129, 2, 1001, 6, 7, 't' },
    { "a date of the future",              140, 2, 1002, 1u << 30, 1u << 30, 'w' },
    { "stood still all the same",          170, 2, 1002, 1u << 30, 1u << 30, 't' },
    { "cut, with the old dates",           180, 2, 0, 1u << 30, 1u << 30, 'h' },
    { "five seconds of a pause",           230, 2, 0, 1u << 30, 1u << 30, 'h' },
    { "written again",                     231, 2, 700, 9, 9, 'w' },
    { "more of it",                        260, 2, 800, 10, 10, 'w' },
    { "back at what is in use",            265, 2, 1002, 1u << 30, 1u << 30, 's' },
    { "less than half",                    300, 2, 500, 11, 11, 'h' },
    { "waits longer",                      399, 2, 500, 11, 11, 'h' },
    { "ten seconds",                       400, 2, 500, 11, 11, 't' },
    { "half is not less than half",        410, 2, 250, 12, 12, 'w' },
    { "taken",                             440, 2, 250, 12, 12, 't' },
    { "empty",                             450, 2, 0, 13, 13, 'h' },
    { "meant so",                          550, 2, 0, 13, 13, 't' },
    { "from empty to something",           560, 2, 1, 14, 14, 'w' },
    { "and soon taken",                    590, 2, 1, 14, 14, 't' },
};

START_TEST(versions)
{
    r307_filestate_t used = { 1, 1, 1000, 5, 5 };
    r307_filewatch_t watch;
    size_t i;

    memset(&watch, 0, sizeof(watch));
    for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        const step_t *step = &steps[i];
        const r307_filestate_t state = { 1, step->inode, step->size, step->written,
                                         step->changed };
        char got = "swht"[r307_filewatch_look(&watch, &used, &state, step->at * S / 10)];

        ck_assert_msg(got == step->want, "%s: '%c', wanted '%c'", step->why, got,
                      step->want);
        used = got == 't' ? state : used;
    }
    unit_rows_add((int)i);
}
END_TEST

/* Nothing is in use: only what stood still between two looks is taken. */
START_TEST(first_version)
{
    const r307_filestate_t half = { 1, 1, 10, 5, 5 }, whole = { 1, 1, 20, 6, 6 };
    r307_filewatch_t watch;

    memset(&watch, 0, sizeof(watch));
    ck_assert_int_eq(r307_filewatch_look(&watch, NULL, &half, 100 * S), R307_WATCH_WAIT);
    ck_assert_int_eq(r307_filewatch_look(&watch, NULL, &whole, 104 * S), R307_WATCH_WAIT);
    ck_assert_int_eq(r307_filewatch_look(&watch, NULL, &whole, 106 * S), R307_WATCH_WAIT);
    ck_assert_int_eq(r307_filewatch_look(&watch, NULL, &whole, 107 * S), R307_WATCH_TAKE);
    unit_rows_add(4);
}
END_TEST

START_TEST(old_by_its_dates)
{
    const apr_uint64_t now = 1000 * S * 1000, three = 3 * S * 1000;
    r307_filestate_t of = { 1, 1, 10, now - three, now - three };

    ck_assert(r307_filestate_is_old(&of, now));
    of.changed++;
    ck_assert(!r307_filestate_is_old(&of, now));
    of.changed--;
    of.written = now - three + 1;
    ck_assert(!r307_filestate_is_old(&of, now));
    of.written = 0;
    ck_assert(r307_filestate_is_old(&of, now));
    of.changed = 2 * now;
    ck_assert(!r307_filestate_is_old(&of, now));
    unit_rows_add(5);
}
END_TEST

TCase *filestate_cases(void)
{
    TCase *tcase = tcase_create("filestate");

    tcase_add_test(tcase, versions);
    tcase_add_test(tcase, first_version);
    tcase_add_test(tcase, old_by_its_dates);
    return tcase;
}
