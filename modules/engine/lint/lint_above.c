/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_above.h"
#include "lint/lint_alone.h"
#include "lint/lint_ask.h"
#include "lint/lint_covers.h"
#include "lint/regex_sample.h"

#include <string.h>
#include <apr_strings.h>

#define LOOKED_MOST 64          /* rules above that are compared with one below */
#define SAMPLES_MOST 4
#define CLEARED_EACH 64         /* rules: what was made for them is given back */
#define SEED 0x9E3779B97F4A7C15ull

typedef struct upper_t {
    const r307_rule_t *rule;    /* NULL: that of a plain line, of `set` */
    apr_uint32_t nth;
    int same;                   /* the next one with the same text of a regex; -1: none */
} upper_t;

typedef struct text_t {
    int first, last;
} text_t;

struct r307_above_t {
    apr_pool_t *p;
    apr_array_header_t *uppers;     /* of upper_t */
    apr_hash_t *regexes;            /* text to text_t: places in `uppers` */
    r307_index_builder_t *builder;
    const r307_image_t *image;      /* or the rules of this one, and no uppers */
    const r307_ruleset_t *rules;    /* or these, and only regexes among the uppers */
    const r307_ruleset_t *set;      /* where plain lines among the uppers stand */
    const r307_index_t *index;      /* over `uppers`, by their path alone, or the image's, or
                                     * that of `rules` */
    r307_policy_t policy;
    r307_view_t view;               /* but for its path */
};

/* A pair, and paths that the rule below matches: decoded, and as a request has them. */
typedef struct pair_t {
    apr_pool_t *p;
    const r307_above_t *above;
    const r307_rule_t *upper, *lower;
    const char *samples[SAMPLES_MOST];
    int count;
} pair_t;

static const r307_slice_t root = { "/", 1 };

/* --- when and for whom --- */

static int is_late(const r307_rule_t *rule)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        if (rule->conds[i].kind->order != R307_ORDER_PLAIN || rule->conds[i].waits) {
            return 1;
        }
    }
    return rule->waits || rule->group;
}

/* Whether an earlier rule with its source may have it asked before its turn: languages of one
 * source are compared. */
static int is_called_forward(const r307_rule_t *rule)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        if (rule->conds[i].kind->order == R307_ORDER_LANG) {
            return 1;
        }
    }
    return 0;
}

static int is_insertion_known(const r307_target_t *target)
{
    int i;

    for (i = 0; i < target->count; i++) {
        if (target->parts[i].kind == R307_PART_EXPR
            || target->parts[i].kind == R307_PART_ARG) {
            return 0;
        }
    }
    return 1;
}

/* Whether it always ends the search, but for its own URL. */
static int is_answering(const r307_rule_t *rule)
{
    switch (rule->target->kind) {
    case R307_TARGET_STOP:          /* mostly it stands in for a bad line */
    case R307_TARGET_HTTPS:
    case R307_TARGET_WHOLE:
        return 0;
    default:
        return rule->pattern && !rule->hosts && !is_late(rule)
            && is_insertion_known(rule->target);
    }
}

static int has_cond(const r307_rule_t *rule, const r307_cond_t *cond)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        const r307_cond_t *own = &rule->conds[i];

        if (own->kind == cond->kind && own->negate == cond->negate && own->value
            && cond->value && strcmp(own->value, cond->value) == 0) {
            return 1;
        }
    }
    return 0;
}

static int asks_no_more(const r307_rule_t *upper, const r307_rule_t *lower)
{
    int i;

    for (i = 0; i < upper->cond_count; i++) {
        if (!has_cond(lower, &upper->conds[i])) {
            return 0;
        }
    }
    return upper->options_named || !lower->options_named;
}

static int holds_as_long(const r307_plan_t *upper, const r307_plan_t *lower)
{
    if (upper->from.text && (!lower->from.text || lower->from.when < upper->from.when)) {
        return 0;
    }
    return !upper->until.text || upper->then > R307_THEN_STOP
        || (lower->until.text && lower->then <= R307_THEN_STOP
            && lower->until.when <= upper->until.when);
}

/* --- whether it passes its own URL on --- */

/* What is written of the target's path, decoded, as far as the first insertion; empty when
 * it is not known. */
static r307_slice_t target_path(apr_pool_t *p, const r307_rule_t *rule)
{
    const r307_target_t *target = rule->target;
    const r307_path_t *path;
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 64);
    if (target->kind == R307_TARGET_RELATIVE) {
        if (!rule->pattern->relative || strchr("./?#", target->text[0])) {
            return r307_slice("", 0);
        }
        r307_buf_putc(&buf, '/');
    }
    for (i = 0; i < target->count && target->parts[i].in <= R307_IN_PATH; i++) {
        if (target->parts[i].kind != R307_PART_LITERAL) {
            break;
        }
        r307_buf_add(&buf, target->parts[i].text.s, target->parts[i].text.len);
    }
    if (!buf.len || buf.s[0] != '/') {
        return root;
    }
    path = r307_path_make(p, r307_slice(buf.s, buf.len));
    return r307_slice(path->dec, path->len);
}

static int is_below(r307_slice_t path, r307_slice_t head)
{
    size_t len = head.len > 1 && head.s[head.len - 1] == '/' ? head.len - 1 : head.len;

    return r307_path_below(path.s, path.len, head.s, len, 1);
}

static int count_segs(r307_slice_t path)
{
    size_t i;
    int count = 0;

    for (i = 0; i < path.len; i++) {
        count += path.s[i] == '/' && i + 1 < path.len;
    }
    return count;
}

/* A path of the server and one of a directory that nobody knows: whether they can meet. */
static int may_meet(apr_pool_t *p, r307_slice_t server, r307_slice_t own)
{
    size_t len = own.len > 1 ? 1 + strcspn(own.s + 1, "/") : 1;
    const char *first = apr_pstrmemdup(p, own.s, len < own.len ? len : own.len);

    return strstr(r307_slice_text(p, server), first) != NULL;
}

/* Whether the rule above may leave a request of the rule below to it, as what comes out is
 * what was asked, or lies below its own target. */
static int may_lead_to_itself(const pair_t *pair)
{
    const r307_target_t *target = pair->upper->target;
    r307_slice_t to = target_path(pair->p, pair->upper), from = pair->lower->head;
    int is_same_place = target->kind == R307_TARGET_RELATIVE
        || !pair->upper->pattern->relative;

    if (target->kind == R307_TARGET_NONE) {
        return 0;
    }
    if (!to.len || (!is_same_place && may_meet(pair->p, to, from))) {
        return 1;
    }
    if (!is_same_place) {
        return 0;
    }
    if (count_segs(to) > count_segs(pair->upper->head)
        && (is_below(from, to) || is_below(to, from))) {
        return 1;
    }
    return !target->inserts && !pair->upper->carry && is_below(to, from)
        && !r307_covers_one(pair->lower->pattern);
}

/* --- samples --- */

static void add_sample(pair_t *pair, r307_slice_t dec)
{
    r307_buf_t buf;

    if (pair->count == SAMPLES_MOST || !r307_covers_finds(pair->p, pair->lower->pattern, dec)) {
        return;
    }
    r307_buf_make(&buf, pair->p, dec.len + 8);
    r307_text_encode(&buf, dec.s, dec.len, R307_LAND_PATH, R307_FORM_ENCODED);
    pair->samples[pair->count++] = buf.s;
}

static void add_text(pair_t *pair, const char *dec)
{
    add_sample(pair, r307_slice(dec, strlen(dec)));
}

/* Names and the star as words that are no others. */
static const char *fill(apr_pool_t *p, const r307_pattern_t *pattern)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 64);
    for (i = 0; i < pattern->seg_count; i++) {
        const r307_seg_t *seg = &pattern->segs[i];

        r307_buf_putc(&buf, '/');
        if (seg->is_name) {
            r307_buf_puts(&buf, apr_psprintf(p, "q%dz", i));
            continue;
        }
        r307_buf_add(&buf, seg->text.s, seg->text.len);
        if (seg->has_star) {
            r307_buf_puts(&buf, "q/z");
            r307_buf_add(&buf, seg->after.s, seg->after.len);
        }
    }
    if (pattern->splat && pattern->star == pattern->seg_count) {
        r307_buf_puts(&buf, "/qz/zq");
    }
    if (pattern->final_slash) {
        r307_buf_putc(&buf, '/');
    }
    return buf.len ? buf.s : "/";
}

static void make_samples(pair_t *pair)
{
    const r307_pattern_t *pattern = pair->lower->pattern;
    r307_slice_t head = pattern->head;
    unsigned i;

    for (i = 0; pattern->regex && i < R307_SAMPLE_VARIANTS; i++) {
        add_text(pair, r307_sample_make(pair->p, pattern->text, i));
    }
    if (pattern->segs) {
        add_text(pair, fill(pair->p, pattern));
    }
    if (pattern->regex || pattern->segs) {
        return;
    }
    add_sample(pair, head);
    if (pattern->match == R307_MATCH_PREFIX) {
        add_text(pair, apr_pstrcat(pair->p, r307_slice_text(pair->p, head),
                                   head.s[head.len - 1] == '/' ? "qz" : "/qz", NULL));
    }
}

/* What a rule answers there; where it leads to its own host, that host is asked. */
static void ask(const pair_t *pair, const r307_rule_t *rule, const r307_self_t *self,
                const char *sample, r307_decision_t *decision)
{
    r307_ruleset_t none;
    r307_scope_t scope;
    r307_view_t view;

    memset(&none, 0, sizeof(none));
    memset(&scope, 0, sizeof(scope));
    memset(decision, 0, sizeof(*decision));
    scope.rules = &none;
    if (rule->pattern->relative) {
        scope.directory = 1;
        scope.base = root;
    }
    if (r307_ask_view(pair->p, self, sample, &view)) {
        r307_ask_one(pair->p, &scope, r307_ask_bare(pair->p, rule, R307_BARE_SOURCE).rule,
                     &pair->above->policy, &view, decision);
    }
}

/* Whether a Location has the path that was asked for, whatever its letter case and its final
 * slash: with another query, or on another host, it may be the very URL. */
static int leads_back(apr_pool_t *p, const char *sample, const char *location)
{
    const r307_path_t *from, *to;
    r307_url_t url;

    if (!location) {
        return 0;
    }
    r307_url_split(location, strlen(location), &url);
    from = r307_path_with_slash(p, r307_path_make(p, r307_slice(sample, strlen(sample))));
    to = r307_path_with_slash(p, r307_path_make(p, url.path.len ? url.path : root));
    return r307_text_same_fold(from->dec, from->len, to->dec, to->len);
}

/* Whether the rule above answers every sample, on whatever host and scheme. */
static int answers_samples(const pair_t *pair)
{
    const r307_target_t *target = pair->upper->target;
    r307_self_t self = { "http", "localhost", 80 };
    int i, is_https;

    if (target->kind == R307_TARGET_URL && target->host.s) {
        self.host = r307_slice_text(pair->p, target->host);
    }
    for (i = 0; i < 2 * pair->count; i++) {
        r307_decision_t decision;

        is_https = i % 2;
        self.scheme = is_https ? "https" : "http";
        self.port = target->port ? target->port : is_https ? 443 : 80;
        ask(pair, pair->upper, &self, pair->samples[i / 2], &decision);
        if ((decision.outcome != R307_OUTCOME_ANSWER
             && decision.outcome != R307_OUTCOME_REFUSE)
            || leads_back(pair->p, pair->samples[i / 2], decision.location)) {
            return 0;
        }
    }
    return pair->count > 0;
}

/* Whether both answer the same to every sample. */
static int is_repeated(const pair_t *pair)
{
    static const r307_self_t self = { "https", "localhost", 443 };
    int i;

    for (i = 0; i < pair->count; i++) {
        r307_decision_t a, b;

        ask(pair, pair->upper, &self, pair->samples[i], &a);
        ask(pair, pair->lower, &self, pair->samples[i], &b);
        if (a.outcome != R307_OUTCOME_ANSWER || b.outcome != R307_OUTCOME_ANSWER
            || a.status != b.status || !a.location || !b.location
            || strcmp(a.location, b.location) != 0) {
            return 0;
        }
    }
    return 1;
}

/* --- the list --- */

r307_above_t *r307_above_make(apr_pool_t *p)
{
    static const r307_self_t nobody = { "http", "localhost", 80 };
    r307_above_t *above = apr_pcalloc(p, sizeof(*above));

    above->p = p;
    above->uppers = apr_array_make(p, 16, sizeof(upper_t));
    above->regexes = apr_hash_make(p);
    above->builder = r307_index_builder_make(p, SEED);
    r307_ask_policy(p, &above->policy);
    r307_ask_view(p, &nobody, "/", &above->view);
    return above;
}

r307_above_t *r307_above_of_image(apr_pool_t *p, const r307_image_t *image)
{
    r307_above_t *above = r307_above_make(p);

    above->image = image;
    above->index = r307_image_index(image);
    return above;
}

static void chain(r307_above_t *above, const r307_pattern_t *pattern, int at)
{
    text_t *text = apr_hash_get(above->regexes, pattern->text, APR_HASH_KEY_STRING);

    if (text) {
        APR_ARRAY_IDX(above->uppers, text->last, upper_t).same = at;
        text->last = at;
        return;
    }
    text = apr_palloc(above->p, sizeof(*text));
    text->first = text->last = at;
    apr_hash_set(above->regexes, pattern->text, APR_HASH_KEY_STRING, text);
}

static void add_upper(r307_above_t *above, const r307_rule_t *rule, apr_uint32_t nth)
{
    upper_t *upper = apr_array_push(above->uppers);

    upper->rule = rule;
    upper->nth = nth;
    upper->same = -1;
    if (rule->pattern->regex) {
        chain(above, rule->pattern, above->uppers->nelts - 1);
    }
}

void r307_above_add(r307_above_t *above, const r307_rule_t *rule, apr_uint32_t nth)
{
    if (is_answering(rule)) {
        add_upper(above, rule, nth);
        r307_index_add(above->builder, rule->pattern, NULL, 0);
    }
}

/* Not each at once as a rule, as there may be very many. */
static void add_plain(r307_above_t *above, const r307_ruleset_t *set, int number)
{
    r307_literal_t room;
    upper_t *upper = apr_array_push(above->uppers);

    upper->rule = NULL;
    upper->nth = (apr_uint32_t)number;
    upper->same = -1;
    r307_index_add(above->builder, r307_ruleset_look(set, number, &room)->pattern, NULL, 0);
}

/* Whether the index of a list finds its rules by their path alone. */
static int is_by_path(const r307_ruleset_t *set)
{
    int i;

    for (i = 0; i < set->rules->nelts; i++) {
        const r307_rule_t *rule = r307_ruleset_kept(set, i);

        if (rule && rule->cond_count) {
            return 0;
        }
    }
    return set->index && !set->left_out;
}

/* All rules of a list, and its own index if that will do. */
static void add_all(r307_above_t *above, const r307_ruleset_t *set)
{
    int is_own = is_by_path(set), i;

    above->set = set;
    for (i = 0; i < set->rules->nelts; i++) {
        const r307_rule_t *rule = r307_ruleset_kept(set, i);

        if (!is_own && !rule) {
            add_plain(above, set, i);
        }
        else if (!is_own) {
            r307_above_add(above, rule, (apr_uint32_t)i);
        }
        else if (rule && rule->pattern && rule->pattern->regex && is_answering(rule)) {
            add_upper(above, rule, (apr_uint32_t)i);
        }
    }
    if (is_own) {
        above->rules = set;
        above->index = set->index;
    }
    else {
        r307_above_freeze(above);
    }
}

apr_uint32_t r307_above_freeze(r307_above_t *above)
{
    if (above->uppers->nelts) {
        void *bytes = apr_palloc(above->p, r307_index_size(above->builder));

        r307_index_write(above->builder, bytes);
        above->index = bytes;
    }
    return (apr_uint32_t)above->uppers->nelts;
}

static int is_above(pair_t *pair)
{
    if (is_called_forward(pair->lower) || !asks_no_more(pair->upper, pair->lower)
        || !holds_as_long(&pair->upper->plan, &pair->lower->plan)
        || !r307_covers(pair->p, pair->upper->pattern, pair->lower->pattern)
        || may_lead_to_itself(pair)) {
        return 0;
    }
    pair->count = 0;
    make_samples(pair);
    return answers_samples(pair);
}

static void say(const pair_t *pair, apr_array_header_t *doubts)
{
    r307_finding_t finding = is_repeated(pair) ? R307_FINDING_REPEATED
                                               : R307_FINDING_SHADOWED;
    const r307_rule_t *upper = pair->upper, *lower = pair->lower;
    int is_same = r307_covers(pair->p, lower->pattern, upper->pattern);

    r307_lint_push(finding, lower, apr_psprintf(pair->p, "%s '%s' %s: %s:%u answers %sfirst, by '%s'; %s",
        r307_finding_row(finding)->id,
        r307_text_show(pair->p, lower->source, strlen(lower->source)),
        r307_finding_row(finding)->why, upper->place.file ? upper->place.file : "-",
        upper->place.line, is_same ? "" : "all of it ",
        r307_text_show(pair->p, upper->source, strlen(upper->source)),
        is_same || finding == R307_FINDING_REPEATED ? "take one of the two lines out"
                                                    : "put this line above that one"),
        doubts);
}

/* 1: something was said. */
static int compare(pair_t *pair, const upper_t *upper, apr_uint32_t nth,
                   apr_array_header_t *doubts)
{
    pair->upper = upper->rule;
    if (upper->nth >= nth || !upper->rule || !is_answering(upper->rule) || !is_above(pair)) {
        return 0;
    }
    say(pair, doubts);
    return 1;
}

void r307_above_ask(apr_pool_t *p, const r307_above_t *above, const r307_rule_t *rule,
                    apr_uint32_t nth, apr_array_header_t *doubts)
{
    pair_t pair = { p, above, NULL, rule, { NULL }, 0 };
    r307_asked_t asked = { NULL, NULL, 0, NULL, R307_TIMES_ALL, 0, NULL };
    r307_candidates_t candidates;
    const char *sample;
    r307_path_t path = { NULL, 0, NULL, 0, NULL };
    apr_uint32_t at;
    const text_t *text;
    r307_view_t view = above->view;
    int i, looked = 0;

    if (!above->index || !rule->pattern || !rule->source) {
        return;
    }
    text = rule->pattern->regex ? apr_hash_get(above->regexes, rule->pattern->text,
                                               APR_HASH_KEY_STRING) : NULL;
    for (i = text ? text->first : -1; i >= 0 && looked++ < LOOKED_MOST;
         i = APR_ARRAY_IDX(above->uppers, i, upper_t).same) {
        if (compare(&pair, &APR_ARRAY_IDX(above->uppers, i, upper_t), nth, doubts)) {
            return;
        }
    }
    sample = rule->pattern->segs ? fill(p, rule->pattern) : rule->pattern->head.s;
    path.dec = path.enc = sample;
    path.len = path.enc_len = rule->pattern->segs ? strlen(sample) : rule->pattern->head.len;
    view.path = &path;
    asked.view = &view;
    asked.in_base = &path;
    r307_index_find(p, above->index, &asked, &candidates);
    while (looked < LOOKED_MOST && r307_candidates_next(&candidates, &at)) {
        upper_t upper = { NULL, at, -1 };

        if (above->rules) {
            upper.rule = r307_ruleset_rule(p, above->rules, (int)at);
            if (at < nth && !is_answering(upper.rule)) {
                continue;       /* none of those that may be above */
            }
        }
        else if (!above->image) {
            upper = APR_ARRAY_IDX(above->uppers, at, upper_t);
            if (!upper.rule && upper.nth < nth) {
                upper.rule = r307_ruleset_rule(p, above->set, (int)upper.nth);
            }
        }
        else if (at < nth) {
            upper.rule = r307_image_rule(p, above->image, at);
        }
        looked++;
        if (upper.nth >= nth || compare(&pair, &upper, nth, doubts)) {
            return;
        }
    }
}

void r307_above_audit(apr_pool_t *p, const r307_ruleset_t *rules,
                      const unsigned char *flags, apr_array_header_t *doubts)
{
    apr_pool_t *own, *scratch;
    r307_above_t *above;
    int i, k;

    apr_pool_create(&own, p);
    apr_pool_create(&scratch, own);
    above = r307_above_make(own);
    add_all(above, rules);
    for (i = 0; i < rules->rules->nelts; i++) {
        apr_array_header_t said = { scratch, sizeof(r307_doubt_t), 0, 0, NULL };

        if (above->rules && flags[i] & R307_ALONE_SOURCE) {
            continue;           /* by the same index */
        }
        r307_above_ask(scratch, above, r307_ruleset_rule(scratch, rules, i), (apr_uint32_t)i,
                       &said);
        for (k = 0; k < said.nelts; k++) {
            r307_doubt_t doubt = APR_ARRAY_IDX(&said, k, r307_doubt_t);

            doubt.text = apr_pstrdup(p, doubt.text);
            doubt.rule = r307_plain_keep(p, doubt.rule);
            APR_ARRAY_PUSH(doubts, r307_doubt_t) = doubt;
        }
        if (said.nelts || i % CLEARED_EACH == 0) {
            apr_pool_clear(scratch);
        }
    }
    apr_pool_destroy(own);
}
