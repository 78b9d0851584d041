/* SPDX-License-Identifier: Apache-2.0
 *
 * Images: what stands in one, what is refused, and what a bent one can do. That a map
 * answers as the same lines elsewhere do is test_index.c's.
 */
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>
#include "unit.h"
#include "index/index_block.h"
#include "map/image_block.h"

static void read_by(apr_pool_t *p, const char *where, r307_image_reading_t *reading)
{
    memset(reading, 0, sizeof(*reading));
    unit_context_make(p, where, "Redirect307", &reading->context);
    reading->context.match = R307_MATCH_EXACT;
    reading->file = "conf/site.map";
    reading->seed = 4711;
    reading->source_size = 100;
    reading->source_time = 200;
}

static const char *const lines[] = {
    "/old /new", "/old/2 https://other.example/ status=302", "/gone status=gone", "# a comment", "",
    "/blog/* /news/:splat", "/p.php?id=1 /p/1", "/p.php?id=2 /p/2", "^/r/(\\d+)$ /s/$1 match=regex",
    "/u%20v /w \"note=a b\" name=one", "/old/2 /never", "/x/:a/y /:a", "/e /f expr=true"
};

static char *build(apr_pool_t *p, const r307_image_reading_t *reading, size_t *size)
{
    r307_image_builder_t *builder = r307_image_builder_make(p, reading);
    size_t i;
    char *bytes;

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *bad = unit_image_add(p, builder, lines[i], (unsigned)i + 1);

        ck_assert_msg(!bad, "%s", bad);
    }
    *size = r307_image_size(builder);
    bytes = apr_palloc(p, *size);
    memset(bytes, 0xAA, *size);
    r307_image_write(builder, bytes);
    return bytes;
}

/* The line of the rule that answers, 0 for none; 1000 for a refusal. */
static unsigned answers(apr_pool_t *p, const r307_image_t *image, const char *target)
{
    r307_ruleset_t *set = r307_ruleset_make(p);
    unit_fake_t *fake = unit_fake_make(p, "GET", target, "-");
    r307_decision_t decision;

    r307_ruleset_add_map(p, set, image);
    unit_decide(p, set, "server", "-", &fake->view, &decision);
    return decision.outcome == R307_OUTCOME_REFUSE ? 1000
        : decision.rule ? decision.rule->place.line : 0;
}

static const struct {
    const char *target;
    unsigned line;
} asked[] = {
    { "/old", 1 }, { "/old/", 0 }, { "/old/2", 2 }, { "/gone", 3 }, { "/blog/x/y", 6 },
    { "/p.php?id=1", 7 }, { "/p.php?a&id=2", 8 }, { "/p.php", 0 }, { "/r/12", 9 },
    { "/u%20v", 10 }, { "/x/n/y", 12 }, { "/e", 13 }, { "/none", 0 }, { "/", 0 }
};

START_TEST(works_anywhere)
{
    apr_pool_t *p = unit_pool();
    r307_image_reading_t reading;
    const r307_image_t *image;
    r307_image_info_t info;
    size_t size, i;
    char *bytes, *elsewhere;

    read_by(p, "server", &reading);
    bytes = build(p, &reading, &size);
    elsewhere = malloc(size);
    memcpy(elsewhere, bytes, size);
    memset(bytes, 0xAA, size);
    ck_assert_ptr_null(r307_image_check(p, elsewhere, size));
    r307_image_info(elsewhere, &info);
    ck_assert_int_eq((int)info.count, 11);
    ck_assert_int_eq((int)info.source_time, 200);
    ck_assert_str_eq(info.file, "conf/site.map");
    ck_assert_ptr_null(r307_image_attach(p, elsewhere, &reading.context, NULL, &image));
    for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        unsigned line = answers(p, image, asked[i].target);

        ck_assert_msg(line == asked[i].line, "%s: line %u answers, wanted %u", asked[i].target,
                      line, asked[i].line);
    }
    unit_rows_add((int)(sizeof(asked) / sizeof(asked[0])));
    apr_pool_destroy(p);
    free(elsewhere);
}
END_TEST

/* --- errors of lines --- */

static const char *add_one(apr_pool_t *p, r307_image_builder_t *builder, const char *line)
{
    return unit_image_add(p, builder, line, 812);
}

START_TEST(bad_lines)
{
    apr_pool_t *p = unit_pool();
    r307_image_reading_t reading;
    r307_image_builder_t *builder;

    read_by(p, "server", &reading);
    builder = r307_image_builder_make(p, &reading);
    ck_assert_ptr_null(add_one(p, builder, "/a /b"));
    ck_assert_ptr_null(strstr(add_one(p, builder, "/a"), "Redirect307 /a") ? NULL : "no advice");
    ck_assert_ptr_nonnull(strstr(add_one(p, builder, "/a /b /c"), "one word too many"));
    ck_assert_ptr_nonnull(strstr(add_one(p, builder, "/a /b qurey=keep"), "did you mean query="));
    ck_assert_ptr_nonnull(strstr(add_one(p, builder, "/a /b status=gone"), "has no target"));
    ck_assert_ptr_nonnull(strstr(add_one(p, builder, "a /b"), "no leading '/'"));
    ck_assert_ptr_nonnull(strstr(add_one(p, builder, "status=302"),
                                 "no path; write: /old /new status=302"));
    ck_assert_ptr_null(add_one(p, builder, "/old /new status=302"));
    ck_assert_ptr_nonnull(strstr(add_one(p, builder, " name=n expr=true"),
                                 "write: /old /new name=n expr=true"));
    ck_assert_ptr_nonnull(strstr(add_one(p, builder, "t="), "unknown option"));
    ck_assert_ptr_nonnull(strstr(add_one(p, builder, "status=gone"), "has no target"));
    ck_assert_ptr_null(add_one(p, builder, "/a /b name=n"));
    ck_assert_ptr_nonnull(strstr(add_one(p, builder, "/a /c name=n"), "line 812"));
    ck_assert_int_eq((int)r307_image_added(builder), 3);
    unit_rows_add(14);
    apr_pool_destroy(p);
}
END_TEST

/* --- defaults of a map --- */

static const apr_array_header_t *with_default(void *baton, apr_pool_t *p,
                                              const apr_array_header_t *own)
{
    apr_array_header_t *all = apr_array_copy(p, own);
    int i;

    ++*(int *)baton;
    for (i = 0; i < own->nelts; i++) {
        if (r307_word_is(&APR_ARRAY_IDX(own, i, r307_word_t), "status")) {
            return own;
        }
    }
    APR_ARRAY_PUSH(all, r307_word_t) = r307_word_make("status=302");
    return all;
}

START_TEST(options_of_the_map)
{
    apr_pool_t *p = unit_pool();
    r307_image_reading_t reading;
    r307_image_builder_t *builder;
    const r307_image_t *image;
    const r307_rule_t *rule;
    char *bytes;
    int i, times = 0;

    read_by(p, "server", &reading);
    reading.options = with_default;
    reading.baton = &times;
    builder = r307_image_builder_make(p, &reading);
    for (i = 0; i < 1000; i++) {
        ck_assert_ptr_null(add_one(p, builder, apr_psprintf(p, "/a%d /b", i)));
    }
    ck_assert_msg(times == 1, "the same options were asked for %d times", times);
    ck_assert_ptr_null(add_one(p, builder, "/b /c status=301"));
    ck_assert_ptr_null(add_one(p, builder, "/c/* /c2"));
    bytes = apr_palloc(p, r307_image_size(builder));
    r307_image_write(builder, bytes);
    ck_assert_ptr_null(r307_image_attach(p, bytes, &reading.context, "m", &image));
    rule = r307_image_rule(p, image, 5);
    ck_assert_str_eq(r307_line_print(p, rule), "/a5 /b match=exact status=302");
    ck_assert_str_eq(rule->place.file, "m");
    ck_assert_str_eq(r307_line_print(p, r307_image_rule(p, image, 1000)),
                     "/b /c match=exact status=301");
    ck_assert_str_eq(r307_line_print(p, r307_image_rule(p, image, 1001)),
                     "/c/* /c2 match=exact status=302");
    unit_rows_add(6);
    apr_pool_destroy(p);
}
END_TEST

/* --- size --- */

START_TEST(is_compact)
{
    apr_pool_t *p = unit_pool();
    r307_image_reading_t reading;
    r307_image_builder_t *builder;
    char line[80];
    size_t size, text = 0;
    int i, count = 100000;

    read_by(p, "server", &reading);
    builder = r307_image_builder_make(p, &reading);
    for (i = 0; i < count; i++) {
        size_t len = (size_t)apr_snprintf(line, sizeof(line), "/alt/kategorie/seite-%07d "
                                          "/neu/%07d", i, i), n = strcspn(line, " ");

        text += len + 1;        /* two NUL in place of the space */
        ck_assert_ptr_null(r307_image_add_plain(p, builder, r307_slice(line, n),
                                                r307_slice(line + n + 1, len - n - 1),
                                                (unsigned)i + 1));
    }
    size = r307_image_size(builder);
    ck_assert_msg((size - text) / (size_t)count <= 40, "%d bytes a rule beside its text",
                  (int)((size - text) / (size_t)count));
    unit_rows_add(1);
    apr_pool_destroy(p);
}
END_TEST

/* --- refusals --- */

static void refused(apr_pool_t *p, const void *bytes, size_t size, const char *why)
{
    const char *bad = r307_image_check(p, bytes, size);

    ck_assert_msg(bad && strstr(bad, why), "wanted '%s', got '%s'", why, bad ? bad : "accepted");
}

START_TEST(refuses)
{
    apr_pool_t *p = unit_pool();
    r307_image_reading_t reading;
    r307_context_t context;
    const r307_image_t *image;
    size_t size, i;
    char *bytes, *good;
    r307_image_head_t *head;

    read_by(p, "server", &reading);
    good = build(p, &reading, &size);
    bytes = apr_pmemdup(p, good, size);
    head = (void *)bytes;
    refused(p, bytes, 7, "no compiled map");
    refused(p, "#!/bin/sh and much more text, more than a head of an image is long, is it not? "
            "It has to be more than a hundred bytes", 110, "no compiled map");
    refused(p, bytes, size - 8, "cut off");
    head->version++;
    refused(p, bytes, size, "version");
    head->version--;
    head->order = 0x04030201u;
    refused(p, bytes, size, "byte order");
    head->order = R307_IMAGE_ORDER;
    for (i = sizeof(*head); i < size; i++) {
        bytes[i] ^= 1;
        refused(p, bytes, size, "changed since");
        bytes[i] ^= 1;
    }
    ck_assert_ptr_null(r307_image_check(p, bytes, size));
    unit_context_make(p, "htaccess", "Redirect307", &context);
    context.match = R307_MATCH_EXACT;
    ck_assert_ptr_nonnull(r307_image_attach(p, bytes, &context, NULL, &image));
    unit_rows_add((int)size);
    apr_pool_destroy(p);
}
END_TEST

/* One place of `bytes` has another value, and the sum is right again. */
static void refused_with(apr_pool_t *p, char *bytes, size_t size, size_t at, apr_uint32_t value)
{
    r307_image_head_t *head = (void *)bytes;
    apr_uint32_t before;

    memcpy(&before, bytes + at, sizeof(before));
    memcpy(bytes + at, &value, sizeof(value));
    head->sum = r307_image_sum(head, bytes);
    refused(p, bytes, size, "is not what redirect307ctl compile writes");
    memcpy(bytes + at, &before, sizeof(before));
    head->sum = r307_image_sum(head, bytes);
    ck_assert_ptr_null(r307_image_check(p, bytes, size));
}

/* What a reader would take for true without asking again: where texts and lists end. */
START_TEST(refuses_ends)
{
    apr_pool_t *p = unit_pool();
    r307_image_reading_t reading;
    r307_image_builder_t *builder;
    const r307_image_head_t *head;
    const r307_index_t *index;
    const r307_slot_t *slots;
    size_t size, at, lists = 0;
    apr_uint32_t i;
    char *bytes;

    read_by(p, "server", &reading);
    builder = r307_image_builder_make(p, &reading);
    ck_assert_ptr_null(add_one(p, builder, "/a /b method=POST"));
    ck_assert_ptr_null(add_one(p, builder, "/a /c"));
    size = r307_image_size(builder);
    bytes = apr_palloc(p, size);
    r307_image_write(builder, bytes);
    head = (void *)bytes;
    refused_with(p, bytes, size, head->texts + head->texts_size - 4, 0x61616161u);
    at = head->index;
    index = (const void *)(bytes + at);
    slots = (const void *)(bytes + at + 4 * (size_t)index->slots);
    for (i = 0; i <= index->slot_mask; i++) {
        if (slots[i].value != R307_SLOT_EMPTY && slots[i].value & R307_SLOT_LIST) {
            size_t list = at + 4 * ((size_t)index->lists + (slots[i].value & ~R307_SLOT_LIST));

            refused_with(p, bytes, size, list + 4, 0x7FFFFFFFu);
            refused_with(p, bytes, size, list + 8, head->count);
            lists++;
        }
    }
    ck_assert_int_eq((int)lists, 1);
    /* the list of both rules goes on behind the end of all lists */
    refused_with(p, bytes, size, at + offsetof(r307_index_t, lists_end), index->lists_end - 1);
    unit_rows_add(4);
    apr_pool_destroy(p);
}
END_TEST

/* A key of optin= does not travel on, whichever line answers. */
START_TEST(keys_stay)
{
    apr_pool_t *p = unit_pool();
    r307_image_reading_t reading;
    r307_ruleset_t *set = r307_ruleset_make(p);
    r307_image_builder_t *builder;
    const r307_image_t *image;
    unit_fake_t *fake = unit_fake_make(p, "GET", "/c?beta=12345678&a=1", "-");
    r307_decision_t decision;
    char *bytes;

    read_by(p, "server", &reading);
    builder = r307_image_builder_make(p, &reading);
    ck_assert_ptr_null(add_one(p, builder, "/a /b optin=beta=12345678"));
    ck_assert_ptr_null(add_one(p, builder, "/c /d"));
    bytes = apr_palloc(p, r307_image_size(builder));
    r307_image_write(builder, bytes);
    ck_assert_ptr_null(r307_image_attach(p, bytes, &reading.context, NULL, &image));
    r307_ruleset_add_map(p, set, image);
    unit_decide(p, set, "server", "-", &fake->view, &decision);
    ck_assert_str_eq(decision.location, "/d?a=1");
    unit_rows_add(1);
    apr_pool_destroy(p);
}
END_TEST

/* Bytes are changed and the sum is made right again: what is accepted may be nonsense, but
 * nothing reads outside (the sanitizer run says so) and nothing unclean leaves. */
START_TEST(bent)
{
    apr_pool_t *all = unit_pool();
    r307_image_reading_t reading;
    size_t size, i;
    char *good;
    int round, accepted = 0;
    unsigned state = 307;

    read_by(all, "server", &reading);
    good = build(all, &reading, &size);
    for (round = 0; round < 4000; round++) {
        apr_pool_t *p = unit_pool();
        char *bytes = malloc(size);
        r307_image_head_t *head = (void *)bytes;
        const r307_image_t *image;
        int times = 1 + round % 3;

        memcpy(bytes, good, size);
        while (times--) {
            size_t at;

            state = state * 1664525u + 1013904223u;
            at = (state >> 8) % size;
            state = state * 1664525u + 1013904223u;
            bytes[at] = (char)(round % 2 ? state >> 24 : (unsigned)bytes[at] ^ 1u << (state >> 29));
        }
        head->size = size;
        head->sum = r307_image_sum(head, bytes);
        if (!r307_image_check(p, bytes, size)
            && !r307_image_attach(p, bytes, &reading.context, NULL, &image)) {
            accepted++;
            for (i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
                answers(p, image, asked[i].target);
            }
            for (i = 0; i < r307_image_count(image); i++) {
                r307_image_rule(p, image, (apr_uint32_t)i);
            }
        }
        apr_pool_destroy(p);
        free(bytes);
    }
    ck_assert_int_gt(accepted, 500);
    unit_rows_add(round);
    apr_pool_destroy(all);
}
END_TEST

typedef struct scribble_t {
    volatile char *bytes;
    size_t size;
    int stop;                   /* __atomic */
} scribble_t;

static void *scribble(void *data)
{
    scribble_t *over = data;
    size_t i;

    while (!__atomic_load_n(&over->stop, __ATOMIC_RELAXED)) {
        for (i = 0; i < over->size; i++) {
            over->bytes[i] = (char)0xFF;
        }
    }
    return NULL;
}

/* In memory that processes share another one may write whatever it likes, while it is written:
 * that makes a bad image, and ends nobody. */
START_TEST(written_among_others)
{
    apr_pool_t *p = unit_pool();
    r307_image_reading_t reading;
    r307_image_builder_t *builder;
    scribble_t over = { NULL, 0, 0 };
    char *text = apr_pcalloc(p, 2000 * 32);
    pthread_t thread;
    int i;

    read_by(p, "server", &reading);
    reading.bytes = r307_slice(text, 2000 * 32);
    builder = r307_image_builder_make(p, &reading);
    for (i = 0; i < 2000; i++, text += 32) {
        apr_snprintf(text, 32, "/old/%06d /new/%06d", i, i);
        ck_assert_ptr_eq(r307_image_add_plain(p, builder, r307_slice(text, 11), r307_slice(text + 12, 11),
                                              (unsigned)i + 1), NULL);
    }
    over.size = r307_image_size(builder);
    over.bytes = apr_palloc(p, over.size);
    ck_assert_int_eq(pthread_create(&thread, NULL, scribble, &over), 0);
    for (i = 0; i < 500; i++) {
        r307_image_write(builder, (void *)over.bytes);
    }
    __atomic_store_n(&over.stop, 1, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    r307_image_write(builder, (void *)over.bytes);
    ck_assert_ptr_eq(r307_image_check(p, (void *)over.bytes, over.size), NULL);
    unit_rows_add(501);
    apr_pool_destroy(p);
}
END_TEST

TCase *image_cases(void)
{
    TCase *tcase = tcase_create("image");

    tcase_add_test(tcase, refuses_ends);
    tcase_add_test(tcase, keys_stay);
    tcase_add_test(tcase, works_anywhere);
    tcase_add_test(tcase, bad_lines);
    tcase_add_test(tcase, options_of_the_map);
    tcase_add_test(tcase, is_compact);
    tcase_add_test(tcase, refuses);
    tcase_add_test(tcase, bent);
    tcase_add_test(tcase, written_among_others);
    return tcase;
}
