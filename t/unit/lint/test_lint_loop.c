/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever the rules are, no request is answered with its own URL. Random rule sets from
 * words that like to meet: 100 000 with R307_FULL, a few thousand without; R307_SEED
 * repeats a run.
 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "lint/lint_above.h"
#include "lint/lint_chain.h"
#include "lint/lint_loop.h"
#include "lint/lint_same.h"
#include "unit.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const char *const sources[] = {
    "/", "/a", "/a/", "/b", "/a/b", "/b/a", "/A", "/a/*", "/*", "/:x", "/:x/:y", "/a/:x",
    "/a?p", "/a?p=1", "/b/*", "https://www.example.test/a", "http://www.example.test/a",
    "/%61", "/a//b", "/b/?p"
};
static const char *const regexes[] = {
    "^/a", "^/a(/.*)?$", "^/(.*)$", "/b", "^/(a|b)/?$", "^(.*)$", "a", "^/a/(?<x>.*)$"
};
static const char *const targets[] = {
    "/", "/a", "/a/", "/b", "/b/", "/a/b", "/A", "a", "b/", "./", "../a", "?p=1", "/a?p=1",
    "/b?", "/a#f", "https:", "https://www.example.test", "https://www.example.test/a",
    "http://www.example.test/a", "http://www.example.test:80/", "http://WWW.example.test/b",
    "http://www.example.test:8080/a", "/%61", "/./a", "/b/../a", "//", "-",
    "https://other.example/a", "/%{arg:p}", "/a/%{arg:p}"
};
static const char *const with_name[] = {
    "/:x", "/a/:x", "/:x/", "/:x?p=1", "/b/:x", "https://www.example.test/:x", "/%61/:x"
};
static const char *const with_splat[] = {
    "/:splat", "/a/:splat", "/b/:splat", "http://www.example.test/:splat", "/a/b/:splat"
};
static const char *const with_groups[] = {
    "/$1", "$1", "$0", "/a/$1", "/a$1", "http://www.example.test/$1", "/b/$0"
};
static const char *const options[] = {
    "", "", "", "match=exact", "slash=ignore", "case=ignore", "query=drop", "query=merge",
    "query=keep:p", "query=drop:p", "status=308", "status=303", "lang=de", "lang=fr",
    "percent=50", "cookie=c", "method=GET", "until=2025-12-31 then=308", "until=2026-12-31",
    "from=2026-01-01T00:10Z", "from=2026-02-01 lang=de", "until=2025-12-31", "cache=1h",
    "cache=until until=2026-01-02", "until=2025-12-31 percent=30",
    "args=p", "host=www.example.test", "case=ignore slash=ignore"
};
static const char *const paths[] = {
    "/", "/a", "/a/", "/b", "/b/", "/a/b", "/a/b/", "/b/a", "/A", "/a/a", "/%61", "/a//b",
    "/./a", "/b/../a", "/a/%62", "/c", "/a/a/a", "//a"
};
static const char *const queries[] = {
    "", "", "?p", "?p=1", "?p=a", "?p=1&q=2", "?q=2&p=1", "?", "?p=%61", "?p=[", "?p=b/"
};
static const char *const headers[] = {
    "-", "Accept-Language: de", "Accept-Language: fr, de;q=0.5", "Cookie: c=1",
    "Host: WWW.EXAMPLE.TEST", "Host: www.example.test:8080", "Host: www.example.test.",
    "X-Roll: 3", "X-Roll: 5", "X-Forwarded-Proto: https"
};

static unsigned next(apr_uint64_t *state, size_t count)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (unsigned)((*state >> 11) % count);
}

#define PICK(list) (list)[next(state, COUNT(list))]

static const char *make_rule(apr_pool_t *p, apr_uint64_t *state)
{
    const char *source, *target;

    if (next(state, 4) == 0) {
        target = next(state, 3) ? PICK(with_groups) : PICK(targets);
        return apr_psprintf(p, "%s %s match=regex", PICK(regexes), target);
    }
    source = PICK(sources);
    target = strstr(source, "/*") && next(state, 3) ? PICK(with_splat)
        : strchr(source, ':') && source[0] == '/' && next(state, 3) ? PICK(with_name)
        : PICK(targets);
    return apr_psprintf(p, "%s %s %s", source, target, PICK(options));
}

/* Whether the Location is the URL that was asked, as a client would read it. */
static int is_own(apr_pool_t *p, const r307_view_t *view, const char *target,
                  const char *location)
{
    r307_url_t asked, ref, url;
    const r307_path_t *path;
    r307_buf_t buf;
    r307_slice_t query;
    const char *text = apr_psprintf(p, "%s://%s:%d%s", view->asked.scheme,
                                    view->asked.host, view->asked.port, target);
    long port;

    r307_url_split(text, strlen(text), &asked);
    r307_url_split(location, strlen(location), &ref);
    r307_url_resolve(p, &asked, &ref, &url);
    port = r307_url_port(url.port);
    port = port ? port : r307_url_default_port(url.scheme);
    path = r307_path_make(p, url.path);
    query = view->query;
    r307_buf_make(&buf, p, query.len + 1);
    r307_text_encode(&buf, query.s ? query.s : "", query.len, R307_LAND_QUERY,
                     R307_FORM_ENCODED);
    return r307_text_same_fold(url.scheme.s, url.scheme.len, view->asked.scheme,
                               strlen(view->asked.scheme))
        && r307_url_same_host(url.host, r307_slice(view->asked.host,
                                                   strlen(view->asked.host)))
        && port == view->asked.port && path->len == view->path->len
        && memcmp(path->dec, view->path->dec, path->len) == 0
        && url.query.len == buf.len && memcmp(url.query.len ? url.query.s : "", buf.s
                                              ? buf.s : "", buf.len) == 0;
}

static int ask(apr_pool_t *p, const r307_ruleset_t *rules, const char *text,
               apr_uint64_t *state)
{
    const char *target = apr_pstrcat(p, PICK(paths), PICK(queries), NULL);
    unit_fake_t *fake = unit_fake_make(p, next(state, 5) ? "GET" : "POST", target,
                                       PICK(headers));
    r307_decision_t decision;

    fake->view.asked.scheme = next(state, 2) ? "http" : "https";
    fake->view.asked.port = next(state, 4) ? fake->view.asked.port
        : fake->view.asked.scheme[4] ? 443 : 80;
    unit_decide_as(p, rules, "server", "-", (int)next(state, 2), &fake->view, &decision);
    ck_assert_msg(decision.outcome != R307_OUTCOME_ANSWER || !decision.location
                  || !is_own(p, &fake->view, target, decision.location),
                  "'%s': %s://%s:%d%s is sent to %s", text, fake->view.asked.scheme,
                  fake->view.asked.host, fake->view.asked.port, target,
                  decision.location);
    return decision.outcome == R307_OUTCOME_ANSWER;
}

/* Follows Locations as a browser does, which is the same visitor at every hop; NULL when
 * it comes to an end, else what it gave up at. */
static const char *follow(apr_pool_t *p, const r307_ruleset_t *rules, const char *target,
                          const char *header)
{
    unit_fake_t *fake = unit_fake_make(p, "GET", target, header);
    r307_decision_t decision;
    r307_view_t view = fake->view;
    int i;

    for (i = 0; i < R307_LOOP_HOPS; i++) {
        unit_decide(p, rules, "server", "-", &view, &decision);
        if (decision.outcome != R307_OUTCOME_ANSWER || !decision.location
            || !r307_loop_next(p, &view, decision.location, &view)) {
            return NULL;
        }
    }
    return decision.location;
}

/* Whether the audit names the loop that somebody runs into. */
static int is_reported(apr_pool_t *p, const r307_ruleset_t *rules)
{
    r307_loop_site_t site = { { "http", "www.example.test", 80 }, 1, 0, 0 };
    r307_scope_t scope = { rules, 0, { NULL, 0 }, NULL, 0 };
    apr_array_header_t *doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));

    r307_loop_audit(p, r307_alone_make(p, &scope, 1), &site, doubts);
    return doubts->nelts;
}

/* What is true of all rule sets, of one more. */
static void make_set(apr_pool_t *p, apr_uint64_t *state, const char **text,
                     const r307_ruleset_t **rules)
{
    const char *error = NULL;
    unsigned more = next(state, 4);

    *text = make_rule(p, state);
    while (more--) {
        *text = apr_pstrcat(p, *text, " ;; ", make_rule(p, state), NULL);
    }
    unit_keeps_words = *state >> 33 & 1;
    *rules = unit_rules(p, *text, "server", "Redirect307", &error);
    unit_keeps_words = 0;
}

START_TEST(loop_ends_or_is_reported)
{
    const char *full = getenv("R307_FULL"), *seed = getenv("R307_SEED");
    int count = full && *full ? 100000 : 2000, sets = 0, loops = 0, quiet = 0, missed = 0, k;
    const char *miss = "";
    apr_uint64_t start = (seed ? (apr_uint64_t)apr_atoi64(seed) : 308) * 2654435761u + 1;
    apr_uint64_t *state = &start;
    apr_pool_t *p = unit_pool(), *one;

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    while (sets < count) {
        const r307_ruleset_t *rules;
        const char *text, *stuck = NULL, *target = "";
        int said;

        make_set(one, state, &text, &rules);
        for (k = 0; rules && k < 4 && !stuck; k++) {
            target = apr_pstrcat(one, PICK(paths), PICK(queries), NULL);
            stuck = follow(one, rules, target, PICK(headers));
        }
        said = rules && (stuck || sets % 8 == 0) ? is_reported(one, rules) : 0;
        if (stuck && !said) {
            missed++;
            miss = apr_psprintf(p, "'%s': %s leads to %s and on", text, target, stuck);
        }
        loops += stuck != NULL;
        quiet += rules && !stuck && sets % 8 == 0 && !said;
        sets += rules != NULL;
        apr_pool_clear(one);
    }
    unit_rows_add(sets);
    /* an audit tries URLs, and no list of them is whole */
    ck_assert_msg(missed <= 1 + loops / 500, "%d of %d loops are not reported: %s", missed,
                  loops, miss);
    ck_assert_msg(loops > count / 100, "only %d loops", loops);
    ck_assert_msg(quiet > count / 40, "only %d sets without a word", quiet);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(loop_never)
{
    const char *full = getenv("R307_FULL"), *seed = getenv("R307_SEED");
    int count = full && *full ? 100000 : 4000, i, sets = 0, answers = 0;
    apr_uint64_t start = (seed ? (apr_uint64_t)apr_atoi64(seed) : 307) * 2654435761u + 1;
    apr_uint64_t *state = &start;
    apr_pool_t *p = unit_pool(), *one;

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    for (i = 0; sets < count && i < 20 * count; i++) {
        const char *text;
        const r307_ruleset_t *rules;
        unsigned k;

        make_set(one, state, &text, &rules);
        for (k = 0; rules && k < 4; k++) {
            answers += ask(one, rules, text, state);
        }
        sets += rules != NULL;
        apr_pool_clear(one);
    }
    unit_rows_add(sets);
    ck_assert_msg(sets == count, "only %d of %d rule sets are ones", sets, i);
    ck_assert_msg(answers > count, "only %d answers", answers);
    apr_pool_destroy(p);
}
END_TEST

/* Rules that the audit says never answer: none of them does. */
static int ask_shadowed(apr_pool_t *p, apr_uint64_t *state, const r307_ruleset_t *rules,
                        const char *text)
{
    apr_array_header_t *doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));
    r307_scope_t scope = { rules, 0, { NULL, 0 }, NULL, 0 };
    int i, k;

    r307_above_audit(p, rules, r307_alone_make(p, &scope, 1)->flags[0], doubts);
    for (k = 0; doubts->nelts && k < 40; k++) {
        const char *target = apr_pstrcat(p, PICK(paths), PICK(queries), NULL);
        unit_fake_t *fake = unit_fake_make(p, next(state, 5) ? "GET" : "POST", target,
                                           PICK(headers));
        r307_decision_t decision;

        fake->view.asked.scheme = next(state, 2) ? "http" : "https";
        fake->view.asked.port = fake->view.asked.scheme[4] ? 443 : 80;
        unit_decide_as(p, rules, "server", "-", (int)next(state, 2), &fake->view, &decision);
        for (i = 0; i < doubts->nelts; i++) {
            ck_assert_msg(decision.outcome == R307_OUTCOME_PASS || decision.rule->place.line
                          != APR_ARRAY_IDX(doubts, i, r307_doubt_t).rule->place.line, "'%s': %s, but "
                          "%s://%s is answered by it (%s)", text,
                          APR_ARRAY_IDX(doubts, i, r307_doubt_t).text,
                          fake->view.asked.scheme, target, decision.location
                          ? decision.location : "-");
        }
    }
    return doubts->nelts;
}

START_TEST(loop_shadowed_never_answers)
{
    const char *full = getenv("R307_FULL"), *seed = getenv("R307_SEED");
    int count = full && *full ? 100000 : 4000, sets = 0, shadowed = 0;
    apr_uint64_t start = (seed ? (apr_uint64_t)apr_atoi64(seed) : 309) * 2654435761u + 1;
    apr_uint64_t *state = &start;
    apr_pool_t *p = unit_pool(), *one;

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    while (sets < count) {
        const r307_ruleset_t *rules;
        const char *text;

        make_set(one, state, &text, &rules);
        shadowed += rules ? ask_shadowed(one, state, rules, text) : 0;
        sets += rules != NULL;
        apr_pool_clear(one);
    }
    unit_rows_add(sets);
    ck_assert_msg(shadowed > count / 40, "only %d rules are shadowed", shadowed);
    apr_pool_destroy(p);
}
END_TEST

/* Where somebody ends, and whether the method came along; NULL: nowhere. */
static const char *end_of(apr_pool_t *p, const r307_ruleset_t *rules, const char *target,
                          const char *header, const char *scheme)
{
    unit_fake_t *fake = unit_fake_make(p, "GET", target, header);
    r307_decision_t decision;
    r307_view_t view = fake->view;
    int i, keeps = 1;

    view.asked.scheme = scheme;
    view.asked.port = scheme[4] ? 443 : 80;
    for (i = 0; i < R307_LOOP_HOPS; i++) {
        unit_decide(p, rules, "server", "-", &view, &decision);
        if (decision.outcome != R307_OUTCOME_ANSWER || !decision.location) {
            return apr_psprintf(p, "%d %d %s://%.*s?%.*s", decision.outcome, keeps,
                                view.asked.scheme, (int)view.path->enc_len, view.path->enc,
                                (int)view.query.len, view.query.s ? view.query.s : "");
        }
        keeps &= decision.status >= 307;
        if (!r307_loop_next(p, &view, decision.location, &view)) {
            return apr_psprintf(p, "%d %s", keeps, decision.location);
        }
    }
    return NULL;
}

/* The rules with another target in one of them. */
static const char *with_target(apr_pool_t *p, const char *text, int nth, const char *target)
{
    const char *at = text, *end;
    int i;

    for (i = 0; i < nth; i++) {
        at = strstr(at, " ;; ") + 4;
    }
    at += strcspn(at, " ") + 1;
    end = at + strcspn(at, " ");
    return apr_pstrcat(p, apr_pstrmemdup(p, text, (size_t)(at - text)), target, end, NULL);
}

/* A chain that may be one line: whoever comes by it, or past it, ends where they did. */
static int follow_flat(apr_pool_t *p, apr_uint64_t *state, const r307_ruleset_t *rules,
                       const char *text)
{
    r307_loop_site_t site = { { "http", "www.example.test", 80 }, 1, 0, 0 };
    r307_scope_t before = { rules, 0, { NULL, 0 }, NULL, 0 }, after = before;
    apr_array_header_t *doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));
    const char *error = NULL;
    int i, k, flat = 0;

    r307_chain_audit(p, r307_alone_make(p, &before, 1), &site, doubts);
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        int nth = 0;
        const char *other;

        while (r307_ruleset_rule(p, rules, nth)->place.line != doubt->rule->place.line) {
            nth++;
        }
        other = with_target(p, text, nth, doubt->target);
        after.rules = unit_rules(p, other, "server", "Redirect307", &error);
        if (!after.rules || !r307_same_end(p, r307_same_make(p, &before), doubt->rule,
                r307_same_make(p, &after), r307_ruleset_rule(p, after.rules, nth))) {
            continue;
        }
        flat++;
        for (k = 0; k < 40; k++) {
            const char *target = apr_pstrcat(p, PICK(paths), PICK(queries), NULL);
            const char *header = PICK(headers), *scheme = next(state, 2) ? "http" : "https";
            const char *was = end_of(p, rules, target, header, scheme);
            const char *is = end_of(p, after.rules, target, header, scheme);

            ck_assert_msg(!was || (is && strcmp(was, is) == 0), "'%s' and '%s': %s://%s with "
                          "'%s' ends at %s, and at %s", text, other, scheme, target, header,
                          was, is ? is : "-");
        }
    }
    return flat;
}

START_TEST(loop_flat_lines_end_alike)
{
    const char *full = getenv("R307_FULL"), *seed = getenv("R307_SEED");
    int count = full && *full ? 100000 : 4000, sets = 0, flat = 0;
    apr_uint64_t start = (seed ? (apr_uint64_t)apr_atoi64(seed) : 310) * 2654435761u + 1;
    apr_uint64_t *state = &start;
    apr_pool_t *p = unit_pool(), *one;

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    while (sets < count) {
        const r307_ruleset_t *rules;
        const char *text;

        make_set(one, state, &text, &rules);
        flat += rules ? follow_flat(one, state, rules, text) : 0;
        sets += rules != NULL;
        apr_pool_clear(one);
    }
    unit_rows_add(sets);
    ck_assert_msg(flat > count / 800, "only %d lines are made direct", flat);
    apr_pool_destroy(p);
}
END_TEST

TCase *lint_loop_cases(void)
{
    TCase *tcase = tcase_create("lint_loop");

    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, loop_never);
    tcase_add_test(tcase, loop_ends_or_is_reported);
    tcase_add_test(tcase, loop_shadowed_never_answers);
    tcase_add_test(tcase, loop_flat_lines_end_alike);
    return tcase;
}
