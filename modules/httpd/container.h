/* SPDX-License-Identifier: Apache-2.0
 *
 * container: where a directive stands, and what follows from it: the phase in which its
 * rules are decided, what a source may look like, and the directory of relative ones.
 */
#ifndef R307_HTTPD_CONTAINER_H
#define R307_HTTPD_CONTAINER_H

#include <httpd.h>
#include <http_config.h>
#include "conf/section.h"

typedef struct r307_container_t {
    r307_standing_t standing;   /* as the engine sees it */
    int is_late;            /* decided after .htaccess was read, not in translate_name */
    r307_where_t where;
    const char *directory;  /* of the file system, without final slash; NULL: not known */
    const char *location;   /* URL-path of a literal <Location>, or NULL */
} r307_container_t;

/* .htaccess is read for one request: httpd gives one pool for both purposes. */
int r307_container_is_htaccess(const cmd_parms *cmd);

/* NULL, or why none of our directives may stand here. */
const char *r307_container_find(const cmd_parms *cmd, r307_container_t *container);

#endif
