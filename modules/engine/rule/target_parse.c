/* SPDX-License-Identifier: Apache-2.0
 *
 * The load-time half of target: text to parts. */
#include "rule/target.h"

#include <string.h>
#include <apr_strings.h>

#include "http/idn.h"
#include "rule/target_text.h"

/* What has been read so far. */
typedef struct reader_t {
    r307_target_text_t of;
    const r307_expr_maker_t *maker;
    r307_target_t *target;
    apr_array_header_t *parts;
    r307_component_t in;
    r307_buf_t literal;             /* literal bytes of `in` not yet made a part */
} reader_t;

static const r307_land_t lands[] = {
    [R307_IN_HOST] = R307_LAND_PATH,
    [R307_IN_PATH] = R307_LAND_PATH,
    [R307_IN_QUERY] = R307_LAND_QUERY,
    [R307_IN_FRAGMENT] = R307_LAND_FRAGMENT
};

static void flush(reader_t *reader)
{
    r307_part_t part;
    r307_buf_t buf;

    if (reader->literal.len == 0) {
        return;
    }
    memset(&part, 0, sizeof(part));
    part.kind = R307_PART_LITERAL;
    part.in = reader->in;
    part.text = r307_slice(reader->literal.s, reader->literal.len);
    if (reader->in != R307_IN_HOST) {
        r307_buf_make(&buf, reader->of.p, part.text.len + 1);
        r307_text_encode(&buf, part.text.s, part.text.len, lands[reader->in],
                         R307_FORM_ENCODED);
        part.text = r307_slice(buf.s, buf.len);
    }
    APR_ARRAY_PUSH(reader->parts, r307_part_t) = part;
    r307_buf_make(&reader->literal, reader->of.p, 32);
}

/* A literal byte; '/', '?' and '#' may begin the next component. */
static void put(reader_t *reader, char c)
{
    if (reader->in == R307_IN_HOST && (c == '/' || c == '?' || c == '#')) {
        flush(reader);
        reader->in = R307_IN_PATH;
    }
    if ((c == '?' && reader->in == R307_IN_PATH)
        || (c == '#' && reader->in != R307_IN_FRAGMENT)) {
        flush(reader);
        reader->in = c == '?' ? R307_IN_QUERY : R307_IN_FRAGMENT;
        reader->target->has_query |= c == '?';
        reader->target->has_fragment |= c == '#';
        return;
    }
    r307_buf_putc(&reader->literal, c);
}

static void insert(reader_t *reader, r307_part_t *part)
{
    flush(reader);
    part->in = reader->in;
    APR_ARRAY_PUSH(reader->parts, r307_part_t) = *part;
    reader->target->inserts++;
}

/* "%{...}" at s; *end behind it. */
static const char *read_braces(reader_t *reader, const char *s, const char **end)
{
    r307_change_t change = R307_CHANGE_NONE;
    r307_part_t part;
    const char *close = s + 2, *bad;
    int depth = 1;

    memset(&part, 0, sizeof(part));
    for (; *close && depth; close++) {
        depth += *close == '{';
        depth -= *close == '}';
    }
    if (depth) {
        return apr_psprintf(reader->of.p, "'%s' has a '%%{' that is never closed by '}'; write "
                            "%%25{ for the characters", r307_target_text_show(&reader->of));
    }
    *end = close;
    if (strncmp(s + 2, "arg:", 4) == 0) {
        part.kind = R307_PART_ARG;
        part.text = r307_slice(s + 6, (size_t)(close - s - 7));
        part.text.s = apr_pstrmemdup(reader->of.p, part.text.s, part.text.len);
        if (part.text.len == 0) {
            return apr_psprintf(reader->of.p, "'%s' names no parameter; write %%{arg:name}",
                                r307_target_text_show(&reader->of));
        }
        bad = r307_change_read(reader->of.p, close, r307_target_text_show(&reader->of),
                               &change, end);
        part.change = change;
        insert(reader, &part);
        return bad;
    }
    bad = r307_change_inside(reader->of.p, s, (size_t)(close - s), reader->of.pattern,
                             r307_target_text_show(&reader->of));
    if (bad) {
        return bad;
    }
    if (*close == '|') {
        return apr_psprintf(reader->of.p, "'%s' a change stands behind $1, :name or %%{arg:name}; "
                            "write %%{tolower:%s} or %%{toupper:%s}, or %%7C for the "
                            "character '|'", r307_target_text_show(&reader->of),
                            r307_text_show(reader->of.p, s, (size_t)(close - s)),
                            r307_text_show(reader->of.p, s, (size_t)(close - s)));
    }
    part.kind = R307_PART_EXPR;
    part.expr.text = apr_pstrmemdup(reader->of.p, s, (size_t)(close - s));
    if (!reader->maker || !reader->maker->compile) {
        return apr_psprintf(reader->of.p, "'%s' cannot be asked in a map; write the rule "
                            "beside the line that names the map",
                            r307_text_show(reader->of.p, s, (size_t)(close - s)));
    }
    bad = reader->maker->compile(reader->maker->baton, reader->of.p, part.expr.text, 1,
                                 &part.expr.compiled);
    if (bad) {
        return apr_psprintf(reader->of.p, "'%s' is not an expression: %s",
                            r307_text_show(reader->of.p, part.expr.text,
                                           strlen(part.expr.text)), bad);
    }
    part.is_path = r307_change_gives_path(part.expr.text, &change) != 0;
    part.change = change;
    insert(reader, &part);
    return NULL;
}

static const char *insert_capture(reader_t *reader, int index, const char **end)
{
    r307_change_t change = R307_CHANGE_NONE;
    r307_part_t part;
    const char *bad;

    memset(&part, 0, sizeof(part));
    part.kind = R307_PART_CAPTURE;
    part.capture = index;
    bad = r307_change_read(reader->of.p, *end, r307_target_text_show(&reader->of), &change,
                           end);
    part.change = change;
    insert(reader, &part);
    return bad;
}

/* What people call the n-th insertion of a source with placeholders; NULL: it has none. */
static const char *nth_name(const reader_t *reader, int n)
{
    const r307_pattern_t *pattern = reader->of.pattern;
    int i;

    for (i = 0; pattern && i < pattern->seg_count; i++) {
        if (pattern->segs[i].is_name && --n == 0) {
            return apr_pstrcat(reader->of.p, ":", r307_slice_text(reader->of.p,
                                                               pattern->segs[i].text), NULL);
        }
    }
    return pattern && pattern->splat && n == 1 ? ":splat" : NULL;
}

/* "$n" or "${name}" at s, or a plain '$'. */
static const char *read_dollar(reader_t *reader, const char *s, const char **end)
{
    int groups = reader->of.pattern ? r307_pattern_groups(reader->of.pattern) : 0;

    *end = s + 1;
    if (s[1] == '{') {
        size_t n = strcspn(s, "}");

        return apr_psprintf(reader->of.p, "'%s' belongs to httpd's Define; write :%s",
                            r307_text_show(reader->of.p, s, n + (s[n] == '}')),
                            r307_text_show(reader->of.p, s + 2, n > 2 ? n - 2 : 0));
    }
    if (s[1] < '0' || s[1] > '9') {
        put(reader, '$');
        return NULL;
    }
    *end = s + 2;
    if (groups == 0) {
        const char *name = nth_name(reader, s[1] - '0');

        return apr_psprintf(reader->of.p, "'$%c' in '%s' stands for nothing: only a regular "
                            "expression (Redirect307Match) has numbered groups; write %s%s"
                            "%%24%c for the characters", s[1], r307_target_text_show(&reader->of),
                            name ? name : "", name ? ", or " : "", s[1]);
    }
    if (s[1] - '0' >= groups) {
        return apr_psprintf(reader->of.p, "'$%c' in '%s' stands for nothing: the pattern has "
                            "%d group%s; put parentheses around what it stands for, or "
                            "write %%24%c for the characters", s[1], r307_target_text_show(&reader->of),
                            groups - 1, groups == 2 ? "" : "s", s[1]);
    }
    return insert_capture(reader, s[1] - '0', end);
}

static int at_segment_start(const reader_t *reader)
{
    if (reader->literal.len) {
        return reader->literal.s[reader->literal.len - 1] == '/';
    }
    return reader->parts->nelts == 0;
}

/* ":name" at s, or a plain ':'. */
static const char *read_colon(reader_t *reader, const char *s, const char **end)
{
    size_t n = 1;
    int index = -1;

    if (r307_text_is(s[1], R307_IS_ALPHA) || s[1] == '_') {
        while (r307_text_is(s[n], R307_IS_NAME)) {
            n++;
        }
        index = reader->of.pattern ? r307_pattern_name(reader->of.pattern, s + 1, n - 1) : -1;
    }
    if (index < 0) {
        if (n > 1 && reader->in == R307_IN_PATH && at_segment_start(reader)) {
            return apr_psprintf(reader->of.p, "'%s' in '%s' is not in the source; write %s"
                                "%%3A for the character ':'",
                                r307_text_show(reader->of.p, s, n), r307_target_text_show(&reader->of),
                                r307_pattern_with_name(reader->of.p, reader->of.pattern, s, n));
        }
        if (n > 1 && reader->in == R307_IN_HOST && s[-1] == '/') {
            return apr_psprintf(reader->of.p, "the host of '%s' is empty: '%s' is not in the "
                                "source", r307_target_text_show(&reader->of), r307_text_show(reader->of.p, s, n));
        }
        put(reader, ':');
        *end = s + 1;
        return NULL;
    }
    *end = s + n;
    return insert_capture(reader, index, end);
}

static const char *read_parts(reader_t *reader, const char *s)
{
    const char *bad = NULL;

    while (*s && !bad) {
        if (s[0] == '%' && s[1] == '{') {
            bad = read_braces(reader, s, &s);
        }
        else if (*s == '$') {
            bad = read_dollar(reader, s, &s);
        }
        else if (*s == ':') {
            bad = read_colon(reader, s, &s);
        }
        else {
            put(reader, *s++);
        }
    }
    flush(reader);
    return bad;
}

/* The literal authority: host and port, nothing else. */
static const char *parse_authority(reader_t *reader, r307_slice_t text, r307_slice_t *host,
                                   int *port)
{
    apr_pool_t *p = reader->of.p;
    r307_url_t url;
    const char *bad;
    char *lower;
    size_t i;
    long number;

    r307_url_split(apr_pstrcat(p, "//", r307_slice_text(p, text), NULL), text.len + 2, &url);
    bad = r307_url_check_host(url.host);
    if (bad) {
        return apr_psprintf(p, "host '%s' of '%s' %s",
                            r307_text_show(p, url.host.s, url.host.len), r307_target_text_show(&reader->of), bad);
    }
    number = r307_url_port(url.port);
    if (number < 0) {
        return apr_psprintf(p, "port '%s' of '%s' is not a number from 1 to 65535",
                            r307_text_show(p, url.port.s, url.port.len), r307_target_text_show(&reader->of));
    }
    lower = r307_slice_text(p, url.host);
    for (i = 0; lower[i]; i++) {
        lower[i] = r307_text_lower(lower[i]);
    }
    *host = r307_url_sent_host(r307_slice(lower, url.host.len));
    *port = (int)number;
    return NULL;
}

static const char *without_user(const reader_t *reader)
{
    const char *host = strstr(reader->of.text, "://") + 3, *at = strrchr(host, '@');

    return apr_pstrcat(reader->of.p, r307_text_show(reader->of.p, reader->of.text,
                                                 (size_t)(host - reader->of.text)),
                       r307_text_show(reader->of.p, at + 1, strlen(at + 1)), NULL);
}

/* What is literal in a host that goes on in insertions can be checked only byte by byte. */
static const char *check_host_parts(reader_t *reader, int *count)
{
    const r307_part_t *parts = (const r307_part_t *)(const void *)reader->parts->elts;
    int n;
    size_t i;

    for (n = 0; n < reader->parts->nelts && parts[n].in == R307_IN_HOST; n++) {
        for (i = 0; parts[n].kind == R307_PART_LITERAL && i < parts[n].text.len; i++) {
            char c = parts[n].text.s[i];

            if (c == '@') {
                return apr_psprintf(reader->of.p, "'%s' has a user name in front of its host; "
                                    "write %s", r307_target_text_show(&reader->of), without_user(reader));
            }
            if (!r307_text_is(c, R307_IS_HOST) && !strchr(":[]", c)) {
                return apr_psprintf(reader->of.p, "host '%s' of '%s' %s",
                                    r307_text_show(reader->of.p, parts[n].text.s,
                                                   parts[n].text.len), r307_target_text_show(&reader->of),
                                    r307_url_check_host(r307_slice(&c, 1)));
            }
        }
    }
    *count = n;
    return n ? NULL : apr_psprintf(reader->of.p, "'%s' has no host", r307_target_text_show(&reader->of));
}

/* Decides whether the host is literal, literal with an insertion glued to it, or made of
 * insertions; a host that is known is not kept among the parts. "h$1" is glued: what was
 * meant is most likely the path. "h-$1", "h.$1" and "h:$1" go on inside the host. */
static const char *set_host(reader_t *reader)
{
    r307_target_t *target = reader->target;
    const r307_part_t *parts = (const r307_part_t *)(const void *)reader->parts->elts;
    apr_array_header_t *rest;
    int n = 0, i;
    const char *bad = check_host_parts(reader, &n);

    if (bad || parts[0].kind != R307_PART_LITERAL
        || (n > 1 && strchr("-.:", parts[0].text.s[parts[0].text.len - 1]))) {
        return bad;
    }
    bad = parse_authority(reader, parts[0].text, &target->host, &target->port);
    if (bad) {
        return bad;
    }
    target->glued = n > 1;
    rest = apr_array_make(reader->of.p, 4, sizeof(r307_part_t));
    for (i = 1; i < reader->parts->nelts; i++) {
        APR_ARRAY_PUSH(rest, r307_part_t) = parts[i];
    }
    reader->parts = rest;
    return NULL;
}

/* The bare host's '/', and what later questions want to know of the literal path. */
static void set_path(reader_t *reader)
{
    r307_target_t *target = reader->target;
    const r307_part_t *parts = (const r307_part_t *)(const void *)reader->parts->elts;
    r307_slice_t path = { NULL, 0 };
    int i, inserted = 0, last = -1;

    for (i = 0; i < reader->parts->nelts; i++) {
        int host = parts[i].in == R307_IN_HOST;

        if (host || parts[i].in == R307_IN_PATH) {
            int literal = parts[i].kind == R307_PART_LITERAL;

            if (!path.s && !inserted && !host && literal) {
                path = parts[i].text;
            }
            inserted |= !literal && (!host || target->glued);
            last = host ? last : i;
        }
    }
    target->final_slash = last < 0 ? target->kind == R307_TARGET_URL
        : parts[last].kind == R307_PART_LITERAL
            && parts[last].text.s[parts[last].text.len - 1] == '/';
    if (!path.s || (target->kind == R307_TARGET_URL && !target->host.s)) {
        return;
    }
    while (inserted && path.len && path.s[path.len - 1] != '/') {
        path.len--;
    }
    path.len -= path.len && path.s[path.len - 1] == '/';
    if (target->kind != R307_TARGET_RELATIVE) {
        const r307_path_t *made = r307_path_make(reader->of.p, path);

        path = made->len > 1 ? r307_slice(made->dec, made->len) : r307_slice("", 0);
    }
    target->head = path;
}

static int eat(const char **s, r307_slice_t piece)
{
    int is_there = strncmp(*s, piece.s, piece.len) == 0;

    *s += is_there ? piece.len : 0;
    return is_there;
}

/* See as_written: nothing of it is inserted, added or spelt otherwise. */
static int is_as_written(const r307_target_t *target)
{
    const r307_part_t *path = target->parts;
    const char *s = target->text;

    if (target->inserts || target->count != 1 || path->in != R307_IN_PATH
        || target->has_query || target->has_fragment || strlen(s) > R307_LOCATION_MOST) {
        return 0;
    }
    if (target->kind == R307_TARGET_URL) {
        if (!eat(&s, target->scheme) || !eat(&s, r307_slice("://", 3))
            || !eat(&s, target->host) || (target->port && (s[0] != ':' || s[1] == '0'))) {
            return 0;
        }
        s += target->port ? 1 + strspn(s + 1, "0123456789") : 0;
    }
    else if (target->kind != R307_TARGET_PATH) {
        return 0;
    }
    return path->text.len && eat(&s, path->text) && !*s;
}

static int does_join(const r307_target_t *target)
{
    const r307_part_t *path = target->parts;

    return target->kind == R307_TARGET_RELATIVE && !target->inserts && target->count == 1
        && path->in == R307_IN_PATH && !target->has_query && !target->has_fragment
        && path->text.len && path->text.len == strlen(target->text)
        && memcmp(target->text, path->text.s, path->text.len) == 0
        && r307_path_stays(path->text);
}

const char *r307_target_parse(apr_pool_t *p, const char *text,
                              const r307_pattern_t *pattern,
                              const r307_expr_maker_t *maker, const r307_target_t **out)
{
    r307_target_t *target = apr_pcalloc(p, sizeof(*target));
    reader_t reader = { { p, text, text, pattern }, maker, target, NULL, R307_IN_PATH,
                        { NULL, NULL, 0, 0 } };
    const char *bad, *rest;

    text = target->text = apr_pstrdup(p, r307_idn_reference(p, text));
    *out = target;
    if (strcmp(text, "-") == 0 || strcmp(text, "https:") == 0) {
        target->kind = text[0] == '-' ? R307_TARGET_STOP : R307_TARGET_HTTPS;
        return NULL;
    }
    if (!*text) {
        return "the target is empty; write - for no redirect";
    }
    reader.of.text = r307_change_spread(p, target->text, pattern);
    reader.parts = apr_array_make(p, 4, sizeof(r307_part_t));
    r307_buf_make(&reader.literal, p, 32);
    bad = r307_target_text_check(&reader.of);
    bad = bad ? bad : r307_target_text_begin(&reader.of, target, &rest);
    reader.in = target->kind == R307_TARGET_URL ? R307_IN_HOST : R307_IN_PATH;
    bad = bad ? bad : read_parts(&reader, rest);
    if (!bad && target->kind == R307_TARGET_URL) {
        bad = set_host(&reader);
    }
    if (bad) {
        return bad;
    }
    if (target->kind == R307_TARGET_RELATIVE && reader.parts->nelts == 1
        && target->inserts == 1 && !target->has_query && !target->has_fragment) {
        target->kind = R307_TARGET_WHOLE;
    }
    set_path(&reader);
    target->parts = (const r307_part_t *)(const void *)reader.parts->elts;
    target->count = reader.parts->nelts;
    target->as_written = is_as_written(target);
    target->joins = does_join(target);
    return NULL;
}
