/* SPDX-License-Identifier: Apache-2.0
 *
 * Several indexes asked by one look, against each of them asked: whoever is spared knows nothing
 * of the path, and of paths alone nobody else is.
 */
#include <string.h>
#include <apr_strings.h>
#include "index/index_join.h"
#include "unit.h"

#define SEED      APR_UINT64_C(0x9FB21C651E98DF25)    /* as random as that of a server */
#define INDEXES   12
#define SETS      300
#define PATHS     60

static apr_uint64_t state = 20261203;

static unsigned chance(unsigned below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 11) % below);
}

static const char *path_of(apr_pool_t *p)
{
    static const char *const names[] = { "a", "b", "ab", "A", "eightby8", "sixteen-bytes-16s" };
    const char *path = "";
    unsigned i, depth = 1 + chance(4);

    for (i = 0; i < depth; i++) {
        path = apr_psprintf(p, "%s/%s%u", path, names[chance(6)], chance(9));
    }
    return path;
}

static int only_paths;      /* of the set at hand: of nothing else in a request */

/* Lines of which keys say all. */
static const char *line_of(apr_pool_t *p)
{
    static const char *const rest[] = { "", "/", "$", "?id=1" }, *const beside[] = {
        "", "", "", " host=h1.example", " args=id=2", " method=POST" };

    return apr_pstrcat(p, path_of(p), rest[chance(only_paths ? 3 : 4)], " /new",
                       beside[only_paths ? 0 : chance(6)], NULL);
}

static const r307_index_t *index_of(apr_pool_t *p, const char *lines, apr_uint64_t seed)
{
    const char *error = NULL;
    r307_ruleset_t *rules = unit_rules(p, lines, "server", "Redirect307", &error);

    ck_assert_msg(rules != NULL, "%s: %s", lines, error);
    r307_ruleset_freeze(p, rules, seed, 0);
    return rules->index;
}

static const r307_index_t *some(apr_pool_t *p)
{
    const char *lines = line_of(p);
    unsigned i, more = chance(12);

    for (i = 0; i < more; i++) {
        lines = apr_pstrcat(p, lines, " ;; ", line_of(p), NULL);
    }
    return index_of(p, lines, SEED);
}

static int may(const r307_index_t *index, const r307_first_look_t *first)
{
    r307_trail_t walk;

    r307_trail_begin(&walk);
    return r307_index_may_walk(index, first, &walk);
}

static void look_at(const char *path, r307_first_look_t *first)
{
    memset(first, 0, sizeof(*first));
    first->path = r307_slice(path, strlen(path));
    first->base_from = R307_INDEX_NO_BASE;
}

static int asked, in_vain;

static void compare(apr_pool_t *p, const r307_index_join_t *join,
                    const r307_index_t *const *indexes, int count)
{
    const char *path = chance(8) ? path_of(p) : apr_pstrcat(p, path_of(p), "/%61/..", NULL);
    r307_first_look_t first;
    r307_trail_t walk;
    int spared, i;

    look_at(path, &first);
    r307_trail_begin(&walk);
    spared = r307_index_join_ask(join, &first, &walk);
    ck_assert_msg(spared <= count, "%d of %d", spared, count);
    for (i = 0; i < spared; i++) {
        ck_assert_msg(!may(indexes[i], &first), "%s: number %d is spared and knows it", path, i);
    }
    asked += only_paths;
    in_vain += only_paths && i < (int)join->told && walk.is_normal && !may(indexes[i], &first);
    ck_assert_msg(!walk.seed || walk.s == path, "another path was walked");
    unit_rows_add(1);
}

START_TEST(spares_who_knows_nothing)
{
    r307_index_join_t join = { NULL, 0, 0, 0, 0, 0 };
    int set, k;

    join.cells = apr_palloc(unit_pool(), R307_JOIN_CELLS * sizeof(*join.cells));
    memset(join.cells, 7, R307_JOIN_CELLS * sizeof(*join.cells));
    for (set = 0; set < SETS; set++) {
        apr_pool_t *p = unit_pool();
        const r307_index_t *indexes[INDEXES];
        int count = 2 + (int)chance(INDEXES - 1);

        only_paths = set % 2;
        for (k = 0; k < count; k++) {
            indexes[k] = some(p);
        }
        r307_index_join_fill(&join, indexes, count);
        ck_assert_uint_eq(join.told, count);
        for (k = 0; k < PATHS; k++) {
            compare(p, &join, indexes, count);
        }
        apr_pool_destroy(p);
    }
    ck_assert_msg(in_vain == 0, "of %d paths %d led to an index in vain", asked, in_vain);
}
END_TEST

/* What keys do not tell ends what is told, and so does what is not known. */
static const struct { const char *lines; apr_uint64_t seed; int is_told; } kinds[] = {
    { "/x /new", SEED, 1 },             { "/x$ /new", SEED, 1 },
    { "/x?id=1 /new", SEED, 1 },        { "/x /new host=h1.example", SEED, 1 },
    { "/x /new", SEED + 2, 0 },         { "/ /new", SEED, 0 },
    { "/:name /new", SEED, 0 },         { "/x/* /new/:splat", SEED, 1 },
    { "/x/:name/y /new", SEED, 0 },     { "match=regex ^/x/([0-9]+)$ /new", SEED, 0 },
    { "match=regex [0-9]$ /new", SEED, 0 }, { "https://h1.example https://h2.example/", SEED, 0 },
    { NULL, SEED, 0 },
};

START_TEST(tells_of_keys_alone)
{
    apr_pool_t *p = unit_pool();
    r307_index_join_t join = { NULL, 0, 0, 0, 0, 0 };
    const r307_index_t *indexes[4];
    r307_first_look_t first;
    r307_trail_t walk;

    indexes[0] = index_of(p, "/a /new", SEED);
    indexes[1] = index_of(p, "/b /new", SEED);
    indexes[2] = kinds[_i].lines ? index_of(p, kinds[_i].lines, kinds[_i].seed) : NULL;
    indexes[3] = index_of(p, "/d /new", SEED);
    look_at("/d", &first);
    r307_trail_begin(&walk);
    ck_assert_int_eq(r307_index_join_ask(&join, &first, &walk), 0);
    r307_index_join_fill(&join, indexes, 4);
    ck_assert_int_eq(r307_index_join_ask(&join, &first, &walk), 0);
    join.cells = apr_palloc(p, R307_JOIN_CELLS * sizeof(*join.cells));
    r307_index_join_fill(&join, indexes, 4);
    ck_assert_msg(join.told == (kinds[_i].is_told ? 4 : 2), "%s: %u are told of",
                  kinds[_i].lines, join.told);
    ck_assert_int_eq(r307_index_join_ask(&join, &first, &walk), kinds[_i].is_told ? 3 : 2);
    r307_index_join_fill(&join, indexes, 1);
    ck_assert_int_eq(r307_index_join_ask(&join, &first, &walk), 0);
    unit_rows_add(1);
    apr_pool_destroy(p);
}
END_TEST

/* More keys than the table has room for. */
START_TEST(leaves_out_who_is_too_large)
{
    apr_pool_t *p = unit_pool();
    r307_index_join_t join = { NULL, 0, 0, 0, 0, 0 };
    const r307_index_t *indexes[3];
    r307_buf_t lines;
    int i;

    r307_buf_make(&lines, p, 1 << 20);
    for (i = 0; i < 40000; i++) {
        r307_buf_puts(&lines, apr_psprintf(p, "%s/old-%d /new", i ? " ;; " : "", i));
    }
    indexes[0] = index_of(p, "/a /new", SEED);
    indexes[1] = index_of(p, "/b /new", SEED);
    indexes[2] = index_of(p, lines.s, SEED);
    join.cells = apr_palloc(p, R307_JOIN_CELLS * sizeof(*join.cells));
    r307_index_join_fill(&join, indexes, 3);
    ck_assert_uint_eq(join.told, 2);
    unit_rows_add(1);
    apr_pool_destroy(p);
}
END_TEST

TCase *index_join_cases(void)
{
    TCase *tcase = tcase_create("index_join");

    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, spares_who_knows_nothing);
    tcase_add_loop_test(tcase, tells_of_keys_alone, 0, sizeof(kinds) / sizeof(kinds[0]));
    tcase_add_test(tcase, leaves_out_who_is_too_large);
    return tcase;
}
