/* SPDX-License-Identifier: Apache-2.0
 *
 * mapkeep: the one who writes the arena: looks at the files of maps that are in use,
 * builds from those that stood still, and publishes. Where it runs:
 *
 *     parent      at a start, until each map of httpd.conf has a version or cannot have one;
 *                 at a restart it leaves large changed files to the builder (mapleft.c)
 *     builder     afterwards, in a process of its own: see builder.h
 *     child       in its own thread, where the arena is not shared: see follow.c
 *
 * One thread calls all of this. What takes long is built by threads of its own (`lanes`),
 * which touch nothing but what they were given: one for each tenant at a time, so that a
 * tenant's large or hostile files delay nobody else's.
 */
#ifndef R307_HTTPD_MAPKEEP_H
#define R307_HTTPD_MAPKEEP_H

#include "httpd/mapkept.h"
#include "httpd/mapload.h"

/* In p. It builds in the calling thread, so that a build delays all others. */
r307_mapkeep_t *r307_mapkeep_make(apr_pool_t *p, server_rec *s, r307_arena_t *arena);
/* From now on in threads of its own, so many at most. */
void r307_mapkeep_widen(r307_mapkeep_t *keep, int lanes);

/* The parent at a restart: of an arena in which others read and write. A large file that
 * changed is left to who builds next, while the rules it had go on. */
void r307_mapkeep_inherit(r307_mapkeep_t *keep);
/* The parent, once that one has begun: closes what it left to it. */
void r307_mapkeep_hand_on(r307_mapkeep_t *keep);

/* A map of httpd.conf with its slot; ref lives as long as the keep. is_now: its file is
 * taken as it is. */
void r307_mapkeep_add(r307_mapkeep_t *keep, const r307_mapref_t *ref, int is_now);

/* Somebody asks for a map. reply: a descriptor that gets the answer and is closed, or -1;
 * deadline: until when that is waited for. ref is copied; a file that is handed over with
 * it becomes the keep's. */
void r307_mapkeep_ask(r307_mapkeep_t *keep, const r307_mapref_t *ref, int reply,
                      apr_uint64_t deadline);

/* Does what is due, for a millisecond and a look. Milliseconds until there is more; -1:
 * nothing until somebody asks. */
int r307_mapkeep_work(r307_mapkeep_t *keep);
/* All that is due: for who hears nobody meanwhile. */
void r307_mapkeep_work_through(r307_mapkeep_t *keep);
/* Readable when a build is done, which is due. -1 without lanes. */
int r307_mapkeep_fd(const r307_mapkeep_t *keep);

/* Maps of httpd.conf that have no version, and whose file may be about to make one. */
int r307_mapkeep_count_young(const r307_mapkeep_t *keep);
/* Says of each of these that it is one. */
void r307_mapkeep_say_young(const r307_mapkeep_t *keep);

/* What all maps take and what happened: once a minute at most, if anything did. */
void r307_mapkeep_say_usage(r307_mapkeep_t *keep);

/* Signal safe, from another thread: what is built now is given up. */
void r307_mapkeep_stop(r307_mapkeep_t *keep);

/* Before it begins: another one wrote the arena until now. has_died: that one died of
 * itself, and what it was building is remembered. */
void r307_mapkeep_succeed(r307_mapkeep_t *keep, int has_died);

#endif
