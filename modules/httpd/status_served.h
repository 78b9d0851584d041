/* SPDX-License-Identifier: Apache-2.0
 *
 * status_served: the .htaccess files that were served since the server started, on the page
 * about it.
 */
#ifndef R307_HTTPD_STATUS_SERVED_H
#define R307_HTTPD_STATUS_SERVED_H

#include <httpd.h>
#include "status/status_model.h"

/* Fills in what is known of them, and what needs somebody; texts in r->pool. */
void r307_status_served(request_rec *r, r307_overview_t *status);

#endif
