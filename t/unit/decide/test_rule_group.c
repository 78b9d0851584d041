/* SPDX-License-Identifier: Apache-2.0
 *
 * What rules that are asked together cost, and what all regexes of a request may cost:
 * counted in steps of the regexes, so that the machine does not matter. */
#include <string.h>
#include <apr_strings.h>
#include "decide/ruleset.h"
#include "unit.h"

#define RULES 3000

/* Many rules whose source is `source`, a number and `behind`. */
static r307_ruleset_t *many(apr_pool_t *p, const char *source, const char *behind,
                            const char *option, int twice)
{
    r307_ruleset_t *rules = r307_ruleset_make(p);
    r307_context_t context;
    int i;

    unit_context_make(p, "server", "Redirect307Match", &context);
    for (i = 0; i < RULES; i++) {
        r307_place_t place = { "many", (unsigned)i + 1 };
        const r307_rule_t *rule = NULL;
        const char *line = apr_psprintf(p, "%s%d%s /q %s", source, twice ? i / 2 : i,
                                        behind, option);

        ck_assert_ptr_eq(r307_line_parse(p, line, place, &context, &rule), NULL);
        ck_assert_ptr_eq(r307_ruleset_add(p, rules, rule), NULL);
    }
    return rules;
}

/* Steps that one request spends on the rules, and what comes out. */
static unsigned spent(apr_pool_t *p, const r307_ruleset_t *rules, const char *path,
                      r307_decision_t *decision)
{
    unit_fake_t *fake = unit_fake_make(p, "GET", path, "Accept-Language: fr");
    unsigned left = R307_STEPS_ALL;
    r307_policy_t policy = { 1, NULL, NULL, R307_STEPS_DEFAULT, NULL, 0, NULL, &left };
    r307_scope_t scope = { rules, 0, { NULL, 0 }, NULL, 0 };

    r307_decide(p, &scope, 1, &policy, &fake->view, decision);
    return R307_STEPS_ALL - left;
}

START_TEST(group_cost)
{
    static const struct {
        const char *option;
        int twice, times;       /* what header= costs, so many times at most */
    } rows[] = {
        { "lang=de", 0, 1 }, { "lang=de", 1, 2 }, { "percent=0.01", 0, 1 }
    };
    apr_pool_t *p = unit_pool();
    r307_ruleset_t *plain = many(p, "^/x(?:y", ")?", "header=X-None", 0);
    r307_decision_t decision;
    unsigned cost;
    size_t i;
    int frozen;

    r307_ruleset_freeze(p, plain, 1, 0);
    cost = spent(p, plain, "/x", &decision);
    ck_assert_int_eq(decision.outcome, R307_OUTCOME_PASS);
    ck_assert_uint_ge(cost, RULES);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (frozen = 0; frozen < 2; frozen++) {
            r307_ruleset_t *rules = many(p, "^/x(?:y", ")?", rows[i].option, rows[i].twice);
            unsigned most = cost * (unsigned)(frozen ? rows[i].times : 2), got;

            if (frozen) {
                r307_ruleset_freeze(p, rules, 1, 0);
            }
            got = spent(p, rules, "/x", &decision);
            unit_rows_add(1);
            ck_assert_msg(got <= most, "%s: %u steps, and header= takes %u",
                          rows[i].option, got, cost);
        }
    }
    apr_pool_destroy(p);
}
END_TEST

/* Each regex stays within its own budget; together they would not end. */
START_TEST(group_budget)
{
    apr_pool_t *p = unit_pool();
    r307_ruleset_t *rules = many(p, "^/x(?:[a-z]+)*[.,](?:", ")?$", "header=!X-None", 0);
    const char *path = apr_pstrcat(p, "/x", "abcdefghij", NULL);
    r307_decision_t decision;
    unsigned cost = spent(p, rules, path, &decision);

    unit_rows_add(1);
    ck_assert_uint_le(cost, R307_STEPS_ALL);
    ck_assert_int_eq(decision.outcome, R307_OUTCOME_REFUSE);
    ck_assert_int_eq(decision.verdict, R307_VERDICT_STEPS);
    apr_pool_destroy(p);
}
END_TEST

TCase *rule_group_cases(void)
{
    TCase *tcase = tcase_create("rule_group");

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, group_cost);
    tcase_add_test(tcase, group_budget);
    return tcase;
}
