/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/htaccess.h"

#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <ap_mpm.h>
#include <http_core.h>
#include <http_log.h>
#include "httpd/htaccess_compile.h"
#include "httpd/htaccess_file.h"
#include "httpd/htaccess_share.h"

APLOG_USE_MODULE(redirect307);

/* A file that cannot be cached is looked at again after this. */
#define LATER apr_time_from_sec(10)
/* Of the memory for files that processes share, what each of them may take for those that are
 * for it alone. */
#define OWN_PART 8

static r307_config_t *config(const ap_conf_vector_t *vector)
{
    return ap_get_module_config(vector, &redirect307_module);
}

static int is_on(server_rec *s)
{
    while (s && !r307_config_value(config(s->lookup_defaults), R307_SETTING_HTACCESS_CACHE)) {
        s = s->next;
    }
    return s != NULL;
}

void r307_htaccess_make(apr_pool_t *pconf, server_rec *s, apr_int64_t arena)
{
    const r307_config_t *main_conf = config(s->lookup_defaults);
    int is_single = ap_exists_config_define("DEBUG")
                    || ap_exists_config_define("ONE_PROCESS");

    if (arena && !is_single && is_on(s)) {
        r307_htshare_make(pconf, s, (size_t)r307_config_value(main_conf,
                                                            R307_SETTING_HTACCESS_SIZE));
    }
}

void r307_htaccess_begin(apr_pool_t *pchild, server_rec *s, int has_builder)
{
    const r307_config_t *main_conf = config(s->lookup_defaults);
    size_t most = (size_t)r307_config_value(main_conf, R307_SETTING_HTACCESS_SIZE);
    int mpm = AP_MPMQ_NOT_SUPPORTED, is_threaded;
    r307_htaccess_t *cache;
    r307_htshare_t *share;

    ap_mpm_query(AP_MPMQ_IS_THREADED, &mpm);
    is_threaded = mpm != AP_MPMQ_NOT_SUPPORTED;
    share = has_builder ? r307_htshare_join(pchild, s, is_threaded) : NULL;
    cache = r307_cache_make(pchild, is_threaded, share ? most / OWN_PART : most);
    if (cache) {
        r307_cache_set_share(cache, share);
    }
    for (; s; s = s->next) {
        r307_config_t *conf = config(s->lookup_defaults);

        if (r307_config_value(conf, R307_SETTING_HTACCESS_CACHE)) {
            conf->cache = cache;
        }
    }
}

/* --- the hook --- */

/* A version seen for the second time and left alone for a while: two changes within one
 * tick of the file's clock look the same. With an age of 0 at first sight, too. */
static int is_due(const request_rec *r, apr_time_t age, const r307_stamp_t *stamp,
                  const r307_stamp_t *seen, r307_cached_t cached)
{
    if (age == 0) {
        return 1;
    }
    return cached != R307_CACHED_NOTHING && r307_stamp_same(stamp, seen)
           && r307_stamp_time(stamp) + age <= r->request_time;
}

static r307_version_t *compile(request_rec *r, r307_htaccess_t *cache, const char *path,
                               int fd, const r307_stamp_t *stamp)
{
    r307_version_t *version;

    if (!r307_cache_claim(cache, path)) {
        return NULL;
    }
    version = r307_htaccess_compile(r, path, fd, stamp, r307_cache_most(cache));
    if (version) {
        if (APLOGrtrace1(r)) {
            ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "%s is compiled: left to read "
                          "%d line%s, it takes about %" APR_SIZE_T_FMT " KiB", path,
                          version->line_count, version->line_count == 1 ? "" : "s",
                          version->weight / 1024);
        }
        r307_cache_put(cache, path, version);
    }
    else {
        r307_cache_later(cache, path, r->request_time + LATER);
    }
    return version;
}

static apr_status_t hand_out(request_rec *r, r307_version_t *version, int is_once,
                             ap_configfile_t **file, const char **full_name)
{
    if (APLOGrtrace1(r)) {
        ap_log_rerror(APLOG_MARK, APLOG_TRACE1, 0, r, "%s is %s", version->file,
                      is_once ? "compiled for this request" : "read from memory");
    }
    *full_name = version->file;
    return r307_htaccess_hand_out(r, version, file);
}

/* --- of all processes --- */

/* Until the builder is done with a new version: what is compiled of it for one request costs
 * less than what httpd would make of its lines. */
static r307_version_t *compile_once(request_rec *r, r307_htshare_t *share,
                                    const r307_version_t *before, int fd,
                                    const r307_stamp_t *stamp)
{
    r307_version_t *version = r307_htshare_is_fit(before)
        ? r307_htaccess_compile_once(r, before->file, fd, stamp, &share->large) : NULL;

    if (version) {
        r307_htshare_miss(share);
    }
    return version;
}

/* Where what is there is not what the file says now the builder is told. *is_own: it is, and
 * says that the file is for each process alone. */
static apr_status_t open_shared(request_rec *r, const r307_config_t *conf,
                                const char *directory, const char *name, apr_uint64_t key,
                                int *is_own, ap_configfile_t **file,
                                const char **full_name)
{
    r307_htshare_t *share = r307_cache_share(conf->cache);
    r307_version_t *once = NULL;
    r307_htshare_found_t found;
    r307_stamp_t stamp;
    int fd, is_same;

    r307_htshare_find(share, directory, name, key, &found);
    if (!found.version) {
        return AP_DECLINED;
    }
    fd = r307_stamp_open(found.version->file, &stamp);
    is_same = fd >= 0
        && r307_htshare_is_of(share, &found, fd, &stamp,
                            r307_config_value(conf, R307_SETTING_HTACCESS_AGE),
                            r->request_time);
    if (fd >= 0) {
        if (!is_same) {
            r307_htshare_ask(share, found.version->file, fd, &stamp, r->request_time);
            once = compile_once(r, share, found.version, fd, &stamp);
        }
        close(fd);
    }
    if (is_same && r307_htshare_is_fit(found.version)) {
        r307_htshare_count(share);
        return hand_out(r, found.version, 0, file, full_name);
    }
    *is_own = is_same;
    r307_version_release(found.version);
    return once ? hand_out(r, once, 1, file, full_name) : AP_DECLINED;
}

/* --- of this process alone --- */

/* has_rules: it is known to have some, whether or not this process has met it. */
static apr_status_t open_own(request_rec *r, const r307_config_t *conf,
                             const char *directory, const char *name, apr_uint64_t key,
                             int has_rules, ap_configfile_t **file,
                             const char **full_name)
{
    apr_time_t age = r307_config_value(conf, R307_SETTING_HTACCESS_AGE);
    r307_version_t *version = NULL;
    r307_stamp_t stamp, seen;
    r307_cached_t cached;
    const char *path;
    int fd;

    cached = r307_cache_find(conf->cache, directory, name, key, r->request_time, &seen,
                             &version);
    if (cached == R307_CACHED_LATER || (cached == R307_CACHED_NOTHING && !has_rules)) {
        return AP_DECLINED;
    }
    path = version ? version->file : ap_make_full_path(r->pool, directory, name);
    fd = r307_stamp_open(path, &stamp);
    if (version && (fd < 0 || !r307_stamp_same(&stamp, &version->stamp))) {
        path = apr_pstrdup(r->pool, path);
        r307_version_release(version);
        version = NULL;
    }
    if (fd < 0) {
        if (cached != R307_CACHED_NOTHING) {
            r307_cache_forget(conf->cache, path);
        }
        return AP_DECLINED;
    }
    if (!version) {
        r307_cache_see(conf->cache, path, &stamp);
        version = is_due(r, age, &stamp, &seen, cached)
                  ? compile(r, conf->cache, path, fd, &stamp) : NULL;
    }
    close(fd);
    return version ? hand_out(r, version, 0, file, full_name) : AP_DECLINED;
}

apr_status_t r307_on_open_htaccess(request_rec *r, const char *directory,
                                   const char *name, ap_configfile_t **file,
                                   const char **full_name)
{
    const r307_config_t *conf = config(r->per_dir_config);
    apr_status_t status = AP_DECLINED;
    r307_htshare_t *share;
    apr_uint64_t key;
    int has_rules;

    if (!conf->cache) {
        return AP_DECLINED;
    }
    share = r307_cache_share(conf->cache);
    /* at first sight any file may have some */
    has_rules = !share && !r307_config_value(conf, R307_SETTING_HTACCESS_AGE);
    if (!share && !has_rules && r307_cache_is_empty(conf->cache)) {
        return AP_DECLINED;
    }
    key = r307_cache_key(directory);
    if (share && r307_htshare_may(share, key)) {
        status = open_shared(r, conf, directory, name, key, &has_rules, file, full_name);
    }
    if (status == AP_DECLINED && (has_rules || r307_cache_may_know(conf->cache, key))) {
        status = open_own(r, conf, directory, name, key, has_rules, file, full_name);
    }
    return status;
}

/* --- a byte order mark --- */

/* An editor put it there, and httpd takes it for the beginning of a directive. What is
 * read first is read through this; everything behind it is httpd's own. */
typedef struct begun_t {
    ap_configfile_t *file;
    ap_configfile_t own;
} begun_t;

static void give_back(begun_t *begun)
{
    begun->file->getch = begun->own.getch;
    begun->file->getstr = begun->own.getstr;
    begun->file->close = begun->own.close;
    begun->file->param = begun->own.param;
}

static apr_status_t get_first_line(void *buf, apr_size_t size, void *param)
{
    begun_t *begun = param;
    const ap_configfile_t *own = &begun->own;
    apr_status_t status = own->getstr(buf, size, own->param);
    char *s = buf;
    size_t mark, len;

    give_back(begun);
    if (status != APR_SUCCESS) {
        return status;
    }
    len = strlen(s);
    mark = r307_htaccess_mark(s, len);
    if (!mark) {
        return status;
    }
    len -= mark;
    memmove(s, s + mark, len + 1);
    /* httpd takes what neither fills its room nor ends a line for the end of the file */
    if (!len || s[len - 1] != '\n') {
        status = own->getstr(s + len, size - len, own->param);
        if (status == APR_EOF) {
            s[len] = '\0';
            status = APR_SUCCESS;
        }
    }
    return status;
}

/* Whoever reads byte by byte begins behind a line. */
static apr_status_t get_first_byte(char *c, void *param)
{
    begun_t *begun = param;

    give_back(begun);
    return begun->own.getch(c, begun->own.param);
}

static apr_status_t close_unread(void *param)
{
    begun_t *begun = param;

    return begun->own.close(begun->own.param);
}

apr_status_t r307_on_open_marked(request_rec *r, const char *directory, const char *name,
                                 ap_configfile_t **file, const char **full_name)
{
    begun_t *begun;
    apr_status_t status;

    *full_name = ap_make_full_path(r->pool, directory, name);
    status = ap_pcfg_openfile(file, r->pool, *full_name);
    if (status != APR_SUCCESS || !(*file)->getstr) {
        return status;
    }
    begun = apr_palloc(r->pool, sizeof(*begun));
    begun->file = *file;
    begun->own = **file;
    (*file)->getch = get_first_byte;
    (*file)->getstr = get_first_line;
    (*file)->close = close_unread;
    (*file)->param = begun;
    return status;
}
