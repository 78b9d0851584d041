/* SPDX-License-Identifier: Apache-2.0 */
#include "case/case_line.h"

#include <string.h>
#include <apr_strings.h>

#define ARROW "->"
#define WRITE "write: /old -> 307 /new"

void r307_case_none(r307_case_t *c)
{
    memset(c, 0, sizeof(*c));
    c->file = c->test = c->place = R307_CASE_UNSAID;
    c->cache = R307_CASE_UNSAID;
    c->hops = R307_HOPS_USUAL;
}

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

/* --- keys --- */

/* What says it, where somebody wrote an option, or the name of a header. */
static const char *instead(apr_pool_t *p, const r307_word_t *word, const char *name)
{
    const r307_case_key_t *key = r307_case_key_of(name);
    const r307_option_t *option = r307_option_find(name, strlen(name));

    if (key == &r307_case_keys[R307_CASE_URL]) {
        return "what it asks for stands in the URL; write /old?name=value";
    }
    if (key) {
        return apr_psprintf(p, "what it asks for is said by %s=%s", key->name, key->value);
    }
    if (option && option->says == R307_SAYS_STATUS) {
        return apr_psprintf(p, "the status stands behind the arrow; write " ARROW " %s",
                            show(p, r307_word_value(word)));
    }
    if (*name >= 'A' && *name <= 'Z') {
        return apr_psprintf(p, "a header is said by \"header=Name: value\"; write "
                            "\"%s=%s: %s\"", r307_case_keys[R307_CASE_HEADER].name,
                            show(p, name), show(p, r307_word_value(word)));
    }
    return apr_psprintf(p, "there are %s and, for the answer, %s", r307_case_key_list(p, 0),
                        r307_case_key_list(p, 1));
}

static const char *unknown_key(apr_pool_t *p, const r307_word_t *word)
{
    const char *name = apr_pstrmemdup(p, word->text, word->name_len), *near = NULL;
    int i, best = 3;

    for (i = 0; i < R307_CASE_KEYS; i++) {
        int distance = r307_text_distance(name, r307_case_keys[i].name);

        if (distance < best && distance < (int)strlen(r307_case_keys[i].name) / 2 + 1) {
            best = distance;
            near = r307_case_keys[i].name;
        }
    }
    if (near) {
        return apr_psprintf(p, "'%s=' is no key of a case; did you mean %s=?", show(p, name),
                            near);
    }
    return apr_psprintf(p, "'%s=' is no key of a case; %s", show(p, name),
                        instead(p, word, name));
}

/* once: keys that this text said before. */
static const char *take_key(apr_pool_t *p, const r307_word_t *word, unsigned *once,
                            r307_case_t *c)
{
    const r307_case_key_t *key = r307_case_key_find(word->text, word->name_len);
    const char *value = r307_word_value(word), *bad;
    unsigned bit;

    if (!key) {
        return unknown_key(p, word);
    }
    bit = 1u << (unsigned)(key - r307_case_keys);
    if ((*once & bit) && !key->may_repeat) {
        return apr_psprintf(p, "%s= is there twice; keep one", key->name);
    }
    *once |= bit;
    c->said |= bit;
    bad = key->set(p, c, value);
    return bad ? apr_psprintf(p, "%s='%s' %s", key->name, show(p, value), bad) : NULL;
}

/* --- words --- */

static const char *split(apr_pool_t *p, const char *text, apr_array_header_t **words)
{
    const char *s;
    size_t bad_at;

    *words = NULL;
    for (s = text; *s; s++) {
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7F
            || ((unsigned char)*s == 0xC2 && (unsigned char)s[1] < 0xA0)) {
            return "holds a control byte; write its percent code, or leave it out";
        }
    }
    if (!r307_text_is_utf8(text, strlen(text), &bad_at)) {
        return "is not UTF-8; write the percent codes of the bytes, or save the file as UTF-8";
    }
    /* what begins with '#' is a comment to the tokenizer, and was one in its file */
    text += strspn(text, " \t");
    if (*text == '#') {
        return "begins with '#', and a browser sends no fragment; " WRITE;
    }
    return r307_token_split_remark(p, text, words);
}

/* Arrows of other people. */
static const char *foreign_arrow(const char *text)
{
    static const char *const arrows[] = { "=>", "-->", "==>", "\xE2\x86\x92", "\xE2\x87\x92",
                                          ">", ":", "=" };
    size_t i;

    for (i = 0; i < sizeof(arrows) / sizeof(arrows[0]); i++) {
        if (strcmp(text, arrows[i]) == 0) {
            return arrows[i];
        }
    }
    return NULL;
}

static int arrow_in(const apr_array_header_t *words)
{
    int i;

    for (i = 0; i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);

        if (!word->quoted && strcmp(word->text, ARROW) == 0) {
            return i;
        }
    }
    return -1;
}

static const char *no_arrow(apr_pool_t *p, const apr_array_header_t *words)
{
    int i;

    for (i = 0; i < words->nelts; i++) {
        const char *text = APR_ARRAY_IDX(words, i, r307_word_t).text;

        if (foreign_arrow(text)) {
            return apr_psprintf(p, "'%s' is no arrow; write " ARROW, show(p, text));
        }
        if (strlen(text) > 2 && strstr(text, ARROW)) {
            return apr_psprintf(p, "'%s' has no blanks around its arrow; write them",
                                show(p, text));
        }
    }
    return words->nelts == 1
        ? apr_psprintf(p, "says not what is to be answered; write: %s -> 307 /new, or -> none",
                       show(p, APR_ARRAY_IDX(words, 0, r307_word_t).text))
        : "has no '" ARROW "' between what is asked and what is answered; " WRITE;
}

/* --- the question --- */

/* "at 2026-12-24", "--at 2026-12-24"; but a page may be called as a key is, and a key follow it. */
static const char *bare_key(apr_pool_t *p, const apr_array_header_t *words, int i, int to)
{
    const char *text = APR_ARRAY_IDX(words, i, r307_word_t).text;
    const char *name = text + strspn(text, "-");
    const r307_word_t *next = i + 1 < to ? &APR_ARRAY_IDX(words, i + 1, r307_word_t) : NULL;

    if (!next || !r307_case_key_find(name, strlen(name))
        || r307_case_key_find(next->text, next->name_len)) {
        return NULL;
    }
    return apr_psprintf(p, "'%s' is a key, and has its value behind a '='; write %s=%s",
                        show(p, text), name, show(p, next->text));
}

/* A word that is no key: the method, if two of them come, and the URL. */
static const char *take_plain(apr_pool_t *p, const r307_word_t *word, const char **plain,
                              int *count, r307_case_t *c)
{
    if (*count == 2) {
        return apr_psprintf(p, "'%s' is one word too many; a case is a method, if it is not "
                            "GET, a URL and keys; " WRITE, show(p, word->text));
    }
    plain[(*count)++] = word->text;
    APR_ARRAY_PUSH(c->asked, r307_word_t) = *word;
    return NULL;
}

static const char *take_question(apr_pool_t *p, const apr_array_header_t *words, int from,
                                 int to, unsigned *once, r307_case_t *c)
{
    const char *plain[2], *bad = NULL;
    int i, count = 0;

    for (i = from; i < to && !bad; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);
        const r307_case_key_t *key;

        if (!word->name_len) {
            bad = bare_key(p, words, i, to);
            bad = bad ? bad : take_plain(p, word, plain, &count, c);
            continue;
        }
        key = r307_case_key_find(word->text, word->name_len);
        if (!key || !key->is_wanted) {
            APR_ARRAY_PUSH(c->asked, r307_word_t) = *word;
        }
        bad = take_key(p, word, once, c);
    }
    if (bad || !count) {
        return bad ? bad : c->url ? NULL : "names no URL; " WRITE;
    }
    if (count == 2) {
        bad = r307_case_keys[R307_CASE_METHOD].set(p, c, plain[0]);
        if (bad) {
            return apr_psprintf(p, "'%s' %s", show(p, plain[0]), bad);
        }
    }
    c->url = plain[count - 1];
    return NULL;
}

/* --- the answer --- */

static const struct {
    const char *word;
    r307_want_t want;
    const char *why;            /* not NULL: the word is not understood, and what to write */
} answers[] = {
    { "passes", R307_WANT_PASSES, NULL },
    { "none", R307_WANT_NONE, NULL },
    { "refused", R307_WANT_REFUSED, NULL },
    { "pass", R307_WANT_NONE, "is not understood; write passes (not this rule) or none (no "
      "rule)" },
    { "-", R307_WANT_NONE, "is not understood; write none (no rule answers)" },
    { "no", R307_WANT_NONE, "is not understood; write none (no rule answers)" },
    { "nothing", R307_WANT_NONE, "is not understood; write none (no rule answers)" },
    { "ok", R307_WANT_NONE, "is not understood; write none (no rule answers)" },
    { "200", R307_WANT_NONE, "is what httpd answers where no rule does; write none" },
    { "400", R307_WANT_NONE, "is what a refused request gets; write refused" }
};
#define ANSWER_COUNT (sizeof(answers) / sizeof(answers[0]))

static int find_answer(const char *text)
{
    size_t i;

    for (i = 0; i < ANSWER_COUNT; i++) {
        if (r307_text_same_fold(text, strlen(text), answers[i].word,
                                strlen(answers[i].word))) {
            return (int)i;
        }
    }
    return -1;
}

/* The first plain word: 1 when a Location may follow. */
static const char *take_answer(apr_pool_t *p, const char *text, r307_case_t *c, int *more)
{
    const r307_status_t *status;
    const char *why;
    int at = find_answer(text);

    *more = 0;
    c->want = at < 0 ? R307_WANT_ANSWER : answers[at].want;
    if (at >= 0) {
        return answers[at].why ? apr_psprintf(p, "'%s' %s", show(p, text), answers[at].why)
                               : NULL;
    }
    if (!r307_status_word(text, &status, &why)) {
        c->location = text;
        return NULL;
    }
    if (!status) {
        return apr_psprintf(p, why ? "'%s' is what several statuses are called; write the "
                            "number, as 301 or 308" : "'%s' is no status that a rule answers "
                            "with; write 307, or none", show(p, text));
    }
    c->status = status->code;
    *more = status->has_target;
    return NULL;
}

static const char *one_too_many(apr_pool_t *p, const char *text)
{
    int is_location = *text == '/' || strstr(text, "://");

    return apr_psprintf(p, "'%s' is one word too many behind '" ARROW "', where a status and a "
                        "Location stand; write " ARROW " 307 %s", show(p, text),
                        is_location ? show(p, text) : "/new");
}

static const char *take_wanted(apr_pool_t *p, const apr_array_header_t *words, int from,
                               unsigned *once, r307_case_t *c)
{
    const char *bad = NULL;
    int i, count = 0, more = 0;

    for (i = from; i < words->nelts && !bad; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);
        const r307_case_key_t *key;

        if (word->name_len) {
            key = r307_case_key_find(word->text, word->name_len);
            if (!key || !key->is_wanted) {
                APR_ARRAY_PUSH(c->asked, r307_word_t) = *word;
            }
            bad = take_key(p, word, once, c);
        }
        else if (!count++) {
            bad = take_answer(p, word->text, c, &more);
        }
        else if (more) {
            c->location = word->text;
            more = 0;
        }
        else {
            bad = one_too_many(p, word->text);
        }
    }
    if (!bad && !count && (c->want != R307_WANT_ANSWER || c->status || c->location)) {
        return NULL;            /* by the defaults */
    }
    return bad ? bad : count ? NULL
        : "says not what is to be answered behind '" ARROW "'; " WRITE;
}

/* --- together --- */

/* What a case adds to lists is its own. */
static void own_lists(apr_pool_t *p, r307_case_t *c)
{
    c->headers = c->headers ? apr_array_copy(p, c->headers) : NULL;
    c->cookies = c->cookies ? apr_array_copy(p, c->cookies) : NULL;
    c->env = c->env ? apr_array_copy(p, c->env) : NULL;
    c->flags = c->flags ? apr_array_copy(p, c->flags) : NULL;
}

/* What r307_case_print makes of what is asked. An arrow in quotes is a word. */
static const char *print_asked(apr_pool_t *p, const apr_array_header_t *asked)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 64);
    for (i = 0; i < asked->nelts; i++) {
        const char *text = APR_ARRAY_IDX(asked, i, r307_word_t).text;

        r307_buf_puts(&buf, i ? " " : "");
        r307_buf_puts(&buf, strcmp(text, ARROW) == 0 ? "\"" ARROW "\""
                                                     : r307_token_quote(p, text));
    }
    return buf.s;
}

/* The case is one line with any answer behind it. */
static const char *check_room(apr_pool_t *p, const apr_array_header_t *asked)
{
    size_t len = 0;
    int i;

    if (asked->nelts > R307_CASE_WORDS_MOST) {
        return apr_psprintf(p, "asks with more than %d words; leave out what no rule asks "
                            "for", R307_CASE_WORDS_MOST);
    }
    for (i = 0; i < asked->nelts; i++) {
        len += strlen(APR_ARRAY_IDX(asked, i, r307_word_t).text) + 1;
    }
    /* quotes lengthen it */
    len = len > R307_CASE_ASKED_MOST / 4 ? strlen(print_asked(p, asked)) : len;
    return len > R307_CASE_ASKED_MOST
        ? apr_psprintf(p, "asks with %" APR_SIZE_T_FMT " bytes, of which %d are read; leave out "
                       "what no rule asks for",
                       len, R307_CASE_ASKED_MOST) : NULL;
}

/* The words of what is asked, of a case that has lists of its own from now on. */
static const char *begin(apr_pool_t *p, const char *asked, r307_case_t *c,
                         apr_array_header_t **words)
{
    const char *bad = split(p, asked, words);

    if (!bad) {
        own_lists(p, c);
        c->asked = apr_array_make(p, 4, sizeof(r307_word_t));
    }
    return bad;
}

static const char *parse(apr_pool_t *p, const apr_array_header_t *words, const char *wanted,
                         r307_case_t *c)
{
    int at = arrow_in(words);
    apr_array_header_t *behind;
    const char *bad;
    unsigned once = 0;

    if (wanted) {
        bad = at >= 0 ? "has an arrow, and what is to be answered stands in a cell of its own; "
                        "leave one of them out" : split(p, wanted, &behind);
        bad = bad ? bad : take_question(p, words, 0, words->nelts, &once, c);
        return bad ? bad : take_wanted(p, behind, arrow_in(behind) == 0, &once, c);
    }
    if (at < 0) {
        return no_arrow(p, words);
    }
    bad = take_question(p, words, 0, at, &once, c);
    return bad ? bad : take_wanted(p, words, at + 1, &once, c);
}

const char *r307_case_parse(apr_pool_t *p, const char *asked, const char *wanted,
                            r307_case_t *c)
{
    apr_array_header_t *words;
    const char *bad = begin(p, asked, c, &words);

    bad = bad ? bad : parse(p, words, wanted, c);
    return bad ? bad : check_room(p, c->asked);
}

const char *r307_case_parse_cell(apr_pool_t *p, const char *text, r307_case_t *c)
{
    apr_array_header_t *words;
    const char *bad = begin(p, text, c, &words);
    unsigned once = 0;

    if (!bad) {
        bad = arrow_in(words) < 0 ? take_question(p, words, 0, words->nelts, &once, c)
                                  : parse(p, words, NULL, c);
    }
    return bad ? bad : check_room(p, c->asked);
}

const char *r307_case_parse_asked(apr_pool_t *p, const char *asked, r307_case_t *c)
{
    apr_array_header_t *words;
    const char *bad = begin(p, asked, c, &words);
    unsigned once = 0;
    int at;

    if (bad) {
        return bad;
    }
    at = arrow_in(words);
    bad = take_question(p, words, 0, at < 0 ? words->nelts : at, &once, c);
    return bad ? bad : check_room(p, c->asked);
}

const char *r307_case_parse_keys(apr_pool_t *p, const char *text, r307_case_t *c)
{
    apr_array_header_t *words;
    const char *bad = split(p, text, &words);
    unsigned once = 0;
    int i;

    for (i = 0; !bad && i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);

        bad = word->name_len ? take_key(p, word, &once, c)
            : apr_psprintf(p, "'%s' is no key; write host=www.example.com", show(p, word->text));
    }
    return bad;
}

const char *r307_case_print(apr_pool_t *p, const r307_case_t *c, const char *answer)
{
    return apr_pstrcat(p, print_asked(p, c->asked), " " ARROW " ", answer, NULL);
}

const char *r307_case_encode(apr_pool_t *p, const char *url)
{
    static const char digits[] = "0123456789ABCDEF";
    r307_buf_t buf;
    const char *s;

    for (s = url; (unsigned char)*s > ' ' && (unsigned char)*s < 0x7F; s++) {
        continue;
    }
    if (!*s) {
        return url;
    }
    r307_buf_make(&buf, p, 2 * strlen(url));
    for (s = url; *s; s++) {
        unsigned char c = (unsigned char)*s;

        if (c > ' ' && c < 0x7F) {
            r307_buf_putc(&buf, *s);
        }
        else {
            char code[3] = { '%', digits[c >> 4], digits[c & 15] };

            r307_buf_add(&buf, code, 3);
        }
    }
    return buf.s;
}
