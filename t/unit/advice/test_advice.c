/* SPDX-License-Identifier: Apache-2.0
 *
 * Every "write ..." of every message in the tables is written, parsed, and asked. */
#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "advice/advice.h"
#include "lint/lint_words.h"
#include "maintenance/maintenance.h"
#include "conf/rewrite_cond.h"
#include "base/datetime.h"
#include "unit.h"

/* Messages that can only name what is wrong. */
static const char *const none[] = {
    "does not compile: ",           /* PCRE2's own words */
    "is never closed",
    "more than 256 words", "bytes; the longest", "too many segments",
    "the most is 99",
    "is not an expression: ",       /* httpd's own words */
    "can be guessed",               /* a key is nobody's but its writer's */
    /* what a host, a name or a member is nobody else knows */
    "has an empty member in its list", "has no name", "has no host", "is empty",
    "has an empty label", "holds a byte that no host name has", "is not an IPv6 address",
    "is a number that browsers read as an IPv4 address", "has a label",
    "is not a number from 1 to 65535",
    /* what a cell of a sheet holds, too, or how the whole sheet was saved */
    "a quote inside a quoted cell is written twice", "save the sheet as", "fill its cell",
    "stands in a column without a name",
    /* lines for another module: t/advice.t asks those */
    "RewriteRule does it", "is an ErrorDocument",
    /* findings that say what follows of a line that may be meant */
    "R307-A04", "R307-A05", "a host is an option", "a parameter is an option"
};

int advice_is_none(const char *message)
{
    size_t i;

    for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        if (strstr(message, none[i])) {
            return 1;
        }
    }
    return 0;
}

typedef struct trying_t {
    const unit_row_t *row;
    const char *where, *directive;
    const char *asks;               /* NULL: nothing is asked */
    const char *said;               /* the message */
    const r307_doubt_t *doubt;      /* that is to be gone; or NULL */
} trying_t;

/* "TARGET -> STATUS LOCATION" or "TARGET -> passes" or "stops", joined by " && "; STATUS may be a
 * choice, as 301|308. */
static const char *ask_all(apr_pool_t *p, const trying_t *trying, const r307_rule_t *rule,
                           const char *all)
{
    apr_array_header_t *asks = unit_list(p, all, " && ");
    r307_ruleset_t *rules = r307_ruleset_make(p);
    int i;

    r307_ruleset_add(p, rules, rule);
    for (i = 0; i < asks->nelts; i++) {
        const char *text = APR_ARRAY_IDX(asks, i, const char *);
        const char *arrow = strstr(text, " -> "), *wanted = arrow + 4, *got = "passes";
        unit_fake_t *fake = unit_fake_make(p, "GET",
                                           apr_pstrmemdup(p, text, (size_t)(arrow - text)),
                                           "-");
        r307_decision_t decision;
        const char *choice = strchr(wanted, '|');

        unit_decide(p, rules, trying->where, "-", &fake->view, &decision);
        if (decision.outcome == R307_OUTCOME_ANSWER) {
            got = apr_psprintf(p, "%d%s%s", decision.status, decision.location ? " " : "",
                               decision.location ? decision.location : "");
        }
        else if (decision.outcome == R307_OUTCOME_STOP) {
            got = "stops";
        }
        else if (decision.outcome != R307_OUTCOME_PASS) {
            got = apr_psprintf(p, "outcome %d", (int)decision.outcome);
        }
        if (choice && strncmp(got, choice + 1, 3) == 0) {
            wanted = choice + 1;
        }
        else if (choice) {
            wanted = apr_pstrcat(p, apr_pstrmemdup(p, wanted, (size_t)(choice - wanted)),
                                 choice + 4, NULL);
        }
        if (strcmp(got, wanted) != 0) {
            return apr_psprintf(p, "%s, and not %s", got, text);
        }
    }
    return NULL;
}

/* Several lists of answers, joined by " || ": one of them. */
static const char *ask(apr_pool_t *p, const trying_t *trying, const r307_rule_t *rule)
{
    apr_array_header_t *lists = unit_list(p, trying->asks, " || ");
    const char *bad = NULL;
    int i;

    for (i = 0; i < lists->nelts; i++) {
        bad = ask_all(p, trying, rule, APR_ARRAY_IDX(lists, i, const char *));
        if (!bad) {
            return NULL;
        }
    }
    return bad;
}

static const char *still_doubted(apr_pool_t *p, const trying_t *trying,
                                 const r307_rule_t *rule)
{
    apr_array_header_t *doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));
    int i;

    r307_lint_line(p, rule, R307_LIST_EMPTY, doubts);
    for (i = 0; i < doubts->nelts; i++) {
        const r307_doubt_t *doubt = &APR_ARRAY_IDX(doubts, i, r307_doubt_t);

        if (doubt->finding == trying->doubt->finding) {
            return apr_psprintf(p, "still %s", doubt->text);
        }
    }
    return NULL;
}

static const char *try_rule(void *baton, apr_pool_t *p, const char *line)
{
    const trying_t *trying = baton;
    const char *directive = trying->directive, *where = trying->where, *bad;
    r307_place_t place = { "unit", (unsigned)trying->row->line };
    const r307_rule_t *rule = NULL;
    r307_context_t context;
    size_t n;

    if (strncmp(line, "@htaccess ", 10) == 0) {
        where = "htaccess";
        line += 10;
    }
    else if (strncmp(line, "@location ", 10) == 0) {
        where = "location:/x";
        line += 10;
    }
    n = strcspn(line, " ");
    if (strncmp(line, "Redirect307", 11) == 0) {
        directive = apr_pstrmemdup(p, line, n);
        line += n + (line[n] == ' ');
    }
    if (strcmp(directive, "Redirect307") != 0 && strcmp(directive, "Redirect307Match") != 0) {
        return "another directive";
    }
    unit_context_make(p, where, directive, &context);
    bad = r307_line_parse(p, line, place, &context, &rule);
    if (!bad && !rule) {
        bad = "an empty line";
    }
    if (bad && trying->asks && !strcmp(trying->asks, "again")
        && strcmp(bad, trying->said) != 0) {
        return NULL;        /* the line has a second mistake */
    }
    if (!bad && trying->doubt) {
        bad = still_doubted(p, trying, rule);
    }
    return bad || !trying->asks || !strcmp(trying->asks, "again") ? bad
        : ask(p, trying, rule);
}

/* A field that only some rows have. */
static const char *optional(const unit_row_t *row, const char *column)
{
    int i;

    for (i = 0; i < row->table->columns; i++) {
        if (!strcmp(row->table->column[i], column)) {
            return i < row->count && strcmp(row->field[i].s, "-") ? row->field[i].s : NULL;
        }
    }
    return NULL;
}

static void follow_rules(void)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "rulefile-bad.tsv", 300);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        trying_t trying = { row, unit_text(row, "context"), unit_text(row, "directive"),
                            optional(row, "asks?"), NULL, NULL };
        r307_place_t place = { "unit", (unsigned)row->line };
        const r307_rule_t *rule;
        r307_context_t context;
        const char *bad;

        unit_context_make(p, trying.where, trying.directive, &context);
        bad = r307_line_parse(p, unit_text(row, "line"), place, &context, &rule);
        if (bad) {
            trying.said = bad;
            advice_check(row, bad, unit_text(row, "line"), try_rule, &trying);
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}

/* What is advised about a rule is a line without that doubt. Not of rules that lead in a
 * circle: which of them is to go nobody else knows. */
static void follow_findings(void)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "audit.tsv", 55);
    int i, k;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        trying_t trying = { row, unit_text(row, "context"), unit_text(row, "directive"),
                            optional(row, "asks?"), NULL, NULL };
        apr_array_header_t *doubts = apr_array_make(p, 2, sizeof(r307_doubt_t));
        r307_place_t place = { "unit", (unsigned)row->line };
        const r307_rule_t *rule;
        r307_context_t context;

        unit_context_make(p, trying.where, trying.directive, &context);
        if (strstr(unit_text(row, "rule"), " ;; ")
            || r307_line_parse(p, unit_text(row, "rule"), place, &context, &rule)) {
            continue;
        }
        r307_lint_line(p, rule, R307_LIST_EMPTY, doubts);
        for (k = 0; k < doubts->nelts; k++) {
            trying.doubt = &APR_ARRAY_IDX(doubts, k, r307_doubt_t);
            advice_check(row, trying.doubt->text, unit_text(row, "rule"), try_rule, &trying);
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}

static const char *try_maintenance(void *baton, apr_pool_t *p, const char *line)
{
    static const char name[] = "Redirect307Maintenance ";
    const trying_t *trying = baton;
    r307_place_t place = { "unit", (unsigned)trying->row->line };
    r307_maintenance_t *made = NULL;
    r307_context_t context;
    const char *bad;

    if (strncmp(line, name, strlen(name)) == 0) {
        line += strlen(name);
    }
    unit_context_make(p, trying->where, "Redirect307Maintenance", &context);
    bad = r307_maintenance_parse(p, line, place, &context, &made);
    bad = bad || !made ? bad : r307_maintenance_doubt(p, made, context.is_tenant);
    if (bad && trying->said && strncmp(bad, "names no page", 13) == 0
        && strncmp(trying->said, bad, 13) != 0) {
        return NULL;        /* the line has a second mistake */
    }
    return bad || made ? bad : "an empty line";
}

static void follow_maintenance(void)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "maintenance-bad.tsv", 45);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        trying_t trying = { row, "server", "Redirect307Maintenance", NULL, NULL, NULL };
        const char *line = unit_text(row, "line"), *bad;

        if (line[0] == '@') {
            trying.where = apr_pstrmemdup(p, line + 1, strcspn(line, " ") - 1);
            line += strcspn(line, " ") + 1;
        }
        bad = try_maintenance(&trying, p, line);
        if (bad) {
            trying.said = bad;
            advice_check(row, bad, line, try_maintenance, &trying);
        }
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}

/* What is said of a line of a flag file, and the line that is advised. */
static void follow_flags(void)
{
    static const char *const lines[] = {
        "allow=10.1", "allow=192.0.2.300", "allow=10.0.0.0/33", "eta=soon", "eta=0",
        "eta=2m", "eta=2 hours", "eta=3 Tage", "eta=200000d", "eta=26.12.2026",
        "until=tomorrow", "until=26.12.2026", "until=2026-02-30", "until=2026-12-26T25:00",
        "until=2200-01-01", "until=2026-13-01", "closed for repairs"
    };
    apr_pool_t *p = unit_pool();
    r307_flag_says_t says;
    size_t i;
    int k, n;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *said;
        apr_array_header_t *all;

        r307_flag_read(p, lines[i], &says);
        ck_assert_msg(says.problems && says.problems->nelts == 1, "%s", lines[i]);
        said = APR_ARRAY_IDX(says.problems, 0, const char *);
        ck_assert_msg(strncmp(said, "line 1 ", 7) == 0, "%s", said);
        said += strncmp(said, "line 1 has ", 11) ? 7 : 11;
        all = advice_read(p, said, lines[i]);
        ck_assert_msg(all->nelts, "%s", said);
        for (k = 0; k < all->nelts; k++) {
            const apr_array_header_t *some = APR_ARRAY_IDX(all, k, apr_array_header_t *);
            int works = 0;

            for (n = 0; n < some->nelts && !works; n++) {
                r307_flag_read(p, APR_ARRAY_IDX(some, n, const char *), &says);
                works = !says.problems || !says.problems->nelts;
            }
            unit_rows_add(1);
            ck_assert_msg(works, "alternative %d of: %s", k + 1, said);
        }
    }
    apr_pool_destroy(p);
}

/* What is said of a rule behind conditions is a rule with options. */
static void follow_conditions(apr_pool_t *p, const char *said, const char *line)
{
    apr_array_header_t *all = advice_read(p, said, line + strcspn(line, " ") + 1);
    const char *directive = strncasecmp(line, "Redirect307Match", 16) ? "Redirect307"
                                                                      : "Redirect307Match";
    r307_place_t place = { "unit", 1 };
    r307_context_t context;
    int k, n;

    unit_context_make(p, "htaccess", directive, &context);
    for (k = 0; k < all->nelts; k++) {
        const apr_array_header_t *some = APR_ARRAY_IDX(all, k, apr_array_header_t *);
        const char *bad = "nothing to try";

        for (n = 0; n < some->nelts && bad; n++) {
            const r307_rule_t *rule = NULL;

            bad = r307_line_parse(p, APR_ARRAY_IDX(some, n, const char *), place, &context,
                                  &rule);
            bad = !bad && rule->cond_count == 0
                && strcmp(rule->target->text, "https:") ? "no condition" : bad;
        }
        ck_assert_msg(!bad, "%s: %s", said, bad);
    }
}

/* Conditions of mod_rewrite in front of a rule of ours, and the options they are. */
static void follow_rewrite(void)
{
    static const struct {
        const char *lines;          /* "\\n" between them; the last one is the rule */
        const char *says;           /* NULL: nothing */
    } rows[] = {
        { "RewriteCond %{HTTP_HOST} ^www\\.example\\.org$ [NC]\nRedirect307 / https://h/",
          "write host=www.example.org beside" },
        { "RewriteCond %{HTTP_HOST} !^www\\.\nRedirect307 / /x", "write host=!www.* beside" },
        { "RewriteCond %{HTTP_HOST} ^(www\\.)?a\\.test$\nRedirect307 / /x",
          "write host=a.test,www.a.test" },
        { "RewriteCond %{REMOTE_ADDR} ^192\\.0\\.2\\.\nRedirect307 / /x",
          "write ip=192.0.2.0/24" },
        { "RewriteCond %{REMOTE_ADDR} !^192\\.0\\.2\\.7$\nRedirect307 / /x",
          "write ip=!192.0.2.7" },
        { "RewriteCond %{HTTP_COOKIE} beta=1\nRedirect307Match ^/ /x", "write cookie=beta=1" },
        { "RewriteCond %{HTTP_COOKIE} a=1\nRewriteCond %{HTTP_COOKIE} b=2\nRedirect307 / /x",
          "write cookie=a=1 cookie=b=2 beside" },
        { "RewriteCond %{QUERY_STRING} ^id=3$\nRedirect307 /a /x", "write args=id=3" },
        { "RewriteCond %{REQUEST_METHOD} =POST\nRedirect307 /a /x", "write method=POST" },
        { "RewriteCond %{HTTP_USER_AGENT} Bot\nRedirect307 /a /x",
          "write header=User-Agent:*Bot*" },
        { "RewriteCond %{REQUEST_FILENAME} !-f\nRewriteCond %{REQUEST_FILENAME} !-d\n"
          "Redirect307 a /x", "write file=missing beside" },
        { "RewriteCond %{HTTPS} off\nRedirect307 / https://h/", "write https: as the target" },
        { "RewriteCond %{HTTPS} !=on\nRewriteCond %{HTTP_HOST} ^a\\.test$\n"
          "Redirect307 / https://h/", "write host=a.test beside it; write https:" },
        { "RewriteCond %{REMOTE_ADDR} ^192\\.0\\.2\\.7$\nRewriteCond %{HTTP_HOST} ^a\\.test$\n"
          "Redirect307 / /x", "write ip=192.0.2.7 host=a.test beside" },
        /* one of them is enough: a list, or nothing that one rule can say */
        { "RewriteCond %{HTTP_HOST} ^a\\.test$ [NC,OR]\nRewriteCond %{HTTP_HOST} ^b\\.test$\n"
          "Redirect307 / /x", "write host=a.test,b.test beside" },
        { "RewriteCond %{REMOTE_ADDR} ^192\\.0\\.2\\.7$ [OR]\nRewriteCond %{REMOTE_ADDR} "
          "^10\\.\nRedirect307 / /x", "write ip=192.0.2.7,10.0.0.0/8 beside" },
        { "RewriteCond %{HTTP_HOST} !^a\\.test$\nRewriteCond %{HTTP_HOST} !^b\\.test$\n"
          "Redirect307 / /x", "write host=!a.test,b.test beside" },
        { "RewriteCond %{HTTP_HOST} ^a\\.test$ [OR]\nRewriteCond %{REQUEST_METHOD} ^POST$\n"
          "Redirect307 / /x", "conditions are options here" },
        { "RewriteCond %{HTTP_HOST} !^a$ [ornext]\nRewriteCond %{HTTP_HOST} !^b$\n"
          "Redirect307 / /x", "conditions are options here" },
        { "RewriteCond %{HTTPS} off [OR]\nRewriteCond %{HTTP_HOST} ^a\\.test$\n"
          "Redirect307 / https://h/", "conditions are options here" },
        { "RewriteCond %{QUERY_STRING} ^a=1$\nRewriteCond %{QUERY_STRING} ^b=2$\n"
          "Redirect307 /a /x", "conditions are options here" },
        { "rewritecond %{HTTP_HOST} (a|b)\nredirect307 / /x", "conditions are options here" },
        { "RewriteCond %{HTTP_HOST} ^a$\nRewriteEngine On\nRedirect307 / /x", "host=a " },
        { "RewriteCond %{HTTP_HOST} ^a$\nRewriteRule ^ - [L]\nRedirect307 / /x", NULL },
        { "RewriteRule ^ - [L]\nRedirect307 / /x", NULL },
        { "RewriteCond %{HTTP_HOST} ^a$\nRedirect307Engine on", NULL },
        { "RewriteEngine On\nRedirect307 / /x", NULL }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        apr_array_header_t *lines = unit_list(p, rows[i].lines, "\n");
        r307_rewrite_t rewrite = { 0, NULL, 0, 0, 0 };
        const char *said = NULL;
        int k;

        for (k = 0; k < lines->nelts; k++) {
            const char *line = APR_ARRAY_IDX(lines, k, const char *);
            size_t n = strcspn(line, " ");

            said = r307_rewrite_meet(p, &rewrite, apr_pstrmemdup(p, line, n), line + n + 1,
                                     (unsigned)k + 1);
        }
        unit_rows_add(1);
        ck_assert_msg(!said == !rows[i].says && (!said || strstr(said, rows[i].says)),
                      "%s: %s", rows[i].lines, said);
        if (said) {
            follow_conditions(p, said, APR_ARRAY_IDX(lines, lines->nelts - 1, const char *));
        }
    }
    apr_pool_destroy(p);
}

static void (*const follow[])(void) = {
    follow_rules, follow_findings, follow_maintenance, follow_flags, follow_rewrite,
    advice_follow_places, advice_follow_maps, advice_follow_tenants, advice_follow_pairs,
    advice_follow_cases,
    advice_follow_times, advice_storm
};
#define FOLLOWED (int)(sizeof(follow) / sizeof(follow[0]))

START_TEST(advice_works)
{
    follow[_i]();
}
END_TEST

/* A message that nobody follows is no better than one that does not work. */
START_TEST(advice_seen)
{
    int i;

    for (i = 0; i < FOLLOWED; i++) {
        follow[i]();
    }
    advice_missed();
}
END_TEST

TCase *advice_cases(void)
{
    TCase *tcase = tcase_create("advice");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, advice_works, 0, FOLLOWED);
    tcase_add_test(tcase, advice_seen);
    return tcase;
}
