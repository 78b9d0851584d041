/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_log: a log that somebody named, line by line, in memory that does not grow with
 * it: files, of gzip too (by gzip's own program, as no library for it is needed
 * otherwise), and pipes, which can be read but once.
 */
#ifndef CTL_LOG_H
#define CTL_LOG_H

#include <apr_pools.h>

typedef struct ctl_log_t {
    apr_pool_t *p;
    const char *name;           /* as it may be shown */
    int fd;
    int is_once;                /* a pipe */
    int is_gzip;
    apr_uint64_t size;          /* when it was opened; later lines are not read */
} ctl_log_t;

/* Opens it for as long as p lives. NULL, or why not, with the name. */
const char *ctl_log_open(apr_pool_t *p, const char *name, ctl_log_t *log);

/* Each line, without its end, from the first one; s is NULL for one that is too long
 * to be a line of a log. NULL, or why it was not read to its end, with the name. */
const char *ctl_log_each(const ctl_log_t *log,
                         void (*met)(void *baton, const char *s, size_t len),
                         void *baton);

#endif
