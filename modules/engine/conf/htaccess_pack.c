/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/htaccess_pack.h"

#include <string.h>
#include <apr_strings.h>

#include "grammar/options.h"
#include "grammar/literal_line.h"
#include "grammar/stay.h"

#define RUNS_MOST 1024      /* what has more is hardly worth it: httpd reads a line for each */

/* A run while its lines are read. */
typedef struct run_t {
    r307_pack_run_t row;
    r307_image_builder_t *builder;
    r307_buf_t name_of;
    r307_tally_t tally;
    apr_array_header_t *far;        /* of apr_uint32_t */
    apr_uint32_t compiled;          /* rules that are kept compiled by who opens it */
    size_t image_size;
} run_t;

struct r307_packer_t {
    apr_pool_t *p, *scratch;        /* of one line */
    const r307_packing_t *packing;
    r307_literals_t *literals[R307_PACK_NAMES];
    r307_context_t context;
    apr_array_header_t *runs;       /* of run_t * */
    apr_hash_t *names;              /* name= in any run */
    apr_uint32_t rules, regexes;
    const char *unfit;              /* static: why it is not to be shared; NULL: it may be */
    r307_scan_t script;
    r307_pack_t head;
};

void r307_pack_context(r307_context_t *context)
{
    memset(context, 0, sizeof(*context));
    context->directive = "Redirect307";
    context->match = R307_MATCH_PREFIX;
    context->where = R307_WHERE_DIRECTORY;
    context->is_late = 1;
    context->is_tenant = 1;
    context->jit = 1;
}

/* --- what only the process that reads the file can make --- */

static const char *refuse_expression(void *baton, apr_pool_t *p, const char *text,
                                     int is_string, const void **compiled)
{
    r307_packer_t *packer = baton;

    packer->unfit = "it has an expression";
    return packer->unfit;
}

static const char *refuse_flag(void *baton, apr_pool_t *p, const char *name, void **found)
{
    r307_packer_t *packer = baton;

    packer->unfit = "it has a flag";
    return packer->unfit;
}

static const char *why_unfit(const r307_rule_t *rule)
{
    return rule->group ? "it has rules that are decided together"
        : r307_cond_link(rule->conds, rule->cond_count) ? "it has a link to opt in"
        : rule->hosts ? "a request chooses a host"
        : rule->unbounded || rule->waits ? "it has an expression" : NULL;
}

/* --- runs --- */

static run_t *run_at(r307_packer_t *packer, int number, unsigned line)
{
    r307_image_reading_t reading;
    run_t *run;

    if (number < packer->runs->nelts) {
        run = APR_ARRAY_IDX(packer->runs, number, run_t *);
        if (number + 1 < packer->runs->nelts) {
            packer->unfit = "rules of a section stand among those of another place";
        }
        return run;
    }
    if (number == RUNS_MOST) {
        packer->unfit = "it has rules in too many places";
    }
    memset(&reading, 0, sizeof(reading));
    reading.context = packer->context;
    reading.file = packer->packing->file;
    reading.seed = packer->packing->seed;
    run = apr_pcalloc(packer->p, sizeof(*run));
    run->builder = r307_image_builder_make(packer->p, &reading);
    run->far = apr_array_make(packer->p, 2, sizeof(apr_uint32_t));
    r307_buf_make(&run->name_of, packer->p, 64);
    run->row.line = line;
    run->row.before_rules = packer->rules;
    run->row.before_regexes = packer->regexes;
    APR_ARRAY_PUSH(packer->runs, run_t *) = run;
    return run;
}

/* The words as they are in an image, where one default of match= holds for all. NULL: one of
 * them would be read as something else there. */
static apr_array_header_t *image_words(r307_packer_t *packer, const char *args,
                                       const r307_rule_t *rule, r307_match_t match)
{
    apr_array_header_t *words;
    int i, says_match = 0;

    if (r307_token_split(packer->scratch, args, &words)) {
        return NULL;
    }
    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);
        const r307_option_t *option = r307_option_find(word->text, word->name_len);

        if (r307_word_make(word->text).name_len != word->name_len) {
            return NULL;
        }
        says_match |= option && option->says == R307_SAYS_MATCH;
    }
    if (match != packer->context.match && !says_match) {
        APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(
            apr_pstrcat(packer->scratch, "match=", r307_match_name(match), NULL));
    }
    return words;
}

/* How many origins there are, to see whether the rule leads to a new one. */
static unsigned origins(const run_t *run)
{
    return run->tally.origins ? apr_hash_count(run->tally.origins) : 0;
}

/* The rule is the line's; what the tally keeps of it is texts. */
static void count(r307_packer_t *packer, run_t *run, int name, const r307_rule_t *rule)
{
    apr_uint32_t number = run->row.count++;
    unsigned before = origins(run);
    char at = (char)name;
    int i, keeps = 0;

    for (i = 0; i < rule->cond_count; i++) {
        keeps |= rule->conds[i].kind->keep != R307_KEEP_TEXT;
    }
    run->compiled += rule->nth_regex != 0 || keeps;
    run->row.regexes += rule->nth_regex != 0;
    packer->rules++;
    packer->regexes += rule->nth_regex != 0;
    r307_limit_count(packer->p, &run->tally, rule);
    if (origins(run) > before) {
        APR_ARRAY_PUSH(run->far, apr_uint32_t) = number;
    }
    r307_buf_add(&run->name_of, &at, 1);
    if (!(run->row.names & 1u << name)) {
        run->row.lines[name] = rule->place.line;
    }
    run->row.names |= 1u << name;
    run->row.needs_base |= r307_config_is_relative(rule);
    run->row.doubts += rule->target->inserts
                       ? packer->packing->doubts(packer->scratch, rule) : 0;
}

/* --- lines --- */

static const r307_rule_t *parse(r307_packer_t *packer, int name, const char *args,
                                r307_place_t place, r307_context_t *context,
                                r307_taking_t *taking)
{
    apr_pool_t *p = packer->scratch;
    const r307_directive_row_t *row
        = r307_directive_find(packer->packing->names[name],
                              strlen(packer->packing->names[name]));
    const r307_rule_t *rule;
    const char *bad;

    *context = packer->context;
    context->directive = row->name;
    context->match = r307_directive_match(row);
    context->maker.compile = refuse_expression;
    context->maker.find_flag = refuse_flag;
    context->maker.baton = packer;
    context->jit = 0;
    context->nth = (int)packer->rules + 1;
    context->nth_regex = (int)packer->regexes + 1;
    rule = r307_literals_line(packer->literals[name], p, args, place, context);
    bad = rule ? NULL : r307_line_parse(p, args, place, context, &rule);
    if (bad || !rule) {
        *taking = bad && r307_stay_make(p, args, place, context) ? R307_SCAN_STAYS
                                                                 : R307_SCAN_NO_RULE;
        return NULL;
    }
    *taking = R307_SCAN_TAKEN;
    return rule;
}

static r307_taking_t take_rule(r307_packer_t *packer, int run_number, int name,
                               const char *args, const r307_rule_t *rule,
                               r307_match_t match)
{
    const apr_array_header_t *words = image_words(packer, args, rule, match);
    run_t *run;

    packer->unfit = packer->unfit ? packer->unfit : why_unfit(rule);
    if (rule->name && apr_hash_get(packer->names, rule->name, APR_HASH_KEY_STRING)) {
        return R307_SCAN_STAYS;
    }
    run = run_at(packer, run_number, rule->place.line);
    if (!words || r307_image_add(packer->scratch, run->builder, words, rule->place.line)
        || rule->place.line >= (1u << 30) - 1) {
        packer->unfit = packer->unfit ? packer->unfit : "an image cannot hold a line";
        return R307_SCAN_STAYS;
    }
    if (rule->name) {
        apr_hash_set(packer->names, apr_pstrdup(packer->p, rule->name),
                     APR_HASH_KEY_STRING, "");
    }
    count(packer, run, name, rule);
    return R307_SCAN_TAKEN;
}

/* An r307_scan_take_t. What is wrong with a line is httpd's to say, where it reads it. */
static r307_taking_t take(void *baton, int run, int name, const char *args, unsigned number)
{
    r307_packer_t *packer = baton;
    r307_place_t place = { packer->packing->file, number };
    const r307_rule_t *rule;
    r307_context_t context;
    r307_taking_t taking;

    if (packer->unfit) {
        return R307_SCAN_STAYS;
    }
    rule = parse(packer, name, args, place, &context, &taking);
    if (rule) {
        taking = take_rule(packer, run, name, args, rule, context.match);
    }
    apr_pool_clear(packer->scratch);
    return taking;
}

static r307_packer_t *make(apr_pool_t *p, const r307_packing_t *packing)
{
    r307_packer_t *packer = apr_pcalloc(p, sizeof(*packer));
    int i;

    packer->p = p;
    apr_pool_create(&packer->scratch, p);
    packer->packing = packing;
    packer->runs = apr_array_make(p, 4, sizeof(run_t *));
    packer->names = apr_hash_make(p);
    r307_pack_context(&packer->context);
    for (i = 0; packing->names[i]; i++) {
        packer->literals[i] = r307_literals_make(p);
    }
    return packer;
}

/* The numbers of compiled rules tell those of regexes only if they are all there is. */
static const char *check_runs(const r307_packer_t *packer)
{
    int i;

    for (i = 0; i < packer->runs->nelts; i++) {
        const run_t *run = APR_ARRAY_IDX(packer->runs, i, const run_t *);

        if (run->row.regexes && run->compiled != run->row.regexes) {
            return "it has regular expressions and other rules that are kept compiled";
        }
    }
    return packer->runs->nelts ? NULL : "it has no rules";
}

const char *r307_pack_make(apr_pool_t *p, const r307_packing_t *packing, const char *bytes,
                           size_t len, r307_packer_t **out)
{
    r307_packer_t *packer = make(p, packing);

    if (r307_scan_make(p, bytes, len, packing->names, take, packer, &packer->script)) {
        return "httpd has to read it";
    }
    if (!packer->unfit && packer->script.others && apr_hash_count(packer->names)) {
        packer->unfit = "it has names, and lines that may have others";
    }
    if (!packer->unfit) {
        packer->unfit = check_runs(packer);
    }
    *out = packer;
    return packer->unfit;
}

/* --- bytes --- */

static apr_uint32_t lay(apr_uint64_t *size, apr_uint64_t bytes)
{
    apr_uint64_t at = *size;

    *size += (bytes + 7) / 8 * 8;
    return (apr_uint32_t)at;
}

size_t r307_pack_size(r307_packer_t *packer)
{
    const apr_array_header_t *lines = packer->script.lines;
    r307_pack_t *head = &packer->head;
    apr_uint64_t size = 0, texts = 0;
    int i;

    head->line_count = (apr_uint32_t)lines->nelts;
    head->run_count = (apr_uint32_t)packer->runs->nelts;
    head->mark_count = 0;
    lay(&size, sizeof(*head));
    head->lines = lay(&size, (apr_uint64_t)lines->nelts * sizeof(r307_pack_line_t));
    head->runs = lay(&size, (apr_uint64_t)head->run_count * sizeof(r307_pack_run_t));
    for (i = 0; i < lines->nelts; i++) {
        const r307_scan_line_t *line = &APR_ARRAY_IDX(lines, i, r307_scan_line_t);

        texts += line->len;
        head->mark_count += line->run != R307_SCAN_FILE;
    }
    head->texts = lay(&size, texts);
    for (i = 0; i < packer->runs->nelts; i++) {
        run_t *run = APR_ARRAY_IDX(packer->runs, i, run_t *);

        run->image_size = r307_image_size(run->builder);
        run->row.image = lay(&size, run->image_size);
        run->row.name_of = lay(&size, run->row.count);
        run->row.far_count = (apr_uint32_t)run->far->nelts;
        run->row.far = lay(&size, run->row.far_count * sizeof(apr_uint32_t));
        run->row.lacks_until = run->tally.lacks_until;
        run->row.lacks_review = run->tally.lacks_review;
        run->row.longest = run->tally.longest;
        run->row.last = run->tally.last;
        if (!run->image_size) {
            return 0;
        }
    }
    head->size = size;
    return size <= 0xFFFFFFFFu ? (size_t)size : 0;
}

static void write_lines(const r307_packer_t *packer, char *bytes)
{
    const apr_array_header_t *from = packer->script.lines;
    r307_pack_line_t *lines = (void *)(bytes + packer->head.lines);
    apr_uint32_t at = packer->head.texts;
    int i;

    for (i = 0; i < from->nelts; i++) {
        const r307_scan_line_t *line = &APR_ARRAY_IDX(from, i, r307_scan_line_t);

        lines[i].number = line->number;
        lines[i].run = line->run;
        lines[i].text = at;
        lines[i].len = (apr_uint32_t)line->len;
        memcpy(bytes + at, line->text, line->len);
        at += lines[i].len;
    }
}

void r307_pack_write(const r307_packer_t *packer, void *to)
{
    char *bytes = to;
    r307_pack_run_t *rows = (void *)(bytes + packer->head.runs);
    int i;

    memcpy(bytes, &packer->head, sizeof(packer->head));
    write_lines(packer, bytes);
    for (i = 0; i < packer->runs->nelts; i++) {
        const run_t *run = APR_ARRAY_IDX(packer->runs, i, const run_t *);

        rows[i] = run->row;
        r307_image_write(run->builder, bytes + run->row.image);
        memcpy(bytes + run->row.name_of, run->name_of.s, run->row.count);
        memcpy(bytes + run->row.far, run->far->elts,
               run->row.far_count * sizeof(apr_uint32_t));
    }
}

/* --- reading --- */

static int fits(const r307_pack_t *pack, apr_uint32_t at, apr_uint64_t bytes)
{
    return at >= sizeof(*pack) && at <= pack->size && bytes <= pack->size - at;
}

static int check_lines(const r307_pack_t *pack)
{
    const r307_pack_line_t *lines = r307_pack_lines(pack);
    apr_uint32_t i, marks = 0;

    for (i = 0; i < pack->line_count; i++) {
        if (!lines[i].len || !fits(pack, lines[i].text, lines[i].len)
            || lines[i].run < R307_SCAN_FILE || lines[i].run >= (int)pack->run_count) {
            return 0;
        }
        marks += lines[i].run != R307_SCAN_FILE;
    }
    return marks == pack->mark_count;
}

int r307_pack_check(const r307_pack_t *pack, size_t len)
{
    const r307_pack_run_t *runs;
    apr_uint32_t i;

    if (len < sizeof(*pack) || pack->size > len || pack->run_count > RUNS_MOST
        || !fits(pack, pack->lines, (apr_uint64_t)pack->line_count
                                        * sizeof(r307_pack_line_t))
        || !fits(pack, pack->runs, pack->run_count * sizeof(r307_pack_run_t))
        || !check_lines(pack)) {
        return 0;
    }
    runs = r307_pack_runs(pack);
    for (i = 0; i < pack->run_count; i++) {
        if (!fits(pack, runs[i].image, 1) || !fits(pack, runs[i].name_of, runs[i].count)
            || !fits(pack, runs[i].far, (apr_uint64_t)runs[i].far_count
                                            * sizeof(apr_uint32_t))) {
            return 0;
        }
    }
    return 1;
}

const r307_pack_line_t *r307_pack_lines(const r307_pack_t *pack)
{
    return (const void *)((const char *)pack + pack->lines);
}

const r307_pack_run_t *r307_pack_runs(const r307_pack_t *pack)
{
    return (const void *)((const char *)pack + pack->runs);
}

const char *r307_pack_text(const r307_pack_t *pack, const r307_pack_line_t *line)
{
    return (const char *)pack + line->text;
}
