/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/habit.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "grammar/habit_option.h"
#include "base/datetime.h"
#include "grammar/token.h"
#include "rule/pattern.h"

#define PLAIN_MOST 4        /* words without a name that are looked at */

typedef struct habit_t {
    apr_pool_t *p;
    const apr_array_header_t *all;
    const r307_context_t *context;
    const char **texts;     /* the line to write: of each word; NULL: left out */
    const char *more;       /* and behind them, or NULL */
    int plain[PLAIN_MOST];  /* numbers of the words without a name */
    int plain_count;        /* all of them */
} habit_t;

static const r307_word_t *word_at(const habit_t *h, int i)
{
    return &APR_ARRAY_IDX(h->all, i, r307_word_t);
}

static const char *show(const habit_t *h, const char *text)
{
    return r307_text_show(h->p, text, strlen(text));
}

static int has_option(const habit_t *h, const r307_option_t *option)
{
    const char *name = option->name;
    int i;

    for (i = 0; i < h->all->nelts; i++) {
        const r307_word_t *word = word_at(h, i);

        if (word->name_len == strlen(name)
            && strncasecmp(word->text, name, word->name_len) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Number of the source among the words; -1: none, or the container's. */
static int source_of(const habit_t *h)
{
    int k;

    for (k = 0; k < h->plain_count && k < PLAIN_MOST
                && h->context->where != R307_WHERE_LOCATION; k++) {
        if (h->texts[h->plain[k]]) {
            return h->plain[k];
        }
    }
    return -1;
}

/* "^/old" for a regex "^old", as RewriteRule has it in a directory: that never matches. */
static const char *rooted(const habit_t *h, const char *regex)
{
    int is_relative = regex[0] == '^' && isalnum((unsigned char)regex[1])
                      && !(regex[2] && strchr("?*+{", regex[2])) && !strchr(regex, '|');

    return is_relative && h->context->where != R307_WHERE_DIRECTORY
           ? apr_pstrcat(h->p, "^/", regex + 1, NULL) : regex;
}

/* The line as it is to be written: also its source, were that no good as it is. */
static const char *line_of(const habit_t *h)
{
    const r307_option_t *match = r307_option_says(R307_SAYS_MATCH);
    int i, source = source_of(h), is_meant;
    r307_buf_t buf;

    is_meant = source >= 0 && h->context->match == R307_MATCH_PREFIX
               && !has_option(h, match) && r307_pattern_looks_like_regex(h->texts[source]);
    r307_buf_make(&buf, h->p, 128);
    r307_buf_puts(&buf, h->context->directive);
    r307_buf_puts(&buf, is_meant && buf.len ? "Match" : "");
    for (i = 0; i < h->all->nelts + (h->more != NULL); i++) {
        const char *text = i < h->all->nelts ? h->texts[i] : h->more;

        if (text && i == source && (is_meant || h->context->match == R307_MATCH_REGEX)) {
            text = rooted(h, text);
        }
        if (text) {
            r307_buf_puts(&buf, buf.len ? " " : "");
            r307_buf_puts(&buf, text);
        }
    }
    if (is_meant && !h->context->directive[0]) {        /* a map's */
        r307_buf_puts(&buf, apr_psprintf(h->p, " %s=regex", match->name));
    }
    return r307_text_show(h->p, buf.s, buf.len);
}

static void add_more(habit_t *h, const char *text)
{
    h->more = h->more ? apr_pstrcat(h->p, h->more, " ", text, NULL) : text;
}

/* How many plain words but number `without` the line to write keeps. */
static int left_plain(const habit_t *h, int without)
{
    int i, count = 0;

    for (i = 0; i < h->plain_count && i < PLAIN_MOST; i++) {
        count += h->plain[i] != without && h->texts[h->plain[i]] != NULL;
    }
    return count;
}

/* What `status=` takes of "301,", "(301)", "[301]", "301;", "Gone"; NULL for any other
 * word. */
static const char *status_in(apr_pool_t *p, const char *text, const r307_status_t **row,
                             const char **why)
{
    static const char before[] = "([{=", behind[] = ")]},;:!";
    size_t from = strspn(text, before), len = strlen(text);
    char *word;
    size_t i;

    while (len > from && strchr(behind, text[len - 1])) {
        len--;
    }
    word = apr_pstrmemdup(p, text + from, len - from);
    for (i = 0; word[i]; i++) {
        word[i] = r307_text_lower(word[i]);
    }
    return r307_status_word(word, row, why) ? word : NULL;
}

/* The message about word i, which is a status; `place`: what it stands in the place of. */
static const char *say_status(habit_t *h, int i, const char *place, const char *word,
                              const r307_status_t *row)
{
    const r307_option_t *status = r307_option_says(R307_SAYS_STATUS);
    const char *typed = show(h, word_at(h, i)->text), *missing = "";
    int needed = h->context->where == R307_WHERE_LOCATION ? 1 : 2, plain;

    h->texts[i] = NULL;
    plain = left_plain(h, i);
    if (!row) {
        return apr_psprintf(h->p, "'%s' is no status of a redirect; write: %s", typed,
                            line_of(h));
    }
    if (row->has_target && plain > 0 && plain < needed) {
        missing = ", and the line has no target";
        add_more(h, "/new");
    }
    if (!row->has_target && plain > 1) {
        missing = ", and an answer without target";
        h->texts[h->plain[1] == i ? h->plain[2] : h->plain[0] == i ? h->plain[2]
                                                                    : h->plain[1]] = NULL;
    }
    if (!has_option(h, status)) {
        add_more(h, apr_pstrcat(h->p, status->name, "=", word, NULL));
    }
    return apr_psprintf(h->p, "'%s' is a status, not %s%s; write: %s", typed, place, missing,
                        line_of(h));
}

static const char *check_status(habit_t *h)
{
    static const char *const places[] = { "a source", "a target" };
    int k;

    for (k = 0; k < h->plain_count && k < 3; k++) {
        const char *typed = word_at(h, h->plain[k])->text, *why, *word;
        const r307_status_t *row;

        word = status_in(h->p, typed, &row, &why);
        /* "[301]" may be meant as flags, "-" and a path never begin so */
        if (!word || (typed[0] == '[' && !row && !why)) {
            continue;
        }
        if (why) {
            return strcmp(word, typed) == 0 ? why
                : apr_psprintf(h->p, "'%s'%s", show(h, typed), why + strlen(word) + 2);
        }
        return say_status(h, h->plain[k], k < 2 ? places[k] : "an option", word, row);
    }
    return NULL;
}

/* --- RewriteRule --- */

/* What a flag is here; NULL: nothing. */
static const char *flag_of(apr_pool_t *p, const char *flag)
{
    static const struct {
        const char *flag, *option;
    } flags[] = {
        { "NC", "case=ignore" }, { "nocase", "case=ignore" }, { "QSD", "query=drop" },
        { "qsdiscard", "query=drop" }, { "QSA", "query=merge" },
        { "qsappend", "query=merge" }, { "G", "status=gone" }, { "gone", "status=gone" },
        { "F", "status=403" }, { "forbidden", "status=403" }
    };
    const r307_status_t *row;
    const char *why, *value = strchr(flag, '=');
    size_t i;

    if (value && (strncasecmp(flag, "R=", 2) == 0
                  || strncasecmp(flag, "redirect=", 9) == 0)) {
        if (strcasecmp(value + 1, "permanent") == 0) {
            return "status=301";        /* as mod_rewrite reads it */
        }
        return status_in(p, value + 1, &row, &why) && row && row->code != 307
            ? apr_psprintf(p, "status=%d", row->code) : NULL;
    }
    for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        if (strcasecmp(flags[i].flag, flag) == 0) {
            return flags[i].option;
        }
    }
    return NULL;
}

/* Words from[0] to the one that ends in ']', their brackets gone. */
static const char *flags_at(const habit_t *h, int first, int *last)
{
    const char *text = word_at(h, first)->text + 1;
    size_t len;
    int i;

    for (i = first; i < h->all->nelts; i++) {
        const char *word = word_at(h, i)->text;

        len = strlen(word);
        if (i > first) {
            text = apr_pstrcat(h->p, text, word, NULL);
        }
        if (len && word[len - 1] == ']') {
            *last = i;
            return apr_pstrmemdup(h->p, text, strlen(text) - 1);
        }
    }
    return NULL;
}

static const char *check_flags(habit_t *h)
{
    int k, i, last = 0;

    for (k = 2; k < h->plain_count && k < PLAIN_MOST; k++) {
        const char *flags, *typed = word_at(h, h->plain[k])->text;
        char *flag, *state = NULL;

        if (typed[0] != '[' || !(flags = flags_at(h, h->plain[k], &last))) {
            continue;
        }
        for (flag = apr_strtok(apr_pstrdup(h->p, flags), ", ", &state); flag;
             flag = apr_strtok(NULL, ", ", &state)) {
            const char *option = flag_of(h->p, flag);

            if (option && !(h->more && strstr(h->more, option))) {
                add_more(h, option);
            }
        }
        for (i = h->plain[k]; i <= last; i++) {
            typed = i > h->plain[k] ? apr_pstrcat(h->p, typed, " ", word_at(h, i)->text, NULL)
                                    : typed;
            h->texts[i] = NULL;
        }
        if (h->more && (strstr(h->more, "status=gone") || strstr(h->more, "status=403"))) {
            h->texts[h->plain[1]] = NULL;
        }
        if (h->more) {
            return apr_psprintf(h->p, "'%s' are RewriteRule flags; write: %s", show(h, typed),
                                line_of(h));
        }
        return apr_psprintf(h->p, "'%s' are RewriteRule flags; leave them out: 307 is the "
                            "default, L is always so, NC is case=ignore, QSD is query=drop, "
                            "QSA is query=merge", show(h, typed));
    }
    return NULL;
}

/* "NC", "L" and the like without brackets, behind a source and a target. */
static const char *check_bare_flag(habit_t *h)
{
    const char *typed = word_at(h, h->plain[2])->text, *option = flag_of(h->p, typed);

    if (!option && strcmp(typed, "L") != 0 && strcmp(typed, "R") != 0
        && strncmp(typed, "R=", 2) != 0) {
        return NULL;
    }
    h->texts[h->plain[2]] = NULL;
    if (option) {
        add_more(h, option);
    }
    if (option && (strcmp(option, "status=gone") == 0 || strcmp(option, "status=403") == 0)) {
        h->texts[h->plain[1]] = NULL;
    }
    return apr_psprintf(h->p, "'%s' is a RewriteRule flag; write: %s", show(h, typed),
                        line_of(h));
}

/* --- others --- */

static int is_arrow(const char *text)
{
    static const char *const arrows[] = {
        "->", "=>", "-->", "==>", "~>", ">", ">>", "|", "=", "to", "\xE2\x86\x92",
        "\xE2\x87\x92", "\xC2\xBB", ","
    };
    size_t i;

    for (i = 0; i < sizeof(arrows) / sizeof(arrows[0]); i++) {
        if (strcasecmp(arrows[i], text) == 0) {
            return 1;
        }
    }
    return 0;
}

static const char *check_arrow(habit_t *h)
{
    const char *word, *at;

    if (h->plain_count >= 3 && is_arrow(word_at(h, h->plain[1])->text)) {
        word = word_at(h, h->plain[1])->text;
        h->texts[h->plain[1]] = NULL;
        return apr_psprintf(h->p, "'%s' stands between source and target, where a blank is "
                            "enough; write: %s", show(h, word), line_of(h));
    }
    if (h->plain_count != 1 || h->context->where == R307_WHERE_LOCATION) {
        return NULL;
    }
    word = word_at(h, h->plain[0])->text;
    at = strstr(word, "->");
    at = at ? at : strstr(word, "=>");
    if (!at || at == word || !at[2]) {
        return NULL;
    }
    h->texts[h->plain[0]] = apr_pstrcat(h->p, apr_pstrmemdup(h->p, word,
                                                             (size_t)(at - word)),
                                        " ", at + 2, NULL);
    return apr_psprintf(h->p, "'%s' is one word; write: %s", show(h, word), line_of(h));
}

/* "R=301", "code=301", "type=temp": names that others have for a status. */
static const char *check_names(habit_t *h)
{
    static const char *const names[] = {
        "R", "code", "type", "redirect", "statuscode", "status_code", "status-code", "http",
        "httpcode", "http_code", "http-code", "response", "action", "redirectcode"
    };
    size_t k;
    int i;

    for (i = 0; i < h->all->nelts; i++) {
        const r307_word_t *word = word_at(h, i);
        const r307_status_t *row;
        const char *why, *status;

        for (k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
            if (word->name_len != strlen(names[k])
                || strncasecmp(word->text, names[k], word->name_len) != 0) {
                continue;
            }
            status = status_in(h->p, word->text + word->name_len + 1, &row, &why);
            if (status && why) {
                return apr_psprintf(h->p, "'%s'%s", show(h, word->text),
                                    why + strlen(status) + 2);
            }
            if (status && row) {
                h->texts[i] = NULL;
                return say_status(h, i, "an option of that name", status, row);
            }
        }
    }
    return NULL;
}

/* --- two words that are one --- */

static int is_clock(const char *s)
{
    size_t n = strspn(s, "0123456789");

    return n >= 1 && n <= 2 && s[n] == ':' && strspn(s + n + 1, "0123456789") == 2;
}

/* "until=2026-12-31 18:00", "cache=2 hours" */
static const char *check_halves(habit_t *h)
{
    int i;

    for (i = 0; i + 1 < h->all->nelts; i++) {
        const r307_word_t *word = word_at(h, i), *next = word_at(h, i + 1);
        const char *value = word->text + word->name_len + 1, *whole = NULL;

        if (!word->name_len || next->name_len) {
            continue;
        }
        if (is_clock(next->text) && strchr("0123456789", *value) && strlen(value) >= 8) {
            const char *clock = next->text[1] == ':' ? apr_pstrcat(h->p, "0", next->text,
                                                                   NULL) : next->text;

            whole = apr_pstrcat(h->p, value, "T", clock, NULL);
        }
        else if (r307_option_find(word->text, word->name_len)) {
            whole = r307_duration_guess(h->p, value, next->text);
        }
        if (whole) {
            h->texts[i] = apr_pstrcat(h->p, apr_pstrmemdup(h->p, word->text,
                                                           word->name_len + 1), whole, NULL);
            h->texts[i + 1] = NULL;
            return apr_psprintf(h->p, "'%s' belongs to '%s'; write: %s", show(h, next->text),
                                show(h, word->text), line_of(h));
        }
    }
    return NULL;
}

static int begins_anew(const char *text)
{
    return text[0] == '/' || strstr(text, "://") || strcmp(text, "-") == 0
        || strcmp(text, "https:") == 0 || text[0] == '^';
}

/* Three words where two belong: names with a blank, or one too many. */
static const char *check_count(habit_t *h)
{
    const char *typed, *one, *two;
    int most = 2, from;

    if (h->plain_count <= most) {
        return NULL;
    }
    typed = show(h, word_at(h, h->plain[2])->text);
    one = word_at(h, h->plain[1])->text;
    two = word_at(h, h->plain[2])->text;
    from = !begins_anew(one) && begins_anew(two) ? 0
        : begins_anew(one) && !begins_anew(two) ? 1 : -1;
    if (h->plain_count == 3 && from >= 0 && h->plain[from + 1] == h->plain[from] + 1) {
        one = word_at(h, h->plain[from])->text;
        two = word_at(h, h->plain[from + 1])->text;
        h->texts[h->plain[from]] = r307_token_quote(h->p, apr_pstrcat(h->p, one, " ", two,
                                                                      NULL));
        h->texts[h->plain[from + 1]] = NULL;
        return apr_psprintf(h->p, "'%s' is one word too many: a word with a blank stands in "
                            "quotes; write: %s", typed, line_of(h));
    }
    return apr_psprintf(h->p, "'%s' is one word too many: a line has a source, a target, and "
                        "options name=value; leave it out, or put quotes around a word with "
                        "spaces", typed);
}

static int is_option(const char *name, size_t len)
{
    return r307_option_find(name, len) != NULL;
}

const char *r307_habit_check(apr_pool_t *p, const apr_array_header_t *words,
                             const r307_context_t *context)
{
    habit_t h = { p, words, context, NULL, NULL, { 0 }, 0 };
    const char *bad;
    int i;

    h.texts = apr_palloc(p, (size_t)words->nelts * sizeof(*h.texts));
    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);

        h.texts[i] = r307_token_quote(p, word->text);
        if (word->name_len == 0) {
            if (h.plain_count < PLAIN_MOST) {
                h.plain[h.plain_count] = i;
            }
            h.plain_count++;
        }
    }
    bad = r307_habit_dress(p, words, context->where == R307_WHERE_LOCATION ? 1 : 2,
                           context->directive, is_option);
    bad = bad ? bad : check_halves(&h);
    bad = bad ? bad : check_status(&h);
    bad = bad ? bad : check_names(&h);
    bad = bad ? bad : check_arrow(&h);
    if (bad || h.plain_count <= 2) {
        return bad;
    }
    bad = check_flags(&h);
    bad = bad ? bad : check_bare_flag(&h);
    return bad ? bad : check_count(&h);
}

const char *r307_habit_line(apr_pool_t *p, const apr_array_header_t *words,
                            const char *directive, const char *what, const char *by)
{
    r307_buf_t buf;
    int i, is_done = 0;

    r307_buf_make(&buf, p, 128);
    r307_buf_puts(&buf, directive);
    for (i = 0; i < words->nelts; i++) {
        const char *text = APR_ARRAY_IDX(words, i, r307_word_t).text;
        int is_it = !is_done && strcmp(text, what) == 0;

        is_done |= is_it;
        r307_buf_puts(&buf, buf.len ? " " : "");
        r307_buf_puts(&buf, is_it ? by : r307_token_quote(p, text));
    }
    return r307_text_show(p, buf.s, buf.len);
}

/* How a regex says a source in which names and stars are parts of segments; the names, in
 * the order of their groups. NULL: it does not say the same. */
static const char *half_pattern(apr_pool_t *p, const char *source, int anywhere,
                                apr_array_header_t *names)
{
    const char *s = source + (strncmp(source, "./", 2) == 0 ? 2 : 0);
    int is_half = 0;        /* in a segment that begins with a name */
    r307_buf_t buf;

    if (strpbrk(source, "%?#\" ") || strchr(source, '*') != strrchr(source, '*')) {
        return NULL;
    }
    r307_buf_make(&buf, p, 64);
    r307_buf_puts(&buf, *s == '/' ? "^" : "/");
    while (*s) {
        size_t n = 1;

        is_half = anywhere ? 1 : s == source || s[-1] == '/' ? *s == ':' : is_half;
        while (r307_text_is(s[n], R307_IS_NAME)) {
            n++;
        }
        if (*s == '*' || (is_half && *s == ':' && n > 1 && (s[1] < '0' || s[1] > '9'))) {
            n = *s == '*' ? 1 : n;
            r307_buf_puts(&buf, *s == '*' ? "(.*)" : "([^/]+)");
            APR_ARRAY_PUSH(names, const char *) = *s == '*' ? ":splat"
                                                            : apr_pstrmemdup(p, s, n);
            s += n;
        }
        else {
            r307_buf_puts(&buf, strchr(".^$|()[]{}+", *s) ? "\\" : "");
            r307_buf_putc(&buf, *s++);
        }
    }
    r307_buf_puts(&buf, "$");
    return names->nelts && names->nelts < 10 ? buf.s : NULL;
}

/* The target with the numbers of groups for their names. */
static const char *half_target(apr_pool_t *p, const char *s, const apr_array_header_t *names)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, 64);
    while (*s) {
        size_t n = s[0] == '%' && s[1] == '{' ? strcspn(s, "}") : 1;
        int i;

        while (*s == ':' && r307_text_is(s[n], R307_IS_NAME)) {
            n++;
        }
        for (i = 0; i < names->nelts; i++) {
            if (r307_slice_same(r307_slice(s, n),
                                r307_slice(APR_ARRAY_IDX(names, i, const char *),
                                           strlen(APR_ARRAY_IDX(names, i, const char *))))) {
                break;
            }
        }
        r307_buf_puts(&buf, i < names->nelts ? apr_psprintf(p, "$%d", i + 1)
                                             : apr_pstrmemdup(p, s, n));
        s += n;
    }
    return buf.s;
}

const char *r307_habit_half(apr_pool_t *p, const apr_array_header_t *words,
                            const char *source, int anywhere)
{
    apr_array_header_t *names = apr_array_make(p, 4, sizeof(const char *));
    const char *pattern = half_pattern(p, source, anywhere, names);
    r307_buf_t buf;
    int i, is_done = 0;

    if (!pattern) {
        return NULL;
    }
    r307_buf_make(&buf, p, 128);
    r307_buf_puts(&buf, "Redirect307Match");
    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);
        const r307_option_t *option = r307_option_find(word->text, word->name_len);
        int is_source = !is_done && strcmp(word->text, source) == 0;

        is_done |= is_source;
        if (option && option->says == R307_SAYS_MATCH) {
            continue;
        }
        r307_buf_putc(&buf, ' ');
        r307_buf_puts(&buf, is_source ? pattern
            : r307_token_quote(p, word->name_len ? word->text
                                                 : half_target(p, word->text, names)));
    }
    return is_done ? r307_text_show(p, buf.s, buf.len) : NULL;
}
