/* SPDX-License-Identifier: Apache-2.0 */
#include "decide/ruleset.h"

#include <string.h>
#include <apr_strings.h>

#include "base/grown.h"
#include "base/large.h"

#define MANY 4096               /* more rules are in memory of their own */

r307_ruleset_t *r307_ruleset_make(apr_pool_t *p)
{
    r307_ruleset_t *set = apr_palloc(p, sizeof(*set));

    set->rules = apr_array_make(p, 4, sizeof(const r307_rule_t *));
    set->room = NULL;
    set->maps = NULL;
    set->names = apr_hash_make(p);
    set->shares = NULL;
    set->links = NULL;
    set->index = NULL;
    set->is_hosted = 0;
    set->left_out = NULL;
    set->image = NULL;
    set->packed = set->first = set->regexes = 0;
    set->crowds = NULL;
    return set;
}

int r307_ruleset_count(const r307_ruleset_t *set)
{
    return set->packed ? set->packed : set->rules->nelts;
}

const r307_rule_t *r307_ruleset_rule(apr_pool_t *p, const r307_ruleset_t *set, int number)
{
    const r307_rule_t *rule;

    if (set->packed) {
        return r307_image_rule(p, set->image, (apr_uint32_t)number);
    }
    rule = r307_ruleset_kept(set, number);
    return rule ? rule : r307_plain_rule(r307_ruleset_plain(set, number),
                                         apr_palloc(p, sizeof(r307_literal_t)));
}

const r307_rule_t *r307_ruleset_glance(apr_pool_t *p, apr_pool_t **one,
                                       const r307_ruleset_t *set, int number,
                                       r307_literal_t *room)
{
    if (!set->packed) {
        return r307_ruleset_look(set, number, room);
    }
    if (!*one) {
        apr_pool_create(one, p);
    }
    apr_pool_clear(*one);
    return r307_image_rule(*one, set->image, (apr_uint32_t)number);
}

static const r307_share_t *share_of(const r307_rule_t *rule)
{
    int i;

    for (i = 0; rule->group && i < rule->cond_count; i++) {
        if (rule->conds[i].kind->order == R307_ORDER_PERCENT) {
            return rule->conds[i].own;
        }
    }
    return NULL;
}

/* The shares of one source that hold at the same time are at most all, and one thing
 * keeps a visitor in all of them. */
static const char *check_share(apr_pool_t *p, const r307_ruleset_t *set,
                               const r307_rule_t *rule, const r307_share_t *share)
{
    int i, left, sum = share->size;

    for (i = 0; set->shares && i < set->shares->nelts; i++) {
        const r307_rule_t *other = APR_ARRAY_IDX(set->shares, i, const r307_rule_t *);
        const r307_share_t *its = share_of(other);

        if (other->group != rule->group || !r307_plan_overlaps(&other->plan, &rule->plan)) {
            continue;
        }
        if (its->sticky != share->sticky || !r307_slice_same(its->named, share->named)) {
            return apr_psprintf(p, "percent= of one source is one roll, and the rule at "
                                "%s:%u has another sticky=; write sticky=%s%s%s",
                                other->place.file ? other->place.file : "-",
                                other->place.line,
                                its->sticky == R307_STICKY_ADDRESS ? "address" : "cookie",
                                its->sticky == R307_STICKY_NAMED ? "=" : "",
                                its->sticky == R307_STICKY_NAMED
                                    ? r307_slice_text(p, its->named) : "");
        }
        sum += its->size;
    }
    left = R307_SHARE_ALL - (sum - share->size);
    if (sum > R307_SHARE_ALL) {
        return apr_psprintf(p, "percent= of this source is %d.%02d together, and there are "
                            "100; %s", sum / 100, sum % 100, left <= 0
                            ? "leave this line out"
                            : apr_psprintf(p, "write percent=%d.%02d at most", left / 100,
                                           left % 100));
    }
    return NULL;
}

const char *r307_ruleset_taken(apr_pool_t *p, const r307_ruleset_t *set,
                               const r307_rule_t *rule)
{
    const r307_rule_t *other = rule->name
        ? apr_hash_get(set->names, rule->name, APR_HASH_KEY_STRING) : NULL;

    if (other) {
        return apr_psprintf(p, "name='%s' is already the name of the rule at %s:%u; names "
                            "are unique", rule->name,
                            other->place.file ? other->place.file : "-",
                            other->place.line);
    }
    return share_of(rule) ? check_share(p, set, rule, share_of(rule)) : NULL;
}

static void add_link(apr_pool_t *p, r307_ruleset_t *set, const r307_rule_t *rule)
{
    const r307_link_t *link = r307_cond_link(rule->conds, rule->cond_count);

    if (link) {
        set->links = set->links ? set->links : apr_array_make(p, 1, sizeof(link));
        APR_ARRAY_PUSH(set->links, const r307_link_t *) = link;
    }
}

void r307_ruleset_mark_keys(apr_pool_t *p, const r307_ruleset_t *set, r307_asked_t *asked)
{
    int i;

    for (i = 0; set->links && asked->view->query.s && i < set->links->nelts; i++) {
        r307_link_mark(p, APR_ARRAY_IDX(set->links, i, const r307_link_t *),
                       r307_asked_query(p, asked));
    }
}

static apr_status_t free_room(void *data)
{
    r307_grown_free(data);
    return APR_SUCCESS;
}

/* An array of a pool leaves half of what it took behind, and writes all of it twice. */
static void grow(apr_pool_t *p, r307_ruleset_t *set)
{
    apr_array_header_t *rules = set->rules;
    size_t used = (size_t)rules->nelts * sizeof(void *);

    if (!set->room) {
        set->room = apr_pcalloc(p, sizeof(*set->room));
        apr_pool_cleanup_register(p, set->room, free_room, apr_pool_cleanup_null);
        r307_grown_add(set->room, rules->elts, used);
    }
    r307_grown_more(set->room, used);
    rules->elts = set->room->at;
    rules->nalloc = (int)(set->room->len / sizeof(void *));
}

static void push(apr_pool_t *p, r307_ruleset_t *set, const void *member)
{
    if (set->rules->nelts == set->rules->nalloc && set->rules->nelts >= MANY) {
        grow(p, set);
    }
    APR_ARRAY_PUSH(set->rules, const void *) = member;
}

const char *r307_ruleset_add(apr_pool_t *p, r307_ruleset_t *set, const r307_rule_t *rule)
{
    const char *err = r307_ruleset_taken(p, set, rule);
    int i;

    if (err) {
        return err;
    }
    if (share_of(rule)) {
        if (!set->shares) {
            set->shares = apr_array_make(p, 4, sizeof(const r307_rule_t *));
        }
        APR_ARRAY_PUSH(set->shares, const r307_rule_t *) = rule;
    }
    add_link(p, set, rule);
    for (i = 0; i < rule->cond_count; i++) {
        set->is_hosted |= rule->conds[i].kind->about == R307_ABOUT_HOST;
    }
    if (rule->name) {
        apr_hash_set(set->names, rule->name, APR_HASH_KEY_STRING, rule);
    }
    set->regexes += rule->nth_regex && rule->pattern && rule->pattern->regex;
    push(p, set, rule);
    return NULL;
}

void r307_ruleset_add_plain(apr_pool_t *p, r307_ruleset_t *set, r307_plain_t *plain)
{
    push(p, set, (const char *)plain + 1);
}

void r307_ruleset_add_map(apr_pool_t *p, r307_ruleset_t *set, const void *handle)
{
    r307_map_t *map;

    if (!set->maps) {
        set->maps = apr_array_make(p, 1, sizeof(r307_map_t));
    }
    map = apr_array_push(set->maps);
    map->before = set->rules->nelts;
    map->handle = handle;
}

/* A clock that was wrong at the start is not wrong by more. */
#define FOR_GOOD apr_time_from_sec(24 * 3600)

static int is_over_for_good(const r307_plan_t *plan, apr_time_t now)
{
    return now && plan->until.text
        && r307_plan_phase(plan, now - FOR_GOOD) == R307_PHASE_OVER;
}

static void find_crowds(apr_pool_t *p, apr_pool_t *scratch, r307_ruleset_t *set)
{
    apr_hash_t *seen = apr_hash_make(scratch);
    int i;

    for (i = 0; i < set->rules->nelts; i++) {
        const r307_rule_t *rule = r307_ruleset_kept(set, i);

        if (!rule || !rule->group) {
            continue;
        }
        if (apr_hash_get(seen, &rule->group, sizeof(rule->group))) {
            set->crowds = set->crowds ? set->crowds : apr_hash_make(p);
            apr_hash_set(set->crowds, &rule->group, sizeof(rule->group), rule);
        }
        apr_hash_set(seen, &rule->group, sizeof(rule->group), rule);
    }
}

int r307_ruleset_alone(const r307_ruleset_t *set, const r307_rule_t *rule)
{
    return set->index && !set->maps
        && !(set->crowds && apr_hash_get(set->crowds, &rule->group, sizeof(rule->group)));
}

void r307_ruleset_freeze(apr_pool_t *p, r307_ruleset_t *set, apr_uint64_t seed,
                         apr_time_t now)
{
    r307_index_builder_t *builder;
    apr_pool_t *scratch;
    r307_literal_t room;
    void *bytes;
    int i;

    if (set->index || set->rules->nelts == 0) {
        return;
    }
    apr_pool_create(&scratch, p);
    builder = r307_index_builder_make(scratch, seed);
    for (i = 0; i < set->rules->nelts; i++) {
        const r307_rule_t *rule = r307_ruleset_look(set, i, &room);

        if (is_over_for_good(&rule->plan, now)) {
            r307_index_skip(builder);
            if (!set->left_out) {
                set->left_out = apr_array_make(p, 4, sizeof(apr_uint32_t));
            }
            APR_ARRAY_PUSH(set->left_out, apr_uint32_t) = (apr_uint32_t)i;
            continue;
        }
        r307_index_add(builder, rule->pattern, rule->conds, rule->cond_count);
    }
    bytes = r307_large_of(p, r307_index_size(builder));
    r307_index_write(builder, bytes);
    set->index = bytes;
    find_crowds(p, scratch, set);
    apr_pool_destroy(scratch);
}

#define PASSED_MOST 8

void r307_cursor_make(apr_pool_t *p, const r307_scope_t *scope, r307_asked_t *asked,
                      unsigned steps, r307_cursor_t *cursor)
{
    const r307_path_t *path = asked->view->path;
    r307_slice_t base = scope->base;

    cursor->scope = scope;
    cursor->asked = asked;
    cursor->in_base = NULL;
    cursor->steps = steps;
    cursor->next = 0;
    cursor->held = -1;
    cursor->map = scope->maps_over;
    cursor->image = NULL;
    cursor->passed[R307_PASSED_COMING] = cursor->passed[R307_PASSED_OVER] = 0;
    cursor->passed_left = asked->times == R307_TIMES_NOW ? PASSED_MOST : 0;
    if (base.s && path->len >= base.len && memcmp(path->dec, base.s, base.len) == 0) {
        cursor->in_base = path;
    }
    else if (base.s && path->len + 1 == base.len
             && memcmp(path->dec, base.s, path->len) == 0) {
        /* "/dir" asked for the directory at "/dir/" */
        cursor->in_base = r307_path_with_slash(p, path);
    }
    if (scope->rules->index) {
        const apr_array_header_t *over = scope->rules->left_out;

        asked->in_base = cursor->in_base;
        asked->base_from = base.len - 1;
        r307_index_find(p, scope->rules->index, asked, &cursor->rules);
        if (over && asked->times == R307_TIMES_ALL) {
            r307_candidates_add(p, &cursor->rules, (const apr_uint32_t *)
                                (const void *)over->elts, (apr_uint32_t)over->nelts);
        }
    }
}

/* A rule that is over, or has not begun, shall cost next to nothing, however expensive its
 * pattern is. */
static int is_wanted(const r307_cursor_t *cursor, const r307_plan_t *plan)
{
    r307_asked_t *asked = cursor->asked;

    if ((!plan->from.text && !plan->until.text) || asked->times == R307_TIMES_ALL) {
        return 1;
    }
    switch (r307_plan_phase(plan, asked->view->now)) {
    case R307_PHASE_EARLY:
        if (asked->times == R307_TIMES_COMING) {
            return 1;
        }
        if (!asked->soonest || plan->from.when < asked->soonest) {
            asked->soonest = plan->from.when;
        }
        return 0;
    case R307_PHASE_OVER:
        return 0;
    default:
        return 1;
    }
}

static r307_found_t compare(apr_pool_t *p, const r307_cursor_t *cursor,
                            const r307_rule_t *rule, r307_captures_t *captures)
{
    const r307_pattern_t *pattern = rule->pattern;
    const r307_tenancy_t *tenancy = cursor->scope->tenancy;
    unsigned *left = cursor->asked->left;
    unsigned steps = left && *left < cursor->steps ? *left : cursor->steps;
    r307_found_t found;

    if (!pattern) {
        return R307_FOUND_YES;
    }
    if (tenancy && r307_limit_hides(tenancy, rule)) {
        return R307_FOUND_NO;       /* before it costs anything */
    }
    if (!pattern->relative) {
        found = r307_pattern_find(p, pattern, cursor->asked->view->path, 0, steps,
                                  captures);
    }
    else if (cursor->in_base) {
        found = r307_pattern_find(p, pattern, cursor->in_base, cursor->scope->base.len - 1,
                                  steps, captures);
    }
    else {
        return R307_FOUND_NO;
    }
    if (left) {
        *left -= captures->spent < *left ? captures->spent : *left;
    }
    return found;
}

/* Of a rule that is not wanted; NULL: its text is none. */
static void count_passed(apr_pool_t *p, r307_cursor_t *cursor, const r307_rule_t *rule)
{
    r307_captures_t captures;
    r307_passed_t passed;

    if (!rule || cursor->passed_left == 0 || !rule->pattern || rule->pattern->regex) {
        return;
    }
    cursor->passed_left--;
    captures.scratch = NULL;
    if (compare(p, cursor, rule, &captures) == R307_FOUND_YES) {
        passed = r307_plan_phase(&rule->plan, cursor->asked->view->now) == R307_PHASE_EARLY
                 ? R307_PASSED_COMING : R307_PASSED_OVER;
        cursor->passed[passed]++;
    }
}

static r307_found_t find(apr_pool_t *p, r307_cursor_t *cursor, const r307_rule_t *rule,
                         r307_captures_t *captures)
{
    if (is_wanted(cursor, &rule->plan)) {
        return compare(p, cursor, rule, captures);
    }
    count_passed(p, cursor, rule);
    return R307_FOUND_NO;
}

/* The number of the next rule to be compared; that of all rules at the end. */
static int next_number(r307_cursor_t *cursor)
{
    const r307_ruleset_t *set = cursor->scope->rules;
    apr_uint32_t number;

    if (!set->index) {
        return cursor->next < set->rules->nelts ? cursor->next++ : set->rules->nelts;
    }
    return r307_candidates_next(&cursor->rules, &number) ? (int)number
                                                         : r307_ruleset_count(set);
}

/* NULL: it is not wanted, which is known before it is made, or its text is none. */
static const r307_rule_t *made(apr_pool_t *p, r307_cursor_t *cursor,
                               const r307_image_t *image, apr_uint32_t number)
{
    const r307_plan_t *plan = r307_image_plan(image, number);

    if (!plan || is_wanted(cursor, plan)) {
        return r307_image_rule(p, image, number);
    }
    if (cursor->passed_left) {
        count_passed(p, cursor, r307_image_rule(p, image, number));
    }
    return NULL;
}

static const r307_rule_t *rule_at(apr_pool_t *p, r307_cursor_t *cursor, int number)
{
    const r307_ruleset_t *set = cursor->scope->rules;

    return set->packed ? made(p, cursor, set->image, (apr_uint32_t)number)
                       : r307_ruleset_rule(p, set, number);
}

/* The next rule of the map at hand. */
static const r307_rule_t *next_in_image(apr_pool_t *p, r307_cursor_t *cursor,
                                        r307_captures_t *captures, r307_found_t *found)
{
    apr_uint32_t number;

    while (r307_candidates_next(&cursor->in_image, &number)) {
        const r307_rule_t *rule = made(p, cursor, cursor->image, number);

        *found = rule ? find(p, cursor, rule, captures) : R307_FOUND_NO;
        if (*found != R307_FOUND_NO) {
            return rule;
        }
    }
    cursor->image = NULL;
    return NULL;
}

static void open_map(apr_pool_t *p, r307_cursor_t *cursor, const r307_map_t *map)
{
    const r307_view_t *view = cursor->asked->view;

    cursor->image = view->ops->image(view->baton, map->handle);
    if (cursor->image) {
        r307_image_mark_keys(p, cursor->image, cursor->asked);
        cursor->asked->in_base = cursor->in_base;
        cursor->asked->base_from = cursor->scope->base.len - 1;
        r307_index_find(p, r307_image_index(cursor->image), cursor->asked,
                        &cursor->in_image);
    }
}

/* The rules of every map that stands in front of rule `number`. */
static const r307_rule_t *next_in_maps(apr_pool_t *p, r307_cursor_t *cursor, int number,
                                       r307_captures_t *captures, r307_found_t *found)
{
    const apr_array_header_t *maps = cursor->scope->rules->maps;

    for (;;) {
        const r307_map_t *map;
        const r307_rule_t *rule = cursor->image
            ? next_in_image(p, cursor, captures, found) : NULL;

        if (rule || cursor->map == maps->nelts) {
            return rule;
        }
        map = &APR_ARRAY_IDX(maps, cursor->map, r307_map_t);
        if (map->before > number) {
            return NULL;
        }
        cursor->map++;
        open_map(p, cursor, map);
    }
}

const r307_rule_t *r307_cursor_next(apr_pool_t *p, r307_cursor_t *cursor,
                                    r307_captures_t *captures, r307_found_t *found)
{
    const r307_ruleset_t *set = cursor->scope->rules;

    for (;;) {
        const r307_rule_t *rule;

        if (cursor->held < 0) {
            cursor->held = next_number(cursor);
        }
        rule = set->maps ? next_in_maps(p, cursor, cursor->held, captures, found) : NULL;
        if (rule || cursor->held == r307_ruleset_count(set)) {
            return rule;
        }
        rule = rule_at(p, cursor, cursor->held);
        cursor->held = -1;
        *found = rule ? find(p, cursor, rule, captures) : R307_FOUND_NO;
        if (*found != R307_FOUND_NO) {
            return rule;
        }
    }
}

r307_slice_t r307_scope_came(const r307_scope_t *scope, const r307_rule_t *rule,
                             const r307_path_t *path)
{
    if (!scope->directory && rule->base.s) {
        return rule->base;
    }
    if (scope->directory && scope->base.s) {
        return path->len >= scope->base.len
               && memcmp(path->dec, scope->base.s, scope->base.len) == 0
               ? r307_path_came(path, 0, scope->base.len) : scope->base;
    }
    return r307_slice(path->enc, path->enc_len);
}

r307_slice_t r307_scope_base(apr_pool_t *p, const r307_scope_t *scope,
                             const r307_rule_t *rule, const r307_path_t *path)
{
    r307_slice_t came = r307_scope_came(scope, rule, path);
    r307_buf_t buf;

    if (!scope->directory && rule->base.s) {
        return came;
    }
    r307_buf_make(&buf, p, came.len + 1);
    r307_text_encode(&buf, came.s, came.len, R307_LAND_PATH, R307_FORM_ENCODED);
    return r307_slice(buf.s, buf.len);
}

const char *r307_ruleset_outside(apr_pool_t *p, const r307_rule_t *rule,
                                 r307_slice_t base)
{
    r307_slice_t head = rule->head;
    const char *source = rule->source;

    if (!rule->pattern || rule->pattern->relative
        || r307_path_below(head.s, head.len, base.s, base.len - 1, rule->pattern->fold)) {
        return NULL;
    }
    /* a prefix, a pattern or a regex above the directory still reaches into it */
    if ((rule->pattern->match != R307_MATCH_EXACT || rule->pattern->segs)
        && r307_path_below(base.s, base.len, head.s, head.len, rule->pattern->fold)) {
        return NULL;
    }
    source = r307_text_show(p, source, strlen(source));
    if (rule->pattern->regex) {
        return apr_psprintf(p, "pattern '%s' is outside %s where this file applies; a "
                            "pattern sees the whole path", source,
                            r307_text_show(p, base.s, base.len));
    }
    return apr_psprintf(p, "source '%s' is outside %s where this file applies; write %s",
                        source, r307_text_show(p, base.s, base.len),
                        source[0] == '/' && source[1] ? source + 1 : "./");
}
