/* SPDX-License-Identifier: Apache-2.0
 *
 * foreign: the names of httpd's other directives, to tell a misspelt one, on which httpd
 * answers 500, from one that is none of our business. Names that are in no list are left
 * alone: they may be some other module's.
 */
#ifndef CTL_FOREIGN_H
#define CTL_FOREIGN_H

#include <apr_pools.h>

typedef enum {
    CTL_FOREIGN_UNKNOWN,
    CTL_FOREIGN_HTACCESS,      /* .htaccess may have it, if AllowOverride lets it */
    CTL_FOREIGN_CONF           /* for httpd.conf alone */
} ctl_foreign_t;

ctl_foreign_t ctl_foreign_find(const char *name, size_t len);

/* The source of the module that has a directive which .htaccess may have, "mod_alias.c"; NULL:
 * it is none. */
const char *ctl_foreign_module(const char *name, size_t len);

/* One of those for .htaccess that somebody may have meant; NULL. */
const char *ctl_foreign_near(apr_pool_t *p, const char *name);

#endif
