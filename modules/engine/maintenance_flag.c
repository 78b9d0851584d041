/* SPDX-License-Identifier: Apache-2.0
 *
 * What the flag of a maintenance says, and whether its line holds now. */
#include "maintenance.h"

#include <string.h>
#include <apr_strings.h>
#include "time.h"
#include "token.h"

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

/* What it says is not shown where it is no option: a link may have led to a file that
 * is not for everybody who reads the log. */
static const char says_nothing[] =
    "says nothing; write until=, eta= or allow=, or a '#' in front";

static const char *read_flag_line(apr_pool_t *p, const r307_word_t *word,
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

static const char *read_one(apr_pool_t *p, const char *text, r307_flag_says_t *says)
{
    apr_array_header_t *words;
    const char *bad = r307_token_split(p, text, &words) ? says_nothing : NULL;
    int i;

    for (i = 0; !bad && i < words->nelts; i++) {
        bad = read_flag_line(p, &APR_ARRAY_IDX(words, i, r307_word_t), says);
    }
    return bad;
}

void r307_flag_read(apr_pool_t *p, const char *text, r307_flag_says_t *says,
                    const char **problem)
{
    int number = 0;

    memset(says, 0, sizeof(*says));
    *problem = NULL;
    if (!text) {
        return;
    }
    says->allow = apr_array_make(p, 2, sizeof(r307_net_t));
    while (*text) {
        size_t n = strcspn(text, "\n"), len = n;
        const char *bad;

        number++;
        len -= len && text[len - 1] == '\r';
        bad = read_one(p, apr_pstrmemdup(p, text, len), says);
        if (bad && !*problem) {
            *problem = apr_psprintf(p, "line %d %s", number, bad);
        }
        text += n + (text[n] == '\n');
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
    r307_flag_read(p, seen->text, &state->says, &state->problem);
    state->made = seen->exists ? seen->made : 0;
    state->until = earlier(line->until, state->says.until);
    if (state->says.eta.text || line->eta.text) {
        state->eta = eta_time(state->says.eta.text ? &state->says.eta : &line->eta,
                              state->made);
    }
    state->in_force = (!line->flag || seen->exists) && now >= line->from
                      && (!state->until || now < state->until);
}
