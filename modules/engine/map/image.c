/* SPDX-License-Identifier: Apache-2.0 */
#include "index/index_block.h"
#include "map/image_block.h"
#include "map/image.h"
#include "grammar/literal_line.h"

#include <string.h>
#include <apr_strings.h>

#include "base/hash.h"
#include "grammar/token.h"

/* A compiled rule, in a pool of its own. */
typedef struct kept_t {
    apr_pool_t *p;
    const r307_rule_t *rule;
} kept_t;

struct r307_image_t {
    const r307_image_head_t *head;
    const r307_record_t *records;
    const apr_uint32_t *kept;       /* numbers; their rules, once they are compiled: */
    kept_t **kept_rules;
    apr_uint32_t kept_count;   /* the bytes may be gone when the view is freed */
    apr_uint32_t *room;             /* what compiling may still take; NULL: no bound */
    const r307_literal_t **models;  /* of the option sets */
    int has_links;                  /* one of the models has optin= */
    const char *texts;
    const char *file;
    r307_context_t context;
};

/* --- is it one? --- */

/* Never zero times anything. */
static apr_uint64_t sum_step(apr_uint64_t sum, apr_uint64_t word)
{
    return r307_hash_step(sum, word, R307_HASH_OPEN);
}

/* Eight lanes, as each waits for its own product only; written out, as a compiler keeps an
 * array of them in memory, which takes twice as long. */
static apr_uint64_t sum_of(const void *bytes, size_t len)
{
    const apr_uint64_t *words = bytes, *end = words + len / sizeof(*words);
    apr_uint64_t a = len, b = len + 1, c = len + 2, d = len + 3;
    apr_uint64_t e = len + 4, f = len + 5, g = len + 6, h = len + 7, sum = len;

    for (; end - words >= 8; words += 8) {
        a = sum_step(a, words[0]);
        b = sum_step(b, words[1]);
        c = sum_step(c, words[2]);
        d = sum_step(d, words[3]);
        e = sum_step(e, words[4]);
        f = sum_step(f, words[5]);
        g = sum_step(g, words[6]);
        h = sum_step(h, words[7]);
    }
    for (; words < end; words++) {
        sum = sum_step(sum, *words);
    }
    sum = sum_step(sum_step(sum_step(sum_step(sum, a), b), c), d);
    return sum_step(sum_step(sum_step(sum_step(sum, e), f), g), h);
}

apr_uint64_t r307_image_sum(const r307_image_head_t *head, const void *bytes)
{
    r307_image_head_t own = *head;
    size_t size = (size_t)own.size - sizeof(own);

    own.sum = 0;
    return sum_of(&own, sizeof(own)) ^ sum_of((const char *)bytes + sizeof(own), size);
}

static int fits(const r307_image_head_t *head, apr_uint32_t at, apr_uint64_t bytes)
{
    return at >= sizeof(*head) && at % 8 == 0 && at <= head->size
        && bytes <= head->size - at;
}

static int check_parts(const r307_image_head_t *head)
{
    const char *bytes = (const char *)head;

    return fits(head, head->records, (apr_uint64_t)head->count * sizeof(r307_record_t))
        && head->set_count <= R307_SETS_MOST
        && fits(head, head->sets, head->set_count * sizeof(r307_set_t))
        && fits(head, head->kept, (apr_uint64_t)head->kept_count * sizeof(apr_uint32_t))
        && fits(head, head->index, head->index_size)
        && fits(head, head->texts, head->texts_size) && head->texts_size >= 8
        && bytes[head->texts + head->texts_size - 1] == '\0'
        && bytes[head->texts + head->texts_size - 2] == '\0';
}

/* A text that begins in front of the two last bytes ends in front of the last one, and so
 * one may begin behind it. */
static int is_text(const r307_image_head_t *head, apr_uint32_t at)
{
    return at < head->texts_size - 1;
}

static r307_record_kind_t kind_of(const r307_record_t *record)
{
    return (r307_record_kind_t)(record->line >> R307_RECORD_LINE_BITS);
}

static int check_records(const r307_image_head_t *head)
{
    const char *bytes = (const char *)head;
    const r307_record_t *records = (const void *)(bytes + head->records);
    const r307_set_t *sets = (const void *)(bytes + head->sets);
    const apr_uint32_t *kept = (const void *)(bytes + head->kept);
    apr_uint32_t i, seen = 0;

    for (i = 0; i < head->set_count; i++) {
        if (!is_text(head, sets[i].text)) {
            return 0;
        }
    }
    for (i = 0; i < head->count; i++) {
        r307_record_kind_t kind = kind_of(&records[i]);

        if (!is_text(head, records[i].text) || kind >= R307_RECORD_COUNT
            || (kind == R307_RECORD_PLAIN ? records[i].options >= head->set_count
                                          : !is_text(head, records[i].options))) {
            return 0;
        }
        if (kind == R307_RECORD_KEPT
            && (seen == head->kept_count || kept[seen++] != i)) {
            return 0;
        }
    }
    return seen == head->kept_count && is_text(head, head->file);
}

int r307_image_is(const void *bytes, size_t len)
{
    return len >= sizeof(R307_IMAGE_MAGIC)
        && memcmp(bytes, R307_IMAGE_MAGIC, sizeof(R307_IMAGE_MAGIC)) == 0;
}

const char *r307_image_check(apr_pool_t *p, const void *bytes, size_t len)
{
    const r307_image_head_t *head = bytes;

    if (len < sizeof(*head) || !r307_image_is(bytes, len)) {
        return "is no compiled map; make one with redirect307ctl compile";
    }
    if (head->order != R307_IMAGE_ORDER) {
        return "was compiled on a machine of another byte order; compile it here";
    }
    if (head->version != R307_IMAGE_VERSION) {
        return apr_psprintf(p, "is of version %u, and this is version %u; compile it again",
                            head->version, R307_IMAGE_VERSION);
    }
    if (head->size != len || len % 8 != 0) {
        return apr_psprintf(p, "has %" APR_SIZE_T_FMT " bytes where it says %"
                            APR_UINT64_T_FMT ": cut off, or half copied; copy it again",
                            len, head->size);
    }
    if (r307_image_sum(head, bytes) != head->sum) {
        return "was changed since it was compiled: its sum is wrong; compile it again";
    }
    if (!check_parts(head) || !check_records(head)
        || !r307_index_check((const char *)bytes + head->index, head->index_size,
                             head->count)) {
        return "is not what redirect307ctl compile writes; compile it again";
    }
    return NULL;
}

void r307_image_info(const void *bytes, r307_image_info_t *info)
{
    const r307_image_head_t *head = bytes;

    info->count = head->count;
    info->size = (size_t)head->size;
    info->source_size = head->source_size;
    info->source_time = head->source_time;
    info->file = (const char *)bytes + head->texts + head->file;
    info->where = (r307_where_t)head->where;
    info->match = (r307_match_t)head->match;
}

/* --- one process's view --- */

/* The place of a rule among those that are kept; kept_count: none. */
static apr_uint32_t kept_at(const r307_image_t *image, apr_uint32_t number)
{
    apr_uint32_t from = 0, to = image->kept_count;

    while (from < to) {
        apr_uint32_t middle = from + (to - from) / 2;

        if (image->kept[middle] < number) {
            from = middle + 1;
        }
        else {
            to = middle;
        }
    }
    return from;
}

/* The context's numbers are those of the first rule. */
static void count_on(const r307_image_t *image, const r307_record_t *record,
                     r307_context_t *context)
{
    apr_uint32_t number = (apr_uint32_t)(record - image->records);

    if (context->nth) {
        context->nth += (int)number;
        context->nth_regex += (int)kept_at(image, number);
    }
}

static const r307_rule_t *parse(apr_pool_t *p, const r307_image_t *image,
                                const r307_record_t *record, const char **bad)
{
    const char *source = image->texts + record->text;
    const char *target = source + strlen(source) + 1;
    r307_place_t place = { image->file, record->line & R307_RECORD_LINE_MOST };
    apr_array_header_t *words = apr_array_make(p, 8, sizeof(r307_word_t));
    r307_context_t context = image->context;
    const r307_rule_t *rule = NULL;

    APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(source);
    if (*target) {
        APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(target);
    }
    *bad = r307_token_check(p, words);      /* whoever made the image */
    *bad = *bad ? *bad : r307_token_add(p, image->texts + record->options, words);
    count_on(image, record, &context);
    *bad = *bad ? *bad : r307_line_parse_words(p, words, place, &context, &rule);
    return rule;
}

static const char *attach_models(apr_pool_t *p, r307_image_t *image)
{
    const r307_set_t *sets = (const void *)((const char *)image->head + image->head->sets);
    apr_uint32_t i, count = image->head->set_count;

    image->models = apr_pcalloc(p, (count + 1) * sizeof(*image->models));
    for (i = 0; i < count; i++) {
        const char *text = image->texts + sets[i].text, *bad;
        apr_array_header_t *words;

        bad = r307_token_split(p, text, &words);
        bad = bad ? bad : r307_literal_model(p, words, sets[i].has_target != 0,
                                             &image->context, &image->models[i]);

        if (bad || !image->models[i]) {
            return apr_psprintf(p, "options '%s' cannot be used here: %s",
                                r307_text_show(p, text, strlen(text)),
                                bad ? bad : "they are not those of a plain line");
        }
        image->has_links |= r307_cond_link(image->models[i]->rule.conds,
                                           image->models[i]->rule.cond_count) != NULL;
    }
    return NULL;
}

/* With the view; nobody uses it any more. */
static apr_status_t free_kept(void *data)
{
    r307_image_t *image = data;
    apr_uint32_t i, freed = 0;

    for (i = 0; i < image->kept_count; i++) {
        if (image->kept_rules[i]) {
            apr_pool_destroy(image->kept_rules[i]->p);
            freed++;
        }
    }
    if (image->room) {
        __atomic_fetch_add(image->room, freed, __ATOMIC_RELAXED);
    }
    return APR_SUCCESS;
}

/* Room for compiled rules, which are compiled when a request first finds them: a file of
 * fifty thousand regexes is not to be paid for by every process that may need one. */
static void attach_kept(apr_pool_t *p, r307_image_t *image)
{
    image->kept_count = image->head->kept_count;
    image->kept = (const void *)((const char *)image->head + image->head->kept);
    image->kept_rules = apr_pcalloc(p, ((apr_size_t)image->kept_count + 1)
                                       * sizeof(*image->kept_rules));
    apr_pool_cleanup_register(p, image, free_kept, apr_pool_cleanup_null);
}

static const char *cannot(apr_pool_t *p, const r307_record_t *record, const char *bad)
{
    return apr_psprintf(p, "line %u cannot be used here: %s",
                        record->line & R307_RECORD_LINE_MOST, bad ? bad : "it is empty");
}

const char *r307_image_try(apr_pool_t *p, const r307_image_t *image)
{
    const char *bad = NULL;
    apr_pool_t *scratch;
    apr_uint32_t i;

    apr_pool_create(&scratch, p);
    for (i = 0; !bad && i < image->kept_count; i++) {
        const r307_record_t *record = &image->records[image->kept[i]];

        if (!parse(scratch, image, record, &bad)) {
            bad = cannot(p, record, bad);
        }
        apr_pool_clear(scratch);
    }
    apr_pool_destroy(scratch);
    return bad;
}

void r307_image_bound(const r307_image_t *image, apr_uint32_t *room)
{
    ((r307_image_t *)image)->room = room;
}

const char *r307_image_attach(apr_pool_t *p, const void *bytes,
                              const r307_context_t *context, const char *file,
                              const r307_image_t **out)
{
    const r307_image_head_t *head = bytes;
    const char *at = bytes, *bad;
    r307_image_t *image = apr_pcalloc(p, sizeof(*image));

    if (head->where != (apr_uint32_t)context->where
        || head->match != (apr_uint32_t)context->match) {
        return head->where == (apr_uint32_t)R307_WHERE_DIRECTORY
            ? "was compiled for a directory (.htaccess), and stands elsewhere; compile it "
              "for here"
            : "was compiled for httpd.conf, and stands in a directory; compile it for here";
    }
    image->head = head;
    image->records = (const void *)(at + head->records);
    image->texts = at + head->texts;
    image->file = file ? apr_pstrdup(p, file) : image->texts + head->file;
    image->context = *context;
    image->context.ends_at_self = head->ends_at_self != 0;
    bad = attach_models(p, image);
    if (!bad) {
        attach_kept(p, image);
        *out = image;
    }
    return bad;
}

void r307_image_mark_keys(apr_pool_t *p, const r307_image_t *image, r307_asked_t *asked)
{
    apr_uint32_t i;

    for (i = 0; image->has_links && asked->view->query.s && i < image->head->set_count;
         i++) {
        const r307_rule_t *model = &image->models[i]->rule;
        const r307_link_t *link = r307_cond_link(model->conds, model->cond_count);

        if (link) {
            r307_link_mark(p, link, r307_asked_query(p, asked));
        }
    }
}

apr_uint32_t r307_image_count(const r307_image_t *image)
{
    return image->head->count;
}

const r307_index_t *r307_image_index_of(const void *bytes)
{
    return (const void *)((const char *)bytes + ((const r307_image_head_t *)bytes)->index);
}

const r307_index_t *r307_image_index(const r307_image_t *image)
{
    return r307_image_index_of(image->head);
}

/* NULL: not compiled yet. */
static const r307_rule_t *kept_rule(const r307_image_t *image, apr_uint32_t number)
{
    apr_uint32_t at = kept_at(image, number);
    const kept_t *kept = at < image->kept_count
        ? __atomic_load_n(&image->kept_rules[at], __ATOMIC_ACQUIRE) : NULL;

    return kept ? kept->rule : NULL;
}

static int take_room(const r307_image_t *image)
{
    apr_uint32_t room = image->room ? __atomic_load_n(image->room, __ATOMIC_RELAXED) : 1;

    while (image->room && room
           && !__atomic_compare_exchange_n(image->room, &room, room - 1, 0,
                                           __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        continue;
    }
    return room != 0;
}

static void give_room(const r307_image_t *image)
{
    if (image->room) {
        __atomic_fetch_add(image->room, 1, __ATOMIC_RELAXED);
    }
}

/* Compiled for good, or, where there is no room for more, for this request. Of two threads
 * that compile one rule the later one takes what the other made. */
static const r307_rule_t *compile_kept(apr_pool_t *p, const r307_image_t *image,
                                       apr_uint32_t number)
{
    const r307_record_t *record = &image->records[number];
    apr_uint32_t at = kept_at(image, number);
    kept_t *kept, *others = NULL;
    const char *bad;
    apr_pool_t *own;

    if (at == image->kept_count || !take_room(image)) {
        return parse(p, image, record, &bad);
    }
    if (apr_pool_create_unmanaged_ex(&own, NULL, NULL) != APR_SUCCESS) {
        give_room(image);
        return parse(p, image, record, &bad);
    }
    kept = apr_palloc(own, sizeof(*kept));
    kept->p = own;
    kept->rule = parse(own, image, record, &bad);
    if (kept->rule
        && __atomic_compare_exchange_n(&image->kept_rules[at], &others, kept, 0,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        return kept->rule;
    }
    apr_pool_destroy(own);
    give_room(image);
    return others ? others->rule : NULL;
}

static const r307_rule_t *plain_rule(apr_pool_t *p, const r307_image_t *image,
                                     const r307_record_t *record)
{
    const char *source = image->texts + record->text;
    size_t len = strlen(source);
    r307_place_t place = { image->file, record->line & R307_RECORD_LINE_MOST };
    r307_rule_t *rule
        = r307_literal_make(p, image->models[record->options], place,
                            r307_slice(source, len),
                            r307_slice(source + len + 1, strlen(source + len + 1)));

    if (!rule) {
        return NULL;
    }
    rule->says = (apr_uint64_t)record->says_high << 32 | record->says_low;
    if (image->context.nth) {
        rule->nth = image->context.nth + (int)(record - image->records);
    }
    return rule;
}

const r307_rule_t *r307_image_rule(apr_pool_t *p, const r307_image_t *image,
                                   apr_uint32_t number)
{
    const r307_record_t *record = &image->records[number];
    const r307_rule_t *rule;
    const char *bad;

    switch (kind_of(record)) {
    case R307_RECORD_PLAIN:
        return plain_rule(p, image, record);
    case R307_RECORD_KEPT:
        rule = kept_rule(image, number);
        return rule ? rule : compile_kept(p, image, number);
    default:
        return parse(p, image, record, &bad);
    }
}

const r307_plan_t *r307_image_plan(const r307_image_t *image, apr_uint32_t number)
{
    const r307_record_t *record = &image->records[number];
    const r307_rule_t *rule = NULL;

    switch (kind_of(record)) {
    case R307_RECORD_PLAIN:
        rule = &image->models[record->options]->rule;
        break;
    case R307_RECORD_KEPT:
        rule = kept_rule(image, number);
        break;
    default:
        break;
    }
    return rule ? &rule->plan : NULL;
}
