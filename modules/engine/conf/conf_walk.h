/* SPDX-License-Identifier: Apache-2.0
 *
 * conf_walk: which lines of a site are about one request: the virtual host, the <Location>s,
 * where the path leads on the disk, the <Directory>s and .htaccess files on the way, <Files>.
 * What it cannot decide it names. Opens no file: the host looks.
 */
#ifndef R307_CONF_WALK_H
#define R307_CONF_WALK_H

#include "conf/conf_site.h"

/* What is there. */
enum { R307_THERE_NOTHING, R307_THERE_FILE, R307_THERE_FOLDER, R307_THERE_UNKNOWN };

/* Something that decides, and that text does not tell. */
typedef struct r307_depend_t {
    const char *what;
    const char *file;           /* where it is written; NULL: nowhere */
    unsigned line;
    int is_access;              /* it only keeps requests away */
} r307_depend_t;

typedef struct r307_walk_t {
    apr_pool_t *p;
    r307_site_t *site;
    int (*look)(void *baton, const char *path);
    /* The .htaccess of a directory, by one of the names; 0: there is none. above: what holds
     * there. */
    int (*htaccess)(void *baton, const char *directory, const char *names,
                    const r307_area_t *above, r307_area_t *part);
    void *baton;
    /* the question */
    const char *host;           /* of the URL, without port */
    int port;
    const char *uri;            /* decoded, without dot segments and double slashes */
    /* the answer */
    const r307_server_t *server;
    r307_area_t early;          /* what holds before the path is looked for */
    r307_area_t late;           /* and behind that */
    const char *filename, *path_info;
    const char *root, *prefix;  /* the folder that `filename` is below, and its URL */
    apr_array_header_t *depends_early, *depends_late;   /* of r307_depend_t */
} r307_walk_t;

/* The server, and early; p to uri are set. */
void r307_walk_early(r307_walk_t *walk);
/* The rest. 0: where the path leads cannot be told. */
int r307_walk_late(r307_walk_t *walk);

#endif
