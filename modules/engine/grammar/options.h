/* SPDX-License-Identifier: Apache-2.0
 *
 * options: the words behind source and target, one table for the parser, the printer,
 * the documentation's guard and the tests.
 */
#ifndef R307_OPTIONS_H
#define R307_OPTIONS_H

#include "rule/rule.h"

/* A rule under construction: what an option may set. */
typedef struct r307_draft_t {
    r307_rule_t *rule;
    const r307_context_t *context;
    apr_array_header_t *conds;      /* of r307_cond_t */
    r307_match_t match;             /* UNSET: not written */
    int fold, any_slash;
    int has_sticky;                 /* the next two are written */
    r307_sticky_t sticky;
    r307_slice_t named;
} r307_draft_t;

extern const r307_option_t r307_options[];
extern const int r307_option_count;

/* The row of a word that may be written, or NULL. */
const r307_option_t *r307_option_find(const char *name, size_t len);
/* The option whose name is nearest, or NULL when none is near. */
const r307_option_t *r307_option_near(const char *name, size_t len);

/* The row with that property; of those that one row alone has. */
const r307_option_t *r307_option_says(r307_says_t says);
const r307_option_t *r307_option_about(r307_about_t about);

/* Reads the value into the draft. NULL, or the error text. */
const char *r307_option_set(apr_pool_t *p, r307_draft_t *draft, const r307_option_t *option,
                            const char *value);

/* One status the module can answer: of a redirect (3xx), or of what is gone (4xx). */
typedef struct r307_status_t {
    int code;
    const char *word;       /* NULL when it has none */
    int has_target;
    int cacheable;          /* permanent: may be stored for a while without being asked */
    const char *line;       /* with its reason phrase (RFC 9110 15), as httpd says it */
} r307_status_t;

extern const r307_status_t r307_statuses[];
extern const int r307_status_count;

const r307_status_t *r307_status_row(int code);     /* NULL when it is not ours */

/* Whether a word is a status number or a status word, ours or mod_alias's. *row is ours or
 * NULL; *why, when not NULL, is the whole message that refuses the word. */
int r307_status_word(const char *word, const r307_status_t **row, const char **why);

const char *r307_match_name(r307_match_t match);

#endif
