/* SPDX-License-Identifier: Apache-2.0 */
#include "audit.h"

#include <string.h>
#include <apr_strings.h>

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
        "allow it" }
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

void r307_audit_add(apr_pool_t *p, r307_finding_t finding, const r307_rule_t *rule,
                    const char *advice, apr_array_header_t *doubts)
{
    const char *text = rule->target->text;
    r307_doubt_t *doubt = apr_array_push(doubts);

    doubt->finding = finding;
    doubt->rule = rule;
    doubt->text = apr_psprintf(p, "%s '%s' %s; %s", findings[finding].id,
                               r307_text_show(p, text, strlen(text)),
                               findings[finding].why, advice);
}

static void add(const auditing_t *a, r307_finding_t finding, const char *advice)
{
    r307_audit_add(a->p, finding, a->rule, advice, a->doubts);
}

/* Where group n of a regex begins, behind its "(" and its name; NULL when it is not found.
 * *before: the text in front of it. */
static const char *find_group(const char *s, int n, const char **before)
{
    const char *text = s;

    for (; *s; s++) {
        if (*s == '\\' && s[1]) {
            s++;
        }
        else if (*s == '[') {
            const char *first = s + 1 + (s[1] == '^');
            const char *close = *first ? strchr(first + 1, ']') : NULL;

            s = close ? close : s;
        }
        else if (*s == '(') {
            int named = s[1] == '?' && (s[2] == 'P' || s[2] == '\''
                                        || (s[2] == '<' && s[3] != '=' && s[3] != '!'));

            if ((s[1] == '?' && !named) || --n > 0) {
                continue;
            }
            *before = s;
            while (*before > text && strchr(")?*+", (*before)[-1])) {
                (*before)--;        /* "/?" and "(?:x/)?" end in a slash, too */
            }
            *before = *before > text ? *before - 1 : "";
            s += named ? strcspn(s, ">'") + 1 : 1;
            return s;
        }
    }
    return NULL;
}

/* Whether what the group takes can begin with '/'. A guess from its first atom: in doubt it
 * can. Behind a literal '/' it cannot, as a path has no empty segment. */
static int group_takes_slash(const char *pattern, int n)
{
    const char *before = "", *s = find_group(pattern, n, &before);

    if (!s || *before == '/') {
        return !s;
    }
    if (*s == '[') {
        const char *first = s + 1 + (s[1] == '^');
        const char *close = *first ? strchr(first + 1, ']') : NULL;
        const char *slash = strchr(s, '/');
        int has = close && slash && slash < close;

        return s[1] == '^' ? !has : has;
    }
    if (*s == '\\') {
        return strchr("SDWN/", s[1]) != NULL;
    }
    return strchr("./(|*?+^", *s) != NULL;
}

static int takes_slash(const r307_rule_t *rule, const r307_part_t *part)
{
    if (part->kind == R307_PART_CAPTURE) {
        return rule->pattern && rule->pattern->regex && part->capture
            && group_takes_slash(rule->pattern->text, part->capture);
    }
    return part->kind != R307_PART_LITERAL;
}

/* Whether an insertion can be nothing, so that the slashes around it meet. :name cannot. */
static int can_be_empty(const r307_rule_t *rule, const r307_part_t *part)
{
    const r307_pattern_t *pattern = rule->pattern;
    const char *before = "", *s;

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
    s = part->capture ? find_group(pattern->text, part->capture, &before) : NULL;
    return s && (strncmp(s, ".*", 2) == 0 || *s == ')' || *s == '|');
}

static int is_slash(const r307_part_t *part)
{
    return part->kind == R307_PART_LITERAL && part->text.len == 1 && *part->text.s == '/';
}

static int can_begin_with_slashes(const r307_rule_t *rule)
{
    const r307_part_t *parts = rule->target->parts;
    int count = rule->target->count;

    if (rule->target->kind != R307_TARGET_PATH || count < 2 || !is_slash(&parts[0])
        || parts[1].in != R307_IN_PATH) {
        return 0;
    }
    return takes_slash(rule, &parts[1])
        || (count > 2 && parts[2].in == R307_IN_PATH && can_be_empty(rule, &parts[1])
            && (parts[2].kind == R307_PART_LITERAL ? *parts[2].text.s == '/'
                                                   : takes_slash(rule, &parts[2])));
}

static int has_condition(const r307_rule_t *rule, const char *name)
{
    int i;

    for (i = 0; i < rule->cond_count; i++) {
        if (strcmp(rule->conds[i].kind->name, name) == 0) {
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
        && target->head.len && !has_condition(rule, "file");
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
    return apr_psprintf(a->p, "write %s/%s", show(a, apr_pstrmemdup(a->p, target->text, len)),
                        show(a, target->text + len));
}

static const char *list_advice(r307_list_t list, const char *unknown, const char *empty,
                               const char *there)
{
    return list == R307_LIST_UNKNOWN ? unknown : list == R307_LIST_EMPTY ? empty : there;
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
        add(a, R307_FINDING_GLUED, with_slash(a));
    }
    else if (!target->host.s) {
        add(a, R307_FINDING_CHOSEN_HOST, list_advice(list,
            "only the hosts of Redirect307AllowHosts may leave, which the administrator "
            "writes",
            "as there is no Redirect307AllowHosts, every request is refused; write "
            "Redirect307AllowHosts with the hosts that are meant",
            "only the hosts of Redirect307AllowHosts may leave"));
    }
    if (target->scheme.len == 4 && !has_condition(a->rule, "scheme")) {
        add(a, R307_FINDING_DOWNGRADE, apr_psprintf(a->p, "write https%s",
                                                    show(a, target->text + 4)));
    }
}

void r307_audit_rule(apr_pool_t *p, const r307_rule_t *rule, r307_list_t list,
                     apr_array_header_t *doubts)
{
    auditing_t a = { p, rule, doubts };

    audit_origin(&a, list);
    if (can_begin_with_slashes(rule)) {
        add(&a, R307_FINDING_SLASHES, apr_psprintf(p, "write a literal in front, as in "
                                                   "/new%s, or a source whose capture "
                                                   "stands behind a '/'",
                                                   show(&a, rule->target->text)));
    }
    if (moves_the_site(rule)) {
        add(&a, R307_FINDING_ROOT, "write match=exact to move the home page only");
    }
}
