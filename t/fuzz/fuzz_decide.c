/* SPDX-License-Identifier: Apache-2.0
 *
 * First line a rule, second a request target, the rest request headers; the header Allow is
 * Redirect307AllowHosts, and Scheme is the scheme of the request. Whatever leaves is clean,
 * stays on an origin that somebody wrote down, and is not what was asked for.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "decide/decide.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HOST "www.example.test"

/* A request out of the input: every header by its name, whatever it is asked for. */
typedef struct fuzz_request_t {
    apr_pool_t *p;
    char *headers;
    r307_view_t view;
    apr_array_header_t *allow;      /* of r307_origin_t, or NULL */
} fuzz_request_t;

static void fail(const char *what, const char *rule, const char *location)
{
    fprintf(stderr, "fuzz_decide: %s\n  rule:     '%s'\n  Location: '%s'\n", what, rule,
            location);
    abort();
}

static const char *get_header(void *baton, const char *name)
{
    fuzz_request_t *request = baton;
    const char *line = request->headers;
    size_t len = strlen(name);

    while (line && *line) {
        if (!strncasecmp(line, name, len) && line[len] == ':') {
            line += len + 1;
            return apr_pstrmemdup(request->p, line, strcspn(line, "\n"));
        }
        line = strchr(line, '\n');
        line = line ? line + 1 : NULL;
    }
    return NULL;
}

static const char *get_env(void *baton, const char *name)
{
    return get_header(baton, name);
}

static int test_expr(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    return (int)(strlen(expr->text) % 3) - 1;
}

static const char *string_expr(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    r307_vary_add(vary, "X");
    if (strstr(expr->text, "REQUEST_URI")) {
        const fuzz_request_t *request = baton;
        const r307_path_t *path = request->view.path;

        return r307_slice_text(request->p, r307_text_decode(request->p, r307_slice(path->enc,
                                                                path->enc_len), 0));
    }
    return strlen(expr->text) > 20 ? NULL : get_header(baton, "X");
}

static void self(void *baton, r307_self_t *out)
{
    *out = ((fuzz_request_t *)baton)->view.asked;
}

static const char *user(void *baton)
{
    return get_header(baton, "X-User");
}

static int file(void *baton)
{
    return get_header(baton, "X-File") ? 1 : 0;
}

static int flag(void *baton, const void *flag)
{
    return get_header(baton, "X-Flag") != NULL;
}

static apr_uint64_t roll(void *baton)
{
    return 4711;
}

static const r307_view_ops_t ops = {
    get_header, get_env, test_expr, string_expr, self, NULL, user, file, flag, roll, NULL, NULL
};

static const char *find_flag(void *baton, apr_pool_t *p, const char *name, void **found)
{
    *found = apr_pstrdup(p, name);
    return NULL;
}

static const char *compile(void *baton, apr_pool_t *p, const char *text, int is_string,
                           const void **compiled)
{
    *compiled = apr_pstrdup(p, text);
    return NULL;
}

static int same_text(r307_slice_t slice, const char *text)
{
    return slice.len == strlen(text) && !strncasecmp(slice.s, text, slice.len);
}

static void check_bytes(const char *rule, const char *location)
{
    const char *c;

    for (c = location; *c; c++) {
        if ((unsigned char)*c < 0x21 || *c == 0x7f || *c == '\\') {
            fail("a byte that must not leave", rule, location);
        }
    }
    if (strlen(location) > R307_LOCATION_MOST) {
        fail("too long", rule, location);
    }
}

/* The host as the rule writes it, with nothing where insertions stand. */
static r307_slice_t written_host(apr_pool_t *p, const r307_target_t *target)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 64);
    r307_buf_add(&buf, target->host.s, target->host.len);
    for (i = 0; i < target->count; i++) {
        const r307_part_t *part = &target->parts[i];

        if (part->in == R307_IN_HOST && part->kind == R307_PART_LITERAL) {
            r307_buf_add(&buf, part->text.s, part->text.len);
        }
    }
    return r307_slice(buf.s, buf.len);
}

/* Not the guard's own reading of the list, but as its documentation has it. */
static int is_allowed(const fuzz_request_t *request, const r307_url_t *url)
{
    const apr_array_header_t *allow = request->allow;
    long port = r307_url_port(url->port), standard = r307_url_default_port(url->scheme);
    r307_slice_t host = url->host;
    int i;

    port = port ? port : standard;
    host.len -= host.len > 1 && host.s[host.len - 1] == '.';
    for (i = 0; allow && i < allow->nelts; i++) {
        const r307_origin_t *origin = &APR_ARRAY_IDX(allow, i, r307_origin_t);
        size_t more = host.len - origin->host.len;

        if (host.len < origin->host.len
            || strncasecmp(host.s + more, origin->host.s, origin->host.len)
            || (origin->below ? more < 2 || host.s[more - 1] != '.' : more != 0)
            || port != (origin->port ? origin->port : standard)
            || (origin->scheme.s
                && r307_url_default_port(origin->scheme) != (int)standard)) {
            continue;
        }
        return 1;
    }
    return 0;
}

/* An origin the request chose: only one of the list, and never from https to http. */
static void check_chosen(const fuzz_request_t *request, const r307_target_t *target,
                         const r307_url_t *url, const char *text, const char *location)
{
    if (!is_allowed(request, url)) {
        fail("an origin nobody wrote", text, location);
    }
    if (target->kind == R307_TARGET_WHOLE && !strcmp(request->view.asked.scheme, "https")
        && same_text(url->scheme, "http")) {
        fail("a downgrade the request chose", text, location);
    }
}

/* own: the origin may be the one that was asked (https:, Redirect307Relative off). */
static void check_origin(const fuzz_request_t *request, const r307_rule_t *rule,
                         const char *text, const char *location, int own)
{
    const r307_target_t *target = rule->target;
    apr_pool_t *p = request->p;
    r307_url_t url;
    long port;

    r307_url_split(location, strlen(location), &url);
    if (url.userinfo.s) {
        fail("userinfo", text, location);
    }
    if (!url.scheme.s) {
        if (*location != '/' || location[1] == '/' || url.host.s) {
            fail("not a path of ours", text, location);
        }
        return;
    }
    if (r307_url_check_host(url.host)) {
        fail("a host that is none", text, location);
    }
    if (url.host.s[url.host.len - 1] == '.') {
        fail("a dot behind the host", text, location);
    }
    port = r307_url_port(url.port);
    if (target->kind == R307_TARGET_URL
        && ((target->host.s && r307_url_same_host(url.host, target->host))
            || r307_url_same_host(url.host, written_host(p, target)))) {
        if ((port ? port : r307_url_default_port(url.scheme))
            != (target->port ? target->port : r307_url_default_port(target->scheme))
            && !is_allowed(request, &url)) {
            fail("a port nobody wrote", text, location);
        }
        return;
    }
    if (!own || !same_text(url.host, HOST) || port) {
        check_chosen(request, target, &url, text, location);
    }
}

/* Not the request's own URL, or it would loop for ever. */
static void check_progress(const fuzz_request_t *request, const char *text,
                           const char *location)
{
    const r307_view_t *view = &request->view;
    const r307_path_t *path;
    r307_url_t url;

    r307_url_split(location, strlen(location), &url);
    if (url.scheme.s
        && (!same_text(url.scheme, view->asked.scheme) || !same_text(url.host, HOST)
            || (url.port.len && r307_url_port(url.port) != view->asked.port))) {
        return;
    }
    path = r307_path_make(request->p, url.path);
    if (path->len == view->path->len && !memcmp(path->dec, view->path->dec, path->len)
        && url.query.len == view->query.len
        && !memcmp(url.query.s ? url.query.s : "", view->query.s ? view->query.s : "",
                   url.query.len)) {
        fail("the request's own URL", text, location);
    }
}

/* A text in which all letters are small, also those in percent codes. */
static const char *folded(apr_pool_t *p, const char *text)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(text) + 1);
    for (; *text; text++) {
        int byte = *text == '%' ? r307_text_hex2(text + 1, strlen(text + 1)) : -1;

        if (byte >= 0 && r307_text_is((char)byte, R307_IS_ALPHA)) {
            r307_buf_putc(&buf, r307_text_lower((char)byte));
            text += 2;
        }
        else {
            r307_buf_putc(&buf, r307_text_lower(*text));
        }
    }
    return buf.s;
}

/* The same rule without its "|lower" and "|upper"; NULL when it has none. */
static const r307_rule_t *unchanged(const fuzz_request_t *request, const r307_rule_t *rule)
{
    r307_rule_t *plain = apr_pmemdup(request->p, rule, sizeof(*rule));
    r307_target_t *target = apr_pmemdup(request->p, rule->target, sizeof(*target));
    r307_part_t *parts = apr_palloc(request->p, sizeof(*parts) * (size_t)(target->count + 1));
    int i, changes = 0;

    for (i = 0; i < target->count; i++) {
        parts[i] = target->parts[i];
        if (parts[i].kind != R307_PART_EXPR) {
            changes += parts[i].change != R307_CHANGE_NONE;
            parts[i].change = R307_CHANGE_NONE;
        }
    }
    target->parts = parts;
    plain->target = target;
    return changes ? plain : NULL;
}

/* A change touches letters alone: where both leave, they differ in nothing else, and lead to
 * the same place. */
static void check_change(const fuzz_request_t *request, const r307_scope_t *scope,
                         const r307_policy_t *policy, const char *text,
                         const r307_rule_t *rule, const char *location)
{
    const r307_rule_t *plain = unchanged(request, rule);
    r307_scope_t other = *scope;
    r307_decision_t decision;

    if (!plain) {
        return;
    }
    other.rules = r307_ruleset_make(request->p);
    if (r307_ruleset_add(request->p, (r307_ruleset_t *)other.rules, plain)) {
        return;
    }
    r307_decide(request->p, &other, 1, policy, &request->view, &decision);
    if (decision.outcome == R307_OUTCOME_ANSWER && decision.location
        && strcmp(folded(request->p, decision.location), folded(request->p, location))) {
        fail(apr_pstrcat(request->p, "more than letters changed, without it ",
                         decision.location, NULL), text, location);
    }
}

static void decide(fuzz_request_t *request, const char *text, const r307_rule_t *rule,
                   int relative)
{
    apr_pool_t *p = request->p;
    r307_ruleset_t *rules = r307_ruleset_make(p);
    r307_scope_t scope = { rules, 0, { NULL, 0 }, NULL, 0 };
    r307_policy_t policy = { relative, request->allow, r307_exempt_default(p),
                             R307_STEPS_DEFAULT, NULL, 0, NULL, NULL };
    r307_decision_t decision;

    if (r307_ruleset_add(p, rules, rule)) {
        fail("the only rule of its set is refused", text, "");
    }
    r307_decide(p, &scope, 1, &policy, &request->view, &decision);
    if (decision.outcome == R307_OUTCOME_REFUSE && !decision.offending) {
        fail("a refusal of nothing", text, "");
    }
    if (decision.outcome != R307_OUTCOME_ANSWER || !decision.location) {
        return;
    }
    check_bytes(text, decision.location);
    check_origin(request, rule, text, decision.location,
                 !relative || rule->target->kind == R307_TARGET_HTTPS);
    check_progress(request, text, decision.location);
    check_change(request, &scope, &policy, text, rule, decision.location);
}

static void fill_view(fuzz_request_t *request)
{
    const char *scheme = get_header(request, "Scheme");
    const char *allow = get_header(request, "Allow");
    char *list, *last, *word;
    r307_origin_t origin;

    request->view.method = "GET";
    request->view.asked.scheme = scheme && !strcmp(scheme, "https") ? "https" : "http";
    request->view.asked.host = HOST;
    request->view.asked.port = request->view.asked.scheme[4] ? 443 : 80;
    request->view.ops = &ops;
    request->view.baton = request;
    if (!allow) {
        return;
    }
    request->allow = apr_array_make(request->p, 4, sizeof(r307_origin_t));
    list = apr_pstrdup(request->p, allow);
    for (word = apr_strtok(list, " ", &last); word; word = apr_strtok(NULL, " ", &last)) {
        if (!r307_origin_parse(request->p, word, &origin)) {
            APR_ARRAY_PUSH(request->allow, r307_origin_t) = origin;
        }
    }
}

static void run(apr_pool_t *p, char *text)
{
    char *target = strchr(text, '\n'), *headers = NULL;
    r307_place_t place = { "fuzz", 1 };
    fuzz_request_t request;
    r307_context_t context;
    const r307_rule_t *rule = NULL;
    r307_slice_t raw;
    int relative;

    if (!target) {
        return;
    }
    *target++ = '\0';
    headers = strchr(target, '\n');
    if (headers) {
        *headers++ = '\0';
    }
    memset(&context, 0, sizeof(context));
    memset(&request, 0, sizeof(request));
    context.directive = "Redirect307";
    context.match = *text == '^' ? R307_MATCH_REGEX : R307_MATCH_PREFIX;
    context.maker.compile = compile;
    context.maker.find_flag = find_flag;
    context.is_late = 1;
    if (!r307_path_split(target, &raw, &request.view.query)
        || r307_line_parse(p, text, place, &context, &rule) || !rule) {
        return;
    }
    request.p = p;
    request.headers = headers;
    request.view.path = r307_path_make(p, raw);
    fill_view(&request);
    for (relative = 0; relative < 2; relative++) {
        decide(&request, text, rule, relative);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int begun;
    apr_pool_t *p;

    if (!begun) {
        apr_initialize();
        atexit(apr_terminate);      /* what it holds is no leak */
        begun = 1;
    }
    if (len > 70000 || apr_pool_create(&p, NULL)) {
        return 0;
    }
    run(p, apr_pstrmemdup(p, (const char *)data, len));
    apr_pool_destroy(p);
    return 0;
}
