/* SPDX-License-Identifier: Apache-2.0
 *
 * The request-time half of maintenance: what becomes of a request. */
#include "maintenance/maintenance.h"

#include <limits.h>
#include <string.h>
#include <apr_strings.h>

/* Seconds until it is worth asking again; never past the end itself. */
static int retry_after(const r307_maintenance_state_t *state, apr_time_t now)
{
    apr_time_t left = apr_time_from_sec(R307_RETRY_DEFAULT);

    if (state->eta > now) {
        left = state->eta - now;
    }
    if (state->until && state->until - now < left) {
        left = state->until - now;
    }
    left = (left + APR_USEC_PER_SEC - 1) / APR_USEC_PER_SEC;
    return left > INT_MAX ? INT_MAX : (int)left;
}

/* --- one request --- */

typedef struct asking_t {
    apr_pool_t *p;
    const r307_halting_t *halting;
    const r307_view_t *view;
    const r307_maintenance_t *line;
    r307_slice_t base;              /* of the line's directory, once it was asked for */
    const r307_query_t *query;      /* made when the first link asks for it */
    r307_vary_t vary;
    r307_halt_decision_t *decision;
} asking_t;

static int is_in_force(const asking_t *a, const r307_maintenance_t *line,
                       r307_maintenance_state_t *state)
{
    apr_time_t now = a->view->now;
    r307_flag_seen_t seen = { 0, 0, NULL };

    if (now < line->from || (line->until && now >= line->until)) {
        return 0;
    }
    if (line->flag) {
        a->halting->flag(a->halting->baton, line, &seen);
        if (!seen.exists) {
            return 0;
        }
    }
    r307_maintenance_look(a->p, line, &seen, now, state);
    return state->in_force;
}

/* The request's path as a line sees it: its own, or what lies below the directory,
 * beginning with its '/'. Absent when it is not below. */
static r307_slice_t seen_by(const asking_t *a, int is_relative)
{
    const r307_path_t *path = a->view->path;
    r307_slice_t base = a->base;

    if (!is_relative) {
        return r307_slice(path->dec, path->len);
    }
    if (!base.s || !r307_path_below(path->dec, path->len, base.s, base.len, 0)) {
        return r307_slice(NULL, 0);
    }
    return r307_slice(path->dec + base.len - 1, path->len - base.len + 1);
}

static int is_asked_host(const asking_t *a, const r307_target_t *page)
{
    return page->kind != R307_TARGET_URL
        || r307_url_same_host(page->host, r307_slice(a->view->asked.host,
                                                     strlen(a->view->asked.host)));
}

/* The page itself: its path, or the directory and what stands for it. */
static int is_page(const asking_t *a)
{
    const r307_maintenance_t *line = a->line;
    r307_slice_t path = seen_by(a, line->is_relative);
    r307_slice_t rest;

    if (!path.s || path.len < line->page.len
        || memcmp(path.s, line->page.s, line->page.len) != 0
        || !is_asked_host(a, line->rule.target)) {
        return 0;
    }
    rest = r307_slice(path.s + line->page.len, path.len - line->page.len);
    return rest.len == 0
        || (line->is_directory && rest.len > 6 && memcmp(rest.s, "index.", 6) == 0
            && !memchr(rest.s, '/', rest.len));
}

/* What belongs to the page. A directory that holds all there is here, which only a
 * request can tell of a .htaccess, is open as a page alone. */
static int is_asset(const asking_t *a)
{
    const r307_maintenance_t *line = a->line;
    r307_slice_t path = seen_by(a, line->is_relative), base = a->base;

    if (!path.s || !line->is_directory || !is_asked_host(a, line->rule.target)) {
        return 0;
    }
    if (!line->is_relative && base.s
        && r307_path_below(base.s, base.len, line->page.s, line->page.len, 0)) {
        return 0;
    }
    return r307_path_below(path.s, path.len, line->page.s, line->page.len, 0);
}

static size_t count_slashes(r307_slice_t path)
{
    size_t i, count = 0;

    for (i = 0; i < path.len; i++) {
        count += path.s[i] == '/';
    }
    return count;
}

/* A '*' stands for something in one segment. */
static int holds_path(const asking_t *a, const r307_open_t *open)
{
    r307_slice_t asked = seen_by(a, open->is_relative);

    if (!asked.s) {
        return 0;
    }
    return open->is_pattern
           ? count_slashes(asked) == count_slashes(open->path)
             && r307_text_glob(open->path, asked, 0)
           : r307_path_below(asked.s, asked.len, open->path.s, open->path.len, 0);
}

/* Search engines read a 503 for these as "do not ask for anything": the site would take
 * longer to come back than the maintenance took (RFC 9309 2.3.1.4). */
static int is_open_always(const asking_t *a)
{
    static const r307_open_t always[] = {
        { NULL, { "/robots.txt", 11 }, 0, 0 },
        { NULL, { "/*sitemap*.xml", 14 }, 0, 1 },
        { NULL, { "/*sitemap*.xml.gz", 17 }, 0, 1 }
    };
    size_t i;

    for (i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
        if (holds_path(a, &always[i])) {
            return 1;
        }
    }
    return 0;
}

static int is_open(const asking_t *a)
{
    const apr_array_header_t *list = a->line->open;
    const apr_array_header_t *exempt = a->halting->exempt;
    const r307_path_t *path = a->view->path;
    int i;

    for (i = 0; i < list->nelts; i++) {
        if (holds_path(a, &APR_ARRAY_IDX(list, i, r307_open_t))) {
            return 1;
        }
    }
    if (!a->line->open_none && is_open_always(a)) {
        return 1;
    }
    for (i = 0; exempt && i < exempt->nelts; i++) {
        r307_slice_t entry = APR_ARRAY_IDX(exempt, i, r307_slice_t);

        if (r307_path_below(path->dec, path->len, entry.s, entry.len, 0)) {
            return 1;
        }
    }
    return 0;
}

static int holds_address(const asking_t *a, const r307_maintenance_state_t *state)
{
    const apr_array_header_t *lists[2];
    const char *text = a->halting->address;
    r307_ip_t ip;
    int i;

    lists[0] = a->line->allow;
    lists[1] = state->says.allow;
    if ((!lists[0] && !lists[1]) || !text
        || !r307_ip_parse(r307_slice(text, strlen(text)), &ip)) {
        return 0;
    }
    for (i = 0; i < 2; i++) {
        if (lists[i] && r307_net_list_holds((const r307_net_t *)(const void *)
                                            lists[i]->elts, lists[i]->nelts, &ip)) {
            return 1;
        }
    }
    return 0;
}

static int has_passes(asking_t *a)
{
    const apr_array_header_t *passes = a->line->passes;
    const char *header = passes->nelts
                         ? a->view->ops->header(a->view->baton, "Cookie") : NULL;
    int i;

    if (passes->nelts) {
        r307_vary_add(&a->vary, "Cookie");
    }
    for (i = 0; i < passes->nelts; i++) {
        const r307_pass_t *pass = &APR_ARRAY_IDX(passes, i, r307_pass_t);
        r307_slice_t value = r307_cookie_find(header, pass->name);

        if (!value.s || (pass->value.s && !r307_text_glob(pass->value, value, 0))) {
            return 0;
        }
    }
    return passes->nelts > 0;
}

static int concerns(asking_t *a)
{
    const apr_array_header_t *conds = a->line->conds;
    int i;

    for (i = 0; i < conds->nelts; i++) {
        if (!r307_cond_test(&APR_ARRAY_IDX(conds, i, r307_cond_t), a->view, a->query,
                            &a->vary)) {
            return 0;
        }
    }
    return 1;
}

static int is_get(const asking_t *a)
{
    return strcmp(a->view->method, "GET") == 0 || strcmp(a->view->method, "HEAD") == 0;
}

/* Somebody waits before a window for this one: a browser that navigates, not what a page
 * fetches, and no program. */
static int is_page_load(asking_t *a)
{
    const r307_view_t *view = a->view;
    const char *mode, *upgrade;

    if (!is_get(a)) {
        return 0;
    }
    mode = view->ops->header(view->baton, "Sec-Fetch-Mode");
    r307_vary_add(&a->vary, "Sec-Fetch-Mode");
    if (mode) {
        return strcmp(mode, "navigate") == 0;
    }
    if (view->ops->header(view->baton, "Sec-Fetch-Dest")
        || view->ops->header(view->baton, "Sec-Fetch-Site")) {
        return 0;
    }
    upgrade = view->ops->header(view->baton, "Upgrade-Insecure-Requests");
    r307_vary_add(&a->vary, "Upgrade-Insecure-Requests");
    return upgrade && strcmp(upgrade, "1") == 0;
}

/* --- answers --- */

/* A target of the line as a Location; NULL when it cannot be told or may not leave. */
static const char *locate(asking_t *a, const r307_target_t *target, int relative)
{
    static const r307_query_policy_t drop = { R307_QUERY_DROP, 0, NULL };
    r307_query_t none = { { NULL, 0 }, NULL, 0 };
    r307_slice_t location, base = a->base;
    r307_built_t built;
    r307_url_t url;
    r307_buf_t encoded;

    if (target->kind == R307_TARGET_RELATIVE && !base.s) {
        return NULL;
    }
    r307_buf_make(&encoded, a->p, base.len + 1);
    r307_text_encode(&encoded, base.s, base.len, R307_LAND_PATH, R307_FORM_ENCODED);
    r307_target_build(a->p, target, NULL, a->view, &none, &drop,
                      r307_slice(encoded.s, encoded.len), relative, 0, &a->vary, &built);
    location = r307_url_print(a->p, &built.url);
    r307_url_split(location.s, location.len, &url);
    return r307_guard_check(location, &url, &built, target, NULL, a->view)
           == R307_VERDICT_FINE ? location.s : NULL;
}

/* The page where httpd finds it itself: a URL of this host without its origin. */
static const char *page_path(asking_t *a, const r307_target_t *page)
{
    const char *location = locate(a, page, 1);
    r307_url_t url;

    if (!location || page->kind != R307_TARGET_URL) {
        return location;
    }
    r307_url_split(location, strlen(location), &url);
    return r307_slice_text(a->p, url.path);
}

static void hold(asking_t *a, r307_halt_outcome_t outcome)
{
    const r307_target_t *page = a->line->rule.target;

    a->decision->outcome = outcome;
    if (is_asked_host(a, page)) {
        a->decision->page = page_path(a, page);
    }
    a->decision->retry_after = retry_after(&a->decision->state, a->view->now);
}

static void send_to_page(asking_t *a)
{
    const r307_target_t *page = a->line->rule.target;
    const char *path = is_asked_host(a, page) ? page_path(a, page) : NULL;

    if (!path || a->halting->governs(a->halting->baton, a->line, path)) {
        a->decision->location = locate(a, page, a->halting->relative);
    }
    if (a->decision->location) {
        a->decision->outcome = R307_HALT_SEND;
    }
    else {
        hold(a, R307_HALT_HOLD);
    }
}

/* The name of a file beside page=: what follows the page's directory. NULL when it is no
 * name of a file that is for everybody. */
static const char *name_beside(const asking_t *a)
{
    r307_slice_t path = seen_by(a, a->line->is_relative);
    const char *name = path.s + a->line->page.len;
    size_t len = path.len - a->line->page.len, i;

    if (!len || name[len - 1] == '/' || memchr(name, '\0', len)) {
        return NULL;
    }
    for (i = 0; i < len; i++) {
        if (name[i] == '.' && (i == 0 || name[i - 1] == '/')) {
            return NULL;
        }
    }
    return apr_pstrmemdup(a->p, name, len);
}

/* Redirect307Relative off; a name that is none stays out. */
static const char *with_origin(const asking_t *a, const char *path)
{
    r307_self_t self = { NULL, NULL, 0 };
    r307_slice_t scheme, host;

    a->view->ops->self(a->view->baton, &self);
    scheme = r307_slice(self.scheme, strlen(self.scheme));
    host = r307_slice(self.host, strlen(self.host));
    if (r307_url_check_host(host)) {
        return path;
    }
    self.host = r307_slice_text(a->p, r307_url_sent_host(host));
    return self.port == r307_url_default_port(scheme)
           ? apr_pstrcat(a->p, self.scheme, "://", self.host, path, NULL)
           : apr_psprintf(a->p, "%s://%s:%d%s", self.scheme, self.host, self.port, path);
}

static void set_link_cookie(asking_t *a, int enters)
{
    const r307_maintenance_t *line = a->line;
    r307_cookie_t cookie = { line->link->cookie, line->link->token, "/", 0, 0, 0 };

    cookie.now = a->view->now;
    cookie.until = enters ? a->decision->state.until : 1;
    cookie.is_secure = strcmp(r307_view_scheme(a->view), "https") == 0;
    a->decision->outcome = R307_HALT_LINK;
    a->decision->location = r307_link_location(a->p, line->link, a->view, a->query);
    if (!a->halting->relative) {
        a->decision->location = with_origin(a, a->decision->location);
    }
    a->decision->cookie = r307_cookie_print(a->p, &cookie);
}

/* Whether the visitor is let in, whatever the URL; 1 when that decides it for this line. */
static int ask_sender(asking_t *a)
{
    const r307_maintenance_t *line = a->line;
    r307_link_state_t state = R307_LINK_OUT;

    if (line->link) {
        a->query = a->query ? a->query : r307_query_make(a->p, a->view->query);
        state = r307_link_state(line->link, a->view, a->query, &a->vary);
        if (state == R307_LINK_ENTERS || state == R307_LINK_LEAVES) {
            set_link_cookie(a, state == R307_LINK_ENTERS);
            return 1;
        }
    }
    if (state == R307_LINK_IN || holds_address(a, &a->decision->state)
        || has_passes(a)) {
        a->decision->outcome = R307_HALT_LET;
        return 1;
    }
    return 0;
}

/* With page= nobody else has what belongs to the page; 1 when that is what was asked. */
static int show_beside(asking_t *a)
{
    a->decision->beside = is_get(a) ? name_beside(a) : NULL;
    if (!a->decision->beside) {
        return 0;
    }
    hold(a, R307_HALT_SHOW);
    return 1;
}

/* A line that is in force; 1 when the request's answer is known. */
static int ask_in_force(asking_t *a)
{
    const r307_maintenance_t *line = a->line;
    int page = is_page(a), asset = !page && is_asset(a);

    if (asset && line->file && show_beside(a)) {
        return 1;
    }
    if (!page && ((asset && !line->file) || is_open(a))) {
        if (a->decision->outcome == R307_HALT_NO) {
            a->decision->outcome = R307_HALT_OPEN;
        }
        return 0;
    }
    if (ask_sender(a)) {
        if (a->decision->outcome == R307_HALT_LET && page && line->file && is_get(a)) {
            hold(a, R307_HALT_SHOW);
            return 1;
        }
        return a->decision->outcome == R307_HALT_LINK;
    }
    if (page || line->answer == R307_MAINTENANCE_503
        || (line->answer == R307_MAINTENANCE_AUTO && !is_page_load(a))) {
        hold(a, R307_HALT_HOLD);
    }
    else {
        send_to_page(a);
    }
    return 1;
}

static void enter_line(asking_t *a, const r307_maintenance_t *line)
{
    a->line = line;
    a->base = line->root && line->root->kind == R307_TARGET_RELATIVE
              ? a->halting->base(a->halting->baton, line) : r307_slice(NULL, 0);
}

int r307_maintenance_may_be_page(const r307_maintenance_t *line, const char *path,
                                 size_t len)
{
    if (line->is_directory) {
        while (len && path[len - 1] != '/') {
            len--;
        }
    }
    return len >= line->page.len
        && memcmp(path + len - line->page.len, line->page.s, line->page.len) == 0;
}

static int wants_back(asking_t *a, const r307_maintenance_t *line)
{
    const r307_path_t *path = a->view->path;

    if (!line->root || !r307_maintenance_may_be_page(line, path->dec, path->len)
        || !is_get(a)) {
        return 0;
    }
    enter_line(a, line);
    return is_page(a) && concerns(a);
}

/* A .htaccess may name its own directory as the page. */
static int is_asked_path(const asking_t *a, const char *location)
{
    const r307_path_t *path;
    r307_url_t url;

    r307_url_split(location, strlen(location), &url);
    path = r307_path_make(a->p, url.path);
    return r307_slice_same(r307_slice(path->dec, path->len),
                           r307_slice(a->view->path->dec, a->view->path->len));
}

static void lead_back(asking_t *a, const r307_maintenance_t *line)
{
    const char *location;

    enter_line(a, line);
    location = locate(a, line->root, a->halting->relative);
    if (location && !is_asked_path(a, location)) {
        a->decision->outcome = R307_HALT_BACK;
        a->decision->location = location;
        a->decision->line = line;
    }
}

void r307_halt_decide(apr_pool_t *p, const r307_maintenance_t *const *lines, int count,
                      const r307_halting_t *halting, r307_halt_decision_t *decision)
{
    asking_t a = { .p = p, .halting = halting, .view = halting->view,
                   .vary = { .p = p }, .decision = decision };
    const r307_maintenance_t *back = NULL;
    r307_maintenance_state_t state;
    int i;

    memset(decision, 0, sizeof(*decision));
    for (i = 0; i < count; i++) {
        if (!is_in_force(&a, lines[i], &state)) {
            back = !back && wants_back(&a, lines[i]) ? lines[i] : back;
            continue;
        }
        enter_line(&a, lines[i]);
        if (!concerns(&a)) {
            continue;
        }
        decision->line = lines[i];
        decision->state = state;
        if (ask_in_force(&a)) {
            break;
        }
    }
    if (back && decision->outcome == R307_HALT_NO) {
        lead_back(&a, back);
    }
    decision->vary = a.vary.names;
}

const char *r307_halt_text(apr_pool_t *p, const r307_halt_decision_t *decision)
{
    const r307_maintenance_t *line = decision->line;

    switch (decision->outcome) {
    case R307_HALT_HOLD:
        return apr_psprintf(p, "503, Retry-After %d, %s%s", decision->retry_after,
               line->file || decision->page ? "with the text of " : "with a short text",
               line->file ? line->file : decision->page ? decision->page : "");
    case R307_HALT_SHOW:
        return apr_psprintf(p, "200, a file of the folder of page=%s: %s", line->file,
               decision->beside ? decision->beside : "the page itself");
    case R307_HALT_LET:
        return "maintenance lets this request pass, because of who sent it";
    case R307_HALT_OPEN:
        return "maintenance leaves this path open";
    default:
        return apr_psprintf(p, "307 -> %s%s", decision->location,
                            decision->cookie ? ", with a cookie" : "");
    }
}

int r307_halt_ends(r307_halt_outcome_t outcome)
{
    return outcome == R307_HALT_HOLD || outcome == R307_HALT_SEND
           || outcome == R307_HALT_SHOW || outcome == R307_HALT_LINK
           || outcome == R307_HALT_BACK;
}
