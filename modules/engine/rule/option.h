/* SPDX-License-Identifier: Apache-2.0
 *
 * option: one row per word name=value of a rule's line, whether it is a condition or sets
 * something; the table is in grammar/options.c. Who wants to know of a word more than how it
 * is read asks its row for a property, and never for its name.
 */
#ifndef R307_OPTION_H
#define R307_OPTION_H

#include "rule/target.h"

struct r307_cond_t;
struct r307_draft_t;
struct r307_option_t;
struct r307_rule_t;

/* How often it may be written. */
typedef enum {
    R307_WRITTEN_NEVER,        /* a source "http://host/..." says it, and no word */
    R307_WRITTEN_ONCE,
    R307_WRITTEN_OFTEN         /* all must hold */
} r307_written_t;

/* What it says of its rule. */
typedef enum {
    R307_SAYS_MATCH,        /* how the source is compared, */
    R307_SAYS_SOURCE,       /* and what else is the same source */
    R307_SAYS_WHO,          /* for whom it is, of those who ask for the source */
    R307_SAYS_BEGIN,
    R307_SAYS_END,
    R307_SAYS_TIME,         /* what else there is about its time */
    R307_SAYS_STATUS,
    R307_SAYS_ANSWER,       /* what else is answered */
    R307_SAYS_NAME,         /* of this rule and no other */
    R307_SAYS_REMARK        /* what changes no answer */
} r307_says_t;

/* What a condition looks at. */
typedef enum {
    R307_ABOUT_NOTHING,     /* it is no condition */
    R307_ABOUT_SCHEME,
    R307_ABOUT_HOST,
    R307_ABOUT_QUERY,
    R307_ABOUT_METHOD,
    R307_ABOUT_LOGIN,
    R307_ABOUT_FILE,        /* that httpd finds */
    R307_ABOUT_ELSE         /* the visitor, other headers, the server, chance */
} r307_about_t;

/* Conditions are asked in this order, whatever the order they are written in: what sets
 * or rolls something comes after what only looks. */
typedef enum {
    R307_ORDER_PLAIN,
    R307_ORDER_OPTIN,
    R307_ORDER_LANG,        /* the rules of one source are compared */
    R307_ORDER_PERCENT,     /* the rules of one source share one roll */
    R307_ORDER_USER         /* may have to wait for a login */
} r307_order_t;

/* How a map keeps a rule that has the condition. */
typedef enum {
    R307_KEEP_TEXT,         /* read again by each request that needs it: that is cheap, and
                             * nothing of it is the host's */
    R307_KEEP_COMPILED
} r307_keep_t;

/* NULL, or why the value is none. */
typedef const char *r307_cond_parse_t(apr_pool_t *p, const char *value,
                                      const r307_expr_maker_t *maker,
                                      struct r307_cond_t *cond);
/* 1 or 0; -1 when it cannot be told; R307_COND_LATER. */
typedef int r307_cond_test_t(const struct r307_cond_t *cond, const r307_view_t *view,
                             const r307_query_t *query, r307_vary_t *vary);
/* NULL, or the error text. */
typedef const char *r307_option_set_t(apr_pool_t *p, struct r307_draft_t *draft,
                                      const struct r307_option_t *option,
                                      const char *value);
/* The value to write, or NULL when the rule has nothing to say here. */
typedef const char *r307_option_print_t(apr_pool_t *p, const struct r307_rule_t *rule);

typedef struct r307_option_t {
    const char *name;
    r307_written_t written;
    r307_says_t says;
    r307_option_set_t *set;         /* these two: NULL for a condition, which is printed */
    r307_option_print_t *print;     /* from the rule's list */
    r307_cond_parse_t *parse;       /* all below: of a condition */
    r307_cond_test_t *test;
    int may_negate;
    int is_list;                    /* of values at commas, one of which is enough */
    r307_about_t about;
    r307_order_t order;
    r307_keep_t keep;
} r307_option_t;

#endif
