/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_loop.h"
#include "lint/regex_sample.h"

#include <string.h>
#include <apr_strings.h>

#define ASKED_MOST 20000        /* rules asked by one audit */
#define NAMED_MOST 6            /* rules of one circle in a message */

typedef struct hop_t {
    const r307_rule_t *rule;
    int is_of_map;
    const char *location;
    int is_sure;                /* it and no other rule answers there */
} hop_t;

typedef struct walk_t {
    apr_pool_t *p;
    const r307_alone_t *alone;
    const r307_bares_t *bares;      /* of it */
    const r307_loop_site_t *site;
    r307_policy_t policy;
    apr_hash_t *places;             /* URL to int: its depth + 1 on the way, 0: done */
    apr_hash_t *told;               /* rules that were named */
    apr_array_header_t *doubts;
    int asked, asked_most;
    hop_t way[R307_LOOP_HOPS];
} walk_t;

/* --- following --- */

int r307_loop_next(apr_pool_t *p, const r307_view_t *from, const char *location,
                   r307_view_t *to)
{
    static const r307_slice_t root = { "/", 1 };
    r307_url_t asked, ref, url;
    const char *text = apr_pstrcat(p, from->asked.scheme, "://", from->asked.host, ":",
                                   apr_itoa(p, from->asked.port),
                                   apr_pstrmemdup(p, from->path->enc, from->path->enc_len),
                                   NULL);
    long port;

    r307_url_split(text, strlen(text), &asked);
    r307_url_split(location, strlen(location), &ref);
    r307_url_resolve(p, &asked, &ref, &url);
    if (!url.host.s || !r307_url_same_host(url.host, asked.host)) {
        return 0;
    }
    port = r307_url_port(url.port);
    *to = *from;
    to->path = r307_path_make(p, url.path.len ? url.path : root);
    to->query = url.query;
    to->asked.scheme = r307_slice_text(p, url.scheme);
    to->asked.port = port > 0 ? (int)port : r307_url_default_port(url.scheme);
    return 1;
}

static int is_other_origin(const r307_self_t *a, const r307_self_t *b)
{
    return a->port != b->port || strcmp(a->scheme, b->scheme) != 0;
}

/* --- what is found --- */

/* Whether two conditions can hold for one visitor, who is the same one at every hop. */
static int exclude(const r307_cond_t *a, const r307_cond_t *b)
{
    return a->kind == b->kind && a->negate != b->negate && a->value && b->value
        && strcmp(a->value + strspn(a->value, "!"), b->value + strspn(b->value, "!")) == 0;
}

static int can_meet(const r307_rule_t *a, const r307_rule_t *b)
{
    int i, k;

    if (!r307_plan_overlaps(&a->plan, &b->plan)) {
        return 0;
    }
    for (i = 0; i < a->cond_count; i++) {
        for (k = 0; k < b->cond_count; k++) {
            if (!r307_ask_is_of_url(&a->conds[i]) && exclude(&a->conds[i], &b->conds[k])) {
                return 0;
            }
        }
    }
    return 1;
}

static const char *key_of(walk_t *w, const hop_t *hop)
{
    const r307_rule_t *rule = hop->rule;

    /* that of a map or of a plain line is another one each time it is met */
    return hop->is_of_map
        ? apr_psprintf(w->p, "%s:%u", rule->place.file, rule->place.line)
        : apr_psprintf(w->p, "%pp", rule->is_made ? (const void *)rule->source
                                                  : (const void *)rule);
}

static int is_known(walk_t *w, const hop_t *hop)
{
    return apr_hash_get(w->told, key_of(w, hop), APR_HASH_KEY_STRING) != NULL;
}

static void remember(walk_t *w, const hop_t *hop)
{
    apr_hash_set(w->told, key_of(w, hop), APR_HASH_KEY_STRING, hop->rule);
}

/* Whether all of it lies in one map, which is looked at by itself. */
static int is_in_one_map(const walk_t *w, int from, int to)
{
    const hop_t *first = &w->way[from];
    int i;

    for (i = from; i < to; i++) {
        const hop_t *hop = &w->way[i];

        if (!hop->is_of_map || strcmp(hop->rule->place.file, first->rule->place.file) != 0) {
            return 0;
        }
    }
    return 1;
}

static void found(walk_t *w, int from, int to)
{
    const char *way = "";
    int i, k, named = 0, is_new = 0, is_sure = 1;

    if (is_in_one_map(w, from, to)) {
        return;
    }

    for (i = from; i < to; i++) {
        is_new |= !is_known(w, &w->way[i]);
        is_sure &= w->way[i].is_sure;
        for (k = from; k < i; k++) {
            if (!can_meet(w->way[i].rule, w->way[k].rule)) {
                return;
            }
        }
    }
    for (i = from; is_new && i < to; i++) {
        const hop_t *hop = &w->way[i];

        remember(w, hop);
        if (named++ < NAMED_MOST) {
            way = apr_psprintf(w->p, "%s%s%s:%u to %s", way, i > from ? ", " : "",
                               hop->rule->place.file ? hop->rule->place.file : "-",
                               hop->rule->place.line,
                               r307_text_show(w->p, hop->location, strlen(hop->location)));
        }
    }
    if (is_new) {
        r307_lint_add(w->p, is_sure ? R307_FINDING_LOOP : R307_FINDING_MAY_LOOP,
                       w->way[from].rule, apr_pstrcat(w->p, way, named > NAMED_MOST
                       ? " and so on" : "", "; take one of them out, or let it lead "
                       "elsewhere", NULL), w->doubts);
    }
}

/* --- the walk --- */

static void visit(walk_t *w, const r307_view_t *view, int depth);

/* One rule that matches there; 1 when no other one can answer. *is_sure: none before it
 * can. */
static int ask(walk_t *w, const r307_scope_t *scope, const r307_bare_t *bare, int is_of_map,
               const r307_view_t *view, int depth, int *is_sure)
{
    r307_decision_t decision;
    r307_view_t next;

    w->asked++;
    r307_ask_one(w->p, scope, bare->rule, &w->policy, view, &decision);
    if (decision.outcome == R307_OUTCOME_ANSWER && decision.location
        && r307_loop_next(w->p, view, decision.location, &next)
        && (w->site->is_one || !is_other_origin(&view->asked, &next.asked))) {
        w->way[depth].rule = bare->origin;
        w->way[depth].is_of_map = is_of_map;
        w->way[depth].location = decision.location;
        w->way[depth].is_sure = *is_sure && bare->is_sure
            && (!scope->rules->maps || w->site->has_images);
        visit(w, &next, depth + 1);
    }
    *is_sure = *is_sure && decision.outcome == R307_OUTCOME_PASS;
    return bare->is_sure && decision.outcome != R307_OUTCOME_PASS;
}

static void ask_all(walk_t *w, const r307_view_t *view, int depth)
{
    int i, is_sure = 1;

    for (i = 0; i < w->bares->count; i++) {
        r307_asked_t asked = { view, NULL, 0, NULL, R307_TIMES_NOW, 0, NULL };
        r307_scope_t scope = w->bares->scopes[i];
        r307_ruleset_t rules = *scope.rules;
        const r307_rule_t *rule;
        r307_captures_t captures;
        r307_cursor_t cursor;
        r307_found_t how;

        if (!w->site->has_images) {
            rules.maps = NULL;
        }
        scope.rules = &rules;
        captures.scratch = NULL;
        r307_cursor_make(w->p, &scope, &asked, w->policy.steps, &cursor);
        while ((rule = r307_cursor_next(w->p, &cursor, &captures, &how))) {
            int is_of_map = cursor.image != NULL;
            r307_bare_t bare = is_of_map ? r307_ask_bare(w->p, rule, R307_BARE_URL)
                                         : r307_ask_bares_of(w->bares, rule);

            if (w->asked >= w->asked_most
                || ask(w, &w->bares->scopes[i], &bare, is_of_map, view, depth, &is_sure)) {
                return;
            }
        }
    }
}

static void visit(walk_t *w, const r307_view_t *view, int depth)
{
    const char *query = view->query.s ? r307_slice_text(w->p, view->query) : "";
    const char *key = apr_pstrcat(w->p, view->asked.scheme, "://",
                                  apr_itoa(w->p, view->asked.port), view->path->dec,
                                  view->query.s ? "?" : "", query, NULL);
    int *place = apr_hash_get(w->places, key, APR_HASH_KEY_STRING);

    if (place && *place) {
        found(w, *place - 1, depth);
    }
    else if (depth == R307_LOOP_HOPS) {
        found(w, 0, depth);     /* never the same, and never an end */
    }
    else if (!place) {
        place = apr_palloc(w->p, sizeof(*place));
        *place = depth + 1;
        apr_hash_set(w->places, key, APR_HASH_KEY_STRING, place);
        ask_all(w, view, depth);
        *place = 0;
    }
}

/* --- where walks begin --- */

/* Whether who asks for a rule's source, or below it, meets that rule and then no other one: of
 * many lines nearly all are so. */
static int ends_at_once(const walk_t *w, int nth, int number)
{
    const int both = R307_ALONE_SOURCE | R307_ALONE_TARGET;
    int i;

    for (i = 0; w->site->has_images && i < w->bares->count; i++) {
        if (w->bares->scopes[i].rules->maps) {
            return 0;
        }
    }
    return (w->alone->flags[nth][number] & both) == both;
}

static void begin(walk_t *w, const char *scheme, int port, const char *text)
{
    r307_view_t view;

    if (w->asked >= w->asked_most || !r307_ask_view(w->p, &w->site->self, text, &view)) {
        return;
    }
    view.asked.scheme = scheme;
    view.asked.port = port;
    visit(w, &view, 0);
}

/* What a rule's words say of URLs: themselves, and something below. */
static void begin_at(walk_t *w, const r307_scope_t *scope, const char *text)
{
    const r307_self_t *self = &w->site->self;
    int is_https = strcmp(self->scheme, "https") == 0;
    const char *other = is_https ? "http" : "https";
    const char *query, *below;

    if (strncmp(text, "//", 2) == 0) {
        text += 1;
    }
    if (text[0] != '/' && !strstr(text, "://") && scope->base.s) {
        text = apr_pstrcat(w->p, r307_slice_text(w->p, scope->base), text, NULL);
    }
    query = strchr(text, '?');
    below = apr_pstrmemdup(w->p, text, query ? (size_t)(query - text) : strlen(text));
    below = apr_pstrcat(w->p, below, *below && below[strlen(below) - 1] == '/' ? "x" : "/x",
                        query ? query : "", NULL);
    begin(w, self->scheme, self->port, text);
    begin(w, self->scheme, self->port, below);
    if (w->site->is_one) {
        begin(w, other, is_https ? 80 : 443, text);
        begin(w, other, is_https ? 80 : 443, below);
    }
}

static void begin_at_source(walk_t *w, const r307_scope_t *scope, const r307_rule_t *rule)
{
    unsigned i;

    for (i = 0; rule->pattern->regex && i < R307_SAMPLE_VARIANTS; i++) {
        const char *path = r307_sample_make(w->p, rule->pattern->text, i);

        begin_at(w, scope, path);
        if (rule->pattern->text[0] != '^') {
            begin_at(w, scope, apr_pstrcat(w->p, "/x", path, NULL));
        }
    }
    if (!rule->pattern->regex) {
        begin_at(w, scope, rule->source);
    }
}

/* From the lines of maps that may lead to another map. */
static void begin_in_maps(walk_t *w, const r307_scope_t *scope)
{
    const apr_array_header_t *maps = scope->rules->maps;
    apr_pool_t *one;
    apr_uint32_t n;
    int i, k;

    apr_pool_create(&one, w->p);
    for (i = 0; i < maps->nelts; i++) {
        const r307_image_t *image = APR_ARRAY_IDX(maps, i, r307_map_t).handle;

        for (n = 0; maps->nelts > 1 && n < r307_image_count(image)
                    && w->asked < w->asked_most; n++) {
            const r307_rule_t *rule = r307_image_rule(one, image, n);
            const char *text = rule ? rule->target->text : NULL;

            for (k = 0; text && *text == '/' && k < maps->nelts; k++) {
                if (k != i && r307_ask_may(r307_image_index(APR_ARRAY_IDX(maps, k, r307_map_t)
                                                            .handle), scope, text)) {
                    begin_at(w, scope, apr_pstrdup(w->p, text));
                    break;
                }
            }
            apr_pool_clear(one);
        }
    }
    apr_pool_destroy(one);
}

void r307_loop_audit(apr_pool_t *p, const r307_alone_t *alone,
                     const r307_loop_site_t *site, apr_array_header_t *doubts)
{
    const r307_scope_t *scopes = alone->scopes;
    int count = alone->bares.count;
    r307_literal_t room;
    walk_t w;
    int i, k;

    memset(&w, 0, sizeof(w));
    apr_pool_create(&w.p, p);
    w.alone = alone;
    w.bares = &alone->bares;
    w.site = site;
    r307_ask_policy(w.p, &w.policy);
    w.places = apr_hash_make(w.p);
    w.told = apr_hash_make(w.p);
    w.asked_most = site->asked_most ? site->asked_most : ASKED_MOST;
    w.doubts = apr_array_make(w.p, 4, sizeof(r307_doubt_t));
    begin_at(&w, &w.bares->scopes[0], "/");
    for (i = 0; i < count; i++) {
        const r307_ruleset_t *rules = scopes[i].rules;

        for (k = 0; k < rules->rules->nelts && w.asked < w.asked_most; k++) {
            const r307_rule_t *rule;

            if (ends_at_once(&w, i, k)) {
                continue;
            }
            rule = r307_ruleset_look(rules, k, &room);
            if (rule->source) {
                begin_at_source(&w, &scopes[i], rule);
            }
            if (rule->target->text) {
                begin_at(&w, &scopes[i], rule->target->text);
            }
        }
    }
    for (i = 0; site->has_images && i < count; i++) {
        if (scopes[i].rules->maps) {
            begin_in_maps(&w, &scopes[i]);
        }
    }
    for (i = 0; i < w.doubts->nelts; i++) {
        r307_doubt_t doubt = APR_ARRAY_IDX(w.doubts, i, r307_doubt_t);

        doubt.text = apr_pstrdup(p, doubt.text);
        doubt.rule = r307_plain_keep(p, doubt.rule);
        APR_ARRAY_PUSH(doubts, r307_doubt_t) = doubt;
    }
    if (!site->has_images) {
        apr_pool_destroy(w.p);      /* else doubts are about rules in it */
    }
}
