/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl maintenance: makes and removes the flag file that a line names, and tells
 * how things are. Nothing is written or removed that could be something else than a flag. */
#include "ctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <apr_strings.h>

#include "engine/maintenance.h"
#include "engine/time.h"

#define TEXT_MOST 4096

typedef struct order_t {
    apr_pool_t *p;
    const char *verb, *file, *name, *root;
    apr_time_t now;
    apr_time_t until, eta;              /* 0: not said */
    apr_array_header_t *allow;          /* of const char *, as written */
    /* what the file has */
    int lines;                          /* that are meant */
    const r307_maintenance_t *line;     /* the one that is meant */
    const char *args;                   /* as it stands there */
    int is_conf;
    const char *bad;                    /* the first line that is none, with its place */
    /* the flag */
    const char *path;
    r307_flag_seen_t seen;
    int is_foreign;                     /* holds something else than a flag's lines */
} order_t;

static r307_exit_t refuse(const char *text)
{
    fprintf(stderr, "redirect307ctl maintenance: %s\n", text);
    return R307_EXIT_UNKNOWN;
}

/* --- the line --- */

static void met(void *baton, const r307_met_t *what)
{
    order_t *order = baton;
    r307_maintenance_t *line;
    const char *bad;

    if (strcasecmp(what->directive, "Redirect307Maintenance") != 0) {
        return;
    }
    bad = r307_maintenance_parse(order->p, what->args, what->place, &what->context, &line);
    if (bad) {
        order->bad = order->bad ? order->bad
            : apr_psprintf(order->p, "%s:%u: %s: %s", what->place.file, what->place.line,
                           what->directive, bad);
        return;
    }
    if (order->name && (!line->rule.name || strcmp(line->rule.name, order->name) != 0)) {
        return;
    }
    /* lines with one flag are switched together */
    if (order->lines && line->flag && order->line->flag
        && strcmp(line->flag, order->line->flag) == 0) {
        return;
    }
    order->lines++;
    if (order->lines == 1) {
        order->line = line;
        order->args = apr_pstrcat(order->p, what->directive, " ", what->args, NULL);
        order->is_conf = what->is_conf;
    }
}

static const char *find_line(order_t *order)
{
    const char *bad = r307_file_read(order->p, order->file, met, order);

    if (bad || order->line) {
        return bad ? bad : order->lines == 1 ? NULL
            : apr_psprintf(order->p, "%s has %d maintenance lines with flags of their own; "
                           "give them name= and say which: --name %s", order->file,
                           order->lines, order->line->rule.name ? order->line->rule.name
                                                                : "NAME");
    }
    if (order->bad) {
        return order->bad;
    }
    return order->name
           ? apr_psprintf(order->p, "%s has no maintenance line with name=%s", order->file,
                          order->name)
           : apr_psprintf(order->p, "%s has no maintenance line; write: "
                          "Redirect307Maintenance %s flag=down.on", order->file,
                          order->is_conf ? "/down/" : "down/");
}

/* --- the flag --- */

static const char *directory_of(apr_pool_t *p, const char *path)
{
    const char *slash = strrchr(path, '/');

    return !slash ? "." : slash == path ? "/"
                        : apr_pstrmemdup(p, path, (size_t)(slash - path));
}

/* Without links; as it is when it is not there. */
static const char *real_path(apr_pool_t *p, const char *path)
{
    char *real = realpath(path, NULL);
    const char *copy = real ? apr_pstrdup(p, real) : path;

    free(real);
    return copy;
}

static int is_below(const char *path, const char *directory)
{
    size_t len = strlen(directory);

    return strncmp(path, directory, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Where the server will look. */
static const char *find_flag(order_t *order)
{
    const char *flag = order->line->flag;
    const char *directory = directory_of(order->p, order->file);

    if (!flag) {
        return apr_psprintf(order->p, "%s:%u: this line has no flag=, so it is in force "
                            "whenever its window is; write: %s flag=down.on",
                            order->line->rule.place.file, order->line->rule.place.line,
                            order->args);
    }
    if (order->is_conf && *flag != '/' && !order->root) {
        return apr_psprintf(order->p, "flag='%s' is relative to ServerRoot; say which that "
                            "is: --root DIR", flag);
    }
    order->path = *flag == '/' ? flag
        : apr_pstrcat(order->p, order->is_conf ? order->root : directory, "/", flag, NULL);
    if (order->is_conf) {
        return NULL;
    }
    directory = real_path(order->p, directory);
    if (r307_file_climbs(flag) || (*flag == '/' && !is_below(flag, directory))) {
        return apr_psprintf(order->p, "flag='%s' lies outside of the directory of this "
                            ".htaccess, where the server does not look; write "
                            "flag=down.on", flag);
    }
    if (!is_below(real_path(order->p, directory_of(order->p, order->path)), directory)) {
        return apr_psprintf(order->p, "flag='%s' leads out of the directory of this "
                            ".htaccess by a link; this command leaves it alone", flag);
    }
    return NULL;
}

static const char *read_flag(order_t *order)
{
    char *text = apr_palloc(order->p, TEXT_MOST + 1);
    const char *problem;
    r307_flag_says_t says;
    struct stat st;
    ssize_t n, len = 0;
    int fd;

    if (lstat(order->path, &st) != 0) {
        return errno == ENOENT ? NULL
            : apr_psprintf(order->p, "%s: %s", order->path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return apr_psprintf(order->p, "%s is no plain file; this command leaves it alone",
                            order->path);
    }
    fd = open(order->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    while (fd >= 0 && len < TEXT_MOST
           && (n = read(fd, text + len, (size_t)(TEXT_MOST - len))) > 0) {
        len += n;
    }
    if (fd < 0) {
        return apr_psprintf(order->p, "%s: %s", order->path, strerror(errno));
    }
    close(fd);
    text[len] = '\0';
    order->seen.exists = 1;
    order->seen.made = apr_time_from_sec(st.st_mtime);
    order->seen.text = text;
    r307_flag_read(order->p, text, &says, &problem);
    order->is_foreign = problem != NULL || st.st_size > TEXT_MOST
                        || strlen(text) != (size_t)len;
    return NULL;
}

/* --- telling --- */

/* "16:02" today, else with the day. */
static const char *clock_of(const order_t *order, apr_time_t when)
{
    time_t then = (time_t)apr_time_sec(when), now = (time_t)apr_time_sec(order->now);
    struct tm a, b;
    char text[40];

    localtime_r(&then, &a);
    localtime_r(&now, &b);
    strftime(text, sizeof(text), a.tm_year == b.tm_year && a.tm_yday == b.tm_yday
             ? "%H:%M" : "%Y-%m-%d %H:%M", &a);
    return apr_pstrdup(order->p, text);
}

static void add(r307_buf_t *list, const char *text)
{
    r307_buf_puts(list, list->len ? ", " : "");
    r307_buf_puts(list, text);
}

/* "/healthz, 2 addresses and the link ?staff=": who and what is not closed. */
static const char *exceptions(const order_t *order, const r307_maintenance_state_t *state)
{
    const r307_maintenance_t *line = order->line;
    int count = line->allow ? line->allow->nelts : 0, i;
    r307_buf_t list;

    r307_buf_make(&list, order->p, 64);
    for (i = 0; i < line->open->nelts; i++) {
        add(&list, APR_ARRAY_IDX(line->open, i, r307_open_t).text);
    }
    count += state->says.allow ? state->says.allow->nelts : 0;
    if (count) {
        add(&list, apr_psprintf(order->p, "%d address%s", count, count == 1 ? "" : "es"));
    }
    if (line->link) {
        add(&list, apr_psprintf(order->p, "who opened ?%s=KEY", line->link->name));
    }
    for (i = 0; i < line->passes->nelts; i++) {
        add(&list, apr_psprintf(order->p, "cookie %s",
                                APR_ARRAY_IDX(line->passes, i, r307_pass_t).text));
    }
    return list.len ? list.s : "";
}

static void tell_place(const order_t *order)
{
    printf("  %s:%u  %s\n", order->line->rule.place.file, order->line->rule.place.line,
           order->args);
}

/* The one sentence, and whether it is closed. */
static int tell(const order_t *order)
{
    const r307_maintenance_t *line = order->line;
    r307_maintenance_state_t state;
    const char *but;

    r307_maintenance_look(order->p, line, &order->seen, order->now, &state);
    if (line->flag && !order->seen.exists) {
        printf("off\n");
        return 0;
    }
    if (!state.in_force && order->now < line->from) {
        printf("off until %s%s\n", clock_of(order, line->from),
               line->flag ? "; the flag is there already" : "");
        return 0;
    }
    if (!state.in_force) {
        printf("off since %s%s\n", clock_of(order, state.until),
               line->flag ? "; the flag is still there" : "");
        return 0;
    }
    if (state.made) {
        printf("on since %s", clock_of(order, state.made));
    }
    else {
        printf("on%s", line->until ? "" : " for ever: no flag=, no until=");
    }
    if (state.eta > order->now) {
        printf(", announced back %s", clock_of(order, state.eta));
    }
    if (state.until) {
        printf(", ends %s", clock_of(order, state.until));
    }
    but = exceptions(order, &state);
    printf("; 503 to everything%s%s\n", *but ? " but " : "", but);
    return 1;
}

/* --- on, off, status --- */

/* Written beside it and renamed: the server never reads half a flag. */
static const char *write_flag(order_t *order)
{
    const char *temporary = apr_pstrcat(order->p, order->path, ".XXXXXX", NULL);
    char *name = apr_pstrdup(order->p, temporary);
    const char *bad = NULL;
    int fd = mkstemp(name), i;
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

    if (!out) {
        return apr_psprintf(order->p, "%s: %s", order->path, strerror(errno));
    }
    fprintf(out, "# redirect307ctl maintenance on, %s\n",
            r307_time_print(order->p, order->now));
    if (order->eta) {
        fprintf(out, "eta=%s\n", r307_time_print(order->p, order->eta));
    }
    if (order->until) {
        fprintf(out, "until=%s\n", r307_time_print(order->p, order->until));
    }
    for (i = 0; i < order->allow->nelts; i++) {
        fprintf(out, "allow=%s\n", APR_ARRAY_IDX(order->allow, i, const char *));
    }
    /* the server's user has to read it */
    if (fchmod(fd, 0644) != 0 || fflush(out) != 0) {
        bad = strerror(errno);
    }
    if (fclose(out) != 0 || bad || rename(name, order->path) != 0) {
        bad = bad ? bad : strerror(errno);
        unlink(name);
        return apr_psprintf(order->p, "%s: %s", order->path, bad);
    }
    return NULL;
}

/* A relative page is where the .htaccess is, so it can be looked for. */
static int has_page(const order_t *order)
{
    const r307_maintenance_t *line = order->line;
    struct stat st;

    return !line->is_relative
        || stat(apr_pstrcat(order->p, directory_of(order->p, order->file),
                            r307_slice_text(order->p, line->page), NULL), &st) == 0;
}

static r307_exit_t foreign(const order_t *order)
{
    return refuse(apr_psprintf(order->p, "%s holds something else than lines of a flag; "
                               "this command leaves it alone", order->path));
}

static r307_exit_t run_on(order_t *order)
{
    const char *bad;
    int is_on;

    if (order->is_foreign) {
        return foreign(order);
    }
    bad = write_flag(order);
    bad = bad ? bad : read_flag(order);
    if (bad) {
        return refuse(bad);
    }
    is_on = tell(order);
    tell_place(order);
    if (!has_page(order)) {
        printf("  %s is not there yet: people get a line of text; make the page\n",
               order->line->rule.target->text);
        return R307_EXIT_FINDINGS;
    }
    return is_on ? R307_EXIT_FINE : R307_EXIT_FINDINGS;
}

static r307_exit_t run_off(order_t *order)
{
    if (!order->seen.exists) {
        printf("off, as it was\n");
        return R307_EXIT_FINE;
    }
    if (order->is_foreign) {
        return foreign(order);
    }
    if (unlink(order->path) != 0) {
        return refuse(apr_psprintf(order->p, "%s: %s", order->path, strerror(errno)));
    }
    printf("off; it was on since %s\n", clock_of(order, order->seen.made));
    return R307_EXIT_FINE;
}

static r307_exit_t run_status(const order_t *order)
{
    int is_on = tell(order);

    tell_place(order);
    return is_on ? R307_EXIT_FINDINGS : R307_EXIT_FINE;
}

/* --- for explain --- */

typedef struct asking_t {
    order_t order;
    const r307_view_t *view;
    r307_slice_t base;
    int unknown;            /* flags that only the server finds */
} asking_t;

static void see_flag(void *baton, const r307_maintenance_t *line, r307_flag_seen_t *seen)
{
    asking_t *a = baton;

    a->order.line = line;
    a->order.args = "";
    memset(&a->order.seen, 0, sizeof(a->order.seen));
    if (find_flag(&a->order) || read_flag(&a->order)) {
        a->unknown++;
        return;
    }
    *seen = a->order.seen;
}

static r307_slice_t tell_base(void *baton, const r307_maintenance_t *line)
{
    (void)line;
    return ((asking_t *)baton)->base;
}

static int governs(void *baton, const r307_maintenance_t *line, const char *page)
{
    const asking_t *a = baton;

    (void)line;
    return a->order.is_conf
        || r307_path_below(page, strlen(page), a->base.s, a->base.len, 0);
}

static void print_halt(apr_pool_t *p, const r307_halt_decision_t *decision)
{
    const r307_maintenance_t *line = decision->line;

    switch (decision->outcome) {
    case R307_HALT_HOLD:
        printf("503, Retry-After %d, %s%s\n", decision->retry_after,
               decision->page ? "with the text of " : "with a line of text",
               decision->page ? decision->page : "");
        break;
    case R307_HALT_LET:
        printf("maintenance lets this request pass, because of who sent it\n");
        break;
    case R307_HALT_OPEN:
        printf("maintenance leaves this path open\n");
        break;
    default:
        printf("307 -> %s%s\n", decision->location,
               decision->cookie ? ", with a cookie" : "");
    }
    printf("  %s:%u  Redirect307Maintenance %s\n", line->rule.place.file,
           line->rule.place.line, r307_maintenance_print(p, line));
    if (decision->outcome == R307_HALT_HOLD && line->answer == R307_MAINTENANCE_AUTO) {
        printf("  this is what a program gets; a browser that opens a page sends "
               "'Sec-Fetch-Mode: navigate'\n");
    }
}

int r307_maintenance_explain(apr_pool_t *p, const r307_maintenance_t *const *lines,
                             int count, const char *file, int is_conf,
                             const r307_view_t *view, r307_slice_t base, int *unknown)
{
    r307_halt_decision_t decision;
    r307_halting_t halting;
    asking_t a;

    memset(&a, 0, sizeof(a));
    a.order.p = p;
    a.order.file = file;
    a.order.is_conf = is_conf;
    a.view = view;
    a.base = base;
    memset(&halting, 0, sizeof(halting));
    halting.view = view;
    halting.address = view->client;
    halting.exempt = r307_exempt_default(p);
    halting.relative = 1;
    halting.flag = see_flag;
    halting.base = tell_base;
    halting.governs = governs;
    halting.baton = &a;
    r307_halt_decide(p, lines, count, &halting, &decision);
    *unknown = a.unknown;
    if (decision.outcome == R307_HALT_NO) {
        return 0;
    }
    print_halt(p, &decision);
    return decision.outcome != R307_HALT_LET && decision.outcome != R307_HALT_OPEN;
}

/* --- the words --- */

/* A time, or a duration from now. */
static const char *take_time(order_t *order, const char *option, const char *value,
                             apr_time_t *when)
{
    r307_eta_t eta;
    const char *bad = r307_eta_parse(order->p, value, &eta);

    if (bad) {
        return apr_psprintf(order->p, "%s '%s' %s", option, value, bad);
    }
    *when = eta.time ? eta.time : order->now + eta.length;
    return *when > order->now ? NULL : apr_psprintf(order->p, "%s '%s' is in the past",
                                                    option, value);
}

static const char *take_option(order_t *order, const char *option, const char *value)
{
    const char *bad;

    if (strcmp(option, "--eta") == 0) {
        return take_time(order, option, value, &order->eta);
    }
    if (strcmp(option, "--until") == 0) {
        return take_time(order, option, value, &order->until);
    }
    if (strcmp(option, "--allow") == 0) {
        bad = r307_net_parse_list(order->p, value,
                                  apr_array_make(order->p, 2, sizeof(r307_net_t)));
        APR_ARRAY_PUSH(order->allow, const char *) = value;
        return bad ? apr_psprintf(order->p, "%s '%s' %s", option, value, bad) : NULL;
    }
    if (strcmp(option, "--name") == 0) {
        order->name = value;
        return NULL;
    }
    if (strcmp(option, "--root") == 0) {
        order->root = value;
        return NULL;
    }
    return apr_psprintf(order->p, "'%s' is no option; see redirect307ctl help", option);
}

static const char *take_words(order_t *order, int argc, const char *const *argv)
{
    const char *bad = NULL;
    struct stat st;
    int i;

    for (i = 0; i < argc && !bad; i++) {
        if (strncmp(argv[i], "--", 2) == 0) {
            bad = i + 1 == argc ? apr_psprintf(order->p, "%s needs a value", argv[i])
                                : take_option(order, argv[i], argv[i + 1]);
            i++;
        }
        else if (!order->verb) {
            order->verb = argv[i];
        }
        else if (!order->file) {
            order->file = argv[i];
        }
        else {
            bad = apr_psprintf(order->p, "'%s' is one word too many", argv[i]);
        }
    }
    if (bad || !order->file) {
        return bad ? bad : "write: redirect307ctl maintenance on|off|status DIR|FILE";
    }
    if (strcmp(order->verb, "on") != 0
        && (order->eta || order->until || order->allow->nelts)) {
        return "--eta, --until and --allow go with on";
    }
    if (stat(order->file, &st) == 0 && S_ISDIR(st.st_mode)) {
        order->file = apr_pstrcat(order->p, order->file, "/.htaccess", NULL);
    }
    return NULL;
}

r307_exit_t r307_maintenance_run(apr_pool_t *p, int argc, const char *const *argv)
{
    order_t order;
    const char *bad;
    int is_status;

    memset(&order, 0, sizeof(order));
    order.p = p;
    order.now = apr_time_from_sec(apr_time_sec(apr_time_now()));
    order.allow = apr_array_make(p, 2, sizeof(const char *));
    bad = take_words(&order, argc, argv);
    if (!bad && strcmp(order.verb, "on") != 0 && strcmp(order.verb, "off") != 0
        && strcmp(order.verb, "status") != 0) {
        bad = apr_psprintf(p, "'%s' is none of on, off and status", order.verb);
    }
    bad = bad ? bad : find_line(&order);
    is_status = !bad && strcmp(order.verb, "status") == 0;
    if (!bad && (order.line->flag || !is_status)) {
        bad = find_flag(&order);
        bad = bad ? bad : read_flag(&order);
    }
    if (bad) {
        return refuse(bad);
    }
    return is_status ? run_status(&order)
        : strcmp(order.verb, "on") == 0 ? run_on(&order) : run_off(&order);
}
