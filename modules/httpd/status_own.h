/* SPDX-License-Identifier: Apache-2.0
 *
 * status_own: fills the model of the page about a directory: nothing that anybody else wrote,
 * but for the names of rules of the server that answer before those of the directory.
 */
#ifndef R307_HTTPD_STATUS_OWN_H
#define R307_HTTPD_STATUS_OWN_H

#include "httpd/status_gather.h"

void r307_status_gather_own(request_rec *r, const r307_config_t *conf,
                            const r307_status_own_t *own, r307_overview_t *status);

#endif
