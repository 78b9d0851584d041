/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern.h"
#include "regex.h"

#include <string.h>
#include <apr_strings.h>
#include <apr_tables.h>

/* The text that stands for `[from, to)` of the path, to be compared with a literal. */
static int same(const r307_pattern_t *pattern, const char *a, size_t a_len,
                r307_slice_t b)
{
    return pattern->fold ? r307_text_same_fold(a, a_len, b.s, b.len)
                         : a_len == b.len && memcmp(a, b.s, a_len) == 0;
}

static const char *check_bytes(apr_pool_t *p, const char *text)
{
    const char *s;
    const char *shown = r307_text_show(p, text, strlen(text));

    for (s = text; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7F) {
            return apr_psprintf(p, "'%s' holds a control byte; write it as %%%02X", shown,
                                (unsigned char)*s);
        }
        if (*s == '\\') {
            r307_buf_t buf;

            r307_buf_make(&buf, p, strlen(text));
            for (s = text; *s; s++) {
                if (*s != '\\') {
                    r307_buf_putc(&buf, *s);
                }
            }
            return apr_psprintf(p, "'%s' a source needs no backslashes; write %s", shown,
                                r307_text_show(p, buf.s, buf.len));
        }
        if (strncmp(s, "%00", 3) == 0) {
            return apr_psprintf(p, "'%s' never matches: httpd refuses every request with "
                                "%%00", shown);
        }
        if (*s == '#') {
            return apr_psprintf(p, "'%s' no request has a '#': browsers keep it to "
                                "themselves; leave it out, or write %%23 for the "
                                "character", shown);
        }
    }
    return NULL;
}

/* Whether a source that is no regex looks like one. */
static int looks_like_regex(const char *text)
{
    return text[0] == '^' || strstr(text, "(.*)") || strstr(text, ".*");
}

static const char *check_start(apr_pool_t *p, const char *text,
                               const r307_pattern_flags_t *flags)
{
    const char *shown = r307_text_show(p, text, strlen(text));

    if (looks_like_regex(text)) {
        return apr_psprintf(p, "'%s' looks like a regular expression; write "
                            "Redirect307Match, or match=regex", shown);
    }
    if (text[0] == '/') {
        return NULL;
    }
    if (!flags->may_be_relative) {
        return apr_psprintf(p, "'%s' has no leading '/' and httpd.conf has no directory "
                            "to resolve it against; write /%s", shown, shown);
    }
    if (strncmp(text, "..", 2) == 0 && (text[2] == '/' || text[2] == '\0')) {
        return apr_psprintf(p, "'%s' leaves the directory where this file applies; rules "
                            "reach what lies below it", shown);
    }
    return NULL;
}

/* "name" of ":name", or NULL with *bad set when the segment only looks like one. */
static const char *check_name(apr_pool_t *p, const char *text, const char *seg, size_t len,
                              const apr_array_header_t *segs)
{
    size_t i;
    int k;

    for (i = 1; i < len && r307_text_is(seg[i], R307_IS_NAME); i++) {
        continue;
    }
    if (len < 2 || i < len || (seg[1] >= '0' && seg[1] <= '9')) {
        return apr_psprintf(p, "'%s' in '%s' is not a placeholder: a name has letters, "
                            "digits and '_', and begins with no digit; write %%3A for the "
                            "character ':'", r307_text_show(p, seg, len),
                            r307_text_show(p, text, strlen(text)));
    }
    if (len == 6 && memcmp(seg, ":splat", 6) == 0) {
        return "':splat' is the name of '*', which stands last; choose another name";
    }
    for (k = 0; k < segs->nelts; k++) {
        const r307_seg_t *other = &APR_ARRAY_IDX(segs, k, r307_seg_t);

        if (other->is_name && r307_slice_same(other->text,
                                              r307_slice(seg + 1, len - 1))) {
            return apr_psprintf(p, "'%s' stands twice in '%s'",
                                r307_text_show(p, seg, len),
                                r307_text_show(p, text, strlen(text)));
        }
    }
    return segs->nelts < R307_CAPTURES_MOST - 2 ? NULL : "too many segments";
}

/* One segment of a source with placeholders. */
static const char *add_seg(apr_pool_t *p, const char *text, const char *s, size_t len,
                           apr_array_header_t *segs)
{
    r307_seg_t seg = { { NULL, 0 }, 0 };

    const r307_path_t *path = r307_path_make(p, r307_slice(s, len));

    if (len == 0) {
        return NULL;
    }
    if (path->len == 1) {
        return apr_psprintf(p, "'%s' has a '.' or '..' beside placeholders; write the "
                            "path without it", r307_text_show(p, text, strlen(text)));
    }
    if (*s == ':') {
        const char *bad = check_name(p, text, s, len, segs);

        if (bad) {
            return bad;
        }
        seg.is_name = 1;
        seg.text = r307_slice(apr_pstrmemdup(p, s + 1, len - 1), len - 1);
    }
    else {
        seg.text = r307_slice(path->dec + 1, path->len - 1);
    }
    APR_ARRAY_PUSH(segs, r307_seg_t) = seg;
    return NULL;
}

static const char *parse_segs(apr_pool_t *p, const char *text, size_t len,
                              r307_pattern_t *pattern)
{
    apr_array_header_t *segs = apr_array_make(p, 8, sizeof(r307_seg_t));
    r307_buf_t head;
    size_t i = 0;
    int k;

    while (i < len) {
        const char *slash = memchr(text + i, '/', len - i);
        size_t to = slash ? (size_t)(slash - text) : len;
        const char *bad = add_seg(p, text, text + i, to - i, segs);

        if (bad) {
            return bad;
        }
        i = to + 1;
    }
    pattern->segs = (const r307_seg_t *)(const void *)segs->elts;
    pattern->seg_count = segs->nelts;
    r307_buf_make(&head, p, len);
    for (k = 0; k < segs->nelts && !pattern->segs[k].is_name; k++) {
        r307_buf_putc(&head, '/');
        r307_buf_add(&head, pattern->segs[k].text.s, pattern->segs[k].text.len);
    }
    pattern->head = head.len ? r307_slice(head.s, head.len) : r307_slice("/", 1);
    return NULL;
}

/* Cuts the star that ends a source; an error when one stands anywhere else. */
static const char *take_splat(apr_pool_t *p, const char *text, size_t *len, int *splat)
{
    if (*len >= 2 && memcmp(text + *len - 2, "/*", 2) == 0) {
        *splat = 1;
        *len -= 2;
    }
    if (memchr(text, '*', *len)) {
        return apr_psprintf(p, "'%s' a '*' stands only last, behind a '/'; write %%2A for "
                            "the character", r307_text_show(p, text, strlen(text)));
    }
    return NULL;
}

static const char *parse_path(apr_pool_t *p, const char *text, r307_match_t match,
                              const r307_pattern_flags_t *flags, r307_pattern_t *pattern)
{
    const char *bad = check_start(p, text, flags), *full;
    const r307_path_t *path;
    size_t len;

    bad = bad ? bad : check_bytes(p, text);
    if (bad) {
        return bad;
    }
    pattern->relative = text[0] != '/';
    if (pattern->relative && text[0] == '.' && (text[1] == '/' || !text[1])) {
        text++;
    }
    full = pattern->relative && text[0] != '/' ? apr_pstrcat(p, "/", text, NULL) : text;
    len = strlen(full);
    pattern->final_slash = full[len - 1] == '/';
    bad = take_splat(p, full, &len, &pattern->splat);
    if (bad) {
        return bad;
    }
    if (pattern->splat || strstr(full, "/:")) {
        pattern->match = R307_MATCH_EXACT;
        return parse_segs(p, full, len, pattern);
    }
    pattern->match = match;
    path = r307_path_make(p, r307_slice(full, len));
    pattern->head = r307_slice(path->dec, path->len);
    return NULL;
}

const char *r307_pattern_parse(apr_pool_t *p, const char *text, r307_match_t match,
                               const r307_pattern_flags_t *flags,
                               const r307_pattern_t **out)
{
    r307_pattern_t *pattern = apr_pcalloc(p, sizeof(*pattern));
    const char *bad;

    pattern->text = apr_pstrdup(p, text);
    pattern->fold = flags->fold;
    pattern->any_slash = flags->any_slash;
    if (match == R307_MATCH_REGEX) {
        pattern->match = match;
        bad = r307_regex_make(p, pattern->text, flags->fold, flags->jit, &pattern->regex);
        if (!bad) {
            pattern->head = r307_regex_head(p, pattern->text);
        }
    }
    else {
        bad = parse_path(p, pattern->text, match, flags, pattern);
    }
    if (!bad) {
        *out = pattern;
    }
    return bad;
}

static void capture(r307_captures_t *captures, int index, size_t from, size_t to)
{
    captures->at[index].from = from;
    captures->at[index].to = to;
    if (captures->count <= index) {
        captures->count = index + 1;
    }
}

static int find_prefix(const r307_pattern_t *pattern, const r307_path_t *path,
                       size_t from, r307_captures_t *captures)
{
    const char *s = path->dec + from;
    size_t len = path->len - from, n = pattern->head.len;

    captures->rest.to = path->len;
    if (r307_path_below(s, len, pattern->head.s, n, pattern->fold)) {
        captures->rest.from = from + n - (pattern->final_slash ? 1 : 0);
        if (pattern->any_slash && !pattern->final_slash && len == n + 1) {
            captures->rest.from = path->len;
        }
        return 1;
    }
    captures->rest.from = path->len;
    return pattern->any_slash && pattern->final_slash
        && same(pattern, s, len, r307_slice(pattern->head.s, n - 1));
}

static int find_exact(const r307_pattern_t *pattern, const r307_path_t *path, size_t from)
{
    const char *s = path->dec + from;
    size_t len = path->len - from;
    r307_slice_t head = pattern->head;

    if (pattern->any_slash) {
        len -= len > 1 && s[len - 1] == '/';
        head.len -= head.len > 1 && head.s[head.len - 1] == '/';
    }
    return same(pattern, s, len, head);
}

/* What may stand behind the last segment of a source without splat. */
static int is_end(const r307_pattern_t *pattern, const r307_path_t *path, size_t at)
{
    if (at == path->len) {
        return !pattern->final_slash || pattern->any_slash;
    }
    return at + 1 == path->len && path->dec[at] == '/'
        && (pattern->final_slash || pattern->any_slash);
}

static int find_segs(const r307_pattern_t *pattern, const r307_path_t *path, size_t at,
                     r307_captures_t *captures)
{
    int k, index = 1;

    for (k = 0; k < pattern->seg_count; k++) {
        const r307_seg_t *seg = &pattern->segs[k];
        size_t from = at + 1;

        if (at >= path->len) {
            return 0;
        }
        for (at = from; at < path->len && path->dec[at] != '/'; at++) {
            continue;
        }
        if (seg->is_name ? at == from
                         : !same(pattern, path->dec + from, at - from, seg->text)) {
            return 0;
        }
        if (seg->is_name) {
            capture(captures, index++, from, at);
        }
    }
    if (pattern->splat) {
        capture(captures, index, at < path->len ? at + 1 : at, path->len);
        return 1;
    }
    return is_end(pattern, path, at);
}

r307_found_t r307_pattern_find(apr_pool_t *p, const r307_pattern_t *pattern,
                               const r307_path_t *path, size_t from, unsigned steps,
                               r307_captures_t *captures)
{
    int found;

    captures->path = path;
    captures->count = 0;
    captures->rest.from = captures->rest.to = path->len;
    if (pattern->regex) {
        return r307_regex_find(p, pattern->regex, path, steps, captures);
    }
    if (pattern->segs) {
        found = find_segs(pattern, path, from, captures);
    }
    else {
        found = pattern->match == R307_MATCH_PREFIX
            ? find_prefix(pattern, path, from, captures)
            : find_exact(pattern, path, from);
    }
    return found ? R307_FOUND_YES : R307_FOUND_NO;
}

int r307_pattern_name(const r307_pattern_t *pattern, const char *name, size_t len)
{
    int k, index = 1;

    if (pattern->regex) {
        return r307_regex_name(pattern->regex, name, len);
    }
    for (k = 0; k < pattern->seg_count; k++) {
        const r307_seg_t *seg = &pattern->segs[k];

        if (seg->is_name && r307_slice_same(seg->text, r307_slice(name, len))) {
            return index;
        }
        index += seg->is_name;
    }
    return pattern->splat && len == 5 && memcmp(name, "splat", 5) == 0 ? index : -1;
}

int r307_pattern_groups(const r307_pattern_t *pattern)
{
    return pattern->regex ? r307_regex_groups(pattern->regex) : 0;
}
