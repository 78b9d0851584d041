/* SPDX-License-Identifier: Apache-2.0
 *
 * First byte: where the line stands. First line: a maintenance line; second: the method;
 * third: a request target; fourth: one request header; the rest is what the flag file
 * holds. A line prints as one that prints the same; where somebody is sent is clean, the
 * page or the root or the same address without the key, and never what was asked for.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "maintenance/maintenance.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HOST "www.example.test"
#define BASE "/dir/"
#define NOW  apr_time_from_sec(APR_INT64_C(1795694400))

typedef struct fuzz_t {
    apr_pool_t *p;
    const char *header, *flag;
    r307_view_t view;
} fuzz_t;

static void fail(const char *what, const char *line, const char *other)
{
    fprintf(stderr, "fuzz_maintenance: %s\n  line:  '%s'\n  other: '%s'\n", what, line,
            other);
    abort();
}

static const char *get_header(void *baton, const char *name)
{
    const fuzz_t *fuzz = baton;
    size_t len = strlen(name);

    return strncasecmp(fuzz->header, name, len) == 0 && fuzz->header[len] == ':'
           ? fuzz->header + len + 1 : NULL;
}

static void get_self(void *baton, r307_self_t *self)
{
    *self = ((fuzz_t *)baton)->view.asked;
}

static void get_flag(void *baton, const r307_maintenance_t *line, r307_flag_seen_t *seen)
{
    seen->exists = 1;
    seen->made = NOW - apr_time_from_sec(60);
    seen->text = ((fuzz_t *)baton)->flag;
}

static r307_slice_t get_base(void *baton, const r307_maintenance_t *line)
{
    return r307_slice(BASE, strlen(BASE));
}

static int get_governs(void *baton, const r307_maintenance_t *line, const char *page)
{
    return page[0] == '/';
}

static void check_text(const char *what, const char *line, const char *text)
{
    const char *c;

    for (c = text; *c; c++) {
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) {
            fail(what, line, text);
        }
    }
}

static const r307_maintenance_t *check_line(apr_pool_t *p, const char *text,
                                            const r307_context_t *context)
{
    r307_place_t place = { "fuzz", 1 };
    r307_maintenance_t *line, *again;
    const char *error = r307_maintenance_parse(p, text, place, context, &line);
    const char *printed;

    if (error) {
        check_text("an error text with a control byte", text, error);
        return NULL;
    }
    printed = r307_maintenance_print(p, line);
    check_text("a print with a control byte", text, printed);
    error = r307_maintenance_parse(p, printed, place, context, &again);
    if (error) {
        fail("the print is not read back", printed, error);
    }
    if (strcmp(r307_maintenance_print(p, again), printed)) {
        fail("the print changes", printed, r307_maintenance_print(p, again));
    }
    return line;
}

static void check_location(const fuzz_t *fuzz, const char *text, const char *location,
                           const r307_maintenance_t *line)
{
    const r307_path_t *path;
    const char *c;
    r307_url_t url;

    for (c = location; *c; c++) {
        if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || *c == '\\') {
            fail("a byte that may not leave", text, location);
        }
    }
    r307_url_split(location, strlen(location), &url);
    if (url.host.s && (line->rule.target->kind != R307_TARGET_URL
                       || !r307_url_same_host(url.host, line->rule.target->host))) {
        fail("a host that nobody wrote", text, location);
    }
    path = r307_path_make(fuzz->p, url.path);
    if (!url.host.s && !fuzz->view.query.s && !url.query.s
        && r307_slice_same(r307_slice(path->dec, path->len),
                           r307_slice(fuzz->view.path->dec, fuzz->view.path->len))) {
        fail("sent to what was asked for", text, location);
    }
}

static void check_decision(fuzz_t *fuzz, const char *text, const r307_maintenance_t *line)
{
    r307_halting_t halting;
    r307_halt_decision_t decision;
    int i;

    memset(&halting, 0, sizeof(halting));
    halting.view = &fuzz->view;
    halting.address = "192.0.2.1";
    halting.relative = 1;
    halting.flag = get_flag;
    halting.base = get_base;
    halting.governs = get_governs;
    halting.baton = fuzz;
    r307_halt_decide(fuzz->p, &line, 1, &halting, &decision);
    if (decision.location) {
        check_location(fuzz, text, decision.location, line);
    }
    if (decision.outcome == R307_HALT_HOLD && decision.retry_after < 1) {
        fail("a Retry-After that says nothing", text, "0");
    }
    if (decision.outcome == R307_HALT_HOLD && decision.page && decision.page[0] != '/') {
        fail("a page that is no path", text, decision.page);
    }
    if (decision.cookie) {
        check_text("a cookie with a control byte", text, decision.cookie);
    }
    /* "s.." is a name as any other */
    if (decision.beside
        && (decision.beside[0] == '/'
            || strstr(apr_pstrcat(fuzz->p, "/", decision.beside, "/", NULL), "/../"))) {
        fail("a file that is not beside the page", text, decision.beside);
    }
    for (i = 0; decision.state.says.problems && i < decision.state.says.problems->nelts;
         i++) {
        check_text("a problem with a control byte", text,
                   APR_ARRAY_IDX(decision.state.says.problems, i, const char *));
    }
}

/* The next line of the input; "" when there is none. */
static const char *take_line(apr_pool_t *p, const char **input)
{
    size_t n = strcspn(*input, "\n");
    const char *line = apr_pstrmemdup(p, *input, n);

    *input += n + ((*input)[n] == '\n');
    return line;
}

static void run(apr_pool_t *p, uint8_t choice, const char *input)
{
    static const r307_view_ops_t ops = { .header = get_header, .self = get_self };
    fuzz_t fuzz = { p, NULL, NULL, { .method = NULL } };
    const r307_maintenance_t *line;
    const char *text = take_line(p, &input), *target;
    r307_context_t context;
    r307_slice_t path;

    memset(&context, 0, sizeof(context));
    context.directive = "Redirect307Maintenance";
    context.where = choice % 3 == 0 ? R307_WHERE_SERVER
        : choice % 3 == 1 ? R307_WHERE_LOCATION : R307_WHERE_DIRECTORY;
    context.location = choice / 3 % 2 ? "/shop" : NULL;
    line = check_line(p, text, &context);
    fuzz.view.method = take_line(p, &input);
    target = take_line(p, &input);
    fuzz.header = take_line(p, &input);
    fuzz.flag = *input ? input : NULL;
    if (!line || !r307_path_split(target, &path, &fuzz.view.query)) {
        return;
    }
    fuzz.view.path = r307_path_make(p, path);
    fuzz.view.now = NOW;
    fuzz.view.asked.scheme = "http";
    fuzz.view.asked.host = HOST;
    fuzz.view.asked.port = 80;
    fuzz.view.ops = &ops;
    fuzz.view.baton = &fuzz;
    check_decision(&fuzz, text, line);
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
    if (len < 1 || len > 65536 || apr_pool_create(&p, NULL)) {
        return 0;
    }
    run(p, data[0], apr_pstrmemdup(p, (const char *)data + 1, len - 1));
    apr_pool_destroy(p);
    return 0;
}
