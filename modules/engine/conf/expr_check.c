/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/expr_check.h"

#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include "base/ip.h"
#include "base/text.h"

#define DEPTH_MOST 50           /* of brackets; httpd's own stack is not tried */

/* --- names --- */

static const char *const tenant_variables[] = {
    "HTTP_USER_AGENT", "HTTP_PROXY_CONNECTION", "HTTP_REFERER", "HTTP_COOKIE",
    "HTTP_FORWARDED", "HTTP_HOST", "HTTP_ACCEPT",
    "REQUEST_METHOD", "REQUEST_SCHEME", "REQUEST_URI", "REQUEST_FILENAME", "REMOTE_HOST",
    "REMOTE_USER", "REMOTE_ADDR", "REMOTE_PORT", "SERVER_NAME", "SERVER_PORT",
    "SERVER_PROTOCOL", "SCRIPT_FILENAME", "PATH_INFO", "QUERY_STRING", "DOCUMENT_ROOT",
    "AUTH_TYPE", "THE_REQUEST", "CONTENT_TYPE", "DOCUMENT_URI", "CONTEXT_PREFIX",
    "CONTEXT_DOCUMENT_ROOT", "HTTPS", "IPV6", "CONN_REMOTE_ADDR", "HTTP2",
    "TIME_YEAR", "TIME_MON", "TIME_DAY", "TIME_HOUR", "TIME_MIN", "TIME_SEC",
    "TIME_WDAY", "TIME", NULL
};
static const char *const tenant_functions[] = {
    "req", "http", "req_novary", "tolower", "toupper", "escape", "unescape", "base64",
    "unbase64", "sha1", "md5", NULL
};
static const char *const tenant_unary[] = { "n", "z", "R", "T", NULL };
static const char *const tenant_binary[] = { "ipmatch", NULL };
static const char *const none[] = { NULL };

static const char *const *const tenant_names[] = {
    [R307_EXPR_NAME_VARIABLE] = tenant_variables,
    [R307_EXPR_NAME_FUNCTION] = tenant_functions,
    [R307_EXPR_NAME_LIST] = none,
    [R307_EXPR_NAME_UNARY] = tenant_unary,
    [R307_EXPR_NAME_BINARY] = tenant_binary
};

/* What every httpd 2.4 has beyond those; for others a module may be needed. */
static const char *const core_variables[] = {
    "SERVER_ADMIN", "SERVER_SOFTWARE", "REMOTE_IDENT", "LAST_MODIFIED", "REQUEST_STATUS",
    "REQUEST_LOG_ID", "SCRIPT_USER", "SCRIPT_GROUP", "HANDLER", "CONN_LOG_ID", "CONN_REMOTE_ADDR",
    NULL
};
/* Known only when the answer is made: empty, or the same for all, whenever rules are asked. */
static const char *const late_variables[] = {
    "HANDLER", "LAST_MODIFIED", "REQUEST_STATUS", NULL
};
static const char *const core_functions[] = {
    "resp", "reqenv", "osenv", "note", "env", "arg", NULL
};
static const char *const core_unary[] = {
    "d", "e", "f", "s", "L", "h", "x", "F", "U", "A", NULL
};
static const char *const core_binary[] = { "strmatch", "strcmatch", "fnmatch", NULL };

static const char *const *const core_names[] = {
    [R307_EXPR_NAME_VARIABLE] = core_variables,
    [R307_EXPR_NAME_FUNCTION] = core_functions,
    [R307_EXPR_NAME_LIST] = none,
    [R307_EXPR_NAME_UNARY] = core_unary,
    [R307_EXPR_NAME_BINARY] = core_binary
};

static int is_in(const char *const *names, r307_expr_name_t kind, const char *name)
{
    for (; *names; names++) {
        /* -n and -N are two operators, functions and variables have no case */
        if (kind == R307_EXPR_NAME_UNARY ? strcmp(*names, name) == 0
                                         : strcasecmp(*names, name) == 0) {
            return 1;
        }
    }
    return 0;
}

int r307_expr_for_tenants(r307_expr_name_t kind, const char *name)
{
    return is_in(tenant_names[kind], kind, name);
}

/* --- reading --- */

typedef struct reading_t {
    apr_pool_t *p;
    const char *at;
    int is_tenant;
    int depth;
    r307_expr_verdict_t verdict;
    const char *why;
} reading_t;

/* The first fault counts; what only the server knows is no fault. 0, to be returned. */
static int bad(reading_t *x, const char *why)
{
    if (x->verdict != R307_EXPR_BAD) {
        x->verdict = R307_EXPR_BAD;
        x->why = why;
    }
    return 0;
}

static void untold(reading_t *x, const char *why)
{
    if (x->verdict == R307_EXPR_FINE) {
        x->verdict = R307_EXPR_UNTOLD;
        x->why = why;
    }
}

static int syntax(reading_t *x)
{
    return bad(x, *x->at ? apr_psprintf(x->p, "syntax error at '%s'", r307_text_show(x->p, x->at,
                                                                     strlen(x->at)))
                         : "syntax error, it ends too early");
}

static const char *shown(reading_t *x, r307_expr_name_t kind, const char *name)
{
    return kind == R307_EXPR_NAME_VARIABLE ? apr_psprintf(x->p, "%%{%s}", name)
        : kind == R307_EXPR_NAME_UNARY || kind == R307_EXPR_NAME_BINARY
        ? apr_psprintf(x->p, "-%s", name) : apr_psprintf(x->p, "%%{%s:...}", name);
}

static int check_name(reading_t *x, r307_expr_name_t kind, const char *name)
{
    if (kind == R307_EXPR_NAME_FUNCTION && strcasecmp(name, "arg") == 0) {
        return 1;               /* ours */
    }
    if (x->is_tenant && !r307_expr_for_tenants(kind, name)) {
        return bad(x, apr_psprintf(x->p, "%s is not available in .htaccess",
                                   shown(x, kind, name)));
    }
    if (kind == R307_EXPR_NAME_VARIABLE && is_in(late_variables, kind, name)) {
        return bad(x, apr_psprintf(x->p, "%s is not known yet when rules are asked; leave it "
                                   "out", shown(x, kind, name)));
    }
    if (strcasecmp(name, "HTTP2") == 0
        || (!is_in(tenant_names[kind], kind, name) && !is_in(core_names[kind], kind, name))) {
        untold(x, apr_psprintf(x->p, "only the server knows whether there is %s",
                               shown(x, kind, name)));
    }
    return 1;
}

static void skip(reading_t *x)
{
    x->at += strspn(x->at, " \t\n");
}

static int takes(reading_t *x, const char *text)
{
    size_t n = strlen(text);

    if (strncmp(x->at, text, n) != 0) {
        return 0;
    }
    x->at += n;
    return 1;
}

/* A name; "" where there is none. */
static const char *take_name(reading_t *x)
{
    const char *from = x->at;

    if (apr_isalpha(*x->at)) {
        while (apr_isalnum(*x->at) || *x->at == '_') {
            x->at++;
        }
    }
    return apr_pstrmemdup(x->p, from, (size_t)(x->at - from));
}

/* A backslash and what belongs to it, in quotes or an argument. */
static int take_escape(reading_t *x)
{
    size_t octal = strspn(x->at + 1, "01234567"), digits = strspn(x->at + 1, "0123456789");

    octal = octal > 3 ? 3 : octal;
    if (digits > octal || (octal == 3 && x->at[1] > '3')) {
        return bad(x, "a number behind a backslash is no byte");
    }
    if (!x->at[1]) {
        return syntax(x);
    }
    x->at += 1 + (octal ? octal : 1);
    return 1;
}

static int take_variable(reading_t *x);

/* Text up to `end`, with what is inserted in it. *empty: there is nothing. */
static int take_text(reading_t *x, char end, int *empty)
{
    const char *from = x->at;

    while (*x->at && *x->at != end) {
        if (*x->at == '\n') {
            return bad(x, "a text has a line's end in it");
        }
        if (*x->at == '\\') {
            if (!take_escape(x)) {
                return 0;
            }
        }
        else if (x->at[0] == '%' && x->at[1] == '{') {
            if (!take_variable(x)) {
                return 0;
            }
        }
        else {
            /* the scanner of httpd 2.4 has no rule for it, and ends the whole process */
            if (end == '}' && (*x->at == '"' || *x->at == '\'')) {
                return bad(x, "a quote in %{...} is nothing that httpd can read; leave it "
                              "out");
            }
            x->at++;
        }
    }
    *empty = x->at == from;
    return *x->at == end || (!end && !*x->at) ? 1 : syntax(x);
}

/* %{NAME}, %{name:argument} */
static int take_variable(reading_t *x)
{
    const char *name;
    int empty, is_fine = 0;

    if (x->at[2] == ':') {
        return bad(x, "%{: is nothing that httpd 2.4 knows");
    }
    if (++x->depth > DEPTH_MOST) {
        return bad(x, "it is nested too deep");
    }
    x->at += 2;
    name = take_name(x);
    if (!*name) {
        return syntax(x);
    }
    if (takes(x, "}")) {
        is_fine = check_name(x, R307_EXPR_NAME_VARIABLE, name);
    }
    else if (takes(x, ":")) {
        is_fine = take_text(x, '}', &empty) && (!empty || syntax(x))
                  && check_name(x, R307_EXPR_NAME_FUNCTION, name);
        x->at += is_fine;
    }
    else {
        return syntax(x);
    }
    x->depth--;
    return is_fine;
}

/* --- words --- */

static int take_word(reading_t *x, const char **constant);

/* name(word) */
static int take_call(reading_t *x, r307_expr_name_t kind)
{
    const char *name = take_name(x), *ignored;

    skip(x);
    if (!*name || !takes(x, "(")) {
        return syntax(x);
    }
    if (++x->depth > DEPTH_MOST) {
        return bad(x, "it is nested too deep");
    }
    if (!take_word(x, &ignored)) {
        return 0;
    }
    skip(x);
    x->depth--;
    return takes(x, ")") ? check_name(x, kind, name) : syntax(x);
}

/* *constant: the text of one that is in quotes and holds nothing else. */
static int take_one_word(reading_t *x, const char **constant)
{
    const char *from;
    int empty;
    char quote;

    *constant = NULL;
    skip(x);
    quote = *x->at;
    if (quote == '"' || quote == '\'') {
        from = ++x->at;
        if (!take_text(x, quote, &empty)) {
            return 0;
        }
        if (!memchr(from, '\\', (size_t)(x->at - from))
            && !memchr(from, '%', (size_t)(x->at - from))
            && !memchr(from, '$', (size_t)(x->at - from))) {
            *constant = apr_pstrmemdup(x->p, from, (size_t)(x->at - from));
        }
        x->at++;
        return 1;
    }
    if (apr_isdigit(*x->at) || (*x->at == '-' && apr_isdigit(x->at[1]))) {
        x->at += 1 + strspn(x->at + 1, "0123456789");
        return 1;
    }
    if (x->at[0] == '%' && x->at[1] == '{') {
        return take_variable(x);
    }
    if (x->at[0] == '$' && apr_isdigit(x->at[1])) {
        x->at += 2;
        return 1;
    }
    if (apr_isalpha(*x->at)) {
        return take_call(x, R307_EXPR_NAME_FUNCTION);
    }
    return syntax(x);
}

static int take_word(reading_t *x, const char **constant)
{
    const char *ignored;

    if (!take_one_word(x, constant)) {
        return 0;
    }
    for (skip(x); *x->at == '.'; skip(x)) {
        x->at++;
        *constant = NULL;
        if (!take_one_word(x, &ignored)) {
            return 0;
        }
    }
    return 1;
}

/* /pattern/flags, m#pattern#flags */
static int take_regex(reading_t *x)
{
    const char *from, *end;
    pcre2_code *regex;
    PCRE2_SIZE offset;
    char separator;
    int error;

    skip(x);
    x->at += *x->at == 'm';
    separator = *x->at;
    if (!separator || (x->at[-1] == 'm' ? !strchr("/#$%^|?!'\",;:._-", separator)
                                        : separator != '/')) {
        return syntax(x);
    }
    from = ++x->at;
    end = strchr(from, separator);
    if (!end) {
        return bad(x, "a regex has no end");
    }
    x->at = end + 1;
    x->at += *x->at == 'i';
    if (apr_isalnum(*x->at)) {
        return bad(x, "syntax error: a letter behind a regex that is no flag; leave it out, "
                      "or write i");
    }
    from = apr_pstrmemdup(x->p, from, (size_t)(end - from));
    regex = pcre2_compile((PCRE2_SPTR)from, PCRE2_ZERO_TERMINATED, 0, &error, &offset, NULL);
    pcre2_code_free(regex);
    if (!regex) {
        return bad(x, apr_psprintf(x->p, "'%s' is no regex",
                                   r307_text_show(x->p, from, strlen(from))));
    }
    return 1;
}

/* --- conditions --- */

/* -ipmatch and -R want a network that stands there as it is. */
static int check_network(reading_t *x, const char *constant)
{
    r307_ip_t ip;

    if (!constant) {
        untold(x, "an address that is no constant is read in other ways by other versions");
    }
    else if (!r307_ip_parse(r307_slice(constant, strlen(constant)), &ip)) {
        const char *why = r307_net_parse_list(x->p, constant,
                                              apr_array_make(x->p, 1, sizeof(r307_net_t)));

        if (why) {
            untold(x, apr_psprintf(x->p, "'%s' %s", r307_text_show(x->p, constant,
                                                     strlen(constant)), why));
        }
    }
    return 1;
}

static int take_list(reading_t *x)
{
    const char *ignored;

    skip(x);
    if (!takes(x, "{")) {
        return take_call(x, R307_EXPR_NAME_LIST);
    }
    do {
        if (!take_word(x, &ignored)) {
            return 0;
        }
        skip(x);
    } while (takes(x, ","));
    return takes(x, "}") ? 1 : syntax(x);
}

/* Whether the letters that stand there are that word and no longer one. */
static int takes_keyword(reading_t *x, const char *word)
{
    size_t n = strlen(word);

    if (strncmp(x->at, word, n) != 0 || apr_isalnum(x->at[n]) || x->at[n] == '_') {
        return 0;
    }
    x->at += n;
    return 1;
}

static int take_operator(reading_t *x)
{
    static const char *const words[] = {
        "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "eq", "ne", "lt", "le", "gt", "ge", NULL
    };
    static const char *const signs[] = { "==", "=", "!=", "<=", "<", ">=", ">", NULL };
    int i;

    for (i = 0; words[i]; i++) {
        if (takes_keyword(x, words[i])) {
            return 1;
        }
    }
    for (i = 0; signs[i]; i++) {
        if (takes(x, signs[i])) {
            return 1;
        }
    }
    return 0;
}

static int take_comparison(reading_t *x)
{
    const char *constant;

    if (!take_word(x, &constant)) {
        return 0;
    }
    skip(x);
    if (takes(x, "=~") || takes(x, "!~")) {
        return take_regex(x);
    }
    if (takes_keyword(x, "-in") || takes_keyword(x, "in")) {
        return take_list(x);
    }
    if (take_operator(x)) {
        return take_word(x, &constant);
    }
    if (x->at[0] == '-' && (apr_isalpha(x->at[1]) || x->at[1] == '_')
        && (apr_isalnum(x->at[2]) || x->at[2] == '_')) {
        const char *name;

        x->at++;
        name = take_name(x);
        return take_word(x, &constant) && check_name(x, R307_EXPR_NAME_BINARY, name)
               && (strcasecmp(name, "ipmatch") != 0 || check_network(x, constant));
    }
    return syntax(x);
}

static int take_condition(reading_t *x);

static int take_unary(reading_t *x)
{
    char name[2] = { x->at[1], '\0' };
    const char *constant;

    x->at += 2;
    return take_word(x, &constant) && check_name(x, R307_EXPR_NAME_UNARY, name)
           && (name[0] != 'R' || check_network(x, constant));
}

static int take_one(reading_t *x)
{
    int is_fine;

    if (++x->depth > DEPTH_MOST) {
        return bad(x, "it is nested too deep");
    }
    skip(x);
    if (takes_keyword(x, "not") || (x->at[0] == '!' && takes(x, "!"))) {
        is_fine = take_one(x);
    }
    else if (takes_keyword(x, "true") || takes_keyword(x, "false")) {
        is_fine = 1;
    }
    else if (*x->at == '(') {
        x->at++;
        is_fine = take_condition(x) && (takes(x, ")") || syntax(x));
    }
    else if (x->at[0] == '-' && apr_isalpha(x->at[1]) && !apr_isalnum(x->at[2])
             && x->at[2] != '_') {
        is_fine = take_unary(x);
    }
    else {
        is_fine = take_comparison(x);
    }
    x->depth--;
    return is_fine;
}

static int take_condition(reading_t *x)
{
    do {
        if (!take_one(x)) {
            return 0;
        }
        skip(x);
    } while (takes(x, "&&") || takes(x, "||") || takes_keyword(x, "and")
             || takes_keyword(x, "or"));
    return 1;
}

r307_expr_verdict_t r307_expr_check(apr_pool_t *p, const char *text, int is_string,
                                    int is_tenant, const char **why)
{
    reading_t x = { p, text, is_tenant, 0, R307_EXPR_FINE, NULL };
    int empty;

    if (is_string) {
        if (take_text(&x, '\0', &empty) && empty) {
            syntax(&x);
        }
    }
    else if (take_condition(&x) && *x.at) {
        syntax(&x);
    }
    *why = x.why;
    return x.verdict;
}
