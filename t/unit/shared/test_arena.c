/* SPDX-License-Identifier: Apache-2.0
 *
 * The protocol of the shared block, in one process: a thread stands for the writer, others
 * for processes that read, each with its own idea of the arena. Built with
 * -fsanitize=thread it is what shows that no byte of a version is read while it is written.
 */
#include "unit.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#endif
#include <apr_strings.h>

#include "shared/arena_block.h"
#include "shared/pages.h"

#define READERS 4
#define MAPS    6
#define ROUNDS  4000

static apr_pool_t *p;
static r307_arena_t *arena;

static void make_arena(unsigned slots)
{
    r307_arena_size_t size = { 1 << 20, slots, READERS + 2, 1 };

    arena = r307_arena_make(p, &size);
    ck_assert(arena != NULL);
}

static void setup(void)
{
    apr_pool_create(&p, NULL);
    make_arena(64);
}

static void teardown(void)
{
    apr_pool_destroy(p);
}

static r307_slice_t key_of(const char *text)
{
    return r307_slice(text, strlen(text));
}

static r307_mapversion_t *reserve(const char *key, size_t len, int is_conf)
{
    r307_wanted_t wanted = { key_of(key), len, is_conf, 0 };

    return r307_arena_reserve(arena, &wanted);
}

static int put(const char *key, size_t len, int is_conf, char byte)
{
    int slot = r307_arena_claim(arena, key_of(key), is_conf);
    r307_mapversion_t *version = slot < 0 ? NULL : reserve(key, len, is_conf);
    r307_filestate_t of = { 0 };

    if (!version) {
        return -1;
    }
    memset((char *)version + version->image_at, byte, len);
    of.inode = (apr_uint64_t)(unsigned char)byte;
    r307_arena_publish(arena, slot, version, &of);
    return slot;
}

static char byte_of(int slot)
{
    const r307_mapversion_t *version;

    ck_assert_int_ge(slot, 0);
    version = r307_arena_current(arena, slot);
    return version ? *(const char *)r307_mapversion_image(version) : '-';
}

START_TEST(one_after_the_other)
{
    r307_arena_usage_t usage;
    int slot = put("a", 1000, 0, 'x');
    const r307_mapversion_t *version = r307_arena_current(arena, slot);

    ck_assert_int_eq(byte_of(slot), 'x');
    ck_assert(r307_mapversion_is_of(version, key_of("a")));
    ck_assert(!r307_mapversion_is_of(version, key_of("b")));
    ck_assert(!r307_mapversion_is_of(version, key_of("")));
    ck_assert_int_eq(r307_arena_find(arena, key_of("a")), slot);
    ck_assert_int_eq(r307_arena_find(arena, key_of("b")), -1);
    ck_assert(r307_arena_is_at(arena, slot, version));
    ck_assert_int_eq(put("a", 2000, 0, 'y'), slot);
    ck_assert(!r307_arena_is_at(arena, slot, version));
    ck_assert_int_eq(byte_of(slot), 'y');
    r307_arena_usage(arena, &usage);
    ck_assert_uint_eq(usage.maps, 1);
    ck_assert(usage.used >= 2000 && usage.used < 4000);
}
END_TEST

/* A version that somebody reads is not written over, whoever wants its room. */
START_TEST(read_by_somebody)
{
    const r307_mapversion_t *version;
    apr_uint64_t serial;
    int slot, i;

    ck_assert(r307_arena_join(arena, getpid()));
    slot = put("a", 200000, 1, 'x');
    version = r307_arena_current(arena, slot);
    serial = version->serial;
    for (i = 0; i < 20; i++) {
        put("a", 200000, 1, 'y');       /* some of these find no room */
        ck_assert_int_eq(*(const char *)r307_mapversion_image(version), 'x');
    }
    ck_assert(r307_arena_is_pressed(arena));
    /* all but that one */
    r307_arena_move(arena, r307_arena_epoch(arena), &serial, 1);
    for (i = 0; i < 20; i++) {
        put("a", 200000, 1, 'z');
        r307_arena_move(arena, r307_arena_epoch(arena), &serial, 1);
        ck_assert_int_eq(byte_of(slot), 'z');
        ck_assert_int_eq(*(const char *)r307_mapversion_image(version), 'x');
    }
    r307_arena_move(arena, r307_arena_epoch(arena), NULL, 0);
    ck_assert_int_eq(put("a", 400000, 1, 'w'), slot);
}
END_TEST

/* One that rests, or died, keeps nothing. */
START_TEST(read_by_nobody)
{
    int i;

    ck_assert(r307_arena_join(arena, getpid()));
    r307_arena_rest(arena);
    for (i = 0; i < 20; i++) {
        ck_assert_int_ge(put("a", 300000, 1, 'x'), 0);
    }
    r307_arena_begin(arena);
    r307_arena_move(arena, r307_arena_epoch(arena), NULL, 0);
    ck_assert_int_ge(put("a", 300000, 1, 'y'), 0);
    ck_assert_int_ge(put("a", 300000, 1, 'y'), 0);
    ck_assert_int_lt(put("a", 500000, 1, 'y'), 0);
    r307_arena_bury(arena, getpid());
    ck_assert_int_ge(put("a", 500000, 1, 'y'), 0);
}
END_TEST

START_TEST(shares)
{
    char key[8];
    int slot, i;
    r307_arena_usage_t usage;

    /* places for all: of 64, one key in a few hundred runs finds the 16 it may have taken */
    make_arena(4096);
    ck_assert(r307_arena_is_too_large(arena, (1 << 18) + 1, 0));
    ck_assert(!r307_arena_is_too_large(arena, (1 << 18) + 1, 1));
    slot = put("conf", 400000, 1, 'c');
    r307_arena_slot(arena, slot)->used = 0;     /* for ever, and it stays all the same */
    for (i = 0; i < 40; i++) {
        apr_snprintf(key, sizeof(key), "t%d", i);
        ck_assert_int_ge(put(key, 60000, 0, 't'), 0);
        r307_arena_slot(arena, r307_arena_find(arena, key_of(key)))->used
            = (apr_uint64_t)i + 1;
        ck_assert_int_eq(byte_of(slot), 'c');
    }
    r307_arena_usage(arena, &usage);
    ck_assert(r307_arena_counted(arena, R307_COUNT_EVICTED) >= 30 && usage.used <= (1 << 19) + 401000);
    ck_assert_int_eq(byte_of(r307_arena_find(arena, key_of("t39"))), 't');
    ck_assert_int_eq(byte_of(r307_arena_find(arena, key_of("t0"))), '-');
    ck_assert(!r307_arena_slot(arena, r307_arena_find(arena, key_of("t0")))->built.inode);
    /* of the last generation: like those of tenants */
    r307_arena_unpin(arena);
    r307_arena_slot(arena, slot)->used = 0;
    ck_assert_int_eq(byte_of(slot), 'c');
    put("t40", 200000, 0, 't');
    ck_assert_int_eq(byte_of(slot), '-');
}
END_TEST

/* One that could not be built again is put out last. */
static int put_of(const char *key, size_t len, apr_uint32_t home)
{
    int slot = put(key, len, 0, 'x');

    if (slot >= 0) {
        r307_arena_slot(arena, slot)->home = home;
    }
    return slot;
}

/* What is older than all that one home brings stays where that home has more than its part, in
 * memory and in places. */
START_TEST(homes)
{
    int i, quiet[4], was = 0, is = 0;

    for (i = 0; i < 4; i++) {
        quiet[i] = put_of(apr_psprintf(p, "quiet%d", i), 20000, (apr_uint32_t)i + 2);
        ck_assert_int_ge(quiet[i], 0);
    }
    for (i = 0; i < 200; i++) {
        is = put_of(apr_psprintf(p, "loud%d", i), 30000, 1);
        was += is >= 0 && byte_of(is) == 'x';
    }
    for (i = 0; i < 4; i++) {
        ck_assert_int_eq(r307_arena_find(arena, key_of(apr_psprintf(p, "quiet%d", i))),
                         quiet[i]);
        ck_assert_int_eq(byte_of(quiet[i]), 'x');
    }
    ck_assert_int_eq(was, 200);         /* and it had room for each of its own */
    ck_assert_int_eq(byte_of(is), 'x');
}
END_TEST

/* The same for who is nobody in particular: then the oldest goes, as ever. */
START_TEST(homeless)
{
    int i, first = put_of("first", 20000, 0);

    for (i = 0; i < 200; i++) {
        put_of(apr_psprintf(p, "loud%d", i), 30000, 0);
    }
    ck_assert(r307_arena_find(arena, key_of("first")) != first || byte_of(first) == '-');
}
END_TEST

START_TEST(no_good_any_more)
{
    int old = put("old", 200000, 0, 'o'), young = put("young", 200000, 0, 'y');

    r307_arena_slot(arena, old)->used = 1;
    r307_arena_slot(arena, old)->refused = 1;
    r307_arena_slot(arena, young)->used = 2;
    put("new", 200000, 0, 'n');
    ck_assert_int_eq(byte_of(old), 'o');
    ck_assert_int_eq(byte_of(young), '-');
}
END_TEST

START_TEST(places)
{
    char key[16];
    int i, lost = 0;

    for (i = 0; i < 64; i++) {
        apr_snprintf(key, sizeof(key), "conf%d", i);
        lost += r307_arena_claim(arena, key_of(key), 1) < 0;
    }
    for (i = 0; i < 200; i++) {
        apr_snprintf(key, sizeof(key), "tenant%d", i);
        r307_arena_claim(arena, key_of(key), 0);
    }
    for (i = 0; i < 64; i++) {
        apr_snprintf(key, sizeof(key), "conf%d", i);
        lost -= r307_arena_find(arena, key_of(key)) < 0;
    }
    ck_assert_int_eq(lost, 0);  /* who has a place keeps it */
}
END_TEST

START_TEST(given_up)
{
    r307_mapversion_t *held[R307_RESERVED];
    int i;

    for (i = 0; i < R307_RESERVED; i++) {
        held[i] = reserve("a", 50000, 1);
        ck_assert(held[i] != NULL);
        ck_assert(!i || held[i] != held[i - 1]);
    }
    ck_assert(reserve("a", 100, 1) == NULL);
    for (i = 0; i < R307_RESERVED; i++) {
        r307_arena_give_up(arena, held[i]);
    }
    ck_assert(reserve("a", 900000, 1) != NULL);
}
END_TEST

START_TEST(mapped)
{
    r307_filestate_t of = { 1, 2, 3, 4, 5 };
    int slot = put("a", 100, 1, 'x');

    r307_arena_publish_mapped(arena, slot, &of);
    ck_assert(r307_arena_current(arena, slot) == NULL);
    ck_assert(r307_filestate_same(&r307_arena_slot(arena, slot)->built, &of));
    r307_arena_note_file(arena, slot, 1, 2);
    ck_assert(r307_arena_is_file(arena, 1, 2));
    ck_assert(!r307_arena_is_file(arena, 2, 2));
    r307_arena_note_file(arena, slot, 1, 3);
    ck_assert(!r307_arena_is_file(arena, 1, 2));
}
END_TEST

/* Versions of a map of httpd.conf, the one in use first; of tenants' maps nobody asks. */
START_TEST(versions)
{
    r307_filestate_t of = { 1, 2, 3, 4, 5 };
    r307_mapwas_t was[R307_MAP_VERSIONS];
    int slot = put("a", 100, 1, 'x'), i;

    ck_assert_int_eq(r307_arena_versions(arena, slot, was), 1);
    ck_assert(was[0].rules != R307_MAP_UNCOUNTED && was[0].since != 0);
    r307_arena_publish_mapped(arena, slot, &of);
    ck_assert_int_eq(r307_arena_versions(arena, slot, was), 2);
    ck_assert(was[0].rules == R307_MAP_UNCOUNTED && was[0].written == of.written);
    for (i = 0; i < 3 * R307_MAP_VERSIONS; i++) {
        of.written = 100 + (apr_uint64_t)i;
        r307_arena_publish_mapped(arena, slot, &of);
    }
    ck_assert_int_eq(r307_arena_versions(arena, slot, was), R307_MAP_VERSIONS - 1);
    for (i = 0; i < R307_MAP_VERSIONS - 1; i++) {
        ck_assert_uint_eq(was[i].written, 100 + 3 * R307_MAP_VERSIONS - 1 - (unsigned)i);
    }
    slot = put("b", 100, 0, 'x');
    ck_assert_int_eq(r307_arena_versions(arena, slot, was), 0);
}
END_TEST

/* What a hostile process writes there leads nobody outside. */
START_TEST(foreign_bytes)
{
    static const apr_uint64_t runs[] = {
        RUN(0xFFFFFFFFu, 0xFFFFFFFFu), RUN(4095, 2), RUN(4096, 1), RUN(1, 0xFFFFFFFFu), RUN(5, 0),
        APR_UINT64_MAX
    };
    size_t i;
    int slot = put("a", 1000, 0, 'x'), round;

    ck_assert(r307_arena_join(arena, getpid()));        /* so that nothing is freed */
    for (i = 0; i < sizeof(runs) / sizeof(*runs); i++) {
        arena->current[slot] = runs[i];
        ck_assert(r307_arena_current(arena, slot) == NULL);
        arena->head->retired[i].run = runs[i];
        arena->head->retired[i].epoch = APR_UINT64_MAX - i % 2;
        arena->head->files[i] = 0xFFFFFFFFu - (apr_uint32_t)i;
        for (round = 0; round < 3; round++) {
            put("b", 1000, round == 1, 'y');
            put("a", 1000, 0, 'z');
        }
    }
    for (i = 0; i < FILES; i++) {
        arena->head->files[i] = 0xFFFFFFFFu;
    }
    ck_assert(!r307_arena_is_file(arena, 1, 2));
    r307_arena_note_file(arena, slot, 1, 2);
    ck_assert(r307_arena_is_file(arena, 1, 2));
}
END_TEST

START_TEST(counts)
{
    int i, k;

    for (i = 0; i < R307_COUNTS; i++) {
        const char *name = r307_arena_count_name((r307_count_t)i);

        ck_assert(name != NULL);
        for (k = 0; k < i; k++) {
            ck_assert_str_ne(name, r307_arena_count_name((r307_count_t)k));
        }
        for (k = 0; k <= i; k++) {
            r307_arena_count(arena, (r307_count_t)i);
        }
    }
    for (i = 0; i < R307_COUNTS; i++) {
        ck_assert_uint_eq(r307_arena_counted(arena, (r307_count_t)i), i + 1);
    }
}
END_TEST

START_TEST(sizes)
{
    r307_arena_size_t same = { 1 << 20, 60, 3, 1 }, other = same;

    ck_assert(r307_arena_fits(arena, &same));
    other.bytes = 2 << 20;
    ck_assert(!r307_arena_fits(arena, &other));
    other = same;
    other.slots = 65;
    ck_assert(!r307_arena_fits(arena, &other));
    other = same;
    other.is_shared = 0;
    ck_assert(!r307_arena_fits(arena, &other));
    ck_assert_uint_eq(r307_arena_keeper(arena), 1);
    r307_arena_succeed(arena);
    ck_assert_uint_eq(r307_arena_keeper(arena), 2);
}
END_TEST

/* --- readers beside the writer --- */

typedef struct part_t {
    pthread_t thread;
    r307_arena_t arena;         /* a process's own idea of it */
    unsigned wrong;
    int has_read;
} part_t;

static int over;                /* __atomic */
static unsigned reading;        /* __atomic: of them that have read a version */

static pid_t self(void)
{
#if defined(SYS_gettid)
    return (pid_t)syscall(SYS_gettid);
#else
    return getpid();
#endif
}

/* All bytes of an image are its serial's last one. */
static int is_whole(const r307_mapversion_t *version, apr_uint64_t serial)
{
    const unsigned char *image = r307_mapversion_image(version);
    apr_uint64_t i;

    for (i = 0; i < version->image_len && image[i] == (serial & 0xFF); i += 61) {
        continue;
    }
    return i >= version->image_len && version->serial == serial;
}

static void *read_all(void *data)
{
    part_t *part = data;
    r307_arena_t *mine = &part->arena;
    const r307_mapversion_t *held = NULL;
    apr_uint64_t serial = 0;
    unsigned round = 0;

    r307_arena_join(mine, self());
    while (!__atomic_load_n(&over, __ATOMIC_RELAXED)) {
        apr_uint64_t epoch = r307_arena_epoch(mine);
        int slot;

        for (slot = 0; slot < (int)mine->slot_count; slot++) {
            const r307_mapversion_t *version = r307_arena_current(mine, slot);

            if (version) {
                part->wrong += !is_whole(version, version->serial);
                if (!part->has_read) {
                    part->has_read = 1;
                    __atomic_add_fetch(&reading, 1, __ATOMIC_RELAXED);
                }
            }
            if (version && !held && round % 7 == 3) {
                held = version;
                serial = version->serial;
            }
        }
        if (held) {
            part->wrong += !is_whole(held, serial);
            held = round % 7 == 6 ? NULL : held;
        }
        r307_arena_move(mine, epoch, &serial, held != NULL);
        round++;
    }
    r307_arena_rest(mine);
    return NULL;
}

static void write_one(unsigned round)
{
    size_t len = 300 + round * 977 % 40000;
    const r307_filestate_t of = { 0 };
    r307_mapversion_t *version;
    char key[8];
    int slot;

    apr_snprintf(key, sizeof(key), "m%u", round % MAPS);
    slot = r307_arena_claim(arena, key_of(key), round % 2);
    version = reserve(key, len, round % 2);
    if (!version) {
        return;
    }
    memset((char *)version + version->image_at, (int)(version->serial & 0xFF), len);
    if (round % 11 == 5) {
        r307_arena_give_up(arena, version);
        return;
    }
    r307_arena_publish(arena, slot, version, &of);
}

/* Whoever goes through all slots reads those that had a map, and no others. */
START_TEST(claimed)
{
    int a, b, at;

    ck_assert_int_eq(r307_arena_next(arena, -1), -1);
    a = put("a", 100, 1, 'a');
    b = put("b", 100, 0, 'b');
    at = r307_arena_next(arena, -1);
    ck_assert_int_eq(at, a < b ? a : b);
    at = r307_arena_next(arena, at);
    ck_assert_int_eq(at, a < b ? b : a);
    ck_assert_int_eq(r307_arena_next(arena, at), -1);
    ck_assert_int_eq(r307_arena_next(arena, r307_arena_slots(arena)), -1);
    /* what a child wrote there leads to no place beyond the table */
    memset(arena->claimed, 0xFF, claimed_words(arena) * sizeof(*arena->claimed));
    ck_assert_int_eq(r307_arena_next(arena, r307_arena_slots(arena) - 1), -1);
    for (at = -1; (at = r307_arena_next(arena, at)) >= 0;) {
        ck_assert_int_lt(at, r307_arena_slots(arena));
    }
}
END_TEST

START_TEST(pages)
{
    apr_pool_t *own;
    char *at;

    apr_pool_create(&own, p);
    at = r307_pages_make(own, (apr_size_t)1 << 30);
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(at[0] | at[1 << 29] | at[(1 << 30) - 1], 0);
    at[(1 << 30) - 1] = 'x';
    apr_pool_destroy(own);
}
END_TEST

START_TEST(beside_each_other)
{
    part_t parts[READERS];
    unsigned i, wrong = 0;

    __atomic_store_n(&over, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&reading, 0, __ATOMIC_RELAXED);
    for (i = 0; i < READERS; i++) {
        memset(&parts[i], 0, sizeof(parts[i]));
        parts[i].arena = *arena;
        pthread_create(&parts[i].thread, NULL, read_all, &parts[i]);
    }
    /* of a busy machine a reader may begin when all rounds are over */
    for (i = 0; i < ROUNDS || __atomic_load_n(&reading, __ATOMIC_RELAXED) < READERS; i++) {
        write_one(i);
    }
    __atomic_store_n(&over, 1, __ATOMIC_RELAXED);
    for (i = 0; i < READERS; i++) {
        pthread_join(parts[i].thread, NULL);
        wrong += parts[i].wrong;
    }
    ck_assert_uint_eq(wrong, 0);
}
END_TEST

TCase *arena_cases(void)
{
    TCase *cases = tcase_create("arena");

    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, one_after_the_other);
    tcase_add_test(cases, read_by_somebody);
    tcase_add_test(cases, read_by_nobody);
    tcase_add_test(cases, shares);
    tcase_add_test(cases, homes);
    tcase_add_test(cases, homeless);
    tcase_add_test(cases, no_good_any_more);
    tcase_add_test(cases, places);
    tcase_add_test(cases, given_up);
    tcase_add_test(cases, mapped);
    tcase_add_test(cases, versions);
    tcase_add_test(cases, foreign_bytes);
    tcase_add_test(cases, counts);
    tcase_add_test(cases, sizes);
    tcase_add_test(cases, claimed);
    tcase_add_test(cases, pages);
    tcase_add_test(cases, beside_each_other);
    return cases;
}
