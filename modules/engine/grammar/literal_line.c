/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/literal_line.h"

#include <stddef.h>
#include <string.h>
#include <apr_strings.h>

#include "base/hash.h"

/* Bytes that mean themselves in a source, in a target and in an URL: those of a path (RFC
 * 3986 pchar) but for '%', ':', '$' and '*', which may begin something. */
static const unsigned char is_plain[256] = {
    ['!'] = 1, ['&'] = 1, ['\''] = 1, ['('] = 1, [')'] = 1, ['+'] = 1, [','] = 1,
    ['-'] = 1, ['.'] = 1, ['/'] = 1, [';'] = 1, ['='] = 1, ['@'] = 1, ['_'] = 1,
    ['~'] = 1, ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1,
    ['6'] = 1, ['7'] = 1, ['8'] = 1, ['9'] = 1, ['A'] = 1, ['B'] = 1, ['C'] = 1,
    ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1,
    ['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1,
    ['R'] = 1, ['S'] = 1, ['T'] = 1, ['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1,
    ['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1, ['e'] = 1,
    ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1,
    ['m'] = 1, ['n'] = 1, ['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1,
    ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1, ['y'] = 1, ['z'] = 1
};

static int is_end(const char *s, size_t len, size_t at)
{
    return at == len || s[at] == ' ' || s[at] == '\t';
}

/* A path without "//" and without a segment that begins with a dot. */
size_t r307_literal_source(const char *s, size_t len)
{
    size_t n;

    if (len == 0 || s[0] != '/') {
        return 0;
    }
    for (n = 1; n < len && is_plain[(unsigned char)s[n]]; n++) {
        if (s[n - 1] == '/' && (s[n] == '/' || s[n] == '.')) {
            return 0;
        }
    }
    return is_end(s, len, n) ? n : 0;
}

/* Length of "http://" or "https://" and of the host behind it; 0 when it is no plain one:
 * a name in small letters without a port. */
static size_t origin_len(const char *s, size_t len, size_t *scheme)
{
    size_t n;

    *scheme = len > 8 && memcmp(s, "https://", 8) == 0 ? 5
        : len > 7 && memcmp(s, "http://", 7) == 0 ? 4 : 0;
    if (!*scheme) {
        return 0;
    }
    for (n = *scheme + 3; n < len && r307_text_is(s[n], R307_IS_HOST); n++) {
        if (s[n] >= 'A' && s[n] <= 'Z') {
            return 0;
        }
    }
    return s[n - 1] == '.'
        || r307_url_check_host(r307_slice(s + *scheme + 3, n - *scheme - 3)) ? 0 : n;
}

/* *origin: the length of what stands in front of its path. */
static size_t target_len(const char *s, size_t len, size_t *origin, size_t *scheme)
{
    size_t path;

    *origin = 0;
    if (len && s[0] == '/') {
        return r307_literal_source(s, len);
    }
    *origin = origin_len(s, len, scheme);
    if (*origin == 0 || is_end(s, len, *origin)) {
        return *origin;
    }
    path = r307_literal_source(s + *origin, len - *origin);
    return path ? *origin + path : 0;
}

size_t r307_literal_target(const char *s, size_t len)
{
    size_t origin, scheme;

    return target_len(s, len, &origin, &scheme);
}

int r307_literal_is(r307_slice_t source, r307_slice_t target)
{
    return source.len && r307_literal_source(source.s, source.len) == source.len
        && target.len && r307_literal_target(target.s, target.len) == target.len;
}

/* The words of a line that are known to be plain, and what of the target is no path;
 * target.len is 0 where the model has none. */
typedef struct words_t {
    r307_slice_t source, target;
    size_t origin, scheme;
} words_t;

/* What of an absolute URL is otherwise than of a path. */
static void set_url(r307_literal_t *room, const words_t *words)
{
    r307_target_t *target = &room->target;
    const char *s = words->target.s;

    target->kind = R307_TARGET_URL;
    target->scheme = r307_slice(s, words->scheme);
    target->host = r307_slice(s + words->scheme + 3, words->origin - words->scheme - 3);
    if (words->target.len == words->origin) {
        target->final_slash = 1;
        target->count = 0;
        target->as_written = 0;
        target->head = r307_slice(NULL, 0);
        room->path.text = r307_slice(s + words->origin, 0);
        return;
    }
    room->path.text.s += words->origin;
    room->path.text.len -= words->origin;
    target->head.s += words->origin;
    target->head.len -= words->origin;
}

static inline void set_target(r307_literal_t *room, const words_t *words)
{
    r307_target_t *target = &room->target;
    r307_slice_t text = words->target;

    room->rule.target = target;
    target->parts = &room->path;
    target->text = text.s;
    target->final_slash = text.s[text.len - 1] == '/';
    target->head = r307_slice(text.s, text.len - target->final_slash);
    room->path.text = text;
    if (text.len > R307_LOCATION_MOST) {
        target->as_written = 0;
    }
    if (words->origin) {
        set_url(room, words);
    }
    if (room->pattern.final_slash && !target->final_slash) {
        room->rule.carry = 0;
    }
}

/* Other words in a copy of the model, which leads from "/a" to "/b"; a hit of one line among
 * very many pays for it. */
static inline void fill(r307_literal_t *room, r307_place_t place, const words_t *words)
{
    r307_slice_t source = words->source;

    room->rule.place = place;
    room->rule.source = source.s;
    room->rule.pattern = &room->pattern;
    room->rule.head = source;
    if (room->rule.base.s) {
        room->rule.base = source;
    }
    room->pattern.text = source.s;
    room->pattern.head = source;
    room->pattern.final_slash = source.s[source.len - 1] == '/';
    if (words->target.len) {
        set_target(room, words);
    }
}

/* What of a rule of "/a" and "/b" is not the options'. */
static const r307_literal_t *model_from(apr_pool_t *p, const r307_rule_t *rule)
{
    r307_literal_t *model = apr_pcalloc(p, sizeof(*model));

    model->rule = *rule;
    model->rule.pattern = &model->pattern;
    model->pattern = *rule->pattern;
    if (rule->target->kind == R307_TARGET_PATH) {
        model->rule.target = &model->target;
        model->target = *rule->target;
        model->target.parts = &model->path;
        model->path = *rule->target->parts;
    }
    return model;
}

const char *r307_literal_model(apr_pool_t *p, const apr_array_header_t *options,
                               int has_target, const r307_context_t *context,
                               const r307_literal_t **model)
{
    apr_array_header_t *words = apr_array_make(p, 2 + options->nelts, sizeof(r307_word_t));
    r307_place_t nowhere = { NULL, 0 };
    const r307_rule_t *rule;
    const char *bad;

    APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make("/a");
    if (has_target) {
        APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make("/b");
    }
    apr_array_cat(words, options);
    bad = r307_line_parse_words(p, words, nowhere, context, &rule);
    *model = NULL;
    if (!bad && !rule->name && !rule->group && rule->pattern && !rule->pattern->regex
        && !rule->pattern->segs
        && rule->target->kind == (has_target ? R307_TARGET_PATH : R307_TARGET_NONE)) {
        *model = model_from(p, rule);
    }
    return bad;
}

r307_rule_t *r307_literal_make(apr_pool_t *p, const r307_literal_t *model,
                               r307_place_t place, r307_slice_t source,
                               r307_slice_t target)
{
    int has_target = model->rule.target->kind == R307_TARGET_PATH;
    words_t words = { source, target, 0, 0 };
    r307_literal_t *made;

    if (r307_literal_source(source.s, source.len) != source.len || source.len == 0
        || (has_target ? target_len(target.s, target.len, &words.origin, &words.scheme)
                         != target.len || target.len == 0 : target.len != 0)) {
        return NULL;
    }
    made = apr_pmemdup(p, model, sizeof(*made));
    fill(made, place, &words);
    return &made->rule;
}

/* --- lines of which the words are kept --- */

const r307_rule_t *r307_plain_rule(const r307_plain_t *plain, r307_literal_t *room)
{
    r307_place_t place;
    words_t words;

    *room = *plain->model;      /* by its type, as it is aligned */
    place.file = plain->file;
    place.line = plain->line;
    words.source = r307_slice(plain->words, plain->source_len);
    words.target = r307_slice(plain->words + plain->source_len + 1, plain->target_len);
    words.origin = plain->origin_len;
    words.scheme = plain->scheme_len;
    fill(room, place, &words);
    room->rule.identity = plain->identity;
    room->rule.is_made = 1;
    return &room->rule;
}

const r307_rule_t *r307_plain_keep(apr_pool_t *p, const r307_rule_t *rule)
{
    r307_literal_t *kept;

    if (!rule->is_made) {
        return rule;
    }
    kept = apr_pmemdup(p, rule, sizeof(*kept));     /* its rule is the first thing in it */
    kept->rule.pattern = &kept->pattern;
    if (rule->target->kind != R307_TARGET_NONE) {
        kept->rule.target = &kept->target;
        kept->target.parts = &kept->path;
    }
    return &kept->rule;
}

/* --- lines of a configuration --- */

#define KINDS_MOST 64           /* beyond, a way of options takes another one's place when it
                                 * comes twice: where each is another one that is no use */

/* Lines that are alike but for their plain words. */
typedef struct kind_t {
    r307_context_t context;
    r307_slice_t options;           /* as they are written */
    int has_target;
    const r307_literal_t *model;    /* NULL: these words are something else there */
} kind_t;

struct r307_literals_t {
    apr_pool_t *p;
    apr_array_header_t *kinds;      /* of kind_t */
    int last;                       /* most lines are of the kind of the one before */
    int replaced;
    apr_uint64_t missed;            /* of the last options that found no room */
};

r307_literals_t *r307_literals_make(apr_pool_t *p)
{
    r307_literals_t *literals = apr_palloc(p, sizeof(*literals));

    literals->p = p;
    literals->kinds = apr_array_make(p, 2, sizeof(kind_t));
    literals->last = literals->replaced = 0;
    literals->missed = 0;
    return literals;
}

/* Whether plain words become the same in both: nothing else of a context is asked for. */
static int is_alike(const r307_context_t *a, const r307_context_t *b)
{
    return a->match == b->match && a->where == b->where && a->is_late == b->is_late
        && a->is_tenant == b->is_tenant && a->jit == b->jit && a->home == b->home
        && a->ends_at_self == b->ends_at_self
        && (a->directive == b->directive || strcmp(a->directive, b->directive) == 0);
}

static int is_of(const kind_t *kind, const r307_context_t *context, r307_slice_t options,
                 int has_target)
{
    return kind->has_target == has_target && kind->options.len == options.len
        && (options.len == 0 || r307_slice_same(kind->options, options))
        && is_alike(&kind->context, context);
}

/* The words, if rules can share what the parser makes of them: they are options, none of
 * them is the name of one rule, and none has something of the host's. NULL: they are not. */
static apr_array_header_t *shareable(apr_pool_t *p, const char *text)
{
    apr_array_header_t *words;
    int i;

    if (r307_token_split(p, text, &words)) {
        return NULL;
    }
    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);
        const r307_option_t *option = r307_option_find(word->text, word->name_len);

        if (!option || option->says == R307_SAYS_NAME || option->keep != R307_KEEP_TEXT) {
            return NULL;
        }
    }
    return words;
}

static void make_kind(apr_pool_t *p, kind_t *kind, const r307_context_t *context,
                      r307_slice_t options, int has_target)
{
    apr_array_header_t *words;

    kind->context = *context;
    kind->options = r307_slice(apr_pstrmemdup(p, options.s, options.len), options.len);
    kind->has_target = has_target;
    kind->model = NULL;
    words = shareable(p, kind->options.s);
    if (words) {
        (void)r307_literal_model(p, words, has_target, context, &kind->model);
    }
}

/* The place of a kind that is met first, or -1: it has none yet. */
static int find_room(r307_literals_t *literals, r307_slice_t options)
{
    const kind_t *kinds = (const kind_t *)(const void *)literals->kinds->elts;
    int count = literals->kinds->nelts, i;
    apr_uint64_t h;

    if (count < KINDS_MOST || !options.len) {
        apr_array_push(literals->kinds);
        return count;
    }
    h = r307_hash_keyed(R307_HASH_OPEN, options.s, options.len);
    if (h != literals->missed) {
        literals->missed = h;
        return -1;
    }
    for (i = 0; i < count; i++) {
        literals->replaced = (literals->replaced + 1) % count;
        if (kinds[literals->replaced].options.len) {
            return literals->replaced;
        }
    }
    return -1;
}

static const r307_literal_t *model_of(r307_literals_t *literals,
                                      const r307_context_t *context, r307_slice_t options,
                                      int has_target)
{
    kind_t *kinds = (kind_t *)(void *)literals->kinds->elts;
    int count = literals->kinds->nelts, i;

    if (literals->last < count
        && is_of(&kinds[literals->last], context, options, has_target)) {
        return kinds[literals->last].model;
    }
    for (i = 0; i < count && !is_of(&kinds[i], context, options, has_target); i++) {
        continue;
    }
    if (i == count) {
        i = find_room(literals, options);
        if (i < 0) {
            return NULL;
        }
        kinds = (kind_t *)(void *)literals->kinds->elts;
        make_kind(literals->p, &kinds[i], context, options, has_target);
    }
    literals->last = i;
    return kinds[i].model;
}

/* Mostly there is one, so a call of the library costs more. */
static const char *skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\t') {
        s++;
    }
    return s;
}

/* What follows the plain words, without the blanks around it: nothing, or what begins with an
 * option and names no rule. 0: it is something else, as where a backslash is in front of them. */
static int find_options(const char *s, r307_slice_t *options)
{
    size_t len;

    s = skip_blanks(s);
    if (!*s) {
        *options = r307_slice("", 0);
        return 1;
    }
    if (!r307_option_find(s, r307_token_name(s))
        || strstr(s, r307_option_says(R307_SAYS_NAME)->name)) {
        return 0;
    }
    for (len = strlen(s); s[len - 1] == ' ' || s[len - 1] == '\t'; len--) {
        continue;
    }
    *options = r307_slice(s, len);
    return !s[len] || s[len - 1] != '\\';
}

/* The model of a line of plain words, options behind them; NULL: it is another line. */
static const r307_literal_t *read_words(r307_literals_t *literals, const char *line,
                                        const r307_context_t *context, words_t *words)
{
    const char *source = skip_blanks(line), *target;
    size_t len = strlen(source), n = r307_literal_source(source, len), to;
    r307_slice_t options;

    /* a source of <Location> may be left out, and maps have options of their own */
    if (!n || (size_t)(source - line) + len > R307_LINE_MOST
        || context->where == R307_WHERE_LOCATION || context->is_map) {
        return NULL;
    }
    target = skip_blanks(source + n);
    words->scheme = 0;
    to = target_len(target, strlen(target), &words->origin, &words->scheme);
    words->source = r307_slice(source, n);
    words->target = r307_slice(target, to);
    return find_options(target + to, &options) && (to || options.len)
        ? model_of(literals, context, options, to != 0) : NULL;
}

/* Both words as texts behind each other, at `to`. */
static void put_words(char *to, words_t *words)
{
    r307_slice_t *source = &words->source, *target = &words->target;

    memcpy(to, source->s, source->len);
    to[source->len] = '\0';
    memcpy(to + source->len + 1, target->s, target->len);
    to[source->len + 1 + target->len] = '\0';
    source->s = to;
    target->s = to + source->len + 1;
}

const r307_rule_t *r307_literals_line(r307_literals_t *literals, apr_pool_t *p,
                                      const char *line, r307_place_t place,
                                      const r307_context_t *context)
{
    words_t words;
    const r307_literal_t *model = read_words(literals, line, context, &words);
    r307_literal_t *made;

    if (!model) {
        return NULL;
    }
    made = apr_pmemdup(p, model, sizeof(*made));
    put_words(apr_palloc(p, words.source.len + words.target.len + 2), &words);
    fill(made, place, &words);
    made->rule.nth = context->nth;
    return &made->rule;
}

r307_plain_t *r307_literals_keep(r307_literals_t *literals, apr_pool_t *p, const char *line,
                                 r307_place_t place, const r307_context_t *context)
{
    words_t words;
    const r307_literal_t *model = read_words(literals, line, context, &words);
    r307_plain_t *plain;

    if (!model || model->rule.cond_count || r307_plan_is_there(&model->rule.plan)) {
        return NULL;
    }
    plain = apr_palloc(p, offsetof(r307_plain_t, words) + words.source.len
                          + words.target.len + 2);
    plain->model = model;
    plain->file = place.file;
    plain->line = place.line;
    plain->identity = 0;
    plain->source_len = (unsigned short)words.source.len;
    plain->target_len = (unsigned short)words.target.len;
    plain->origin_len = (unsigned short)words.origin;
    plain->scheme_len = (unsigned char)words.scheme;
    put_words(plain->words, &words);
    return plain;
}
