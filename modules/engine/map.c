/* SPDX-License-Identifier: Apache-2.0 */
#include "map.h"

#include <string.h>
#include <apr_strings.h>

#include "line.h"
#include "time.h"
#include "token.h"

#define DIRECTIVE "Redirect307Map"
#define ROW_USUAL 56            /* bytes; a file of shorter ones makes its table grow */

/* --- the directive's line --- */

static const char *name_of(apr_pool_t *p, const r307_word_t *word)
{
    return apr_pstrmemdup(p, word->text, word->name_len);
}

static int is_named(const r307_word_t *word, const char *name)
{
    return word->name_len == strlen(name)
        && memcmp(word->text, name, word->name_len) == 0;
}

static const char *value_of(const r307_word_t *word)
{
    return word->text + word->name_len + 1;
}

static const char *parse_match(apr_pool_t *p, const char *value, r307_match_t *match)
{
    int i;

    for (i = R307_MATCH_PREFIX; i <= R307_MATCH_REGEX; i++) {
        if (strcmp(r307_match_name((r307_match_t)i), value) == 0) {
            *match = (r307_match_t)i;
            return NULL;
        }
    }
    return apr_psprintf(p, "match='%s' is not known; write match=exact, match=prefix or "
                        "match=regex", r307_text_show(p, value, strlen(value)));
}

static const char *join(apr_pool_t *p, const apr_array_header_t *words)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 64);
    for (i = 0; i < words->nelts; i++) {
        if (i) {
            r307_buf_putc(&buf, ' ');
        }
        r307_buf_puts(&buf, r307_token_quote(p, APR_ARRAY_IDX(words, i,
                                                              r307_word_t).text));
    }
    return buf.s;
}

/* Options nobody could use are said where they stand, not once for every line. */
static const char *check_defaults(apr_pool_t *p, const r307_mapdef_t *def,
                                  const r307_context_t *context)
{
    const r307_place_t place = { NULL, 0 };
    const r307_rule_t *rule;
    r307_context_t of_lines = *context;

    r307_map_context(def, &of_lines);
    of_lines.maker = context->maker;
    return r307_line_parse(p, apr_pstrcat(p, def->match == R307_MATCH_REGEX ? "^/x" : "/x",
                                          " /y ", join(p, def->defaults), NULL),
                           place, &of_lines, &rule);
}

static const char *take_word(apr_pool_t *p, const r307_word_t *word, r307_mapdef_t *def,
                             apr_array_header_t *defaults, const char **format)
{
    if (is_named(word, "format")) {
        *format = value_of(word);
    }
    else if (is_named(word, "match")) {
        return parse_match(p, value_of(word), &def->match);
    }
    else if (is_named(word, "name")) {
        return "name= is the name of one rule; write it in the file, behind that rule";
    }
    else if (word->name_len) {
        APR_ARRAY_PUSH(defaults, r307_word_t) = *word;
    }
    else if (def->file) {
        return apr_psprintf(p, "'%s' is one word too many; write: " DIRECTIVE " %s, and "
                            "options name=value behind it",
                            r307_text_show(p, word->text, strlen(word->text)),
                            r307_text_show(p, def->file, strlen(def->file)));
    }
    else {
        def->file = word->text;
    }
    return NULL;
}

const char *r307_map_parse(apr_pool_t *p, const char *args, const r307_context_t *context,
                           r307_mapdef_t *def)
{
    apr_array_header_t *words, *defaults = apr_array_make(p, 4, sizeof(r307_word_t));
    const char *bad = r307_token_split(p, args, &words), *format = NULL;
    int i;

    memset(def, 0, sizeof(*def));
    def->match = R307_MATCH_EXACT;
    def->where = context->where == R307_WHERE_DIRECTORY ? R307_WHERE_DIRECTORY
                                                        : R307_WHERE_SERVER;
    def->is_tenant = context->is_tenant;
    for (i = 0; !bad && i < words->nelts; i++) {
        bad = take_word(p, &APR_ARRAY_IDX(words, i, r307_word_t), def, defaults, &format);
    }
    if (!bad && (!def->file || !*def->file)) {
        bad = "the line names no file; write: " DIRECTIVE " relaunch.csv";
    }
    if (!bad) {
        bad = r307_mapfile_format(p, def->file, format, &def->format);
    }
    if (bad) {
        return bad;
    }
    def->name = def->file;
    def->defaults = defaults;
    def->text = apr_psprintf(p, "%s %s %s %s", r307_mapfile_format_name(def->format),
                             r307_match_name(def->match),
                             def->where == R307_WHERE_DIRECTORY ? "d" : "s",
                             join(p, defaults));
    return check_defaults(p, def, context);
}

void r307_map_context(const r307_mapdef_t *def, r307_context_t *context)
{
    memset(context, 0, sizeof(*context));
    context->directive = "";
    context->match = def->match;
    context->where = def->where;
    context->is_late = def->where == R307_WHERE_DIRECTORY;
    context->is_map = 1;
    context->is_tenant = def->is_tenant;
    context->jit = 1;
}

/* A line can shorten the time its map is in force, and not prolong it. */
static int is_narrower(apr_pool_t *p, const r307_word_t *own, const r307_word_t *of_map)
{
    int is_end = is_named(own, "until");
    apr_time_t mine, maps;

    if ((!is_end && !is_named(own, "from"))
        || r307_time_parse(p, value_of(own), is_end, &mine)
        || r307_time_parse(p, value_of(of_map), is_end, &maps)) {
        return 1;
    }
    return is_end ? mine <= maps : mine >= maps;
}

/* A line's own options and, behind them, the map's for what it does not say. */
static const char *all_options(void *baton, apr_pool_t *p, const char *own,
                               const char **all)
{
    const r307_mapdef_t *def = baton;
    apr_array_header_t *words, *joined;
    const char *bad = r307_token_split(p, own, &words);
    int i, k;

    if (bad) {
        return bad;
    }
    joined = apr_array_copy(p, words);
    for (i = 0; i < def->defaults->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(def->defaults, i, r307_word_t);

        for (k = 0; k < words->nelts; k++) {
            r307_word_t *its = &APR_ARRAY_IDX(joined, k, r307_word_t);

            if (is_named(its, name_of(p, word))) {
                *its = is_narrower(p, its, word) ? *its : *word;
                break;
            }
        }
        if (k == words->nelts) {
            APR_ARRAY_PUSH(joined, r307_word_t) = *word;
        }
    }
    *all = join(p, joined);
    return NULL;
}

/* --- sources that came before --- */

/* Where the text of two sources is the same and the first one answers whenever it is
 * asked, the second one never does. There may be a million: cells of 8 bytes, and texts
 * stay in the file where they stand. */
typedef struct cell_t {
    apr_uint32_t tag;           /* of the hash; 0: free */
    apr_uint32_t row;
} cell_t;

typedef struct row_t {
    const char *source;
    apr_uint32_t len, line;
    apr_uint32_t target, target_len;    /* behind the source's beginning */
} row_t;

typedef struct building_t {
    apr_pool_t *p;
    apr_pool_t *scratch;        /* of one line */
    const r307_mapdef_t *def;
    const r307_mapbytes_t *bytes;
    const r307_maplimits_t *limits;
    r307_mapresult_t *result;
    r307_buf_t line;
    unsigned looked;            /* rows since is_over was asked */
    apr_int64_t regexes;
    int gave_up;
    cell_t *cells;
    size_t mask;
    row_t *rows;
    size_t row_count, row_room;
    r307_maprow_t waiting;      /* a plain row whose cell is being fetched; source absent:
                                 * none */
    apr_uint64_t waiting_hash;
} building_t;

static void tell(building_t *b, unsigned line, const char *why)
{
    b->result->bad++;
    if (b->limits->bad && b->result->bad <= R307_MAP_TOLD) {
        b->limits->bad(b->limits->baton, line, why);
    }
}

/* By words of 8, because a million sources are hashed. Nobody can aim at collisions as he
 * does not know the seed. */
static apr_uint64_t hash(const char *s, size_t len, apr_uint64_t seed)
{
    apr_uint64_t h = seed ^ (len * APR_UINT64_C(0x9E3779B97F4A7C15)), word;

    for (; len >= 8; len -= 8, s += 8) {
        memcpy(&word, s, 8);
        h = (h ^ word) * APR_UINT64_C(0xff51afd7ed558ccd);
        h ^= h >> 32;
    }
    word = 0;
    memcpy(&word, s, len);
    h = (h ^ word) * APR_UINT64_C(0xff51afd7ed558ccd);
    return h ^ (h >> 29);
}

/* Half as many cells again as rows, at least. */
static void make_table(building_t *b)
{
    size_t cells = 2048;

    while (cells < b->row_room * 3 / 2) {
        cells *= 2;
    }
    b->cells = apr_pcalloc(b->p, cells * sizeof(*b->cells));
    b->mask = cells - 1;
}

/* The cell of that hash and text, or the free one where it belongs. */
static cell_t *find_cell(const building_t *b, apr_uint64_t h, const char *s, size_t len)
{
    apr_uint32_t tag = (apr_uint32_t)(h >> 32) | 1;
    size_t at = (size_t)h & b->mask;

    while (b->cells[at].tag) {
        const row_t *row = &b->rows[b->cells[at].row];

        if (b->cells[at].tag == tag && row->len == len
            && memcmp(row->source, s, len) == 0) {
            break;
        }
        at = (at + 1) & b->mask;
    }
    return &b->cells[at];
}

static void grow(building_t *b)
{
    row_t *rows = apr_palloc(b->p, b->row_room * 2 * sizeof(*rows));
    size_t i;

    memcpy(rows, b->rows, b->row_count * sizeof(*rows));
    b->rows = rows;
    b->row_room *= 2;
    make_table(b);
    for (i = 0; i < b->row_count; i++) {
        apr_uint64_t h = hash(rows[i].source, rows[i].len, b->limits->seed);
        cell_t *cell = find_cell(b, h, rows[i].source, rows[i].len);

        cell->tag = (apr_uint32_t)(h >> 32) | 1;
        cell->row = (apr_uint32_t)i;
    }
}

static void tell_taken(building_t *b, unsigned line, const row_t *row)
{
    tell(b, line, apr_psprintf(b->scratch, "'%s' is already sent to %s by line %u; this "
                               "line never answers",
                               r307_text_show(b->scratch, row->source, row->len),
                               row->target_len
                                   ? r307_text_show(b->scratch, row->source + row->target,
                                                    row->target_len)
                                   : "nothing", row->line));
    apr_pool_clear(b->scratch);
}

/* A free cell; NULL: that source was there before. */
static cell_t *take_source(building_t *b, unsigned line, r307_slice_t source,
                           apr_uint64_t h)
{
    cell_t *cell = find_cell(b, h, source.s, source.len);

    if (cell->tag) {
        tell_taken(b, line, &b->rows[cell->row]);
        return NULL;
    }
    return cell;
}

static int is_in_file(const building_t *b, const char *s)
{
    return s >= b->bytes->s && s < b->bytes->s + b->bytes->len;
}

static void keep_source(building_t *b, cell_t *cell, apr_uint64_t h, unsigned line,
                        r307_slice_t source, r307_slice_t target)
{
    row_t *row = &b->rows[b->row_count];

    row->source = source.s;
    row->target = (apr_uint32_t)(target.s - source.s);
    if (!is_in_file(b, source.s) || !is_in_file(b, target.s)) {
        row->source = apr_pstrcat(b->p, apr_pstrmemdup(b->scratch, source.s, source.len),
                                  apr_pstrmemdup(b->scratch, target.s, target.len), NULL);
        row->target = (apr_uint32_t)source.len;
        apr_pool_clear(b->scratch);
    }
    row->len = (apr_uint32_t)source.len;
    row->line = line;
    row->target_len = (apr_uint32_t)target.len;
    cell->tag = (apr_uint32_t)(h >> 32) | 1;
    cell->row = (apr_uint32_t)b->row_count++;
    if (b->row_count == b->row_room) {
        grow(b);
    }
}

/* --- rows --- */

static int add(building_t *b, const char *line, size_t len, unsigned number, int is_regex)
{
    const char *bad;

    if (is_regex && b->regexes >= b->limits->regex_most) {
        tell(b, number, b->limits->regex_most
             ? apr_psprintf(b->scratch, "the server takes %" APR_INT64_T_FMT " regular "
                            "expression%s of a map, and this is one more",
                            b->limits->regex_most, b->limits->regex_most == 1 ? "" : "s")
             : "the server takes no regular expressions of a map");
        return 0;
    }
    if (b->limits->lines_most && b->result->rules >= b->limits->lines_most) {
        tell(b, number, apr_psprintf(b->scratch, "the server takes %u rule%s of a map, and "
                                     "this is one more", b->limits->lines_most,
                                     b->limits->lines_most == 1 ? "" : "s"));
        return 0;
    }
    bad = r307_image_add(b->scratch, b->result->builder, line, len, number);
    if (bad) {
        tell(b, number, bad);
        return 0;
    }
    b->result->rules++;
    b->regexes += is_regex;
    return 1;
}

static void add_plain(building_t *b, const r307_maprow_t *row, apr_uint64_t h)
{
    r307_slice_t whole = row->source;
    cell_t *cell = take_source(b, row->line, row->source, h);

    if (!cell) {
        return;
    }
    /* "/from /to" is handed over as it stands in the file */
    if (b->def->format == R307_FORMAT_LINES) {
        whole.len = (size_t)(row->target.s + row->target.len - row->source.s);
    }
    else {
        b->line.len = 0;
        r307_buf_add(&b->line, row->source.s, row->source.len);
        r307_buf_putc(&b->line, ' ');
        r307_buf_add(&b->line, row->target.s, row->target.len);
        whole = r307_slice(b->line.s, b->line.len);
    }
    if (add(b, whole.s, whole.len, row->line, 0)) {
        keep_source(b, cell, h, row->line, row->source, row->target);
    }
}

/* Whether an option says what is answered, and not when. */
static int is_no_condition(const r307_word_t *word)
{
    static const char *const names[] = {
        "match", "case", "slash", "status", "query", "cache", "vary", "owner", "note", "name"
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (is_named(word, names[i])) {
            return 1;
        }
    }
    return 0;
}

/* Source and target of a line, as written; whether it answers whenever it is asked. */
static int read_words(const apr_array_header_t *words, r307_slice_t *source,
                      r307_slice_t *target)
{
    int i, always = 1;

    *source = *target = r307_slice("", 0);
    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);

        if (word->name_len) {
            always = always && is_no_condition(word);
        }
        else if (!source->len) {
            *source = r307_slice(word->text, strlen(word->text));
        }
        else {
            *target = r307_slice(word->text, strlen(word->text));
        }
    }
    return always;
}

/* match= makes another source of the same text. */
static const char *match_of(const apr_array_header_t *words)
{
    int i;

    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);

        if (is_named(word, "match") && strcmp(value_of(word), "exact") != 0) {
            return value_of(word);
        }
    }
    return NULL;
}

static int is_regex(const building_t *b, const apr_array_header_t *words)
{
    int i;

    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);

        if (is_named(word, "match")) {
            return strcmp(value_of(word), "regex") == 0;
        }
    }
    return b->def->match == R307_MATCH_REGEX;
}

static void add_text(building_t *b, const r307_maprow_t *row)
{
    apr_array_header_t *words;
    const char *bad = r307_token_split(b->scratch, row->text, &words);
    r307_slice_t source, target;
    apr_uint64_t h = 0;
    cell_t *cell = NULL;
    int always;

    if (bad) {
        tell(b, row->line, bad);
        return;
    }
    always = read_words(words, &source, &target);
    if (source.len && !match_of(words)) {
        h = hash(source.s, source.len, b->limits->seed);
        cell = take_source(b, row->line, source, h);
        if (!cell) {
            return;
        }
    }
    if (add(b, row->text, strlen(row->text), row->line, is_regex(b, words)) && always
        && cell) {
        keep_source(b, cell, h, row->line, source, target);
    }
}

static void flush(building_t *b)
{
    if (b->waiting.source.s) {
        add_plain(b, &b->waiting, b->waiting_hash);
        b->waiting.source.s = NULL;
    }
}

/* In a table of a million cells each one is far away: it is fetched while the row before
 * is worked on. What does not stay where it is cannot wait. */
static void add_later(building_t *b, const r307_maprow_t *row)
{
    apr_uint64_t h = hash(row->source.s, row->source.len, b->limits->seed);

    __builtin_prefetch(&b->cells[(size_t)h & b->mask], 1);
    flush(b);
    if (is_in_file(b, row->source.s) && is_in_file(b, row->target.s)) {
        b->waiting = *row;
        b->waiting_hash = h;
    }
    else {
        add_plain(b, row, h);
    }
}

static void on_bad(void *baton, unsigned line, const char *why)
{
    flush(baton);
    tell(baton, line, why);
}

static int on_row(void *baton, const r307_maprow_t *row)
{
    building_t *b = baton;

    if (row->source.s && b->def->match != R307_MATCH_REGEX) {
        add_later(b, row);
    }
    else if (row->source.s) {
        b->line.len = 0;
        r307_buf_add(&b->line, row->source.s, row->source.len);
        r307_buf_putc(&b->line, ' ');
        r307_buf_add(&b->line, row->target.s, row->target.len);
        add(b, b->line.s, b->line.len, row->line, 1);
    }
    else {
        flush(b);
        add_text(b, row);
        apr_pool_clear(b->scratch);
    }
    if (++b->looked == 1024) {
        b->looked = 0;
        b->gave_up = b->limits->is_over && b->limits->is_over(b->limits->baton);
    }
    return b->gave_up;
}

static const char *untold(apr_pool_t *p, unsigned count)
{
    return count == 1 ? "one more line is no rule; it is not named"
                      : apr_psprintf(p, "%u more lines are no rules; they are not named",
                                     count);
}

const char *r307_map_build(apr_pool_t *p, const r307_mapdef_t *def,
                           const r307_expr_maker_t *maker, const r307_mapbytes_t *bytes,
                           const r307_maplimits_t *limits, r307_mapresult_t *result)
{
    const r307_mapsink_t sink = { on_row, on_bad, NULL };
    r307_mapsink_t to_us = sink;
    r307_image_reading_t reading;
    building_t b;
    const char *bad;

    memset(&reading, 0, sizeof(reading));
    r307_map_context(def, &reading.context);
    if (maker) {
        reading.context.maker = *maker;
    }
    reading.file = def->name;
    reading.seed = limits->seed;
    reading.source_size = bytes->len;
    reading.source_time = bytes->time;
    reading.options = def->defaults->nelts ? all_options : NULL;
    reading.baton = (void *)def;
    memset(result, 0, sizeof(*result));
    result->builder = r307_image_builder_make(p, &reading);
    memset(&b, 0, sizeof(b));
    b.p = p;
    b.def = def;
    b.bytes = bytes;
    b.limits = limits;
    b.result = result;
    apr_pool_create(&b.scratch, p);
    r307_buf_make(&b.line, p, 256);
    b.row_room = 1024 + bytes->len / ROW_USUAL;
    b.rows = apr_palloc(p, b.row_room * sizeof(*b.rows));
    make_table(&b);
    to_us.baton = &b;
    bad = r307_mapfile_read(p, bytes->s, bytes->len, def->format, &to_us);
    flush(&b);
    if (!bad && b.gave_up) {
        bad = "given up";
    }
    if (!bad && result->bad > R307_MAP_TOLD && limits->bad) {
        limits->bad(limits->baton, 0, untold(p, result->bad - R307_MAP_TOLD));
    }
    return bad;
}
