/* SPDX-License-Identifier: Apache-2.0
 *
 * refusal: what becomes of a line that is wrong. In httpd.conf it ends the start, and
 * what asks whether a reload may begin; but a server that runs is never ended by it. In
 * .htaccess it is skipped, said once per version of the file, and the site stays up.
 */
#ifndef R307_HTTPD_REFUSAL_H
#define R307_HTTPD_REFUSAL_H

#include <httpd.h>
#include <http_config.h>
#include "httpd/reading.h"

/* httpd reads httpd.conf twice: first to see whether it can be used, with a terminal in
 * front of it or asked by -t, -k graceful, -k restart, when an error costs nothing; then to
 * use it, at the start and whenever a signal comes, when an error is the end of the
 * server. */
int r307_refusal_is_trial(void);

/* The file that is read. cmd->directive->filename is no path inside a <Macro>:
 * mod_macro puts a description there. */
const char *r307_refusal_file(const cmd_parms *cmd);

/* What was met in this .htaccess, as far as it is read. */
r307_progress_t *r307_refusal_met(r307_reading_t *reading, cmd_parms *cmd);

/* Somewhere in the configuration of this server errors=fail stands. */
void r307_refusal_expect_fails(const cmd_parms *cmd);

/* The one way out for a line that is wrong, and `text` says why. What a directive has to
 * return: the error, to which httpd adds the place, or NULL when it was logged. */
const char *r307_refusal_take(cmd_parms *cmd, void *mconfig, const char *text);

#endif
