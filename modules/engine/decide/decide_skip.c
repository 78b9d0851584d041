/* SPDX-License-Identifier: Apache-2.0
 *
 * decide_skip: the paths that no rule touches; what was decided, and why a rule was passed
 * over, in words. */
#include "decide/decide.h"

#include <string.h>
#include <apr_strings.h>

#include "grammar/line.h"

apr_array_header_t *r307_exempt_default(apr_pool_t *p)
{
    static const char *const paths[] = {
        "/.well-known/acme-challenge/", "/.well-known/pki-validation/"
    };
    apr_array_header_t *exempt = apr_array_make(p, 4, sizeof(r307_slice_t));
    size_t i;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        APR_ARRAY_PUSH(exempt, r307_slice_t) = r307_slice(paths[i], strlen(paths[i]));
    }
    return exempt;
}

r307_slice_t r307_exempt_find(const apr_array_header_t *exempt, const r307_path_t *path)
{
    int i;

    for (i = 0; exempt && i < exempt->nelts; i++) {
        const r307_slice_t *entry = &APR_ARRAY_IDX(exempt, i, r307_slice_t);

        if (r307_path_below(path->dec, path->len, entry->s, entry->len, 0)) {
            return *entry;
        }
    }
    return r307_slice(NULL, 0);
}

const char *const r307_passed_words[R307_PASSED_COUNT] = {
    [R307_PASSED_COMING] = "coming", [R307_PASSED_OVER] = "over"
};

static const char *const step_texts[R307_SKIP_COUNT] = {
    [R307_SKIP_EARLY] = "its time has not come",
    [R307_SKIP_ENDED] = "its time is over",
    [R307_SKIP_LIMIT] = "it is past a limit",
    [R307_SKIP_HOSTS] = "the request would choose its host, and no Redirect307AllowHosts "
                        "names one that could come out",
    [R307_SKIP_CONDITION] = "a condition does not hold",
    [R307_SKIP_PREFLIGHT] = "the request is a CORS preflight, and method= does not name "
                            "OPTIONS",
    [R307_SKIP_EXEMPT] = "the path is exempt, and the source does not name it",
    [R307_SKIP_SELF] = "the result is the request's own URL",
    [R307_SKIP_OWN_TARGET] = "its own target was asked for",
    [R307_SKIP_PROXIED] = "it only leads to another host, and the proxy in front says that "
                          "the client is there already",
    [R307_SKIP_BALANCER] = "it only adds https, and the proxy in front says that the "
                           "client already has it"
};

const char *r307_skip_text(r307_skip_t step)
{
    return step_texts[step];
}

const char *r307_skip_line(apr_pool_t *p, const r307_rule_t *rule, r307_skip_t step,
                           const char *detail)
{
    return apr_psprintf(p, "  passed over  %s:%u  %s\n               %s%s%s\n",
                        rule->place.file ? rule->place.file : "-", rule->place.line,
                        r307_line_print(p, rule), r307_skip_text(step), detail ? ": " : "",
                        detail ? r307_text_show(p, detail, strlen(detail)) : "");
}

const char *r307_decision_text(apr_pool_t *p, const r307_decision_t *decision,
                               apr_time_t now)
{
    const r307_rule_t *rule = decision->rule;
    const char *plan = rule ? r307_plan_show(p, &rule->plan, now) : NULL;

    switch (decision->outcome) {
    case R307_OUTCOME_PASS:
        return "no rule answers";
    case R307_OUTCOME_STOP:
        return rule->target->kind == R307_TARGET_STOP
            ? "no redirect: a rule with target '-' ends the search"
            : "no redirect: the line leads to what was asked, and ends the search";
    case R307_OUTCOME_ANSWER:
        return apr_psprintf(p, "%d%s%s%s%s", decision->status,
                            decision->location ? " -> " : "",
                            decision->location ? decision->location : "", plan ? "  " : "",
                            plan ? plan : "");
    case R307_OUTCOME_LATER:
        return "a rule asks for the user, so httpd asks for the login first";
    case R307_OUTCOME_REFUSE:
        return apr_psprintf(p, "refused: %s, '%s' %s",
                            r307_verdict_row(decision->verdict)->id,
                            r307_text_show(p, decision->offending, decision->offending_len),
                            r307_verdict_row(decision->verdict)->why);
    }
    return "";
}
