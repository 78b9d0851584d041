/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_share: compiled .htaccess files that all processes of a server share.
 *
 *     parent     makes an arena of its own for them, for each generation
 *     child      asks the builder to compile a file that is not there as it is now, and waits
 *                for nothing; takes what is there
 *     builder    compiles and publishes                              (htaccess_build.h)
 *
 * A version is used for the very bytes it was made from: a child opens the file at each
 * request, and compares its stamp, and its bytes as long as a stamp may not tell two of
 * them apart. What cannot be shared is said so by a version without a pack.
 *
 * A child has no thread for this: it says that it reads when its first request takes a
 * version, and that it reads nothing when the last one gave its own back.
 */
#ifndef R307_HTTPD_HTACCESS_SHARE_H
#define R307_HTTPD_HTACCESS_SHARE_H

#include "httpd/htaccess_taken.h"

/* post_config, before the builder begins; most: bytes for all of them. Without it, or where
 * there is no memory, each process compiles for itself. */
void r307_htshare_make(apr_pool_t *pconf, server_rec *s, size_t most);
/* NULL: there is none. A look-up: not for every request. */
r307_htshare_t *r307_htshare_of(const server_rec *s);
/* In a child; NULL: it cannot take part. */
r307_htshare_t *r307_htshare_join(apr_pool_t *pchild, server_rec *s, int is_threaded);
/* In the parent: a child is gone. */
void r307_htshare_bury(server_rec *s, pid_t pid);

/* Whether files of the directory may be there, by its r307_cache_key. */
int r307_htshare_may(const r307_htshare_t *share, apr_uint64_t key);
void r307_htshare_note_key(r307_htshare_t *share, apr_uint64_t key);

/* Asks the builder to compile the open file: once in a while for each stamp. */
void r307_htshare_ask(r307_htshare_t *share, const char *path, int fd,
                    const r307_stamp_t *stamp, apr_time_t now);

/* The same before the file is opened, by its path alone. */
int r307_htshare_may_ask(r307_htshare_t *share, const char *path, apr_time_t now);
/* A file is read from memory; one with rules is not there as it is now. */
void r307_htshare_count(r307_htshare_t *share);
void r307_htshare_miss(r307_htshare_t *share);

r307_arena_t *r307_htshare_arena(const r307_htshare_t *share);
/* Where letters are read from; each is a path with its NUL, and the open file. */
int r307_htshare_queue(const r307_htshare_t *share);

typedef struct r307_htshare_told_t {
    apr_uint64_t files, bytes, most;    /* in memory; bytes there may be */
    apr_uint64_t served, missed, built, evicted;
} r307_htshare_told_t;

/* Zeroed where nothing is shared. */
void r307_htshare_tell(const server_rec *s, r307_htshare_told_t *told);

#endif
