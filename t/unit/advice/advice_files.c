/* SPDX-License-Identifier: Apache-2.0
 *
 * The advice about the lines of maps, about what a tenant may not, and about two rules that
 * do not stand beside each other. */
#include <string.h>
#include <apr_strings.h>
#include "advice/advice.h"
#include "maintenance/maintenance.h"
#include "map/map_line.h"
#include "unit.h"

/* --- maps --- */

typedef struct mapping_t {
    const unit_row_t *row;
    r307_mapdef_t def;
    r307_slice_t bytes;
    unsigned line;              /* that is looked at; 0: the file */
    const char *said;           /* of it */
    apr_pool_t *p;
    apr_array_header_t *lines;  /* of unsigned: that something was said of */
    apr_array_header_t *whys;   /* of const char * */
} mapping_t;

static void on_bad(void *baton, unsigned line, const char *why)
{
    mapping_t *m = baton;

    APR_ARRAY_PUSH(m->lines, unsigned) = line;
    APR_ARRAY_PUSH(m->whys, const char *) = apr_pstrdup(m->p, why);
}

/* What is said of line `wanted` of the bytes. */
static const char *build(apr_pool_t *p, mapping_t *m, r307_slice_t bytes, unsigned wanted)
{
    const r307_mapbytes_t file = { bytes.s, bytes.len, 0 };
    const r307_maplimits_t limits = { 0, 1000, 1, NULL, on_bad, m, 0, NULL };
    r307_mapresult_t result;
    const char *bad;
    int i;

    m->p = p;
    m->lines = apr_array_make(p, 4, sizeof(unsigned));
    m->whys = apr_array_make(p, 4, sizeof(const char *));
    bad = r307_map_build(p, &m->def, NULL, &file, &limits, &result);
    if (bad) {
        return bad;
    }
    for (i = 0; i < m->lines->nelts; i++) {
        if (APR_ARRAY_IDX(m->lines, i, unsigned) == wanted) {
            return APR_ARRAY_IDX(m->whys, i, const char *);
        }
    }
    return NULL;
}

static size_t before_newline(const char *s, size_t len)
{
    const char *stop = memchr(s, '\n', len);

    return stop ? (size_t)(stop - s) : len;
}

static r307_slice_t line_at(r307_slice_t bytes, unsigned line)
{
    size_t at = 0, len = before_newline(bytes.s, bytes.len);

    for (; line > 1 && at < bytes.len; line--) {
        at += len + (at + len < bytes.len);
        len = before_newline(bytes.s + at, bytes.len - at);
    }
    len -= len > 0 && bytes.s[at + len - 1] == '\r';
    return r307_slice(bytes.s + at, len);
}

/* A row of a sheet that goes on in the next line. */
static int is_half(r307_slice_t line)
{
    size_t i, quotes = 0;

    for (i = 0; i < line.len; i++) {
        quotes += line.s[i] == '"';
    }
    return quotes % 2;
}

static const char *try_beside(apr_pool_t *p, const mapping_t *m, const char *line)
{
    static const char *const places[] = { "server", "htaccess" };
    r307_place_t place = { "unit", 1 };
    const r307_rule_t *rule;
    r307_context_t context;
    const char *bad = NULL;
    int i;

    for (i = 0; i < 2; i++) {
        unit_context_make(p, places[i], "Redirect307", &context);
        bad = r307_line_parse(p, line, place, &context, &rule);
        if (!bad || strstr(bad, "is a status, not ")) {
            return NULL;        /* a second mistake: the status of the other format */
        }
    }
    return bad;
}

static const char *try_map(void *baton, apr_pool_t *p, const char *line)
{
    mapping_t m = *(mapping_t *)baton;
    r307_slice_t old = line_at(m.bytes, m.line ? m.line : 1), bytes;
    r307_buf_t buf;
    const char *bad;

    if (strncmp(line, "@beside ", 8) == 0) {
        return try_beside(p, &m, line + 8);
    }
    r307_buf_make(&buf, p, m.bytes.len + 64);
    r307_buf_add(&buf, m.bytes.s, (size_t)(old.s - m.bytes.s));
    r307_buf_puts(&buf, line);
    r307_buf_add(&buf, old.s + old.len, (size_t)(m.bytes.s + m.bytes.len - old.s) - old.len);
    bytes = r307_slice(buf.s, buf.len);
    bad = build(p, &m, bytes, m.line);
    return bad;
}

void advice_follow_maps(void)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "map.tsv", 60);
    int i, k;

    for (i = 0; i < table->count; i++) {
        mapping_t m = { &table->rows[i], { 0 }, unit_slice(&table->rows[i], "bytes"), 0,
                        NULL, p, NULL, NULL };
        apr_array_header_t *lines, *whys;
        r307_context_t context;
        const char *bad;

        unit_context_make(p, "server", "Redirect307Map", &context);
        ck_assert_ptr_eq(r307_map_parse(p, apr_pstrcat(p, "x format=",
                                                       unit_text(m.row, "format"), NULL),
                                        &context, &m.def), NULL);
        bad = build(p, &m, m.bytes, 0);
        lines = m.lines;
        whys = m.whys;
        if (bad) {
            on_bad(&m, 0, bad);
        }
        for (k = 0; k < lines->nelts; k++) {
            r307_slice_t line;

            m.line = APR_ARRAY_IDX(lines, k, unsigned);
            m.said = APR_ARRAY_IDX(whys, k, const char *);
            line = line_at(m.bytes, m.line ? m.line : 1);
            if (!memchr(line.s, '\0', line.len) && !is_half(line)) {
                advice_check(m.row, m.said, r307_slice_text(p, line), try_map, &m);
            }
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}

/* --- tenants --- */

typedef struct tenant_row_t {
    const char *limits;         /* of Redirect307Limits */
    r307_require_t require;
    const char *directive, *line;
} tenant_row_t;

typedef struct tenant_t {
    const char *directive;
    r307_tenancy_t tenancy;
} tenant_t;

static const char *try_tenant(void *baton, apr_pool_t *p, const char *line)
{
    tenant_t *tenant = baton;
    const char *directive = tenant->directive, *bad;
    r307_place_t place = { "unit", 1 };
    r307_maintenance_t *maintenance;
    const r307_rule_t *rule;
    r307_context_t context;

    if (strncmp(line, "Redirect307 ", 12) == 0) {
        directive = "Redirect307";
        line += 12;
    }
    unit_context_make(p, "htaccess", directive, &context);
    context.nth = context.nth_regex = 1;
    if (strcmp(directive, "Redirect307Maintenance") == 0) {
        bad = r307_maintenance_parse(p, line, place, &context, &maintenance);
        return bad ? bad : r307_maintenance_why(&tenant->tenancy, maintenance);
    }
    bad = r307_line_parse(p, line, place, &context, &rule);
    if (bad) {
        return strstr(bad, "belongs to") ? NULL : bad;      /* $1, the next message's */
    }
    if (r307_limit_why(&tenant->tenancy, rule)) {
        advice_said(r307_limit_why(&tenant->tenancy, rule));
    }
    return r307_limit_say(p, &tenant->tenancy, rule);
}

/* A row for the machine, which wants one to name. */
static const unit_row_t *row_of(unit_table_t *table, int line)
{
    table->rows[0].line = line;
    return &table->rows[0];
}

void advice_follow_tenants(void)
{
    static const tenant_row_t tenants[] = {
        { "targets=same-site", R307_REQUIRE_NONE, "Redirect307", "a https://h.example/" },
        { "targets=hosts", R307_REQUIRE_NONE, "Redirect307", "a https://h.example/ status=301" },
        { "regex=off", R307_REQUIRE_NONE, "Redirect307Match", "^/a(.*)$ /b" },
        { "regex=0", R307_REQUIRE_NONE, "Redirect307", "^/a(.*)$ /b match=regex" },
        { "rules=9", R307_REQUIRE_UNTIL, "Redirect307", "a /b" },
        { "rules=9", R307_REQUIRE_REVIEW, "Redirect307", "a /b status=303" },
        { "longest=30d", R307_REQUIRE_NONE, "Redirect307", "a /b" },
        { "longest=30d", R307_REQUIRE_NONE, "Redirect307", "a /b until=2027-12-26" },
        { "longest=30d", R307_REQUIRE_NONE, "Redirect307Maintenance", "down/" },
        { "longest=30d", R307_REQUIRE_NONE, "Redirect307Maintenance",
          "down/ until=2027-12-26" },
        { "rules=9", R307_REQUIRE_UNTIL, "Redirect307Maintenance", "down/ eta=2026-12-26T18:00" },
        { "rules=9", R307_REQUIRE_REVIEW, "Redirect307Maintenance", "down/" }
    };
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "time.tsv", 80);
    size_t i;

    for (i = 0; i < sizeof(tenants) / sizeof(tenants[0]); i++) {
        const tenant_row_t *row = &tenants[i];
        tenant_t tenant;
        r307_limits_t *limits = r307_limit_make(p);
        const char *said;

        ck_assert_ptr_eq(r307_limit_parse(p, row->limits, limits), NULL);
        memset(&tenant, 0, sizeof(tenant));
        tenant.directive = row->directive;
        tenant.tenancy.limits = limits;
        tenant.tenancy.name = "www.example.test";
        tenant.tenancy.require = row->require;
        ck_assert_ptr_eq(r307_time_parse(p, "2026-12-01", 0, &tenant.tenancy.made), NULL);
        if (strcmp(row->limits, "regex=0") == 0) {
            limits->value[R307_LIMIT_REGEX] = 5;
            tenant.tenancy.shift_regex = 5;
        }
        said = try_tenant(&tenant, p, row->line);
        ck_assert_msg(said != NULL, "%s: %s", row->limits, row->line);
        advice_check(row_of(table, (int)i), said, row->line, try_tenant, &tenant);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}

/* --- two rules, and a rule beside its directory --- */

static const char *try_pair(void *baton, apr_pool_t *p, const char *line)
{
    const char *const *first = baton, *bad;
    r307_ruleset_t *rules = r307_ruleset_make(p);
    r307_place_t place = { "unit", 1 };
    const r307_rule_t *rule = NULL;
    r307_context_t context;

    unit_context_make(p, "htaccess", "Redirect307", &context);
    if (strncmp(*first, "@", 1) == 0) {
        bad = r307_line_parse(p, line, place, &context, &rule);
        return bad || !rule ? bad
            : r307_ruleset_outside(p, rule, r307_slice(*first + 1, strlen(*first) - 1));
    }
    bad = r307_line_parse(p, *first, place, &context, &rule);
    bad = bad ? bad : r307_ruleset_add(p, rules, rule);
    bad = bad || !*line ? bad : r307_line_parse(p, line, place, &context, &rule);
    return bad || !*line ? bad : r307_ruleset_add(p, rules, rule);
}

void advice_follow_pairs(void)
{
    static const char *const pairs[][2] = {
        { "/a /x percent=50", "/a /y percent=50.01" },
        { "/a /x percent=100", "/a /y percent=1" },
        { "/a /x percent=10", "/a /y percent=10 sticky=address" },
        { "/a /x percent=10 sticky=address", "/a /y percent=10" },
        { "/a /x percent=10 sticky=cookie=a", "/a /y percent=10 sticky=cookie=b" },
        { "@/site/", "/docs/a /b" }, { "@/site/", "/ /b match=exact" }
    };
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "time.tsv", 80);
    size_t i;

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const char *first = pairs[i][0], *said = try_pair(&first, p, pairs[i][1]);

        ck_assert_msg(said != NULL, "%s, %s", first, pairs[i][1]);
        advice_check(row_of(table, (int)i), said, pairs[i][1], try_pair, &first);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
