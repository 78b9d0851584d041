/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case_sample.h"

#include <string.h>
#include <apr_strings.h>

#include "lint/regex_sample.h"

static const char *path_of_segs(apr_pool_t *p, const r307_pattern_t *pattern)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 64);
    for (i = 0; i < pattern->seg_count; i++) {
        const r307_seg_t *seg = &pattern->segs[i];

        r307_buf_putc(&buf, '/');
        if (seg->is_name) {
            r307_buf_puts(&buf, "x");
            continue;
        }
        r307_buf_add(&buf, seg->text.s, seg->text.len);
        if (seg->has_star) {
            r307_buf_puts(&buf, "x");
            r307_buf_add(&buf, seg->after.s ? seg->after.s : "", seg->after.len);
        }
    }
    if (pattern->splat && pattern->star == pattern->seg_count) {
        r307_buf_puts(&buf, "/x");
    }
    if (pattern->final_slash || !buf.len) {
        r307_buf_putc(&buf, '/');
    }
    return buf.s;
}

static const char *path_of(apr_pool_t *p, const r307_pattern_t *pattern, unsigned variant)
{
    const char *path;

    if (!pattern) {
        return "/";
    }
    if (pattern->regex) {
        path = r307_sample_make(p, pattern->text, variant % R307_SAMPLE_VARIANTS);
        path = *path == '/' ? path : apr_pstrcat(p, "/", path, NULL);
        return pattern->text[0] != '^' && variant / R307_SAMPLE_VARIANTS % 2
            ? apr_pstrcat(p, "/x", path, NULL) : path;
    }
    return pattern->seg_count ? path_of_segs(p, pattern)
                              : r307_slice_text(p, pattern->head);
}

/* When the rule is in force, if that is not now. */
static void sample_time(r307_case_sample_t *sample, const r307_plan_t *plan, apr_time_t now)
{
    const char *name = r307_case_keys[R307_CASE_AT].name, *at = NULL;
    r307_word_t *word;

    if (r307_plan_phase(plan, now) == R307_PHASE_EARLY) {
        at = plan->from.text;
    }
    else if (r307_plan_phase(plan, now) == R307_PHASE_OVER) {
        at = r307_time_print(sample->p, plan->until.when - apr_time_from_sec(1));
    }
    if (at) {
        word = apr_array_push(sample->keys);
        word->text = apr_pstrcat(sample->p, name, "=", at, NULL);
        word->name_len = strlen(name);
        word->quoted = 0;
    }
}

/* What stands in %{...} of the target is not known, and has to be said. */
static void sample_target(r307_case_sample_t *sample, const r307_target_t *target)
{
    const r307_case_key_t *key = &r307_case_keys[R307_CASE_EXPR];
    r307_word_t *word;
    int i;

    for (i = 0; i < target->count && target->parts[i].kind != R307_PART_EXPR; i++) {
        continue;
    }
    if (i < target->count) {
        word = apr_array_push(sample->keys);
        word->text = apr_pstrcat(sample->p, key->name, "=x", NULL);
        word->name_len = strlen(key->name);
        word->quoted = 0;
    }
}

static const char *url_of(const r307_case_sample_t *sample, const r307_rule_t *rule,
                          const char *path)
{
    int is_relative = rule->pattern && rule->pattern->relative && !sample->scheme;
    r307_buf_t buf;

    r307_buf_make(&buf, sample->p, 64);
    if (sample->scheme) {
        r307_buf_puts(&buf, apr_pstrcat(sample->p, sample->scheme, "://", sample->host
                                        ? sample->host : "localhost", NULL));
    }
    path += is_relative && *path == '/';
    r307_buf_puts(&buf, is_relative && !*path ? "./" : "");
    r307_text_encode(&buf, path, strlen(path), R307_LAND_PATH, R307_FORM_ENCODED);
    if (*sample->query) {
        r307_buf_putc(&buf, '?');
        r307_buf_puts(&buf, sample->query);
    }
    return buf.s;
}

const char *r307_case_sample(apr_pool_t *p, const r307_rule_t *rule, apr_time_t now,
                             unsigned variant)
{
    r307_case_sample_t sample = { .p = p, .query = "" };
    apr_array_header_t *words = apr_array_make(p, 4, sizeof(r307_word_t));
    const r307_case_key_t *key;
    int i;

    sample.keys = apr_array_make(p, 4, sizeof(r307_word_t));
    sample.place = (int)(R307_SHARE_ALL / R307_CASE_SAMPLES * variant);
    for (i = 0; i < rule->cond_count; i++) {
        key = r307_case_key_of(rule->conds[i].kind->name);
        if (key && key->sample) {
            key->sample(&sample, &rule->conds[i]);
        }
    }
    sample_time(&sample, &rule->plan, now);
    sample_target(&sample, rule->target);
    if (sample.method && strcmp(sample.method, "GET") != 0) {
        APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(sample.method);
    }
    APR_ARRAY_PUSH(words, r307_word_t) =
        r307_word_make(url_of(&sample, rule, path_of(p, rule->pattern, variant)));
    if (sample.host && !sample.scheme) {
        APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(
            apr_pstrcat(p, r307_case_keys[R307_CASE_HOST].name, "=", sample.host, NULL));
    }
    apr_array_cat(words, sample.keys);
    return r307_token_join(p, words);
}
