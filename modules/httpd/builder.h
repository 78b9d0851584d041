/* SPDX-License-Identifier: Apache-2.0
 *
 * builder: the process that writes the arena while the server runs. The parent begins it,
 * and again when it dies; it runs as the server's user, with a name of its own in ps.
 * It ends with its configuration. What is asked for while the next one is read waits for the
 * builder of that; no two ever write.
 */
#ifndef R307_HTTPD_BUILDER_H
#define R307_HTTPD_BUILDER_H

#include "httpd/mapkeep.h"

typedef struct r307_builder_t r307_builder_t;

/* What outlives a generation: lies in a pool of the process. */
typedef struct r307_running_t {
    apr_pool_t *pool;           /* of the process that runs; NULL: none does */
    apr_proc_t proc;
} r307_running_t;

/* In the parent: ends the one that runs, and waits for that. */
void r307_builder_end(r307_running_t *running);

/* In the parent, which writes no more: begins one, for as long as pconf lives. queue: see
 * mapask.h. 0: it cannot be begun, and why is said. */
int r307_builder_begin(apr_pool_t *pconf, server_rec *s, r307_running_t *running,
                       r307_mapkeep_t *keep, int queue);

#endif
