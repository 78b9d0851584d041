/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/htaccess_build.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <http_log.h>
#include "base/hash.h"
#include "conf/htaccess_pack.h"
#include "file/open_below.h"
#include "httpd/fresh_pool.h"
#include "httpd/htaccess_file.h"
#include "httpd/mapask.h"
#include "httpd/start_lint.h"

APLOG_USE_MODULE(redirect307);

#define SMALL      (32 * 1024)  /* bytes of a file that is compiled at once, without a thread */
#define AT_ONCE    8            /* letters between two looks at other work */
#define WAITING    64           /* larger files that wait for the thread */
#define WAITING_MOST (64 * 1024 * 1024)     /* bytes of them */
#define PATH_MOST  4096
#define RESTS      9            /* a file that took so long is left alone for so many times
                                 * that, so that who edits it all the time gets a tenth of a
                                 * processor */
#define NO_ROOM    (2 * APR_USEC_PER_SEC)   /* one that found none is tried again */
#define LOWER      5            /* niceness of the thread */

/* One file, from its letter until it is published. */
typedef struct job_t {
    apr_pool_t *pool;           /* its own, with an allocator of its own */
    r307_htshare_t *share;
    const char *path;
    char *bytes;                /* malloc */
    r307_htsharehead_t head;
    r307_packing_t packing;
    r307_packer_t *packer;
    const char *unfit;          /* why it is not to be shared; NULL: it is */
    size_t size;                /* of the pack */
    apr_uint32_t home;          /* whose file it is */
    apr_uint64_t took;
    int slot, done;
    struct job_t *next;
} job_t;

struct r307_htbuild_t {
    r307_htshare_t *share;
    server_rec *s;
    job_t *first, **last;       /* that wait for the thread */
    job_t *running;
    apr_thread_t *thread;
    int waiting;
    size_t waiting_bytes;
    int done[2];                /* a pipe */
};

/* --- the builder before --- */

static void look_back(r307_arena_t *arena)
{
    int i;

    /* a slot that nobody had yet is no memory before it is looked at */
    for (i = r307_arena_next(arena, -1); i >= 0; i = r307_arena_next(arena, i)) {
        r307_mapslot_t *slot = r307_arena_slot(arena, i);

        if (slot->trying) {
            slot->crashed = slot->trying;
            slot->crashes++;
            slot->trying = 0;
        }
    }
}

r307_htbuild_t *r307_htbuild_make(server_rec *s)
{
    r307_htshare_t *share = r307_htshare_of(s);
    r307_htbuild_t *build = share ? calloc(1, sizeof(*build)) : NULL;

    if (!build) {
        return NULL;
    }
    build->share = share;
    build->s = s;
    build->last = &build->first;
    if (!r307_mapask_pipe(build->done)) {
        free(build);
        return NULL;
    }
    look_back(r307_htshare_arena(share));
    return build;
}

int r307_htbuild_fd(const r307_htbuild_t *build, int number)
{
    return !build ? -1 : number ? build->done[0] : r307_htshare_queue(build->share);
}

/* --- one file --- */

static void free_job(job_t *job)
{
    free(job->bytes);
    apr_pool_destroy(job->pool);
}

static int stamp(int fd, r307_stamp_t *stamped, uid_t *owner)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        return 0;
    }
    r307_stamp_of(&info, stamped);
    *owner = info.st_uid;
    return 1;
}

/* root's files are nobody's in particular: it need not fear itself. */
static apr_uint32_t home_of(const r307_htshare_t *share, uid_t owner)
{
    apr_uint64_t id = (apr_uint64_t)owner;

    return owner ? (apr_uint32_t)r307_hash_keyed(share->seed, &id, sizeof(id)) | 1 : 0;
}

/* Whether the name is that file's: whoever serves a hostile client could say anything. */
static int is_named(const char *path, const r307_stamp_t *stamped)
{
    struct stat info;

    return path[0] == '/' && stat(path, &info) == 0
        && (apr_uint64_t)info.st_ino == stamped->inode
        && (apr_uint64_t)info.st_dev == stamped->device;
}

/* The bytes of an open file that stands still; NULL: it does not, or is none for us. */
static char *read_still(int fd, const char *path, r307_htsharehead_t *head, uid_t *owner)
{
    r307_stamp_t after;
    uid_t after_owner;
    size_t size;
    char *bytes;

    head->read = apr_time_now();
    if (!stamp(fd, &head->stamp, owner) || head->stamp.size > R307_HTACCESS_MOST
        || !is_named(path, &head->stamp)) {
        return NULL;
    }
    size = (size_t)head->stamp.size;
    bytes = malloc(size + 1);
    if (bytes && r307_open_read(fd, bytes, size + 1) == (ssize_t)size
        && stamp(fd, &after, &after_owner) && r307_stamp_same(&head->stamp, &after)) {
        return bytes;
    }
    free(bytes);
    return NULL;
}

/* What there is of it already is of these bytes. */
static int is_known(r307_arena_t *arena, int slot, r307_slice_t path,
                    const r307_htsharehead_t *head)
{
    const r307_mapversion_t *version = slot < 0 ? NULL : r307_arena_current(arena, slot);
    const r307_htsharehead_t *known;

    if (!version || !r307_mapversion_is_of(version, path)) {
        return 0;
    }
    known = r307_mapversion_image(version);
    return known->sum == head->sum && known->stamp.size == head->stamp.size;
}

/* Built lately at such a price that it has to wait, or what it cost was the builder. */
static int is_to_wait(const r307_mapslot_t *slot, apr_uint64_t sum)
{
    return slot->refused > r307_arena_clock() || (slot->crashes && slot->crashed == sum);
}

/* NULL: there is nothing to do. Closes nothing. */
static job_t *make_job(r307_htbuild_t *build, const char *path, int fd)
{
    r307_arena_t *arena = r307_htshare_arena(build->share);
    r307_slice_t key = r307_slice(path, strlen(path));
    int slot = r307_arena_find(arena, key);
    r307_htsharehead_t head;
    apr_pool_t *pool;
    uid_t owner;
    char *bytes;
    job_t *job;

    memset(&head, 0, sizeof(head));
    bytes = read_still(fd, path, &head, &owner);
    if (!bytes) {
        return NULL;
    }
    head.sum = r307_htshare_sum(build->share, bytes, (size_t)head.stamp.size);
    if (is_known(arena, slot, key, &head)
        || (slot >= 0 && is_to_wait(r307_arena_slot(arena, slot), head.sum))
        || !(pool = r307_lone_pool_make(0))) {
        free(bytes);
        return NULL;
    }
    job = apr_pcalloc(pool, sizeof(*job));
    job->pool = pool;
    job->share = build->share;
    job->path = apr_pstrdup(pool, path);
    job->bytes = bytes;
    job->head = head;
    job->home = home_of(build->share, owner);
    job->done = build->done[1];
    job->packing.file = job->path;
    job->packing.names = r307_hoisted;
    job->packing.seed = head.sum ^ (apr_uint64_t)head.read;
    job->packing.doubts = r307_start_lint_doubts;
    return job;
}

static void compile(job_t *job)
{
    size_t size = (size_t)job->head.stamp.size, mark = r307_htaccess_mark(job->bytes, size);
    apr_uint64_t begun = r307_arena_clock();

    job->unfit = r307_pack_make(job->pool, &job->packing, job->bytes + mark, size - mark,
                                &job->packer);
    job->size = job->unfit ? 0 : r307_pack_size(job->packer);
    job->unfit = job->unfit || job->size ? job->unfit : "it is too large";
    job->took = r307_arena_clock() - begun;
}

/* The directory of a path, as httpd says it when it looks for the file. */
static apr_uint64_t directory_key(apr_pool_t *p, const char *path)
{
    return r307_cache_key(apr_pstrmemdup(p, path, (size_t)(strrchr(path, '/') - path)));
}

static void write_version(const job_t *job, r307_slice_t key, r307_mapversion_t *version)
{
    r307_htsharehead_t *head = r307_arena_image_room(version, key);

    *head = job->head;
    head->is_fit = job->size != 0;
    if (job->size) {
        r307_pack_write(job->packer, head + 1);
    }
}

static void say(server_rec *s, const job_t *job, size_t len)
{
    if (job->unfit) {
        ap_log_error(APLOG_MARK, APLOG_TRACE1, 0, s, "%s is compiled by each process for "
                     "itself: %s", job->path, job->unfit);
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_TRACE1, 0, s, "%s is compiled for all processes: it "
                     "takes %" APR_SIZE_T_FMT " KiB", job->path, len / 1024);
    }
}

static void publish(r307_htbuild_t *build, job_t *job)
{
    r307_arena_t *arena = r307_htshare_arena(build->share);
    r307_wanted_t wanted = { r307_slice(job->path, strlen(job->path)), 0, 0, 1 };
    r307_mapslot_t *slot = r307_arena_slot(arena, job->slot);
    r307_mapversion_t *version;
    r307_filestate_t of;

    if (r307_arena_is_too_large(arena, sizeof(job->head) + job->size, 0)) {
        job->unfit = "it has no room";
        job->size = 0;
    }
    wanted.image_len = sizeof(job->head) + job->size;
    version = r307_arena_find(arena, wanted.key) == job->slot
              ? r307_arena_reserve(arena, &wanted) : NULL;
    slot->trying = 0;
    slot->refused = r307_arena_clock() + (version ? RESTS * job->took : NO_ROOM);
    if (version) {
        memset(&of, 0, sizeof(of));
        of.device = job->head.stamp.device;
        of.inode = job->head.stamp.inode;
        write_version(job, wanted.key, version);
        r307_arena_publish(arena, job->slot, version, &of);
        r307_htshare_note_key(build->share, directory_key(job->pool, job->path));
        r307_arena_count(arena, R307_COUNT_BUILT);
        say(build->s, job, (size_t)version->len);
    }
    free_job(job);
}

/* --- the thread --- */

static void *APR_THREAD_FUNC run(apr_thread_t *thread, void *data)
{
    job_t *job = data;
    ssize_t written;

#if defined(__linux__)
    (void)nice(LOWER);          /* of this thread alone, as Linux has it */
#endif
    compile(job);
    do {
        written = write(job->done, &job, sizeof(job));
    } while (written < 0);
    return NULL;
}

static void begin_next(r307_htbuild_t *build)
{
    sigset_t all, before;
    job_t *job = build->first;

    if (build->running || !job) {
        return;
    }
    build->first = job->next;
    if (!build->first) {
        build->last = &build->first;
    }
    build->waiting--;
    build->waiting_bytes -= (size_t)job->head.stamp.size;
    build->running = job;
    r307_arena_slot(r307_htshare_arena(build->share), job->slot)->trying = job->head.sum;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (apr_thread_create(&build->thread, NULL, run, job, job->pool) != APR_SUCCESS) {
        build->running = NULL;
        compile(job);
        publish(build, job);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void collect(r307_htbuild_t *build)
{
    apr_status_t rv;
    job_t *job;

    while (read(build->done[0], &job, sizeof(job)) == (ssize_t)sizeof(job)) {
        apr_thread_join(&rv, build->thread);
        build->running = NULL;
        publish(build, job);
    }
}

static int is_waiting(const r307_htbuild_t *build, const job_t *job)
{
    const job_t *other;

    for (other = build->first; other; other = other->next) {
        if (other->slot == job->slot) {
            return 1;
        }
    }
    return build->running && build->running->slot == job->slot;
}

static void line_up(r307_htbuild_t *build, job_t *job)
{
    if (is_waiting(build, job) || build->waiting >= WAITING
        || build->waiting_bytes + job->head.stamp.size > WAITING_MOST) {
        free_job(job);          /* it is asked for again */
        return;
    }
    job->next = NULL;
    *build->last = job;
    build->last = &job->next;
    build->waiting++;
    build->waiting_bytes += (size_t)job->head.stamp.size;
}

/* --- letters --- */

static void take(r307_htbuild_t *build, const char *path, int fd)
{
    r307_arena_t *arena = r307_htshare_arena(build->share);
    job_t *job = make_job(build, path, fd);

    if (!job) {
        return;
    }
    job->slot = r307_arena_claim(arena, r307_slice(path, strlen(path)), 0);
    if (job->slot < 0) {
        free_job(job);
        return;
    }
    r307_arena_slot(arena, job->slot)->home = job->home;
    if (job->head.stamp.size > SMALL) {
        line_up(build, job);
        return;
    }
    r307_arena_slot(arena, job->slot)->trying = job->head.sum;
    compile(job);
    publish(build, job);
}

void r307_htbuild_work(r307_htbuild_t *build)
{
    char path[PATH_MOST];
    int i, fd;

    if (!build) {
        return;
    }
    collect(build);
    for (i = 0; i < AT_ONCE; i++) {
        ssize_t n = r307_mapask_receive(r307_htshare_queue(build->share), path, sizeof(path),
                                        &fd, 1);

        if (n < 0) {
            break;
        }
        if (fd >= 0 && n > 1 && n < (ssize_t)sizeof(path) && path[n - 1] == '\0'
            && strchr(path, '\0') == path + n - 1 && path[0] == '/') {
            take(build, path, fd);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    begin_next(build);
}
