/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_pages: what lies below a directory that is served, by the names alone: no file is
 * opened, no link followed.
 */
#ifndef CTL_PAGES_H
#define CTL_PAGES_H

#include <apr_pools.h>

#define CTL_PAGES_MOST 1000000  /* files, of one directory */

/* Calls met for each plain file below `name`, whose own name does not begin with '.',
 * with its path from there ("/a/b.html"), in the order of the names; it lives as long
 * as the call. NULL, or what was not looked at, and why. */
const char *ctl_pages_each(apr_pool_t *p, const char *name,
                           void (*met)(void *baton, const char *path), void *baton);

#endif
