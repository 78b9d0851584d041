/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_blame: who wrote a line, and when, by git. A repository's configuration can name
 * programs that git runs, and this may be root: so none is asked that belongs to
 * somebody else, nothing of the machine's or the user's configuration is heeded, and
 * what is asked for runs no program.
 */
#ifndef CTL_BLAME_H
#define CTL_BLAME_H

#include <apr_pools.h>
#include <apr_time.h>

typedef struct ctl_blame_t {
    const char *author;         /* as it may be shown; "-": it cannot be told */
    apr_time_t when;            /* 0: not known */
} ctl_blame_t;

/* NULL; or why it cannot be told: the file is in no repository, in one of somebody
 * else, or the line is not in the last commit as it is now. */
const char *ctl_blame_find(apr_pool_t *p, const char *file, unsigned line,
                           ctl_blame_t *blame);

#endif
