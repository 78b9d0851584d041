/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/limit.h"

#include <string.h>
#include <apr_strings.h>

#define UNSET (-1)
#define MAP_SIZE (16 * 1024)    /* KiB; some hundred thousand lines */

const r307_limit_row_t r307_limit_rows[R307_LIMIT_COUNT] = {
    [R307_LIMIT_RULES] = { "rules", 0, 10000000, 0, { { "none", R307_LIMIT_NONE } },
        R307_LIMIT_NONE, "a number such as 1000, or none for no limit", "1000" },
    [R307_LIMIT_REGEX] = { "regex", 0, 10000000, 0,
        { { "off", 0 }, { "on", R307_LIMIT_NONE }, { "expr", R307_LIMIT_REGEX_ALL } },
        R307_LIMIT_NONE, "off, on, a number such as 20, or expr for regexes in expr= too",
        "20" },
    [R307_LIMIT_REGEX_STEPS] = { "regex-steps", 100, 1000000, 0, { { NULL, 0 } },
        R307_STEPS_DEFAULT, "a number from 100 to 1000000, such as 10000", "10000" },
    [R307_LIMIT_TARGETS] = { "targets", 0, 0, 0,
        { { "any", R307_TARGETS_ANY }, { "same-site", R307_TARGETS_SAME_SITE },
          { "hosts", R307_TARGETS_HOSTS } },
        R307_TARGETS_ANY, "any, same-site or hosts", "same-site" },
    [R307_LIMIT_ERRORS] = { "errors", 0, 0, 0,
        { { "skip", R307_ERRORS_SKIP }, { "fail", R307_ERRORS_FAIL } },
        R307_ERRORS_SKIP, "skip or fail", "skip" },
    [R307_LIMIT_MAP_LINES] = { "map-lines", 0, 10000000, 0, { { "none", R307_LIMIT_NONE } },
        R307_LIMIT_NONE, "a number such as 50000, or none for no limit", "50000" },
    [R307_LIMIT_MAP_SIZE] = { "map-size", 0, 1000000, 0, { { NULL, 0 } }, MAP_SIZE,
        "KiB, such as 2048", "2048" },
    [R307_LIMIT_LONGEST] = { "longest", 1, APR_INT64_C(36500) * 24 * 3600, 1,
        { { "none", R307_LIMIT_LONGEST_NONE } }, R307_LIMIT_LONGEST_NONE,
        "a duration such as 90d, or none for no limit", "90d" }
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

/* "rules=1000, regex=20 or ..." */
static const char *list_examples(apr_pool_t *p)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 64);
    for (i = 0; i < R307_LIMIT_COUNT; i++) {
        r307_buf_puts(&buf, !i ? "" : i == R307_LIMIT_COUNT - 1 ? " or " : ", ");
        r307_buf_puts(&buf, r307_limit_rows[i].name);
        r307_buf_putc(&buf, '=');
        r307_buf_puts(&buf, r307_limit_rows[i].example);
    }
    return buf.s;
}

static apr_int64_t read_value(apr_pool_t *p, const r307_limit_row_t *row,
                              const char *text)
{
    apr_int64_t number = row->most && !row->is_duration
        ? r307_text_number(r307_slice(text, strlen(text)), row->most) : UNSET;
    apr_time_t length;
    size_t i;

    for (i = 0; i < WORDS_MOST && row->words[i].word; i++) {
        if (strcmp(row->words[i].word, text) == 0) {
            return row->words[i].value;
        }
    }
    if (row->is_duration && !r307_duration_parse(p, text, &length)) {
        return apr_time_sec(length) >= row->least ? apr_time_sec(length) : UNSET;
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
            return apr_psprintf(p, "%s= is there twice; leave one of them out", row->name);
        }
        value = read_value(p, row, word + len + 1);
        if (value == UNSET) {
            return apr_psprintf(p, "%s='%s' is no value here; write %s", row->name,
                                r307_text_show(p, word + len + 1, strlen(word + len + 1)),
                                row->write);
        }
        limits->value[i] = value;
        return NULL;
    }
    return apr_psprintf(p, "'%s' is no limit; write %s",
                        r307_text_show(p, word, strlen(word)), list_examples(p));
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
              "this site only; write a path, as /new";
    }
    /* a host with insertions is the guard's to hold against the list */
    if (!target->host.s || is_same_site(tenancy, target->host)
        || r307_origin_allows(tenancy->allow, target->scheme, target->host, target->port)) {
        return NULL;
    }
    return "leads to a host that is not in Redirect307AllowHosts, and targets=hosts of "
           "Redirect307Limits asks for that; write a path of this site, as /new, or ask "
           "who runs this server to add the host";
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

/* Whether the rule is meant for a time. */
static int is_temporary(const r307_rule_t *rule)
{
    return rule->target->kind != R307_TARGET_STOP
        && (rule->status == 302 || rule->status == 303 || rule->status == 307
            || rule->status == 503);
}

const char *r307_limit_lacks(r307_require_t require, const r307_rule_t *rule)
{
    const r307_plan_t *plan = &rule->plan;

    if (require == R307_REQUIRE_NONE || plan->until.text || !is_temporary(rule)
        || (require == R307_REQUIRE_REVIEW && plan->review.text)) {
        return NULL;
    }
    return require == R307_REQUIRE_UNTIL
        ? "has no end, and Redirect307Require until asks for one; write until=YYYY-MM-DD"
        : "has no end and no review, and Redirect307Require review asks for one; write "
          "review=YYYY-MM-DD or until=YYYY-MM-DD";
}

/* From its from=, else from when its file was written. */
static const char *length_why(const r307_tenancy_t *tenancy, const r307_rule_t *rule)
{
    const r307_plan_t *plan = &rule->plan;
    apr_int64_t longest = value(tenancy, R307_LIMIT_LONGEST);
    apr_time_t begin = plan->from.text ? plan->from.when : tenancy->made;

    if (longest == R307_LIMIT_LONGEST_NONE || !is_temporary(rule)) {
        return NULL;
    }
    if (!plan->until.text) {
        return "has no end, and longest= of Redirect307Limits asks for one; write "
               "until=YYYY-MM-DD";
    }
    return plan->until.when - begin > apr_time_from_sec(longest)
        ? "is in force for longer than longest= of Redirect307Limits allows; write an "
          "earlier until=" : NULL;
}

const char *r307_limit_why(const r307_tenancy_t *tenancy, const r307_rule_t *rule)
{
    const apr_array_header_t *allow = r307_limit_allow(tenancy, tenancy->allow);

    if (tenancy->maps_alone) {
        return rule->of_map ? r307_limit_lacks(tenancy->require, rule) : NULL;
    }
    if (is_too_many(tenancy, rule->nth)) {
        return "is one rule too many for this file (rules= of Redirect307Limits)";
    }
    if (is_too_many_regexes(tenancy, rule->nth_regex)) {
        return value(tenancy, R307_LIMIT_REGEX)
            ? "is one regular expression too many for this file (regex= of "
              "Redirect307Limits); write Redirect307 with a path, as /old, /old/:name or "
              "/old/*"
            : "is a regular expression, and regex=off of Redirect307Limits allows none; "
              "write Redirect307 with a path, as /old, /old/:name or /old/*";
    }
    if (rule->unbounded && value(tenancy, R307_LIMIT_REGEX) != R307_LIMIT_REGEX_ALL) {
        return "says what .htaccess may not: a regex in an expression has no step limit; write "
               "an option in the place of expr=, as header=User-Agent:*Bot*";
    }
    if (length_why(tenancy, rule)) {
        return length_why(tenancy, rule);
    }
    if (r307_limit_lacks(tenancy->require, rule)) {
        return r307_limit_lacks(tenancy->require, rule);
    }
    if (target_why(tenancy, rule->target)) {
        return target_why(tenancy, rule->target);
    }
    return r307_hosts_may(rule->hosts, allow) ? NULL : r307_hosts_why(rule->hosts, allow);
}

const char *r307_limit_say(apr_pool_t *p, const r307_tenancy_t *tenancy,
                           const r307_rule_t *rule)
{
    const char *why = r307_limit_why(tenancy, rule);
    r307_slice_t host = rule->target->host;

    /* what leads too far says where to, as a host may be one letter off */
    if (!why || !host.s || why != target_why(tenancy, rule->target)) {
        return why;
    }
    return apr_psprintf(p, "leads to %s, %s", r307_text_show(p, host.s, host.len),
                        why + sizeof("leads to ") - 1);
}

const apr_array_header_t *r307_limit_allow(const r307_tenancy_t *tenancy,
                                            const apr_array_header_t *allow)
{
    return tenancy && value(tenancy, R307_LIMIT_TARGETS) == R307_TARGETS_SAME_SITE ? NULL
                                                                                  : allow;
}

static void count_plan(r307_tally_t *tally, const r307_rule_t *rule)
{
    const r307_plan_t *plan = &rule->plan;

    if (!is_temporary(rule)) {
        return;
    }
    if (!tally->lacks_until || !tally->lacks_review) {
        tally->lacks_until |= r307_limit_lacks(R307_REQUIRE_UNTIL, rule) != NULL;
        tally->lacks_review |= r307_limit_lacks(R307_REQUIRE_REVIEW, rule) != NULL;
    }
    if (plan->until.text && plan->from.text) {
        apr_time_t length = plan->until.when - plan->from.when;

        tally->longest = length > tally->longest ? length : tally->longest;
    }
    else if (plan->until.text) {
        tally->last = plan->until.when > tally->last ? plan->until.when : tally->last;
    }
}

static int is_too_long(const r307_tally_t *tally, const r307_tenancy_t *tenancy)
{
    apr_int64_t longest = value(tenancy, R307_LIMIT_LONGEST);

    return longest != R307_LIMIT_LONGEST_NONE
        && (tally->lacks_until || tally->longest > apr_time_from_sec(longest)
            || tally->last - tenancy->made > apr_time_from_sec(longest));
}

static int lacks_plan(const r307_tally_t *tally, const r307_tenancy_t *tenancy)
{
    return (tenancy->require == R307_REQUIRE_UNTIL && tally->lacks_until)
        || (tenancy->require == R307_REQUIRE_REVIEW && tally->lacks_review);
}

static void count_flags(apr_pool_t *p, r307_tally_t *tally, const r307_rule_t *rule)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        const r307_cond_t *cond = &rule->conds[i];

        if (cond->kind->parse == r307_cond_parse_flag) {
            if (!tally->flags) {
                tally->flags = apr_array_make(p, 1, sizeof(const void *));
            }
            APR_ARRAY_PUSH(tally->flags, const void *) = cond->own;
        }
    }
}

static void count_hosts(apr_pool_t *p, r307_tally_t *tally, const r307_hosts_t *hosts)
{
    if (!hosts) {
        return;
    }
    if (!tally->chosen) {
        tally->chosen = apr_hash_make(p);
    }
    apr_hash_set(tally->chosen, hosts->kind == R307_HOSTS_NEVER ? ""
                 : apr_psprintf(p, "%s://%s:%d", r307_slice_text(p, hosts->scheme),
                                r307_slice_text(p, hosts->form), hosts->port),
                 APR_HASH_KEY_STRING, hosts);
}

void r307_limit_count(apr_pool_t *p, r307_tally_t *tally, const r307_rule_t *rule)
{
    const r307_target_t *target = rule->target;
    const char *key;

    tally->rules = rule->nth > tally->rules ? rule->nth : tally->rules;
    tally->regexes = rule->nth_regex > tally->regexes ? rule->nth_regex : tally->regexes;
    tally->unbounded |= rule->unbounded;
    count_hosts(p, tally, rule->hosts);
    count_plan(tally, rule);
    count_flags(p, tally, rule);
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

static int hosts_exceed(apr_pool_t *p, const r307_tally_t *tally,
                        const apr_array_header_t *allow)
{
    apr_hash_index_t *i = tally->chosen ? apr_hash_first(p, tally->chosen) : NULL;

    while (i && r307_hosts_may(apr_hash_this_val(i), allow)) {
        i = apr_hash_next(i);
    }
    return i != NULL;
}

static int leads_too_far(apr_pool_t *p, const r307_tally_t *tally,
                         const r307_tenancy_t *tenancy)
{
    apr_hash_index_t *i;

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

unsigned r307_limit_reached(apr_pool_t *p, const r307_tally_t *tally,
                            const r307_tenancy_t *tenancy)
{
    int regexes = is_too_many_regexes(tenancy, tally->regexes)
        || (tally->unbounded && value(tenancy, R307_LIMIT_REGEX) != R307_LIMIT_REGEX_ALL);

    return (is_too_many(tenancy, tally->rules) ? 1u << R307_LIMIT_RULES : 0)
        | (regexes ? 1u << R307_LIMIT_REGEX : 0)
        | (is_too_long(tally, tenancy) ? 1u << R307_LIMIT_LONGEST : 0)
        | (leads_too_far(p, tally, tenancy) ? 1u << R307_LIMIT_TARGETS : 0);
}

int r307_limit_exceeds(apr_pool_t *p, const r307_tally_t *tally,
                       const r307_tenancy_t *tenancy)
{
    return hosts_exceed(p, tally, r307_limit_allow(tenancy, tenancy->allow))
        || lacks_plan(tally, tenancy) || r307_limit_reached(p, tally, tenancy) != 0;
}
