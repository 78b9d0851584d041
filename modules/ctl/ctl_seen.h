/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_seen: what a command saw the last time it ran: pairs of a host and a file, in a
 * file of the tool's own. What is read back may be anybody's bytes.
 */
#ifndef CTL_SEEN_H
#define CTL_SEEN_H

#include <apr_hash.h>
#include <apr_pools.h>

typedef struct ctl_seen_t {
    apr_pool_t *p;
    const char *name;           /* of the file */
    int is_first;               /* there was none */
    apr_hash_t *before, *now;   /* "host<TAB>file", escaped, to "" */
    apr_hash_t *hosts;          /* that were seen before */
    apr_hash_t *read;           /* files that were read now */
} ctl_seen_t;

/* Reads it. NULL, or why not, with its name; then it is not written either. */
const char *ctl_seen_load(ctl_seen_t *seen, apr_pool_t *p, const char *name);

/* A file was read: what is not seen in it now is forgotten. */
void ctl_seen_file(ctl_seen_t *seen, const char *file);

/* 0: host and file were seen together before; 1: the host alone was; 2: neither. */
int ctl_seen_meet(ctl_seen_t *seen, const char *host, const char *file);

/* Writes what is seen now, and of files that were not read and are still there what
 * was seen before. NULL, or why not. */
const char *ctl_seen_save(ctl_seen_t *seen);

#endif
