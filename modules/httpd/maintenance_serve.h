/* SPDX-License-Identifier: Apache-2.0
 *
 * maintenance_serve: Redirect307Maintenance at work: the lines of a place asked, and the
 * page shown in place under status 503, whoever makes it.
 */
#ifndef R307_HTTPD_MAINTENANCE_SERVE_H
#define R307_HTTPD_MAINTENANCE_SERVE_H

#include <httpd.h>
#include "conf/place_config.h"

/* Before the rules of the same phase. The value the hook returns; DECLINED when the
 * request goes on. In the late phase a page whose maintenance is over leads back. */
int r307_maintenance_serve(request_rec *r, const r307_config_t *conf, int is_late);

/* What that would decide, of a request that is only asked about; BACK is carried out if no
 * later phase is closed. */
void r307_maintenance_ask(request_rec *r, const r307_config_t *conf, int is_late,
                          r307_halt_decision_t *decision);

#endif
