/* SPDX-License-Identifier: Apache-2.0
 *
 * `_redirects`: /from [name=value ...] /to [status[!]] [Condition=...]. What the grammar
 * can say is said in it. What is no redirect ends the search all the same, as it does where
 * the file comes from: such a line has the target '-', with its conditions.
 */
#include "map/map_format.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "grammar/options.h"

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

static int is_status(const char *word)
{
    size_t n = strspn(word, "0123456789");

    return n > 0 && n < 4 && (!word[n] || (word[n] == '!' && !word[n + 1]));
}

/* "mailto:x", "ftp://h": the length of a scheme that no redirect has; 0: there is none. */
static size_t foreign_scheme(const char *word)
{
    size_t n = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+.-");

    return n > 1 && word[n] == ':' && !is_url(word) ? n : 0;
}

static const char *no_target(const r307_mapreading_t *reading, const entry_t *entry,
                             const char *word)
{
    size_t n = word ? foreign_scheme(word) : 0;

    if (n) {
        return apr_psprintf(reading->line_pool, "'%s' has the scheme '%.*s:', and a redirect "
                            "leads to http:// or https://; write the address of a page, as "
                            "https://www.example.com/contact",
                            show(reading, word), (int)n, word);
    }
    if (word) {
        return apr_psprintf(reading->line_pool, "'%s' is no target; write /%s, or "
                            "https://%s/ for a host", show(reading, word),
                            show(reading, word), show(reading, word));
    }
    return apr_psprintf(reading->line_pool, "'%s' has no target; write: %s /new",
                        show(reading, entry->from), show(reading, entry->from));
}

/* A line without a target is fine when its status is none that is sent. */
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

        if (entry->to || rest->nelts) {
            APR_ARRAY_PUSH(rest, const char *) = word;
        }
        else if (word[0] == '/' || is_url(word)) {
            entry->to = word;
        }
        else if (is_status(word)) {
            APR_ARRAY_PUSH(rest, const char *) = word;
        }
        else if (strchr(word, '=') && !foreign_scheme(word)) {
            APR_ARRAY_PUSH(params, const char *) = word;
        }
        else {
            return no_target(reading, entry, word);
        }
    }
    return entry->to || rest->nelts ? NULL : no_target(reading, entry, NULL);
}

/* --- sources --- */

/* Another name for a segment ":splat", which there is one segment as any name is; NULL:
 * the source has none. */
static const char *splat_name(const r307_mapreading_t *reading, const char *from)
{
    const char *at = strstr(from, "/:splat"), *name = "splat_";

    if (!at || (at[7] && at[7] != '/')) {
        return NULL;
    }
    while (strstr(from, name)) {
        name = apr_pstrcat(reading->line_pool, name, "_", NULL);
    }
    return name;
}

/* The source in our words. */
static const char *source_of(const r307_mapreading_t *reading, const char *from,
                             const char *splat)
{
    r307_buf_t buf;

    r307_buf_make(&buf, reading->line_pool, strlen(from) + 16);
    if (from[0] != '/' && !is_url(from) && reading->sink->context->where != R307_WHERE_DIRECTORY) {
        r307_buf_putc(&buf, '/');
    }
    for (; *from; from++) {
        if (splat && strncmp(from, "/:splat", 7) == 0 && (!from[7] || from[7] == '/')) {
            r307_buf_puts(&buf, "/:");
            r307_buf_puts(&buf, splat);
            from += 6;
        }
        else if (from[0] == '.' && from[1] == '*') {
            r307_buf_puts(&buf, "%2E");     /* no regular expressions there */
        }
        else {
            r307_buf_putc(&buf, *from);
        }
    }
    return buf.s;
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
 * nothing there. splat: another name of ":splat", or NULL. */
static const char *target_of(r307_mapreading_t *reading, const entry_t *entry,
                             const char *splat)
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
        if (splat && n == 5 && memcmp(s + 1, "splat", 5) == 0) {
            r307_buf_putc(&buf, ':');
            r307_buf_puts(&buf, splat);
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
    const char *before;         /* its value */
    const char *instead;
} conditions[] = {
    /* the visitor's first language, and no other */
    { "Language", "lang", "first:", NULL },
    { "Cookie", "cookie", "", "it asks for one cookie of several; write a line for each "
      "of them, as Cookie=" },
    { "Country", NULL, NULL, "where a client is, a module such as mod_maxminddb knows; "
      "write the rule beside the line that names the map, with its variable as "
      "env=COUNTRY_CODE=de" },
    { "Role", NULL, NULL, "roles live in that host's own login; write the rule beside the "
      "line that names the map, with user=NAME" }
};
#define CONDITION_COUNT (sizeof(conditions) / sizeof(conditions[0]))

static const char *take_condition(r307_mapreading_t *reading, const char *word)
{
    size_t n = strcspn(word, "="), i;
    const char *value = word + n + 1;
    const r307_option_t *option;

    for (i = 0; i < CONDITION_COUNT; i++) {
        if (!r307_text_same_fold(word, n, conditions[i].name,
                                 strlen(conditions[i].name))) {
            continue;
        }
        option = conditions[i].option ? r307_option_find(conditions[i].option,
                                                         strlen(conditions[i].option)) : NULL;
        if (!option || (!option->is_list && strchr(value, ','))) {
            const char *first = option
                ? apr_pstrmemdup(reading->line_pool, value, strcspn(value, ",")) : "";

            return apr_psprintf(reading->line_pool, "'%s' cannot be said in a map: %s%s",
                                show(reading, word), conditions[i].instead,
                                show(reading, first));
        }
        r307_mapfile_word(reading, conditions[i].option,
                          apr_pstrcat(reading->line_pool, conditions[i].before, value,
                                      NULL));
        return NULL;
    }
    return apr_psprintf(reading->line_pool, "'%s' is no condition of _redirects, which has "
                        "Language=, Country=, Cookie= and Role=; leave it out", show(reading, word));
}

#define STAY "; requests for it stay here"

/* NULL when the status is sent; else what is said of one that is not. */
static const char *why_not_sent(const r307_mapreading_t *reading, const char *word)
{
    switch (atoi(word)) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
        return NULL;
    case 200:
        return "status 200 shows the target under the old address; that is a rewrite, not "
               "a redirect: RewriteRule does it" STAY;
    case 404:
        return "status 404 with a page is an ErrorDocument; write ErrorDocument 404 /page"
               STAY;
    default:
        return apr_psprintf(reading->line_pool, "'%s' is no status of a redirect; write "
                            "301, 302, 303, 307 or 308" STAY, show(reading, word));
    }
}

/* The status, if there is one, and why it is not sent. */
static const char *find_status(const r307_mapreading_t *reading, const entry_t *entry,
                               const char **why)
{
    const char *word = entry->rest->nelts ? word_at(entry->rest, 0) : NULL;

    if (!word || strchr(word, '=')) {
        return NULL;
    }
    *why = is_status(word) ? why_not_sent(reading, word)
        : apr_psprintf(reading->line_pool, "'%s' is no status; write 301, 302, 303, 307 or "
                       "308" STAY, show(reading, word));
    return word;
}

/* What stands behind target and status. */
static const char *take_rest(r307_mapreading_t *reading, const entry_t *entry, int from)
{
    int i;

    for (i = from; i < entry->rest->nelts; i++) {
        const char *word = word_at(entry->rest, i), *bad;

        bad = strchr(word, '=') ? take_condition(reading, word)
            : apr_psprintf(reading->line_pool, "'%s' is one word too many: a line has a "
                           "source, a target and a status; leave it out", show(reading, word));
        if (bad) {
            return bad;
        }
    }
    return NULL;
}

/* Makes the line's words. *why: the line is told of, and has no target. */
static const char *write_entry(r307_mapreading_t *reading, const entry_t *entry,
                               const char **why)
{
    const char *splat = splat_name(reading, entry->from);
    const char *status = find_status(reading, entry, why);

    if (!*why && !entry->to) {
        return no_target(reading, entry, NULL);
    }
    r307_mapfile_word(reading, NULL, source_of(reading, entry->from, splat));
    r307_mapfile_word(reading, NULL, *why ? "-" : target_of(reading, entry, splat));
    r307_mapfile_word(reading, "match", "exact");
    r307_mapfile_word(reading, "slash", "ignore");
    if (entry->params->nelts) {
        r307_mapfile_word(reading, "args", args_of(reading, entry));
    }
    if (status && !*why) {
        r307_mapfile_word(reading, "status", apr_pstrmemdup(reading->line_pool, status, 3));
    }
    return take_rest(reading, entry, status != NULL);
}

static const char *make_entry(r307_mapreading_t *reading, const apr_array_header_t *words,
                              const char **why)
{
    entry_t entry;
    const char *bad = sort_words(reading, words, &entry);

    return bad ? bad : write_entry(reading, &entry, why);
}

/* A bad line's source, for what stands in for it. */
static const apr_array_header_t *source_alone(r307_mapreading_t *reading, const char *from)
{
    reading->words->nelts = 0;
    r307_mapfile_word(reading, NULL, source_of(reading, from, splat_name(reading, from)));
    r307_mapfile_word(reading, "match", "exact");
    r307_mapfile_word(reading, "slash", "ignore");
    return reading->words;
}

static void read_entry(r307_mapreading_t *reading, r307_slice_t line)
{
    const char *text = apr_pstrmemdup(reading->line_pool, line.s, line.len);
    const char *why = NULL, *bad;
    apr_array_header_t *words;

    if (strlen(text) != line.len) {
        r307_mapfile_bad(reading, reading->line, "the line holds a NUL byte; save the file "
                         "as plain text", NULL);
        return;
    }
    words = split(reading->line_pool, text);
    if (words->nelts == 0) {
        text += strspn(text, " \t");
        r307_mapfile_remark(reading, reading->line, r307_slice(text, strlen(text)));
        apr_pool_clear(reading->line_pool);
        return;
    }
    bad = make_entry(reading, words, &why);
    if (bad) {
        r307_mapfile_bad(reading, reading->line, bad,
                         source_alone(reading, word_at(words, 0)));
        return;
    }
    if (why) {
        reading->sink->told(reading->sink->baton, reading->line, why);
    }
    r307_mapfile_made(reading, reading->line);
}

const char *r307_map_read_redirects(r307_mapreading_t *reading)
{
    r307_slice_t line;

    for (line = r307_mapfile_line(reading); line.s; line = r307_mapfile_line(reading)) {
        read_entry(reading, line);
    }
    return NULL;
}
