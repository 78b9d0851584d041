/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapjob.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include <apr_signal.h>

#define BUILDS (60 * APR_USEC_PER_SEC)  /* of a processor */
#define LOWER  5      /* niceness of a thread that builds, above that of the process */

r307_mapjob_t *r307_mapjob_make(const r307_mapref_t *ref, const r307_filestate_t *of,
                                const int *stop, int done)
{
    r307_mapjob_t *job;
    apr_pool_t *pool;

    if (apr_pool_create_unmanaged_ex(&pool, NULL, NULL) != APR_SUCCESS) {
        return NULL;
    }
    job = apr_pcalloc(pool, sizeof(*job));
    job->pool = pool;
    job->ref = ref;
    job->of = *of;
    job->stop = stop;
    job->done = done;
    return job;
}

/* What this thread has had of a processor: on a busy machine a large file is late, not
 * refused. */
static apr_uint64_t spent(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (apr_uint64_t)now.tv_sec * APR_USEC_PER_SEC + (apr_uint64_t)now.tv_nsec / 1000;
}

static int is_over(void *baton)
{
    const r307_mapjob_t *job = baton;

    return __atomic_load_n(job->stop, __ATOMIC_RELAXED) || spent() > job->until;
}

void r307_mapjob_run(r307_mapjob_t *job)
{
    if (job->step == R307_JOB_WRITES) {
        r307_mapload_write(&job->loaded, job->ref->key, job->version);
        job->step = R307_JOB_WRITTEN;
        return;
    }
    if (job->step == R307_JOB_FREES) {
        r307_mapload_free(&job->loaded);
        return;
    }
    job->until = spent() + BUILDS;
    r307_mapload_build(job->pool, job->ref, &job->of, is_over, job, &job->loaded);
    job->step = R307_JOB_BUILT;
}

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    r307_mapjob_t *job = data;
    ssize_t written;

#if defined(__linux__)
    /* for this thread alone, as Linux has it; elsewhere it would be for the whole process,
     * and with it for small files and for looks, which others wait for */
    (void)nice(LOWER);
#endif
    r307_mapjob_run(job);
    do {        /* less than PIPE_BUF: whole or not at all, and there are few lanes */
        written = write(job->done, &job, sizeof(job));
    } while (written < 0);
    return NULL;
}

/* Signals are for the thread that expects them. */
int r307_mapjob_spawn(r307_mapjob_t *job)
{
    sigset_t all, before;
    apr_status_t rv;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    rv = apr_thread_create(&job->thread, NULL, run, job, job->pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rv != APR_SUCCESS) {
        job->thread = NULL;
    }
    return rv == APR_SUCCESS;
}

void r307_mapjob_join(r307_mapjob_t *job)
{
    apr_status_t rv;

    if (job->thread) {
        apr_thread_join(&rv, job->thread);
        job->thread = NULL;
    }
}

void r307_mapjob_free(r307_mapjob_t *job)
{
    r307_mapload_free(&job->loaded);
    apr_pool_destroy(job->pool);
}
