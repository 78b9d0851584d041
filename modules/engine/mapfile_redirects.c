/* SPDX-License-Identifier: Apache-2.0
 *
 * `_redirects`: /from [name=value ...] /to [status[!]] [Condition=...]. What the grammar
 * can say is said in it; the rest is skipped with the reason.
 */
#include "mapfile.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "options.h"

typedef struct entry_t {
    const char *from, *to;
    const apr_array_header_t *params;   /* of const char *, between the two */
    const apr_array_header_t *rest;     /* of const char *, behind them */
} entry_t;

static const char *word_at(const apr_array_header_t *words, int i)
{
    return APR_ARRAY_IDX(words, i, const char *);
}

static const char *show(const r307_mapreading_t *reading, const char *text)
{
    return r307_text_show(reading->line_pool, text, strlen(text));
}

static int is_url(const char *word)
{
    return strncasecmp(word, "http://", 7) == 0 || strncasecmp(word, "https://", 8) == 0;
}

/* Words at blanks, up to one that begins a comment. There are no quotes. */
static apr_array_header_t *split(apr_pool_t *p, const char *line)
{
    apr_array_header_t *words = apr_array_make(p, 8, sizeof(const char *));

    for (line += strspn(line, " \t"); *line && *line != '#';
         line += strspn(line, " \t")) {
        size_t len = strcspn(line, " \t");

        APR_ARRAY_PUSH(words, const char *) = apr_pstrmemdup(p, line, len);
        line += len;
    }
    return words;
}

static const char *sort_words(r307_mapreading_t *reading, const apr_array_header_t *words,
                              entry_t *entry)
{
    apr_array_header_t *params = apr_array_make(reading->line_pool, 2,
                                                sizeof(const char *));
    apr_array_header_t *rest = apr_array_make(reading->line_pool, 2,
                                              sizeof(const char *));
    int i;

    memset(entry, 0, sizeof(*entry));
    entry->from = word_at(words, 0);
    entry->params = params;
    entry->rest = rest;
    for (i = 1; i < words->nelts; i++) {
        const char *word = word_at(words, i);

        if (entry->to) {
            APR_ARRAY_PUSH(rest, const char *) = word;
        }
        else if (word[0] == '/' || is_url(word)) {
            entry->to = word;
        }
        else if (strchr(word, '=')) {
            APR_ARRAY_PUSH(params, const char *) = word;
        }
        else {
            break;
        }
    }
    if (!entry->to) {
        return apr_psprintf(reading->line_pool, "'%s' has no target; write: %s /new",
                            show(reading, entry->from), show(reading, entry->from));
    }
    return NULL;
}

/* The parameter whose value ":name" stands for, or NULL. */
static const char *param_of(const r307_mapreading_t *reading, const entry_t *entry,
                            const char *name, size_t len)
{
    int i;

    for (i = 0; i < entry->params->nelts; i++) {
        const char *param = word_at(entry->params, i), *value = strchr(param, '=') + 1;

        if (value[0] == ':' && strlen(value + 1) == len
            && memcmp(value + 1, name, len) == 0) {
            return apr_pstrmemdup(reading->line_pool, param, (size_t)(value - 1 - param));
        }
    }
    return NULL;
}

/* The target in our words: what a parameter holds is %{arg:name}; '$' and '%{' mean
 * nothing there. */
static const char *target_of(r307_mapreading_t *reading, const entry_t *entry)
{
    const char *s = entry->to, *param;
    r307_buf_t buf;

    r307_buf_make(&buf, reading->line_pool, strlen(s) + 32);
    while (*s) {
        size_t n = 0;

        if (*s == ':') {
            while (r307_text_is(s[1 + n], R307_IS_NAME)) {
                n++;
            }
        }
        param = n ? param_of(reading, entry, s + 1, n) : NULL;
        if (param) {
            r307_buf_puts(&buf, "%{arg:");
            r307_buf_puts(&buf, param);
            r307_buf_putc(&buf, '}');
            s += 1 + n;
            continue;
        }
        if (*s == '$') {
            r307_buf_puts(&buf, "%24");
        }
        else if (s[0] == '%' && s[1] == '{') {
            r307_buf_puts(&buf, "%25");
        }
        else {
            r307_buf_putc(&buf, *s);
        }
        s++;
    }
    return buf.s;
}

static const char *args_of(r307_mapreading_t *reading, const entry_t *entry)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, reading->line_pool, 64);
    for (i = 0; i < entry->params->nelts; i++) {
        const char *param = word_at(entry->params, i), *value = strchr(param, '=');

        if (i) {
            r307_buf_putc(&buf, '&');
        }
        r307_buf_add(&buf, param, value[1] == ':' ? (size_t)(value - param)
                                                  : strlen(param));
    }
    return buf.s;
}

/* Conditions, by what they are called there. */
static const struct {
    const char *name;
    const char *option;         /* ours of the same meaning, or NULL */
    const char *instead;
} conditions[] = {
    { "Language", "lang", "this version has no lang=" },
    { "Country", NULL, "where a client is, a module such as mod_maxminddb knows: let it "
      "set a variable, and write the rule with env=" },
    { "Cookie", NULL, "it asks for one cookie of several; write the rule with header=" },
    { "Role", NULL, "roles live in that host's own login; write the rule with user= or "
      "expr=" }
};
#define CONDITION_COUNT (sizeof(conditions) / sizeof(conditions[0]))

static const char *take_condition(r307_mapreading_t *reading, const char *word)
{
    size_t n = strcspn(word, "="), i;

    for (i = 0; i < CONDITION_COUNT; i++) {
        if (!r307_text_same_fold(word, n, conditions[i].name,
                                 strlen(conditions[i].name))) {
            continue;
        }
        if (!conditions[i].option
            || !r307_option_find(conditions[i].option, strlen(conditions[i].option))) {
            return apr_psprintf(reading->line_pool, "'%s' cannot be said in a map: %s",
                                show(reading, word), conditions[i].instead);
        }
        r307_mapfile_word(reading, conditions[i].option, word + n + 1);
        return NULL;
    }
    return apr_psprintf(reading->line_pool, "'%s' is no condition of _redirects; it knows "
                        "Language=, Country=, Cookie= and Role=", show(reading, word));
}

static const char *take_status(r307_mapreading_t *reading, const char *word)
{
    size_t len = strlen(word);
    long code;

    len -= len > 0 && word[len - 1] == '!';     /* "even where a file is": always so here */
    code = r307_text_number(r307_slice(word, len), 599);
    if (code == 200) {
        return "status 200 shows the target under the old address; that is a rewrite, not "
               "a redirect: RewriteRule does it";
    }
    if (code == 404) {
        return "status 404 with a page is an ErrorDocument; write ErrorDocument 404 /page";
    }
    if (code != 301 && code != 302 && code != 303 && code != 307 && code != 308) {
        return apr_psprintf(reading->line_pool, "'%s' is no status of a redirect; write "
                            "301, 302, 303, 307 or 308", show(reading, word));
    }
    r307_mapfile_word(reading, "status", apr_pstrmemdup(reading->line_pool, word, len));
    return NULL;
}

static const char *take_rest(r307_mapreading_t *reading, const entry_t *entry)
{
    int i;

    for (i = 0; i < entry->rest->nelts; i++) {
        const char *word = word_at(entry->rest, i), *bad;

        bad = strchr(word, '=') ? take_condition(reading, word)
            : i == 0 ? take_status(reading, word)
            : apr_psprintf(reading->line_pool, "'%s' is one word too many: a line has a "
                           "source, a target and a status", show(reading, word));
        if (bad) {
            return bad;
        }
    }
    return NULL;
}

static const char *read_entry(r307_mapreading_t *reading, r307_slice_t line)
{
    const char *text = apr_pstrmemdup(reading->line_pool, line.s, line.len), *bad;
    apr_array_header_t *words;
    entry_t entry;

    if (strlen(text) != line.len) {
        return "the line holds a NUL byte; save the file as plain text";
    }
    words = split(reading->line_pool, text);
    if (words->nelts == 0) {
        return NULL;
    }
    bad = sort_words(reading, words, &entry);
    if (bad) {
        return bad;
    }
    r307_mapfile_word(reading, NULL, entry.from);
    r307_mapfile_word(reading, NULL, target_of(reading, &entry));
    r307_mapfile_word(reading, "match", "exact");
    r307_mapfile_word(reading, "slash", "ignore");
    if (entry.params->nelts) {
        r307_mapfile_word(reading, "args", args_of(reading, &entry));
    }
    return take_rest(reading, &entry);
}

void r307_mapfile_read_redirects(r307_mapreading_t *reading)
{
    r307_slice_t line;

    for (line = r307_mapfile_line(reading); line.s; line = r307_mapfile_line(reading)) {
        const char *bad = read_entry(reading, line);

        if (bad) {
            r307_mapfile_bad(reading, reading->line, bad);
        }
        else if (reading->text.len) {
            r307_mapfile_text(reading, reading->line);
        }
        else {
            apr_pool_clear(reading->line_pool);
        }
    }
}
