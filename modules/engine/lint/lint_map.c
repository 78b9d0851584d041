/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_map.h"
#include "lint/lint_above.h"
#include "lint/lint_covers.h"
#include "lint/lint_ways.h"

#include <string.h>
#include <apr_strings.h>

typedef struct auditing_t {
    apr_pool_t *scratch;            /* of one rule */
    r307_doubt_say_t *say;
    void *baton;
    apr_uint32_t urls, paths, words;        /* rules, by their targets */
    const r307_above_t *above;
    int is_wide;                    /* there was a rule that matches more than one path */
    r307_ways_t *ways;
} auditing_t;

/* A word and nothing else: "TNA". Beside a source that is written without a '/',
 * too, it is the usual way to write a file. */
static int is_word(const r307_rule_t *rule)
{
    return rule->target->kind == R307_TARGET_RELATIVE && rule->target->inserts == 0
        && rule->source && !rule->pattern->relative && !strpbrk(rule->target->text, "./?#");
}

static int has_url(const r307_rule_t *rule)
{
    return strncmp(rule->source, "http://", 7) == 0
        || strncmp(rule->source, "https://", 8) == 0;
}

/* Whether a word is not what the lines of this map lead to. */
static int is_stray(const auditing_t *a, const r307_rule_t *rule)
{
    return has_url(rule) || (a->urls > a->paths && a->urls >= a->words);
}

static void count(auditing_t *a, const r307_rule_t *rule)
{
    a->urls += rule->target->kind == R307_TARGET_URL;
    a->paths += rule->target->kind == R307_TARGET_PATH
                || rule->target->kind == R307_TARGET_RELATIVE;
}

static void add_stray(const auditing_t *a, const r307_rule_t *rule,
                      apr_array_header_t *doubts)
{
    const char *text = r307_text_show(a->scratch, rule->target->text,
                                      strlen(rule->target->text));

    r307_lint_push(R307_FINDING_SLIP, rule,
                   apr_psprintf(a->scratch, "%s '%s' is read as a file beside this one, in a "
                                "map of URLs; write the URL that is meant, or ./%s for a file "
                                "of that name", r307_finding_row(R307_FINDING_SLIP)->id, text,
                                text), doubts);
}

static void audit(auditing_t *a, const r307_rule_t *rule, apr_uint32_t number)
{
    apr_array_header_t *doubts = apr_array_make(a->scratch, 2, sizeof(r307_doubt_t));

    r307_lint_map_line(a->scratch, rule, doubts);
    if (is_word(rule) && is_stray(a, rule)) {
        add_stray(a, rule, doubts);
    }
    if (a->is_wide) {       /* else only the same source stands above, which is told */
        r307_above_ask(a->scratch, a->above, rule, number, doubts);
    }
    a->is_wide |= rule->pattern && !r307_covers_one(rule->pattern);
    r307_ways_add(a->ways, rule, number);
    if (doubts->nelts) {
        a->say(a->baton, rule, doubts);
    }
}

void r307_map_audit(apr_pool_t *p, const r307_image_t *image, int is_alone,
                    r307_doubt_say_t *say, void *baton)
{
    apr_array_header_t *words = apr_array_make(p, 0, sizeof(apr_uint32_t));
    auditing_t a = { NULL, say, baton, 0, 0, 0, NULL, 0, NULL };
    const r307_rule_t *rule;
    apr_uint32_t i;

    apr_pool_create(&a.scratch, p);
    a.above = r307_above_of_image(p, image);
    a.ways = r307_ways_make(p, image);
    for (i = 0; i < r307_image_count(image); i++) {
        rule = r307_image_rule(a.scratch, image, i);
        if (rule && is_word(rule)) {
            APR_ARRAY_PUSH(words, apr_uint32_t) = i;
        }
        else if (rule) {
            count(&a, rule);
            audit(&a, rule, i);
        }
        apr_pool_clear(a.scratch);
    }
    a.words = (apr_uint32_t)words->nelts;
    for (i = 0; i < a.words; i++) {
        apr_uint32_t number = APR_ARRAY_IDX(words, i, apr_uint32_t);

        audit(&a, r307_image_rule(a.scratch, image, number), number);
        apr_pool_clear(a.scratch);
    }
    r307_ways_audit(a.ways, is_alone, say, baton);
    apr_pool_destroy(a.scratch);
}
