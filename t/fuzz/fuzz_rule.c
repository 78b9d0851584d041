/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes as a rule line, in one of the contexts chosen by the first byte. What is printed
 * of a rule reads back to the same print; what is said about a bad line can be shown; a line that
 * is read without the parser is what the parser makes of it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "grammar/literal_line.h"
#include "grammar/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void fail(const char *what, const char *line, const char *other)
{
    fprintf(stderr, "fuzz_rule: %s\n  line:  '%s'\n  other: '%s'\n", what, line, other);
    abort();
}

static const char *compile(void *baton, apr_pool_t *p, const char *text, int is_string,
                           const void **compiled)
{
    *compiled = apr_pstrdup(p, text);
    return strstr(text, "()") ? "syntax error" : NULL;
}

static void make_context(uint8_t choice, r307_context_t *context)
{
    static const r307_where_t wheres[] = {
        R307_WHERE_SERVER, R307_WHERE_LOCATION, R307_WHERE_DIRECTORY
    };
    static const r307_match_t matches[] = {
        R307_MATCH_PREFIX, R307_MATCH_REGEX, R307_MATCH_EXACT
    };

    memset(context, 0, sizeof(*context));
    context->where = wheres[choice % 3];
    context->match = matches[choice / 3 % 3];
    context->directive = context->match == R307_MATCH_REGEX ? "Redirect307Match"
                                                            : "Redirect307";
    context->location = choice / 9 % 2 ? "/shop" : NULL;
    if (choice / 18 % 4) {
        context->maker.compile = compile;
    }
}

static void check_error(const char *error, const char *line)
{
    const char *c;

    if (!*error) {
        fail("an error text that says nothing", line, error);
    }
    for (c = error; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            fail("an error text with a control byte", line, error);
        }
    }
}

static int same_slice(r307_slice_t a, r307_slice_t b)
{
    return !a.s == !b.s && r307_slice_same(a, b);
}

/* The same parts in the same places, so that every request is answered alike. */
static int same_target(const r307_target_t *a, const r307_target_t *b)
{
    int i;

    if (a->kind != b->kind || a->count != b->count || a->port != b->port
        || a->glued != b->glued || a->has_query != b->has_query
        || a->has_fragment != b->has_fragment || a->final_slash != b->final_slash
        || a->inserts != b->inserts || !same_slice(a->host, b->host)
        || !same_slice(a->scheme, b->scheme) || !same_slice(a->head, b->head)) {
        return 0;
    }
    for (i = 0; i < a->count; i++) {
        const r307_part_t *x = &a->parts[i], *y = &b->parts[i];

        if (x->kind != y->kind || x->in != y->in || x->capture != y->capture
            || x->change != y->change || x->is_path != y->is_path
            || !same_slice(x->text, y->text)
            || strcmp(x->expr.text ? x->expr.text : "", y->expr.text ? y->expr.text : "")) {
            return 0;
        }
    }
    return 1;
}

static void check_same(apr_pool_t *p, const char *line, const r307_rule_t *rule,
                       const r307_rule_t *parsed)
{
    if (!parsed) {
        fail("a line that the parser does not take", line, r307_line_print(p, rule));
    }
    if (strcmp(r307_line_print(p, rule), r307_line_print(p, parsed))
        || rule->status != parsed->status || rule->carry != parsed->carry
        || rule->cond_count != parsed->cond_count || rule->traits != parsed->traits
        || !same_slice(rule->head, parsed->head) || !same_slice(rule->base, parsed->base)
        || !same_target(rule->target, parsed->target)) {
        fail("another rule than the parser's", line, r307_line_print(p, rule));
    }
}

/* Twice, as the second line of a kind is copied from what the first one left. */
static void check_literal(apr_pool_t *p, const char *line, const r307_context_t *context,
                          const r307_rule_t *parsed)
{
    r307_literals_t *literals = r307_literals_make(p);
    r307_place_t place = { "fuzz", 1 };
    r307_literal_t room;
    int i;

    for (i = 0; i < 2; i++) {
        const r307_rule_t *rule = r307_literals_line(literals, p, line, place, context);
        const r307_plain_t *plain = r307_literals_keep(literals, p, line, place, context);

        if (rule) {
            check_same(p, line, rule, parsed);
        }
        if (plain) {
            check_same(p, line, r307_plain_rule(plain, &room), parsed);
        }
    }
}

static void check_rule(apr_pool_t *p, const char *line, const r307_context_t *context)
{
    r307_place_t place = { "fuzz", 1 };
    const r307_rule_t *rule = NULL, *again = NULL;
    const char *error = r307_line_parse(p, line, place, context, &rule);
    const char *printed, *c;

    check_literal(p, line, context, error ? NULL : rule);
    if (error) {
        check_error(error, line);
        return;
    }
    if (!rule) {
        return;
    }
    printed = r307_line_print(p, rule);
    for (c = printed; *c; c++) {        /* a tab may stand in quotes */
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) {
            fail("a print with a control byte", line, printed);
        }
    }
    error = r307_line_parse(p, printed, place, context, &again);
    if (error || !again) {
        fail("the print is not read back", printed, error ? error : "(no rule)");
    }
    if (strcmp(r307_line_print(p, again), printed)) {
        fail("the print changes", printed, r307_line_print(p, again));
    }
    if (again->status != rule->status || again->carry != rule->carry
        || again->cond_count != rule->cond_count
        || !same_target(again->target, rule->target)) {
        fail("the print means another rule", line, printed);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int begun;
    apr_pool_t *p;
    r307_context_t context;

    if (!begun) {
        apr_initialize();
        atexit(apr_terminate);      /* what it holds is no leak */
        begun = 1;
    }
    if (len < 1 || len > R307_LINE_MOST + 4096 || apr_pool_create(&p, NULL)) {
        return 0;
    }
    make_context(data[0], &context);
    check_rule(p, apr_pstrmemdup(p, (const char *)data + 1, len - 1), &context);
    apr_pool_destroy(p);
    return 0;
}
