/* SPDX-License-Identifier: Apache-2.0 */
#include "base/filestate.h"

int r307_filestate_same(const r307_filestate_t *a, const r307_filestate_t *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size
        && a->written == b->written && a->changed == b->changed;
}

r307_watch_t r307_filewatch_look(r307_filewatch_t *watch, const r307_filestate_t *used,
                                 const r307_filestate_t *state, apr_uint64_t now)
{
    int is_shrunk = used && state->size < used->size - used->size / 2;

    if (used && r307_filestate_same(used, state)) {
        watch->since = 0;
        return R307_WATCH_SAME;
    }
    if (!watch->since || !r307_filestate_same(&watch->seen, state)) {
        watch->seen = *state;
        watch->since = now;
    }
    else if (now - watch->since >= (apr_uint64_t)(is_shrunk ? R307_SETTLES_SHRUNK
                                                            : R307_SETTLES)) {
        return R307_WATCH_TAKE;
    }
    return is_shrunk ? R307_WATCH_SHRUNK : R307_WATCH_WAIT;
}

int r307_filestate_is_old(const r307_filestate_t *state, apr_uint64_t wall)
{
    const apr_uint64_t settles = (apr_uint64_t)R307_SETTLES * 1000;

    return wall >= settles && state->written <= wall - settles
        && state->changed <= wall - settles;
}
