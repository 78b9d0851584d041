/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_run: the rules of a run, which one line of a cached .htaccess stands for, into
 * the configuration of the place that this line is read for.
 */
#ifndef R307_HTTPD_HTACCESS_RUN_H
#define R307_HTTPD_HTACCESS_RUN_H

#include <httpd.h>
#include <http_config.h>
#include "httpd/htaccess_cache.h"

/* Adds the rules as their lines would have been added here. What may not be is left out,
 * as an error of its own line. */
void r307_htaccess_add_run(cmd_parms *cmd, r307_config_t *conf, const r307_hoist_t *run);

#endif
