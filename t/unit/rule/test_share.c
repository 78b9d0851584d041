/* SPDX-License-Identifier: Apache-2.0
 *
 * Shares of visitors: how large they are, who stays where, and what the cookie says.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "unit.h"

#define VISITORS 100000
#define DEVIATIONS 5            /* one run in two million would fail by chance, were this
                                 * not the same numbers every time */

typedef struct visit_t {
    const char *location;       /* NULL: passes */
    const char *set_cookie;     /* NULL: none */
    int max_age, is_private;
} visit_t;

static r307_ruleset_t *rules_of(apr_pool_t *p, const char *text)
{
    const char *error = NULL;
    r307_ruleset_t *rules = unit_rules(p, text, "server", "Redirect307", &error);

    ck_assert_msg(rules != NULL, "%s: %s", text, error);
    return rules;
}

static visit_t visit(apr_pool_t *p, const r307_ruleset_t *rules, const char *target,
                     const char *headers, const char *scheme)
{
    unit_fake_t *fake = unit_fake_make(p, "GET", target, headers);
    r307_decision_t decision;
    visit_t seen = { NULL, NULL, 0, 0 };

    fake->view.asked.scheme = scheme;
    unit_decide(p, rules, "server", "-", &fake->view, &decision);
    seen.location = decision.location;
    seen.max_age = decision.max_age;
    seen.is_private = decision.is_private;
    if (decision.cookies) {
        ck_assert_int_eq(decision.cookies->nelts, 1);
        seen.set_cookie = APR_ARRAY_IDX(decision.cookies, 0, const char *);
    }
    return seen;
}

/* "X-Roll: N" of visitor i; xorshift, so that it is the same each time. */
static const char *roll(apr_pool_t *p, apr_uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return apr_psprintf(p, "X-Roll: %" APR_UINT64_T_FMT, *state >> 1);
}

static const char *cookie_header(apr_pool_t *p, const char *set_cookie)
{
    return apr_pstrcat(p, "X-Roll: 1 && Cookie: ",
                       apr_pstrmemdup(p, set_cookie, strcspn(set_cookie, ";")), NULL);
}

static void check_share(const char *what, double percent, int count)
{
    double expected = VISITORS * percent / 100;
    double deviation = sqrt(expected * (1 - percent / 100));

    unit_rows_add(1);
    ck_assert_msg(fabs(count - expected) <= DEVIATIONS * deviation,
                  "%s, percent=%g: %d of %d", what, percent, count, VISITORS);
}

static const char *const percents[] = { "0.01", "1", "10", "33.33", "50", "99.99" };

START_TEST(share_sizes)
{
    apr_pool_t *p = unit_pool(), *one;
    apr_uint64_t state = 4711;
    size_t k;
    int i, n;

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    for (k = 0; k < sizeof(percents) / sizeof(*percents); k++) {
        r307_ruleset_t *rolled = rules_of(p, apr_psprintf(p, "/a /b percent=%s",
                                                          percents[k]));
        r307_ruleset_t *by_address = rules_of(p, apr_psprintf(p, "/a /b percent=%s "
                                              "sticky=address", percents[k]));
        r307_ruleset_t *by_cookie = rules_of(p, apr_psprintf(p, "/a /b percent=%s "
                                             "sticky=cookie=SID", percents[k]));
        double percent = atof(percents[k]);
        int count[4] = { 0 };

        for (i = 0; i < VISITORS; i++) {
            const char *headers[4];

            headers[0] = roll(one, &state);
            headers[1] = apr_psprintf(one, "X-Client: 10.%d.%d.%d", i >> 16, i >> 8 & 255,
                                      i & 255);
            headers[2] = apr_psprintf(one, "X-Client: 2001:db8:%x:%x::1", i >> 16,
                                      i & 0xFFFF);
            headers[3] = apr_psprintf(one, "Cookie: SID=session%d", i);
            for (n = 0; n < 4; n++) {
                count[n] += visit(one, n == 0 ? rolled : n == 3 ? by_cookie : by_address,
                                  "/a", headers[n], "http").location != NULL;
            }
            apr_pool_clear(one);
        }
        check_share("rolled", percent, count[0]);
        check_share("by IPv4 address", percent, count[1]);
        check_share("by IPv6 network", percent, count[2]);
        check_share("by a cookie that is there", percent, count[3]);
    }
    apr_pool_destroy(p);
}
END_TEST

/* A household has one IPv6 network of 64 bits, and its addresses change daily. */
START_TEST(share_household)
{
    apr_pool_t *p = unit_pool();
    r307_ruleset_t *rules = rules_of(p, "/a /b percent=50 sticky=address");
    int i, in = 0;

    for (i = 0; i < 200; i++) {
        const char *today = apr_psprintf(p, "X-Client: 2001:db8:7:%x::1", i);
        const char *tomorrow = apr_psprintf(p, "X-Client: 2001:db8:7:%x:%x:2:3:4", i, i + 1);
        int is_in = visit(p, rules, "/a", today, "http").location != NULL;

        ck_assert_int_eq(visit(p, rules, "/a", tomorrow, "http").location != NULL, is_in);
        in += is_in;
    }
    ck_assert_msg(in > 50 && in < 150, "%d of 200 networks", in);
    unit_rows_add(i);
    apr_pool_destroy(p);
}
END_TEST

/* Three rules and the rest share one roll; everybody stays where he is, and what he gets
 * with his cookie does not depend on any roll. */
START_TEST(share_groups)
{
    apr_pool_t *p = unit_pool(), *one;
    r307_ruleset_t *rules = rules_of(p, "/a /x percent=20 ;; /a /y percent=30 ;; "
                                     "/a /z percent=12.5");
    apr_uint64_t state = 42;
    int i, count[4] = { 0 };

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    for (i = 0; i < VISITORS; i++) {
        visit_t first = visit(one, rules, "/a/1", roll(one, &state), "http"), again;

        count[first.location ? first.location[1] - 'x' : 3]++;
        ck_assert_ptr_ne(first.set_cookie, NULL);
        again = visit(one, rules, "/a/1", cookie_header(one, first.set_cookie), "http");
        ck_assert_ptr_eq(again.set_cookie, NULL);
        ck_assert_msg(!first.location == !again.location
                      && (!first.location || !strcmp(first.location, again.location)),
                      "%s: %s, then %s", first.set_cookie, first.location, again.location);
        apr_pool_clear(one);
    }
    check_share("x", 20, count[0]);
    check_share("y", 30, count[1]);
    check_share("z", 12.5, count[2]);
    check_share("none", 37.5, count[3]);
    apr_pool_destroy(p);
}
END_TEST

/* Other shares tomorrow: who is in a rule stays in it as long as it is there; new ones
 * come from those who were in none. */
START_TEST(share_changes)
{
    static const struct {
        const char *before, *after;
        double in;              /* of all visitors, those in /x afterwards */
    } rows[] = {
        { "/a /x percent=10", "/a /x percent=50", 50 },
        { "/a /x percent=50", "/a /x percent=10", 50 },
        { "/a /x percent=10", "/a /x percent=100", 100 },
        { "/a /x percent=20 ;; /a /y percent=20", "/a /x percent=50 ;; /a /y percent=1", 30 },
        { "/a /x percent=30 name=n", "/a /x percent=30 name=n", 30 },
        { "/a /y percent=30", "/a /x percent=30", 30 }
    };
    apr_pool_t *p = unit_pool(), *one;
    apr_uint64_t state = 99;
    size_t k;
    int i;

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    for (k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
        r307_ruleset_t *before = rules_of(p, rows[k].before);
        r307_ruleset_t *after = rules_of(p, rows[k].after);
        int count = 0, is_other = k + 1 == sizeof(rows) / sizeof(*rows);

        for (i = 0; i < VISITORS; i++) {
            visit_t first = visit(one, before, "/a", roll(one, &state), "http");
            visit_t then = visit(one, after, "/a", cookie_header(one, first.set_cookie),
                                 "http");

            count += then.location && then.location[1] == 'x';
            ck_assert_msg(is_other || !first.location
                          || (then.location && !strcmp(first.location, then.location)),
                          "%s, then %s: was in %s, is in %s", rows[k].before,
                          rows[k].after, first.location, then.location);
            apr_pool_clear(one);
        }
        check_share(rows[k].after, rows[k].in, count);
    }
    apr_pool_destroy(p);
}
END_TEST

/* Two sources are two rolls, though it is one random number. */
START_TEST(share_apart)
{
    apr_pool_t *p = unit_pool(), *one;
    r307_ruleset_t *rules = rules_of(p, "/a /x percent=50 ;; /b /y percent=50");
    apr_uint64_t state = 7;
    int i, both = 0;

    ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
    for (i = 0; i < VISITORS; i++) {
        const char *headers = roll(one, &state);

        both += visit(one, rules, "/a", headers, "http").location
            && visit(one, rules, "/b", headers, "http").location;
        apr_pool_clear(one);
    }
    check_share("both of two halves", 25, both);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(share_cookies)
{
    apr_pool_t *p = unit_pool();
    r307_ruleset_t *rules = rules_of(p, "/a /x percent=100 cache=1h until=2026-01-11 ;; "
                                     "/b /x percent=0.01 ;; /c /x percent=50 method=POST");
    visit_t seen = visit(p, rules, "/a", "-", "https");
    const char *end = strchr(seen.set_cookie, ';');

    unit_rows_add(10);
    ck_assert_msg(!strncmp(seen.set_cookie, "redirect307-", 12), "%s", seen.set_cookie);
    ck_assert_str_eq(end, "; Path=/; Max-Age=950400; Expires=Mon, 12 Jan 2026 00:00:00 GMT; "
                     "HttpOnly; SameSite=Lax; Secure");
    ck_assert_int_eq(seen.max_age, 0);
    ck_assert_int_eq(seen.is_private, 1);
    /* the page that is not redirected has it, too; without until= it lasts 30 days */
    seen = visit(p, rules, "/b", "X-Roll: 12345", "http");
    ck_assert_ptr_eq(seen.location, NULL);
    ck_assert_ptr_ne(strstr(seen.set_cookie, ".00000000; Path=/; Max-Age=2592000; "), NULL);
    ck_assert_ptr_eq(strstr(seen.set_cookie, "Secure"), NULL);
    /* with a cookie that says so already the answer may be kept */
    seen = visit(p, rules, "/a", "-", "http");
    seen = visit(p, rules, "/a", cookie_header(p, seen.set_cookie), "http");
    ck_assert_ptr_eq(seen.set_cookie, NULL);
    ck_assert_int_eq(seen.max_age, 3600);
    /* who is not meant at all is not counted */
    ck_assert_ptr_eq(visit(p, rules, "/c", "-", "http").set_cookie, NULL);
    apr_pool_destroy(p);
}
END_TEST

/* Words in cookies that are none of ours are not believed, and nothing is read past
 * them. */
START_TEST(share_forged)
{
    static const char *const values[] = {
        "", "0", "0001", "0001.", "0001.0000000", "0001.000000000", "00010.0000000",
        "0001x00000000", "0001.0000000g", "-001.00000000", "9999.ffffffff", "\"0001\"",
        "1e03.00000000", "0x01.00000000", " 001.00000000"
    };
    apr_pool_t *p = unit_pool();
    r307_ruleset_t *rules = rules_of(p, "/a /x percent=50");
    const char *name = visit(p, rules, "/a", "-", "http").set_cookie;
    size_t i;

    name = apr_pstrmemdup(p, name, strcspn(name, "="));
    for (i = 0; i < sizeof(values) / sizeof(*values); i++) {
        int is_ours = strcmp(values[i], "9999.ffffffff") == 0;
        visit_t seen = visit(p, rules, "/a", apr_pstrcat(p, "X-Roll: 3 && Cookie: ", name,
                                                         "=", values[i], NULL), "http");

        unit_rows_add(1);
        ck_assert_msg(seen.set_cookie != NULL, "'%s' was believed", values[i]);
        ck_assert_msg(!is_ours || !seen.location, "a place is kept");
    }
    apr_pool_destroy(p);
}
END_TEST

/* A link sets the cookie once, and takes it away. */
START_TEST(share_links)
{
    apr_pool_t *p = unit_pool();
    r307_ruleset_t *rules = rules_of(p, "/a /x optin=beta=correct-horse ;; /a /y");
    visit_t in = visit(p, rules, "/a?beta=correct-horse", "-", "https"), out;

    unit_rows_add(8);
    ck_assert_str_eq(in.location, "/x");
    ck_assert_msg(!strncmp(in.set_cookie, "redirect307-beta=", 17), "%s", in.set_cookie);
    ck_assert_ptr_eq(strstr(in.set_cookie, "correct-horse"), NULL);
    ck_assert_ptr_eq(strstr(in.set_cookie, "Max-Age"), NULL);
    ck_assert_ptr_ne(strstr(in.set_cookie, "; HttpOnly; SameSite=Lax; Secure"), NULL);
    ck_assert_str_eq(visit(p, rules, "/a", cookie_header(p, in.set_cookie), "http").location,
                     "/x");
    out = visit(p, rules, "/a?beta=off", cookie_header(p, in.set_cookie), "http");
    ck_assert_str_eq(out.location, "/y?beta=off");
    ck_assert_ptr_ne(strstr(out.set_cookie, "redirect307-beta=; Path=/; Max-Age=0; "), NULL);
    apr_pool_destroy(p);
}
END_TEST

/* More than all of the visitors, or two things that keep them, is an error at load; what
 * never holds at the same time is not added up. */
START_TEST(share_sums)
{
    static const struct {
        const char *rules;
        const char *error;      /* NULL: none */
    } rows[] = {
        { "/a /x percent=50 ;; /a /y percent=50", NULL },
        { "/a /x percent=50 ;; /a /y percent=50.01",
          "percent= of this source is 100.01 together, and there are 100; write percent=50.00 at "
          "most" },
        { "/a /x percent=60 ;; /b /y percent=60", NULL },
        { "/a /x percent=60 ;; /a /y percent=60 match=exact", NULL },
        { "/a /x percent=60 host=a.test ;; /a /y percent=60 host=b.test", NULL },
        { "/a /x percent=60 until=2026-05-31 ;; /a /y percent=60 from=2026-06-01", NULL },
        { "/a /x percent=60 until=2026-06-01 ;; /a /y percent=60 from=2026-06-01", "write percent=40.00 at most" },
        { "/a /x percent=60 until=2026-05-31 then=308 ;; /a /y percent=60 from=2026-06-01",
          "write percent=40.00 at most" },
        { "/a /x percent=10 ;; /a /y percent=10 sticky=address", "has another sticky=" },
        { "/a /x percent=10 sticky=cookie=a ;; /a /y percent=10 sticky=cookie=b",
          "has another sticky=" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const char *error = NULL;

        unit_rows_add(1);
        unit_rules(p, rows[i].rules, "server", "Redirect307", &error);
        ck_assert_msg(!error == !rows[i].error
                      && (!error || strstr(error, rows[i].error)), "%s: %s",
                      rows[i].rules, error);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *share_cases(void)
{
    TCase *tcase = tcase_create("share");

    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, share_household);
    tcase_add_test(tcase, share_sizes);
    tcase_add_test(tcase, share_groups);
    tcase_add_test(tcase, share_changes);
    tcase_add_test(tcase, share_apart);
    tcase_add_test(tcase, share_cookies);
    tcase_add_test(tcase, share_forged);
    tcase_add_test(tcase, share_links);
    tcase_add_test(tcase, share_sums);
    return tcase;
}
