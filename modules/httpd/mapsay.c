/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/mapkeep.h"

#include <stdlib.h>
#include <unistd.h>
#include <apr_strings.h>
#include <http_log.h>
#include "base/hash.h"
#include "httpd/log_once.h"
#include "httpd/mapentry.h"

APLOG_USE_MODULE(redirect307);

#define SAID_APART 60           /* seconds */

apr_uint64_t r307_mapsay_number(const r307_filestate_t *of)
{
    apr_uint64_t words[] = { of->device, of->inode, of->size, of->written, of->changed };
    apr_uint64_t h = r307_hash_keyed(R307_HASH_OPEN, words, sizeof(words));

    return of->inode ? h ? h : 1 : 0;
}

void r307_mapsay_refuse(r307_mapkeep_t *keep, r307_mapentry_t *entry, const r307_filestate_t *of,
                   const char *problem)
{
    r307_mapslot_t *slot = slot_of(keep, entry);
    const r307_mapref_t *ref = entry->ref;
    apr_uint64_t before = slot->refused, now;

    entry->refused_of = r307_mapsay_number(of);
    entry->is_now = 0;
    now = r307_log_once_key_text(problem, 0, NULL) ^ entry->refused_of;
    now = now ? now : 1;
    __atomic_store_n(&slot->refused, now, __ATOMIC_SEQ_CST);
    if (before != now) {
        r307_arena_count(keep->arena, R307_COUNT_REFUSED);
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server,
                     "%s:%u: Redirect307Map: %s %s; %s", ref->place.file, ref->place.line,
                     ref->path, problem, has_version(keep, entry)
                         ? "the rules it had before stay" : "the map has no rules");
    }
}

void r307_mapsay_loaded(const r307_mapref_t *ref, const r307_loaded_t *loaded)
{
    unsigned rules = loaded->result.rules, bad = loaded->result.bad;

    ap_log_error(APLOG_MARK, APLOG_INFO, 0, ref->server, "%s: %u rule%s, %u line%s "
                 "skipped, %u KiB", ref->path, rules, rules == 1 ? "" : "s", bad,
                 bad == 1 ? "" : "s", (unsigned)(loaded->len / 1024));
}

void r307_mapsay_shrunk(r307_mapentry_t *entry, const r307_filestate_t *of)
{
    const r307_mapref_t *ref = entry->ref;

    if (!entry->is_shrunk_said) {
        entry->is_shrunk_said = 1;
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server, "%s:%u: Redirect307Map: %s "
                     "%s; it is taken when it stood still for 10 seconds, and the rules it "
                     "had before stay until then", ref->place.file, ref->place.line,
                     ref->path, of->size ? "lost more than half of its bytes"
                                         : "became empty");
    }
}

const char *r307_mapsay_no_room(r307_mapkeep_t *keep, const r307_mapref_t *ref, size_t len)
{
    r307_arena_usage_t usage;

    r307_arena_usage(keep->arena, &usage);
    return apr_psprintf(keep->ptemp, "needs %" APR_SIZE_T_FMT " KiB of the arena, which has %"
                        APR_UINT64_T_FMT " MiB and must hold the old rules beside the new "
                        "ones%s; write a larger Redirect307Arena", len / 1024 + 1,
                        usage.size >> 20, ref->directory
                            ? ", a map of .htaccess a quarter of it at most" : "");
}

void r307_mapsay_crowded(const r307_mapref_t *ref)
{
    if (r307_log_once_per(ref->server, r307_log_once_key_text(ref->path, 0, "crowded"), SAID_APART,
                          apr_time_now())) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server, "%s:%u: Redirect307Map: %s "
                     "finds no room in the arena beside the other maps, and is tried again; "
                     "write a larger Redirect307Arena; said at most once a minute",
                     ref->place.file, ref->place.line, ref->path);
    }
}

apr_uint64_t r307_mapsay_sum(const r307_arena_t *arena)
{
    apr_uint64_t sum = 0;
    int i;

    for (i = 0; i < R307_COUNTS; i++) {
        sum += r307_arena_counted(arena, (r307_count_t)i);
    }
    return sum;
}

/* What happened at all. */
static const char *list_counts(const r307_mapkeep_t *keep)
{
    const char *list = "";
    int i;

    for (i = 0; i < R307_COUNTS; i++) {
        apr_uint64_t count = r307_arena_counted(keep->arena, (r307_count_t)i);

        if (count) {
            list = apr_psprintf(keep->ptemp, "%s%s %s %" APR_UINT64_T_FMT, list,
                                *list ? "," : "; since it was made:",
                                r307_arena_count_name((r307_count_t)i), count);
        }
    }
    return list;
}

void r307_mapkeep_say_usage(r307_mapkeep_t *keep)
{
    apr_uint64_t sum = r307_mapsay_sum(keep->arena);
    r307_arena_usage_t usage;

    if (sum == keep->said
        || !r307_log_once_per(keep->s, r307_log_once_key_text("maps", 0, "usage"), SAID_APART,
                              apr_time_now())) {
        return;
    }
    keep->said = sum;
    r307_arena_usage(keep->arena, &usage);
    ap_log_error(APLOG_MARK, APLOG_INFO, 0, keep->s, "%u map%s %" APR_UINT64_T_FMT " of %"
                 APR_UINT64_T_FMT " KiB of Redirect307Arena%s; said at most once a minute",
                 usage.maps, usage.maps == 1 ? " takes" : "s take", usage.used >> 10,
                 usage.size >> 10, list_counts(keep));
    apr_pool_clear(keep->ptemp);
}

/* --- to who waits --- */

void r307_mapsay_tell(int reply, r307_kept_t kept)
{
    char byte = (char)kept;
    ssize_t written = reply < 0 ? 0 : write(reply, &byte, 1);   /* who left needs none */

    (void)written;
    if (reply >= 0) {
        close(reply);
    }
}

void r307_mapsay_answer(r307_mapentry_t *entry, r307_kept_t kept, apr_uint64_t until)
{
    r307_mapwaiter_t **link = &entry->waiters;

    while (*link) {
        r307_mapwaiter_t *waiter = *link;

        if (until && waiter->deadline >= until) {
            link = &waiter->next;
            continue;
        }
        *link = waiter->next;
        r307_mapsay_tell(waiter->reply, kept);
        free(waiter);
    }
}

/* --- at a start --- */

static int is_young(const r307_mapkeep_t *keep, const r307_mapentry_t *entry)
{
    return !has_version(keep, entry) && !slot_of(keep, entry)->refused;
}

int r307_mapkeep_count_young(const r307_mapkeep_t *keep)
{
    const r307_mapentry_t *entry;
    int count = 0;

    for (entry = keep->entries; entry; entry = entry->older) {
        count += is_young(keep, entry);
    }
    return count;
}

void r307_mapkeep_say_young(const r307_mapkeep_t *keep)
{
    const r307_mapentry_t *entry;

    for (entry = keep->entries; entry; entry = entry->older) {
        const r307_mapref_t *ref = entry->ref;

        if (is_young(keep, entry)) {
            ap_log_error(APLOG_MARK, APLOG_WARNING, 0, ref->server, "%s:%u: Redirect307Map: "
                         "%s is still being written; its rules come when it stood still for "
                         "3 seconds", ref->place.file, ref->place.line, ref->path);
        }
    }
}
