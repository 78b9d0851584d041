/* SPDX-License-Identifier: Apache-2.0
 *
 * The request-time half of target: parts to a URL. */
#include "rule/target.h"

#include <string.h>
#include <apr_strings.h>

/* One build: what it reads, and a growing text for each component. */
typedef struct builder_t {
    apr_pool_t *p;
    const r307_target_t *target;
    const r307_captures_t *captures;
    const r307_view_t *view;
    const r307_query_t *query;
    r307_vary_t *vary;
    r307_built_t *built;
    r307_buf_t in[R307_IN_FRAGMENT + 1];
    apr_array_header_t *inserted;   /* of r307_capture_t: bytes of in[R307_IN_PATH]; or
                                     * NULL */
} builder_t;

/* The text of a component; most Locations are nothing but a path. */
static r307_buf_t *buf_of(builder_t *b, r307_component_t in)
{
    if (!b->in[in].s) {
        r307_buf_make(&b->in[in], b->p, 32);
    }
    return &b->in[in];
}

static void note_inserted(builder_t *b, size_t from, size_t to)
{
    r307_capture_t *range;

    if (!b->inserted) {
        b->inserted = apr_array_make(b->p, 2, sizeof(r307_capture_t));
    }
    range = apr_array_push(b->inserted);
    range->from = from;
    range->to = to;
}

/* The decoded value of a parameter moved into the target. */
static r307_slice_t arg_value(builder_t *b, r307_slice_t name)
{
    r307_slice_t value = { "", 0 };
    size_t i;
    int seen = 0;

    for (i = 0; i < b->query->count; i++) {
        r307_param_t *param = &b->query->params[i];

        if (!r307_slice_same(param->name, name)) {
            continue;
        }
        if (seen++) {
            b->built->failed = apr_psprintf(b->p, "parameter '%s' is there twice",
                                            r307_text_show(b->p, name.s, name.len));
        }
        else if (param->value.s) {
            value = param->value;
        }
        param->used = 1;
    }
    return value;
}

static r307_slice_t plain_value(builder_t *b, const r307_part_t *part)
{
    const char *text;

    if (part->kind == R307_PART_ARG) {
        return arg_value(b, part->text);
    }
    if (part->kind == R307_PART_EXPR) {
        text = b->view->ops->string(b->view->baton, &part->expr, b->vary);
        if (!text) {
            b->built->failed = apr_psprintf(b->p, "%s has no value", part->expr.text);
        }
        return text ? r307_slice(text, strlen(text)) : r307_slice("", 0);
    }
    if (b->captures && part->capture < b->captures->count) {
        const r307_capture_t *at = &b->captures->at[part->capture];

        if (at->from <= at->to) {
            return r307_path_came(b->captures->path, at->from, at->to);
        }
    }
    return r307_slice("", 0);
}

static r307_form_t form_of(const r307_part_t *part)
{
    return part->kind == R307_PART_ARG ? R307_FORM_DATA : R307_FORM_ENCODED;
}

/* A path that httpd has decoded, as a piece of a URL. Where it is the path that was asked
 * for, it leaves as that came; else every byte is data, but for "%2F", which httpd may have
 * been told to leave as it is. */
static r307_slice_t encoded_path(builder_t *b, const r307_part_t *part, r307_slice_t value)
{
    const r307_path_t *asked = b->view->path;
    r307_buf_t buf;
    size_t from = 0, i;

    if (part->change == R307_CHANGE_NONE
        ? r307_slice_same(r307_slice(asked->dec, asked->len), value)
        : r307_text_same_fold(asked->dec, asked->len, value.s, value.len)) {
        return r307_change_apply(b->p, part->change, R307_FORM_ENCODED,
                       r307_slice(asked->enc, asked->enc_len));
    }
    r307_buf_make(&buf, b->p, value.len + 16);
    for (i = 0; i <= value.len; i++) {
        if (i == value.len || (value.s[i] == '%'
                               && r307_text_hex2(value.s + i + 1, value.len - i - 1) == '/')) {
            r307_text_encode(&buf, value.s + from, i - from, R307_LAND_PATH,
                             R307_FORM_DATA);
            r307_buf_puts(&buf, i < value.len ? "%2F" : "");
            from = i + 3;
        }
    }
    return r307_slice(buf.s, buf.len);
}

static r307_slice_t value_of(builder_t *b, const r307_part_t *part)
{
    r307_slice_t value = plain_value(b, part);

    if (part->kind == R307_PART_EXPR) {
        return part->is_path && value.len ? encoded_path(b, part, value) : value;
    }
    return r307_change_apply(b->p, part->change, form_of(part), value);
}

/* Whether the part is all there is in the query, so that it may be several parameters. */
static int is_whole_query(const r307_target_t *target, const r307_part_t *part)
{
    int i, others = 0;

    for (i = 0; i < target->count; i++) {
        others += target->parts[i].in == R307_IN_QUERY && &target->parts[i] != part;
    }
    return others == 0;
}

/* How each kind of insertion is written where it lands. In a query it is one value, but
 * for an expression that is the whole query, as in "?%{QUERY_STRING}". */
static void write_value(builder_t *b, const r307_part_t *part, r307_component_t in,
                        r307_slice_t value)
{
    static const r307_land_t lands[] = {
        [R307_IN_HOST] = R307_LAND_PATH,
        [R307_IN_PATH] = R307_LAND_PATH,
        [R307_IN_QUERY] = R307_LAND_VALUE,
        [R307_IN_FRAGMENT] = R307_LAND_FRAGMENT
    };
    r307_land_t land = lands[in];
    size_t from = b->in[in].len;

    if (land == R307_LAND_VALUE && part->kind == R307_PART_EXPR
        && is_whole_query(b->target, part)) {
        land = R307_LAND_QUERY;
    }
    r307_text_encode(buf_of(b, in), value.s, value.len, land, form_of(part));
    if (in == R307_IN_PATH && part->kind != R307_PART_LITERAL && value.len) {
        note_inserted(b, from, b->in[in].len);
    }
}

/* A part in the host, or behind a literal host it is glued to: there it may begin the
 * path, and then the rest goes on in the path. Anything else belongs to the host, written
 * as it is: the guard reads it. */
static void write_host(builder_t *b, const r307_part_t *part, r307_slice_t value)
{
    if (b->target->glued && value.len
        && (value.s[0] == '/' || b->in[R307_IN_PATH].len)) {
        write_value(b, part, R307_IN_PATH, value);
    }
    else if (value.len) {
        r307_buf_add(buf_of(b, R307_IN_HOST), value.s, value.len);
        b->built->host_inserted = 1;
    }
}

static void write_parts(builder_t *b)
{
    int i;

    for (i = 0; i < b->target->count && !b->built->too_long; i++) {
        const r307_part_t *part = &b->target->parts[i];
        r307_slice_t value;

        if (part->kind == R307_PART_LITERAL) {
            value = part->text;
        }
        else {
            value = value_of(b, part);
            b->built->from_request = 1;     /* an empty one makes "//b" out of "/$1/b" */
        }
        if (part->in == R307_IN_HOST) {
            write_host(b, part, value);
        }
        else if (part->kind == R307_PART_LITERAL) {
            r307_buf_add(buf_of(b, part->in), value.s, value.len);
        }
        else {
            write_value(b, part, part->in, value);
        }
        b->built->too_long = b->in[part->in].len > R307_LOCATION_MOST;
    }
}

/* Whether browsers read the segment as "." or "..", percent codes included (WHATWG URL,
 * single-dot and double-dot path segments). */
static int is_dots(const char *s, size_t len)
{
    size_t i = 0, dots = 0;

    while (i < len) {
        int byte = s[i] == '%' ? r307_text_hex2(s + i + 1, len - i - 1) : s[i];

        if (byte != '.') {
            return 0;
        }
        i += s[i] == '%' ? 3 : 1;
        dots++;
    }
    return dots == 1 || dots == 2;
}

/* A written "..", as in "https://h/a/../b/$1", goes out as it is written; one that an
 * insertion makes, alone or with the bytes around it, climbs out of the written path. */
static int has_inserted_dots(const builder_t *b)
{
    const char *path = b->in[R307_IN_PATH].s;
    size_t len = b->in[R307_IN_PATH].len, seen = 0;
    int i;

    for (i = 0; b->inserted && i < b->inserted->nelts; i++) {
        const r307_capture_t *range = &APR_ARRAY_IDX(b->inserted, i, r307_capture_t);
        size_t from = range->from, to;

        while (from > seen && path[from - 1] != '/') {
            from--;
        }
        from = from < seen ? seen : from;
        while (from < range->to) {
            for (to = from; to < len && path[to] != '/'; to++) {
                continue;
            }
            if (is_dots(path + from, to - from)) {
                return 1;
            }
            from = to + 1;
        }
        seen = from;            /* each segment is looked at once */
    }
    return 0;
}

/* What follows the prefix, joined with exactly one '/'. */
static void write_rest(builder_t *b)
{
    r307_buf_t *path = &b->in[R307_IN_PATH];
    const r307_capture_t *rest = &b->captures->rest;
    r307_slice_t came;

    if (rest->from >= rest->to) {
        return;
    }
    came = r307_path_came(b->captures->path, rest->from, rest->to);
    if (path->len && path->s[path->len - 1] == '/') {
        came.s++;
        came.len--;
    }
    b->built->from_request |= came.len > 0;
    r307_text_encode(path, came.s, came.len, R307_LAND_PATH, R307_FORM_ENCODED);
}

static void resolve(builder_t *b, r307_slice_t base)
{
    r307_buf_t *path = &b->in[R307_IN_PATH];
    r307_url_t from, ref, out;
    size_t slashes = 0;

    memset(&from, 0, sizeof(from));
    memset(&ref, 0, sizeof(ref));
    from.path = base;
    ref.path = r307_slice(path->s, path->len);
    if (path->len && path->s[0] == '/') {
        return;                 /* an insertion made it a path: the guard reads it */
    }
    b->built->from_request = 1; /* the base may be the client's */
    r307_url_resolve(b->p, &from, &ref, &out);
    /* "..//x" at "/a/b" would become "//x", another host to a browser */
    while (slashes + 1 < out.path.len && out.path.s[slashes] == '/'
           && out.path.s[slashes + 1] == '/') {
        slashes++;
    }
    r307_buf_make(path, b->p, out.path.len + 1);
    r307_buf_add(path, out.path.s + slashes, out.path.len - slashes);
}

static r307_slice_t port_text(apr_pool_t *p, int port)
{
    const char *text = port ? apr_itoa(p, port) : NULL;

    return r307_slice(text, text ? strlen(text) : 0);
}

/* Our own name, where the grammar lets the Host header reach a Location at all. */
static void write_self(builder_t *b, int https)
{
    r307_self_t self = { NULL, NULL, 0 };
    r307_url_t *url = &b->built->url;

    b->view->ops->self(b->view->baton, &self);
    url->scheme = https ? r307_slice("https", 5)
                        : r307_slice(self.scheme, strlen(self.scheme));
    url->host = r307_url_sent_host(r307_slice(self.host, strlen(self.host)));
    b->built->from_request = 1;
    b->built->bad_self = r307_url_check_host(url->host) != NULL;
    if ((!https || strcmp(self.scheme, "https") == 0)
        && self.port != r307_url_default_port(url->scheme)) {
        url->port = port_text(b->p, self.port);
    }
}

static void build_https(builder_t *b, const r307_query_policy_t *policy)
{
    const r307_path_t *asked = b->view->path;
    r307_buf_t *path = &b->in[R307_IN_PATH];

    write_self(b, 1);
    r307_text_encode(path, asked->enc, asked->enc_len, R307_LAND_PATH,
                     R307_FORM_ENCODED);
    b->built->url.path = r307_slice(path->s, path->len);
    b->built->url.query = r307_query_print(b->p, b->query, r307_slice(NULL, 0), policy,
                                           &b->built->from_request);
}

/* One insertion is the whole target: it is read as a URL and left as it is. */
static void build_whole(builder_t *b, const r307_query_policy_t *policy)
{
    r307_slice_t value = value_of(b, &b->target->parts[0]);
    r307_url_t *url = &b->built->url;

    if (value.len == 0 && !b->built->failed) {
        b->built->failed = apr_psprintf(b->p, "%s is empty", b->target->text);
    }
    r307_url_split(value.s, value.len, url);
    url->host = r307_url_sent_host(url->host);
    b->built->from_request = 1;
    b->built->host_inserted = url->host.s != NULL;
    b->built->scheme_inserted = url->scheme.s != NULL;
    r307_buf_add(&b->in[R307_IN_PATH], url->path.s, url->path.len);
    note_inserted(b, 0, url->path.len);
    b->built->dots_inserted = has_inserted_dots(b);
    url->query = r307_query_print(b->p, b->query, url->query, policy,
                                  &b->built->from_request);
}

/* A host that insertions made, with the port that may stand behind it. */
static r307_slice_t made_host(apr_pool_t *p, r307_slice_t made)
{
    const char *colon = made.s[0] == '[' ? NULL : memchr(made.s, ':', made.len);
    size_t len = colon ? (size_t)(colon - made.s) : made.len;
    r307_slice_t sent = r307_url_sent_host(r307_slice(made.s, len));
    r307_buf_t buf;

    if (sent.len == len) {
        return made;
    }
    r307_buf_make(&buf, p, made.len);
    r307_buf_add(&buf, sent.s, sent.len);
    r307_buf_add(&buf, made.s + len, made.len - len);
    return r307_slice(buf.s, buf.len);
}

static void finish_url(builder_t *b, const r307_query_policy_t *policy)
{
    const r307_target_t *target = b->target;
    r307_url_t *url = &b->built->url;
    r307_buf_t *path = &b->in[R307_IN_PATH];
    r307_slice_t own = { NULL, 0 };

    if (target->kind == R307_TARGET_URL) {
        url->scheme = target->scheme;
        url->host = target->host;
        if (b->in[R307_IN_HOST].len) {
            r307_buf_t host;

            r307_buf_make(&host, b->p, target->host.len + b->in[R307_IN_HOST].len + 1);
            r307_buf_add(&host, target->host.s, target->host.len);
            r307_buf_add(&host, b->in[R307_IN_HOST].s, b->in[R307_IN_HOST].len);
            url->host = made_host(b->p, r307_slice(host.s, host.len));
        }
        url->port = port_text(b->p, target->port);
        if (path->len == 0) {
            r307_buf_putc(path, '/');
        }
    }
    url->path = r307_slice(path->s, path->len);
    if (target->has_query) {
        own = r307_slice(buf_of(b, R307_IN_QUERY)->s, b->in[R307_IN_QUERY].len);
    }
    url->query = r307_query_print(b->p, b->query, own, policy, &b->built->from_request);
    if (target->has_fragment) {
        url->fragment = r307_slice(buf_of(b, R307_IN_FRAGMENT)->s,
                                   b->in[R307_IN_FRAGMENT].len);
    }
}

int r307_target_stands(const r307_target_t *target, const r307_captures_t *captures,
                       const r307_query_t *query, const r307_query_policy_t *policy,
                       int relative, int carry)
{
    return (target->as_written || target->joins)
        && (relative || target->kind == R307_TARGET_URL)
        && (query->count == 0 || policy->mode == R307_QUERY_DROP)
        && !(carry && captures->rest.from < captures->rest.to);
}

r307_slice_t r307_target_join(apr_pool_t *p, const r307_target_t *target,
                              r307_slice_t front)
{
    r307_slice_t text = target->parts->text, none = { NULL, 0 };
    char *s;

    if (!front.len || front.s[0] != '/' || front.s[front.len - 1] != '/'
        || front.len > R307_LOCATION_MOST || text.len > R307_LOCATION_MOST - front.len
        || !r307_path_stays(r307_slice(front.s + 1, front.len - 1))) {
        return none;
    }
    s = apr_palloc(p, front.len + text.len + 1);
    memcpy(s, front.s, front.len);
    memcpy(s + front.len, text.s, text.len);
    s[front.len + text.len] = '\0';
    return r307_slice(s, front.len + text.len);
}

void r307_target_build(apr_pool_t *p, const r307_target_t *target,
                       const r307_captures_t *captures, const r307_view_t *view,
                       const r307_query_t *query, const r307_query_policy_t *policy,
                       r307_slice_t base, int relative, int carry, r307_vary_t *vary,
                       r307_built_t *built)
{
    builder_t b = { .p = p, .target = target, .captures = captures, .view = view,
                    .query = query, .vary = vary, .built = built };

    memset(built, 0, sizeof(*built));
    r307_buf_make(&b.in[R307_IN_PATH], p, 128);
    if (target->kind == R307_TARGET_HTTPS) {
        build_https(&b, policy);
        return;
    }
    if (target->kind == R307_TARGET_WHOLE) {
        build_whole(&b, policy);
    }
    else {
        write_parts(&b);
        built->dots_inserted = has_inserted_dots(&b);
        if (target->kind == R307_TARGET_RELATIVE) {
            resolve(&b, base);
        }
        if (carry) {
            write_rest(&b);
        }
        finish_url(&b, policy);
    }
    built->own = !built->url.host.s && !built->url.scheme.s;
    if (!relative && built->own) {
        write_self(&b, 0);
    }
}

/* Most Locations are a path and nothing else, and stand there already. */
r307_slice_t r307_target_print(apr_pool_t *p, const r307_target_t *target,
                               const r307_built_t *built)
{
    const r307_url_t *url = &built->url;

    return target->kind == R307_TARGET_PATH && !url->scheme.s && !url->host.s
        && !url->query.s && !url->fragment.s ? url->path : r307_url_print(p, url);
}
