/* SPDX-License-Identifier: Apache-2.0
 *
 * tenant: Redirect307Limits at work. The limits of a place are known once the request's
 * configuration is merged; so what a .htaccess says is held against them there, and what
 * was read from the file stays the same for all.
 */
#ifndef R307_HTTPD_TENANT_H
#define R307_HTTPD_TENANT_H

#include <httpd.h>
#include "conf/place_config.h"
#include "httpd/request.h"

/* What the rules of the block are held against; NULL when nothing limits them. Rules that
 * are skipped for it are named in the log, once for each version of the file. */
const r307_tenancy_t *r307_tenant_find(request_rec *r, const r307_config_t *conf,
                                       const r307_view_t *view,
                                       const r307_block_t *block);

/* Which limits the rules of the block are past: 1 << r307_limit_t of each. Nothing is said. */
unsigned r307_tenant_reached(request_rec *r, const r307_config_t *conf,
                             const r307_block_t *block);

/* NULL, or why a maintenance line of a .htaccess is not asked here. */
const char *r307_tenant_maintenance_why(request_rec *r, const r307_config_t *conf,
                                        const r307_view_t *view,
                                        const r307_maintenance_t *line);

/* Whether errors=fail ends the request: a line of a .htaccess in force here is no rule, or
 * past a limit. Said once for each version of the file. */
int r307_tenant_fails(request_rec *r, const r307_config_t *conf, const r307_view_t *view,
                      const r307_blocks_t *blocks);

#endif
