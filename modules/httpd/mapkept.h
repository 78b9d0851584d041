/* SPDX-License-Identifier: Apache-2.0
 *
 * mapkept: how the one who keeps the maps and the one who asks for a map call what they
 * tell each other; what a keep is, mapentry.h says.
 */
#ifndef R307_HTTPD_MAPKEPT_H
#define R307_HTTPD_MAPKEPT_H

typedef struct r307_mapkeep_t r307_mapkeep_t;

/* What somebody who asked for a map is told, as one byte through a pipe. */
typedef enum {
    R307_KEPT_DONE = 1,         /* it has a version, or none for a reason that is said */
    R307_KEPT_YOUNG,            /* its file may still be written */
    R307_KEPT_CROWDED,          /* there is no room in the arena now */
    R307_KEPT_CLOSED            /* the file is to be handed over, opened */
} r307_kept_t;

#endif
