/* SPDX-License-Identifier: Apache-2.0
 *
 * pattern: the source of a rule, compiled once: a prefix, an exact path, a pattern with
 * placeholders, or a regex (PCRE2). Answers whether a path matches and what it captured.
 */
#ifndef R307_PATTERN_H
#define R307_PATTERN_H

#include "rule/capture.h"

typedef enum {
    R307_MATCH_UNSET,
    R307_MATCH_PREFIX,
    R307_MATCH_EXACT,       /* also every source with placeholders */
    R307_MATCH_REGEX
} r307_match_t;

struct r307_regex_t;

typedef struct r307_seg_t {
    r307_slice_t text;      /* literal bytes, decoded; or the name */
    int is_name;            /* then it is capture 1, 2, ... in order */
    int has_star;           /* a star stands behind `text` and in front of `after`: any
                             * bytes, slashes among them; one segment has it at most */
    r307_slice_t after;
} r307_seg_t;

struct r307_regex_t;
struct r307_scratch_t;

typedef struct r307_pattern_t {
    r307_match_t match : 8;
    unsigned char fold;     /* case=ignore, ASCII */
    unsigned char any_slash;        /* slash=ignore */
    unsigned char relative; /* to its directory's URL; compiled with a '/' in front */
    unsigned char splat;    /* has a star; the capture after the names */
    unsigned char final_slash;
    const char *text;       /* as written, without '?' part */
    r307_slice_t head;      /* decoded literal path that every match begins with: whole
                             * segments; with the final slash only where it is the whole
                             * source; "/" when nothing is known */
    const r307_seg_t *segs; /* only with placeholders: all segments */
    int seg_count;
    int star;               /* the segment it stands in; seg_count: it is the whole end,
                             * which may be missing with its slash */
    const struct r307_regex_t *regex;
} r307_pattern_t;

typedef struct r307_pattern_flags_t {
    int fold, any_slash;
    int may_be_relative;    /* a directory resolves it; else a leading '/' is demanded */
    int of_map;             /* messages speak of its lines */
    int jit;                /* the pool lives long enough for compiling to pay */
} r307_pattern_flags_t;

/* Compiles in p (PCRE2 objects are freed with p). `match` is prefix, exact or regex;
 * a source with placeholders becomes exact. NULL, or the error text. */
const char *r307_pattern_parse(apr_pool_t *p, const char *text, r307_match_t match,
                               const r307_pattern_flags_t *flags,
                               const r307_pattern_t **pattern);

/* `from` is where a relative pattern begins in path->dec (the '/' that ends its
 * directory), 0 otherwise. `steps` bounds a regex over all its start offsets. captures,
 * whose scratch the caller sets to NULL before its first use, is complete only for YES;
 * the scratch is made in p. */
r307_found_t r307_pattern_find(apr_pool_t *p, const r307_pattern_t *pattern,
                               const r307_path_t *path, size_t from, unsigned steps,
                               r307_captures_t *captures);

/* Index into captures of the placeholder or named group, -1 when there is none. */
int r307_pattern_name(const r307_pattern_t *pattern, const char *name, size_t len);

/* Whether a source that is meant as none looks like a regex; such a one is refused. */
int r307_pattern_looks_like_regex(const char *text);

/* What a message advises about ":name" that is not in it: "the source with it, as /a/:name,
 * or "; nothing for a source that is no path. */
const char *r307_pattern_with_name(apr_pool_t *p, const r307_pattern_t *pattern,
                                   const char *name, size_t len);
/* A regex that matches wherever a pattern with a star inside does, and perhaps elsewhere:
 * of the path, or of what lies below its directory. NULL: it has none. */
const char *r307_pattern_regex(apr_pool_t *p, const r307_pattern_t *pattern);
/* How many captures $0.. the pattern has; 0 unless it is a regex. */
int r307_pattern_groups(const r307_pattern_t *pattern);

#endif
