/* SPDX-License-Identifier: Apache-2.0 */
#include "file/read_whole.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static ssize_t read_into(int fd, void *bytes, size_t room)
{
    size_t len = 0;

    while (len < room) {
        ssize_t n = read(fd, (char *)bytes + len, room - len);

        if (n < 0 && errno != EINTR) {
            return -1;
        }
        if (n == 0) {
            break;
        }
        len += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)len;
}

char *r307_read_whole(int fd, size_t size, size_t most, size_t *len)
{
    size_t room = size < most ? size + 1 : most + 1;
    char *bytes = malloc(room + 1), *more = bytes;

    for (*len = 0; more; more = realloc(bytes, room + 1)) {
        ssize_t n;

        bytes = more;
        n = read_into(fd, bytes + *len, room - *len);
        *len += n > 0 ? (size_t)n : 0;
        if (n >= 0 && (*len < room || room > most)) {
            bytes[*len] = '\0';
            return bytes;
        }
        if (n < 0) {
            break;
        }
        room = room > most / 2 ? most + 1 : room * 2;
    }
    free(bytes);
    return NULL;
}
