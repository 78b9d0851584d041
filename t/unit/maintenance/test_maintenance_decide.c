/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "maintenance/maintenance.h"
#include "base/datetime.h"
#include "unit.h"

#define NOW "2026-11-26T12:00:00Z"
#define BASE "/dir/"

typedef struct asked_t {
    apr_pool_t *p;
    apr_time_t now;
    apr_array_header_t *flags;      /* of const char *: "name", "name@seconds-ago",
                                     * "name@seconds-ago:text" with '|' for a line's end */
} asked_t;

static void tell_flag(void *baton, const r307_maintenance_t *line, r307_flag_seen_t *seen)
{
    asked_t *asked = baton;
    size_t len = strlen(line->flag);
    int i;

    for (i = 0; i < asked->flags->nelts; i++) {
        const char *flag = APR_ARRAY_IDX(asked->flags, i, const char *), *text;
        char *copy, *c;

        if (strncmp(flag, line->flag, len) || (flag[len] && flag[len] != '@')) {
            continue;
        }
        seen->exists = 1;
        seen->made = asked->now;
        if (!flag[len]) {
            return;
        }
        seen->made -= apr_time_from_sec(atoi(flag + len + 1));
        text = strchr(flag + len, ':');
        copy = apr_pstrdup(asked->p, text ? text + 1 : "");
        for (c = copy; *c; c++) {
            *c = *c == '|' ? '\n' : *c;
        }
        seen->text = *copy ? copy : NULL;
    }
}

/* A line that stands in no directory has none. */
static r307_slice_t tell_base(void *baton, const r307_maintenance_t *line)
{
    ck_assert(line->root && line->root->kind == R307_TARGET_RELATIVE);
    return r307_slice(BASE, strlen(BASE));
}

/* The lines of a test say where they stand in their root: "/" is a server, "./" is BASE. */
static int governs(const r307_maintenance_t *line, const char *path)
{
    const char *scope = !line->root ? NULL : strcmp(line->root->text, "./") == 0
                        ? BASE : line->root->text;
    size_t len = scope ? strlen(scope) : 0;

    return scope && r307_path_below(path, strcspn(path, "?"), scope, len, 0);
}

static int tell_governs(void *baton, const r307_maintenance_t *line, const char *page)
{
    return governs(line, page);
}

static const char *describe(apr_pool_t *p, const r307_halt_decision_t *decision)
{
    switch (decision->outcome) {
    case R307_HALT_NO:
        return "no";
    case R307_HALT_LET:
        return "let";
    case R307_HALT_OPEN:
        return "open";
    case R307_HALT_SEND:
        return apr_pstrcat(p, "307 ", decision->location, NULL);
    case R307_HALT_HOLD:
        return apr_psprintf(p, "503 %s %d", decision->page ? decision->page : "-",
                            decision->retry_after);
    case R307_HALT_SHOW:
        return apr_psprintf(p, "200 %s", decision->beside ? decision->beside : "page=");
    case R307_HALT_LINK:
        return apr_pstrcat(p, strstr(decision->cookie, "Max-Age=0;") ? "leave " : "enter ",
                           decision->location, NULL);
    case R307_HALT_BACK:
        return apr_pstrcat(p, "back ", decision->location, NULL);
    }
    return NULL;
}

/* The lines of a column; one may begin with "@htaccess " or "@location:/path ". */
static const r307_maintenance_t **parse_lines(apr_pool_t *p, const char *text,
                                              int *count, const char **error)
{
    apr_array_header_t *list = unit_list(p, text, " ;; ");
    const r307_maintenance_t **lines;
    int i;

    lines = apr_palloc(p, (size_t)list->nelts * sizeof(*lines));
    *error = NULL;
    *count = list->nelts;
    for (i = 0; i < list->nelts && !*error; i++) {
        r307_place_t place = { "unit", (unsigned)i + 1 };
        r307_context_t *context = apr_palloc(p, sizeof(*context));
        const char *line = APR_ARRAY_IDX(list, i, const char *), *where = "server";
        r307_maintenance_t *made;

        if (line[0] == '@') {
            size_t n = strcspn(line, " ");

            where = apr_pstrmemdup(p, line + 1, n - 1);
            line += n + (line[n] == ' ');
        }
        unit_context_make(p, where, "Redirect307Maintenance", context);
        *error = r307_maintenance_parse(p, line, place, context, &made);
        lines[i] = made;
    }
    return lines;
}

static void fill(apr_pool_t *p, const char *flags, unit_fake_t *fake, asked_t *asked,
                 r307_halting_t *halting, const char *address)
{
    asked->p = p;
    asked->now = fake->view.now;
    asked->flags = unit_list(p, flags, " && ");
    memset(halting, 0, sizeof(*halting));
    halting->view = &fake->view;
    halting->address = address;
    halting->exempt = r307_exempt_default(p);
    halting->relative = 1;
    halting->flag = tell_flag;
    halting->base = tell_base;
    halting->governs = tell_governs;
    halting->baton = asked;
}

/* TOKEN in the headers is the cookie's value of allow-link=staff=open-sesame. */
static const char *with_token(apr_pool_t *p, const char *text)
{
    const char *at = strstr(text, "TOKEN");
    r307_link_t link;

    ck_assert_ptr_null(r307_link_parse(p, "staff=open-sesame", &link));
    return at ? apr_pstrcat(p, apr_pstrmemdup(p, text, (size_t)(at - text)), link.token,
                            at + 5, NULL) : text;
}

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    unit_fake_t *fake = unit_fake_make(p, unit_text(row, "method"),
                                       unit_text(row, "target"),
                                       with_token(p, unit_text(row, "headers")));
    const r307_maintenance_t **lines;
    r307_halt_decision_t decision;
    r307_halting_t halting;
    const char *error;
    asked_t asked;
    int count;

    lines = parse_lines(p, unit_text(row, "lines"), &count, &error);
    if (error || !fake) {
        unit_row_fail(row, "lines", error, unit_text(row, "want"));
        return;
    }
    ck_assert_ptr_null(r307_time_parse(p, NOW, 0, &fake->view.now));
    fill(p, unit_text(row, "flags"), fake, &asked, &halting, unit_text(row, "address"));
    r307_halt_decide(p, lines, count, &halting, &decision);
    unit_row_same(row, "decision", describe(p, &decision), unit_text(row, "want"));
    if (!unit_is(row, "vary", "*")
        && !unit_same_names(p, decision.vary ? decision.vary : "-",
                            unit_text(row, "vary"))) {
        unit_row_fail(row, "vary", decision.vary, unit_text(row, "vary"));
    }
}

START_TEST(maintenance_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "maintenance.tsv", 90);
    int i;

    for (i = 0; i < table->count; i++) {
        unit_row_begin(&table->rows[i]);
        check_row(p, &table->rows[i]);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

/* Every line that is fine prints as one that prints the same. */
START_TEST(maintenance_lines)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "maintenance-bad.tsv", 45);
    int i, count;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        const r307_maintenance_t **lines;
        const char *error, *printed, *line = unit_text(row, "line"), *where = "";

        unit_row_begin(row);
        lines = parse_lines(p, line, &count, &error);
        unit_row_error(row, error, unit_text(row, "error"));
        if (error || count == 0) {
            continue;
        }
        if (line[0] == '@') {
            where = apr_pstrmemdup(p, line, strcspn(line, " ") + 1);
        }
        printed = r307_maintenance_print(p, lines[0]);
        lines = parse_lines(p, apr_pstrcat(p, where, printed, NULL), &count, &error);
        unit_row_same(row, "printed, read and printed",
                      error ? error : r307_maintenance_print(p, lines[0]), printed);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(maintenance_flag_says)
{
    static const struct {
        const char *text, *problems;    /* "first|second": how each begins */
        int allowed;
        const char *eta;
    } rows[] = {
        { "", NULL, 0, NULL },
        { "\n\n# words\n", NULL, 0, NULL },
        { "allow=192.0.2.1\r\nallow=2001:db8::/32,192.0.2.9\r\neta=2h", NULL, 3, "2h" },
        { "allow=192.0.2.1 eta=2h until=2026-12-01", NULL, 1, "2h" },
        { "secret\nallow=192.0.2.1", "line 1 says nothing; write until=2026-12-26, eta=2h "
          "or allow=192.0.2.7, or a '#' in front", 1, NULL },
        { "\nPASSWORD=secret", "line 2 says nothing; write until=2026-12-26, eta=2h or "
          "allow=192.0.2.7, or a '#' in front", 0, NULL },
        { "allow=10.1", "line 1 has allow='10.1', which is no address; write 10.1.0.0/16",
          0, NULL },
        { "eta=soon", "line 1 has eta='soon', which ", 0, NULL },
        { "until=tomorrow", "line 1 has until='tomorrow', which ", 0, NULL },
        /* a byte order mark, and the ends of lines of every system */
        { "\xEF\xBB\xBF" "eta=2h\n", NULL, 0, "2h" },
        { "\xEF\xBB\xBF# made by hand\r\neta=2h", NULL, 0, "2h" },
        { "\xEF\xBB\xBF", NULL, 0, NULL },
        { "\xEF\xBB", "line 1 says nothing; ", 0, NULL },
        { "eta=2h\rallow=192.0.2.1\r", NULL, 1, "2h" },
        { "\xFF\xFE" "e", "is written in UTF-16, and nothing of it is read; save it as "
          "UTF-8", 0, NULL },
        { "\xFE\xFF", "is written in UTF-16", 0, NULL },
        /* a unit apart: all of the line counts, or nothing */
        { "eta=2 Stunden", "line 1 has eta='2 Stunden': a unit stands behind its number, "
          "as one of s, min, h and d; write eta=2h", 0, NULL },
        { "eta=2 hours", "line 1 has eta='2 hours': a unit stands behind its number, as "
          "one of s, min, h and d; write eta=2h", 0, NULL },
        { "eta=90 Minuten", "line 1 has eta='90 Minuten': a unit stands behind its "
          "number, as one of s, min, h and d; write eta=90min", 0, NULL },
        { "eta=3 Tage", "line 1 has eta='3 Tage': a unit stands behind its number, as one "
          "of s, min, h and d; write eta=3d", 0, NULL },
        { "eta=30 sec", "line 1 has eta='30 sec': a unit stands behind its number, as one "
          "of s, min, h and d; write eta=30s", 0, NULL },
        { "eta=2 oder so", "line 1 has eta='2 oder': a unit stands behind its number, as "
          "one of s, min, h and d; write eta=2h", 0, NULL },
        { "eta=2h ungefaehr", "line 1 says nothing", 0, NULL },
        { "allow=192.0.2.1 eta=soon", "line 1 has eta='soon', which ", 0, NULL },
        { "eta=2Stunden", "line 1 has eta='2Stunden', which is no duration", 0, NULL },
        { "eta=1h\neta=2 hours", "line 2 has eta='2 hours': ", 0, "1h" },
        /* each bad line is named */
        { "one\neta=2h\ntwo\nallow=10.1\n", "line 1 says|line 3 says|line 4 has allow=", 0,
          "2h" }
    };
    apr_pool_t *p = unit_pool();
    r307_flag_says_t says;
    size_t i;
    int k;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const apr_array_header_t *want = rows[i].problems
                                         ? unit_list(p, rows[i].problems, "|") : NULL;

        r307_flag_read(p, rows[i].text, &says);
        ck_assert_msg((says.problems ? says.problems->nelts : 0)
                      == (want ? want->nelts : 0), "row %d: number of problems", (int)i);
        for (k = 0; want && k < want->nelts; k++) {
            const char *problem = APR_ARRAY_IDX(says.problems, k, const char *);
            const char *begin = APR_ARRAY_IDX(want, k, const char *);

            ck_assert_msg(strncmp(problem, begin, strlen(begin)) == 0, "row %d: %s",
                          (int)i, problem);
        }
        ck_assert_int_eq(says.allow->nelts, rows[i].allowed);
        ck_assert_msg(rows[i].eta ? says.eta.text && !strcmp(says.eta.text, rows[i].eta)
                                  : !says.eta.text, "row %d: eta", (int)i);
    }
    apr_pool_destroy(p);
}
END_TEST

/* What a plan is asked for: one row for each way to end. */
START_TEST(maintenance_plans)
{
    static const struct {
        const char *line, *why;     /* why: what is in it; NULL: it is asked */
        r307_require_t require;
        const char *longest;
    } rows[] = {
        { "/down/ flag=d.on", NULL, R307_REQUIRE_UNTIL, NULL },
        { "/down/ flag=d.on", NULL, R307_REQUIRE_REVIEW, NULL },
        { "/down/ flag=d.on", NULL, R307_REQUIRE_UNTIL, "longest=1d" },
        { "/down/ flag=d.on until=2099-01-01", NULL, R307_REQUIRE_UNTIL, "longest=1d" },
        { "/down/", "write flag=down.on or until=", R307_REQUIRE_UNTIL, NULL },
        { "/down/", "write flag=down.on or until=", R307_REQUIRE_REVIEW, NULL },
        { "/down/", NULL, R307_REQUIRE_NONE, NULL },
        { "/down/", "longest= of Redirect307Limits asks for one", R307_REQUIRE_NONE,
          "longest=1d" },
        { "/down/ until=2026-12-01", NULL, R307_REQUIRE_UNTIL, NULL },
        { "/down/ from=2026-12-01 until=2026-12-05", NULL, R307_REQUIRE_UNTIL,
          "longest=10d" },
        { "/down/ from=2026-12-01 until=2026-12-25", "an earlier until=",
          R307_REQUIRE_NONE, "longest=10d" },
        { "/down/ until=2026-12-01", NULL, R307_REQUIRE_NONE, "longest=10d" },
        { "/down/ until=2026-12-25", "an earlier until=", R307_REQUIRE_NONE,
          "longest=10d" },
        { "https://other.test/ flag=d.on", "targets=same-site", R307_REQUIRE_UNTIL,
          "targets=same-site" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const r307_maintenance_t **lines;
        const char *error, *why;
        r307_tenancy_t tenancy;
        r307_limits_t *limits = r307_limit_make(p);
        int count;

        lines = parse_lines(p, rows[i].line, &count, &error);
        ck_assert_ptr_null(error);
        memset(&tenancy, 0, sizeof(tenancy));
        tenancy.require = rows[i].require;
        tenancy.asked = "www.example.test";
        ck_assert_ptr_null(r307_time_parse(p, NOW, 0, &tenancy.made));
        if (rows[i].longest) {
            ck_assert_ptr_null(r307_limit_parse(p, rows[i].longest, limits));
            tenancy.limits = limits;
        }
        why = r307_maintenance_why(&tenancy, lines[0]);
        ck_assert_msg(rows[i].why ? why && strstr(why, rows[i].why) : !why,
                      "row %d: %s", (int)i, why ? why : "(asked)");
    }
    apr_pool_destroy(p);
}
END_TEST

/* --- never a loop --- */

static unsigned next_random(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 16;
}

static const char *pick(unsigned *random, const char *const *from, size_t count)
{
    return from[next_random(random) % count];
}
#define PICK(random, list) pick(random, list, sizeof(list) / sizeof(list[0]))

static const char *random_line(apr_pool_t *p, unsigned *random)
{
    static const char *const wheres[] = {
        "", "", "@htaccess ", "@location:/a ", "@location:/dir ", "@location:/ "
    };
    static const char *const pages[] = {
        "/down/", "/down.html", "/a/down/", "/dir/down/", "/dir/", "/a/b.html",
        "http://www.example.test/down/", "http://other.test/", "/dir/down/index.html"
    };
    static const char *const relative[] = { "down/", "down.html", "./down/" };
    static const char *const rests[] = {
        "", " flag=a", " flag=b", " flag=c", " flag=a answer=307", " answer=307",
        " flag=b exempt=none", " flag=c exempt=/a", " until=2026-01-01",
        " from=2027-01-01", " host=other.test", " flag=a host=!other.test",
        " allow-link=staff=open-sesame", " flag=b allow=192.0.2.1"
    };
    const char *where = PICK(random, wheres);

    return apr_pstrcat(p, where,
                       where[0] == '@' && where[1] == 'h' && next_random(random) % 2
                       ? PICK(random, relative) : PICK(random, pages),
                       PICK(random, rests), NULL);
}

/* As httpd asks them: the early lines whose place holds the path, then the late ones, and
 * what leads back only when none of them is in force. */
static void decide(apr_pool_t *p, const r307_maintenance_t **lines, int count,
                   const r307_halting_t *halting, r307_halt_decision_t *decision)
{
    const char *path = halting->view->path->dec;
    const r307_maintenance_t **phase = apr_palloc(p, (size_t)count * sizeof(*phase));
    r307_halt_decision_t back;
    int late, i, n;

    memset(&back, 0, sizeof(back));
    for (late = 0; late < 2; late++) {
        for (i = n = 0; i < count; i++) {
            int is_late = lines[i]->root && lines[i]->root->kind == R307_TARGET_RELATIVE;

            if (is_late == late && governs(lines[i], path)) {
                phase[n++] = lines[i];
            }
        }
        r307_halt_decide(p, phase, n, halting, decision);
        if (decision->outcome == R307_HALT_BACK && !late) {
            back = *decision;
        }
        else if (decision->outcome == R307_HALT_BACK
                 || decision->outcome == R307_HALT_SEND
                 || decision->outcome == R307_HALT_HOLD
                 || decision->outcome == R307_HALT_LINK) {
            return;
        }
        else if (decision->outcome != R307_HALT_NO) {
            back.outcome = R307_HALT_NO;
        }
    }
    if (back.outcome == R307_HALT_BACK) {
        *decision = back;
    }
}

#define HOPS_MOST 4     /* out of the link, to the page, and once more where pages of
                         * several lines stand for each other */

/* Follows from `target`; the number of hops, or HOPS_MOST when it does not end. */
static int follow(apr_pool_t *p, const r307_maintenance_t **lines, int count,
                  const char *flags, const char *target, const char *method)
{
    int hops;

    for (hops = 0; hops < HOPS_MOST; hops++) {
        unit_fake_t *fake = unit_fake_make(p, method, target,
                                           "Upgrade-Insecure-Requests: 1");
        r307_halt_decision_t decision;
        r307_halting_t halting;
        asked_t asked;

        ck_assert_ptr_null(r307_time_parse(p, NOW, 0, &fake->view.now));
        fill(p, flags, fake, &asked, &halting, "198.51.100.1");
        decide(p, lines, count, &halting, &decision);
        if (!decision.location
            || (decision.location[0] != '/'
                && strncmp(decision.location, "http://www.example.test/", 24) != 0)) {
            break;
        }
        ck_assert_msg(strcmp(decision.location, target) != 0, "%s: sent to itself by %s",
                      target, r307_maintenance_print(p, decision.line));
        target = decision.location;
    }
    return hops;
}

START_TEST(maintenance_never_loops)
{
    static const char *const flags[] = { "-", "a", "b", "c", "a && b", "a && b && c",
                                         "b && c" };
    static const char *const targets[] = {
        "/", "/down/", "/down/index.html", "/down.html", "/a", "/a/b.html", "/a/down/",
        "/dir/", "/dir/down/", "/dir/x?y=1", "/x?staff=open-sesame", "/x?staff=off",
        "/down/?staff=open-sesame", "/dir", "/robots.txt", "/dir/down.html"
    };
    static const char *const methods[] = { "GET", "GET", "HEAD", "POST" };
    unsigned random = 307;
    int round, k, hops, seen[HOPS_MOST] = { 0 };

    for (round = 0; round < 100000; round++) {
        apr_pool_t *p = unit_pool();
        const char *text = random_line(p, &random), *error, *on, *target;
        const r307_maintenance_t **lines;
        int count;

        for (k = (int)(next_random(&random) % 4); k > 0; k--) {
            text = apr_pstrcat(p, text, " ;; ", random_line(p, &random), NULL);
        }
        on = PICK(&random, flags);
        target = PICK(&random, targets);
        lines = parse_lines(p, text, &count, &error);
        if (!error) {
            hops = follow(p, lines, count, on, target, PICK(&random, methods));
            ck_assert_msg(hops < HOPS_MOST, "'%s' with flags %s never ends from %s", text,
                          on, target);
            seen[hops]++;
        }
        apr_pool_destroy(p);
    }
    /* enough of them are worth following, and some for more than one hop */
    ck_assert_int_gt(seen[0] + seen[1], 60000);
    ck_assert_int_gt(seen[1], 10000);
    ck_assert_int_gt(seen[2], 100);
}
END_TEST

TCase *maintenance_decide_cases(void)
{
    TCase *cases = tcase_create("maintenance_decide");

    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, maintenance_rows);
    tcase_add_test(cases, maintenance_lines);
    tcase_add_test(cases, maintenance_flag_says);
    tcase_add_test(cases, maintenance_plans);
    tcase_add_test(cases, maintenance_never_loops);
    return cases;
}
