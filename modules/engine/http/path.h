/* SPDX-License-Identifier: Apache-2.0
 *
 * path: the path a client asked for, normalised once: decoded except %2F, slashes
 * merged, dot segments gone; with a map back, so that what is captured from the decoded
 * form leaves in the form it came in.
 */
#ifndef R307_PATH_H
#define R307_PATH_H

#include "base/text.h"

typedef struct r307_path_t {
    const char *dec;            /* decoded; begins with '/'; NUL-terminated, may hold NUL */
    size_t len;
    const char *enc;            /* the same path with its percent codes as they came */
    size_t enc_len;
    const apr_uint32_t *at;     /* at[i]: where dec[i] begins in enc, at[len] == enc_len;
                                 * NULL when enc and dec are the same bytes */
} r307_path_t;

/* A raw request target (origin-form or absolute-form, RFC 9112 3.2) into the raw path
 * and the raw query (absent without '?'); a fragment, which no client may send, is cut.
 * 0 when the target has no path of ours: "*", authority-form, or anything else. */
int r307_path_split(const char *target, r307_slice_t *path, r307_slice_t *query);

/* Normalises in p. "%2F" stays as it is and is never a segment border; so does "%25" in
 * front of "2F", so that two different requests never have one decoded form. */
const r307_path_t *r307_path_make(apr_pool_t *p, r307_slice_t raw);

/* The same of a raw path that stays, without a copy where nothing changes. Behind it there
 * is a NUL. */
const r307_path_t *r307_path_take(apr_pool_t *p, r307_slice_t raw);

/* Likewise of one that is known to be normal. */
const r307_path_t *r307_path_normal(apr_pool_t *p, r307_slice_t raw);

/* Whether `raw` normalises to this path. */
int r307_path_is(apr_pool_t *p, const r307_path_t *path, r307_slice_t raw);

/* Whether the path is what normalising would make of it: most paths are. */
int r307_path_is_normal(r307_slice_t raw);
/* The same of what follows a '/', sooner said: there is no '#' either; and perhaps not, where
 * one byte is not ASCII or one of "!'". */
int r307_path_is_plain(r307_slice_t path);

/* Whether the path leaves as it is where it stands behind a '/': nothing of it would be merged,
 * resolved or encoded. */
static inline int r307_path_stays(r307_slice_t path)
{
    char before = '/';
    size_t i;

    for (i = 0; i < path.len; i++) {
        char c = path.s[i];

        if (!r307_text_is(c, R307_IS_PATH) || ((c == '/' || c == '.') && before == '/')) {
            return 0;
        }
        before = c;
    }
    return 1;
}

/* The bytes [from, to) of dec as they came. */
r307_slice_t r307_path_came(const r307_path_t *path, size_t from, size_t to);

/* The same path with '/' appended, or path itself if it ends with one. */
const r307_path_t *r307_path_with_slash(apr_pool_t *p, const r307_path_t *path);

/* Whether `path` is `head` or lies below it, by whole segments. A head that ends with
 * '/' is asked for as it stands: "/a/" does not hold "/a". */
int r307_path_lies_below(const char *path, size_t len, const char *head, size_t head_len,
                         int fold);
/* Nearly all differ in the byte behind the '/', and who asks needs no call for that. */
static inline int r307_path_below(const char *path, size_t len, const char *head,
                                  size_t head_len, int fold)
{
    return len >= head_len && (fold || head_len < 2 || path[1] == head[1])
        && r307_path_lies_below(path, len, head, head_len, fold);
}

#endif
