/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/request_view.h"

#include <string.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include "index/index.h"
#include "rule/capture.h"
#include "httpd/expr.h"
#include "httpd/flag_file.h"
#include "httpd/store.h"

extern module AP_MODULE_DECLARE_DATA redirect307_module;

typedef struct joined_t {
    apr_pool_t *p;
    const char *value;
} joined_t;

static int join_line(void *baton, const char *name, const char *value)
{
    joined_t *joined = baton;

    joined->value = joined->value ? apr_pstrcat(joined->p, joined->value, ", ", value,
                                                NULL) : value;
    return 1;
}

/* httpd joins the lines of a request itself, but RequestHeader add may follow. */
static const char *read_header(void *baton, const char *name)
{
    request_rec *r = baton;
    joined_t joined = { r->pool, NULL };

    apr_table_do(join_line, &joined, r->headers_in, name, NULL);
    return joined.value;
}

static const char *read_env(void *baton, const char *name)
{
    return apr_table_get(((request_rec *)baton)->subprocess_env, name);
}

static int test_expr(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    return r307_expr_test(baton, expr, vary);
}

static const char *read_expr(void *baton, const r307_expr_t *expr, r307_vary_t *vary)
{
    return r307_expr_string(baton, expr, vary);
}

static void read_self(void *baton, r307_self_t *self)
{
    request_rec *r = baton;

    self->scheme = ap_http_scheme(r);
    self->host = ap_get_server_name_for_url(r);
    self->port = ap_get_server_port(r);
}

static const struct r307_image_t *find_image(void *baton, const void *map)
{
    return r307_store_image(baton, map);
}

static const char *read_user(void *baton)
{
    return ((request_rec *)baton)->user;
}

/* MultiViews finds files by other names, but after us, and it is asked by a subrequest,
 * which decodes what it is given: names hold '%', '?' and '#', too. */
static int finds_by_negotiation(request_rec *r)
{
    request_rec *sub;
    int found;

    if (!(ap_allow_options(r) & OPT_MULTI)) {
        return 0;
    }
    sub = ap_sub_req_lookup_uri(ap_os_escape_path(r->pool, r->uri, 1), r, NULL);
    found = sub->status == HTTP_OK && sub->finfo.filetype == APR_REG;
    ap_destroy_sub_req(sub);
    return found;
}

static int finds_file(void *baton)
{
    request_rec *r = baton;

    if (!r->filename || r->proxyreq) {
        return -1;
    }
    return r->finfo.filetype != APR_NOFILE || finds_by_negotiation(r);
}

static int read_flag(void *baton, const void *flag)
{
    return r307_flag_file_is_set(baton, flag);
}

static apr_uint64_t read_roll(void *baton)
{
    r307_state_t *state = r307_request_known(baton);

    while (!state->roll) {
        ap_random_insecure_bytes(&state->roll, sizeof(state->roll));
    }
    return state->roll;
}

/* The name of the Host header or of an absolute request target. httpd keeps an IPv6
 * address without its brackets. */
static const char *asked_host(request_rec *r)
{
    const char *host = r->hostname;

    if (!host) {
        return "";
    }
    return host[0] != '[' && strchr(host, ':')
           ? apr_pstrcat(r->pool, "[", host, "]", NULL) : host;
}

static const char *read_scheme(void *baton)
{
    return ap_http_scheme((request_rec *)baton);
}

/* httpd keeps the port of the Host header in parsed_uri. Without one the client meant
 * its scheme's own, whatever port a firewall made of it. */
static int read_port(void *baton)
{
    const request_rec *r = baton;

    if (r->parsed_uri.port_str && r->parsed_uri.port) {
        return r->parsed_uri.port;
    }
    return r->hostname ? ap_default_port(r) : r->connection->local_addr->port;
}

static const r307_view_ops_t ops = {
    read_header, read_env, test_expr, read_expr, read_self, find_image, read_user,
    finds_file, read_flag, read_roll, read_scheme, read_port
};

/* Most paths are normal, and were seen to be. */
static const r307_path_t *make_path(request_rec *r, r307_slice_t path,
                                    const r307_trail_t *walk)
{
    if (path.s[path.len]) {
        return r307_path_make(r->pool, path);
    }
    return walk && (walk->plain == path.s
                    || (walk->seed && walk->s == path.s && walk->is_normal))
           ? r307_path_normal(r->pool, path) : r307_path_take(r->pool, path);
}

/* Whether all that is asked for was walked and is a normal path: most requests. */
static int is_whole(const char *target, const r307_trail_t *walk)
{
    return walk && walk->seed && walk->s == target && walk->is_normal
           && target[walk->len] == '\0';
}

static void fill_view(request_rec *r, const r307_trail_t *walk, r307_view_t *view)
{
    r307_slice_t path;

    view->method = r->method;
    view->now = r->request_time;
    view->client = r->useragent_ip;
    view->asked.host = asked_host(r);
    view->ops = &ops;
    view->baton = r;
    if (is_whole(r->unparsed_uri, walk)) {
        view->path = r307_path_normal(r->pool, r307_slice(walk->s, walk->len));
    }
    else if (r->unparsed_uri && r307_path_split(r->unparsed_uri, &path, &view->query)) {
        view->path = make_path(r, path, walk);
    }
}

r307_state_t *r307_request_state(request_rec *r)
{
    return r307_request_state_walked(r, NULL);
}

r307_state_t *r307_request_state_walked(request_rec *r, const r307_trail_t *walk)
{
    r307_state_t *state = ap_get_module_config(r->request_config, &redirect307_module);

    if (!state) {
        state = apr_pcalloc(r->pool, sizeof(*state));
        fill_view(r, walk, &state->view);
        state->steps = R307_STEPS_ALL;
        ap_set_module_config(r->request_config, &redirect307_module, state);
    }
    return state;
}
