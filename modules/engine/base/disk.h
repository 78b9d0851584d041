/* SPDX-License-Identifier: Apache-2.0
 *
 * disk: places on a disk, which people type where a URL is meant.
 */
#ifndef R307_DISK_H
#define R307_DISK_H

#include "base/text.h"

/* The path that such a place most likely has on the site; NULL: the text is none. Of a file
 * in a folder that is no site's known one, all that stands behind the drive. */
const char *r307_disk_path(apr_pool_t *p, const char *text);

/* NULL, or that the text is such a place and what to write. */
const char *r307_disk_say(apr_pool_t *p, const char *text);

/* Whether a path has ".." as a segment. */
int r307_disk_climbs(const char *path);

#endif
