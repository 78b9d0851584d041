/* SPDX-License-Identifier: Apache-2.0
 *
 * What the flag of a maintenance says, and whether its line holds now. */
#include "maintenance/maintenance.h"

#include <string.h>
#include <apr_strings.h>
#include "base/datetime.h"
#include "grammar/token.h"

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

const char *r307_eta_parse(apr_pool_t *p, const char *value, r307_eta_t *eta)
{
    const char *bad;

    memset(eta, 0, sizeof(*eta));
    eta->text = apr_pstrdup(p, value);
    if (strchr(value, '-')) {
        return r307_time_parse(p, value, 1, &eta->time);
    }
    bad = r307_duration_parse(p, value, &eta->length);
    return !bad && eta->length == 0 ? "is no time at all; write eta=30min, or leave it out"
                                    : bad;
}

/* How people write a unit, and how it is written here. */
static const struct {
    const char *begins, *unit;
} spoken[] = {
    { "s", "s" }, { "m", "min" }, { "h", "h" }, { "st", "h" }, { "d", "d" }, { "t", "d" }
};

/* The longest beginning counts: "st" is an hour in German, "s" is a second. */
static const char *find_unit(const char *word)
{
    const char *unit = NULL;
    size_t best = 0, i;

    for (i = 0; i < sizeof(spoken) / sizeof(spoken[0]); i++) {
        size_t len = strlen(spoken[i].begins);

        if (len > best && r307_text_same_fold(word, strnlen(word, len), spoken[i].begins,
                                              len)) {
            unit = spoken[i].unit;
            best = len;
        }
    }
    return unit;
}

const char *r307_eta_unit(apr_pool_t *p, const char *option, const char *word)
{
    size_t digits = strncmp(option, "eta=", 4) == 0 ? strspn(option + 4, "0123456789") : 0;
    const char *unit = find_unit(word);

    if (!digits || digits > 9 || option[4 + digits] || !r307_text_is(*word, R307_IS_ALPHA)) {
        return NULL;
    }
    return apr_psprintf(p, "eta='%s %s': a unit stands behind its number, as one of s, min, "
                        "h and d; write eta=%.*s%s", show(p, option + 4),
                        show(p, word), (int)digits, option + 4, unit ? unit : "h");
}

/* What it says is not shown where it is no option: a link may have led to a file that
 * is not for everybody who reads the log. */
static const char says_nothing[] =
    "says nothing; write until=2026-12-26, eta=2h or allow=192.0.2.7, or a '#' in front";

static const char *read_option(apr_pool_t *p, const r307_word_t *word,
                               r307_flag_says_t *says)
{
    static const char *const names[] = { "until", "eta", "allow" };
    const char *value = word->text + word->name_len + 1, *bad;
    size_t i;

    for (i = 0; i < 3; i++) {
        if (strlen(names[i]) == word->name_len
            && memcmp(names[i], word->text, word->name_len) == 0) {
            break;
        }
    }
    if (i == 3) {
        return says_nothing;
    }
    bad = i == 0 ? r307_time_parse(p, value, 1, &says->until)
        : i == 1 ? r307_eta_parse(p, value, &says->eta)
                 : r307_net_parse_list(p, value, says->allow);
    return bad ? apr_psprintf(p, "has %s='%s', which %s", names[i], show(p, value), bad)
               : NULL;
}

/* Into says only if all of it is understood. */
static const char *read_line(apr_pool_t *p, const char *text, r307_flag_says_t *says)
{
    r307_flag_says_t said = *says;
    apr_array_header_t *words;
    const char *bad = r307_token_split(p, text, &words) ? says_nothing : NULL;
    int i;

    said.allow = apr_array_copy(p, says->allow);
    for (i = 0; !bad && i < words->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(words, i, r307_word_t);

        bad = i && !word->name_len ? r307_eta_unit(p, word[-1].text, word->text) : NULL;
        bad = bad ? apr_pstrcat(p, "has ", bad, NULL) : read_option(p, word, &said);
    }
    if (!bad) {
        *says = said;
    }
    return bad;
}

static void add_problem(apr_pool_t *p, r307_flag_says_t *says, const char *problem)
{
    if (!says->problems) {
        says->problems = apr_array_make(p, 2, sizeof(const char *));
    }
    APR_ARRAY_PUSH(says->problems, const char *) = problem;
}

/* A byte order mark says nothing, unless it says that these are no single bytes. */
static const char *skip_mark(apr_pool_t *p, const char *text, r307_flag_says_t *says)
{
    if (memcmp(text, "\xEF\xBB\xBF", strnlen(text, 3)) == 0 && strlen(text) >= 3) {
        return text + 3;
    }
    if (strncmp(text, "\xFF\xFE", 2) == 0 || strncmp(text, "\xFE\xFF", 2) == 0) {
        add_problem(p, says, "is written in UTF-16, and nothing of it is read; save it as "
                             "UTF-8");
        return "";
    }
    return text;
}

void r307_flag_read(apr_pool_t *p, const char *text, r307_flag_says_t *says)
{
    int number = 0;

    memset(says, 0, sizeof(*says));
    if (!text) {
        return;
    }
    says->allow = apr_array_make(p, 2, sizeof(r307_net_t));
    text = skip_mark(p, text, says);
    while (*text) {
        size_t n = strcspn(text, "\r\n");
        const char *bad;

        number++;
        bad = read_line(p, apr_pstrmemdup(p, text, n), says);
        if (bad) {
            add_problem(p, says, apr_psprintf(p, "line %d %s", number, bad));
        }
        text += n + (text[n] == '\r' && text[n + 1] == '\n') + (text[n] != '\0');
    }
}

static apr_time_t earlier(apr_time_t a, apr_time_t b)
{
    if (!a || !b) {
        return a ? a : b;
    }
    return a < b ? a : b;
}

static apr_time_t eta_time(const r307_eta_t *eta, apr_time_t made)
{
    return eta->time ? eta->time : made ? made + eta->length : 0;
}

void r307_maintenance_look(apr_pool_t *p, const r307_maintenance_t *line,
                           const r307_flag_seen_t *seen, apr_time_t now,
                           r307_maintenance_state_t *state)
{
    memset(state, 0, sizeof(*state));
    r307_flag_read(p, seen->text, &state->says);
    state->made = seen->exists ? seen->made : 0;
    state->until = earlier(line->until, state->says.until);
    if (state->says.eta.text || line->eta.text) {
        state->eta = eta_time(state->says.eta.text ? &state->says.eta : &line->eta,
                              state->made);
    }
    state->in_force = (!line->flag || seen->exists) && now >= line->from
                      && (!state->until || now < state->until);
}

const char *r307_maintenance_lacks(r307_require_t require, const r307_maintenance_t *line)
{
    return require == R307_REQUIRE_NONE || line->flag || line->until ? NULL
        : "has no flag= and no end, and Redirect307Require asks for one; write "
          "flag=down.on or until=YYYY-MM-DD";
}

static const char *plan_why(const r307_tenancy_t *tenancy, const r307_maintenance_t *line)
{
    apr_int64_t longest = r307_limit_value(tenancy->limits, R307_LIMIT_LONGEST);
    apr_time_t begin = line->from ? line->from : tenancy->made;

    if (line->flag) {
        return NULL;
    }
    if (r307_maintenance_lacks(tenancy->require, line)) {
        return r307_maintenance_lacks(tenancy->require, line);
    }
    if (longest == R307_LIMIT_LONGEST_NONE) {
        return NULL;
    }
    if (!line->until) {
        return "has no flag= and no end, and longest= of Redirect307Limits asks for one; "
               "write flag=down.on or until=YYYY-MM-DD";
    }
    return line->until - begin > apr_time_from_sec(longest)
        ? "is in force for longer than longest= of Redirect307Limits allows; write an "
          "earlier until=, or flag=down.on" : NULL;
}

const char *r307_maintenance_why(const r307_tenancy_t *tenancy,
                                 const r307_maintenance_t *line)
{
    r307_tenancy_t rest = *tenancy;
    const char *why = plan_why(tenancy, line);
    r307_limits_t limits;

    if (why) {
        return why;
    }
    rest.require = R307_REQUIRE_NONE;
    if (tenancy->limits) {
        limits = *tenancy->limits;
        limits.value[R307_LIMIT_LONGEST] = R307_LIMIT_LONGEST_NONE;
        rest.limits = &limits;
    }
    return r307_limit_why(&rest, &line->rule);
}
