/* SPDX-License-Identifier: Apache-2.0
 *
 * The load-time half of prefilter: patterns to words and rows. */
#include "index/prefilter_block.h"
#include "index/prefilter.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>

typedef struct regex_t {
    apr_uint32_t rule;
    r307_regex_needs_t need;
} regex_t;

/* A state while the words are collected; children are a list. */
typedef struct node_t {
    apr_uint32_t child, sibling;
    apr_uint32_t fail, shorter;
    apr_uint32_t number;            /* its place in the order of depth */
    apr_array_header_t *rules;      /* of apr_uint32_t, or NULL */
    apr_uint32_t *by_byte;          /* the children again, once there are CROWD; or NULL */
    unsigned char byte, children;   /* children are counted up to CROWD */
} node_t;

#define WORD_MOST 24    /* bytes of a word that are looked for */
#define CROWD 8     /* children looked through one by one: what a byte costs at most */

struct r307_prefilter_builder_t {
    apr_pool_t *p;
    r307_prefilter_t head;
    apr_array_header_t *regexes;    /* of regex_t * */
    apr_array_header_t *nodes;      /* of node_t; 0 is the beginning */
    apr_array_header_t *order;      /* of apr_uint32_t: nodes by depth */
    apr_array_header_t *states, *edges, *lists, *always;
    apr_array_header_t *groups[2];  /* of regex_t * */
};

static void push_number(apr_array_header_t *list, apr_uint32_t number)
{
    *(apr_uint32_t *)apr_array_push(list) = number;
}

static node_t *node_at(const r307_prefilter_builder_t *builder, apr_uint32_t i)
{
    return &APR_ARRAY_IDX(builder->nodes, i, node_t);
}

static apr_uint32_t add_node(r307_prefilter_builder_t *builder, unsigned char byte)
{
    node_t *node = apr_array_push(builder->nodes);

    memset(node, 0, sizeof(*node));
    node->byte = byte;
    return (apr_uint32_t)builder->nodes->nelts - 1;
}

r307_prefilter_builder_t *r307_prefilter_builder_make(apr_pool_t *p)
{
    r307_prefilter_builder_t *builder;
    apr_pool_t *own;

    apr_pool_create(&own, p);
    builder = apr_pcalloc(own, sizeof(*builder));
    builder->p = own;
    builder->regexes = apr_array_make(own, 16, sizeof(regex_t *));
    builder->nodes = apr_array_make(own, 64, sizeof(node_t));
    builder->order = apr_array_make(own, 64, sizeof(apr_uint32_t));
    builder->states = apr_array_make(own, 64, sizeof(r307_ac_state_t));
    builder->edges = apr_array_make(own, 64, sizeof(apr_uint32_t));
    builder->lists = apr_array_make(own, 64, sizeof(apr_uint32_t));
    builder->always = apr_array_make(own, 16, sizeof(apr_uint32_t));
    builder->groups[0] = apr_array_make(own, 16, sizeof(regex_t *));
    builder->groups[1] = apr_array_make(own, 16, sizeof(regex_t *));
    add_node(builder, 0);
    return builder;
}

const r307_regex_needs_t *r307_prefilter_add(r307_prefilter_builder_t *builder,
                                             apr_uint32_t rule, const char *pattern, int fold)
{
    regex_t *regex = apr_palloc(builder->p, sizeof(*regex));

    regex->rule = rule;
    r307_regex_needs_read(builder->p, pattern, fold, &regex->need);
    APR_ARRAY_PUSH(builder->regexes, regex_t *) = regex;
    return &regex->need;
}

/* --- which way a regex is found --- */

/* Of a long word its end, which tells more than its beginning: what is looked for bounds
 * the states, each of which is many times the byte it stands for. */
static r307_slice_t end_of(r307_slice_t word)
{
    size_t skipped = word.len > WORD_MOST ? word.len - WORD_MOST : 0;

    return r307_slice(word.s + skipped, word.len - skipped);
}

static int *times_of(apr_pool_t *p, apr_hash_t *times, r307_slice_t word)
{
    int *count = apr_hash_get(times, word.s, (apr_ssize_t)word.len);

    if (!count) {
        count = apr_pcalloc(p, sizeof(*count));
        apr_hash_set(times, word.s, (apr_ssize_t)word.len, count);
    }
    return count;
}

static apr_hash_t *count_words(r307_prefilter_builder_t *builder)
{
    apr_hash_t *times = apr_hash_make(builder->p);
    int i, k, w;

    for (i = 0; i < builder->regexes->nelts; i++) {
        const r307_regex_needs_t *need = &APR_ARRAY_IDX(builder->regexes, i, regex_t *)->need;

        for (k = 0; k < need->needle_count; k++) {
            for (w = 0; w < need->needles[k].count; w++) {
                ++*times_of(builder->p, times, end_of(need->needles[k].words[w]));
            }
        }
    }
    return times;
}

/* The rarest of what the regex needs, the longer one of two: "-x17.html" and not the
 * "/shop/" that all have. */
static const r307_needle_t *best_needle(r307_prefilter_builder_t *builder, apr_hash_t *times,
                                        const r307_regex_needs_t *need, int *rarest)
{
    const r307_needle_t *best = NULL;
    size_t longest = 0;
    int i, w;

    *rarest = 0;
    for (i = 0; i < need->needle_count; i++) {
        const r307_needle_t *needle = &need->needles[i];
        size_t len = needle->words[0].len;
        int sum = 0;

        for (w = 0; w < needle->count; w++) {
            sum += *times_of(builder->p, times, end_of(needle->words[w]));
            len = needle->words[w].len < len ? needle->words[w].len : len;
        }
        if (!best || sum < *rarest || (sum == *rarest && len > longest)) {
            best = needle;
            *rarest = sum;
            longest = len;
        }
    }
    return best;
}

static apr_uint32_t child_of(const r307_prefilter_builder_t *builder, apr_uint32_t at,
                             unsigned char byte)
{
    apr_uint32_t child = node_at(builder, at)->child;

    if (node_at(builder, at)->by_byte) {
        return node_at(builder, at)->by_byte[byte];
    }
    while (child && node_at(builder, child)->byte != byte) {
        child = node_at(builder, child)->sibling;
    }
    return child;
}

static apr_uint32_t add_child(r307_prefilter_builder_t *builder, apr_uint32_t at,
                              unsigned char byte)
{
    apr_uint32_t child = add_node(builder, byte), each;
    node_t *parent = node_at(builder, at);

    node_at(builder, child)->sibling = parent->child;
    parent->child = child;
    if (parent->by_byte) {
        parent->by_byte[byte] = child;
    }
    else if (++parent->children == CROWD) {
        parent->by_byte = apr_pcalloc(builder->p, 256 * sizeof(*parent->by_byte));
        for (each = child; each; each = node_at(builder, each)->sibling) {
            parent->by_byte[node_at(builder, each)->byte] = each;
        }
    }
    return child;
}

static void add_word(r307_prefilter_builder_t *builder, r307_slice_t word, apr_uint32_t rule)
{
    apr_uint32_t at = 0, child;
    node_t *node;
    size_t i;

    for (i = 0; i < word.len; i++) {
        child = child_of(builder, at, (unsigned char)word.s[i]);
        at = child ? child : add_child(builder, at, (unsigned char)word.s[i]);
    }
    node = node_at(builder, at);
    if (!node->rules) {
        node->rules = apr_array_make(builder->p, 1, sizeof(apr_uint32_t));
    }
    if (node->rules->nelts == 0
        || APR_ARRAY_IDX(node->rules, node->rules->nelts - 1, apr_uint32_t) != rule) {
        push_number(node->rules, rule);     /* "(a|a)" has the word twice */
    }
}

#define COMMON 8        /* regexes with one word: then the bytes tell more */
#define FEW    64       /* regexes: a row is one word of bits, and one look at it is all */

/* Whether only this letter, in some letter case, can stand at a place. */
static int is_letter(const r307_byteset_t *set, char letter)
{
    int byte;

    for (byte = 0; byte < 256; byte++) {
        if (r307_byteset_has(set, (unsigned char)byte)
            && r307_text_lower((char)byte) != letter) {
            return 0;
        }
    }
    return 1;
}

/* Whether the word is among the bytes that a match begins with: who compares those then tries
 * no regex that the word would have spared. */
static int begins_with(const r307_regex_needs_t *need, const r307_needle_t *needle)
{
    int at, k, len;

    if (!needle || needle->count != 1 || !need->anchored) {
        return 0;
    }
    len = (int)needle->words[0].len;
    for (at = 0; at + len <= need->byte_count; at++) {
        for (k = 0; k < len && is_letter(&need->bytes[at + k], needle->words[0].s[k]); k++) {
            continue;
        }
        if (k == len) {
            return 1;
        }
    }
    return 0;
}

static void sort_regexes(r307_prefilter_builder_t *builder)
{
    apr_hash_t *times = count_words(builder);
    int i, w, rarest;

    for (i = 0; i < builder->regexes->nelts; i++) {
        regex_t *regex = APR_ARRAY_IDX(builder->regexes, i, regex_t *);
        const r307_regex_needs_t *need = &regex->need;
        const r307_needle_t *needle = best_needle(builder, times, need, &rarest);
        apr_array_header_t *group = builder->groups[!need->anchored];
        int has_bytes = need->byte_count > 1 && group->nelts < R307_ROWS_MOST;
        int is_compared = builder->regexes->nelts <= FEW && has_bytes
                          && begins_with(need, needle);

        if (needle && !is_compared && (rarest <= COMMON || !has_bytes)
            && builder->nodes->nelts < (int)R307_EDGE_MOST - 100000) {
            for (w = 0; w < needle->count; w++) {
                add_word(builder, end_of(needle->words[w]), regex->rule);
            }
        }
        else if (has_bytes || (need->least && group->nelts < R307_ROWS_MOST)) {
            APR_ARRAY_PUSH(group, regex_t *) = regex;
        }
        else {
            push_number(builder->always, regex->rule);
        }
    }
}

static int by_number(const void *a, const void *b)
{
    apr_uint32_t left = *(const apr_uint32_t *)a, right = *(const apr_uint32_t *)b;

    return (left > right) - (left < right);
}

/* --- the automaton --- */

/* The longest ending of what `at` stands for that is the beginning of a word, too. */
static void set_fail(r307_prefilter_builder_t *builder, apr_uint32_t parent, apr_uint32_t at)
{
    node_t *node = node_at(builder, at), *ending;
    apr_uint32_t fail = node_at(builder, parent)->fail, next = 0;

    if (parent) {
        while (!(next = child_of(builder, fail, node->byte)) && fail) {
            fail = node_at(builder, fail)->fail;
        }
    }
    ending = node_at(builder, next);
    node->fail = next;
    node->shorter = ending->rules ? next : ending->shorter;
}

static void link_nodes(r307_prefilter_builder_t *builder)
{
    apr_uint32_t child;
    int i;

    push_number(builder->order, 0);
    for (i = 0; i < builder->order->nelts; i++) {
        apr_uint32_t at = APR_ARRAY_IDX(builder->order, i, apr_uint32_t);

        node_at(builder, at)->number = (apr_uint32_t)i;
        for (child = node_at(builder, at)->child; child;
             child = node_at(builder, child)->sibling) {
            set_fail(builder, at, child);
            push_number(builder->order, child);
        }
    }
}

static apr_uint32_t put_list(r307_prefilter_builder_t *builder,
                             const apr_array_header_t *rules)
{
    apr_uint32_t at = (apr_uint32_t)builder->lists->nelts;

    if (!rules) {
        return R307_PREFILTER_NONE;
    }
    push_number(builder->lists, (apr_uint32_t)rules->nelts);
    apr_array_cat(builder->lists, rules);
    return at;
}

static void put_state(r307_prefilter_builder_t *builder, apr_uint32_t at)
{
    const node_t *node = node_at(builder, at);
    r307_ac_state_t *state = apr_array_push(builder->states);
    apr_uint32_t child;

    state->edge = (apr_uint32_t)builder->edges->nelts;
    for (child = node->child; child; child = node_at(builder, child)->sibling) {
        const node_t *next = node_at(builder, child);

        push_number(builder->edges, (apr_uint32_t)next->byte << R307_EDGE_BITS
                                    | next->number);
    }
    state->edges = (apr_uint32_t)builder->edges->nelts - state->edge;
    qsort(&APR_ARRAY_IDX(builder->edges, state->edge, apr_uint32_t), state->edges,
          sizeof(apr_uint32_t), by_number);
    state->fail = node_at(builder, node->fail)->number;
    state->shorter = node_at(builder, node->shorter)->number;
    state->list = put_list(builder, node->rules);
}

static void build_automaton(r307_prefilter_builder_t *builder)
{
    int i;

    if (builder->nodes->nelts == 1) {
        return;
    }
    link_nodes(builder);
    for (i = 0; i < builder->order->nelts; i++) {
        put_state(builder, APR_ARRAY_IDX(builder->order, i, apr_uint32_t));
    }
}

/* --- rows --- */

/* Classes of bytes beside the end of the path: so many that the classes of a regex's place
 * are one word of bits. With more kinds of bytes than that the last ones share a class,
 * which only lets more regexes be tried. */
#define CLASSES_MOST 63

typedef struct classes_t {
    unsigned char of[256];
    int sizes[CLASSES_MOST];
    int count;
} classes_t;

/* Parts every class of which the set has some bytes and not others. */
static void split_classes(const r307_byteset_t *set, classes_t *classes)
{
    int inside[CLASSES_MOST] = { 0 }, moved[CLASSES_MOST] = { 0 }, byte;

    for (byte = 0; byte < 256; byte++) {
        inside[classes->of[byte]] += r307_byteset_has(set, (unsigned char)byte);
    }
    for (byte = 0; byte < 256; byte++) {
        int was = classes->of[byte];

        if (!r307_byteset_has(set, (unsigned char)byte) || !inside[was]
            || (inside[was] == classes->sizes[was] && !moved[was])) {
            continue;
        }
        if (!moved[was]) {
            if (classes->count == CLASSES_MOST) {
                continue;
            }
            moved[was] = classes->count++;
        }
        classes->of[byte] = (unsigned char)moved[was];
        classes->sizes[moved[was]]++;
        classes->sizes[was]--;
        inside[was]--;
    }
}

/* One pass over the places of all regexes, each of which costs a look at 256 bytes at
 * most: a file of regexes costs no more than linear time. */
static void find_classes(const apr_array_header_t *group, int places, classes_t *classes)
{
    const r307_byteset_t *last = NULL;
    int i, k;

    memset(classes, 0, sizeof(*classes));
    classes->sizes[0] = 256;
    classes->count = 1;
    for (i = 0; i < group->nelts && classes->count < CLASSES_MOST; i++) {
        const r307_regex_needs_t *need = &APR_ARRAY_IDX(group, i, regex_t *)->need;

        for (k = 0; k < places && k < need->byte_count; k++) {
            if (!last || memcmp(last, &need->bytes[k], sizeof(*last)) != 0) {
                split_classes(&need->bytes[k], classes);
            }
            last = &need->bytes[k];
        }
    }
}

/* A bit for each class that has a byte of the set. */
static apr_uint64_t classes_of(const classes_t *classes, const r307_byteset_t *set)
{
    apr_uint64_t bits = 0;
    int byte;

    for (byte = 0; byte < 256; byte++) {
        bits |= (apr_uint64_t)r307_byteset_has(set, (unsigned char)byte)
                << classes->of[byte];
    }
    return bits;
}

/* Behind the bytes that are known anything may come, the end too. */
static void put_rows(const r307_bit_rows_t *head, const classes_t *classes,
                     const r307_regex_needs_t *need, apr_uint32_t i, apr_uint64_t *rows)
{
    apr_uint64_t bits = 0, left;
    int place;

    for (place = 0; place < (int)head->places; place++) {
        if (place >= need->byte_count) {
            bits = ~APR_UINT64_C(0) >> (63 - classes->count);
        }
        else if (place == 0 || memcmp(&need->bytes[place], &need->bytes[place - 1],
                                      sizeof(need->bytes[0])) != 0) {
            bits = classes_of(classes, &need->bytes[place]);
        }
        for (left = bits; left; left &= left - 1) {
            size_t class = (size_t)__builtin_ctzll(left);

            rows[((size_t)place * head->classes + class) * head->width + i / 64]
                |= APR_UINT64_C(1) << (i % 64);
        }
    }
}

static void put_group(const apr_array_header_t *group, const r307_bit_rows_t *head,
                      apr_uint32_t *words)
{
    apr_uint64_t *rows = (apr_uint64_t *)(void *)(words + head->rows);
    classes_t classes;
    apr_uint32_t i;

    find_classes(group, (int)head->places, &classes);
    memcpy(words + head->class_of, classes.of, sizeof(classes.of));
    for (i = 0; i < head->count; i++) {
        const regex_t *regex = APR_ARRAY_IDX(group, i, regex_t *);
        const r307_regex_needs_t *need = &regex->need;

        words[head->rules + i] = regex->rule;
        words[head->least + i] = (apr_uint32_t)need->least;
        words[head->most + i] = need->most > 0xFFFFFFFEu ? 0xFFFFFFFFu
                                                         : (apr_uint32_t)need->most;
        put_rows(head, &classes, need, i, rows);
    }
}

/* --- bytes --- */

static apr_uint32_t lay(apr_uint32_t *words, size_t bytes)
{
    apr_uint32_t at = *words;

    *words += (apr_uint32_t)((bytes + 7) / 8 * 2);
    return at;
}

static void lay_group(r307_prefilter_builder_t *builder, int k, apr_uint32_t *words)
{
    r307_bit_rows_t *head = &builder->head.groups[k];
    const apr_array_header_t *group = builder->groups[k];
    classes_t classes;
    size_t each = (size_t)group->nelts * sizeof(apr_uint32_t);

    head->count = (apr_uint32_t)group->nelts;
    if (!head->count) {
        return;
    }
    head->places = k ? R307_FREE_PLACES : R307_NEEDS_BYTES;
    find_classes(group, (int)head->places, &classes);
    head->classes = (apr_uint32_t)classes.count + 1;
    head->width = (head->count + 63) / 64;
    head->rules = lay(words, each);
    head->least = lay(words, each);
    head->most = lay(words, each);
    head->class_of = lay(words, sizeof(classes.of));
    head->rows = lay(words, (size_t)head->places * head->classes * head->width
                            * sizeof(apr_uint64_t));
}

static size_t size_of(const apr_array_header_t *list)
{
    return (size_t)list->nelts * (size_t)list->elt_size;
}

size_t r307_prefilter_size(r307_prefilter_builder_t *builder)
{
    r307_prefilter_t *head = &builder->head;
    apr_uint32_t words = 0;

    sort_regexes(builder);
    build_automaton(builder);
    lay(&words, sizeof(*head));
    head->state_count = (apr_uint32_t)builder->states->nelts;
    head->states = lay(&words, size_of(builder->states));
    head->edge_count = (apr_uint32_t)builder->edges->nelts;
    head->edges = lay(&words, size_of(builder->edges));
    head->list_words = (apr_uint32_t)builder->lists->nelts;
    head->lists = lay(&words, size_of(builder->lists));
    head->always_count = (apr_uint32_t)builder->always->nelts;
    head->always = lay(&words, size_of(builder->always));
    lay_group(builder, 0, &words);
    lay_group(builder, 1, &words);
    head->words = words;
    return (size_t)words * 4;
}

static void put(apr_uint32_t *words, apr_uint32_t at, const apr_array_header_t *list)
{
    if (list->nelts) {
        memcpy(words + at, list->elts, size_of(list));
    }
}

void r307_prefilter_write(const r307_prefilter_builder_t *builder, void *bytes)
{
    const r307_prefilter_t *head = &builder->head;
    apr_uint32_t *words = bytes;
    int k;

    memset(bytes, 0, (size_t)head->words * 4);
    memcpy(bytes, head, sizeof(*head));
    put(words, head->states, builder->states);
    put(words, head->edges, builder->edges);
    put(words, head->lists, builder->lists);
    put(words, head->always, builder->always);
    for (k = 0; k < 2; k++) {
        if (head->groups[k].count) {
            put_group(builder->groups[k], &head->groups[k], words);
        }
    }
}
