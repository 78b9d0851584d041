/* SPDX-License-Identifier: Apache-2.0
 *
 * capture: what a source found in a path, and how searching ends.
 */
#ifndef R307_CAPTURE_H
#define R307_CAPTURE_H

#include "http/path.h"

struct r307_scratch_t;

#define R307_CAPTURES_MOST 100      /* whole match and 99 groups */

typedef struct r307_capture_t {
    size_t from, to;        /* in dec; from > to when the group took no part */
} r307_capture_t;

typedef struct r307_captures_t {
    const r307_path_t *path;            /* what the offsets are of */
    r307_capture_t at[R307_CAPTURES_MOST];
    int count;
    r307_capture_t rest;                /* what follows a prefix, with its '/' */
    struct r307_scratch_t *scratch;     /* of the regexes, made at the first; NULL before */
    unsigned spent;                     /* steps of the last search */
} r307_captures_t;

typedef enum {
    R307_FOUND_NO,
    R307_FOUND_YES,
    R307_FOUND_LIMIT        /* a regex ran into its limits: not an answer at all */
} r307_found_t;

#define R307_STEPS_DEFAULT 10000    /* of one regex, over all its start offsets */
#define R307_STEPS_ALL     1000000  /* of all regexes that one request is compared with */

#endif
