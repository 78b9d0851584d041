/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/stay.h"

#include <string.h>
#include <apr_strings.h>

#include "grammar/token.h"

/* What of a line says which requests it is for. */
typedef struct source_t {
    const char *source;
    r307_draft_t draft;         /* match=, case= and slash= */
    int has_match;
    int plain;                  /* words that are no option and no status */
} source_t;

static void take_word(apr_pool_t *p, source_t *of, const char *text, size_t name_len)
{
    const r307_option_t *option = name_len ? r307_option_find(text, name_len) : NULL;
    const r307_status_t *row;
    const char *why;

    if (option && option->says == R307_SAYS_MATCH) {
        of->draft.match = R307_MATCH_UNSET;
        of->has_match = 1;
    }
    if (option && (option->says == R307_SAYS_MATCH || option->says == R307_SAYS_SOURCE)) {
        r307_option_set(p, &of->draft, option, text + name_len + 1);
    }
    else if (!name_len && !r307_status_word(text, &row, &why)) {
        of->source = of->source ? of->source : text;
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
static void read_roughly(apr_pool_t *p, const char *line, int is_regex, source_t *of)
{
    for (line += strspn(line, " \t\r\n"); *line && *line != '#';
         line += strspn(line, " \t\r\n")) {
        const char *word = "";
        size_t len, name;

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
        if (!of->source && (*word == '"' || *word == '\'')) {
            return;
        }
        word = without_quotes(p, word);
        name = strspn(word, "abcdefghijklmnopqrstuvwxyz-");
        take_word(p, of, word, word[name] == '=' ? name : 0);
    }
}

static void read_words(apr_pool_t *p, const apr_array_header_t *words, source_t *of)
{
    int i;

    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);

        take_word(p, of, word->text, word->name_len);
    }
}

/* What match= is to say; UNSET leaves it to the directive, or the map. */
static r307_match_t match_of(const source_t *of, const r307_context_t *context)
{
    if (of->draft.match || !of->has_match || context->match == R307_MATCH_REGEX) {
        return of->draft.match;
    }
    return of->source[0] == '^' ? R307_MATCH_REGEX : R307_MATCH_PREFIX;
}

/* Whether a line that is no words says match=regex. */
static int names_regex(apr_pool_t *p, const char *line)
{
    return strstr(line, apr_pstrcat(p, r307_option_says(R307_SAYS_MATCH)->name, "=",
                                    r307_match_name(R307_MATCH_REGEX), NULL)) != NULL;
}

const char *r307_stay_text(apr_pool_t *p, const char *line, const r307_context_t *context)
{
    source_t of;
    apr_array_header_t *words;
    r307_match_t match;
    int is_regex;

    memset(&of, 0, sizeof(of));
    if (r307_token_split(p, line, &words) == NULL) {
        read_words(p, words, &of);
    }
    else {
        read_roughly(p, line, context->match == R307_MATCH_REGEX
                     || names_regex(p, line), &of);
    }
    if (context->where == R307_WHERE_LOCATION && of.plain < 2) {
        return "-";             /* the section is the source */
    }
    if (!of.source) {
        return NULL;
    }
    match = match_of(&of, context);
    is_regex = (match ? match : context->match) == R307_MATCH_REGEX;
    return apr_pstrcat(p, r307_token_quote(p, of.source), " -", match ? " match=" : "",
                       match ? r307_match_name(match) : "",
                       of.draft.fold ? " case=ignore" : "",
                       of.draft.any_slash && !is_regex ? " slash=ignore" : "", NULL);
}

const r307_rule_t *r307_stay_make(apr_pool_t *p, const char *line, r307_place_t place,
                                  const r307_context_t *context)
{
    const char *text = r307_stay_text(p, line, context);
    const r307_rule_t *rule = NULL;

    return text && !r307_line_parse(p, text, place, context, &rule) ? rule : NULL;
}

const char *r307_stay_words(int stays)
{
    return stays ? "; this line is skipped, and what it is for stays where it is"
                 : "; this line is left out";
}
