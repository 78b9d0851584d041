/* SPDX-License-Identifier: Apache-2.0 */
#include "reach.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "base/text.h"
#include "file/folder.h"
#include "file/read_whole.h"

#define HTACCESS ".htaccess"
#define DEPTH_MOST 64
#define TEXT_MOST (APR_UINT64_C(64) << 20)  /* of httpd.conf, .htaccess, standard input */
#define MAP_MOST (APR_UINT64_C(4) << 30)    /* as the server's own */
#define TENANT_MOST (APR_UINT64_C(16) << 20)

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

static const char *why_not(apr_pool_t *p, const char *name, r307_open_result_t result,
                           const r307_opened_t *opened)
{
    if (result == R307_OPEN_MISSING || result == R307_OPEN_NO_FOLDER
        || result == R307_OPEN_FAILED) {
        return apr_psprintf(p, "%s: %s", show(p, name),
                            strerror(opened->error ? opened->error : ENOTDIR));
    }
    return apr_psprintf(p, "%s: %s", show(p, name), r307_open_text(p, result, opened));
}

/* The same of what a person named. */
static const char *why_not_named(apr_pool_t *p, const char *name,
                                 r307_open_result_t result, const r307_opened_t *opened)
{
    return result != R307_OPEN_LINKED ? why_not(p, name, result, opened)
        : apr_psprintf(p, "%s: is reached by a symbolic link of another user; name the file "
                       "itself", show(p, name));
}

/* --- bytes --- */

/* All of a descriptor, up to `most`; closes it. */
static const char *read_all(apr_pool_t *p, int fd, apr_uint64_t size, apr_uint64_t most,
                            const char **bytes, size_t *len)
{
    char *s = r307_read_whole(fd, (size_t)size, (size_t)most, len);
    const char *bad = s ? NULL : strerror(errno);

    close(fd);
    if (s && *len > most) {
        bad = "is too large to be read";
    }
    *bytes = bad ? NULL : apr_pmemdup(p, s, *len + 1);
    free(s);
    return bad;
}

/* --- what was named --- */

static const char *directory_of(apr_pool_t *p, const char *path)
{
    const char *slash = strrchr(path, '/');

    return !slash ? "." : slash == path ? "/"
                        : apr_pstrmemdup(p, path, (size_t)(slash - path));
}

/* "/dev/fd/63", as shells write "<(...)": a descriptor that this process has; else -1. */
static int descriptor_of(const char *path)
{
    if (strcmp(path, "-") == 0 || strcmp(path, "/dev/stdin") == 0) {
        return 0;
    }
    if (strncmp(path, "/dev/fd/", 8) == 0 && isdigit((unsigned char)path[8])
        && strlen(path) < 14) {
        return atoi(path + 8);
    }
    return -1;
}

const char *ctl_reach_name(apr_pool_t *p, const char *name, ctl_named_t *found)
{
    const char *directory = descriptor_of(name) >= 0 ? "." : directory_of(p, name);
    r307_opened_t opened;
    r307_open_result_t result = r307_open_named(directory, 1, NULL, &opened);

    found->name = strcmp(name, "-") == 0 ? "(standard input)" : show(p, name);
    found->path = apr_pstrdup(p, name);
    found->folder = opened.fd;
    found->is_walked = 0;
    return result == R307_OPEN_FINE ? NULL : why_not_named(p, name, result, &opened);
}

/* --- directories --- */

static void tell(apr_pool_t *p, const ctl_meeting_t *meeting, const char *name,
                 const char *why)
{
    meeting->unread(meeting->baton, name, apr_psprintf(p, "%s: %s", show(p, name), why));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names in a directory that may be directories, sorted; NULL when it cannot be read. */
static apr_array_header_t *list(apr_pool_t *p, int folder)
{
    apr_array_header_t *names = apr_array_make(p, 16, sizeof(const char *));
    DIR *dir = r307_folder_open(folder, ".");
    r307_entry_t entry;
    const char *name;

    if (!dir) {
        return NULL;
    }
    while ((name = r307_folder_next(dir, &entry)) != NULL) {
        if (entry == R307_ENTRY_FOLDER || entry == R307_ENTRY_UNKNOWN) {
            APR_ARRAY_PUSH(names, const char *) = apr_pstrdup(p, name);
        }
    }
    r307_folder_close(dir);
    if (errno) {
        return NULL;
    }
    qsort(names->elts, (size_t)names->nelts, sizeof(const char *), by_name);
    return names;
}

static void meet(apr_pool_t *p, const char *name, int folder, const ctl_meeting_t *meeting,
                 const ctl_entering_t *entering)
{
    int i, count = entering ? entering->names->nelts : 1;
    ctl_named_t found;
    struct stat st;

    for (i = 0; i < count; i++) {
        const char *leaf = entering ? APR_ARRAY_IDX(entering->names, i, const char *)
                                    : HTACCESS;

        found.path = apr_pstrcat(p, name, strcmp(name, "/") == 0 ? "" : "/", leaf, NULL);
        if (fstatat(folder, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            found.name = show(p, found.path);
            found.folder = folder;
            found.is_walked = 1;
            meeting->met(meeting->baton, &found);
            return;
        }
        if (errno != ENOENT && errno != ENOTDIR) {
            tell(p, meeting, found.path, strerror(errno));
        }
    }
}

/* Links to directories are not followed, as a loop of them would never end. */
static void walk(apr_pool_t *parent, const char *name, int folder, int depth,
                 const ctl_meeting_t *meeting, const ctl_entering_t *entering)
{
    apr_array_header_t *names;
    r307_opened_t opened;
    apr_pool_t *p;
    int i;

    if (entering && !entering->enter(meeting->baton, name, folder)) {
        return;
    }
    apr_pool_create(&p, parent);
    names = depth > DEPTH_MOST ? NULL : list(p, folder);
    if (!names) {
        tell(p, meeting, name, depth > DEPTH_MOST ? "too deep" : strerror(errno));
        apr_pool_destroy(p);
        return;
    }
    meet(p, name, folder, meeting, entering);
    for (i = 0; i < names->nelts; i++) {
        const char *entry = APR_ARRAY_IDX(names, i, const char *);
        const char *path = apr_pstrcat(p, name, strcmp(name, "/") == 0 ? "" : "/", entry, NULL);
        r307_open_result_t result;

        if (strcmp(entry, HTACCESS) == 0) {
            continue;
        }
        result = r307_open_folder_below(folder, entry, &opened);
        if (result == R307_OPEN_FINE) {
            walk(p, path, opened.fd, depth + 1, meeting, entering);
            close(opened.fd);
        }
        else if (result == R307_OPEN_FAILED) {
            tell(p, meeting, path, strerror(opened.error));
        }
    }
    apr_pool_destroy(p);
}

/* 0: it is no directory. */
static int walk_named(apr_pool_t *p, const char *name, const ctl_meeting_t *meeting,
                      const ctl_entering_t *entering)
{
    r307_opened_t opened;
    size_t n = strlen(name);

    if (descriptor_of(name) >= 0
        || r307_open_named(name, 1, NULL, &opened) != R307_OPEN_FINE) {
        return 0;
    }
    while (n > 1 && name[n - 1] == '/') {
        n--;
    }
    walk(p, apr_pstrmemdup(p, name, n), opened.fd, 0, meeting, entering);
    close(opened.fd);
    return 1;
}

void ctl_reach_walk(apr_pool_t *p, const char *name, const ctl_meeting_t *meeting,
                    const ctl_entering_t *entering)
{
    (void)walk_named(p, name, meeting, entering);
}

void ctl_reach_each(apr_pool_t *p, const char *name, const ctl_meeting_t *meeting)
{
    ctl_named_t found;
    const char *bad;

    if (walk_named(p, name, meeting, NULL)) {
        return;
    }
    bad = ctl_reach_name(p, name, &found);
    if (bad) {
        meeting->unread(meeting->baton, name, bad);
        return;
    }
    meeting->met(meeting->baton, &found);
    close(found.folder);
}

/* --- reading what rules stand in --- */

/* The owners of directory and file, for what the file names. */
static void set_owners(ctl_reach_t *reach, apr_uint32_t owner)
{
    struct stat st;

    reach->owners[0] = fstat(reach->folder, &st) == 0 ? (apr_uint32_t)st.st_uid : owner;
    reach->owners[1] = owner;
}

const char *ctl_reach_read(apr_pool_t *p, const ctl_named_t *found, ctl_reach_t *reach)
{
    static const r307_open_rule_t rule = { TEXT_MOST, 0, { 0, 0 } };
    int fd = descriptor_of(found->path);
    size_t n = strlen(found->path);
    r307_open_result_t result;
    r307_opened_t opened;
    const char *bad;

    memset(reach, 0, sizeof(*reach));
    memset(&opened, 0, sizeof(opened));
    reach->p = p;
    reach->name = apr_pstrdup(p, found->name);
    reach->directory = directory_of(p, fd < 0 ? found->path : "-");
    reach->folder = found->folder;
    reach->is_conf = n > 5 && strcmp(found->path + n - 5, ".conf") == 0;
    if (fd >= 0) {
        opened.fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        opened.as.owner = (apr_uint32_t)geteuid();
        opened.error = errno;
        result = opened.fd < 0 ? R307_OPEN_FAILED : R307_OPEN_FINE;
    }
    else {
        const char *slash = strrchr(found->path, '/');

        result = r307_open_below(found->folder, slash ? slash + 1 : found->path, &rule,
                                 &opened);
        if (result == R307_OPEN_LINKED) {
            result = r307_open_named(found->path, 0, &rule, &opened);
        }
    }
    if (result != R307_OPEN_FINE) {
        return why_not_named(p, found->name, result, &opened);
    }
    set_owners(reach, opened.as.owner);
    bad = read_all(p, opened.fd, opened.size, TEXT_MOST, &reach->bytes, &reach->len);
    return bad ? apr_psprintf(p, "%s: %s", reach->name, bad) : NULL;
}

const char *ctl_reach_stream(apr_pool_t *p, const char *name, const char **shown, int *fd,
                             apr_uint64_t *size, int *is_once)
{
    int handed = descriptor_of(name);
    r307_open_result_t result;
    r307_opened_t opened;

    *shown = handed == 0 ? "(standard input)" : show(p, name);
    *is_once = 0;
    result = handed < 0 ? r307_open_named(name, 0, NULL, &opened)
                        : r307_open_handed(handed, &opened);
    if (handed >= 0 && result == R307_OPEN_NOT_PLAIN) {
        *is_once = 1;
        opened.fd = fcntl(handed, F_DUPFD_CLOEXEC, 0);
        opened.error = errno;
        result = opened.fd < 0 ? R307_OPEN_FAILED : R307_OPEN_FINE;
    }
    *fd = opened.fd;
    *size = opened.size;
    return result == R307_OPEN_FINE ? NULL : why_not_named(p, name, result, &opened);
}

/* --- what they name --- */

const char *ctl_reach_relative(apr_pool_t *p, const ctl_reach_t *reach, const char *file)
{
    char *real = *file == '/' ? realpath(reach->directory, NULL) : NULL;
    const char *rest = file;
    size_t len = real ? strlen(real) : 0, named = strlen(reach->directory);

    if (*file == '/' && strncmp(file, reach->directory, named) == 0 && file[named] == '/') {
        rest = file + named + strspn(file + named, "/");
    }
    else if (len > 1 && strncmp(file, real, len) == 0 && file[len] == '/') {
        rest = file + len + strspn(file + len, "/");
    }
    free(real);
    return apr_pstrdup(p, rest);
}

int ctl_reach_is_elsewhere(const ctl_reach_t *reach, const char *file)
{
    return reach->is_conf && *file != '/' && !reach->root;
}

static const char *in_conf(apr_pool_t *p, const ctl_reach_t *reach, const char *file)
{
    return *file == '/' || !reach->root ? file
                                        : apr_pstrcat(p, reach->root, "/", file, NULL);
}

static ctl_reached_t read_map(apr_pool_t *p, const char *name, r307_open_result_t result,
                               const r307_opened_t *opened, ctl_content_t *content,
                               const char **bad)
{
    content->name = show(p, name);
    content->time = opened->written / 1000000000u;
    if (result != R307_OPEN_FINE) {
        *bad = why_not(p, name, result, opened);
        return result == R307_OPEN_FAILED ? CTL_REACH_UNKNOWN : CTL_REACH_NOT;
    }
    *bad = read_all(p, opened->fd, opened->size, MAP_MOST, &content->s, &content->len);
    if (*bad) {
        *bad = apr_psprintf(p, "%s: %s", content->name, *bad);
        return CTL_REACH_UNKNOWN;
    }
    return CTL_REACH_READ;
}

ctl_reached_t ctl_reach_map_named(apr_pool_t *p, const char *file,
                                    ctl_content_t *content, const char **bad)
{
    static const r307_open_rule_t rule = { MAP_MOST, 0, { 0, 0 } };
    r307_opened_t opened;
    r307_open_result_t result = r307_open_named(file, 0, &rule, &opened);
    ctl_reached_t reached;

    memset(content, 0, sizeof(*content));
    reached = read_map(p, file, result, &opened, content, bad);
    if (result == R307_OPEN_LINKED) {
        *bad = why_not_named(p, file, result, &opened);
        return CTL_REACH_UNKNOWN;      /* httpd follows what this tool does not */
    }
    return reached;
}

ctl_reached_t ctl_reach_map(apr_pool_t *p, const ctl_reach_t *reach, const char *file,
                              ctl_content_t *content, const char **bad)
{
    r307_open_rule_t rule = { TENANT_MOST, 2, { 0, 0 } };
    r307_open_result_t result;
    r307_opened_t opened;
    ctl_reached_t reached;
    const char *name;

    if (reach->is_conf) {
        return ctl_reach_map_named(p, in_conf(p, reach, file), content, bad);
    }
    memset(content, 0, sizeof(*content));
    file = ctl_reach_relative(p, reach, file);
    name = *file == '/' || strcmp(reach->directory, ".") == 0
           ? file : apr_pstrcat(p, reach->directory, "/", file, NULL);
    rule.owners[0] = reach->owners[0];
    rule.owners[1] = reach->owners[1];
    result = r307_open_below(reach->folder, file, &rule, &opened);
    reached = read_map(p, name, result, &opened, content, bad);
    content->is_tenants = 1;
    return reached;
}

int ctl_reach_flag(const ctl_reach_t *reach, const char *flag)
{
    r307_open_result_t result;
    r307_opened_t opened;

    if (reach->folder < 0 || ctl_reach_is_elsewhere(reach, flag)) {
        return -1;
    }
    result = reach->is_conf
        ? r307_open_named(in_conf(reach->p, reach, flag), 0, NULL, &opened)
        : r307_open_below(reach->folder, flag, NULL, &opened);

    if (result == R307_OPEN_FINE) {
        close(opened.fd);
    }
    return result == R307_OPEN_FINE || result == R307_OPEN_NOT_PLAIN ? 1
        : result == R307_OPEN_MISSING || result == R307_OPEN_NO_FOLDER ? 0 : -1;
}

const char *ctl_reach_parent(apr_pool_t *p, const ctl_reach_t *reach, const char *file,
                              int *folder, const char **leaf)
{
    const char *slash, *parent, *path;
    r307_open_result_t result;
    r307_opened_t opened;

    path = reach->is_conf ? in_conf(p, reach, file) : ctl_reach_relative(p, reach, file);
    slash = strrchr(path, '/');
    *leaf = slash ? slash + 1 : path;
    if (reach->is_conf) {
        result = r307_open_named(directory_of(p, path), 1, NULL, &opened);
    }
    else {
        parent = slash ? apr_pstrmemdup(p, path, (size_t)(slash - path + (slash == path)))
                       : "";
        result = r307_open_folder_below(reach->folder, parent, &opened);
    }
    *folder = opened.fd;
    return result == R307_OPEN_FINE ? NULL : why_not(p, path, result, &opened);
}

int ctl_reach_is_linked(const ctl_reach_t *reach, const char *file)
{
    const char *end = file;
    struct stat st;

    while (*end && reach->folder >= 0) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        if (fstatat(reach->folder, apr_pstrmemdup(reach->p, file, (size_t)(end - file)), &st,
                    AT_SYMLINK_NOFOLLOW) != 0) {
            return 0;
        }
        if (S_ISLNK(st.st_mode)) {
            return 1;
        }
    }
    return 0;
}
