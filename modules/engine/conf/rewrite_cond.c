/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/rewrite_cond.h"

#include <string.h>
#include <strings.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "grammar/options.h"

/* A pattern without "^", "$" and backslashes, as a glob; NULL: it is more than a text. */
static const char *as_glob(apr_pool_t *p, const char *s)
{
    int is_begun = *s == '^' || *s == '=', is_ended = *s == '=';
    r307_buf_t buf;

    r307_buf_make(&buf, p, 64);
    r307_buf_puts(&buf, is_begun ? "" : "*");
    for (s += is_begun; *s; s++) {
        if (strcmp(s, "$") == 0) {
            is_ended = 1;
            break;
        }
        s += *s == '\\' && s[1];
        if (strchr("^$[]()|?*+{},!\"", *s)) {
            return NULL;
        }
        r307_buf_putc(&buf, *s);
    }
    r307_buf_puts(&buf, is_ended ? "" : "*");
    return buf.len ? buf.s : NULL;
}

/* "^192\.0\.2\." is a network of so many bytes. */
static const char *as_network(apr_pool_t *p, const char *s)
{
    const char *glob = as_glob(p, s), *c;
    int dots = 0;
    size_t len;

    if (!glob || *s != '^') {
        return NULL;
    }
    len = strlen(glob);
    if (glob[len - 1] != '*') {
        return glob;
    }
    for (c = glob; *c; c++) {
        dots += *c == '.';
    }
    if (len < 3 || glob[len - 2] != '.' || dots > 3) {
        return NULL;
    }
    return apr_psprintf(p, "%.*s%s/%d", (int)len - 1, glob,
                        dots == 1 ? "0.0.0" : dots == 2 ? "0.0" : "0", dots * 8);
}

static const char *host_option(apr_pool_t *p, const char *s)
{
    const char *rest = strncmp(s, "^(www\\.)?", 9) == 0
        ? as_glob(p, apr_pstrcat(p, "^", s + 9, NULL)) : NULL;

    return rest ? apr_pstrcat(p, rest, ",www.", rest, NULL) : as_glob(p, s);
}

/* name=value alone. */
static const char *pair(apr_pool_t *p, const char *s)
{
    const char *glob = as_glob(p, s);

    if (!glob) {
        return NULL;
    }
    glob += *glob == '*';
    return apr_pstrmemdup(p, glob, strlen(glob) - (glob[strlen(glob) - 1] == '*'));
}

static const char *header_option(apr_pool_t *p, const char *name, const char *s)
{
    const char *glob = as_glob(p, s);

    return glob ? apr_pstrcat(p, name, ":", glob, NULL) : NULL;
}

/* The option for "%{name} pattern"; NULL: it cannot be told. */
static const char *option_of(apr_pool_t *p, const char *name, const char *pattern)
{
    const char *no = *pattern == '!' ? "!" : "", *s = pattern + (*no != '\0'), *value = NULL;
    const char *option = NULL;

    if (strcmp(name, "HTTP_HOST") == 0 || strcmp(name, "SERVER_NAME") == 0) {
        option = "host=";
        value = host_option(p, s);
    }
    else if (strcmp(name, "REMOTE_ADDR") == 0) {
        option = "ip=";
        value = as_network(p, s);
    }
    else if (strcmp(name, "HTTP_COOKIE") == 0) {
        option = "cookie=";
        value = pair(p, s);
    }
    else if (strcmp(name, "QUERY_STRING") == 0) {
        option = "args=";
        value = pair(p, s);
    }
    else if (strcmp(name, "REQUEST_METHOD") == 0) {
        option = "method=";
        value = pair(p, s);
    }
    else if (strcmp(name, "REQUEST_FILENAME") == 0 && s[0] == '-'
             && strchr("fdsl", s[1])) {
        return *no ? "file=missing" : "file=present";
    }
    else if (strncmp(name, "HTTP:", 5) == 0) {
        option = "header=";
        value = header_option(p, name + 5, s);
    }
    else if (strcmp(name, "HTTP_USER_AGENT") == 0 || strcmp(name, "HTTP_REFERER") == 0) {
        option = "header=";
        value = header_option(p, name[5] == 'U' ? "User-Agent" : "Referer", s);
    }
    if (!value || !*value) {
        return NULL;
    }
    option = apr_pstrcat(p, option, no, value, NULL);
    return strchr(option, ' ') ? apr_pstrcat(p, "\"", option, "\"", NULL) : option;
}

/* Whether the flags at the end of the line say that one of this and the next is enough. */
static int has_or(apr_pool_t *p, const char *args)
{
    const char *flags = strrchr(args, '[');
    char *flag, *state = NULL;

    if (!flags || flags == args || !apr_isspace(flags[-1])) {
        return 0;
    }
    for (flag = apr_strtok(apr_pstrdup(p, flags + 1), ", ]", &state); flag;
         flag = apr_strtok(NULL, ", ]", &state)) {
        if (strcasecmp(flag, "OR") == 0 || strcasecmp(flag, "ornext") == 0) {
            return 1;
        }
    }
    return 0;
}

/* The option beside those before it, of which all have to hold: a name that is there already
 * gets one list, if its list means what the two conditions do. */
static void put_option(apr_pool_t *p, r307_rewrite_t *rewrite, const char *option, int is_or)
{
    const char *last = rewrite->options ? strrchr(rewrite->options, ' ') : NULL;
    size_t n = strcspn(option, "=") + 1;
    const r307_option_t *row = r307_option_find(option, n - 1);
    int is_no = option[n] == '!';

    if (!rewrite->options) {
        rewrite->options = option;
        return;
    }
    last = last ? last + 1 : rewrite->options;
    if (!is_or && strcmp(last, option) == 0) {
        return;             /* "!-f" and "!-d" */
    }
    if (strncmp(last, option, n) == 0 && row->is_list && (last[n] == '!') == is_no
        && is_no != is_or) {
        rewrite->options = apr_pstrcat(p, rewrite->options, ",", option + n + is_no, NULL);
    }
    else if (is_or || (strstr(rewrite->options, apr_pstrmemdup(p, option, n))
                       && row->written != R307_WRITTEN_OFTEN)) {
        rewrite->is_known = 0;
    }
    else {
        rewrite->options = apr_pstrcat(p, rewrite->options, " ", option, NULL);
    }
}

static void add(apr_pool_t *p, r307_rewrite_t *rewrite, const char *args)
{
    size_t test = strcspn(args, " \t"), n;
    const char *pattern = args + test + strspn(args + test, " \t"), *option = NULL;
    const char *name = NULL;
    int is_or = rewrite->is_or;

    rewrite->is_or = has_or(p, args);

    args += *args == '"';
    if (strncmp(args, "%{", 2) == 0) {
        n = strcspn(args, "}");
        name = apr_pstrmemdup(p, args + 2, n > 2 ? n - 2 : 0);
    }
    pattern = apr_pstrmemdup(p, pattern + (*pattern == '"'),
                             strcspn(pattern + (*pattern == '"'), " \t\""));
    if (name && strcmp(name, "HTTPS") == 0) {
        if (strstr(pattern, "off") || *pattern == '!') {
            rewrite->is_https = 1;
            /* "not https, or another name" is two rules */
            rewrite->is_known &= !is_or && !rewrite->is_or;
            return;
        }
    }
    else if (name) {
        option = option_of(p, name, pattern);
    }
    if (!option) {
        rewrite->is_known = 0;
        return;
    }
    put_option(p, rewrite, option, is_or);
}

const char *r307_rewrite_meet(apr_pool_t *p, r307_rewrite_t *rewrite,
                              const char *directive, const char *args, unsigned line)
{
    r307_rewrite_t waits = *rewrite;
    const char *what;

    if (strcasecmp(directive, "RewriteCond") == 0) {
        if (!rewrite->line) {
            rewrite->line = line;
            rewrite->is_known = 1;
        }
        add(p, rewrite, args);
        return NULL;
    }
    if (strcasecmp(directive, "RewriteRule") == 0) {
        memset(rewrite, 0, sizeof(*rewrite));
        return NULL;
    }
    if (!waits.line || (strcasecmp(directive, "Redirect307") != 0
                        && strcasecmp(directive, "Redirect307Match") != 0)) {
        return NULL;
    }
    memset(rewrite, 0, sizeof(*rewrite));
    what = apr_psprintf(p, "the RewriteCond in line %u is for the next RewriteRule, and this "
                        "rule does not ask it", waits.line);
    if (waits.options && waits.is_known) {
        what = apr_psprintf(p, "%s; write %s beside it", what, waits.options);
    }
    else if (!waits.is_https || waits.options || !waits.is_known) {
        what = apr_pstrcat(p, what, "; conditions are options here: host=, ip=, cookie=, "
                           "args=, method=, header=, file=missing, expr=", NULL);
    }
    return waits.is_https ? apr_pstrcat(p, what, "; write https: as the target, which asks for "
                                        "what is not https yet by itself", NULL) : what;
}
