/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess: .htaccess files from memory. httpd parses such a file at every request; one
 * with rules is compiled for each version of it, and httpd is given the rest to
 * read, with one line for all rules of a run. Whatever is in doubt is declined: then
 * httpd reads the file itself, as if this were not here.
 */
#ifndef R307_HTTPD_HTACCESS_H
#define R307_HTTPD_HTACCESS_H

#include <httpd.h>
#include <http_config.h>
#include "conf/place_config.h"

/* post_config, before the builder of maps begins: what processes share. arena: bytes of that
 * of the maps; 0: there is no builder. */
void r307_htaccess_make(apr_pool_t *pconf, server_rec *s, apr_int64_t arena);

/* child_init: makes the cache and tells every server that has not switched it off. */
void r307_htaccess_begin(apr_pool_t *pchild, server_rec *s, int has_builder);

/* Hook open_htaccess. */
apr_status_t r307_on_open_htaccess(request_rec *r, const char *directory,
                                   const char *name, ap_configfile_t **file,
                                   const char **full_name);

/* The same where httpd reads the file: a byte order mark at its beginning is none of it. */
apr_status_t r307_on_open_marked(request_rec *r, const char *directory, const char *name,
                                 ap_configfile_t **file, const char **full_name);

#endif
