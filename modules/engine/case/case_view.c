/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case_view.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "lint/lint_loop.h"

#define NO_URL "is no URL that a server is asked; write /old or https://www.example.com/old"

/* --- what is asked of the request --- */

static void lack(r307_case_view_t *x, r307_case_key_id_t key)
{
    x->lacks |= 1u << key;
}

static const char *header_of(void *baton, const char *name)
{
    r307_case_view_t *x = baton;
    const apr_array_header_t *headers = x->c->headers;
    const char *found = NULL;
    size_t len = strlen(name);
    int i;

    for (i = 0; headers && i < headers->nelts; i++) {
        const char *line = APR_ARRAY_IDX(headers, i, const char *);
        const char *value = line + len + 1;

        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            value += strspn(value, " \t");
            found = found ? apr_pstrcat(x->p, found, ", ", value, NULL) : value;
        }
    }
    if (!found && strcasecmp(name, "Host") == 0) {
        return x->self.host;
    }
    if (x->cookie && strcasecmp(name, "Cookie") == 0) {
        return found ? apr_pstrcat(x->p, found, "; ", x->cookie, NULL) : x->cookie;
    }
    return found;
}

static const char *env_of(void *baton, const char *name)
{
    const apr_array_header_t *env = ((r307_case_view_t *)baton)->c->env;
    size_t len = strlen(name);
    int i;

    for (i = 0; env && i < env->nelts; i++) {
        const char *pair = APR_ARRAY_IDX(env, i, const char *);

        if (strncmp(pair, name, len) == 0 && (!pair[len] || pair[len] == '=')) {
            return pair[len] ? pair + len + 1 : "1";    /* as SetEnvIf does */
        }
    }
    return NULL;
}

static int test_of(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    r307_case_view_t *x = baton;

    if (x->c->test == R307_CASE_UNSAID) {
        lack(x, R307_CASE_EXPR);
    }
    return x->c->test;
}

static const char *string_of(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    r307_case_view_t *x = baton;

    if (!x->c->string) {
        lack(x, R307_CASE_EXPR);
    }
    return x->c->string;
}

static void self_of(void *baton, r307_self_t *self)
{
    *self = ((r307_case_view_t *)baton)->self;
}

static const struct r307_image_t *image_of(void *baton, const void *map)
{
    return map;
}

static const char *user_of(void *baton)
{
    return ((r307_case_view_t *)baton)->c->user;
}

static int file_of(void *baton)
{
    r307_case_view_t *x = baton;

    if (x->is_behind) {
        return -1;
    }
    if (x->c->file == R307_CASE_UNSAID) {
        lack(x, R307_CASE_FILE);
    }
    return x->c->file;
}

static int flag_of(void *baton, const void *flag)
{
    r307_case_view_t *x = baton;
    const char *name = x->flag_name(flag);
    int i;

    for (i = 0; x->c->flags && i < x->c->flags->nelts; i++) {
        if (strcmp(APR_ARRAY_IDX(x->c->flags, i, const char *), name) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Asked only where the case does not say it. */
static apr_uint64_t roll_of(void *baton)
{
    lack(baton, R307_CASE_ROLL);
    return 0;
}

static const r307_view_ops_t ops = {
    header_of, env_of, test_of, string_of, self_of, image_of, user_of, file_of, flag_of,
    roll_of, NULL, NULL
};

/* --- making it --- */

static void set_origin(r307_case_view_t *x)
{
    r307_url_t url;

    r307_url_split(x->url, strlen(x->url), &url);
    x->self.scheme = r307_text_same_fold(url.scheme.s, url.scheme.len, "https", 5) ? "https"
                                                                                  : "http";
    x->self.host = r307_slice_text(x->p, url.host);
    x->self.port = (int)r307_url_port(url.port);
    if (x->self.port <= 0) {
        x->self.port = strcmp(x->self.scheme, "https") == 0 ? 443 : 80;
    }
    x->view.asked = x->self;
}

/* Complete, as a browser would send it. */
static const char *complete(apr_pool_t *p, const r307_case_t *c, r307_slice_t base,
                            const char **full)
{
    const char *text = r307_case_encode(p, c->url);
    r307_url_t url;

    r307_url_split(text, strlen(text), &url);
    if (url.host.s && (r307_text_same_fold(url.scheme.s, url.scheme.len, "http", 4)
                       || r307_text_same_fold(url.scheme.s, url.scheme.len, "https", 5))) {
        *full = url.path.len ? text : apr_pstrcat(p, text, "/", NULL);
        return url.userinfo.s || r307_url_check_host(url.host) || r307_url_port(url.port) < 0
            ? "has no host that is one; write https://www.example.com/old" : NULL;
    }
    if (url.scheme.s || strncmp(text, "//", 2) == 0) {
        return NO_URL;
    }
    if (*text != '/' && r307_url_looks_like_host(text)) {
        return apr_psprintf(p, "begins with a host and has no scheme; write https://%s",
                            r307_text_show(p, text, strlen(text)));
    }
    if (*text != '/' && !base.s) {
        return "has no leading '/'; write /old";
    }
    *full = apr_pstrcat(p, c->host && strstr(c->host, "://") ? "" : "http://",
                        c->host ? c->host : R307_CASE_HOST_USUAL,
                        *text == '/' ? "" : r307_slice_text(p, base),
                        strncmp(text, "./", 2) == 0 ? text + 2 : text, NULL);
    return NULL;
}

const char *r307_case_view_make(apr_pool_t *p, const r307_case_t *c, apr_time_t now,
                                r307_slice_t base,
                                const char *(*flag_name)(const void *flag),
                                r307_case_view_t *x)
{
    const char *bad;
    r307_slice_t path;

    memset(x, 0, sizeof(*x));
    x->p = p;
    x->c = c;
    x->flag_name = flag_name;
    bad = complete(p, c, base, &x->url);
    if (!bad && !r307_path_split(x->url, &path, &x->view.query)) {
        bad = NO_URL;
    }
    if (bad) {
        return apr_psprintf(p, "'%s' %s", r307_text_show(p, c->url, strlen(c->url)), bad);
    }
    x->cookie = c->cookies && c->cookies->nelts ? apr_array_pstrcat(p, c->cookies, ';') : NULL;
    x->view.path = r307_path_make(p, path);
    set_origin(x);
    x->view.method = c->method ? c->method : "GET";
    x->view.client = c->client ? c->client : R307_CASE_CLIENT_USUAL;
    x->view.now = c->at ? c->at : now;
    x->view.stands = c->place == R307_CASE_UNSAID ? 0 : c->place + 1;
    x->view.ops = &ops;
    x->view.baton = x;
    return NULL;
}

/* --- following --- */

/* RFC 9110 15.4: what browsers make of the method. */
static const char *method_behind(const char *method, int status)
{
    int is_post = strcmp(method, "POST") == 0, is_head = strcmp(method, "HEAD") == 0;

    return ((status == 301 || status == 302) && is_post) || (status == 303 && !is_head)
        ? "GET" : method;
}

/* A browser sends what it was given, in front of what it had by that name. */
static void add_cookies(r307_case_view_t *x, const apr_array_header_t *cookies)
{
    int i;

    for (i = 0; cookies && i < cookies->nelts; i++) {
        const char *line = APR_ARRAY_IDX(cookies, i, const char *);
        const char *pair = apr_pstrmemdup(x->p, line, strcspn(line, ";"));

        x->cookie = x->cookie ? apr_pstrcat(x->p, pair, "; ", x->cookie, NULL) : pair;
    }
}

int r307_case_view_follow(const r307_case_view_t *from, int status, const char *location,
                          const apr_array_header_t *cookies, r307_case_view_t *to)
{
    r307_view_t view;

    if (!r307_loop_next(from->p, &from->view, location, &view)) {
        return 0;
    }
    *to = *from;
    to->view = view;
    to->view.baton = to;
    to->view.method = method_behind(view.method, status);
    to->self.scheme = view.asked.scheme;
    to->self.port = view.asked.port;
    to->is_behind = 1;
    to->lacks = 0;
    to->url = apr_psprintf(to->p, "%s://%s:%d%.*s%s%.*s", view.asked.scheme, view.asked.host,
                           view.asked.port, (int)view.path->enc_len, view.path->enc,
                           view.query.s ? "?" : "", (int)view.query.len,
                           view.query.s ? view.query.s : "");
    add_cookies(to, cookies);
    return 1;
}

static int same_slice_fold(r307_slice_t a, r307_slice_t b)
{
    return r307_text_same_fold(a.s, a.len, b.s, b.len);
}

static void resolve(apr_pool_t *p, const r307_case_view_t *view, const char *text,
                    r307_url_t *url)
{
    r307_url_t base, ref;

    text = r307_case_encode(p, text);
    r307_url_split(view->url, strlen(view->url), &base);
    r307_url_split(text, strlen(text), &ref);
    r307_url_resolve(p, &base, &ref, url);
    if (!url->path.len) {
        url->path = r307_slice("/", 1);
    }
}

static long port_of(const r307_url_t *url)
{
    long port = r307_url_port(url->port);

    return port > 0 ? port : r307_url_default_port(url->scheme);
}

int r307_case_same_url(apr_pool_t *p, const r307_case_view_t *view, const char *a,
                       const char *b)
{
    r307_url_t x, y;

    if (strcmp(a, b) == 0) {
        return 1;
    }
    resolve(p, view, a, &x);
    resolve(p, view, b, &y);
    return same_slice_fold(x.scheme, y.scheme) && r307_url_same_host(x.host, y.host)
        && port_of(&x) == port_of(&y) && r307_slice_same(x.path, y.path)
        && r307_slice_same(x.query, y.query) && r307_slice_same(x.fragment, y.fragment);
}

int r307_case_view_moves(const r307_case_view_t *view, const char *location)
{
    int has_scheme = strstr(view->c->url, "://")
                     || (view->c->host && strstr(view->c->host, "://"));
    r307_url_t from, to;

    resolve(view->p, view, view->url, &from);
    resolve(view->p, view, location, &to);
    if (!r307_slice_same(from.path, to.path) || !r307_slice_same(from.query, to.query)
        || (has_scheme && !same_slice_fold(from.scheme, to.scheme))) {
        return 0;
    }
    return r307_url_same_host(from.host, to.host) || (!has_scheme && !view->c->host);
}
