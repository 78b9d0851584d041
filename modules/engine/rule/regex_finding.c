/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/regex_finding.h"

#include <string.h>
#include <apr_strings.h>

#include "rule/regex.h"

static int is_named(const char *s)
{
    return s[1] == '?' && (s[2] == 'P' || s[2] == '\''
                           || (s[2] == '<' && s[3] != '=' && s[3] != '!'));
}

/* The "(" of group n; NULL: there is none. */
static const char *find_group(const char *s, int n)
{
    for (; *s; s = r307_regex_skip(s)) {
        if (*s == '(' && strncmp(s, "(?#", 3) != 0 && s[1] != '*'
            && (s[1] != '?' || is_named(s)) && --n == 0) {
            return s;
        }
    }
    return NULL;
}

/* Behind the ")" of the group at s. */
static const char *end_of_group(const char *s)
{
    int depth = 0;

    for (; *s; s = r307_regex_skip(s)) {
        depth += *s == '(' && strncmp(s, "(?#", 3) != 0;
        if (*s == ')' && --depth == 0) {
            return s + 1;
        }
    }
    return s;
}

static int may_be_left(const char *quantifier)
{
    return *quantifier && strchr("?*", *quantifier) != NULL;
}

/* Whether what begins at s can only begin with '/', or be empty: in each alternative up to
 * the end of the group. */
static int only_slashes(const char *s)
{
    while (*s) {
        if (*s == ')' || *s == '|') {
            /* an empty alternative */
        }
        else if (strncmp(s, "(?:", 3) == 0) {
            const char *end = end_of_group(s);

            if (!only_slashes(s + 3) || (may_be_left(end) && end[1] != ')' && end[1] != '|')) {
                return 0;
            }
        }
        else {
            const char *slash = *s == '\\' ? s + 1 : s;

            if (*slash != '/' || may_be_left(slash + 1) || slash[1] == '{') {
                return 0;
            }
        }
        for (; *s && *s != '|' && *s != ')'; s = *s == '(' && strncmp(s, "(?#", 3) != 0
                                                  ? end_of_group(s) : r307_regex_skip(s)) {
            continue;
        }
        if (*s != '|') {
            return 1;
        }
        s++;
    }
    return 1;
}

/* A guess from its first item: in doubt it can. */
static int may_begin_with_slash(const char *s)
{
    if (*s == '[') {
        const char *end = r307_regex_skip(s);
        const char *slash = memchr(s, '/', (size_t)(end - s));

        return s[1] == '^' ? !slash : slash != NULL;
    }
    if (*s == '\\') {
        return strchr("SDWN/", s[1]) != NULL;
    }
    return strchr("./(|*?+^", *s) != NULL;
}

/* Whether a literal '/', perhaps an optional one, stands in front of `at`: a path has no
 * empty segment, so the group cannot begin with another. */
static int has_slash_before(const char *pattern, const char *at)
{
    while (at > pattern && strchr(")?*+", at[-1])) {
        at--;
    }
    return at > pattern && at[-1] == '/';
}

/* Whether what stands in front of `at` takes nothing of the path and binds it to its begin. */
static int begins_path(const char *pattern, const char *at)
{
    if (strncmp(pattern, "(?i)", 4) == 0) {
        pattern += 4;
    }
    return pattern[0] == '^' && pattern + 1 == at;
}

static int has_alternative_outside(const char *s)
{
    for (; *s; s = *s == '(' && strncmp(s, "(?#", 3) != 0 ? end_of_group(s)
                                                         : r307_regex_skip(s)) {
        if (*s == '|') {
            return 1;
        }
    }
    return 0;
}

void r307_regex_finding_group(apr_pool_t *p, const char *pattern, int n,
                              r307_group_text_t *group)
{
    const char *at = n ? find_group(pattern, n) : pattern, *end;
    const char *name;

    memset(group, 0, sizeof(*group));
    if (!at || strstr(pattern, "\\K")) {
        group->may_slash = 1;
        return;
    }
    group->is_known = 1;
    if (n == 0) {
        group->inside = pattern;
        group->begins_path = pattern[0] == '^' && !has_alternative_outside(pattern);
        group->only_slash = group->begins_path || (*pattern == '/'
                                                   && !has_alternative_outside(pattern)
                                                   && !may_be_left(pattern + 1));
        group->may_slash = group->only_slash || may_begin_with_slash(pattern);
        return;
    }
    name = is_named(at) ? at + strcspn(at, ">'") : NULL;
    name = name && *name == '\'' ? name + 1 + strcspn(name + 1, "'") : name;
    group->at = at;
    group->inside = name ? name + (*name != '\0') : at + 1;
    group->behind_slash = has_slash_before(pattern, at);
    group->begins_path = begins_path(pattern, at) && !has_alternative_outside(pattern);
    end = end_of_group(at);
    group->may_be_empty = may_be_left(end) || *group->inside == ')' || *group->inside == '|'
        || strstr(group->inside, "|)") != NULL
        || strncmp(group->inside, ".*", 2) == 0 || strncmp(group->inside, "(?:", 3) == 0;
    if (group->begins_path && !may_be_left(end)
        && (*end == '$' || (*end == '\\' && end[1] != '/' && !r307_text_is(end[1],
                                                                          R307_IS_NAME)))) {
        group->may_be_empty = 0;        /* a path is not, and begins with '/' */
    }
    group->only_slash = !group->behind_slash
        && (group->begins_path || only_slashes(group->inside));
    group->may_slash = !group->behind_slash
        && (group->begins_path || may_begin_with_slash(group->inside));
}

const char *r307_regex_finding_slashed(apr_pool_t *p, const char *pattern,
                                       const r307_group_text_t *group)
{
    const char *end;
    size_t cut;

    if (!group->at || group->behind_slash) {
        return NULL;
    }
    end = end_of_group(group->at);
    cut = *group->inside == '/' && !strchr("?*{", group->inside[1]);
    if (may_be_left(end) || memchr(group->at, '|', (size_t)(end - group->at))
        || (!cut && strncmp(group->inside, ".", 1) != 0
            && strncmp(group->inside, "[^", 2) != 0 && *group->inside != '\\')) {
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
    const char *found = NULL;
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(s) + 8);
    while (*s) {
        const char *next = r307_regex_skip(s);
        int byte = *s == '%' ? r307_text_hex2(s + 1, strlen(s + 1)) : -1;

        /* "%2520" is for what was encoded twice; its writer knows */
        if (byte < 0x20 || byte == '/' || byte == 0x7F
            || (byte == '%' && r307_text_hex2(s + 3, strlen(s + 3)) >= 0)) {
            r307_buf_add(&buf, s, (size_t)(next - s));
            s = next;
            continue;
        }
        found = found ? found : s;
        if (strchr("\\^$.[]|()?*+{}", byte)) {
            r307_buf_putc(&buf, '\\');
        }
        r307_buf_putc(&buf, (char)byte);
        s += 3;
    }
    if (!found) {
        return NULL;
    }
    return apr_psprintf(p, "is compared with the decoded path, in which '%.3s' is one byte; "
                        "write %s%s%s", found, strchr(buf.s, ' ') ? "\"" : "",
                        show(p, buf.s), strchr(buf.s, ' ') ? "\"" : "");
}

/* "\?", "[?]" and "\x3F" outside of classes with other members. */
static const char *query_at(const char *s)
{
    for (; *s; s = r307_regex_skip(s)) {
        if (strncmp(s, "\\?", 2) == 0 || strncmp(s, "[?]", 3) == 0
            || strncmp(s, "[\\?]", 4) == 0 || strncmp(s, "\\x3f", 4) == 0
            || strncmp(s, "\\x3F", 4) == 0 || strncmp(s, "\\Q?", 3) == 0) {
            return s;
        }
    }
    return NULL;
}

static const char *queried(apr_pool_t *p, const char *s)
{
    const char *at = query_at(s), *rest, *head;
    size_t len;

    if (!at) {
        return NULL;
    }
    rest = *at == '[' ? strchr(at, ']') + 1 : at[1] == '?' ? at + 2 : at[1] == 'Q' ? at + 3
                                                                              : at + 4;
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
