/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_replace: a file written beside another one and renamed over it, so that nobody meets a
 * half of it. The directory is held open and may be a tenant's, and this process root's: what
 * is made there is new, no link, and is never served meanwhile, as its name begins with ".ht".
 */
#ifndef CTL_REPLACE_H
#define CTL_REPLACE_H

#include <stddef.h>
#include <apr_pools.h>

/* Who may do what with the new file. */
typedef struct ctl_replace_as_t {
    apr_uint32_t mode;
    int keeps_owner;            /* else it is this process's user's */
    apr_uint32_t owner, group;
} ctl_replace_as_t;

/* leaf: a name in that directory, replaced if it is there. NULL, or why not, without a name:
 * then nothing has changed. */
const char *ctl_replace(apr_pool_t *p, int folder, const char *leaf, const char *bytes,
                        size_t len, const ctl_replace_as_t *as);

#endif
