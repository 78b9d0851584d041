/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapkeep.h"

#include <unistd.h>
#include <apr_strings.h>
#include "httpd/mapentry.h"

#define SPARE     (1024 * 1024) /* of changed files the parent reads so much by itself, which
                                 * takes some ten milliseconds. Stands in docs/maps.md */
#define LEFT_MOST 256           /* files that it leaves, each of them open until then */

void r307_mapkeep_inherit(r307_mapkeep_t *keep)
{
    keep->is_inherited = 1;
    keep->spare = SPARE;
}

void r307_mapleft_close(r307_mapkeep_t *keep, r307_mapentry_t *entry)
{
    if (entry->named) {
        close(entry->ref->handed - 1);
        entry->ref = entry->named;
        entry->named = NULL;
        keep->left--;
    }
}

void r307_mapkeep_hand_on(r307_mapkeep_t *keep)
{
    r307_mapentry_t *entry;

    for (entry = keep->entries; keep->left && entry; entry = entry->older) {
        r307_mapleft_close(keep, entry);
    }
}

int r307_mapleft_take(r307_mapkeep_t *keep, r307_mapentry_t *entry, const r307_filestate_t *of)
{
    r307_mapref_t *open;
    int fd;

    if (!keep->is_inherited || keep->lanes || !has_version(keep, entry)) {
        return 0;
    }
    if (entry->named) {
        return 1;
    }
    if (of->size <= keep->spare || keep->left == LEFT_MOST) {
        keep->spare -= of->size < keep->spare ? of->size : keep->spare;
        return 0;
    }
    fd = r307_mapload_open(keep->ptemp, entry->ref);
    if (fd < 0) {
        return 0;
    }
    open = apr_pmemdup(keep->p, entry->ref, sizeof(*open));
    open->handed = fd + 1;
    entry->named = entry->ref;
    entry->ref = open;
    entry->next = 0;
    keep->left++;
    return 1;
}
