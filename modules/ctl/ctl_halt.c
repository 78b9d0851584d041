/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_halt.h"

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>

#include "ctl_flag.h"
#include "decide/decide.h"
#include "http/path.h"

typedef struct asking_t {
    const ctl_halt_t *of;
    const r307_view_t *view;
} asking_t;

/* Flags as they are on the disk. */
typedef struct flags_t {
    ctl_flag_t flag;
    int unknown;            /* that only the server finds */
} flags_t;

static void see_flag(void *baton, const r307_view_t *view, const r307_maintenance_t *line,
                     r307_flag_seen_t *seen)
{
    flags_t *flags = baton;

    flags->flag.line = line;
    flags->flag.args = "";
    memset(&flags->flag.seen, 0, sizeof(flags->flag.seen));
    if (ctl_flag_find(&flags->flag) || ctl_flag_read(&flags->flag)) {
        flags->unknown++;
        return;
    }
    *seen = flags->flag.seen;
}

static void tell_flag(void *baton, const r307_maintenance_t *line, r307_flag_seen_t *seen)
{
    asking_t *a = baton;

    a->of->flag(a->of->baton, a->view, line, seen);
}

static r307_slice_t tell_base(void *baton, const r307_maintenance_t *line)
{
    return ((asking_t *)baton)->of->base;
}

static int governs(void *baton, const r307_maintenance_t *line, const char *page)
{
    const asking_t *a = baton;

    return a->of->reach->is_conf
        || r307_path_below(page, strlen(page), a->of->base.s, a->of->base.len, 0);
}

void ctl_halt_details(apr_pool_t *p, const r307_halt_decision_t *decision)
{
    const r307_maintenance_t *line = decision->line;

    printf("  %s:%u  Redirect307Maintenance %s\n", line->rule.place.file,
           line->rule.place.line, r307_maintenance_print(p, line));
    if (decision->outcome == R307_HALT_HOLD && line->answer == R307_MAINTENANCE_AUTO) {
        printf("  this is what a program gets; a browser that opens a page sends "
               "'Sec-Fetch-Mode: navigate'\n");
    }
}

void ctl_halt_ask(apr_pool_t *p, const ctl_halt_t *of, const r307_view_t *view,
                  r307_halt_decision_t *decision)
{
    asking_t a = { of, view };
    r307_halting_t halting;

    memset(&halting, 0, sizeof(halting));
    halting.view = view;
    halting.address = view->client;
    halting.exempt = r307_exempt_default(p);
    halting.relative = 1;
    halting.flag = tell_flag;
    halting.base = tell_base;
    halting.governs = governs;
    halting.baton = &a;
    r307_halt_decide(p, of->lines, of->count, &halting, decision);
}

int ctl_halt_explain(apr_pool_t *p, const r307_maintenance_t *const *lines,
                             int count, const ctl_reach_t *reach,
                             const r307_view_t *view, r307_slice_t base, int *unknown)
{
    flags_t flags = { .unknown = 0 };
    ctl_halt_t of = { lines, count, reach, base, see_flag, &flags };
    r307_halt_decision_t decision;

    flags.flag.p = p;
    flags.flag.reach = reach;
    ctl_halt_ask(p, &of, view, &decision);
    *unknown = flags.unknown;
    if (decision.outcome == R307_HALT_NO) {
        return 0;
    }
    printf("%s\n", r307_halt_text(p, &decision));
    ctl_halt_details(p, &decision);
    return decision.outcome != R307_HALT_LET && decision.outcome != R307_HALT_OPEN;
}
