/* SPDX-License-Identifier: Apache-2.0 */
#include "base/grown.h"

#include <stdlib.h>
#include <string.h>

#include "base/large.h"

void *r307_grown_more(r307_grown_t *grown, size_t len)
{
    if (len > grown->room - grown->len) {
        size_t room = 2 * grown->room + len + 256;

        grown->at = r307_large_more(grown->at, grown->room, grown->len, room);
        grown->room = room;
        if (!grown->at) {
            abort();
        }
    }
    grown->len += len;
    return (char *)grown->at + grown->len - len;
}

void r307_grown_add(r307_grown_t *grown, const void *from, size_t len)
{
    void *at = r307_grown_more(grown, len);

    memcpy(at, from, len);
}

void r307_grown_free(r307_grown_t *grown)
{
    r307_large_free(grown->at, grown->room);
    memset(grown, 0, sizeof(*grown));
}
