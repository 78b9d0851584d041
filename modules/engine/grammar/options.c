/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/options.h"

#include <string.h>
#include <apr_strings.h>

#include "base/datetime.h"

const r307_status_t r307_statuses[] = {
    { 301, NULL,          1, 1, "301 Moved Permanently" },
    { 302, NULL,          1, 0, "302 Found" },
    { 303, "see-other",   1, 0, "303 See Other" },
    { 307, "temporary",   1, 0, "307 Temporary Redirect" },
    { 308, NULL,          1, 1, "308 Permanent Redirect" },
    { 403, NULL,          0, 0, "403 Forbidden" },
    { 404, NULL,          0, 0, "404 Not Found" },
    { 410, "gone",        0, 0, "410 Gone" },
    { 451, NULL,          0, 0, "451 Unavailable For Legal Reasons" },
    { 503, "unavailable", 0, 0, "503 Service Unavailable" }
};
#define USUAL 3             /* the row of 307, which nearly every rule answers */
const int r307_status_count = sizeof(r307_statuses) / sizeof(r307_statuses[0]);

/* Words that Redirect knows and that say less than their writer thinks. */
static const struct {
    const char *word;
    const char *why;
} refused_words[] = {
    { "permanent", "'permanent' means 301 to Redirect and 308 to RFC 9110; write "
      "status=301 (a POST may turn into GET) or status=308 (nothing changes)" },
    { "moved", "'moved' may mean 301 or 308; write status=301 (a POST may turn into GET) "
      "or status=308 (nothing changes)" },
    { "found", "'found' means 302; write status=302 (a POST may turn into GET) or leave it "
      "out for 307 (nothing changes)" },
    { "temp", "'temp' means 302 to Redirect and 307 to RFC 9110; write status=302 (a POST "
      "may turn into GET) or leave it out for 307 (nothing changes)" },
    { "seeother", "'seeother' is spelled see-other; write status=see-other or status=303" }
};
#define REFUSED_COUNT (sizeof(refused_words) / sizeof(refused_words[0]))

const r307_status_t *r307_status_row(int code)
{
    int i;

    if (r307_statuses[USUAL].code == code) {
        return &r307_statuses[USUAL];
    }
    for (i = 0; i < r307_status_count; i++) {
        if (r307_statuses[i].code == code) {
            return &r307_statuses[i];
        }
    }
    return NULL;
}

int r307_status_word(const char *word, const r307_status_t **row, const char **why)
{
    size_t len = strlen(word), k;
    long code = len == 3 ? r307_text_number(r307_slice(word, len), 599) : -1;
    int i;

    *row = NULL;
    *why = NULL;
    if (code >= 100) {
        *row = r307_status_row((int)code);
        return 1;
    }
    for (i = 0; i < r307_status_count; i++) {
        if (r307_statuses[i].word && strcmp(r307_statuses[i].word, word) == 0) {
            *row = &r307_statuses[i];
            return 1;
        }
    }
    for (k = 0; k < REFUSED_COUNT; k++) {
        if (strcmp(refused_words[k].word, word) == 0) {
            *why = refused_words[k].why;
            return 1;
        }
    }
    return 0;
}

static const char *none_of(apr_pool_t *p, const r307_option_t *option, const char *value,
                           const char *values)
{
    return apr_psprintf(p, "%s='%s' is not known; write %s", option->name,
                        r307_text_show(p, value, strlen(value)), values);
}

static const char *said_of(apr_pool_t *p, const r307_option_t *option, const char *value,
                           const char *bad)
{
    return apr_psprintf(p, "%s='%s' %s", option->name,
                        r307_text_show(p, value, strlen(value)), bad);
}

static const char *const match_names[] = {
    [R307_MATCH_UNSET] = NULL,
    [R307_MATCH_PREFIX] = "prefix",
    [R307_MATCH_EXACT] = "exact",
    [R307_MATCH_REGEX] = "regex"
};

const char *r307_match_name(r307_match_t match)
{
    return match_names[match];
}

static const char *set_match(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                             const char *value)
{
    int i;

    for (i = R307_MATCH_PREFIX; i <= R307_MATCH_REGEX; i++) {
        if (strcmp(match_names[i], value) == 0) {
            draft->match = (r307_match_t)i;
            return NULL;
        }
    }
    return none_of(p, option, value, "match=prefix, match=exact or match=regex");
}

static const char *print_match(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->pattern ? match_names[rule->pattern->match] : NULL;
}

static const char *set_case(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                            const char *value)
{
    draft->fold = 1;
    return strcmp(value, "ignore") == 0 ? NULL
        : none_of(p, option, value, "case=ignore, or leave it out");
}

static const char *print_case(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->pattern && rule->pattern->fold ? "ignore" : NULL;
}

static const char *set_slash(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                             const char *value)
{
    draft->any_slash = 1;
    return strcmp(value, "ignore") == 0 ? NULL
        : none_of(p, option, value, "slash=ignore, or leave it out");
}

static const char *print_slash(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->pattern && rule->pattern->any_slash ? "ignore" : NULL;
}

static const char *set_sticky(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                              const char *value)
{
    const char *bad = r307_share_parse_sticky(p, value, &draft->sticky, &draft->named);

    draft->has_sticky = 1;
    return bad ? said_of(p, option, value, bad) : NULL;
}

static const char *print_sticky(apr_pool_t *p, const r307_rule_t *rule)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        const r307_share_t *share = rule->conds[i].own;

        if (rule->conds[i].kind->order != R307_ORDER_PERCENT
            || share->sticky == R307_STICKY_COOKIE) {
            continue;
        }
        return share->sticky == R307_STICKY_ADDRESS ? "address"
            : apr_pstrcat(p, "cookie=", r307_slice_text(p, share->named), NULL);
    }
    return NULL;
}

/* "301, 302, ... or 308 (or, on a line without target, 403, 404, ...)" */
static const char *status_list(apr_pool_t *p)
{
    r307_buf_t buf;
    int i, has_target, last = 0;

    for (i = 0; i < r307_status_count; i++) {
        last = r307_statuses[i].has_target ? i : last;
    }
    r307_buf_make(&buf, p, 96);
    for (has_target = 1; has_target >= 0; has_target--) {
        r307_buf_puts(&buf, has_target ? "" : " (or, on a line without target,");
        for (i = 0; i < r307_status_count; i++) {
            const r307_status_t *row = &r307_statuses[i];

            if (row->has_target == has_target) {
                r307_buf_puts(&buf, apr_psprintf(p, "%s%d",
                                                 !has_target ? " " : i == last ? " or "
                                                 : i ? ", " : "", row->code));
            }
        }
    }
    r307_buf_puts(&buf, ")");
    return buf.s;
}

static const char *set_status(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                              const char *value)
{
    const r307_status_t *row;
    const char *why;

    if (!r307_status_word(value, &row, &why) || (!row && !why)) {
        return none_of(p, option, value, status_list(p));
    }
    if (!why) {
        draft->rule->status = row->code;
    }
    return why;
}

static const char *print_status(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->status != 307 && rule->target->kind != R307_TARGET_STOP
        ? apr_itoa(p, rule->status) : NULL;
}

static const char *set_query(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                             const char *value)
{
    const char *bad = r307_query_policy_parse(p, value, &draft->rule->query);
    const char *shown = r307_text_show(p, value, strlen(value));

    if (bad && strchr(value, '=')) {
        return apr_psprintf(p, "query='%s' query= says what becomes of the query; to match "
                            "it write args=%s or /page.php?%s", shown, shown, shown);
    }
    return bad ? none_of(p, option, value, "query=keep, drop, merge, keep:name,... or "
                         "drop:name,...") : NULL;
}

static const char *print_query(apr_pool_t *p, const r307_rule_t *rule)
{
    return r307_query_policy_print(p, &rule->query);
}

static const char *set_text(apr_pool_t *p, const char **text, const r307_option_t *option,
                            const char *value)
{
    size_t i;

    for (i = 0; value[i]; i++) {
        if ((unsigned char)value[i] < 0x20 || value[i] == 0x7F) {
            return said_of(p, option, value, "holds a control byte; leave it out");
        }
    }
    *text = apr_pstrdup(p, value);
    return i ? NULL : apr_psprintf(p, "%s= has no value; leave it out", option->name);
}

static const char *set_name(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                            const char *value)
{
    return set_text(p, &draft->rule->name, option, value);
}

static const char *print_name(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->name;
}

static const char *set_owner(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                             const char *value)
{
    return set_text(p, &draft->rule->owner, option, value);
}

static const char *print_owner(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->owner;
}

static const char *set_note(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                            const char *value)
{
    return set_text(p, &draft->rule->note, option, value);
}

static const char *print_note(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->note;
}

/* --- the plan --- */

static const char *set_from(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                            const char *value)
{
    return r307_plan_set_date(p, &draft->rule->plan.from, option->name, value, 0);
}

static const char *print_from(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->plan.from.text;
}

static const char *set_until(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                             const char *value)
{
    return r307_plan_set_date(p, &draft->rule->plan.until, option->name, value, 1);
}

static const char *print_until(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->plan.until.text;
}

static const char *set_review(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                              const char *value)
{
    return r307_plan_set_date(p, &draft->rule->plan.review, option->name, value, 0);
}

static const char *print_review(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->plan.review.text;
}

static const struct {
    const char *word;
    int then;
} thens[] = {
    { "stop", R307_THEN_STOP }, { "301", 301 }, { "308", 308 }, { "410", 410 }
};
#define THEN_COUNT (sizeof(thens) / sizeof(thens[0]))

static const char *set_then(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                            const char *value)
{
    size_t i;

    for (i = 0; i < THEN_COUNT; i++) {
        if (strcmp(thens[i].word, value) == 0) {
            draft->rule->plan.then = thens[i].then;
            return NULL;
        }
    }
    return none_of(p, option, value, "then=stop, 301, 308 or 410");
}

static const char *print_then(apr_pool_t *p, const r307_rule_t *rule)
{
    size_t i;

    for (i = 0; i < THEN_COUNT; i++) {
        if (thens[i].then == rule->plan.then) {
            return thens[i].word;
        }
    }
    return NULL;
}

/* --- caches --- */

static const char *set_cache(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                             const char *value)
{
    r307_cache_t *cache = &draft->rule->cache;

    cache->mode = strcmp(value, "off") == 0 ? R307_CACHE_OFF
        : strcmp(value, "until") == 0 ? R307_CACHE_UNTIL : R307_CACHE_AGE;
    if (cache->mode == R307_CACHE_AGE
        && (r307_duration_parse(p, value, &cache->age) || cache->age == 0)) {
        size_t n = strspn(value, "0123456789");
        const char *meant = r307_duration_guess(p, apr_pstrmemdup(p, value, n),
                                                value + n + strspn(value + n, " "));

        return none_of(p, option, value, meant ? apr_pstrcat(p, "cache=", meant, NULL) :
                       "a duration, as cache=10min, or cache=off (or "
                       "cache=until beside until=)");
    }
    return NULL;
}

static const char *print_cache(apr_pool_t *p, const r307_rule_t *rule)
{
    switch (rule->cache.mode) {
    case R307_CACHE_OFF:
        return "off";
    case R307_CACHE_UNTIL:
        return "until";
    case R307_CACHE_AGE:
        return r307_duration_print(p, rule->cache.age);
    default:
        return NULL;
    }
}

static const char *set_vary(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                            const char *value)
{
    if (draft->context->is_tenant) {
        return "vary= is not for .htaccess, because it can give one visitor's answer to "
               "another; leave it out";
    }
    draft->rule->no_vary = strcmp(value, "off") == 0;
    return draft->rule->no_vary || strcmp(value, "on") == 0 ? NULL
        : none_of(p, option, value, "vary=on or vary=off");
}

static const char *print_vary(apr_pool_t *p, const r307_rule_t *rule)
{
    return rule->no_vary ? "off" : NULL;
}

/* The last words of a row: of an option that is no condition; of one that is. */
#define OPTION(set, print) \
    set, print, NULL, NULL, 0, 0, R307_ABOUT_NOTHING, R307_ORDER_PLAIN, R307_KEEP_TEXT
#define CONDITION(word, may_negate, is_list, about, order, keep) \
    NULL, NULL, r307_cond_parse_##word, r307_cond_test_##word, may_negate, is_list, \
    R307_ABOUT_##about, R307_ORDER_##order, R307_KEEP_##keep

#define NEVER R307_WRITTEN_NEVER
#define ONCE  R307_WRITTEN_ONCE
#define OFTEN R307_WRITTEN_OFTEN
#define WHO   R307_SAYS_WHO

/* In the order in which a rule is printed. Every row says all there is to say: one that
 * leaves something out does not compile. */
const r307_option_t r307_options[] = {
    { "match",   ONCE,  R307_SAYS_MATCH,  OPTION(set_match, print_match) },
    { "case",    ONCE,  R307_SAYS_SOURCE, OPTION(set_case, print_case) },
    { "slash",   ONCE,  R307_SAYS_SOURCE, OPTION(set_slash, print_slash) },
    { "host",    ONCE,  WHO, CONDITION(host, 1, 1, HOST, PLAIN, TEXT) },
    { "scheme",  NEVER, WHO, CONDITION(scheme, 0, 0, SCHEME, PLAIN, TEXT) },
    { "method",  ONCE,  WHO, CONDITION(method, 1, 1, METHOD, PLAIN, TEXT) },
    { "args",    ONCE,  WHO, CONDITION(args, 1, 0, QUERY, PLAIN, TEXT) },
    { "cookie",  OFTEN, WHO, CONDITION(cookie, 1, 0, ELSE, PLAIN, COMPILED) },
    { "header",  OFTEN, WHO, CONDITION(header, 1, 0, ELSE, PLAIN, TEXT) },
    { "env",     OFTEN, WHO, CONDITION(env, 1, 0, ELSE, PLAIN, TEXT) },
    { "ip",      ONCE,  WHO, CONDITION(ip, 1, 1, ELSE, PLAIN, COMPILED) },
    { "lang",    ONCE,  WHO, CONDITION(lang, 1, 1, ELSE, LANG, COMPILED) },
    { "user",    ONCE,  WHO, CONDITION(user, 1, 1, LOGIN, USER, COMPILED) },
    { "file",    ONCE,  WHO, CONDITION(file, 1, 0, FILE, PLAIN, COMPILED) },
    { "flag",    ONCE,  WHO, CONDITION(flag, 1, 0, ELSE, PLAIN, COMPILED) },
    { "expr",    ONCE,  WHO, CONDITION(expr, 0, 0, ELSE, PLAIN, COMPILED) },
    { "percent", ONCE,  WHO, CONDITION(percent, 0, 0, ELSE, PERCENT, COMPILED) },
    { "sticky",  ONCE,  WHO, OPTION(set_sticky, print_sticky) },
    { "optin",   ONCE,  WHO, CONDITION(optin, 0, 0, ELSE, OPTIN, COMPILED) },
    { "status",  ONCE,  R307_SAYS_STATUS, OPTION(set_status, print_status) },
    { "query",   ONCE,  R307_SAYS_ANSWER, OPTION(set_query, print_query) },
    { "from",    ONCE,  R307_SAYS_BEGIN,  OPTION(set_from, print_from) },
    { "until",   ONCE,  R307_SAYS_END,    OPTION(set_until, print_until) },
    { "then",    ONCE,  R307_SAYS_TIME,   OPTION(set_then, print_then) },
    { "review",  ONCE,  R307_SAYS_TIME,   OPTION(set_review, print_review) },
    { "cache",   ONCE,  R307_SAYS_ANSWER, OPTION(set_cache, print_cache) },
    { "vary",    ONCE,  R307_SAYS_ANSWER, OPTION(set_vary, print_vary) },
    { "name",    ONCE,  R307_SAYS_NAME,   OPTION(set_name, print_name) },
    { "owner",   ONCE,  R307_SAYS_REMARK, OPTION(set_owner, print_owner) },
    { "note",    ONCE,  R307_SAYS_REMARK, OPTION(set_note, print_note) }
};
const int r307_option_count = sizeof(r307_options) / sizeof(r307_options[0]);

const char *r307_option_set(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                            const char *value)
{
    const char *bad;

    if (option->set) {
        return option->set(p, draft, option, value);
    }
    bad = r307_cond_parse(p, option, value, &draft->context->maker,
                          apr_array_push(draft->conds));
    return bad ? said_of(p, option, value, bad) : NULL;
}

const r307_option_t *r307_option_says(r307_says_t says)
{
    const r307_option_t *option = r307_options;

    while (option->says != says) {
        option++;
    }
    return option;
}

const r307_option_t *r307_option_about(r307_about_t about)
{
    const r307_option_t *option = r307_options;

    while (option->about != about) {
        option++;
    }
    return option;
}

const r307_option_t *r307_option_find(const char *name, size_t len)
{
    int i;

    /* most names differ in their first byte: a million words are looked up */
    for (i = 0; len && i < r307_option_count; i++) {
        const r307_option_t *option = &r307_options[i];

        /* by its length, as a name of a sheet may have NUL bytes in it */
        if (option->name[0] == name[0] && strlen(option->name) == len
            && memcmp(option->name, name, len) == 0
            && option->written != R307_WRITTEN_NEVER) {
            return option;
        }
    }
    return NULL;
}

const r307_option_t *r307_option_near(const char *name, size_t len)
{
    const r307_option_t *near = NULL;
    char word[25];
    int i, best;

    if (len >= sizeof(word)) {
        return NULL;
    }
    memcpy(word, name, len);
    word[len] = '\0';
    /* one edit for short words, two for the rest */
    best = len < 6 ? 2 : 3;
    for (i = 0; i < r307_option_count; i++) {
        int distance = r307_text_distance(word, r307_options[i].name);

        if (distance < best && r307_options[i].written != R307_WRITTEN_NEVER) {
            best = distance;
            near = &r307_options[i];
        }
    }
    return near;
}
