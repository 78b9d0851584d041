/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/optin_link.h"

#include <string.h>
#include <apr_sha1.h>
#include <apr_strings.h>

#define KEY_LEAST 8

static r307_slice_t text_slice(const char *s)
{
    return r307_slice(s, strlen(s));
}

/* The same bytes, in a time that depends on their number alone. */
static int same_key(r307_slice_t a, r307_slice_t b)
{
    volatile unsigned char differ = 0;
    size_t i;

    if (a.len != b.len) {
        return 0;
    }
    for (i = 0; i < a.len; i++) {
        differ |= (unsigned char)(a.s[i] ^ b.s[i]);
    }
    return differ == 0;
}

static const char *make_token(apr_pool_t *p, const r307_link_t *link)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[APR_SHA1_DIGESTSIZE];
    char *token = apr_palloc(p, 2 * APR_SHA1_DIGESTSIZE + 1);
    apr_sha1_ctx_t sha1;
    int i;

    apr_sha1_init(&sha1);
    apr_sha1_update(&sha1, link->name, (unsigned)strlen(link->name) + 1);
    apr_sha1_update(&sha1, link->key.s, (unsigned)link->key.len);
    apr_sha1_final(hash, &sha1);
    for (i = 0; i < APR_SHA1_DIGESTSIZE; i++) {
        token[2 * i] = digits[hash[i] >> 4];
        token[2 * i + 1] = digits[hash[i] & 15];
    }
    token[2 * APR_SHA1_DIGESTSIZE] = '\0';
    return token;
}

const char *r307_link_parse(apr_pool_t *p, const char *value, r307_link_t *link)
{
    size_t n = strcspn(value, "="), i;

    for (i = 0; i < n; i++) {
        if (!r307_text_is(value[i], R307_IS_NAME) && value[i] != '-') {
            return "has a name that is not of letters, digits, '-' and '_'; write "
                   "name=KEY";
        }
    }
    if (n == 0 || value[n] != '=') {
        return "has no name and key; write name=KEY";
    }
    link->name = apr_pstrmemdup(p, value, n);
    link->key = text_slice(apr_pstrdup(p, value + n + 1));
    if (link->key.len < KEY_LEAST) {
        return "has a key that can be guessed; choose one of at least "
               APR_STRINGIFY(KEY_LEAST) " characters";
    }
    link->cookie = apr_pstrcat(p, "redirect307-", link->name, NULL);
    link->token = make_token(p, link);
    return NULL;
}

static const r307_param_t *find_param(const r307_link_t *link, const r307_query_t *query)
{
    r307_slice_t name = text_slice(link->name);
    size_t i;

    for (i = 0; i < query->count; i++) {
        if (r307_slice_same(query->params[i].name, name)) {
            return &query->params[i];
        }
    }
    return NULL;
}

r307_link_state_t r307_link_state(const r307_link_t *link, const r307_view_t *view,
                                  const r307_query_t *query, r307_vary_t *vary)
{
    const r307_param_t *param = find_param(link, query);

    if (param && param->value.s
        && (strcmp(view->method, "GET") == 0 || strcmp(view->method, "HEAD") == 0)) {
        if (same_key(param->value, link->key)) {
            return R307_LINK_ENTERS;
        }
        if (r307_slice_same(param->value, r307_slice("off", 3))) {
            return R307_LINK_LEAVES;
        }
    }
    r307_vary_add(vary, "Cookie");
    return same_key(r307_cookie_find(view->ops->header(view->baton, "Cookie"),
                                                 text_slice(link->cookie)),
                                text_slice(link->token))
           ? R307_LINK_IN : R307_LINK_OUT;
}

int r307_link_opens(const r307_link_t *link, const r307_query_t *query)
{
    const r307_param_t *param = find_param(link, query);

    return param && param->value.s && same_key(param->value, link->key);
}

static int brings_key(const r307_link_t *link, const r307_param_t *param)
{
    return param->value.s && r307_slice_same(param->name, text_slice(link->name))
        && same_key(param->value, link->key);
}

/* Among the parameters that came behind all those that a query tells apart. */
static int is_among(apr_pool_t *p, const r307_link_t *link, r307_slice_t rest)
{
    const r307_query_t *query;
    size_t i;

    while (rest.len && memchr(rest.s, '&', rest.len)) {
        query = r307_query_make(p, rest);
        for (i = 0; i < query->count; i++) {
            if (brings_key(link, &query->params[i])) {
                return 1;
            }
        }
        rest = query->count ? query->params[query->count - 1].raw : r307_slice(NULL, 0);
    }
    return 0;
}

int r307_link_mark(apr_pool_t *p, const r307_link_t *link, const r307_query_t *query)
{
    size_t i;
    int found = 0;

    for (i = 0; i < query->count; i++) {
        r307_param_t *param = &query->params[i];

        if (brings_key(link, param) || is_among(p, link, param->raw)) {
            param->is_key = found = 1;
        }
    }
    return found;
}

const char *r307_link_location(apr_pool_t *p, const r307_link_t *link,
                               const r307_view_t *view, const r307_query_t *query)
{
    r307_slice_t name = text_slice(link->name);
    r307_buf_t buf;
    size_t i;
    char sign = '?';

    r307_buf_make(&buf, p, view->path->enc_len + query->raw.len + 1);
    r307_text_encode(&buf, view->path->enc, view->path->enc_len, R307_LAND_PATH,
                     R307_FORM_ENCODED);
    for (i = 0; i < query->count; i++) {
        const r307_param_t *param = &query->params[i];

        if (!r307_slice_same(param->name, name)) {
            r307_buf_putc(&buf, sign);
            r307_text_encode(&buf, param->raw.s, param->raw.len, R307_LAND_QUERY,
                             R307_FORM_ENCODED);
            sign = '&';
        }
    }
    return buf.s;
}
