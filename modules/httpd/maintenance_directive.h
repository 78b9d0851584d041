/* SPDX-License-Identifier: Apache-2.0
 *
 * maintenance_directive: the directive Redirect307Maintenance: its line, the files that it
 * names, and what an admin is told of those that are not there.
 */
#ifndef R307_HTTPD_MAINTENANCE_DIRECTIVE_H
#define R307_HTTPD_MAINTENANCE_DIRECTIVE_H

#include <httpd.h>
#include <http_config.h>
#include "conf/place_config.h"
#include "httpd/container.h"

/* The line into the configuration. NULL, or what is wrong with it. nth: which of our lines
 * of a .htaccess it is. */
const char *r307_maintenance_directive_add(cmd_parms *cmd, r307_config_t *conf,
                                           const r307_container_t *container, int nth,
                                           const char *args);

#endif
