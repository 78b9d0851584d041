/* SPDX-License-Identifier: Apache-2.0
 *
 * limit: what a tenant's rules may be (Redirect307Limits). One table of the limits; a
 * rule of a .htaccess that is past one of them is as if it had not been written. Whether it
 * is depends on where the file lies, so it is asked at the decision and never when the file
 * is read: what is read may be kept for every place.
 */
#ifndef R307_LIMIT_H
#define R307_LIMIT_H

#include <apr_hash.h>
#include "rule/rule.h"

typedef enum {
    R307_LIMIT_RULES,
    R307_LIMIT_REGEX,
    R307_LIMIT_REGEX_STEPS,
    R307_LIMIT_TARGETS,
    R307_LIMIT_ERRORS,
    R307_LIMIT_MAP_LINES,
    R307_LIMIT_MAP_SIZE,            /* KiB */
    R307_LIMIT_LONGEST,             /* seconds */
    R307_LIMIT_COUNT
} r307_limit_t;

/* What Redirect307Require asks of rules that are meant for a time: 302, 303, 307, 503. */
typedef enum { R307_REQUIRE_NONE, R307_REQUIRE_UNTIL, R307_REQUIRE_REVIEW } r307_require_t;

/* NULL, or what the rule lacks: a static text. */
const char *r307_limit_lacks(r307_require_t require, const r307_rule_t *rule);

#define R307_LIMIT_NONE      APR_INT64_C(0x7fffffff)
#define R307_LIMIT_LONGEST_NONE (APR_INT64_C(1) << 40)
/* Of regex=: as many as there are rules, and in expr= too, where they have no bound. */
#define R307_LIMIT_REGEX_ALL (R307_LIMIT_NONE + 1)

enum { R307_TARGETS_ANY, R307_TARGETS_SAME_SITE, R307_TARGETS_HOSTS };
enum { R307_ERRORS_SKIP, R307_ERRORS_FAIL };

/* What one container says; -1 where it says nothing. */
typedef struct r307_limits_t {
    apr_int64_t value[R307_LIMIT_COUNT];
} r307_limits_t;

typedef struct r307_limit_word_t {
    const char *word;
    apr_int64_t value;
} r307_limit_word_t;

typedef struct r307_limit_row_t {
    const char *name;
    apr_int64_t least, most;               /* of a number; most 0: only words */
    int is_duration;                /* the number has a unit and becomes seconds */
    r307_limit_word_t words[3];
    apr_int64_t fallback;           /* what holds when nobody said anything */
    const char *write, *example;
} r307_limit_row_t;

extern const r307_limit_row_t r307_limit_rows[R307_LIMIT_COUNT];

/* Takes "name=value" into limits, which begins with r307_limit_make. NULL, or the error
 * text. */
r307_limits_t *r307_limit_make(apr_pool_t *p);
const char *r307_limit_parse(apr_pool_t *p, const char *word, r307_limits_t *limits);
/* What holds where `add` lies inside `base`; either may be NULL. */
const r307_limits_t *r307_limit_merge(apr_pool_t *p, const r307_limits_t *base,
                                       const r307_limits_t *add);
/* The value, its default when unset; limits may be NULL. */
apr_int64_t r307_limit_value(const r307_limits_t *limits, r307_limit_t limit);

/* Where the rules of a .htaccess are asked: what they are held against. */
typedef struct r307_tenancy_t {
    const r307_limits_t *limits;
    const apr_array_header_t *allow;    /* of r307_origin_t, or NULL */
    const char *name;                   /* ServerName, or NULL */
    const apr_array_header_t *aliases;  /* of const char *: ServerAlias without globs */
    const char *asked;                  /* the host the client asked for */
    r307_require_t require;             /* and a rule that lacks it is skipped */
    apr_time_t made;                    /* when the file was written; for longest= */
    int shift_nth, shift_regex;         /* to be added to the numbers of its rules */
    int maps_alone;                     /* httpd.conf: `require` alone is asked, of the lines
                                         * of its maps; its own were judged at the start */
} r307_tenancy_t;

/* NULL, or why the rule is not asked here: a static text. */
const char *r307_limit_why(const r307_tenancy_t *tenancy, const r307_rule_t *rule);
/* The same for people, with the host that was written; made in p. */
const char *r307_limit_say(apr_pool_t *p, const r307_tenancy_t *tenancy,
                           const r307_rule_t *rule);
/* Whether a regex may not even be run. */
int r307_limit_hides(const r307_tenancy_t *tenancy, const r307_rule_t *rule);

/* The hosts that insertions may choose there: none with targets=same-site. */
const apr_array_header_t *r307_limit_allow(const r307_tenancy_t *tenancy,
                                            const apr_array_header_t *allow);

/* What a block of rules is, in few words: so that the question whether any rule of it is
 * past a limit does not cost more with more rules. */
typedef struct r307_tally_t {
    int rules, regexes;             /* the highest number of a rule, of a regex */
    int unbounded;                  /* an expression holds a regex */
    apr_hash_t *chosen;             /* "scheme://form:port": a r307_hosts_t that is not FREE;
                                     * NULL: none */
    int lacks_until, lacks_review;  /* of one that Redirect307Require is about */
    apr_time_t longest;             /* from from= to until= */
    apr_time_t last;                /* until= without from= */
    apr_hash_t *origins;            /* "host:port": one rule with that target; NULL: none */
    apr_array_header_t *flags;      /* of const void *: what the host has found for each
                                     * flag=; NULL: none */
} r307_tally_t;

void r307_limit_count(apr_pool_t *p, r307_tally_t *tally, const r307_rule_t *rule);
/* Whether r307_limit_why would have something to say of a rule counted here. */
int r307_limit_exceeds(apr_pool_t *p, const r307_tally_t *tally,
                       const r307_tenancy_t *tenancy);
/* Which limits some rule counted here is past: 1 << r307_limit_t of each. */
unsigned r307_limit_reached(apr_pool_t *p, const r307_tally_t *tally,
                            const r307_tenancy_t *tenancy);

#endif
