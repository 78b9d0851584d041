/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_htaccess.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <apr_file_info.h>
#include <apr_strings.h>

#include "conf/place_take.h"
#include "foreign.h"

static void depend(ctl_httpd_t *x, const char *what, const char *file, unsigned line)
{
    r307_depend_t *made = apr_array_push(x->walk->depends_late);

    made->what = what;
    made->file = file;
    made->line = line;
    made->is_access = 0;
}

/* httpd answers 500 to all of the directory. */
static void refuse(ctl_httpd_t *x, const char *file, unsigned line, const char *directive,
                   const char *text)
{
    ctl_refusal_t *refusal;

    if (x->refused) {
        refusal = apr_array_push(x->refused);
        refusal->file = file;
        refusal->line = line;
        refusal->directive = directive;
        refusal->text = text;
    }
    if (!x->fails) {
        x->fails = apr_psprintf(x->p, "%s:%u: %s %s", file, line, directive, text);
    }
}

static void refuse_node(ctl_httpd_t *x, const r307_node_t *node, const char *text)
{
    refuse(x, node->file, node->line, node->is_section
           ? apr_pstrcat(x->p, "<", node->name, ">", NULL) : node->name, text);
}

/* What is wrong with the file for httpd, whatever is in it. */
static void see_fatal(void *baton, const ctl_met_t *what)
{
    ctl_httpd_t *x = baton;

    if (what->is_fatal && !x->fails) {
        x->fails = apr_psprintf(x->p, "%s:%u: %s", what->place.file, what->place.line,
                                what->problem);
    }
}

/* --- whether httpd takes a line --- */

/* 1, 0, or -1 for not known: whether httpd has the directive at all. */
static int is_loaded(ctl_httpd_t *x, const r307_node_t *node, const char *source)
{
    if (node->is_section || (source && strcmp(source, "core.c") == 0)) {
        return 1;
    }
    if (!source || !apr_hash_count(x->tree.modules)) {
        return -1;
    }
    return apr_hash_get(x->tree.modules, source, APR_HASH_KEY_STRING) ? 1
        : x->tree.is_odd && strcmp(source, "mod_php.c") == 0 ? -1
        : ctl_httpd_has_module(x, source);
}

/* Whether it begins as ours do, and is none. */
static int is_misspelt(const r307_node_t *node)
{
    return strlen(node->name) >= 11
           && r307_text_same_fold(node->name, 11, "Redirect307", 11);
}

/* NULL, or why httpd answers 500 to everything there. */
static const char *why_not(ctl_httpd_t *x, const r307_node_t *node, const char *source,
                           int loaded, const r307_area_t *above)
{
    if (loaded == 0 && above->override != R307_OVERRIDE_UNSET
        && above->override & R307_OVERRIDE_LENIENT) {
        return NULL;
    }
    if (loaded == 0) {
        return !source ? "is no directive of this version, and httpd answers 500 to "
                         "everything here"
            : apr_psprintf(x->p, "is of %s, which is not loaded, and httpd answers 500 to "
                           "everything here; put it into <IfModule %s>", source, source);
    }
    return loaded == 1
           && r307_override_allows(above->override, above->override_list, node) == 0
        ? "is not let in here by AllowOverride, and httpd answers 500 to everything here; "
          "take it out" : NULL;
}

static void check_line(ctl_httpd_t *x, const r307_node_t *node, const r307_area_t *above)
{
    int is_ours = r307_directive_find(node->name, strlen(node->name)) != NULL;
    const char *source = is_ours ? NULL
                                 : ctl_foreign_module(node->name, strlen(node->name));
    int loaded = is_ours ? 1 : is_misspelt(node) ? 0 : is_loaded(x, node, source);
    const char *why = why_not(x, node, source, loaded, above);

    if (why && !node->is_maybe) {
        refuse_node(x, node, why);
    }
    else if (why || loaded != 1) {
        depend(x, apr_pstrcat(x->p, "whether httpd has ", node->name, NULL), node->file,
               node->line);
    }
    else if (r307_override_allows(above->override, above->override_list, node) < 0) {
        depend(x, apr_pstrcat(x->p, node->name, " under AllowOverride", NULL), node->file,
               node->line);
    }
}

static void check_lines(ctl_httpd_t *x, const r307_node_t *node, const r307_area_t *above)
{
    for (; node; node = node->next) {
        check_line(x, node, above);
        if (node->is_section) {
            check_lines(x, node->child, above);
        }
    }
}

/* What is wrong with it as a whole, and what of it is decided by what nobody knows. */
static void see_tree(ctl_httpd_t *x, const r307_tree_t *tree)
{
    int i;

    if (tree->problems->nelts && !x->fails) {
        const r307_problem_t *problem = &APR_ARRAY_IDX(tree->problems, 0, r307_problem_t);

        x->fails = apr_psprintf(x->p, "%s:%u: %s", problem->file, problem->line,
                                problem->text);
    }
    for (i = 0; i < tree->envs->nelts; i++) {
        depend(x, apr_psprintf(x->p, "${%s} of httpd's environment",
                                         APR_ARRAY_IDX(tree->envs, i, const char *)),
                         NULL, 0);
    }
}

/* With the definitions, modules and macros of httpd.conf. */
static void read_tree(ctl_httpd_t *x, const ctl_reach_t *reach, r307_tree_t *tree)
{
    r307_tree_make(tree, x->p, &x->tenant_host);
    tree->version = x->tree.version;
    tree->defines = x->tree.defines;
    tree->modules = x->tree.modules;
    tree->is_odd = x->tree.is_odd;
    tree->macros = apr_hash_copy(x->p, x->tree.macros);
    r307_tree_add(tree, reach->name, reach->bytes, reach->len);
}

static void take(ctl_httpd_t *x, const ctl_reach_t *reach, const char *directory,
                       const r307_area_t *above, r307_area_t *area)
{
    int depends = x->walk->depends_late->nelts;
    r307_tree_t tree;

    ctl_file_read(x->p, reach, see_fatal, x);
    read_tree(x, reach, &tree);
    see_tree(x, &tree);
    check_lines(x, tree.top->child, above);
    if (x->fails) {             /* whatever else may be wrong with it */
        x->walk->depends_late->nelts = depends;
    }
    x->area = area;
    x->rules = x->regexes = 0;
    r307_site_htaccess(&x->site, &tree, apr_pstrmemdup(x->p, directory,
                                                       strlen(directory) - 1), area);
    x->area = NULL;
}

/* --- what a walk asks --- */

/* Whether who serves may do what root, or who asks, may: read a file, pass a directory. */
static int is_closed(const ctl_httpd_t *x, const struct stat *st, mode_t others)
{
    return x->user >= 0 && !(st->st_mode & others)
        && !((long)st->st_uid == x->user && st->st_mode & (others << 6))
        && !((long)st->st_gid == x->group && st->st_mode & (others << 3));
}

static const char *closed_text(const ctl_httpd_t *x, const char *path)
{
    return apr_pstrcat(x->p, "the permissions of ", r307_text_show(x->p, path, strlen(path)),
                       NULL);
}

static void look(void *baton, const char *path, r307_there_t *there)
{
    ctl_httpd_t *x = baton;
    struct stat link, st;

    there->kind = R307_THERE_UNKNOWN;
    if (lstat(path, &link) != 0) {
        there->kind = errno == ENOENT || errno == ENOTDIR ? R307_THERE_NOTHING
                                                          : R307_THERE_UNKNOWN;
        return;
    }
    there->is_link = S_ISLNK(link.st_mode);
    if (stat(path, &st) != 0) {
        there->kind = errno == ENOENT || errno == ENOTDIR || errno == ELOOP
            ? R307_THERE_NOTHING : R307_THERE_UNKNOWN;
        return;
    }
    there->is_owners = link.st_uid == st.st_uid;
    there->kind = S_ISDIR(st.st_mode) ? R307_THERE_FOLDER
        : S_ISREG(st.st_mode) ? R307_THERE_FILE : R307_THERE_OTHER;
    if (S_ISDIR(st.st_mode) && is_closed(x, &st, S_IXOTH)) {
        there->depends = closed_text(x, path);
    }
}

static int htaccess(void *baton, const char *directory, const char *names,
                    const r307_area_t *above, r307_area_t *area)
{
    ctl_httpd_t *x = baton;
    apr_array_header_t *words = r307_conf_words(x->p, names);
    ctl_reach_t *reach = apr_pcalloc(x->p, sizeof(*reach));
    const char *path = NULL, *bad;
    ctl_named_t found;
    struct stat st;
    int i;

    for (i = 0; !path && i < words->nelts; i++) {
        path = apr_pstrcat(x->p, directory, APR_ARRAY_IDX(words, i, const char *), NULL);
        path = stat(path, &st) == 0 ? path : NULL;
    }
    if (!path) {
        return 0;
    }
    if (is_closed(x, &st, S_IROTH)) {
        depend(x, closed_text(x, path), NULL, 0);
    }
    bad = ctl_reach_name(x->p, path, &found);
    bad = bad ? bad : ctl_reach_read(x->p, &found, reach);
    if (bad) {
        depend(x, bad, NULL, 0);
        return 0;
    }
    reach->is_conf = 0;
    apr_hash_set(x->reaches, reach->name, APR_HASH_KEY_STRING, reach);
    take(x, reach, directory, above, area);
    return 1;
}

void ctl_htaccess_begin(ctl_httpd_t *x, r307_walk_t *walk)
{
    walk->p = x->p;
    walk->site = &x->site;
    walk->look = look;
    walk->htaccess = htaccess;
    walk->baton = x;
    x->walk = walk;
}

/* --- limits --- */

const r307_tenancy_t *ctl_htaccess_tenancy(apr_pool_t *p, const r307_server_t *server,
                                           const r307_config_t *conf,
                                           const r307_block_t *block, const char *asked)
{
    r307_tenancy_t *tenancy = apr_pcalloc(p, sizeof(*tenancy));
    apr_finfo_t info;

    tenancy->require = r307_config_value(conf, R307_SETTING_REQUIRE_HOW)
                       == R307_REQUIRE_REFUSE
                       ? (r307_require_t)r307_config_value(conf, R307_SETTING_REQUIRE)
                       : R307_REQUIRE_NONE;
    if (!block->is_htaccess) {
        tenancy->maps_alone = 1;
        return tenancy->require != R307_REQUIRE_NONE && block->rules->maps ? tenancy : NULL;
    }
    tenancy->limits = conf->limits;
    tenancy->allow = conf->allow;
    tenancy->name = server->name;
    tenancy->aliases = server->aliases;
    tenancy->asked = asked;
    if (apr_stat(&info, block->file, APR_FINFO_MTIME, p) == APR_SUCCESS) {
        tenancy->made = info.mtime;
    }
    return tenancy;
}

static void leave_out(ctl_httpd_t *x, const ctl_line_t *line, const char *why)
{
    if (why) {
        refuse(x, line->place.file, line->place.line, line->directive,
               apr_pstrcat(x->p, why, "; the line is left out", NULL));
    }
}

/* What holds in the directory, and is said in its .htaccess. */
static const r307_config_t *conf_of(apr_pool_t *p, const ctl_home_t *home,
                                    const ctl_site_t *site)
{
    r307_config_t *said = r307_config_create(p, NULL);
    int i;

    for (i = 0; i < site->lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(site->lines, i, const ctl_line_t *);

        if (line->kind == CTL_LINE_SETTING) {
            r307_place_take(p, said, line->row, &line->said, 1, "");
        }
    }
    return r307_config_merge(p, home->area->conf, said);
}

/* Rules count as the server counts them, from one on. */
static void judge(ctl_httpd_t *x, const ctl_home_t *home, const ctl_site_t *site)
{
    const r307_config_t *conf = conf_of(x->p, home, site);
    r307_block_t all = { .is_htaccess = 1, .file = home->found->path };
    const r307_tenancy_t *tenancy = ctl_htaccess_tenancy(x->p, home->server, conf, &all, NULL);
    int i, rules = 0, regexes = 0;

    if (!tenancy->limits && tenancy->require == R307_REQUIRE_NONE && !tenancy->allow) {
        return;
    }
    for (i = 0; i < site->lines->nelts; i++) {
        const ctl_line_t *line = APR_ARRAY_IDX(site->lines, i, const ctl_line_t *);

        if (line->kind == CTL_LINE_RULE) {
            r307_rule_t rule = *line->rule;

            rule.nth = ++rules;
            rule.nth_regex = rule.pattern && rule.pattern->regex ? ++regexes : 0;
            leave_out(x, line, r307_limit_say(x->p, tenancy, &rule));
        }
        else if (line->kind == CTL_LINE_MAINTENANCE) {
            r307_maintenance_t maintenance = *line->maintenance;

            maintenance.rule.nth = ++rules;
            leave_out(x, line, r307_maintenance_why(tenancy, &maintenance));
        }
    }
}

apr_array_header_t *ctl_htaccess_refusals(const ctl_httpd_t *whole, apr_pool_t *p,
                                          const ctl_home_t *home, const ctl_site_t *site)
{
    ctl_httpd_t one = *whole;
    r307_walk_t walk = { .p = p };
    ctl_reach_t reach;
    r307_tree_t tree;

    one.p = p;
    one.host.baton = one.tenant_host.baton = &one;
    one.fails = NULL;
    one.refused = apr_array_make(p, 2, sizeof(ctl_refusal_t));
    one.walk = &walk;
    walk.depends_late = apr_array_make(p, 2, sizeof(r307_depend_t));
    if (!ctl_reach_read(p, home->found, &reach)) {
        read_tree(&one, &reach, &tree);
        check_lines(&one, tree.top->child, home->area);
        judge(&one, home, site);
    }
    return one.refused;
}
