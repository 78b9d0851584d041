/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of .htaccess files that were served: what is told of one, since when a host is
 * known, who loses a place, and what bytes of a mad process come to.
 */
#include "unit.h"

#include <pthread.h>
#include <string.h>
#include <apr_strings.h>

#include "shared/served.h"

#define NOW     1800000000u     /* 2027-01-15 */
#define THREADS 4
#define FLOOD   100000u

static apr_pool_t *p;
static r307_served_t *seen;

static void setup(void)
{
    apr_pool_create(&p, NULL);
    seen = r307_served_make(p, 4711);
    ck_assert(seen != NULL);
}

static void teardown(void)
{
    apr_pool_destroy(p);
}

/* hosts: words. */
static void note(const char *directory, apr_uint64_t home, apr_uint64_t stamp,
                 apr_uint32_t print, const char *hosts, apr_uint32_t second)
{
    apr_array_header_t *list = apr_array_make(p, 2, sizeof(const char *));
    char *rest, *name = apr_strtok(apr_pstrdup(p, hosts), " ", &rest);
    r307_servedfile_t file;
    r307_servedwhat_t what;

    for (; name; name = apr_strtok(NULL, " ", &rest)) {
        APR_ARRAY_PUSH(list, const char *) = name;
    }
    memset(&file, 0, sizeof(file));
    memset(&what, 0, sizeof(what));
    file.stamp = stamp;
    file.rules = print;
    file.rules_most = file.regex_most = R307_SERVED_UNBOUND;
    what.key = r307_served_key(seen, directory);
    what.home = home;
    what.print = print;
    what.since = second - 5;
    what.directory = directory;
    what.hosts = list;
    what.file = &file;
    r307_served_note(seen, &what, second);
}

typedef struct told_t {
    int count;
    const char *wanted;
    r307_servedfile_t file;           /* of that directory */
} told_t;

static void tell(void *baton, const r307_servedfile_t *file)
{
    told_t *told = baton;

    told->count++;
    ck_assert(memchr(file->directory, '\0', R307_SERVED_PATH) != NULL);
    ck_assert_uint_le(file->host_count, R307_SERVED_HOSTS);
    if (told->wanted && strcmp(file->directory, told->wanted) == 0) {
        told->file = *file;
    }
}

static told_t told(const char *directory)
{
    told_t told;

    memset(&told, 0, sizeof(told));
    told.wanted = directory;
    r307_served_each(seen, tell, &told);
    return told;
}

START_TEST(one_file)
{
    apr_uint64_t key = r307_served_key(seen, "/home/a");
    told_t all;

    ck_assert(!r307_served_is_fresh(seen, key, 3, NOW));
    ck_assert(!r307_served_again(seen, key, 1, 3, NOW));
    note("/home/a", 7, 1, 3, "x.example y.example", NOW);
    ck_assert(r307_served_is_fresh(seen, key, 3, NOW + 59));
    ck_assert(!r307_served_is_fresh(seen, key, 3, NOW + 60));
    ck_assert(!r307_served_is_fresh(seen, key, 4, NOW));
    ck_assert(r307_served_again(seen, key, 1, 3, NOW + 60));
    ck_assert(!r307_served_again(seen, key, 2, 3, NOW + 60));
    all = told("/home/a");
    ck_assert_int_eq(all.count, 1);
    ck_assert_uint_eq(all.file.rules, 3);
    ck_assert_uint_eq(all.file.first, NOW);
    ck_assert_uint_eq(all.file.last, NOW + 60);
    ck_assert_uint_eq(all.file.host_count, 2);
    ck_assert_str_eq(all.file.hosts[0].name, "x.example");
    ck_assert_uint_eq(all.file.hosts[0].since, NOW - 5);
}
END_TEST

START_TEST(the_same_version_in_another_shape)
{
    told_t all;

    note("/home/a", 7, 1, 3, "x.example", NOW);
    note("/home/a", 7, 1, 5, "y.example", NOW + 10);
    note("/home/a", 7, 1, 2, "", NOW + 20);
    all = told("/home/a");
    ck_assert_uint_eq(all.file.rules, 5);
    ck_assert_uint_eq(all.file.host_count, 2);
    ck_assert(r307_served_is_fresh(seen, r307_served_key(seen, "/home/a"), 3, NOW + 20));
    ck_assert(r307_served_is_fresh(seen, r307_served_key(seen, "/home/a"), 5, NOW + 20));
}
END_TEST

START_TEST(a_new_host_is_told_apart)
{
    told_t all;

    note("/home/a", 7, 1, 3, "x.example", NOW);
    note("/home/a", 7, 2, 3, "x.example pills.example", NOW + 90000);
    all = told("/home/a");
    ck_assert_uint_eq(all.file.first, NOW);
    ck_assert_str_eq(all.file.hosts[0].name, "pills.example");
    ck_assert_uint_eq(all.file.hosts[0].since, NOW + 90000 - 5);
    ck_assert_str_eq(all.file.hosts[1].name, "x.example");
    ck_assert_uint_eq(all.file.hosts[1].since, NOW - 5);
    note("/home/a", 7, 3, 1, "pills.example", NOW + 90100);
    all = told("/home/a");
    ck_assert_uint_eq(all.file.host_count, 1);
    ck_assert_uint_eq(all.file.rules, 1);
}
END_TEST

START_TEST(more_hosts_than_are_kept)
{
    told_t all;

    note("/home/a", 7, 1, 3, "a.x b.x c.x d.x e.x f.x g.x h.x i.x j.x", NOW);
    all = told("/home/a");
    ck_assert_uint_eq(all.file.host_count, R307_SERVED_HOSTS);
    ck_assert_uint_eq(all.file.more, 2);
    note("/home/a", 7, 2, 3, "a.x b.x c.x d.x e.x f.x g.x h.x new.x", NOW + 100);
    all = told("/home/a");
    ck_assert_str_eq(all.file.hosts[0].name, "new.x");
    ck_assert_uint_eq(all.file.more, 1);
}
END_TEST

START_TEST(long_names)
{
    char *directory = apr_palloc(p, 5000), *host = apr_palloc(p, 301);
    told_t all;

    memset(directory, 'd', 4999);
    directory[0] = '/';
    directory[4999] = '\0';
    memset(host, 'h', 300);
    memcpy(host + 300 - 13, ".evil.example", 14);
    note(directory, 7, 1, 1, host, NOW);
    note("", 8, 1, 1, "", NOW);
    all = told("/");
    ck_assert_int_eq(all.count, 2);
    ck_assert_str_eq(all.file.directory, "/");
    directory[R307_SERVED_PATH - 4] = '\0';
    all = told(apr_pstrcat(p, directory, "...", NULL));
    ck_assert_uint_eq(all.file.host_count, 1);
    ck_assert(strncmp(all.file.hosts[0].name, "...hhh", 6) == 0);
    ck_assert(strstr(all.file.hosts[0].name, ".evil.example") != NULL);
}
END_TEST

/* One that makes directories without end, beside a thousand others with one each. */
START_TEST(a_flood_pushes_out_its_own)
{
    unsigned i;
    told_t all;

    for (i = 0; i < 1000; i++) {
        note(apr_psprintf(p, "/home/u%u", i), 100 + i, 1, 1, "", NOW);
    }
    ck_assert_int_eq(told(NULL).count, 1000);
    for (i = 0; i < FLOOD; i++) {
        note(apr_psprintf(p, "/home/evil/%u", i), 7, 1, 1, "", NOW + i);
    }
    for (i = 0; i < 1000; i++) {
        all = told(apr_psprintf(p, "/home/u%u", i));
        ck_assert_msg(all.file.rules == 1, "/home/u%u has lost its place", i);
        i += 50;
    }
    ck_assert_uint_eq(told(NULL).count, R307_SERVED_SLOTS);
    ck_assert_uint_eq(r307_served_evicted(seen), 1000 + FLOOD - R307_SERVED_SLOTS);
}
END_TEST

START_TEST(the_one_not_seen_for_longest_goes)
{
    unsigned i;

    for (i = 0; i < 3 * R307_SERVED_SLOTS; i++) {
        note(apr_psprintf(p, "/home/u%u", i), 100 + i, 1, 1, "", NOW + i);
    }
    ck_assert(told(apr_psprintf(p, "/home/u%u", i - 1)).file.rules == 1);
    ck_assert(told("/home/u0").file.rules == 0);
}
END_TEST

START_TEST(a_writer_that_died)
{
    apr_uint64_t key = r307_served_key(seen, "/home/a");
    unsigned i;

    note("/home/a", 7, 1, 3, "", NOW);
    for (i = 0; i < R307_SERVED_SLOTS; i++) {
        seen->slots[i].busy = seen->slots[i].key ? NOW : 0;
        seen->files[i].serial |= seen->slots[i].key != 0;
    }
    ck_assert_int_eq(told(NULL).count, 0);
    note("/home/a", 7, 2, 4, "", NOW + R307_SERVED_PATIENCE - 1);
    ck_assert(!r307_served_is_fresh(seen, key, 4, NOW));
    note("/home/a", 7, 2, 4, "", NOW + R307_SERVED_PATIENCE);
    ck_assert_uint_eq(told("/home/a").file.rules, 4);
}
END_TEST

/* All of the table is what somebody likes. */
START_TEST(hostile_bytes)
{
    static const unsigned char fills[] = { 0xFF, 0x2F, 0x01, 0x80 };
    unsigned i;

    for (i = 0; i < sizeof(fills); i++) {
        memset(seen->slots, fills[i], R307_SERVED_SLOTS * sizeof(*seen->slots));
        memset(seen->files, fills[i], R307_SERVED_SLOTS * sizeof(*seen->files));
        (void)told(NULL);
        note("/home/a", 7, 2, 4, "x.example y.example", NOW);
        (void)r307_served_is_fresh(seen, r307_served_key(seen, "/home/a"), 4, NOW);
        (void)r307_served_again(seen, r307_served_key(seen, "/home/a"), 2, 4, NOW);
        (void)told("/home/a");
    }
}
END_TEST

static void *work(void *baton)
{
    unsigned n = *(unsigned *)baton, i;
    apr_array_header_t list;
    const char *names[] = { "x.example", "y.example" };
    r307_servedfile_t file;
    r307_servedwhat_t what;

    memset(&list, 0, sizeof(list));
    list.elts = (char *)names;
    list.nelts = 2;
    memset(&file, 0, sizeof(file));
    memset(&what, 0, sizeof(what));
    what.hosts = &list;
    what.file = &file;
    for (i = 0; i < 20000; i++) {
        char name[32];

        apr_snprintf(name, sizeof(name), "/home/%u", i % 97);
        what.directory = name;
        what.key = r307_served_key(seen, name);
        what.home = what.key;
        what.print = 1 + n;
        file.stamp = i % 3;
        file.rules = file.regexes = file.skipped = n * 1000000 + i;
        r307_served_note(seen, &what, NOW + i / 1000);
    }
    return NULL;
}

static void is_of_one(void *baton, const r307_servedfile_t *file)
{
    (*(int *)baton)++;
    ck_assert_uint_eq(file->rules, file->regexes);
    ck_assert_uint_eq(file->rules, file->skipped);
}

START_TEST(by_many)
{
    pthread_t threads[THREADS];
    unsigned i, numbers[THREADS];
    int count = 0;

    for (i = 0; i < THREADS; i++) {
        numbers[i] = i;
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &numbers[i]), 0);
    }
    for (i = 0; i < 20; i++) {
        r307_served_each(seen, is_of_one, &count);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    count = 0;
    r307_served_each(seen, is_of_one, &count);
    ck_assert_int_eq(count, 97);
}
END_TEST

TCase *served_cases(void)
{
    TCase *cases = tcase_create("served");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, one_file);
    tcase_add_test(cases, the_same_version_in_another_shape);
    tcase_add_test(cases, a_new_host_is_told_apart);
    tcase_add_test(cases, more_hosts_than_are_kept);
    tcase_add_test(cases, long_names);
    tcase_add_test(cases, a_flood_pushes_out_its_own);
    tcase_add_test(cases, the_one_not_seen_for_longest_goes);
    tcase_add_test(cases, a_writer_that_died);
    tcase_add_test(cases, hostile_bytes);
    tcase_add_test(cases, by_many);
    return cases;
}
