/* SPDX-License-Identifier: Apache-2.0
 *
 * The load-time half of index: rules to keys, keys to a table. */
#include "index/index_block.h"
#include "index/index.h"
#include "index/prefilter.h"

#include <stdlib.h>
#include <string.h>

#include "base/grown.h"
#include "base/large.h"

typedef struct entry_t {
    apr_uint64_t key;
    apr_uint32_t rule;          /* NO_RULE: the key only leads on, by `flags` */
    apr_uint32_t flags;
} entry_t;

/* One of the things a rule could be found by, beside its path. */
typedef struct choice_t {
    apr_uint64_t key, path;
    apr_uint32_t rule;
    apr_uint32_t flags;
} choice_t;

#define NO_RULE 0xFFFFFFFFu

struct r307_index_builder_t {
    r307_index_t head;
    r307_grown_t entries;           /* of entry_t */
    r307_grown_t choices;           /* of choice_t */
    r307_grown_t always;            /* of rules' numbers */
    r307_shape_t shapes[R307_SHAPES_MOST];
    apr_pool_t *p;
    r307_prefilter_builder_t *prefilter;    /* NULL without a regex */
    r307_slot_t *slots;
    apr_uint32_t *lists;
    size_t list_words;
};

static size_t count_entries(const r307_index_builder_t *builder)
{
    return builder->entries.len / sizeof(entry_t);
}

static size_t slots_size(apr_uint32_t mask)
{
    return ((size_t)mask + 1) * sizeof(r307_slot_t);
}

static apr_status_t free_builder(void *data)
{
    r307_index_builder_t *builder = data;

    r307_grown_free(&builder->entries);
    r307_grown_free(&builder->choices);
    r307_grown_free(&builder->always);
    r307_large_free(builder->slots, slots_size(builder->head.slot_mask));
    free(builder->lists);
    return APR_SUCCESS;
}

r307_index_builder_t *r307_index_builder_make(apr_pool_t *p, apr_uint64_t seed)
{
    r307_index_builder_t *builder = apr_pcalloc(p, sizeof(*builder));

    builder->p = p;
    builder->head.seed = seed | 1;
    apr_pool_cleanup_register(p, builder, free_builder, apr_pool_cleanup_null);
    return builder;
}

/* --- a rule's path --- */

static void begin(r307_index_builder_t *builder, const char *s, size_t len)
{
    unsigned bit = r307_index_begin(s, len);

    builder->head.begins[bit / 64] |= 1ull << bit % 64;
}

/* What is for every path. */
static void begin_anyhow(r307_index_builder_t *builder)
{
    memset(builder->head.begins, 0xFF, sizeof(builder->head.begins));
}

/* Of the bytes of a set, as r307_index_begin takes them; how many there are. */
static int kinds_of(const r307_byteset_t *set, unsigned char *kinds)
{
    unsigned char has[256] = { 0 };
    int i, count = 0;

    for (i = 0; i < 256; i++) {
        if (r307_byteset_has(set, (unsigned char)i) && !has[i | 0x20]++) {
            kinds[count++] = (unsigned char)(i | 0x20);
        }
    }
    return count;
}

#define BEGINS_MOST 16      /* what can begin in many ways makes a look worthless for all */

static void begin_regex(r307_index_builder_t *builder, const r307_regex_needs_t *need)
{
    unsigned char first[256], second[256];
    int i, k, firsts, seconds;

    if (!need->anchored || need->byte_count < 3) {
        builder->head.others |= R307_OTHERS_REGEX;
        return;
    }
    firsts = kinds_of(&need->bytes[1], first);
    seconds = kinds_of(&need->bytes[2], second);
    if (firsts * seconds > BEGINS_MOST) {
        builder->head.others |= R307_OTHERS_REGEX;
        return;
    }
    for (i = 0; i < firsts; i++) {
        for (k = 0; k < seconds; k++) {
            char bytes[] = { (char)first[i], (char)second[k] };

            begin(builder, bytes, sizeof(bytes));
        }
    }
}

static apr_uint64_t path_hash(r307_slice_t path, apr_uint64_t m, apr_uint32_t *depth)
{
    apr_uint64_t h = 0;
    size_t at = 0, n;

    for (*depth = 0; at + 1 < path.len; ++*depth) {
        h = r307_hash_step(h, r307_index_segment(path.s + at + 1, path.len - at - 1, m,
                                                  &n), m);
        at += n + 1;
    }
    return h;
}

static apr_uint64_t prefix_key(r307_index_builder_t *builder, r307_slice_t head,
                               unsigned below)
{
    apr_uint32_t depth;
    apr_uint64_t h = path_hash(head, builder->head.seed, &depth);

    builder->head.depths[below] |= 1ull << (depth < 63 ? depth : 63);
    if (depth && !below) {
        begin(builder, head.s + 1, head.len - 1);
    }
    else {
        builder->head.others |= below ? R307_OTHERS_BELOW : R307_OTHERS_RULE;
    }
    return r307_index_key(h, below ? R307_KEY_PREFIX_BELOW : R307_KEY_PREFIX,
                          builder->head.seed);
}

static apr_uint64_t exact_key(r307_index_builder_t *builder, r307_slice_t head,
                              unsigned below)
{
    apr_uint32_t depth;

    builder->head.exact[below] = 1;
    if (below) {
        builder->head.others |= R307_OTHERS_BELOW;
    }
    else {
        begin(builder, head.len ? head.s + 1 : "", head.len ? head.len - 1 : 0);
    }
    return r307_index_key(path_hash(head, builder->head.seed, &depth),
                          below ? R307_KEY_EXACT_BELOW : R307_KEY_EXACT,
                          builder->head.seed);
}

/* The number of the shape, a new one if need be; -1 when there are too many. */
static int shape_of(r307_index_builder_t *builder, const r307_pattern_t *pattern)
{
    r307_shape_t shape;
    apr_uint32_t i;
    int k;

    if (pattern->seg_count > R307_SHAPE_SEGS) {
        return -1;
    }
    memset(&shape, 0, sizeof(shape));
    shape.count = (apr_uint32_t)pattern->seg_count;
    shape.splat = pattern->splat != 0;
    shape.below = pattern->relative != 0;
    for (k = 0; k < pattern->seg_count; k++) {
        shape.names |= (apr_uint64_t)(pattern->segs[k].is_name != 0) << k;
    }
    for (i = 0; i < builder->head.shape_count; i++) {
        if (memcmp(&builder->shapes[i], &shape, sizeof(shape)) == 0) {
            return (int)i;
        }
    }
    if (i == R307_SHAPES_MOST) {
        return -1;
    }
    builder->shapes[i] = shape;
    builder->head.shape_count++;
    return (int)i;
}

static apr_uint64_t segs_key(r307_index_builder_t *builder, const r307_pattern_t *pattern)
{
    apr_uint64_t h = 0, m = builder->head.seed;
    int shape, k, names = 0;
    size_t n;

    for (k = 0; k < pattern->seg_count; k++) {
        names |= pattern->segs[k].is_name;
    }
    shape = names ? shape_of(builder, pattern) : -1;
    if (shape < 0) {
        return prefix_key(builder, pattern->head, pattern->relative != 0);
    }
    if (pattern->relative) {
        builder->head.others |= R307_OTHERS_BELOW;
    }
    else if (pattern->seg_count && !pattern->segs[0].is_name) {
        begin(builder, pattern->segs[0].text.s, pattern->segs[0].text.len);
    }
    else {
        begin_anyhow(builder);
    }
    for (k = 0; k < pattern->seg_count; k++) {
        const r307_seg_t *seg = &pattern->segs[k];

        h = r307_hash_step(h, seg->is_name ? R307_INDEX_NAME
                            : r307_index_segment(seg->text.s, seg->text.len, m, &n), m);
    }
    return r307_index_key(h, R307_KEY_SHAPE + (unsigned)shape, m);
}

/* --- what a rule needs beside its path --- */

static void add_choice(r307_index_builder_t *builder, apr_uint64_t path, r307_pick_t pick,
                       r307_slice_t name, r307_slice_t value)
{
    choice_t *choice = r307_grown_more(&builder->choices, sizeof(choice_t));

    choice->path = path;
    choice->key = r307_index_pick(path, pick, name, value, builder->head.seed);
    choice->rule = builder->head.count;
    choice->flags = pick == R307_PICK_HOST ? R307_LIST_HOST | r307_index_host_bit(name)
                                           : R307_LIST_ARGS;
}

static int is_literal(r307_slice_t text)
{
    return !memchr(text.s, '*', text.len) && !memchr(text.s, '?', text.len);
}

static int add_choices(r307_index_builder_t *builder, apr_uint64_t path,
                       const r307_cond_t *conds, int count)
{
    size_t before = builder->choices.len;
    int i, k;

    for (i = 0; i < count; i++) {
        const r307_cond_t *cond = &conds[i];

        if (cond->negate) {
            continue;
        }
        if (cond->kind->about == R307_ABOUT_QUERY) {
            for (k = 0; k < cond->count; k++) {
                add_choice(builder, path, cond->values[k].s ? R307_PICK_PAIR
                                                            : R307_PICK_NAME,
                           cond->names[k], cond->values[k]);
            }
        }
        else if (cond->kind->about == R307_ABOUT_HOST && cond->count == 1
                 && is_literal(cond->names[0])) {
            add_choice(builder, path, R307_PICK_HOST, cond->names[0], r307_slice("", 0));
        }
    }
    return builder->choices.len > before;
}

static void add_entry(r307_index_builder_t *builder, apr_uint64_t key, apr_uint32_t rule,
                      apr_uint32_t flags)
{
    entry_t *entry = r307_grown_more(&builder->entries, sizeof(entry_t));

    entry->key = key;
    entry->rule = rule;
    entry->flags = flags;
}

void r307_index_skip(r307_index_builder_t *builder)
{
    builder->head.count++;
}

void r307_index_add(r307_index_builder_t *builder, const r307_pattern_t *pattern,
                    const r307_cond_t *conds, int cond_count)
{
    const char *regex;
    apr_uint64_t key;

    if (!pattern) {
        r307_grown_add(&builder->always, &builder->head.count, sizeof(builder->head.count));
        builder->head.others |= R307_OTHERS_RULE;
        builder->head.count++;
        return;
    }
    /* many stars may stand below one directory: their words are looked for, all at once */
    regex = pattern->regex ? pattern->text : r307_pattern_regex(builder->p, pattern);
    if (regex) {
        builder->prefilter = builder->prefilter ? builder->prefilter
                                        : r307_prefilter_builder_make(builder->p);
        begin_regex(builder, r307_prefilter_add(builder->prefilter, builder->head.count++,
                                                regex, pattern->fold));
        return;
    }
    if (pattern->segs) {
        key = segs_key(builder, pattern);
    }
    else if (pattern->match == R307_MATCH_PREFIX) {
        key = prefix_key(builder, pattern->head, pattern->relative != 0);
    }
    else {
        key = exact_key(builder, pattern->head, pattern->relative != 0);
    }
    if (!add_choices(builder, key, conds, cond_count)) {
        add_entry(builder, key, builder->head.count, 0);
    }
    builder->head.count++;
}

/* --- the table --- */

/* The slot of a key: its own, or the empty one where it goes. */
static r307_slot_t *slot_of(r307_slot_t *slots, apr_uint32_t mask, apr_uint64_t key,
                            apr_uint32_t *steps)
{
    apr_uint32_t at = (apr_uint32_t)key, tag = (apr_uint32_t)(key >> 32), n = 0;
    r307_slot_t *slot;

    for (;; n++) {
        slot = &slots[(at + n) & mask];
        if (slot->value == R307_SLOT_EMPTY || slot->tag == tag) {
            slot->tag = tag;
            *steps = n + 1;
            return slot;
        }
    }
}

static r307_slot_t *make_slots(size_t keys, apr_uint32_t *mask)
{
    size_t count = 4, i;
    r307_slot_t *slots;

    while (count * 3 < keys * 4) {      /* three quarters full at most */
        count *= 2;
    }
    *mask = (apr_uint32_t)(count - 1);
    slots = r307_large_make(slots_size(*mask));
    if (!slots) {
        abort();
    }
    for (i = 0; i < count; i++) {
        slots[i].tag = 0;
        slots[i].value = R307_SLOT_EMPTY;
    }
    return slots;
}

/* The rarest thing a rule needs is what it is found by: of "?cat=1&id=4711" the number. */
static void settle_choices(r307_index_builder_t *builder)
{
    choice_t *choices = builder->choices.at;
    size_t count = builder->choices.len / sizeof(choice_t), i, k;
    apr_uint32_t mask, steps;
    r307_slot_t *slots;

    if (count == 0) {
        return;
    }
    slots = make_slots(count, &mask);
    for (i = 0; i < count; i++) {
        r307_slot_t *slot = slot_of(slots, mask, choices[i].key, &steps);

        slot->value = slot->value == R307_SLOT_EMPTY ? 1 : slot->value + 1;
    }
    for (i = 0; i < count; i = k) {
        size_t best = i;
        apr_uint32_t fewest = R307_SLOT_EMPTY;

        for (k = i; k < count && choices[k].rule == choices[i].rule; k++) {
            apr_uint32_t times = slot_of(slots, mask, choices[k].key, &steps)->value;

            if (times < fewest) {
                fewest = times;
                best = k;
            }
        }
        add_entry(builder, choices[best].path, NO_RULE, choices[best].flags);
        add_entry(builder, choices[best].key, choices[best].rule, 0);
    }
    r307_large_free(slots, slots_size(mask));
}

/* A slot that will have a list, while what goes there is counted; few do. */
typedef struct tally_t {
    r307_slot_t *slot;
    apr_uint32_t rules, flags;
} tally_t;

/* An entry of such a slot. */
typedef struct member_t {
    apr_uint32_t tally, rule;
} member_t;

typedef struct placing_t {
    r307_index_builder_t *builder;
    r307_grown_t tallies;           /* of tally_t; the slot's value is R307_SLOT_LIST | number */
    r307_grown_t members;           /* of member_t, by their rules */
} placing_t;

static void join(placing_t *placing, apr_uint32_t number, apr_uint32_t rule, apr_uint32_t flags)
{
    tally_t *tally = (tally_t *)placing->tallies.at + number;
    member_t member = { number, rule };

    tally->flags |= flags;
    if (rule != NO_RULE) {
        tally->rules++;
        r307_grown_add(&placing->members, &member, sizeof(member));
    }
}

static apr_uint32_t begin_list(placing_t *placing, r307_slot_t *slot)
{
    tally_t tally = { slot, 0, 0 };
    apr_uint32_t number = (apr_uint32_t)(placing->tallies.len / sizeof(tally));

    r307_grown_add(&placing->tallies, &tally, sizeof(tally));
    slot->value = R307_SLOT_LIST | number;
    return number;
}

static void place(placing_t *placing, r307_slot_t *slot, const entry_t *entry)
{
    apr_uint32_t first = slot->value;

    if (first == R307_SLOT_EMPTY && entry->rule != NO_RULE && !entry->flags) {
        slot->value = entry->rule;      /* which nearly all are left with */
        return;
    }
    if (first == R307_SLOT_EMPTY || !(first & R307_SLOT_LIST)) {
        apr_uint32_t number = begin_list(placing, slot);

        if (first != R307_SLOT_EMPTY) {
            join(placing, number, first, 0);
        }
    }
    join(placing, slot->value & ~R307_SLOT_LIST, entry->rule, entry->flags);
}

#define AHEAD 16                /* slots of a large table are far away */

/* Gives every key its slot. */
static void place_entries(placing_t *placing)
{
    r307_index_builder_t *builder = placing->builder;
    const entry_t *entries = builder->entries.at;
    size_t count = count_entries(builder), i;
    apr_uint32_t mask = builder->head.slot_mask, steps;

    for (i = 0; i < count; i++) {
        if (i + AHEAD < count) {
            __builtin_prefetch(&builder->slots[(apr_uint32_t)entries[i + AHEAD].key & mask], 1);
        }
        place(placing, slot_of(builder->slots, mask, entries[i].key, &steps), &entries[i]);
        if (steps > builder->head.longest) {
            builder->head.longest = steps;
        }
    }
}

/* Places of the lists; then the rules into them. */
static void fill_lists(placing_t *placing)
{
    r307_index_builder_t *builder = placing->builder;
    tally_t *tallies = placing->tallies.at;
    const member_t *members = placing->members.at;
    size_t words = 0, i;

    for (i = 0; i < placing->tallies.len / sizeof(*tallies); i++) {
        tallies[i].slot->value = R307_SLOT_LIST | (apr_uint32_t)words;
        words += 2 + tallies[i].rules;
    }
    builder->list_words = words;
    builder->lists = calloc(words + 1, sizeof(apr_uint32_t));
    if (!builder->lists) {
        abort();
    }
    for (i = 0; i < placing->tallies.len / sizeof(*tallies); i++) {
        builder->lists[tallies[i].slot->value & ~R307_SLOT_LIST] = tallies[i].flags;
    }
    for (i = 0; i < placing->members.len / sizeof(*members); i++) {
        apr_uint32_t *list = builder->lists
            + (tallies[members[i].tally].slot->value & ~R307_SLOT_LIST);

        list[2 + list[1]++] = members[i].rule;
    }
}

static int by_rule(const void *a, const void *b)
{
    const entry_t *left = a, *right = b;

    return (left->rule > right->rule) - (left->rule < right->rule);
}

static void build_table(r307_index_builder_t *builder)
{
    placing_t placing;

    settle_choices(builder);
    if (builder->choices.len) {       /* they came last, whatever their rules */
        qsort(builder->entries.at, count_entries(builder), sizeof(entry_t), by_rule);
    }
    builder->slots = make_slots(count_entries(builder), &builder->head.slot_mask);
    memset(&placing, 0, sizeof(placing));
    placing.builder = builder;
    place_entries(&placing);
    fill_lists(&placing);
    r307_grown_free(&placing.tallies);
    r307_grown_free(&placing.members);
}

static apr_uint32_t lay(apr_uint32_t *words, size_t bytes)
{
    apr_uint32_t at = *words;

    *words += (apr_uint32_t)((bytes + 7) / 8 * 2);
    return at;
}

size_t r307_index_size(r307_index_builder_t *builder)
{
    r307_index_t *head = &builder->head;
    apr_uint32_t words = 0;

    build_table(builder);
    lay(&words, sizeof(*head));
    head->slots = lay(&words, ((size_t)head->slot_mask + 1) * sizeof(r307_slot_t));
    head->shapes = lay(&words, head->shape_count * sizeof(r307_shape_t));
    head->lists = lay(&words, builder->list_words * sizeof(apr_uint32_t));
    head->lists_end = head->lists + (apr_uint32_t)builder->list_words;
    head->always_count = (apr_uint32_t)(builder->always.len / sizeof(apr_uint32_t));
    head->always = lay(&words, builder->always.len);
    if (builder->prefilter) {
        head->prefilter_size = (apr_uint32_t)r307_prefilter_size(builder->prefilter);
        head->prefilter = lay(&words, head->prefilter_size);
    }
    head->words = words;
    return (size_t)words * 4;
}

static void put(apr_uint32_t *words, apr_uint32_t at, const void *from, size_t bytes)
{
    if (bytes) {
        memcpy(words + at, from, bytes);
    }
}

void r307_index_write(const r307_index_builder_t *builder, void *bytes)
{
    const r307_index_t *head = &builder->head;
    apr_uint32_t *words = bytes;

    memset(bytes, 0, (size_t)head->words * 4);
    put(words, 0, head, sizeof(*head));
    put(words, head->slots, builder->slots,
        ((size_t)head->slot_mask + 1) * sizeof(r307_slot_t));
    put(words, head->shapes, builder->shapes, head->shape_count * sizeof(r307_shape_t));
    put(words, head->lists, builder->lists, builder->list_words * sizeof(apr_uint32_t));
    put(words, head->always, builder->always.at, builder->always.len);
    if (builder->prefilter) {
        r307_prefilter_write(builder->prefilter, words + head->prefilter);
    }
}
