/* SPDX-License-Identifier: Apache-2.0
 *
 * An image of foreign origin. The first byte says how many changes follow, of four bytes
 * each; the rest are lines that stand in the map behind some of our own. Unchanged it is
 * taken and answers; cut off or changed it is refused; changed and with its sum made right,
 * as somebody would who means it, it may be nonsense, but nothing in it leads outside, what
 * is found are rules in their order, and what leaves is clean.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include "decide/decide.h"
#include "map/image_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define SEED   4711
#define CHANGE 4        /* bytes of one */

static const char *const own_lines[] = {
    "/old /new", "/old/2 https://other.example/ status=302", "/blog/* /news/:splat",
    "/p.php?id=1 /p/1", "/p.php?id=2 /p/2", "^/r/(\\d+)$ /s/$1 match=regex",
    "^/[ab]x /y match=regex", "/x/:a/y /:a", "/host /h host=www.example.test"
};

static const struct {
    const char *path, *query;
    unsigned line;              /* of own_lines that answers when nothing was changed */
} asked[] = {
    { "/old", NULL, 1 }, { "/old/2", "a=b", 2 }, { "/blog/x/y", NULL, 3 },
    { "/p.php", "id=1", 4 }, { "/p.php", "a&id=2", 5 }, { "/r/12", NULL, 6 },
    { "/ax", NULL, 7 }, { "/x/n/y", NULL, 8 }, { "/host", NULL, 9 }
};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "fuzz_image: %s\n  '%s'\n", what, why ? why : "");
    abort();
}

/* --- the image --- */

static void read_by(r307_image_reading_t *reading)
{
    memset(reading, 0, sizeof(*reading));
    reading->context.directive = "Redirect307Map";
    reading->context.match = R307_MATCH_EXACT;
    reading->file = "fuzz.map";
    reading->seed = SEED;
}

static const char *add(apr_pool_t *p, r307_image_builder_t *builder, const char *line,
                       size_t len, unsigned number)
{
    apr_array_header_t *words;
    const char *bad = r307_token_split(p, apr_pstrmemdup(p, line, len), &words);

    return bad ? bad : r307_image_add(p, builder, words, number);
}

/* A bad line is left out. In memory of exactly its size: a read beyond is seen. */
static char *build(apr_pool_t *p, const r307_image_reading_t *reading, const char *text,
                   size_t len, size_t *size)
{
    r307_image_builder_t *builder = r307_image_builder_make(p, reading);
    unsigned line = 0;
    char *bytes;

    for (; line < COUNT(own_lines); line++) {
        const char *bad = add(p, builder, own_lines[line], strlen(own_lines[line]), line + 1);

        if (bad) {
            fail("a line of our own is none", bad);
        }
    }
    while (len) {
        const char *end = memchr(text, '\n', len);
        size_t n = end ? (size_t)(end - text) : len;

        add(p, builder, text, n, ++line);
        n += end != NULL;
        text += n;
        len -= n;
    }
    *size = r307_image_size(builder);
    bytes = *size ? malloc(*size) : NULL;
    if (bytes) {
        r307_image_write(builder, bytes);
    }
    return bytes;
}

/* Three bytes say where, one what: set, or one bit turned. */
static void change(char *bytes, size_t size, const uint8_t *at, int is_set)
{
    size_t where = ((size_t)at[0] << 16 | (size_t)at[1] << 8 | at[2]) % size;

    bytes[where] = (char)(is_set ? at[3] : (unsigned char)bytes[where] ^ 1u << (at[3] & 7));
}

/* --- a request --- */

static const char *no_header(void *baton, const char *name)
{
    return NULL;
}

static void self(void *baton, r307_self_t *out)
{
    *out = ((r307_view_t *)baton)->asked;
}

static const r307_image_t *image_of(void *baton, const void *map)
{
    return map;
}

static const char *no_user(void *baton)
{
    return NULL;
}

static int unknown(void *baton)
{
    return -1;
}

static int no_flag(void *baton, const void *flag)
{
    return -1;
}

static apr_uint64_t roll(void *baton)
{
    return 4711;
}

static const r307_view_ops_t ops = {
    .header = no_header, .env = no_header, .self = self, .image = image_of,
    .user = no_user, .file = unknown, .flag = no_flag, .roll = roll
};

static void fill_view(apr_pool_t *p, size_t which, r307_view_t *view)
{
    const char *path = asked[which].path, *query = asked[which].query;

    memset(view, 0, sizeof(*view));
    view->path = r307_path_make(p, r307_slice(path, strlen(path)));
    view->query = r307_slice(query, query ? strlen(query) : 0);
    view->method = "GET";
    view->asked.scheme = "http";
    view->asked.host = "www.example.test";
    view->asked.port = 80;
    view->ops = &ops;
    view->baton = view;
}

/* --- what holds --- */

/* Rules in their order, each once; none where the index says that there is none. */
static void check_found(apr_pool_t *p, const r307_image_t *image, const r307_view_t *view,
                        int is_whole)
{
    const r307_index_t *index = r307_image_index(image);
    r307_candidates_t candidates;
    r307_first_look_t first = { { NULL, 0 }, 0, NULL, 0, NULL, 0 };
    r307_asked_t question;
    apr_uint32_t number, last = 0, found = 0;

    memset(&question, 0, sizeof(question));
    question.view = view;
    question.in_base = view->path;
    r307_index_find(p, index, &question, &candidates);
    while (r307_candidates_next(&candidates, &number)) {
        if (number >= r307_image_count(image) || (found && number <= last)) {
            fail("a rule out of its order, or none", "");
        }
        last = number;
        found++;
    }
    first.path = r307_slice(view->path->enc, view->path->enc_len);
    first.host = view->asked.host;
    first.has_query = view->query.s != NULL;
    if (is_whole && found && !r307_index_may(index, &first)) {
        fail("the index says that there is none, and finds one", view->path->enc);
    }
}

static void check_answer(apr_pool_t *p, const r307_image_t *image, const r307_view_t *view,
                         unsigned line)
{
    r307_ruleset_t *set = r307_ruleset_make(p);
    r307_scope_t scope = { set, 0, { NULL, 0 }, NULL, 0 };
    r307_policy_t policy;
    r307_decision_t decision;
    const char *c;

    memset(&policy, 0, sizeof(policy));
    policy.relative = 1;
    policy.steps = R307_STEPS_DEFAULT;
    r307_ruleset_add_map(p, set, image);
    r307_decide(p, &scope, 1, &policy, view, &decision);
    if (line && (decision.outcome != R307_OUTCOME_ANSWER
                 || decision.rule->place.line != line)) {
        fail("another line answers", view->path->enc);
    }
    if (decision.outcome == R307_OUTCOME_REFUSE && !decision.offending) {
        fail("a refusal of nothing", view->path->enc);
    }
    for (c = decision.outcome == R307_OUTCOME_ANSWER && decision.location
             ? decision.location : ""; *c; c++) {
        if ((unsigned char)*c < 0x21 || *c == 0x7f || *c == '\\') {
            fail("a byte that must not leave", decision.location);
        }
    }
}

static void use(apr_pool_t *p, const char *bytes, size_t size,
                const r307_context_t *context, int is_whole)
{
    const r307_image_t *image;
    r307_image_info_t info;
    r307_view_t view;
    apr_uint32_t i;
    const char *bad = r307_image_attach(p, bytes, context, NULL, &image);

    r307_image_info(bytes, &info);
    if (info.file < bytes || info.file + strlen(info.file) >= bytes + size
        || info.size != size) {
        fail("a name outside, or another size", "");
    }
    if (bad) {
        if (is_whole) {
            fail("what was written here cannot be used here", bad);
        }
        return;
    }
    for (i = 0; i < r307_image_count(image); i++) {
        if (!r307_image_rule(p, image, i) && is_whole) {
            fail("a rule that was added is none", "");
        }
        r307_image_plan(image, i);
    }
    for (i = 0; i < COUNT(asked); i++) {
        fill_view(p, i, &view);
        check_found(p, image, &view, is_whole);
        check_answer(p, image, &view, is_whole ? asked[i].line : 0);
    }
}

/* As somebody makes it who wants it to be taken. */
static void mend(char *bytes, size_t size)
{
    r307_image_head_t *head = (void *)bytes;

    memcpy(head->magic, R307_IMAGE_MAGIC, sizeof(head->magic));
    head->version = R307_IMAGE_VERSION;
    head->order = R307_IMAGE_ORDER;
    head->size = size;
    head->sum = r307_image_sum(head, bytes);
}

static void run(apr_pool_t *p, const uint8_t *data, size_t len)
{
    size_t changes = data[0] % 16, size, i;
    r307_image_reading_t reading;
    char *bytes, *good;
    const char *bad;

    data++;
    len--;
    changes = changes > len / CHANGE ? len / CHANGE : changes;
    read_by(&reading);
    bytes = build(p, &reading, (const char *)data + changes * CHANGE,
                  len - changes * CHANGE, &size);
    if (!bytes) {
        return;
    }
    good = apr_pmemdup(p, bytes, size);
    for (i = 0; i < changes; i++) {
        change(bytes, size, data + i * CHANGE, i % 2 == 0);
    }
    if (!r307_image_check(p, bytes, size - 8)) {
        fail("an image that is cut off is taken", "");
    }
    bad = r307_image_check(p, bytes, size);
    if (!bad != !memcmp(bytes, good, size)) {
        fail("taken though it was changed, or refused though it was not", bad);
    }
    mend(bytes, size);
    if (!r307_image_check(p, bytes, size)) {
        use(p, bytes, size, &reading.context, !memcmp(bytes, good, size));
    }
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static int begun;
    apr_pool_t *p;

    if (!begun) {
        apr_initialize();
        atexit(apr_terminate);      /* what it holds is no leak */
        begun = 1;
    }
    if (len == 0 || len > 70000 || apr_pool_create(&p, NULL)) {
        return 0;
    }
    run(p, data, len);
    apr_pool_destroy(p);
    return 0;
}
