/* SPDX-License-Identifier: Apache-2.0
 *
 * The load-time half of image: lines to bytes. */
#include "index/index_block.h"
#include "map/image_block.h"
#include "rule/identity.h"
#include "map/image.h"
#include "grammar/literal_line.h"

#include <stdlib.h>
#include <string.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "base/grown.h"
#include "grammar/token.h"

/* The options of plain lines, by their own words. */
typedef struct set_t {
    apr_uint32_t number;
    r307_slice_t own;
    const r307_literal_t *model;
} set_t;

/* The kind of a plain line until the image is written: its words are where they were read, at
 * `text` from the beginning, and what it says are their lengths. Of a million lines the words
 * are half of what there is, and to touch so much memory costs more than to read it again. */
#define READ R307_RECORD_COUNT

struct r307_image_builder_t {
    apr_pool_t *p;
    apr_pool_t *scratch;            /* of one line */
    r307_image_reading_t reading;
    r307_image_head_t head;
    r307_grown_t texts, records, kept;
    r307_grown_t traits;            /* of the rules of each set */
    apr_uint64_t read_len;          /* of the words that were not copied, with their NULs */
    r307_set_t sets[R307_SETS_MOST];
    apr_hash_t *set_by_own[2];      /* without and with a target: own options to set_t */
    apr_hash_t *options;            /* text to its place */
    apr_hash_t *names;              /* name= to the line that has it */
    r307_buf_t key;                 /* of the options of a line */
    apr_array_header_t *none;       /* no options */
    const set_t *last[2];           /* most lines have the options of the one before */
    r307_index_builder_t *index;
    size_t index_size;
};

static apr_uint32_t push_text(r307_image_builder_t *builder, const char *s, size_t len)
{
    apr_uint32_t at = (apr_uint32_t)builder->texts.len;

    r307_grown_add(&builder->texts, s, len);
    r307_grown_add(&builder->texts, "", 1);
    return at;
}

static apr_status_t free_builder(void *data)
{
    r307_image_builder_t *builder = data;

    r307_grown_free(&builder->texts);
    r307_grown_free(&builder->records);
    r307_grown_free(&builder->kept);
    r307_grown_free(&builder->traits);
    return APR_SUCCESS;
}

r307_image_builder_t *r307_image_builder_make(apr_pool_t *p,
                                              const r307_image_reading_t *reading)
{
    r307_image_builder_t *builder = apr_pcalloc(p, sizeof(*builder));
    const char *file = reading->file ? reading->file : "";

    builder->p = p;
    builder->reading = *reading;
    apr_pool_create(&builder->scratch, p);
    builder->set_by_own[0] = apr_hash_make(p);
    builder->set_by_own[1] = apr_hash_make(p);
    builder->options = apr_hash_make(p);
    builder->names = apr_hash_make(p);
    r307_buf_make(&builder->key, p, 64);
    builder->none = apr_array_make(p, 0, sizeof(r307_word_t));
    builder->index = r307_index_builder_make(p, reading->seed);
    apr_pool_cleanup_register(p, builder, free_builder, apr_pool_cleanup_null);
    builder->head.file = push_text(builder, file, strlen(file));
    return builder;
}

/* A line's own options and the map's. */
static const apr_array_header_t *merged(r307_image_builder_t *builder, apr_pool_t *p,
                                        const apr_array_header_t *own)
{
    return builder->reading.options
        ? builder->reading.options(builder->reading.baton, p, own) : own;
}

/* Where the text of options stands; each text stands once. */
static apr_uint32_t options_at(r307_image_builder_t *builder, const char *text)
{
    size_t len = strlen(text);
    apr_uint32_t *at = apr_hash_get(builder->options, text, (apr_ssize_t)len);

    if (!at) {
        at = apr_palloc(builder->p, sizeof(*at));
        *at = push_text(builder, text, len);
        apr_hash_set(builder->options, apr_pstrmemdup(builder->p, text, len),
                     (apr_ssize_t)len, at);
    }
    return *at;
}

static int is_within(r307_slice_t whole, r307_slice_t part)
{
    return part.s >= whole.s && part.s + part.len <= whole.s + whole.len;
}

/* Both words, in this order, and not far from each other. */
static int may_stay(const r307_image_builder_t *builder, r307_slice_t source,
                    r307_slice_t target)
{
    r307_slice_t bytes = builder->reading.bytes;

    return bytes.s && bytes.len <= APR_UINT32_MAX && is_within(bytes, source)
        && is_within(bytes, target) && target.s >= source.s
        && target.s - source.s <= APR_UINT16_MAX && source.len <= APR_UINT16_MAX;
}

static void copy_words(r307_image_builder_t *builder, r307_slice_t source,
                       r307_slice_t target, apr_uint64_t says, r307_record_t *record)
{
    record->text = push_text(builder, source.s, source.len);
    push_text(builder, target.s, target.len);
    record->says_low = (apr_uint32_t)says;
    record->says_high = (apr_uint32_t)(says >> 32);
}

static void leave_words(r307_image_builder_t *builder, r307_slice_t source,
                        r307_slice_t target, r307_record_t *record)
{
    record->text = (apr_uint32_t)(source.s - builder->reading.bytes.s);
    record->says_low = (apr_uint32_t)source.len | (apr_uint32_t)(target.s - source.s) << 16;
    record->says_high = (apr_uint32_t)target.len;
    builder->read_len += source.len + target.len + 2;
}

static int is_read(const r307_record_t *record)
{
    return record->line >> R307_RECORD_LINE_BITS == READ;
}

static void look_left(const r307_image_builder_t *builder, const r307_record_t *record,
                      r307_slice_t *source, r307_slice_t *target)
{
    const char *text = builder->reading.bytes.s + record->text;

    *source = r307_slice(text, record->says_low & 0xFFFF);
    *target = r307_slice(text + (record->says_low >> 16), record->says_high);
}

/* model: of a plain line; else NULL. */
static const char *put_record(r307_image_builder_t *builder, r307_slice_t source,
                              r307_slice_t target, apr_uint32_t options,
                              r307_record_kind_t kind, apr_uint32_t line,
                              const r307_literal_t *model)
{
    unsigned stands = model && may_stay(builder, source, target) ? READ : kind;
    r307_record_t record;

    if (builder->head.count >= R307_RULES_MOST
        || builder->texts.len + builder->read_len + source.len + target.len > 0xFFFFFF00u) {
        return "the file is larger than one map can be; split it in two";
    }
    if (stands == READ) {
        leave_words(builder, source, target, &record);
    }
    else {
        copy_words(builder, source, target,
                   model ? r307_identity_words(model->rule.traits, source, target) : 0,
                   &record);
    }
    record.options = options;
    record.line = (line < R307_RECORD_LINE_MOST ? line : R307_RECORD_LINE_MOST)
        | stands << R307_RECORD_LINE_BITS;
    r307_grown_add(&builder->records, &record, sizeof(record));
    builder->head.count++;
    return NULL;
}

/* --- plain lines --- */

/* Whether all words are options, none of which names one rule. */
static int is_options(const apr_array_header_t *words)
{
    int i;

    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);
        const r307_option_t *option = r307_option_find(word->text, word->name_len);

        if (!option || option->says == R307_SAYS_NAME) {
            return 0;
        }
    }
    return 1;
}

/* Words as one key: their texts, each with its end. */
static r307_slice_t key_of(r307_image_builder_t *builder, const apr_array_header_t *words)
{
    int i;

    builder->key.len = 0;
    for (i = 0; i < words->nelts; i++) {
        const char *text = APR_ARRAY_IDX(words, i, r307_word_t).text;

        r307_buf_add(&builder->key, text, strlen(text) + 1);
    }
    return r307_slice(builder->key.s, builder->key.len);
}

static const apr_array_header_t *copied(apr_pool_t *p, const apr_array_header_t *words)
{
    apr_array_header_t *copy = apr_array_copy(p, words);
    int i;

    for (i = 0; i < copy->nelts; i++) {
        r307_word_t *word = &APR_ARRAY_IDX(copy, i, r307_word_t);

        word->text = apr_pstrdup(p, word->text);
    }
    return copy;
}

/* A new set, if the options are those of plain rules; NULL leaves the line to the parser. */
static const set_t *add_set(r307_image_builder_t *builder, r307_slice_t key,
                            const apr_array_header_t *own, int has_target)
{
    r307_set_t *row = &builder->sets[builder->head.set_count];
    const apr_array_header_t *all = merged(builder, builder->scratch, own);
    apr_pool_t *p = builder->p;
    const r307_literal_t *model;
    set_t *set;

    if (builder->head.set_count == R307_SETS_MOST || !is_options(own)
        || r307_literal_model(builder->scratch, all, has_target,
                              &builder->reading.context, &model)
        || !model) {
        return NULL;
    }
    set = apr_palloc(p, sizeof(*set));
    set->number = builder->head.set_count++;
    set->own = r307_slice(apr_pmemdup(p, key.s, key.len + 1), key.len);
    r307_literal_model(p, copied(p, all), has_target, &builder->reading.context, &set->model);
    row->text = options_at(builder, r307_token_join(builder->scratch, all));
    row->has_target = (apr_uint32_t)has_target;
    r307_grown_add(&builder->traits, &set->model->rule.traits,
                   sizeof(set->model->rule.traits));
    apr_hash_set(builder->set_by_own[has_target], set->own.s, (apr_ssize_t)set->own.len, set);
    apr_pool_clear(builder->scratch);
    return set;
}

static const set_t *find_set(r307_image_builder_t *builder, const apr_array_header_t *own,
                             int has_target)
{
    const set_t **last = &builder->last[has_target];
    r307_slice_t key = key_of(builder, own);

    if (!*last || !r307_slice_same(key, (*last)->own)) {
        const set_t *set = apr_hash_get(builder->set_by_own[has_target], key.s,
                                        (apr_ssize_t)key.len);

        set = set ? set : add_set(builder, key, own, has_target);
        *last = set ? set : *last;
        return set;
    }
    return *last;
}

static const char *add_of_set(r307_image_builder_t *builder, r307_slice_t source,
                              r307_slice_t target, const set_t *set, apr_uint32_t line)
{
    const char *bad = put_record(builder, source, target, set->number, R307_RECORD_PLAIN,
                                 line, set->model);
    r307_pattern_t pattern;

    if (!bad) {
        memset(&pattern, 0, sizeof(pattern));
        pattern.match = set->model->pattern.match;
        pattern.head = source;
        r307_index_add(builder->index, &pattern, set->model->rule.conds,
                       set->model->rule.cond_count);
    }
    return bad;
}

/* --- all other lines --- */

/* The words of a line, sorted; a third word without a name is among the options, where the
 * parser finds it. */
typedef struct words_t {
    const char *source, *target;
    apr_array_header_t *own;
} words_t;

static void sort_words(apr_pool_t *p, const apr_array_header_t *all, words_t *words)
{
    int i;

    words->source = words->target = NULL;
    words->own = apr_array_make(p, all->nelts, sizeof(r307_word_t));
    for (i = 0; i < all->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(all, i, r307_word_t);

        if (word->name_len == 0 && !words->source) {
            words->source = word->text;
        }
        else if (word->name_len == 0 && !words->target) {
            words->target = word->text;
        }
        else {
            APR_ARRAY_PUSH(words->own, r307_word_t) = *word;
        }
    }
}

/* Whether the rule is read from its text at every request that needs it; any other is kept
 * compiled. */
static int is_light(const r307_rule_t *rule)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        if (rule->conds[i].kind->keep != R307_KEEP_TEXT) {
            return 0;
        }
    }
    for (i = 0; i < rule->target->count; i++) {
        if (rule->target->parts[i].kind == R307_PART_EXPR) {
            return 0;
        }
    }
    return !rule->pattern || !rule->pattern->regex;
}

static const char *check_name(r307_image_builder_t *builder, const r307_rule_t *rule,
                              apr_pool_t *p)
{
    const unsigned *line = rule->name ? apr_hash_get(builder->names, rule->name,
                                                     APR_HASH_KEY_STRING) : NULL;

    if (line) {
        return apr_psprintf(p, "name='%s' is already the name of the rule in line %u; "
                            "names are unique", r307_text_show(p, rule->name,
                                                               strlen(rule->name)),
                            *line);
    }
    if (rule->name) {
        apr_hash_set(builder->names, apr_pstrdup(builder->p, rule->name),
                     APR_HASH_KEY_STRING,
                     apr_pmemdup(builder->p, &rule->place.line,
                                 sizeof(rule->place.line)));
    }
    return NULL;
}

static const char *parse(r307_image_builder_t *builder, const char *source,
                         const char *target, const apr_array_header_t *options,
                         apr_uint32_t line, const r307_rule_t **rule)
{
    apr_pool_t *p = builder->scratch;
    apr_array_header_t *words = apr_array_make(p, 2 + options->nelts, sizeof(r307_word_t));
    r307_place_t place = { builder->reading.file, line };

    APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(source);
    if (target) {
        APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(target);
    }
    apr_array_cat(words, options);
    return r307_line_parse_words(p, words, place, &builder->reading.context, rule);
}

/* Options alone: what is wrong with them, else what is missing. */
static const char *no_source(r307_image_builder_t *builder, const words_t *words,
                             const apr_array_header_t *all, apr_uint32_t line)
{
    const char *own = r307_token_join(builder->scratch, words->own);
    const r307_rule_t *rule;
    const char *bad = parse(builder, "/old", "/new", all, line, &rule);

    return bad ? bad : apr_psprintf(builder->scratch, "has options and no path; write: /old "
                                    "/new %s", r307_text_show(builder->scratch, own,
                                                              strlen(own)));
}

static const char *add_parsed(r307_image_builder_t *builder,
                              const apr_array_header_t *line_words, apr_uint32_t line)
{
    apr_pool_t *p = builder->scratch;
    const char *source, *target, *bad;
    const apr_array_header_t *all;
    const r307_rule_t *rule = NULL;
    r307_record_kind_t kind;
    words_t words;

    sort_words(p, line_words, &words);
    all = merged(builder, p, words.own);
    if (!words.source) {
        return no_source(builder, &words, all, line);
    }
    source = words.source;
    target = words.target ? words.target : "";
    bad = parse(builder, source, words.target, all, line, &rule);
    bad = bad ? bad : check_name(builder, rule, p);
    if (bad) {
        return bad;
    }
    kind = is_light(rule) ? R307_RECORD_LINE : R307_RECORD_KEPT;
    bad = put_record(builder, r307_slice(source, strlen(source)),
                     r307_slice(target, strlen(target)),
                     options_at(builder, r307_token_join(p, all)), kind, line, NULL);
    if (bad) {
        return bad;
    }
    if (kind == R307_RECORD_KEPT) {
        apr_uint32_t number = builder->head.count - 1;

        r307_grown_add(&builder->kept, &number, sizeof(number));
    }
    r307_index_add(builder->index, rule->pattern, rule->conds, rule->cond_count);
    return NULL;
}

/* The text of a word that is no option, or nothing. */
static r307_slice_t plain_word(const apr_array_header_t *words, int i)
{
    const r307_word_t *word = i < words->nelts ? &APR_ARRAY_IDX(words, i, r307_word_t) : NULL;

    return word && !word->name_len ? r307_slice(word->text, strlen(word->text))
                                   : r307_slice("", 0);
}

/* Adds a line that begins with a source and a target that are plain; 0 leaves it to the
 * parser. */
static int add_literal(r307_image_builder_t *builder, const apr_array_header_t *words,
                       apr_uint32_t line, const char **bad)
{
    r307_slice_t source = plain_word(words, 0), target = plain_word(words, 1);
    apr_array_header_t own = *words;
    int count = target.len ? 2 : 1;
    const set_t *set;

    if (!source.len || r307_literal_source(source.s, source.len) != source.len
        || r307_literal_target(target.s, target.len) != target.len) {
        return 0;
    }
    own.elts += count * own.elt_size;
    own.nelts -= count;
    set = find_set(builder, &own, count == 2);
    *bad = set ? add_of_set(builder, source, target, set, line) : NULL;
    return set != NULL;
}

static const char *add_other(apr_pool_t *p, r307_image_builder_t *builder,
                             const apr_array_header_t *words, apr_uint32_t line)
{
    const char *bad = add_parsed(builder, words, line);

    bad = bad ? apr_pstrdup(p, bad) : NULL;
    apr_pool_clear(builder->scratch);
    return bad;
}

const char *r307_image_add(apr_pool_t *p, r307_image_builder_t *builder,
                           const apr_array_header_t *words, apr_uint32_t line)
{
    const char *bad = NULL;

    if (words->nelts && !add_literal(builder, words, line, &bad)) {
        bad = add_other(p, builder, words, line);
    }
    return bad;
}

const char *r307_image_add_plain(apr_pool_t *p, r307_image_builder_t *builder,
                                 r307_slice_t source, r307_slice_t target, apr_uint32_t line)
{
    const set_t *set = find_set(builder, builder->none, 1);
    apr_array_header_t *words;

    if (set) {
        return add_of_set(builder, source, target, set, line);
    }
    words = apr_array_make(p, 2, sizeof(r307_word_t));
    APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(r307_slice_text(p, source));
    APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(r307_slice_text(p, target));
    return add_other(p, builder, words, line);
}

apr_uint32_t r307_image_added(const r307_image_builder_t *builder)
{
    return builder->head.count;
}

void r307_image_look(const r307_image_builder_t *builder, apr_uint32_t number,
                     r307_slice_t *source, r307_slice_t *target, apr_uint32_t *line)
{
    const r307_record_t *record = (const r307_record_t *)builder->records.at + number;
    const char *text = (const char *)builder->texts.at + record->text;

    if (is_read(record)) {
        look_left(builder, record, source, target);
    }
    else {
        *source = r307_slice(text, strlen(text));
        text += source->len + 1;
        *target = r307_slice(text, strlen(text));
    }
    *line = record->line & R307_RECORD_LINE_MOST;
}

/* --- bytes --- */

static apr_uint32_t lay(apr_uint64_t *size, apr_uint64_t bytes)
{
    apr_uint64_t at = *size;

    *size += (bytes + 7) / 8 * 8;
    return (apr_uint32_t)at;
}

size_t r307_image_size(r307_image_builder_t *builder)
{
    r307_image_head_t *head = &builder->head;
    apr_uint64_t size = 0, texts;

    builder->index_size = r307_index_size(builder->index);
    memcpy(head->magic, R307_IMAGE_MAGIC, sizeof(head->magic));
    head->version = R307_IMAGE_VERSION;
    head->order = R307_IMAGE_ORDER;
    head->source_size = builder->reading.source_size;
    head->source_time = builder->reading.source_time;
    head->where = (apr_uint32_t)builder->reading.context.where;
    head->match = (apr_uint32_t)builder->reading.context.match;
    head->ends_at_self = builder->reading.context.ends_at_self != 0;
    lay(&size, sizeof(*head));
    head->records = lay(&size, builder->records.len);
    head->sets = lay(&size, head->set_count * sizeof(r307_set_t));
    head->kept_count = (apr_uint32_t)(builder->kept.len / sizeof(apr_uint32_t));
    head->kept = lay(&size, builder->kept.len);
    head->index_size = (apr_uint32_t)builder->index_size;
    head->index = lay(&size, builder->index_size);
    /* what is left of 8 bytes is NUL, and one there is in any case */
    texts = (builder->texts.len + builder->read_len + 8) / 8 * 8;
    head->texts_size = (apr_uint32_t)texts;
    head->texts = lay(&size, texts);
    head->size = size;
    return size <= 0xFFFFFFFFu ? (size_t)size : 0;
}

static void put(char *bytes, apr_uint32_t at, const void *from, size_t len)
{
    if (len) {
        memcpy(bytes + at, from, len);
    }
}

static char *write_text(char *at, r307_slice_t text)
{
    memcpy(at, text.s, text.len);
    at[text.len] = '\0';
    return at + text.len + 1;
}

/* Words that were left where they were read stand behind those that were copied. */
static void write_rules(const r307_image_builder_t *builder, char *texts, r307_record_t *records)
{
    const r307_record_t *from = builder->records.at;
    const apr_uint64_t *traits = builder->traits.at;
    char *at = texts + builder->texts.len;
    apr_uint32_t i;

    memcpy(texts, builder->texts.at, builder->texts.len);
    for (i = 0; i < builder->head.count; i++) {
        r307_record_t record = from[i];
        r307_slice_t source, target;
        apr_uint64_t says;

        if (is_read(&record)) {
            look_left(builder, &record, &source, &target);
            says = r307_identity_words(traits[record.options], source, target);
            record.text = (apr_uint32_t)(at - texts);
            record.line = (record.line & R307_RECORD_LINE_MOST)
                | (apr_uint32_t)R307_RECORD_PLAIN << R307_RECORD_LINE_BITS;
            record.says_low = (apr_uint32_t)says;
            record.says_high = (apr_uint32_t)(says >> 32);
            at = write_text(write_text(at, source), target);
        }
        records[i] = record;
    }
}

void r307_image_write(r307_image_builder_t *builder, void *bytes)
{
    r307_image_head_t *head = &builder->head;
    char *at = bytes;

    memset(at + head->records, 0, head->texts - head->records);
    memset(at + head->size - 8, 0, 8);
    put(at, 0, head, sizeof(*head));
    put(at, head->sets, builder->sets, head->set_count * sizeof(r307_set_t));
    put(at, head->kept, builder->kept.at, builder->kept.len);
    r307_index_write(builder->index, at + head->index);
    write_rules(builder, at + head->texts, (void *)(at + head->records));
    head->sum = r307_image_sum(head, bytes);
    put(at, 0, head, sizeof(*head));
}
