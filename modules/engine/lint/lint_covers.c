/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_covers.h"

#include <string.h>
#include <apr_strings.h>

int r307_covers_one(const r307_pattern_t *pattern)
{
    return pattern->match == R307_MATCH_EXACT && !pattern->segs && !pattern->regex;
}

static int ends_in(const char *text, size_t len, const char *end)
{
    size_t n = strlen(end);

    return len >= n && memcmp(text + len - n, end, n) == 0;
}

/* Whether a regex that matches a path matches all that lies below it as well. What is not
 * understood of its text does not. */
static int is_open_regex(const char *text)
{
    static const char *const ends[] = {
        "(/.*)?$", "(?:/.*)?$", "(/|$)", "(?:/|$)", "(.*)$", ".*$"
    };
    size_t len = strlen(text), i;

    for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (ends_in(text, len, ends[i]) && !(len > strlen(ends[i])
            && text[len - strlen(ends[i]) - 1] == '\\')) {
            len -= strlen(ends[i]);
            break;
        }
    }
    for (i = 0; i < len; i++) {
        if (text[i] == '\\') {
            i++;
            if (i >= len || strchr("bBzZGKXCRQE", text[i])) {
                return 0;
            }
        }
        else if (text[i] == '$' || text[i] == '[') {    /* a class may hold anything */
            if (text[i] == '$' || !memchr(text + i, ']', len - i)) {
                return 0;
            }
            i += strcspn(text + i, "]");
        }
        else if ((text[i] == '(' && i + 2 < len && text[i + 1] == '*')
                 || (text[i] == '(' && i + 2 < len && text[i + 1] == '?'
                     && text[i + 2] != ':')
                 || (text[i] == '+' && i && strchr("*+?}", text[i - 1]))) {
            return 0;       /* looks around, or gives nothing back */
        }
    }
    return 1;
}

/* The same of any source. */
static int is_open(const r307_pattern_t *pattern)
{
    if (pattern->regex) {
        return is_open_regex(pattern->text);
    }
    return pattern->segs ? pattern->splat && pattern->star == pattern->seg_count
                         : pattern->match == R307_MATCH_PREFIX;
}

int r307_covers_finds(apr_pool_t *p, const r307_pattern_t *pattern, r307_slice_t dec)
{
    r307_path_t path = { NULL, 0, NULL, 0, NULL };
    r307_captures_t captures;

    path.dec = path.enc = r307_slice_text(p, dec);
    path.len = path.enc_len = dec.len;
    captures.scratch = NULL;
    return r307_pattern_find(p, pattern, &path, 0, R307_STEPS_DEFAULT, &captures)
        == R307_FOUND_YES;
}

/* With the final slash that it has not, or without the one that it has. */
static r307_slice_t toggled(apr_pool_t *p, r307_slice_t dec)
{
    return dec.len > 1 && dec.s[dec.len - 1] == '/'
        ? r307_slice(dec.s, dec.len - 1)
        : r307_slice(apr_pstrcat(p, r307_slice_text(p, dec), "/", NULL), dec.len + 1);
}

static int same_text(r307_slice_t a, r307_slice_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

/* Two sources with placeholders in the same places. */
static int is_same_shape(const r307_pattern_t *a, const r307_pattern_t *b)
{
    int i;

    if (!a->segs || !b->segs || a->seg_count != b->seg_count || a->splat != b->splat
        || (a->splat && a->star != b->star) || a->final_slash != b->final_slash
        || (b->any_slash && !a->any_slash)) {
        return 0;
    }
    for (i = 0; i < a->seg_count; i++) {
        const r307_seg_t *x = &a->segs[i], *y = &b->segs[i];

        if (x->is_name != y->is_name || x->has_star != y->has_star
            || (!x->is_name && !same_text(x->text, y->text))
            || (x->has_star && !same_text(x->after, y->after))) {
            return 0;
        }
    }
    return 1;
}

int r307_covers(apr_pool_t *p, const r307_pattern_t *upper, const r307_pattern_t *lower)
{
    if (upper->relative != lower->relative
        || (lower->fold && !upper->fold && !(is_open(upper) && upper->head.len == 1
                                             && !upper->regex))) {
        return 0;
    }
    if (lower->regex && upper->regex && strcmp(lower->text, upper->text) == 0) {
        return 1;
    }
    if (is_same_shape(upper, lower)) {
        return 1;
    }
    if (!r307_covers_one(lower) && !is_open(upper)) {
        return 0;
    }
    return r307_covers_finds(p, upper, lower->head)
        && (!lower->any_slash || r307_covers_finds(p, upper, toggled(p, lower->head)));
}
