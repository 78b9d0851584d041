/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/pattern.h"
#include "base/disk.h"
#include "rule/regex.h"
#include "http/url.h"

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
        if (*s == '\\' && r307_disk_say(p, text)) {
            return r307_disk_say(p, text);
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

int r307_pattern_looks_like_regex(const char *text)
{
    return text[0] == '^' || strstr(text, "(.*)") || strstr(text, ".*");
}

static const char *check_start(apr_pool_t *p, const char *text,
                               const r307_pattern_flags_t *flags)
{
    const char *shown = r307_text_show(p, text, strlen(text));

    if (r307_pattern_looks_like_regex(text)) {
        return apr_psprintf(p, "'%s' looks like a regular expression; write "
                            "Redirect307Match, or match=regex", shown);
    }
    if (text[0] == '/') {
        return NULL;
    }
    if (text[0] == '!' && (!flags->may_be_relative || text[1] == '/')) {
        return apr_psprintf(p, "'%s' is not negated by '!'; write %s%s -, and the rule for all "
                            "others in a line below it", shown, text[1] == '/' ? "" : "/",
                            shown + 1);
    }
    if (!flags->may_be_relative && r307_url_looks_like_host(text)) {
        return apr_psprintf(p, "'%s' has no scheme; write https://%s", shown, shown);
    }
    if (!flags->may_be_relative && r307_disk_say(p, text)) {
        return r307_disk_say(p, text);
    }
    if (!flags->may_be_relative) {
        return apr_psprintf(p, "'%s' has no leading '/'%s; write /%s", shown, flags->of_map
                            ? ", which the lines of a map need unless a .htaccess names it"
                            : " and httpd.conf has no directory to resolve it against",
                            shown);
    }
    if (strncmp(text, "..", 2) == 0 && (text[2] == '/' || text[2] == '\0')) {
        while (strncmp(text, "../", 3) == 0) {
            text += 3;
        }
        return apr_psprintf(p, "'%s' leaves the directory where this file applies; rules "
                            "reach what lies below it; write %s", shown,
                            *text && *text != '.' ? r307_text_show(p, text, strlen(text))
                                                  : "./");
    }
    return NULL;
}

/* Whether a segment is ":name", or tries to be: a colon in front of anything else is one. */
static int begins_name(const char *s)
{
    return s[0] == ':' && (r307_text_is(s[1], R307_IS_ALPHA) || s[1] == '_');
}

static int has_name(const char *text)
{
    const char *s = text;

    while ((s = strstr(s, "/:")) && !begins_name(s + 1)) {
        s++;
    }
    return s != NULL;
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
    if (i < len) {
        return apr_psprintf(p, "'%s' in '%s' is not a placeholder: a name has letters, "
                            "digits and '_', and begins with no digit; write %%3A for the "
                            "character ':'", r307_text_show(p, seg, len),
                            r307_text_show(p, text, strlen(text)));
    }
    if (len == 6 && memcmp(seg, ":splat", 6) == 0) {
        return "':splat' is the name of '*'; write another name, as :part";
    }
    for (k = 0; k < segs->nelts; k++) {
        const r307_seg_t *other = &APR_ARRAY_IDX(segs, k, r307_seg_t);

        if (other->is_name && r307_slice_same(other->text,
                                              r307_slice(seg + 1, len - 1))) {
            return apr_psprintf(p, "'%s' stands twice in '%s'; write %s2 for one of them",
                                r307_text_show(p, seg, len),
                                r307_text_show(p, text, strlen(text)),
                                r307_text_show(p, seg, len));
        }
    }
    return segs->nelts < R307_CAPTURES_MOST - 2 ? NULL : "too many segments";
}

/* A piece of a segment, decoded; it may look like a dot segment and is none. */
static r307_slice_t decoded(apr_pool_t *p, const char *s, size_t len)
{
    const r307_path_t *path = r307_path_make(p, r307_slice(
        apr_pstrcat(p, "x", apr_pstrmemdup(p, s, len), NULL), len + 1));

    return r307_slice(path->dec + 2, path->len - 2);
}

/* One segment of a source with placeholders. */
static const char *add_seg(apr_pool_t *p, const char *text, const char *s, size_t len,
                           apr_array_header_t *segs)
{
    const r307_path_t *path = r307_path_make(p, r307_slice(s, len));
    const char *star = memchr(s, '*', len);
    r307_seg_t seg;

    memset(&seg, 0, sizeof(seg));
    if (len == 0) {
        return NULL;
    }
    if (path->len == 1) {
        r307_slice_t clean = r307_url_remove_dots(p, r307_slice(text, strlen(text)));

        return apr_psprintf(p, "'%s' has a '.' or '..' beside placeholders; write %s",
                            r307_text_show(p, text, strlen(text)),
                            r307_text_show(p, clean.s, clean.len));
    }
    if (begins_name(s)) {
        const char *bad = check_name(p, text, s, len, segs);

        if (bad) {
            return bad;
        }
        seg.is_name = 1;
        seg.text = r307_slice(apr_pstrmemdup(p, s + 1, len - 1), len - 1);
    }
    else if (star) {
        seg.has_star = 1;
        seg.text = decoded(p, s, (size_t)(star - s));
        seg.after = decoded(p, star + 1, (size_t)(s + len - star - 1));
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
    pattern->star = segs->nelts;
    for (k = 0; k < segs->nelts; k++) {
        pattern->star = pattern->segs[k].has_star ? k : pattern->star;
    }
    for (k = 0; k < pattern->star && !pattern->segs[k].is_name; k++) {
        r307_buf_putc(&head, '/');
        r307_buf_add(&head, pattern->segs[k].text.s, pattern->segs[k].text.len);
    }
    pattern->head = head.len ? r307_slice(head.s, head.len) : r307_slice("/", 1);
    return NULL;
}

/* The last star stays; one that is a whole segment gets a name, any other is a character. */
static const char *with_one_star(apr_pool_t *p, const char *text)
{
    const char *s, *last = strrchr(text, '*');
    r307_buf_t buf;
    int count = 0;

    r307_buf_make(&buf, p, strlen(text) + 16);
    for (s = text; *s; s++) {
        if (*s != '*' || s == last) {
            r307_buf_putc(&buf, *s);
        }
        else if (s[1] != '*' && (s == text || s[-1] == '/') && s[1] == '/') {
            r307_buf_puts(&buf, count ? apr_psprintf(p, ":page%d", count + 1) : ":page");
            count++;
        }
        else if (s[1] != '*') {
            r307_buf_puts(&buf, "%2A");
        }
    }
    return r307_text_show(p, buf.s, buf.len);
}

/* Cuts "/" and star from the end of a source; an error when there are two stars. */
static const char *take_splat(apr_pool_t *p, const char *text, size_t *len,
                              r307_pattern_t *pattern)
{
    const char *star = memchr(text, '*', *len);

    if (!star) {
        return NULL;
    }
    if (memchr(star + 1, '*', (size_t)(text + *len - star - 1))) {
        return apr_psprintf(p, "'%s' has more than one '*', and one of them can be :splat; "
                            "write %s", r307_text_show(p, pattern->text,
                                                       strlen(pattern->text)),
                            with_one_star(p, pattern->text));
    }
    pattern->splat = 1;
    /* with slash=ignore the slash behind a star is nothing, as the star may be */
    if (pattern->any_slash && *len >= 3 && memcmp(text + *len - 3, "/*/", 3) == 0) {
        *len -= 1;
        pattern->final_slash = 0;
    }
    if (*len >= 2 && memcmp(text + *len - 2, "/*", 2) == 0) {
        *len -= 2;
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
    bad = take_splat(p, full, &len, pattern);
    if (bad) {
        return bad;
    }
    if (pattern->splat || has_name(full)) {
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

/* One segment that is known to be [from, to). */
static int is_seg(const r307_pattern_t *pattern, const r307_path_t *path, int k,
                  size_t from, size_t to, r307_captures_t *captures)
{
    const r307_seg_t *seg = &pattern->segs[k];
    int i, index = 1;

    if (!seg->is_name) {
        return same(pattern, path->dec + from, to - from, seg->text);
    }
    for (i = 0; i < k; i++) {
        index += pattern->segs[i].is_name;
    }
    if (from < to) {
        capture(captures, index, from, to);
    }
    return from < to;
}

static void capture_splat(const r307_pattern_t *pattern, size_t from, size_t to,
                          r307_captures_t *captures)
{
    capture(captures, r307_pattern_name(pattern, "splat", 5), from, to);
}

/* Whether a place in the decoded path is inside of a percent code that stays one. */
static int splits_code(const r307_path_t *path, size_t at)
{
    size_t i, e = path->at ? path->at[at] : at;

    for (i = 1; i <= 2 && i <= e; i++) {
        if (path->enc[e - i] == '%'
            && r307_text_hex2(path->enc + e - i + 1, path->enc_len - (e - i + 1)) >= 0) {
            return 1;
        }
    }
    return 0;
}

/* What stands behind the segments in front of the star's: the star takes all that its
 * tail, compared from the path's end, leaves. */
static int find_star(const r307_pattern_t *pattern, const r307_path_t *path, size_t at,
                     r307_captures_t *captures)
{
    const r307_seg_t *star = &pattern->segs[pattern->star];
    size_t from = at + 1 + star->text.len, end = path->len, slash;
    int k, is_tail = star->after.len || pattern->star + 1 < pattern->seg_count
        || pattern->final_slash;

    if (at >= path->len || from > end
        || !same(pattern, path->dec + at + 1, star->text.len, star->text)) {
        return 0;
    }
    if (is_tail && path->dec[end - 1] == '/' && end > from) {
        if (!pattern->final_slash && !pattern->any_slash) {
            return 0;
        }
        end--;
    }
    else if (pattern->final_slash && !pattern->any_slash) {
        return 0;
    }
    for (k = pattern->seg_count - 1; k > pattern->star; k--) {
        for (slash = end; slash > from && path->dec[slash - 1] != '/'; slash--) {
            continue;
        }
        if (slash == from || !is_seg(pattern, path, k, slash, end, captures)) {
            return 0;
        }
        end = slash - 1;
    }
    if (end < from || end - from < star->after.len
        || !same(pattern, path->dec + end - star->after.len, star->after.len, star->after)) {
        return 0;
    }
    end -= star->after.len;
    if (splits_code(path, from) || splits_code(path, end)) {
        return 0;
    }
    capture_splat(pattern, from, end, captures);
    return 1;
}

static int find_segs(const r307_pattern_t *pattern, const r307_path_t *path, size_t at,
                     r307_captures_t *captures)
{
    int k;

    for (k = 0; k < pattern->star; k++) {
        size_t from = at + 1;

        if (at >= path->len) {
            return 0;
        }
        for (at = from; at < path->len && path->dec[at] != '/'; at++) {
            continue;
        }
        if (!is_seg(pattern, path, k, from, at, captures)) {
            return 0;
        }
    }
    if (pattern->star < pattern->seg_count) {
        return find_star(pattern, path, at, captures);
    }
    if (pattern->splat) {
        capture_splat(pattern, at < path->len ? at + 1 : at, path->len, captures);
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
    captures->spent = 0;
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

const char *r307_pattern_with_name(apr_pool_t *p, const r307_pattern_t *pattern,
                                   const char *name, size_t len)
{
    const char *source;
    size_t n;

    if (!pattern || pattern->regex) {
        return "";
    }
    source = pattern->text;
    for (n = strcspn(source, "*"); n && source[n - 1] == '/';) {
        n--;
    }
    if (r307_slice_same(r307_slice(name, len), r307_slice(":splat", 6))) {
        name = "*";
        len = 1;
    }
    source = apr_psprintf(p, "%.*s/%.*s", (int)n, source, (int)len, name);
    return apr_psprintf(p, "the source with it, as %s, or ",
                        r307_text_show(p, source, strlen(source)));
}

static void put_literal(r307_buf_t *buf, r307_slice_t text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (!r307_text_is(text.s[i], R307_IS_NAME) && (unsigned char)text.s[i] < 0x80) {
            r307_buf_putc(buf, '\\');
        }
        r307_buf_putc(buf, text.s[i]);
    }
}

const char *r307_pattern_regex(apr_pool_t *p, const r307_pattern_t *pattern)
{
    r307_buf_t buf;
    int k;

    if (pattern->star >= pattern->seg_count) {
        return NULL;
    }
    r307_buf_make(&buf, p, 64);
    r307_buf_puts(&buf, pattern->relative ? "" : "^");
    for (k = 0; k < pattern->seg_count; k++) {
        const r307_seg_t *seg = &pattern->segs[k];

        r307_buf_putc(&buf, '/');
        if (seg->is_name) {
            r307_buf_puts(&buf, "[^/]+");
            continue;
        }
        put_literal(&buf, seg->text);
        if (seg->has_star) {
            r307_buf_puts(&buf, ".*");
            put_literal(&buf, seg->after);
        }
    }
    return buf.s;
}

int r307_pattern_groups(const r307_pattern_t *pattern)
{
    return pattern->regex ? r307_regex_groups(pattern->regex) : 0;
}
