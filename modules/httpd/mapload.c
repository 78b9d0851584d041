/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <http_log.h>
#include <unixd.h>
#include "base/large.h"
#include "grammar/token.h"
#include "httpd/fresh_pool.h"
#include "httpd/log_once.h"
#include "shared/pages.h"

APLOG_USE_MODULE(redirect307);

r307_mapref_t *r307_mapref_copy(apr_pool_t *p, const r307_mapref_t *ref)
{
    r307_mapref_t *copy = apr_pmemdup(p, ref, sizeof(*copy));
    apr_array_header_t *defaults = apr_array_copy(p, ref->def.defaults);
    int i;

    for (i = 0; i < defaults->nelts; i++) {
        r307_word_t *word = &APR_ARRAY_IDX(defaults, i, r307_word_t);

        word->text = apr_pstrdup(p, word->text);
    }
    copy->def.defaults = defaults;
    copy->def.file = apr_pstrdup(p, ref->def.file);
    copy->def.name = apr_pstrdup(p, ref->def.name);
    copy->def.text = apr_pstrdup(p, ref->def.text);
    copy->args = apr_pstrdup(p, ref->args);
    copy->path = apr_pstrdup(p, ref->path);
    copy->directory = apr_pstrdup(p, ref->directory);
    copy->htaccess = apr_pstrdup(p, ref->htaccess);
    copy->key = r307_slice(r307_slice_text(p, ref->key), ref->key.len);
    copy->place.file = apr_pstrdup(p, ref->place.file);
    return copy;
}

/* --- opening --- */

#ifdef __APPLE__
#define WRITTEN(st) ((st).st_mtimespec)
#define CHANGED(st) ((st).st_ctimespec)
#else
#define WRITTEN(st) ((st).st_mtim)
#define CHANGED(st) ((st).st_ctim)
#endif

static apr_uint64_t in_nanoseconds(struct timespec at)
{
    return (apr_uint64_t)at.tv_sec * 1000000000u + (apr_uint64_t)at.tv_nsec;
}

static const char *why_not(apr_pool_t *p)
{
    return apr_psprintf(p, "cannot be opened: %s", strerror(errno));
}

/* The directory that the request was allowed to see, and no other that has its name now.
 * Where links are not followed freely, those on the way to it must be root's or of who
 * owns what they lead to. */
static r307_open_result_t open_folder(const r307_mapref_t *ref, r307_opened_t *folder)
{
    const char *directory = *ref->directory ? ref->directory : "/";
    r307_open_result_t result;

    if (!ref->no_links) {
        return r307_open_folder(directory, &ref->folder, folder);
    }
    result = r307_open_named(directory, 1, NULL, folder);
    if (result == R307_OPEN_FINE
        && (folder->as.device != ref->folder.device || folder->as.inode != ref->folder.inode
            || folder->as.owner != ref->folder.owner)) {
        close(folder->fd);
        folder->fd = -1;
        return R307_OPEN_REPLACED;
    }
    return result;
}

/* The owner of the .htaccess that is in the directory, if it is a plain file with one
 * name: what a link or a second name leads to is not this tenant's word. */
static void add_owner(const r307_mapref_t *ref, int folder, r307_open_rule_t *rule)
{
    const char *name = strrchr(ref->htaccess, '/');
    struct stat st;

    name = name ? name + 1 : ref->htaccess;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode)
        && st.st_nlink == 1) {
        rule->owners[rule->owner_count++] = (apr_uint32_t)st.st_uid;
    }
}

static r307_open_result_t open_tenants(const r307_mapref_t *ref, r307_open_rule_t *rule,
                                       r307_opened_t *opened)
{
    const char *rest = ref->path + strlen(ref->directory);
    r307_opened_t folder;
    r307_open_result_t result = open_folder(ref, &folder);

    if (result != R307_OPEN_FINE) {
        *opened = folder;
        return result;
    }
    rule->owners[rule->owner_count++] = folder.as.owner;
    add_owner(ref, folder.fd, rule);
    result = r307_open_below(folder.fd, rest + strspn(rest, "/"), rule, opened);
    close(folder.fd);
    return result;
}

/* A second name of a file can stand in a folder of somebody who cannot read it. */
static int is_borrowed(const r307_mapref_t *ref, const r307_opened_t *opened)
{
    const char *slash = strrchr(ref->path, '/');
    struct stat st;
    char *folder;
    int borrowed;

    if (fstat(opened->fd, &st) != 0 || st.st_nlink == 1 || ref->is_alone) {
        return 0;
    }
    if (ref->directory) {
        return opened->as.owner != ref->folder.owner;
    }
    folder = strdup(ref->path);
    if (folder) {
        folder[slash > ref->path ? slash - ref->path : 1] = '\0';
    }
    borrowed = !folder || stat(folder, &st) != 0
               || (st.st_uid != 0 && (apr_uint32_t)st.st_uid != opened->as.owner);
    free(folder);
    return borrowed;
}

static const char *open_file(apr_pool_t *p, const r307_mapref_t *ref, r307_opened_t *opened)
{
    r307_open_rule_t rule = { ref->size_most, 0, { 0, 0 } };
    r307_open_result_t result = ref->handed ? r307_open_handed(ref->handed - 1, opened)
                                : ref->directory ? open_tenants(ref, &rule, opened)
                                : r307_open_named(ref->path, 0, &rule, opened);

    if (result == R307_OPEN_LINKED && !ref->directory) {
        return "is reached by a symbolic link of another owner than what it leads to; name "
               "the file itself, or give the link to root";
    }
    if (result != R307_OPEN_FINE) {
        return r307_open_text(p, result, opened);
    }
    if (is_borrowed(ref, opened)) {
        close(opened->fd);
        opened->fd = -1;
        return "is a second name (a hard link) of somebody else's file; copy it";
    }
    return NULL;
}

static void fill_state(const r307_opened_t *opened, r307_filestate_t *of)
{
    of->device = opened->as.device;
    of->inode = opened->as.inode;
    of->size = opened->size;
    of->written = opened->written;
    of->changed = opened->changed;
}

static r307_mapfile_t kind_of(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return R307_MAPFILE_CLOSED;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EIO:
    case EINTR:
        return R307_MAPFILE_LATER;
    default:
        return R307_MAPFILE_BAD;
    }
}

r307_mapfile_t r307_mapload_state(apr_pool_t *p, const r307_mapref_t *ref,
                                  r307_filestate_t *of, const char **problem)
{
    r307_opened_t opened;

    memset(of, 0, sizeof(*of));
    *problem = open_file(p, ref, &opened);
    if (*problem) {
        return kind_of(opened.error);
    }
    close(opened.fd);
    fill_state(&opened, of);
    return R307_MAPFILE_FINE;
}

static int is_state(const struct stat *st, const r307_filestate_t *of)
{
    r307_filestate_t is;

    is.device = (apr_uint64_t)st->st_dev;
    is.inode = (apr_uint64_t)st->st_ino;
    is.size = (apr_uint64_t)st->st_size;
    is.written = in_nanoseconds(WRITTEN(*st));
    is.changed = in_nanoseconds(CHANGED(*st));
    return r307_filestate_same(&is, of);
}

/* Opened, too: NFS asks its server then, and what only root may open is to be said. But only
 * what was looked at, as opening a device can do something. */
int r307_mapload_stands(const r307_mapref_t *ref, const r307_filestate_t *of)
{
    struct stat st;
    int fd, stands;

    if (ref->directory || ref->handed || stat(ref->path, &st) != 0 || !is_state(&st, of)) {
        return 0;
    }
    fd = open(ref->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) {
        return 0;
    }
    stands = fstat(fd, &st) == 0 && is_state(&st, of);
    close(fd);
    return stands;
}

/* --- reading --- */

int r307_mapload_open(apr_pool_t *p, const r307_mapref_t *ref)
{
    r307_opened_t opened;

    return open_file(p, ref, &opened) ? -1 : opened.fd;
}

/* The server as the user it runs as could change what it maps or trusts. */
static const char *check_image_owner(const r307_mapref_t *ref, const r307_opened_t *opened)
{
    if (ref->directory) {
        return "is a compiled image, which only httpd.conf may name; in .htaccess write "
               "the map itself";
    }
    if (ref->def.defaults->nelts) {
        return "is a compiled image, which has its options in it; give them to "
               "redirect307ctl compile, and leave them out here";
    }
    if ((opened->as.owner == (apr_uint32_t)ap_unixd_config.user_id && !ref->is_alone)
        || (opened->mode & S_IWOTH)
        || (opened->group == (apr_uint32_t)ap_unixd_config.group_id
            && (opened->mode & S_IWGRP))) {
        return "is a compiled image that the server's own user can write; give it to "
               "another owner, without write permission for others";
    }
    return NULL;
}

/* Whether the open file is still what it was. */
static int stood_still(const r307_opened_t *opened)
{
    struct stat st;

    return fstat(opened->fd, &st) == 0 && (apr_uint64_t)st.st_size == opened->size
        && in_nanoseconds(WRITTEN(st)) == opened->written
        && in_nanoseconds(CHANGED(st)) == opened->changed;
}

/* All of an open file, and whether it stood still. Not mapped: a file that is cut while it
 * is mapped kills who reads it. */
static const char *read_all(apr_pool_t *p, const r307_opened_t *opened,
                            r307_loaded_t *loaded)
{
    size_t size = (size_t)opened->size;
    ssize_t n;

    loaded->room = size + 1;
    loaded->bytes = r307_large_make(loaded->room);
    if (!loaded->bytes) {
        loaded->is_changing = 1;
        return "is too large for the memory there is";
    }
    r307_pages_fetch(loaded->bytes, size);
    n = r307_open_read(opened->fd, loaded->bytes, size + 1);
    if (n < 0) {
        loaded->is_changing = 1;
        return apr_psprintf(p, "cannot be read: %s", strerror(errno));
    }
    loaded->is_changing = (size_t)n != size || !stood_still(opened);
    return loaded->is_changing ? "changes while it is read" : NULL;
}

/* Foreign bytes: nothing in them leads outside, and every rule of theirs can be used. */
static const char *check_image(apr_pool_t *p, const r307_mapref_t *ref, const void *bytes,
                               size_t len)
{
    const char *problem = r307_image_check(p, bytes, len);
    const r307_image_t *image = NULL;
    r307_context_t context;

    r307_map_context(&ref->def, &context);
    problem = problem ? problem
                      : r307_image_attach(p, bytes, &context, ref->def.name, &image);
    return problem ? problem : r307_image_try(p, image);
}

static const char *read_file(apr_pool_t *p, const r307_mapref_t *ref,
                             const r307_filestate_t *wanted, r307_loaded_t *loaded)
{
    r307_opened_t opened;
    const char *problem = open_file(p, ref, &opened);
    r307_image_info_t info;

    if (problem) {
        loaded->is_changing = kind_of(opened.error) == R307_MAPFILE_LATER;
        return problem;
    }
    fill_state(&opened, &loaded->of);
    if (!r307_filestate_same(wanted, &loaded->of)) {
        loaded->is_changing = 1;
        problem = "changes while it is looked at";
    }
    problem = problem ? problem : read_all(p, &opened, loaded);
    close(opened.fd);
    loaded->len = (size_t)loaded->of.size;
    if (!problem && r307_image_is(loaded->bytes, loaded->len)) {
        loaded->is_image = 1;
        problem = check_image_owner(ref, &opened);
        problem = problem ? problem : check_image(p, ref, loaded->bytes, loaded->len);
    }
    if (!problem && loaded->is_image) {
        r307_image_info(loaded->bytes, &info);
        loaded->result.rules = info.count;
    }
    return problem;
}

/* --- building --- */

typedef struct over_t {
    const r307_mapref_t *ref;
    const r307_loaded_t *loaded;
    int (*ask)(void *baton);
    void *baton;
} over_t;

/* Said once by all processes together for each version of the file. */
static void tell_bad(void *baton, unsigned line, const char *why)
{
    const over_t *over = baton;
    const r307_mapref_t *ref = over->ref;
    apr_uint64_t key = r307_log_once_key_text(ref->path, line, why)
                       ^ over->loaded->of.written ^ over->loaded->of.changed << 1;

    if (!r307_log_once_ever(ref->server, key ? key : 1)) {
        return;
    }
    if (line) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server, "%s:%u: %s", ref->path,
                     line, why);
    }
    else {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server, "%s: %s", ref->path, why);
    }
}

static int is_over(void *baton)
{
    over_t *over = baton;

    return over->ask && over->ask(over->baton);
}

static const char *build(apr_pool_t *p, const r307_mapref_t *ref, over_t *over,
                         r307_loaded_t *loaded)
{
    r307_mapbytes_t of_file = { loaded->bytes, loaded->len,
                                loaded->of.written / 1000000000u };
    const char *problem;
    r307_maplimits_t limits;

    memset(&limits, 0, sizeof(limits));
    limits.lines_most = ref->lines_most;
    limits.regex_most = ref->regex_most;
    limits.is_over = is_over;
    limits.bad = tell_bad;
    limits.told_most = R307_MAP_TOLD;
    limits.baton = over;
    limits.seed = ref->seed;
    if (!limits.seed) {
        apr_generate_random_bytes((unsigned char *)&limits.seed, sizeof(limits.seed));
    }
    problem = r307_map_build(p, &ref->def, NULL, &of_file, &limits, &loaded->result);
    if (problem) {
        return problem;
    }
    loaded->len = r307_image_size(loaded->result.builder);
    return loaded->len ? NULL : "makes an image of more than 4 GiB";
}

void r307_mapload_build(apr_pool_t *p, const r307_mapref_t *ref,
                        const r307_filestate_t *wanted, int (*ask)(void *baton),
                        void *baton, r307_loaded_t *loaded)
{
    over_t over = { ref, loaded, ask, baton };

    memset(loaded, 0, sizeof(*loaded));
    /* not to stay with the builder */
    loaded->scratch = r307_lone_pool_make(0);
    if (!loaded->scratch) {
        loaded->is_changing = 1;
        loaded->problem = "cannot be read for want of memory";
        return;
    }
    loaded->problem = read_file(loaded->scratch, ref, wanted, loaded);
    if (!loaded->problem && !loaded->is_image) {
        loaded->problem = build(loaded->scratch, ref, &over, loaded);
    }
    loaded->problem = loaded->problem ? apr_pstrdup(p, loaded->problem) : NULL;
}

int r307_mapload_make(r307_loaded_t *loaded)
{
    if (!loaded->is_image && !loaded->apart) {
        loaded->apart = malloc(loaded->len);
        if (!loaded->apart) {
            return 0;
        }
        r307_image_write(loaded->result.builder, loaded->apart);
    }
    return 1;
}

void r307_mapload_write(const r307_loaded_t *loaded, r307_slice_t key,
                        r307_mapversion_t *version)
{
    void *room = r307_arena_image_room(version, key);
    const char *made = loaded->is_image ? loaded->bytes : loaded->apart;

    if (made) {
        memcpy(room, made, loaded->len);
    }
    else {
        r307_pages_fetch(room, loaded->len);
        r307_image_write(loaded->result.builder, room);
    }
    version->rules = loaded->result.rules;
    version->bad = loaded->result.bad;
}

void r307_mapload_free(r307_loaded_t *loaded)
{
    r307_large_free(loaded->bytes, loaded->room);
    free(loaded->apart);
    loaded->bytes = loaded->apart = NULL;
    if (loaded->scratch) {
        apr_pool_destroy(loaded->scratch);
        loaded->scratch = NULL;
    }
}

const char *r307_mapload_try(apr_pool_t *p, const r307_mapref_t *ref)
{
    r307_filestate_t now;
    r307_loaded_t loaded;
    const char *problem;

    if (r307_mapload_state(p, ref, &now, &problem) != R307_MAPFILE_FINE) {
        return problem;
    }
    r307_mapload_build(p, ref, &now, NULL, NULL, &loaded);
    r307_mapload_free(&loaded);
    return loaded.problem;
}

const void *r307_mapload_map(apr_pool_t *p, const r307_mapref_t *ref,
                             r307_filestate_t *of, const char **problem)
{
    void *at = MAP_FAILED;
    r307_opened_t opened;
    char head[64];
    ssize_t n;

    /* what its own user could cut while it is mapped is read instead */
    *problem = ref->is_alone ? NULL : open_file(p, ref, &opened);
    if (ref->is_alone || *problem) {
        return NULL;
    }
    n = read(opened.fd, head, sizeof(head));
    if (n < 0 || !r307_image_is(head, (size_t)n)) {
        close(opened.fd);
        return NULL;
    }
    *problem = check_image_owner(ref, &opened);
    if (!*problem) {
        at = mmap(NULL, (size_t)opened.size, PROT_READ, MAP_SHARED | MAP_POPULATE,
                  opened.fd, 0);
    }
    close(opened.fd);
    if (at == MAP_FAILED) {
        *problem = *problem ? *problem : why_not(p);
        return NULL;
    }
    r307_pages_keep(p, at, (size_t)opened.size);
    *problem = check_image(p, ref, at, (size_t)opened.size);
    fill_state(&opened, of);
    return *problem ? NULL : at;
}
