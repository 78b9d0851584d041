/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/builder.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/prctl.h>
#endif
#include <ap_listen.h>
#include <ap_mpm.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <http_main.h>
#include <mpm_common.h>
#include "httpd/hit_table.h"
#include "httpd/htaccess_build.h"
#include "httpd/mapask.h"

APLOG_USE_MODULE(redirect307);

#define NAME      "r307-builder"            /* in ps; 15 bytes at most */
#define ALONE     5000      /* milliseconds between two looks whether the parent lives */
#define END_TRIES 2000      /* of a millisecond each */
#define TOO_SOON  apr_time_from_sec(2)      /* one that lives no longer is not begun at once */
#define LANES     8         /* tenants whose large maps are built at the same time */
#define UNUSABLE  3         /* exit status: it will be no better next time */

/* --- the process --- */

/* The parent's handlers are not for it. SIGTERM may end it at any instruction: nothing of
 * what it has not published is in the arena. */
static void set_signals(void)
{
    static const int ended_by[] = { SIGTERM, SIGALRM, SIGINT, SIGSEGV, SIGBUS, SIGABRT,
                                    SIGFPE, SIGILL };
    static const int ignored[] = { SIGUSR1, SIGUSR2, SIGHUP, SIGWINCH, SIGPIPE };
    sigset_t none;
    size_t i;

    for (i = 0; i < sizeof(ended_by) / sizeof(*ended_by); i++) {
        signal(ended_by[i], SIG_DFL);
    }
    for (i = 0; i < sizeof(ignored) / sizeof(*ignored); i++) {
        signal(ignored[i], SIG_IGN);
    }
    signal(SIGCHLD, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Over the parent's first argument, as far as it goes: the others are not known to lie
 * behind it. */
static void name_process(const process_rec *process)
{
    char *first = (char *)process->argv[0];
    size_t len = strlen(first);

#if defined(PR_SET_NAME)
    prctl(PR_SET_NAME, NAME, 0, 0, 0);
#endif
    memset(first, 0, len);
    apr_cpystrn(first, NAME, len + 1);
}

static void serve(server_rec *s, r307_mapkeep_t *keep, int queue, pid_t parent)
{
    r307_htbuild_t *files = r307_htbuild_make(s);
    struct pollfd ready[] = { { queue, POLLIN, 0 }, { r307_mapkeep_fd(keep), POLLIN, 0 },
                              { r307_htbuild_fd(files, 0), POLLIN, 0 },
                              { r307_htbuild_fd(files, 1), POLLIN, 0 } };

    while (getppid() == parent) {
        int wait = r307_mapkeep_work(keep);

        r307_mapkeep_say_usage(keep);
        r307_hit_table_work(s);
        r307_htbuild_work(files);
        if (poll(ready, 2 + R307_HTBUILD_FDS, wait < 0 || wait > ALONE ? ALONE : wait) > 0
            && ready[0].revents) {
            r307_mapask_take(queue, keep, s);
        }
    }
}

/* Does not return, and runs no cleanups: they are the parent's. */
static void run(apr_pool_t *pconf, server_rec *s, r307_mapkeep_t *keep, int queue,
                pid_t parent, apr_interval_time_t pause)
{
    set_signals();
#if defined(PR_SET_PDEATHSIG)
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
#endif
    ap_close_listeners();
    name_process(s->process);
    if (ap_run_drop_privileges(pconf, s) > 0) {
        _exit(UNUSABLE);        /* who refused has said why */
    }
#if defined(PR_SET_PDEATHSIG)
    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);      /* forgotten when the user changed */
#endif
    r307_mapkeep_widen(keep, LANES);
    apr_sleep(pause);
    serve(s, keep, queue, parent);
    _exit(0);
}

/* --- the parent --- */

struct r307_builder_t {
    apr_pool_t *pconf;
    server_rec *s;
    r307_running_t *running;
    r307_mapkeep_t *keep;
    int queue;
    pid_t parent;
    apr_time_t begun;
};

static int has_ended(pid_t pid)
{
    int tries, status;

    for (tries = 0; tries < END_TRIES; tries++) {
        if (waitpid(pid, &status, WNOHANG) != 0) {
            return 1;
        }
        apr_sleep(apr_time_from_msec(1));
    }
    return 0;
}

/* One that hangs in the system, at a mount that is gone, is not waited for: once it was
 * killed it does nothing more that is its own. */
void r307_builder_end(r307_running_t *running)
{
    pid_t pid = running->proc.pid;
    int is_over;

    if (!running->pool) {
        return;
    }
    kill(pid, SIGTERM);
    is_over = has_ended(pid);
    if (!is_over) {
        kill(pid, SIGKILL);
        is_over = has_ended(pid);
    }
    if (is_over) {
        apr_pool_destroy(running->pool);
    }
    running->pool = NULL;
}

static int begin(r307_builder_t *builder, apr_interval_time_t pause);

static int is_stopping(void)
{
    int state;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) != APR_SUCCESS
        || state == AP_MPMQ_STOPPING;
}

/* That it was killed says nothing about what it did. */
static int is_crash(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM;
}

static void on_death(r307_builder_t *builder, int status)
{
    int soon = apr_time_now() - builder->begun < TOO_SOON;

    apr_pool_destroy(builder->running->pool);
    builder->running->pool = NULL;
    if (is_stopping()) {
        return;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == UNUSABLE) {
        ap_log_error(APLOG_MARK, APLOG_ERR, 0, builder->s, "the process that builds maps "
                     "could not become the server's user; changed maps are not seen, and "
                     "those of .htaccess are answered 503");
        return;
    }
    ap_log_error(APLOG_MARK, is_crash(status) ? APLOG_ERR : APLOG_WARNING, 0, builder->s,
                 "the process that builds maps ended by %s %d; another one begins",
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    r307_mapkeep_succeed(builder->keep, is_crash(status));
    begin(builder, soon ? TOO_SOON : 0);
}

static void on_change(int reason, void *data, apr_wait_t status)
{
    r307_builder_t *builder = data;

    switch (reason) {
    case APR_OC_REASON_DEATH:
    case APR_OC_REASON_LOST:
        apr_proc_other_child_unregister(data);
        on_death(builder, reason == APR_OC_REASON_LOST ? 0 : (int)status);
        break;
    case APR_OC_REASON_RESTART:
        apr_proc_other_child_unregister(data);
        break;
    default:
        break;
    }
}

static int begin(r307_builder_t *builder, apr_interval_time_t pause)
{
    r307_running_t *running = builder->running;
    sigset_t term, before;
    pid_t pid;

    /* until it has its own handler it would be lost */
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &term, &before);
    pid = fork();
    if (pid) {
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (pid < 0) {
        ap_log_error(APLOG_MARK, APLOG_ERR, errno, builder->s, "the process that builds maps "
                     "cannot be begun");
        return 0;
    }
    if (!pid) {
        run(builder->pconf, builder->s, builder->keep, builder->queue, builder->parent, pause);
    }
    running->proc.pid = pid;
    builder->begun = apr_time_now();
    /* one that could not be ended is killed with the server, by APR */
    apr_pool_create(&running->pool, builder->s->process->pool);
    apr_pool_note_subprocess(running->pool, &running->proc, APR_KILL_AFTER_TIMEOUT);
    apr_proc_other_child_register(&running->proc, on_change, builder, NULL, builder->pconf);
    return 1;
}

/* Before anything of the process goes: who runs is known in a pool that goes before this
 * configuration does. */
static apr_status_t end_with_server(void *data)
{
    r307_builder_t *builder = data;

    if (builder->running && getpid() == builder->parent) {  /* a child that exits comes by, too */
        r307_builder_end(builder->running);
    }
    builder->running = NULL;
    return APR_SUCCESS;
}

/* This configuration goes. Who has all of its memory, too, would have each page copied that the
 * next one is read into; and those that serve by this one take no new connections by now. */
static apr_status_t leave(void *data)
{
    r307_builder_t *builder = data;

    apr_pool_cleanup_kill(builder->s->process->pool, builder, end_with_server);
    return end_with_server(data);
}

int r307_builder_begin(apr_pool_t *pconf, server_rec *s, r307_running_t *running,
                       r307_mapkeep_t *keep, int queue)
{
    r307_builder_t *builder = apr_pcalloc(pconf, sizeof(*builder));

    builder->pconf = pconf;
    builder->s = s;
    builder->running = running;
    builder->keep = keep;
    builder->queue = queue;
    builder->parent = getpid();
    if (!begin(builder, 0)) {
        return 0;
    }
    apr_pool_pre_cleanup_register(s->process->pool, builder, end_with_server);
    apr_pool_cleanup_register(pconf, builder, leave, apr_pool_cleanup_null);
    return 1;
}
