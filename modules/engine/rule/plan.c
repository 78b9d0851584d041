/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/plan.h"

#include <string.h>
#include <apr_strings.h>

#define DATE_LEN 10         /* YYYY-MM-DD */
#define DAY_SECONDS (24 * 3600)

int r307_plan_is_there(const r307_plan_t *plan)
{
    return plan->from.text || plan->until.text || plan->review.text
        || plan->then != R307_THEN_UNSET;
}

int r307_plan_overlaps(const r307_plan_t *a, const r307_plan_t *b)
{
    int a_ends = a->until.text && a->then <= R307_THEN_STOP;
    int b_ends = b->until.text && b->then <= R307_THEN_STOP;

    return !(a_ends && b->from.text && a->until.when <= b->from.when)
        && !(b_ends && a->from.text && b->until.when <= a->from.when);
}

int r307_plan_is_overdue(const r307_plan_t *plan, apr_time_t now)
{
    return plan->review.text && now >= plan->review.when;
}

#define LONG_DAYS 365

r307_due_t r307_plan_due(const r307_plan_t *plan, int status, apr_time_t now)
{
    int is_temporary = status == 302 || status == 303 || status == 307;

    switch (r307_plan_phase(plan, now)) {
    case R307_PHASE_OVER:
        return R307_DUE_RETURNS;
    case R307_PHASE_THEN:
        return R307_DUE_PERMANENT;
    default:
        break;
    }
    if (r307_plan_is_overdue(plan, now)) {
        return R307_DUE_STAYS;
    }
    return is_temporary && plan->from.text && !plan->until.text
        && now - plan->from.when > apr_time_from_sec(LONG_DAYS * DAY_SECONDS)
        ? R307_DUE_PERMANENT : R307_DUE_NOTHING;
}

r307_next_t r307_plan_next(const r307_plan_t *plan, apr_time_t now, apr_time_t by,
                           const r307_date_t **date)
{
    const r307_date_t *const dates[] = { &plan->from, &plan->until, &plan->review };
    static const r307_next_t kinds[] = { R307_NEXT_BEGINS, R307_NEXT_ENDS,
                                         R307_NEXT_REVIEW };
    r307_next_t next = R307_NEXT_NOTHING;
    int i;

    for (i = 0; i < 3; i++) {
        if (dates[i]->text && dates[i]->when > now && dates[i]->when <= by
            && (next == R307_NEXT_NOTHING || dates[i]->when < (*date)->when)) {
            next = kinds[i];
            *date = dates[i];
        }
    }
    return next;
}

const char *r307_plan_set_date(apr_pool_t *p, r307_date_t *date, const char *name,
                               const char *value, int is_end)
{
    const char *bad = r307_time_parse(p, value, is_end, &date->when);

    date->text = apr_pstrdup(p, value);
    return bad ? apr_psprintf(p, "%s='%s' %s", name, r307_text_show(p, value,
                                                                    strlen(value)), bad)
               : NULL;
}

/* The same text a year later, when that mends it: December's rule that ends in January. */
static const char *next_year(apr_pool_t *p, const r307_plan_t *plan)
{
    const char *text = plan->until.text;
    int year = (int)r307_text_number(r307_slice(text, 4), 9999) + 1;
    apr_time_t when;

    text = apr_psprintf(p, "%04d%s", year, text + 4);
    return !r307_time_parse(p, text, 1, &when) && when > plan->from.when
        ? apr_psprintf(p, "; did you mean %d?", year)
        : apr_psprintf(p, "; write a later one, as until=%.10s",
                       r307_time_print(p, plan->from.when + apr_time_from_sec(24 * 3600)));
}

const char *r307_plan_check(apr_pool_t *p, const r307_plan_t *plan)
{
    if (plan->from.text && plan->until.text && plan->until.when <= plan->from.when) {
        return apr_psprintf(p, "until='%s' is %s from='%s'%s", plan->until.text,
                            plan->until.when == plan->from.when ? "the same as" : "before",
                            plan->from.text, next_year(p, plan));
    }
    if (plan->then != R307_THEN_UNSET && !plan->until.text) {
        return "then= is what follows until=, and this line has no end; write "
               "until=YYYY-MM-DD beside it, or leave then= out";
    }
    return NULL;
}

/* "in 33 days", "2 hours ago"; the largest unit alone, as people say it. */
static const char *distance(apr_pool_t *p, apr_time_t when, apr_time_t now)
{
    static const struct {
        const char *name;
        apr_int64_t seconds;
    } units[] = {
        { "day", DAY_SECONDS }, { "hour", 3600 }, { "minute", 60 }, { "second", 1 }
    };
    apr_int64_t away = apr_time_sec(when) - apr_time_sec(now);
    apr_int64_t length = away < 0 ? -away : away, count;
    int i = 0;

    /* two of a unit before it is used: "in 36 hours", not "in 1 day" */
    while (i < 3 && length < 2 * units[i].seconds) {
        i++;
    }
    count = length / units[i].seconds;
    return apr_psprintf(p, "%s%" APR_INT64_T_FMT " %s%s%s", away < 0 ? "" : "in ", count,
                        units[i].name, count == 1 ? "" : "s", away < 0 ? " ago" : "");
}

const char *r307_plan_show_date(apr_pool_t *p, const r307_date_t *date, int is_end,
                                apr_time_t now)
{
    int is_day = strlen(date->text) == DATE_LEN;
    char day[40], hour[20], zone[40];
    struct tm tm;

    r307_time_local(date->when - apr_time_from_sec(is_day && is_end), &tm);
    strftime(day, sizeof(day), "%d %b %Y", &tm);
    strftime(hour, sizeof(hour), tm.tm_sec ? "%H:%M:%S" : "%H:%M", &tm);
    strftime(zone, sizeof(zone), "%Z", &tm);
    return apr_psprintf(p, "%s, %s %s (%s)", day[0] == '0' ? day + 1 : day,
                        is_day && is_end ? "24:00" : hour, zone,
                        distance(p, date->when, now));
}

const char *r307_plan_show(apr_pool_t *p, const r307_plan_t *plan, apr_time_t now)
{
    const char *from = plan->from.text
        ? r307_plan_show_date(p, &plan->from, 0, now) : NULL;
    const char *until = plan->until.text
        ? r307_plan_show_date(p, &plan->until, 1, now) : NULL;

    if (!from && !until) {
        return NULL;
    }
    return apr_pstrcat(p, from ? "from " : "", from ? from : "", from && until ? ", " : "",
                       until ? "until " : "", until ? until : "", NULL);
}
