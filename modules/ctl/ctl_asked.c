/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_asked.h"

#include <stdio.h>
#include <string.h>
#include <apr_strings.h>

#include "base/datetime.h"
#include "ctl_file.h"
#include "ctl_print.h"
#include "lint/lint_loop.h"
#include "rule/cond_kind.h"

/* Something that only the server knows, once. */
static void note(ctl_asked_t *x, const char *what)
{
    int i;

    for (i = 0; i < x->unanswered->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(x->unanswered, i, const char *), what) == 0) {
            return;
        }
    }
    APR_ARRAY_PUSH(x->unanswered, const char *) = what;
}

static const char *header_of(void *baton, const char *name)
{
    return apr_table_get(((ctl_asked_t *)baton)->headers, name);
}

static const char *env_of(void *baton, const char *name)
{
    note(baton, apr_pstrcat(((ctl_asked_t *)baton)->p, "env=", name, NULL));
    ((ctl_asked_t *)baton)->is_open = 1;
    return ((ctl_asked_t *)baton)->assumes ? "1" : NULL;
}

static int test_of(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    note(baton, apr_psprintf(((ctl_asked_t *)baton)->p, "expr=%s", expr->text));
    return ((ctl_asked_t *)baton)->assumes ? 1 : -1;
}

static const char *string_of(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    note(baton, apr_psprintf(((ctl_asked_t *)baton)->p, "%s", expr->text));
    ((ctl_asked_t *)baton)->is_open = 1;
    return NULL;
}

static void self_of(void *baton, r307_self_t *self)
{
    *self = ((ctl_asked_t *)baton)->self;
}

static const struct r307_image_t *image_of(void *baton, const void *map)
{
    return map;
}

static const char *user_of(void *baton)
{
    return ((ctl_asked_t *)baton)->user;
}

static int file_of(void *baton)
{
    ctl_asked_t *x = baton;

    if (x->file < 0) {
        note(x, "file=");
    }
    return x->file >= 0 ? x->file : x->assumes ? 1 : -1;
}

static int flag_of(void *baton, const void *flag)
{
    const ctl_flag_place_t *place = flag;
    ctl_asked_t *x = baton;
    int is_set = ctl_reach_flag(place->reach, place->file);

    if (is_set < 0) {
        note(x, apr_pstrcat(x->p, "flag=", place->file, NULL));
    }
    return is_set >= 0 ? is_set : x->assumes ? 1 : -1;
}

static apr_uint64_t roll_of(void *baton)
{
    note(baton, "the roll of percent=");
    ((ctl_asked_t *)baton)->is_open = 1;
    return ((ctl_asked_t *)baton)->assumes ? 0 : APR_UINT64_MAX;
}

static const r307_view_ops_t ops = {
    header_of, env_of, test_of, string_of, self_of, image_of, user_of, file_of,
    flag_of, roll_of, NULL, NULL
};

/* Whether the condition that does not hold is about the address. */
static int asks_address(const r307_rule_t *rule, const char *detail)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        if (rule->conds[i].kind->test == r307_cond_test_ip
            && strstr(detail, rule->conds[i].value)) {
            return 1;
        }
    }
    return 0;
}

/* Kept until the answer, which people want first, was printed. */
void ctl_asked_trace(void *baton, const r307_rule_t *rule, r307_skip_t step,
                  const char *detail)
{
    ctl_asked_t *x = baton;

    if (step == R307_SKIP_CONDITION && x->needs_client && !x->client
        && detail && asks_address(rule, detail)) {
        note(x, CTL_ASKED_CLIENT);
        x->is_open = 1;
    }
    APR_ARRAY_PUSH(x->steps, const char *) = r307_skip_line(x->p, rule, step, detail);
}

const char *ctl_asked_text(ctl_asked_t *x, const r307_decision_t *decision)
{
    return r307_decision_text(x->p, decision, x->now);
}

ctl_exit_t ctl_asked_print(ctl_asked_t *x, const r307_decision_t *decision)
{
    printf("%s\n", ctl_asked_text(x, decision));
    return ctl_asked_details(x, decision);
}

ctl_exit_t ctl_asked_details(ctl_asked_t *x, const r307_decision_t *decision)
{
    const r307_rule_t *rule = decision->rule;
    int i;

    if (rule) {
        printf("  %s:%u  %s\n", rule->place.file, rule->place.line,
               r307_line_print(x->p, rule));
    }
    for (i = 0; i < x->steps->nelts; i++) {
        ctl_print(stdout, APR_ARRAY_IDX(x->steps, i, const char *));
    }
    if (decision->max_age) {
        printf("  Cache-Control: %smax-age=%d\n", decision->is_private ? "private, " : "",
               decision->max_age);
    }
    for (i = 0; decision->cookies && i < decision->cookies->nelts; i++) {
        printf("  Set-Cookie: %s\n", APR_ARRAY_IDX(decision->cookies, i, const char *));
    }
    if (decision->vary) {
        printf("  Vary: %s\n", decision->vary);
    }
    return decision->outcome == R307_OUTCOME_REFUSE ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}

/* What is answered where the Location leads, as far as it stays here; 1 when that is
 * nowhere. */
int ctl_asked_then(ctl_asked_t *x, const r307_scope_t *scopes, int count,
                   r307_policy_t policy, const r307_view_t *view,
                   const r307_decision_t *answer)
{
    const char *seen[R307_LOOP_HOPS];
    r307_decision_t decision = *answer;
    r307_view_t at = *view;
    int i, k;

    policy.trace = NULL;
    for (i = 0; i < R307_LOOP_HOPS; i++) {
        const char *shown = decision.location;

        if (decision.outcome != R307_OUTCOME_ANSWER || !shown
            || !r307_loop_next(x->p, &at, shown, &at)) {
            return 0;
        }
        for (k = 0; k < i && strcmp(seen[k], shown) != 0; k++) {
            continue;
        }
        if (k < i) {
            break;
        }
        seen[i] = shown;
        r307_decide(x->p, scopes, count, &policy, &at, &decision);
        shown = r307_text_show(x->p, shown, strlen(shown));
        if (decision.outcome == R307_OUTCOME_ANSWER) {
            printf("  then         %s: %d%s%s\n", shown, decision.status,
                   decision.location ? " -> " : "",
                   decision.location ? decision.location : "");
        }
        else {
            printf("  then         %s: %s\n", shown,
                   decision.outcome == R307_OUTCOME_REFUSE ? "refused"
                   : decision.outcome == R307_OUTCOME_LATER ? "a login first"
                   : "no rule answers");
        }
    }
    printf("  then         and so on: no browser arrives\n");
    return 1;
}

/* Splits the URL that is asked for; 0 when it is none. */
int ctl_asked_set(ctl_asked_t *x, r307_view_t *view)
{
    r307_slice_t path;
    r307_url_t url;

    memset(view, 0, sizeof(*view));
    if (!r307_path_split(x->url, &path, &view->query)) {
        return 0;
    }
    r307_url_split(x->url, strlen(x->url), &url);
    view->path = r307_path_make(x->p, path);
    x->self.scheme = url.scheme.s ? r307_slice_text(x->p, url.scheme) : "http";
    x->self.host = url.host.s ? r307_slice_text(x->p, url.host) : "localhost";
    x->self.port = (int)r307_url_port(url.port);
    if (x->self.port <= 0) {
        x->self.port = r307_url_default_port(url.scheme) == 443 ? 443 : 80;
    }
    view->asked = x->self;
    view->method = x->method;
    view->now = x->now;
    view->client = x->client;
    view->ops = &ops;
    view->baton = x;
    return 1;
}

/* "--header 'Name: value'". */
static int add_header(ctl_asked_t *x, const char *text)
{
    const char *colon = strchr(text, ':');

    if (!colon || colon == text) {
        return 0;
    }
    apr_table_mergen(x->headers, apr_pstrmemdup(x->p, text, (apr_size_t)(colon - text)),
                     apr_pstrdup(x->p, colon + 1 + strspn(colon + 1, " ")));
    return 1;
}

/* What the options say. NULL, or what is wrong with one. */
const char *ctl_asked_options(ctl_asked_t *x, const ctl_args_t *args)
{
    const char *at = ctl_args_value(args, "at"), *bad;
    const char *method = ctl_args_value(args, "method"), *header;
    int i;

    x->p = args->p;
    x->headers = apr_table_make(x->p, 8);
    x->steps = apr_array_make(x->p, 8, sizeof(const char *));
    x->unanswered = apr_array_make(x->p, 2, sizeof(const char *));
    x->file = -1;
    for (i = 0; (header = ctl_args_nth(args, "header", i)) != NULL; i++) {
        if (!add_header(x, header)) {
            return apr_psprintf(x->p, "--header '%s' is no header; write --header "
                                "'Name: value'", r307_text_show(x->p, header,
                                                                strlen(header)));
        }
    }
    x->method = method ? method : "GET";
    x->client = ctl_args_value(args, "client");
    x->user = ctl_args_value(args, "user");
    x->now = apr_time_now();
    bad = at ? r307_time_parse(x->p, at, 0, &x->now) : NULL;
    if (bad) {
        return apr_psprintf(x->p, "--at '%s' %s", r307_text_show(x->p, at, strlen(at)), bad);
    }
    return NULL;
}
