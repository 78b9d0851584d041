/* SPDX-License-Identifier: Apache-2.0
 *
 * map_directive: the directive Redirect307Map: which file a line names, and what a
 * tenant's may be.
 */
#ifndef R307_HTTPD_MAP_DIRECTIVE_H
#define R307_HTTPD_MAP_DIRECTIVE_H

#include "conf/place_config.h"
#include "httpd/container.h"
#include "httpd/mapload.h"

/* The directive's setter: the map stands behind the rules that were read so far. NULL, or
 * what is wrong and what to write. */
const char *r307_map_directive_add(cmd_parms *cmd, r307_config_t *conf, const char *args);

#endif
