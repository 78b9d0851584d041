/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map_line.h"

#include <string.h>
#include <apr_strings.h>

#include "grammar/line.h"
#include "base/datetime.h"
#include "grammar/token.h"

#define DIRECTIVE "Redirect307Map"

/* --- the directive's line --- */

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

/* A line of the map that says nothing but source and target. */
static const char *parse_silent(apr_pool_t *p, const r307_mapdef_t *def,
                                const r307_context_t *context, const r307_rule_t **rule)
{
    apr_array_header_t *words = apr_array_make(p, 8, sizeof(r307_word_t));
    const r307_place_t place = { NULL, 0 };

    APR_ARRAY_PUSH(words, r307_word_t)
        = r307_word_make(def->match == R307_MATCH_REGEX ? "^/x" : "/x");
    APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make("/y");
    apr_array_cat(words, def->defaults);
    return r307_line_parse_words(p, words, place, context, rule);
}

/* Options nobody could use are said where they stand, not once for every line. */
static const char *check_defaults(apr_pool_t *p, const r307_mapdef_t *def,
                                  const r307_context_t *context)
{
    const r307_rule_t *rule;
    r307_context_t of_lines = *context;

    r307_map_context(def, &of_lines);
    of_lines.maker = context->maker;
    return parse_silent(p, def, &of_lines, &rule);
}

const char *r307_map_lacks(apr_pool_t *p, const r307_mapdef_t *def, r307_require_t require)
{
    const r307_rule_t *rule = NULL;
    r307_context_t context;

    r307_map_context(def, &context);
    return parse_silent(p, def, &context, &rule) || !rule ? NULL
                                                          : r307_limit_lacks(require, rule);
}

static const char *take_word(apr_pool_t *p, const r307_word_t *word, r307_mapdef_t *def,
                             apr_array_header_t *defaults, const char **format)
{
    const r307_option_t *option = r307_option_find(word->text, word->name_len);

    if (r307_word_is(word, "format")) {
        *format = r307_word_value(word);
    }
    else if (option && option->says == R307_SAYS_MATCH) {
        return parse_match(p, r307_word_value(word), &def->match);
    }
    else if (option && option->says == R307_SAYS_NAME) {
        return "name= is the name of one rule; leave it out here, it stands in the file, behind that rule";
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
        bad = r307_format_find(p, def->file, format, &def->format);
    }
    if (bad) {
        return bad;
    }
    def->name = def->file;
    def->defaults = defaults;
    def->text = apr_psprintf(p, "%s %s %s %s", def->format->word,
                             r307_match_name(def->match),
                             def->where == R307_WHERE_DIRECTORY ? "d" : "s",
                             r307_token_join(p, defaults));
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
    context->is_sheet = def->format->is_sheet;
    context->ends_at_self = def->format->ends_at_self;
    context->is_tenant = def->is_tenant;
    context->jit = 1;
}

/* A line can shorten the time its map is in force, and not prolong it. */
static int is_narrower(apr_pool_t *p, const r307_word_t *own, const r307_word_t *of_map)
{
    const r307_option_t *option = r307_option_find(own->text, own->name_len);
    int is_end = option && option->says == R307_SAYS_END;
    apr_time_t mine, maps;

    if (!option || (!is_end && option->says != R307_SAYS_BEGIN)
        || r307_time_parse(p, r307_word_value(own), is_end, &mine)
        || r307_time_parse(p, r307_word_value(of_map), is_end, &maps)) {
        return 1;
    }
    return is_end ? mine <= maps : mine >= maps;
}

static int is_same_option(const r307_word_t *a, const r307_word_t *b)
{
    return a->name_len == b->name_len && memcmp(a->text, b->text, a->name_len) == 0;
}

const apr_array_header_t *r307_map_options(void *baton, apr_pool_t *p,
                                           const apr_array_header_t *own)
{
    const r307_mapdef_t *def = baton;
    apr_array_header_t *joined = apr_array_copy(p, own);
    int i, k;

    for (i = 0; i < def->defaults->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(def->defaults, i, r307_word_t);

        for (k = 0; k < own->nelts; k++) {
            r307_word_t *its = &APR_ARRAY_IDX(joined, k, r307_word_t);

            if (is_same_option(its, word)) {
                *its = is_narrower(p, its, word) ? *its : *word;
                break;
            }
        }
        if (k == own->nelts) {
            APR_ARRAY_PUSH(joined, r307_word_t) = *word;
        }
    }
    return joined;
}
