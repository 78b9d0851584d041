/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_flag: the flag file of a maintenance line: where it lies, what is in it, to make it and
 * to remove it. Nothing is written or removed that could be something else than a flag.
 */
#ifndef CTL_FLAG_H
#define CTL_FLAG_H

#include <apr_tables.h>
#include "maintenance/maintenance.h"
#include "reach.h"

typedef struct ctl_flag_t {
    apr_pool_t *p;
    const ctl_reach_t *reach;           /* the file the line stands in */
    const r307_maintenance_t *line;
    const char *args;                   /* the line as it stands there */
    /* what was found */
    const char *path;                   /* as it is shown */
    int folder;                         /* a descriptor of its directory */
    const char *leaf;                   /* its name there */
    r307_flag_seen_t seen;
    int is_foreign;                     /* holds something else than a flag's lines */
} ctl_flag_t;

/* What a flag is to say. */
typedef struct ctl_flag_says_t {
    apr_time_t now, until, eta;         /* 0: not said */
    const apr_array_header_t *allow;    /* of const char *, as written */
} ctl_flag_says_t;

/* Each: NULL, or why not. */

/* Where the server will look. */
const char *ctl_flag_find(ctl_flag_t *flag);
/* Fills seen in; a flag that is not there is no error. */
const char *ctl_flag_read(ctl_flag_t *flag);
/* Written beside it and renamed: the server never reads half a flag. */
const char *ctl_flag_write(const ctl_flag_t *flag, const ctl_flag_says_t *says);
const char *ctl_flag_remove(const ctl_flag_t *flag);

#endif
