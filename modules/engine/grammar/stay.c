/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/stay.h"

#include <string.h>
#include <apr_strings.h>

/* What of a line says which requests it is for. */
typedef struct source_t {
    const char *source;
    r307_draft_t draft;         /* match=, case= and slash= */
    int has_match;
    int plain;                  /* words that are no option and no status */
} source_t;

/* Whether it is no option and no status. */
static int is_plain(const r307_word_t *word)
{
    const r307_status_t *row;
    const char *why;

    return !word->name_len && !r307_status_word(word->text, &row, &why);
}

static void take_word(apr_pool_t *p, source_t *of, const r307_word_t *word)
{
    const r307_option_t *option = r307_option_find(word->text, word->name_len);

    if (option && option->says == R307_SAYS_MATCH) {
        of->draft.match = R307_MATCH_UNSET;
        of->has_match = 1;
    }
    if (option && (option->says == R307_SAYS_MATCH || option->says == R307_SAYS_SOURCE)) {
        r307_option_set(p, &of->draft, option, r307_word_value(word));
    }
    else if (is_plain(word)) {
        of->source = of->source ? of->source : word->text;
        of->plain++;
    }
}

/* "“/a”": the quotes of a word processor mean what plain ones would. */
static const char *without_quotes(apr_pool_t *p, const char *word)
{
    size_t len = strlen(word);

    if (len > 6 && memcmp(word, "\xE2\x80", 2) == 0
        && memcmp(word + len - 3, "\xE2\x80", 2) == 0) {
        return apr_pstrmemdup(p, word + 3, len - 6);
    }
    return word;
}

/* The words of a line whose quotes or backslashes are not what they should be. A word that
 * begins with a plain quote may end anywhere. */
static void read_roughly(apr_pool_t *p, const char *line, int is_regex,
                         apr_array_header_t *words)
{
    int has_source = 0;

    for (line += strspn(line, " \t\r\n"); *line && *line != '#';
         line += strspn(line, " \t\r\n")) {
        const char *word = "";
        r307_word_t made;
        size_t len;

        do {
            len = strcspn(line, " \t\r\n");
            word = apr_pstrcat(p, word, apr_pstrmemdup(p, line, len), NULL);
            line += len + (line[len] != '\0');
            len = strlen(word);
            if (len && word[len - 1] == '\\' && line[-1] == ' ') {
                word = apr_pstrcat(p, is_regex ? word : apr_pstrmemdup(p, word, len - 1),
                                   " ", NULL);
                continue;
            }
            break;
        } while (*line);
        if (!has_source && (*word == '"' || *word == '\'')) {
            return;
        }
        made = r307_word_make(without_quotes(p, word));
        APR_ARRAY_PUSH(words, r307_word_t) = made;
        has_source |= is_plain(&made);
    }
}

/* Whether a line that is no words says match=regex. */
static int names_regex(apr_pool_t *p, const char *line)
{
    return strstr(line, apr_pstrcat(p, r307_option_says(R307_SAYS_MATCH)->name, "=",
                                    r307_match_name(R307_MATCH_REGEX), NULL)) != NULL;
}

const apr_array_header_t *r307_stay_roughly(apr_pool_t *p, const char *line,
                                            const r307_context_t *context)
{
    apr_array_header_t *words = apr_array_make(p, 8, sizeof(r307_word_t));

    read_roughly(p, line, context->match == R307_MATCH_REGEX || names_regex(p, line), words);
    return words;
}

/* What match= is to say; UNSET leaves it to the directive, or the map. */
static r307_match_t match_of(const source_t *of, const r307_context_t *context)
{
    if (of->draft.match || !of->has_match || context->match == R307_MATCH_REGEX) {
        return of->draft.match;
    }
    return of->source[0] == '^' ? R307_MATCH_REGEX : R307_MATCH_PREFIX;
}

static void add(apr_array_header_t *words, const char *text)
{
    APR_ARRAY_PUSH(words, r307_word_t) = r307_word_make(text);
}

const apr_array_header_t *r307_stay_line(apr_pool_t *p, const apr_array_header_t *words,
                                         const r307_context_t *context)
{
    apr_array_header_t *line = apr_array_make(p, 5, sizeof(r307_word_t));
    r307_match_t match;
    source_t of;
    int i;

    memset(&of, 0, sizeof(of));
    for (i = 0; i < words->nelts; i++) {
        take_word(p, &of, &APR_ARRAY_IDX(words, i, r307_word_t));
    }
    if (context->where == R307_WHERE_LOCATION && of.plain < 2) {
        add(line, "-");         /* the section is the source */
        return line;
    }
    if (!of.source) {
        return NULL;
    }
    match = match_of(&of, context);
    add(line, of.source);
    add(line, "-");
    if (match) {
        add(line, apr_pstrcat(p, "match=", r307_match_name(match), NULL));
    }
    if (of.draft.fold) {
        add(line, "case=ignore");
    }
    if (of.draft.any_slash && (match ? match : context->match) != R307_MATCH_REGEX) {
        add(line, "slash=ignore");
    }
    return r307_token_check(p, line) ? NULL : line;
}

const r307_rule_t *r307_stay_make(apr_pool_t *p, const char *line, r307_place_t place,
                                  const r307_context_t *context)
{
    apr_array_header_t *split;
    const apr_array_header_t *words = r307_token_split(p, line, &split)
        ? r307_stay_roughly(p, line, context) : split;
    const r307_rule_t *rule = NULL;

    words = r307_stay_line(p, words, context);
    return words && !r307_line_parse_words(p, words, place, context, &rule) ? rule : NULL;
}

const char *r307_stay_words(int stays)
{
    return stays ? "; this line is skipped, and what it is for stays where it is"
                 : "; this line is left out";
}
