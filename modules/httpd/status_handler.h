/* SPDX-License-Identifier: Apache-2.0
 *
 * status_handler: SetHandler redirect307-status: the page about this server, read-only, where
 * Redirect307Status server allows it. SetHandler alone does not show it: whoever has a
 * .htaccess could write that.
 */
#ifndef R307_HTTPD_STATUS_HANDLER_H
#define R307_HTTPD_STATUS_HANDLER_H

#include <httpd.h>

#define R307_STATUS_HANDLER "redirect307-status"

int r307_on_handler(request_rec *r);

#endif
