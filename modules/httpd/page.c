/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/page.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_portable.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <http_request.h>
#include <mod_core.h>
#include "file/open_below.h"
#include "file/read_whole.h"
#include "httpd/never_served.h"

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

/* --- a text --- */

static int take_text(request_rec *r, const char *text, r307_content_t *content)
{
    memset(content, 0, sizeof(*content));
    content->type = "text/html; charset=utf-8";
    content->length = (apr_off_t)strlen(text);
    content->body = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    (void)apr_brigade_puts(content->body, NULL, NULL, text);
    return 1;
}

static int take_short(request_rec *r, r307_content_t *content)
{
    return take_text(r,
        "<!DOCTYPE html>\n"
        "<html lang=\"en\">\n"
        "<head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
        "<title>Closed for maintenance</title>\n"
        "<style>\n"
        ":root { color-scheme: light dark; }\n"
        "body { margin: 0; min-height: 100vh; display: grid; place-items: center;\n"
        "       font: 1.0625rem/1.55 system-ui, sans-serif; }\n"
        "main { max-width: 30rem; padding: 1.5rem; }\n"
        "</style></head>\n"
        "<body><main>\n"
        "<h1>Closed for maintenance</h1>\n"
        "<p>This page is not available for now; please come back later.</p>\n"
        "<p>Did you just send a form? Nothing is lost: leave this window open and reload "
        "it later.</p>\n"
        "</main></body>\n</html>\n", content);
}

/* --- a file --- */

/* All of it, into memory: what was opened is what is sent, however long that takes. */
static int take_fd(request_rec *r, int fd, const char *type, r307_content_t *content)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    size_t len;
    char *bytes = r307_read_whole(fd, 64 * 1024, R307_CONTENT_MOST, &len);

    close(fd);
    if (!bytes || len > R307_CONTENT_MOST) {
        free(bytes);
        return 0;
    }
    memset(content, 0, sizeof(*content));
    content->type = type;
    content->length = (apr_off_t)len;
    content->body = apr_brigade_create(r->pool, alloc);
    APR_BRIGADE_INSERT_TAIL(content->body, apr_bucket_heap_create(bytes, len, free,
                                                                  alloc));
    return 1;
}

static apr_status_t close_fd(void *data)
{
    close((int)(apr_uintptr_t)data);
    return APR_SUCCESS;
}

/* For HEAD: a file whose length is all that is asked for, and that nobody reads. */
static int take_size(request_rec *r, int fd, apr_off_t size, const char *type,
                     r307_content_t *content)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_file_t *file = NULL;

    apr_pool_cleanup_register(r->pool, (void *)(apr_uintptr_t)fd, close_fd, close_fd);
    if (apr_os_file_put(&file, &fd, APR_FOPEN_READ, r->pool) != APR_SUCCESS) {
        return 0;
    }
    memset(content, 0, sizeof(*content));
    content->type = type;
    content->length = size;
    content->body = apr_brigade_create(r->pool, alloc);
    APR_BRIGADE_INSERT_TAIL(content->body, apr_bucket_file_create(file, 0, (apr_size_t)size,
                                                                  r->pool, alloc));
    return 1;
}

/* A file below a folder, through no symbolic link. *why: NULL, or why there is none. */
static int take_below(request_rec *r, const char *folder, const char *name, int is_page,
                      r307_content_t *content, const char **why)
{
    static const r307_open_rule_t rule = { R307_CONTENT_MOST, 0, { 0, 0 } };
    const char *type = r307_maintenance_type(name, is_page);
    r307_opened_t top, opened;
    r307_open_result_t result;

    *why = NULL;
    if (!type) {
        *why = "is of a kind that is not sent as it is";
        return 0;
    }
    result = r307_open_folder(folder, NULL, &top);
    if (result == R307_OPEN_FINE) {
        result = r307_open_below(top.fd, name, &rule, &opened);
        close(top.fd);
        top = opened;
    }
    if (result != R307_OPEN_FINE) {
        *why = r307_open_text(r->pool, result, &top);
        return 0;
    }
    if (r307_never_served_file(r, ap_make_full_path(r->pool, folder, name), &opened.as)) {
        close(opened.fd);
        *why = "is a map or a flag, which nobody gets";
        return 0;
    }
    if (r->header_only) {
        return take_size(r, opened.fd, (apr_off_t)opened.size, type, content);
    }
    return take_fd(r, opened.fd, type, content);
}

/* Of an absolute path: what is before its last segment, and that. */
static const char *split(apr_pool_t *p, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');

    *name = slash + 1;
    return slash == path ? "/" : apr_pstrmemdup(p, path, (size_t)(slash - path));
}

/* A tenant's folder is looked up from the directory of the .htaccess on, so that no
 * link leads out of it; that of an administrator is the one that is written. */
static int take_file(request_rec *r, const r307_maintenance_t *line, const char *beside,
                     r307_content_t *content, const char **why)
{
    const char *name, *folder = split(r->pool, line->file_path, &name);

    if (line->is_tenants) {
        const char *own = line->file, *slash = strrchr(own, '/');

        folder = line->directory;
        name = !beside ? own
            : apr_pstrcat(r->pool, slash ? apr_pstrmemdup(r->pool, own,
                                                          (size_t)(slash + 1 - own)) : "",
                          beside, NULL);
    }
    else if (beside) {
        name = beside;
    }
    return take_below(r, *folder ? folder : "/", name, !beside, content, why);
}

int r307_page_beside(request_rec *r, const r307_maintenance_t *line, const char *name,
                     r307_content_t *content)
{
    const char *why;

    return take_file(r, line, name, content, &why);
}

/* --- the page's URL --- */

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static int is_proxied(const request_rec *sub)
{
    return sub->proxyreq != PROXYREQ_NONE
        || (sub->filename && strncmp(sub->filename, "proxy:", 6) == 0);
}

/* Whether the request is still for what was asked: that path, or the index of that
 * directory. RewriteRule [PT] and FallbackResource put another one in its place, whose
 * file has that one's name. */
static int is_as_asked(const request_rec *sub, const char *url)
{
    char *path = apr_pstrmemdup(sub->pool, url, strcspn(url, "?#"));
    size_t len;

    if (ap_unescape_url(path) != OK) {
        return 0;
    }
    len = strlen(path);
    if (!len || strncmp(sub->uri, path, len) != 0) {
        return 0;
    }
    return !sub->uri[len] || (path[len - 1] == '/' && !strchr(sub->uri + len, '/'));
}

/* Whether the file has the name that was asked for. */
static int has_its_name(const request_rec *sub, const char *url)
{
    size_t info = sub->path_info ? strlen(sub->path_info) : 0;

    return sub->finfo.filetype == APR_REG && sub->filename && info == 0
        && strcmp(last_part(sub->uri), last_part(sub->filename)) == 0
        && is_as_asked(sub, url);
}

static int same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* Whether who answers for the page would answer for anything: an application's front
 * door, a proxy or a handler for all. Asked by a URL that nobody has. */
static int is_for_all(request_rec *r, request_rec *sub, const char *url)
{
    const char *end = url + strlen(url);
    request_rec *other;
    int result;

    do {
        end--;
    } while (end > url && end[-1] != '/');
    other = r307_fetch_look(r, apr_pstrcat(r->pool, apr_pstrmemdup(r->pool, url,
                                           end > url ? (size_t)(end - url) : 1),
                                           "r307-no-such-page", NULL));
    result = (is_proxied(sub) && is_proxied(other))
        || (sub->handler && strcmp(sub->handler, "default-handler") != 0
            && same(sub->handler, other->handler))
        || same(sub->filename, other->filename);
    ap_destroy_sub_req(other);
    return result;
}

typedef enum {
    FOUND_NOT,
    FOUND_PERHAPS,      /* a file of the page's name, for a handler that has all files */
    FOUND_PAGE
} found_t;

static found_t judge(request_rec *r, request_rec *sub, const char *url, const char **why)
{
    const char *handler = sub->handler;

    if (sub->status != HTTP_OK) {
        *why = apr_psprintf(r->pool, "answers %d when it is asked for", sub->status);
        return FOUND_NOT;
    }
    if (has_its_name(sub, url) && (!handler || strcmp(handler, "default-handler") == 0)) {
        return FOUND_PAGE;
    }
    if (sub->finfo.filetype != APR_REG && !is_proxied(sub)
        && (!handler || strcmp(handler, "httpd/unix-directory") == 0)) {
        *why = sub->finfo.filetype == APR_DIR ? "is a directory without an index.html"
                                              : "is not there";
        return FOUND_NOT;
    }
    if (!is_for_all(r, sub, url)) {
        return FOUND_PAGE;
    }
    *why = is_proxied(sub) ? "is taken by a proxy, as all URLs are"
                           : "is answered by what answers all URLs";
    return has_its_name(sub, url) ? FOUND_PERHAPS : FOUND_NOT;
}

static int run(request_rec *r, request_rec *sub, r307_content_t *content,
               const char **why)
{
    int status = r307_fetch_run(r, sub, content);

    if (status != HTTP_OK) {
        *why = apr_psprintf(r->pool, "answers %d when it is asked for", status);
    }
    return status == HTTP_OK;
}

/* The file at the page's place: below the line's directory, else below DocumentRoot. */
static int take_place(request_rec *r, const r307_page_t *page, r307_content_t *content)
{
    const r307_maintenance_t *line = page->line;
    const char *folder = ap_document_root(r), *name, *why;
    r307_slice_t path = line->page, base = page->base;

    if (line->is_relative) {
        folder = line->directory;
    }
    else if (line->directory && base.s
             && r307_path_below(path.s, path.len, base.s, base.len, 0)) {
        folder = line->directory;
        path = r307_slice(path.s + base.len - 1, path.len - base.len + 1);
    }
    else if (line->is_tenants) {
        return 0;
    }
    if (!folder || memchr(path.s, '\0', path.len)) {
        return 0;
    }
    name = apr_pstrmemdup(r->pool, path.s + 1, path.len - 1);
    folder = *folder ? folder : "/";
    if (*name && name[strlen(name) - 1] != '/'
        && take_below(r, folder, name, 1, content, &why)) {
        return 1;
    }
    name = apr_pstrcat(r->pool, name, *name && name[strlen(name) - 1] != '/' ? "/" : "",
                       "index.html", NULL);
    return take_below(r, folder, name, 1, content, &why);
}

/* A directory is asked for with its slash. */
static int lacks_slash(const request_rec *sub, const r307_maintenance_t *line)
{
    return sub->status == HTTP_MOVED_PERMANENTLY && sub->finfo.filetype == APR_DIR
        && line->page.len && line->page.s[line->page.len - 1] != '/';
}

static const char *advice(request_rec *r, const r307_maintenance_t *line)
{
    return line->is_tenants ? "page=down/index.html, a file below this directory"
        : apr_psprintf(r->pool, "page=/srv/maintenance/index.html, a file that is sent "
                                "without asking anybody");
}

/* One line for each thing that can be wrong with a page; `why` may have a client's doing
 * in it only by its status. */
static void say(request_rec *r, const r307_page_t *page, const char *why, int is_short)
{
    const r307_maintenance_t *line = page->line;
    const char *text = show(r->pool, line->rule.target->text);

    /* a line of the server has a page in each virtual host, and a reason of its own */
    page->say(r, line, apr_pstrcat(r->pool, is_short ? "short " : "place ",
                                   r->server->server_hostname, NULL),
              apr_psprintf(r->pool, "page '%s' of %s %s; %s; write %s", text,
              r->server->server_hostname ? r->server->server_hostname : "this server", why,
              is_short ? "people get a short text"
                       : "the file at its place is sent, without what belongs to it "
                         "unless that can be asked for", advice(r, line)));
}

static int find_by_url(request_rec *r, const r307_page_t *page, const char *url,
                       r307_content_t *content)
{
    request_rec *sub = r307_fetch_look(r, url);
    const char *why = NULL;
    found_t found = judge(r, sub, url, &why);
    int done = found == FOUND_PAGE && run(r, sub, content, &why), is_place = 0;

    if (!done && page->url && lacks_slash(sub, page->line)) {
        why = apr_psprintf(r->pool, "is a directory; write %s/",
                           show(r->pool, page->line->rule.target->text));
    }
    if (!done && page->url) {
        done = is_place = take_place(r, page, content);
    }
    if (!done && found == FOUND_PERHAPS) {
        const char *other;

        done = run(r, sub, content, &other);
    }
    if (is_place || (!done && page->url)) {
        say(r, page, why, !is_place);
    }
    ap_destroy_sub_req(sub);
    return done;
}

int r307_page_find(request_rec *r, void *baton, r307_content_t *content)
{
    const r307_page_t *page = baton;
    const char *why, *document;

    if (page->line->file_path) {
        if (take_file(r, page->line, NULL, content, &why)) {
            return 1;
        }
        page->say(r, page->line, "page", apr_psprintf(r->pool, "page='%s' %s; people get "
                  "a short text", show(r->pool, page->line->file),
                  why ? why : "is too large to be sent"));
        return take_short(r, content);
    }
    if (page->url) {
        return find_by_url(r, page, page->url, content) || take_short(r, content);
    }
    document = ap_response_code_string(r, ap_index_of_response(HTTP_SERVICE_UNAVAILABLE));
    if (document && document[0] == '"') {
        return take_text(r, document + 1, content);
    }
    return (document && document[0] == '/' && find_by_url(r, page, document, content))
        || take_short(r, content);
}
