/* SPDX-License-Identifier: Apache-2.0 */
#include "file/open_below.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>

#define FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
#define LINKS_MOST 40

/* A directory on the way needs only to be passed, and one with the rights 0711 can be. */
#if defined(O_PATH)
#define PASSING (O_PATH | O_CLOEXEC | O_DIRECTORY)
#elif defined(O_SEARCH)
#define PASSING (O_SEARCH | O_CLOEXEC | O_DIRECTORY)
#else
#define PASSING (FLAGS | O_DIRECTORY)
#endif

#ifdef __APPLE__
#define WRITTEN(st) ((st)->st_mtimespec)
#define CHANGED(st) ((st)->st_ctimespec)
#else
#define WRITTEN(st) ((st)->st_mtim)
#define CHANGED(st) ((st)->st_ctim)
#endif

static void clear(r307_opened_t *opened)
{
    memset(opened, 0, sizeof(*opened));
    opened->fd = -1;
}

static void note(const struct stat *st, r307_opened_t *opened)
{
    opened->as.device = (apr_uint64_t)st->st_dev;
    opened->as.inode = (apr_uint64_t)st->st_ino;
    opened->as.owner = (apr_uint32_t)st->st_uid;
    opened->mode = (apr_uint32_t)st->st_mode;
    opened->group = (apr_uint32_t)st->st_gid;
    opened->size = (apr_uint64_t)st->st_size;
    opened->written = (apr_uint64_t)WRITTEN(st).tv_sec * 1000000000u
                      + (apr_uint64_t)WRITTEN(st).tv_nsec;
    opened->changed = (apr_uint64_t)CHANGED(st).tv_sec * 1000000000u
                      + (apr_uint64_t)CHANGED(st).tv_nsec;
}

static r307_open_result_t failed(r307_opened_t *opened)
{
    opened->error = errno;
    return errno == ENOENT ? R307_OPEN_MISSING
        : errno == ELOOP ? R307_OPEN_LINKED
        : errno == ENOTDIR ? R307_OPEN_NO_FOLDER : R307_OPEN_FAILED;
}

/* The verdict over what is open, and the descriptor only with a good one. */
static r307_open_result_t keep(int fd, r307_open_result_t result, r307_opened_t *opened)
{
    if (result == R307_OPEN_FINE) {
        opened->fd = fd;
    }
    else {
        close(fd);
    }
    return result;
}

static r307_open_result_t judge(int want_folder, const r307_open_rule_t *rule,
                                const r307_opened_t *opened)
{
    int i;

    if (want_folder ? !S_ISDIR(opened->mode) : !S_ISREG(opened->mode)) {
        return want_folder ? R307_OPEN_NO_FOLDER : R307_OPEN_NOT_PLAIN;
    }
    if (rule && rule->owner_count) {
        for (i = 0; i < rule->owner_count && rule->owners[i] != opened->as.owner; i++) {
            continue;
        }
        if (i == rule->owner_count) {
            return R307_OPEN_FOREIGN;
        }
    }
    return rule && rule->size_most && opened->size > rule->size_most ? R307_OPEN_LARGE
                                                                     : R307_OPEN_FINE;
}

static int is_same(const r307_folder_t *a, const r307_folder_t *b)
{
    return a->device == b->device && a->inode == b->inode && a->owner == b->owner;
}

r307_open_result_t r307_open_folder(const char *path, const r307_folder_t *seen,
                                    r307_opened_t *opened)
{
    int fd = open(*path ? path : "/", PASSING);
    struct stat st;

    clear(opened);
    if (fd < 0 || fstat(fd, &st) != 0) {
        r307_open_result_t result = failed(opened);

        return fd < 0 ? result : keep(fd, result, opened);
    }
    note(&st, opened);
    return keep(fd, seen && !is_same(seen, &opened->as) ? R307_OPEN_REPLACED
                                                        : R307_OPEN_FINE, opened);
}

/* --- one part of a name --- */

/* Looks at `name` before it is opened, as opening a device can do something. What another
 * puts there in between is met by O_NOFOLLOW and judged again. */
static r307_open_result_t open_part(int at, const char *name, int is_last,
                                    r307_opened_t *opened)
{
    struct stat st;
    int fd;

    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
        return failed(opened);
    }
    note(&st, opened);
    if (S_ISLNK(st.st_mode)) {
        return R307_OPEN_LINKED;
    }
    if (!S_ISDIR(st.st_mode) && !(is_last && S_ISREG(st.st_mode))) {
        return is_last ? R307_OPEN_NOT_PLAIN : R307_OPEN_NO_FOLDER;
    }
    fd = openat(at, name, O_NOFOLLOW | (is_last ? FLAGS : PASSING));
    if (fd < 0 || fstat(fd, &st) != 0) {
        r307_open_result_t result = failed(opened);

        return fd < 0 ? result : keep(fd, result, opened);
    }
    note(&st, opened);
    opened->fd = fd;
    return R307_OPEN_FINE;
}

/* The next part of *rest, moved behind it and the slashes; 0 when there is none, or when
 * it is longer than a name can be. */
static int next_part(const char **rest, char name[NAME_MAX + 1])
{
    size_t len;

    *rest += strspn(*rest, "/");
    len = strcspn(*rest, "/");
    if (len == 0 || len > NAME_MAX) {
        return 0;
    }
    memcpy(name, *rest, len);
    name[len] = '\0';
    *rest += len;
    *rest += strspn(*rest, "/");
    return 1;
}

/* What the walk ended at. */
static r307_open_result_t end_at(int fd, int want_folder, const r307_open_rule_t *rule,
                                 r307_opened_t *opened)
{
    struct stat st;

    if (fstat(fd, &st) != 0) {
        return failed(opened);
    }
    note(&st, opened);
    return judge(want_folder, rule, opened);
}

/* --- below a directory --- */

static int dup_of(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

static int stays_below(const char *name)
{
    if (*name == '/') {
        return 0;
    }
    while (*name) {
        size_t n = strcspn(name, "/");

        if (n == 2 && name[0] == '.' && name[1] == '.') {
            return 0;
        }
        name += n + (name[n] == '/');
    }
    return 1;
}

static r307_open_result_t walk_below(int folder, const char *name, int want_folder,
                                     const r307_open_rule_t *rule, r307_opened_t *opened)
{
    r307_open_result_t result = R307_OPEN_FINE;
    char part[NAME_MAX + 1];
    int at = dup_of(folder);

    clear(opened);
    opened->size_most = rule ? rule->size_most : 0;
    if (at < 0) {
        return failed(opened);
    }
    if (!stays_below(name)) {
        return keep(at, R307_OPEN_OUTSIDE, opened);
    }
    while (result == R307_OPEN_FINE && next_part(&name, part)) {
        result = open_part(at, part, !*name && !want_folder, opened);
        if (result == R307_OPEN_FINE) {
            close(at);
            at = opened->fd;
            opened->fd = -1;
        }
    }
    if (result == R307_OPEN_FINE && *name) {
        opened->error = ENAMETOOLONG;
        result = R307_OPEN_FAILED;
    }
    return keep(at, result == R307_OPEN_FINE ? end_at(at, want_folder, rule, opened)
                                             : result, opened);
}

r307_open_result_t r307_open_below(int folder, const char *name,
                                   const r307_open_rule_t *rule, r307_opened_t *opened)
{
    return walk_below(folder, name, 0, rule, opened);
}

r307_open_result_t r307_open_folder_below(int folder, const char *name,
                                          r307_opened_t *opened)
{
    return walk_below(folder, name, 1, NULL, opened);
}

/* --- what a person named --- */

typedef struct naming_t {
    int at;                     /* the directory so far */
    char rest[PATH_MAX];        /* what is still to be walked */
    int links;
    int is_owned;               /* by a link of somebody else: */
    apr_uint32_t owner;         /* whose the end must be */
} naming_t;

/* Puts what a link holds before what is still to be walked. */
static r307_open_result_t follow(naming_t *naming, const char *part, const char *rest,
                                 r307_opened_t *opened)
{
    apr_uint32_t owner = opened->as.owner;
    char text[PATH_MAX];
    ssize_t len = readlinkat(naming->at, part, text, sizeof(text) - 1);
    size_t more = strlen(rest);

    if (len < 0) {
        return failed(opened);
    }
    if (++naming->links > LINKS_MOST || (size_t)len + more + 2 > sizeof(text)) {
        return R307_OPEN_LINKED;
    }
    if (owner != 0 && owner != (apr_uint32_t)geteuid()) {
        if (naming->is_owned && naming->owner != owner) {
            return R307_OPEN_LINKED;
        }
        naming->is_owned = 1;
        naming->owner = owner;
    }
    text[len] = '/';
    memcpy(text + len + 1, rest, more + 1);
    memcpy(naming->rest, text, (size_t)len + more + 2);
    if (text[0] == '/') {
        int top = open("/", PASSING);

        if (top < 0) {
            return failed(opened);
        }
        close(naming->at);
        naming->at = top;
    }
    return R307_OPEN_FINE;
}

/* Walks until nothing is left; the last part is then what `at` is. */
static r307_open_result_t walk(naming_t *naming, int want_folder, r307_opened_t *opened)
{
    char part[NAME_MAX + 1];
    const char *rest = naming->rest;

    while (next_part(&rest, part)) {
        r307_open_result_t result = open_part(naming->at, part, !*rest && !want_folder,
                                              opened);

        if (result == R307_OPEN_LINKED && S_ISLNK(opened->mode)) {
            result = follow(naming, part, rest, opened);
            rest = naming->rest;
        }
        else if (result == R307_OPEN_FINE) {
            close(naming->at);
            naming->at = opened->fd;
            opened->fd = -1;
        }
        if (result != R307_OPEN_FINE) {
            return result;
        }
    }
    if (*rest) {
        opened->error = ENAMETOOLONG;
        return R307_OPEN_FAILED;
    }
    return R307_OPEN_FINE;
}

r307_open_result_t r307_open_named(const char *path, int want_folder,
                                   const r307_open_rule_t *rule, r307_opened_t *opened)
{
    r307_open_result_t result;
    naming_t naming;

    clear(opened);
    opened->size_most = rule ? rule->size_most : 0;
    memset(&naming, 0, sizeof(naming));
    if (!*path || strlen(path) >= sizeof(naming.rest)) {
        opened->error = *path ? ENAMETOOLONG : ENOENT;
        return *path ? R307_OPEN_FAILED : R307_OPEN_MISSING;
    }
    memcpy(naming.rest, path, strlen(path) + 1);
    naming.at = open(*path == '/' ? "/" : ".", PASSING);
    if (naming.at < 0) {
        return failed(opened);
    }
    result = walk(&naming, want_folder, opened);
    if (result == R307_OPEN_FINE) {
        result = end_at(naming.at, want_folder, rule, opened);
    }
    if (result == R307_OPEN_FINE && naming.is_owned && naming.owner != opened->as.owner) {
        result = R307_OPEN_LINKED;
    }
    return keep(naming.at, result, opened);
}

r307_open_result_t r307_open_handed(int fd, r307_opened_t *opened)
{
    int own = dup_of(fd);

    clear(opened);
    return own < 0 ? failed(opened) : keep(own, end_at(own, 0, NULL, opened), opened);
}

ssize_t r307_open_read(int fd, void *bytes, size_t most)
{
    size_t len = 0;

    while (len < most) {
        ssize_t n = pread(fd, (char *)bytes + len, most - len, (off_t)len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return n < 0 ? n : (ssize_t)len;
        }
        len += (size_t)n;
    }
    return (ssize_t)len;
}

/* --- words --- */

const char *r307_open_text(apr_pool_t *p, r307_open_result_t result,
                           const r307_opened_t *opened)
{
    switch (result) {
    case R307_OPEN_FINE:
        return "is fine";
    case R307_OPEN_OUTSIDE:
        return "lies outside the directory of this .htaccess; put it there, and write its "
               "name alone";
    case R307_OPEN_LINKED:
        return "is reached by a symbolic link; in .htaccess write the file itself";
    case R307_OPEN_NOT_PLAIN:
        return "is no plain file";
    case R307_OPEN_FOREIGN:
        return "belongs to another owner than the directory and the .htaccess";
    case R307_OPEN_LARGE:
        return apr_psprintf(p, "has %" APR_UINT64_T_FMT " bytes, and %" APR_UINT64_T_FMT
                            " are read at most", opened->size, opened->size_most);
    case R307_OPEN_REPLACED:
        return "lies in a directory that is another one than before";
    case R307_OPEN_MISSING:
    case R307_OPEN_NO_FOLDER:
    case R307_OPEN_FAILED:
        break;
    }
    return apr_psprintf(p, "cannot be opened: %s",
                        strerror(opened->error ? opened->error : ENOTDIR));
}
