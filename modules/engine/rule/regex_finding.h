/* SPDX-License-Identifier: Apache-2.0
 *
 * regex_finding: what the text of a regex says of its groups, for findings alone: where it is
 * not understood the answer is the one that makes no finding, or asks for none.
 */
#ifndef R307_REGEX_FINDING_H
#define R307_REGEX_FINDING_H

#include "rule/rule.h"

/* What a group, 0 for all that matches, takes of a path. */
typedef struct r307_group_text_t {
    int is_known;
    const char *at;         /* its "(", NULL of 0 */
    const char *inside;     /* behind its "(" and its name */
    int begins_path;        /* it begins where the path does */
    int behind_slash;       /* a literal '/' stands in front of it */
    int only_slash;         /* it can only be empty or begin with '/' */
    int may_slash;          /* it can begin with '/' */
    int may_be_empty;
} r307_group_text_t;

void r307_regex_finding_group(const char *pattern, int n, r307_group_text_t *group);

/* The pattern with a '/' in front of that group, and none at its begin; NULL: not known. */
const char *r307_regex_finding_slashed(apr_pool_t *p, const char *pattern,
                                       const r307_group_text_t *group);

/* Of a pattern that names a host: "never matches: ...; write ..."; NULL of any other. */
const char *r307_regex_finding_host(apr_pool_t *p, const char *pattern);

/* What can never be in a path, or never where the pattern wants it, and what to write: NULL,
 * or a half sentence for a finding. *is_query: it is about a query, which might be a '?' in
 * the path. `source` is of a regex when `regex` is set. */
const char *r307_regex_finding_never(apr_pool_t *p, const char *source, int regex,
                                     int *is_query);

#endif
