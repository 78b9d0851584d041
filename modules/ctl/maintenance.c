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
#include "base/datetime.h"
#include "base/disk.h"
#include "maintenance/maintenance.h"

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
    const char *always;                 /* what its place leaves open by itself, or NULL */
    r307_reach_t reach;                 /* the file, as it was read */
    const char *bad;                    /* the first line that is none, with its place */
    /* the flag */
    const char *path;                   /* as it is shown */
    int folder;                         /* a descriptor of its directory */
    const char *leaf;                   /* its name there */
    r307_flag_seen_t seen;
    int is_foreign;                     /* holds something else than a flag's lines */
} order_t;

static r307_exit_t refuse(const char *text)
{
    fprintf(stderr, "redirect307ctl maintenance: %s\n", text);
    return R307_EXIT_UNKNOWN;
}

/* --- the line --- */

/* Open at the root of a site; only the server knows where a directory lies. */
static const char *open_always(const r307_met_t *what)
{
    const char *in = what->container ? what->container : what->is_conf ? "Location /" : "";

    return strncmp(in, "VirtualHost", 11) == 0 || strcmp(in, "Location /") == 0
        ? "robots.txt, sitemaps" : strncmp(in, "Location /", 10) == 0 ? NULL
        : "robots.txt, sitemaps if this is the root of the site";
}

static void met(void *baton, const r307_met_t *what)
{
    order_t *order = baton;
    r307_maintenance_t *line;
    const char *bad;

    if (!r307_file_is(what, R307_LINE_MAINTENANCE)) {
        return;
    }
    bad = r307_file_check(order->p, what);
    bad = bad ? bad : r307_maintenance_parse(order->p, what->args, what->place, &what->context, &line);
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
        order->always = open_always(what);
        order->args = apr_pstrcat(order->p, what->directive, " ", what->args, NULL);
    }
}

static const char *find_line(order_t *order)
{
    r307_named_t found;
    const char *bad = r307_reach_name(order->p, order->file, &found);

    bad = bad ? bad : r307_reach_read(order->p, &found, &order->reach);
    if (!bad) {
        order->reach.root = order->root;
        r307_file_read(order->p, &order->reach, met, order);
    }
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
                          order->reach.is_conf ? "/down/" : "down/");
}

/* --- the flag --- */

/* Where the server will look. */
static const char *find_flag(order_t *order)
{
    const char *flag = order->line->flag, *file, *bad;

    if (!flag) {
        return apr_psprintf(order->p, "%s:%u: this line has no flag=, so it is in force "
                            "whenever its window is; write: %s flag=down.on",
                            order->line->rule.place.file, order->line->rule.place.line,
                            order->args);
    }
    if (r307_reach_is_elsewhere(&order->reach, flag)) {
        return apr_psprintf(order->p, "flag='%s' is relative to ServerRoot; say which that "
                            "is: --root DIR", flag);
    }
    file = order->reach.is_conf ? flag : r307_reach_relative(order->p, &order->reach, flag);
    if (!order->reach.is_conf && (*file == '/' || r307_disk_climbs(file))) {
        return apr_psprintf(order->p, "flag='%s' lies outside of the directory of this "
                            ".htaccess, where the server does not look; write "
                            "flag=down.on", flag);
    }
    order->path = *file == '/' ? file
        : apr_pstrcat(order->p, order->reach.is_conf ? order->root
                                                     : order->reach.directory, "/", file,
                      NULL);
    bad = r307_reach_parent(order->p, &order->reach, file, &order->folder, &order->leaf);
    return bad ? apr_psprintf(order->p, "flag='%s': %s; this command leaves it alone", flag,
                              bad) : NULL;
}

static const char *take_flag_text(order_t *order, const r307_opened_t *opened)
{
    char *text = apr_palloc(order->p, TEXT_MOST + 1);
    r307_flag_says_t says;
    ssize_t n, len = 0;

    while (len < TEXT_MOST
           && (n = read(opened->fd, text + len, (size_t)(TEXT_MOST - len))) > 0) {
        len += n;
    }
    close(opened->fd);
    text[len] = '\0';
    order->seen.exists = 1;
    order->seen.made = apr_time_from_sec((apr_time_t)(opened->written / 1000000000u));
    order->seen.text = text;
    r307_flag_read(order->p, text, &says);
    order->is_foreign = says.problems != NULL || opened->size > TEXT_MOST
                        || strlen(text) != (size_t)len;
    return NULL;
}

static const char *read_flag(order_t *order)
{
    r307_opened_t opened;

    switch (r307_open_below(order->folder, order->leaf, NULL, &opened)) {
    case R307_OPEN_FINE:
        return take_flag_text(order, &opened);
    case R307_OPEN_MISSING:
        return NULL;
    case R307_OPEN_FAILED:
        return apr_psprintf(order->p, "%s: %s", order->path, strerror(opened.error));
    default:
        return apr_psprintf(order->p, "%s is no plain file; this command leaves it alone",
                            order->path);
    }
}

/* --- telling --- */

/* "16:02" today, else with the day. */
static const char *clock_of(const order_t *order, apr_time_t when)
{
    struct tm a, b;
    char text[40];

    r307_time_local(when, &a);
    r307_time_local(order->now, &b);
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
    if (!line->open_none && order->always) {
        add(&list, order->always);
    }
    return list.len ? list.s : "";
}

/* What the server does, for whom. */
static const char *answers(const order_t *order)
{
    const char *page = order->line->rule.target->text;

    switch (order->line->answer) {
    case R307_MAINTENANCE_307:
        return apr_psprintf(order->p, "307 to %s for everything", page);
    case R307_MAINTENANCE_503:
        return "503 to everything";
    default:
        return apr_psprintf(order->p, "307 to %s for page loads, 503 to everything else",
                            page);
    }
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
    printf("; %s%s%s\n", answers(order), *but ? " but " : "", but);
    return 1;
}

/* --- on, off, status --- */

/* A new file beside the flag, that nobody else had a name for. */
static int make_temporary(const order_t *order, const char **name)
{
    int i, fd = -1;

    for (i = 0; i < 100 && fd < 0; i++) {
        *name = apr_psprintf(order->p, "%s.%" APR_TIME_T_FMT ".%d", order->leaf,
                             apr_time_now(), (int)getpid());
        fd = openat(order->folder, *name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                                          | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST) {
            break;
        }
    }
    return fd;
}

/* Written beside it and renamed: the server never reads half a flag. */
static const char *write_flag(order_t *order)
{
    const char *name = NULL, *bad = NULL;
    int fd = make_temporary(order, &name), i;
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
    if (fclose(out) != 0 || bad
        || renameat(order->folder, name, order->folder, order->leaf) != 0) {
        bad = bad ? bad : strerror(errno);
        unlinkat(order->folder, name, 0);
        return apr_psprintf(order->p, "%s: %s", order->path, bad);
    }
    return NULL;
}

/* What is to be seen from here of the page, as text to stand behind its name; NULL: all is
 * well, or it cannot be told. A relative page is where the .htaccess is. */
static const char *page_problem(const order_t *order, const char **name)
{
    const r307_maintenance_t *line = order->line;
    const char *page = line->file ? line->file
                                  : r307_slice_text(order->p, line->page);
    r307_open_result_t result;
    r307_opened_t opened;

    *name = line->file ? line->file : line->rule.target->text;
    if (!line->file && (!line->is_relative || order->reach.is_conf)) {
        return NULL;
    }
    page += order->reach.is_conf ? 0 : strspn(page, "/");
    result = order->reach.is_conf ? r307_open_named(page, 0, NULL, &opened)
                                  : r307_open_below(order->reach.folder, page, NULL,
                                                    &opened);
    if (result == R307_OPEN_FINE) {
        close(opened.fd);
        return NULL;
    }
    if (result == R307_OPEN_MISSING || result == R307_OPEN_NO_FOLDER) {
        return "is not there yet: people get a short text; make the page";
    }
    if (result != R307_OPEN_NOT_PLAIN || page[strlen(page) - 1] == '/') {
        return NULL;
    }
    return line->file ? apr_psprintf(order->p, "is a folder; write page=%s/index.html",
                                     line->file)
                      : apr_psprintf(order->p, "is a folder; write %s/",
                                     line->rule.target->text);
}

static r307_exit_t foreign(const order_t *order)
{
    return refuse(apr_psprintf(order->p, "%s holds something else than lines of a flag; "
                               "this command leaves it alone", order->path));
}

static r307_exit_t run_on(order_t *order)
{
    const char *bad, *name;
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
    bad = page_problem(order, &name);
    if (bad) {
        printf("  %s %s\n", name, bad);
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
    if (unlinkat(order->folder, order->leaf, 0) != 0) {
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
    return a->order.reach.is_conf
        || r307_path_below(page, strlen(page), a->base.s, a->base.len, 0);
}

static void print_halt(apr_pool_t *p, const r307_halt_decision_t *decision)
{
    const r307_maintenance_t *line = decision->line;

    switch (decision->outcome) {
    case R307_HALT_HOLD:
        printf("503, Retry-After %d, %s%s\n", decision->retry_after,
               line->file || decision->page ? "with the text of " : "with a short text",
               line->file ? line->file : decision->page ? decision->page : "");
        break;
    case R307_HALT_SHOW:
        printf("200, a file of the folder of page=%s: %s\n", line->file,
               decision->beside ? decision->beside : "the page itself");
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
                             int count, const r307_reach_t *reach,
                             const r307_view_t *view, r307_slice_t base, int *unknown)
{
    r307_halt_decision_t decision;
    r307_halting_t halting;
    asking_t a;

    memset(&a, 0, sizeof(a));
    a.order.p = p;
    a.order.reach = *reach;
    a.order.root = reach->root;
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
    return apr_psprintf(order->p, "'%s' is no option; see redirect307ctl help maintenance",
                        option);
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
