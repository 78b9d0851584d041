/* SPDX-License-Identifier: Apache-2.0 */
#include "limit.h"

#include <string.h>
#include <apr_strings.h>

#define UNSET (-1)
#define MAP_SIZE (16 * 1024)    /* KiB; some hundred thousand lines */

const r307_limit_row_t r307_limit_rows[R307_LIMIT_COUNT] = {
    [R307_LIMIT_RULES] = { "rules", 0, 10000000, { { "none", R307_LIMIT_NONE } },
        R307_LIMIT_NONE, "a number such as 1000, or none for no limit" },
    [R307_LIMIT_REGEX] = { "regex", 0, 10000000,
        { { "off", 0 }, { "on", R307_LIMIT_NONE }, { "expr", R307_LIMIT_REGEX_ALL } },
        R307_LIMIT_NONE, "off, on, a number such as 20, or expr for regexes in expr= too" },
    [R307_LIMIT_REGEX_STEPS] = { "regex-steps", 100, 1000000, { { NULL, 0 } },
        R307_STEPS_DEFAULT, "a number from 100 to 1000000" },
    [R307_LIMIT_TARGETS] = { "targets", 0, 0,
        { { "any", R307_TARGETS_ANY }, { "same-site", R307_TARGETS_SAME_SITE },
          { "hosts", R307_TARGETS_HOSTS } },
        R307_TARGETS_ANY, "any, same-site or hosts" },
    [R307_LIMIT_ERRORS] = { "errors", 0, 0,
        { { "skip", R307_ERRORS_SKIP }, { "fail", R307_ERRORS_FAIL } },
        R307_ERRORS_SKIP, "skip or fail" },
    [R307_LIMIT_MAP_LINES] = { "map-lines", 0, 10000000, { { "none", R307_LIMIT_NONE } },
        R307_LIMIT_NONE, "a number such as 50000, or none for no limit" },
    [R307_LIMIT_MAP_SIZE] = { "map-size", 0, 1000000, { { NULL, 0 } }, MAP_SIZE,
        "KiB, such as 2048" }
};

#define WORDS_MOST (sizeof(r307_limit_rows[0].words) / sizeof(r307_limit_rows[0].words[0]))

r307_limits_t *r307_limit_make(apr_pool_t *p)
{
    r307_limits_t *limits = apr_palloc(p, sizeof(*limits));
    int i;

    for (i = 0; i < R307_LIMIT_COUNT; i++) {
        limits->value[i] = UNSET;
    }
    return limits;
}

/* "rules=, regex=, ..." */
static const char *list_names(apr_pool_t *p)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 64);
    for (i = 0; i < R307_LIMIT_COUNT; i++) {
        r307_buf_puts(&buf, i ? ", " : "");
        r307_buf_puts(&buf, r307_limit_rows[i].name);
        r307_buf_putc(&buf, '=');
    }
    return buf.s;
}

static apr_int64_t read_value(const r307_limit_row_t *row, const char *text)
{
    long number = row->most ? r307_text_number(r307_slice(text, strlen(text)), row->most)
                            : UNSET;
    size_t i;

    for (i = 0; i < WORDS_MOST && row->words[i].word; i++) {
        if (strcmp(row->words[i].word, text) == 0) {
            return row->words[i].value;
        }
    }
    return number >= row->least ? number : UNSET;
}

const char *r307_limit_parse(apr_pool_t *p, const char *word, r307_limits_t *limits)
{
    size_t len = strcspn(word, "=");
    apr_int64_t value;
    int i;

    for (i = 0; i < R307_LIMIT_COUNT; i++) {
        const r307_limit_row_t *row = &r307_limit_rows[i];

        if (!word[len] || strlen(row->name) != len || memcmp(row->name, word, len) != 0) {
            continue;
        }
        if (limits->value[i] != UNSET) {
            return apr_psprintf(p, "%s= is there twice; one place has one", row->name);
        }
        value = read_value(row, word + len + 1);
        if (value == UNSET) {
            return apr_psprintf(p, "%s='%s' is no value here; write %s", row->name,
                                r307_text_show(p, word + len + 1, strlen(word + len + 1)),
                                row->write);
        }
        limits->value[i] = value;
        return NULL;
    }
    return apr_psprintf(p, "'%s' is no limit; write one of %s",
                        r307_text_show(p, word, strlen(word)), list_names(p));
}

const r307_limits_t *r307_limit_merge(apr_pool_t *p, const r307_limits_t *base,
                                       const r307_limits_t *add)
{
    r307_limits_t *limits;
    int i;

    if (!base || !add) {
        return add ? add : base;
    }
    limits = apr_pmemdup(p, base, sizeof(*limits));
    for (i = 0; i < R307_LIMIT_COUNT; i++) {
        if (add->value[i] != UNSET) {
            limits->value[i] = add->value[i];
        }
    }
    return limits;
}

apr_int64_t r307_limit_value(const r307_limits_t *limits, r307_limit_t limit)
{
    return limits && limits->value[limit] != UNSET ? limits->value[limit]
                                                   : r307_limit_rows[limit].fallback;
}

static apr_int64_t value(const r307_tenancy_t *tenancy, r307_limit_t limit)
{
    return r307_limit_value(tenancy->limits, limit);
}

static int is_host(const char *name, r307_slice_t host)
{
    return name && r307_url_same_host(r307_slice(name, strlen(name)), host);
}

/* The virtual host by its names, or what the client calls it: a name that only a forged
 * Host header says leads nobody but its sender anywhere. */
static int is_same_site(const r307_tenancy_t *tenancy, r307_slice_t host)
{
    int i;

    if (is_host(tenancy->asked, host) || is_host(tenancy->name, host)) {
        return 1;
    }
    for (i = 0; tenancy->aliases && i < tenancy->aliases->nelts; i++) {
        if (is_host(APR_ARRAY_IDX(tenancy->aliases, i, const char *), host)) {
            return 1;
        }
    }
    return 0;
}

static const char *target_why(const r307_tenancy_t *tenancy, const r307_target_t *target)
{
    apr_int64_t targets = value(tenancy, R307_LIMIT_TARGETS);

    if (targets == R307_TARGETS_ANY || target->kind != R307_TARGET_URL) {
        return NULL;
    }
    if (targets == R307_TARGETS_SAME_SITE) {
        return target->host.s && is_same_site(tenancy, target->host) ? NULL
            : "leads to another host, and targets=same-site of Redirect307Limits allows "
              "this site only; write a path";
    }
    /* a host with insertions is the guard's to hold against the list */
    if (!target->host.s || is_same_site(tenancy, target->host)
        || r307_origin_allows(tenancy->allow, target->scheme, target->host, target->port)) {
        return NULL;
    }
    return "leads to a host that is not in Redirect307AllowHosts, and targets=hosts of "
           "Redirect307Limits asks for that";
}

static int is_too_many(const r307_tenancy_t *tenancy, int nth)
{
    return nth && nth + tenancy->shift_nth > value(tenancy, R307_LIMIT_RULES);
}

static int is_too_many_regexes(const r307_tenancy_t *tenancy, int nth_regex)
{
    return nth_regex
           && nth_regex + tenancy->shift_regex > value(tenancy, R307_LIMIT_REGEX);
}

int r307_limit_hides(const r307_tenancy_t *tenancy, const r307_rule_t *rule)
{
    return is_too_many(tenancy, rule->nth) || is_too_many_regexes(tenancy, rule->nth_regex);
}

const char *r307_limit_why(const r307_tenancy_t *tenancy, const r307_rule_t *rule)
{
    if (is_too_many(tenancy, rule->nth)) {
        return "is one rule too many for this file (rules= of Redirect307Limits)";
    }
    if (is_too_many_regexes(tenancy, rule->nth_regex)) {
        return value(tenancy, R307_LIMIT_REGEX)
            ? "is one regular expression too many for this file (regex= of "
              "Redirect307Limits); write a path, :name or /*"
            : "is a regular expression, and regex=off of Redirect307Limits allows none; "
              "write a path, :name or /*";
    }
    if (rule->unbounded && value(tenancy, R307_LIMIT_REGEX) != R307_LIMIT_REGEX_ALL) {
        return "says what .htaccess may not: a regex in an expression has no step limit; write "
               "Redirect307Match, or header= with a glob";
    }
    return target_why(tenancy, rule->target);
}

const apr_array_header_t *r307_limit_allow(const r307_tenancy_t *tenancy,
                                            const apr_array_header_t *allow)
{
    return tenancy && value(tenancy, R307_LIMIT_TARGETS) == R307_TARGETS_SAME_SITE ? NULL
                                                                                  : allow;
}

void r307_limit_count(apr_pool_t *p, r307_tally_t *tally, const r307_rule_t *rule)
{
    const r307_target_t *target = rule->target;
    const char *key;

    tally->rules = rule->nth > tally->rules ? rule->nth : tally->rules;
    tally->regexes = rule->nth_regex > tally->regexes ? rule->nth_regex : tally->regexes;
    tally->unbounded |= rule->unbounded;
    if (target->kind != R307_TARGET_URL) {
        return;
    }
    if (!tally->origins) {
        tally->origins = apr_hash_make(p);
    }
    key = apr_psprintf(p, "%s://%s:%d", r307_slice_text(p, target->scheme),
                       target->host.s ? r307_slice_text(p, target->host) : "",
                       target->port);
    apr_hash_set(tally->origins, key, APR_HASH_KEY_STRING, rule);
}

int r307_limit_exceeds(apr_pool_t *p, const r307_tally_t *tally,
                       const r307_tenancy_t *tenancy)
{
    apr_hash_index_t *i;

    if (is_too_many(tenancy, tally->rules) || is_too_many_regexes(tenancy, tally->regexes)
        || (tally->unbounded
            && value(tenancy, R307_LIMIT_REGEX) != R307_LIMIT_REGEX_ALL)) {
        return 1;
    }
    if (!tally->origins || value(tenancy, R307_LIMIT_TARGETS) == R307_TARGETS_ANY) {
        return 0;
    }
    for (i = apr_hash_first(p, tally->origins); i; i = apr_hash_next(i)) {
        const r307_rule_t *rule = apr_hash_this_val(i);

        if (target_why(tenancy, rule->target)) {
            return 1;
        }
    }
    return 0;
}
