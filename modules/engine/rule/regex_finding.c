/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/regex_finding.h"

#include <string.h>
#include <apr_strings.h>

#include "rule/regex_syntax.h"

/* Where a group stands. */
typedef struct place_t {
    r307_regex_reader_t reader;     /* behind its "(" and its name */
    r307_regex_item_t item;         /* its OPEN */
    int behind_slash;               /* a literal '/', perhaps an optional one, ends what stands
                                     * in front: a path has no empty segment, so the group
                                     * cannot begin with another */
    int behind_begin;               /* nothing but '^' stands in front */
} place_t;

/* Group n; 0: there is none, or its number is not certain. */
static int find_group(const char *pattern, int n, place_t *place)
{
    enum { NOTHING, ONLY_BEGIN, MORE } front = NOTHING;
    r307_regex_item_t *item = &place->item;

    place->reader = r307_regex_reader(pattern);
    place->behind_slash = 0;
    for (;;) {
        r307_regex_read(&place->reader, item);
        if (item->kind == R307_ITEM_END || item->kind == R307_ITEM_LOST
            || (item->kind == R307_ITEM_OPEN && item->group == R307_GROUP_RESET)
            || (item->flags.len && memchr(item->flags.s, 'n', item->flags.len))) {
            return 0;
        }
        if (item->kind == R307_ITEM_OPEN && item->group == R307_GROUP_CAPTURE && --n == 0) {
            place->behind_begin = front == ONLY_BEGIN;
            return 1;
        }
        if (item->kind == R307_ITEM_FLAGS) {
            continue;
        }
        front = front == NOTHING && item->kind == R307_ITEM_BEGIN ? ONLY_BEGIN : MORE;
        if (item->kind != R307_ITEM_CLOSE) {
            place->behind_slash = item->kind == R307_ITEM_BYTE && item->byte == '/';
        }
    }
}

static int ends_sequence(const r307_regex_item_t *item)
{
    return item->kind == R307_ITEM_OR || item->kind == R307_ITEM_CLOSE
        || item->kind == R307_ITEM_END || item->kind == R307_ITEM_LOST;
}

/* Goes on to the end of the alternative; the item is what ends it. */
static void skip_sequence(r307_regex_reader_t *reader, r307_regex_item_t *item)
{
    while (!ends_sequence(item)) {
        if (item->kind == R307_ITEM_OPEN) {
            r307_regex_close(reader, item);
        }
        r307_regex_read(reader, item);
    }
}

/* Whether what follows can only begin with '/', or be empty: in each alternative up to the
 * end of the group, which the item then is. */
static int only_slashes(r307_regex_reader_t *reader, r307_regex_item_t *item)
{
    do {
        r307_regex_read(reader, item);
        if (item->kind == R307_ITEM_OPEN && item->group == R307_GROUP_PLAIN
            && !item->flags.len) {
            int is_needed;

            if (!only_slashes(reader, item) || item->kind != R307_ITEM_CLOSE) {
                return 0;
            }
            is_needed = item->least > 0;
            r307_regex_read(reader, item);
            if (!is_needed && !ends_sequence(item)) {
                return 0;
            }
        }
        else if (!ends_sequence(item) && (item->kind != R307_ITEM_BYTE || item->byte != '/'
                                          || item->least == 0)) {
            return 0;
        }
        skip_sequence(reader, item);
    } while (item->kind == R307_ITEM_OR);
    return item->kind != R307_ITEM_LOST;
}

/* A guess from its first item: in doubt it can. */
static int may_begin_with_slash(r307_regex_reader_t reader)
{
    r307_regex_item_t item;

    r307_regex_read(&reader, &item);
    switch (item.kind) {
    case R307_ITEM_SET:
        return r307_byteset_has(&item.set, '/');
    case R307_ITEM_BYTE:
        return item.byte == '/';
    case R307_ITEM_OR:
    case R307_ITEM_END:
    case R307_ITEM_BEGIN:
    case R307_ITEM_LOST:
        return 1;
    default:
        return *item.at == '(';
    }
}

static int begins_with_slash(r307_regex_reader_t reader)
{
    r307_regex_item_t item;

    r307_regex_read(&reader, &item);
    return item.kind == R307_ITEM_BYTE && item.byte == '/' && item.least > 0;
}

/* Whether \K is in it: then what matched is not what the groups say. */
static int has_keep(const char *pattern)
{
    r307_regex_reader_t reader = r307_regex_reader(pattern);
    r307_regex_item_t item;

    do {
        r307_regex_read(&reader, &item);
        if (item.kind == R307_ITEM_POINT && item.end[-1] == 'K') {
            return 1;
        }
    } while (item.kind != R307_ITEM_END && item.kind != R307_ITEM_LOST);
    return 0;
}

/* All that the pattern matches. */
static void tell_whole(const char *pattern, r307_group_text_t *group)
{
    int is_one = !r307_regex_has_alternative(pattern);

    group->inside = pattern;
    group->begins_path = pattern[0] == '^' && is_one;
    group->only_slash = group->begins_path
        || (is_one && begins_with_slash(r307_regex_reader(pattern)));
    group->may_slash = group->only_slash || may_begin_with_slash(r307_regex_reader(pattern));
}

/* Whether a group that begins with the path also ends with it, or at a mark of the text. */
static int is_bounded(const char *end)
{
    return *end == '$' || (*end == '\\' && end[1] != '/' && !r307_text_is(end[1],
                                                                          R307_IS_NAME));
}

static void tell_group(const char *pattern, const place_t *place, r307_group_text_t *group)
{
    r307_regex_reader_t reader = place->reader;
    r307_regex_item_t item;
    const char *inside = place->item.end;

    group->at = place->item.at;
    group->inside = inside;
    group->behind_slash = place->behind_slash;
    group->begins_path = place->behind_begin && !r307_regex_has_alternative(pattern);
    r307_regex_close(&reader, &item);
    group->may_be_empty = item.least == 0 || *inside == ')' || *inside == '|'
        || strstr(inside, "|)") != NULL || strncmp(inside, ".*", 2) == 0
        || strncmp(inside, "(?:", 3) == 0;
    if (group->begins_path && item.least > 0 && is_bounded(item.end)) {
        group->may_be_empty = 0;        /* a path is not, and begins with '/' */
    }
    reader = place->reader;
    group->only_slash = !group->behind_slash
        && (group->begins_path || only_slashes(&reader, &item));
    group->may_slash = !group->behind_slash
        && (group->begins_path || may_begin_with_slash(place->reader));
}

void r307_regex_finding_group(const char *pattern, int n, r307_group_text_t *group)
{
    place_t place;

    memset(group, 0, sizeof(*group));
    if (has_keep(pattern) || (n && !find_group(pattern, n, &place))) {
        group->may_slash = 1;
        return;
    }
    group->is_known = 1;
    if (n) {
        tell_group(pattern, &place, group);
    }
    else {
        tell_whole(pattern, group);
    }
}

const char *r307_regex_finding_slashed(apr_pool_t *p, const char *pattern,
                                       const r307_group_text_t *group)
{
    r307_regex_reader_t reader;
    r307_regex_item_t item;
    size_t cut;

    if (!group->at || group->behind_slash) {
        return NULL;
    }
    reader = r307_regex_reader(group->at);
    r307_regex_read(&reader, &item);
    r307_regex_close(&reader, &item);
    cut = *group->inside == '/' && !strchr("?*{", group->inside[1]);
    if (item.least == 0 || memchr(group->at, '|', (size_t)(item.end - group->at))
        || (!cut && *group->inside != '.' && strncmp(group->inside, "[^", 2) != 0
            && *group->inside != '\\')) {
        return NULL;
    }
    return apr_pstrcat(p, apr_pstrmemdup(p, pattern, (size_t)(group->at - pattern)), "/",
                       apr_pstrmemdup(p, group->at, (size_t)(group->inside - group->at)),
                       group->inside + cut, NULL);
}

/* --- what no path has --- */

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

/* "~^/x~i", "!^/x", "{^/x}": a byte in front of '^', which stands only where a path begins. */
static const char *delimited(apr_pool_t *p, const char *s)
{
    static const char openers[] = "~@%#|{/", closers[] = "~@%#|}/";
    const char *at = *s ? strchr(openers, *s) : NULL, *end;
    size_t len = strlen(s), flags = 0;

    if (!at || len < 4 || (s[1] != '^' && (s[1] != '/' || *s == '/' || *s == '{'))) {
        return NULL;
    }
    while (flags < len - 2 && strchr("imsxuUD", s[len - 1 - flags])) {
        flags++;
    }
    end = s + len - 1 - flags;
    if (*end != closers[at - openers] || end == s + 1) {
        return NULL;
    }
    return apr_psprintf(p, "never matches: '%c' in front and behind is how other programs "
                        "begin and end a pattern; write %s%s", *s,
                        r307_text_show(p, s + 1, (size_t)(end - s - 1)),
                        memchr(end, 'i', flags + 1) ? " case=ignore" : "");
}

static const char *negated(apr_pool_t *p, const char *s, int regex)
{
    if (s[0] != '!' || (regex ? s[1] != '^' : s[1] != '/' && s[1] != '^')) {
        return NULL;
    }
    return apr_psprintf(p, "is compared as it is: a source is not negated by '!'; write %s -, "
                        "and the rule for all others in a line below it", show(p, s + 1));
}

/* The host's name at s, as a regex writes it: what stands behind it. */
static const char *read_host(apr_pool_t *p, const char *at, const char **host)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, 64);
    if (strncmp(at, "(www\\.)?", 8) == 0 || strncmp(at, "(?:www\\.)?", 10) == 0) {
        at += at[1] == '?' ? 10 : 8;
    }
    for (; *at; at++) {
        if (r307_text_is(*at, R307_IS_NAME) || *at == '-' || *at == '.') {
            r307_buf_putc(&buf, *at);
        }
        else if (at[0] != '\\' || (at[1] != '.' && at[1] != '-')) {
            break;
        }
    }
    *host = buf.len && !strchr(buf.s, '_') ? buf.s : NULL;
    return at;
}

/* Whether a name without a scheme in front is a host, and no file. */
static int is_bare_host(const char *text, const char *host, const char *rest)
{
    static const char *const endings[] = {
        "php", "html", "htm", "asp", "aspx", "jsp", "cgi", "pl", "pdf", "xml", "txt", "js",
        "css", "png", "jpg", "gif", "zip", "do"
    };
    const char *label = host ? strrchr(host, '.') : NULL;
    size_t i;

    if (!label || !label[1] || strspn(label + 1, "abcdefghijklmnopqrstuvwxyz")
                               != strlen(label + 1)) {
        return 0;
    }
    for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (strcmp(label + 1, endings[i]) == 0) {
            return 0;
        }
    }
    return *rest == '/' || strstr(text, "www") == text + 1 || strstr(text, "(www") == text + 1
        || strstr(text, "(?:www") == text + 1;
}

const char *r307_regex_finding_host(apr_pool_t *p, const char *pattern)
{
    static const char never[] = "never matches: a pattern sees the path alone, not scheme "
                                "and host";
    const char *at = strstr(pattern, "://"), *host = NULL, *rest;

    if (at) {
        at += 3;
        at += *at == ')' && at[1] == '?' ? 2 : *at == ')';
        rest = read_host(p, at, &host);
    }
    else {
        rest = pattern[0] == '^' ? read_host(p, pattern + 1, &host) : "";
        if (!is_bare_host(pattern, host, rest)) {
            return NULL;
        }
    }
    if (!host || (*rest && *rest != '/' && *rest != '$')) {
        return apr_pstrcat(p, never, "; a host is an option, host=", NULL);
    }
    return apr_psprintf(p, "%s; write ^%s host=%s", never,
                        *rest == '/' ? show(p, rest) : "/", show(p, host));
}

/* A literal '%XX', but %2F, and what it stands for. */
static const char *coded(apr_pool_t *p, const char *s)
{
    r307_regex_reader_t reader = r307_regex_reader(s);
    r307_regex_item_t item;
    const char *found = NULL;
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(s) + 8);
    do {
        const char *from = reader.s;
        int byte;

        r307_regex_read(&reader, &item);
        byte = item.kind == R307_ITEM_BYTE && *item.at == '%' && !reader.is_quoted
            ? r307_text_hex2(item.at + 1, strlen(item.at + 1)) : -1;
        /* "%2520" is for what was encoded twice; its writer knows */
        if (byte < 0x20 || byte == '/' || byte == 0x7F
            || (byte == '%' && r307_text_hex2(item.at + 3, strlen(item.at + 3)) >= 0)) {
            r307_buf_add(&buf, from, (size_t)(reader.s - from));
            continue;
        }
        found = found ? found : item.at;
        r307_buf_add(&buf, from, (size_t)(item.at - from));
        if (strchr("\\^$.[]|()?*+{}", byte)) {
            r307_buf_putc(&buf, '\\');
        }
        r307_buf_putc(&buf, (char)byte);
        reader.s = item.at + 3;
    } while (item.kind != R307_ITEM_END && item.kind != R307_ITEM_LOST);
    r307_buf_puts(&buf, reader.s);
    if (!found) {
        return NULL;
    }
    return apr_psprintf(p, "is compared with the decoded path, in which '%.3s' is one byte; "
                        "write %s%s%s", found, strchr(buf.s, ' ') ? "\"" : "",
                        show(p, buf.s), strchr(buf.s, ' ') ? "\"" : "");
}

static int is_only(const r307_byteset_t *set, int byte)
{
    int c = 0;

    while (c < 256 && r307_byteset_has(set, (unsigned char)c) == (c == byte)) {
        c++;
    }
    return c == 256;
}

/* "\?", "[?]", "\x3F", and "\Q?": where it begins, and behind it. */
static const char *query_at(const char *s, const char **end)
{
    r307_regex_reader_t reader = r307_regex_reader(s);
    r307_regex_item_t item;

    do {
        const char *from = reader.s;
        int was_quoted = reader.is_quoted;

        r307_regex_read(&reader, &item);
        if (!was_quoted && ((item.kind == R307_ITEM_BYTE && item.byte == '?')
                            || (item.kind == R307_ITEM_SET && is_only(&item.set, '?')))) {
            *end = item.end;
            return from;
        }
    } while (item.kind != R307_ITEM_END && item.kind != R307_ITEM_LOST);
    return NULL;
}

static const char *queried(apr_pool_t *p, const char *s)
{
    const char *rest, *at = query_at(s, &rest), *head;
    size_t len;

    if (!at) {
        return NULL;
    }
    head = apr_pstrmemdup(p, s, (size_t)(at - s));
    len = strlen(rest);
    len -= len && rest[len - 1] == '$';
    rest = apr_pstrmemdup(p, rest, len);
    if (!*rest || strpbrk(rest, "\\^$.[]|()?*+{}\" ") || strchr(head, '(')) {
        return "is compared with the path, which has no query: a '?' is there only where %3F "
               "was asked for; a parameter is an option, args=name=value";
    }
    return apr_psprintf(p, "is compared with the path, which has no query: a '?' is there only "
                        "where %%3F was asked for; write %s$ args=%s", show(p, head),
                        show(p, rest));
}

const char *r307_regex_finding_never(apr_pool_t *p, const char *source, int regex,
                                     int *is_query)
{
    const char *why = negated(p, source, regex);

    *is_query = 0;
    if (why || !regex) {
        return why;
    }
    why = delimited(p, source);
    why = why ? why : r307_regex_finding_host(p, source);
    why = why ? why : coded(p, source);
    if (!why) {
        why = queried(p, source);
        *is_query = why != NULL;
    }
    return why;
}
