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

typedef struct reader_t {
    apr_pool_t *p;
    const char *s;
    int fold;
    int depth;
    int lost;                       /* something that is not understood */
} reader_t;

/* --- sets --- */

static void set_add(r307_byteset_t *set, unsigned char c)
{
    set->bits[c >> 3] |= (unsigned char)(1 << (c & 7));
}

static void set_add_range(r307_byteset_t *set, int from, int to)
{
    for (; from <= to; from++) {
        set_add(set, (unsigned char)from);
    }
}

static void set_add_text(r307_byteset_t *set, const char *text)
{
    for (; *text; text++) {
        set_add(set, (unsigned char)*text);
    }
}

static void set_flip(r307_byteset_t *set)
{
    size_t i;

    for (i = 0; i < sizeof(set->bits); i++) {
        set->bits[i] = (unsigned char)~set->bits[i];
    }
}

static void set_fold(r307_byteset_t *set)
{
    int c;

    for (c = 'a'; c <= 'z'; c++) {
        int upper = c - ('a' - 'A');

        if (r307_byteset_has(set, (unsigned char)c)
            || r307_byteset_has(set, (unsigned char)upper)) {
            set_add(set, (unsigned char)c);
            set_add(set, (unsigned char)upper);
        }
    }
}

/* "\d" and its like; 0 when the letter is none. */
static int set_add_class(r307_byteset_t *set, char letter)
{
    r307_byteset_t some;
    size_t i;

    memset(&some, 0, sizeof(some));
    switch (r307_text_lower(letter)) {
    case 'd':
        set_add_range(&some, '0', '9');
        break;
    case 'w':
        set_add_range(&some, '0', '9');
        set_add_range(&some, 'A', 'Z');
        set_add_range(&some, 'a', 'z');
        set_add(&some, '_');
        break;
    case 's':
        set_add_text(&some, " \t\n\v\f\r");
        break;
    case 'h':
        set_add_text(&some, " \t\xA0");
        break;
    case 'v':
        set_add_text(&some, "\n\v\f\r\x85");
        break;
    default:
        return 0;
    }
    if (letter >= 'A' && letter <= 'Z') {
        set_flip(&some);
    }
    for (i = 0; i < sizeof(set->bits); i++) {
        set->bits[i] |= some.bits[i];
    }
    return 1;
}

/* --- parts --- */

static void part_make(reader_t *reader, part_t *part)
{
    memset(part, 0, sizeof(*part));
    part->fixed = 1;
    part->needles = apr_array_make(reader->p, 2, sizeof(r307_needle_t));
}

static void part_of_set(reader_t *reader, part_t *part, const r307_byteset_t *set)
{
    part_make(reader, part);
    part->least = part->most = 1;
    part->byte_count = 1;
    part->bytes[0] = *set;
    if (reader->fold) {
        set_fold(&part->bytes[0]);
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
static void close_run(reader_t *reader, part_t *part, r307_buf_t *run)
{
    r307_needle_t *needle;
    r307_slice_t *word;

    if (run->len && !(run->len == 1 && run->s[0] == '/')) {
        word = apr_palloc(reader->p, sizeof(*word));
        *word = r307_slice(apr_pstrmemdup(reader->p, run->s, run->len), run->len);
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
static void part_or(reader_t *reader, part_t *part, const part_t *other)
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
        r307_slice_t *words = apr_palloc(reader->p, (size_t)(one->count + two->count)
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

static void read_choice(reader_t *reader, part_t *part);

static int hex_escape(reader_t *reader)
{
    size_t left = strlen(reader->s);
    int braces = left >= 4 && reader->s[0] == '{' && reader->s[3] == '}';
    int byte = r307_text_hex2(reader->s + braces, left - (size_t)braces);

    reader->lost |= byte < 0;
    reader->s += byte < 0 ? 0 : braces ? 4 : 2;
    return byte;
}

/* The byte that the escape at s (behind its backslash) stands for; -1 when it is no byte
 * that is known here. */
static int literal_escape(reader_t *reader)
{
    static const char letters[] = "tnrfea", bytes[] = "\t\n\r\f\x1B\a";
    char c = *reader->s;
    const char *at = c ? strchr(letters, c) : NULL;

    if (c == 'x') {
        reader->s++;
        return hex_escape(reader);
    }
    if (at) {
        reader->s++;
        return bytes[at - letters];
    }
    if (!c || r307_text_is(c, R307_IS_NAME)) {
        return -1;
    }
    reader->s++;
    return (unsigned char)c;
}

/* One member of "[...]"; -1 when it was a class, added to the set. */
static int class_member(reader_t *reader, r307_byteset_t *set)
{
    unsigned char c = (unsigned char)*reader->s;
    int byte;

    if (c == '[' && (reader->s[1] == ':' || reader->s[1] == '.' || reader->s[1] == '=')) {
        reader->lost = 1;
        return -1;
    }
    if (c != '\\') {
        reader->s++;
        return c;
    }
    reader->s++;
    if (set_add_class(set, *reader->s)) {
        reader->s++;
        return -1;
    }
    byte = literal_escape(reader);
    reader->lost |= byte < 0;
    return byte;
}

/* Behind '['. */
static void read_class(reader_t *reader, part_t *part)
{
    r307_byteset_t set;
    int negated = *reader->s == '^', first = 1;

    memset(&set, 0, sizeof(set));
    reader->s += negated;
    while (!reader->lost && (*reader->s != ']' || first)) {
        int from, to;

        if (!*reader->s) {
            reader->lost = 1;
            break;
        }
        first = 0;
        from = to = class_member(reader, &set);
        if (from >= 0 && reader->s[0] == '-' && reader->s[1] != ']') {
            reader->s++;
            to = class_member(reader, &set);
            reader->lost |= to < from;
        }
        if (from >= 0) {
            set_add_range(&set, from, to);
        }
    }
    reader->s += *reader->s == ']';
    if (negated) {
        set_flip(&set);
    }
    part_of_set(reader, part, &set);
}

/* What stands behind "(?" up to where the group's own pattern begins. 0: no group that
 * takes part in the match. */
static int group_head(reader_t *reader, int *is_empty)
{
    const char *s = reader->s;

    *is_empty = 0;
    if (*s == '=' || *s == '!' || (*s == '<' && (s[1] == '=' || s[1] == '!'))) {
        reader->s += *s == '<' ? 2 : 1;
        return 0;
    }
    if (*s == '<' || *s == '\'' || (*s == 'P' && s[1] == '<')) {
        reader->s += 1 + strcspn(s + 1, ">'");
        reader->lost |= !*reader->s;
        reader->s += *reader->s != '\0';
        return 1;
    }
    if (*s == ':' || *s == '>' || *s == '|') {
        reader->s++;
        return 1;
    }
    s += strspn(s, "is");       /* letter case is known from elsewhere */
    reader->lost |= s == reader->s || (*s != ')' && *s != ':');
    *is_empty = *s == ')';
    reader->s = s + (*s == ':');
    return 1;
}

/* Behind '('. */
static void read_group(reader_t *reader, part_t *part)
{
    int takes_part = 1, is_empty = 0;

    part_make(reader, part);
    if (*reader->s == '*' || ++reader->depth > DEPTH_MOST) {
        reader->lost = 1;
        return;
    }
    if (*reader->s == '?') {
        reader->s++;
        takes_part = group_head(reader, &is_empty);
    }
    if (!is_empty) {
        read_choice(reader, part);
    }
    reader->lost |= *reader->s != ')';
    reader->s += *reader->s == ')';
    reader->depth--;
    if (!takes_part) {
        part_make(reader, part);
    }
}

/* Behind '\\'. *byte is the literal it is, or -1. */
static void read_escape(reader_t *reader, part_t *part, int *byte)
{
    r307_byteset_t set;
    char c = *reader->s;

    part_make(reader, part);
    if (c && strchr("AzbBK", c)) {
        reader->s++;
        part->anchored = c == 'A';
        part->ended = c == 'z';
        return;
    }
    memset(&set, 0, sizeof(set));
    if (set_add_class(&set, c)) {
        reader->s++;
        part_of_set(reader, part, &set);
        return;
    }
    *byte = literal_escape(reader);
    reader->lost |= *byte < 0;
    if (*byte >= 0) {
        set_add(&set, (unsigned char)*byte);
        part_of_set(reader, part, &set);
    }
}

/* One item without its quantifier. */
static void read_item(reader_t *reader, part_t *part, int *byte)
{
    char c = *reader->s++;
    r307_byteset_t set;

    *byte = -1;
    switch (c) {
    case '\\':
        read_escape(reader, part, byte);
        return;
    case '(':
        read_group(reader, part);
        return;
    case '[':
        read_class(reader, part);
        return;
    case '^':
    case '$':
        part_make(reader, part);
        part->anchored = c == '^';
        part->ended = c == '$';
        return;
    default:
        /* a second quantifier */
        reader->lost |= strchr("*+?", c) != NULL
            || (c == '{' && *reader->s >= '0' && *reader->s <= '9');
        memset(&set, 0, sizeof(set));
        if (c == '.') {
            set_flip(&set);
        }
        else {
            *byte = (unsigned char)c;
            set_add(&set, (unsigned char)c);
        }
        part_of_set(reader, part, &set);
    }
}

/* "{n}", "{n,}", "{n,m}" at s; 0 when it is a literal brace. */
static int read_braces(reader_t *reader, size_t *least, size_t *most)
{
    const char *s = reader->s + 1;
    size_t digits = strspn(s, "0123456789"), more;

    if (!digits) {
        reader->lost |= *s == ',' || *s == ' ';     /* newer versions read a number */
        return 0;
    }
    *least = *most = (size_t)r307_text_number(r307_slice(s, digits), 65535);
    s += digits;
    if (*s == ',') {
        more = strspn(++s, "0123456789");
        *most = more ? (size_t)r307_text_number(r307_slice(s, more), 65535)
                     : R307_NEEDS_ANY;
        s += more;
    }
    reader->lost |= *s == ' ';
    if (*s != '}') {
        return 0;
    }
    reader->s = s + 1;
    return 1;
}

static int read_quantifier(reader_t *reader, size_t *least, size_t *most)
{
    char c = *reader->s;
    int is_one = c == '*' || c == '+' || c == '?';

    *least = c == '+';
    *most = c == '?' ? 1 : R307_NEEDS_ANY;
    reader->s += is_one;
    if (!is_one && (c != '{' || !read_braces(reader, least, most))) {
        *least = *most = 1;
        return 0;
    }
    reader->s += *reader->s == '?' || *reader->s == '+';
    return 1;
}

/* "(?#...)" is nothing, also between an item and its quantifier. */
static void skip_comments(reader_t *reader)
{
    while (strncmp(reader->s, "(?#", 3) == 0) {
        reader->s += strcspn(reader->s, ")");
        reader->lost |= !*reader->s;
        reader->s += *reader->s != '\0';
    }
}

static void read_sequence(reader_t *reader, part_t *part)
{
    r307_buf_t run;

    part_make(reader, part);
    r307_buf_make(&run, reader->p, 32);
    skip_comments(reader);
    while (!reader->lost && *reader->s && *reader->s != '|' && *reader->s != ')') {
        part_t item;
        size_t least, most;
        int byte, repeats;

        read_item(reader, &item, &byte);
        skip_comments(reader);
        repeats = !reader->lost && read_quantifier(reader, &least, &most);
        if (repeats) {
            part_repeat(&item, least, most);
        }
        if (byte < 0 || (repeats && least == 0)) {
            close_run(reader, part, &run);
        }
        else {
            r307_buf_putc(&run, r307_text_lower((char)byte));
            if (repeats) {
                close_run(reader, part, &run);
            }
        }
        part_append(part, &item);
        skip_comments(reader);
    }
    close_run(reader, part, &run);
}

static void read_choice(reader_t *reader, part_t *part)
{
    part_t other;

    read_sequence(reader, part);
    while (!reader->lost && *reader->s == '|') {
        reader->s++;
        read_sequence(reader, &other);
        part_or(reader, part, &other);
    }
}

/* Whether "(?i)" or "(?i:" stands anywhere: then it is taken to hold everywhere. */
static int folds_inside(const char *s)
{
    while ((s = strstr(s, "(?"))) {
        s += 2;
        if (memchr(s, 'i', strspn(s, "is"))) {
            return 1;
        }
    }
    return 0;
}

void r307_regex_needs_read(apr_pool_t *p, const char *pattern, int fold,
                           r307_regex_needs_t *need)
{
    reader_t reader = { p, pattern, fold || folds_inside(pattern), 0, 0 };
    part_t part;

    read_choice(&reader, &part);
    memset(need, 0, sizeof(*need));
    need->most = R307_NEEDS_ANY;
    if (reader.lost || *reader.s) {
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
