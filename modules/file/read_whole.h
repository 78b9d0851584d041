/* SPDX-License-Identifier: Apache-2.0
 *
 * read_whole: the bytes of what somebody opened, from where it stands to its end, into
 * memory that grows; where the room is known r307_open_read reads it. A signal in between is
 * no end. Never more than was asked for: a file grows while it is read, and a device has no
 * end.
 */
#ifndef R307_READ_WHOLE_H
#define R307_READ_WHOLE_H

#include <stddef.h>

/* Into memory that the caller frees; a NUL, not counted, stands behind. size: about how many
 * there are. More than `most` are not taken: *len is then most + 1. NULL: errno says why. */
char *r307_read_whole(int fd, size_t size, size_t most, size_t *len);

#endif
