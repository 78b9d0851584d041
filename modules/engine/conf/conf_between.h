/* SPDX-License-Identifier: Apache-2.0
 *
 * conf_between: lines of other modules that have a say before one of our rules has: who
 * answers first, who leads a path elsewhere, who refuses a request, who changes what is
 * sent. What such a line does is not evaluated; whether it may be about a path is.
 */
#ifndef R307_CONF_BETWEEN_H
#define R307_CONF_BETWEEN_H

#include "conf/conf_tree.h"

typedef enum {
    R307_BETWEEN_NOTHING,
    R307_BETWEEN_FIRST,         /* may answer, or change the request, before any rule */
    R307_BETWEEN_MAPS,          /* may answer or lead elsewhere before the late rules; of a
                                 * directory or of files it comes behind them */
    R307_BETWEEN_REFUSES,       /* may refuse what the late rules would be asked for */
    R307_BETWEEN_SENDS          /* may change the answer */
} r307_between_t;

r307_between_t r307_between_find(apr_pool_t *p, const r307_node_t *node);

/* Whether a line that answers FIRST or MAPS may be about that path, decoded. */
int r307_between_may(apr_pool_t *p, const r307_node_t *node, const char *path);

/* Whether a node lies in a section of that name. */
int r307_between_is_in(const r307_node_t *node, const char *section);

#endif
