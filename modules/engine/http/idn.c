/* SPDX-License-Identifier: Apache-2.0 */
#include "http/idn.h"

#include <string.h>
#include <apr_strings.h>

#ifdef R307_HAVE_IDN2
#include <idn2.h>

int r307_idn_is_known(void)
{
    return 1;
}

/* One label that holds a byte beyond ASCII; NULL when it is none of UTS #46. It may become
 * several, since there are four other characters that are read as a dot; but never a byte
 * that no host name has, as U+2100 would bring a '/'. */
static const char *label_of(apr_pool_t *p, const char *s, size_t len)
{
    char *ascii = NULL, *label = NULL;
    int rc = idn2_to_ascii_8z(apr_pstrmemdup(p, s, len), &ascii,
                              IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    size_t i;

    if (rc == IDN2_OK && ascii) {
        label = apr_pstrdup(p, ascii);
        for (i = 0; label[i] && r307_text_is(label[i], R307_IS_HOST); i++) {
            continue;
        }
        label = i == 0 || label[i] ? NULL : label;
    }
    idn2_free(ascii);
    return label;
}
#else
int r307_idn_is_known(void)
{
    return 0;
}

static const char *label_of(apr_pool_t *p, const char *s, size_t len)
{
    return NULL;
}
#endif

/* How far a run of label bytes goes; *international: one of them is beyond ASCII. */
static size_t label_len(const char *s, int *international)
{
    size_t n = 0;

    for (*international = 0; s[n]; n++) {
        if ((unsigned char)s[n] >= 0x80) {
            *international = 1;
        }
        else if (s[n] == '.' || !r307_text_is(s[n], R307_IS_HOST)) {
            break;
        }
    }
    return n;
}

static int ends_label(const char *s)
{
    return !*s || strchr("., /", *s) || (*s == ':' && s[1] >= '0' && s[1] <= '9');
}

/* Length of "%{...}" at s. */
static size_t braces_len(const char *s)
{
    int depth = 0;
    size_t n = 1;

    do {
        depth += s[n] == '{';
        depth -= s[n] == '}';
        n += s[n] != '\0';
    } while (s[n] && depth);
    return n;
}

static void add_host(r307_buf_t *buf, const char *s)
{
    int begins = 1, international;

    while (*s) {
        size_t n = label_len(s, &international);
        const char *label = NULL;

        if (n && begins && international && ends_label(s + n)) {
            label = label_of(buf->p, s, n);
        }
        if (label) {
            r307_buf_puts(buf, label);
        }
        else {
            n = n ? n : s[0] == '%' && s[1] == '{' ? braces_len(s) : 1;
            r307_buf_add(buf, s, n);
        }
        begins = n == 1 && strchr("., /", *s);
        s += n;
    }
}

static int is_ascii(const char *s, size_t len)
{
    size_t i;

    for (i = 0; i < len; i++) {
        if ((unsigned char)s[i] >= 0x80) {
            return 0;
        }
    }
    return 1;
}

const char *r307_idn_host(apr_pool_t *p, const char *text)
{
    r307_buf_t buf;

    if (is_ascii(text, strlen(text))) {
        return text;
    }
    r307_buf_make(&buf, p, 2 * strlen(text) + 16);
    add_host(&buf, text);
    return buf.s;
}

const char *r307_idn_reference(apr_pool_t *p, const char *text)
{
    size_t from = 0, to;
    const char *host;

    while (r307_text_is(text[from], R307_IS_SCHEME)) {
        from++;
    }
    from += text[from] == ':';
    if (strncmp(text + from, "//", 2) != 0) {
        return text;
    }
    from += 2;
    for (to = from; text[to] && !strchr("/?#\\", text[to]);) {
        to += text[to] == '%' && text[to + 1] == '{' ? braces_len(text + to) : 1;
    }
    if (is_ascii(text + from, to - from)) {
        return text;
    }
    host = r307_idn_host(p, apr_pstrmemdup(p, text + from, to - from));
    return apr_pstrcat(p, apr_pstrmemdup(p, text, from), host, text + to, NULL);
}
