/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_loop.h"
#include "lint/regex_sample.h"

#include <string.h>
#include <apr_strings.h>

#define ASKED_MOST 20000        /* rules asked by one audit */
#define NAMED_MOST 6            /* rules of one circle in a message */

/* A rule as it may hold: without what only a request or the clock can tell. */
typedef struct bare_t {
    r307_rule_t rule;           /* the first, as the cursor finds it */
    const r307_rule_t *origin;
    int is_sure;                /* nothing was taken away */
} bare_t;

typedef struct hop_t {
    const r307_rule_t *rule;
    const char *location;
    int is_sure;                /* it and no other rule answers there */
} hop_t;

typedef struct walk_t {
    apr_pool_t *p;
    const r307_scope_t *scopes;     /* of bare rules */
    int count;
    const r307_loop_site_t *site;
    r307_policy_t policy;
    apr_hash_t *places;             /* URL to int: its depth + 1 on the way, 0: done */
    apr_hash_t *told;               /* rules that were named */
    apr_array_header_t *doubts;
    int asked;
    hop_t way[R307_LOOP_HOPS];
} walk_t;

/* --- a request of which nothing is known but its URL --- */

static const char *no_text(void *baton, const char *name)
{
    return NULL;
}

static int no_test(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    return -1;
}

static const char *no_string(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    return NULL;
}

static void self_of(void *baton, r307_self_t *self)
{
    *self = ((const r307_loop_site_t *)baton)->self;
}

static const struct r307_image_t *no_image(void *baton, const void *map)
{
    return NULL;
}

static const char *no_user(void *baton)
{
    return NULL;
}

static int no_file(void *baton)
{
    return -1;
}

static int no_flag(void *baton, const void *flag)
{
    return -1;
}

static apr_uint64_t no_roll(void *baton)
{
    return 0;
}

static const r307_view_ops_t nothing_known = {
    no_text, no_text, no_test, no_string, self_of, no_image, no_user, no_file, no_flag,
    no_roll
};

/* --- following --- */

int r307_loop_next(apr_pool_t *p, const r307_view_t *from, const char *location,
                   r307_view_t *to)
{
    static const r307_slice_t root = { "/", 1 };
    r307_url_t asked, ref, url;
    const char *text = apr_psprintf(p, "%s://%s:%d%.*s", from->asked.scheme,
                                    from->asked.host, from->asked.port,
                                    (int)from->path->enc_len, from->path->enc);
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

/* These tell of the URL, which is another one at each hop. */
static int is_of_url(const r307_cond_t *cond)
{
    return cond->kind->about == R307_ABOUT_QUERY || cond->kind->about == R307_ABOUT_SCHEME;
}

static int can_meet(const r307_rule_t *a, const r307_rule_t *b)
{
    int i, k;

    if (!r307_plan_overlaps(&a->plan, &b->plan)) {
        return 0;
    }
    for (i = 0; i < a->cond_count; i++) {
        for (k = 0; k < b->cond_count; k++) {
            if (!is_of_url(&a->conds[i]) && exclude(&a->conds[i], &b->conds[k])) {
                return 0;
            }
        }
    }
    return 1;
}

static int is_known(walk_t *w, const r307_rule_t *rule)
{
    return apr_hash_get(w->told, &rule, sizeof(rule)) != NULL;
}

static void remember(walk_t *w, const r307_rule_t *rule)
{
    const r307_rule_t **key = apr_pmemdup(w->p, &rule, sizeof(rule));

    apr_hash_set(w->told, key, sizeof(*key), rule);
}

static void found(walk_t *w, int from, int to)
{
    const char *way = "";
    int i, k, named = 0, is_new = 0, is_sure = 1;

    for (i = from; i < to; i++) {
        is_new |= !is_known(w, w->way[i].rule);
        is_sure &= w->way[i].is_sure;
        for (k = from; k < i; k++) {
            if (!can_meet(w->way[i].rule, w->way[k].rule)) {
                return;
            }
        }
    }
    for (i = from; is_new && i < to; i++) {
        const hop_t *hop = &w->way[i];

        remember(w, hop->rule);
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
static int ask(walk_t *w, const r307_scope_t *scope, const bare_t *bare,
               const r307_view_t *view, int depth, int *is_sure)
{
    const r307_rule_t *rule = &bare->rule;
    apr_array_header_t list = { w->p, sizeof(rule), 1, 1, (char *)&rule };
    r307_ruleset_t one = *scope->rules;
    r307_scope_t alone = *scope;
    r307_decision_t decision;
    r307_view_t next;

    one.rules = &list;
    one.maps = NULL;
    one.index = NULL;
    one.left_out = NULL;
    alone.rules = &one;
    w->asked++;
    r307_decide(w->p, &alone, 1, &w->policy, view, &decision);
    if (decision.outcome == R307_OUTCOME_ANSWER && decision.location
        && r307_loop_next(w->p, view, decision.location, &next)
        && (w->site->is_one || !is_other_origin(&view->asked, &next.asked))) {
        w->way[depth].rule = bare->origin;
        w->way[depth].location = decision.location;
        w->way[depth].is_sure = *is_sure && bare->is_sure && !scope->rules->maps;
        visit(w, &next, depth + 1);
    }
    *is_sure = *is_sure && decision.outcome == R307_OUTCOME_PASS;
    return bare->is_sure && decision.outcome != R307_OUTCOME_PASS;
}

static void ask_all(walk_t *w, const r307_view_t *view, int depth)
{
    int i, is_sure = 1;

    for (i = 0; i < w->count; i++) {
        r307_asked_t asked = { view, NULL, 0, NULL, R307_TIMES_NOW, 0, NULL };
        r307_scope_t scope = w->scopes[i];
        r307_ruleset_t rules = *scope.rules;
        const r307_rule_t *rule;
        r307_captures_t captures;
        r307_cursor_t cursor;
        r307_found_t how;

        rules.maps = NULL;
        scope.rules = &rules;
        captures.scratch = NULL;
        r307_cursor_make(w->p, &scope, &asked, w->policy.steps, &cursor);
        while ((rule = r307_cursor_next(w->p, &cursor, &captures, &how))) {
            if (w->asked >= ASKED_MOST
                || ask(w, &w->scopes[i], (const bare_t *)(const void *)rule, view, depth,
                       &is_sure)) {
                return;
            }
        }
    }
}

static void visit(walk_t *w, const r307_view_t *view, int depth)
{
    const char *key = apr_psprintf(w->p, "%s://%d%s%s%.*s", view->asked.scheme,
                                   view->asked.port,
                                   apr_pstrmemdup(w->p, view->path->dec, view->path->len),
                                   view->query.s ? "?" : "", (int)view->query.len,
                                   view->query.s ? view->query.s : "");
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

static void begin(walk_t *w, const char *scheme, int port, const char *text)
{
    r307_slice_t path;
    r307_view_t view;

    memset(&view, 0, sizeof(view));
    if (w->asked >= ASKED_MOST || !r307_path_split(text, &path, &view.query)) {
        return;
    }
    view.path = r307_path_make(w->p, path);
    view.method = "GET";
    view.asked = w->site->self;
    view.asked.scheme = scheme;
    view.asked.port = port;
    view.ops = &nothing_known;
    view.baton = (void *)(apr_uintptr_t)w->site;
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

/* --- bare rules --- */

static const r307_rule_t *make_bare(apr_pool_t *p, const r307_rule_t *rule)
{
    r307_cond_t *conds = apr_palloc(p, ((size_t)rule->cond_count + 1) * sizeof(*conds));
    bare_t *bare = apr_palloc(p, sizeof(*bare));
    int i, count = 0;

    for (i = 0; i < rule->cond_count; i++) {
        if (is_of_url(&rule->conds[i])) {
            conds[count++] = rule->conds[i];
        }
    }
    bare->rule = *rule;
    bare->rule.conds = conds;
    bare->rule.cond_count = count;
    bare->rule.group = 0;
    memset(&bare->rule.plan, 0, sizeof(bare->rule.plan));
    bare->rule.plan.then = R307_THEN_UNSET;
    bare->origin = rule;
    bare->is_sure = count == rule->cond_count && !rule->plan.from.text
        && !rule->plan.until.text;
    return &bare->rule;
}

static r307_ruleset_t *make_set(apr_pool_t *p, const r307_ruleset_t *from)
{
    r307_ruleset_t *set = r307_ruleset_make(p);
    int i;

    for (i = 0; i < from->rules->nelts; i++) {
        APR_ARRAY_PUSH(set->rules, const r307_rule_t *) =
            make_bare(p, APR_ARRAY_IDX(from->rules, i, const r307_rule_t *));
    }
    r307_ruleset_freeze(p, set, 0x9E3779B97F4A7C15ull, 0);
    set->maps = from->maps;
    return set;
}

void r307_loop_audit(apr_pool_t *p, const r307_scope_t *scopes, int count,
                     const r307_loop_site_t *site, apr_array_header_t *doubts)
{
    r307_scope_t *bare;
    walk_t w;
    int i, k;

    memset(&w, 0, sizeof(w));
    apr_pool_create(&w.p, p);
    bare = apr_pmemdup(w.p, scopes, (size_t)count * sizeof(*bare));
    for (i = 0; i < count; i++) {
        bare[i].rules = make_set(w.p, scopes[i].rules);
        bare[i].tenancy = NULL;
    }
    w.scopes = bare;
    w.count = count;
    w.site = site;
    w.policy.relative = 1;
    w.policy.exempt = r307_exempt_default(w.p);
    w.policy.steps = R307_STEPS_DEFAULT;
    w.places = apr_hash_make(w.p);
    w.told = apr_hash_make(w.p);
    w.doubts = apr_array_make(w.p, 4, sizeof(r307_doubt_t));
    begin_at(&w, &bare[0], "/");
    for (i = 0; i < count; i++) {
        const apr_array_header_t *rules = scopes[i].rules->rules;

        for (k = 0; k < rules->nelts && w.asked < ASKED_MOST; k++) {
            const r307_rule_t *rule = APR_ARRAY_IDX(rules, k, const r307_rule_t *);

            if (rule->source) {
                begin_at_source(&w, &scopes[i], rule);
            }
            if (rule->target->text) {
                begin_at(&w, &scopes[i], rule->target->text);
            }
        }
    }
    for (i = 0; i < w.doubts->nelts; i++) {
        r307_doubt_t doubt = APR_ARRAY_IDX(w.doubts, i, r307_doubt_t);

        doubt.text = apr_pstrdup(p, doubt.text);
        APR_ARRAY_PUSH(doubts, r307_doubt_t) = doubt;
    }
    apr_pool_destroy(w.p);
}
