/* SPDX-License-Identifier: Apache-2.0
 *
 * mapask: how a request asks for a map, and what the one who keeps the maps reads of
 * that. One datagram for each, through a pair of sockets whose buffer is the queue: it is
 * bounded, nobody holds a lock on it, and it outlives who reads it. With it goes the end
 * of a pipe, through which the answer comes: a keeper that dies closes it.
 */
#ifndef R307_HTTPD_MAPASK_H
#define R307_HTTPD_MAPASK_H

#include "httpd/mapkeep.h"

/* [0] is read from, by the keeper; [1] is written to. 0: could not be made. Both are closed
 * in programs that are executed. */
int r307_mapask_open(int queue[2]);
void r307_mapask_close(int queue[2]);
/* A pipe whose ends never block and are closed in programs that are executed; 0: no. */
int r307_mapask_pipe(int ends[2]);

typedef enum {
    R307_ASKED_DONE,            /* it has a version, or none for a reason that is said */
    R307_ASKED_YOUNG,           /* its file may still be written */
    R307_ASKED_CROWDED,         /* there is no room for it */
    R307_ASKED_LATE,            /* no answer came in time */
    R307_ASKED_FULL,            /* the queue, or the descriptors of this process */
    R307_ASKED_GONE             /* nobody reads this queue any more: a restart made another */
} r307_asked_for_t;

/* Asks and waits, until `deadline` at most (r307_arena_clock). */
r307_asked_for_t r307_mapask(apr_pool_t *p, int queue, const r307_mapref_t *ref,
                             apr_uint64_t deadline);
/* Asks to look, and waits for nothing. hands: the file goes along, opened, if this process
 * may. 0: that could not be sent. */
int r307_mapask_tell(apr_pool_t *p, int queue, const r307_mapref_t *ref, int hands);

/* Bytes and an open file, as a datagram; 0: it could not be sent. */
int r307_mapask_send(int queue, const char *bytes, size_t len, int file);
/* Bytes of the next datagram, and the descriptors that came with it, else -1: `most` of them
 * at most, which is 2 or less. What is longer than room is cut. */
ssize_t r307_mapask_receive(int queue, char *bytes, size_t room, int *fds, int most);

/* Takes what was asked to the keep: R307_MAPASK_MOST of them at most. */
#define R307_MAPASK_MOST 64
void r307_mapask_take(int queue, r307_mapkeep_t *keep, server_rec *s);

#endif
