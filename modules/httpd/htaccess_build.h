/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_build: the builder's part of htaccess_share: takes the files that children ask
 * for, compiles them and publishes what came of it. Nobody waits for it.
 */
#ifndef R307_HTTPD_HTACCESS_BUILD_H
#define R307_HTTPD_HTACCESS_BUILD_H

#include "httpd/htaccess_share.h"

typedef struct r307_htbuild_t r307_htbuild_t;

/* In the builder; NULL: nothing is shared. What was built when the builder before this one
 * died is left alone from then on. */
r307_htbuild_t *r307_htbuild_make(server_rec *s);

/* To be polled; -1: nothing. There are two of them. */
#define R307_HTBUILD_FDS 2
int r307_htbuild_fd(const r307_htbuild_t *build, int number);
/* Some of what there is to do. */
void r307_htbuild_work(r307_htbuild_t *build);

#endif
