/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/cond.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "http/idn.h"

static r307_slice_t text_slice(const char *s)
{
    return r307_slice(s, strlen(s));
}

/* RFC 9110 5.6.2. */
static int is_token(r307_slice_t text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        if (!r307_text_is(text.s[i], R307_IS_NAME)
            && !strchr("!#$%&'*+-.^`|~", text.s[i])) {
            return 0;
        }
    }
    return text.len > 0;
}

const char *r307_cond_parse_list(apr_pool_t *p, const char *value, r307_cond_t *cond)
{
    apr_array_header_t *list = apr_array_make(p, 4, sizeof(r307_slice_t));
    const char *s = value;

    for (;;) {
        size_t n = strcspn(s, ","), from = 0, to = n;

        while (from < to && s[from] == ' ') {
            from++;
        }
        while (to > from && s[to - 1] == ' ') {
            to--;
        }
        if (from == to) {
            return "has an empty member in its list";
        }
        APR_ARRAY_PUSH(list, r307_slice_t) = r307_slice(s + from, to - from);
        if (!s[n]) {
            break;
        }
        s += n + 1;
    }
    cond->names = (const r307_slice_t *)(const void *)list->elts;
    cond->count = list->nelts;
    return NULL;
}

/* "name" or "name<sign>value" as the one pair. */
static const char *parse_pair(apr_pool_t *p, const char *value, char sign,
                              r307_cond_t *cond)
{
    r307_slice_t *pair = apr_palloc(p, 2 * sizeof(*pair));
    const char *at = strchr(value, sign);
    size_t n = at ? (size_t)(at - value) : strlen(value);

    if (n == 0) {
        return "has no name";
    }
    pair[0] = r307_slice(value, n);
    pair[1] = at ? text_slice(at + 1) : r307_slice(NULL, 0);
    cond->names = pair;
    cond->values = pair + 1;
    cond->count = 1;
    return NULL;
}

/* A host name in which '*' and '?' may stand. */
static const char *check_host_glob(r307_slice_t name)
{
    size_t i;

    if (memchr(name.s, '/', name.len)) {
        return "is an address and not a host; write the name alone, as host=www.example.com";
    }
    if (name.s[0] != '[' && memchr(name.s, ':', name.len)) {
        return "has a port; write the name alone, as host=www.example.com";
    }
    for (i = 0; i < name.len; i++) {
        if (!r307_text_is(name.s[i], R307_IS_HOST) && !strchr("*?[]:", name.s[i])) {
            return r307_url_check_host(r307_slice(name.s + i, 1));
        }
    }
    return NULL;
}

const char *r307_cond_parse_host(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    const char *bad;
    r307_slice_t *names;
    int i;

    cond->value = r307_idn_host(p, value);
    bad = r307_cond_parse_list(p, cond->value, cond);
    if (bad) {
        return bad;
    }
    names = apr_pmemdup(p, cond->names, (size_t)cond->count * sizeof(*names));
    cond->names = names;
    for (i = 0; i < cond->count && !bad; i++) {
        bad = check_host_glob(names[i]);
        names[i].len -= names[i].len > 1 && names[i].s[names[i].len - 1] == '.';
    }
    return bad;
}

static inline int is_one_of(const r307_cond_t *cond, r307_slice_t host)
{
    int i;

    for (i = 0; i < cond->count; i++) {
        /* most are written in the letters they are asked in */
        if ((cond->names[i].len == host.len && memcmp(cond->names[i].s, host.s, host.len) == 0)
            || r307_text_glob(cond->names[i], host, 1)) {
            return 1;
        }
    }
    return 0;
}

/* vary stays: a cache keys on the host anyway. */
int r307_cond_test_host(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary)
{
    return is_one_of(cond, r307_cond_host(text_slice(view->asked.host)));
}

int r307_cond_spares(const r307_cond_t *conds, int count, r307_slice_t host)
{
    int i;

    for (i = 0; i < count; i++) {
        if (conds[i].kind->about == R307_ABOUT_HOST
            && is_one_of(&conds[i], host) == conds[i].negate) {
            return 1;
        }
    }
    return 0;
}

const char *r307_cond_parse_method(apr_pool_t *p, const char *value,
                                   const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    const char *bad = r307_cond_parse_list(p, value, cond), *s;
    int i;

    for (i = 0; i < cond->count && !bad; i++) {
        if (!is_token(cond->names[i])) {
            bad = "names no method; write method=GET,HEAD";
        }
    }
    for (s = value; *s && !bad; s++) {
        if (*s >= 'a' && *s <= 'z') {
            char *upper = apr_pstrdup(p, value), *c;

            for (c = upper; *c; c++) {
                *c = *c >= 'a' && *c <= 'z' ? (char)(*c - ('a' - 'A')) : *c;
            }
            return apr_psprintf(p, "names no method: they are upper-case; write method=%s",
                                r307_text_show(p, upper, strlen(upper)));
        }
    }
    return bad;
}

int r307_cond_test_method(const r307_cond_t *cond, const r307_view_t *view,
                          const r307_query_t *query, r307_vary_t *vary)
{
    r307_slice_t method = text_slice(view->method);
    int i;

    for (i = 0; i < cond->count; i++) {
        if (r307_slice_same(cond->names[i], method)) {
            return 1;
        }
    }
    return 0;
}

const char *r307_cond_parse_args(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    const r307_query_t *query = r307_query_make(p, text_slice(value));
    r307_slice_t *pairs = apr_palloc(p, 2 * query->count * sizeof(*pairs) + 1);
    size_t i;

    for (i = 0; i < query->count; i++) {
        pairs[i] = query->params[i].name;
        pairs[query->count + i] = query->params[i].value;
        if (pairs[i].len == 0) {
            return "has a parameter without a name";
        }
    }
    cond->names = pairs;
    cond->values = pairs + query->count;
    cond->count = (int)query->count;
    return query->count ? NULL : "names no parameter";
}

/* Whether the parameter is there; marks it used if it is to be. */
static int has_param(const r307_query_t *query, r307_slice_t name, r307_slice_t value,
                     int use)
{
    size_t i;
    int found = 0;

    for (i = 0; i < query->count; i++) {
        r307_param_t *param = &query->params[i];

        if (r307_slice_same(param->name, name)
            && (!value.s || r307_slice_same(param->value, value)
                || (value.len == 0 && !param->value.s))) {
            param->used |= use;
            found = 1;
        }
    }
    return found;
}

/* Used up is what a rule matched; what it must not have is not. */
int r307_cond_test_args(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary)
{
    int i;

    for (i = 0; i < cond->count; i++) {
        if (!has_param(query, cond->names[i], cond->values[i], !cond->negate)) {
            return 0;
        }
    }
    return 1;
}

#define GLOB_MOST 255       /* its work is its length times that of the header */

const char *r307_cond_parse_header(apr_pool_t *p, const char *value,
                                   const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    const char *bad = parse_pair(p, value, ':', cond);

    if (!bad && !is_token(cond->names[0])) {
        bad = "names no header; write header=Name or header=Name:value";
    }
    if (!bad && cond->values[0].s && cond->values[0].len > GLOB_MOST) {
        return "is longer than the " APR_STRINGIFY(GLOB_MOST) " bytes that are compared";
    }
    if (!bad && cond->values[0].s) {
        /* "Name: value" is how people know headers */
        r307_slice_t *values = apr_palloc(p, sizeof(*values));

        *values = text_slice(cond->values[0].s + strspn(cond->values[0].s, " "));
        cond->values = values;
    }
    if (!bad) {
        r307_slice_t *names = apr_palloc(p, sizeof(*names));

        *names = text_slice(r307_slice_text(p, cond->names[0]));
        cond->names = names;
    }
    return bad;
}

int r307_cond_test_header(const r307_cond_t *cond, const r307_view_t *view,
                          const r307_query_t *query, r307_vary_t *vary)
{
    const char *value = view->ops->header(view->baton, cond->names[0].s);

    r307_vary_add(vary, cond->names[0].s);
    return value && (!cond->values[0].s
                     || r307_text_glob(cond->values[0], text_slice(value), 1));
}

const char *r307_cond_parse_env(apr_pool_t *p, const char *value,
                                const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    const char *bad = parse_pair(p, value, '=', cond);

    if (!bad) {
        r307_slice_t *names = apr_palloc(p, sizeof(*names));

        *names = text_slice(r307_slice_text(p, cond->names[0]));
        cond->names = names;
    }
    return bad;
}

int r307_cond_test_env(const r307_cond_t *cond, const r307_view_t *view,
                       const r307_query_t *query, r307_vary_t *vary)
{
    const char *value = view->ops->env(view->baton, cond->names[0].s);

    vary->is_hidden = 1;        /* what made it may be anything */
    return value && (!cond->values[0].s
                     || r307_slice_same(cond->values[0], text_slice(value)));
}

/* The first of the names that the expression asks for, or NULL. */
static const char *find_name(const r307_expr_t *expr, const char *const *names)
{
    const char *s = expr->text;
    int i;

    for (; s && (s = strstr(s, "%{")) != NULL; s += 2) {
        for (i = 0; names[i]; i++) {
            if (strncasecmp(s, names[i], strlen(names[i])) == 0) {
                return names[i];
            }
        }
    }
    return NULL;
}

int r307_cond_waits(const r307_expr_t *expr)
{
    static const char *const names[] = { "%{REMOTE_USER}", "%{AUTH_TYPE}", NULL };

    return find_name(expr, names) != NULL;
}

const char *r307_cond_names_file(const r307_expr_t *expr)
{
    static const char *const names[] = {
        "%{REQUEST_FILENAME}", "%{SCRIPT_FILENAME}", "%{SCRIPT_USER}", "%{SCRIPT_GROUP}",
        "%{PATH_INFO}", NULL
    };

    return find_name(expr, names);
}

const char *r307_cond_parse_expr(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    const char *bad;

    if (!maker || !maker->compile) {
        return "cannot be asked in a map; write the rule beside the line that names the map";
    }
    cond->expr.text = value;
    cond->waits = r307_cond_waits(&cond->expr);
    bad = maker->compile(maker->baton, p, value, 0, &cond->expr.compiled);
    return bad ? apr_pstrcat(p, "is not an expression: ", bad, NULL) : NULL;
}

int r307_cond_test_expr(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary)
{
    vary->is_hidden = 1;        /* httpd tells of headers alone */
    if (cond->waits && view->login_ahead) {
        return R307_COND_LATER;
    }
    return view->ops->test(view->baton, &cond->expr, vary);
}

const char *r307_cond_parse_scheme(apr_pool_t *p, const char *value,
                                   const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    return NULL;
}

int r307_cond_test_scheme(const r307_cond_t *cond, const r307_view_t *view,
                          const r307_query_t *query, r307_vary_t *vary)
{
    return strcmp(r307_view_scheme(view), cond->value) == 0;
}

const char *r307_cond_parse(apr_pool_t *p, const r307_option_t *kind,
                            const char *value, const r307_expr_maker_t *maker,
                            r307_cond_t *cond)
{
    memset(cond, 0, sizeof(*cond));
    cond->kind = kind;
    if (*value == '!' && kind->may_negate) {
        cond->negate = 1;
        value++;
    }
    cond->value = apr_pstrdup(p, value);
    return *value ? kind->parse(p, cond->value, maker, cond) : "has no value; leave it out";
}

int r307_cond_test(const r307_cond_t *cond, const r307_view_t *view,
                   const r307_query_t *query, r307_vary_t *vary)
{
    int held = cond->kind->test(cond, view, query, vary);

    if (held == R307_COND_LATER) {
        return held;
    }
    return held >= 0 && (cond->negate ? !held : held);
}

const r307_link_t *r307_cond_link(const r307_cond_t *conds, int count)
{
    int i;

    for (i = 0; i < count; i++) {
        if (conds[i].kind->order == R307_ORDER_OPTIN) {
            return &((const r307_optin_t *)conds[i].own)->link;
        }
    }
    return NULL;
}

int r307_cond_names_options(const r307_cond_t *cond)
{
    int i;

    if (cond->kind->about != R307_ABOUT_METHOD || cond->negate) {
        return 0;
    }
    for (i = 0; i < cond->count; i++) {
        if (r307_slice_same(cond->names[i], r307_slice("OPTIONS", 7))) {
            return 1;
        }
    }
    return 0;
}
