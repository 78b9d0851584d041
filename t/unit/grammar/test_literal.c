/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <apr_strings.h>
#include "grammar/literal_line.h"
#include "grammar/line_cond.h"
#include "unit.h"

static const char *const sources[] = {
    "/", "/a", "/a/", "/a/b.html", "/A/B", "/a=b;c,d", "/a//b", "/./a", "/a/.b", "/a%20b", "/:x",
    "/a/*", "/a?x", "a", "a/b", "^/a$", "/$1", "/\xC3\xA4", "\"/a\"", "/a\\", "-", "permanent",
    "301", "/wp-content/", "/index.php", "/var/www/html/a"
};

static const char *const targets[] = {
    "/", "/b", "/b/", "/b/c.html", "https://h.example", "https://h.example/", "http://h.example/b",
    "https://H.example/b", "https://h.example:8443/b", "https://h.example./b", "http://1.2.3.4/b",
    "https://h_x.example/b", "b", "../b", "-", "https:", "/b?x", "/b#y", "/$1", "/:splat", "/a",
    "/a/b.html", "/b//c", "/b%20c", "https://h.example//b", "h.example", "www.h.example/b",
    "/b;", "/b,", "https//h.example/", "/b's", "/b until=2027-01-01", "/b status=308",
    "/b # why", "/b [R=301,L]", "/b  ", "", "301", "/b /c"
};

static const char *const options[] = {
    "", "query=keep", "status=308", "status=gone", "match=exact", "match=prefix", "match=regex",
    "case=ignore", "slash=ignore  until=2027-01-01 then=410", "host=a.example", "method=!POST",
    "args=a=1 header=X-Y", "note=\"a b\" owner=me", "name=n", "cache=1h", "query=keep # why",
    "# why", "note=a\\", "note=a\\ ", "note=\"a\\\\\" ", "query=keep \t", "query=keep\r", "query=kep", "quer=keep", "note=\"a", "vary=off", "percent=10", "ip=192.0.2.1"
};

static const char *const places[] = { "server", "htaccess", "location:/x" };
static const char *const directives[] = { "Redirect307", "Redirect307Match" };

static int same(r307_slice_t a, r307_slice_t b)
{
    return (a.s == NULL) == (b.s == NULL) && (!a.s || r307_slice_same(a, b));
}

static void check_conds(const char *line, const r307_rule_t *a, const r307_rule_t *b)
{
    int i;

    ck_assert_int_eq(a->cond_count, b->cond_count);
    for (i = 0; i < a->cond_count; i++) {
        ck_assert_msg(a->conds[i].kind == b->conds[i].kind
                      && a->conds[i].negate == b->conds[i].negate
                      && strcmp(a->conds[i].value, b->conds[i].value) == 0,
                      "%s: a condition", line);
    }
}

/* All that the parser would have said of the rule. */
static void check_same(apr_pool_t *p, const char *line, const r307_rule_t *a,
                       const r307_rule_t *b)
{
    const r307_target_t *to = a->target, *its = b->target;

    ck_assert_str_eq(r307_line_print(p, a), r307_line_print(p, b));
    ck_assert_str_eq(r307_line_label(p, a), r307_line_label(p, b));
    ck_assert_msg(a->carry == b->carry && a->status == b->status && a->nth == b->nth
                  && a->nth_regex == b->nth_regex && a->is_tenants == b->is_tenants
                  && a->of_map == b->of_map && a->ends_at_self == b->ends_at_self
                  && a->waits == b->waits && a->unbounded == b->unbounded
                  && a->group == b->group
                  && a->options_named == b->options_named && a->no_vary == b->no_vary
                  && a->home == b->home && a->traits == b->traits
                  && !a->hosts == !b->hosts && a->query.mode == b->query.mode
                  && a->cache.mode == b->cache.mode && a->plan.then == b->plan.then
                  && a->plan.until.when == b->plan.until.when, "%s: the rule", line);
    check_conds(line, a, b);
    ck_assert_msg(same(a->head, b->head) && same(a->base, b->base)
                  && same(a->pattern->head, b->pattern->head)
                  && a->pattern->final_slash == b->pattern->final_slash
                  && a->pattern->match == b->pattern->match
                  && a->pattern->relative == b->pattern->relative
                  && a->pattern->fold == b->pattern->fold
                  && a->pattern->any_slash == b->pattern->any_slash
                  && strcmp(a->pattern->text, b->pattern->text) == 0, "%s: the source", line);
    ck_assert_msg(to->kind == its->kind && to->port == its->port && to->count == its->count
                  && to->inserts == its->inserts && to->final_slash == its->final_slash
                  && to->as_written == its->as_written && to->has_query == its->has_query
                  && same(to->scheme, its->scheme) && same(to->host, its->host)
                  && same(to->head, its->head), "%s: the target", line);
}

/* Both ways that do without the parser; 1 where they read the line. */
static int check_line(apr_pool_t *p, r307_literals_t *literals, const char *line,
                      const r307_context_t *context)
{
    r307_place_t place = { "a.conf", 17 };
    const r307_rule_t *rule, *parsed = NULL;
    const r307_plain_t *kept;
    r307_literal_t room;

    unit_rows_add(1);
    (void)r307_literals_line(literals, p, line, place, context);    /* makes room */
    rule = r307_literals_line(literals, p, line, place, context);
    kept = r307_literals_keep(literals, p, line, place, context);
    if (!rule) {
        ck_assert_msg(!kept, "%s: only kept", line);
        return 0;
    }
    ck_assert_msg(!r307_line_parse(p, line, place, context, &parsed) && parsed,
                  "%s: no line", line);
    check_same(p, line, rule, parsed);
    ck_assert_msg(!kept == (rule->cond_count || r307_plan_is_there(&rule->plan)), "%s: kept", line);
    if (!kept) {
        return 1;
    }
    ((r307_rule_t *)parsed)->nth = kept->model->rule.nth;
    rule = r307_plain_rule(kept, &room);
    check_same(p, line, rule, parsed);
    rule = r307_plain_keep(p, rule);
    memset(&room, 0, sizeof(room));
    check_same(p, line, rule, parsed);
    return 1;
}

/* What is read without the parser is what the parser makes of it. */
START_TEST(literal_lines)
{
    apr_pool_t *p = unit_pool(), *scratch;
    r307_literals_t *literals = r307_literals_make(p);
    const size_t sources_count = sizeof(sources) / sizeof(*sources);
    size_t i, k, n, m;
    int plain = 0, with_options = 0;

    apr_pool_create(&scratch, p);
    for (n = 0; n < 6; n++) {
        r307_context_t context;

        unit_context_make(p, places[n / 2], directives[n % 2], &context);
        context.nth = (int)n + 1;
        for (i = 0; i < sources_count * (sizeof(targets) / sizeof(*targets)); i++) {
            k = i / sources_count;
            for (m = 0; m < sizeof(options) / sizeof(*options); m++) {
                int read = check_line(scratch, literals,
                                      apr_pstrcat(scratch, sources[i % sources_count], " ",
                                                  targets[k], " ", options[m], NULL), &context);

                plain += read;
                with_options += read && *options[m];
                apr_pool_clear(scratch);
            }
        }
    }
    ck_assert_int_gt(plain, 100);
    ck_assert_int_gt(with_options, 1000);
    apr_pool_destroy(p);
}
END_TEST

/* Of more ways to write options than are known, and of names, each line is the parser's. */
START_TEST(literal_kinds)
{
    apr_pool_t *p = unit_pool();
    r307_literals_t *literals = r307_literals_make(p);
    r307_place_t place = { "a.conf", 17 };
    r307_context_t context;
    int i, read = 0;

    unit_context_make(p, "server", "Redirect307", &context);
    for (i = 0; i < 1000; i++) {
        const char *named = apr_psprintf(p, "/a%d /b name=n%d", i, i);
        const char *noted = apr_psprintf(p, "/a%d /b note=n%d", i, i);

        unit_rows_add(2);
        ck_assert_ptr_null(r307_literals_line(literals, p, named, place, &context));
        read += r307_literals_line(literals, p, noted, place, &context) != NULL;
    }
    ck_assert_int_eq(read, 64);
    /* what comes again and again finds room */
    ck_assert_ptr_null(r307_literals_line(literals, p, "/a /b cache=1h", place, &context));
    ck_assert_ptr_nonnull(r307_literals_line(literals, p, "/a /b cache=1h", place, &context));
    ck_assert_ptr_nonnull(r307_literals_line(literals, p, "/c /d cache=1h", place, &context));
    ck_assert_ptr_nonnull(r307_literals_line(literals, p, "/a /b note=n63", place, &context));
    ck_assert_ptr_nonnull(r307_literals_line(literals, p, "/a /b", place, &context));
    apr_pool_destroy(p);
}
END_TEST

/* What is too long to be a line is the parser's to refuse. */
START_TEST(literal_long)
{
    apr_pool_t *p = unit_pool();
    r307_literals_t *literals = r307_literals_make(p);
    r307_place_t place = { "a.conf", 17 };
    char *line = apr_palloc(p, R307_LINE_MOST + 2);
    const r307_rule_t *rule = NULL;
    r307_context_t context;

    unit_context_make(p, "server", "Redirect307", &context);
    memset(line, 'a', R307_LINE_MOST + 1);
    memcpy(line, "/ /", 3);
    line[R307_LINE_MOST + 1] = '\0';
    ck_assert_ptr_null(r307_literals_line(literals, p, line, place, &context));
    ck_assert_ptr_nonnull(r307_line_parse(p, line, place, &context, &rule));
    line[R307_LINE_MOST] = '\0';
    ck_assert_ptr_nonnull(r307_literals_line(literals, p, line, place, &context));
    ck_assert_ptr_null(r307_line_parse(p, line, place, &context, &rule));
    memset(line, ' ', R307_LINE_MOST + 1);
    memcpy(line + R307_LINE_MOST - 4, "/a /b", 5);
    ck_assert_ptr_null(r307_literals_line(literals, p, line, place, &context));
    ck_assert_ptr_nonnull(r307_line_parse(p, line, place, &context, &rule));
    unit_rows_add(3);
    apr_pool_destroy(p);
}
END_TEST

/* What is printed of a rule with as many conditions as it may have is a line again. */
START_TEST(literal_conditions)
{
    apr_pool_t *p = unit_pool();
    r307_place_t place = { "a.conf", 17 };
    const r307_rule_t *rule = NULL;
    const char *line = "/a /b", *bad;
    r307_context_t context;
    int i;

    ck_assert_int_le(R307_CONDS_MOST + 2 + r307_option_count, R307_WORDS_MOST);
    unit_context_make(p, "server", "Redirect307", &context);
    for (i = 1; i <= R307_WORDS_MOST; i++) {
        r307_literals_t *literals = r307_literals_make(p);
        int may = i <= R307_CONDS_MOST;

        line = apr_pstrcat(p, line, " env=a", NULL);
        bad = r307_line_parse(p, line, place, &context, &rule);
        ck_assert_msg((bad == NULL) == may, "%d conditions: %s", i, bad ? bad : "none");
        ck_assert_int_eq(!!r307_literals_line(literals, p, line, place, &context), may);
        ck_assert(bad || !r307_line_parse(p, r307_line_print(p, rule), place, &context, &rule));
        unit_rows_add(1);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *literal_cases(void)
{
    TCase *tcase = tcase_create("literal");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, literal_lines);
    tcase_add_test(tcase, literal_kinds);
    tcase_add_test(tcase, literal_long);
    tcase_add_test(tcase, literal_conditions);
    return tcase;
}
