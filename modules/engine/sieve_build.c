/* SPDX-License-Identifier: Apache-2.0
 *
 * The load-time half of sieve: patterns to words and rows. */
#include "sieve_block.h"
#include "sieve.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>

typedef struct regex_t {
    apr_uint32_t rule;
    r307_need_t need;
} regex_t;

/* A state while the words are collected; children are a list. */
typedef struct node_t {
    apr_uint32_t child, sibling;
    apr_uint32_t fail, shorter;
    apr_uint32_t number;            /* its place in the order of depth */
    apr_array_header_t *rules;      /* of apr_uint32_t, or NULL */
    unsigned char byte;
} node_t;

struct r307_sieve_builder_t {
    apr_pool_t *p;
    r307_sieve_t head;
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

static node_t *node_at(const r307_sieve_builder_t *builder, apr_uint32_t i)
{
    return &APR_ARRAY_IDX(builder->nodes, i, node_t);
}

static apr_uint32_t add_node(r307_sieve_builder_t *builder, unsigned char byte)
{
    node_t *node = apr_array_push(builder->nodes);

    memset(node, 0, sizeof(*node));
    node->byte = byte;
    return (apr_uint32_t)builder->nodes->nelts - 1;
}

r307_sieve_builder_t *r307_sieve_builder_make(apr_pool_t *p)
{
    r307_sieve_builder_t *builder;
    apr_pool_t *own;

    apr_pool_create(&own, p);
    builder = apr_pcalloc(own, sizeof(*builder));
    builder->p = own;
    builder->regexes = apr_array_make(own, 16, sizeof(regex_t *));
    builder->nodes = apr_array_make(own, 64, sizeof(node_t));
    builder->order = apr_array_make(own, 64, sizeof(apr_uint32_t));
    builder->states = apr_array_make(own, 64, sizeof(r307_state_t));
    builder->edges = apr_array_make(own, 64, sizeof(apr_uint32_t));
    builder->lists = apr_array_make(own, 64, sizeof(apr_uint32_t));
    builder->always = apr_array_make(own, 16, sizeof(apr_uint32_t));
    builder->groups[0] = apr_array_make(own, 16, sizeof(regex_t *));
    builder->groups[1] = apr_array_make(own, 16, sizeof(regex_t *));
    add_node(builder, 0);
    return builder;
}

void r307_sieve_add(r307_sieve_builder_t *builder, apr_uint32_t rule, const char *pattern,
                    int fold)
{
    regex_t *regex = apr_palloc(builder->p, sizeof(*regex));

    regex->rule = rule;
    r307_need_read(builder->p, pattern, fold, &regex->need);
    APR_ARRAY_PUSH(builder->regexes, regex_t *) = regex;
}

/* --- which way a regex is found --- */

static int *times_of(apr_pool_t *p, apr_hash_t *times, r307_slice_t word)
{
    int *count = apr_hash_get(times, word.s, (apr_ssize_t)word.len);

    if (!count) {
        count = apr_pcalloc(p, sizeof(*count));
        apr_hash_set(times, word.s, (apr_ssize_t)word.len, count);
    }
    return count;
}

static apr_hash_t *count_words(r307_sieve_builder_t *builder)
{
    apr_hash_t *times = apr_hash_make(builder->p);
    int i, k, w;

    for (i = 0; i < builder->regexes->nelts; i++) {
        const r307_need_t *need = &APR_ARRAY_IDX(builder->regexes, i, regex_t *)->need;

        for (k = 0; k < need->needle_count; k++) {
            for (w = 0; w < need->needles[k].count; w++) {
                ++*times_of(builder->p, times, need->needles[k].words[w]);
            }
        }
    }
    return times;
}

/* The rarest of what the regex needs, the longer one of two: "-x17.html" and not the
 * "/shop/" that all have. */
static const r307_needle_t *best_needle(r307_sieve_builder_t *builder, apr_hash_t *times,
                                        const r307_need_t *need, int *rarest)
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
            sum += *times_of(builder->p, times, needle->words[w]);
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

static apr_uint32_t child_of(const r307_sieve_builder_t *builder, apr_uint32_t at,
                             unsigned char byte)
{
    apr_uint32_t child = node_at(builder, at)->child;

    while (child && node_at(builder, child)->byte != byte) {
        child = node_at(builder, child)->sibling;
    }
    return child;
}

static void add_word(r307_sieve_builder_t *builder, r307_slice_t word, apr_uint32_t rule)
{
    apr_uint32_t at = 0, child;
    node_t *node;
    size_t i;

    for (i = 0; i < word.len; i++) {
        child = child_of(builder, at, (unsigned char)word.s[i]);
        if (!child) {
            child = add_node(builder, (unsigned char)word.s[i]);
            node_at(builder, child)->sibling = node_at(builder, at)->child;
            node_at(builder, at)->child = child;
        }
        at = child;
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

static void sort_regexes(r307_sieve_builder_t *builder)
{
    apr_hash_t *times = count_words(builder);
    int i, w, rarest;

    for (i = 0; i < builder->regexes->nelts; i++) {
        regex_t *regex = APR_ARRAY_IDX(builder->regexes, i, regex_t *);
        const r307_need_t *need = &regex->need;
        const r307_needle_t *needle = best_needle(builder, times, need, &rarest);
        apr_array_header_t *group = builder->groups[!need->anchored];
        int has_bytes = need->byte_count > 1 && group->nelts < R307_GROUP_MOST;

        if (needle && (rarest <= COMMON || !has_bytes)
            && builder->nodes->nelts < (int)R307_EDGE_MOST - 100000) {
            for (w = 0; w < needle->count; w++) {
                add_word(builder, needle->words[w], regex->rule);
            }
        }
        else if (has_bytes || (need->least && group->nelts < R307_GROUP_MOST)) {
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

/* So few are run sooner than compared. */
static void dissolve_small(r307_sieve_builder_t *builder)
{
    int k, i;

    for (k = 0; k < 2; k++) {
        apr_array_header_t *group = builder->groups[k];

        for (i = 0; group->nelts < R307_GROUP_FEWEST && i < group->nelts; i++) {
            push_number(builder->always, APR_ARRAY_IDX(group, i, regex_t *)->rule);
        }
        group->nelts = group->nelts < R307_GROUP_FEWEST ? 0 : group->nelts;
    }
    qsort(builder->always->elts, (size_t)builder->always->nelts, sizeof(apr_uint32_t),
          by_number);
}

/* --- the automaton --- */

/* The longest ending of what `at` stands for that is the beginning of a word, too. */
static void set_fail(r307_sieve_builder_t *builder, apr_uint32_t parent, apr_uint32_t at)
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

static void link_nodes(r307_sieve_builder_t *builder)
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

static apr_uint32_t put_list(r307_sieve_builder_t *builder, const apr_array_header_t *rules)
{
    apr_uint32_t at = (apr_uint32_t)builder->lists->nelts;

    if (!rules) {
        return R307_SIEVE_NONE;
    }
    push_number(builder->lists, (apr_uint32_t)rules->nelts);
    apr_array_cat(builder->lists, rules);
    return at;
}

static void put_state(r307_sieve_builder_t *builder, apr_uint32_t at)
{
    const node_t *node = node_at(builder, at);
    r307_state_t *state = apr_array_push(builder->states);
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

static void build_automaton(r307_sieve_builder_t *builder)
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

static int may_have(const r307_need_t *need, int place, int byte)
{
    return place >= need->byte_count
        || (byte < 256 && r307_byteset_has(&need->bytes[place], (unsigned char)byte));
}

/* Whether no regex of the group tells two bytes apart. */
static int are_same(const apr_array_header_t *group, int places, int a, int b)
{
    int i, k;

    for (i = 0; i < group->nelts; i++) {
        const r307_need_t *need = &APR_ARRAY_IDX(group, i, regex_t *)->need;

        for (k = 0; k < places && k < need->byte_count; k++) {
            if (may_have(need, k, a) != may_have(need, k, b)) {
                return 0;
            }
        }
    }
    return 1;
}

static apr_uint32_t find_classes(const apr_array_header_t *group, int places,
                                 unsigned char *class_of, int *byte_of)
{
    apr_uint32_t count = 0, k;
    int byte;

    for (byte = 0; byte < 256; byte++) {
        for (k = 0; k < count && !are_same(group, places, byte, byte_of[k]); k++) {
            continue;
        }
        if (k == count) {
            byte_of[count++] = byte;
        }
        class_of[byte] = (unsigned char)k;
    }
    byte_of[count] = 256;       /* the end of the path */
    return count + 1;
}

static void put_group(const apr_array_header_t *group, const r307_group_t *head,
                      apr_uint32_t *words)
{
    int byte_of[257], i;
    apr_uint64_t *rows = (apr_uint64_t *)(void *)(words + head->rows);
    apr_uint32_t place, class;

    find_classes(group, (int)head->places, (unsigned char *)(words + head->class_of),
                 byte_of);
    for (i = 0; i < group->nelts; i++) {
        const regex_t *regex = APR_ARRAY_IDX(group, i, regex_t *);
        const r307_need_t *need = &regex->need;

        words[head->rules + (apr_uint32_t)i] = regex->rule;
        words[head->least + (apr_uint32_t)i] = (apr_uint32_t)need->least;
        words[head->most + (apr_uint32_t)i] = need->most > 0xFFFFFFFEu
            ? 0xFFFFFFFFu : (apr_uint32_t)need->most;
        for (place = 0; place < head->places; place++) {
            for (class = 0; class < head->classes; class++) {
                if (may_have(need, (int)place, byte_of[class])) {
                    rows[((size_t)place * head->classes + class) * head->width + i / 64]
                        |= 1ull << (i % 64);
                }
            }
        }
    }
}

/* --- bytes --- */

static apr_uint32_t lay(apr_uint32_t *words, size_t bytes)
{
    apr_uint32_t at = *words;

    *words += (apr_uint32_t)((bytes + 7) / 8 * 2);
    return at;
}

static void lay_group(r307_sieve_builder_t *builder, int k, apr_uint32_t *words)
{
    r307_group_t *head = &builder->head.groups[k];
    const apr_array_header_t *group = builder->groups[k];
    unsigned char class_of[256];
    int byte_of[257];
    size_t each = (size_t)group->nelts * sizeof(apr_uint32_t);

    head->count = (apr_uint32_t)group->nelts;
    if (!head->count) {
        return;
    }
    head->places = k ? R307_FREE_PLACES : R307_NEED_BYTES;
    head->classes = find_classes(group, (int)head->places, class_of, byte_of);
    head->width = (head->count + 63) / 64;
    head->rules = lay(words, each);
    head->least = lay(words, each);
    head->most = lay(words, each);
    head->class_of = lay(words, sizeof(class_of));
    head->rows = lay(words, (size_t)head->places * head->classes * head->width
                            * sizeof(apr_uint64_t));
}

static size_t size_of(const apr_array_header_t *list)
{
    return (size_t)list->nelts * (size_t)list->elt_size;
}

size_t r307_sieve_size(r307_sieve_builder_t *builder)
{
    r307_sieve_t *head = &builder->head;
    apr_uint32_t words = 0;

    sort_regexes(builder);
    dissolve_small(builder);
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

void r307_sieve_write(const r307_sieve_builder_t *builder, void *bytes)
{
    const r307_sieve_t *head = &builder->head;
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

/* --- what others wrote --- */

static int fits(const r307_sieve_t *head, apr_uint32_t at, apr_uint64_t bytes)
{
    return at >= sizeof(*head) / 4 && at % 2 == 0 && at <= head->words
        && bytes <= (apr_uint64_t)(head->words - at) * 4;
}

/* Ascending numbers of rules. */
static int is_run(const apr_uint32_t *rules, size_t n, apr_uint32_t count)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (rules[i] >= count || (i && rules[i] <= rules[i - 1])) {
            return 0;
        }
    }
    return 1;
}

static int check_states(const r307_sieve_t *head, const apr_uint32_t *words,
                        apr_uint32_t count)
{
    const r307_state_t *states = (const void *)(words + head->states);
    const apr_uint32_t *edges = words + head->edges, *lists = words + head->lists;
    apr_uint32_t i;

    for (i = 0; i < head->edge_count; i++) {
        if ((edges[i] & R307_EDGE_MOST) >= head->state_count) {
            return 0;
        }
    }
    for (i = 0; i < head->state_count; i++) {
        const r307_state_t *state = &states[i];

        if (state->edge > head->edge_count || state->edges > head->edge_count - state->edge
            || (i ? state->fail >= i || state->shorter >= i
                  : state->fail || state->shorter)) {
            return 0;
        }
        if (state->list != R307_SIEVE_NONE
            && (state->list >= head->list_words
                || lists[state->list] > head->list_words - state->list - 1
                || !is_run(lists + state->list + 1, lists[state->list], count))) {
            return 0;
        }
    }
    return 1;
}

static int check_group(const r307_sieve_t *head, const apr_uint32_t *words,
                       const r307_group_t *group, apr_uint32_t count)
{
    apr_uint64_t each = (apr_uint64_t)group->count * 4;
    const unsigned char *class_of = (const void *)(words + group->class_of);
    const apr_uint64_t *rows = (const void *)(words + group->rows);
    apr_uint64_t beyond;
    size_t i, rows_count;

    if (group->count == 0) {
        return 1;
    }
    if (group->count > R307_GROUP_MOST || group->width != (group->count + 63) / 64
        || group->places < 1 || group->places > R307_NEED_BYTES
        || group->classes < 2 || group->classes > 257
        || !fits(head, group->rules, each) || !fits(head, group->least, each)
        || !fits(head, group->most, each) || !fits(head, group->class_of, 256)
        || !fits(head, group->rows, (apr_uint64_t)group->places * group->classes
                                    * group->width * 8)
        || !is_run(words + group->rules, group->count, count)) {
        return 0;
    }
    for (i = 0; i < 256; i++) {
        if (class_of[i] >= group->classes) {
            return 0;
        }
    }
    /* no bit for a regex there is not */
    beyond = group->count % 64 ? ~0ull << (group->count % 64) : 0;
    rows_count = (size_t)group->places * group->classes;
    for (i = 0; i < rows_count; i++) {
        if (rows[(i + 1) * group->width - 1] & beyond) {
            return 0;
        }
    }
    return 1;
}

int r307_sieve_check(const void *bytes, size_t len, apr_uint32_t count)
{
    const r307_sieve_t *head = bytes;
    const apr_uint32_t *words = bytes;

    return len >= sizeof(*head) && len % 8 == 0 && (apr_uint64_t)head->words * 4 == len
        && fits(head, head->states, (apr_uint64_t)head->state_count * sizeof(r307_state_t))
        && fits(head, head->edges, (apr_uint64_t)head->edge_count * 4)
        && fits(head, head->lists, (apr_uint64_t)head->list_words * 4)
        && fits(head, head->always, (apr_uint64_t)head->always_count * 4)
        && is_run(words + head->always, head->always_count, count)
        && check_states(head, words, count)
        && check_group(head, words, &head->groups[0], count)
        && check_group(head, words, &head->groups[1], count);
}
