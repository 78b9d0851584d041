/* SPDX-License-Identifier: Apache-2.0 */
#include "status/status_model.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "lint/lint_rule.h"

/* of windows, to both sides */
#define SPAN apr_time_from_sec((apr_time_t)90 * 24 * 3600)

const char *const r307_status_states[] = {
    [R307_PHASE_EARLY] = "coming", [R307_PHASE_IN] = "on", [R307_PHASE_THEN] = "followed",
    [R307_PHASE_OVER] = "over", NULL
};

const char *const r307_need_words[R307_NEED_COUNT] = {
    [R307_NEED_BROKEN] = "does not work", [R307_NEED_CLOSED] = "closed",
    [R307_NEED_REFUSED] = "refused", [R307_NEED_DUE] = "due",
            [R307_NEED_DOUBT] = "doubtful",
    [R307_NEED_UNUSED] = "not used", [R307_NEED_ENDLESS] = "without end"
};

const char *r307_status_state(const r307_rule_t *rule, apr_time_t now)
{
    return r307_status_states[r307_plan_phase(&rule->plan, now)];
}

/* --- which rules --- */

static int holds(const char *text, const char *part)
{
    size_t len = strlen(part);

    for (; text && *text; text++) {
        if (strncasecmp(text, part, len) == 0) {
            return 1;
        }
    }
    return 0;
}

int r307_status_wants(const r307_status_filter_t *filter, const r307_status_rule_t *of,
                      apr_time_t now)
{
    const r307_rule_t *rule = of->rule;
    const char *text = filter->text;

    if (*filter->state && strcmp(filter->state, r307_status_state(rule, now)) != 0) {
        return 0;
    }
    if (filter->is_unused && of->hits.all) {
        return 0;
    }
    return !*text || holds(rule->source, text) || holds(rule->target->text, text)
        || holds(rule->name, text) || holds(rule->owner, text) || holds(rule->note, text)
        || holds(rule->place.file, text) || holds(of->host, text);
}

/* --- what is due --- */

static const char *place_of(apr_pool_t *p, const r307_rule_t *rule)
{
    return apr_psprintf(p, "%s:%u", rule->place.file ? rule->place.file : "-",
                        rule->place.line);
}

static const char *name_of(apr_pool_t *p, const r307_rule_t *rule)
{
    return apr_pstrdup(p, rule->name ? rule->name : rule->source ? rule->source
                          : rule->target->text ? rule->target->text : "-");
}

static void add_event(apr_pool_t *p, r307_overview_t *status, const r307_rule_t *rule,
                      const r307_date_t *date, const char *what)
{
    r307_status_event_t *event;

    if (date->text && date->when > status->now
        && date->when <= status->now + R307_STATUS_AHEAD
        && status->events->nelts < R307_STATUS_PAGE) {
        event = apr_array_push(status->events);
        event->when = date->when;
        event->what = what;
        event->rule = name_of(p, rule);
        event->place = place_of(p, rule);
    }
}

static void add_window(apr_pool_t *p, r307_overview_t *status, const r307_rule_t *rule)
{
    const r307_plan_t *plan = &rule->plan;
    apr_time_t from = plan->from.text ? plan->from.when : 0;
    apr_time_t until = plan->until.text ? plan->until.when : 0;
    r307_status_window_t *window;

    if ((from || until) && status->windows->nelts < R307_STATUS_WINDOWS
        && from < status->now + SPAN && (!until || until > status->now - SPAN)) {
        window = apr_array_push(status->windows);
        window->from = from;
        window->until = until;
        window->rule = name_of(p, rule);
    }
}

static int count_needs(const r307_overview_t *status, r307_need_kind_t kind)
{
    int i, count = 0;

    for (i = 0; i < status->needs->nelts; i++) {
        count += APR_ARRAY_IDX(status->needs, i, r307_status_need_t).kind == kind;
    }
    return count;
}

void r307_status_look(apr_pool_t *p, r307_overview_t *status, const r307_rule_t *rule)
{
    const r307_plan_t *plan = &rule->plan;
    apr_array_header_t *doubts;
    r307_status_need_t *need;

    if (!plan->from.text && !plan->until.text && !plan->review.text) {
        return;
    }
    add_event(p, status, rule, &plan->from, "begins");
    add_event(p, status, rule, &plan->until, plan->then > R307_THEN_STOP ? "changes"
              : "ends");
    add_event(p, status, rule, &plan->review, "is to be looked at");
    add_window(p, status, rule);
    if (r307_plan_due(plan, rule->status, status->now) != R307_DUE_NOTHING
        && count_needs(status, R307_NEED_DUE) < R307_STATUS_NEEDS) {
        doubts = apr_array_make(p, 1, sizeof(r307_doubt_t));
        r307_lint_plan(p, rule, status->now, doubts);
        need = apr_array_push(status->needs);
        need->kind = R307_NEED_DUE;
        need->place = place_of(p, rule);
        need->text = doubts->nelts ? APR_ARRAY_IDX(doubts, 0, r307_doubt_t).text : "";
    }
}

static int is_worse(const void *a, const void *b)
{
    return (int)((const r307_status_need_t *)a)->kind
         - (int)((const r307_status_need_t *)b)->kind;
}

static int is_sooner(const void *a, const void *b)
{
    apr_time_t x = ((const r307_status_event_t *)a)->when;
    apr_time_t y = ((const r307_status_event_t *)b)->when;

    return x < y ? -1 : x > y;
}

void r307_status_sort(r307_overview_t *status)
{
    qsort(status->needs->elts, (size_t)status->needs->nelts, sizeof(r307_status_need_t),
          is_worse);
    qsort(status->events->elts, (size_t)status->events->nelts,
          sizeof(r307_status_event_t),
          is_sooner);
}

/* --- sentences --- */

const char *r307_status_sentence(apr_pool_t *p, const r307_overview_t *status)
{
    int needs = status->needs->nelts;
    const char *does = strcmp(status->engine, "on") == 0 ? "Answering"
        : strcmp(status->engine, "report") == 0 ? "Only reporting" : "Switched off";

    return apr_psprintf(p, "%s. %s rule%s, %s.", does,
                        r307_status_number(p, status->rules), status->rules == 1 ? ""
                                : "s",
                        needs == 0 ? "nothing needs you" : needs == 1 ? "1 thing needs "
                                      "you"
                        : apr_psprintf(p, "%d things need you", needs));
}

int r307_status_status(const r307_status_ask_t *ask)
{
    switch (ask->halt.outcome) {
    case R307_HALT_HOLD:
        return 503;
    case R307_HALT_SHOW:
        return 200;
    default:
        return r307_halt_ends(ask->halt.outcome) ? 307 : ask->decision.status;
    }
}

const char *r307_status_location(const r307_status_ask_t *ask)
{
    return r307_halt_ends(ask->halt.outcome) ? ask->halt.location : ask->decision.location;
}

const char *r307_status_outcome(apr_pool_t *p, const r307_status_ask_t *ask)
{
    const r307_decision_t *decision = &ask->decision;

    if (r307_halt_ends(ask->halt.outcome)) {
        return r307_halt_text(p, &ask->halt);
    }
    switch (decision->outcome) {
    case R307_OUTCOME_ANSWER:
        return apr_psprintf(p, "%d%s%s", decision->status, decision->location ? " to "
                            : "",
                            decision->location ? decision->location : "");
    case R307_OUTCOME_REFUSE:
        return apr_psprintf(p, "refused: %s, it %s",
                            r307_verdict_row(decision->verdict)->id,
                            r307_verdict_row(decision->verdict)->why);
    case R307_OUTCOME_STOP:
        return "no redirect here, says a rule";
    case R307_OUTCOME_LATER:
        return "a login first";
    default:
        return "no rule answers";
    }
}
