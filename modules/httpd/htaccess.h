/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess: .htaccess files from memory. httpd parses such a file at every request; one
 * with rules is compiled once for each version of it, and httpd is given the rest to
 * read, with one line for all rules of a run. Whatever is in doubt is declined: then
 * httpd reads the file itself, as if this were not here.
 */
#ifndef R307_HTTPD_HTACCESS_H
#define R307_HTTPD_HTACCESS_H

#include "httpd/htaccess_cache.h"
#include <http_config.h>

/* child_init: makes the cache and tells every server that has not switched it off. */
void r307_htaccess_begin(apr_pool_t *pchild, server_rec *s);

/* Hook open_htaccess. */
apr_status_t r307_on_open_htaccess(request_rec *r, const char *directory,
                                   const char *name, ap_configfile_t **file,
                                   const char **full_name);

/* The same where httpd reads the file: a byte order mark at its beginning is none of it. */
apr_status_t r307_on_open_marked(request_rec *r, const char *directory, const char *name,
                                 ap_configfile_t **file, const char **full_name);
/* Bytes of it at the beginning of a file. */
size_t r307_htaccess_mark(const char *s, size_t len);

/* The run that the line stands for, or NULL: it is a line of a file. */
const r307_hoist_t *r307_htaccess_run(const cmd_parms *cmd);

typedef const char *(*r307_refuse_t)(cmd_parms *cmd, void *mconfig, const char *text);

/* Adds the rules of a run as its lines would have been added here. What may not be is
 * left out, and handed to `refuse` as an error of its own line. */
void r307_htaccess_add_run(cmd_parms *cmd, r307_config_t *conf, const r307_hoist_t *run,
                           r307_refuse_t refuse);

/* What was met so far of the cached file that is read; NULL: none is. */
r307_progress_t *r307_htaccess_progress(const cmd_parms *cmd);

/* Files whose rules httpd had to read are candidates from now on. */
void r307_htaccess_note(const r307_config_t *conf, const r307_chain_t *chain);

/* Compiles what an open file says; NULL when it must be left to httpd. */
r307_version_t *r307_htaccess_compile(request_rec *r, const char *file, int fd,
                                      const r307_stamp_t *stamp, size_t most);

#endif
