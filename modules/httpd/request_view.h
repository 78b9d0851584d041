/* SPDX-License-Identifier: Apache-2.0
 *
 * request_view: what the engine may know of a request, and how it is found out: the
 * callbacks of http/view.h. It knows expressions, flag files and maps, which know no more
 * of a request than request.h says.
 */
#ifndef R307_HTTPD_REQUEST_VIEW_H
#define R307_HTTPD_REQUEST_VIEW_H

#include "httpd/request.h"

struct r307_trail_t;

/* The state of the request, made with its view at the first call; never NULL. */
r307_state_t *r307_request_state(request_rec *r);
/* The same where the path may have been walked. */
r307_state_t *r307_request_state_walked(request_rec *r, const struct r307_trail_t *walk);

#endif
