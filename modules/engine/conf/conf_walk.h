/* SPDX-License-Identifier: Apache-2.0
 *
 * conf_walk: which lines of a site are about one request: the virtual host, the <Location>s,
 * where the path leads on the disk, the <Directory>s and .htaccess files on the way, <Files>.
 * What it cannot decide it names. Opens no file: the host looks.
 */
#ifndef R307_CONF_WALK_H
#define R307_CONF_WALK_H

#include "conf/conf_host.h"
#include "conf/expr_tell.h"

/* What is there, behind links. */
typedef struct r307_there_t {
    enum { R307_THERE_NOTHING, R307_THERE_FILE, R307_THERE_FOLDER, R307_THERE_OTHER,
           R307_THERE_UNKNOWN } kind;
    int is_link;                /* the name itself */
    int is_owners;              /* and it leads to what belongs to who made it */
    const char *depends;        /* NULL, or why httpd may see something else */
} r307_there_t;

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
    void (*look)(void *baton, const char *path, r307_there_t *there);
    /* The .htaccess of a directory, by one of the names; 0: there is none. above: what holds
     * there. */
    int (*htaccess)(void *baton, const char *directory, const char *names,
                    const r307_area_t *above, r307_area_t *part);
    void *baton;
    /* What <If> asks for, but for the path; NULL: nothing is known. */
    r307_tell_value_t tell;
    void *tell_baton;
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
    const char *refused;        /* NULL, or why httpd answers 403 on the way */
    int is_there;               /* `filename` is */
    apr_array_header_t *depends_early, *depends_late;   /* of r307_depend_t */
} r307_walk_t;

/* The server, and early; p to uri are set. */
void r307_walk_early(r307_walk_t *walk);
/* The rest. 0: where the path leads cannot be told. */
int r307_walk_late(r307_walk_t *walk);

#endif
