/* SPDX-License-Identifier: Apache-2.0
 *
 * rule: one line of the grammar, compiled. Built once, then only read.
 */
#ifndef R307_RULE_H
#define R307_RULE_H

#include "rule/cond.h"
#include "rule/guard.h"
#include "rule/hosts.h"
#include "rule/plan.h"

typedef struct r307_place_t {
    const char *file;
    unsigned line;          /* 0: not known */
} r307_place_t;

/* How long a cache may keep the answer: cache= in the grammar. */
typedef enum {
    R307_CACHE_DEFAULT,     /* by the status */
    R307_CACHE_OFF,
    R307_CACHE_UNTIL,
    R307_CACHE_AGE
} r307_cache_mode_t;

typedef struct r307_cache_t {
    r307_cache_mode_t mode;
    apr_time_t age;         /* of AGE */
} r307_cache_t;

/* Many lines are as many of these: what says yes or no is a byte, and what many rules have in
 * common is a pointer. */
typedef struct r307_rule_t {
    r307_place_t place;
    const char *source;             /* as written; NULL when the container is the source */
    const r307_pattern_t *pattern;  /* NULL likewise */
    r307_slice_t head;              /* decoded literal path that every match begins with;
                                     * relative to its directory if the pattern is */
    r307_slice_t base;              /* encoded path that a relative target is read at;
                                     * absent: the request's path */
    const r307_target_t *target;
    const r307_cond_t *conds;
    int cond_count;
    short status;
    unsigned char carry;            /* what follows the prefix goes along */
    unsigned char options_named;    /* a method= names OPTIONS */
    unsigned char unbounded;        /* an expression of it holds a regex */
    unsigned char waits;            /* an expression asks for what a login brings */
    unsigned char ends_at_self;     /* where it leads to what was asked the search ends, and
                                     * does not go on */
    unsigned char of_map;           /* a line of a map */
    unsigned char is_tenants;       /* of a .htaccess or a map that it names */
    unsigned char no_vary;          /* vary=off: what it looks at is not named in Vary */
    unsigned char is_made;          /* of a line that is kept as its words: it is the first
                                     * thing in an r307_literal_t, lives as long as that room,
                                     * and is made again */
    int nth, nth_regex;             /* of the rules, of the regexes of its .htaccess; 0: it
                                     * stands in none, or is no regex */
    apr_uint64_t group;             /* of its source, for lang= and percent=, which are asked
                                     * of all rules with that source together; 0: neither */
    const r307_hosts_t *hosts;      /* whether the request would choose its host */
    r307_query_policy_t query;
    r307_plan_t plan;
    r307_cache_t cache;
    const char *name, *owner, *note;
    apr_uint64_t traits;            /* for r307_identity_of */
    apr_uint64_t says;              /* r307_identity_says, where a map knows it; or 0 */
    apr_uint64_t home;              /* the place of its map; 0: where it stands itself */
    apr_uint64_t identity;          /* __atomic: what r307_identity_of said; 0: not asked. Of
                                     * one that is_made a copy */
} r307_rule_t;

/* Of a list of rules: a rule, or NULL where the lowest bit of the address says that it is something
 * that one is made from. */
static inline const r307_rule_t *r307_rule_of(const void *member)
{
    return (apr_uintptr_t)member & 1 ? NULL : (const r307_rule_t *)member;
}

/* Where a line stands; decides what a source may look like. */
typedef enum {
    R307_WHERE_SERVER,      /* httpd.conf or a vhost, server-level <If>, wildcards */
    R307_WHERE_LOCATION,    /* <Location>, <LocationMatch>: the source may be left out */
    R307_WHERE_DIRECTORY    /* literal <Directory>, .htaccess: the source may be relative */
} r307_where_t;

typedef struct r307_context_t {
    const char *directive;      /* for "write: ..." */
    r307_match_t match;         /* what holds without match= */
    r307_where_t where;
    const char *location;       /* URL-path of a literal <Location>, or NULL */
    r307_expr_maker_t maker;
    int is_late;                /* decided when httpd has found the file */
    int is_tenant;              /* .htaccess: some options are the administrator's */
    int jit;
    int nth, nth_regex;         /* of a rule and of a regex that stood here; 0: not counted */
    int ends_at_self;           /* as in r307_rule_t */
    int is_map;                 /* options that have nothing to do on a line are no error:
                                 * the map's defaults hold for all its lines */
    int is_sheet;               /* and the lines of that map are rows of cells */
    apr_uint64_t home;          /* of the map, or 0: see r307_identity_home */
} r307_context_t;

#endif
