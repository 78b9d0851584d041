/* SPDX-License-Identifier: Apache-2.0
 *
 * served: which .htaccess files were served since the server started, and what their rules are,
 * in memory that all processes share: a table of a fixed size, made by the parent.
 *
 *     head | slots[] | files[], one for each slot
 *
 * A directory has its place in one bucket of slots. When that is full, the tenant with the
 * most slots of it gives up the one that was not seen for longest, so that whoever makes
 * directories without end pushes out none but its own.
 *
 * Nobody waits for anybody: who finds a slot that somebody else writes leaves it at that, and
 * comes again with a later request. A writer that dies leaves its slot to the next one after
 * R307_SERVED_PATIENCE.
 *
 * What is read here may have been written by a process that went mad, or by two at once: it is
 * bytes and numbers to be shown, and is made to end where it has to.
 */
#ifndef R307_SHARED_SERVED_H
#define R307_SHARED_SERVED_H

#include <apr_pools.h>
#include <apr_tables.h>

#define R307_SERVED_BUCKET   16u
#define R307_SERVED_SLOTS    8192u    /* a power of two */
#define R307_SERVED_PATIENCE 10u      /* seconds */
#define R307_SERVED_EVERY    60u      /* seconds until a file is looked at again */
#define R307_SERVED_PRINTS   4
#define R307_SERVED_HOSTS    8        /* of one file that are kept */
#define R307_SERVED_NAME     68       /* bytes of a host, with NUL; of a longer one the end */
#define R307_SERVED_PATH     256      /* of a directory, with NUL; of a longer one the begin */
#define R307_SERVED_UNBOUND  0xFFFFFFFFu

/* since: the second in which it was first met, and when a file that was not known has it,
 * the one in which that was written. */
typedef struct r307_servedhost_t {
    apr_uint32_t since;
    char name[R307_SERVED_NAME];
} r307_servedhost_t;

typedef struct r307_servedfile_t {
    apr_uint64_t stamp;             /* of the file's version */
    apr_uint32_t serial;            /* odd while it is written */
    apr_uint32_t first, last;       /* seconds since 1970, in UTC; last: when it is told */
    apr_uint32_t rules, regexes, skipped;
    apr_uint32_t rules_most, regex_most;    /* what it may have, or R307_SERVED_UNBOUND */
    apr_uint32_t limits;            /* 1 << r307_limit_t: which were reached */
    apr_uint32_t host_count;
    apr_uint32_t more;              /* hosts that are not kept */
    char directory[R307_SERVED_PATH]; /* where the file is */
    r307_servedhost_t hosts[R307_SERVED_HOSTS];     /* those met last first */
} r307_servedfile_t;

typedef struct r307_servedslot_t {
    apr_uint64_t key;               /* of the directory; 0: free */
    apr_uint64_t home;              /* of the tenant */
    apr_uint32_t last;              /* when it was seen, in steps of R307_SERVED_EVERY */
    apr_uint32_t busy;              /* since when somebody writes; 0: nobody does */
    apr_uint32_t prints[R307_SERVED_PRINTS];  /* shapes in which this version was met */
} r307_servedslot_t;

typedef struct r307_servedhead_t {
    apr_uint64_t seed;
    apr_uint64_t evicted;           /* files that lost their place */
} r307_servedhead_t;

typedef struct r307_served_t {
    r307_servedhead_t *head;
    r307_servedslot_t *slots;
    r307_servedfile_t *files;
} r307_served_t;

/* For as long as p lives; NULL: there is no such memory. */
r307_served_t *r307_served_make(apr_pool_t *p, apr_uint64_t seed);

/* By the name of the directory; never 0. */
apr_uint64_t r307_served_key(const r307_served_t *seen, const char *directory);

/* Whether there is nothing to be noted: it was, in this shape, less than R307_SERVED_EVERY
 * ago. */
int r307_served_is_fresh(const r307_served_t *seen, apr_uint64_t key, apr_uint32_t print,
                       apr_uint32_t second);
/* Whether that version is known in that shape; then it counts as seen now. */
int r307_served_again(r307_served_t *seen, apr_uint64_t key, apr_uint64_t stamp,
                    apr_uint32_t print, apr_uint32_t second);

/* What was found of a file. file: its stamp, and rules to limits. */
typedef struct r307_servedwhat_t {
    apr_uint64_t key, home;
    apr_uint32_t print;
    apr_uint32_t since;             /* when the file was written, at most now */
    const char *directory;
    const apr_array_header_t *hosts;        /* of const char *, each once */
    const r307_servedfile_t *file;
} r307_servedwhat_t;

/* What is known of another version is replaced; of the same one, met in another shape (as
 * sections may hold or not), it is put together. */
void r307_served_note(r307_served_t *seen, const r307_servedwhat_t *what, apr_uint32_t second);

/* Told of each file that is whole; what it is told lives until the next one. */
void r307_served_each(const r307_served_t *seen,
                    void (*see)(void *baton, const r307_servedfile_t *file), void *baton);
/* Files that lost their place to others. */
apr_uint64_t r307_served_evicted(const r307_served_t *seen);

#endif
