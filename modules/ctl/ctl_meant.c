/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_meant.h"

#include <string.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "grammar/options.h"
#include "grammar/stay.h"
#include "grammar/token.h"

typedef struct meaning_t {
    apr_pool_t *p;
    const char *line;
    ctl_line_form_t form;
} meaning_t;

/* --- a word of the line, and what stands in its place --- */

static int is_border(char c)
{
    return c == '\0' || strchr(" \t\r\"',;", c) != NULL;
}

/* Where a word stands from `from` on, with its quotes, if it stands there once. A cell keeps
 * its own. */
static const char *find_word(const meaning_t *m, const char *from, const char *word,
                             size_t *len)
{
    const char *line = m->line, *at = from, *found = NULL;
    size_t n = strlen(word);

    while (n && (at = strstr(at, word))) {
        if ((at == line || is_border(at[-1])) && is_border(at[n])) {
            if (found) {
                return NULL;
            }
            found = at;
        }
        at++;
    }
    *len = n;
    if (found && found > line && m->form != CTL_LINE_OF_CELLS && (found[-1] == '"' || found[-1] == '\'')
        && found[n] == found[-1]) {
        found--;
        *len += 2;
    }
    return found;
}

/* The same; where it is both source and target, which of them. */
static const char *find_part(const meaning_t *m, const char *word, int is_target,
                             const char *other, size_t *len)
{
    const char *at = find_word(m, m->line, word, len), *first;
    size_t n;

    if (at || !is_target || !other || m->form == CTL_LINE_OF_CELLS) {
        return at;
    }
    first = strstr(m->line, other);
    if (!first) {
        return NULL;
    }
    n = strlen(other);
    return find_word(m, first + n, word, len);
}

static const char *with(const meaning_t *m, const char *at, size_t len, const char *by)
{
    return apr_pstrcat(m->p, apr_pstrmemdup(m->p, m->line, (size_t)(at - m->line)), by,
                       at + len, NULL);
}

/* As the line has to have it; NULL: it cannot. is_word: it is one, else options may follow. */
static const char *written(const meaning_t *m, const char *text, int is_word)
{
    if (!*text || strpbrk(text, "\r\n")) {
        return NULL;
    }
    if (m->form == CTL_LINE_OF_CELLS) {
        return strpbrk(text, " \t\"',;") ? NULL : text;
    }
    return is_word ? r307_token_quote(m->p, text) : text;
}

static const char *put(meaning_t *m, const char *was, const char *is, int is_target,
                       const char *other)
{
    const char *text = written(m, is, is_target), *at;
    size_t len = 0;

    at = text && was ? find_part(m, was, is_target, other, &len) : NULL;
    return at ? with(m, at, len, text) : NULL;
}

/* What a finding says that was meant. */
static const char *mended(meaning_t *m, const ctl_meant_t *meant)
{
    /* from behind, where the places in front stay */
    if (meant->target) {
        m->line = put(m, meant->was_target, meant->target, 1, meant->was_source);
    }
    if (m->line && meant->source) {
        m->line = put(m, meant->was_source, meant->source, 0, NULL);
    }
    return m->line;
}

/* --- what is said of a line that is none --- */

/* Words of the grammar, that may stand in a line in which they did not. */
static int is_known(const char *word, size_t len)
{
    static const char *const words[] = {
        "redirect307", "redirect307match", "redirect307map", "http", "https", "splat",
        "ignore", "exact", "regex", "drop", "keep", "merge", "missing", "present"
    };
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (r307_text_same_fold(word, len, words[i], strlen(words[i]))) {
            return 1;
        }
    }
    return word[len] == '=' && r307_option_find(word, len);
}

static int has_word(const char *line, const char *word, size_t len)
{
    for (; *line; line++) {
        if (r307_text_same_fold(line, strnlen(line, len), word, len)) {
            return 1;
        }
    }
    return 0;
}

/* Whether all letters and digits of a text come from the line, or from the grammar. */
static int is_from(const char *text, const char *line)
{
    while (*text) {
        size_t n = 0;

        while (apr_isalnum(text[n])) {
            n++;
        }
        if (n && !has_word(line, text, n) && !is_known(text, n)) {
            return 0;
        }
        text += n ? n : 1;
    }
    return 1;
}

/* Behind the word that says what to write, at the end of a message; NULL. */
static char *behind_verb(char *text)
{
    static const char verb[] = "write";
    char *at = text;

    while ((at = strstr(at, verb))) {
        char *end = at + sizeof(verb) - 1;

        if (at > text + 1 && at[-1] == ' ' && strchr(";,", at[-2])
            && (*end == ' ' || strncmp(end, ": ", 2) == 0)) {
            return end + 1 + (*end == ':');
        }
        at = end;
    }
    return NULL;
}

/* What a message tells to write, if it is one thing and no sentence; else NULL. */
static const char *advised(apr_pool_t *p, const char *said)
{
    static const char *const unsure[] = {
        " or ", " if ", " for ", " in ", " as ", " beside ", " to ", " with ", " and ", ", ",
        "; ", "...", " (", ": "
    };
    char *text = apr_pstrdup(p, said), *at, *end;
    size_t i;
    int k;

    for (k = 0; k < 2; k++) {
        end = strstr(text, r307_stay_words(k));
        if (end) {
            *end = '\0';
        }
    }
    at = behind_verb(text);
    for (i = 0; at && i < sizeof(unsure) / sizeof(unsure[0]); i++) {
        if (strstr(at, unsure[i])) {
            return NULL;
        }
    }
    return at;
}

/* What the message quotes first, which is what it is about. */
static const char *quoted(apr_pool_t *p, const char *said)
{
    const char *at = strchr(said, '\''), *end = at ? strstr(at + 1, "' ") : NULL;

    return end ? apr_pstrmemdup(p, at + 1, (size_t)(end - at - 1)) : NULL;
}

/* "'qurey=keep' unknown option; did you mean query=?" */
static const char *renamed(const meaning_t *m, const char *said, const char *word)
{
    static const char asks[] = "; did you mean ";
    const char *at = strstr(said, asks), *end, *found;
    size_t len = 0;

    at = at ? at + sizeof(asks) - 1 : NULL;
    end = at ? strstr(at, "=?") : NULL;
    if (!end || m->form == CTL_LINE_OF_CELLS || !strchr(word, '=')
        || !r307_option_find(at, (size_t)(end - at))) {
        return NULL;
    }
    found = find_word(m, m->line, word, &len);
    return found && *found == *word
        ? with(m, found, strcspn(word, "="), apr_pstrmemdup(m->p, at, (size_t)(end - at)))
        : NULL;
}

/* "write: Redirect307 /a /b status=301": all of the line. */
static const char *rewritten(const meaning_t *m, const char *text)
{
    size_t indent = strspn(m->line, " \t");

    if (m->form != CTL_LINE_OF_DIRECTIVES || !is_from(text, m->line)) {
        return NULL;
    }
    return apr_pstrcat(m->p, apr_pstrmemdup(m->p, m->line, indent), text, NULL);
}

static const char *corrected(const meaning_t *m, const char *said)
{
    const char *word = quoted(m->p, said), *text, *line, *at;
    size_t len = 0;

    line = word ? renamed(m, said, word) : NULL;
    text = line ? NULL : advised(m->p, said);
    if (line || !text) {
        return line;
    }
    if (strncmp(text, "Redirect307", 11) == 0) {
        return rewritten(m, text);
    }
    if (!word || *text == '"' || !is_from(text, m->line) || !written(m, text, 0)) {
        return NULL;        /* a quoted text is of more words than the one that is named */
    }
    at = find_word(m, m->line, word, &len);
    return at ? with(m, at, len, text) : NULL;
}

const char *ctl_meant_line(apr_pool_t *p, const char *line, ctl_line_form_t form,
                           const ctl_saying_t *saying)
{
    meaning_t m = { p, line, form };

    if (saying->meant.source || saying->meant.target) {
        return mended(&m, &saying->meant);
    }
    return saying->kind == CTL_SAYING_ERROR ? corrected(&m, saying->text) : NULL;
}
