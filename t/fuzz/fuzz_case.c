/* SPDX-License-Identifier: Apache-2.0
 *
 * The first line as a case, the others as rules. What is said of a bad case can be shown; the
 * case that is to be written instead is read as it was meant, and holds.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "case/case_judge.h"
#include "case/case_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fail(const char *what, const char *text, const char *other)
{
    fprintf(stderr, "fuzz_case: %s\n  case:  '%s'\n  other: '%s'\n", what, text, other);
    abort();
}

static const char *compile(void *baton, apr_pool_t *p, const char *text, int is_string,
                           const void **compiled)
{
    *compiled = text;
    return NULL;
}

static const char *find_flag(void *baton, apr_pool_t *p, const char *name, void **found)
{
    *found = apr_pstrdup(p, name);
    return NULL;
}

static const char *flag_name(const void *flag)
{
    return flag;
}

static void ask(void *baton, apr_pool_t *p, r307_case_view_t *view, r307_case_came_t *came)
{
    r307_scope_t scope = { .rules = baton, .directory = 1, .base = { "/d/", 3 } };
    r307_policy_t policy = { .relative = 1, .steps = R307_STEPS_DEFAULT };
    r307_decision_t decision;

    r307_decide(p, &scope, 1, &policy, &view->view, &decision);
    memset(came, 0, sizeof(*came));
    came->outcome = decision.outcome;
    came->status = decision.status;
    came->location = decision.location;
    came->rule = decision.rule;
    came->cookies = decision.cookies;
}

static void check_text(const char *text, const char *of)
{
    const char *c;

    for (c = text; c && *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            fail("a text with a control byte", of, text);
        }
    }
}

static r307_ruleset_t *read_rules(apr_pool_t *p, char *lines)
{
    r307_ruleset_t *rules = r307_ruleset_make(p);
    r307_context_t context = { .directive = "Redirect307", .match = R307_MATCH_PREFIX,
                               .where = R307_WHERE_DIRECTORY };
    char *line, *state;
    unsigned number = 0;

    context.maker.compile = compile;
    context.maker.find_flag = find_flag;
    for (line = apr_strtok(lines, "\n", &state); line; line = apr_strtok(NULL, "\n", &state)) {
        r307_place_t place = { "fuzz", ++number };
        const r307_rule_t *rule = NULL;

        if (number <= 20 && !r307_line_parse(p, line, place, &context, &rule) && rule) {
            (void)r307_ruleset_add(p, rules, rule);
        }
    }
    return rules;
}

static void judge(apr_pool_t *p, const char *text, const r307_case_asker_t *asker)
{
    r307_case_result_t result;
    r307_case_t c, again;
    const char *bad, *written;

    r307_case_none(&c);
    bad = r307_case_parse(p, text, NULL, &c);
    check_text(bad, text);
    if (bad) {
        return;
    }
    r307_case_judge(p, &c, NULL, asker, &result);
    check_text(result.why, text);
    if (!result.view || result.verdict == R307_CASE_OPEN) {
        return;
    }
    written = apr_pstrcat(p, r307_case_print(p, &c, r307_case_answer(p, &result.came)),
                          " hops=20", NULL);
    r307_case_none(&again);
    bad = r307_case_parse(p, written, NULL, &again);
    if (bad) {
        fail("what is to be written is no case", written, bad);
    }
    r307_case_judge(p, &again, NULL, asker, &result);
    if (result.verdict != R307_CASE_HOLDS && !result.is_circle) {
        fail("what is to be written does not hold", written, result.why);
    }
}

static void check_samples(apr_pool_t *p, const r307_ruleset_t *rules,
                          const r307_case_asker_t *asker)
{
    unsigned variant;
    int i;

    for (i = 0; i < rules->rules->nelts; i++) {
        for (variant = 0; variant < R307_CASE_SAMPLES; variant += 5) {
            const r307_rule_t *rule = APR_ARRAY_IDX(rules->rules, i, const r307_rule_t *);
            const char *text = r307_case_sample(p, rule, asker->now, variant);

            judge(p, apr_pstrcat(p, text, " -> none", NULL), asker);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int begun;
    r307_case_asker_t asker;
    apr_pool_t *p;
    char *text, *lines;

    if (!begun) {
        apr_initialize();
        atexit(apr_terminate);      /* what it holds is no leak */
        begun = 1;
    }
    if (len > R307_LINE_MOST || apr_pool_create(&p, NULL)) {
        return 0;
    }
    text = apr_pstrmemdup(p, (const char *)data, len);
    lines = strchr(text, '\n');
    if (lines) {
        *lines++ = '\0';
    }
    memset(&asker, 0, sizeof(asker));
    asker.ask = ask;
    asker.flag_name = flag_name;
    asker.baton = read_rules(p, lines ? lines : apr_pstrdup(p, ""));
    asker.now = apr_time_from_sec(1767225600);
    asker.base = r307_slice("/d/", 3);
    asker.knows_rules = 1;
    judge(p, text, &asker);
    check_samples(p, asker.baton, &asker);
    apr_pool_destroy(p);
    return 0;
}
