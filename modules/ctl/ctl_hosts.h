/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_hosts: the hosts that lines send people to, each with its places, and how they are
 * printed.
 */
#ifndef CTL_HOSTS_H
#define CTL_HOSTS_H

#include <apr_hash.h>
#include <apr_tables.h>

#define CTL_HOSTS_PLACES 10     /* of one host that are kept; all are counted */
#define CTL_HOSTS_OF_FILE 1000  /* that are kept of one file, a hostile map's too */

typedef struct ctl_hosts_place_t {
    const char *file;           /* as it may be shown */
    unsigned line;
    const char *how;            /* the directive */
    const char *only;           /* who alone is sent there, or NULL */
    int is_new;
} ctl_hosts_place_t;

typedef struct ctl_host_t {
    const char *name;           /* as it may be shown */
    int lines, files;
    int is_new;                 /* seen for the first time */
    int new_files;              /* files in which it is seen for the first time */
    int hiding;                 /* lines that send some people alone */
    const char *last;           /* the file that was counted last */
    apr_array_header_t *places; /* of ctl_hosts_place_t; new ones first */
} ctl_host_t;

typedef struct ctl_hosts_t {
    apr_pool_t *p;
    apr_hash_t *hosts;          /* by their names, to ctl_host_t * */
    apr_array_header_t *list;   /* of ctl_host_t *, once it was sorted */
    int has_state;              /* what is new is known */
    int files, lines, own, cut; /* files; lines: all, to the own host, not kept */
} ctl_hosts_t;

void ctl_hosts_make(ctl_hosts_t *x, apr_pool_t *p);

/* One line. seen: see ctl_seen_meet. */
void ctl_hosts_add(ctl_hosts_t *x, const char *host, const ctl_hosts_place_t *place,
                   int seen);

/* New ones first, then those with the most files. */
void ctl_hosts_sort(ctl_hosts_t *x);

typedef struct ctl_hosts_format_t {
    const char *name;
    void (*print)(const ctl_hosts_t *x);
} ctl_hosts_format_t;

/* By its name; NULL: there is none. */
const ctl_hosts_format_t *ctl_hosts_format_find(const char *name);

/* Hosts and files that are new. */
int ctl_hosts_new(const ctl_hosts_t *x);

#endif
