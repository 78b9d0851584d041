/* SPDX-License-Identifier: Apache-2.0
 *
 * fake: a request in memory, and a decision under fixed assumptions.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "unit.h"

static const char *fake_header(void *baton, const char *name)
{
    unit_fake_t *fake = baton;
    const char *value = NULL;
    size_t len = strlen(name);
    int i;

    for (i = 0; i < fake->headers->nelts; i++) {
        const char *line = APR_ARRAY_IDX(fake->headers, i, const char *);

        if (strncasecmp(line, name, len) || line[len] != ':') {
            continue;
        }
        for (line += len + 1; *line == ' '; line++) {
        }
        value = value ? apr_pstrcat(fake->p, value, ", ", line, NULL) : line;
    }
    return value;
}

static const char *fake_env(void *baton, const char *name)
{
    return strcmp(name, "R307_TEST") ? NULL : fake_header(baton, "X-Env");
}

static void fake_self(void *baton, r307_self_t *self)
{
    unit_fake_t *fake = baton;

    *self = fake->view.asked;
    self->scheme = r307_view_scheme(&fake->view);
}

static const char *compile(void *baton, apr_pool_t *p, const char *text, int is_string,
                           const void **compiled)
{
    if (strstr(text, "syntax-error")) {
        return "syntax error, unexpected $end";
    }
    *compiled = apr_pstrcat(p, is_string ? "s" : "b", text, NULL);
    return NULL;
}

static const char *find_flag(void *baton, apr_pool_t *p, const char *name, void **found)
{
    *found = apr_pstrdup(p, name);
    return strchr(name, '/') ? "lies elsewhere; write flag=down.on" : NULL;
}

const r307_expr_maker_t unit_fake_maker = { compile, NULL, find_flag };

/* Value of NAME; "" for a header that is absent, NULL when nobody knows NAME. */
static const char *value_of(unit_fake_t *fake, const char *name, r307_vary_t *vary)
{
    const char *value;

    if (!strncmp(name, "HTTP:", 5)) {
        if (vary) {
            r307_vary_add(vary, name + 5);
        }
        value = fake_header(fake, name + 5);
        return value ? value : "";
    }
    if (!strcmp(name, "HTTP_HOST")) {
        return fake->view.asked.host;
    }
    if (!strcmp(name, "REQUEST_METHOD")) {
        return fake->view.method;
    }
    if (!strcmp(name, "REQUEST_SCHEME")) {
        return fake->view.asked.scheme;
    }
    if (!strcmp(name, "QUERY_STRING")) {
        return fake->view.query.s ? r307_slice_text(fake->p, fake->view.query) : "";
    }
    if (!strcmp(name, "REQUEST_URI")) {
        r307_slice_t came = r307_slice(fake->view.path->enc, fake->view.path->enc_len);

        return r307_slice_text(fake->p, r307_text_decode(fake->p, came, 0));
    }
    return NULL;
}

/* "%{NAME}" at *text or, without that wrapping, all of it; moves behind it. */
static const char *named(unit_fake_t *fake, const char **text, r307_vary_t *vary)
{
    const char *end;
    char *name;

    if (strncmp(*text, "%{", 2)) {
        name = apr_pstrdup(fake->p, *text);
        *text += strlen(*text);
        return value_of(fake, name, vary);
    }
    end = strchr(*text, '}');
    if (!end) {
        return NULL;
    }
    name = apr_pstrmemdup(fake->p, *text + 2, (apr_size_t)(end - *text - 2));
    *text = end + 1;
    return value_of(fake, name, vary);
}

static int fake_test(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    unit_fake_t *fake = baton;
    const char *text = (const char *)expr->compiled + 1, *value, *end;
    int flip;

    if (!strcmp(text, "true") || !strcmp(text, "false")) {
        return *text == 't';
    }
    if (!strncmp(text, "-n ", 3) || !strncmp(text, "-z ", 3)) {
        flip = text[1] == 'z';
        text += 3;
        value = named(fake, &text, vary);
        return value ? (*value != '\0') != flip : -1;
    }
    value = named(fake, &text, vary);
    flip = !strncmp(text, " != '", 5);
    if (!value || (!flip && strncmp(text, " == '", 5))) {
        return -1;
    }
    text += 5;
    end = strchr(text, '\'');
    return end ? (strlen(value) == (size_t)(end - text)
                  && !memcmp(value, text, strlen(value))) != flip
               : -1;
}

/* Text and "%{NAME}" up to the last '}', which is a function's. */
static const char *mixed(unit_fake_t *fake, const char *text, r307_vary_t *vary)
{
    size_t len = strlen(text) - 1;
    char *rest = apr_pstrmemdup(fake->p, text, len), *value = apr_pstrdup(fake->p, "");
    const char *at = rest;

    if (strncmp(text, "%{", 2) && !strchr(text, '%')) {
        return named(fake, &text, vary);
    }
    while (*at) {
        size_t n = strcspn(at, "%");
        const char *one;

        value = apr_pstrcat(fake->p, value, apr_pstrmemdup(fake->p, at, n), NULL);
        at += n;
        one = *at ? named(fake, &at, vary) : "";
        if (!one) {
            return NULL;
        }
        value = apr_pstrcat(fake->p, value, one, NULL);
    }
    return value;
}

static const char *fake_string(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    const char *text = (const char *)expr->compiled + 1;
    int upper = !strncmp(text, "%{toupper:", 10);
    char *value, *c;

    if (!upper && strncmp(text, "%{tolower:", 10)) {
        return named(baton, &text, vary);
    }
    text += 10;
    value = (char *)(intptr_t)mixed(baton, text, vary);
    value = value ? apr_pstrdup(((unit_fake_t *)baton)->p, value) : NULL;
    for (c = value; c && *c; c++) {
        *c = upper ? r307_text_upper(*c) : r307_text_lower(*c);
    }
    return value;
}

/* A map's handle is its image. */
static const struct r307_image_t *fake_image(void *baton, const void *map)
{
    return map;
}

static const char *fake_user(void *baton)
{
    return fake_header(baton, "X-User");
}

static int fake_file(void *baton)
{
    const char *text = fake_header(baton, "X-File");

    return text ? strcmp(text, "present") == 0 : -1;
}

static int fake_flag(void *baton, const void *flag)
{
    const char *text = fake_header(baton, "X-Flag");

    return text && strcmp(text, flag) == 0;
}

static apr_uint64_t fake_roll(void *baton)
{
    const char *text = fake_header(baton, "X-Roll");

    return text ? (apr_uint64_t)apr_atoi64(text) : 1;
}

static const char *fake_scheme(void *baton)
{
    return "http";
}

static int fake_port(void *baton)
{
    return ((unit_fake_t *)baton)->port;
}

static const r307_view_ops_t fake_ops = {
    fake_header, fake_env, fake_test, fake_string, fake_self, fake_image, fake_user,
    fake_file, fake_flag, fake_roll, fake_scheme, fake_port
};

static void set_asked(unit_fake_t *fake)
{
    const char *host = fake_header(fake, "Host"), *colon;
    r307_self_t *asked = &fake->view.asked;

    asked->scheme = "http";
    asked->host = host ? host : "www.example.test";
    asked->port = 80;
    colon = strrchr(asked->host, ':');
    if (colon && colon[1] && !strchr(colon, ']')) {
        asked->port = atoi(colon + 1);
        asked->host = apr_pstrndup(fake->p, asked->host,
                                   (apr_size_t)(colon - asked->host));
    }
    fake->port = asked->port;
}

/* X-Now, else the first second of 2026. */
static void set_now(unit_fake_t *fake)
{
    const char *text = fake_header(fake, "X-Now");
    const char *bad = r307_time_parse(fake->p, text ? text : "2026-01-01T00:00:00Z", 0,
                                      &fake->view.now);

    ck_assert_msg(!bad, "X-Now: '%s' %s", text, bad);
}

unit_fake_t *unit_fake_make(apr_pool_t *p, const char *method, const char *target,
                            const char *headers)
{
    unit_fake_t *fake = apr_pcalloc(p, sizeof(*fake));
    r307_slice_t path;

    if (!r307_path_split(target, &path, &fake->view.query)) {
        return NULL;
    }
    fake->p = p;
    fake->headers = strcmp(headers, "-") ? unit_list(p, headers, " && ")
                                         : apr_array_make(p, 1, sizeof(const char *));
    fake->view.path = r307_path_make(p, path);
    fake->view.method = method;
    set_now(fake);
    fake->view.client = fake_header(fake, "X-Client");
    fake->view.login_ahead = fake_header(fake, "X-Login") != NULL;
    fake->view.ops = &fake_ops;
    fake->view.baton = fake;
    set_asked(fake);
    return fake;
}

void unit_context_make(apr_pool_t *p, const char *where, const char *directive,
                       r307_context_t *context)
{
    memset(context, 0, sizeof(*context));
    context->directive = apr_pstrdup(p, directive);
    context->match = strcmp(directive, "Redirect307Match") ? R307_MATCH_PREFIX
                                                           : R307_MATCH_REGEX;
    context->where = R307_WHERE_SERVER;
    context->maker = unit_fake_maker;
    context->jit = 1;
    if (!strcmp(where, "htaccess")) {
        context->where = R307_WHERE_DIRECTORY;
        context->is_tenant = 1;
        context->is_late = 1;
    }
    else if (!strncmp(where, "location", 8)) {
        context->where = R307_WHERE_LOCATION;
        context->location = where[8] == ':' ? apr_pstrdup(p, where + 9) : NULL;
    }
    else {
        ck_assert_str_eq(where, "server");
    }
}

int unit_elsewhere(const r307_index_t *index, r307_slice_t path)
{
    apr_uint64_t noted[R307_INDEX_BEGINS];
    r307_trail_t trail;

    if (!index || path.len == 0 || path.s[0] != '/') {
        return 0;
    }
    r307_index_elsewhere(index, noted);
    r307_trail_begin(&trail);
    return r307_index_is_elsewhere(noted, r307_index_begin(path.s + 1, path.len - 1), path,
                                   &trail);
}

int unit_keep(apr_pool_t *p, r307_ruleset_t *rules, const char *line, r307_place_t place,
              const r307_context_t *context)
{
    r307_plain_t *plain = r307_literals_keep(r307_literals_make(p), p, line, place, context);

    if (plain) {
        r307_ruleset_add_plain(p, rules, plain);
    }
    return plain != NULL;
}

int unit_keeps_words;

r307_ruleset_t *unit_rules(apr_pool_t *p, const char *text, const char *where,
                           const char *directive, const char **error)
{
    r307_ruleset_t *rules = r307_ruleset_make(p);
    apr_array_header_t *lines = unit_list(p, text, " ;; ");
    r307_context_t *context = apr_palloc(p, sizeof(*context));
    int i;

    unit_context_make(p, where, directive, context);
    for (i = 0; i < lines->nelts; i++) {
        r307_place_t place = { "unit", (unsigned)i + 1 };
        const char *line = APR_ARRAY_IDX(lines, i, const char *);
        const r307_rule_t *rule = NULL;

        if (unit_keeps_words && unit_keep(p, rules, line, place, context)) {
            *error = NULL;
            continue;
        }
        *error = r307_line_parse(p, line, place, context, &rule);
        if (!*error && rule) {
            *error = r307_ruleset_add(p, rules, rule);
        }
        if (*error) {
            return NULL;
        }
    }
    return rules;
}

static apr_array_header_t *origins(apr_pool_t *p, const char *text)
{
    apr_array_header_t *names, *list;
    int i;

    if (!strcmp(text, "-")) {
        return NULL;
    }
    names = unit_list(p, text, " ");
    list = apr_array_make(p, names->nelts, sizeof(r307_origin_t));
    for (i = 0; i < names->nelts; i++) {
        const char *error = r307_origin_parse(p, APR_ARRAY_IDX(names, i, const char *),
                                              apr_array_push(list));

        ck_assert_msg(!error, "%s: %s", APR_ARRAY_IDX(names, i, const char *), error);
    }
    return list;
}

static void no_trace(void *baton, const r307_rule_t *rule, r307_skip_t step,
                     const char *detail)
{
    ck_assert(baton == NULL && rule && r307_skip_text(step));
}

/* A map makes its rules anew for every request. */
static unsigned line_of(const r307_decision_t *decision)
{
    return decision->rule ? decision->rule->place.line : 0;
}

static int is_same(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

void unit_decide_as(apr_pool_t *p, const r307_ruleset_t *rules, const char *where,
                    const char *allow, int relative, const r307_view_t *view,
                    r307_decision_t *decision)
{
    r307_policy_t policy;
    r307_decision_t traced;
    r307_scope_t scope;

    memset(&policy, 0, sizeof(policy));
    policy.relative = relative;
    policy.allow = origins(p, allow);
    policy.exempt = r307_exempt_default(p);
    policy.steps = R307_STEPS_DEFAULT;
    memset(&scope, 0, sizeof(scope));
    scope.rules = rules;
    if (!strcmp(where, "htaccess")) {
        scope.directory = 1;
        scope.base = r307_slice("/dir/", 5);
    }
    memset(decision, 0, sizeof(*decision));
    r307_decide(p, &scope, 1, &policy, view, decision);
    /* who wants to know why has all rules compared, and no other answer */
    policy.trace = no_trace;
    policy.trace_times = 1;
    r307_decide(p, &scope, 1, &policy, view, &traced);
    ck_assert_msg(traced.outcome == decision->outcome && line_of(&traced) == line_of(decision)
              && traced.status == decision->status
              && traced.max_age == decision->max_age
              && traced.is_private == decision->is_private
              && is_same(traced.location, decision->location)
              && is_same(traced.vary, decision->vary),
              "%d at %u, %s, age %d, Vary %s; and traced %d at %u, %s, age %d, Vary %s",
              decision->outcome, line_of(decision), decision->location, decision->max_age,
              decision->vary, traced.outcome, line_of(&traced), traced.location,
              traced.max_age, traced.vary);
}

void unit_decide(apr_pool_t *p, const r307_ruleset_t *rules, const char *where,
                 const char *allow, const r307_view_t *view, r307_decision_t *decision)
{
    unit_decide_as(p, rules, where, allow, 1, view, decision);
}
