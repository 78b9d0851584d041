/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_trial.h"

#include <string.h>
#include <apr_general.h>
#include <apr_strings.h>

#include "conf/place_take.h"
#include "ctl_halt.h"
#include "ctl_print.h"

int ctl_trial_asks(const ctl_trial_t *trial, const ctl_line_t *line)
{
    return trial->is_whole || !line->container;
}

/* --- loading --- */

static void tell_map(void *baton, const ctl_line_t *line, const ctl_told_t *told)
{
    ctl_print(stderr, ctl_told_say(((ctl_trial_t *)baton)->p, told));
}

static void tell_bad(ctl_trial_t *trial, const ctl_line_t *line, const char *why)
{
    trial->bad++;
    ctl_print(stderr, ctl_line_say(trial->p, line, why));
}

static void add_cover(ctl_trial_t *trial, const char *file, unsigned lines)
{
    ctl_cover_t *cover = apr_array_push(trial->covers);

    cover->file = file;
    cover->lines = lines;
    cover->bits = apr_pcalloc(trial->p, lines / 8 + 1);
}

static void see_file(ctl_trial_t *trial, const ctl_reach_t *reach)
{
    int i;

    for (i = 0; i < trial->covers->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(trial->covers, i, ctl_cover_t).file, reach->name) == 0) {
            return;
        }
    }
    add_cover(trial, reach->name, (unsigned)reach->len + 1);
}

static void take_map(ctl_trial_t *trial, const ctl_line_t *line)
{
    const ctl_site_map_t *map = line->map;
    const r307_rule_t *last;
    apr_uint32_t count;

    trial->bad += (int)map->loaded.bad;
    if (map->bad && line->reach && !map->is_elsewhere) {
        tell_bad(trial, line, map->bad);
    }
    if (!ctl_trial_asks(trial, line) || !map->image) {
        trial->elsewhere++;
        return;
    }
    count = r307_image_count(map->image);
    trial->rules += count - map->loaded.stays;
    last = count ? r307_image_rule(trial->p, map->image, count - 1) : NULL;
    if (last) {
        add_cover(trial, last->place.file, last->place.line);
    }
}

static void take_line(ctl_trial_t *trial, const ctl_line_t *line)
{
    if (line->is_fatal && !trial->fatal) {
        trial->fatal = ctl_line_text(trial->p, line, line->bad);
    }
    switch (line->kind) {
    case CTL_LINE_BAD:
        tell_bad(trial, line, line->bad);
        break;
    case CTL_LINE_MAP:
        take_map(trial, line);
        break;
    case CTL_LINE_UNPLACED:
        trial->elsewhere++;
        break;
    case CTL_LINE_RULE:
        trial->rules += (apr_uint32_t)ctl_trial_asks(trial, line);
        see_file(trial, line->reach);
        trial->elsewhere += !ctl_trial_asks(trial, line);
        break;
    case CTL_LINE_MAINTENANCE:
        if (ctl_trial_asks(trial, line)) {
            APR_ARRAY_PUSH(trial->lines, const r307_maintenance_t *) = line->maintenance;
        }
        trial->elsewhere += !ctl_trial_asks(trial, line);
        break;
    case CTL_LINE_SETTING:
        if (ctl_trial_asks(trial, line)) {
            r307_place_take(trial->p, trial->conf, line->row, &line->said, !line->is_conf, "");
        }
        break;
    }
}

void ctl_trial_take(ctl_trial_t *trial)
{
    int i;

    trial->covers = apr_array_make(trial->p, 2, sizeof(ctl_cover_t));
    trial->lines = apr_array_make(trial->p, 2, sizeof(const r307_maintenance_t *));
    trial->conf = r307_config_create(trial->p, NULL);
    for (i = 0; i < trial->site.lines->nelts; i++) {
        take_line(trial, APR_ARRAY_IDX(trial->site.lines, i, const ctl_line_t *));
    }
}

/* --- asking --- */

static const char *flag_name(const void *flag)
{
    return ((const ctl_flag_place_t *)flag)->file;
}

/* Flags are there if the case says so. */
static void see_flag(void *baton, const r307_view_t *view, const r307_maintenance_t *line,
                     r307_flag_seen_t *seen)
{
    const r307_case_t *c = ((const r307_case_view_t *)view->baton)->c;
    int i;

    memset(seen, 0, sizeof(*seen));
    for (i = 0; c->flags && i < c->flags->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(c->flags, i, const char *), line->flag) == 0) {
            seen->exists = 1;
            seen->made = view->now;
        }
    }
}

/* 1 when a maintenance line is the answer. */
static int ask_halt(ctl_trial_t *trial, apr_pool_t *p, const r307_view_t *view,
                    r307_case_came_t *came)
{
    ctl_halt_t of = { (const r307_maintenance_t *const *)(const void *)trial->lines->elts,
                      trial->lines->nelts, &trial->reach, trial->scope.base, see_flag, NULL };
    r307_halt_decision_t decision;

    if (!of.count) {
        return 0;
    }
    ctl_halt_ask(p, &of, view, &decision);
    switch (decision.outcome) {
    case R307_HALT_NO:
    case R307_HALT_LET:
    case R307_HALT_OPEN:
        return 0;
    case R307_HALT_HOLD:
        came->status = 503;
        break;
    case R307_HALT_SHOW:
        came->status = 200;
        break;
    default:
        came->status = 307;
        came->location = decision.location;
    }
    came->outcome = R307_OUTCOME_ANSWER;
    came->rule = &decision.line->rule;
    return 1;
}

static void take_decision(ctl_trial_t *trial, apr_pool_t *p,
                          const r307_decision_t *decision, r307_case_came_t *came)
{
    const r307_verdict_row_t *verdict;

    came->outcome = decision->outcome;
    came->status = decision->status;
    came->location = decision->location;
    came->rule = decision->rule;
    came->max_age = decision->max_age;
    came->cookies = decision->cookies;
    if (decision->outcome != R307_OUTCOME_REFUSE) {
        return;
    }
    if (r307_config_value(trial->conf, R307_SETTING_REFUSE) == R307_REFUSE_PASS) {
        came->outcome = R307_OUTCOME_PASS;
    }
    verdict = r307_verdict_row(decision->verdict);
    came->refused = apr_psprintf(p, "%s, '%s' %s", verdict->id,
        r307_text_show(p, decision->offending, decision->offending_len), verdict->why);
}

static void ask(void *baton, apr_pool_t *p, r307_case_view_t *view,
                r307_case_came_t *came)
{
    ctl_trial_t *trial = baton;
    r307_decision_t decision;

    memset(came, 0, sizeof(*came));
    if (r307_config_engine(trial->conf) != R307_ENGINE_ON
        || ask_halt(trial, p, &view->view, came)) {
        return;
    }
    r307_decide(p, &trial->scope, 1, &trial->policy, &view->view, &decision);
    take_decision(trial, p, &decision, came);
}

static void set_asker(ctl_trial_t *trial, const char *base, const char *likely)
{
    const r307_config_t *conf = trial->conf;
    r307_policy_t policy = { (int)r307_config_value(conf, R307_SETTING_RELATIVE), conf->allow,
                             r307_config_exempt(trial->p, conf), R307_STEPS_DEFAULT, NULL, 1,
                             NULL, NULL };
    r307_slice_t url = r307_slice("/", 1);

    if (!base && conf->bases && conf->bases->nelts) {
        url = APR_ARRAY_IDX(conf->bases, 0, r307_base_t).url;
    }
    else if (base || likely) {
        base = base ? base : likely;
        url = r307_slice(base, strlen(base));
    }
    trial->policy = policy;
    if (trial->scope.directory) {
        trial->scope.base = url;
    }
    trial->asker.ask = ask;
    trial->asker.flag_name = flag_name;
    trial->asker.baton = trial;
    trial->asker.now = apr_time_now();
    trial->asker.base = trial->scope.base;
    trial->asker.knows_rules = 1;
}

static void freeze(ctl_trial_t *trial, r307_ruleset_t *rules)
{
    apr_uint64_t seed;

    apr_generate_random_bytes((unsigned char *)&seed, sizeof(seed));
    if (!rules->index) {
        r307_ruleset_freeze(trial->p, rules, seed, 0);
    }
}

const char *ctl_trial_load(apr_pool_t *p, const ctl_named_t *found, const char *root,
                           const char *base, const char *likely, ctl_trial_t *trial)
{
    r307_ruleset_t *rules;
    const char *bad;
    int i;

    memset(trial, 0, sizeof(*trial));
    trial->p = p;
    trial->name = found->name;
    ctl_site_make(&trial->site, p);
    trial->site.root = root;
    trial->site.keeps_maps = 1;
    trial->site.tell = tell_map;
    trial->site.baton = trial;
    bad = ctl_site_load(&trial->site, found, &trial->reach);
    if (bad) {
        return bad;
    }
    ctl_trial_take(trial);
    trial->scope.directory = !ctl_map_is(found->path) && !trial->reach.is_conf;
    for (i = 0; i < trial->site.lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(trial->site.lines, i, const ctl_line_t *);

        trial->scope.directory |= !line->reach && !line->is_conf;
    }
    rules = APR_ARRAY_IDX(trial->site.containers, 0, ctl_container_t).rules;
    freeze(trial, rules);
    trial->scope.rules = rules;
    set_asker(trial, base, likely);
    return NULL;
}

/* --- which were asked --- */

static ctl_cover_t *cover_of(const ctl_trial_t *trial, const r307_place_t *place)
{
    ctl_cover_t *cover;
    int i;

    for (i = 0; i < trial->covers->nelts; i++) {
        cover = &APR_ARRAY_IDX(trial->covers, i, ctl_cover_t);
        if (place->line <= cover->lines && place->file
            && (cover->file == place->file || strcmp(cover->file, place->file) == 0)) {
            return cover;
        }
    }
    return NULL;
}

int ctl_trial_is_covered(const ctl_trial_t *trial, const r307_place_t *place)
{
    const ctl_cover_t *cover = cover_of(trial, place);

    return cover && (cover->bits[place->line / 8] & 1u << place->line % 8) != 0;
}

void ctl_trial_cover(ctl_trial_t *trial, const r307_place_t *place)
{
    ctl_cover_t *cover = cover_of(trial, place);
    int i;

    for (i = 0; i < trial->lines->nelts; i++) {     /* these are no rules */
        if (r307_case_same_place(place, &APR_ARRAY_IDX(trial->lines, i,
                                                       const r307_maintenance_t *)
                                             ->rule.place)) {
            return;
        }
    }
    if (cover && !ctl_trial_is_covered(trial, place) && trial->covered < trial->rules) {
        cover->bits[place->line / 8] |= (unsigned char)(1u << place->line % 8);
        trial->covered++;
    }
}

static void each_of_map(apr_pool_t *p, const r307_image_t *image,
                        void (*met)(void *baton, apr_pool_t *p, const r307_rule_t *rule),
                        void *baton)
{
    apr_pool_t *one;
    apr_uint32_t i;

    apr_pool_create(&one, p);
    for (i = 0; i < r307_image_count(image); i++) {
        const r307_rule_t *rule = r307_image_rule(one, image, i);

        if (rule) {
            met(baton, one, rule);
        }
        apr_pool_clear(one);
    }
    apr_pool_destroy(one);
}

void ctl_trial_each(ctl_trial_t *trial, void (*met)(void *baton, apr_pool_t *p,
                                                    const r307_rule_t *rule), void *baton)
{
    apr_pool_t *one;
    int i;

    apr_pool_create(&one, trial->p);
    for (i = 0; i < trial->site.lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(trial->site.lines, i, const ctl_line_t *);

        if (line->kind == CTL_LINE_RULE && ctl_trial_asks(trial, line)) {
            met(baton, one, line->rule);
            apr_pool_clear(one);
        }
        if (line->kind == CTL_LINE_MAP && ctl_trial_asks(trial, line) && line->map->image) {
            each_of_map(trial->p, line->map->image, met, baton);
        }
    }
    apr_pool_destroy(one);
}

typedef struct passing_t {
    apr_pool_t *p;
    apr_array_header_t *list;
} passing_t;

static void trace(void *baton, const r307_rule_t *rule, r307_skip_t step, const char *detail)
{
    passing_t *x = baton;

    APR_ARRAY_PUSH(x->list, const char *) = apr_psprintf(
        x->p, "%s:%u: %s%s%s", rule->place.file, rule->place.line, r307_skip_text(step),
        detail ? ": " : "", detail ? r307_text_show(x->p, detail, strlen(detail)) : "");
}

apr_array_header_t *ctl_trial_passed(ctl_trial_t *trial, apr_pool_t *p,
                                     const r307_case_view_t *view)
{
    passing_t x = { p, apr_array_make(p, 4, sizeof(const char *)) };
    r307_policy_t policy = trial->policy;
    r307_decision_t decision;

    if (trial->is_whole) {
        return x.list;
    }
    policy.trace = trace;
    policy.trace_baton = &x;
    r307_decide(p, &trial->scope, 1, &policy, &view->view, &decision);
    return x.list;
}
