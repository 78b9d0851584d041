/* SPDX-License-Identifier: Apache-2.0
 *
 * The load-time half of map: the lines of a file to an image. */
#include "map/map_seen.h"
#include "map/map_line.h"

#include <string.h>
#include <apr_strings.h>

#include "base/hash.h"
#include "grammar/stay.h"

/* --- what is said of lines --- */

/* Lines that a limit leaves out are said once, with their number. */
typedef struct over_t {
    unsigned line;              /* the first of them */
    apr_uint32_t count;
} over_t;

typedef struct building_t {
    apr_pool_t *p;
    apr_pool_t *scratch;        /* of one line */
    const r307_mapdef_t *def;
    const r307_maplimits_t *limits;
    r307_mapresult_t *result;
    r307_context_t context;
    r307_draft_t defaults;      /* match=, case= and slash= of the map */
    unsigned looked;            /* rows since is_over was asked */
    apr_int64_t regexes;
    int gave_up;
    int is_told;                /* the row that comes is not what its line says */
    over_t lines_over, regexes_over;
    r307_slice_t file;
    r307_seen_t *seen;
    r307_maprow_t waiting;      /* a plain row whose cell is being fetched; source absent:
                                 * none */
    apr_uint64_t waiting_hash;
} building_t;

static int is_told(const building_t *b, apr_uint32_t count)
{
    return !b->limits->told_most || count <= b->limits->told_most;
}

static void tell(building_t *b, unsigned line, const char *why)
{
    b->result->bad++;
    if (b->limits->bad && is_told(b, b->result->bad)) {
        b->limits->bad(b->limits->baton, line, why);
    }
}

static void note(building_t *b, unsigned line, const char *why)
{
    b->result->notes++;
    if (b->limits->note && is_told(b, b->result->notes)) {
        b->limits->note(b->limits->baton, line, why);
    }
}

static void pass_limit(over_t *over, unsigned line)
{
    over->line = over->count++ ? over->line : line;
}

/* Counted as bad lines, every one; said whatever was said before. */
static void tell_over(building_t *b, const over_t *over, apr_int64_t most, const char *what)
{
    const char *why = apr_psprintf(b->p, "the server takes %" APR_INT64_T_FMT " %s%s of a "
                                   "map, and this is one more", most, what,
                                   most == 1 ? "" : "s");

    if (over->count == 0) {
        return;
    }
    if (over->count > 1) {
        why = apr_psprintf(b->p, "%s; so are %u behind it", why, over->count - 1);
    }
    if (most == 0) {
        why = apr_psprintf(b->p, "the server takes no %ss of a map, and there %s %u", what,
                           over->count == 1 ? "is" : "are", over->count);
    }
    if (b->limits->bad) {
        b->limits->bad(b->limits->baton, over->line, apr_pstrcat(
            b->p, why, over->count == 1 ? r307_stay_words(0) : "; they are left out", NULL));
    }
    b->result->bad += over->count;
}

static void tell_limits(building_t *b)
{
    tell_over(b, &b->regexes_over, b->limits->regex_most, "regular expression");
    tell_over(b, &b->lines_over, b->limits->lines_most, "rule");
}

/* --- sources that came before --- */

/* 1 when a line in front of this one answers all that it is for. */
static int is_taken(building_t *b, const r307_seen_row_t *row, r307_slice_t source,
                    apr_uint64_t h)
{
    r307_seen_row_t before;
    const char *shown, *by;

    if (!r307_seen_find(b->seen, h, row->key, &before)) {
        return 0;
    }
    shown = r307_text_show(b->scratch, source.s, source.len);
    by = r307_text_show(b->scratch, before.target.s, before.target.len);
    if (before.stays) {
        tell(b, row->line, apr_psprintf(b->scratch, "'%s' stays where it is by line %u; "
                                        "this line never answers", shown, before.line));
    }
    else if (r307_slice_same(before.target, row->target)
             && (apr_uint32_t)before.rest == (apr_uint32_t)row->rest) {
        note(b, row->line, apr_psprintf(b->scratch, "'%s' is said by line %u already, in "
                                        "the same way", shown, before.line));
    }
    else {
        tell(b, row->line, apr_psprintf(b->scratch, "'%s' is already sent to %s by line "
                                        "%u; this line never answers", shown,
                                        before.target.len ? by : "nothing", before.line));
    }
    return 1;
}

/* --- rows --- */

static int is_over_limit(building_t *b, unsigned number, int is_regex)
{
    if (is_regex && b->regexes >= b->limits->regex_most) {
        pass_limit(&b->regexes_over, number);
        return 1;
    }
    if (b->limits->lines_most
        && b->result->rules - b->result->stays >= b->limits->lines_most) {
        pass_limit(&b->lines_over, number);
        return 1;
    }
    return 0;
}

static void add_bad(building_t *b, unsigned line, const char *why,
                    const apr_array_header_t *words);

/* 1, or 0 when it is no rule, or one too many. */
static int add(building_t *b, const apr_array_header_t *words, unsigned number, int is_regex)
{
    const char *bad;

    if (is_over_limit(b, number, is_regex)) {
        return 0;
    }
    bad = r307_image_add(b->scratch, b->result->builder, words, number);
    if (bad) {
        add_bad(b, number, bad, words);
        return 0;
    }
    b->result->rules++;
    b->regexes += is_regex;
    return 1;
}

static const apr_array_header_t *words_of(building_t *b, const r307_maprow_t *row)
{
    apr_array_header_t *words = apr_array_make(b->scratch, 2, sizeof(r307_word_t));
    const char *source = r307_slice_text(b->scratch, row->source);
    const char *target = r307_slice_text(b->scratch, row->target);

    APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(source);
    APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(target);
    return words;
}

static void add_plain(building_t *b, const r307_maprow_t *row, apr_uint64_t h)
{
    r307_seen_row_t seen = { row->source, row->target, row->line, 0, 0 };
    const char *bad;

    if (is_taken(b, &seen, row->source, h)) {
        apr_pool_clear(b->scratch);
        return;
    }
    if (is_over_limit(b, row->line, 0)) {
        return;
    }
    bad = r307_image_add_plain(b->scratch, b->result->builder, row->source, row->target,
                               row->line);
    if (bad) {
        add_bad(b, row->line, bad, words_of(b, row));
        apr_pool_clear(b->scratch);
        return;
    }
    b->result->rules++;
    r307_seen_keep_added(b->seen, h, row->source);
}

/* Whether an option says when the line answers, or for whom, and not what. */
static int is_condition(const r307_option_t *option)
{
    return option->says == R307_SAYS_WHO || option->says == R307_SAYS_BEGIN
        || option->says == R307_SAYS_END || option->says == R307_SAYS_TIME;
}

/* What of its own makes a line's source another one than that of the map's lines. */
#define WAY_FOLD  1
#define WAY_SLASH 2

/* A line's words: its source and target, as written, and what its options come to. */
typedef struct line_t {
    r307_slice_t source;
    r307_seen_row_t seen;
    int always;                 /* it answers whenever it is asked */
    int is_regex, is_exact;
} line_t;

/* Which source a line is for, by its options. */
static void read_source(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                        const r307_word_t *word)
{
    if (option->says == R307_SAYS_MATCH) {
        draft->match = R307_MATCH_UNSET;
    }
    if (option->says == R307_SAYS_MATCH || option->says == R307_SAYS_SOURCE) {
        r307_option_set(p, draft, option, r307_word_value(word));
    }
}

static void read_defaults(building_t *b)
{
    int i;

    memset(&b->defaults, 0, sizeof(b->defaults));
    b->defaults.match = b->def->match;
    for (i = 0; i < b->def->defaults->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(b->def->defaults, i, r307_word_t);

        read_source(b->p, &b->defaults, r307_option_find(word->text, word->name_len), word);
    }
}

static void read_option(building_t *b, const r307_word_t *word, r307_draft_t *draft,
                        line_t *line)
{
    const r307_option_t *option = r307_option_find(word->text, word->name_len);

    line->always = line->always && option && !is_condition(option);
    line->seen.rest = r307_hash_keyed(b->limits->seed ^ line->seen.rest, word->text,
                                      strlen(word->text)) | 1;
    if (option) {
        read_source(b->scratch, draft, option, word);
    }
}

static void read_words(building_t *b, const apr_array_header_t *words, unsigned number,
                       line_t *line)
{
    r307_draft_t draft = b->defaults;
    const char *source = NULL;
    int i, way;

    memset(line, 0, sizeof(*line));
    line->always = 1;
    line->seen.target = r307_slice("", 0);
    line->seen.line = number;
    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);

        if (word->name_len) {
            read_option(b, word, &draft, line);
        }
        else if (!source) {
            source = word->text;
        }
        else {
            line->seen.target = r307_slice(word->text, strlen(word->text));
        }
    }
    line->is_regex = draft.match == R307_MATCH_REGEX;
    line->is_exact = draft.match == R307_MATCH_EXACT;
    if (source) {
        way = (draft.fold && !b->defaults.fold ? WAY_FOLD : 0)
            | (draft.any_slash && !b->defaults.any_slash ? WAY_SLASH : 0);
        line->source = r307_slice(source, strlen(source));
        line->seen.key = r307_seen_key(b->scratch, source, way);
        if ((way & WAY_SLASH) && line->seen.key.len > 2
            && line->seen.key.s[line->seen.key.len - 1] == '/') {
            line->seen.key.len--;
        }
    }
}

/* Adds a line of the grammar, if none before it answers all that it is for. */
static void add_words(building_t *b, unsigned number, const apr_array_header_t *words,
                      int stays)
{
    apr_uint64_t h = 0;
    line_t line;

    read_words(b, words, number, &line);
    line.seen.stays = stays;
    /* match= makes another source of the same text */
    line.always = line.always && line.source.len;
    if (line.source.len && line.is_exact) {
        h = r307_hash_keyed(b->limits->seed, line.seen.key.s, line.seen.key.len);
        if (is_taken(b, &line.seen, line.source, h)) {
            return;
        }
    }
    if (add(b, words, number, line.is_regex) && line.always && line.is_exact) {
        r307_seen_keep(b->seen, h, &line.seen);
    }
}

/* What stands in for a bad line, unless a line before it has its source; 1 when something
 * does. */
static int add_stay(building_t *b, unsigned number, const apr_array_header_t *words)
{
    const apr_array_header_t *stay = words ? r307_stay_line(b->scratch, words, &b->context)
                                           : NULL;
    r307_seen_row_t before;
    apr_uint64_t h;
    line_t line;

    if (!stay) {
        return 0;
    }
    read_words(b, stay, number, &line);
    line.seen.stays = 1;
    line.seen.target.len = 0;
    h = r307_hash_keyed(b->limits->seed, line.seen.key.s, line.seen.key.len);
    if ((line.is_exact && r307_seen_find(b->seen, h, line.seen.key, &before))
        || (line.is_regex && b->regexes >= b->limits->regex_most)
        || (b->limits->lines_most && b->result->stays >= b->limits->lines_most)
        || r307_image_add(b->scratch, b->result->builder, stay, number)) {
        return 0;
    }
    b->regexes += line.is_regex;
    b->result->rules++;
    b->result->stays++;
    if (line.is_exact) {
        r307_seen_keep(b->seen, h, &line.seen);
    }
    return 1;
}

static void add_bad(building_t *b, unsigned line, const char *why,
                    const apr_array_header_t *words)
{
    int stays = add_stay(b, line, words);

    tell(b, line, apr_pstrcat(b->scratch, why, r307_stay_words(stays), NULL));
}

static void flush(building_t *b)
{
    if (b->waiting.source.s) {
        add_plain(b, &b->waiting, b->waiting_hash);
        b->waiting.source.s = NULL;
    }
}

static int is_in_file(const r307_slice_t file, const char *s)
{
    return s >= file.s && s < file.s + file.len;
}

/* What does not stay where it is cannot wait. */
static void add_later(building_t *b, const r307_maprow_t *row)
{
    apr_uint64_t h = r307_hash_keyed(b->limits->seed, row->source.s, row->source.len);

    r307_seen_fetch(b->seen, h);
    flush(b);
    if (is_in_file(b->file, row->source.s) && is_in_file(b->file, row->target.s)) {
        b->waiting = *row;
        b->waiting_hash = h;
    }
    else {
        add_plain(b, row, h);
    }
}

/* After a row: whether to give up is asked now and then. */
static int end_row(building_t *b)
{
    b->is_told = 0;
    if (++b->looked == 1024) {
        b->looked = 0;
        b->gave_up = b->limits->is_over && b->limits->is_over(b->limits->baton);
    }
    return b->gave_up;
}

static int on_bad(void *baton, unsigned line, const char *why,
                  const apr_array_header_t *words)
{
    building_t *b = baton;

    flush(b);
    add_bad(b, line, why, words);
    apr_pool_clear(b->scratch);
    return end_row(b);
}

static void on_told(void *baton, unsigned line, const char *why)
{
    building_t *b = baton;

    flush(b);
    tell(b, line, why);
    b->is_told = 1;
}

static void on_note(void *baton, unsigned line, const char *why)
{
    flush(baton);
    note(baton, line, why);
}

static int on_row(void *baton, const r307_maprow_t *row)
{
    building_t *b = baton;
    apr_uint32_t rules;

    if (row->source.s && b->def->match != R307_MATCH_REGEX) {
        add_later(b, row);
    }
    else if (row->source.s) {
        add(b, words_of(b, row), row->line, 1);
        apr_pool_clear(b->scratch);
    }
    else {
        flush(b);
        rules = b->result->rules;
        add_words(b, row->line, row->words, b->is_told);
        b->result->stays += b->is_told && b->result->rules > rules;
        apr_pool_clear(b->scratch);
    }
    return end_row(b);
}

static const char *untold(apr_pool_t *p, apr_uint32_t count)
{
    return count == 1 ? "one more line is no rule; it is not named"
                      : apr_psprintf(p, "%u more lines are no rules; they are not named",
                                     count);
}

#define ROW_SHORT 16            /* bytes; of empty lines there may be as many as bytes */

/* So many rows, about: of a table that has to grow all is placed anew. */
static size_t count_rows(r307_slice_t file)
{
    const char *at = file.s, *end = file.s + file.len;
    size_t count = 1, most = 1024 + file.len / ROW_SHORT;

    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        count++;
        at++;
    }
    return count < most ? count : most;
}

static void make_reading(const building_t *b, const r307_mapbytes_t *bytes,
                         r307_image_reading_t *reading)
{
    memset(reading, 0, sizeof(*reading));
    reading->context = b->context;
    reading->file = b->def->name;
    reading->seed = b->limits->seed;
    reading->bytes = b->file;
    reading->source_size = bytes->len;
    reading->source_time = bytes->time;
    reading->options = b->def->defaults->nelts ? r307_map_options : NULL;
    reading->baton = (void *)b->def;
}

const char *r307_map_build(apr_pool_t *p, const r307_mapdef_t *def,
                           const r307_expr_maker_t *maker, const r307_mapbytes_t *bytes,
                           const r307_maplimits_t *limits, r307_mapresult_t *result)
{
    building_t b;
    const r307_mapsink_t to_us = { on_row, on_bad, on_told, on_note, &b, &b.context, NULL };
    r307_image_reading_t reading;
    apr_uint32_t told;
    const char *bad;

    memset(result, 0, sizeof(*result));
    memset(&b, 0, sizeof(b));
    b.p = p;
    b.def = def;
    b.limits = limits;
    b.result = result;
    b.file = r307_slice(bytes->s, bytes->len);
    r307_map_context(def, &b.context);
    if (maker) {
        b.context.maker = *maker;
    }
    read_defaults(&b);
    make_reading(&b, bytes, &reading);
    result->builder = r307_image_builder_make(p, &reading);
    apr_pool_create(&b.scratch, p);
    b.seen = r307_seen_make(p, count_rows(b.file), result->builder,
                            limits->seed);
    bad = r307_format_read(p, bytes->s, bytes->len, def->format, &to_us);
    flush(&b);
    if (!bad && b.gave_up) {
        bad = "given up";
    }
    told = result->bad;
    if (!bad && !is_told(&b, told) && limits->bad) {
        limits->bad(limits->baton, 0, untold(p, told - limits->told_most));
    }
    if (!bad) {
        tell_limits(&b);
    }
    return bad;
}
