/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl test: whether rules answer what the cases beside them demand, by the
 * engine or by a running server; and cases made of what they answer. */
#include "cmd.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "case/case_sample.h"
#include "ctl_cases.h"
#include "ctl_demand.h"
#include "ctl_live.h"
#include "ctl_verdicts.h"

#define PASSED_MOST 5           /* rules passed over that are named */

typedef struct testing_t {
    apr_pool_t *p;
    apr_pool_t *one;            /* of the case at hand */
    const ctl_args_t *args;
    const char *root, *base;
    r307_case_t defaults;
    apr_array_header_t *rules, *files;  /* of const char *: operands */
    const char *operand;        /* of `rules`, at hand */
    ctl_trial_t *trial;         /* of the file at hand; NULL: none */
    ctl_live_t live;
    int is_live;
    int is_whole;               /* no file of rules was named, but for httpd.conf */
    ctl_demand_t demand;
    int cover;                  /* -1: not said */
    ctl_verdicts_t verdicts;
    ctl_verdict_sum_t sum;
    int unread;                 /* files that could not be read */
    int is_quiet;               /* cases are judged, and nothing is said of them */
} testing_t;

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

/* --- what is said of a case --- */

static const char *said_of(apr_pool_t *p, const ctl_case_text_t *text)
{
    const char *asked = text->asked ? text->asked : "";

    asked += strspn(asked, " \t");
    return apr_pstrcat(p, show(p, asked), text->wanted ? " -> " : "",
                       text->wanted ? show(p, text->wanted) : "", NULL);
}

static const char *came_text(apr_pool_t *p, const r307_case_came_t *came)
{
    const char *text = came->outcome == R307_OUTCOME_REFUSE && came->refused
        ? apr_pstrcat(p, "refused: ", came->refused, NULL)
        : came->outcome == R307_OUTCOME_ANSWER ? r307_case_answer(p, came)
        : came->status ? apr_psprintf(p, "%d, and no redirect", came->status)
        : "no rule answers";

    text = r307_text_show_all(p, text, strlen(text));
    if (!came->rule) {
        return text;
    }
    return apr_psprintf(p, "%s, by %s:%u%s%s", text, came->rule->place.file,
                        came->rule->place.line, came->rule->pattern ? "  " : "",
                        came->rule->pattern ? show(p, r307_line_print(p, came->rule)) : "");
}

static const apr_array_header_t *passed_of(testing_t *x, const r307_case_result_t *result)
{
    apr_array_header_t *list;

    if (!x->trial || x->is_live || !result->view) {
        return NULL;
    }
    list = ctl_trial_passed(x->trial, x->one, result->view);
    list->nelts = list->nelts > PASSED_MOST ? PASSED_MOST : list->nelts;
    return list;
}

/* The case by what came of it, with so many redirects. */
static const char *print_now(testing_t *x, const r307_case_t *c, const r307_case_came_t *came,
                             int hops)
{
    const char *text = r307_case_print(x->one, c, r307_case_answer(x->one, came));

    return hops > R307_HOPS_USUAL
        ? apr_psprintf(x->one, "%s %s=%d", text, r307_case_keys[R307_CASE_HOPS].name, hops)
        : text;
}

/* The case that would hold, if what came is what is meant. */
static const char *case_for(testing_t *x, const r307_case_t *c, const ctl_case_text_t *text,
                            const r307_case_result_t *result)
{
    const r307_case_came_t *came = &result->came;
    const r307_place_t *at = text->at;
    const char *mark = text->is_comment ? "#? " : "";
    int is_other = at && came->rule && !(at->line ? r307_case_same_place(at, &came->rule->place)
                                         : strcmp(at->file, came->rule->place.file) == 0);

    if (!result->view || result->verdict == R307_CASE_OPEN) {
        return result->advice;
    }
    if (result->is_circle) {
        return result->advice;
    }
    if (result->hops > c->hops) {
        return apr_psprintf(x->one, "%s%shops=%d behind the case, if that is meant",
                            result->advice ? result->advice : "",
                            result->advice ? "; or " : "", result->hops);
    }
    if (is_other) {
        return apr_pstrcat(x->one, mark, r307_case_print(x->one, c, "passes"), NULL);
    }
    return apr_pstrcat(x->one, mark, print_now(x, c, came, came->location ? c->hops : 0), NULL);
}

static void tell(testing_t *x, const ctl_case_text_t *text, ctl_verdict_t *verdict)
{
    if (x->is_quiet) {
        return;
    }
    verdict->file = text->place.file;
    verdict->line = text->place.line;
    verdict->said = said_of(x->one, text);
    ctl_verdicts_add(&x->verdicts, x->one, verdict);
}

/* --- what is demanded of every answer --- */

static void tell_break(testing_t *x, const ctl_case_text_t *text, const char *why,
                       const r307_case_result_t *result, const char *write)
{
    ctl_verdict_t verdict = { .why = why, .write = write };

    verdict.came = came_text(x->one, &result->came);
    x->sum.breaks++;
    tell(x, text, &verdict);
}

/* --- one case --- */

static const char *parse(testing_t *x, const ctl_case_text_t *text, r307_case_t *c)
{
    *c = x->defaults;
    if (text->bad) {
        return text->bad;
    }
    return text->is_cell && !text->wanted ? r307_case_parse_cell(x->one, text->asked, c)
        : r307_case_parse(x->one, text->asked, text->wanted, c);
}

static void fail(testing_t *x, const ctl_case_text_t *text, const char *why)
{
    ctl_verdict_t verdict = { .why = why };

    x->sum.fails++;
    tell(x, text, &verdict);
}

static void leave(testing_t *x, const ctl_case_text_t *text, const char *why, unsigned *count)
{
    ctl_verdict_t verdict = { .why = why, .is_open = 1 };

    (*count)++;
    tell(x, text, &verdict);
}

/* Over HTTP nobody tells which rule it was: what the file's rules answer is demanded. */
static void settle(testing_t *x, const r307_place_t *at, r307_case_t *c)
{
    r307_case_result_t result;
    r307_case_t any = *c;

    if (!c->host && !strstr(c->url, "://")) {
        c->host = x->live.host;
    }
    if (!x->trial || c->status || c->location || c->want == R307_WANT_REFUSED
        || c->want == R307_WANT_NONE) {
        return;
    }
    any.want = R307_WANT_ANSWER;
    r307_case_judge(x->one, &any, at, &x->trial->asker, &result);
    if (result.came.outcome == R307_OUTCOME_ANSWER) {
        c->want = R307_WANT_ANSWER;
        c->status = result.came.status;
        c->location = result.came.location;
    }
    else {
        c->want = R307_WANT_NONE;
    }
}

static void take_result(testing_t *x, const ctl_case_text_t *text, const r307_case_t *c,
                        const r307_case_result_t *result)
{
    ctl_verdict_t verdict = { .why = result->why };
    const char *bad;

    if (result->verdict == R307_CASE_HOLDS) {
        if (result->came.rule && x->trial) {
            ctl_trial_cover(x->trial, &result->came.rule->place);
        }
        bad = ctl_demand_broken(x->one, &x->demand, result);
        if (bad) {
            tell_break(x, text, bad, result, NULL);
        }
        else if (ctl_verdicts_wants_all(&x->verdicts)) {
            tell(x, text, &verdict);
        }
        return;
    }
    verdict.is_open = result->verdict == R307_CASE_OPEN;
    x->sum.opens += (unsigned)verdict.is_open;
    x->sum.fails += !verdict.is_open;
    if (!x->is_quiet) {
        verdict.came = result->view && !verdict.is_open ? came_text(x->one, &result->came) : NULL;
        verdict.passed = verdict.is_open ? NULL : passed_of(x, result);
        verdict.write = case_for(x, c, text, result);
        verdict.write = verdict.write ? r307_text_show_all(x->one, verdict.write,
                                                           strlen(verdict.write)) : NULL;
    }
    tell(x, text, &verdict);
}

static void ask(testing_t *x, const ctl_case_text_t *text)
{
    r307_case_result_t result;
    r307_case_t c;
    const char *bad = parse(x, text, &c), *unasked;

    x->sum.cases++;
    if (bad) {
        fail(x, text, bad);
        return;
    }
    if (x->trial && x->trial->fatal && !x->is_live) {
        fail(x, text, apr_psprintf(x->one, "httpd %s: %s", x->trial->reach.is_conf
                                   ? "does not start with this file"
                                   : "answers 500 to everything here", x->trial->fatal));
        return;
    }
    if (text->untold && !x->is_live) {
        leave(x, text, text->untold, &x->sum.opens);
        return;
    }
    unasked = x->is_live ? ctl_live_unasked(x->one, &c) : NULL;
    if (unasked) {
        leave(x, text, apr_pstrcat(x->one, "not asked: ", unasked, NULL), &x->sum.unasked);
        return;
    }
    if (x->is_live) {
        settle(x, text->at, &c);
    }
    r307_case_judge(x->one, &c, text->at, x->is_live ? &x->live.asker : &x->trial->asker,
                    &result);
    take_result(x, text, &c, &result);
}

static void met_case(void *baton, const ctl_case_text_t *text)
{
    testing_t *x = baton;

    ask(x, text);
    apr_pool_clear(x->one);
}

/* --- rules without a case --- */

/* The case that holds now; NULL: none does, as it leads in a circle. */
static const char *case_of_now(testing_t *x, r307_case_t *c, const r307_case_result_t *result)
{
    const char *text;

    if (result->is_circle) {
        return NULL;
    }
    text = print_now(x, c, &result->came, result->hops);
    return r307_text_show_all(x->one, text, strlen(text));
}

/* The first sample that the rule answers itself: 1, and what came. */
static int try_rule(testing_t *x, const r307_rule_t *rule, r307_case_t *c,
                    r307_case_result_t *result)
{
    unsigned variant;

    for (variant = 0; variant < R307_CASE_SAMPLES; variant++) {
        const char *text = r307_case_sample(x->one, rule, x->trial->asker.now, variant);

        *c = x->defaults;
        if (r307_case_parse_asked(x->one, text, c)) {
            continue;
        }
        c->hops = x->demand.hops ? x->demand.hops : c->hops;
        r307_case_judge(x->one, c, NULL, &x->trial->asker, result);
        if (result->came.rule && r307_case_same_place(&result->came.rule->place, &rule->place)
            && result->verdict != R307_CASE_OPEN) {
            return 1;
        }
    }
    return 0;
}

static void demand_of(void *baton, apr_pool_t *p, const r307_rule_t *rule)
{
    testing_t *x = baton;
    ctl_case_text_t text = { .place = rule->place };
    r307_case_result_t result;
    const char *bad;
    r307_case_t c;

    if (try_rule(x, rule, &c, &result)) {
        bad = ctl_demand_broken(x->one, &x->demand, &result);
        text.asked = r307_case_print(x->one, &c, r307_case_answer(x->one, &result.came));
        if (bad) {
            tell_break(x, &text, bad, &result, result.advice);
        }
    }
    apr_pool_clear(x->one);
}

static void suggest_for(void *baton, apr_pool_t *p, const r307_rule_t *rule)
{
    testing_t *x = baton;
    r307_case_result_t result;
    r307_case_t c;
    const char *text;

    if (!ctl_trial_is_covered(x->trial, &rule->place)) {
        text = try_rule(x, rule, &c, &result) ? case_of_now(x, &c, &result) : NULL;
        if (text) {
            printf("# %s:%u\n#? %s\n", rule->place.file, rule->place.line, text);
        }
        else {
            printf("# %s:%u: no case was found that holds\n", rule->place.file,
                   rule->place.line);
        }
    }
    apr_pool_clear(x->one);
}

/* --- cases of what is answered now --- */

static void record(void *baton, const ctl_case_text_t *text)
{
    testing_t *x = baton;
    r307_case_result_t result;
    r307_case_t c = x->defaults;
    const char *bad = text->bad ? text->bad : r307_case_parse_asked(x->one, text->asked, &c);
    const char *now;

    if (!bad) {
        r307_case_judge(x->one, &c, NULL, &x->trial->asker, &result);
        bad = !result.view || result.verdict == R307_CASE_OPEN || result.is_circle
            ? result.why : NULL;
        bad = bad && result.advice
            ? apr_pstrcat(x->one, bad, "; " CTL_VERDICTS_WRITE " ", result.advice, NULL) : bad;
    }
    now = bad ? NULL : case_of_now(x, &c, &result);
    if (now) {
        printf("%s\n", now);
    }
    else {
        x->sum.fails++;
        fflush(stdout);
        fprintf(stderr, "%s:%u: %s\n    %s\n", text->place.file, text->place.line,
                said_of(x->one, text), bad ? bad : "it leads in a circle");
    }
    apr_pool_clear(x->one);
}

/* --- files --- */

/* Its URL, by where a .htaccess lies below the directory that was named; or NULL. */
static const char *base_of(testing_t *x, apr_pool_t *p, const ctl_named_t *found)
{
    size_t len = strlen(x->operand);
    const char *rest = found->path + len, *slash = strrchr(found->path, '/');

    if (!found->is_walked || !slash || strncmp(found->path, x->operand, len) != 0) {
        return NULL;
    }
    rest += strspn(rest, "/");
    return apr_pstrcat(p, x->base ? x->base : "/", slash >= rest
                       ? apr_pstrmemdup(p, rest, (size_t)(slash + 1 - rest)) : "", NULL);
}

static void run_cases(testing_t *x, const char *path)
{
    int i;

    x->unread += !ctl_cases_of(x->trial, path, met_case, x);
    for (i = 0; i < x->files->nelts; i++) {
        x->unread += !ctl_cases_file(x->trial->p, APR_ARRAY_IDX(x->files, i, const char *),
                                     met_case, x);
    }
}

static void run_file(testing_t *x, const char *path)
{
    const char *urls = ctl_args_value(x->args, "record");
    const char *log = ctl_args_value(x->args, "from-log");

    if (urls) {
        x->unread += !ctl_cases_file(x->trial->p, urls, record, x);
    }
    else if (log) {
        x->unread += !ctl_cases_log(x->trial->p, log, record, x);
    }
    else {
        run_cases(x, path);
    }
    if (ctl_args_value(x->args, "suggest")) {
        ctl_trial_each(x->trial, suggest_for, x);
    }
    else if (ctl_demand_is_any(&x->demand)) {
        ctl_trial_each(x->trial, demand_of, x);
    }
    if (!x->is_live) {          /* nobody tells which rule answered */
        x->sum.rules += x->trial->rules;
        x->sum.covered += x->trial->covered;
    }
    x->sum.bad += (unsigned)x->trial->bad;
}

static void take_file(void *baton, const ctl_named_t *found)
{
    testing_t *x = baton;
    ctl_trial_t trial;
    const char *bad;
    apr_pool_t *p;

    apr_pool_create(&p, x->p);
    bad = ctl_trial_load(p, found, x->root, found->is_walked ? NULL : x->base,
                         base_of(x, p, found), &trial);
    if (!bad && !trial.site.ours && !found->is_walked) {
        bad = ctl_site_empty(p, found->name);
    }
    if (bad) {
        x->unread++;
        fprintf(stderr, "redirect307ctl: %s\n", bad);
    }
    else {
        x->trial = &trial;
        run_file(x, found->path);
        x->trial = NULL;
    }
    apr_pool_destroy(p);
}

/* What is installed, or that of -f. */
static void take_whole(testing_t *x)
{
    ctl_trial_t trial;
    const char *bad = ctl_trial_load_whole(x->p, x->args, &trial);

    if (bad) {
        x->unread++;
        fprintf(stderr, "redirect307ctl: %s\n", bad);
        return;
    }
    x->trial = &trial;
    run_file(x, NULL);
    x->trial = NULL;
}

static void tell_unread(void *baton, const char *name, const char *why)
{
    ((testing_t *)baton)->unread++;
    fprintf(stderr, "redirect307ctl: %s\n", why);
}

static void run(testing_t *x)
{
    const ctl_meeting_t meeting = { take_file, tell_unread, x };
    int i;

    for (i = 0; i < x->rules->nelts; i++) {
        x->operand = APR_ARRAY_IDX(x->rules, i, const char *);
        ctl_reach_each(x->p, x->operand, &meeting);
    }
    if (x->is_whole) {
        take_whole(x);
        return;
    }
    for (i = 0; !x->rules->nelts && i < x->files->nelts; i++) {
        x->unread += !ctl_cases_file(x->p, APR_ARRAY_IDX(x->files, i, const char *), met_case,
                                     x);
    }
}

/* --- the command line --- */

static int number_of(const ctl_args_t *args, const char *name, int most, const char **bad)
{
    const char *value = ctl_args_value(args, name);
    int number = value ? (int)r307_text_number(r307_slice(value, strlen(value)), most) : -1;

    if (value && number < 0) {
        *bad = apr_psprintf(args->p, "--%s '%s' is no number up to %d", name,
                            show(args->p, value), most);
    }
    return number;
}

static const char *read_options(testing_t *x)
{
    const ctl_args_t *args = x->args;
    const char *with, *bad = NULL, *live = ctl_args_value(args, "live");
    int i;

    x->root = ctl_args_value(args, "root");
    x->base = ctl_args_value(args, "base");
    if (x->base && (x->base[0] != '/' || x->base[strlen(x->base) - 1] != '/')) {
        return "--base begins and ends with '/'";
    }
    r307_case_none(&x->defaults);
    for (i = 0; (with = ctl_args_nth(args, "with", i)) != NULL; i++) {
        bad = r307_case_parse_keys(args->p, with, &x->defaults);
        if (bad) {
            return apr_psprintf(args->p, "--with '%s': %s", show(args->p, with), bad);
        }
    }
    x->defaults.said = 0;
    x->demand.hops = number_of(args, "max-hops", 20, &bad);
    x->demand.hops = x->demand.hops > 0 ? x->demand.hops : 0;
    x->defaults.hops = x->demand.hops ? x->demand.hops : x->defaults.hops;
    x->cover = number_of(args, "cover", 100, &bad);
    x->demand.https_only = ctl_args_value(args, "https-only") != NULL;
    x->demand.no_foreign = ctl_args_value(args, "no-foreign") != NULL;
    if (!bad && live) {
        x->is_live = 1;
        bad = ctl_live_open(args->p, live, &x->live);
        bad = bad ? apr_psprintf(args->p, "--live '%s' %s", show(args->p, live), bad) : NULL;
    }
    return bad ? bad : ctl_verdicts_begin(args->p, ctl_args_value(args, "format"),
                                          &x->verdicts);
}

static const char *read_operands(testing_t *x)
{
    int i;

    x->rules = apr_array_make(x->p, 4, sizeof(const char *));
    x->files = apr_array_make(x->p, 4, sizeof(const char *));
    for (i = 0; i < x->args->count; i++) {
        APR_ARRAY_PUSH(ctl_cases_is(x->args->words[i]) ? x->files : x->rules, const char *) =
            x->args->words[i];
    }
    x->is_whole = ctl_args_value(x->args, "f") || ctl_args_value(x->args, "D");
    if (x->is_whole && x->rules->nelts) {
        return "-f and -D are of a whole httpd, and a file of rules stands behind them; "
               "leave one of them out";
    }
    x->is_whole = x->is_whole || (!x->rules->nelts && !x->is_live);
    return x->files->nelts && x->rules->nelts > 1
        ? "whose cases are these? name one file of rules beside them" : NULL;
}

/* What is said last, and the exit status. */
static ctl_exit_t finish(testing_t *x)
{
    int lacks = x->cover >= 0 && ctl_verdicts_percent(&x->sum) < (unsigned)x->cover;

    if (x->unread && !x->sum.cases && !x->sum.rules) {
        return CTL_EXIT_UNKNOWN;        /* no sum behind an error alone */
    }
    ctl_verdicts_end(&x->verdicts, &x->sum);
    fflush(stdout);             /* the sum comes first, wherever both go */
    if (lacks) {
        fprintf(stderr, "%u %% of the rules are covered, and %d %% are demanded; "
                "redirect307ctl test --suggest writes the cases\n",
                ctl_verdicts_percent(&x->sum), x->cover);
    }
    if (x->live.skew) {
        fprintf(stderr, "the clock of %s is %d s %s this one: what begins or ends in these "
                "seconds may differ\n", x->live.base, abs((int)apr_time_sec(x->live.skew)),
                x->live.skew > 0 ? "ahead of" : "behind");
    }
    if (x->sum.fails || x->sum.breaks || x->sum.bad || lacks) {
        return CTL_EXIT_FINDINGS;
    }
    if (!x->sum.cases && !ctl_demand_is_any(&x->demand) && !x->unread) {
        fprintf(stderr, "there is no case; write one above a rule, as #? /old -> 307 /new, "
                "or see redirect307ctl test --suggest\n");
        return CTL_EXIT_UNKNOWN;
    }
    return x->unread || x->sum.opens ? CTL_EXIT_UNKNOWN : CTL_EXIT_FINE;
}

ctl_exit_t ctl_cmd_test(const ctl_args_t *args)
{
    testing_t x = { .p = args->p, .args = args };
    const char *bad = read_options(&x);
    int makes = ctl_args_value(args, "record") || ctl_args_value(args, "from-log")
                || ctl_args_value(args, "suggest");

    bad = bad ? bad : read_operands(&x);
    if (!bad && makes && !x.is_whole && x.rules->nelts != 1) {
        bad = "cases are made of the rules of one file; name it";
    }
    if (bad) {
        return ctl_args_refuse(args, bad);
    }
    apr_pool_create(&x.one, args->p);
    x.is_quiet = makes;
    run(&x);
    if (!makes) {
        return finish(&x);
    }
    return x.unread ? CTL_EXIT_UNKNOWN
        : x.sum.fails && !ctl_args_value(args, "suggest") ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}
