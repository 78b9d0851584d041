/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_layout: where the running httpd has its configuration, and what it was built with, by
 * what `apache2 -V` and `apache2 -l` print. Debian's envvars count, as they do for apachectl.
 */
#ifndef CTL_LAYOUT_H
#define CTL_LAYOUT_H

#include <apr_hash.h>

typedef struct ctl_layout_t {
    const char *program;        /* NULL: none was found */
    const char *root;           /* HTTPD_ROOT */
    const char *file;           /* SERVER_CONFIG_FILE, absolute */
    const char *version;        /* "2.4.58", or NULL */
    apr_hash_t *modules;        /* built in: "mod_so.c" */
    apr_hash_t *env;            /* of envvars */
} ctl_layout_t;

void ctl_layout_find(apr_pool_t *p, ctl_layout_t *layout);

#endif
