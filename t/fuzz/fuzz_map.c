/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes as a map file, in the format chosen by the first byte. Lines come in order and
 * within the file; a row that is called plain means itself: the line parser reads the same
 * path and the same target from it; complaints can be shown; what stands in for a bad line
 * answers nothing and asks for nothing that the source does not say.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "map/map_format.h"
#include "grammar/stay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

typedef struct seen_t {
    apr_pool_t *p;
    unsigned last, lines;
    r307_context_t context;     /* of the map's lines */
} seen_t;

static void fail(const char *what, const char *text)
{
    fprintf(stderr, "fuzz_map: %s\n  '%s'\n", what, text);
    abort();
}

static void check_line(seen_t *seen, unsigned line, const char *text)
{
    if (line < seen->last || line > seen->lines) {
        fail("a line number that is none", text);
    }
    seen->last = line;
}

static void check_plain(apr_pool_t *p, const r307_maprow_t *row)
{
    const char *line = apr_pstrcat(p, r307_slice_text(p, row->source), " ",
                                   r307_slice_text(p, row->target), NULL);
    r307_place_t place = { "map", row->line };
    const r307_rule_t *rule = NULL;
    r307_context_t context;
    const char *bad;

    memset(&context, 0, sizeof(context));
    context.directive = "Redirect307Map";
    context.match = R307_MATCH_EXACT;
    bad = r307_line_parse(p, line, place, &context, &rule);
    if (bad) {
        fail(bad, line);
    }
    if (!r307_slice_same(rule->head, row->source) || rule->pattern->segs
        || rule->cond_count || rule->target->inserts
        || rule->target->text == NULL
        || !r307_slice_same(r307_slice(rule->target->text, strlen(rule->target->text)),
                            row->target)) {
        fail("a plain row that means something else", line);
    }
}

static int on_row(void *baton, const r307_maprow_t *row)
{
    seen_t *seen = baton;
    apr_pool_t *p;

    check_line(seen, row->line, row->words ? "(words)" : "(plain)");
    if (row->source.s) {
        apr_pool_create(&p, seen->p);
        check_plain(p, row);
        apr_pool_destroy(p);
    }
    else if (!row->words || !row->words->nelts) {
        fail("a row without words", "");
    }
    else if (r307_token_check(seen->p, row->words)) {
        fail("words that no line holds", r307_token_join(seen->p, row->words));
    }
    return 0;
}

static void on_told(void *baton, unsigned line, const char *why)
{
    const char *c;

    check_line(baton, line, why);
    if (!*why) {
        fail("a complaint that says nothing", why);
    }
    for (c = why; *c; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            fail("a complaint with a control byte", why);
        }
    }
}

static void check_stay(apr_pool_t *p, unsigned line, const apr_array_header_t *words,
                       const r307_context_t *context)
{
    const char *text = r307_token_join(p, words);
    r307_place_t place = { "map", line };
    const r307_rule_t *stay = NULL;
    int i;

    words = r307_stay_line(p, words, context);
    if (words) {
        r307_line_parse_words(p, words, place, context, &stay);
    }
    if (stay && stay->target->kind != R307_TARGET_STOP) {
        fail("what stands in for a line answers", text);
    }
    for (i = 0; stay && i < stay->cond_count; i++) {
        if (!stay->conds[i].implied) {
            fail("what stands in for a line has a condition", text);
        }
    }
}

static int on_bad(void *baton, unsigned line, const char *why,
                  const apr_array_header_t *words)
{
    seen_t *seen = baton;
    apr_pool_t *p;

    on_told(baton, line, why);
    if (words) {
        apr_pool_create(&p, seen->p);
        check_stay(p, line, words, &seen->context);
        apr_pool_destroy(p);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char *const words[] = { "lines", "csv", "redirects" };
    const r307_format_t *format;
    static int ready;
    seen_t seen;
    r307_mapsink_t sink = { on_row, on_bad, on_told, on_told, &seen, &seen.context, NULL };
    const char *bad;
    size_t i;

    if (!ready) {
        apr_initialize();
        atexit(apr_terminate);      /* what it holds is no leak */
        ready = 1;
    }
    if (len == 0) {
        return 0;
    }
    memset(&seen, 0, sizeof(seen));
    seen.lines = 1;
    seen.context.directive = "";
    seen.context.match = R307_MATCH_EXACT;
    seen.context.is_map = 1;
    for (i = 1; i < len; i++) {
        seen.lines += data[i] == '\n' || data[i] == '\r';
    }
    apr_pool_create(&seen.p, NULL);
    bad = r307_format_find(seen.p, "", words[data[0] % 3], &format);
    bad = bad ? bad : r307_format_read(seen.p, (const char *)data + 1, len - 1, format, &sink);
    if (bad) {
        on_told(&seen, seen.lines, bad);
    }
    apr_pool_destroy(seen.p);
    return 0;
}
