/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of hits: what is counted by many at once, what is found, what has to go,
 * and its file: written, cut off, changed and foreign.
 */
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/hash.h"
#include "shared/hits_file.h"

#define NOW     1800000000u     /* 2027-01-15 */
#define THREADS 4
#define ROUNDS  20000
#define RULES   97

static apr_pool_t *p;
static r307_hits_t *hits;

static void setup(void)
{
    apr_pool_create(&p, NULL);
    hits = r307_hits_make(p, 4711);
    ck_assert(hits != NULL);
}

static void teardown(void)
{
    apr_pool_destroy(p);
}

static apr_uint64_t id_of(unsigned n)
{
    apr_uint64_t h = r307_hash_spread(n + 1);

    return h < 16 ? h + 16 : h;
}

static void add(r307_hitcell_t *cell, apr_uint32_t second, int is_own)
{
    if (!r307_hits_is_in_month(hits, cell, second)) {
        r307_hits_begin_month(hits, cell, second);
    }
    r307_hits_add(cell, second);
    if (is_own) {
        r307_hits_add_own(cell);
    }
}

static void hit(unsigned n, unsigned tenant, apr_uint32_t second, int is_own)
{
    r307_hitcell_t *cell = r307_hits_claim(hits, id_of(n), tenant, second);

    ck_assert(cell != NULL);
    add(cell, second, is_own);
}

static r307_hitcount_t read_of(unsigned n, apr_uint32_t second)
{
    r307_hitcount_t count;

    r307_hits_read(hits, id_of(n), second, &count);
    return count;
}

START_TEST(one_rule)
{
    r307_hitcount_t count = read_of(1, NOW);

    ck_assert_uint_eq(count.all, 0);
    ck_assert(count.last == 0 && count.first == 0);
    ck_assert(r307_hits_find(hits, id_of(1)) == NULL);
    hit(1, 0, NOW, 0);
    hit(1, 0, NOW + 1, 1);
    count = read_of(1, NOW);
    ck_assert_uint_eq(count.all, 2);
    ck_assert_uint_eq(count.own, 1);
    ck_assert_uint_eq(count.month, 2);
    ck_assert(apr_time_sec(count.last) == NOW + 1);
    ck_assert(apr_time_sec(count.first) == NOW / 86400 * 86400);
    ck_assert_uint_eq(read_of(2, NOW).all, 0);
}
END_TEST

START_TEST(months)
{
    apr_uint32_t until, next;
    unsigned month = r307_hits_month(NOW, &until);

    ck_assert_uint_eq(month, (2027 - 1970) * 12);
    ck_assert_uint_eq(until, 1801440000u);      /* 2027-02-01 */
    ck_assert_uint_eq(r307_hits_month(until - 1, &next), month);
    ck_assert_uint_eq(r307_hits_month(until, &next), month + 1);
    ck_assert_uint_eq(r307_hits_month(1798761599u, &next), month - 1);  /* 2026-12-31 */
    ck_assert_uint_eq(next, 1798761600u);
    hit(1, 0, until - 1, 0);
    hit(1, 0, until, 0);
    hit(1, 0, until + 5, 0);
    ck_assert_uint_eq(read_of(1, until).month, 2);
    ck_assert_uint_eq(read_of(1, until).all, 3);
    ck_assert_uint_eq(read_of(1, until + 86400 * 40).month, 0);
}
END_TEST

START_TEST(a_clock_that_was_ahead)
{
    hit(1, 0, NOW + 86400 * 40, 0);
    hit(1, 0, NOW, 0);
    ck_assert_uint_eq(read_of(1, NOW).month, 0);
    r307_hits_sweep(hits, p, NOW + 1);
    hit(1, 0, NOW + 2, 0);
    ck_assert_uint_eq(read_of(1, NOW + 2).all, 3);
    ck_assert_uint_eq(read_of(1, NOW + 2).month, 1);
}
END_TEST

START_TEST(own_hits_stay_at_what_fits)
{
    r307_hitcell_t *cell = r307_hits_claim(hits, id_of(1), 0, NOW);
    apr_uint64_t most = (APR_UINT64_C(1) << (64 - R307_HITS_OWN_AT)) - 1;

    cell->counts = most << R307_HITS_OWN_AT | 7;
    add(cell, NOW, 1);
    ck_assert_uint_eq(read_of(1, NOW).all, 8);
    ck_assert_uint_eq(read_of(1, NOW).own, most);
}
END_TEST

/* --- many at once --- */

static void *hit_all(void *data)
{
    unsigned i;

    for (i = 0; i < ROUNDS; i++) {
        hit(i % RULES, 0, NOW + i, i % 2);
    }
    return data;
}

START_TEST(by_many)
{
    pthread_t threads[THREADS];
    apr_uint64_t all = 0, month = 0, own = 0, used = 0;
    unsigned i;

    for (i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, hit_all, NULL);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (i = 0; i < RULES; i++) {
        r307_hitcount_t count = read_of(i, NOW);

        all += count.all;
        month += count.month;
        own += count.own;
    }
    for (i = 0; i < r307_hits_reach(hits); i++) {
        used += hits->cells[i].id != 0;
    }
    ck_assert_uint_eq(all, THREADS * ROUNDS);
    ck_assert_uint_eq(month, all);
    ck_assert_uint_eq(own, all / 2);
    ck_assert_uint_eq(used, RULES);     /* nobody took two */
}
END_TEST

/* Bytes of cells that have memory: pages that hold one that is not EMPTY. */
static size_t touched(void)
{
    size_t bytes = 0, page = 0;
    unsigned i, in_page = 4096 / sizeof(r307_hitcell_t), reach = r307_hits_reach(hits);

    for (i = 0; i < reach; i++) {
        if (hits->cells[i].id && page <= i / in_page) {
            page = i / in_page + 1;
            bytes += 4096;
        }
    }
    return bytes;
}

/* Most of what a table takes is cells that are in use. */
START_TEST(very_many_rules)
{
    unsigned i, count = 200000;

    for (i = 0; i < count; i++) {
        hit(i, 0, NOW, 0);
        if (i == 9999 || i == 99999 || i == count - 1) {
            ck_assert_uint_le(touched(), 60 * (size_t)(i + 1));
        }
    }
    for (i = 0; i < count; i++) {
        ck_assert_uint_eq(read_of(i, NOW).all, 1);
    }
    ck_assert_uint_le(r307_hits_reach(hits), 6 * count);
}
END_TEST

START_TEST(a_full_table)
{
    unsigned i, lost = 0, last = R307_HITS_CELLS + R307_HITS_CELLS / 16;

    for (i = 0; i < last; i++) {
        r307_hitcell_t *cell = r307_hits_claim(hits, id_of(i), 0, NOW);

        lost += !cell;
        if (cell) {
            add(cell, NOW + i / 1000, 0);
        }
    }
    ck_assert_uint_gt(lost, 0);
    r307_hits_sweep(hits, p, NOW + 10000);
    ck_assert_uint_eq(read_of(0, NOW).all, 0);          /* the oldest went */
    r307_hits_sweep(hits, p, NOW + 20000);
    for (i = 0, lost = 0; i < 1000; i++) {
        lost += !r307_hits_claim(hits, id_of(last + i), 0, NOW + 20001);
    }
    ck_assert_uint_lt(lost, 500);
}
END_TEST

/* --- tenants --- */

START_TEST(what_a_tenant_holds)
{
    unsigned tenant = r307_hits_tenant(hits, 99), other = r307_hits_tenant(hits, 100), i;

    ck_assert_uint_ne(tenant, other);
    ck_assert_uint_eq(r307_hits_tenant(hits, 99), tenant);
    hit(1000, other, NOW, 0);
    for (i = 0; r307_hits_may(hits, tenant, 20); i++) {
        hit(i, tenant, NOW + i, 0);
    }
    ck_assert_uint_eq(i, 20);
    hit(0, tenant, NOW + 100, 0);       /* the oldest is used again */
    r307_hits_sweep(hits, p, NOW + 101);
    ck_assert(r307_hits_may(hits, tenant, 20));
    ck_assert_uint_eq(read_of(0, NOW).all, 2);
    ck_assert_uint_eq(read_of(1, NOW).all, 0);
    ck_assert_uint_eq(read_of(19, NOW).all, 1);
    ck_assert_uint_eq(read_of(1000, NOW).all, 1);
    hit(1, tenant, NOW + 102, 0);       /* not in a cell that somebody may still add to */
    r307_hits_sweep(hits, p, NOW + 300);
    ck_assert_uint_eq(read_of(1, NOW).all, 1);
}
END_TEST

/* --- the file --- */

static int open_scratch(void)
{
    char name[] = "/tmp/r307-hits-XXXXXX";
    int fd = mkstemp(name);

    ck_assert_int_ge(fd, 0);
    unlink(name);
    return fd;
}

static void write_rules(unsigned count)
{
    unsigned i;

    for (i = 0; i < count; i++) {
        hit(i, i % 3 ? r307_hits_tenant(hits, 50 + i % 3) : 0, NOW + i, i % 2);
    }
}

static void take(const r307_hitsread_t *read)
{
    hits = r307_hits_make(p, read->seed);
    r307_hits_file_take(hits, read, NOW + 1000000);
}

START_TEST(there_and_back)
{
    static const unsigned counts[] = { 0, 1, 2047, 2048, 2049, 9000 };
    size_t k;

    for (k = 0; k < sizeof(counts) / sizeof(counts[0]); k++) {
        int fd = open_scratch();
        r307_hitsread_t read;
        unsigned i;

        hits = r307_hits_make(p, 4711 + k);
        ck_assert_int_eq(r307_hits_file_read(p, fd, &read), R307_HITSFILE_EMPTY);
        write_rules(counts[k]);
        ck_assert_int_eq(r307_hits_file_write(p, hits, fd), 0);
        ck_assert_int_eq(r307_hits_file_read(p, fd, &read), R307_HITSFILE_FINE);
        ck_assert_uint_eq(read.cell_count, counts[k]);
        ck_assert_uint_eq(read.seed, 4711 + k);
        take(&read);
        for (i = 0; i < counts[k]; i++) {
            r307_hitcount_t count = read_of(i, NOW);

            ck_assert_uint_eq(count.all, 1);
            ck_assert_uint_eq(count.own, i % 2);
            ck_assert(apr_time_sec(count.last) == NOW + i);
            ck_assert_uint_eq(r307_hits_find(hits, id_of(i))->tenant,
                              i % 3 ? r307_hits_tenant(hits, 50 + i % 3) : 0);
        }
        close(fd);
    }
}
END_TEST

/* Whichever byte of the newer half is another one, or is not there, the older half
 * holds. */
START_TEST(half_of_it_is_damaged)
{
    int fd = open_scratch();
    r307_hitsread_t read;
    apr_uint64_t serial;
    off_t at;

    write_rules(40);
    ck_assert_int_eq(r307_hits_file_write(p, hits, fd), 0);     /* half 1 */
    write_rules(50);
    ck_assert_int_eq(r307_hits_file_write(p, hits, fd), 0);     /* half 0 */
    serial = hits->head->serial;
    for (at = 0; at < 56 + 50 * 32; at += 13) {
        unsigned char byte, other;

        ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
        other = byte ^ 0x40;
        ck_assert_int_eq(pwrite(fd, &other, 1, at), 1);
        ck_assert_int_eq(r307_hits_file_read(p, fd, &read), R307_HITSFILE_FINE);
        ck_assert_uint_eq(read.serial, serial - 1);
        ck_assert_uint_eq(read.cell_count, 40);
        ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
    }
    ck_assert_int_eq(r307_hits_file_read(p, fd, &read), R307_HITSFILE_FINE);
    ck_assert_uint_eq(read.serial, serial);
    ck_assert_int_eq(ftruncate(fd, 300), 0);
    ck_assert_int_eq(r307_hits_file_read(p, fd, &read), R307_HITSFILE_DAMAGED);
    close(fd);
}
END_TEST

START_TEST(foreign_files)
{
    static const char *const texts[] = { "x", "R307HIT", "Redirect307 /a /b\n" };
    r307_hitsread_t read;
    size_t i;
    int fd;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        fd = open_scratch();
        ck_assert_int_eq(write(fd, texts[i], strlen(texts[i])), (int)strlen(texts[i]));
        ck_assert_int_eq(r307_hits_file_read(p, fd, &read), R307_HITSFILE_FOREIGN);
        close(fd);
    }
}
END_TEST

START_TEST(a_file_of_old)
{
    r307_hitsread_t read;
    int fd = open_scratch();

    write_rules(10);
    ck_assert_int_eq(r307_hits_file_write(p, hits, fd), 0);     /* half 1 */
    ck_assert_int_eq(pwrite(fd, "R307HITS", 8, R307_HITS_STRIPE), 8);
    ck_assert_int_eq(r307_hits_file_read(p, fd, &read), R307_HITSFILE_OLD);
    ck_assert_int_eq(r307_hits_file_write(p, hits, fd), 0);     /* half 0 */
    ck_assert_int_eq(r307_hits_file_read(p, fd, &read), R307_HITSFILE_FINE);
    ck_assert_uint_eq(read.cell_count, 10);
    close(fd);
}
END_TEST

/* What a child may have written is nobody's place in memory. */
START_TEST(hostile_tenants)
{
    r307_hitsread_t read;
    unsigned i;
    int fd = open_scratch();

    write_rules(20000);
    for (i = 0; i < r307_hits_reach(hits); i++) {
        hits->cells[i].tenant = (apr_uint16_t)(R307_HITS_TENANTS + i);
    }
    ck_assert_int_eq(r307_hits_file_write(p, hits, fd), 0);
    ck_assert_int_eq(r307_hits_file_read(p, fd, &read), R307_HITSFILE_FINE);
    ck_assert_uint_eq(read.cell_count, 20000);
    ck_assert_uint_lt(read.tenant_count, R307_HITS_TENANTS);
    hits->head->refused = 1;
    r307_hits_sweep(hits, p, NOW);
    close(fd);
}
END_TEST

/* A sum is no signature: whoever may write the file may say anything in it. */
START_TEST(hostile_numbers)
{
    r307_hitcell_t cells[] = {
        { 0, 1, 0, 0, 0, 0 }, { 1, 1, 0, 0, 0, 0 }, { 2, 1, 0, 0, 0, 0 },
        { 77, APR_UINT64_MAX, APR_UINT64_MAX, APR_UINT32_MAX, 65535, 65535 },
        { 78, APR_UINT64_MAX, APR_UINT64_MAX, APR_UINT32_MAX, 65535, 1 },
        { 78, APR_UINT64_MAX, APR_UINT64_MAX, 5, 1, 0 }
    };
    apr_uint64_t tenants[] = { 0 };
    r307_hitsread_t read = { 1, APR_UINT64_MAX, cells, 6, tenants, 1 };
    r307_hitcount_t count;
    int fd = open_scratch();

    take(&read);
    ck_assert(r307_hits_find(hits, 77) == NULL);
    r307_hits_read(hits, 78, NOW, &count);
    ck_assert(apr_time_sec(count.last) <= NOW + 1000000);
    add(r307_hits_find(hits, 78), NOW, 1);
    r307_hits_sweep(hits, p, NOW);
    ck_assert_int_eq(r307_hits_file_write(p, hits, fd), 0);
    ck_assert_int_eq(r307_hits_file_read(p, fd, &read), R307_HITSFILE_FINE);
    close(fd);
}
END_TEST

TCase *hits_cases(void)
{
    TCase *cases = tcase_create("hits");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, one_rule);
    tcase_add_test(cases, a_file_of_old);
    tcase_add_test(cases, hostile_tenants);
    tcase_add_test(cases, months);
    tcase_add_test(cases, a_clock_that_was_ahead);
    tcase_add_test(cases, own_hits_stay_at_what_fits);
    tcase_add_test(cases, by_many);
    tcase_add_test(cases, very_many_rules);
    tcase_add_test(cases, a_full_table);
    tcase_add_test(cases, what_a_tenant_holds);
    tcase_add_test(cases, there_and_back);
    tcase_add_test(cases, half_of_it_is_damaged);
    tcase_add_test(cases, foreign_files);
    tcase_add_test(cases, hostile_numbers);
    return cases;
}
