/* SPDX-License-Identifier: Apache-2.0
 *
 * ruleset: the rules of one container in file order, and the iterator over those whose
 * source matches. The iterator is the seam behind which an index takes over.
 */
#ifndef R307_RULESET_H
#define R307_RULESET_H

#include <apr_hash.h>
#include "limit.h"
#include "line.h"

typedef struct r307_ruleset_t {
    apr_array_header_t *rules;      /* of const r307_rule_t * */
    apr_hash_t *names;              /* name= to rule */
    apr_array_header_t *shares;     /* of const r307_rule_t *, with percent=; NULL: none */
} r307_ruleset_t;

r307_ruleset_t *r307_ruleset_make(apr_pool_t *p);

/* NULL, or that the name is taken, and where; or that the shares of its source are more
 * than all. */
const char *r307_ruleset_add(apr_pool_t *p, r307_ruleset_t *set, const r307_rule_t *rule);

/* Rules of one container as they apply to one request. */
typedef struct r307_scope_t {
    const r307_ruleset_t *rules;
    int directory;          /* relative sources and targets belong to a directory */
    r307_slice_t base;      /* its URL-path, decoded, ending in '/'; absent: not known */
    const r307_tenancy_t *tenancy;  /* of a .htaccess under Redirect307Limits, or NULL */
} r307_scope_t;

typedef struct r307_cursor_t {
    const r307_scope_t *scope;
    int next;
    const r307_path_t *path;        /* of the request */
    const r307_path_t *in_base;     /* the path that relative sources see, or NULL */
    unsigned steps;
} r307_cursor_t;

void r307_cursor_make(apr_pool_t *p, const r307_scope_t *scope, const r307_path_t *path,
                      unsigned steps, r307_cursor_t *cursor);

/* The next rule whose source matches, with its captures, or NULL at the end. *found is
 * LIMIT when a regex ran into its limits at the returned rule. */
const r307_rule_t *r307_cursor_next(apr_pool_t *p, r307_cursor_t *cursor,
                                    r307_captures_t *captures, r307_found_t *found);

/* Why a rule can never match where it stands: its literal source lies outside the
 * directory at `base`. NULL when it can. The text names what to write. */
const char *r307_ruleset_outside(apr_pool_t *p, const r307_rule_t *rule,
                                 r307_slice_t base);

#endif
