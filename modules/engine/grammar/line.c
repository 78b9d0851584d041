/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/line.h"

#include <string.h>
#include <apr_strings.h>

#include "rule/identity.h"
#include "rule/regex_finding.h"
#include "grammar/habit.h"
#include "grammar/habit_option.h"
#include "http/idn.h"
#include "grammar/line_cond.h"

/* The words of one line, sorted. */
typedef struct words_t {
    const r307_word_t *plain[3];    /* source, target, one too many */
    int plain_count;
    const apr_array_header_t *all;
} words_t;

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

static const char *unknown_option(apr_pool_t *p, const r307_word_t *word)
{
    const r307_option_t *near = r307_option_near(word->text, word->name_len);
    const char *meant = r307_habit_option(p, word, R307_HABIT_RULE);

    return meant ? meant : near ? apr_psprintf(p, "'%s' unknown option; did you mean %s=?",
                               show(p, word->text), near->name)
        : apr_psprintf(p, "'%s' unknown option; leave it out, or put quotes around the "
                       "word before it if this belongs to it", show(p, word->text));
}

static const char *sort_words(apr_pool_t *p, const apr_array_header_t *all,
                              r307_draft_t *draft, words_t *words)
{
    int seen[64] = { 0 }, i;

    words->all = all;
    words->plain_count = 0;
    for (i = 0; i < all->nelts; i++) {
        const r307_word_t *word = &APR_ARRAY_IDX(all, i, r307_word_t);
        const r307_option_t *option;
        const char *bad;

        if (word->name_len == 0) {
            if (words->plain_count < 3) {
                words->plain[words->plain_count++] = word;
            }
            continue;
        }
        option = r307_option_find(word->text, word->name_len);
        if (!option) {
            return unknown_option(p, word);
        }
        if (seen[option - r307_options]++ && option->written != R307_WRITTEN_OFTEN) {
            return apr_psprintf(p, "'%s' %s= is written twice; keep one",
                                show(p, word->text), option->name);
        }
        bad = r307_option_set(p, draft, option, r307_word_value(word));
        if (bad) {
            return bad;
        }
    }
    return NULL;
}

/* How a line begins that is to be written: with the directive, but not in a map. */
static const char *lead(apr_pool_t *p, const r307_draft_t *draft)
{
    const char *directive = draft->context->directive;

    return *directive ? apr_pstrcat(p, directive, " ", NULL) : "";
}

/* Which of the plain words are source and target. */
static const char *place_words(apr_pool_t *p, const words_t *words,
                               const r307_draft_t *draft, const char **source,
                               const char **target)
{
    const r307_status_t *row = r307_status_row(draft->rule->status);
    int may_lack_source = draft->context->where == R307_WHERE_LOCATION;
    const char *first = words->plain_count > 0 ? words->plain[0]->text : NULL;
    const char *second = words->plain_count > 1 ? words->plain[1]->text : NULL;

    *source = *target = NULL;
    /* status= of a map is for those of its lines that answer */
    if (!row->has_target
        && !(draft->context->is_map && second && strcmp(second, "-") == 0)) {
        if (second) {
            return apr_psprintf(p, "status=%d has no target; leave '%s' out", row->code,
                                show(p, second));
        }
        *source = first;
        return first || may_lack_source ? NULL
            : apr_psprintf(p, "the line has no source; write: %s/old status=%d",
                           lead(p, draft), row->code);
    }
    if (!second && first && draft->context->is_sheet) {
        return apr_psprintf(p, "'%s' has no target; fill its cell, or write gone in a column "
                            "'status'", show(p, first));
    }
    if (!second && !may_lack_source) {
        return first && strcmp(first, "-") == 0
            ? apr_psprintf(p, "the line has no source; write: %s/old -", lead(p, draft))
            : first ? apr_psprintf(p, "'%s' has no target; write: %s%s /new, or "
                                    "status=gone for none", show(p, first),
                                    lead(p, draft),
                                    r307_token_quote(p, show(p, first)))
                     : apr_psprintf(p, "the line has no source and no target; write: %s"
                                    "/old /new", lead(p, draft));
    }
    if (!first) {
        return apr_psprintf(p, "the line has no target; write: %s/new",
                            lead(p, draft));
    }
    *source = second ? first : NULL;
    *target = second ? second : first;
    return NULL;
}

static void imply(apr_pool_t *p, r307_draft_t *draft, r307_about_t about,
                  const char *value, const char **bad)
{
    r307_cond_t *cond = apr_array_push(draft->conds);

    *bad = r307_cond_parse(p, r307_option_about(about), value, &draft->context->maker, cond);
    cond->implied = 1;
}

/* "http://host/..." and "https://host/...": the host becomes a condition. https means
 * any scheme, because behind a balancer httpd sees http for ever. */
static const char *take_host(apr_pool_t *p, r307_draft_t *draft, const char **source)
{
    const char *rest = strstr(*source, "://"), *bad, *host;
    size_t n = rest ? (size_t)(rest - *source) : 0, len;

    if (!rest || strcspn(*source, "/?") < n) {
        return NULL;
    }
    if (!r307_url_default_port(r307_slice(*source, n))) {
        return apr_psprintf(p, "'%s' begins with a scheme that no request here has; write "
                            "https://host/path or /path", show(p, *source));
    }
    rest += 3;
    len = strcspn(rest, "/?");
    host = apr_pstrmemdup(p, rest, len);
    if ((strchr(host, ':') && host[0] != '[') || strchr(host, '@')) {
        const char *at = strchr(host, '@');
        const char *name = at ? at + 1 : host;

        return apr_psprintf(p, "'%s' has a %s; a source has only a host; write %s%s%s",
                            show(p, *source), at ? "user name" : "port",
                            r307_text_show(p, *source, n + 3),
                            r307_text_show(p, name, strcspn(name, ":")), show(p, rest + len));
    }
    bad = r307_url_check_host(r307_slice(host, len));
    if (bad) {
        return apr_psprintf(p, "host '%s' of '%s' %s%s", show(p, host), show(p, *source),
                            bad, !strchr(host, '*') ? ""
                                : apr_psprintf(p, "; for a pattern of hosts write %s host=%s",
                                               rest[len] ? show(p, rest + len) : "/",
                                               show(p, host)));
    }
    imply(p, draft, R307_ABOUT_HOST, host, &bad);
    if (!bad && n == 4) {
        imply(p, draft, R307_ABOUT_SCHEME, "http", &bad);
    }
    *source = rest[len] == '/' ? rest + len : apr_pstrcat(p, "/", rest + len, NULL);
    return bad;
}

/* "?name=value&...": the pairs become a condition. */
static const char *take_args(apr_pool_t *p, r307_draft_t *draft, const char **source)
{
    const char *question = strchr(*source, '?'), *bad;
    const char *whole = *source;

    if (!question) {
        return NULL;
    }
    if (question == whole && question[1]
        && draft->context->where != R307_WHERE_DIRECTORY) {
        return apr_psprintf(p, "'%s' has no path in front of its '?'; write /page%s",
                            show(p, whole), show(p, whole));
    }
    *source = question == whole ? "./" : apr_pstrmemdup(p, whole,
                                                        (size_t)(question - whole));
    imply(p, draft, R307_ABOUT_QUERY, question + 1, &bad);
    return bad ? apr_psprintf(p, "'%s' names no parameter behind its '?'; write "
                              "/page?name=value, or /%%3F for the character '?'",
                              show(p, whole)) : NULL;
}

/* The path as a URL may write it. */
static r307_slice_t encoded(apr_pool_t *p, const r307_path_t *path)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, path->enc_len + 1);
    r307_text_encode(&buf, path->enc, path->enc_len, R307_LAND_PATH, R307_FORM_ENCODED);
    return r307_slice(buf.s, buf.len);
}

static const char *parse_source(apr_pool_t *p, r307_draft_t *draft, const char *source)
{
    const r307_context_t *context = draft->context;
    r307_match_t match = draft->match ? draft->match : context->match;
    r307_pattern_flags_t flags;
    const char *bad;

    flags.fold = draft->fold;
    draft->any_slash = draft->any_slash && !(context->is_map && match == R307_MATCH_REGEX);
    flags.any_slash = draft->any_slash;
    flags.may_be_relative = context->where == R307_WHERE_DIRECTORY;
    flags.of_map = context->is_map;
    flags.jit = context->jit;
    source = match == R307_MATCH_REGEX ? source : r307_idn_reference(p, source);
    draft->rule->source = apr_pstrdup(p, source);
    if (strstr(source, "${") && source[strcspn(source, "}")]) {
        const char *s = strstr(source, "${") + 2;

        return apr_psprintf(p, "'${%s}' belongs to httpd's Define; write :%s",
                            r307_text_show(p, s, strcspn(s, "}")),
                            r307_text_show(p, s, strcspn(s, "}")));
    }
    if (match != R307_MATCH_REGEX) {
        bad = take_host(p, draft, &source);
        bad = bad ? bad : take_args(p, draft, &source);
        if (bad) {
            return bad;
        }
    }
    bad = r307_pattern_parse(p, source, match, &flags, &draft->rule->pattern);
    if (bad) {
        return bad;
    }
    draft->rule->head = draft->rule->pattern->head;
    if (!flags.may_be_relative && match != R307_MATCH_REGEX
        && !draft->rule->pattern->segs) {
        draft->rule->base = encoded(p, r307_path_make(p, r307_slice(source,
                                                                    strlen(source))));
    }
    return NULL;
}

/* A literal path that a pattern binds at both ends, relative to a directory; NULL: it is more
 * than that. */
static const char *plain_of(apr_pool_t *p, const char *pattern)
{
    r307_buf_t buf;
    const char *s;

    r307_buf_make(&buf, p, strlen(pattern));
    for (s = pattern + 1; *s && strcmp(s, "$") != 0; s++) {
        s += *s == '\\' && s[1] && !r307_text_is(s[1], R307_IS_NAME);
        if (!r307_text_is(*s, R307_IS_NAME) && !strchr("/.-", *s)) {
            return NULL;
        }
        if (*s == '.' && s[-1] != '\\') {
            return NULL;
        }
        r307_buf_putc(&buf, *s);
    }
    return *s && buf.len && buf.s[0] != '/' ? buf.s : NULL;
}

/* What else is to be said of a bad source, when the whole line is seen: a name that is part of
 * a segment is a group of a regex; a pattern that never matches names a host, or was meant as RewriteRule means one: relative
 * to its directory, which is not known here. Else what was said of it. */
static const char *say_never(apr_pool_t *p, const r307_draft_t *draft,
                             const apr_array_header_t *words, const char *source,
                             const char *said)
{
    const char *why, *plain, *code = strstr(said, "; write %3A for");
    const char *half = code && strstr(said, "' is not a placeholder") && !draft->context->is_map
        ? r307_habit_half(p, words, source, 0) : NULL;

    if (half) {
        return apr_psprintf(p, "%.*s; write: %s; for the character ':' write %%3A",
                            (int)(code - said), said, half);
    }
    if (!strstr(said, "' never matches: the path begins")) {
        return said;
    }
    why = r307_regex_finding_host(p, source);
    if (why) {
        return apr_psprintf(p, "pattern '%s' %s", show(p, source), why);
    }
    if (draft->context->where != R307_WHERE_DIRECTORY || source[0] != '^') {
        return said;
    }
    plain = draft->match ? NULL : plain_of(p, source);
    why = "never matches: it is compared with the whole path, which begins with '/'";
    return plain
        ? apr_psprintf(p, "pattern '%s' %s; write: %s", show(p, source), why,
                       r307_habit_line(p, words, "Redirect307", source, plain))
        : apr_psprintf(p, "pattern '%s' %s; write /%s", show(p, source), why,
                       show(p, source + 1));
}

/* The same of a target: a name that it uses stands in the source, and there it is text, as it
 * does not begin a segment. */
static const char *say_half(apr_pool_t *p, const r307_draft_t *draft,
                            const apr_array_header_t *words, const char *source,
                            const char *said)
{
    const char *end = said ? strstr(said, "' is not in the source; write ") : NULL;
    size_t n = said && said[0] == '\'' ? strcspn(said + 1, "'") : 0;
    const char *half, *name = n ? apr_pstrmemdup(p, said + 1, n) : NULL;

    if (!end || !name || name[0] != ':' || !source || !strstr(source, name)
        || draft->context->is_map) {
        return said;
    }
    half = r307_habit_half(p, words, source, 1);
    return !half ? said
        : apr_psprintf(p, "'%s' in '%s' is text, as a name takes a whole segment; write: %s",
                       name, show(p, source), half);
}

static void use_location(apr_pool_t *p, r307_draft_t *draft)
{
    const char *location = draft->context->location;

    draft->rule->head = r307_slice("/", 1);
    if (location && location[0] == '/') {
        const r307_path_t *path = r307_path_make(p, r307_slice(location,
                                                               strlen(location)));

        draft->rule->head = r307_slice(path->dec, path->len);
        draft->rule->base = encoded(p, path);
    }
}

/* A map's defaults hold for all its lines, and leave alone what they cannot change. */
static void relax(r307_draft_t *draft)
{
    r307_rule_t *rule = draft->rule;
    const r307_target_t *target = rule->target;

    if (target->kind == R307_TARGET_STOP || target->kind == R307_TARGET_NONE
        || (rule->query.mode == R307_QUERY_KEEP && target->has_query)) {
        rule->query.mode = R307_QUERY_DEFAULT;
    }
    if (target->kind == R307_TARGET_STOP) {
        rule->cache.mode = R307_CACHE_DEFAULT;
    }
    /* what cannot become then= when the trial ends is meant for good */
    if (rule->plan.then == rule->status
        || (rule->plan.then > R307_THEN_STOP
            && (target->kind == R307_TARGET_STOP
                || (target->kind == R307_TARGET_NONE
                    && r307_status_row(rule->plan.then)->has_target)))) {
        rule->plan.then = R307_THEN_UNSET;
        memset(&rule->plan.until, 0, sizeof(rule->plan.until));
    }
}

/* Options that would be accepted and then do nothing. */
static const char *check_sense(apr_pool_t *p, const r307_draft_t *draft, int has_status)
{
    const r307_rule_t *rule = draft->rule;
    const r307_target_t *target = rule->target;
    const char *text = target->text ? target->text : "a status without target";

    if (!rule->pattern && (draft->match || draft->fold || draft->any_slash)) {
        return "match=, case= and slash= compare a source, and this line has none; leave "
               "them out";
    }
    if (rule->pattern && rule->pattern->regex && draft->any_slash) {
        return "slash=ignore does not reach into a regular expression; leave it out, and "
               "end the pattern in /?$";
    }
    if (rule->pattern && draft->match == R307_MATCH_PREFIX && rule->pattern->segs) {
        return apr_psprintf(p, "'%s' with match=prefix: a source with placeholders matches "
                            "the whole path; leave match= out, or end the source in /*",
                            show(p, rule->source));
    }
    if (target->kind == R307_TARGET_STOP && rule->plan.then > R307_THEN_STOP) {
        return "'-' gives no answer, so nothing follows it; leave then= out";
    }
    if (target->kind == R307_TARGET_NONE && rule->plan.then > R307_THEN_STOP
        && r307_status_row(rule->plan.then)->has_target) {
        return apr_psprintf(p, "then=%d needs a target, and this line has none; write "
                            "then=410", rule->plan.then);
    }
    if (rule->plan.then == rule->status) {
        return apr_psprintf(p, "then=%d is what this line answers already; leave then= and "
                            "until= out", rule->plan.then);
    }
    if (rule->cache.mode == R307_CACHE_UNTIL && !rule->plan.until.text) {
        return "cache=until lasts as long as the rule, and this one has no end; write "
               "until=YYYY-MM-DD beside it, or a duration, as cache=1h";
    }
    if (target->kind == R307_TARGET_STOP && rule->cache.mode != R307_CACHE_DEFAULT) {
        return "'-' gives no answer, so there is nothing to cache; leave cache= out";
    }
    if (target->kind == R307_TARGET_STOP && has_status) {
        return "'-' gives no answer, so it has no status; leave status= out";
    }
    if (rule->query.mode != R307_QUERY_DEFAULT
        && (target->kind == R307_TARGET_STOP || target->kind == R307_TARGET_NONE)) {
        return apr_psprintf(p, "query= has nothing to change: %s sends nobody anywhere; "
                            "leave it out", target->kind == R307_TARGET_STOP ? "'-'" : text);
    }
    if (rule->query.mode == R307_QUERY_KEEP && target->has_query) {
        return apr_psprintf(p, "query=keep beside the query of '%s' says two things; write "
                            "query=merge to send both, or leave query= out",
                            show(p, target->text));
    }
    return NULL;
}

int r307_line_carries(const r307_rule_t *rule)
{
    const r307_target_t *target = rule->target;
    int i;

    if (!rule->pattern || rule->pattern->match != R307_MATCH_PREFIX
        || target->kind < R307_TARGET_URL || target->kind == R307_TARGET_WHOLE) {
        return 0;
    }
    for (i = 0; i < target->count; i++) {
        if (target->parts[i].is_path && target->parts[i].in != R307_IN_QUERY) {
            return 0;           /* what follows the prefix is in it */
        }
    }
    return !rule->pattern->final_slash || target->final_slash;
}

/* httpd bounds no regex of an expression, and its parse tree is its own; so the text
 * decides. A quoted "=~" counts with it: too much, but never too little. */
static int holds_regex(const r307_expr_t *expr)
{
    return expr->text && (strstr(expr->text, "=~") || strstr(expr->text, "!~"));
}

static void finish(apr_pool_t *p, r307_draft_t *draft)
{
    r307_rule_t *rule = draft->rule;
    const r307_target_t *target = rule->target;
    int i;

    r307_line_cond_finish(p, draft);
    rule->carry = r307_line_carries(rule);
    for (i = 0; i < rule->cond_count; i++) {
        rule->options_named |= r307_cond_names_options(&rule->conds[i]);
        rule->unbounded |= holds_regex(&rule->conds[i].expr);
        rule->waits |= rule->conds[i].waits;
    }
    for (i = 0; i < target->count; i++) {
        rule->unbounded |= holds_regex(&target->parts[i].expr);
        rule->waits |= r307_cond_waits(&target->parts[i].expr);
    }
    rule->hosts = r307_hosts_find(p, rule->pattern, target);
    rule->ends_at_self = draft->context->ends_at_self;
    rule->of_map = draft->context->is_map;
    rule->is_tenants = draft->context->is_tenant;
    rule->home = draft->context->home;
    rule->traits = r307_identity_traits(rule);
    rule->nth = draft->context->nth;
    rule->nth_regex = rule->pattern && rule->pattern->regex ? draft->context->nth_regex : 0;
}

/* What of the file an expression of the rule asks for; NULL: nothing. */
static const char *find_file(const r307_rule_t *rule)
{
    const char *name = NULL;
    int i;

    for (i = 0; !name && i < rule->cond_count; i++) {
        name = r307_cond_names_file(&rule->conds[i].expr);
    }
    for (i = 0; !name && i < rule->target->count; i++) {
        name = r307_cond_names_file(&rule->target->parts[i].expr);
    }
    return name;
}

static const char *parse_target(apr_pool_t *p, r307_draft_t *draft, const char *target)
{
    if (!target) {
        static const r307_target_t none = { .kind = R307_TARGET_NONE };

        draft->rule->target = &none;
        return NULL;
    }
    return r307_target_parse(p, target, draft->rule->pattern, &draft->context->maker,
                             &draft->rule->target);
}

const char *r307_line_parse_words(apr_pool_t *p, const apr_array_header_t *all,
                                  r307_place_t place, const r307_context_t *context,
                                  const r307_rule_t **out)
{
    r307_rule_t *rule = apr_pcalloc(p, sizeof(*rule));
    r307_draft_t draft = { rule, context, NULL, R307_MATCH_UNSET, 0, 0, 0,
                           R307_STICKY_COOKIE, { NULL, 0 } };
    const char *bad, *source, *target;
    words_t words;
    int has_status;

    rule->place = place;
    rule->plan.then = R307_THEN_UNSET;
    draft.conds = apr_array_make(p, 4, sizeof(r307_cond_t));
    *out = NULL;
    if (all->nelts == 0) {
        return NULL;
    }
    bad = r307_habit_check(p, all, context);
    bad = bad ? bad : sort_words(p, all, &draft, &words);
    if (bad) {
        return bad;
    }
    has_status = rule->status != 0;
    rule->status = has_status ? rule->status : 307;
    bad = place_words(p, &words, &draft, &source, &target);
    if (!bad && source) {
        bad = parse_source(p, &draft, source);
        bad = bad ? say_never(p, &draft, all, source, bad) : NULL;
    }
    else if (!bad) {
        use_location(p, &draft);
    }
    bad = bad ? bad : say_half(p, &draft, all, source, parse_target(p, &draft, target));
    if (!bad && context->is_map) {
        relax(&draft);
        has_status = 0;
    }
    bad = bad ? bad : r307_plan_check(p, &rule->plan);
    bad = bad ? bad : check_sense(p, &draft, has_status);
    bad = bad ? bad : r307_line_cond_check(p, &draft);
    if (bad) {
        return bad;
    }
    finish(p, &draft);
    if (!context->is_late && find_file(rule)) {
        return apr_psprintf(p, "%s is known once httpd has found the file, and this rule is "
                            "asked before that; write the line in .htaccess or a <Directory>",
                            find_file(rule));
    }
    if (rule->waits && !context->is_late && context->where != R307_WHERE_LOCATION) {
        return "%{REMOTE_USER} and %{AUTH_TYPE} are known only where a login is; write the "
               "line in .htaccess, a <Directory> or a <Location>";
    }
    *out = rule;
    return NULL;
}

const char *r307_line_parse(apr_pool_t *p, const char *line, r307_place_t place,
                            const r307_context_t *context, const r307_rule_t **rule)
{
    apr_array_header_t *words;
    const char *bad = r307_token_split(p, line, &words);

    *rule = NULL;
    return bad ? bad : r307_line_parse_words(p, words, place, context, rule);
}

static void print_word(apr_pool_t *p, r307_buf_t *buf, const char *word)
{
    if (buf->len) {
        r307_buf_putc(buf, ' ');
    }
    r307_buf_puts(buf, r307_token_quote(p, word));
}

static void print_conditions(apr_pool_t *p, r307_buf_t *buf, const r307_rule_t *rule,
                             const r307_option_t *kind)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        const r307_cond_t *cond = &rule->conds[i];

        if (!cond->implied && cond->kind == kind) {
            print_word(p, buf, apr_pstrcat(p, kind->name, "=", cond->negate ? "!" : "",
                                           cond->value, NULL));
        }
    }
}

const char *r307_line_print(apr_pool_t *p, const r307_rule_t *rule)
{
    r307_buf_t buf;
    int i;

    r307_buf_make(&buf, p, 128);
    if (rule->source) {
        print_word(p, &buf, rule->source);
    }
    if (rule->target->text) {
        print_word(p, &buf, rule->target->text);
    }
    for (i = 0; i < r307_option_count; i++) {
        const r307_option_t *option = &r307_options[i];
        const char *value = option->print ? option->print(p, rule) : NULL;

        if (value) {
            print_word(p, &buf, apr_pstrcat(p, option->name, "=", value, NULL));
        }
        if (option->test) {
            print_conditions(p, &buf, rule, option);
        }
    }
    return buf.s;
}

const char *r307_line_label(apr_pool_t *p, const r307_rule_t *rule)
{
    const char *file = rule->place.file ? rule->place.file : "-";
    char digits[2 * R307_DIGITS_MOST + 1] = { 0 };
    char *label;
    size_t len;

    if (rule->name) {
        return apr_pstrdup(p, rule->name);
    }
    len = strlen(file);
    label = apr_palloc(p, len + 1 + R307_DIGITS_MOST + 1);
    memcpy(label, file, len);
    label[len] = ':';
    /* the zeros behind the digits end it */
    memcpy(label + len + 1, r307_text_digits(rule->place.line, digits), R307_DIGITS_MOST + 1);
    return label;
}
