/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_flag.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#include "base/datetime.h"
#include "base/disk.h"

#define TEXT_MOST 4096

/* Where the server will look. */
const char *ctl_flag_find(ctl_flag_t *flag)
{
    const char *name = flag->line->flag, *file, *bad;

    if (!name) {
        return apr_psprintf(flag->p, "%s:%u: this line has no flag=, so it is in force "
                            "whenever its window is; write: %s flag=down.on",
                            flag->line->rule.place.file, flag->line->rule.place.line,
                            flag->args);
    }
    if (ctl_reach_is_elsewhere(flag->reach, name)) {
        return apr_psprintf(flag->p, "flag='%s' is relative to ServerRoot; say which that "
                            "is: --root DIR", name);
    }
    file = flag->reach->is_conf ? name : ctl_reach_relative(flag->p, flag->reach, name);
    if (!flag->reach->is_conf && (*file == '/' || r307_disk_climbs(file))) {
        return apr_psprintf(flag->p, "flag='%s' lies outside of the directory of this "
                            ".htaccess, where the server does not look; write "
                            "flag=down.on", name);
    }
    flag->path = *file == '/' ? file
        : apr_pstrcat(flag->p, flag->reach->is_conf ? flag->reach->root
                                                     : flag->reach->directory, "/", file,
                      NULL);
    bad = ctl_reach_parent(flag->p, flag->reach, file, &flag->folder, &flag->leaf);
    return bad ? apr_psprintf(flag->p, "flag='%s': %s; this command leaves it alone", name,
                              bad) : NULL;
}

static const char *take_flag_text(ctl_flag_t *flag, const r307_opened_t *opened)
{
    char *text = apr_palloc(flag->p, TEXT_MOST + 1);
    r307_flag_says_t says;
    ssize_t len = r307_open_read(opened->fd, text, TEXT_MOST);

    close(opened->fd);
    len = len < 0 ? 0 : len;
    text[len] = '\0';
    flag->seen.exists = 1;
    flag->seen.made = apr_time_from_sec((apr_time_t)(opened->written / 1000000000u));
    flag->seen.text = text;
    r307_flag_read(flag->p, text, &says);
    flag->is_foreign = says.problems != NULL || opened->size > TEXT_MOST
                        || strlen(text) != (size_t)len;
    return NULL;
}

const char *ctl_flag_read(ctl_flag_t *flag)
{
    r307_opened_t opened;

    switch (r307_open_below(flag->folder, flag->leaf, NULL, &opened)) {
    case R307_OPEN_FINE:
        return take_flag_text(flag, &opened);
    case R307_OPEN_MISSING:
        return NULL;
    case R307_OPEN_FAILED:
        return apr_psprintf(flag->p, "%s: %s", flag->path, strerror(opened.error));
    default:
        return apr_psprintf(flag->p, "%s is no plain file; this command leaves it alone",
                            flag->path);
    }
}

/* A new file beside the flag, that nobody else had a name for. */
static int make_temporary(const ctl_flag_t *flag, const char **name)
{
    int i, fd = -1;

    for (i = 0; i < 100 && fd < 0; i++) {
        *name = apr_psprintf(flag->p, "%s.%" APR_TIME_T_FMT ".%d", flag->leaf,
                             apr_time_now(), (int)getpid());
        fd = openat(flag->folder, *name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                                          | O_CLOEXEC, 0600);
        if (fd < 0 && errno != EEXIST) {
            break;
        }
    }
    return fd;
}

/* Written beside it and renamed: the server never reads half a flag. */
const char *ctl_flag_write(const ctl_flag_t *flag, const ctl_flag_says_t *says)
{
    const char *name = NULL, *bad = NULL;
    int fd = make_temporary(flag, &name), i;
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");

    if (!out) {
        return apr_psprintf(flag->p, "%s: %s", flag->path, strerror(errno));
    }
    fprintf(out, "# redirect307ctl maintenance on, %s\n",
            r307_time_print(flag->p, says->now));
    if (says->eta) {
        fprintf(out, "eta=%s\n", r307_time_print(flag->p, says->eta));
    }
    if (says->until) {
        fprintf(out, "until=%s\n", r307_time_print(flag->p, says->until));
    }
    for (i = 0; i < says->allow->nelts; i++) {
        fprintf(out, "allow=%s\n", APR_ARRAY_IDX(says->allow, i, const char *));
    }
    /* the server's user has to read it */
    if (fchmod(fd, 0644) != 0 || fflush(out) != 0) {
        bad = strerror(errno);
    }
    if (fclose(out) != 0 || bad
        || renameat(flag->folder, name, flag->folder, flag->leaf) != 0) {
        bad = bad ? bad : strerror(errno);
        unlinkat(flag->folder, name, 0);
        return apr_psprintf(flag->p, "%s: %s", flag->path, bad);
    }
    return NULL;
}

const char *ctl_flag_remove(const ctl_flag_t *flag)
{
    return unlinkat(flag->folder, flag->leaf, 0) == 0 ? NULL
        : apr_psprintf(flag->p, "%s: %s", flag->path, strerror(errno));
}
