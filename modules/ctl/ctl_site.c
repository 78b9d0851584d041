/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_site.h"

#include <string.h>
#include <apr_strings.h>

void ctl_site_make(ctl_site_t *site, apr_pool_t *p)
{
    ctl_container_t *outside;

    memset(site, 0, sizeof(*site));
    site->p = p;
    site->lines = apr_array_make(p, 16, sizeof(ctl_line_t *));
    site->remarks = apr_array_make(p, 0, sizeof(ctl_remark_t));
    site->containers = apr_array_make(p, 4, sizeof(ctl_container_t));
    outside = apr_array_push(site->containers);
    outside->name = NULL;
    outside->rules = r307_ruleset_make(p);
}

const char *ctl_line_text(apr_pool_t *p, const ctl_line_t *line, const char *text)
{
    return apr_psprintf(p, "%s:%u: %s: %s", line->place.file, line->place.line,
                        line->directive, text);
}

const char *ctl_line_say(apr_pool_t *p, const ctl_line_t *line, const char *text)
{
    return apr_pstrcat(p, ctl_line_text(p, line, text), "\n", NULL);
}

const char *ctl_site_empty(apr_pool_t *p, const char *name)
{
    return apr_psprintf(p, "%s: has no line of Redirect307 and no rule; is it what was "
                        "meant?", r307_text_show(p, name, strlen(name)));
}

static r307_ruleset_t *rules_of(ctl_site_t *site, const char *name)
{
    ctl_container_t *container;
    int i;

    if (site->rules) {
        return site->rules;
    }
    for (i = 0; i < site->containers->nelts; i++) {
        container = &APR_ARRAY_IDX(site->containers, i, ctl_container_t);
        if (name ? container->name && strcmp(container->name, name) == 0
                 : !container->name) {
            return container->rules;
        }
    }
    container = apr_array_push(site->containers);
    container->name = name;
    container->rules = r307_ruleset_make(site->p);
    return container->rules;
}

/* --- maps --- */

typedef struct telling_t {
    ctl_site_t *site;
    const ctl_line_t *line;
} telling_t;

static void tell(void *baton, const ctl_told_t *told)
{
    telling_t *telling = baton;

    if (telling->site->tell) {
        telling->site->tell(telling->site->baton, telling->line, told);
    }
}

/* NULL, or why the map of the line has no rules here. */
static const char *read_map(ctl_site_t *site, const ctl_line_t *line, const char *file)
{
    ctl_site_map_t *map = line->map;
    telling_t telling = { site, line };
    const ctl_teller_t teller = { tell, &telling, site->wants_doubts, !line->reach };
    r307_context_t context;
    apr_pool_t *p = site->p;
    const char *bad;

    if (!site->keeps_maps) {
        apr_pool_create(&p, site->p);
    }
    if (line->reach) {
        bad = ctl_map_of(p, &map->def, line->reach, &teller, &map->loaded, &map->reached);
    }
    else if (site->instead) {
        map->reached = CTL_REACH_READ;
        bad = ctl_map_load(p, &map->def, site->instead, &teller, &map->loaded);
    }
    else {
        bad = ctl_map_named(p, &map->def, file, &teller, &map->loaded, &map->reached);
    }
    if (!bad && site->keeps_maps) {
        r307_map_context(&map->def, &context);
        bad = r307_image_attach(p, map->loaded.bytes, &context, map->loaded.name,
                                &map->image);
        bad = bad ? apr_psprintf(p, "%s: %s", map->loaded.name, bad) : NULL;
    }
    if (!bad) {
        site->ours += map->loaded.bad || map->loaded.rules;
    }
    bad = bad ? apr_pstrdup(site->p, bad) : NULL;
    if (!site->keeps_maps) {
        map->loaded.bytes = NULL;
        map->loaded.text = r307_slice(NULL, 0);
        apr_pool_destroy(p);
    }
    return bad;
}

static void add_image(ctl_site_t *site, const ctl_line_t *line)
{
    if (line->map->image) {
        r307_ruleset_add_map(site->p, rules_of(site, line->container), line->map->image);
    }
}

/* What the tool cannot read, and the server perhaps can, is not bad. */
static const char *take_map(ctl_site_t *site, const ctl_met_t *what, ctl_line_t *line)
{
    ctl_site_map_t *map = apr_pcalloc(site->p, sizeof(*map));
    const char *bad = r307_map_parse(site->p, what->args, &what->context, &map->def);

    if (bad) {
        return bad;
    }
    line->map = map;
    map->reached = CTL_REACH_UNKNOWN;
    map->is_elsewhere = ctl_reach_is_elsewhere(what->reach, map->def.file);
    if (site->no_maps) {
        return NULL;
    }
    map->bad = map->is_elsewhere
        ? apr_psprintf(site->p, "'%s' is relative to ServerRoot; say which that is: "
                       "--root DIR", r307_text_show(site->p, map->def.file,
                                                    strlen(map->def.file)))
        : read_map(site, line, NULL);
    if (map->bad && map->reached != CTL_REACH_UNKNOWN) {
        return map->bad;
    }
    line->untold = map->bad;
    add_image(site, line);
    return NULL;
}

/* A map that was named is a line by itself. */
static const char *load_map(ctl_site_t *site, const char *file)
{
    ctl_line_t *line = apr_pcalloc(site->p, sizeof(*line));
    const char *bad;

    line->kind = CTL_LINE_MAP;
    line->map = apr_pcalloc(site->p, sizeof(*line->map));
    line->map->reached = CTL_REACH_UNKNOWN;
    bad = ctl_map_plain(site->p, file, "", &line->map->def);
    line->is_conf = !bad && line->map->def.where != R307_WHERE_DIRECTORY;
    APR_ARRAY_PUSH(site->lines, ctl_line_t *) = line;
    bad = bad ? bad : read_map(site, line, file);
    line->map->bad = bad;
    if (bad && line->map->reached == CTL_REACH_READ) {
        line->kind = CTL_LINE_BAD;
        line->bad = bad;
        site->ours++;
        return NULL;
    }
    add_image(site, line);
    return bad;
}

/* --- the other lines --- */

static const char *take_rule(ctl_site_t *site, const ctl_met_t *what, ctl_line_t *line)
{
    static const r307_tenancy_t unlimited;      /* where nobody wrote Redirect307Limits */
    const char *bad = ctl_file_take_rule(site->p, what, rules_of(site, line->container),
                                         &line->rule);

    if (!bad && !what->is_conf) {
        line->untold = r307_limit_why(&unlimited, line->rule);
    }
    return bad;
}

static const char *take_maintenance(ctl_site_t *site, const ctl_met_t *what,
                                    ctl_line_t *line)
{
    r307_maintenance_t *maintenance;
    const char *bad = r307_maintenance_parse(site->p, what->args, what->place,
                                             &what->context, &maintenance), *flag;

    if (bad) {
        return bad;
    }
    line->maintenance = maintenance;
    flag = maintenance->flag;
    if (what->is_conf || !flag) {
        return NULL;
    }
    if (!ctl_file_is_inside(what, flag)) {
        return apr_psprintf(site->p, "flag='%s' " CTL_FILE_OUTSIDE, flag);
    }
    if (ctl_reach_is_linked(what->reach, ctl_reach_relative(site->p, what->reach, flag))) {
        line->untold = apr_psprintf(site->p, "flag='%s' " CTL_FILE_LINKED,
                                    r307_text_show(site->p, flag, strlen(flag)));
    }
    return NULL;
}

static const char *take_words(ctl_site_t *site, const ctl_met_t *what, ctl_line_t *line)
{
    switch (what->row->kind) {
    case R307_LINE_RULE:
        line->kind = CTL_LINE_RULE;
        return take_rule(site, what, line);
    case R307_LINE_MAP:
        line->kind = CTL_LINE_MAP;
        return take_map(site, what, line);
    case R307_LINE_MAINTENANCE:
        line->kind = CTL_LINE_MAINTENANCE;
        return take_maintenance(site, what, line);
    default:
        line->kind = CTL_LINE_SETTING;
        return r307_directive_read(site->p, what->row, what->args, &what->standing,
                                   &line->said);
    }
}

const ctl_line_t *ctl_site_take(ctl_site_t *site, const ctl_met_t *what,
                                r307_ruleset_t *rules)
{
    ctl_line_t *line = apr_pcalloc(site->p, sizeof(*line));

    site->rules = rules;

    line->place = what->place;
    line->directive = what->directive;
    line->row = what->row;
    line->args = what->args;
    line->is_fatal = what->is_fatal;
    line->is_conf = what->is_conf;
    line->container = what->container;
    line->reach = what->reach;
    line->bad = ctl_file_check(site->p, what);
    if (!line->bad && ctl_file_unplaced(what)) {
        line->kind = CTL_LINE_UNPLACED;
        line->untold = ctl_file_unplaced(what);
    }
    else if (!line->bad) {
        line->bad = take_words(site, what, line);
    }
    if (line->bad) {
        line->kind = CTL_LINE_BAD;
    }
    else if (*what->untold && line->kind != CTL_LINE_UNPLACED) {
        line->untold = *what->untold;
    }
    site->ours++;
    APR_ARRAY_PUSH(site->lines, ctl_line_t *) = line;
    return line;
}

int ctl_site_remark(ctl_site_t *site, const ctl_met_t *what)
{
    ctl_remark_t *remark;
    int i;

    if (what->remark) {
        remark = apr_array_push(site->remarks);
        remark->place = what->place;
        remark->text = what->remark;
        remark->at.file = NULL;
        remark->at.line = 0;
        return 1;
    }
    for (i = site->remarks->nelts; i > 0 && what->row && what->row->kind != R307_LINE_SETTING;
         i--) {
        remark = &APR_ARRAY_IDX(site->remarks, i - 1, ctl_remark_t);
        if (remark->at.line || remark->place.file != what->place.file) {
            break;
        }
        remark->at = what->place;
    }
    return 0;
}

static void met(void *baton, const ctl_met_t *what)
{
    if (!ctl_site_remark(baton, what)) {
        (void)ctl_site_take(baton, what, NULL);
    }
}

const char *ctl_site_load(ctl_site_t *site, const ctl_named_t *found, ctl_reach_t *reach)
{
    const char *bad;

    if (ctl_map_is(found->path)) {
        memset(reach, 0, sizeof(*reach));
        reach->folder = -1;
        reach->is_conf = 1;
        return load_map(site, found->path);
    }
    bad = ctl_reach_read(site->p, found, reach);
    reach->root = site->root;
    if (!bad && site->instead) {
        reach->bytes = site->instead->s;
        reach->len = site->instead->len;
    }
    if (!bad) {
        ctl_file_read(site->p, reach, met, site);
    }
    return bad;
}

const char *ctl_site_load_name(ctl_site_t *site, const char *name, ctl_reach_t *reach)
{
    ctl_named_t found;
    const char *bad;

    if (ctl_map_is(name)) {
        memset(&found, 0, sizeof(found));
        found.path = name;
        return ctl_site_load(site, &found, reach);
    }
    bad = ctl_reach_name(site->p, name, &found);
    return bad ? bad : ctl_site_load(site, &found, reach);
}
