/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/habit_option.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

#include "base/datetime.h"

/* A name of others, and what is written here: "@" is the value. */
typedef struct synonym_t {
    const char *names;          /* separated by blanks */
    const char *write;
} synonym_t;

static const synonym_t of_rules[] = {
    { "expires expire end ends till stop valid-until", "until=@" },
    { "start starts begin since after", "from=@" },
    { "language languages accept-language locale", "lang=@" },
    { "domain hostname server server_name vhost", "host=@" },
    { "ua agent useragent user-agent user_agent browser", "header=User-Agent:*@*" },
    { "referer referrer http_referer", "header=Referer:*@*" },
    { "arg param params parameter querystring query_string query-string qs", "args=@" },
    { "nocase ignorecase ignore-case case-insensitive", "case=ignore" },
    { "comment description desc remark", "note=@" },
    { "id label", "name=@" },
    { "ttl max-age maxage cache-control", "cache=@" },
    { "weight split share traffic probability", "percent=@" },
    { "addr address remote_addr client network cidr", "ip=@" },
    { "verb request_method http-method", "method=@" },
    { "if cond condition", "expr=@" }
};

static const synonym_t of_maintenance[] = {
    { "ip ips allow-from allow-ip allow_ip allowed whitelist allowlist addr address "
      "remote_addr except-ip", "allow=@" },
    { "exclude except ignore skip open whitelist-path allow-path bypass-path", "exempt=@" },
    { "bypass secret key token link optin preview", "allow-link=@" },
    { "if file when lock lockfile trigger switch", "flag=@" },
    { "retry-after retry_after retry duration time length", "eta=@" },
    { "expires end ends till stop back", "until=@" },
    { "start starts begin since", "from=@" },
    { "domain hostname server vhost", "host=@" },
    { "comment description desc reason", "note=@" },
    { "id label", "name=@" }
};

/* What is no option, and why. */
static const synonym_t others[] = {
    { "status code r http statuscode status-code", "a maintenance answers 503 by itself, "
      "and page loads 307; leave it out, or write answer=503" },
    { "match case slash args header env lang user expr percent sticky method query then "
      "review cache vary", "it is one of rules, and a maintenance closes all but what "
      "allow=, allow-link=, cookie= and exempt= let in; leave it out" },
    { "message text title content body", "what people read is the page's own text; leave "
      "this out" },
    { "url path html template document target location",
      "the page is the word without a name; leave this out" }
};

#define COUNT(table) (sizeof(table) / sizeof(table[0]))

static const char *find(const synonym_t *table, size_t count, const r307_word_t *word)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const char *s = table[i].names;

        while (*s) {
            size_t n = strcspn(s, " ");

            if (r307_text_same_fold(s, n, word->text, word->name_len)) {
                return table[i].write;
            }
            s += n + (s[n] == ' ');
        }
    }
    return NULL;
}

/* The option with that value; a link's key has a name, and what is to be a date may be none. */
static const char *with_value(apr_pool_t *p, const char *write, const char *value,
                              r307_habit_of_t of)
{
    int is_date = strcmp(write, "until=@") == 0 || strcmp(write, "from=@") == 0;
    size_t at = strcspn(write, "@");
    apr_time_t when;

    if (is_date && r307_time_parse(p, value, 1, &when)) {
        if (of == R307_HABIT_MAINTENANCE && !r307_duration_parse(p, value, &when)) {
            return apr_pstrcat(p, "eta=", value, NULL);
        }
        value = "2026-12-26";
    }
    if (strcmp(write, "allow-link=@") == 0 && !strchr(value, '=')) {
        value = apr_pstrcat(p, "preview=", value, NULL);
    }
    return write[at] ? apr_pstrcat(p, apr_pstrmemdup(p, write, at), value, write + at + 1,
                                   NULL) : write;
}

const char *r307_habit_option(apr_pool_t *p, const r307_word_t *word, r307_habit_of_t of)
{
    const char *value = word->text + word->name_len + 1, *text;
    const char *shown = r307_text_show(p, word->text, strlen(word->text));
    const char *write = of == R307_HABIT_RULE ? find(of_rules, COUNT(of_rules), word)
        : find(of_maintenance, COUNT(of_maintenance), word);

    if (!write) {
        write = of == R307_HABIT_RULE ? NULL : find(others, COUNT(others), word);
        return write ? apr_psprintf(p, "'%s' unknown option; %s", shown, write) : NULL;
    }
    text = r307_token_quote(p, with_value(p, write, value, of));
    return apr_psprintf(p, "'%s' unknown option; write %s", shown,
                        r307_text_show(p, text, strlen(text)));
}

/* The line with `text` in the place of the words from `first` to `last`. */
static const char *line_with(apr_pool_t *p, const apr_array_header_t *words,
                             const char *directive, int first, int last, const char *text)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 128);
    r307_buf_puts(&buf, directive);
    for (i = 0; i < words->nelts; i++) {
        const char *word = APR_ARRAY_IDX(words, i, r307_word_t).text;

        if (i <= first || i > last) {
            r307_buf_puts(&buf, buf.len ? " " : "");
            r307_buf_puts(&buf, r307_token_quote(p, i == first ? text : word));
        }
    }
    return r307_text_show(p, buf.s, buf.len);
}

/* "status = 301", "status= 301" and "status =301" at word i: how many words, and what they
 * are in one; 0: it is not that. */
static int spread_at(apr_pool_t *p, const apr_array_header_t *words, int i,
                     r307_habit_is_t *is_option, const char **text)
{
    const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);
    size_t len = strlen(word->text);
    int is_ended = len && word->text[len - 1] == '=', k = i + 1, count = 1;
    const char *value;

    len -= is_ended;
    if (i + 1 >= words->nelts || !is_option(word->text, len)) {
        return 0;
    }
    value = APR_ARRAY_IDX(words, k, r307_word_t).text;
    if (!is_ended && value[0] != '=') {
        return 0;
    }
    value += !is_ended;
    if (!*value && k + 1 < words->nelts) {
        value = APR_ARRAY_IDX(words, ++k, r307_word_t).text;
        count++;
    }
    if (!*value || APR_ARRAY_IDX(words, k, r307_word_t).name_len
        || (is_ended && (*value == '/' || strstr(value, "://")))) {
        return 0;               /* an option without its value, and the target */
    }
    *text = apr_pstrcat(p, apr_pstrmemdup(p, word->text, len), "=", value, NULL);
    return count + 1;
}

/* "--status=301", "-status=301", "status:301". */
static const char *dressed(apr_pool_t *p, const char *typed, r307_habit_is_t *is_option)
{
    const char *name = typed + strspn(typed, "-");
    size_t n = strcspn(name, "=:");

    return (name == typed && name[n] != ':') || !name[n] || !name[n + 1]
           || !is_option(name, n)
        ? NULL : apr_pstrcat(p, apr_pstrmemdup(p, name, n), "=", name + n + 1, NULL);
}

const char *r307_habit_dress(apr_pool_t *p, const apr_array_header_t *words, int from,
                             const char *directive, r307_habit_is_t *is_option)
{
    int i, plain = 0;

    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);
        const char *text = NULL, *typed = word->text;
        int count = 1;

        if (plain >= from || word->name_len) {
            count = spread_at(p, words, i, is_option, &text);
        }
        if (!text && !word->name_len && plain >= from) {
            text = dressed(p, typed, is_option);
            count = 1;
        }
        plain += !word->name_len;
        if (!text) {
            continue;
        }
        if (count > 1) {
            typed = apr_pstrcat(p, typed, " ", APR_ARRAY_IDX(words, i + 1, r307_word_t).text,
                                count > 2 ? " " : NULL, count > 2
                                ? APR_ARRAY_IDX(words, i + 2, r307_word_t).text : NULL, NULL);
        }
        return apr_psprintf(p, "'%s' is not how an option is written; write: %s",
                            r307_text_show(p, typed, strlen(typed)),
                            line_with(p, words, directive, i, i + count - 1, text));
    }
    return NULL;
}
