/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <string.h>
#include <apr_strings.h>

#include "ctl_docroot.h"
#include "ctl_htaccess.h"
#include "ctl_lint.h"
#include "ctl_offer.h"

typedef struct linting_t {
    apr_pool_t *p;
    ctl_sayings_t sayings;
    ctl_lint_t lint;
    const ctl_args_t *args;
    int files, empty;           /* empty: named, and nothing to check in it */
} linting_t;

static void say(linting_t *linting, ctl_saying_kind_t kind, const char *file, unsigned line,
                const char *text)
{
    ctl_saying_t saying = { .kind = kind, .file = file, .line = line, .text = text };

    ctl_sayings_add(&linting->sayings, &saying);
}

/* A file in which there was nothing to look at. */
static void say_empty(linting_t *linting, const char *name, const char *text)
{
    say(linting, CTL_SAYING_UNREAD, r307_text_show(linting->p, name, strlen(name)), 0,
        apr_pstrdup(linting->p, text));
}

static void unread(void *baton, const char *name, const char *why)
{
    linting_t *linting = baton;

    linting->lint.sum.unreadable++;
    say_empty(linting, name, why);
}

/* Before what is left is told. NULL, or why nothing is written. */
static const char *mend(linting_t *linting, const ctl_named_t *found)
{
    ctl_fix_t fix = { .p = linting->p, .root = linting->lint.root, .found = found };
    const char *bad = ctl_fix_make(&fix);
    ctl_offer_t offer;

    bad = bad ? bad : ctl_offer(linting->args, &fix, &offer);
    if (!bad && offer == CTL_OFFER_WRITTEN) {
        linting->lint.sum.mended += fix.count;
    }
    return bad;
}

static void lint_file(void *baton, const ctl_named_t *found)
{
    linting_t *linting = baton;
    ctl_site_t site;
    const char *bad = NULL;

    linting->files++;
    if (ctl_args_value(linting->args, "fix")) {
        bad = mend(linting, found);
    }
    bad = bad ? bad : ctl_lint_file(&linting->lint, found, NULL, &site);
    ctl_sayings_flush(&linting->sayings);
    if (bad) {
        unread(linting, found->path, bad);
    }
}

/* --- the whole of an httpd --- */

static void audit_blocks(linting_t *linting, const ctl_site_t *site,
                         const r307_blocks_t *blocks)
{
    int i;

    for (i = 0; blocks && i < blocks->count; i++) {
        ctl_lint_together(&linting->lint, site, blocks->at[i]->rules);
    }
}

static void audit_parts(linting_t *linting, const ctl_site_t *site,
                        const apr_array_header_t *sections)
{
    int i;

    for (i = 0; i < sections->nelts; i++) {
        const r307_area_section_t *section = APR_ARRAY_IDX(sections, i,
                                                           r307_area_section_t *);

        audit_blocks(linting, site, section->part.conf->early);
        audit_blocks(linting, site, section->part.conf->late);
    }
}

static void audit_server(linting_t *linting, const ctl_site_t *site,
                         const r307_server_t *server)
{
    audit_blocks(linting, site, server->part.conf->early);
    audit_parts(linting, site, server->directories);
    audit_parts(linting, site, server->locations);
}

static void say_problems(linting_t *linting, const apr_array_header_t *problems)
{
    int i;

    for (i = 0; i < problems->nelts; i++) {
        const r307_problem_t *problem = &APR_ARRAY_IDX(problems, i, r307_problem_t);

        linting->lint.sum.findings++;
        say(linting, CTL_SAYING_ERROR, problem->file, problem->line, problem->text);
    }
}

/* httpd.conf with all that it includes. */
static void lint_httpd(linting_t *linting, const ctl_args_t *args)
{
    ctl_httpd_t *x = apr_palloc(linting->p, sizeof(*x));
    apr_hash_index_t *at;
    const char *bad;
    int i;

    linting->files++;
    ctl_httpd_make(x, linting->p);
    ctl_lint_begin(&linting->lint, &x->lines);
    bad = ctl_httpd_load(x, args);
    if (bad) {
        unread(linting, x->file ? x->file : "httpd.conf", bad);
        return;
    }
    linting->lint.ours = x->lines.ours;
    ctl_httpd_check(x);
    say_problems(linting, x->tree.problems);
    ctl_lint_lines(&linting->lint, &x->lines);
    audit_server(linting, &x->lines, x->site.main);
    for (i = 0; i < x->site.hosts->nelts; i++) {
        audit_server(linting, &x->lines,
                     APR_ARRAY_IDX(x->site.hosts, i, const r307_server_t *));
    }
    for (at = apr_hash_first(linting->p, x->reaches); at; at = apr_hash_next(at)) {
        const ctl_reach_t *reach = apr_hash_this_val(at);

        ctl_others_count(reach->bytes, linting->lint.sum.others);
    }
    ctl_sayings_flush(&linting->sayings);
    if (!linting->lint.ours) {
        linting->empty++;
        say_empty(linting, x->file, ctl_site_empty(linting->p, x->file));
    }
}

/* --- the .htaccess files of an httpd --- */

typedef struct homes_t {
    linting_t *linting;
    ctl_httpd_t httpd;
} homes_t;

static void say_refusals(linting_t *linting, const apr_array_header_t *refused)
{
    int i;

    for (i = 0; i < refused->nelts; i++) {
        const ctl_refusal_t *refusal = &APR_ARRAY_IDX(refused, i, ctl_refusal_t);
        ctl_saying_t saying = {
            .kind = CTL_SAYING_ERROR, .file = refusal->file, .line = refusal->line,
            .directive = refusal->directive, .text = refusal->text
        };

        linting->lint.sum.findings++;
        ctl_sayings_add(&linting->sayings, &saying);
    }
}

/* Each in a pool of its own: there may be many. */
static void lint_home(void *baton, const ctl_home_t *home)
{
    homes_t *homes = baton;
    linting_t *linting = homes->linting;
    apr_pool_t *p = linting->p, *one;
    ctl_site_t site;
    const char *bad;

    linting->files++;
    apr_pool_create(&one, p);
    linting->lint.p = linting->p = linting->sayings.p = one;
    bad = ctl_lint_file(&linting->lint, home->found, NULL, &site);
    if (!bad) {
        say_refusals(linting, ctl_htaccess_refusals(&homes->httpd, one, home, &site));
    }
    ctl_sayings_flush(&linting->sayings);
    linting->lint.p = linting->p = linting->sayings.p = p;
    linting->lint.map = NULL;
    if (bad) {
        unread(linting, home->found->path, bad);
    }
    apr_pool_destroy(one);
}

static void unread_home(void *baton, const char *name, const char *why)
{
    unread(((homes_t *)baton)->linting, name, why);
}

/* All of them, or those in the directories that were named. */
static void lint_homes(linting_t *linting, const ctl_args_t *args)
{
    homes_t homes = { linting, { 0 } };
    const ctl_homing_t homing = { lint_home, unread_home, &homes };
    const char *bad;

    ctl_httpd_make(&homes.httpd, linting->p);
    homes.httpd.lines.no_maps = 1;
    bad = ctl_httpd_load(&homes.httpd, args);
    if (bad) {
        unread(linting, homes.httpd.file ? homes.httpd.file : "httpd.conf", bad);
        return;
    }
    ctl_homes_each(&homes.httpd, args->words, args->count, &homing);
    if (!linting->files) {
        linting->empty++;
        say_empty(linting, homes.httpd.file, apr_pstrcat(linting->p, homes.httpd.file,
                  ": httpd reads no .htaccess there", NULL));
    }
}

/* --- what was named --- */

/* What was named, and whether there was anything to check in it. */
static void lint_named(linting_t *linting, const char *name)
{
    const ctl_meeting_t meeting = { lint_file, unread, linting };
    int files = linting->files, unreadable = linting->lint.sum.unreadable;

    linting->lint.ours = 0;
    ctl_reach_each(linting->p, name, &meeting);
    if (linting->lint.ours || linting->lint.sum.unreadable != unreadable) {
        return;
    }
    linting->empty++;
    say_empty(linting, name, linting->files == files
               ? apr_pstrcat(linting->p, r307_text_show(linting->p, name, strlen(name)),
                             ": no .htaccess found", NULL)
               : ctl_site_empty(linting->p, name));
}

/* NULL, or why --fix and --yes cannot be meant. */
static const char *refuse_fix(const ctl_args_t *args)
{
    int i;

    if (!ctl_args_value(args, "fix")) {
        return ctl_args_value(args, "yes") ? "--yes goes with --fix" : NULL;
    }
    if (!args->count || ctl_args_value(args, "homes")) {
        return "--fix writes files; name them";
    }
    for (i = 0; i < args->count; i++) {
        if (strcmp(args->words[i], "-") == 0) {
            return "--fix writes files, and standard input is none; name one";
        }
    }
    return ctl_args_value(args, "format") ? "--fix speaks to people; leave --format out"
                                          : NULL;
}

static const char *open_docroot(linting_t *linting, const ctl_args_t *args)
{
    const char *name = ctl_args_value(args, "docroot"), *bad;
    ctl_docroot_t *docroot;

    if (!name) {
        return NULL;
    }
    if (!args->count) {
        return "--docroot is of files; name them, such as its .htaccess";
    }
    bad = ctl_docroot_open(args->p, name, &docroot);
    linting->lint.docroot = bad ? NULL : docroot;
    return bad;
}

ctl_exit_t ctl_cmd_lint(const ctl_args_t *args)
{
    linting_t linting = { .p = args->p };
    ctl_sum_t *sum = &linting.lint.sum;
    const char *bad;
    int i, is_homes;

    linting.lint.p = args->p;
    linting.lint.sayings = &linting.sayings;
    linting.lint.root = ctl_args_value(args, "root");
    is_homes = ctl_args_value(args, "homes") != NULL;
    if (args->count && !is_homes
        && (ctl_args_value(args, "f") || ctl_args_value(args, "D"))) {
        return ctl_args_refuse(args, "-f and -D are of a whole httpd, and a file stands "
                                     "behind them; leave one of them out");
    }
    linting.args = args;
    bad = refuse_fix(args);
    bad = bad ? bad : open_docroot(&linting, args);
    bad = bad ? bad : ctl_sayings_begin(&linting.sayings, args);
    if (bad) {
        return ctl_args_refuse(args, bad);
    }
    if (is_homes) {
        lint_homes(&linting, args);
    }
    else if (!args->count) {
        lint_httpd(&linting, args);
    }
    for (i = 0; i < args->count && !is_homes; i++) {
        lint_named(&linting, args->words[i]);
    }
    sum->is_nothing = !linting.files
        || (!sum->findings && !sum->fine && !sum->notes && !sum->unknown
            && sum->unreadable + linting.empty);
    ctl_sayings_end(&linting.sayings, sum);
    if (sum->unknown || sum->unreadable || linting.empty) {
        return CTL_EXIT_UNKNOWN;
    }
    return sum->findings ? CTL_EXIT_FINDINGS : CTL_EXIT_FINE;
}
