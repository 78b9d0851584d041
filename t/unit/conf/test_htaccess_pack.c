/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "conf/htaccess_pack.h"
#include "grammar/line.h"
#include "unit.h"

static const char *const names[] = { "Redirect307", "Redirect307Match", NULL };

static int no_doubts(apr_pool_t *p, const r307_rule_t *rule)
{
    return 1;
}

/* NULL and *pack, or why it is not to be shared. */
static const char *make(apr_pool_t *p, const char *text, const r307_pack_t **pack)
{
    r307_packing_t packing = { "/www/.htaccess", names, 307, no_doubts };
    r307_packer_t *packer;
    const char *why = r307_pack_make(p, &packing, text, strlen(text), &packer);
    size_t size = why ? 0 : r307_pack_size(packer);
    void *bytes = size ? apr_palloc(p, size) : NULL;

    if (!why) {
        ck_assert_uint_gt(size, 0);
        r307_pack_write(packer, bytes);
        *pack = bytes;
        ck_assert(r307_pack_check(*pack, size));
        ck_assert(!r307_pack_check(*pack, size - 1));
        ck_assert(!r307_pack_check(*pack, 8));
    }
    return why;
}

static const r307_image_t *open_run(apr_pool_t *p, const r307_pack_t *pack,
                                    const r307_pack_run_t *run)
{
    const r307_image_t *image;
    r307_context_t context;

    r307_pack_context(&context);
    context.nth = (int)run->before_rules + 1;
    context.nth_regex = (int)run->before_regexes + 1;
    ck_assert_ptr_null(r307_image_attach(p, (const char *)pack + run->image, &context,
                                         "/www/.htaccess", &image));
    return image;
}

static const r307_rule_t *parse(apr_pool_t *p, const char *line, unsigned number, int nth,
                                int nth_regex)
{
    int is_match = strncmp(line, "Redirect307Match ", 17) == 0;
    r307_place_t place = { "/www/.htaccess", number };
    const r307_rule_t *rule;
    r307_context_t context;

    r307_pack_context(&context);
    context.match = is_match ? R307_MATCH_REGEX : R307_MATCH_PREFIX;
    context.nth = nth;
    context.nth_regex = nth_regex;
    ck_assert_ptr_null(r307_line_parse(p, line + (is_match ? 17 : 12), place, &context,
                                       &rule));
    return rule;
}

static const char *const lines[] = {
    "Redirect307 old.html new.html", "Redirect307 /a/b https://other.example/c",
    "Redirect307 /q/:id /r?id=:id name=x owner=me", "Redirect307Match ^/x/(\\d+)$ /y/$1",
    "Redirect307Match \\.php$ /z status=302", "Redirect307 \"a b\" /c note=\"d e\"",
    "Redirect307 /t /u until=2030-01-01", "Redirect307Match /p /q match=exact",
    "Redirect307 /s - method=POST", "Redirect307 /f/* https://other.example/g/:splat",
    "Redirect307 ./ https://third.example/ query=drop", "Redirect307Match ^/last$ /l"
};

/* Each rule of a pack is the rule of its line, with the same numbers. */
START_TEST(pack_is_the_lines)
{
    apr_pool_t *p = unit_pool();
    const r307_pack_t *pack = NULL;
    const r307_pack_run_t *run;
    const r307_image_t *image;
    const char *text = "";
    unsigned i, regexes = 0;

    for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        text = apr_pstrcat(p, text, "# a comment\n", lines[i], "\n", NULL);
    }
    ck_assert_ptr_null(make(p, text, &pack));
    ck_assert_uint_eq(pack->run_count, 1);
    ck_assert_uint_eq(pack->line_count, 2);
    ck_assert_uint_eq(pack->mark_count, 2);
    run = r307_pack_runs(pack);
    ck_assert_uint_eq(run->count, i);
    ck_assert_uint_eq(run->regexes, 3);
    ck_assert_uint_eq(run->names, 3);
    ck_assert_uint_eq(run->line, 2);
    ck_assert_uint_eq(run->lines[1], 8);
    ck_assert_uint_eq(run->far_count, 2);
    ck_assert_int_eq(run->needs_base, 1);
    image = open_run(p, pack, run);
    for (i = 0; i < run->count; i++) {
        const r307_rule_t *rule = r307_image_rule(p, image, i);
        const r307_rule_t *line = parse(p, lines[i], 2 + 2 * i, (int)i + 1,
                                        (int)regexes + 1);

        regexes += line->nth_regex != 0;
        ck_assert_str_eq(r307_line_print(p, rule), r307_line_print(p, line));
        ck_assert_str_eq(r307_line_label(p, rule), r307_line_label(p, line));
        ck_assert_int_eq(rule->nth, line->nth);
        ck_assert_int_eq(rule->nth_regex, line->nth_regex);
        ck_assert_uint_eq(rule->traits, line->traits);
        ck_assert_uint_eq(rule->place.line, line->place.line);
        ck_assert_int_eq(rule->is_tenants, line->is_tenants);
        ck_assert_int_eq(rule->of_map, line->of_map);
        ck_assert_uint_eq(((const unsigned char *)pack)[run->name_of + i],
                          lines[i][11] == 'M');
    }
    apr_pool_destroy(p);
}
END_TEST

/* A list of an image, as served: looked at one after the other; regexes are counted. */
START_TEST(pack_is_looked_at)
{
    apr_pool_t *p = unit_pool(), *one = NULL;
    r307_ruleset_t *rules = r307_ruleset_make(p), *same = r307_ruleset_make(p);
    const r307_pack_t *pack = NULL;
    const char *text = "";
    r307_literal_t room;
    int i, count = (int)(sizeof(lines) / sizeof(*lines)), regexes = 0;

    for (i = 0; i < count; i++) {
        text = apr_pstrcat(p, text, lines[i], "\n", NULL);
    }
    ck_assert_ptr_null(make(p, text, &pack));
    rules->image = open_run(p, pack, r307_pack_runs(pack));
    rules->packed = count;
    for (i = 0; i < count; i++) {
        const r307_rule_t *rule = r307_ruleset_glance(p, &one, rules, i, &room);
        const r307_rule_t *line = parse(p, lines[i], (unsigned)i + 1, i + 1, regexes + 1);

        regexes += line->nth_regex != 0;
        ck_assert_str_eq(r307_line_print(p, rule), r307_line_print(p, line));
        ck_assert_ptr_null(r307_ruleset_add(p, same, line));
    }
    ck_assert_ptr_nonnull(one);
    ck_assert_int_eq(same->regexes, 3);
    apr_pool_destroy(p);
}
END_TEST

/* What httpd has to read, between what it has not. */
START_TEST(pack_keeps_other_lines)
{
    apr_pool_t *p = unit_pool();
    const r307_pack_t *pack = NULL;
    const r307_pack_line_t *line;

    ck_assert_ptr_null(make(p, "Header set X-A b\r\nRedirect307 a b\n# c\nRedirect307 c d\n"
                            "<Files x>\nRedirect307 e f\n</Files>\nRedirect307 /g qurey=1 x",
                            &pack));
    ck_assert_uint_eq(pack->run_count, 2);
    ck_assert_uint_eq(pack->line_count, 6);
    line = r307_pack_lines(pack);
    ck_assert_int_eq(line[0].run, R307_SCAN_FILE);
    ck_assert_uint_eq(line[0].len, 18);
    ck_assert_int_eq(memcmp(r307_pack_text(pack, line), "Header set X-A b\r\n", 18), 0);
    ck_assert_int_eq(line[1].run, 0);
    ck_assert_uint_eq(line[1].number, 2);
    ck_assert_int_eq(line[3].run, 1);
    ck_assert_uint_eq(line[5].number, 8);
    ck_assert_uint_eq(r307_pack_runs(pack)[1].before_rules, 2);
    apr_pool_destroy(p);
}
END_TEST

static const char *const left[] = {
    "Header set A b\n", "Redirect307 a b flag=x.on\n", "Redirect307 a b lang=de\n",
    "Redirect307 a b percent=50\n", "Redirect307 a b expr=true\n",
    "Redirect307 a b name=n\nRedirect307Map m.txt\n",
    "Redirect307Match ^/a /b\nRedirect307 c d ip=192.0.2.1\n", "<Files x>\nRedirect307 a b\n"
};

START_TEST(pack_leaves_the_rest)
{
    apr_pool_t *p = unit_pool();
    const r307_pack_t *pack;
    size_t i;

    for (i = 0; i < sizeof(left) / sizeof(*left); i++) {
        ck_assert_msg(make(p, left[i], &pack) != NULL, "%s", left[i]);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *htaccess_pack_cases(void)
{
    TCase *tcase = tcase_create("htaccess_pack");

    tcase_add_test(tcase, pack_is_the_lines);
    tcase_add_test(tcase, pack_is_looked_at);
    tcase_add_test(tcase, pack_keeps_other_lines);
    tcase_add_test(tcase, pack_leaves_the_rest);
    return tcase;
}
