/* SPDX-License-Identifier: Apache-2.0
 *
 * pattern: the source of a rule, compiled once: a prefix, an exact path, a pattern with
 * placeholders, or a regex (PCRE2). Answers whether a path matches and what it captured.
 */
#ifndef R307_PATTERN_H
#define R307_PATTERN_H

#include "path.h"

typedef enum {
    R307_MATCH_UNSET,
    R307_MATCH_PREFIX,
    R307_MATCH_EXACT,       /* also every source with placeholders */
    R307_MATCH_REGEX
} r307_match_t;

#define R307_CAPTURES_MOST 100      /* whole match and 99 groups */

typedef struct r307_capture_t {
    size_t from, to;        /* in dec; from > to when the group took no part */
} r307_capture_t;

typedef struct r307_captures_t {
    const r307_path_t *path;            /* what the offsets are of */
    r307_capture_t at[R307_CAPTURES_MOST];
    int count;
    r307_capture_t rest;                /* what follows a prefix, with its '/' */
} r307_captures_t;

typedef struct r307_seg_t {
    r307_slice_t text;      /* literal bytes, decoded; or the name */
    int is_name;
} r307_seg_t;

struct r307_regex_t;

typedef struct r307_pattern_t {
    r307_match_t match;
    const char *text;       /* as written, without '?' part */
    int fold;               /* case=ignore, ASCII */
    int any_slash;          /* slash=ignore */
    int relative;           /* to its directory's URL; compiled with a '/' in front */
    /* all but regex: */
    r307_slice_t head;      /* decoded literal path up to the first placeholder: whole
                             * segments, with the final slash if it was written */
    const r307_seg_t *segs; /* only with placeholders: all segments */
    int seg_count;
    int splat;              /* ends in slash and star */
    int final_slash;
    /* regex: */
    const struct r307_regex_t *regex;
    int head_segs;          /* whole literal segments that every match begins with */
} r307_pattern_t;

typedef struct r307_pattern_flags_t {
    int fold, any_slash;
    int may_be_relative;    /* a directory resolves it; else a leading '/' is demanded */
    int jit;                /* the pool lives long enough for compiling to pay */
} r307_pattern_flags_t;

/* Compiles in p (PCRE2 objects are freed with p). `match` is prefix, exact or regex;
 * a source with placeholders becomes exact. NULL, or the error text. */
const char *r307_pattern_parse(apr_pool_t *p, const char *text, r307_match_t match,
                               const r307_pattern_flags_t *flags,
                               const r307_pattern_t **pattern);

typedef enum {
    R307_FOUND_NO,
    R307_FOUND_YES,
    R307_FOUND_LIMIT        /* a regex ran into its limits: not an answer at all */
} r307_found_t;

/* `from` is where a relative pattern begins in path->dec (the '/' that ends its
 * directory), 0 otherwise. `steps` bounds a regex over all its start offsets. p is for
 * the length of the call's request. captures is complete only for YES. */
r307_found_t r307_pattern_find(apr_pool_t *p, const r307_pattern_t *pattern,
                               const r307_path_t *path, size_t from, unsigned steps,
                               r307_captures_t *captures);

/* Index into captures of the placeholder or named group, -1 when there is none. */
int r307_pattern_name(const r307_pattern_t *pattern, const char *name, size_t len);
/* How many captures $0.. the pattern has; 0 unless it is a regex. */
int r307_pattern_groups(const r307_pattern_t *pattern);

#define R307_STEPS_DEFAULT 10000

#endif
