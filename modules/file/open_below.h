/* SPDX-License-Identifier: Apache-2.0
 *
 * open_below: how a file is opened whose place somebody else decides: a tenant's map, flag
 * or .htaccess, a name on root's command line. Part after part, without links but those
 * that may be trusted, never waiting for a pipe or a device, and what was opened is what
 * is judged. And how all of it is read. Knows no formats; POSIX and APR's pools, for both
 * rooms.
 *
 * Nothing of <sys/stat.h> is seen here: how wide its fields are differs with the flags
 * that httpd and configure choose on 32-bit machines.
 */
#ifndef R307_OPEN_BELOW_H
#define R307_OPEN_BELOW_H

#include <sys/types.h>
#include <apr_pools.h>

typedef enum {
    R307_OPEN_FINE = 0,
    R307_OPEN_MISSING,          /* is not there */
    R307_OPEN_OUTSIDE,          /* an absolute name, or one with ".." */
    R307_OPEN_LINKED,           /* a symbolic link, in any part, that is not followed */
    R307_OPEN_NOT_PLAIN,        /* a directory, a pipe, a device ... */
    R307_OPEN_NO_FOLDER,        /* a part that is no directory, or a folder that is none */
    R307_OPEN_FOREIGN,          /* belongs to none of the owners it may belong to */
    R307_OPEN_LARGE,
    R307_OPEN_REPLACED,         /* the directory is not the one that was seen */
    R307_OPEN_FAILED            /* `error` says why */
} r307_open_result_t;

/* A directory, or what of one was seen: a later one at the same place is another. */
typedef struct r307_folder_t {
    apr_uint64_t device, inode;
    apr_uint32_t owner;
} r307_folder_t;

/* What a file must be. */
typedef struct r307_open_rule_t {
    apr_uint64_t size_most;     /* 0: whatever */
    int owner_count;            /* 0: whoever */
    apr_uint32_t owners[2];
} r307_open_rule_t;

typedef struct r307_opened_t {
    int fd;                     /* to be closed by the caller; -1 unless R307_OPEN_FINE.
                                 * A directory's may be one to pass through only: read it
                                 * by openat(fd, ".", O_RDONLY) */
    int error;                  /* errno, or 0 */
    r307_folder_t as;           /* device, inode and owner of what was opened */
    apr_uint32_t mode, group;
    apr_uint64_t size;
    apr_uint64_t written, changed;  /* mtime and ctime, in nanoseconds */
    apr_uint64_t size_most;     /* of the rule, for the text */
} r307_opened_t;

/* Opens a directory for r307_open_below. Links in `path` are followed, as whoever named it
 * does; seen: NULL, or what it must be. */
r307_open_result_t r307_open_folder(const char *path, const r307_folder_t *seen,
                                    r307_opened_t *opened);

/* Opens a plain file below a directory that is held open. `name` is relative to it and
 * stays below it, and no part of it is a link. rule: NULL, or what the file must be. When
 * it must not, `opened` still tells what it is, without a descriptor. */
r307_open_result_t r307_open_below(int folder, const char *name,
                                   const r307_open_rule_t *rule, r307_opened_t *opened);

/* The same for a directory: where a file below `folder` is to be made or removed. A name
 * without a part ("", ".") is the folder itself. */
r307_open_result_t r307_open_folder_below(int folder, const char *name,
                                          r307_opened_t *opened);

/* Opens what a person named, who may have rights that whoever made the links in `path` has
 * not: a link is followed if it is root's or this process's user's, or if what it leads to
 * belongs to who made it. want_folder: a directory, else a plain file. */
r307_open_result_t r307_open_named(const char *path, int want_folder,
                                   const r307_open_rule_t *rule, r307_opened_t *opened);

/* A plain file that somebody else opened and handed over: fills `opened`, with a descriptor
 * of its own. */
r307_open_result_t r307_open_handed(int fd, r307_opened_t *opened);

/* The first `most` bytes of an open file, or all it has; wherever its descriptor is at, as
 * that may be shared. How many, or -1 with errno. */
ssize_t r307_open_read(int fd, void *bytes, size_t most);

/* Why there is no file, to stand behind its name. */
const char *r307_open_text(apr_pool_t *p, r307_open_result_t result,
                           const r307_opened_t *opened);

#endif
