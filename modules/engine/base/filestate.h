/* SPDX-License-Identifier: Apache-2.0
 *
 * filestate: one idea of a file's version, and of when a version may be taken: not while
 * somebody writes it. Whoever looks brings what it saw and its own monotonic clock; no
 * file is opened here.
 */
#ifndef R307_FILESTATE_H
#define R307_FILESTATE_H

#include <apr.h>

typedef struct r307_filestate_t {
    apr_uint64_t device, inode, size;
    apr_uint64_t written, changed;      /* mtime and ctime, in nanoseconds */
} r307_filestate_t;

int r307_filestate_same(const r307_filestate_t *a, const r307_filestate_t *b);

/* A file has a new version when it stood still for so long, in microseconds. What became
 * empty or lost more than half of its bytes is more often half of a file than meant so. */
#define R307_SETTLES        (3 * APR_INT64_C(1000000))
#define R307_SETTLES_SHRUNK (10 * APR_INT64_C(1000000))

/* What the last look at a file saw, if it was not what is in use; zeroed: nothing. */
typedef struct r307_filewatch_t {
    r307_filestate_t seen;
    apr_uint64_t since;         /* of the first look that saw it, microseconds; 0: none */
} r307_filewatch_t;

typedef enum {
    R307_WATCH_SAME,            /* it is what is in use */
    R307_WATCH_WAIT,            /* it may still be written */
    R307_WATCH_SHRUNK,          /* the same, and much of it is gone */
    R307_WATCH_TAKE             /* it stood still: this state, and no other, may be read */
} r307_watch_t;

/* used: the state of what is in use, NULL when nothing is. now: the looker's clock, which
 * never goes back; not 0. */
r307_watch_t r307_filewatch_look(r307_filewatch_t *watch, const r307_filestate_t *used,
                                 const r307_filestate_t *state, apr_uint64_t now);

/* Whether a file that nobody has looked at before stood still, by the clock that writes
 * the dates, in nanoseconds; one of the future does not tell. Nor does an empty one at once: a file that
 * is cut can show its new size with its old dates for a moment, so it is looked at twice. */
int r307_filestate_is_old(const r307_filestate_t *state, apr_uint64_t wall);

#endif
