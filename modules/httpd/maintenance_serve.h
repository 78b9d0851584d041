/* SPDX-License-Identifier: Apache-2.0
 *
 * maintenance_serve: Redirect307Maintenance at work: the lines of a place asked, the page
 * shown in place under status 503, whoever makes it, and the flag files kept from the
 * world.
 */
#ifndef R307_HTTPD_MAINTENANCE_SERVE_H
#define R307_HTTPD_MAINTENANCE_SERVE_H

#include <httpd.h>
#include <http_config.h>
#include "httpd/config.h"
#include "httpd/container.h"

/* The directive's line into the configuration. NULL, or what is wrong with it. nth: which
 * of our lines of a .htaccess it is. */
const char *r307_maintenance_add(cmd_parms *cmd, r307_config_t *conf,
                                 const r307_container_t *container, int nth,
                                 const char *args);

/* Before the rules of the same phase. The value the hook returns; DECLINED when the
 * request goes on. In the late phase a page whose maintenance is over leads back. */
int r307_maintenance_serve(request_rec *r, const r307_config_t *conf, int is_late);

#endif
