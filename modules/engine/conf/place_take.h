/* SPDX-License-Identifier: Apache-2.0
 *
 * place_take: what one line of a setting said, put into its place: by the server and by
 * redirect307ctl.
 */
#ifndef R307_PLACE_TAKE_H
#define R307_PLACE_TAKE_H

#include "conf/place_config.h"

/* directory: of the place, as in r307_block_t. */
void r307_place_take(apr_pool_t *p, r307_config_t *conf, const r307_directive_row_t *row,
                     const r307_said_t *said, int is_htaccess, const char *directory);

#endif
