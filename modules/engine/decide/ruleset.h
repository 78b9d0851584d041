/* SPDX-License-Identifier: Apache-2.0
 *
 * ruleset: the rules of one container in file order, and the iterator over those whose
 * source matches. The iterator is the seam behind which an index takes over.
 */
#ifndef R307_RULESET_H
#define R307_RULESET_H

#include <apr_hash.h>
#include "map/image.h"
#include "rule/limit.h"
#include "grammar/literal_line.h"

/* A map among the rules of its container: its rules stand in front of rule `before`. */
typedef struct r307_map_t {
    int before;
    const void *handle;             /* the host's, given to the view's `image` */
} r307_map_t;

typedef struct r307_ruleset_t {
    apr_array_header_t *rules;      /* of const void *: a rule, or one byte behind where a plain
                                     * line begins; see r307_ruleset_kept and _plain */
    struct r307_grown_t *room;      /* where they are when they are many; NULL: they are few */
    apr_array_header_t *maps;       /* of r307_map_t, or NULL */
    apr_hash_t *names;              /* name= to rule */
    apr_array_header_t *shares;     /* of const r307_rule_t *, with percent=; NULL: none */
    apr_array_header_t *links;      /* of const r307_link_t *, of optin=; NULL: none */
    const r307_index_t *index;      /* over `rules`; NULL: they are asked one by one */
    int is_hosted;                  /* one of `rules` has a condition about the host */
    apr_array_header_t *left_out;   /* of apr_uint32_t: rules that are over for good, and
                                     * not in the index; NULL: none */
    const r307_image_t *image;      /* __atomic: what `packed` rules are made from, when one is
                                     * found; NULL: it is not opened yet */
    int packed;                     /* so many rules are in an image, and none in `rules` */
    int first;                      /* of them: the number of the first in its .htaccess */
    int regexes;                    /* among the rules, those that regex= counts */
    apr_hash_t *crowds;             /* with an index: numbers of groups that have more than
                                     * one of `rules`; NULL: none */
} r307_ruleset_t;

r307_ruleset_t *r307_ruleset_make(apr_pool_t *p);

/* NULL, or that the name is taken, and where; or that the shares of its source are more
 * than all. */
const char *r307_ruleset_add(apr_pool_t *p, r307_ruleset_t *set, const r307_rule_t *rule);

/* The same without adding it. */
const char *r307_ruleset_taken(apr_pool_t *p, const r307_ruleset_t *set,
                               const r307_rule_t *rule);
/* A plain line, which takes no name and has no condition. It must stay, as rules must. */
void r307_ruleset_add_plain(apr_pool_t *p, r307_ruleset_t *set, r307_plain_t *plain);
/* A map stands where its line stands: behind the rules added so far. */
void r307_ruleset_add_map(apr_pool_t *p, r307_ruleset_t *set, const void *handle);

/* How many rules there are, and one of them, in p or longer-lived: of an image that was
 * opened. NULL: its text is none. */
int r307_ruleset_count(const r307_ruleset_t *set);
const r307_rule_t *r307_ruleset_rule(apr_pool_t *p, const r307_ruleset_t *set, int number);
/* The same for a look until the next one, where many are looked at: made in *room, or in *one,
 * a pool in p that is made when it is needed (NULL before), and cleared. */
const r307_rule_t *r307_ruleset_glance(apr_pool_t *p, apr_pool_t **one,
                                       const r307_ruleset_t *set, int number,
                                       r307_literal_t *room);
/* Where none is in an image: a rule that is kept as one, or NULL and the plain line. */
static inline const r307_rule_t *r307_ruleset_kept(const r307_ruleset_t *set, int number)
{
    return r307_rule_of(APR_ARRAY_IDX(set->rules, number, const void *));
}
static inline r307_plain_t *r307_ruleset_plain(const r307_ruleset_t *set, int number)
{
    return (r307_plain_t *)(void *)(APR_ARRAY_IDX(set->rules, number, char *) - 1);
}
/* Either as a rule, for a look: it may be in *room. */
static inline const r307_rule_t *r307_ruleset_look(const r307_ruleset_t *set, int number,
                                                   r307_literal_t *room)
{
    const r307_rule_t *rule = r307_ruleset_kept(set, number);

    return rule ? rule : r307_plain_rule(r307_ruleset_plain(set, number), room);
}
/* All of them by their numbers, for r307_rule_of, where one is for some hosts alone; NULL: none
 * is, or they are in an image. */
static inline const void *const *r307_ruleset_hosted(const r307_ruleset_t *set)
{
    return set->is_hosted ? (const void *const *)(const void *)set->rules->elts : NULL;
}

/* When nothing more is added: makes the index in p. Not needed for a right answer. seed:
 * see r307_index_builder_make. now: rules that were over a day before are never looked at
 * again, unless somebody wants to know why; 0: there are none. */
void r307_ruleset_freeze(apr_pool_t *p, r307_ruleset_t *set, apr_uint64_t seed,
                         apr_time_t now);

/* Whether it is known that no other rule of the container has the source of this one,
 * which has a group. */
int r307_ruleset_alone(const r307_ruleset_t *set, const r307_rule_t *rule);

/* Rules of one container as they apply to one request. */
typedef struct r307_scope_t {
    const r307_ruleset_t *rules;
    int directory;          /* relative sources and targets belong to a directory */
    r307_slice_t base;      /* its URL-path, decoded, ending in '/'; absent: not known */
    const r307_tenancy_t *tenancy;  /* of a .htaccess under Redirect307Limits, or NULL */
    int maps_over;          /* so many of its first maps are known to have nothing for the
                             * request, and are not asked */
} r307_scope_t;

/* What a relative reference of the rule is read at: as it came, and as an encoded path. */
r307_slice_t r307_scope_came(const r307_scope_t *scope, const r307_rule_t *rule,
                             const r307_path_t *path);
r307_slice_t r307_scope_base(apr_pool_t *p, const r307_scope_t *scope,
                             const r307_rule_t *rule, const r307_path_t *path);

/* Marks the keys of its links among the request's parameters: they go to nobody, whichever
 * rule answers. */
void r307_ruleset_mark_keys(apr_pool_t *p, const r307_ruleset_t *set, r307_asked_t *asked);

/* Rules whose source matched, but whose time is not now. */
typedef enum { R307_PASSED_COMING, R307_PASSED_OVER, R307_PASSED_COUNT } r307_passed_t;

typedef struct r307_cursor_t {
    const r307_scope_t *scope;
    r307_asked_t *asked;
    const r307_path_t *in_base;     /* the path that relative sources see, or NULL */
    unsigned steps;
    int next;                       /* without an index: rule that comes next */
    int held;                       /* rule that comes next, behind its maps; -1: unknown */
    int map;                        /* map that was not asked yet */
    const r307_image_t *image;      /* of the map being asked, or NULL */
    r307_candidates_t rules;        /* with an index: what is left */
    r307_candidates_t in_image;
    unsigned passed[R307_PASSED_COUNT];     /* of the first of them, and of no regex: to know
                                             * that is to cost next to nothing */
    int passed_left;                /* how many more are compared for it */
} r307_cursor_t;

/* asked: view is set and query may be; the cursor uses it until its end. */
void r307_cursor_make(apr_pool_t *p, const r307_scope_t *scope, r307_asked_t *asked,
                      unsigned steps, r307_cursor_t *cursor);

/* The next rule whose source matches (one that needs a parameter or a host that is not
 * asked for may be left out), with its captures, or NULL at the end. A rule that asked->times
 * does not want is not even compared. *found is
 * LIMIT when a regex ran into its limits at the returned rule. */
const r307_rule_t *r307_cursor_next(apr_pool_t *p, r307_cursor_t *cursor,
                                    r307_captures_t *captures, r307_found_t *found);

/* Why a rule can never match where it stands: its literal source lies outside the
 * directory at `base`. NULL when it can. The text names what to write. */
const char *r307_ruleset_outside(apr_pool_t *p, const r307_rule_t *rule,
                                 r307_slice_t base);

#endif
