/* SPDX-License-Identifier: Apache-2.0
 *
 * status_ask: what this very process would answer to a URL, asked by who looks at the
 * status page. httpd maps the URL as in a subrequest, by the virtual host of that name;
 * then the rules are asked as in a request, and nothing is sent, counted or logged.
 */
#ifndef R307_HTTPD_STATUS_ASK_H
#define R307_HTTPD_STATUS_ASK_H

#include <httpd.h>
#include "status/status_model.h"

/* url, method, headers and at of *ask are set, the rest is filled in. */
void r307_status_ask(request_rec *r, r307_status_ask_t *ask);

#endif
