/* SPDX-License-Identifier: Apache-2.0 */
#define _FILE_OFFSET_BITS 64
#include "file/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

DIR *r307_folder_open(int at, const char *name)
{
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);

    if (!dir && fd >= 0) {
        error = errno;
        close(fd);
        errno = error;
    }
    return dir;
}

static r307_entry_t kind_of(DIR *dir, const struct dirent *at)
{
    struct stat st;

#ifdef DT_UNKNOWN
    if (at->d_type != DT_UNKNOWN) {
        return at->d_type == DT_DIR ? R307_ENTRY_FOLDER
            : at->d_type == DT_REG ? R307_ENTRY_PLAIN : R307_ENTRY_OTHER;
    }
#endif
    if (fstatat(dirfd(dir), at->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return R307_ENTRY_UNKNOWN;
    }
    return S_ISDIR(st.st_mode) ? R307_ENTRY_FOLDER
        : S_ISREG(st.st_mode) ? R307_ENTRY_PLAIN : R307_ENTRY_OTHER;
}

const char *r307_folder_next(DIR *dir, r307_entry_t *entry)
{
    const struct dirent *at;

    do {
        errno = 0;
        at = readdir(dir);
    } while (at && (strcmp(at->d_name, ".") == 0 || strcmp(at->d_name, "..") == 0));
    if (!at) {
        return NULL;
    }
    *entry = kind_of(dir, at);
    return at->d_name;
}

void r307_folder_close(DIR *dir)
{
    int error = errno;

    closedir(dir);
    errno = error;
}
