/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_halt.h"

#include <stdio.h>
#include <string.h>

#include "ctl_flag.h"
#include "decide/decide.h"
#include "http/path.h"

typedef struct asking_t {
    ctl_flag_t flag;
    const r307_view_t *view;
    r307_slice_t base;
    int unknown;            /* flags that only the server finds */
} asking_t;

static void see_flag(void *baton, const r307_maintenance_t *line, r307_flag_seen_t *seen)
{
    asking_t *a = baton;

    a->flag.line = line;
    a->flag.args = "";
    memset(&a->flag.seen, 0, sizeof(a->flag.seen));
    if (ctl_flag_find(&a->flag) || ctl_flag_read(&a->flag)) {
        a->unknown++;
        return;
    }
    *seen = a->flag.seen;
}

static r307_slice_t tell_base(void *baton, const r307_maintenance_t *line)
{
    return ((asking_t *)baton)->base;
}

static int governs(void *baton, const r307_maintenance_t *line, const char *page)
{
    const asking_t *a = baton;

    return a->flag.reach->is_conf
        || r307_path_below(page, strlen(page), a->base.s, a->base.len, 0);
}

static void print_halt(apr_pool_t *p, const r307_halt_decision_t *decision)
{
    const r307_maintenance_t *line = decision->line;

    switch (decision->outcome) {
    case R307_HALT_HOLD:
        printf("503, Retry-After %d, %s%s\n", decision->retry_after,
               line->file || decision->page ? "with the text of " : "with a short text",
               line->file ? line->file : decision->page ? decision->page : "");
        break;
    case R307_HALT_SHOW:
        printf("200, a file of the folder of page=%s: %s\n", line->file,
               decision->beside ? decision->beside : "the page itself");
        break;
    case R307_HALT_LET:
        printf("maintenance lets this request pass, because of who sent it\n");
        break;
    case R307_HALT_OPEN:
        printf("maintenance leaves this path open\n");
        break;
    default:
        printf("307 -> %s%s\n", decision->location,
               decision->cookie ? ", with a cookie" : "");
    }
    printf("  %s:%u  Redirect307Maintenance %s\n", line->rule.place.file,
           line->rule.place.line, r307_maintenance_print(p, line));
    if (decision->outcome == R307_HALT_HOLD && line->answer == R307_MAINTENANCE_AUTO) {
        printf("  this is what a program gets; a browser that opens a page sends "
               "'Sec-Fetch-Mode: navigate'\n");
    }
}

int ctl_halt_explain(apr_pool_t *p, const r307_maintenance_t *const *lines,
                             int count, const ctl_reach_t *reach,
                             const r307_view_t *view, r307_slice_t base, int *unknown)
{
    r307_halt_decision_t decision;
    r307_halting_t halting;
    asking_t a;

    memset(&a, 0, sizeof(a));
    a.flag.p = p;
    a.flag.reach = reach;
    a.view = view;
    a.base = base;
    memset(&halting, 0, sizeof(halting));
    halting.view = view;
    halting.address = view->client;
    halting.exempt = r307_exempt_default(p);
    halting.relative = 1;
    halting.flag = see_flag;
    halting.base = tell_base;
    halting.governs = governs;
    halting.baton = &a;
    r307_halt_decide(p, lines, count, &halting, &decision);
    *unknown = a.unknown;
    if (decision.outcome == R307_HALT_NO) {
        return 0;
    }
    print_halt(p, &decision);
    return decision.outcome != R307_HALT_LET && decision.outcome != R307_HALT_OPEN;
}
