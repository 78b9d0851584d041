/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case_judge.h"

#include <string.h>
#include <apr_strings.h>

#include "lint/lint_loop.h"

int r307_case_same_place(const r307_place_t *a, const r307_place_t *b)
{
    return a->line == b->line && a->file && b->file && strcmp(a->file, b->file) == 0;
}

const char *r307_case_answer(apr_pool_t *p, const r307_case_came_t *came)
{
    switch (came->outcome) {
    case R307_OUTCOME_ANSWER:
        return came->location
            ? apr_psprintf(p, "%d %s", came->status, r307_token_quote(p, came->location))
            : apr_psprintf(p, "%d", came->status);
    case R307_OUTCOME_REFUSE:
        return "refused";
    default:
        return "none";
    }
}

/* --- comparing --- */

static const char *place_text(apr_pool_t *p, const r307_place_t *place)
{
    return apr_psprintf(p, "%s:%u", place->file ? place->file : "-", place->line);
}

/* Line 0 is all of the file. */
static int is_at(const r307_place_t *at, const r307_case_came_t *came)
{
    r307_place_t place;

    if (!came->rule) {
        return 0;
    }
    place = came->rule->place;
    place.line = at->line ? place.line : 0;
    return r307_case_same_place(at, &place);
}

static const char *not_at(apr_pool_t *p, const r307_place_t *at, const char *does)
{
    return at->line ? apr_psprintf(p, "it is not the rule of line %u that %s", at->line, does)
                    : apr_psprintf(p, "it is no rule of %s that %s", at->file, does);
}

/* by=: a name, a line, or FILE:LINE. */
static int is_by(apr_pool_t *p, const char *by, const r307_case_came_t *came)
{
    const char *place, *end;

    if (!came->rule) {
        return 0;
    }
    if (came->rule->name && strcmp(came->rule->name, by) == 0) {
        return 1;
    }
    place = place_text(p, &came->rule->place);
    end = place + strlen(place) - strlen(by);
    return strlen(place) >= strlen(by) && strcmp(end, by) == 0
        && (end == place || end[-1] == ':' || end[-1] == '/');
}

static int is_answer(const r307_case_came_t *came)
{
    return came->outcome == R307_OUTCOME_ANSWER;
}

/* A relative one is the directory's, as a target is. */
static const char *wanted_of(apr_pool_t *p, const r307_case_t *c,
                             const r307_case_asker_t *asker)
{
    r307_url_t url;

    r307_url_split(c->location, strlen(c->location), &url);
    return asker->base.s && !url.scheme.s && !url.host.s && url.path.len
           && *url.path.s != '/'
        ? apr_pstrcat(p, r307_slice_text(p, asker->base), c->location, NULL) : c->location;
}

/* A path is on the host that was asked for, and a case may not say which that is. */
static const char *not_location(apr_pool_t *p, const r307_case_t *c,
                                const r307_case_came_t *came)
{
    const char *wanted = r307_text_show(p, c->location, strlen(c->location));
    r307_url_t url;

    r307_url_split(c->location, strlen(c->location), &url);
    if (!url.host.s || !came->location || *came->location != '/' || c->host
        || strstr(c->url, "://")) {
        return apr_psprintf(p, "the Location is not %s", wanted);
    }
    return apr_psprintf(p, "the Location is not %s: it is on the host that is asked, and the "
                        "case does not say which that is; if it is that one, ask for "
                        "%s://%s%s", wanted, r307_slice_text(p, url.scheme),
                        r307_slice_text(p, url.host), *c->url == '/'
                        ? r307_text_show(p, c->url, strlen(c->url)) : "/...");
}

/* NULL, or what is wrong with what came for a case that wants an answer. */
static const char *compare_answer(apr_pool_t *p, const r307_case_t *c,
                                  const r307_place_t *at, const r307_case_asker_t *asker,
                                  const r307_case_view_t *view,
                                  const r307_case_came_t *came)
{
    if (!is_answer(came)) {
        return "another answer was demanded";
    }
    if (c->status && c->status != came->status) {
        return apr_psprintf(p, "the status is not %d", c->status);
    }
    if (!c->status && c->location && !came->location) {
        return "there is no Location";
    }
    if (c->location && (!came->location
                        || !r307_case_same_url(p, view, wanted_of(p, c, asker),
                                               came->location))) {
        return not_location(p, c, came);
    }
    if (asker->knows_rules && at && !is_at(at, came)) {
        return not_at(p, at, "answers");
    }
    if (asker->knows_rules && c->by && !is_by(p, c->by, came)) {
        return apr_psprintf(p, "it is not the rule %s that answers",
                            r307_text_show(p, c->by, strlen(c->by)));
    }
    if (c->cache != R307_CASE_UNSAID && c->cache != apr_time_from_sec(came->max_age)) {
        return came->max_age ? apr_psprintf(p, "a cache may keep it for %d s", came->max_age)
                             : "no cache may keep it";
    }
    return NULL;
}

static const char *compare(apr_pool_t *p, const r307_case_t *c, const r307_place_t *at,
                           const r307_case_asker_t *asker, const r307_case_view_t *view,
                           const r307_case_came_t *came)
{
    int answers = is_answer(came) || came->outcome == R307_OUTCOME_REFUSE;

    switch (c->want) {
    case R307_WANT_NONE:
        return !answers ? NULL
            : came->location && r307_case_view_moves(view, came->location)
            ? "no rule was to answer; the case does not say which site is asked, as "
              "https://www.example.com" : "no rule was to answer";
    case R307_WANT_PASSES:
        if (asker->knows_rules && (at || c->by)) {
            return answers && (at ? is_at(at, came) : is_by(p, c->by, came))
                ? "this rule was not to answer" : NULL;
        }
        return answers ? "no rule was to answer" : NULL;
    case R307_WANT_REFUSED:
        return came->outcome != R307_OUTCOME_REFUSE ? "it was to be refused"
            : asker->knows_rules && at && !is_at(at, came)
            ? not_at(p, at, "is refused") : NULL;
    case R307_WANT_ANSWER:
        break;
    }
    return compare_answer(p, c, at, asker, view, came);
}

/* --- following --- */

static int was_seen(const r307_case_view_t *const *seen, int count, const r307_case_view_t *x)
{
    int i;

    for (i = 0; i < count; i++) {
        if (strcmp(seen[i]->url, x->url) == 0 && strcmp(seen[i]->view.method,
                                                        x->view.method) == 0) {
            return 1;
        }
    }
    return 0;
}

static void fail(r307_case_result_t *result, const char *why, const char *advice)
{
    result->verdict = R307_CASE_FAILS;
    result->why = why;
    result->advice = advice;
}

/* What the first rule would have to lead to. */
static const char *shorter(apr_pool_t *p, const r307_case_came_t *first, const char *end)
{
    return first->rule && first->rule->target && !first->rule->target->inserts
        ? apr_psprintf(p, "let %s lead to %s", place_text(p, &first->rule->place),
                       r307_text_show(p, end, strlen(end))) : NULL;
}

/* Too many redirects are told by the first one too many, a circle by whatever closes it. */
static void follow(apr_pool_t *p, const r307_case_t *c, const r307_case_asker_t *asker,
                   r307_case_result_t *result)
{
    const r307_case_view_t *seen[R307_LOOP_HOPS + 1];
    r307_case_came_t came = result->came;
    r307_case_view_t *at;
    int steps = 0;

    seen[0] = result->view;
    result->hops = came.location != NULL;
    while (is_answer(&came) && came.location) {
        at = apr_palloc(p, sizeof(*at));
        if (!r307_case_view_follow(seen[steps++], came.status, came.location, came.cookies,
                                   at)) {
            return;
        }
        if (was_seen(seen, steps, at) || steps == R307_LOOP_HOPS) {
            result->is_circle = 1;
            fail(result, apr_psprintf(p, "no browser arrives: %s leads in a circle",
                                      r307_text_show(p, came.location, strlen(came.location))),
                 "take one of the rules out, or let it lead elsewhere");
            return;
        }
        seen[steps] = at;
        memset(&came, 0, sizeof(came));
        asker->ask(asker->baton, p, at, &came);
        if (!is_answer(&came) || !came.location || r307_case_view_moves(at, came.location)) {
            continue;
        }
        if (result->hops++ == c->hops) {
            const char *end = came.location;

            fail(result, apr_psprintf(p, "where it leads is redirected once more, to %s%s%s",
                                      r307_text_show(p, end, strlen(end)),
                                      came.rule ? ", by " : "",
                                      came.rule ? place_text(p, &came.rule->place) : ""),
                 shorter(p, &result->came, end));
        }
    }
}

/* --- judging --- */

static const char *lacking(apr_pool_t *p, unsigned lacks)
{
    int i;

    for (i = 0; i < R307_CASE_KEYS; i++) {
        if (lacks & 1u << i) {
            return r307_case_keys[i].write;
        }
    }
    return NULL;
}

static const char *lacking_name(unsigned lacks)
{
    int i = 0;

    while (!(lacks & 1u << i)) {
        i++;
    }
    return r307_case_keys[i].name;
}

void r307_case_judge(apr_pool_t *p, const r307_case_t *c, const r307_place_t *at,
                     const r307_case_asker_t *asker, r307_case_result_t *result)
{
    r307_case_view_t *view = apr_palloc(p, sizeof(*view));
    const char *bad = r307_case_view_make(p, c, asker->now, asker->base, asker->flag_name,
                                          view);

    memset(result, 0, sizeof(*result));
    if (bad) {
        fail(result, bad, NULL);
        return;
    }
    result->view = view;
    asker->ask(asker->baton, p, view, &result->came);
    if (result->came.untold) {
        result->verdict = R307_CASE_OPEN;
        result->why = apr_psprintf(p, "it depends on %s", result->came.untold);
        return;
    }
    if (view->lacks) {
        result->verdict = R307_CASE_OPEN;
        result->why = apr_psprintf(p, "it depends on %s=, which the case does not say",
                                   lacking_name(view->lacks));
        result->advice = lacking(p, view->lacks);
        return;
    }
    bad = compare(p, c, at, asker, view, &result->came);
    if (bad) {
        fail(result, bad, NULL);
        return;
    }
    if (c->want == R307_WANT_ANSWER) {
        follow(p, c, asker, result);
    }
}
