/* SPDX-License-Identifier: Apache-2.0
 *
 * What is read from a pattern's text, against PCRE2 itself: a path that the pattern matches
 * has all that is said to be needed, and lies below the head; its groups are counted as
 * PCRE2 counts them. Patterns by hand, and many that are put together of everything the
 * reader knows and some that it does not. */
#include <string.h>
#include <apr_strings.h>
#include "index/regex_needs.h"
#include "rule/regex.h"
#include "unit.h"

typedef struct draw_t {
    apr_uint32_t state;
} draw_t;

static unsigned draw(draw_t *d, unsigned below)
{
    d->state = d->state * 1664525u + 1013904223u;
    return (d->state >> 8) % below;
}

static int has_word(const r307_needle_t *needle, const r307_path_t *path)
{
    int k;
    size_t at;

    for (k = 0; k < needle->count; k++) {
        r307_slice_t word = needle->words[k];

        for (at = 0; at + word.len <= path->len; at++) {
            if (r307_text_same_fold(path->dec + at, word.len, word.s, word.len)) {
                return 1;
            }
        }
    }
    return 0;
}

static int can_begin_at(const r307_regex_needs_t *need, const r307_path_t *path, size_t at)
{
    int i;

    for (i = 0; i < need->byte_count; i++) {
        if (at + (size_t)i >= path->len
            || !r307_byteset_has(&need->bytes[i], (unsigned char)path->dec[at + (size_t)i])) {
            return 0;
        }
    }
    return 1;
}

/* What the path lacks though the pattern matches it; NULL: nothing. */
static const char *lacks(const r307_regex_needs_t *need, const r307_path_t *path)
{
    size_t at, last = need->anchored ? 0 : path->len;
    int i;

    if (path->len < need->least || path->len > need->most) {
        return "the length";
    }
    for (i = 0; i < need->needle_count; i++) {
        if (!has_word(&need->needles[i], path)) {
            return "a word";
        }
    }
    for (at = 0; at <= last; at++) {
        if (can_begin_at(need, path, at)) {
            return NULL;
        }
    }
    return "the bytes of its beginning";
}

/* The groups with a number, as they are read; -1: not known. */
static int count_groups(const char *pattern)
{
    r307_regex_reader_t reader = r307_regex_reader(pattern);
    r307_regex_item_t item;
    int count = 0;

    do {
        r307_regex_read(&reader, &item);
        if (item.kind == R307_ITEM_LOST
            || (item.kind == R307_ITEM_OPEN && item.group == R307_GROUP_RESET)
            || (item.flags.len && memchr(item.flags.s, 'n', item.flags.len))) {
            return -1;
        }
        count += item.kind == R307_ITEM_OPEN && item.group == R307_GROUP_CAPTURE;
    } while (item.kind != R307_ITEM_END);
    return count;
}

/* A letter for each item, and what quantifies it. */
static const char *items_of(apr_pool_t *p, const char *pattern)
{
    static const char letters[] = {
        [R307_ITEM_BYTE] = 'b', [R307_ITEM_SET] = 's', [R307_ITEM_BEGIN] = '^',
        [R307_ITEM_LAST] = '$', [R307_ITEM_POINT] = 'p', [R307_ITEM_OPEN] = '(',
        [R307_ITEM_CLOSE] = ')', [R307_ITEM_OR] = '|', [R307_ITEM_FLAGS] = 'f',
        [R307_ITEM_OTHER] = 'o', [R307_ITEM_LOST] = '!'
    };
    r307_regex_reader_t reader = r307_regex_reader(pattern);
    r307_regex_item_t item;
    r307_buf_t buf;

    r307_buf_make(&buf, p, 64);
    for (;;) {
        r307_regex_read(&reader, &item);
        if (item.kind == R307_ITEM_END) {
            return buf.s;
        }
        r307_buf_putc(&buf, letters[item.kind]);
        if (item.kind == R307_ITEM_LOST) {
            return buf.s;
        }
        if (item.least != 1 || item.most != 1) {
            r307_buf_putc(&buf, item.least == 0 ? '?' : '+');
        }
    }
}

/* 1: the pattern matches the path; 0: it does not; -1: it is none. */
static int check(apr_pool_t *p, const char *pattern, int fold, const char *text)
{
    const r307_regex_t *regex = NULL;
    const r307_path_t *path = r307_path_make(p, r307_slice(text, strlen(text)));
    r307_captures_t captures;
    r307_regex_needs_t need;
    r307_slice_t head;
    int groups;

    if (r307_regex_make(p, pattern, fold, 0, &regex)) {
        return -1;
    }
    groups = count_groups(pattern);
    ck_assert_msg(groups < 0 || groups == r307_regex_groups(regex) - 1,
                  "'%s' has %d groups and is read with %d", pattern,
                  r307_regex_groups(regex) - 1, groups);
    captures.scratch = NULL;
    if (r307_regex_find(p, regex, path, R307_STEPS_DEFAULT, &captures) != R307_FOUND_YES) {
        return 0;
    }
    r307_regex_needs_read(p, pattern, fold, &need);
    ck_assert_msg(!lacks(&need, path), "'%s' matches %s and is said to need %s", pattern,
                  text, lacks(&need, path));
    head = r307_regex_head(p, pattern);
    ck_assert_msg(r307_path_below(path->dec, path->len, head.s, head.len, fold
                                  || strstr(pattern, "i)") || strstr(pattern, "i:")),
                  "'%s' matches %s and has the head %.*s", pattern, text, (int)head.len,
                  head.s);
    return 1;
}

START_TEST(need_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "regex.tsv", 70);
    int i;

    for (i = 0; i < table->count; i++) {
        const unit_row_t *row = &table->rows[i];
        const char *pattern = unit_text(row, "pattern");

        unit_row_begin(row);
        unit_row_same(row, pattern, check(p, pattern, 0, unit_text(row, "path")) == 1
                      ? "matches" : "does not match", "matches");
        unit_row_same(row, "items", items_of(p, pattern), unit_text(row, "items"));
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

static void put_sequence(draw_t *d, r307_buf_t *buf, int depth);

static void put_group(draw_t *d, r307_buf_t *buf, int depth)
{
    static const char *const heads[] = {
        "(", "(", "(?:", "(?>", "(?|", "(?i:", "(?s:", "(?is:", "(?=", "(?!", "(?<=",
        "(?<!", "(?<n>", "(?P<n>", "(?'n'", "(?-i:", "(?x:", "(*atomic:", "(?*", "(*pla:",
        "(*nlb:", "(?(?=a)", "(?(1)", "(?n:", "(?^:", "("
    };
    unsigned more = draw(d, 3);

    r307_buf_puts(buf, heads[draw(d, sizeof(heads) / sizeof(heads[0]))]);
    put_sequence(d, buf, depth + 1);
    while (more--) {
        r307_buf_puts(buf, "|");
        put_sequence(d, buf, depth + 1);
    }
    r307_buf_puts(buf, ")");
}

static void put_sequence(draw_t *d, r307_buf_t *buf, int depth)
{
    static const char *const atoms[] = {
        "a", "b", "A", "/", "/", "ab", "/a", ".", "[ab]", "[^a]", "[a-c]", "[]b]", "[^]b]",
        "[a\\]]", "[[:alpha:]]", "[\\d/]", "[\\w-]", "\\d", "\\w", "\\W", "\\/", "\\.",
        "\\x61", "\\x{2f}", "^", "$", "\\A", "\\z", "\\Z", "\\b", "\\B", "\\K", "\\G",
        "(?#c)", "(?#(|[)", "(?i)", "(?-i)", "(?s)", "(?x)", " ", "\\Qa|(\\E", "\\Q[\\E",
        "\\1", "\\R", "\\N", "\\S", "-", "{", "{a", "]", ":", "#", "\\e", "\\h", "\\E",
        "\\Q\\E", "\\Qa", "\\c(", "\\c[", "\\c|", "(?C1)", "(?C\"(\")", "(?C'a''|b')",
        "(*MARK:()", "(*:|)", "[\\E](]", "[\\Q\\E]|]", "[\\E^](]", "[a-\\Qc\\E]", "[a\\E-c]",
        "[\\Qa-c\\E]", "[[:digit:](]", "[[:^alpha:]]", "[a[:]", "\\x", "\\x1b", "\\057",
        "\\o{57}", "[\\57]", "[\\b/]", "\\p{L}", "\\pL", "\\g{1}", "(?1)", "(?P>n)", "(?P=n)",
        "(?&n)", "\\k<n>", "\\_", "\\-"
    };
    static const char *const quantifiers[] = {
        "?", "*", "+", "??", "*+", "+?", "{0}", "{1}", "{2}", "{0,1}", "{1,}", "{,2}",
        "{2,3}", "(?#q)?", "(?#q)*", "(?#)(?#){0}"
    };
    unsigned count = 1 + draw(d, depth ? 2 : 4);

    while (count--) {
        if (depth < 3 && draw(d, 5) == 0) {
            put_group(d, buf, depth);
        }
        else {
            r307_buf_puts(buf, atoms[draw(d, sizeof(atoms) / sizeof(atoms[0]))]);
        }
        if (draw(d, 4) == 0) {
            r307_buf_puts(buf, quantifiers[draw(d, sizeof(quantifiers)
                                                   / sizeof(quantifiers[0]))]);
        }
    }
}

static const char *some_path(apr_pool_t *p, draw_t *d)
{
    static const char bytes[] = "aaabbAB//.1-(|";
    size_t len = 1 + draw(d, 6), i;
    char *text = apr_palloc(p, len + 1);

    text[0] = '/';
    for (i = 1; i < len; i++) {
        text[i] = bytes[draw(d, sizeof(bytes) - 1)];
    }
    text[len] = '\0';
    return text;
}

START_TEST(need_by_chance)
{
    static const char *const begins[] = { "^/", "^/", "^", "", "/", "^/a/", "\\A/" };
    apr_pool_t *p = unit_pool(), *one;
    draw_t d = { 307 };
    int i, k, matches = 0;

    for (i = 0; i < 30000; i++) {
        r307_buf_t buf;

        ck_assert_int_eq(apr_pool_create(&one, p), APR_SUCCESS);
        r307_buf_make(&buf, one, 64);
        r307_buf_puts(&buf, begins[draw(&d, sizeof(begins) / sizeof(begins[0]))]);
        put_sequence(&d, &buf, 0);
        if (draw(&d, 3) == 0) {
            r307_buf_puts(&buf, "$");
        }
        for (k = 0; k < 12; k++) {
            int how = check(one, buf.s, draw(&d, 4) == 0, some_path(one, &d));

            if (how < 0) {
                break;
            }
            matches += how;
        }
        apr_pool_destroy(one);
    }
    unit_rows_add(1);
    ck_assert_msg(matches > 30000, "only %d matches, which say nothing", matches);
    apr_pool_destroy(p);
}
END_TEST

TCase *regex_needs_cases(void)
{
    TCase *tcase = tcase_create("regex_needs");

    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, need_rows);
    tcase_add_test(tcase, need_by_chance);
    return tcase;
}
