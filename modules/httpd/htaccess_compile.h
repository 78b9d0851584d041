/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_compile: from the bytes of one version of a .htaccess to the rules of its runs
 * and the lines that httpd still has to read.
 */
#ifndef R307_HTTPD_HTACCESS_COMPILE_H
#define R307_HTTPD_HTACCESS_COMPILE_H

#include "httpd/htaccess_cache.h"

/* Compiles what an open file says; NULL when it must be left to httpd. most: what it may weigh,
 * not 0. */
r307_version_t *r307_htaccess_compile(request_rec *r, const char *file, int fd,
                                      const r307_stamp_t *stamp, size_t most);
/* The same for one request, as quick as it can be done. large: how many of this process lie in
 * large memory; __atomic, and there for as long as they are. */
r307_version_t *r307_htaccess_compile_once(request_rec *r, const char *file, int fd,
                                           const r307_stamp_t *stamp, unsigned *large);

#endif
