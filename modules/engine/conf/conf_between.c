/* SPDX-License-Identifier: Apache-2.0 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "conf/conf_between.h"

#include <string.h>
#include <pcre2.h>
#include <apr_lib.h>
#include <apr_strings.h>

typedef enum {
    WHERE_ANY,                  /* about every path */
    WHERE_PATH,                 /* the first word that begins with '/', and below */
    WHERE_REGEX,                /* the first word that is no status */
    WHERE_USER,                 /* "/~name" */
    WHERE_ACME
} where_t;

typedef struct row_t {
    const char *name;           /* '*' at the end: all that begin so */
    r307_between_t kind;
    where_t where;
    const char *word;           /* only if one of its words is that */
} row_t;

static const row_t rows[] = {
    { "CacheEnable", R307_BETWEEN_FIRST, WHERE_PATH, NULL },
    { "LuaQuickHandler", R307_BETWEEN_FIRST, WHERE_ANY, NULL },
    { "LuaHookTranslateName", R307_BETWEEN_FIRST, WHERE_ANY, NULL },
    { "LuaHookPreTranslateName", R307_BETWEEN_FIRST, WHERE_ANY, NULL },
    { "PerlTransHandler", R307_BETWEEN_FIRST, WHERE_ANY, NULL },
    { "PerlPostReadRequestHandler", R307_BETWEEN_FIRST, WHERE_ANY, NULL },
    { "PerlInitHandler", R307_BETWEEN_FIRST, WHERE_ANY, NULL },
    { "Sec*", R307_BETWEEN_FIRST, WHERE_ANY, NULL },
    { "QS_*", R307_BETWEEN_FIRST, WHERE_ANY, NULL },
    { "DOS*", R307_BETWEEN_FIRST, WHERE_ANY, NULL },
    { "RequestHeader", R307_BETWEEN_FIRST, WHERE_ANY, "early" },
    { "StrictHostCheck", R307_BETWEEN_FIRST, WHERE_ANY, "on" },
    { "HttpProtocolOptions", R307_BETWEEN_FIRST, WHERE_ANY, "registeredmethods" },
    { "RegexDefaultOptions", R307_BETWEEN_FIRST, WHERE_ANY, NULL },
    { "ServerPath", R307_BETWEEN_FIRST, WHERE_PATH, NULL },
    { "MDomain", R307_BETWEEN_FIRST, WHERE_ACME, NULL },
    { "RewriteRule", R307_BETWEEN_MAPS, WHERE_REGEX, NULL },
    { "ProxyPass", R307_BETWEEN_MAPS, WHERE_PATH, NULL },
    { "ProxyPassMatch", R307_BETWEEN_MAPS, WHERE_REGEX, NULL },
    { "Redirect", R307_BETWEEN_MAPS, WHERE_PATH, NULL },
    { "RedirectMatch", R307_BETWEEN_MAPS, WHERE_REGEX, NULL },
    { "RedirectPermanent", R307_BETWEEN_MAPS, WHERE_PATH, NULL },
    { "RedirectTemp", R307_BETWEEN_MAPS, WHERE_PATH, NULL },
    { "AliasMatch", R307_BETWEEN_MAPS, WHERE_REGEX, NULL },
    { "ScriptAliasMatch", R307_BETWEEN_MAPS, WHERE_REGEX, NULL },
    { "UserDir", R307_BETWEEN_MAPS, WHERE_USER, NULL },
    { "VirtualDocumentRoot", R307_BETWEEN_MAPS, WHERE_ANY, NULL },
    { "VirtualDocumentRootIP", R307_BETWEEN_MAPS, WHERE_ANY, NULL },
    { "VirtualScriptAlias", R307_BETWEEN_MAPS, WHERE_ANY, NULL },
    { "VirtualScriptAliasIP", R307_BETWEEN_MAPS, WHERE_ANY, NULL },
    { "ProxyExpressEnable", R307_BETWEEN_MAPS, WHERE_ANY, "on" },
    { "JkMount", R307_BETWEEN_MAPS, WHERE_ANY, NULL },
    { "JkMountFile", R307_BETWEEN_MAPS, WHERE_ANY, NULL },
    { "WSGIScriptAlias", R307_BETWEEN_MAPS, WHERE_PATH, NULL },
    { "WSGIScriptAliasMatch", R307_BETWEEN_MAPS, WHERE_REGEX, NULL },
    { "PassengerBaseURI", R307_BETWEEN_MAPS, WHERE_PATH, NULL },
    { "AllowMethods", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "SSLRequireSSL", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "SSLRequire", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "SSLVerifyClient", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "LuaHookMapToStorage", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "LuaHookAccessChecker", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "LuaHookAuthChecker", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "LuaHookCheckUserID", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "PerlMapToStorageHandler", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "PerlHeaderParserHandler", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "PerlAccessHandler", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "PerlAuthenHandler", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "PerlAuthzHandler", R307_BETWEEN_REFUSES, WHERE_ANY, NULL },
    { "Header", R307_BETWEEN_SENDS, WHERE_ANY, "location" },
    { NULL, R307_BETWEEN_NOTHING, WHERE_ANY, NULL }
};

static int is(const char *a, const char *b)
{
    return r307_text_same_fold(a, strlen(a), b, strlen(b));
}

static int has_word(apr_pool_t *p, const r307_node_t *node, const char *wanted)
{
    apr_array_header_t *words = r307_conf_words(p, node->args);
    int i;

    for (i = 0; i < words->nelts; i++) {
        if (is(APR_ARRAY_IDX(words, i, const char *), wanted)) {
            return 1;
        }
    }
    return 0;
}

static int is_named(const row_t *row, const r307_node_t *node)
{
    size_t n = strlen(row->name);

    return row->name[n - 1] == '*'
        ? strlen(node->name) >= n - 1
          && r307_text_same_fold(node->name, n - 1, row->name, n - 1)
        : r307_node_is(node, row->name);
}

static const row_t *find(apr_pool_t *p, const r307_node_t *node)
{
    const row_t *row = rows;

    while (row->name && (!is_named(row, node)
                         || (row->word && !has_word(p, node, row->word)))) {
        row++;
    }
    return row;
}

int r307_between_is_in(const r307_node_t *node, const char *section)
{
    while (node && !r307_node_is(node, section)) {
        node = node->parent;
    }
    return node != NULL;
}

static int is_in_location(const r307_node_t *node)
{
    return r307_between_is_in(node, "Location") || r307_between_is_in(node, "LocationMatch");
}

r307_between_t r307_between_find(apr_pool_t *p, const r307_node_t *node)
{
    /* with one word it is about the <Location> around it */
    if (r307_node_is(node, "Alias") || r307_node_is(node, "ScriptAlias")) {
        return is_in_location(node) ? R307_BETWEEN_MAPS : R307_BETWEEN_NOTHING;
    }
    return find(p, node)->kind;
}

/* --- whether it may be about a path --- */

static int is_status(const char *word)
{
    static const char *const names[] = { "permanent", "temp", "seeother", "gone", NULL };
    int i;

    for (i = 0; names[i] && !is(word, names[i]); i++) {
        continue;
    }
    return names[i] != NULL || strspn(word, "0123456789") == strlen(word);
}

/* Whole segments, as mod_alias and mod_proxy compare; 1 where it cannot be told. */
static int is_below(const char *path, const char *prefix)
{
    size_t n = strlen(prefix);

    if (strstr(prefix, "//") || strpbrk(prefix, "*?")) {
        return 1;
    }
    return strncmp(path, prefix, n) == 0
        && (!n || prefix[n - 1] == '/' || path[n] == '/' || !path[n]);
}

static int matches(const char *regex, const char *path, int fold)
{
    PCRE2_SIZE at;
    int error, found;
    pcre2_match_data *data;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, strlen(regex),
                                     PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY
                                     | (fold ? PCRE2_CASELESS : 0), &error, &at, NULL);

    if (!code) {
        return 1;
    }
    data = pcre2_match_data_create(1, NULL);
    found = pcre2_match(code, (PCRE2_SPTR)path, strlen(path), 0, 0, data, NULL);
    pcre2_match_data_free(data);
    pcre2_code_free(code);
    return found != PCRE2_ERROR_NOMATCH;
}

/* Whether one of the names, each with a comma behind it, is among the flags of a RewriteRule:
 * "[NC,R=301]". */
static int has_flag(apr_pool_t *p, const apr_array_header_t *words, const char *names)
{
    const char *flags = words->nelts > 2 ? APR_ARRAY_IDX(words, 2, const char *) : "";
    char *text = apr_pstrdup(p, flags), *last, *flag;

    for (flag = apr_strtok(text, "[], ", &last); flag;
         flag = apr_strtok(NULL, "[], ", &last)) {
        const char *name = names;

        flag[strcspn(flag, "=")] = '\0';
        while (*name) {
            size_t n = strcspn(name, ",");

            if (r307_text_same_fold(flag, strlen(flag), name, n)) {
                return 1;
            }
            name += n + 1;
        }
    }
    return 0;
}

/* "RewriteRule ^ - [E=a:b]" leaves the request where it is. */
static int stays(apr_pool_t *p, const apr_array_header_t *words)
{
    return words->nelts > 1 && strcmp(APR_ARRAY_IDX(words, 1, const char *), "-") == 0
        && !has_flag(p, words, "F,forbidden,G,gone,R,redirect,P,proxy,");
}

static int may_regex(apr_pool_t *p, const r307_node_t *node, const char *path)
{
    apr_array_header_t *words = r307_conf_words(p, node->args);
    const char *regex = words->nelts ? APR_ARRAY_IDX(words, 0, const char *) : "";
    int is_rewrite = r307_node_is(node, "RewriteRule"), is_not;

    if (is_rewrite && stays(p, words)) {
        return 0;
    }
    if (words->nelts > 1 && !is_rewrite && is_status(regex)) {
        regex = APR_ARRAY_IDX(words, 1, const char *);
    }
    is_not = is_rewrite && *regex == '!';
    return matches(regex + is_not, path, is_rewrite && has_flag(p, words, "NC,nocase,"))
           != is_not;
}

static int may_path(apr_pool_t *p, const r307_node_t *node, const char *path)
{
    apr_array_header_t *words = r307_conf_words(p, node->args);
    int i;

    for (i = 0; i < words->nelts && !is_in_location(node); i++) {
        const char *word = APR_ARRAY_IDX(words, i, const char *);

        if (*word == '/') {
            return is_below(path, word);
        }
    }
    return 1;
}

int r307_between_may(apr_pool_t *p, const r307_node_t *node, const char *path)
{
    switch (find(p, node)->where) {
    case WHERE_PATH:
        return may_path(p, node, path);
    case WHERE_REGEX:
        return may_regex(p, node, path);
    case WHERE_USER:
        return path[1] == '~' && !is(node->args, "disabled");
    case WHERE_ACME:
        return is_below(path, "/.well-known/acme-challenge");
    default:
        return 1;
    }
}
