/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_file: a version of a .htaccess as the file that httpd reads: the lines that are
 * left of it, one after the other, and which of them stand for a run of rules.
 */
#ifndef R307_HTTPD_HTACCESS_FILE_H
#define R307_HTTPD_HTACCESS_FILE_H

#include <httpd.h>
#include <http_config.h>
#include "httpd/htaccess_cache.h"

/* The version as a file; the caller's reference becomes the request's. */
apr_status_t r307_htaccess_hand_out(request_rec *r, r307_version_t *version,
                                    ap_configfile_t **file);

/* What was met so far of the file that is read; NULL: it is none of ours. */
r307_progress_t *r307_htaccess_progress(const cmd_parms *cmd);

/* The run that the line stands for, or NULL: it is a line of a file. */
const r307_hoist_t *r307_htaccess_run(const cmd_parms *cmd);

/* Bytes of a byte order mark at the beginning of a file. */
size_t r307_htaccess_mark(const char *s, size_t len);

#endif
