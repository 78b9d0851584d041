/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_gap.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl_pages.h"
#include "ctl_site.h"

/* --- rules --- */

/* The rules of one file, as explain asks them. */
static const char *load(ctl_gaps_t *x, const char *name, const char *root,
                        const char *base, r307_scope_t *scope)
{
    ctl_site_t *site = apr_palloc(x->p, sizeof(*site));
    ctl_reach_t *reach = apr_palloc(x->p, sizeof(*reach));
    const char *bad;

    ctl_site_make(site, x->p);
    site->root = root;
    site->keeps_maps = 1;
    bad = ctl_site_load_name(site, name, reach);
    if (!bad && !site->ours) {
        bad = ctl_site_empty(x->p, name);
    }
    memset(scope, 0, sizeof(*scope));
    scope->rules = APR_ARRAY_IDX(site->containers, 0, ctl_container_t).rules;
    scope->directory = !reach->is_conf;
    scope->base = scope->directory ? r307_slice(base, strlen(base)) : r307_slice(NULL, 0);
    return bad;
}

static const char *load_whole(ctl_gaps_t *x, const ctl_args_t *args)
{
    const char *bad;

    if (!ctl_args_value(args, "f")) {
        return NULL;
    }
    x->whole = apr_pcalloc(x->p, sizeof(*x->whole));
    x->whole->p = x->p;
    bad = ctl_asked_options(&x->whole->asked, args);
    ctl_httpd_make(&x->whole->httpd, x->p);
    bad = bad ? bad : ctl_httpd_load(&x->whole->httpd, args);
    if (!bad) {
        ctl_whole_mark(x->whole, &x->mark);
        bad = x->whole->httpd.fails;
    }
    return bad;
}

const char *ctl_gaps_make(ctl_gaps_t *x, const ctl_args_t *args)
{
    const char *base = ctl_args_value(args, "base"), *name, *bad;
    int i;

    memset(x, 0, sizeof(*x));
    x->p = args->p;
    x->gaps = apr_array_make(x->p, 64, sizeof(ctl_gap_t));
    x->docroot = ctl_args_value(args, "docroot");
    bad = ctl_asked_options(&x->asked, args);
    base = base ? base : "/";
    if (!bad && (*base != '/' || base[strlen(base) - 1] != '/')) {
        bad = "--base begins and ends with '/'";
    }
    while (ctl_args_nth(args, "rules", x->count)) {
        x->count++;
    }
    x->scopes = apr_pcalloc(x->p, (size_t)(x->count + 1) * sizeof(*x->scopes));
    for (i = 0; !bad && (name = ctl_args_nth(args, "rules", i)) != NULL; i++) {
        bad = load(x, name, ctl_args_value(args, "root"), base, &x->scopes[i]);
    }
    bad = bad ? bad : load_whole(x, args);
    x->has_rules = x->count > 0 || x->whole;
    return bad;
}

/* What these rules say to a URL. 0: that only the server knows. */
static int ask(ctl_gaps_t *x, const char *host, const char *path,
               const r307_scope_t *scopes, int count, r307_decision_t *decision)
{
    r307_policy_t policy = { 1, NULL, r307_exempt_default(x->p), R307_STEPS_DEFAULT, NULL,
                             0, NULL, NULL };
    r307_view_t view;

    memset(decision, 0, sizeof(*decision));
    memset(&view, 0, sizeof(view));
    x->asked.url = *host ? apr_pstrcat(x->p, "http://", host, path, NULL) : path;
    apr_array_clear(x->asked.unanswered);
    if (!ctl_asked_set(&x->asked, &view)) {
        return 0;
    }
    r307_decide(x->p, scopes, count, &policy, &view, decision);
    return !x->asked.unanswered->nelts;
}

/* What the httpd says. That other modules may answer before is no doubt here: the log
 * tells that they did not. */
static int ask_whole(ctl_gaps_t *x, const char *host, const char *path,
                     r307_decision_t *decision)
{
    ctl_whole_t *whole = x->whole;
    ctl_ending_t ending;

    ctl_whole_forget(whole, &x->mark);
    memset(&whole->view, 0, sizeof(whole->view));
    whole->asked.url = *host ? apr_pstrcat(x->p, "http://", host, path, NULL) : path;
    if (!ctl_asked_set(&whole->asked, &whole->view)
        || ctl_whole_go(whole, &whole->asked.self)) {
        return 0;
    }
    ctl_whole_settle(whole, 0, &ending);
    *decision = ending.decision;
    return ending.is_decided && !whole->asked.unanswered->nelts
           && r307_config_engine(ending.area->conf) == R307_ENGINE_ON;
}

/* What all rules that there are answer; 0: none does, or only the server knows. */
static int ask_all(ctl_gaps_t *x, const char *host, const char *path,
                   r307_decision_t *decision)
{
    return (x->whole && ask_whole(x, host, path, decision)
            && decision->outcome == R307_OUTCOME_ANSWER)
        || (x->count && ask(x, host, path, x->scopes, x->count, decision)
            && decision->outcome == R307_OUTCOME_ANSWER);
}

static const char *place_of(apr_pool_t *p, const r307_rule_t *rule)
{
    return apr_psprintf(p, "%s:%u", r307_text_show(p, rule->place.file,
                                                   strlen(rule->place.file)),
                        rule->place.line);
}

static void ask_rules(ctl_gaps_t *x, ctl_gap_t *gap)
{
    r307_decision_t decision;

    if (!ask_all(x, gap->host, gap->path, &decision)) {
        return;
    }
    if (decision.status < 400) {
        gap->caught = place_of(x->p, decision.rule);
    }
    else {
        gap->gone = place_of(x->p, decision.rule);
    }
}

/* --- what is near --- */

/* The path that a rule is for, decoded; absent where it is for more than one form. */
static r307_slice_t path_of(ctl_gaps_t *x, const r307_scope_t *scope,
                            const r307_rule_t *rule)
{
    const r307_pattern_t *pattern = rule->pattern;

    if (!pattern || pattern->match == R307_MATCH_REGEX || pattern->segs
        || rule->target->kind == R307_TARGET_STOP || pattern->head.len < 2) {
        return r307_slice(NULL, 0);
    }
    if (pattern->relative && !scope->base.s) {
        return r307_slice(NULL, 0);     /* of a directory whose URL is not known */
    }
    if (pattern->relative) {
        const char *path = apr_psprintf(x->p, "%.*s%.*s", (int)scope->base.len - 1,
                                        scope->base.s, (int)pattern->head.len,
                                        pattern->head.s);

        return r307_slice(path, strlen(path));
    }
    return pattern->head;
}

/* Behind so many segments. */
static const char *behind(const char *path, int segs)
{
    for (; segs > 0; segs--) {
        path += strspn(path, "/");
        path += strcspn(path, "/");
    }
    return path;
}

static void take_rule(ctl_gaps_t *x, const r307_scope_t *scope, const r307_rule_t *rule)
{
    r307_slice_t path = path_of(x, scope, rule);
    r307_near_path_t split;
    int i;

    if (!path.s) {
        return;
    }
    r307_near_split(path, &split);
    for (i = 0; i < x->gaps->nelts; i++) {
        ctl_gap_t *gap = &APR_ARRAY_IDX(x->gaps, i, ctl_gap_t);
        int segs
            = rule->pattern->match == R307_MATCH_PREFIX && split.count < gap->split.count
                  ? split.count
                  : gap->split.count;
        r307_near_t near = r307_near_compare(&gap->split, segs, &split);

        if (near.kind >= R307_NEAR_ABOVE
            || r307_path_below(gap->dec, strlen(gap->dec), path.s, path.len, 0)) {
            continue;       /* what it is for, and did not answer, is not near */
        }
        if (r307_near_is_nearer(near, gap->rule.near)) {
            gap->rule.near = near;
            gap->rule.ties = 0;
            gap->rule.segs = segs;
            gap->rule.path = apr_pstrmemdup(x->p, path.s, path.len);
            gap->rule.place = place_of(x->p, rule);
        }
        else if (!r307_near_is_nearer(gap->rule.near, near)) {
            gap->rule.ties++;
        }
    }
}

static void take_image(ctl_gaps_t *x, const r307_scope_t *scope, const r307_image_t *image)
{
    apr_pool_t *one;
    apr_uint32_t k;

    apr_pool_create(&one, x->p);
    for (k = 0; k < r307_image_count(image); k++) {
        const r307_rule_t *rule = r307_image_rule(one, image, k);

        if (rule) {
            take_rule(x, scope, rule);
        }
        apr_pool_clear(one);
    }
    apr_pool_destroy(one);
}

static void take_scope(ctl_gaps_t *x, const r307_scope_t *scope)
{
    const r307_ruleset_t *set = scope->rules;
    int i;

    for (i = 0; i < set->rules->nelts; i++) {
        take_rule(x, scope, r307_ruleset_rule(x->p, set, i));
    }
    for (i = 0; set->maps && i < set->maps->nelts; i++) {
        take_image(x, scope, APR_ARRAY_IDX(set->maps, i, r307_map_t).handle);
    }
}

/* The rules of httpd.conf; those of .htaccess files are asked, and not looked through. */
static void take_whole(ctl_gaps_t *x)
{
    static const r307_scope_t anywhere;
    int i;

    for (i = 0; i < x->mark.lines; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(x->whole->httpd.lines.lines, i,
                                               const ctl_line_t *);

        if (line->rule) {
            take_rule(x, &anywhere, line->rule);
        }
        if (line->kind == CTL_LINE_MAP && line->map->image) {
            take_image(x, &anywhere, line->map->image);
        }
    }
}

/* A folder's page is the folder. */
static const char *url_of(apr_pool_t *p, const char *path)
{
    const char *slash = strrchr(path, '/');

    return strncmp(slash + 1, "index.", 6) == 0
        ? apr_pstrmemdup(p, path, (size_t)(slash + 1 - path)) : path;
}

static void take_page(void *baton, const char *path)
{
    ctl_gaps_t *x = baton;
    r307_near_path_t split;
    int i;

    x->has_pages = 1;
    r307_near_split(r307_slice(path, strlen(path)), &split);
    for (i = 0; i < x->gaps->nelts; i++) {
        ctl_gap_t *gap = &APR_ARRAY_IDX(x->gaps, i, ctl_gap_t);
        r307_near_t near = r307_near_compare(&gap->split, gap->split.count, &split);

        if (near.kind == R307_NEAR_SAME
            && strcmp(gap->dec, url_of(x->p, path)) == 0) {
            gap->caught = apr_psprintf(x->p, "%s%s", r307_text_show(x->p, x->docroot,
                                       strlen(x->docroot)), gap->path);
        }
        else if (r307_near_is_nearer(near, gap->page.near)) {
            gap->page.near = near;
            gap->page.ties = 0;
            gap->page.path = apr_pstrdup(x->p, url_of(x->p, path));
        }
        else if (!r307_near_is_nearer(gap->page.near, near)) {
            gap->page.ties++;
        }
    }
}

/* --- the line --- */

static const char *encoded(apr_pool_t *p, const char *dec)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(dec) + 1);
    r307_text_encode(&buf, dec, strlen(dec), R307_LAND_PATH, R307_FORM_ENCODED);
    return buf.s;
}

/* A URL as a line has it: no byte of its path means anything there. A colon is one
 * where a name could begin. */
static const char *as_written(apr_pool_t *p, const char *url, const char *special)
{
    const char *path = strstr(url, "://") ? strchr(strstr(url, "://") + 3, '/') : url;
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(url) + 16);
    for (; *url; url++) {
        if (path && url >= path && (strchr(special, *url)
                                    || (*url == ':' && url > path && url[-1] == '/'))) {
            r307_buf_puts(&buf, apr_psprintf(p, "%%%02X", (unsigned char)*url));
        }
        else {
            r307_buf_putc(&buf, *url);
        }
    }
    return buf.len ? buf.s : "";
}

/* The line, if it does what it is for. target: NULL: it says that the page is gone. */
static const char *line_of(ctl_gaps_t *x, const ctl_gap_t *gap, const char *target)
{
    static const r307_place_t nowhere = { "", 1 };
    r307_context_t context;
    r307_decision_t decision;
    const r307_rule_t *rule;
    r307_scope_t scope;
    const char *args;

    if (gap->is_cut) {
        return NULL;
    }
    target = target ? as_written(x->p, target, "$*|") : NULL;
    args = apr_pstrcat(x->p, r307_token_quote(x->p, as_written(x->p, gap->path, "*")),
                       " ", target ? r307_token_quote(x->p, target) : "status=gone",
                       " match=exact", x->is_by_host ? " host=" : "",
                       x->is_by_host ? gap->host : "", NULL);
    memset(&context, 0, sizeof(context));
    memset(&scope, 0, sizeof(scope));
    context.directive = "Redirect307";
    context.match = R307_MATCH_PREFIX;
    scope.rules = r307_ruleset_make(x->p);
    if (r307_line_parse(x->p, args, nowhere, &context, &rule) || !rule
        || r307_ruleset_add(x->p, (r307_ruleset_t *)scope.rules, rule)
        || !ask(x, gap->host, gap->path, &scope, 1, &decision)
        || decision.outcome != R307_OUTCOME_ANSWER
        || (target && strcmp(decision.location, target) != 0)) {
        return NULL;
    }
    return apr_pstrcat(x->p, "Redirect307 ", args, NULL);
}

/* Where the rule that is near sends what was likely meant. */
static const char *target_of(ctl_gaps_t *x, const ctl_gap_t *gap)
{
    const char *rest = behind(gap->dec, gap->rule.segs);
    const char *meant = apr_pstrcat(
        x->p, gap->rule.path,
        *rest == '/' && gap->rule.path[strlen(gap->rule.path) - 1] == '/' ? rest + 1
                                                                          : rest,
        NULL);
    r307_decision_t decision;

    return ask_all(x, gap->host, encoded(x->p, meant), &decision) ? decision.location
                                                                  : NULL;
}

static void advise(ctl_gaps_t *x, ctl_gap_t *gap)
{
    const char *target = gap->rule.path && !gap->rule.ties ? target_of(x, gap) : NULL;

    if (target && !r307_near_is_nearer(gap->page.near, gap->rule.near)) {
        gap->near = gap->rule.path;
        gap->place = gap->rule.place;
        gap->why = r307_near_text(x->p, gap->rule.near);
        gap->line = line_of(x, gap, target);
    }
    else if (gap->page.path) {
        gap->near = encoded(x->p, gap->page.path);
        gap->why = gap->page.ties
            ? apr_psprintf(x->p, "%s, and %d more", r307_near_text(x->p, gap->page.near),
                           gap->page.ties)
            : r307_near_text(x->p, gap->page.near);
        gap->line = gap->page.ties ? NULL : line_of(x, gap, gap->near);
    }
    else if (gap->status == 404 && (x->has_rules || x->has_pages)) {
        gap->line = line_of(x, gap, NULL);
    }
}

const char *ctl_gaps_find(ctl_gaps_t *x)
{
    const char *bad = NULL;
    int i;

    for (i = 0; i < x->gaps->nelts; i++) {
        ctl_gap_t *gap = &APR_ARRAY_IDX(x->gaps, i, ctl_gap_t);
        const r307_path_t *path = r307_path_make(x->p, r307_slice(gap->path,
                                                                   strlen(gap->path)));

        gap->dec = path->dec;
        r307_near_split(r307_slice(path->dec, strlen(path->dec)), &gap->split);
        gap->rule.near.kind = gap->page.near.kind = R307_NEAR_NONE;
        ask_rules(x, gap);
    }
    for (i = 0; i < x->count; i++) {
        take_scope(x, &x->scopes[i]);
    }
    if (x->whole) {
        ctl_whole_forget(x->whole, &x->mark);
        take_whole(x);
    }
    if (x->docroot) {
        bad = ctl_pages_each(x->p, x->docroot, take_page, x);
    }
    for (i = 0; i < x->gaps->nelts; i++) {
        ctl_gap_t *gap = &APR_ARRAY_IDX(x->gaps, i, ctl_gap_t);

        if (!gap->caught) {
            advise(x, gap);
        }
    }
    return bad;
}
