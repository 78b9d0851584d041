/* SPDX-License-Identifier: Apache-2.0
 *
 * folder: the names in a folder, so that one that cannot be read, or not to its end, is never
 * taken for one that has no more: readdir says both by NULL.
 *
 * Nothing of <sys/stat.h> or of struct dirent is seen here: numbers of files may need 64 bits
 * where the rest of a 32-bit machine is built for 32, as APR and httpd are.
 */
#ifndef R307_FOLDER_H
#define R307_FOLDER_H

#include <dirent.h>

typedef enum {
    R307_ENTRY_UNKNOWN = 0,     /* it could not be looked at, or is gone */
    R307_ENTRY_FOLDER,
    R307_ENTRY_PLAIN,
    R307_ENTRY_OTHER            /* a link, a pipe, a device ... */
} r307_entry_t;

/* That of an open one, or of one below it: links are followed. The caller closes it. NULL:
 * errno says why. */
DIR *r307_folder_open(int at, const char *name);
/* The next name, "." and ".." left out, until the next call; what it is in *entry. NULL at the
 * end, with errno 0, or where the rest cannot be read: errno says why. */
const char *r307_folder_next(DIR *dir, r307_entry_t *entry);
/* Leaves errno as it is. */
void r307_folder_close(DIR *dir);

#endif
