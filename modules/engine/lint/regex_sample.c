/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/regex_sample.h"

#include <string.h>
#include <apr_strings.h>

#define DEPTH_MOST 20

typedef struct sampler_t {
    const char *s;
    unsigned variant;
    r307_buf_t buf;
} sampler_t;

static void put(sampler_t *m, char c)
{
    r307_buf_add(&m->buf, &c, 1);
}

static void escape(sampler_t *m)
{
    char c = *m->s ? *m->s++ : '\\';

    if (strchr("bBAzZGKQE", c)) {
        return;
    }
    put(m, strchr("wWDSNRX", c) ? 'x' : c == 'd' ? '1' : c == 's' ? ' ' : c);
}

/* Behind '['. */
static void class(sampler_t *m)
{
    int negated = *m->s == '^';
    const char *close;

    m->s += negated;
    if (negated || *m->s == '[') {
        put(m, 'x');
    }
    else if (*m->s == '\\') {
        m->s++;
        escape(m);
    }
    else if (*m->s) {
        put(m, *m->s);
    }
    close = *m->s ? strchr(m->s + 1, ']') : NULL;
    m->s = close ? close + 1 : m->s + strlen(m->s);
}

static void alternatives(sampler_t *m, int depth);

/* Behind '('. What looks around takes nothing. */
static void group(sampler_t *m, int depth)
{
    size_t len = m->buf.len;
    int takes = 1;

    if (*m->s == '?') {
        const char *name = m->s + 1 + (m->s[1] == 'P');

        takes = !strchr("=!", m->s[1]) && !(m->s[1] == '<' && strchr("=!", m->s[2]));
        if (takes && (*name == '<' || *name == '\'')) {
            m->s = name + 1 + strcspn(name + 1, ">'");
            m->s += *m->s != '\0';
        }
        else {
            m->s += 1 + strcspn(m->s + 1, ":)=!|>");
            m->s += *m->s && *m->s != ')';
        }
    }
    alternatives(m, depth + 1);
    m->s += *m->s == ')';
    m->buf.len = takes ? m->buf.len : len;
}

static void atom(sampler_t *m, int depth)
{
    char c = *m->s++;

    switch (c) {
    case '^':
    case '$':
        break;
    case '.':
        put(m, 'x');
        break;
    case '\\':
        escape(m);
        break;
    case '[':
        class(m);
        break;
    case '(':
        group(m, depth);
        break;
    default:
        put(m, c);
    }
}

static void repeated(sampler_t *m, size_t from)
{
    int optional = *m->s == '?' || *m->s == '*' || strncmp(m->s, "{0", 2) == 0;

    if (*m->s == '{') {
        m->s += strcspn(m->s, "}");
        m->s += *m->s != '\0';
    }
    else if (*m->s && strchr("?*+", *m->s)) {
        m->s++;
    }
    else {
        return;
    }
    if (*m->s == '?' || *m->s == '+') {
        m->s++;
    }
    if (optional && m->variant % 2 == 0) {
        m->buf.len = from;
    }
}

/* As far as ')' or the end. The last alternative that the variant reaches is taken. */
static void alternatives(sampler_t *m, int depth)
{
    size_t from = m->buf.len, kept = 0;
    unsigned k = 0;

    if (depth > DEPTH_MOST) {
        m->s += strlen(m->s);
        return;
    }
    while (*m->s && *m->s != ')') {
        size_t at = m->buf.len;

        if (*m->s != '|') {
            atom(m, depth);
            repeated(m, at);
        }
        else {
            m->s++;
            kept = k == m->variant / 2 ? m->buf.len : kept;
            m->buf.len = k++ < m->variant / 2 ? from : m->buf.len;
        }
    }
    /* what was read behind the one that is taken */
    m->buf.len = k > m->variant / 2 ? kept : m->buf.len;
}

const char *r307_sample_make(apr_pool_t *p, const char *regex, unsigned variant)
{
    sampler_t m = { regex, variant, { NULL, NULL, 0, 0 } };
    const char *path;

    r307_buf_make(&m.buf, p, strlen(regex) + 1);
    while (*m.s) {
        alternatives(&m, 0);
        m.s += *m.s != '\0';        /* a ')' of nobody */
    }
    path = apr_pstrmemdup(p, m.buf.s, m.buf.len);
    return *path == '/' ? path : apr_pstrcat(p, "/", path, NULL);
}
