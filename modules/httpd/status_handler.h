/* SPDX-License-Identifier: Apache-2.0
 *
 * status_handler: SetHandler redirect307-status: the page about this server, read-only,
 * where Redirect307Status server allows it. SetHandler alone does not show it: whoever
 * has a .htaccess could write that.
 */
#ifndef R307_HTTPD_STATUS_HANDLER_H
#define R307_HTTPD_STATUS_HANDLER_H

#include <httpd.h>
#include "conf/place_config.h"

#define R307_STATUS_HANDLER "redirect307-status"

int r307_on_handler(request_rec *r);

/* In type_checker, where conf->own_link is set: the page about the rules of that
 * directory, for who brings the key; DECLINED for all else, as if there were none. */
int r307_status_own(request_rec *r, const r307_config_t *conf);

#endif
