/* SPDX-License-Identifier: Apache-2.0
 *
 * maps: the directive Redirect307Map: which file a line names, and what a tenant's may be.
 */
#ifndef R307_HTTPD_MAPS_H
#define R307_HTTPD_MAPS_H

#include "httpd/config.h"
#include "httpd/container.h"
#include "httpd/mapload.h"

/* In cmd->pool. NULL, or what is wrong and what to write. */
const char *r307_maps_parse(cmd_parms *cmd, const r307_container_t *container,
                            const char *args, r307_mapref_t **ref);

/* A map of .htaccess under the limits that hold for the request: another map where they
 * are others. In r->pool. */
const r307_mapref_t *r307_maps_limited(request_rec *r, const r307_config_t *conf,
                                       const r307_mapref_t *ref);

#endif
