/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/token.h"

#include <string.h>
#include <apr_strings.h>

static int is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

/* A letter, then letters, digits, '-' or '_', then '='. */
size_t r307_token_name(const char *s)
{
    size_t n = 0;

    if (!r307_text_is(s[0], R307_IS_ALPHA)) {
        return 0;
    }
    while (r307_text_is(s[n], R307_IS_NAME) || s[n] == '-') {
        n++;
    }
    return s[n] == '=' ? n : 0;
}

/* U+201C to U+201F, U+2018 to U+201B, guillemets, and their full-width sister: what word
 * processors make of quotes. Length of the one at s, or 0. */
static size_t typographic_quote(const char *s)
{
    static const char *const quotes[] = {
        "\xE2\x80\x9C", "\xE2\x80\x9D", "\xE2\x80\x9E", "\xE2\x80\x9F",
        "\xE2\x80\x98", "\xE2\x80\x99", "\xE2\x80\x9A", "\xE2\x80\x9B",
        "\xC2\xAB", "\xC2\xBB", "\xEF\xBC\x82"
    };
    size_t i;

    for (i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
        if (strncmp(s, quotes[i], strlen(quotes[i])) == 0) {
            return strlen(quotes[i]);
        }
    }
    return 0;
}

/* Reads what stands behind an opening quote into buf; returns what follows the closing
 * one, or NULL when there is none. */
static const char *read_quoted(const char *s, char quote, r307_buf_t *buf)
{
    while (*s && *s != quote) {
        if (*s == '\\' && (s[1] == '\\' || s[1] == quote)) {
            s++;
        }
        r307_buf_putc(buf, *s++);
    }
    return *s ? s + 1 : NULL;
}

/* The line up to its n-th byte ends inside a quote: names the text behind the one that
 * opens it. */
static const char *unclosed(apr_pool_t *p, const char *quote_at)
{
    const char *s = quote_at + 1;

    return apr_psprintf(p, "the quote before '%s' is never closed",
                        r307_text_show(p, s, strcspn(s, " \t")));
}

static const char *check_bare(apr_pool_t *p, const char *s, size_t len, char next)
{
    const char *shown = r307_text_show(p, s, len);

    if (typographic_quote(s)) {
        return apr_psprintf(p, "'%s' has typographic quotes; type plain ones or none",
                            shown);
    }
    if (len > 0 && s[len - 1] == '\\' && next) {
        const char *rest = s + len;
        const char *start, *join;

        while (is_space(*rest)) {
            rest++;
        }
        start = apr_pstrmemdup(p, s, len - 1);
        join = apr_pstrmemdup(p, rest, strcspn(rest, " \t"));
        if (strpbrk(s, "^$(*") && strpbrk(s, "^$(*") < s + len + strcspn(s + len, " \t")) {
            /* a pattern is compared with the decoded path */
            return apr_psprintf(p, "'%s' a backslash does not join words; write \"%s %s\"",
                                shown, r307_text_show(p, start, len - 1),
                                r307_text_show(p, join, strlen(join)));
        }
        return apr_psprintf(p, "'%s' a backslash does not join words; write \"%s %s\" or "
                            "%s%%20%s", shown, r307_text_show(p, start, len - 1),
                            r307_text_show(p, join, strlen(join)),
                            r307_text_show(p, start, len - 1),
                            r307_text_show(p, join, strlen(join)));
    }
    return NULL;
}

/* Reads a quoted word. A tab may stand in it; what ends a line, or looks like it, may not:
 * what is printed of a rule is one line. */
static const char *quoted_word(apr_pool_t *p, const char **at, r307_buf_t *buf)
{
    const char *s = read_quoted(*at + 1, **at, buf);

    if (!s) {
        return unclosed(p, *at);
    }
    if (*s && !is_space(*s)) {
        return apr_psprintf(p, "'%s' follows a closing quote; put a space between the two, "
                            "or quote the whole word",
                            r307_text_show(p, s, strcspn(s, " \t")));
    }
    if (strpbrk(buf->s, "\r\n\f\v")) {
        return apr_psprintf(p, "'%s' holds a control byte; leave it out",
                            r307_text_show(p, buf->s, buf->len));
    }
    *at = s;
    return NULL;
}

static const char *next_word(apr_pool_t *p, const char **at, r307_word_t *word)
{
    const char *s = *at, *bad;
    size_t name = r307_token_name(s), n;
    r307_buf_t buf;

    memset(word, 0, sizeof(*word));
    r307_buf_make(&buf, p, 32);
    if (name) {
        r307_buf_add(&buf, s, name + 1);
        s += name + 1;
    }
    if (*s == '"' || *s == '\'') {
        bad = quoted_word(p, &s, &buf);
        if (bad) {
            return bad;
        }
        word->quoted = 1;
    }
    else {
        for (n = 0; s[n] && !is_space(s[n]); n++) {
            continue;
        }
        bad = check_bare(p, s, n, s[n]);
        if (bad) {
            return bad;
        }
        r307_buf_add(&buf, s, n);
        s += n;
    }
    word->text = buf.s;
    word->name_len = name ? name : r307_token_name(buf.s);
    *at = s;
    return NULL;
}

/* A tab and the end of a line separate words; no other control byte means anything. */
static const char *check_control(apr_pool_t *p, const char *line)
{
    const char *s;

    for (s = line; *s; s++) {
        if (((unsigned char)*s < 0x20 && !is_space(*s)) || *s == 0x7F) {
            return apr_psprintf(p, "'%s' holds a control byte; leave it out, or write it as "
                                "%%%02X", r307_text_show(p, line, strlen(line)),
                                (unsigned char)*s);
        }
    }
    return NULL;
}

/* A word that begins with '#' ends the line, or is refused. */
static const char *add(apr_pool_t *p, const char *line, int has_remark,
                       apr_array_header_t *list)
{
    size_t len = strlen(line);
    const char *bad;

    if (len > R307_LINE_MOST) {
        return apr_psprintf(p, "a line of %" APR_SIZE_T_FMT " bytes; the longest that is "
                            "read has %d", len, R307_LINE_MOST);
    }
    while (is_space(*line)) {
        line++;
    }
    bad = check_control(p, line);
    if (bad) {
        return bad;
    }
    while (*line && *line != '#') {
        r307_word_t word;

        bad = next_word(p, &line, &word);
        if (bad) {
            return bad;
        }
        if (list->nelts == R307_WORDS_MOST) {
            return apr_psprintf(p, "more than %d words", R307_WORDS_MOST);
        }
        APR_ARRAY_PUSH(list, r307_word_t) = word;
        while (is_space(*line)) {
            line++;
        }
        if (*line == '#' && !has_remark) {
            return apr_psprintf(p, "'%s' a comment needs its own line; or write \"note=%s\"",
                                r307_text_show(p, line, strlen(line)),
                                r307_text_show(p, line + 1 + strspn(line + 1, "# \t"),
                                               strlen(line + 1
                                                      + strspn(line + 1, "# \t"))));
        }
    }
    return NULL;
}

const char *r307_token_add(apr_pool_t *p, const char *line, apr_array_header_t *list)
{
    return add(p, line, 0, list);
}

const char *r307_token_split(apr_pool_t *p, const char *line, apr_array_header_t **words)
{
    *words = apr_array_make(p, 8, sizeof(r307_word_t));
    return add(p, line, 0, *words);
}

const char *r307_token_split_remark(apr_pool_t *p, const char *line,
                                    apr_array_header_t **words)
{
    *words = apr_array_make(p, 8, sizeof(r307_word_t));
    return add(p, line, 1, *words);
}

const char *r307_token_quote(apr_pool_t *p, const char *text)
{
    size_t name = r307_token_name(text);
    const char *s = text + (name ? name + 1 : 0);
    r307_buf_t buf;

    if (*s && !strpbrk(s, " \t\r\n\f\v\"'") && *s != '#' && !typographic_quote(s)
        && s[strlen(s) - 1] != '\\') {
        return text;
    }
    r307_buf_make(&buf, p, strlen(text) + 8);
    r307_buf_add(&buf, text, (size_t)(s - text));
    r307_buf_putc(&buf, '"');
    for (; *s; s++) {
        if (*s == '"' || *s == '\\') {
            r307_buf_putc(&buf, '\\');
        }
        r307_buf_putc(&buf, *s);
    }
    r307_buf_putc(&buf, '"');
    return buf.s;
}

const char *r307_token_join(apr_pool_t *p, const apr_array_header_t *words)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 64);
    for (i = 0; i < words->nelts; i++) {
        if (i) {
            r307_buf_putc(&buf, ' ');
        }
        r307_buf_puts(&buf, r307_token_quote(p, APR_ARRAY_IDX(words, i, r307_word_t).text));
    }
    return buf.s;
}

r307_word_t r307_word_make(const char *text)
{
    r307_word_t word = { text, r307_token_name(text), 0 };

    return word;
}

const char *r307_token_check(apr_pool_t *p, const apr_array_header_t *words)
{
    apr_array_header_t *again;
    int i, is_odd = words->nelts > R307_WORDS_MOST;
    size_t len = 0;

    for (i = 0; i < words->nelts; i++) {
        const char *text = APR_ARRAY_IDX(words, i, r307_word_t).text, *s;

        for (s = text; *s; s++) {
            is_odd |= (unsigned char)*s < 0x20 || *s == 0x7F;
        }
        len += (size_t)(s - text) + 1;
    }
    /* quotes lengthen it */
    return is_odd || len > R307_LINE_MOST / 4
        ? r307_token_split(p, r307_token_join(p, words), &again) : NULL;
}

int r307_word_is(const r307_word_t *word, const char *name)
{
    return word->name_len == strlen(name)
        && memcmp(word->text, name, word->name_len) == 0;
}

const char *r307_word_value(const r307_word_t *word)
{
    return word->text + word->name_len + 1;
}
