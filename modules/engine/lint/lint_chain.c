/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_chain.h"
#include "lint/lint_ask.h"

#include <string.h>
#include <apr_strings.h>

#define FOLLOWED_MOST 50000     /* lines of all maps */
#define NAMED_MOST 6            /* rules of one chain in a message */
#define ASKED_MOST 64           /* rules of one hop: of many that have one source each would
                                 * ask all others */

typedef struct hop_t {
    const r307_rule_t *rule;
    const char *location;
} hop_t;

typedef struct walk_t {
    apr_pool_t *p;              /* of one chain */
    const r307_bares_t *bares;
    const r307_loop_site_t *site;
    const r307_policy_t *policy;
    hop_t way[R307_LOOP_HOPS];
    int hops;
} walk_t;

/* Whether a Location differs from what was asked by its origin alone: asked at that origin
 * the rule does nothing, and which one it is nobody knows here. */
static int changes_origin_only(apr_pool_t *p, const r307_view_t *view, const char *location)
{
    static const r307_slice_t root = { "/", 1 };
    r307_url_t url;

    r307_url_split(location, strlen(location), &url);
    return url.host.s && r307_path_is(p, view->path, url.path.len ? url.path : root);
}

/* A rule of a map, or of a plain line, is another one each time it is met, and its line the
 * same. */
static int is_same(const r307_rule_t *a, const r307_rule_t *b)
{
    const r307_place_t *x = &a->place, *y = &b->place;

    return a == b || (a->is_made && b->is_made && a->source == b->source)
        || (x->line == y->line && x->file && y->file && strcmp(x->file, y->file) == 0);
}

/* The first rule that answers, or that one if no other one is sure to be the first, and where
 * it leads; NULL: none does, or none for sure, or too many have to be asked. */
static const r307_rule_t *answer(walk_t *w, const r307_view_t *view,
                                 const r307_rule_t *wanted, r307_decision_t *decision)
{
    int i, asked_rules = 0;

    for (i = 0; i < w->bares->count; i++) {
        const r307_scope_t *scope = &w->bares->scopes[i];
        r307_asked_t asked = { view, NULL, 0, NULL, R307_TIMES_ALL, 0, NULL };
        const r307_rule_t *rule;
        r307_captures_t captures;
        r307_cursor_t cursor;
        r307_found_t how;

        if (scope->rules->maps && !w->site->has_images) {
            return NULL;        /* a line of theirs may answer */
        }
        captures.scratch = NULL;
        r307_cursor_make(w->p, scope, &asked, w->policy->steps, &cursor);
        while ((rule = r307_cursor_next(w->p, &cursor, &captures, &how))) {
            r307_bare_t bare = cursor.image ? r307_ask_bare(w->p, rule, R307_BARE_URL)
                                            : r307_ask_bares_of(w->bares, rule);
            int is_wanted = wanted && is_same(bare.origin, wanted);

            if (asked_rules++ == ASKED_MOST) {
                return NULL;
            }
            r307_ask_one(w->p, scope, bare.rule, w->policy, view, decision);
            if (decision->outcome == R307_OUTCOME_PASS
                || (wanted && !is_wanted && !bare.is_sure)) {
                continue;
            }
            return (bare.is_sure || is_wanted) && decision->outcome == R307_OUTCOME_ANSWER
                && decision->location ? bare.origin : NULL;
        }
    }
    return NULL;
}

/* Follows what a rule has answered there; w->way has all hops, the rule's own first. */
static void follow(walk_t *w, const r307_rule_t *rule, const r307_view_t *from,
                   const char *location)
{
    r307_decision_t decision = { .location = location };
    r307_view_t view = *from;

    w->hops = 0;
    while (w->hops < R307_LOOP_HOPS) {
        const r307_rule_t *next;

        w->way[w->hops].rule = rule;
        w->way[w->hops++].location = decision.location;
        if (!r307_loop_next(w->p, &view, decision.location, &view)
            || strcmp(view.asked.scheme, from->asked.scheme) != 0
            || view.asked.port != from->asked.port) {
            return;
        }
        if (r307_path_is(w->p, from->path, r307_slice(view.path->enc, view.path->enc_len))) {
            break;
        }
        next = answer(w, &view, NULL, &decision);
        if (!next || changes_origin_only(w->p, &view, decision.location)) {
            return;
        }
        rule = next;
    }
    w->hops = 0;        /* a circle has a finding of its own */
}

/* Whether what the first rule could be made to lead to is the end of every request for its
 * source: it has one target for all, or all of them take the same remainder along. */
static int is_steady(const walk_t *w)
{
    int i;

    if (w->way[0].rule->target->inserts == 0 && !w->way[0].rule->carry) {
        return 1;
    }
    for (i = 0; i < w->hops; i++) {
        if (!w->way[i].rule->carry || w->way[i].rule->target->inserts) {
            return 0;
        }
    }
    return 1;
}

/* A Location as a line has it. */
static const char *written(apr_pool_t *p, const char *location)
{
    size_t n = sizeof(R307_CHAIN_BASE) - 1;

    if (strncmp(location, R307_CHAIN_BASE, n) != 0) {
        return location;
    }
    location += n;
    return !*location || strchr("?#", *location)
           || strcspn(location, ":") < strcspn(location, "/?#")
        ? apr_pstrcat(p, "./", location, NULL) : location;
}

static void say(apr_pool_t *p, const walk_t *w, apr_array_header_t *doubts)
{
    const hop_t *way = w->way;
    const char *text = "", *end = written(p, way[w->hops - 1].location);
    int i;

    for (i = 1; i < w->hops && i <= NAMED_MOST; i++) {
        const r307_place_t *place = &way[i].rule->place;
        const char *to = written(p, way[i].location);

        text = apr_psprintf(p, "%s%s%s:%u to %s", text, i > 1 ? ", " : "",
                            place->file ? place->file : "-", place->line,
                            r307_text_show(p, to, strlen(to)));
    }
    r307_lint_add(p, R307_FINDING_CHAIN, r307_plain_keep(p, way[0].rule),
                  apr_pstrcat(p, text, "; write ", r307_text_show(p, end, strlen(end)), NULL),
                  doubts)->target = apr_pstrdup(p, end);
}

/* Whether a rule may lead to another one, by a look at its words. */
static int may_lead_on(const walk_t *w, const r307_rule_t *rule, int flags)
{
    const r307_target_t *target = rule->target;
    int i;

    if (target->kind != R307_TARGET_PATH || !target->as_written) {
        return 1;
    }
    for (i = 0; i < w->bares->count; i++) {
        const r307_scope_t *scope = &w->bares->scopes[i];

        if (scope->rules->maps
            || (!(flags & R307_ALONE_TARGET)
                && r307_ask_may(scope->rules->index, scope, target->text))) {
            return 1;
        }
    }
    return 0;
}

static void audit(walk_t *w, apr_pool_t *p, const r307_scope_t *scope,
                  const r307_rule_t *rule, apr_array_header_t *doubts)
{
    const char *sample = r307_ask_sample(w->p, scope, rule);
    const r307_rule_t *first;
    r307_decision_t decision;
    r307_view_t view;

    if (!sample || !r307_ask_view(w->p, &w->site->self, sample, &view)) {
        return;
    }
    first = answer(w, &view, rule, &decision);
    if (!first || !is_same(first, rule)) {
        return;
    }
    follow(w, rule, &view, decision.location);
    if (w->hops > 1 && is_steady(w)) {
        say(p, w, doubts);
    }
}

/* In own, which is the caller's. */
static void begin(walk_t *w, apr_pool_t *own, const r307_bares_t *bares,
                  const r307_loop_site_t *site, r307_policy_t *policy)
{
    memset(w, 0, sizeof(*w));
    apr_pool_create(&w->p, own);
    r307_ask_policy(own, policy);
    w->bares = bares;
    w->site = site;
    w->policy = policy;
}

void r307_chain_audit(apr_pool_t *p, const r307_alone_t *alone,
                      const r307_loop_site_t *site, apr_array_header_t *doubts)
{
    apr_pool_t *own;
    r307_policy_t policy;
    r307_literal_t room;
    walk_t w;
    int i, k;

    apr_pool_create(&own, p);
    begin(&w, own, &alone->bares, site, &policy);
    for (i = 0; i < alone->bares.count; i++) {
        const r307_ruleset_t *rules = alone->scopes[i].rules;

        for (k = 0; k < rules->rules->nelts; k++) {
            const r307_rule_t *rule = r307_ruleset_look(rules, k, &room);

            if (may_lead_on(&w, rule, alone->flags[i][k])) {
                audit(&w, p, &w.bares->scopes[i], rule, doubts);
                apr_pool_clear(w.p);
            }
        }
    }
    apr_pool_destroy(own);
}

/* --- lines of maps --- */

/* Whether a line of a map may lead to another rule. Nearly none does. */
static int leads_on(const walk_t *w, const r307_rule_t *rule)
{
    const r307_scope_t *scope = &w->bares->scopes[0];
    const apr_array_header_t *maps = scope->rules->maps;
    const r307_target_t *target = rule->target;
    const char *text = target->text;
    int i, may;

    if ((target->kind != R307_TARGET_PATH && target->kind != R307_TARGET_RELATIVE)
        || target->inserts || !rule->pattern) {
        return 0;
    }
    if (*text != '/') {
        text = apr_pstrcat(w->p, scope->base.s ? r307_slice_text(w->p, scope->base) : "/",
                           text, NULL);
    }
    may = r307_ask_may(scope->rules->index, scope, text);
    for (i = 0; !may && i < maps->nelts; i++) {
        const r307_image_t *image = APR_ARRAY_IDX(maps, i, r307_map_t).handle;

        may = may || r307_ask_may(r307_image_index(image), scope, text);
    }
    return may;
}

void r307_chain_maps(apr_pool_t *p, const r307_scope_t *scope, const r307_loop_site_t *site,
                     r307_doubt_say_t *say_doubt, void *baton)
{
    const apr_array_header_t *maps = scope->rules->maps;
    apr_uint32_t k, count, followed = 0;
    r307_policy_t policy;
    r307_bares_t bares;
    apr_pool_t *own;
    walk_t w;
    int i;

    if (!maps) {
        return;
    }
    apr_pool_create(&own, p);
    r307_ask_bares(own, scope, 1, &bares);
    begin(&w, own, &bares, site, &policy);
    for (i = 0; i < maps->nelts; i++) {
        const r307_image_t *image = APR_ARRAY_IDX(maps, i, r307_map_t).handle;

        count = r307_image_count(image);
        for (k = 0; k < count && followed < FOLLOWED_MOST; k++) {
            const r307_rule_t *rule = r307_image_rule(w.p, image, k);
            apr_array_header_t *doubts;

            if (rule && leads_on(&w, rule)) {
                followed++;
                doubts = apr_array_make(w.p, 1, sizeof(r307_doubt_t));
                audit(&w, w.p, &w.bares->scopes[0], rule, doubts);
                if (doubts->nelts) {
                    say_doubt(baton, rule, doubts);
                }
            }
            apr_pool_clear(w.p);
        }
    }
    apr_pool_destroy(own);
}
