/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <apr_strings.h>

#include "reach.h"

#define ROOM ((size_t)256 << 10)    /* of a line: three fields of 8190 bytes, escaped */

/* Where gzip is: an absolute name that root trusts, never by PATH. */
static const char *const programs[] = {
    "/usr/bin/gzip", "/bin/gzip", "/usr/local/bin/gzip", "/opt/homebrew/bin/gzip", NULL
};

typedef struct lines_t {
    char *bytes;
    size_t len;                 /* of what was read and is no line yet */
    int is_long;                /* the line it belongs to has no room */
    void (*met)(void *baton, const char *s, size_t len);
    void *baton;
} lines_t;

static apr_status_t close_fd(void *data)
{
    close(((ctl_log_t *)data)->fd);
    return APR_SUCCESS;
}

const char *ctl_log_open(apr_pool_t *p, const char *name, ctl_log_t *log)
{
    unsigned char magic[2];
    const char *bad;

    memset(log, 0, sizeof(*log));
    log->p = p;
    bad = ctl_reach_stream(p, name, &log->name, &log->fd, &log->size, &log->is_once);
    if (bad) {
        return bad;
    }
    apr_pool_cleanup_register(p, log, close_fd, apr_pool_cleanup_null);
    log->is_gzip = !log->is_once && pread(log->fd, magic, 2, 0) == 2 && magic[0] == 0x1F
                   && magic[1] == 0x8B;
    return NULL;
}

static void say_line(const lines_t *lines, const char *s, size_t len)
{
    len -= len && s[len - 1] == '\r';
    lines->met(lines->baton, s, len);
}

/* The lines of what was read last, behind what is left of the time before. */
static void take(lines_t *lines, size_t got)
{
    char *s = lines->bytes, *end = s + lines->len + got, *from = s + lines->len, *stop;

    while ((stop = memchr(from, '\n', (size_t)(end - from))) != NULL) {
        if (lines->is_long) {
            lines->met(lines->baton, NULL, 0);
        }
        else {
            say_line(lines, s, (size_t)(stop - s));
        }
        lines->is_long = 0;
        s = from = stop + 1;
    }
    lines->len = (size_t)(end - s);
    if (lines->len == ROOM || lines->is_long) {
        lines->is_long = 1;
        lines->len = 0;
    }
    memmove(lines->bytes, s, lines->len);
}

/* NULL, or why not to the end. */
static const char *read_lines(int fd, apr_uint64_t most, lines_t *lines)
{
    int is_first = 1;

    while (most) {
        size_t room = ROOM - lines->len;
        ssize_t got
            = read(fd, lines->bytes + lines->len, room < most ? room : (size_t)most);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return strerror(errno);
        }
        if (got == 0) {
            break;
        }
        if (is_first && got > 1 && memcmp(lines->bytes, "\x1F\x8B", 2) == 0) {
            return "is compressed; write gzip -dc FILE | redirect307ctl missing -";
        }
        is_first = 0;
        most -= (apr_uint64_t)got;
        take(lines, (size_t)got);
    }
    if (lines->is_long) {
        lines->met(lines->baton, NULL, 0);
    }
    else if (lines->len) {
        say_line(lines, lines->bytes, lines->len);
    }
    return NULL;
}

/* gzip reads the file from its descriptor, so that no name is an option to it. */
static const char *read_gzip(const ctl_log_t *log, lines_t *lines)
{
    char locale[] = "LC_ALL=C", *const environment[] = { locale, NULL };
    const char *bad;
    int ends[2], null, status = 0, i;
    pid_t pid;

    for (i = 0; programs[i] && access(programs[i], X_OK) != 0; i++) {
        continue;
    }
    if (!programs[i]) {
        return "is compressed, and there is no gzip; write gzip -dc FILE | "
               "redirect307ctl "
               "missing -";
    }
    if (lseek(log->fd, 0, SEEK_SET) < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        return strerror(errno);
    }
    pid = fork();
    if (pid == 0) {
        null = open("/dev/null", O_RDWR);
        dup2(log->fd, 0);
        dup2(ends[1], 1);
        dup2(null, 2);
        execle(programs[i], "gzip", "-dc", (char *)NULL, environment);
        _exit(127);
    }
    close(ends[1]);
    bad = pid < 0 ? strerror(errno) : read_lines(ends[0], APR_UINT64_MAX, lines);
    close(ends[0]);
    if (pid > 0 && waitpid(pid, &status, 0) == pid && !bad
        && (!WIFEXITED(status)
            || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 2))) {
        bad = "is damaged: gzip gave up before its end";
    }
    return bad;
}

const char *ctl_log_each(const ctl_log_t *log,
                         void (*met)(void *baton, const char *s, size_t len), void *baton)
{
    lines_t lines = { NULL, 0, 0, met, baton };
    const char *bad;

    lines.bytes = malloc(ROOM);
    if (!lines.bytes) {
        abort();
    }
    if (log->is_gzip) {
        bad = read_gzip(log, &lines);
    }
    else if (!log->is_once && lseek(log->fd, 0, SEEK_SET) < 0) {
        bad = strerror(errno);
    }
    else {
        bad = read_lines(log->fd, log->is_once ? APR_UINT64_MAX : log->size, &lines);
    }
    free(lines.bytes);
    return bad ? apr_psprintf(log->p, "%s: %s", log->name, bad) : NULL;
}
