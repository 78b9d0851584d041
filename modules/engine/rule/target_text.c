/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/target_text.h"

#include <string.h>
#include <apr_strings.h>

#include "base/disk.h"
#include "http/idn.h"

const char *r307_target_text_show(const r307_target_text_t *t)
{
    return r307_text_show(t->p, t->written, strlen(t->written));
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

const char *r307_target_text_check(const r307_target_text_t *t)
{
    const char *s;

    for (s = t->text; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7F) {
            return apr_psprintf(t->p, "'%s' holds a control byte; write it as %%%02X",
                                r307_target_text_show(t), (unsigned char)*s);
        }
        /* backslashes inside %{...} are the expression's */
        if (s[0] == '%' && s[1] == '{') {
            s += strcspn(s, "}");
            s -= !*s;
        }
        else if (*s == '\\') {
            const char *bad = r307_disk_say(t->p, t->text);

            return bad ? bad
                : apr_psprintf(t->p, "'%s' a target needs no backslashes; write %s",
                               r307_target_text_show(t), without_backslashes(t->p, t->text));
        }
    }
    return NULL;
}

/* Length of "name:" if the text begins like a URL with a scheme, else 0. */
static size_t scheme_len(const r307_target_text_t *t)
{
    const char *s = t->text;
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
    if (t->pattern && name
        && r307_pattern_name(t->pattern, s + n + 1, name) >= 0) {
        return 0;
    }
    return n + 1;
}

static const char *bad_scheme(const r307_target_text_t *t, size_t n)
{
    const char *s = t->text;
    const char *scheme = apr_pstrmemdup(t->p, s, n), *bad;

    if (r307_text_same_fold(s, n, "http:", 5) || r307_text_same_fold(s, n, "https:", 6)) {
        s += n + strspn(s + n, "/");
        return apr_psprintf(t->p, "'%s' has no host behind its scheme; write %s//%s",
                            r307_target_text_show(t), scheme,
                            *s ? r307_text_show(t->p, s, strlen(s)) : "host/");
    }
    bad = r307_disk_say(t->p, t->text);
    return bad ? bad
        : apr_psprintf(t->p, "'%s' begins with the scheme '%s', and redirects go to http "
                       "and https only; write https://..., or ./%s for a path",
                       r307_target_text_show(t), scheme, r307_target_text_show(t));
}

/* The text as a URL, to be written instead. */
static const char *as_url(const r307_target_text_t *t, const char *begin)
{
    const char *url = r307_idn_reference(t->p, apr_pstrcat(t->p, begin,
                                                                t->text, NULL));
    const char *s = strstr(url, "//") + 2, *end = s + strcspn(s, "/?#");

    while (s < end && (unsigned char)*s < 0x80) {
        s++;
    }
    return apr_pstrcat(t->p, r307_text_show(t->p, url, strlen(url)),
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
static const char *begins_with_asked(const r307_target_text_t *t, int is_url)
{
    const char *s = t->text, *rest, *host;

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
        return apr_psprintf(t->p, "'%s' has a scheme that the request chooses; write "
                            "https://%s", r307_target_text_show(t),
                            r307_text_show(t->p, host, strlen(host)));
    }
    if (!*rest && is_url) {
        return apr_psprintf(t->p, "'%s' is where the request is already; write the path "
                            "that is meant, as in /new", r307_target_text_show(t));
    }
    if (*rest == '/' && rest[1] != '/') {
        return apr_psprintf(t->p, "'%s' says where the request is already; write %s",
                            r307_target_text_show(t), r307_text_show(t->p, rest, strlen(rest)));
    }
    return !is_url ? NULL
        : apr_psprintf(t->p, "'%s' is where the request is already; write the path that "
                       "is meant, as in /new, or https: to add that", r307_target_text_show(t));
}

const char *r307_target_text_begin(const r307_target_text_t *t, r307_target_t *target,
                                   const char **rest)
{
    const char *s = t->text;
    size_t n = scheme_len(t);

    *rest = s;
    if (n) {
        target->scheme = n == 6 ? r307_slice("https", 5) : r307_slice("http", 4);
        if (!r307_text_same_fold(s, n, n == 6 ? "https:" : "http:", n == 6 ? 6 : 5)
            || s[n] != '/' || s[n + 1] != '/') {
            return bad_scheme(t, n);
        }
        target->kind = R307_TARGET_URL;
        *rest = s + n + 2;
        return NULL;
    }
    if (s[0] == '/' && s[1] == '/') {
        r307_target_text_t bare = *t;
        const char *bad;

        bare.text = s + strspn(s, "/");
        bad = begins_with_asked(&bare, 1);
        return bad ? bad : apr_psprintf(t->p, "'%s' has no scheme; write %s",
                                        r307_target_text_show(t), as_url(&bare, "https://"));
    }
    if (r307_text_same_fold(s, strlen(s) < 4 ? strlen(s) : 4, "www.", 4)) {
        return apr_psprintf(t->p, "target '%s' has no scheme; write ./%s for a file of "
                            "that name, else %s", r307_target_text_show(t), r307_target_text_show(t),
                            as_url(t, "https://"));
    }
    target->kind = s[0] == '/' ? R307_TARGET_PATH : R307_TARGET_RELATIVE;
    return begins_with_asked(t, 0);
}
