/* SPDX-License-Identifier: Apache-2.0
 *
 * What the page about a server makes of foreign text, and of rules at a time.
 */
#include "unit.h"

#include <string.h>
#include <apr_strings.h>

#include "grammar/line.h"
#include "rule/limit.h"
#include "status/status_page.h"

#define DAY apr_time_from_sec(24 * 3600)

static apr_pool_t *p;
static apr_time_t now;

static void setup(void)
{
    apr_pool_create(&p, NULL);
    ck_assert_ptr_null(r307_time_parse(p, "2026-11-30T12:00", 0, &now));
}

static void teardown(void)
{
    apr_pool_destroy(p);
}

static void keep(void *baton, const char *bytes, size_t len)
{
    r307_buf_add(baton, bytes, len);
}

typedef void shape_t(r307_out_t *out, const char *text);

static const char *shaped(shape_t *shape, const char *text)
{
    r307_buf_t *all = apr_palloc(p, sizeof(*all));
    r307_out_t out;

    r307_buf_make(all, p, 64);
    r307_out_make(&out, p, keep, all);
    shape(&out, text);
    r307_out_end(&out);
    return all->len ? all->s : "";
}

START_TEST(foreign_text)
{
    unit_table_t *table = unit_table_load(p, "status.tsv", 12);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        const char *text = unit_text(row, "text");

        unit_row_begin(row);
        unit_row_same(row, "html", shaped(r307_out_html, text), unit_text(row, "html"));
        unit_row_same(row, "json", shaped(r307_out_json, text), unit_text(row, "json"));
        unit_row_same(row, "label", shaped(r307_out_label, text), unit_text(row,
                "label"));
    }
    unit_table_end(table);
    ck_assert_str_eq(shaped(r307_out_json, NULL), "null");
    ck_assert_str_eq(shaped(r307_out_html, NULL), "");
    ck_assert_str_eq(shaped(r307_out_query, "a&b=<c>"), "a%26b=%3Cc%3E");
}
END_TEST

START_TEST(numbers)
{
    ck_assert_str_eq(r307_status_number(p, 0), "0");
    ck_assert_str_eq(r307_status_number(p, 999), "999");
    ck_assert_str_eq(r307_status_number(p, 41280), "41\xC2\xA0" "280");
    ck_assert_str_eq(r307_status_time(p, 0), "1970-01-01T00:00:00Z");
}
END_TEST

static const r307_rule_t *parse(const char *line)
{
    r307_context_t context;
    r307_place_t place = { "x.conf", 7 };
    const r307_rule_t *rule = NULL;

    memset(&context, 0, sizeof(context));
    context.directive = "Redirect307";
    context.match = R307_MATCH_PREFIX;
    ck_assert_ptr_null(r307_line_parse(p, line, place, &context, &rule));
    return rule;
}

static r307_overview_t make(void)
{
    r307_overview_t status;

    memset(&status, 0, sizeof(status));
    status.now = now;
    status.engine = "on";
    status.version = "1";
    status.needs = apr_array_make(p, 4, sizeof(r307_status_need_t));
    status.quiet = apr_array_make(p, 1, sizeof(const char *));
    status.events = apr_array_make(p, 4, sizeof(r307_status_event_t));
    status.windows = apr_array_make(p, 4, sizeof(r307_status_window_t));
    status.maps = apr_array_make(p, 4, sizeof(r307_status_map_t));
    status.hosts = apr_array_make(p, 4, sizeof(r307_status_sum_t));
    status.statuses = apr_array_make(p, 4, sizeof(r307_status_sum_t));
    status.named = apr_array_make(p, 4, sizeof(r307_status_sum_t));
    status.shown = apr_array_make(p, 4, sizeof(r307_status_rule_t));
    status.files = apr_array_make(p, 4, sizeof(r307_status_file_t));
    status.new_hosts = apr_array_make(p, 4, sizeof(r307_status_host_t));
    status.filter.text = status.filter.state = "";
    return status;
}

START_TEST(what_is_due)
{
    static const struct {
        const char *line, *state;
        int needs, events, windows;
    } rows[] = {
        { "/a /b", "on", 0, 0, 0 },
        { "/a /b until=2026-12-05", "on", 0, 1, 1 },
        { "/a /b until=2027-12-05", "on", 0, 0, 1 },
        { "/a /b from=2026-12-01 until=2026-12-05", "coming", 0, 2, 1 },
        { "/a /b until=2026-11-05", "over", 1, 0, 1 },
        { "/a /b until=2020-11-05", "over", 1, 0, 0 },
        { "/a /b until=2026-11-05 then=410", "followed", 1, 0, 1 },
        { "/a /b review=2026-11-05", "on", 1, 0, 0 },
        { "/a /b review=2026-12-05", "on", 0, 1, 0 }
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const r307_rule_t *rule = parse(rows[i].line);
        r307_overview_t status = make();

        r307_status_look(p, &status, rule);
        ck_assert_msg(strcmp(r307_status_state(rule, now), rows[i].state) == 0
                      && status.needs->nelts == rows[i].needs
                      && status.events->nelts == rows[i].events
                      && status.windows->nelts == rows[i].windows, "%s: %s, %d, %d, %d",
                      rows[i].line, r307_status_state(rule, now), status.needs->nelts,
                      status.events->nelts, status.windows->nelts);
    }
}
END_TEST

START_TEST(sentences)
{
    r307_overview_t status = make();

    status.rules = 41280;
    ck_assert_str_eq(r307_status_sentence(p, &status),
                     "Answering. 41\xC2\xA0" "280 rules, nothing needs you.");
    r307_status_look(p, &status, parse("/a /b until=2026-11-05"));
    status.rules = 1;
    status.engine = "report";
    ck_assert_str_eq(r307_status_sentence(p, &status),
                     "Only reporting. 1 rule, 1 thing needs you.");
}
END_TEST

START_TEST(filters)
{
    r307_status_rule_t of = { parse("/Shop /winter name=summer "
                                    "owner=web"), "h.example", NULL,
                              { 0, 0, 0, 0, 0 }, NULL };
    r307_status_filter_t filter = { "", "", 0, 0 };

    ck_assert(r307_status_wants(&filter, &of, now));
    filter.text = "shop";
    ck_assert(r307_status_wants(&filter, &of, now));
    filter.text = "SUMMER";
    ck_assert(r307_status_wants(&filter, &of, now));
    filter.text = "h.ex";
    ck_assert(r307_status_wants(&filter, &of, now));
    filter.text = "nowhere";
    ck_assert(!r307_status_wants(&filter, &of, now));
    filter.text = "";
    filter.state = "over";
    ck_assert(!r307_status_wants(&filter, &of, now));
    filter.state = "";
    filter.is_unused = 1;
    ck_assert(r307_status_wants(&filter, &of, now));
    of.hits.all = 1;
    ck_assert(!r307_status_wants(&filter, &of, now));
}
END_TEST

static r307_status_file_t *add_file(r307_overview_t *status, const char *directory,
                                    const char *host, apr_time_t since)
{
    r307_status_file_t *file = apr_array_push(status->files);

    memset(file, 0, sizeof(*file));
    file->directory = directory;
    file->rules_most = file->regex_most = R307_STATUS_UNBOUND;
    file->hosts = apr_array_make(p, 1, sizeof(r307_status_host_t));
    if (host) {
        r307_status_host_t *added = apr_array_push(file->hosts);

        added->name = host;
        added->directory = directory;
        added->since = since;
    }
    return file;
}

static const char *file_at(const r307_overview_t *status, int at)
{
    return APR_ARRAY_IDX(status->files, at, r307_status_file_t).directory;
}

START_TEST(what_is_new_in_files)
{
    r307_overview_t status = make();

    add_file(&status, "/old", "old.example", now - DAY - 1)->last = 7;
    add_file(&status, "/new", "new.example", now - DAY + apr_time_from_sec(1))->last = 9;
    add_file(&status, "/newer", "newer.example", now)->last = 8;
    add_file(&status, "/skips", NULL, 0)->skipped = 1;
    add_file(&status, "/limited", NULL, 0)->limits = 1u << R307_LIMIT_RULES
                                                     | 1u << R307_LIMIT_TARGETS | 1u << 31;
    r307_status_look_at_files(p, &status);
    ck_assert_int_eq(status.new_hosts->nelts, 2);
    ck_assert_str_eq(APR_ARRAY_IDX(status.new_hosts, 0, r307_status_host_t).name,
                     "newer.example");
    ck_assert_int_eq(status.needs->nelts, 3);
    ck_assert_str_eq(file_at(&status, 0), "/limited");
    ck_assert_str_eq(file_at(&status, 1), "/skips");
    ck_assert_str_eq(file_at(&status, 2), "/new");
    ck_assert_str_eq(file_at(&status, 4), "/old");
    ck_assert_str_eq(r307_status_limits(p, APR_ARRAY_IDX(status.files, 0,
                                                         r307_status_file_t).limits),
                     "rules=, targets=");
    ck_assert_ptr_null(r307_status_limits(p, 0));
}
END_TEST

/* A hostile rule on the whole page, in all its forms. */
START_TEST(hostile_rule)
{
    static const char evil[] = "</title><script>x</script>\"'--><svg onload=x>";
    r307_overview_t status = make();
    r307_rule_t rule = *parse("/a /b until=2026-12-05");
    r307_target_t target = *rule.target;
    r307_status_rule_t *shown = apr_array_push(status.shown);
    r307_status_map_t *map = apr_array_push(status.maps);
    r307_status_ask_t ask;
    r307_buf_t all;
    r307_out_t out;

    rule.source = rule.name = rule.owner = rule.note = evil;
    rule.place.file = target.text = evil;
    rule.target = &target;
    memset(shown, 0, sizeof(*shown));
    shown->rule = &rule;
    shown->host = evil;
    add_file(&status, evil, evil, now);
    r307_status_look_at_files(p, &status);
    memset(map, 0, sizeof(*map));
    map->path = map->place = map->host = evil;
    map->versions = apr_array_make(p, 2, sizeof(r307_status_version_t));
    APR_ARRAY_PUSH(status.quiet, const char *) = evil;
    memset(&ask, 0, sizeof(ask));
    ask.url = ask.method = ask.headers = ask.at = ask.bad = ask.before = ask.rule = evil;
    ask.steps = apr_array_make(p, 1, sizeof(const char *));
    APR_ARRAY_PUSH(ask.steps, const char *) = evil;
    status.ask = &ask;
    status.filter.text = evil;
    status.next = 100;
    r307_status_look(p, &status, &rule);
    r307_buf_make(&all, p, 4096);
    r307_out_make(&out, p, keep, &all);
    r307_status_html(&out, &status);
    r307_out_end(&out);
    ck_assert_ptr_null(strstr(all.s, "<script"));
    ck_assert_ptr_null(strstr(all.s, "<svg onload"));
    ck_assert_ptr_null(strstr(all.s, "-->"));
    ck_assert(strstr(all.s, "&lt;script&gt;") != NULL);
    all.len = 0;
    r307_status_json_begin(&out, &status);
    r307_status_json_rule(&out, &status, shown, 1);
    r307_status_json_end(&out);
    r307_status_json_ask(&out, &ask);
    r307_out_end(&out);
    ck_assert_ptr_null(strchr(all.s, '<'));
}
END_TEST

TCase *status_cases(void)
{
    TCase *cases = tcase_create("status");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, foreign_text);
    tcase_add_test(cases, numbers);
    tcase_add_test(cases, what_is_due);
    tcase_add_test(cases, sentences);
    tcase_add_test(cases, filters);
    tcase_add_test(cases, what_is_new_in_files);
    tcase_add_test(cases, hostile_rule);
    return cases;
}
