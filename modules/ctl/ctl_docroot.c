/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_docroot.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "ctl_others.h"
#include "file/folder.h"
#include "lint/lint_ask.h"

struct ctl_docroot_t {
    const char *name;           /* as it may be shown */
    const char *real;           /* without links and without a final slash */
    int fd;
};

/* One file's rules. */
typedef struct auditing_t {
    apr_pool_t *p;              /* of one rule */
    const ctl_docroot_t *docroot;
    const ctl_docroot_calls_t *calls;
    r307_scope_t scope;
    const char *base;           /* URL of the file's directory, with slashes at both ends */
    int has_others;             /* others answer for what is not there */
} auditing_t;

const char *ctl_docroot_open(apr_pool_t *p, const char *name, ctl_docroot_t **docroot)
{
    r307_opened_t opened;
    r307_open_result_t result = r307_open_folder(name, NULL, &opened);
    const char *shown = r307_text_show(p, name, strlen(name));
    char *real = realpath(name, NULL);
    ctl_docroot_t *made;

    if (result != R307_OPEN_FINE || !real) {
        free(real);
        return apr_psprintf(p, "--docroot %s: %s", shown,
                            result == R307_OPEN_FINE ? "cannot be found"
                                                     : r307_open_text(p, result, &opened));
    }
    made = apr_palloc(p, sizeof(*made));
    made->name = shown;
    made->real = strcmp(real, "/") == 0 ? "" : apr_pstrdup(p, real);
    made->fd = opened.fd;
    free(real);
    *docroot = made;
    return NULL;
}

/* --- what is there --- */

/* "about" for "about.html", which MultiViews finds. */
static int has_variant(const ctl_docroot_t *docroot, const char *folder, const char *name)
{
    DIR *dir = r307_folder_open(docroot->fd, *folder ? folder : ".");
    size_t len = strlen(name);
    r307_entry_t entry;
    const char *at;
    int found = 0;

    if (!dir) {
        return 0;
    }
    while (!found && (at = r307_folder_next(dir, &entry)) != NULL) {
        found = strncmp(at, name, len) == 0 && at[len] == '.';
    }
    r307_folder_close(dir);
    return found;
}

/* Whether a path, decoded, is a file, a folder, or what a program gets behind its name. */
static int is_there(const ctl_docroot_t *docroot, apr_pool_t *p, r307_slice_t dec,
                    int wants_variants)
{
    char *path = (char *)r307_slice_text(p, dec), *slash;
    struct stat st;

    path += strspn(path, "/");
    if (strlen(path) != dec.len - strspn(dec.s, "/")) {
        return 0;               /* a NUL in it */
    }
    if (!*path || fstatat(docroot->fd, path, &st, 0) == 0) {
        return 1;
    }
    path = apr_pstrdup(p, path);
    slash = strrchr(path, '/');
    if (wants_variants && has_variant(docroot, slash ? apr_pstrmemdup(p, path, (size_t)
                                                       (slash - path)) : "",
                                      slash ? slash + 1 : path)) {
        return 1;
    }
    while ((slash = strrchr(path, '/')) != NULL) {
        *slash = '\0';
        if (fstatat(docroot->fd, path, &st, 0) == 0) {
            return S_ISREG(st.st_mode);
        }
    }
    return 0;
}

static void say(const auditing_t *a, r307_finding_t finding, const r307_rule_t *rule,
                const char *what, r307_slice_t dec)
{
    const char *file = apr_pstrcat(a->p, a->docroot->name, r307_text_show(a->p, dec.s, dec.len),
                                   NULL);
    apr_array_header_t *doubts = apr_array_make(a->p, 1, sizeof(r307_doubt_t));
    const r307_finding_row_t *row = r307_finding_row(finding);

    r307_lint_push(finding, rule,
                   apr_psprintf(a->p, "%s '%s' %s: %s", row->id,
                                r307_text_show(a->p, what, strlen(what)), row->why, file),
                   doubts);
    a->calls->say(a->calls->baton, rule, doubts);
}

/* --- pages that nobody sees --- */

static void audit_source(const auditing_t *a, const r307_rule_t *rule)
{
    const char *sample = r307_ask_sample(a->p, &a->scope, rule);
    const r307_path_t *path;

    if (!sample || rule->cond_count || rule->group || rule->plan.until.text
        || rule->target->kind == R307_TARGET_STOP) {
        return;                 /* some see it, or all do again */
    }
    path = r307_path_make(a->p, r307_slice(sample, strlen(sample)));
    if (path->len > 1 && is_there(a->docroot, a->p, r307_slice(path->dec, path->len), 0)) {
        say(a, R307_FINDING_HIDES, rule, rule->source, r307_slice(path->dec, path->len));
    }
}

/* --- targets that are no page --- */

/* Where it leads on this site: the path; NULL: elsewhere, or by what a request says. */
static const r307_path_t *target_of(const auditing_t *a, const r307_rule_t *rule)
{
    const char *sample = r307_ask_sample(a->p, &a->scope, rule), *text = rule->target->text;
    r307_url_t base, ref, url;

    if ((rule->target->kind != R307_TARGET_PATH && rule->target->kind != R307_TARGET_RELATIVE)
        || rule->target->inserts || rule->carry) {
        return NULL;
    }
    sample = a->scope.directory ? a->base : sample;
    if (!sample && rule->target->kind == R307_TARGET_RELATIVE) {
        return NULL;
    }
    sample = sample ? sample : "/";
    r307_url_split(sample, strlen(sample), &base);
    r307_url_split(text, strlen(text), &ref);
    r307_url_resolve(a->p, &base, &ref, &url);
    return r307_path_make(a->p, url.path.len ? url.path : r307_slice("/", 1));
}

/* Whether any rule may answer there. */
static int is_answered(const auditing_t *a, const r307_path_t *path)
{
    static const r307_self_t self = { "http", "localhost", 80 };
    r307_asked_t asked = { NULL, NULL, 0, NULL, R307_TIMES_ALL, 0, NULL };
    r307_captures_t captures;
    r307_cursor_t cursor;
    r307_found_t how;
    r307_view_t view;

    if (!r307_ask_view(a->p, &self, "/", &view)) {
        return 1;
    }
    view.path = path;
    asked.view = &view;
    captures.scratch = NULL;
    r307_cursor_make(a->p, &a->scope, &asked, R307_STEPS_DEFAULT, &cursor);
    return r307_cursor_next(a->p, &cursor, &captures, &how) != NULL;
}

/* Whether another .htaccess lies on the way there: what it has may answer. */
static int has_htaccess(const auditing_t *a, const r307_path_t *path)
{
    const char *dec = r307_slice_text(a->p, r307_slice(path->dec, path->len)), *slash;

    for (slash = dec; (slash = strchr(slash, '/')) != NULL; slash++) {
        const char *folder = apr_pstrmemdup(a->p, dec, (size_t)(slash - dec + 1));
        const char *file = apr_pstrcat(a->p, folder + 1, ".htaccess", NULL);
        struct stat st;

        if ((!a->scope.directory || strcmp(folder, a->base) != 0)
            && fstatat(a->docroot->fd, file, &st, 0) == 0) {
            return 1;
        }
    }
    return 0;
}

static void audit_target(const auditing_t *a, const r307_rule_t *rule)
{
    const r307_path_t *path = a->has_others ? NULL : target_of(a, rule);

    if (path && !has_htaccess(a, path) && !is_there(a->docroot, a->p, r307_slice(path->dec, path->len), 1)
        && !is_answered(a, path)) {
        say(a, R307_FINDING_NO_PAGE, rule, rule->target->text,
            r307_slice(path->dec, path->len));
    }
}

static void audit(const auditing_t *a, const r307_rule_t *rule)
{
    if (rule->pattern && rule->source
        && r307_plan_phase(&rule->plan, apr_time_now()) != R307_PHASE_OVER) {
        audit_source(a, rule);
        audit_target(a, rule);
    }
}

static void audit_image(const auditing_t *a, const r307_image_t *image)
{
    apr_uint32_t k;

    for (k = 0; k < r307_image_count(image); k++) {
        const r307_rule_t *rule = r307_image_rule(a->p, image, k);

        if (rule) {
            audit(a, rule);
        }
        apr_pool_clear(a->p);
    }
}

/* --- files --- */

/* The URL of a directory of the site, with slashes at both ends; NULL: it is none of it. */
static const char *url_of(apr_pool_t *p, const ctl_docroot_t *docroot, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? apr_pstrmemdup(p, path, (size_t)(slash - path + 1)) : ".";
    char *real = realpath(folder, NULL);
    size_t len = strlen(docroot->real);
    const char *url = NULL;

    if (real && strncmp(real, docroot->real, len) == 0 && (!real[len] || real[len] == '/')) {
        url = apr_pstrcat(p, real + len, real[len] && strcmp(real + len, "/") ? "/" : "",
                          real[len] ? "" : "/", NULL);
    }
    free(real);
    return url;
}

static void look_for_others(auditing_t *a, const ctl_site_t *site)
{
    const ctl_line_t *first = APR_ARRAY_IDX(site->lines, 0, const ctl_line_t *);
    const char *which = NULL;
    r307_place_t place;

    place.file = first->place.file;
    place.line = first->reach ? ctl_others_first(first->reach->bytes, &which) : 0;
    if (!place.line) {
        return;
    }
    a->has_others = 1;
    a->calls->note(a->calls->baton, place,
                   apr_psprintf(site->p, "%s may answer for what is not in %s, so targets "
                                "are not looked for there", which, a->docroot->name));
}

void ctl_docroot_audit(const ctl_docroot_t *docroot, const ctl_site_t *site,
                       const ctl_named_t *found, const ctl_docroot_calls_t *calls)
{
    auditing_t a = { NULL, docroot, calls, { NULL, 0, { NULL, 0 }, NULL, 0 }, NULL, 0 };
    const ctl_line_t *first;
    int i;

    if (!site->lines->nelts) {
        return;
    }
    first = APR_ARRAY_IDX(site->lines, 0, const ctl_line_t *);
    a.scope.rules = APR_ARRAY_IDX(site->containers, 0, ctl_container_t).rules;
    a.scope.directory = !first->is_conf;
    a.base = a.scope.directory ? url_of(site->p, docroot, found->path) : "/";
    if (!a.base) {
        calls->note(calls->baton, (r307_place_t){ found->name, 0 },
                    apr_psprintf(site->p, "is not in %s, and nothing there is compared with it",
                                 docroot->name));
        return;
    }
    a.scope.base = a.scope.directory ? r307_slice(a.base, strlen(a.base))
                                     : r307_slice(NULL, 0);
    look_for_others(&a, site);
    apr_pool_create(&a.p, site->p);
    for (i = 0; i < site->lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(site->lines, i, const ctl_line_t *);

        if (line->rule && !line->container && line->kind == CTL_LINE_RULE) {
            audit(&a, line->rule);
        }
        if (line->kind == CTL_LINE_MAP && !line->container && line->map->image) {
            audit_image(&a, line->map->image);
        }
        apr_pool_clear(a.p);
    }
    apr_pool_destroy(a.p);
}
