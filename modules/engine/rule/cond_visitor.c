/* SPDX-License-Identifier: Apache-2.0
 *
 * The conditions about the visitor and about files; those about the request's own words
 * are in cond.c.
 */
#include "rule/cond.h"

#include <string.h>
#include <apr_strings.h>

#include "base/ip.h"
#include "http/accept_language.h"

static r307_slice_t text_slice(const char *s)
{
    return r307_slice(s, strlen(s));
}

/* --- ip= --- */

const char *r307_cond_parse_ip(apr_pool_t *p, const char *value,
                               const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    apr_array_header_t *nets = apr_array_make(p, 4, sizeof(r307_net_t));
    const char *bad = r307_net_parse_list(p, value, nets);

    cond->own = nets->elts;
    cond->count = nets->nelts;
    return bad;
}

int r307_cond_test_ip(const r307_cond_t *cond, const r307_view_t *view,
                      const r307_query_t *query, r307_vary_t *vary)
{
    r307_ip_t ip;

    vary->is_hidden = 1;
    if (!view->client || !r307_ip_parse(text_slice(view->client), &ip)) {
        return -1;
    }
    return r307_net_list_holds(cond->own, cond->count, &ip);
}

/* --- cookie= --- */

#define GLOB_MOST 255       /* its work is its length times that of the header */

const char *r307_cond_parse_cookie(apr_pool_t *p, const char *value,
                                   const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    r307_slice_t *pair = apr_palloc(p, 2 * sizeof(*pair));
    size_t n = strcspn(value, "=");

    pair[0] = r307_slice(value, n);
    pair[1] = value[n] ? text_slice(value + n + 1) : r307_slice(NULL, 0);
    cond->names = pair;
    cond->values = pair + 1;
    cond->count = 1;
    if (n == 0 || strpbrk(value, "; \t")) {
        return "names no cookie; write cookie=NAME or cookie=NAME=value";
    }
    return n > GLOB_MOST || pair[1].len > GLOB_MOST
        ? "is longer than the " APR_STRINGIFY(GLOB_MOST) " bytes that are compared" : NULL;
}

/* A list is at most this long: the work is that times the globs. */
#define COOKIES_MOST 200

int r307_cond_test_cookie(const r307_cond_t *cond, const r307_view_t *view,
                          const r307_query_t *query, r307_vary_t *vary)
{
    const char *s = view->ops->header(view->baton, "Cookie");
    int i;

    r307_vary_add(vary, "Cookie");
    for (i = 0; s && *s && i < COOKIES_MOST; i++) {
        r307_slice_t name, value;

        s = r307_cookie_next(s, &name, &value);
        if (name.len && r307_text_glob(cond->names[0], name, 0)
            && (!cond->values[0].s || r307_text_glob(cond->values[0], value, 0))) {
            return 1;
        }
    }
    return 0;
}

/* --- lang= --- */

const char *r307_cond_parse_lang(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    static const char first[] = "first:";
    size_t n = strncmp(value, first, sizeof(first) - 1) == 0 ? sizeof(first) - 1 : 0;
    const char *bad = r307_cond_parse_list(p, value + n, cond);
    int i;

    cond->own = n ? cond : NULL;
    for (i = 0; i < cond->count && !bad; i++) {
        if (!r307_lang_is_tag(cond->names[i])) {
            bad = n ? "names no language; write lang=first:de or lang=first:pt,es"
                    : "names no language; write lang=de or lang=pt-BR,pt";
        }
    }
    return bad;
}

/* Alone with its source: whether it is wanted at all. */
int r307_cond_test_lang(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary)
{
    if (cond->own) {
        r307_vary_add(vary, "Accept-Language");
        return r307_lang_is_first(view->ops->header(view->baton, "Accept-Language"),
                                  cond->names, cond->count);
    }
    return r307_cond_wish(cond, view, vary).quality > 0;
}

int r307_cond_is_negotiated(const r307_cond_t *cond)
{
    return cond->kind->order == R307_ORDER_LANG && !cond->negate && !cond->own;
}

r307_wish_t r307_cond_wish(const r307_cond_t *cond, const r307_view_t *view,
                           r307_vary_t *vary)
{
    r307_vary_add(vary, "Accept-Language");
    return r307_lang_rate(view->ops->header(view->baton, "Accept-Language"), cond->names,
                          cond->count);
}

/* --- user= --- */

const char *r307_cond_parse_user(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    return r307_cond_parse_list(p, value, cond);
}

int r307_cond_test_user(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary)
{
    const char *user;
    int i;

    vary->is_hidden = 1;
    if (view->login_ahead) {
        return R307_COND_LATER;
    }
    user = view->ops->user(view->baton);
    for (i = 0; user && i < cond->count; i++) {
        if (r307_slice_same(cond->names[i], r307_slice("*", 1))
            || r307_slice_same(cond->names[i], text_slice(user))) {
            return 1;
        }
    }
    return 0;
}

/* --- file=, flag= --- */

const char *r307_cond_parse_file(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    return strcmp(value, "missing") == 0 || strcmp(value, "present") == 0
        ? NULL : "is not known; write file=missing or file=present";
}

int r307_cond_test_file(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary)
{
    int there = view->ops->file(view->baton);

    return there < 0 ? -1 : there == (cond->value[0] == 'p');
}

const char *r307_cond_parse_flag(apr_pool_t *p, const char *value,
                                 const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    if (!maker || !maker->find_flag) {
        return "cannot be asked in a map; write the rule beside the line that names the map";
    }
    return maker->find_flag(maker->baton, p, value, &cond->own);
}

int r307_cond_test_flag(const r307_cond_t *cond, const r307_view_t *view,
                        const r307_query_t *query, r307_vary_t *vary)
{
    return view->ops->flag(view->baton, cond->own);
}

/* --- optin= --- */

const char *r307_cond_parse_optin(apr_pool_t *p, const char *value,
                                  const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    r307_optin_t *optin = apr_pcalloc(p, sizeof(*optin));

    cond->own = optin;
    return r307_link_parse(p, value, &optin->link);
}

static void set_cookie(const r307_optin_t *optin, const r307_view_t *view, int is_in,
                       r307_vary_t *vary)
{
    r307_cookie_t cookie;

    cookie.name = optin->link.cookie;
    cookie.value = is_in ? optin->link.token : "";
    cookie.path = "/";
    cookie.is_secure = strcmp(r307_view_scheme(view), "https") == 0;
    cookie.now = view->now;
    cookie.until = is_in ? optin->until : 1;
    r307_vary_cookie(vary, r307_cookie_print(vary->p, &cookie));
}

int r307_cond_test_optin(const r307_cond_t *cond, const r307_view_t *view,
                         const r307_query_t *query, r307_vary_t *vary)
{
    const r307_optin_t *optin = cond->own;
    r307_link_state_t state = r307_link_state(&optin->link, view, query, vary);
    size_t i;

    if (state == R307_LINK_ENTERS) {
        for (i = 0; i < query->count; i++) {
            query->params[i].used |= r307_slice_same(query->params[i].name,
                                                     text_slice(optin->link.name));
        }
    }
    if (state == R307_LINK_ENTERS || state == R307_LINK_LEAVES) {
        set_cookie(optin, view, state == R307_LINK_ENTERS, vary);
    }
    return state == R307_LINK_ENTERS || state == R307_LINK_IN;
}

/* --- percent= --- */

const char *r307_cond_parse_percent(apr_pool_t *p, const char *value,
                                    const r307_expr_maker_t *maker, r307_cond_t *cond)
{
    r307_share_t *share = apr_pcalloc(p, sizeof(*share));

    cond->own = share;
    share->self = 1;
    return r307_share_parse(value, &share->size);
}

int r307_cond_test_percent(const r307_cond_t *cond, const r307_view_t *view,
                           const r307_query_t *query, r307_vary_t *vary)
{
    const r307_share_t *share = cond->own;
    r307_stand_t stand;

    r307_share_stand(share, 0, view, vary, &stand);
    return stand.place >= 0 && stand.place < share->size;
}
