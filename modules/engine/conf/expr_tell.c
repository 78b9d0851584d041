/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "conf/expr_tell.h"

#include <string.h>
#include <strings.h>
#include <pcre2.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include "conf/expr_check.h"
#include "base/text.h"

typedef struct telling_t {
    apr_pool_t *p;
    const char *at;
    r307_tell_value_t value;
    void *baton;
    int is_lost;            /* something was met that is not read here */
} telling_t;

static r307_told_t lost(telling_t *x)
{
    x->is_lost = 1;
    return R307_TOLD_NOT;
}

static void skip(telling_t *x)
{
    x->at += strspn(x->at, " \t\n");
}

static int takes(telling_t *x, const char *text)
{
    size_t n = strlen(text);
    int is_there = strncmp(x->at, text, n) == 0;

    x->at += is_there ? n : 0;
    return is_there;
}

static int takes_keyword(telling_t *x, const char *word)
{
    const char *from = x->at;

    /* what lies behind a word is looked at only where the word is there */
    if (takes(x, word) && !(apr_isalnum(*x->at) || *x->at == '_')) {
        return 1;
    }
    x->at = from;
    return 0;
}

static r307_told_t opposite(r307_told_t told)
{
    return told == R307_TOLD_NOT ? told : told == R307_TOLD_NO ? R307_TOLD_YES : R307_TOLD_NO;
}

static const char *name_at(telling_t *x)
{
    const char *from = x->at;

    while (apr_isalnum(*x->at) || *x->at == '_') {
        x->at++;
    }
    return apr_pstrmemdup(x->p, from, (size_t)(x->at - from));
}

/* The functions that give a header. */
static int is_of_header(const char *name)
{
    return strcasecmp(name, "http") == 0 || strcasecmp(name, "req") == 0
           || strcasecmp(name, "req_novary") == 0;
}

/* %{NAME} or %{http:Name}; NULL: not known. */
static const char *variable(telling_t *x)
{
    const char *name, *argument;
    size_t n;

    x->at += 2;
    name = name_at(x);
    if (takes(x, "}")) {
        return x->value(x->baton, name, 0);
    }
    n = strcspn(x->at, "}%\\$'\"");
    if (*x->at != ':' || n < 2 || x->at[n] != '}') {
        (void)lost(x);
        return NULL;
    }
    argument = apr_pstrmemdup(x->p, x->at + 1, n - 1);
    x->at += n + 1;
    return is_of_header(name) ? x->value(x->baton, argument, 1) : NULL;
}

/* What stands in quotes, with variables in it. */
static const char *quoted(telling_t *x)
{
    char quote = *x->at++;
    const char *value;
    int is_known = 1;
    r307_buf_t buf;

    r307_buf_make(&buf, x->p, 64);
    while (*x->at && *x->at != quote) {
        if (*x->at == '\\' || *x->at == '$') {
            (void)lost(x);
            return NULL;
        }
        if (x->at[0] == '%' && x->at[1] == '{') {
            value = variable(x);
            if (x->is_lost) {
                return NULL;
            }
            is_known &= value != NULL;
            r307_buf_puts(&buf, value ? value : "");
            continue;
        }
        r307_buf_putc(&buf, *x->at++);
    }
    x->at += *x->at != '\0';
    return is_known ? buf.s : NULL;
}

static const char *word(telling_t *x);

/* name(word) */
static const char *call(telling_t *x)
{
    const char *name = name_at(x), *argument;

    skip(x);
    if (!takes(x, "(")) {
        (void)lost(x);
        return NULL;
    }
    argument = word(x);
    skip(x);
    if (!takes(x, ")")) {
        (void)lost(x);
    }
    return !x->is_lost && argument && is_of_header(name) ? x->value(x->baton, argument, 1)
                                                          : NULL;
}

static const char *word(telling_t *x)
{
    const char *text = NULL;

    skip(x);
    if (*x->at == '\'' || *x->at == '"') {
        text = quoted(x);
    }
    else if (x->at[0] == '%' && x->at[1] == '{') {
        text = variable(x);
    }
    else if (apr_isdigit(*x->at)) {
        text = name_at(x);
    }
    else if (apr_isalpha(*x->at)) {
        text = call(x);
    }
    else {
        (void)lost(x);
    }
    skip(x);
    if (*x->at == '.') {        /* another word is joined to it */
        (void)lost(x);
    }
    return text;
}

/* As httpd compiles them, with /i alone. */
static r307_told_t matches(telling_t *x, const char *text)
{
    PCRE2_SIZE offset;
    pcre2_match_data *data;
    pcre2_code *regex;
    const char *from, *end;
    int error, found;
    char separator;

    skip(x);
    x->at += *x->at == 'm';
    separator = *x->at;
    from = x->at + 1;
    end = separator ? strchr(from, separator) : NULL;
    if (!end) {
        return lost(x);
    }
    x->at = end + 1;
    from = apr_pstrmemdup(x->p, from, (size_t)(end - from));
    regex = pcre2_compile((PCRE2_SPTR)from, PCRE2_ZERO_TERMINATED,
                          PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY
                          | (takes(x, "i") ? PCRE2_CASELESS : 0), &error, &offset, NULL);
    if (!regex || apr_isalnum(*x->at)) {
        pcre2_code_free(regex);
        return lost(x);
    }
    data = pcre2_match_data_create(1, NULL);
    found = text ? pcre2_match(regex, (PCRE2_SPTR)text, strlen(text), 0, 0, data, NULL) : 0;
    pcre2_match_data_free(data);
    pcre2_code_free(regex);
    return !text || (found < 0 && found != PCRE2_ERROR_NOMATCH) ? R307_TOLD_NOT
        : found >= 0 ? R307_TOLD_YES : R307_TOLD_NO;
}

static r307_told_t comparison(telling_t *x)
{
    const char *a = word(x), *b;
    int is_same;

    skip(x);
    if (takes(x, "=~")) {
        return matches(x, a);
    }
    if (takes(x, "!~")) {
        return opposite(matches(x, a));
    }
    is_same = takes(x, "==") || takes(x, "=");
    if (!is_same && !takes(x, "!=")) {
        return lost(x);
    }
    b = word(x);
    return !a || !b ? R307_TOLD_NOT
        : (strcmp(a, b) == 0) == is_same ? R307_TOLD_YES : R307_TOLD_NO;
}

/* -n and -z; of the others the word is passed over. */
static r307_told_t unary(telling_t *x)
{
    char sign = x->at[1];
    const char *text;

    x->at += 2;
    text = word(x);
    if (!text || (sign != 'n' && sign != 'z')) {
        return R307_TOLD_NOT;
    }
    return (*text != '\0') == (sign == 'n') ? R307_TOLD_YES : R307_TOLD_NO;
}

static r307_told_t any(telling_t *x);

static r307_told_t one(telling_t *x)
{
    r307_told_t told;

    skip(x);
    if (x->is_lost) {
        return R307_TOLD_NOT;
    }
    if (takes_keyword(x, "not") || takes(x, "!")) {
        return opposite(one(x));
    }
    if (takes_keyword(x, "true")) {
        return R307_TOLD_YES;
    }
    if (takes_keyword(x, "false")) {
        return R307_TOLD_NO;
    }
    if (takes(x, "(")) {
        told = any(x);
        return takes(x, ")") ? told : lost(x);
    }
    return x->at[0] == '-' && apr_isalpha(x->at[1]) ? unary(x) : comparison(x);
}

/* `decides` is the value of one side that is that of both. */
static r307_told_t joined(r307_told_t a, r307_told_t b, r307_told_t decides)
{
    return a == decides || b == decides ? decides
        : a == R307_TOLD_NOT || b == R307_TOLD_NOT ? R307_TOLD_NOT : opposite(decides);
}

static r307_told_t all(telling_t *x)
{
    r307_told_t told = one(x);

    for (skip(x); takes(x, "&&") || takes_keyword(x, "and"); skip(x)) {
        told = joined(told, one(x), R307_TOLD_NO);
    }
    return told;
}

/* && binds tighter. */
static r307_told_t any(telling_t *x)
{
    r307_told_t told = all(x);

    for (skip(x); takes(x, "||") || takes_keyword(x, "or"); skip(x)) {
        told = joined(told, all(x), R307_TOLD_YES);
    }
    return told;
}

r307_told_t r307_expr_tell(apr_pool_t *p, const char *text, r307_tell_value_t value,
                           void *baton)
{
    telling_t x = { p, text, value, baton, 0 };
    const char *why;
    r307_told_t told;

    if (!value || r307_expr_check(p, text, 0, 0, &why) == R307_EXPR_BAD) {
        return R307_TOLD_NOT;
    }
    told = any(&x);
    skip(&x);
    return x.is_lost || *x.at ? R307_TOLD_NOT : told;
}
