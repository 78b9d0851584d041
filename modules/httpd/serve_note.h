/* SPDX-License-Identifier: Apache-2.0
 *
 * serve_note: notes which .htaccess files are served, for the page about the server: how many
 * rules each has, how many lines are skipped, which limits it reached, and which other hosts its
 * lines send people to, ours and those of other modules that text tells. The table is
 * shared/served.h.
 *
 * A file is looked at when a request meets rules of it, and again when its version is another
 * one or a minute has passed; a request in between pays for one comparison where the rules
 * come from memory.
 */
#ifndef R307_HTTPD_SERVE_NOTE_H
#define R307_HTTPD_SERVE_NOTE_H

#include <httpd.h>
#include "conf/place_config.h"
#include "shared/served.h"

/* post_config: makes the table, or finds that of the generation before. Without shared memory
 * nothing is noted. */
void r307_served_table_make(server_rec *s, apr_uint64_t seed);

/* The table; NULL: there is none. */
const r307_served_t *r307_served_table(void);

/* A request met these blocks, those of .htaccess files among them. */
void r307_served_blocks(request_rec *r, const r307_config_t *conf,
                      const r307_blocks_t *blocks);

#endif
