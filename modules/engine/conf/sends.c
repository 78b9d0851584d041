/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/sends.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "conf/conf_tree.h"
#include "http/idn.h"
#include "http/url.h"

/* Which word of a line is the URL: the last one, or one behind a first word. */
typedef enum { LAST, SECOND, OF_HEADER } where_t;

static const struct {
    const char *name;
    where_t where;
} directives[] = {
    { "Redirect", LAST }, { "RedirectMatch", LAST }, { "RedirectPermanent", LAST },
    { "RedirectTemp", LAST }, { "ErrorDocument", SECOND }, { "RewriteRule", SECOND },
    { "Header", OF_HEADER }
};

/* What a RewriteCond asks for of people, and not of their URL. */
static const struct {
    const char *variable, *header;
} visitors[] = {
    { "%{HTTP_REFERER}", "Referer" }, { "%{HTTP_USER_AGENT}", "User-Agent" },
    { "%{HTTP:Referer}", "Referer" }, { "%{HTTP:User-Agent}", "User-Agent" },
    { "%{HTTP_COOKIE}", "Cookie" }, { "%{REMOTE_ADDR}", "an address" }
};

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static int is(const char *text, const char *name)
{
    return r307_text_same_fold(text, strlen(text), name, strlen(name));
}

/* The host of the request, whatever it is called. */
static int is_asked(const char *variable, size_t len)
{
    static const char *const names[] = {
        "%{HTTP_HOST}", "%{SERVER_NAME}", "%{HTTP:Host}", "%{SERVER_ADDR}"
    };
    size_t i;

    for (i = 0; i < COUNT(names); i++) {
        if (r307_text_same_fold(variable, len, names[i], strlen(names[i]))) {
            return 1;
        }
    }
    return 0;
}

/* An insertion at s: "$1", "%1", "%{...}", "${...}"; its length, or 0. */
static size_t insertion(const char *s)
{
    const char *end;

    if ((*s != '$' && *s != '%') || !s[1]) {
        return 0;
    }
    if (s[1] == '{') {
        end = strchr(s, '}');
        return end ? (size_t)(end - s) + 1 : strlen(s);
    }
    return apr_isdigit(s[1]) ? 2 : 0;
}

/* The end of "scheme:" and slashes, which may be escaped; NULL: it is no such URL. A
 * browser takes one slash too few or too many, and the other one. */
static const char *behind_scheme(const char *url)
{
    static const char *const schemes[] = { "http", "https", "ftp", "ws", "wss" };
    size_t n = strcspn(url, ":\\/?#"), i, slashes;

    for (i = 0; i < COUNT(schemes) && !r307_text_same_fold(url, n, schemes[i],
                                                           strlen(schemes[i])); i++) {
        continue;
    }
    url += n + strspn(url + n, "\\");
    slashes = *url == ':' ? strspn(url + 1, "/\\") : 0;
    return i < COUNT(schemes) && slashes ? url + 1 + slashes : NULL;
}

const char *r307_sends_host(apr_pool_t *p, const char *url)
{
    const char *s = behind_scheme(url), *at;
    r307_buf_t buf;
    char *lower, *c;

    if (!s) {
        return NULL;
    }
    r307_buf_make(&buf, p, 64);
    while (*s && !strchr("/?#", *s)) {
        size_t n = insertion(s);

        if (is_asked(s, n)) {
            return NULL;
        }
        if (n) {
            r307_buf_putc(&buf, '*');
        }
        else if (*s != '\\') {
            r307_buf_putc(&buf, *s);
        }
        s += n ? n : 1;
    }
    if (!buf.len) {
        return NULL;
    }
    at = strrchr(buf.s, '@');
    at = at ? at + 1 : buf.s;
    at = apr_pstrmemdup(p, at, *at == '[' ? strcspn(at, "]") + (strchr(at, ']') != NULL)
                                          : strcspn(at, ":"));
    lower = apr_pstrdup(p, r307_idn_host(p, at));
    for (c = lower; *c; c++) {
        *c = r307_text_lower(*c);
    }
    return *lower ? lower : NULL;
}

/* The URL of "Header [always] set Location|Refresh value": "0; url=..." of the second. */
static const char *of_header(const apr_array_header_t *words)
{
    int i;

    for (i = 0; i + 1 < words->nelts; i++) {
        const char *word = APR_ARRAY_IDX(words, i, const char *);
        const char *value = APR_ARRAY_IDX(words, i + 1, const char *), *url;

        if (is(word, "Location")) {
            return value;
        }
        if (is(word, "Refresh")) {
            for (url = value; *url && !behind_scheme(url); url++) {
                continue;
            }
            return url;
        }
    }
    return NULL;
}

static const char *url_of(where_t where, const apr_array_header_t *words)
{
    switch (where) {
    case OF_HEADER:
        return of_header(words);
    case SECOND:
        return words->nelts > 1 ? APR_ARRAY_IDX(words, 1, const char *) : NULL;
    default:
        return words->nelts ? APR_ARRAY_IDX(words, words->nelts - 1, const char *) : NULL;
    }
}

static void meet_cond(r307_sends_state_t *state, const char *args)
{
    size_t i;

    args += *args == '"';
    for (i = 0; i < COUNT(visitors); i++) {
        size_t n = strlen(visitors[i].variable);

        if (strlen(args) >= n
            && r307_text_same_fold(args, n, visitors[i].variable, n)) {
            state->only = visitors[i].header;
        }
    }
}

int r307_sends_meet(apr_pool_t *p, r307_sends_state_t *state, const char *name,
                    const char *args, r307_sends_t *sends)
{
    const char *url;
    size_t i;

    if (is(name, "RewriteCond")) {
        meet_cond(state, args);
        return 0;
    }
    for (i = 0; i < COUNT(directives) && !is(name, directives[i].name); i++) {
        continue;
    }
    if (i == COUNT(directives)) {
        return 0;
    }
    memset(sends, 0, sizeof(*sends));
    if (is(name, "RewriteRule")) {
        sends->only = state->only;
        state->only = NULL;
    }
    url = url_of(directives[i].where, r307_conf_words(p, args));
    sends->host = url ? r307_sends_host(p, url) : NULL;
    return sends->host != NULL;
}

int r307_sends_is_on_way(const char *host, const char *path)
{
    const char *bare = strncmp(host, "www.", 4) == 0 ? host + 4 : host;
    size_t n;

    if (strchr(host, '*')) {
        return 0;
    }
    for (; *path; path += n) {
        path += strspn(path, "/");
        n = strcspn(path, "/");
        if (memchr(path, '.', n)
            && (r307_text_same_fold(path, n, host, strlen(host))
                || r307_text_same_fold(path, n, bare, strlen(bare))
                || (n > 4 && strncmp(path, "www.", 4) == 0
                    && r307_text_same_fold(path + 4, n - 4, bare, strlen(bare))))) {
            return 1;
        }
    }
    return 0;
}
