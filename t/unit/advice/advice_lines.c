/* SPDX-License-Identifier: Apache-2.0
 *
 * The advice about lines of httpd.conf and .htaccess wherever they stand, about the lines of
 * maps, and about what a tenant may not. */
#include <string.h>
#include <apr_strings.h>
#include "advice/advice.h"
#include "conf/directive_names.h"
#include "maintenance/maintenance.h"
#include "map/map_line.h"
#include "conf/section.h"
#include "unit.h"

typedef struct standing_line_t {
    r307_standing_t standing, outside;      /* and in front of the innermost section */
    const char *said;       /* the message */
} standing_line_t;

static const char *read_rule(apr_pool_t *p, const r307_directive_row_t *row,
                             const char *args, const r307_standing_t *standing)
{
    r307_place_t place = { "unit", 1 };
    const r307_rule_t *rule = NULL;
    r307_maintenance_t *maintenance = NULL;
    r307_mapdef_t map;
    r307_context_t context;
    const char *bad;

    unit_context_make(p, standing->is_htaccess ? "htaccess" : "server", row->name, &context);
    context.where = standing->where;
    context.location = standing->location;
    context.is_late = standing->is_late;
    if (row->kind == R307_LINE_MAP) {
        return r307_map_parse(p, args, &context, &map);
    }
    if (row->kind == R307_LINE_MAINTENANCE) {
        bad = r307_maintenance_parse(p, args, place, &context, &maintenance);
        return bad || maintenance ? bad : "an empty line";
    }
    bad = r307_line_parse(p, args, place, &context, &rule);
    return bad || rule ? bad : "an empty line";
}

/* "Name what follows", as the server reads it there. */
static const char *judge(apr_pool_t *p, const char *line, const r307_standing_t *standing)
{
    size_t n = strcspn(line, " ");
    const char *args = line + n + (line[n] == ' ');
    const r307_directive_row_t *row = r307_directive_find(line, n);
    const char *near, *bad;
    r307_said_t setting;

    if (!row) {
        near = r307_directive_near(p, apr_pstrmemdup(p, line, n));
        return near ? apr_psprintf(p, "'%.*s' is unknown; did you mean %s?", (int)n, line,
                                   near) : "another directive";
    }
    bad = r307_directive_standing(p, row, standing);
    return bad ? bad : row->kind == R307_LINE_SETTING
        ? r307_directive_read(p, row, args, standing, &setting)
        : read_rule(p, row, args, standing);
}

static const char *try_line(void *baton, apr_pool_t *p, const char *line)
{
    const standing_line_t *at = baton;
    r307_standing_t standing = at->standing;
    const char *bad;

    if (line[0] == '@') {               /* another place is advised */
        if (strncmp(line, "@outside ", 9) == 0 && !strstr(at->said, "outside of ")) {
            standing = at->outside;
        }
        else {
            r307_section_begin(strncmp(line, "@htaccess ", 10) == 0, &standing);
        }
        if (strncmp(line, "@location ", 10) == 0) {
            r307_section_enter(p, r307_section_find("Location", 8), "\"/x\">", &standing);
        }
        line += strcspn(line, " ") + 1;
    }
    bad = judge(p, line, &standing);
    /* that a name was meant is right where its value is the next mistake */
    return bad && strstr(at->said, "did you mean ") && !strstr(bad, "another directive")
        && strcmp(bad, at->said) != 0 ? NULL : bad;
}

/* Into the sections of a row's place; 0: one of them is refused itself. */
static int enter_all(apr_pool_t *p, const char *place, standing_line_t *at)
{
    apr_array_header_t *sections = unit_list(p, place, " ; ");
    r307_standing_t before;
    const char *bad;
    int i;

    r307_section_begin(!strcmp(APR_ARRAY_IDX(sections, 0, const char *), "htaccess"),
                       &at->standing);
    at->outside = at->standing;
    for (i = 1; i < sections->nelts; i++) {
        const char *one = APR_ARRAY_IDX(sections, i, const char *);
        size_t n = strcspn(one, " ");
        const r307_section_row_t *row = r307_section_find(one, n);

        before = at->outside;
        at->outside = at->standing;
        if (!row) {
            return 0;
        }
        bad = r307_section_enter(p, row, apr_pstrcat(p, one + n, ">", NULL), &at->standing);
        if (bad) {
            advice_said(bad);
            ck_assert_msg(!strstr(bad, "write it outside")
                          || !r307_section_enter(p, row, apr_pstrcat(p, one + n, ">", NULL),
                                                 &before), "%s: %s", place, bad);
            return 0;
        }
    }
    return 1;
}

void advice_follow_places(void)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "verdict.tsv", 280);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        const char *line = unit_text(row, "line"), *bad;
        standing_line_t at;

        if (!unit_is(row, "want", "bad") || strpbrk(line, "\n\r") || strlen(line) > 8000
            || !enter_all(p, unit_text(row, "place"), &at)) {
            continue;
        }
        bad = judge(p, line, &at.standing);
        if (bad && strcmp(bad, "another directive")) {
            at.said = bad;
            advice_check(row, bad, line, try_line, &at);
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}

