/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/flag_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_shm.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>
#include "base/disk.h"
#include "base/hash.h"
#include "file/open_below.h"
#include "httpd/container.h"

#define SLOTS 256u          /* a power of two */
#define PATH_MOST 255       /* a longer one is looked at each time */
#define USERDATA "mod_redirect307.flag"

/* What was seen of one file. The slot of a path is a matter of its hash; another path
 * with the same one takes its place. */
typedef struct slot_t {
    apr_int64_t second;     /* of the last look; 0: never */
    apr_int64_t made;       /* 0: not there */
    const char *problem;    /* a literal */
    int is_tenants;
    unsigned len;           /* of text */
    char path[PATH_MOST + 1];
    char text[R307_FLAG_TEXT_MOST];
} slot_t;

typedef struct table_t {
    apr_thread_mutex_t *lock;
    slot_t *slots;
} table_t;

/* Anonymous memory costs only the pages that are touched. It is this process's own. */
void r307_flag_file_make(apr_pool_t *pchild, server_rec *s)
{
    table_t *table = apr_pcalloc(pchild, sizeof(*table));
    apr_shm_t *shm;

    if (apr_thread_mutex_create(&table->lock, APR_THREAD_MUTEX_DEFAULT, pchild)
        != APR_SUCCESS
        || apr_shm_create(&shm, SLOTS * sizeof(slot_t), NULL, pchild) != APR_SUCCESS) {
        return;
    }
    table->slots = apr_shm_baseaddr_get(shm);
    apr_pool_userdata_setn(table, USERDATA, NULL, s->process->pconf);
}

static table_t *find_table(const server_rec *s)
{
    void *table = NULL;

    apr_pool_userdata_get(&table, USERDATA, s->process->pconf);
    return table;
}

/* --- where it is --- */

const char *r307_flag_file_resolve(const cmd_parms *cmd, const char *name,
                                   const char **path)
{
    r307_container_t container;
    size_t len;

    if (!*name || name[strlen(name) - 1] == '/') {
        return "names no file; write flag=down.on";
    }
    if (!r307_container_is_htaccess(cmd)) {
        *path = ap_server_root_relative(cmd->pool, name);
        return *path ? NULL : "is no path";
    }
    if (r307_container_find(cmd, &container) || !container.directory) {
        return "cannot be found from here";
    }
    len = strlen(container.directory);
    if (r307_disk_climbs(name)
        || (*name == '/' && (strncmp(name, container.directory, len) != 0
                             || name[len] != '/'))) {
        return "lies outside the directory of this .htaccess; write flag=down.on";
    }
    *path = *name == '/' ? apr_pstrdup(cmd->pool, name)
                         : apr_pstrcat(cmd->pool, container.directory, "/", name, NULL);
    return NULL;
}

/* --- a look --- */

/* A symbolic link of a tenant may lead where it wants below the directory, and nowhere
 * else: what lies outside is not to be asked for through the server. */
static int is_tenants_own(const char *path, const char *directory, const struct stat *st)
{
    char real[PATH_MAX], top[PATH_MAX];
    struct stat found;
    size_t len;

    if (!realpath(path, real) || !realpath(directory, top) || stat(real, &found) != 0
        || found.st_dev != st->st_dev || found.st_ino != st->st_ino) {
        return 0;
    }
    len = strlen(top);
    return strncmp(real, top, len) == 0 && (len == 1 || real[len] == '/');
}

/* A pipe would hold the thread until somebody writes, so nothing blocks here, and what
 * was opened is what is judged. */
static const char *read_text(const char *path, const char *directory, slot_t *slot)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    const char *problem = NULL;
    struct stat st;
    ssize_t n;

    if (fd < 0 || fstat(fd, &st) != 0) {
        problem = "cannot be read, so that only its being there counts";
    }
    else if (directory && !is_tenants_own(path, directory, &st)) {
        problem = "leads out of the directory of its .htaccess";
        slot->made = 0;
    }
    else if (S_ISREG(st.st_mode)) {
        n = r307_open_read(fd, slot->text, R307_FLAG_TEXT_MOST);
        slot->len = n > 0 ? (unsigned)n : 0;
        if (st.st_size > R307_FLAG_TEXT_MOST) {
            problem = "holds more than " APR_STRINGIFY(R307_FLAG_TEXT_MOST)
                      " bytes; the rest is not read";
        }
    }
    if (fd >= 0) {
        close(fd);
    }
    return problem;
}

static void look(const char *path, const char *directory, slot_t *slot)
{
    struct stat st;

    slot->made = 0;
    slot->problem = NULL;
    slot->len = 0;
    if (stat(path, &st) != 0) {
        slot->problem = errno == ENOENT || errno == ENOTDIR
                        ? NULL : "cannot be looked at, so it counts as absent";
        return;
    }
    if (directory && !is_tenants_own(path, directory, &st)) {
        slot->problem
            = "leads out of the directory of its .htaccess, so it counts as absent";
        return;
    }
    slot->made = (apr_int64_t)st.st_mtime > 0 ? (apr_int64_t)st.st_mtime : 1;
    if (S_ISREG(st.st_mode) && st.st_size > 0) {
        slot->problem = read_text(path, directory, slot);
    }
}

static void tell(apr_pool_t *p, const slot_t *slot, int with_text, r307_flag_file_t *flag)
{
    flag->exists = slot->made != 0;
    flag->made = apr_time_from_sec(slot->made);
    flag->problem = slot->problem;
    flag->text = with_text && slot->made && slot->len
                 ? apr_pstrmemdup(p, slot->text, slot->len) : NULL;
}

static unsigned slot_of(const char *path)
{
    return (unsigned)r307_hash_keyed(R307_HASH_OPEN, path, strlen(path)) & (SLOTS - 1);
}

/* The first thread that finds the second over goes and looks, without the lock; the
 * others are told what was seen last. */
static void look_by_table(request_rec *r, table_t *table, const char *path,
                          const char *directory, int how, r307_flag_file_t *flag)
{
    slot_t *slot = &table->slots[slot_of(path)], *fresh;
    apr_int64_t now = apr_time_sec(r->request_time);
    int is_known;

    apr_thread_mutex_lock(table->lock);
    is_known = slot->second && slot->is_tenants == (directory != NULL)
               && strcmp(slot->path, path) == 0;
    if (is_known && slot->second >= now && slot->second <= now + 1
        && !(how & R307_FLAG_NOW)) {
        tell(r->pool, slot, how & R307_FLAG_TEXT, flag);
        apr_thread_mutex_unlock(table->lock);
        return;
    }
    if (is_known) {
        slot->second = now;
    }
    apr_thread_mutex_unlock(table->lock);

    fresh = apr_palloc(r->pool, sizeof(*fresh));
    look(path, directory, fresh);
    tell(r->pool, fresh, how & R307_FLAG_TEXT, flag);
    fresh->second = now;
    fresh->is_tenants = directory != NULL;
    apr_cpystrn(fresh->path, path, sizeof(fresh->path));
    apr_thread_mutex_lock(table->lock);
    memcpy(slot, fresh, offsetof(slot_t, text) + fresh->len);
    apr_thread_mutex_unlock(table->lock);
}

void r307_flag_file_look(request_rec *r, const char *path, const char *directory,
                         int how, r307_flag_file_t *flag)
{
    table_t *table = find_table(r->server);
    slot_t *fresh;

    if (table && strlen(path) <= PATH_MOST) {
        look_by_table(r, table, path, directory, how, flag);
        return;
    }
    fresh = apr_palloc(r->pool, sizeof(*fresh));
    look(path, directory, fresh);
    tell(r->pool, fresh, how & R307_FLAG_TEXT, flag);
}

/* Second and answer in one word. The first thread of a second goes and looks, the others
 * are told what was seen last. */
int r307_flag_file_exists(request_rec *r, const char *path, const char *directory,
                          apr_uint64_t *seen, const char **problem)
{
    apr_uint64_t now = (apr_uint64_t)apr_time_sec(r->request_time) << 1;
    apr_uint64_t last = seen ? __atomic_load_n(seen, __ATOMIC_RELAXED) : 0;
    r307_flag_file_t flag;

    *problem = NULL;
    if (last && ((last & ~(apr_uint64_t)1) == now
                 || !__atomic_compare_exchange_n(seen, &last, now | (last & 1), 0,
                                                 __ATOMIC_RELAXED, __ATOMIC_RELAXED))) {
        return (int)(last & 1);
    }
    r307_flag_file_look(r, path, directory, 0, &flag);
    *problem = flag.problem;
    if (seen) {
        __atomic_store_n(seen, now | (flag.exists != 0), __ATOMIC_RELAXED);
    }
    return flag.exists;
}

/* --- flag= of a rule --- */

typedef struct found_t {
    const char *path;
    const char *directory;      /* of the .htaccess; NULL: httpd.conf */
} found_t;

const char *r307_flag_file_find(void *baton, apr_pool_t *p, const char *name,
                                void **found)
{
    cmd_parms *cmd = baton;
    found_t *made = apr_pcalloc(p, sizeof(*made));
    r307_container_t container;
    const char *bad = r307_flag_file_resolve(cmd, name, &made->path);

    if (!bad && r307_container_is_htaccess(cmd)) {
        bad = r307_container_find(cmd, &container);
        made->directory = bad ? NULL : container.directory;
    }
    *found = made;
    return bad;
}

const char *r307_flag_file_path(const void *found)
{
    return ((const found_t *)found)->path;
}

int r307_flag_file_is_set(request_rec *r, const void *found)
{
    const found_t *made = found;
    r307_flag_file_t flag;

    r307_flag_file_look(r, made->path, made->directory, 0, &flag);
    return flag.exists;
}
