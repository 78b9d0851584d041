/* SPDX-License-Identifier: Apache-2.0
 *
 * grown: bytes that grow into the millions while something is built. Not from a pool, whose
 * smaller copies would stay until the pool goes; r307_buf_t of text.h is for lines.
 */
#ifndef R307_GROWN_H
#define R307_GROWN_H

#include <stddef.h>

/* Zeroed: nothing yet. */
typedef struct r307_grown_t {
    void *at;               /* aligned for anything */
    size_t len, room;       /* bytes */
} r307_grown_t;

/* Room for `len` more at the end, until the next one is asked for. Ends the process when the
 * system has none, as a pool does. */
void *r307_grown_more(r307_grown_t *grown, size_t len);
void r307_grown_add(r307_grown_t *grown, const void *from, size_t len);
void r307_grown_free(r307_grown_t *grown);

#endif
