/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_rule: doubts about rules that are right by the grammar. One table of findings with
 * stable ids; each says what of the line is doubtful and what to write. Whoever holds the
 * rules asks and prints: httpd at its start, redirect307ctl lint at any time.
 */
#ifndef R307_LINT_RULE_H
#define R307_LINT_RULE_H

#include "rule/rule.h"

typedef enum {
    R307_FINDING_GLUED,         /* https://host$1 */
    R307_FINDING_SLASHES,       /* a path target that a request can begin with "//" */
    R307_FINDING_DOWNGRADE,     /* a written http:// */
    R307_FINDING_CHOSEN_HOST,   /* https://%{arg:h}/ */
    R307_FINDING_WHOLE,         /* "%{arg:to}" */
    R307_FINDING_ROOT,          /* Redirect307 / /dir/ */
    R307_FINDING_LOOP,          /* /a /b and /b /a */
    R307_FINDING_MAY_LOOP,      /* the same with conditions or dates */
    R307_FINDING_FOREIGN,       /* /new/{id}, /new/%1, /$request_uri */
    R307_FINDING_SLIP,          /* "/b;", "https//h/", characters that are not seen */
    R307_FINDING_HOSTLIKE,      /* www.example.com/old where a path is meant */
    R307_FINDING_UNUSED,        /* /a/:after /b */
    R307_FINDING_QUERY,         /* a regex with a '?' of a query */
    R307_FINDING_NEVER,         /* a source that no path is */
    R307_FINDING_DOUBLED,       /* https://h/$1 and a group that begins with '/' */
    R307_FINDING_SHADOWED,      /* a rule above answers for all of it */
    R307_FINDING_REPEATED,      /* and the same */
    R307_FINDING_CHAIN,         /* /a /b and /b /c */
    R307_FINDING_ITSELF,        /* /a /a */
    R307_FINDING_DUE,           /* a plan that is over, or a review that has come */
    /* for who knows the files of the site: */
    R307_FINDING_HIDES,         /* the source is a page */
    R307_FINDING_NO_PAGE,       /* the target is none */
    R307_FINDING_COUNT
} r307_finding_t;

typedef enum {
    R307_SEVERITY_NOTE,         /* worth knowing; never keeps a server from starting */
    R307_SEVERITY_WARN          /* a request can make the rule end in a refusal */
} r307_severity_t;

typedef struct r307_finding_row_t {
    const char *id;             /* "R307-A01": stable, documented, logged */
    r307_severity_t severity;
    const char *why;            /* behind the quoted target or source */
} r307_finding_row_t;

/* Row of the finding; there is one for each. */
const r307_finding_row_t *r307_finding_row(r307_finding_t finding);

/* What is known of Redirect307AllowHosts where the rule stands. */
typedef enum { R307_LIST_UNKNOWN, R307_LIST_EMPTY, R307_LIST_THERE } r307_list_t;

typedef struct r307_doubt_t {
    r307_finding_t finding;
    const r307_rule_t *rule;
    const char *text;           /* "R307-A01 'https://h$1' has ...; write https://h/$1" */
    /* Where it is sure what was meant: what stands in the place of source and target, as a
     * line has it; options may follow the source. NULL: what stands there. */
    const char *source, *target;
} r307_doubt_t;

/* Told of a rule that there is a doubt about: an array of r307_doubt_t, which with the rule
 * is gone afterwards. */
typedef void r307_doubt_say_t(void *baton, const r307_rule_t *rule,
                              const apr_array_header_t *doubts);

/* Appends an r307_doubt_t for each doubt about this one rule, made in p. */
void r307_lint_rule(apr_pool_t *p, const r307_rule_t *rule, r307_list_t list,
                     apr_array_header_t *doubts);

/* Appends one, which has all of its text. */
r307_doubt_t *r307_lint_push(r307_finding_t finding, const r307_rule_t *rule,
                             const char *text, apr_array_header_t *doubts);

/* The same. `advice` is the half sentence behind the row's own. */
r307_doubt_t *r307_lint_add(apr_pool_t *p, r307_finding_t finding, const r307_rule_t *rule,
                            const char *advice, apr_array_header_t *doubts);

/* The same of its plan, at that time: a note, as no date may keep a server from starting. */
void r307_lint_plan(apr_pool_t *p, const r307_rule_t *rule, apr_time_t now,
                    apr_array_header_t *doubts);

#endif
