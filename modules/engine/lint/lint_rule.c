/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lint_rule.h"

#include <string.h>
#include <apr_strings.h>
#include "rule/regex_finding.h"
#include "grammar/hosts_advice.h"

static const r307_finding_row_t findings[R307_FINDING_COUNT] = {
    [R307_FINDING_GLUED] = { "R307-A01", R307_SEVERITY_WARN,
        "has bytes of the request right behind its host: what does not begin with '/' is "
        "refused" },
    [R307_FINDING_SLASHES] = { "R307-A02", R307_SEVERITY_WARN,
        "can begin with '//', which is another host to a browser: such a request is "
        "refused" },
    [R307_FINDING_DOWNGRADE] = { "R307-A03", R307_SEVERITY_NOTE,
        "sends those who came by https on by http" },
    [R307_FINDING_CHOSEN_HOST] = { "R307-A04", R307_SEVERITY_WARN,
        "lets the request choose the host" },
    [R307_FINDING_WHOLE] = { "R307-A05", R307_SEVERITY_NOTE,
        "is chosen by the request as a whole" },
    [R307_FINDING_ROOT] = { "R307-A06", R307_SEVERITY_NOTE,
        "moves every page of the site below that directory" },
    [R307_FINDING_LOOP] = { "R307-A07", R307_SEVERITY_WARN,
        "leads from one redirect to the next without an end" },
    [R307_FINDING_MAY_LOOP] = { "R307-A08", R307_SEVERITY_NOTE,
        "leads from one redirect to the next without an end whenever conditions and dates "
        "allow it" },
    [R307_FINDING_FOREIGN] = { "R307-A09", R307_SEVERITY_WARN,
        "holds a placeholder of another program" },
    [R307_FINDING_SLIP] = { "R307-A10", R307_SEVERITY_WARN, "is most likely mistyped" },
    [R307_FINDING_HOSTLIKE] = { "R307-A11", R307_SEVERITY_WARN,
        "is read as a file, and looks like a host" },
    [R307_FINDING_UNUSED] = { "R307-A12", R307_SEVERITY_NOTE,
        "takes any segment and does not use it" },
    [R307_FINDING_QUERY] = { "R307-A13", R307_SEVERITY_NOTE,
        "looks for a query where the path is" },
    [R307_FINDING_NEVER] = { "R307-A14", R307_SEVERITY_WARN,
        "looks for what no path has" },
    [R307_FINDING_DOUBLED] = { "R307-A15", R307_SEVERITY_WARN,
        "can get two slashes, as what is inserted behind one can begin with another" },
    [R307_FINDING_SHADOWED] = { "R307-A16", R307_SEVERITY_WARN, "never answers" },
    [R307_FINDING_REPEATED] = { "R307-A17", R307_SEVERITY_NOTE,
        "says what is said already" },
    [R307_FINDING_CHAIN] = { "R307-A18", R307_SEVERITY_NOTE, "is redirected once more" },
    [R307_FINDING_ITSELF] = { "R307-A19", R307_SEVERITY_WARN,
        "is where the source is, so that the rule never answers" },
    [R307_FINDING_DUE] = { "R307-A20", R307_SEVERITY_NOTE,
        "belongs to a rule whose time has come" },
    [R307_FINDING_HIDES] = { "R307-A21", R307_SEVERITY_NOTE,
        "is there, and the rule hides it from everybody" },
    [R307_FINDING_NO_PAGE] = { "R307-A22", R307_SEVERITY_WARN, "is not there" }
};

const r307_finding_row_t *r307_finding_row(r307_finding_t finding)
{
    return &findings[finding];
}

typedef struct auditing_t {
    apr_pool_t *p;
    const r307_rule_t *rule;
    apr_array_header_t *doubts;
} auditing_t;

static const char *show(const auditing_t *a, const char *text)
{
    return r307_text_show(a->p, text, strlen(text));
}

r307_doubt_t *r307_lint_push(r307_finding_t finding, const r307_rule_t *rule,
                             const char *text, apr_array_header_t *doubts)
{
    r307_doubt_t *doubt = apr_array_push(doubts);

    memset(doubt, 0, sizeof(*doubt));
    doubt->finding = finding;
    doubt->rule = rule;
    doubt->text = text;
    return doubt;
}

r307_doubt_t *r307_lint_add(apr_pool_t *p, r307_finding_t finding, const r307_rule_t *rule,
                            const char *advice, apr_array_header_t *doubts)
{
    const char *text = rule->target->text ? rule->target->text
                                          : rule->source ? rule->source : "-";

    return r307_lint_push(finding, rule,
                          apr_psprintf(p, "%s '%s' %s; %s", findings[finding].id,
                                       r307_text_show(p, text, strlen(text)),
                                       findings[finding].why, advice), doubts);
}

static r307_doubt_t *add(const auditing_t *a, r307_finding_t finding, const char *advice)
{
    return r307_lint_add(a->p, finding, a->rule, advice, a->doubts);
}

/* Whether what stands for the '*' can begin with a slash: behind a slash it cannot, as
 * slashes that follow each other are one. */
static int is_open_star(const r307_pattern_t *pattern, int capture)
{
    int names = 0, i;

    if (!pattern->splat || pattern->star >= pattern->seg_count) {
        return 0;
    }
    for (i = 0; i < pattern->seg_count; i++) {
        names += pattern->segs[i].is_name;
    }
    return capture > names && pattern->segs[pattern->star].text.len > 0;
}

/* "/old*" as "/old" and a slash and the '*'. */
static const char *slashed_star(apr_pool_t *p, const r307_pattern_t *pattern)
{
    size_t n = strcspn(pattern->text, "*");

    return apr_pstrcat(p, apr_pstrmemdup(p, pattern->text, n), "/", pattern->text + n, NULL);
}

/* What is inserted by a numbered or named group of a regex, or by a '*'; is_known is 0 for
 * all else. */
static r307_group_text_t group_of(apr_pool_t *p, const r307_rule_t *rule,
                                  const r307_part_t *part)
{
    r307_group_text_t group = { 0 };

    if (part->kind == R307_PART_CAPTURE && rule->pattern && rule->pattern->regex) {
        r307_regex_finding_group(rule->pattern->text, part->capture, &group);
    }
    else if (part->kind == R307_PART_CAPTURE && rule->pattern) {
        group.may_slash = group.may_be_empty = is_open_star(rule->pattern, part->capture);
    }
    else if (part->kind == R307_PART_EXPR && part->is_path) {
        group.only_slash = group.may_slash = 1;
        group.may_be_empty = strstr(part->expr.text, "URI") == NULL;    /* PATH_INFO */
    }
    return group;
}

static int takes_slash(apr_pool_t *p, const r307_rule_t *rule, const r307_part_t *part)
{
    if (part->kind == R307_PART_CAPTURE) {
        return part->capture && group_of(p, rule, part).may_slash;
    }
    return part->kind != R307_PART_LITERAL;
}

/* Whether an insertion can be nothing, so that the slashes around it meet. :name cannot. */
static int can_be_empty(apr_pool_t *p, const r307_rule_t *rule, const r307_part_t *part)
{
    const r307_pattern_t *pattern = rule->pattern;

    if (part->kind != R307_PART_CAPTURE) {
        return part->kind != R307_PART_LITERAL;
    }
    if (!pattern->regex) {
        int names = 0, i;

        for (i = 0; i < pattern->seg_count; i++) {
            names += pattern->segs[i].is_name;
        }
        return pattern->splat && part->capture > names;
    }
    return part->capture && group_of(p, rule, part).may_be_empty;
}

static int is_slash(const r307_part_t *part)
{
    return part->kind == R307_PART_LITERAL && part->text.len == 1 && *part->text.s == '/';
}

static int can_begin_with_slashes(apr_pool_t *p, const r307_rule_t *rule)
{
    const r307_part_t *parts = rule->target->parts;
    int count = rule->target->count;

    if (rule->target->kind != R307_TARGET_PATH || count < 2 || !is_slash(&parts[0])
        || parts[1].in != R307_IN_PATH) {
        return 0;
    }
    return takes_slash(p, rule, &parts[1])
        || (count > 2 && parts[2].in == R307_IN_PATH && can_be_empty(p, rule, &parts[1])
            && (parts[2].kind == R307_PART_LITERAL ? *parts[2].text.s == '/'
                                                   : takes_slash(p, rule, &parts[2])));
}

static int has_condition(const r307_rule_t *rule, r307_about_t about)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        if (rule->conds[i].kind->about == about) {
            return 1;
        }
    }
    return 0;
}

/* With file= page by page is what is meant. */
static int moves_the_site(const r307_rule_t *rule)
{
    const r307_pattern_t *pattern = rule->pattern;
    const r307_target_t *target = rule->target;

    return pattern && pattern->match == R307_MATCH_PREFIX && pattern->head.len == 1
        && rule->carry && target->final_slash && target->inserts == 0
        && (target->kind == R307_TARGET_PATH || target->kind == R307_TARGET_RELATIVE)
        && target->head.len && !has_condition(rule, R307_ABOUT_FILE);
}

/* "https://h$1" with the slash that is missing. */
static const char *with_slash(const auditing_t *a)
{
    const r307_target_t *target = a->rule->target;
    size_t from = target->scheme.len + 3;
    size_t len = from + strcspn(target->text + from, "$:%");

    if (target->text[len] == ':' && target->port) {
        len += 1 + strspn(target->text + len + 1, "0123456789");
    }
    return apr_psprintf(a->p, "%s/%s", show(a, apr_pstrmemdup(a->p, target->text, len)),
                        show(a, target->text + len));
}

static const char *list_advice(r307_list_t list, const char *unknown, const char *empty,
                               const char *there)
{
    return list == R307_LIST_UNKNOWN ? unknown : list == R307_LIST_EMPTY ? empty : there;
}

/* A finding about the source; `text` says all of it. */
static void add_source(const auditing_t *a, r307_finding_t finding, const char *text)
{
    static const char writes[] = "; write ";
    const char *at = strstr(text, writes);
    r307_doubt_t *doubt = r307_lint_push(finding, a->rule,
        apr_psprintf(a->p, "%s '%s' %s", findings[finding].id, show(a, a->rule->source),
                     text), a->doubts);

    doubt->source = at && !strstr(at, ", and ") ? at + sizeof(writes) - 1 : NULL;
}

/* Whether a host with this insertion right behind it stays that host: what begins with '/'
 * does, and so does nothing, if no more of a host follows. */
static int is_safely_glued(const auditing_t *a)
{
    const r307_target_t *target = a->rule->target;
    const r307_part_t *part = target->parts, *next = target->count > 1 ? part + 1 : NULL;
    r307_group_text_t group = group_of(a->p, a->rule, part);
    int ends = !next || next->in != R307_IN_HOST
        || (next->kind == R307_PART_LITERAL && next->text.len && next->text.s[0] == '/');

    return group.only_slash && (ends || !group.may_be_empty);
}

/* The source with a slash in front of what is inserted; NULL: nobody knows where. */
static const char *slashed_source(const auditing_t *a, const r307_group_text_t *group)
{
    const r307_pattern_t *pattern = a->rule->pattern;

    if (!pattern) {
        return NULL;
    }
    return group->is_known ? r307_regex_finding_slashed(a->p, pattern->text, group)
        : group->may_slash && pattern->splat ? slashed_star(a->p, pattern) : NULL;
}

static void add_glued(const auditing_t *a)
{
    const char *target = with_slash(a);
    r307_doubt_t *doubt;
    r307_group_text_t group = group_of(a->p, a->rule, a->rule->target->parts);
    const char *source = group.may_slash && group.is_known
        ? r307_regex_finding_slashed(a->p, a->rule->pattern->text, &group) : NULL;

    doubt = add(a, R307_FINDING_GLUED, source
                ? apr_pstrcat(a->p, "write ", show(a, source), " ", target, NULL)
                : apr_pstrcat(a->p, "write ", target, NULL));
    doubt->source = source;
    doubt->target = target;
}

/* The target without the slash in front of part i. */
static const char *without_slash(const auditing_t *a, const r307_part_t *part)
{
    const char *text = a->rule->target->text, *at;
    const char *wanted = part->kind == R307_PART_EXPR ? apr_pstrcat(a->p, "/", part->expr.text, NULL)
        : apr_psprintf(a->p, "/$%d", part->capture);

    at = strstr(text, wanted);
    return at ? apr_pstrcat(a->p, apr_pstrmemdup(a->p, text, (size_t)(at - text)), at + 1,
                            NULL) : NULL;
}

/* "https://h/$1" and a group that begins with '/'. */
static void audit_doubled(const auditing_t *a)
{
    const r307_target_t *target = a->rule->target;
    int i;

    for (i = 1; i < target->count; i++) {
        const r307_part_t *part = &target->parts[i], *before = part - 1;
        r307_group_text_t group = group_of(a->p, a->rule, part);
        const char *source, *text;

        if (!group.may_slash || part->in != R307_IN_PATH || before->in != R307_IN_PATH
            || before->kind != R307_PART_LITERAL
            || before->text.s[before->text.len - 1] != '/'
            || (i == 1 && target->kind == R307_TARGET_PATH && is_slash(before)
                && part->capture)) {
            continue;
        }
        source = slashed_source(a, &group);
        text = group.only_slash && !(source && group.begins_path) ? without_slash(a, part)
                                                                   : NULL;
        if (source || text) {
            r307_doubt_t *doubt = add(a, R307_FINDING_DOUBLED,
                apr_psprintf(a->p, "write %s", show(a, text ? text : source)));

            doubt->source = text ? NULL : source;
            doubt->target = text;
        }
        return;
    }
}

static void audit_host(const auditing_t *a, r307_list_t list)
{
    const char *why = list_advice(list,
        "it is no rule where the administrator has written no Redirect307AllowHosts",
        "as there is no Redirect307AllowHosts, it is no rule",
        "only the hosts of Redirect307AllowHosts may leave");
    const char *write = r307_hosts_advice(a->p, a->rule);

    if (a->rule->hosts && a->rule->hosts->kind == R307_HOSTS_NEVER) {
        why = "it has the path where that host would be, so it is no rule";
    }
    else if (list == R307_LIST_EMPTY && strncmp(write, "write: ", 7) != 0) {
        write = "write Redirect307AllowHosts with the hosts that are meant";
    }
    else if (list == R307_LIST_THERE) {
        write = NULL;
    }
    add(a, R307_FINDING_CHOSEN_HOST, write ? apr_pstrcat(a->p, why, "; ", write, NULL) : why);
}

static void audit_origin(const auditing_t *a, r307_list_t list)
{
    const r307_target_t *target = a->rule->target;

    if (target->kind == R307_TARGET_WHOLE) {
        add(a, R307_FINDING_WHOLE, list_advice(list,
            "paths of this site may leave, and the hosts of Redirect307AllowHosts if the "
            "administrator has named some",
            "only paths of this site may leave, as there is no Redirect307AllowHosts",
            "paths of this site may leave, and the hosts of Redirect307AllowHosts"));
    }
    if (target->kind != R307_TARGET_URL) {
        return;
    }
    if (target->glued) {
        if (!is_safely_glued(a)) {
            add_glued(a);
        }
    }
    else if (!target->host.s) {
        audit_host(a, list);
    }
    if (target->scheme.len == 4 && !has_condition(a->rule, R307_ABOUT_SCHEME)) {
        add(a, R307_FINDING_DOWNGRADE, apr_psprintf(a->p, "write https%s",
                                                    show(a, target->text + 4)));
    }
}

/* A source as a target that leads to what was asked. */
static const char *as_target(apr_pool_t *p, const r307_pattern_t *pattern)
{
    const char *star = pattern->splat ? strchr(pattern->text, '*') : NULL;

    return star ? apr_pstrcat(p, apr_pstrmemdup(p, pattern->text,
                                                (size_t)(star - pattern->text)),
                              ":splat", star + 1, NULL) : pattern->text;
}

/* What a rule changes beside the path, as letter case or the query, may be what it is for. */
static int leads_to_itself(apr_pool_t *p, const r307_rule_t *rule)
{
    const r307_pattern_t *pattern = rule->pattern;
    const r307_target_t *target = rule->target;

    return pattern && !pattern->regex && !pattern->fold && !pattern->any_slash
        && !rule->ends_at_self && !target->has_query && !target->has_fragment
        && (target->kind == R307_TARGET_PATH
            || (target->kind == R307_TARGET_RELATIVE && pattern->relative))
        && (rule->query.mode == R307_QUERY_DEFAULT || rule->query.mode == R307_QUERY_KEEP)
        && !has_condition(rule, R307_ABOUT_QUERY)
        && strcmp(as_target(p, pattern), target->text) == 0;
}

void r307_lint_rule(apr_pool_t *p, const r307_rule_t *rule, r307_list_t list,
                     apr_array_header_t *doubts)
{
    auditing_t a = { p, rule, doubts };
    const char *why;
    int is_query;

    why = rule->pattern ? r307_regex_finding_never(p, rule->pattern->text,
                                           rule->pattern->regex != NULL, &is_query) : NULL;
    if (why) {
        add_source(&a, is_query ? R307_FINDING_QUERY : R307_FINDING_NEVER, why);
    }
    audit_origin(&a, list);
    audit_doubled(&a);
    if (can_begin_with_slashes(p, rule)) {
        r307_group_text_t group = group_of(p, rule, &rule->target->parts[1]);
        const char *source = slashed_source(&a, &group);

        add(&a, R307_FINDING_SLASHES,
            apr_psprintf(p, "write a literal in front, as /new%s%s%s",
                         show(&a, rule->target->text),
                         source ? ", or a slash in front of the capture, as " : "",
                         source ? show(&a, source) : ""));
    }
    if (leads_to_itself(p, rule)) {
        add(&a, R307_FINDING_ITSELF, apr_psprintf(p, "take the line out; write %s - if no "
                                                  "other one shall answer", show(&a, rule->source)));
    }
    if (moves_the_site(rule)) {
        add(&a, R307_FINDING_ROOT, "write match=exact to move the home page only");
    }
}

void r307_lint_plan(apr_pool_t *p, const r307_rule_t *rule, apr_time_t now,
                    apr_array_header_t *doubts)
{
    const r307_plan_t *plan = &rule->plan;
    const char *text;

    switch (r307_plan_due(plan, rule->status, now)) {
    case R307_DUE_RETURNS:
        text = apr_psprintf(p, "until=%s is over; take the line out", plan->until.text);
        break;
    case R307_DUE_STAYS:
        text = apr_psprintf(p, "its review=%s has come; give it a later one, or take the "
                            "line out", plan->review.text);
        break;
    case R307_DUE_PERMANENT:
        text = r307_plan_phase(plan, now) == R307_PHASE_THEN
            ? apr_psprintf(p, "until=%s is over, and then=%d answers; give it status=%d without "
                           "both", plan->until.text, plan->then, plan->then)
            : apr_psprintf(p, "from=%s was more than a year ago, and it has no end; give "
                           "it status=308, or until=", plan->from.text);
        break;
    default:
        return;
    }
    r307_lint_add(p, R307_FINDING_DUE, rule, text, doubts);
}
