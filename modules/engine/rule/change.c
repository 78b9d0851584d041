/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/change.h"

#include <string.h>
#include <apr_strings.h>

static const struct {
    const char *name;
    r307_change_t change;
    const char *function;       /* httpd's own for it */
} changes[] = {
    { "lower", R307_CHANGE_LOWER, "tolower" },
    { "upper", R307_CHANGE_UPPER, "toupper" }
};
#define CHANGE_COUNT (sizeof(changes) / sizeof(changes[0]))

static const char *bad_change(apr_pool_t *p, const char *s, size_t len, const char *shown)
{
    const char *word = apr_pstrmemdup(p, s, len);
    size_t i;

    for (i = 0; i < CHANGE_COUNT; i++) {
        if (r307_text_distance(word, changes[i].name) < 3
            || strncmp(word, changes[i].name, 2) == 0) {
            return apr_psprintf(p, "'|%s' in '%s' unknown change; did you mean |%s?", word,
                                shown, changes[i].name);
        }
    }
    return apr_psprintf(p, "'|%s' in '%s' unknown change; this version knows |lower and "
                        "|upper; write %%7C for the character '|'", word, shown);
}

const char *r307_change_read(apr_pool_t *p, const char *s, const char *shown,
                             r307_change_t *change, const char **end)
{
    size_t len, i;

    for (*end = s; **end == '|'; *end += 1 + len) {
        for (len = 0; r307_text_is((*end)[1 + len], R307_IS_NAME); len++) {
            continue;
        }
        for (i = 0; i < CHANGE_COUNT; i++) {
            if (strlen(changes[i].name) == len
                && memcmp(changes[i].name, *end + 1, len) == 0) {
                break;
            }
        }
        if (i == CHANGE_COUNT) {
            return bad_change(p, *end + 1, len, shown);
        }
        *change = changes[i].change;    /* the last one is what comes of several */
    }
    return NULL;
}

/* --- expressions --- */

/* Functions whose argument is a name and no text. */
static const char *const looking[] = {
    "req", "http", "req_novary", "resp", "reqenv", "osenv", "note", "env", "file",
    "filesize", "ldap"
};

static int looks_up(const char *name, size_t len)
{
    size_t i;

    for (i = 0; i < sizeof(looking) / sizeof(looking[0]); i++) {
        if (r307_text_same_fold(name, len, looking[i], strlen(looking[i]))) {
            return 1;
        }
    }
    return 0;
}

/* An insertion of ours inside an expression, where httpd does not know it: "$1", ":name",
 * "%{arg:name}"; its length, or 0. `first`: right behind the colon of a function. */
static size_t ours_at(const r307_pattern_t *pattern, const char *s, int first)
{
    size_t n = 1;

    if (s[0] == '$' && s[1] >= '0' && s[1] <= '9') {
        return 2;
    }
    if (strncmp(s, "%{arg:", 6) == 0) {
        return strcspn(s, "}") + (strchr(s, '}') != NULL);
    }
    if (s[0] != ':' || !pattern || !(r307_text_is(s[1], R307_IS_ALPHA) || s[1] == '_')) {
        return 0;
    }
    while (r307_text_is(s[n], R307_IS_NAME)) {
        n++;
    }
    return !(first && s[n] == ':') && r307_pattern_name(pattern, s + 1, n - 1) >= 0 ? n : 0;
}

const char *r307_change_inside(apr_pool_t *p, const char *s, size_t len,
                               const r307_pattern_t *pattern, const char *shown)
{
    const char *colon = memchr(s, ':', len), *at, *change = "", *inside;
    size_t name = colon ? (size_t)(colon - s) - 2 : 0, n = 0, i;

    if (!colon || strcspn(s + 2, ":}{%$ '\"") != name || looks_up(s + 2, name)) {
        return NULL;
    }
    for (at = colon; at < s + len && !n; at++) {
        n = ours_at(pattern, at, at == colon);
    }
    if (!n) {
        return NULL;
    }
    for (i = 0; i < CHANGE_COUNT; i++) {
        if (r307_text_same_fold(s + 2, name, changes[i].function,
                                strlen(changes[i].function))) {
            change = changes[i].name;
        }
    }
    inside = r307_text_show(p, at - 1, n);
    return apr_psprintf(p, "'%s' in '%s' is not filled in: httpd's functions do not see what "
                        "the source found; write %s%s%s%s", inside, shown, inside,
                        *change ? "|" : "", change, *change ? "" : ", with |lower or |upper "
                        "behind it where that is meant");
}

static int is_path_variable(const char *name, size_t len)
{
    static const char *const variables[] = { "REQUEST_URI", "DOCUMENT_URI", "PATH_INFO" };
    size_t i;

    for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        if (r307_text_same_fold(name, len, variables[i], strlen(variables[i]))) {
            return 1;
        }
    }
    return 0;
}

/* The length of "%{NAME}" at s, or 0. */
static size_t variable_at(const char *s, const char *end)
{
    const char *at = s + 2;

    if (end - s < 4 || s[0] != '%' || s[1] != '{') {
        return 0;
    }
    while (at < end && r307_text_is(*at, R307_IS_NAME)) {
        at++;
    }
    return at > s + 2 && at < end && *at == '}' ? (size_t)(at - s) + 1 : 0;
}

/* The function of httpd that changes letters at s, "%{tolower:...}": the row of `changes`, or
 * NULL; *arg its argument. */
static const char *function_at(const char *s, size_t *row, r307_slice_t *arg)
{
    size_t i, n;

    for (i = 0; i < CHANGE_COUNT; i++) {
        const char *end;
        int depth = 1;

        n = strlen(changes[i].function);
        if (s[0] != '%' || s[1] != '{' || strlen(s) < n + 4
            || !r307_text_same_fold(s + 2, n, changes[i].function, n) || s[2 + n] != ':') {
            continue;
        }
        for (end = s + 3 + n; *end && depth; end++) {
            depth += *end == '{';
            depth -= *end == '}';
        }
        *row = i;
        *arg = r307_slice(s + 3 + n, depth ? 0 : (size_t)(end - s) - 4 - n);
        return depth ? NULL : end;
    }
    return NULL;
}

/* Whether it is text and variables, with a path of httpd's among them. */
static int mixes_path(r307_slice_t arg)
{
    const char *s = arg.s, *end = arg.s + arg.len;
    int has_path = 0;

    while (s < end) {
        size_t n = variable_at(s, end);

        if (!n && (strchr("{}'\"\\", *s) || (unsigned char)*s < 0x20)) {
            return 0;
        }
        has_path |= n && is_path_variable(s + 2, n - 3);
        s += n ? n : 1;
    }
    return has_path && variable_at(arg.s, end) != arg.len;
}

/* The argument, piece by piece as the function would have changed it. */
static void spread(r307_buf_t *buf, apr_pool_t *p, size_t row, r307_slice_t arg)
{
    const char *s = arg.s, *end = arg.s + arg.len;

    while (s < end) {
        size_t n = variable_at(s, end), i;
        r307_slice_t text;

        if (n) {
            r307_buf_puts(buf, apr_psprintf(p, "%%{%s:%.*s}", changes[row].function, (int)n, s));
            s += n;
            continue;
        }
        for (n = 0; s + n < end && !variable_at(s + n, end); n++) {
            continue;
        }
        text = r307_change_apply(p, changes[row].change, R307_FORM_ENCODED, r307_slice(s, n));
        for (i = 0; i < text.len; i++) {
            if (text.s[i] == '|') {
                r307_buf_puts(buf, "%7C");  /* it would begin a change */
            }
            else {
                r307_buf_putc(buf, text.s[i]);
            }
        }
        s += n;
    }
}

const char *r307_change_spread(apr_pool_t *p, const char *text,
                               const r307_pattern_t *pattern)
{
    const char *s = text, *end;
    r307_slice_t arg;
    r307_buf_t buf;
    size_t row;

    r307_buf_make(&buf, p, strlen(text) + 32);
    while (*s) {
        end = function_at(s, &row, &arg);
        if (end && mixes_path(arg)
            && !r307_change_inside(p, s, (size_t)(end - s), pattern, text)) {
            spread(&buf, p, row, arg);
            s = end;
        }
        else {
            r307_buf_putc(&buf, *s++);
        }
    }
    return buf.s;
}

int r307_change_gives_path(const char *text, r307_change_t *change)
{
    size_t len = strlen(text), row;
    r307_slice_t arg;

    if (function_at(text, &row, &arg)) {
        *change = changes[row].change;
        return variable_at(arg.s, arg.s + arg.len) == arg.len
            && is_path_variable(arg.s + 2, arg.len - 3);
    }
    return len > 3 && is_path_variable(text + 2, len - 3);
}

r307_slice_t r307_change_apply(apr_pool_t *p, r307_change_t change, r307_form_t form,
                               r307_slice_t value)
{
    r307_buf_t buf;
    size_t i;

    if (change == R307_CHANGE_NONE || value.len == 0) {
        return value;
    }
    r307_buf_make(&buf, p, value.len + 1);
    for (i = 0; i < value.len; i++) {
        int byte = form == R307_FORM_ENCODED && value.s[i] == '%'
            ? r307_text_hex2(value.s + i + 1, value.len - i - 1) : -1;
        char c = byte < 0 ? value.s[i] : (char)byte;

        if (byte >= 0 && !r307_text_is(c, R307_IS_ALPHA)) {
            r307_buf_add(&buf, value.s + i, 3);
        }
        else if (byte < 0 && c == '%' && form == R307_FORM_ENCODED) {
            /* alone it would begin a code with the letters that codes behind it become */
            r307_buf_puts(&buf, "%25");
        }
        else {
            r307_buf_putc(&buf, change == R307_CHANGE_LOWER ? r307_text_lower(c)
                                                            : r307_text_upper(c));
        }
        i += byte >= 0 ? 2 : 0;
    }
    return r307_slice(buf.s, buf.len);
}
