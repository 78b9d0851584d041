/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_ways.h"
#include "lint/lint_ask.h"
#include "lint/lint_chain.h"

#include <string.h>
#include <apr_strings.h>

#define FOLLOWED_MOST 50000     /* rules of one map */
#define OPEN_MOST 2000          /* of these, with what only a request can tell in the target */
#define ASKED_EACH 40

struct r307_ways_t {
    apr_pool_t *p;
    const r307_image_t *image;
    const r307_index_t *index;
    unsigned char *taken;       /* a bit for each rule that is followed, */
    apr_uint32_t count, open;   /* and how many these are */
    r307_view_t view;
    int is_below;               /* sources are relative */
};

static const r307_loop_site_t site = { { "http", "localhost", 80 }, 1,
                                       ASKED_EACH * FOLLOWED_MOST, 0 };

r307_ways_t *r307_ways_make(apr_pool_t *p, const r307_image_t *image)
{
    r307_ways_t *ways = apr_pcalloc(p, sizeof(*ways));

    ways->p = p;
    ways->image = image;
    ways->index = r307_image_index(image);
    ways->taken = apr_pcalloc(p, r307_image_count(image) / 8 + 1);
    r307_ask_view(p, &site.self, "/", &ways->view);
    return ways;
}

static void take(r307_ways_t *ways, apr_uint32_t number)
{
    unsigned char bit = (unsigned char)(1u << number % 8);

    if (!(ways->taken[number / 8] & bit) && ways->count < FOLLOWED_MOST) {
        ways->taken[number / 8] |= bit;
        ways->count++;
    }
}

/* All rules that may answer at a path. */
static int take_at(apr_pool_t *p, r307_ways_t *ways, const r307_path_t *path)
{
    r307_asked_t asked = { NULL, NULL, 0, NULL, R307_TIMES_ALL, 0, NULL };
    r307_candidates_t candidates;
    r307_view_t view = ways->view;
    apr_uint32_t at;
    int count = 0;

    view.path = path;
    asked.view = &view;
    asked.in_base = path;
    r307_index_find(p, ways->index, &asked, &candidates);
    while (r307_candidates_next(&candidates, &at)) {
        take(ways, at);
        count++;
    }
    return count;
}

void r307_ways_add(r307_ways_t *ways, const r307_rule_t *rule, apr_uint32_t number)
{
    const r307_target_t *target = rule->target;
    r307_first_look_t first = { { NULL, 0 }, 0, NULL, 0, NULL, 0 };
    const char *text = target->text;
    apr_pool_t *scratch;
    r307_slice_t raw;

    if (ways->count == FOLLOWED_MOST || !rule->pattern
        || (target->kind != R307_TARGET_PATH && target->kind != R307_TARGET_RELATIVE)) {
        return;
    }
    ways->is_below |= rule->pattern->relative;
    if (target->inserts) {
        if (ways->open++ < OPEN_MOST) {
            take(ways, number);
        }
        return;
    }
    raw = r307_slice(text, strcspn(text, "?#"));
    first.path = raw;
    first.has_query = 1;
    if (*text == '/' && !r307_index_may(ways->index, &first)) {
        return;         /* nearly every rule */
    }
    apr_pool_create(&scratch, ways->p);
    if (*text != '/') {
        raw = r307_slice(apr_psprintf(scratch, "/%.*s", (int)raw.len, raw.s), raw.len + 1);
    }
    if (take_at(scratch, ways, r307_path_make(scratch, raw))) {
        r307_slice_t head = rule->pattern->head;
        r307_path_t own = { head.s, head.len, head.s, head.len, NULL };

        take(ways, number);
        take_at(scratch, ways, &own);       /* one of them may answer first */
    }
    apr_pool_destroy(scratch);
}

/* Those that are followed, in the order of the map. */
static r307_ruleset_t *make_set(const r307_ways_t *ways, apr_pool_t *p)
{
    r307_ruleset_t *set = r307_ruleset_make(p);
    apr_uint32_t i;

    for (i = 0; i < r307_image_count(ways->image); i++) {
        const r307_rule_t *rule = ways->taken[i / 8] & 1u << i % 8
            ? r307_image_rule(p, ways->image, i) : NULL;

        if (rule) {
            APR_ARRAY_PUSH(set->rules, const r307_rule_t *) = rule;
        }
    }
    return set;
}

void r307_ways_audit(const r307_ways_t *ways, int wants_chains, r307_doubt_say_t *say,
                     void *baton)
{
    apr_array_header_t *doubts;
    const r307_alone_t *alone;
    r307_scope_t scope;
    apr_pool_t *p;
    int i;

    if (ways->count < 2) {
        return;
    }
    apr_pool_create(&p, ways->p);
    doubts = apr_array_make(p, 8, sizeof(r307_doubt_t));
    memset(&scope, 0, sizeof(scope));
    scope.rules = make_set(ways, p);
    scope.directory = ways->is_below;
    scope.base = ways->is_below ? r307_slice("/", 1) : r307_slice(NULL, 0);
    alone = r307_alone_make(p, &scope, 1);
    r307_loop_audit(p, alone, &site, doubts);
    if (wants_chains && ways->is_below) {
        scope.base = r307_slice(R307_CHAIN_BASE, strlen(R307_CHAIN_BASE));
        alone = r307_alone_make(p, &scope, 1);
    }
    if (wants_chains) {
        r307_chain_audit(p, alone, &site, doubts);
    }
    for (i = 0; i < doubts->nelts; i++) {
        r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);
        apr_array_header_t one = { p, sizeof(*doubt), 1, 1, (char *)doubt };

        say(baton, doubt->rule, &one);
    }
    apr_pool_destroy(p);
}
