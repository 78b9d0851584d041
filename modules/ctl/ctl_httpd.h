/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_httpd: a whole httpd as its configuration says it: httpd.conf with all that it
 * includes, and the .htaccess files on the way of a request.
 */
#ifndef CTL_HTTPD_H
#define CTL_HTTPD_H

#include "conf/conf_walk.h"
#include "ctl_args.h"
#include "ctl_layout.h"
#include "ctl_site.h"

typedef struct ctl_httpd_t {
    apr_pool_t *p;
    const char *file;           /* httpd.conf */
    ctl_layout_t layout;
    r307_tree_t tree;
    r307_tree_host_t host;
    r307_tree_host_t tenant_host;   /* of .htaccess: it includes nothing */
    r307_site_t site;
    ctl_site_t lines;           /* all lines of ours, in the order they are met */
    apr_hash_t *reaches;        /* file to ctl_reach_t * */
    const char *asked_root;     /* --root, or NULL */
    long user, group;           /* who reads files; -1: not known */
    r307_area_t *area;          /* of the .htaccess that is read; NULL: of httpd.conf */
    int rules, regexes;         /* of that .htaccess, so far */
    r307_tally_t tally;         /* of the rules of httpd.conf that have conditions */
    r307_walk_t *walk;          /* of the request that is asked about, or NULL */
    const char *fails;          /* FILE:LINE: why a .htaccess is answered by 500 */
    apr_array_header_t *refused;    /* of ctl_refusal_t: all that is refused; NULL: not asked */
} ctl_httpd_t;

/* Members of x->lines may be set before anything is loaded. */
void ctl_httpd_make(ctl_httpd_t *x, apr_pool_t *p);

/* What -f names, else the configuration of the httpd that is installed; with -D and --root.
 * NULL, or why it cannot be read. */
const char *ctl_httpd_load(ctl_httpd_t *x, const ctl_args_t *args);

/* Adds to the lines what is wrong with the files themselves, and with names of directives. */
void ctl_httpd_check(ctl_httpd_t *x);

/* Of a r307_tree_host_t, whose baton is x. */
int ctl_httpd_has_module(void *baton, const char *name);

#endif
