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
#include "engine/image_block.h"
#include "engine/token.h"
#include "httpd/once.h"

APLOG_USE_MODULE(redirect307);

#define FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

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
    copy->path = apr_pstrdup(p, ref->path);
    copy->directory = apr_pstrdup(p, ref->directory);
    copy->htaccess = apr_pstrdup(p, ref->htaccess);
    copy->key = r307_slice(r307_slice_text(p, ref->key), ref->key.len);
    copy->place.file = apr_pstrdup(p, ref->place.file);
    return copy;
}

/* --- opening --- */

static const char *why_not(apr_pool_t *p)
{
    return apr_psprintf(p, "cannot be opened: %s", strerror(errno));
}

/* A tenant's file lies below his directory, no link leads to it, and it is his. Links are
 * refused as a whole: what one names now another may name when it is read. */
static int open_below(apr_pool_t *p, const r307_mapref_t *ref, const char **problem)
{
    const char *rest = ref->path + strlen(ref->directory);
    int at = open(*ref->directory ? ref->directory : "/", FLAGS | O_DIRECTORY), next;

    while (at >= 0 && *(rest += strspn(rest, "/"))) {
        size_t len = strcspn(rest, "/");
        const char *name = apr_pstrmemdup(p, rest, len);

        rest += len;
        next = openat(at, name, FLAGS | O_NOFOLLOW | (*rest ? O_DIRECTORY : 0));
        if (next < 0) {
            struct stat st;

            *problem = why_not(p);
            if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode)) {
                *problem = "is reached by a symbolic link; in .htaccess write the file "
                           "itself";
            }
        }
        close(at);
        at = next;
    }
    if (at < 0 && !*problem) {
        *problem = why_not(p);
    }
    return at;
}

static int is_tenants(const r307_mapref_t *ref, const struct stat *st)
{
    struct stat owner;

    return (stat(*ref->directory ? ref->directory : "/", &owner) == 0
            && owner.st_uid == st->st_uid)
        || (stat(ref->htaccess, &owner) == 0 && owner.st_uid == st->st_uid);
}

static int open_file(apr_pool_t *p, const r307_mapref_t *ref, struct stat *st,
                     const char **problem)
{
    int fd;

    *problem = NULL;
    if (ref->directory) {
        fd = open_below(p, ref, problem);
    }
    else {
        fd = open(ref->path, FLAGS);
        *problem = fd < 0 ? why_not(p) : NULL;
    }
    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, st) != 0) {
        *problem = why_not(p);
    }
    else if (!S_ISREG(st->st_mode)) {
        *problem = "is no plain file";
    }
    else if (ref->directory && !is_tenants(ref, st)) {
        *problem = "belongs to another owner than the directory and the .htaccess";
    }
    else if ((apr_uint64_t)st->st_size > ref->size_most) {
        *problem = apr_psprintf(p, "has %" APR_INT64_T_FMT " bytes, and %"
                                APR_UINT64_T_FMT " are read at most",
                                (apr_int64_t)st->st_size, ref->size_most);
    }
    if (*problem) {
        close(fd);
        return -1;
    }
    return fd;
}

static apr_uint64_t mix(apr_uint64_t h, apr_uint64_t value)
{
    h = (h ^ value) * APR_UINT64_C(0xff51afd7ed558ccd);
    return h ^ (h >> 32);
}

static apr_uint64_t state_of(const struct stat *st)
{
    apr_uint64_t h = mix(0x307, (apr_uint64_t)st->st_dev);

    h = mix(h, (apr_uint64_t)st->st_ino);
    h = mix(h, (apr_uint64_t)st->st_size);
    h = mix(h, (apr_uint64_t)st->st_mtim.tv_sec);
    h = mix(h, (apr_uint64_t)st->st_mtim.tv_nsec);
    h = mix(h, (apr_uint64_t)st->st_ctim.tv_sec);
    h = mix(h, (apr_uint64_t)st->st_ctim.tv_nsec);
    return h ? h : 1;
}

static void fill_state(const struct stat *st, r307_mapstate_t *of)
{
    of->state = state_of(st);
    of->device = (apr_uint64_t)st->st_dev;
    of->inode = (apr_uint64_t)st->st_ino;
    of->written = (apr_uint64_t)st->st_mtim.tv_sec * APR_USEC_PER_SEC
                  + (apr_uint64_t)st->st_mtim.tv_nsec / 1000;
}

const char *r307_mapload_state(apr_pool_t *p, const r307_mapref_t *ref,
                               r307_mapstate_t *of)
{
    const char *problem;
    struct stat st;
    int fd = open_file(p, ref, &st, &problem);

    memset(of, 0, sizeof(*of));
    if (fd >= 0) {
        close(fd);
        fill_state(&st, of);
    }
    return problem;
}

/* --- reading --- */

typedef struct bytes_t {
    char *s;                    /* malloc */
    size_t len;
    r307_mapstate_t of;
    apr_uint64_t time;
    int is_changing;
    int is_image;
} bytes_t;

static const char *check_image_owner(const r307_mapref_t *ref, const struct stat *st)
{
    if (ref->directory) {
        return "is a compiled image, which only httpd.conf may name; in .htaccess write "
               "the map itself";
    }
    if (ref->def.defaults->nelts) {
        return "is a compiled image, which has its options in it; give them to "
               "redirect307ctl compile, and leave them out here";
    }
    if ((st->st_uid == ap_unixd_config.user_id && !ref->is_alone)
        || (st->st_mode & S_IWOTH)
        || (st->st_gid == ap_unixd_config.group_id && (st->st_mode & S_IWGRP))) {
        return "is a compiled image that the server's own user can write; give it to "
               "another owner, without write permission for others";
    }
    return NULL;
}

/* All of an open file, and whether it stood still. Not mapped: a file that is cut while it
 * is mapped kills who reads it. */
static const char *read_all(apr_pool_t *p, int fd, const struct stat *st, bytes_t *bytes)
{
    size_t size = (size_t)st->st_size;
    struct stat after;

    bytes->s = malloc(size + 1);
    bytes->len = 0;
    if (!bytes->s) {
        return "is too large for the memory there is";
    }
    for (;;) {
        ssize_t n = read(fd, bytes->s + bytes->len, size + 1 - bytes->len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return apr_psprintf(p, "cannot be read: %s", strerror(errno));
        }
        bytes->len += (size_t)n;
        if (n == 0 || bytes->len > size) {
            break;
        }
    }
    if (bytes->len != size || fstat(fd, &after) != 0 || state_of(&after) != state_of(st)) {
        bytes->is_changing = 1;
        return "changes while it is read";
    }
    return NULL;
}

static int is_image(const char *s, size_t len)
{
    return len >= sizeof(R307_IMAGE_MAGIC) && memcmp(s, R307_IMAGE_MAGIC,
                                                     sizeof(R307_IMAGE_MAGIC)) == 0;
}

static const char *read_file(apr_pool_t *p, const r307_mapref_t *ref, bytes_t *bytes)
{
    const char *problem;
    struct stat st;
    int fd = open_file(p, ref, &st, &problem);

    memset(bytes, 0, sizeof(*bytes));
    if (fd < 0) {
        return problem;
    }
    fill_state(&st, &bytes->of);
    bytes->time = (apr_uint64_t)st.st_mtim.tv_sec;
    problem = read_all(p, fd, &st, bytes);
    close(fd);
    if (!problem && is_image(bytes->s, bytes->len)) {
        bytes->is_image = 1;
        problem = check_image_owner(ref, &st);
        problem = problem ? problem : r307_image_check(p, bytes->s, bytes->len);
    }
    return problem;
}

/* --- building --- */

/* Said once by all processes together for each version of the file. */
static void tell_bad(void *baton, unsigned line, const char *why)
{
    const r307_mapref_t *ref = baton;
    apr_pool_t *p;

    apr_pool_create(&p, NULL);
    if (r307_once_ever(ref->server, r307_once_key(p, ref->path, line, why))) {
        if (line) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server, "%s:%u: %s",
                         ref->path, line, why);
        }
        else {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server, "%s: %s", ref->path,
                         why);
        }
    }
    apr_pool_destroy(p);
}

typedef struct over_t {
    const r307_mapref_t *ref;
    int (*ask)(void *baton);
    void *baton;
} over_t;

static int is_over(void *baton)
{
    over_t *over = baton;

    return over->ask && over->ask(over->baton);
}

static void on_bad(void *baton, unsigned line, const char *why)
{
    tell_bad((void *)((over_t *)baton)->ref, line, why);
}

static const char *build(apr_pool_t *p, const r307_mapref_t *ref, const bytes_t *bytes,
                         over_t *over, r307_mapresult_t *result)
{
    r307_mapbytes_t of_file = { bytes->s, bytes->len, bytes->time };
    r307_maplimits_t limits;

    memset(&limits, 0, sizeof(limits));
    limits.lines_most = ref->lines_most;
    limits.regex_most = ref->regex_most;
    limits.is_over = is_over;
    limits.bad = on_bad;
    limits.baton = over;
    apr_generate_random_bytes((unsigned char *)&limits.seed, sizeof(limits.seed));
    return r307_map_build(p, &ref->def, NULL, &of_file, &limits, result);
}

static const char *no_room(apr_pool_t *p, r307_arena_t *arena, size_t len)
{
    apr_uint64_t used, size;

    r307_arena_usage(arena, &used, &size);
    return apr_psprintf(p, "needs %" APR_SIZE_T_FMT " KiB of the arena, which has %"
                        APR_UINT64_T_FMT " MiB and must hold the old rules beside the new "
                        "ones; write a larger Redirect307Arena", len / 1024 + 1,
                        size >> 20);
}

static void into_arena(apr_pool_t *p, r307_arena_t *arena, const r307_mapref_t *ref,
                       const bytes_t *bytes, r307_mapresult_t *result,
                       r307_loaded_t *loaded)
{
    size_t len = bytes->is_image ? bytes->len : r307_image_size(result->builder);
    r307_mapversion_t *version = len ? r307_arena_reserve(arena, ref->key, len,
                                                       ref->directory != NULL) : NULL;

    if (!version) {
        loaded->is_crowded = len != 0;
        loaded->problem = len ? no_room(p, arena, len)
                              : "makes an image of more than 4 GiB";
        return;
    }
    if (bytes->is_image) {
        memcpy((char *)version + version->image_at, bytes->s, len);
    }
    else {
        r307_image_write(result->builder, (char *)version + version->image_at);
    }
    version->state = bytes->of.state;
    version->rules = result->rules;
    version->bad = result->bad;
    loaded->version = version;
}

/* What the builder takes is not to stay with the process: it has an allocator of its own,
 * and gives all of it back. */
static apr_pool_t *make_scratch(void)
{
    apr_allocator_t *allocator;
    apr_pool_t *p;

    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        return NULL;
    }
    apr_allocator_max_free_set(allocator, 1);
    if (apr_pool_create_ex(&p, NULL, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return NULL;
    }
    apr_allocator_owner_set(allocator, p);
    return p;
}

void r307_mapload_build(apr_pool_t *p, r307_arena_t *arena, const r307_mapref_t *ref,
                        int (*ask)(void *baton), void *baton, r307_loaded_t *loaded)
{
    over_t over = { ref, ask, baton };
    apr_pool_t *scratch = make_scratch();
    r307_mapresult_t result;
    bytes_t bytes;

    memset(loaded, 0, sizeof(*loaded));
    memset(&result, 0, sizeof(result));
    if (!scratch) {
        loaded->problem = "cannot be read for want of memory";
        return;
    }
    loaded->problem = read_file(scratch, ref, &bytes);
    loaded->of = bytes.of;
    loaded->is_changing = bytes.is_changing;
    if (!loaded->problem && !bytes.is_image) {
        loaded->problem = build(scratch, ref, &bytes, &over, &result);
    }
    if (!loaded->problem) {
        into_arena(scratch, arena, ref, &bytes, &result, loaded);
    }
    loaded->problem = loaded->problem ? apr_pstrdup(p, loaded->problem) : NULL;
    free(bytes.s);
    apr_pool_destroy(scratch);
}

typedef struct mapping_t {
    void *at;
    size_t len;
} mapping_t;

static apr_status_t unmap(void *data)
{
    mapping_t *mapping = data;

    munmap(mapping->at, mapping->len);
    return APR_SUCCESS;
}

const void *r307_mapload_map(apr_pool_t *p, const r307_mapref_t *ref,
                             r307_mapstate_t *of, const char **problem)
{
    mapping_t *mapping = apr_palloc(p, sizeof(*mapping));
    struct stat st;
    int fd = ref->is_alone ? -1 : open_file(p, ref, &st, problem);
    char head[64];
    ssize_t n;

    /* what its own user could cut while it is mapped is read instead */
    if (fd < 0) {
        return NULL;
    }
    n = read(fd, head, sizeof(head));
    if (n < 0 || !is_image(head, (size_t)n)) {
        close(fd);
        return NULL;
    }
    *problem = check_image_owner(ref, &st);
    mapping->len = (size_t)st.st_size;
    mapping->at = *problem ? MAP_FAILED : mmap(NULL, mapping->len, PROT_READ,
                                               MAP_SHARED | MAP_POPULATE, fd, 0);
    close(fd);
    if (mapping->at == MAP_FAILED) {
        *problem = *problem ? *problem : why_not(p);
        return NULL;
    }
    apr_pool_cleanup_register(p, mapping, unmap, apr_pool_cleanup_null);
    *problem = r307_image_check(p, mapping->at, mapping->len);
    fill_state(&st, of);
    return *problem ? NULL : mapping->at;
}
