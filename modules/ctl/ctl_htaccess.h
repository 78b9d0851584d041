/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_htaccess: a .htaccess as a whole httpd takes it: what AllowOverride lets in, whether
 * there is a module for it, what Redirect307Limits and Redirect307Require leave out.
 */
#ifndef CTL_HTACCESS_H
#define CTL_HTACCESS_H

#include "ctl_homes.h"

/* A line that httpd does not take there, or that the module leaves out. */
typedef struct ctl_refusal_t {
    const char *file;
    unsigned line;
    const char *directive, *text;
} ctl_refusal_t;

/* What a walk asks is asked of the disk; its host, port and uri are set. What httpd answers 500
 * to is x->fails, what no text tells goes to its depends. */
void ctl_htaccess_begin(ctl_httpd_t *x, r307_walk_t *walk);

/* What is refused of it, as an array of ctl_refusal_t in p; nothing where it cannot be read.
 * site: its lines, as they were loaded. */
apr_array_header_t *ctl_htaccess_refusals(const ctl_httpd_t *x, apr_pool_t *p,
                                          const ctl_home_t *home, const ctl_site_t *site);

/* What limits the rules of a block; NULL: nothing. asked: the host, or NULL. */
const r307_tenancy_t *ctl_htaccess_tenancy(apr_pool_t *p, const r307_server_t *server,
                                           const r307_config_t *conf,
                                           const r307_block_t *block, const char *asked);

#endif
