/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/literal_line.h"

#include <stddef.h>
#include <string.h>
#include <apr_strings.h>

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

size_t r307_literal_target(const char *s, size_t len)
{
    size_t scheme, n, path;

    if (len && s[0] == '/') {
        return r307_literal_source(s, len);
    }
    n = origin_len(s, len, &scheme);
    if (n == 0 || is_end(s, len, n)) {
        return n;
    }
    path = r307_literal_source(s + n, len - n);
    return path ? n + path : 0;
}

int r307_literal_is(r307_slice_t source, r307_slice_t target)
{
    return source.len && r307_literal_source(source.s, source.len) == source.len
        && target.len && r307_literal_target(target.s, target.len) == target.len;
}

const char *r307_literal_model(apr_pool_t *p, const apr_array_header_t *options,
                             int has_target, const r307_context_t *context,
                             const r307_rule_t **model)
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
        *model = rule;
    }
    return bad;
}

typedef struct plain_t {
    r307_rule_t rule;
    r307_pattern_t pattern;
    r307_target_t target;
    r307_part_t path;
} plain_t;

static void fill_target(plain_t *plain, r307_slice_t text)
{
    r307_target_t *target = &plain->target;
    size_t scheme = 0, n = text.s[0] == '/' ? 0 : origin_len(text.s, text.len, &scheme);

    target->kind = n ? R307_TARGET_URL : R307_TARGET_PATH;
    target->text = text.s;
    if (n) {
        target->scheme = r307_slice(text.s, scheme);
        target->host = r307_slice(text.s + scheme + 3, n - scheme - 3);
    }
    target->final_slash = n == text.len || text.s[text.len - 1] == '/';
    target->parts = &plain->path;
    if (n < text.len) {
        plain->path.kind = R307_PART_LITERAL;
        plain->path.in = R307_IN_PATH;
        plain->path.text = r307_slice(text.s + n, text.len - n);
        target->count = 1;
        target->as_written = text.len <= R307_LOCATION_MOST;
        target->head = plain->path.text;
        target->head.len -= target->final_slash;
    }
    plain->rule.target = target;
}

/* Words that are known to be plain; target.len is 0 where the model has none. */
static r307_rule_t *make(apr_pool_t *p, const r307_rule_t *model, r307_place_t place,
                         r307_slice_t source, r307_slice_t target)
{
    plain_t *plain = apr_palloc(p, sizeof(*plain));

    plain->rule = *model;
    memset(&plain->pattern, 0, sizeof(*plain) - offsetof(plain_t, pattern));
    plain->rule.place = place;
    plain->rule.source = source.s;
    plain->rule.pattern = &plain->pattern;
    plain->rule.head = source;
    plain->rule.base = model->base.s ? source : model->base;
    plain->pattern.match = model->pattern->match;
    plain->pattern.text = source.s;
    plain->pattern.fold = model->pattern->fold;
    plain->pattern.any_slash = model->pattern->any_slash;
    plain->pattern.head = source;
    plain->pattern.final_slash = source.s[source.len - 1] == '/';
    if (target.len) {
        fill_target(plain, target);
        plain->rule.carry = (unsigned char)r307_line_carries(&plain->rule);
    }
    return &plain->rule;
}

r307_rule_t *r307_literal_make(apr_pool_t *p, const r307_rule_t *model,
                               r307_place_t place, r307_slice_t source,
                               r307_slice_t target)
{
    int has_target = model->target->kind == R307_TARGET_PATH;

    if (r307_literal_source(source.s, source.len) != source.len || source.len == 0
        || (has_target ? r307_literal_target(target.s, target.len) != target.len
                         || target.len == 0 : target.len != 0)) {
        return NULL;
    }
    return make(p, model, place, source, target);
}

/* --- lines of a configuration --- */

typedef struct literal_place_t {
    r307_context_t context;
    const r307_rule_t *model;       /* NULL: two words are something else there */
} literal_place_t;

struct r307_literals_t {
    apr_pool_t *p;
    apr_array_header_t *places;     /* of literal_place_t */
};

r307_literals_t *r307_literals_make(apr_pool_t *p)
{
    r307_literals_t *literals = apr_palloc(p, sizeof(*literals));

    literals->p = p;
    literals->places = apr_array_make(p, 2, sizeof(literal_place_t));
    return literals;
}

/* Whether plain words become the same in both: nothing else of a context is asked for. */
static int is_alike(const r307_context_t *a, const r307_context_t *b)
{
    return a->match == b->match && a->where == b->where && a->is_late == b->is_late
        && a->is_tenant == b->is_tenant && a->jit == b->jit && a->home == b->home
        && a->ends_at_self == b->ends_at_self && strcmp(a->directive, b->directive) == 0;
}

static const r307_rule_t *model_of(r307_literals_t *literals, const r307_context_t *context)
{
    apr_array_header_t *none;
    literal_place_t *place;
    int i;

    for (i = 0; i < literals->places->nelts; i++) {
        place = &APR_ARRAY_IDX(literals->places, i, literal_place_t);
        if (is_alike(&place->context, context)) {
            return place->model;
        }
    }
    none = apr_array_make(literals->p, 1, sizeof(r307_word_t));
    place = apr_array_push(literals->places);
    place->context = *context;
    (void)r307_literal_model(literals->p, none, 1, context, &place->model);
    return place->model;
}

/* Mostly there is one, so a call of the library costs more. */
static const char *skip_blanks(const char *s)
{
    while (*s == ' ' || *s == '\t') {
        s++;
    }
    return s;
}

const r307_rule_t *r307_literals_line(r307_literals_t *literals, apr_pool_t *p,
                                      const char *line, r307_place_t place,
                                      const r307_context_t *context)
{
    const char *source = skip_blanks(line), *target;
    size_t len = strlen(source), n = r307_literal_source(source, len), to;
    const r307_rule_t *model;
    r307_rule_t *rule;
    char *text;

    /* a source of <Location> may be left out, and maps have options of their own */
    if (!n || len > R307_LINE_MOST || context->where == R307_WHERE_LOCATION || context->is_map) {
        return NULL;
    }
    target = skip_blanks(source + n);
    to = r307_literal_target(target, strlen(target));
    model = to && !*skip_blanks(target + to) ? model_of(literals, context) : NULL;
    if (!model) {
        return NULL;
    }
    text = apr_palloc(p, n + to + 2);
    memcpy(text, source, n);
    text[n] = '\0';
    memcpy(text + n + 1, target, to);
    text[n + 1 + to] = '\0';
    rule = make(p, model, place, r307_slice(text, n), r307_slice(text + n + 1, to));
    rule->nth = context->nth;
    return rule;
}
