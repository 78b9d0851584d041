/* SPDX-License-Identifier: Apache-2.0
 *
 * log_once: says a thing once, in all children together. A table of fixed size in
 * anonymous shared memory, made by the parent for each generation; when it is full the
 * oldest entry of a neighbourhood is forgotten and its message may come again.
 */
#ifndef R307_HTTPD_LOG_ONCE_H
#define R307_HTTPD_LOG_ONCE_H

#include <httpd.h>

/* post_config: makes the table, in pconf. Without shared memory each process has its
 * own. */
void r307_log_once_make(apr_pool_t *pconf);

/* 64 bits of these; any of them may be left out (NULL, 0). The version of the file is in
 * it: one stat, so only where something is wrong. */
apr_uint64_t r307_log_once_key(apr_pool_t *p, const char *file, unsigned line,
                               const char *text);
/* The same without looking at the file. */
apr_uint64_t r307_log_once_key_text(const char *file, unsigned line, const char *text);

/* 1 for the first caller with this key in this generation of the server. */
int r307_log_once_ever(const server_rec *s, apr_uint64_t key);
/* 1 when nobody got a 1 for this key within so many seconds. */
int r307_log_once_per(const server_rec *s, apr_uint64_t key, int seconds, apr_time_t now);

#endif
