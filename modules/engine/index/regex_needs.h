/* SPDX-License-Identifier: Apache-2.0
 *
 * regex_needs: what a path must have for a regex to match it, read from the pattern's text: words
 * that must occur, the bytes of its beginning, its length. Says too little rather than too
 * much; of a pattern that is not understood it says nothing.
 */
#ifndef R307_REGEX_NEEDS_H
#define R307_REGEX_NEEDS_H

#include <apr_tables.h>
#include "rule/regex_syntax.h"

#define R307_NEEDS_BYTES 16              /* so many are looked at */
#define R307_NEEDS_ANY   R307_REPEAT_ANY

/* One of these words, in small letters, must occur, in whatever letter case. */
typedef struct r307_needle_t {
    const r307_slice_t *words;
    int count;
} r307_needle_t;

typedef struct r307_regex_needs_t {
    const r307_needle_t *needles;       /* each of them is needed */
    int needle_count;
    int anchored;                       /* a match begins where the path does */
    int byte_count;                     /* a match begins with these */
    r307_byteset_t bytes[R307_NEEDS_BYTES];
    size_t least, most;                 /* length of the path; most: of anchored ones that
                                         * end where the path does */
} r307_regex_needs_t;

/* Everything in p. */
void r307_regex_needs_read(apr_pool_t *p, const char *pattern, int fold,
                           r307_regex_needs_t *need);

#endif
