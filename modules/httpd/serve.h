/* SPDX-License-Identifier: Apache-2.0
 *
 * serve: one list of rules asked about one request, the decision logged and carried out.
 * The same for every hook.
 */
#ifndef R307_HTTPD_SERVE_H
#define R307_HTTPD_SERVE_H

#include <httpd.h>
#include "conf/place_config.h"

/* 0: no rule of the blocks can match, as a look at the path alone tells, and nobody wants
 * to read that in a log. */
int r307_serve_may(request_rec *r, const r307_config_t *conf, const r307_blocks_t *blocks);

/* The value the hook returns: DECLINED when no rule answers. */
int r307_serve_blocks(request_rec *r, const r307_config_t *conf,
                      const r307_blocks_t *blocks);

#endif
