/* SPDX-License-Identifier: Apache-2.0
 *
 * asker: who sent a request that found nothing: people, robots, who looks for a way in,
 * or a browser by itself. By two tables of words; whoever wants to be taken for people
 * is.
 */
#ifndef R307_ASKER_H
#define R307_ASKER_H

#include "base/text.h"

typedef enum {
    R307_ASKER_PEOPLE,
    R307_ASKER_ROBOTS,
    R307_ASKER_ATTACKS,         /* paths that nobody has a link to */
    R307_ASKER_BROWSERS,        /* /favicon.ico and what else programs ask for unasked */
    R307_ASKER_COUNT
} r307_asker_t;

/* "people" ...; the words that a person writes. */
extern const char *const r307_asker_words[R307_ASKER_COUNT];

/* PEOPLE or ROBOTS; absent, of a log without it: PEOPLE; empty: ROBOTS. */
r307_asker_t r307_asker_by_agent(r307_slice_t agent);

/* PEOPLE, ATTACKS or BROWSERS. target: as it was asked; path: decoded, begins with
 * '/'. */
r307_asker_t r307_asker_by_path(r307_slice_t target, r307_slice_t path);

#endif
