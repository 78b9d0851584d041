/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/hit_table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <unixd.h>
#include "base/hash.h"
#include "base/version.h"
#include "rule/identity.h"
#include "rule/limit.h"
#include "shared/hits_file.h"
#include "httpd/conf_indexes.h"

APLOG_USE_MODULE(redirect307);

#define RETAINED "mod_redirect307.hit_table"
#define LAYOUT   R307_VERSION " 3"      /* another one whenever a table is */
#define APART    apr_time_from_sec(30)  /* writings; who dies loses no more */
#define LOCK_TRIES 100                  /* of 10 milliseconds */

/* Up to fd the same in each layout: a later module puts it away. */
struct r307_hittable_t {
    char layout[32];
    apr_pool_t *pool;           /* of the process, as all that outlives a generation */
    int fd;                     /* of the file; -1: none */
    char path[APR_PATH_MAX];    /* its own; "": none */
    r307_hits_t *hits;
    apr_time_t due;             /* of the process that writes: next time, */
    apr_uint64_t written;       /* and what the table was at the last one */
    int failed;                 /* that was said */
};

static r307_hittable_t *find_retained(const server_rec *s)
{
    void *retained = NULL;

    apr_pool_userdata_get(&retained, RETAINED, s->process->pool);
    return retained;
}

/* --- the file --- */

/* A number that is another one when anything was counted. */
static apr_uint64_t state_of(const r307_hits_t *hits)
{
    unsigned reach = r307_hits_reach(hits), i;
    apr_uint64_t sum = 0;

    for (i = 0; i < reach; i++) {
        sum += hits->cells[i].counts + hits->cells[i].id;
    }
    return sum;
}

/* One process at a time, and none for ever: the lock goes with whoever has it. */
static int lock(int fd, short type)
{
    struct flock whole;
    int tries;

    memset(&whole, 0, sizeof(whole));
    whole.l_type = type;
    whole.l_whence = SEEK_SET;
    for (tries = 0; tries < LOCK_TRIES; tries++) {
        if (fcntl(fd, F_SETLK, &whole) == 0) {
            return 1;
        }
        apr_sleep(apr_time_from_msec(10));
    }
    return 0;
}

static void write_file(r307_hittable_t *table, server_rec *s)
{
    apr_uint64_t state = state_of(table->hits);
    apr_pool_t *p;
    int bad;

    if (table->fd < 0 || state == table->written || !lock(table->fd, F_WRLCK)) {
        return;
    }
    apr_pool_create(&p, NULL);
    bad = r307_hits_file_write(p, table->hits, table->fd);
    apr_pool_destroy(p);
    lock(table->fd, F_UNLCK);
    if (!bad) {
        table->written = state;
    }
    else if (!table->failed) {
        table->failed = 1;
        ap_log_error(APLOG_MARK, APLOG_ERR, APR_FROM_OS_ERROR(bad), s,
                     "Redirect307Hits: %s "
                     "cannot be written; what it holds of hits is older, and is tried "
                     "again",
                     table->path);
    }
}

static void close_file(r307_hittable_t *table)
{
    if (table->fd >= 0) {
        close(table->fd);
    }
    table->fd = -1;
    table->path[0] = '\0';
}

/* Only a plain file with one name: root opens it, and nobody is to have it written over
 * something else. NULL, or what is wrong. */
static const char *open_file(apr_pool_t *p, const char *path, int *out)
{
    struct stat info;
    int tries, fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
                         0600);

    if (fd < 0) {
        return apr_psprintf(p, "cannot be opened (%s)", strerror(errno));
    }
    *out = fd;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1) {
        return "is no plain file with one name";
    }
    for (tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
        if (tries == LOCK_TRIES) {
            return "is another server's";
        }
        apr_sleep(apr_time_from_msec(10));      /* one that ends has not ended yet */
    }
    return NULL;
}

/* --- the table --- */

static r307_hittable_t *make_table(server_rec *s, apr_uint64_t seed)
{
    r307_hittable_t *table;
    apr_pool_t *pool;

    apr_pool_create(&pool, s->process->pool);
    table = apr_pcalloc(pool, sizeof(*table));
    table->pool = pool;
    table->fd = -1;
    apr_cpystrn(table->layout, LAYOUT, sizeof(table->layout));
    table->hits = r307_hits_make(pool, seed);
    if (!table->hits) {
        apr_pool_destroy(pool);
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "Redirect307Hits: there is no "
                      "shared "
                     "memory; hits are not counted");
        return NULL;
    }
    apr_pool_userdata_set(table, RETAINED, NULL, s->process->pool);
    return table;
}

static void drop_table(server_rec *s, r307_hittable_t *table)
{
    apr_pool_userdata_set(NULL, RETAINED, NULL, s->process->pool);
    if (table) {
        if (table->fd >= 0) {
            close(table->fd);
        }
        apr_pool_destroy(table->pool);
    }
}

static void say_not_kept(server_rec *s, const char *path, const char *why)
{
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "Redirect307Hits: %s %s; it is left "
                  "alone, "
                 "and hits are counted and not kept", path, why);
}

static void begin_anew(server_rec *s, int fd, const char *path, const char *why)
{
    ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s, "Redirect307Hits: %s %s; it begins anew",
                 path, why);
    if (ftruncate(fd, 0) != 0) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, errno, s, "Redirect307Hits: %s", path);
    }
}

/* The table that goes on with the file, whose hits were counted by its seed. */
static r307_hittable_t *read_file(apr_pool_t *ptemp, server_rec *s,
                                  r307_hittable_t *table,
                                  int fd, const char *path)
{
    apr_uint32_t now = (apr_uint32_t)apr_time_sec(apr_time_now());
    r307_hitsread_t read;

    switch (r307_hits_file_read(ptemp, fd, &read)) {
    case R307_HITSFILE_FOREIGN:
        say_not_kept(s, path, "holds something else");
        close(fd);
        return table;
    case R307_HITSFILE_DAMAGED:
        begin_anew(s, fd, path, "is damaged, both halves of it");
        break;
    case R307_HITSFILE_OLD:
        begin_anew(s, fd, path, "was written by a version that told rules apart by other "
                                "numbers");
        break;
    case R307_HITSFILE_FINE:
        if (table && table->hits->head->seed == read.seed) {
            break;              /* what is in memory is newer */
        }
        drop_table(s, table);
        table = make_table(s, read.seed);
        if (table) {
            r307_hits_file_take(table->hits, &read, now);
        }
        break;
    case R307_HITSFILE_EMPTY:
        break;
    }
    table = table ? table : make_table(s, r307_conf_indexes_seed());
    if (!table) {
        close(fd);
        return NULL;
    }
    table->fd = fd;
    apr_cpystrn(table->path, path, sizeof(table->path));
    return table;
}

static r307_hittable_t *with_file(apr_pool_t *ptemp, server_rec *s,
                                  r307_hittable_t *table,
                                  const char *path)
{
    const char *problem;
    int fd = -1;

    if (table && strcmp(table->path, path) == 0) {
        return table;
    }
    if (table) {
        close_file(table);
    }
    if (!*path) {
        return table;
    }
    problem = open_file(ptemp, path, &fd);
    if (problem) {
        say_not_kept(s, path, problem);
        if (fd >= 0) {
            close(fd);
        }
        return table;
    }
    return read_file(ptemp, s, table, fd, path);
}

typedef struct ending_t {
    r307_hittable_t *table;
    server_rec *s;
    pid_t parent;
} ending_t;

/* An apr_pool cleanup of the process, which ends: what was hit since the builder wrote
 * last, while there is a table. */
static apr_status_t end(void *data)
{
    const ending_t *ending = data;

    if (ending->parent == getpid()) {
        write_file(ending->table, ending->s);
    }
    return APR_SUCCESS;
}

/* One of pconf: at a restart this code is unloaded. */
static apr_status_t forget_end(void *data)
{
    const ending_t *ending = data;

    apr_pool_cleanup_kill(ending->s->process->pool, data, end);
    return APR_SUCCESS;
}

static const char *path_of(apr_pool_t *p, server_rec *s, const r307_config_t *conf)
{
    const char *path = conf->hits_file ? ap_server_root_relative(p, conf->hits_file) : "";

    if (path && strlen(path) < APR_PATH_MAX) {
        return path;
    }
    say_not_kept(s, conf->hits_file, "is no path of a file");
    return "";
}

void r307_hit_table_make(apr_pool_t *pconf, server_rec *s, const r307_config_t *conf)
{
    r307_hittable_t *table = find_retained(s);
    ending_t *ending;
    apr_pool_t *ptemp;
    server_rec *each;

    if (table && strcmp(table->layout, LAYOUT) != 0) {
        drop_table(s, table);
        table = NULL;
    }
    if (!r307_config_value(conf, R307_SETTING_HITS)) {
        return;
    }
    apr_pool_create(&ptemp, pconf);
    table = with_file(ptemp, s, table, path_of(ptemp, s, conf));
    apr_pool_destroy(ptemp);
    table = table ? table : make_table(s, r307_conf_indexes_seed());
    if (!table) {
        return;
    }
    for (each = s; each; each = each->next) {
        r307_config_t *of = ap_get_module_config(each->lookup_defaults,
                                                 &redirect307_module);

        of->hits = table;
    }
    ending = apr_palloc(pconf, sizeof(*ending));
    ending->table = table;
    ending->s = s;
    ending->parent = getpid();
    apr_pool_pre_cleanup_register(s->process->pool, ending, end);
    apr_pool_cleanup_register(pconf, ending, forget_end, apr_pool_cleanup_null);
}

apr_uint64_t r307_hit_table_seed(const r307_config_t *conf)
{
    return conf->hits ? conf->hits->hits->head->seed : 0;
}

void r307_hit_table_sum(const r307_config_t *conf, apr_time_t since, r307_hitsum_t *sum)
{
    memset(sum, 0, sizeof(*sum));
    if (conf->hits) {
        r307_hits_sum(conf->hits->hits, (apr_uint32_t)apr_time_sec(since), sum);
    }
}

void r307_hit_table_join(server_rec *s)
{
    r307_hittable_t *table = find_retained(s);

    if (table && !ap_exists_config_define("DEBUG")
        && !ap_exists_config_define("ONE_PROCESS")) {
        close_file(table);
    }
}

void r307_hit_table_work(server_rec *s)
{
    r307_hittable_t *table = find_retained(s);
    apr_time_t now = apr_time_now();
    apr_pool_t *p;

    if (!table || (now < table->due && table->due <= now + APART)) {
        return;
    }
    table->due = now + APART;
    apr_pool_create(&p, NULL);
    r307_hits_sweep(table->hits, p, (apr_uint32_t)apr_time_sec(now));
    apr_pool_destroy(p);
    write_file(table, s);
}

/* --- counting --- */

/* Whose rules count together: of who owns the .htaccess, where that tells anybody apart;
 * else of the virtual host. Asked once for each rule, when it is hit first. */
static apr_uint64_t tenant_key(request_rec *r, const r307_hits_t *hits,
                               const r307_block_t *block)
{
    const server_rec *s = r->server;
    apr_finfo_t finfo;
    apr_uint64_t key[2] = { 1, 0 };

    if (block->file
        && apr_stat(&finfo, block->file, APR_FINFO_USER, r->pool) == APR_SUCCESS
        && finfo.user != 0 && finfo.user != ap_unixd_config.user_id) {
        key[1] = (apr_uint64_t)finfo.user;
    }
    else {
        key[0] = (apr_uint64_t)(s->addrs ? s->addrs->host_port : 0) << 8;
        key[1] = r307_hash_keyed(hits->head->seed, s->server_hostname,
                                 s->server_hostname ? strlen(s->server_hostname) : 0);
    }
    return r307_hash_keyed(hits->head->seed, key, sizeof(key));
}

/* Twice as many as there may be rules, so that those of yesterday are still known. Out of
 * the way of hits, which nearly always have a cell. */
__attribute__((noinline))
static r307_hitcell_t *claim(request_rec *r, const r307_config_t *conf, r307_hits_t *hits,
                             const r307_block_t *block, apr_uint64_t id,
                                     apr_uint32_t second)
{
    apr_int64_t most = r307_limit_value(conf->limits, R307_LIMIT_RULES);
    unsigned tenant = 0;

    if (block->is_htaccess) {
        tenant = r307_hits_tenant(hits, tenant_key(r, hits, block));
        if (!tenant
            || (most < R307_LIMIT_NONE
                && !r307_hits_may(hits, tenant, (apr_uint32_t)most * 2))) {
            return NULL;
        }
    }
    return r307_hits_claim(hits, id, tenant, second);
}

/* Unsigned, as that is divided sooner. */
static apr_uint32_t second_of(const request_rec *r)
{
    return (apr_uint32_t)((apr_uint64_t)r->request_time / APR_USEC_PER_SEC);
}

static apr_uint64_t home_of(r307_block_t *block)
{
    apr_uint64_t home = __atomic_load_n(&block->home, __ATOMIC_RELAXED);

    if (!home) {
        home = r307_identity_home(block->directory ? block->directory
                                  : block->file ? block->file : "");
        __atomic_store_n(&block->home, home, __ATOMIC_RELAXED);
    }
    return home;
}

void r307_hit_table_read(const r307_config_t *conf, r307_block_t *block,
                         const r307_rule_t *rule, apr_time_t now, r307_hitcount_t *count)
{
    apr_uint64_t id = __atomic_load_n(&rule->identity, __ATOMIC_RELAXED);
    const r307_hits_t *hits;

    if (!conf->hits) {
        memset(count, 0, sizeof(*count));
        return;
    }
    hits = conf->hits->hits;
    if (!id) {
        id = r307_identity_of(rule, rule->home || !block ? 0 : home_of(block),
                              hits->head->seed);
    }
    r307_hits_read(hits, id, (apr_uint32_t)apr_time_sec(now), count);
}

/* A hit with a Referer. */
__attribute__((noinline))
static void count_link(const r307_view_t *view, r307_hitcell_t *cell, const char *referer)
{
    if (r307_url_is_of_host(referer, view->asked.host)) {
        r307_hits_add_own(cell);
    }
}

static inline void count(const request_rec *r, const r307_view_t *view,
                         r307_hitcell_t *cell, apr_uint32_t second)
{
    const char *referer;

    r307_hits_add(cell, second);
    referer = apr_table_get(r->headers_in, "Referer");
    if (referer) {
        count_link(view, cell, referer);
    }
}

/* What is so once for a rule, or a month, or where many rules were hit. */
__attribute__((noinline))
static void count_anyhow(request_rec *r, const r307_view_t *view,
                         const r307_config_t *conf, r307_block_t *block,
                         const r307_rule_t *rule)
{
    r307_hits_t *hits = conf->hits->hits;
    apr_uint32_t second = second_of(r);
    apr_uint64_t id = __atomic_load_n(&rule->identity, __ATOMIC_RELAXED);
    r307_hitcell_t *cell;

    if (!id) {
        id = r307_identity_of(rule, rule->home ? 0 : home_of(block), hits->head->seed);
        __atomic_store_n(&((r307_rule_t *)rule)->identity, id, __ATOMIC_RELAXED);
    }
    cell = r307_hits_find(hits, id);
    if (!cell) {
        cell = claim(r, conf, hits, block, id, second);
    }
    if (cell) {
        if (!r307_hits_is_in_month(hits, cell, second)) {
            r307_hits_begin_month(hits, cell, second);
        }
        count(r, view, cell, second);
    }
}

/* Each hit pays for what is below. Two functions call it, and each keeps only the registers
 * that it needs. */
static inline __attribute__((always_inline))
void count_id(request_rec *r, const r307_view_t *view, const r307_config_t *conf,
              r307_block_t *block, const r307_rule_t *rule, apr_uint64_t id)
{
    const r307_hits_t *hits = conf->hits->hits;
    apr_uint32_t second = second_of(r);
    r307_hitcell_t *cell = r307_hits_first(hits, id);

    if (__atomic_load_n(&cell->id, __ATOMIC_ACQUIRE) != id
        || !r307_hits_is_in_month(hits, cell, second)) {
        count_anyhow(r, view, conf, block, rule);
        return;
    }
    count(r, view, cell, second);
}

/* A line of a map is made a rule for each request. */
__attribute__((noinline))
static void count_made(request_rec *r, const r307_view_t *view, const r307_config_t *conf,
                       r307_block_t *block, const r307_rule_t *rule)
{
    if (!rule->home || !rule->says) {
        count_anyhow(r, view, conf, block, rule);
        return;
    }
    count_id(r, view, conf, block, rule,
             r307_identity_of(rule, 0, conf->hits->hits->head->seed));
}

__attribute__((noinline))
static void count_known(request_rec *r, const r307_view_t *view, const r307_config_t *conf,
                        r307_block_t *block, const r307_rule_t *rule, apr_uint64_t id)
{
    count_id(r, view, conf, block, rule, id);
}

void r307_hit_table_count(request_rec *r, const r307_view_t *view, const r307_config_t *conf,
                          r307_block_t *block, const r307_rule_t *rule)
{
    apr_uint64_t id = __atomic_load_n(&rule->identity, __ATOMIC_RELAXED);

    if (id) {
        count_known(r, view, conf, block, rule, id);
    }
    else {
        count_made(r, view, conf, block, rule);
    }
}
