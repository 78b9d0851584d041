/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_httpd.h"

#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <apr_strings.h>

#include "conf/place_take.h"

/* --- what the tree asks --- */

static const char *root_of(const ctl_httpd_t *x)
{
    return x->tree.root ? x->tree.root : x->asked_root ? x->asked_root : x->layout.root;
}

static const char *rooted(const ctl_httpd_t *x, const char *name)
{
    const char *root = root_of(x);

    return *name == '/' || !root ? name : apr_pstrcat(x->p, root, "/", name, NULL);
}

int ctl_httpd_has_module(void *baton, const char *name)
{
    const ctl_httpd_t *x = baton;

    return x->layout.program ? apr_hash_get(x->layout.modules, name,
                                            APR_HASH_KEY_STRING) != NULL : -1;
}

static int has_file(void *baton, const char *name)
{
    return access(rooted(baton, name), F_OK) == 0;
}

/* Only of envvars it is sure that httpd has them, too. */
static const char *env(void *baton, const char *name, int *is_sure)
{
    const ctl_httpd_t *x = baton;
    const char *value = apr_hash_get(x->layout.env, name, APR_HASH_KEY_STRING);

    *is_sure = value != NULL;
    return value ? value : getenv(name);
}

/* NULL, or why the file cannot be read. */
static const char *read_conf(ctl_httpd_t *x, const char *name)
{
    ctl_reach_t *reach = apr_pcalloc(x->p, sizeof(*reach));
    ctl_named_t found;
    const char *bad = ctl_reach_name(x->p, name, &found);

    bad = bad ? bad : ctl_reach_read(x->p, &found, reach);
    if (bad) {
        return bad;
    }
    reach->is_conf = 1;
    apr_hash_set(x->reaches, reach->name, APR_HASH_KEY_STRING, reach);
    r307_tree_add(&x->tree, reach->name, reach->bytes, reach->len);
    return NULL;
}

/* A folder is all that is in it, as httpd reads it. */
static const char *read_any(ctl_httpd_t *x, const char *name)
{
    struct stat st;
    glob_t found;
    size_t i;
    const char *bad = NULL;

    if (stat(name, &st) != 0 || !S_ISDIR(st.st_mode)) {
        return read_conf(x, name);
    }
    if (glob(apr_pstrcat(x->p, name, "/*", NULL), 0, NULL, &found) == 0) {
        for (i = 0; !bad && i < found.gl_pathc; i++) {
            bad = read_any(x, found.gl_pathv[i]);
        }
        globfree(&found);
    }
    return bad;
}

static const char *include(void *baton, r307_tree_t *tree, const char *name, int is_optional)
{
    ctl_httpd_t *x = baton;
    const char *path = rooted(x, name), *bad = NULL;
    glob_t found;
    size_t i;

    if (strpbrk(path, "*?[")) {
        if (glob(path, 0, NULL, &found) != 0) {
            return is_optional ? NULL : apr_psprintf(x->p, "%s: no file is there", path);
        }
        for (i = 0; !bad && i < found.gl_pathc; i++) {
            bad = read_any(x, found.gl_pathv[i]);
        }
        globfree(&found);
        return bad;
    }
    return is_optional && access(path, F_OK) != 0 ? NULL : read_any(x, path);
}

/* --- our lines into their places --- */

static void add_to(r307_block_t *block, const r307_rule_t *rule)
{
    block->needs_base = block->needs_base || r307_config_is_relative(rule);
}

static void put_rule(ctl_httpd_t *x, r307_block_t *block, const ctl_line_t *line, int before)
{
    int i;

    for (i = before; i < block->rules->rules->nelts; i++) {
        const r307_rule_t *rule = r307_ruleset_rule(x->p, block->rules, i);

        add_to(block, rule);
        if (x->area || rule->conds) {
            r307_limit_count(x->p, x->area ? &block->tally : &x->tally, rule);
        }
    }
    if (x->area && line->kind == CTL_LINE_RULE) {
        x->rules++;
        x->regexes += line->rule->nth_regex != 0;
    }
    block->skipped += line->kind == CTL_LINE_BAD;
}

/* As the server places it. */
static void put_maintenance(ctl_httpd_t *x, const ctl_line_t *line,
                            const r307_standing_t *standing, const char *directory,
                            r307_config_t *conf)
{
    r307_maintenance_t *placed = apr_pmemdup(x->p, line->maintenance, sizeof(*placed));

    placed->directory = directory;
    placed->is_tenants = standing->is_htaccess;
    placed->rule.nth = x->area ? ++x->rules : 0;
    placed->is_everywhere = !standing->is_htaccess && !standing->is_section;
    r307_config_add_line(x->p, conf, standing->is_late, placed);
}

static void put(ctl_httpd_t *x, const ctl_line_t *line, const r307_standing_t *standing,
                const char *directory, r307_config_t *conf)
{
    if (line->kind == CTL_LINE_MAINTENANCE) {
        put_maintenance(x, line, standing, directory, conf);
    }
    else if (line->kind == CTL_LINE_SETTING) {
        r307_place_take(x->p, conf, line->row, &line->said, standing->is_htaccess, directory);
    }
}

/* "Location /a": the innermost section that is a place; NULL: none is. */
static const char *container_of(const ctl_httpd_t *x, const r307_node_t *node)
{
    const r307_section_row_t *row;

    for (; node && node->parent; node = node->parent) {
        row = r307_section_find(node->name, strlen(node->name));
        if (!row || row->kind != R307_SECTION_WALKED) {
            return apr_pstrcat(x->p, node->name, " ", r307_section_word(x->p, node->args),
                               NULL);
        }
    }
    return NULL;
}

static void take(void *baton, const r307_node_t *node, const r307_standing_t *standing,
                 const char *directory, r307_config_t *conf)
{
    ctl_httpd_t *x = baton;
    const ctl_reach_t *reach = apr_hash_get(x->reaches, node->file, APR_HASH_KEY_STRING);
    r307_place_t place = { node->file, node->line };
    r307_block_t *block = NULL;
    const ctl_line_t *line;
    ctl_met_t met;
    int before = 0;

    if (!reach) {
        return;
    }
    ((ctl_reach_t *)reach)->root = root_of(x);
    ctl_file_meet(x->p, reach, standing, node->name, node->args, place, &met);
    met.container = container_of(x, node->parent);
    met.context.nth = x->area ? x->rules + 1 : 0;
    met.context.nth_regex = x->area ? x->regexes + 1 : 0;
    if (met.row && (met.row->kind == R307_LINE_RULE || met.row->kind == R307_LINE_MAP)) {
        block = r307_config_block(x->p, conf, standing->is_late, place, directory);
        block->is_htaccess = x->area != NULL;
        before = block->rules->rules->nelts;
    }
    line = ctl_site_take(&x->lines, &met, block ? block->rules : NULL);
    if (block) {
        put_rule(x, block, line, before);
    }
    else {
        put(x, line, standing, directory, conf);
    }
    if (!x->area && line->kind == CTL_LINE_BAD && !x->fails) {
        x->fails = ctl_line_text(x->p, line, line->bad);
    }
}

void ctl_httpd_make(ctl_httpd_t *x, apr_pool_t *p)
{
    memset(x, 0, sizeof(*x));
    x->p = p;
    ctl_site_make(&x->lines, p);
    x->lines.keeps_maps = 1;
}

/* "#33", or a name; -1: nobody has it. */
static long id_of(const char *name, int is_user)
{
    struct passwd *user;
    struct group *group;

    if (!name || *name == '#') {
        return name ? atol(name + 1) : -1;
    }
    if (is_user) {
        user = getpwnam(name);
        return user ? (long)user->pw_uid : -1;
    }
    group = getgrnam(name);
    return group ? (long)group->gr_gid : -1;
}

const char *ctl_httpd_load(ctl_httpd_t *x, const ctl_args_t *args)
{
    const char *file = ctl_args_value(args, "f"), *name, *bad;
    apr_pool_t *p = x->p;
    int i;

    x->asked_root = ctl_args_value(args, "root");
    x->reaches = apr_hash_make(p);
    ctl_layout_find(p, &x->layout);
    file = file ? file : x->layout.file;
    if (!file) {
        return "no httpd was found; name its configuration, -f httpd.conf, or a file of "
               "rules";
    }
    x->host.has_module = ctl_httpd_has_module;
    x->host.has_file = has_file;
    x->host.env = env;
    x->host.include = include;
    x->host.baton = x;
    x->tenant_host = x->host;
    x->tenant_host.include = NULL;
    r307_tree_make(&x->tree, p, &x->host);
    x->tree.version = x->layout.version;
    for (i = 0; (name = ctl_args_nth(args, "D", i)) != NULL; i++) {
        apr_hash_set(x->tree.defines, name, APR_HASH_KEY_STRING, "");
    }
    x->file = file;
    bad = read_conf(x, file);
    if (bad) {
        return bad;
    }
    x->lines.root = root_of(x);
    x->site.p = p;
    x->site.take = take;
    x->site.baton = x;
    r307_site_read(&x->site, &x->tree);
    x->user = id_of(x->site.user, 1);
    x->group = id_of(x->site.group, 0);
    apr_array_cat(x->tree.problems, x->site.problems);
    if (x->tree.problems->nelts) {
        const r307_problem_t *problem = &APR_ARRAY_IDX(x->tree.problems, 0, r307_problem_t);

        x->fails = apr_psprintf(p, "%s:%u: %s", problem->file, problem->line, problem->text);
    }
    return NULL;
}

/* Sections go from one file into another one, so that a file alone says nothing of them. */
static void take_problem(void *baton, const ctl_met_t *what)
{
    if (what->problem && what->directive[0] != '<') {
        (void)ctl_site_take(baton, what, NULL);
    }
}

void ctl_httpd_check(ctl_httpd_t *x)
{
    apr_hash_index_t *at;

    for (at = apr_hash_first(x->p, x->reaches); at; at = apr_hash_next(at)) {
        ctl_file_read(x->p, apr_hash_this_val(at), take_problem, &x->lines);
    }
}
