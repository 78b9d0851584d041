/* SPDX-License-Identifier: Apache-2.0
 *
 * Rules and maps of one container, at random: a rule that is said never to answer answers
 * nobody, and a rule without conditions that nobody meets is said to be one. R307_FULL for
 * many, R307_SEED to repeat a run.
 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "lint/lint_above.h"
#include "lint/lint_across.h"
#include "lint/lint_chain.h"
#include "map/map_line.h"
#include "unit.h"

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define PICK(list) (list)[next(state, COUNT(list))]

static const char *const sources[] = {
    "/", "/a", "/a/", "/b", "/a/b", "/b/a", "/A", "/a/*", "/*", "/:x", "/a/:x", "/a?p",
    "/a?p=1", "/b/*", "https://www.example.test/a", "/%61", "/a/b/c", "/c", "/c/d"
};
static const char *const targets[] = {
    "/", "/a", "/b", "/b/", "/c", "/a/b", "/n", "/n/x", "/c?p=1", "https:", "-",
    "https://other.example/", "https://www.example.test/n", "/%{arg:p}"
};
static const char *const options[] = {
    "", "", "", "", "match=exact", "match=prefix", "slash=ignore", "case=ignore",
    "query=drop", "status=308", "lang=de", "cookie=c", "method=GET", "until=2025-12-31",
    "until=2026-12-31", "from=2026-02-01", "percent=50", "args=p", "host=www.example.test"
};
static const char *const paths[] = {
    "/", "/a", "/a/", "/b", "/b/", "/a/b", "/a/b/", "/b/a", "/A", "/a/a", "/c", "/c/d",
    "/a/b/c", "/n", "/n/x", "/x"
};
static const char *const queries[] = { "", "", "?p", "?p=1", "?p=a&q=2", "?q=2" };
static const char *const headers[] = {
    "-", "Accept-Language: de", "Cookie: c=1", "Host: other.example", "X-Roll: 3",
    "X-Forwarded-Proto: https"
};

static unsigned next(apr_uint64_t *state, size_t count)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (unsigned)((*state >> 11) % count);
}

/* Lines, each with its end. plain: sources that say a path, and no conditions. */
static const char *make_lines(apr_pool_t *p, apr_uint64_t *state, int plain)
{
    static const char *const heads[] = { "/a", "/b", "/c", "/a/b", "/c/d", "/a/b/c" };
    const char *text = "";
    unsigned more = 1 + next(state, 4);

    while (more--) {
        text = plain
            ? apr_pstrcat(p, text, PICK(heads), " https://other.example/",
                          next(state, 3) ? "" : " match=prefix", "\n", NULL)
            : apr_pstrcat(p, text, PICK(sources), " ", PICK(targets), " ", PICK(options), "\n",
                          NULL);
    }
    return text;
}

static void skip(void *baton, unsigned line, const char *why)
{
}

static int never(void *baton)
{
    return 0;
}

/* A map of these lines, in which lines that are none stand for their sources; NULL. */
static const r307_image_t *make_image(apr_pool_t *p, const char *text, int nth)
{
    r307_mapbytes_t bytes = { text, strlen(text), 0 };
    r307_maplimits_t limits;
    r307_mapresult_t result;
    r307_context_t context;
    const r307_image_t *image;
    r307_mapdef_t def;
    void *made;

    memset(&limits, 0, sizeof(limits));
    limits.regex_most = 1000;
    limits.bad = limits.note = skip;
    limits.is_over = never;
    unit_context_make(p, "server", "Redirect307Map", &context);
    ck_assert_ptr_eq(r307_map_parse(p, apr_psprintf(p, "%d.map", nth), &context, &def), NULL);
    if (r307_map_build(p, &def, NULL, &bytes, &limits, &result)) {
        return NULL;
    }
    made = apr_palloc(p, r307_image_size(result.builder));
    r307_image_write(result.builder, made);
    r307_map_context(&def, &context);
    ck_assert_ptr_eq(r307_image_attach(p, made, &context, NULL, &image), NULL);
    return image;
}

/* A container with maps among its rules; *text: all of it. */
static r307_ruleset_t *make_set(apr_pool_t *p, apr_uint64_t *state, int plain,
                                const char **text)
{
    r307_ruleset_t *set = r307_ruleset_make(p);
    unsigned parts = 2 + next(state, 3), i;

    *text = "";
    for (i = 0; i < parts; i++) {
        const char *lines = make_lines(p, state, plain), *error = NULL;
        int is_map = (int)next(state, 2);

        *text = apr_pstrcat(p, *text, is_map ? "map:\n" : "rules:\n", lines, NULL);
        if (is_map) {
            const r307_image_t *image = make_image(p, lines, (int)i);

            if (image) {
                r307_ruleset_add_map(p, set, image);
            }
            continue;
        }
        while (*lines) {
            size_t n = strcspn(lines, "\n");
            const r307_ruleset_t *one = unit_rules(p, apr_pstrmemdup(p, lines, n), "server",
                                                   "Redirect307", &error);

            if (one) {
                r307_rule_t *rule = apr_pmemdup(p, APR_ARRAY_IDX(one->rules, 0,
                                                                 const r307_rule_t *),
                                                sizeof(*rule));

                rule->place.file = "conf";
                rule->place.line = (unsigned)set->rules->nelts + 1;
                (void)r307_ruleset_add(p, set, rule);
            }
            lines += n + 1;
        }
    }
    return set;
}

/* "FILE:LINE" of rules that are said never to answer. */
typedef struct said_t {
    apr_pool_t *p;
    apr_hash_t *places;
    const char *last;
} said_t;

static const char *place_of(apr_pool_t *p, const r307_rule_t *rule)
{
    return apr_psprintf(p, "%s:%u", rule->place.file, rule->place.line);
}

static void keep(void *baton, const r307_rule_t *rule, const apr_array_header_t *doubts)
{
    said_t *said = baton;

    said->last = apr_pstrdup(said->p, APR_ARRAY_IDX(doubts, 0, r307_doubt_t).text);
    apr_hash_set(said->places, place_of(said->p, rule), APR_HASH_KEY_STRING, said->last);
}

static void decide(apr_pool_t *p, const r307_ruleset_t *set, const char *target,
                   const char *method, const char *header, const char *scheme,
                   r307_decision_t *decision)
{
    unit_fake_t *fake = unit_fake_make(p, method, target, header);

    fake->view.asked.scheme = scheme;
    fake->view.asked.port = scheme[4] ? 443 : 80;
    unit_decide(p, set, "server", "-", &fake->view, decision);
}

START_TEST(across_never_answers)
{
    const char *full = getenv("R307_FULL"), *seed = getenv("R307_SEED");
    int count = full && *full ? 100000 : 4000, i, k, found = 0;
    apr_uint64_t start = (seed ? (apr_uint64_t)apr_atoi64(seed) : 311) * 2654435761u + 1;
    apr_uint64_t *state = &start;
    apr_pool_t *p = unit_pool(), *one;

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    for (i = 0; i < count; i++) {
        const char *text;
        const r307_ruleset_t *set = make_set(one, state, 0, &text);
        said_t said = { one, apr_hash_make(one), NULL };

        r307_across_audit(one, set, keep, &said);
        found += (int)apr_hash_count(said.places);
        for (k = 0; said.last && k < 40; k++) {
            const char *target = apr_pstrcat(one, PICK(paths), PICK(queries), NULL);
            const char *scheme = next(state, 2) ? "http" : "https";
            r307_decision_t decision;

            decide(one, set, target, next(state, 4) ? "GET" : "POST", PICK(headers), scheme,
                   &decision);
            ck_assert_msg(decision.outcome == R307_OUTCOME_PASS || !decision.rule
                          || !apr_hash_get(said.places, place_of(one, decision.rule),
                                           APR_HASH_KEY_STRING),
                          "%s%s, but %s answers %s://%s", text, said.last,
                          place_of(one, decision.rule), scheme, target);
        }
        apr_pool_clear(one);
    }
    unit_rows_add(count);
    ck_assert_msg(found > count / 20, "only %d rules are said never to answer", found);
    apr_pool_destroy(p);
}
END_TEST

/* Whether a rule whose source says a path answers for it. */
static int answers(apr_pool_t *p, const r307_ruleset_t *set, const r307_rule_t *rule)
{
    static const char *const behind[] = { "", "/", "/q" };
    size_t i;

    for (i = 0; i < COUNT(behind); i++) {
        r307_decision_t decision;

        decide(p, set, apr_pstrcat(p, rule->source, behind[i], NULL), "GET", "-", "http",
               &decision);
        if (decision.rule && strcmp(place_of(p, decision.rule), place_of(p, rule)) == 0) {
            return 1;
        }
    }
    return 0;
}

static int check_told(apr_pool_t *p, const r307_ruleset_t *set, const r307_rule_t *rule,
                      const said_t *said, const char *text)
{
    int is_met = answers(p, set, rule);
    const char *told = apr_hash_get(said->places, place_of(p, rule), APR_HASH_KEY_STRING);

    ck_assert_msg(is_met == !told, "%s%s is %s, and %s", text, place_of(p, rule),
                  is_met ? "met" : "not met", told ? told : "nothing is said");
    return !is_met;
}

/* Lines of maps that answer where their map is alone, and not here. */
static int check_maps(apr_pool_t *p, const r307_ruleset_t *set, const said_t *said,
                      const char *text)
{
    int i, found = 0;
    apr_uint32_t k;

    for (i = 0; set->maps && i < set->maps->nelts; i++) {
        const r307_image_t *image = APR_ARRAY_IDX(set->maps, i, r307_map_t).handle;
        r307_ruleset_t *alone = r307_ruleset_make(p);

        r307_ruleset_add_map(p, alone, image);
        for (k = 0; k < r307_image_count(image); k++) {
            const r307_rule_t *rule = r307_image_rule(p, image, k);

            if (answers(p, alone, rule)) {
                found += check_told(p, set, rule, said, text);
            }
        }
    }
    return found;
}

/* Where no condition decides, all that nobody meets is told: here, or of one file alone, where
 * the same source within a map is told by who builds it. */
START_TEST(across_tells_all)
{
    const char *full = getenv("R307_FULL"), *seed = getenv("R307_SEED");
    int count = full && *full ? 100000 : 4000, i, k, found = 0;
    apr_uint64_t start = (seed ? (apr_uint64_t)apr_atoi64(seed) : 312) * 2654435761u + 1;
    apr_uint64_t *state = &start;
    apr_pool_t *p = unit_pool(), *one;

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    for (i = 0; i < count; i++) {
        const char *text;
        const r307_ruleset_t *set = make_set(one, state, 1, &text);
        apr_array_header_t *doubts = apr_array_make(one, 2, sizeof(r307_doubt_t));
        said_t said = { one, apr_hash_make(one), NULL };
        r307_scope_t scope = { set, 0, { NULL, 0 }, NULL, 0 };

        r307_above_audit(one, set, r307_alone_make(one, &scope, 1)->flags[0], doubts);
        for (k = 0; k < doubts->nelts; k++) {
            apr_array_header_t at = { one, sizeof(r307_doubt_t), 1, 1,
                                      (char *)&APR_ARRAY_IDX(doubts, k, r307_doubt_t) };

            keep(&said, APR_ARRAY_IDX(doubts, k, r307_doubt_t).rule, &at);
        }
        r307_across_audit(one, set, keep, &said);
        for (k = 0; k < set->rules->nelts; k++) {
            found += check_told(one, set, APR_ARRAY_IDX(set->rules, k, const r307_rule_t *),
                                &said, text);
        }
        found += check_maps(one, set, &said, text);
        apr_pool_clear(one);
    }
    unit_rows_add(count);
    ck_assert_msg(found > count / 10, "only %d rules are not met", found);
    apr_pool_destroy(p);
}
END_TEST

TCase *lint_across_cases(void)
{
    TCase *tcase = tcase_create("lint_across");

    tcase_set_timeout(tcase, 600);
    tcase_add_test(tcase, across_never_answers);
    tcase_add_test(tcase, across_tells_all);
    return tcase;
}
