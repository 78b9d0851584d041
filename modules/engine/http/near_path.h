/* SPDX-License-Identifier: Apache-2.0
 *
 * near_path: how near a path that is there is to one that was asked for in vain, so that
 * it can be said in a word why. Segments are compared, without regard to case and to
 * endings as .html; letters of one segment alone.
 */
#ifndef R307_NEAR_PATH_H
#define R307_NEAR_PATH_H

#include "base/text.h"

#define R307_NEAR_SEGS 24       /* a path with more of them is near to none */

typedef struct r307_near_path_t {
    r307_slice_t segs[R307_NEAR_SEGS];  /* without ending; of the path that was given */
    apr_uint64_t hashes[R307_NEAR_SEGS];
    int count;                  /* -1: there are too many */
} r307_near_path_t;

/* The nearer ones first; between two of one kind their costs say it. */
typedef enum {
    R307_NEAR_SAME,             /* but for case, ending, slash, what stands behind */
    R307_NEAR_SPELLED,          /* one segment is spelled otherwise; cost: edits */
    R307_NEAR_MOVED,            /* the last segment is the same; cost: the others */
    R307_NEAR_ABOVE,            /* the folder that it would be in; cost: how far above */
    R307_NEAR_NONE
} r307_near_kind_t;

typedef struct r307_near_t {
    r307_near_kind_t kind;
    int cost;
} r307_near_t;

/* path: decoded, begins with '/'; the slices are of its bytes. A last segment "index" is
 * none: its folder is meant. */
void r307_near_split(r307_slice_t path, r307_near_path_t *split);

/* How near `there` is to `asked`; of its first `segs` segments. */
r307_near_t r307_near_compare(const r307_near_path_t *asked, int segs,
                              const r307_near_path_t *there);

int r307_near_is_nearer(r307_near_t a, r307_near_t b);

/* "one letter other", ... */
const char *r307_near_text(apr_pool_t *p, r307_near_t near);

#endif
