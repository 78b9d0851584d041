/* SPDX-License-Identifier: Apache-2.0
 *
 * The load-time half of target: text to parts. */
#include "rule/target.h"

#include <string.h>
#include <apr_strings.h>

#include "base/disk.h"
#include "http/idn.h"

/* What has been read so far. */
typedef struct reader_t {
    apr_pool_t *p;
    const char *written;            /* the whole target, for messages */
    const char *text;               /* the same with its host in ASCII */
    const r307_pattern_t *pattern;
    const r307_expr_maker_t *maker;
    r307_target_t *target;
    apr_array_header_t *parts;
    r307_component_t in;
    r307_buf_t literal;             /* literal bytes of `in` not yet made a part */
} reader_t;

static const char *shown(const reader_t *reader)
{
    return r307_text_show(reader->p, reader->written, strlen(reader->written));
}

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
        r307_buf_make(&buf, reader->p, part.text.len + 1);
        r307_text_encode(&buf, part.text.s, part.text.len, lands[reader->in],
                         R307_FORM_ENCODED);
        part.text = r307_slice(buf.s, buf.len);
    }
    APR_ARRAY_PUSH(reader->parts, r307_part_t) = part;
    r307_buf_make(&reader->literal, reader->p, 32);
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
    r307_part_t part;
    const char *close = s + 2, *bad;
    int depth = 1;

    memset(&part, 0, sizeof(part));
    for (; *close && depth; close++) {
        depth += *close == '{';
        depth -= *close == '}';
    }
    if (depth) {
        return apr_psprintf(reader->p, "'%s' has a '%%{' that is never closed by '}'; write "
                            "%%25{ for the characters", shown(reader));
    }
    *end = close;
    if (strncmp(s + 2, "arg:", 4) == 0) {
        part.kind = R307_PART_ARG;
        part.text = r307_slice(s + 6, (size_t)(close - s - 7));
        part.text.s = apr_pstrmemdup(reader->p, part.text.s, part.text.len);
        if (part.text.len == 0) {
            return apr_psprintf(reader->p, "'%s' names no parameter; write %%{arg:name}",
                                shown(reader));
        }
        bad = r307_change_read(reader->p, close, shown(reader), &part.change, end);
        insert(reader, &part);
        return bad;
    }
    bad = r307_change_inside(reader->p, s, (size_t)(close - s), reader->pattern,
                             shown(reader));
    if (bad) {
        return bad;
    }
    if (*close == '|') {
        return apr_psprintf(reader->p, "'%s' a change stands behind $1, :name or %%{arg:name}; "
                            "write %%{tolower:%s} or %%{toupper:%s}, or %%7C for the "
                            "character '|'", shown(reader),
                            r307_text_show(reader->p, s, (size_t)(close - s)),
                            r307_text_show(reader->p, s, (size_t)(close - s)));
    }
    part.kind = R307_PART_EXPR;
    part.expr.text = apr_pstrmemdup(reader->p, s, (size_t)(close - s));
    if (!reader->maker || !reader->maker->compile) {
        return apr_psprintf(reader->p, "'%s' cannot be asked in a map; write the rule "
                            "beside the line that names the map",
                            r307_text_show(reader->p, s, (size_t)(close - s)));
    }
    bad = reader->maker->compile(reader->maker->baton, reader->p, part.expr.text, 1,
                                 &part.expr.compiled);
    if (bad) {
        return apr_psprintf(reader->p, "'%s' is not an expression: %s",
                            r307_text_show(reader->p, part.expr.text,
                                           strlen(part.expr.text)), bad);
    }
    part.is_path = r307_change_gives_path(part.expr.text, &part.change);
    insert(reader, &part);
    return NULL;
}

static const char *insert_capture(reader_t *reader, int index, const char **end)
{
    r307_part_t part;
    const char *bad;

    memset(&part, 0, sizeof(part));
    part.kind = R307_PART_CAPTURE;
    part.capture = index;
    bad = r307_change_read(reader->p, *end, shown(reader), &part.change, end);
    insert(reader, &part);
    return bad;
}

/* What people call the n-th insertion of a source with placeholders; NULL: it has none. */
static const char *nth_name(const reader_t *reader, int n)
{
    const r307_pattern_t *pattern = reader->pattern;
    int i;

    for (i = 0; pattern && i < pattern->seg_count; i++) {
        if (pattern->segs[i].is_name && --n == 0) {
            return apr_pstrcat(reader->p, ":", r307_slice_text(reader->p,
                                                               pattern->segs[i].text), NULL);
        }
    }
    return pattern && pattern->splat && n == 1 ? ":splat" : NULL;
}

/* "$n" or "${name}" at s, or a plain '$'. */
static const char *read_dollar(reader_t *reader, const char *s, const char **end)
{
    int groups = reader->pattern ? r307_pattern_groups(reader->pattern) : 0;

    *end = s + 1;
    if (s[1] == '{') {
        size_t n = strcspn(s, "}");

        return apr_psprintf(reader->p, "'%s' belongs to httpd's Define; write :%s",
                            r307_text_show(reader->p, s, n + (s[n] == '}')),
                            r307_text_show(reader->p, s + 2, n > 2 ? n - 2 : 0));
    }
    if (s[1] < '0' || s[1] > '9') {
        put(reader, '$');
        return NULL;
    }
    *end = s + 2;
    if (groups == 0) {
        const char *name = nth_name(reader, s[1] - '0');

        return apr_psprintf(reader->p, "'$%c' in '%s' stands for nothing: only a regular "
                            "expression (Redirect307Match) has numbered groups; write %s%s"
                            "%%24%c for the characters", s[1], shown(reader),
                            name ? name : "", name ? ", or " : "", s[1]);
    }
    if (s[1] - '0' >= groups) {
        return apr_psprintf(reader->p, "'$%c' in '%s' stands for nothing: the pattern has "
                            "%d group%s; put parentheses around what it stands for, or "
                            "write %%24%c for the characters", s[1], shown(reader),
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
        index = reader->pattern ? r307_pattern_name(reader->pattern, s + 1, n - 1) : -1;
    }
    if (index < 0) {
        if (n > 1 && reader->in == R307_IN_PATH && at_segment_start(reader)) {
            return apr_psprintf(reader->p, "'%s' in '%s' is not in the source; write %s"
                                "%%3A for the character ':'",
                                r307_text_show(reader->p, s, n), shown(reader),
                                r307_pattern_with_name(reader->p, reader->pattern, s, n));
        }
        if (n > 1 && reader->in == R307_IN_HOST && s[-1] == '/') {
            return apr_psprintf(reader->p, "the host of '%s' is empty: '%s' is not in the "
                                "source", shown(reader), r307_text_show(reader->p, s, n));
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

/* What "\1" and "\L$1" of other programs are here: "$1", "$1|lower"; NULL for any other
 * backslash. *end behind it. */
static const char *meant_escape(apr_pool_t *p, const char *s, const char **end)
{
    const char *change = s[1] == 'L' || s[1] == 'l' ? "|lower"
        : s[1] == 'U' || s[1] == 'u' ? "|upper" : NULL;

    if (s[1] >= '0' && s[1] <= '9') {
        *end = s + 2;
        return apr_psprintf(p, "$%c", s[1]);
    }
    if (change && (s[2] == '$' || s[2] == '\\') && s[3] >= '0' && s[3] <= '9') {
        *end = s + 4 + (strncmp(s + 4, "\\E", 2) == 0 ? 2 : 0);
        return apr_psprintf(p, "$%c%s", s[3], change);
    }
    return NULL;
}

/* What was meant by a text with backslashes: those of a regex go, those behind a scheme are
 * slashes. */
static const char *without_backslashes(apr_pool_t *p, const char *text)
{
    size_t scheme = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    int is_path = scheme > 1 && text[scheme] == ':' && text[scheme + 1] == '\\'
        && text[scheme + 2] != '/';
    const char *s = text, *meant;
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(text) + 8);
    while (*s) {
        if (*s != '\\') {
            r307_buf_putc(&buf, *s++);
        }
        else if (!is_path && (meant = meant_escape(p, s, &s))) {
            r307_buf_puts(&buf, meant);
        }
        else if (is_path && s == text + scheme + 1) {
            r307_buf_puts(&buf, "//");
            s += strspn(s, "\\");
        }
        else {
            r307_buf_puts(&buf, is_path ? "/" : "");
            s++;
        }
    }
    if (buf.len > 1 && buf.s[0] == '/' && buf.s[1] == '/') {
        return apr_pstrcat(p, "https:", r307_text_show(p, buf.s, buf.len), NULL);
    }
    return r307_text_show(p, buf.s, buf.len);
}

static const char *check_bytes(reader_t *reader)
{
    const char *s;

    for (s = reader->text; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7F) {
            return apr_psprintf(reader->p, "'%s' holds a control byte; write it as %%%02X",
                                shown(reader), (unsigned char)*s);
        }
        /* backslashes inside %{...} are the expression's */
        if (s[0] == '%' && s[1] == '{') {
            s += strcspn(s, "}");
            s -= !*s;
        }
        else if (*s == '\\') {
            const char *bad = r307_disk_say(reader->p, reader->text);

            return bad ? bad
                : apr_psprintf(reader->p, "'%s' a target needs no backslashes; write %s",
                               shown(reader), without_backslashes(reader->p, reader->text));
        }
    }
    return NULL;
}

/* Length of "name:" if the text begins like a URL with a scheme, else 0. */
static size_t scheme_len(const reader_t *reader)
{
    const char *s = reader->text;
    size_t n = 0, name = 0;

    while (r307_text_is(s[n], n ? R307_IS_SCHEME : R307_IS_ALPHA)) {
        n++;
    }
    if (n == 0 || s[n] != ':') {
        return 0;
    }
    while (r307_text_is(s[n + 1 + name], R307_IS_NAME)) {
        name++;
    }
    if (reader->pattern && name
        && r307_pattern_name(reader->pattern, s + n + 1, name) >= 0) {
        return 0;
    }
    return n + 1;
}

static const char *bad_scheme(reader_t *reader, size_t n)
{
    const char *s = reader->text;
    const char *scheme = apr_pstrmemdup(reader->p, s, n), *bad;

    if (r307_text_same_fold(s, n, "http:", 5) || r307_text_same_fold(s, n, "https:", 6)) {
        s += n + strspn(s + n, "/");
        return apr_psprintf(reader->p, "'%s' has no host behind its scheme; write %s//%s",
                            shown(reader), scheme,
                            *s ? r307_text_show(reader->p, s, strlen(s)) : "host/");
    }
    bad = r307_disk_say(reader->p, reader->text);
    return bad ? bad
        : apr_psprintf(reader->p, "'%s' begins with the scheme '%s', and redirects go to http "
                       "and https only; write https://..., or ./%s for a path",
                       shown(reader), scheme, shown(reader));
}

/* The text as a URL, to be written instead. */
static const char *as_url(reader_t *reader, const char *begin)
{
    const char *url = r307_idn_reference(reader->p, apr_pstrcat(reader->p, begin,
                                                                reader->text, NULL));
    const char *s = strstr(url, "//") + 2, *end = s + strcspn(s, "/?#");

    while (s < end && (unsigned char)*s < 0x80) {
        s++;
    }
    return apr_pstrcat(reader->p, r307_text_show(reader->p, url, strlen(url)),
                       s < end ? ", with the host in its xn-- form" : "", NULL);
}

/* What follows an insertion that the text begins with; NULL: it does not. */
static const char *behind(const char *s, const char *name)
{
    size_t len = strlen(name);

    return r307_text_same_fold(s, strlen(s) < len ? strlen(s) : len, name, len) ? s + len
                                                                               : NULL;
}

/* The scheme or the host that was asked for at the beginning of what would be read as a
 * path: each answer would be one deeper than the last. Or behind "//" (is_url). */
static const char *begins_with_asked(reader_t *reader, int is_url)
{
    const char *s = reader->text, *rest, *host;

    rest = behind(s, "%{REQUEST_SCHEME}");
    rest = rest && strncmp(rest, "://", 3) == 0 ? rest + 3 : NULL;
    host = rest ? rest : s;
    is_url |= rest != NULL;
    if (!rest && !behind(s, "%{HTTP_HOST}") && !behind(s, "%{SERVER_NAME}")) {
        return NULL;
    }
    rest = behind(host, "%{HTTP_HOST}");
    rest = rest ? rest : behind(host, "%{SERVER_NAME}");
    rest = rest && strncmp(rest, ":%{SERVER_PORT}", 15) == 0 ? rest + 15 : rest;
    if (!rest) {
        return apr_psprintf(reader->p, "'%s' has a scheme that the request chooses; write "
                            "https://%s", shown(reader),
                            r307_text_show(reader->p, host, strlen(host)));
    }
    if (!*rest && is_url) {
        return apr_psprintf(reader->p, "'%s' is where the request is already; write the path "
                            "that is meant, as in /new", shown(reader));
    }
    if (*rest == '/' && rest[1] != '/') {
        return apr_psprintf(reader->p, "'%s' says where the request is already; write %s",
                            shown(reader), r307_text_show(reader->p, rest, strlen(rest)));
    }
    return !is_url ? NULL
        : apr_psprintf(reader->p, "'%s' is where the request is already; write the path that "
                       "is meant, as in /new, or https: to add that", shown(reader));
}

static const char *set_kind(reader_t *reader, const char **rest)
{
    r307_target_t *target = reader->target;
    const char *s = reader->text;
    size_t n = scheme_len(reader);

    *rest = s;
    if (n) {
        target->scheme = n == 6 ? r307_slice("https", 5) : r307_slice("http", 4);
        if (!r307_text_same_fold(s, n, n == 6 ? "https:" : "http:", n == 6 ? 6 : 5)
            || s[n] != '/' || s[n + 1] != '/') {
            return bad_scheme(reader, n);
        }
        target->kind = R307_TARGET_URL;
        reader->in = R307_IN_HOST;
        *rest = s + n + 2;
        return NULL;
    }
    if (s[0] == '/' && s[1] == '/') {
        const char *typed = shown(reader), *bad;

        reader->text = s + strspn(s, "/");
        bad = begins_with_asked(reader, 1);
        return bad ? bad : apr_psprintf(reader->p, "'%s' has no scheme; write %s", typed,
                            as_url(reader, "https://"));
    }
    if (r307_text_same_fold(s, strlen(s) < 4 ? strlen(s) : 4, "www.", 4)) {
        return apr_psprintf(reader->p, "target '%s' has no scheme; write ./%s for a file of "
                            "that name, else %s", shown(reader), shown(reader),
                            as_url(reader, "https://"));
    }
    target->kind = s[0] == '/' ? R307_TARGET_PATH : R307_TARGET_RELATIVE;
    return begins_with_asked(reader, 0);
}

/* The literal authority: host and port, nothing else. */
static const char *parse_authority(reader_t *reader, r307_slice_t text, r307_slice_t *host,
                                   int *port)
{
    apr_pool_t *p = reader->p;
    r307_url_t url;
    const char *bad;
    char *lower;
    size_t i;
    long number;

    r307_url_split(apr_pstrcat(p, "//", r307_slice_text(p, text), NULL), text.len + 2, &url);
    bad = r307_url_check_host(url.host);
    if (bad) {
        return apr_psprintf(p, "host '%s' of '%s' %s",
                            r307_text_show(p, url.host.s, url.host.len), shown(reader), bad);
    }
    number = r307_url_port(url.port);
    if (number < 0) {
        return apr_psprintf(p, "port '%s' of '%s' is not a number from 1 to 65535",
                            r307_text_show(p, url.port.s, url.port.len), shown(reader));
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
    const char *host = strstr(reader->text, "://") + 3, *at = strrchr(host, '@');

    return apr_pstrcat(reader->p, r307_text_show(reader->p, reader->text,
                                                 (size_t)(host - reader->text)),
                       r307_text_show(reader->p, at + 1, strlen(at + 1)), NULL);
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
                return apr_psprintf(reader->p, "'%s' has a user name in front of its host; "
                                    "write %s", shown(reader), without_user(reader));
            }
            if (!r307_text_is(c, R307_IS_HOST) && !strchr(":[]", c)) {
                return apr_psprintf(reader->p, "host '%s' of '%s' %s",
                                    r307_text_show(reader->p, parts[n].text.s,
                                                   parts[n].text.len), shown(reader),
                                    r307_url_check_host(r307_slice(&c, 1)));
            }
        }
    }
    *count = n;
    return n ? NULL : apr_psprintf(reader->p, "'%s' has no host", shown(reader));
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
    rest = apr_array_make(reader->p, 4, sizeof(r307_part_t));
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
        const r307_path_t *made = r307_path_make(reader->p, path);

        path = made->len > 1 ? r307_slice(made->dec, made->len) : r307_slice("", 0);
    }
    target->head = path;
}

const char *r307_target_parse(apr_pool_t *p, const char *text,
                              const r307_pattern_t *pattern,
                              const r307_expr_maker_t *maker, const r307_target_t **out)
{
    r307_target_t *target = apr_pcalloc(p, sizeof(*target));
    reader_t reader = { p, text, text, pattern, maker, target, NULL, R307_IN_PATH,
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
    reader.text = r307_change_spread(p, target->text, pattern);
    reader.parts = apr_array_make(p, 4, sizeof(r307_part_t));
    r307_buf_make(&reader.literal, p, 32);
    bad = check_bytes(&reader);
    bad = bad ? bad : set_kind(&reader, &rest);
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
    return NULL;
}
