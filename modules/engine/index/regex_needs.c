/* SPDX-License-Identifier: Apache-2.0
 *
 * A reader of PCRE2's patterns that knows what is common and gives up on the rest. */
#include "index/regex_needs.h"

#include <string.h>
#include <apr_strings.h>

#define DEPTH_MOST 32       /* of groups */
#define WORDS_MOST 16       /* of one needle */
#define LEAST_MOST 100000   /* a pattern may need more than is said of it */
#define LENGTH_MOST 100000  /* and no bound is as good as a larger one */

/* What is known of a piece of the pattern. */
typedef struct part_t {
    size_t least, most;
    int anchored, ended;            /* it begins with '^'; ends with '$' */
    int byte_count, fixed;          /* fixed: byte_count bytes, and nothing behind them */
    r307_byteset_t bytes[R307_NEEDS_BYTES];
    apr_array_header_t *needles;    /* of r307_needle_t */
} part_t;

typedef struct reading_t {
    apr_pool_t *p;
    r307_regex_reader_t at;
    int fold;
    int depth;
    int lost;                       /* something that is not understood */
} reading_t;

/* --- parts --- */

static void part_make(reading_t *reading, part_t *part)
{
    memset(part, 0, sizeof(*part));
    part->fixed = 1;
    part->needles = apr_array_make(reading->p, 2, sizeof(r307_needle_t));
}

static void fold_set(r307_byteset_t *set)
{
    unsigned char c;

    for (c = 'a'; c <= 'z'; c++) {
        unsigned char upper = (unsigned char)(c - ('a' - 'A'));

        if (r307_byteset_has(set, c) || r307_byteset_has(set, upper)) {
            r307_byteset_add(set, c);
            r307_byteset_add(set, upper);
        }
    }
}

static void part_of_set(reading_t *reading, part_t *part, const r307_byteset_t *set)
{
    part_make(reading, part);
    part->least = part->most = 1;
    part->byte_count = 1;
    part->bytes[0] = *set;
    if (reading->fold) {
        fold_set(&part->bytes[0]);
    }
}

static size_t add_lengths(size_t a, size_t b)
{
    return a > LENGTH_MOST || b > LENGTH_MOST ? R307_NEEDS_ANY : a + b;
}

static size_t shortest(const r307_needle_t *needle)
{
    size_t least = needle->words[0].len;
    int i;

    for (i = 1; i < needle->count; i++) {
        least = needle->words[i].len < least ? needle->words[i].len : least;
    }
    return least;
}

static const r307_needle_t *longest_needle(const part_t *part)
{
    const r307_needle_t *best = NULL;
    int i;

    for (i = 0; i < part->needles->nelts; i++) {
        const r307_needle_t *needle = &APR_ARRAY_IDX(part->needles, i, r307_needle_t);

        best = !best || shortest(needle) > shortest(best) ? needle : best;
    }
    return best;
}

/* The run of literal bytes that ends here becomes a word; every path has a '/'. */
static void close_run(reading_t *reading, part_t *part, r307_buf_t *run)
{
    r307_needle_t *needle;
    r307_slice_t *word;

    if (run->len && !(run->len == 1 && run->s[0] == '/')) {
        word = apr_palloc(reading->p, sizeof(*word));
        *word = r307_slice(apr_pstrmemdup(reading->p, run->s, run->len), run->len);
        needle = apr_array_push(part->needles);
        needle->words = word;
        needle->count = 1;
    }
    run->len = 0;
}

/* `next` follows. */
static void part_append(part_t *part, const part_t *next)
{
    int i;

    if (part->fixed) {
        if (part->least == 0 && part->byte_count == 0 && next->anchored) {
            part->anchored = 1;
        }
        for (i = 0; i < next->byte_count && part->byte_count < R307_NEEDS_BYTES; i++) {
            part->bytes[part->byte_count++] = next->bytes[i];
        }
        part->fixed = next->fixed && i == next->byte_count;
    }
    part->ended = next->ended || (part->ended && next->most == 0);
    part->least += next->least;
    part->least = part->least < LEAST_MOST ? part->least : LEAST_MOST;
    part->most = add_lengths(part->most, next->most);
    apr_array_cat(part->needles, next->needles);
}

/* Either this or `other`. */
static void part_or(reading_t *reading, part_t *part, const part_t *other)
{
    const r307_needle_t *one = longest_needle(part), *two = longest_needle(other);
    int i, fixed = part->fixed && other->fixed && part->byte_count == other->byte_count;
    size_t k;

    part->anchored = part->anchored && other->anchored;
    part->ended = part->ended && other->ended;
    part->least = other->least < part->least ? other->least : part->least;
    part->most = other->most > part->most ? other->most : part->most;
    part->byte_count = other->byte_count < part->byte_count ? other->byte_count
                                                            : part->byte_count;
    part->fixed = fixed;
    for (i = 0; i < part->byte_count; i++) {
        for (k = 0; k < sizeof(part->bytes[i].bits); k++) {
            part->bytes[i].bits[k] |= other->bytes[i].bits[k];
        }
    }
    if (!one || !two || one->count + two->count > WORDS_MOST) {
        part->needles->nelts = 0;
    }
    else {
        r307_slice_t *words = apr_palloc(reading->p, (size_t)(one->count + two->count)
                                                    * sizeof(*words));
        r307_needle_t both = { words, one->count + two->count };

        memcpy(words, one->words, (size_t)one->count * sizeof(*words));
        memcpy(words + one->count, two->words, (size_t)two->count * sizeof(*words));
        part->needles->nelts = 0;
        *(r307_needle_t *)apr_array_push(part->needles) = both;
    }
}

/* The part `least` to `most` times. */
static void part_repeat(part_t *part, size_t least, size_t most)
{
    int once = part->byte_count, whole = part->fixed;
    size_t i;

    if (least == 0) {
        part->needles->nelts = 0;
        part->byte_count = 0;
        part->anchored = part->ended = 0;
        part->fixed = most == 0 || part->most == 0;
    }
    else if (whole && once) {
        for (i = (size_t)once; i < least * (size_t)once && i < R307_NEEDS_BYTES; i++) {
            part->bytes[i] = part->bytes[i % (size_t)once];
        }
        part->byte_count = (int)i;
        part->fixed = least == most && i == least * (size_t)once;
    }
    part->least *= least;               /* neither is over LEAST_MOST */
    part->least = part->least < LEAST_MOST ? part->least : LEAST_MOST;
    if (part->most && most) {
        part->most = most > LENGTH_MOST || part->most > LENGTH_MOST
            ? R307_NEEDS_ANY : part->most * most;
    }
    else {
        part->most = 0;
    }
}

/* --- reading --- */

static r307_item_kind_t read_choice(reading_t *reading, part_t *part,
                                    r307_regex_item_t *item);

/* Behind an OPEN; the item becomes its CLOSE. */
static void read_group(reading_t *reading, part_t *part, r307_regex_item_t *item)
{
    int takes_part = item->group != R307_GROUP_LOOK;

    part_make(reading, part);
    if (item->group == R307_GROUP_CONDITION || ++reading->depth > DEPTH_MOST) {
        reading->lost = 1;
        return;
    }
    reading->lost |= read_choice(reading, part, item) != R307_ITEM_CLOSE;
    reading->depth--;
    if (!takes_part) {
        part_make(reading, part);
    }
}

/* One item without its quantifier, which the item has. */
static void read_part(reading_t *reading, part_t *part, r307_regex_item_t *item)
{
    r307_byteset_t set;

    part_make(reading, part);
    switch (item->kind) {
    case R307_ITEM_BYTE:
        memset(&set, 0, sizeof(set));
        r307_byteset_add(&set, item->byte);
        part_of_set(reading, part, &set);
        break;
    case R307_ITEM_SET:
        part_of_set(reading, part, &item->set);
        break;
    case R307_ITEM_BEGIN:
    case R307_ITEM_LAST:
        part->anchored = item->kind == R307_ITEM_BEGIN;
        part->ended = item->kind == R307_ITEM_LAST;
        break;
    case R307_ITEM_OPEN:
        read_group(reading, part, item);
        break;
    default:
        reading->lost |= item->kind != R307_ITEM_POINT && item->kind != R307_ITEM_FLAGS;
    }
}

/* Letter case is known from elsewhere, and '.' takes every byte; other flags change what
 * the items mean. */
static int has_odd_flags(const r307_regex_item_t *item)
{
    size_t i = 0;

    while (i < item->flags.len && (item->flags.s[i] == 'i' || item->flags.s[i] == 's')) {
        i++;
    }
    return i < item->flags.len;
}

/* As far as '|', ')' or the end: which of them it was. */
static r307_item_kind_t read_sequence(reading_t *reading, part_t *part,
                                      r307_regex_item_t *item)
{
    r307_buf_t run;

    part_make(reading, part);
    r307_buf_make(&run, reading->p, 32);
    for (;;) {
        part_t next;
        int is_byte;

        r307_regex_read(&reading->at, item);
        if (item->kind == R307_ITEM_OR || item->kind == R307_ITEM_CLOSE
            || item->kind == R307_ITEM_END) {
            break;
        }
        reading->lost |= has_odd_flags(item);
        is_byte = item->kind == R307_ITEM_BYTE;
        read_part(reading, &next, item);
        if (reading->lost) {
            break;
        }
        if (item->least != 1 || item->most != 1) {
            part_repeat(&next, item->least, item->most);
        }
        if (!is_byte || item->least == 0) {
            close_run(reading, part, &run);
        }
        else {
            r307_buf_putc(&run, r307_text_lower((char)item->byte));
            if (item->least != 1 || item->most != 1) {
                close_run(reading, part, &run);
            }
        }
        part_append(part, &next);
    }
    close_run(reading, part, &run);
    return reading->lost ? R307_ITEM_LOST : item->kind;
}

/* The same, over all alternatives. */
static r307_item_kind_t read_choice(reading_t *reading, part_t *part,
                                    r307_regex_item_t *item)
{
    r307_item_kind_t end = read_sequence(reading, part, item);
    part_t other;

    while (end == R307_ITEM_OR) {
        end = read_sequence(reading, &other, item);
        part_or(reading, part, &other);
    }
    return end;
}

/* Whether "(?i)" or "(?i:" stands anywhere: then it is taken to hold everywhere. */
static int folds_inside(const char *pattern)
{
    r307_regex_reader_t reader = r307_regex_reader(pattern);
    r307_regex_item_t item;

    do {
        r307_regex_read(&reader, &item);
        if (item.flags.len && memchr(item.flags.s, 'i', item.flags.len)) {
            return 1;
        }
    } while (item.kind != R307_ITEM_END && item.kind != R307_ITEM_LOST);
    return 0;
}

void r307_regex_needs_read(apr_pool_t *p, const char *pattern, int fold,
                           r307_regex_needs_t *need)
{
    reading_t reading = { p, r307_regex_reader(pattern), fold || folds_inside(pattern), 0, 0 };
    r307_regex_item_t item;
    part_t part;
    r307_item_kind_t end = read_choice(&reading, &part, &item);

    memset(need, 0, sizeof(*need));
    need->most = R307_NEEDS_ANY;
    if (end != R307_ITEM_END) {
        return;
    }
    need->needles = (const r307_needle_t *)(const void *)part.needles->elts;
    need->needle_count = part.needles->nelts;
    need->anchored = part.anchored;
    need->byte_count = part.byte_count;
    memcpy(need->bytes, part.bytes, sizeof(need->bytes));
    need->least = part.least;
    if (part.anchored && part.ended) {
        need->most = part.most;
    }
}
