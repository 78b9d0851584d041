/* SPDX-License-Identifier: Apache-2.0
 *
 * mapjob: one build of a map, for mapkeep.c alone: the file is read and built, a place is
 * reserved, the image is written there. The first and the last may be a thread's.
 */
#ifndef R307_HTTPD_MAPJOB_H
#define R307_HTTPD_MAPJOB_H

#include <apr_thread_proc.h>
#include "httpd/mapload.h"

typedef enum {
    R307_JOB_QUEUED,            /* for want of a lane */
    R307_JOB_BUILDS,
    R307_JOB_BUILT,
    R307_JOB_CROWDED,           /* built, and there was no room yet */
    R307_JOB_WRITES,
    R307_JOB_WRITTEN,
    R307_JOB_FREES              /* no entry's any more */
} r307_jobstep_t;

typedef struct r307_mapjob_t {
    const r307_mapref_t *ref;   /* lives as long as this */
    r307_filestate_t of;        /* the state that is read, and no other */
    r307_jobstep_t step;        /* changed by who keeps, but for the end of a thread's part */
    r307_loaded_t loaded;
    r307_mapversion_t *version; /* reserved; else NULL */
    apr_uint64_t again;         /* CROWDED: when it is tried again */
    int tries;
    const int *stop;            /* __atomic */
    apr_uint64_t until;         /* a build that takes more of a processor is given up */
    apr_thread_t *thread;       /* NULL: none */
    apr_pool_t *pool;           /* its own */
    int done;                   /* where a thread says that its part is over */
    struct r307_mapjob_t *next;
} r307_mapjob_t;

/* NULL without memory. */
r307_mapjob_t *r307_mapjob_make(const r307_mapref_t *ref, const r307_filestate_t *of,
                                const int *stop, int done);
/* The step it is in (BUILDS, WRITES or FREES), in this thread. */
void r307_mapjob_run(r307_mapjob_t *job);
/* The same in one of its own, which then writes `job`'s address to `done`; 0: there is no
 * thread to be had. */
int r307_mapjob_spawn(r307_mapjob_t *job);
/* Its thread has said so. */
void r307_mapjob_join(r307_mapjob_t *job);
void r307_mapjob_free(r307_mapjob_t *job);

#endif
