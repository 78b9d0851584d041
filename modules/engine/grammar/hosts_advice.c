/* SPDX-License-Identifier: Apache-2.0 */
#include "grammar/hosts_advice.h"

#include <string.h>
#include <apr_strings.h>
#include "grammar/line.h"

/* What of the target is path, query and fragment; NULL when that does not follow directly
 * on one host and its port. */
static const r307_part_t *find_rest(const r307_rule_t *rule, int *count)
{
    const r307_target_t *target = rule->target;
    int i = 1;

    if (!target->count || target->parts[0].in != R307_IN_HOST
        || !r307_hosts_is_asked(&target->parts[0])) {
        return NULL;
    }
    if (i < target->count && target->parts[i].in == R307_IN_HOST
        && !r307_hosts_is_path(rule->pattern, &target->parts[i])) {
        const r307_part_t *port = &target->parts[i++];

        if (port->kind != R307_PART_LITERAL || *port->text.s != ':') {
            return NULL;
        }
        if (port->text.len == 1
            && (i == target->count || !r307_hosts_is_port(&target->parts[i++]))) {
            return NULL;
        }
    }
    *count = target->count - i;
    return target->parts + i;
}

/* All of the path that was asked for, and nothing else. */
static int is_same_path(const r307_rule_t *rule, const r307_part_t *rest, int count)
{
    const r307_pattern_t *pattern = rule->pattern;
    int slash = count && rest->kind == R307_PART_LITERAL && rest->text.len == 1
                && *rest->text.s == '/';

    if (count == 0 || (slash && count == 1)) {
        return rule->carry && pattern && !pattern->regex && rule->source
            && strcmp(rule->source, "/") == 0;
    }
    if (count == 2 && slash && pattern && pattern->regex) {
        return rest[1].kind == R307_PART_CAPTURE && rest[1].capture == 1
            && rest[1].change == R307_CHANGE_NONE
            && (strcmp(pattern->text, "^/(.*)$") == 0 || strcmp(pattern->text, "^/(.*)") == 0
                || strcmp(pattern->text, "/(.*)") == 0);
    }
    return count == 1 && rest->change == R307_CHANGE_NONE
        && r307_hosts_is_path(pattern, rest);
}

static char *without(char *line, const char *word)
{
    char *at = strstr(line, word);
    size_t len = strlen(word);

    if (at && (at[len] == ' ' || at[len] == '\0')) {
        memmove(at, at + len, strlen(at + len) + 1);
    }
    return line;
}

/* The line with another target, as one would write it. */
static const char *with_target(apr_pool_t *p, const r307_rule_t *rule, const char *text)
{
    r307_target_t target = *rule->target;
    r307_rule_t other = *rule;
    int is_regex = rule->pattern && rule->pattern->regex;
    char *line;

    target.text = text;
    other.target = &target;
    line = apr_pstrdup(p, r307_line_print(p, &other));
    line = without(line, is_regex ? " match=regex" : " match=prefix");
    line = without(line, " status=307");
    return apr_psprintf(p, "write: Redirect307%s %s", is_regex ? "Match" : "",
                        r307_text_show(p, line, strlen(line)));
}

const char *r307_hosts_advice(apr_pool_t *p, const r307_rule_t *rule)
{
    const r307_target_t *target = rule->target;
    const r307_part_t *rest;
    const char *path;
    int count = 0;

    rest = find_rest(rule, &count);
    if (!rest) {
        return "write the host that is meant, as in https://www.example.com/";
    }
    if (target->scheme.len == 5 && is_same_path(rule, rest, count)) {
        return with_target(p, rule, "https:");
    }
    path = strncmp(target->text, "http", 4) == 0 ? strchr(target->text, '}') : NULL;
    path = path ? strchr(path, '/') : NULL;
    return path && rest->in == R307_IN_PATH && path[1] != '/'
        ? with_target(p, rule, path) : "write the host that is meant, as in https://www.example.com/";
}
