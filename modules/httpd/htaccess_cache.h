/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_cache: which .htaccess files this process has seen with rules in them, and
 * what was compiled of one version of each. Bounded in number and bytes, least recently
 * used first. A version lives as long as somebody reads it: the table holds one
 * reference, each request another.
 */
#ifndef R307_HTTPD_HTACCESS_CACHE_H
#define R307_HTTPD_HTACCESS_CACHE_H

#include <httpd.h>
#include <sys/stat.h>
#include "conf/htaccess_scan.h"
#include "conf/place_config.h"


/* What tells one version of a file from the next; of an open file, so that it is the
 * one that would be read. */
typedef struct r307_stamp_t {
    apr_uint64_t device, inode, size;
    apr_int64_t mtime, ctime;       /* nanoseconds */
} r307_stamp_t;

/* Directives that do nothing but add a rule of their line, so that a cached .htaccess may
 * have them done already; any other stays a line that httpd reads. Ends with NULL. */
#define R307_HOISTED_MOST 8
extern const char *const r307_hoisted[R307_HOISTED_MOST];

/* The rules of a run, for conf->late. Built once, then only read. */
typedef struct r307_hoist_t {
    r307_block_t block;
    r307_block_t *only[1];
    r307_blocks_t blocks;
    unsigned names;                 /* bits: directives that occur in it */
    const unsigned char *name_of;   /* of each rule, in order */
    unsigned lines[R307_HOISTED_MOST];  /* of each name that occurs, the first */
    r307_progress_t before;         /* all rules of the runs that begin before it, some of
                                     * which may stand behind it */
    int regexes;                    /* among its own */
    /* of a version that processes share: see htaccess_share.c */
    struct r307_version_t *version;
    const struct r307_pack_t *pack;
    const struct r307_pack_run_t *packed;
    r307_ruleset_t set;             /* block.rules */
    apr_pool_t *opened;             /* what makes its rules lives here; NULL: not yet */
} r307_hoist_t;

typedef struct r307_version_t {
    apr_pool_t *p;                  /* its own; it and all it holds lives there */
    void (*release)(struct r307_version_t *version);    /* of one that has none; else NULL */
    unsigned references;            /* __atomic */
    r307_stamp_t stamp;
    const char *file;
    const r307_scan_line_t *lines;
    int line_count;
    const r307_scan_line_t *const *marks;     /* lines that stand for a run, ascending */
    int mark_count;
    r307_hoist_t *runs;
    int run_count;
    size_t weight;                  /* bytes, roughly */
    struct r307_version_t *next;    /* the cache's, once it has let go */
} r307_version_t;

/* Makes a version with one reference, the caller's; NULL without memory. is_large: see
 * r307_lone_pool_make. */
r307_version_t *r307_version_make(int is_large);
void r307_version_release(r307_version_t *version);

void r307_stamp_of(const struct stat *info, r307_stamp_t *stamp);
/* Opened as httpd would open it: same permissions, and on NFS the server is asked. The
 * descriptor, or -1. */
int r307_stamp_open(const char *path, r307_stamp_t *stamp);
int r307_stamp_same(const r307_stamp_t *a, const r307_stamp_t *b);
/* Since when the file is as it is, by its own clock. */
apr_time_t r307_stamp_time(const r307_stamp_t *stamp);

/* One for each process, made before there are threads; `most` is in bytes. NULL without
 * memory. */
r307_htaccess_t *r307_cache_make(apr_pool_t *pchild, int is_threaded, size_t most);
/* What processes share, where they do; NULL: nothing. Set before there are threads. */
struct r307_htshare_t;
void r307_cache_set_share(r307_htaccess_t *cache, struct r307_htshare_t *share);
struct r307_htshare_t *r307_cache_share(const r307_htaccess_t *cache);

/* What the cache says of a file. A version comes with a reference for the caller. */
typedef enum {
    R307_CACHED_NOTHING,    /* not known */
    R307_CACHED_LATER,      /* known, and not to be looked at now */
    R307_CACHED_FILE,       /* known to have rules; *stamp is what was last seen of it */
    R307_CACHED_VERSION
} r307_cached_t;

/* No file is known to have rules. Takes no lock. */
int r307_cache_is_empty(const r307_htaccess_t *cache);

/* Files of a directory have one key. Not 0: one of them may be known; cheap, for the many
 * directories where none is. */
apr_uint64_t r307_cache_key(const char *directory);
int r307_cache_may_know(const r307_htaccess_t *cache, apr_uint64_t key);

/* key is the directory's. */
r307_cached_t r307_cache_find(r307_htaccess_t *cache, const char *directory,
                              const char *name, apr_uint64_t key, apr_time_t now,
                              r307_stamp_t *stamp, r307_version_t **version);

/* The file has rules: a request met one that was read by httpd itself. */
void r307_cache_note(r307_htaccess_t *cache, const char *file);
/* This version was seen; another that was held is let go. */
void r307_cache_see(r307_htaccess_t *cache, const char *file, const r307_stamp_t *stamp);
/* Whether the caller is the one to compile; ends with put or with later. */
int r307_cache_claim(r307_htaccess_t *cache, const char *file);
/* Takes a reference of its own. */
void r307_cache_put(r307_htaccess_t *cache, const char *file, r307_version_t *version);
/* Not to be looked at before `until`. */
void r307_cache_later(r307_htaccess_t *cache, const char *file, apr_time_t until);
void r307_cache_forget(r307_htaccess_t *cache, const char *file);

size_t r307_cache_most(const r307_htaccess_t *cache);

#endif
