/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_live.h"

#include <stdlib.h>
#include <string.h>
#include <apr_date.h>
#include <apr_strings.h>

#define PATIENCE apr_time_from_sec(30)
#define HEAD_MOST 65536         /* bytes of an answer that are read */
#define WHOLE_MOST 1048576      /* of one whose body is wanted, too */

static const char *no_flag(const void *flag)
{
    return "";
}

const char *ctl_live_unasked(apr_pool_t *p, const r307_case_t *c)
{
    int i;

    for (i = 0; i < R307_CASE_KEYS; i++) {
        if ((c->said & 1u << i) && !r307_case_keys[i].can_be_sent) {
            return apr_psprintf(p, "%s= cannot be said over HTTP", r307_case_keys[i].name);
        }
    }
    return strncmp(strstr(c->url, "://") || !c->host ? c->url : c->host, "https:", 6) == 0
        ? "it is about https, which is not spoken here" : NULL;
}

/* --- one request --- */

static int send_all(apr_socket_t *socket, const char *text)
{
    apr_size_t left = strlen(text), n;

    while (left) {
        n = left;
        if (apr_socket_send(socket, text, &n) != APR_SUCCESS) {
            return 0;
        }
        text += n;
        left -= n;
    }
    return 1;
}

/* The head of the answer, and if it is wanted all of it; or what there is. */
static const char *receive(apr_pool_t *p, apr_socket_t *socket, int is_whole)
{
    apr_size_t most = is_whole ? WHOLE_MOST : HEAD_MOST, len = 0, n;
    char *head = apr_palloc(p, most + 1);

    head[0] = '\0';
    while (len < most && (is_whole || !strstr(head, "\r\n\r\n"))) {
        n = most - len;
        if (apr_socket_recv(socket, head + len, &n) != APR_SUCCESS || n == 0) {
            break;
        }
        len += n;
        head[len] = '\0';
    }
    return head;
}

static const char *exchange(ctl_live_t *live, apr_pool_t *p, const char *request,
                            int is_whole)
{
    apr_socket_t *socket;
    const char *head = "";
    apr_status_t status = apr_socket_create(&socket, live->address->family, SOCK_STREAM,
                                            APR_PROTO_TCP, p);
    char why[120];

    live->failed = NULL;
    if (status == APR_SUCCESS) {
        apr_socket_timeout_set(socket, PATIENCE);
        status = apr_socket_connect(socket, live->address);
        if (status == APR_SUCCESS && send_all(socket, request)) {
            head = receive(p, socket, is_whole);
        }
        apr_socket_close(socket);
    }
    if (strncmp(head, "HTTP/", 5) != 0) {
        live->failed = apr_psprintf(p, "%s gives no answer%s%s", live->base,
                                    status ? ": " : "",
                                    status ? apr_strerror(status, why, sizeof(why)) : "");
    }
    return head;
}

static const char *header_of(apr_pool_t *p, const char *head, const char *name)
{
    size_t len = strlen(name);
    const char *line;

    for (line = strchr(head, '\n'); line; line = strchr(line + 1, '\n')) {
        if (r307_text_same_fold(line + 1, strnlen(line + 1, len), name, len)
            && line[1 + len] == ':') {
            line += len + 2;
            line += strspn(line, " \t");
            return apr_pstrmemdup(p, line, strcspn(line, "\r\n"));
        }
    }
    return NULL;
}

/* --- what is asked --- */

/* A header that a case says, its name as it came. */
static void put_headers(r307_buf_t *buf, const r307_case_view_t *view)
{
    const apr_array_header_t *headers = view->c->headers;
    int i;

    for (i = 0; headers && i < headers->nelts; i++) {
        r307_buf_puts(buf, APR_ARRAY_IDX(headers, i, const char *));
        r307_buf_puts(buf, "\r\n");
    }
    if (view->cookie) {
        r307_buf_puts(buf, "Cookie: ");
        r307_buf_puts(buf, view->cookie);
        r307_buf_puts(buf, "\r\n");
    }
}

static const char *host_of(apr_pool_t *p, const r307_case_view_t *view)
{
    return view->self.port == 80 ? view->self.host
        : apr_psprintf(p, "%s:%d", view->self.host, view->self.port);
}

static const char *request_of(apr_pool_t *p, const r307_case_view_t *view)
{
    const char *method = view->view.method;
    r307_url_t url;
    r307_buf_t buf;

    r307_url_split(view->url, strlen(view->url), &url);
    r307_buf_make(&buf, p, 256);
    r307_buf_puts(&buf, method);
    r307_buf_putc(&buf, ' ');
    r307_buf_add(&buf, url.path.s, url.path.len);
    if (url.query.s) {
        r307_buf_putc(&buf, '?');
        r307_buf_add(&buf, url.query.s, url.query.len);
    }
    r307_buf_puts(&buf, apr_pstrcat(p, " HTTP/1.1\r\nHost: ", host_of(p, view),
                                    "\r\nConnection: close\r\n", NULL));
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        r307_buf_puts(&buf, "Content-Length: 0\r\n");
    }
    put_headers(&buf, view);
    r307_buf_puts(&buf, "\r\n");
    return buf.s;
}

static void see_clock(ctl_live_t *live, apr_pool_t *p, const char *head)
{
    const char *date = header_of(p, head, "Date");
    apr_time_t skew = date ? apr_date_parse_http(date) - apr_time_now() : 0;

    if (date && (skew > apr_time_from_sec(1) || skew < -apr_time_from_sec(2))) {
        live->skew = skew;
    }
}

/* Cache-Control: max-age, which is all that a case asks. */
static int age_of(apr_pool_t *p, const char *head)
{
    const char *cache = header_of(p, head, "Cache-Control");
    const char *age = cache ? strstr(cache, "max-age=") : NULL;

    return age ? atoi(age + 8) : 0;
}

static apr_array_header_t *cookies_of(apr_pool_t *p, const char *head)
{
    apr_array_header_t *list = apr_array_make(p, 2, sizeof(const char *));
    const char *value;

    while ((value = header_of(p, head, "Set-Cookie")) != NULL) {
        APR_ARRAY_PUSH(list, const char *) = value;
        head = strstr(head, value) + strlen(value);
    }
    return list;
}

/* Statuses that are mostly httpd's own are a rule's where the case asks for them. */
static void ask(void *baton, apr_pool_t *p, r307_case_view_t *view,
                r307_case_came_t *came)
{
    ctl_live_t *live = baton;
    const char *head, *space;

    memset(came, 0, sizeof(*came));
    if (strcmp(view->self.scheme, "https") == 0) {
        came->untold = "what is answered over https";      /* an answer led there */
        return;
    }
    head = exchange(live, p, request_of(p, view), 0);
    space = strchr(head, ' ');
    if (live->failed) {
        came->untold = live->failed;
        return;
    }
    see_clock(live, p, head);
    came->status = space ? atoi(space) : 0;
    came->location = header_of(p, head, "Location");
    if (came->location) {
        came->location = r307_text_show_all(p, came->location, strlen(came->location));
    }
    if (came->status / 100 != 3) {
        came->location = NULL;
    }
    came->max_age = age_of(p, head);
    came->cookies = cookies_of(p, head);
    if (came->location || came->status == 410 || came->status == 451
        || came->status == view->c->status) {
        came->outcome = R307_OUTCOME_ANSWER;
    }
    else if (came->status == 400 && view->c->want == R307_WANT_REFUSED) {
        came->outcome = R307_OUTCOME_REFUSE;
    }
}

const char *ctl_live_get(ctl_live_t *live, apr_pool_t *p, const char *target, int *status)
{
    const char *answer = exchange(live, p, apr_pstrcat(p, "GET ", target,
                                  " HTTP/1.0\r\nHost: ", live->host,
                                  "\r\nAccept: text/plain\r\n\r\n", NULL), 1);
    const char *space = strchr(answer, ' '), *body = strstr(answer, "\r\n\r\n");

    *status = space ? atoi(space) : 0;
    return live->failed ? NULL : body ? body + 4 : "";
}

const char *ctl_live_open(apr_pool_t *p, const char *base, ctl_live_t *live)
{
    r307_url_t url;
    apr_status_t status;
    char why[120];
    long port;

    memset(live, 0, sizeof(*live));
    live->p = p;
    live->base = r307_text_show(p, base, strlen(base));
    r307_url_split(base, strlen(base), &url);
    if (r307_text_same_fold(url.scheme.s, url.scheme.len, "https", 5)) {
        return "speaks no TLS; name the server behind it, as http://127.0.0.1:8080, and the "
               "site by --with host=www.example.com";
    }
    port = r307_url_port(url.port);
    if (!r307_text_same_fold(url.scheme.s, url.scheme.len, "http", 4) || !url.host.s
        || url.path.len > 1 || url.query.s || url.userinfo.s || port < 0
        || r307_url_check_host(url.host)) {
        return "is no base of a server; write http://www.example.com";
    }
    live->host = r307_slice_text(p, url.host);
    status = apr_sockaddr_info_get(&live->address, *live->host == '['
                                   ? apr_pstrmemdup(p, live->host + 1, url.host.len - 2)
                                   : live->host, APR_UNSPEC,
                                   (apr_port_t)(port ? port : 80), 0, p);
    if (status != APR_SUCCESS) {
        return apr_psprintf(p, "is not found: %s", apr_strerror(status, why, sizeof(why)));
    }
    if (port && port != 80) {
        live->host = apr_psprintf(p, "%s:%ld", live->host, port);
    }
    live->asker.ask = ask;
    live->asker.flag_name = no_flag;
    live->asker.baton = live;
    live->asker.now = apr_time_now();
    live->asker.base = r307_slice("/", 1);
    return NULL;
}
