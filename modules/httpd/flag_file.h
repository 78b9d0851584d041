/* SPDX-License-Identifier: Apache-2.0
 *
 * flag_file: files that switch something on by being there. Looked at once a second at
 * most in each process; the table of what was seen is of fixed size, whatever .htaccess
 * names.
 */
#ifndef R307_HTTPD_FLAG_FILE_H
#define R307_HTTPD_FLAG_FILE_H

#include <httpd.h>
#include <http_config.h>

#define R307_FLAG_TEXT_MOST 4096

typedef struct r307_flag_file_t {
    int exists;
    apr_time_t made;        /* last written or touched */
    const char *text;       /* what it holds, in p; NULL: nothing, or not asked for */
    const char *problem;    /* NULL, or why it does not count, or its text does not */
} r307_flag_file_t;

/* child_init: makes the table. Before it, and without memory for it, every look is a
 * look at the file. */
void r307_flag_file_make(apr_pool_t *pchild, server_rec *s);

/* The file's full path for a name as a directive writes it: relative to the directory of
 * a .htaccess, which it cannot leave, else to ServerRoot. NULL, or what is wrong, to
 * stand behind "flag='name' ". */
const char *r307_flag_file_resolve(const cmd_parms *cmd, const char *name,
                                   const char **path);

/* Whether it is there; *problem as above when the file was looked at, else NULL. seen: a
 * word of the line's own, 0 at first, which saves the way to the table; NULL when a line
 * lives for one request. */
int r307_flag_file_exists(request_rec *r, const char *path, const char *directory,
                          apr_uint64_t *seen, const char **problem);
/* What flag= of a rule becomes: an r307_flag_find_t, whose baton is the cmd_parms. */
const char *r307_flag_file_find(void *baton, apr_pool_t *p, const char *name,
                                void **found);
/* The full path of what that found. */
const char *r307_flag_file_path(const void *found);
/* Whether the file of what that found exists: 1 or 0. */
int r307_flag_file_is_set(request_rec *r, const void *found);

#define R307_FLAG_TEXT 1    /* what it holds, too */
#define R307_FLAG_NOW  2    /* not what was seen within this second */

/* directory: of the .htaccess that names the flag, which must not lead out of it; NULL
 * for httpd.conf. how: 0, or some of the words above. */
void r307_flag_file_look(request_rec *r, const char *path, const char *directory,
                         int how, r307_flag_file_t *flag);

#endif
