/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_replace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_time.h>

#define TRIES 100

/* A new file, that nobody else had a name for. */
static int make_beside(apr_pool_t *p, int folder, const char **name)
{
    int i, fd = -1;

    for (i = 0; i < TRIES && fd < 0; i++) {
        *name = apr_psprintf(p, ".htredirect307.%" APR_TIME_T_FMT ".%d", apr_time_now(),
                             (int)getpid());
        fd = openat(folder, *name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                    0600);
        if (fd < 0 && errno != EEXIST) {
            break;
        }
    }
    return fd;
}

static int write_all(int fd, const char *s, size_t len)
{
    while (len) {
        ssize_t n = write(fd, s, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return 0;
        }
        s += n;
        len -= (size_t)n;
    }
    return 1;
}

/* The owner first: it takes set-id bits away. */
static int own(int fd, const ctl_replace_as_t *as)
{
    struct stat st;

    if (as->keeps_owner
        && (fstat(fd, &st) != 0
            || ((st.st_uid != as->owner || st.st_gid != as->group)
                && fchown(fd, (uid_t)as->owner, (gid_t)as->group) != 0))) {
        return 0;
    }
    return fchmod(fd, (mode_t)(as->mode & 07777)) == 0;
}

const char *ctl_replace(apr_pool_t *p, int folder, const char *leaf, const char *bytes,
                        size_t len, const ctl_replace_as_t *as)
{
    const char *name = NULL, *bad = NULL;
    int fd = make_beside(p, folder, &name);

    if (fd < 0) {
        return apr_pstrdup(p, strerror(errno));
    }
    if (!write_all(fd, bytes, len) || fsync(fd) != 0) {
        bad = apr_pstrdup(p, strerror(errno));
    }
    else if (!own(fd, as)) {
        bad = apr_psprintf(p, "its owner and mode cannot be kept: %s", strerror(errno));
    }
    if (close(fd) != 0 && !bad) {
        bad = apr_pstrdup(p, strerror(errno));
    }
    if (!bad && renameat(folder, name, folder, leaf) != 0) {
        bad = apr_pstrdup(p, strerror(errno));
    }
    if (bad) {
        unlinkat(folder, name, 0);
    }
    return bad;
}
