/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "index/prefilter.h"

/* A block of the patterns that `make` gives for 0, 1, 2 ..., checked; *text: their bytes. */
static const r307_prefilter_t *block(apr_pool_t *p, const char *(*make)(apr_pool_t *p, int i),
                                 int count, size_t *size, size_t *text)
{
    r307_prefilter_builder_t *builder = r307_prefilter_builder_make(p);
    void *bytes;
    int i;

    *text = 0;
    for (i = 0; i < count; i++) {
        const char *pattern = make(p, i);

        *text += strlen(pattern);
        r307_prefilter_add(builder, (apr_uint32_t)i, pattern, 0);
    }
    *size = r307_prefilter_size(builder);
    bytes = apr_palloc(p, *size);
    r307_prefilter_write(builder, bytes);
    ck_assert(r307_prefilter_check(bytes, *size, (apr_uint32_t)count));
    return bytes;
}

/* Whether the rule is among those to be tried; *many: how many are. */
static int tries(apr_pool_t *p, const r307_prefilter_t *prefilter, const char *path,
                 apr_uint32_t rule, int *many)
{
    r307_candidates_t found;
    apr_uint32_t next;
    int is_there = 0;

    *many = 0;
    r307_candidates_make(&found);
    r307_prefilter_find(p, prefilter, path, strlen(path), &found);
    while (r307_candidates_next(&found, &next)) {
        is_there = is_there || next == rule;
        ++*many;
    }
    return is_there;
}

static const char *one_byte(apr_pool_t *p, int i)
{
    return apr_psprintf(p, "^/[\\x%02x].{3}$", (unsigned)i + 1);
}

/* With more kinds of bytes than a group tells apart no rule is lost, and most are still
 * left out. */
START_TEST(more_kinds_of_bytes)
{
    apr_pool_t *p = unit_pool();
    size_t size, text;
    const r307_prefilter_t *prefilter = block(p, one_byte, 255, &size, &text);
    int i, many, sum = 0;

    for (i = 0; i < 255; i++) {
        char path[] = "/?abc";

        path[1] = (char)(i + 1);
        ck_assert_msg(tries(p, prefilter, path, (apr_uint32_t)i, &many), "byte %d", i + 1);
        ck_assert_int_eq(r307_prefilter_may(prefilter, path, 5), 1);
        sum += many;
        ck_assert(!tries(p, prefilter, apr_pstrcat(p, path, "d", NULL), (apr_uint32_t)i, &many));
    }
    ck_assert_int_lt(sum, 255 * 255 - 50 * 200);
    unit_rows_add(255);
    apr_pool_destroy(p);
}
END_TEST

static const char *long_word(apr_pool_t *p, int i)
{
    return apr_psprintf(p, "^/shop/%s/article-%d\\.html$",
                        "a-very-long-word-that-all-of-them-have-in-common", i * 7);
}

/* Of a long word the end is looked for. */
START_TEST(long_words)
{
    apr_pool_t *p = unit_pool();
    size_t size, text;
    const r307_prefilter_t *prefilter = block(p, long_word, 2000, &size, &text);
    int i, many;

    for (i = 0; i < 2000; i += 17) {
        const char *path = apr_psprintf(p, "/shop/a-very-long-word-that-all-of-them-have-in-common"
                                        "/article-%d.html", i * 7);

        ck_assert_msg(tries(p, prefilter, path, (apr_uint32_t)i, &many), "%s", path);
        ck_assert_int_le(many, 5);
    }
    apr_pool_destroy(p);
}
END_TEST

static const char *same_beginning(apr_pool_t *p, int i)
{
    return i < 16000 ? "^/.{15}" : apr_psprintf(p, "^/[\\x%02x].{14}",
                                                 (unsigned)i % 255 + 1);
}

static const char *many_sets(apr_pool_t *p, int i)
{
    const char *text = "^/";
    int k;

    for (k = 0; k < 15; k++) {
        text = apr_psprintf(p, "%s[^\\x%02x\\x%02x]", text,
                            (unsigned)(i * (k + 3)) % 255 + 1, (unsigned)(i / 7 + k) % 255 + 1);
    }
    return text;
}

static const char *long_words_apart(apr_pool_t *p, int i)
{
    return apr_psprintf(p, "/%09d%09d%09d%09d", i * 7919 % 999983, i * 104729 % 999979,
                        i * 31 % 9973, i);
}

static const char *many_next(apr_pool_t *p, int i)
{
    return apr_psprintf(p, "\\x%02x\\x%02x-%d", (unsigned)i % 255 + 1,
                        (unsigned)(i / 255) % 255 + 1, i);
}

/* A file of one tenant: what is made of it is bounded by what it is. */
static const struct {
    const char *(*make)(apr_pool_t *p, int i);
    int count;
} hostile[] = {
    { same_beginning, 16255 }, { many_sets, 4000 }, { long_words_apart, 10000 },
    { many_next, 10000 }
};

#define EACH_BYTE_MOST 40

START_TEST(bounded_by_the_text)
{
    apr_pool_t *p = unit_pool();
    size_t size, text;

    block(p, hostile[_i].make, hostile[_i].count, &size, &text);
    ck_assert_msg(size < EACH_BYTE_MOST * text, "%zu bytes of patterns make %zu", text, size);
    unit_rows_add(1);
    apr_pool_destroy(p);
}
END_TEST

static const char *numbered_word(apr_pool_t *p, int i)
{
    return apr_psprintf(p, "word-%02d", i);
}

/* A path of many words: each of them is found, and once, however many there are and however
 * often they come. */
START_TEST(many_words_at_once)
{
    apr_pool_t *p = unit_pool();
    size_t size, text;
    const r307_prefilter_t *prefilter = block(p, numbered_word, 60, &size, &text);
    const char *path = "";
    int i, many;

    for (i = 0; i < 60; i++) {
        path = apr_psprintf(p, "%s/word-%02d/%s", path, i, i % 7 ? "word-03" : "x");
        ck_assert(tries(p, prefilter, path, (apr_uint32_t)i, &many));
        ck_assert_msg(many == i + 1 + (i == 1 || i == 2), "%d of %s", many, path);
        unit_rows_add(1);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *prefilter_cases(void)
{
    TCase *tcase = tcase_create("prefilter");

    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, more_kinds_of_bytes);
    tcase_add_test(tcase, long_words);
    tcase_add_test(tcase, many_words_at_once);
    tcase_add_loop_test(tcase, bounded_by_the_text, 0, sizeof(hostile) / sizeof(hostile[0]));
    return tcase;
}
