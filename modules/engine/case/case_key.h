/* SPDX-License-Identifier: Apache-2.0
 *
 * case_key: the words key=value of a case, one row each: what it sets, and which conditions
 * of a rule can be decided by it. Each condition of grammar/options.c has a row that says so.
 */
#ifndef R307_CASE_KEY_H
#define R307_CASE_KEY_H

#include <apr_tables.h>
#include "decide/decide.h"

/* As the rows stand in r307_case_keys. */
typedef enum {
    R307_CASE_URL, R307_CASE_METHOD, R307_CASE_HOST, R307_CASE_AT, R307_CASE_CLIENT,
    R307_CASE_USER, R307_CASE_HEADER, R307_CASE_COOKIE, R307_CASE_LANG, R307_CASE_ENV,
    R307_CASE_FLAG, R307_CASE_FILE, R307_CASE_EXPR, R307_CASE_ROLL,
    R307_CASE_BY, R307_CASE_HOPS, R307_CASE_CACHE,
    R307_CASE_KEYS
} r307_case_key_id_t;

typedef enum {
    R307_WANT_ANSWER,           /* by the rule that the case stands at, if it does */
    R307_WANT_PASSES,           /* not by that rule; without one: by none */
    R307_WANT_NONE,             /* by no rule */
    R307_WANT_REFUSED
} r307_want_t;

#define R307_CASE_UNSAID (-1)
#define R307_HOPS_USUAL  1

/* One question, and what is to be answered. Texts live as long as what it was read from. */
typedef struct r307_case_t {
    unsigned said;              /* a bit for each key */
    const char *url;            /* a path, relative where the rules are a directory's, or
                                 * complete */
    const char *method, *host, *client, *user;
    apr_time_t at;              /* 0: not said */
    apr_array_header_t *headers;    /* these four of const char *; NULL: none. "N: v", */
    apr_array_header_t *cookies;    /* "n=v", */
    apr_array_header_t *env;        /* "n=v" or "n", */
    apr_array_header_t *flags;      /* names */
    int file;                   /* these three: 1, 0, R307_CASE_UNSAID */
    int test;                   /* of any expr= */
    int place;                  /* of percent=: 0 to 9 999 */
    const char *string;         /* what any %{...} of a target stands for, or NULL */
    /* the answer */
    r307_want_t want;
    int status;                 /* 0: any */
    const char *location;       /* as `url`; NULL: any */
    const char *by;             /* a rule's name=, its line, or FILE:LINE; NULL: any */
    int hops;                   /* so many redirects may come of it */
    apr_time_t cache;           /* R307_CASE_UNSAID; 0: not to be kept */
    apr_array_header_t *asked;  /* of r307_word_t: how the question was written */
} r307_case_t;

/* What a request has to be for a rule to answer, in words of a case. */
typedef struct r307_case_sample_t {
    apr_pool_t *p;
    apr_array_header_t *keys;   /* of r307_word_t */
    const char *scheme, *method, *host;     /* NULL: any */
    const char *query;          /* "" or "a=b&c" */
    int place;                  /* of percent=, where the stretches of its source are known */
} r307_case_sample_t;

typedef struct r307_case_key_t {
    const char *name;
    const char *value;          /* as it is shown, also in a message about a wrong one */
    int is_wanted;              /* it is about the answer, not about the request */
    int may_repeat;
    int can_be_sent;            /* by who asks over HTTP */
    const char *write;          /* what to write where a rule depends on it and the case
                                 * does not say it; NULL: what is not said is not there */
    const char *conditions;     /* that are decided by it, with blanks between them */
    /* NULL, or why the value is none, to stand behind "name='value' ". */
    const char *(*set)(apr_pool_t *p, r307_case_t *c, const char *value);
    /* Has the condition hold, as far as it can be said; NULL: what is not said does. */
    void (*sample)(r307_case_sample_t *sample, const r307_cond_t *cond);
} r307_case_key_t;

extern const r307_case_key_t r307_case_keys[R307_CASE_KEYS];

/* NULL: there is none. */
const r307_case_key_t *r307_case_key_find(const char *name, size_t len);
/* The one that decides the condition of that name (of its first word, up to '='). */
const r307_case_key_t *r307_case_key_of(const char *condition);
/* "at=, host=, ..." */
const char *r307_case_key_list(apr_pool_t *p, int is_wanted);

#endif
