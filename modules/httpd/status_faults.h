/* SPDX-License-Identifier: Apache-2.0
 *
 * status_faults: lines of a .htaccess that are no rules, on the page of who wrote them and has
 * no log.
 */
#ifndef R307_HTTPD_STATUS_FAULTS_H
#define R307_HTTPD_STATUS_FAULTS_H

#include "conf/place_config.h"
#include "status/status_model.h"

/* Says of each, with number and reason, what a block of a .htaccess left out; texts in p. */
void r307_status_faults(apr_pool_t *p, r307_overview_t *status, const r307_block_t *block);

#endif
