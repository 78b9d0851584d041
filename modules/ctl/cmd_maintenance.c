/* SPDX-License-Identifier: Apache-2.0
 *
 * redirect307ctl maintenance: makes and removes the flag file that a line names, and tells
 * how things are. */
#include "cmd.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <apr_strings.h>
#include "base/datetime.h"
#include "ctl_flag.h"
#include "ctl_httpd.h"

typedef struct order_t {
    apr_pool_t *p;
    const char *verb, *file, *name, *root;
    int is_status;
    ctl_flag_says_t says;
    apr_array_header_t *allow;          /* the same as says.allow */
    /* what the file has */
    apr_array_header_t *lines;          /* of const ctl_line_t *: that are meant */
    const char *always;                 /* what its place leaves open by itself, or NULL */
    ctl_reach_t reach;                 /* the file, as it was read */
    const char *bad;                    /* the first line that is none, with its place */
    ctl_flag_t flag;                    /* of the one that is meant */
} order_t;

static ctl_exit_t refuse(const char *text)
{
    fprintf(stderr, "redirect307ctl maintenance: %s\n", text);
    return CTL_EXIT_UNKNOWN;
}

/* --- the line --- */

/* Open at the root of a site; only the server knows where a directory lies. */
static const char *open_always(const ctl_line_t *what)
{
    const char *in = what->container ? what->container : what->is_conf ? "Location /" : "";

    return strncmp(in, "VirtualHost", 11) == 0 || strcmp(in, "Location /") == 0
        ? "robots.txt, sitemaps" : strncmp(in, "Location /", 10) == 0 ? NULL
        : "robots.txt, sitemaps if this is the root of the site";
}

/* One flag of several is switched by the lines that name it together. */
static int has_flag(const order_t *order, const r307_maintenance_t *line)
{
    int i;

    for (i = 0; line->flag && i < order->lines->nelts; i++) {
        const r307_maintenance_t *known = APR_ARRAY_IDX(order->lines, i,
                                                        const ctl_line_t *)->maintenance;

        if (known->flag && strcmp(known->flag, line->flag) == 0
            && strcmp(known->rule.place.file, line->rule.place.file) == 0) {
            return 1;
        }
    }
    return 0;
}

static void take_line(order_t *order, const ctl_line_t *found)
{
    const r307_maintenance_t *line = found->maintenance;

    if (found->row && found->row->kind == R307_LINE_MAINTENANCE && found->bad) {
        order->bad = order->bad ? order->bad : ctl_line_text(order->p, found, found->bad);
    }
    if (line && (!order->name
                 || (line->rule.name && strcmp(line->rule.name, order->name) == 0))
        && !has_flag(order, line)) {
        APR_ARRAY_PUSH(order->lines, const ctl_line_t *) = found;
    }
}

/* From here on it is about that line. */
static void choose(order_t *order, int i)
{
    const ctl_line_t *found = APR_ARRAY_IDX(order->lines, i, const ctl_line_t *);

    memset(&order->flag, 0, sizeof(order->flag));
    order->flag.p = order->p;
    order->reach = *found->reach;
    order->flag.reach = &order->reach;
    order->flag.line = found->maintenance;
    order->always = open_always(found);
    order->flag.args = apr_pstrcat(order->p, found->directive, " ", found->args, NULL);
}

/* The lines of the file, or of all of httpd.conf. */
static const char *load(order_t *order, const ctl_args_t *args)
{
    ctl_httpd_t *httpd;
    ctl_site_t *site;
    const char *bad;
    int i;

    if (order->file) {
        site = apr_palloc(order->p, sizeof(*site));
        ctl_site_make(site, order->p);
        site->root = order->root;
        site->no_maps = 1;
        bad = ctl_site_load_name(site, order->file, &order->reach);
    }
    else {
        httpd = apr_palloc(order->p, sizeof(*httpd));
        ctl_httpd_make(httpd, order->p);
        site = &httpd->lines;
        site->no_maps = 1;
        bad = ctl_httpd_load(httpd, args);
        order->file = httpd->file;
        order->reach.is_conf = 1;
    }
    for (i = 0; !bad && i < site->lines->nelts; i++) {
        take_line(order, APR_ARRAY_IDX(site->lines, i, const ctl_line_t *));
    }
    return bad;
}

static const char *find_lines(order_t *order, const ctl_args_t *args)
{
    int tells_all = !order->file && order->is_status;
    const char *bad = load(order, args);

    if (bad) {
        return bad;
    }
    if (order->lines->nelts) {
        choose(order, 0);
        return order->lines->nelts == 1 || tells_all ? NULL
            : apr_psprintf(order->p, "%s has %d maintenance lines with flags of their own; "
                           "give them name= and say which: --name %s", order->file,
                           order->lines->nelts, order->flag.line->rule.name
                                                ? order->flag.line->rule.name : "NAME");
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

/* --- telling --- */

/* "16:02" today, else with the day. */
static const char *clock_of(const order_t *order, apr_time_t when)
{
    struct tm a, b;
    char text[40];

    r307_time_local(when, &a);
    r307_time_local(order->says.now, &b);
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
    const r307_maintenance_t *line = order->flag.line;
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
    const char *page = order->flag.line->rule.target->text;

    switch (order->flag.line->answer) {
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
    printf("  %s:%u  %s\n", order->flag.line->rule.place.file, order->flag.line->rule.place.line,
           order->flag.args);
}

/* The one sentence, and whether it is closed. */
static int tell(const order_t *order)
{
    const r307_maintenance_t *line = order->flag.line;
    r307_maintenance_state_t state;
    const char *but;

    r307_maintenance_look(order->p, line, &order->flag.seen, order->says.now, &state);
    if (line->flag && !order->flag.seen.exists) {
        printf("off\n");
        return 0;
    }
    if (!state.in_force && order->says.now < line->from) {
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
    if (state.eta > order->says.now) {
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

/* What is to be seen from here of the page, as text to stand behind its name; NULL: all is
 * well, or it cannot be told. A relative page is where the .htaccess is. */
static const char *page_problem(const order_t *order, const char **name)
{
    const r307_maintenance_t *line = order->flag.line;
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

static ctl_exit_t foreign(const order_t *order)
{
    return refuse(apr_psprintf(order->p, "%s holds something else than lines of a flag; "
                               "this command leaves it alone", order->flag.path));
}

static ctl_exit_t run_on(order_t *order)
{
    const char *bad, *name;
    int is_on;

    if (order->flag.is_foreign) {
        return foreign(order);
    }
    bad = ctl_flag_write(&order->flag, &order->says);
    bad = bad ? bad : ctl_flag_read(&order->flag);
    if (bad) {
        return refuse(bad);
    }
    is_on = tell(order);
    tell_place(order);
    bad = page_problem(order, &name);
    if (bad) {
        printf("  %s %s\n", name, bad);
        return CTL_EXIT_FINDINGS;
    }
    return is_on ? CTL_EXIT_FINE : CTL_EXIT_FINDINGS;
}

static ctl_exit_t run_off(order_t *order)
{
    const char *bad;

    if (!order->flag.seen.exists) {
        printf("off, as it was\n");
        return CTL_EXIT_FINE;
    }
    if (order->flag.is_foreign) {
        return foreign(order);
    }
    bad = ctl_flag_remove(&order->flag);
    if (bad) {
        return refuse(bad);
    }
    printf("off; it was on since %s\n", clock_of(order, order->flag.seen.made));
    return CTL_EXIT_FINE;
}

/* NULL, or why its flag cannot be seen. */
static const char *see_flag(order_t *order)
{
    const char *bad = ctl_flag_find(&order->flag);

    return bad ? bad : ctl_flag_read(&order->flag);
}

static ctl_exit_t run_status(order_t *order)
{
    ctl_exit_t result = CTL_EXIT_FINE;
    int i;

    for (i = 0; i < order->lines->nelts; i++) {
        const char *bad;

        choose(order, i);
        bad = order->flag.line->flag ? see_flag(order) : NULL;
        if (bad) {
            result = refuse(bad);
            continue;
        }
        if (tell(order) && result == CTL_EXIT_FINE) {
            result = CTL_EXIT_FINDINGS;
        }
        tell_place(order);
    }
    return result;
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
    *when = eta.time ? eta.time : order->says.now + eta.length;
    return *when > order->says.now ? NULL : apr_psprintf(order->p, "%s '%s' is in the past",
                                                    option, value);
}

static const char *take_allow(order_t *order, const char *value)
{
    const char *bad = r307_net_parse_list(order->p, value,
                                          apr_array_make(order->p, 2, sizeof(r307_net_t)));

    APR_ARRAY_PUSH(order->allow, const char *) = value;
    return bad ? apr_psprintf(order->p, "--allow '%s' %s", value, bad) : NULL;
}

static const char *take_words(order_t *order, const ctl_args_t *args)
{
    const char *eta = ctl_args_value(args, "eta"), *until = ctl_args_value(args, "until");
    const char *bad = NULL, *allow;
    struct stat st;
    int i;

    order->name = ctl_args_value(args, "name");
    order->root = ctl_args_value(args, "root");
    for (i = 0; !bad && (allow = ctl_args_nth(args, "allow", i)) != NULL; i++) {
        bad = take_allow(order, allow);
    }
    bad = bad || !eta ? bad : take_time(order, "--eta", eta, &order->says.eta);
    bad = bad || !until ? bad : take_time(order, "--until", until, &order->says.until);
    if (!bad && strcmp(order->verb, "on") != 0
        && (order->says.eta || order->says.until || order->allow->nelts)) {
        bad = "--eta, --until and --allow go with on";
    }
    if (!bad && order->file && (ctl_args_value(args, "f") || ctl_args_value(args, "D"))) {
        bad = "-f and -D are of a whole httpd, and a file stands behind them; leave one of "
              "them out";
    }
    if (order->file && stat(order->file, &st) == 0 && S_ISDIR(st.st_mode)) {
        order->file = apr_pstrcat(order->p, order->file, "/.htaccess", NULL);
    }
    return bad;
}

ctl_exit_t ctl_cmd_maintenance(const ctl_args_t *args)
{
    order_t order;
    const char *bad;

    memset(&order, 0, sizeof(order));
    order.p = args->p;
    order.verb = args->words[0];
    order.file = args->count > 1 ? args->words[1] : NULL;
    order.says.now = apr_time_from_sec(apr_time_sec(apr_time_now()));
    order.says.allow = order.allow = apr_array_make(order.p, 2, sizeof(const char *));
    order.lines = apr_array_make(order.p, 2, sizeof(const ctl_line_t *));
    bad = take_words(&order, args);
    if (!bad && strcmp(order.verb, "on") != 0 && strcmp(order.verb, "off") != 0
        && strcmp(order.verb, "status") != 0) {
        bad = apr_psprintf(order.p, "'%s' is none of on, off and status", order.verb);
    }
    order.is_status = strcmp(order.verb, "status") == 0;
    bad = bad ? bad : find_lines(&order, args);
    if (!bad && order.is_status) {
        return run_status(&order);
    }
    bad = bad ? bad : see_flag(&order);
    if (bad) {
        return refuse(bad);
    }
    return strcmp(order.verb, "on") == 0 ? run_on(&order) : run_off(&order);
}
