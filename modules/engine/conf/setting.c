/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/setting.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "http/path.h"

#define ARENA_LEAST (APR_INT64_C(1) << 20)
#define ARENA_MOST  (APR_INT64_C(1) << (sizeof(apr_size_t) > 4 ? 40 : 30))

static const char *word_at(const apr_array_header_t *words, int i)
{
    return APR_ARRAY_IDX(words, i, r307_word_t).text;
}

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

/* --- one word of a few --- */

const r307_choice_t r307_words_switch[] = { { "on", 1 }, { "off", 0 }, { NULL, 0 } };
const r307_choice_t r307_words_refuse[] = {
    { "400", 400 }, { "404", 404 }, { "pass", R307_REFUSE_PASS }, { NULL, 0 }
};
const r307_choice_t r307_words_by[] = {
    { "off", R307_BY_OFF }, { "on", R307_BY_ON }, { "rule", R307_BY_RULE }, { NULL, 0 }
};
const r307_choice_t r307_words_lint[] = {
    { "off", R307_LINT_OFF }, { "warn", R307_LINT_WARN }, { "refuse", R307_LINT_REFUSE },
    { NULL, 0 }
};
const r307_choice_t r307_words_engine[] = {
    { "on", R307_ENGINE_ON }, { "report", R307_ENGINE_REPORT }, { "off", R307_ENGINE_OFF },
    { NULL, 0 }
};
static const r307_choice_t plan_words[] = {
    { "until", R307_REQUIRE_UNTIL }, { "review", R307_REQUIRE_REVIEW },
    { "none", R307_REQUIRE_NONE }, { NULL, 0 }
};
static const r307_choice_t how_words[] = {
    { "warn", R307_REQUIRE_WARN }, { "refuse", R307_REQUIRE_REFUSE }, { NULL, 0 }
};

static const char *choose(apr_pool_t *p, const char *word, const r307_choice_t *choices,
                          const char *write, apr_int64_t *value)
{
    for (; choices->word; choices++) {
        if (strcasecmp(choices->word, word) == 0) {
            *value = choices->value;
            return NULL;
        }
    }
    return apr_psprintf(p, "'%s' is no value here; write %s", show(p, word), write);
}

const char *r307_setting_choice(apr_pool_t *p, const apr_array_header_t *words,
                                const r307_words_form_t *form, r307_said_t *setting)
{
    return choose(p, word_at(words, 0), form->choices, form->write, &setting->choice);
}

const char *r307_setting_require(apr_pool_t *p, const apr_array_header_t *words,
                                 const r307_words_form_t *form, r307_said_t *setting)
{
    const char *bad = choose(p, word_at(words, 0), plan_words, "until, review or none",
                             &setting->choice);

    setting->how = R307_REQUIRE_WARN;
    return bad || words->nelts == 1 ? bad
        : choose(p, word_at(words, 1), how_words, "warn or refuse", &setting->how);
}

/* --- lists --- */

static int is_none(const apr_array_header_t *words)
{
    return strcasecmp(word_at(words, 0), "none") == 0;
}

const char *r307_setting_hosts(apr_pool_t *p, const apr_array_header_t *words,
                               const r307_words_form_t *form, r307_said_t *setting)
{
    int i;

    setting->is_none = is_none(words);
    setting->hosts = apr_array_make(p, words->nelts, sizeof(r307_origin_t));
    for (i = setting->is_none; i < words->nelts; i++) {
        r307_origin_t *origin = apr_array_push(setting->hosts);
        const char *bad;

        memset(origin, 0, sizeof(*origin));
        bad = r307_origin_parse(p, word_at(words, i), origin);
        if (bad) {
            return bad;
        }
    }
    return NULL;
}

/* The path in what was written: without the host of a URL, and what no path has. */
static const char *path_in(apr_pool_t *p, const char *text)
{
    const char *host = strstr(text, "://");

    text = host ? host + 3 + strcspn(host + 3, "/") : text;
    return apr_pstrcat(p, *text == '/' ? "" : "/",
                       apr_pstrmemdup(p, text, strcspn(text, "?#")), NULL);
}

/* A path as the engine compares it: decoded and normalised. */
static const char *add_path(apr_pool_t *p, const char *text, r307_said_t *setting)
{
    const r307_path_t *made;

    if (text[0] != '/' || strpbrk(text, "?#")) {
        return apr_psprintf(p, "'%s' is no URL-path; write %s", show(p, text),
                            show(p, path_in(p, text)));
    }
    made = r307_path_make(p, r307_slice(text, strlen(text)));
    APR_ARRAY_PUSH(setting->paths, r307_slice_t) = r307_slice(made->dec, made->len);
    return NULL;
}

const char *r307_setting_exempt(apr_pool_t *p, const apr_array_header_t *words,
                                const r307_words_form_t *form, r307_said_t *setting)
{
    const char *bad = NULL;
    int i;

    setting->is_none = is_none(words);
    setting->paths = apr_array_make(p, words->nelts, sizeof(r307_slice_t));
    for (i = setting->is_none; !bad && i < words->nelts; i++) {
        bad = add_path(p, word_at(words, i), setting);
    }
    return bad;
}

const char *r307_setting_base(apr_pool_t *p, const apr_array_header_t *words,
                              const r307_words_form_t *form, r307_said_t *setting)
{
    const char *bad;
    r307_slice_t *url;

    setting->paths = apr_array_make(p, 1, sizeof(r307_slice_t));
    bad = add_path(p, word_at(words, 0), setting);
    if (bad) {
        return bad;
    }
    url = &APR_ARRAY_IDX(setting->paths, 0, r307_slice_t);
    if (url->s[url->len - 1] != '/') {
        url->s = apr_pstrcat(p, r307_slice_text(p, *url), "/", NULL);
        url->len++;
    }
    return NULL;
}

const char *r307_setting_limits(apr_pool_t *p, const apr_array_header_t *words,
                                const r307_words_form_t *form, r307_said_t *setting)
{
    const char *bad = NULL;
    int i;

    setting->limits = r307_limit_make(p);
    for (i = 0; !bad && i < words->nelts; i++) {
        bad = r307_limit_parse(p, word_at(words, i), setting->limits);
    }
    return bad;
}

/* --- sizes and times --- */

typedef struct unit_t {
    const char *name;
    apr_int64_t factor;
} unit_t;

static const unit_t size_units[] = {
    { "", 1 }, { "K", 1024 }, { "M", 1024 * 1024 },
    { "G", APR_INT64_C(1024) * 1024 * 1024 }, { NULL, 0 }
};
static const unit_t time_units[] = {
    { "", APR_USEC_PER_SEC }, { "s", APR_USEC_PER_SEC }, { "ms", 1000 },
    { "min", 60 * APR_USEC_PER_SEC }, { NULL, 0 }
};

/* Number and unit; -1 when it is none. */
static apr_int64_t amount_of(const char *text, const unit_t *units)
{
    size_t digits = strspn(text, "0123456789");
    apr_int64_t number = r307_text_number(r307_slice(text, digits), 1000000000);

    for (; number >= 0 && units->name; units++) {
        if (strcasecmp(text + digits, units->name) == 0) {
            return number * units->factor;
        }
    }
    return -1;
}

static const char *read_size(apr_pool_t *p, const char *text, apr_int64_t *size)
{
    *size = amount_of(text, size_units);
    return *size >= 0 ? NULL
        : apr_psprintf(p, "'%s' is no size; write 65536, 64K or 1M", show(p, text));
}

static const char *read_time(apr_pool_t *p, const char *text, apr_int64_t *time)
{
    *time = amount_of(text, time_units);
    return *time >= 0 ? NULL
        : apr_psprintf(p, "'%s' is no time; write 5s, 500ms or 1min", show(p, text));
}

const char *r307_setting_drain(apr_pool_t *p, const apr_array_header_t *words,
                               const r307_words_form_t *form, r307_said_t *setting)
{
    const char *bad = read_size(p, word_at(words, 0), &setting->size);

    return bad || words->nelts == 1 ? bad : read_time(p, word_at(words, 1), &setting->time);
}

const char *r307_setting_arena(apr_pool_t *p, const apr_array_header_t *words,
                               const r307_words_form_t *form, r307_said_t *setting)
{
    const char *word = word_at(words, 0);

    setting->size = strcasecmp(word, "off") == 0 ? 0 : amount_of(word, size_units);
    return setting->size == 0
           || (setting->size >= ARENA_LEAST && setting->size <= ARENA_MOST) ? NULL
        : apr_psprintf(p, "'%s' is no size; write off, or a size from 1M to %dG, such as "
                       "256M", show(p, word), (int)(ARENA_MOST >> 30));
}

const char *r307_setting_cache(apr_pool_t *p, const apr_array_header_t *words,
                               const r307_words_form_t *form, r307_said_t *setting)
{
    const char *bad = choose(p, word_at(words, 0), r307_words_switch, "on or off",
                             &setting->choice);

    if (!bad && words->nelts > 1 && !setting->choice) {
        bad = apr_psprintf(p, "'%s' follows off, which takes nothing more; leave it out",
                           show(p, word_at(words, 1)));
    }
    if (!bad && words->nelts > 1) {
        bad = read_time(p, word_at(words, 1), &setting->time);
    }
    if (!bad && words->nelts > 2) {
        bad = read_size(p, word_at(words, 2), &setting->size);
    }
    return bad;
}

#define KEEP "keep="

const char *r307_setting_hits(apr_pool_t *p, const apr_array_header_t *words,
                              const r307_words_form_t *form, r307_said_t *setting)
{
    const char *bad = choose(p, word_at(words, 0), r307_words_switch, "on or off",
                             &setting->choice);
    const char *word = words->nelts > 1 ? word_at(words, 1) : NULL;
    size_t len = strlen(KEEP);

    if (bad || !word) {
        return bad;
    }
    if (strncasecmp(word, KEEP, len) != 0 || !word[len] || word[strlen(word) - 1] == '/') {
        return apr_psprintf(p, "'%s' names no file; write "
                               "keep=/var/lib/httpd/redirect307.hits",
                            show(p, word));
    }
    if (!setting->choice) {
        return apr_psprintf(p, "'%s' follows off, which takes nothing more; leave it out",
                            show(p, word));
    }
    setting->file = word + len;
    return NULL;
}

static const r307_choice_t status_words[] = {
    { "server", R307_STATUS_SERVER }, { "off", R307_STATUS_OFF }, { NULL, 0 }
};

#define LINK "link="

const char *r307_setting_status(apr_pool_t *p, const apr_array_header_t *words,
                                const r307_words_form_t *form, r307_said_t *setting)
{
    const char *second = words->nelts > 1 ? word_at(words, 1) : NULL, *bad;
    r307_link_t *link;

    if (strcasecmp(word_at(words, 0), "own") != 0) {
        bad = choose(p, word_at(words, 0), status_words, form->write, &setting->choice);
        return bad || !second ? bad
            : apr_psprintf(p, "'%s' follows %s, which takes nothing more; leave it out",
                           show(p, second), word_at(words, 0));
    }
    if (!second || strncasecmp(second, LINK, strlen(LINK)) != 0) {
        return "own is opened by a key; write: Redirect307Status own "
               "link=NAME=LONG-SECRET-KEY";
    }
    link = apr_palloc(p, sizeof(*link));
    bad = r307_link_parse(p, second + strlen(LINK), link);
    if (!bad && link->key.len < R307_OWN_KEY_LEAST) {
        bad = "has a key that can be guessed; choose one of at least "
              APR_STRINGIFY(R307_OWN_KEY_LEAST) " characters";
    }
    setting->link = link;
    return bad ? apr_pstrcat(p, "link= ", bad, NULL) : NULL;       /* never with the key */
}
