/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/hits.h"

#include <stdlib.h>
#include <string.h>
#include <apr_shm.h>

#define CELL_ID(cell)   __atomic_load_n(&(cell)->id, __ATOMIC_ACQUIRE)
#define TRIES        8              /* of who loses a cell to somebody else */
#define TENANT_TRIES 32u
#define QUIET        60u            /* seconds in which nobody adds to a cell any more */
#define DAY          86400u
#define COUNT_MASK   ((APR_UINT64_C(1) << R307_HITS_OWN_AT) - 1)
#define MONTH_MASK   ((APR_UINT64_C(1) << R307_HITS_MONTH_AT) - 1)

typedef char cells_are_small[sizeof(r307_hitcell_t) == 32 ? 1 : -1];

r307_hits_t *r307_hits_make(apr_pool_t *p, apr_uint64_t seed)
{
    size_t tenants = sizeof(r307_hithead_t) + (128 - sizeof(r307_hithead_t) % 128) % 128;
    size_t cells = tenants + R307_HITS_TENANTS * sizeof(r307_hittenant_t);
    r307_hits_t *hits = apr_palloc(p, sizeof(*hits));
    apr_shm_t *shm;
    char *at;

    if (apr_shm_create(&shm, cells + R307_HITS_CELLS * sizeof(r307_hitcell_t), NULL, p)
        != APR_SUCCESS) {
        return NULL;
    }
    at = apr_shm_baseaddr_get(shm);     /* zero bytes, and none of them is touched yet */
    hits->head = (void *)at;
    hits->tenants = (void *)(at + tenants);
    hits->cells = (void *)(at + cells);
    hits->head->seed = seed;
    return hits;
}

/* --- cells --- */

static r307_hitcell_t *bucket_of(const r307_hits_t *hits, apr_uint64_t id, unsigned level)
{
    unsigned cells = R307_HITS_FIRST << level;
    unsigned begin = R307_HITS_FIRST * ((1u << level) - 1);

    return hits->cells + begin + ((unsigned)id & (cells - 1) & ~(R307_HITS_BUCKET - 1));
}

/* The cell of the identity, or NULL and in *room one that it may have, and its level. */
static r307_hitcell_t *search(const r307_hits_t *hits, apr_uint64_t id,
                              r307_hitcell_t **room, unsigned *in_level)
{
    unsigned level, i, place = (unsigned)id & (R307_HITS_BUCKET - 1);

    for (level = 0; level < R307_HITS_LEVELS; level++) {
        r307_hitcell_t *bucket = bucket_of(hits, id, level);

        for (i = 0; i < R307_HITS_BUCKET; i++) {
            r307_hitcell_t *cell = bucket + ((place + i) & (R307_HITS_BUCKET - 1));
            apr_uint64_t seen = CELL_ID(cell);

            if (seen == id) {
                return cell;
            }
            if ((seen == R307_HITS_EMPTY || seen == R307_HITS_READY) && room && !*room) {
                *room = cell;
                *in_level = level;
            }
            if (seen == R307_HITS_EMPTY) {
                return NULL;
            }
        }
    }
    return NULL;
}

r307_hitcell_t *r307_hits_find_on(const r307_hits_t *hits, apr_uint64_t id)
{
    return search(hits, id, NULL, NULL);
}

static void grow_to(apr_uint64_t *word, apr_uint64_t least)
{
    apr_uint64_t seen = __atomic_load_n(word, __ATOMIC_RELAXED);

    while (seen < least
           && !__atomic_compare_exchange_n(word, &seen, least, 0, __ATOMIC_RELAXED,
                                           __ATOMIC_RELAXED)) {
        continue;
    }
}

/* Two who hit a rule first at the same time want the same cell, so that one of them finds
 * it taken, and finds it. */
r307_hitcell_t *r307_hits_claim(r307_hits_t *hits, apr_uint64_t id, unsigned tenant,
                                apr_uint32_t second)
{
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        r307_hitcell_t *room = NULL, *cell;
        unsigned level = 0;
        apr_uint64_t seen;

        cell = search(hits, id, &room, &level);
        if (cell) {
            return cell;
        }
        if (!room) {
            break;
        }
        seen = CELL_ID(room);
        if ((seen == R307_HITS_EMPTY || seen == R307_HITS_READY)
            && __atomic_compare_exchange_n(&room->id, &seen, id, 0, __ATOMIC_ACQ_REL,
                                           __ATOMIC_ACQUIRE)) {
            __atomic_store_n(&room->first, (apr_uint16_t)(second / DAY),
                             __ATOMIC_RELAXED);
            __atomic_store_n(&room->tenant, (apr_uint16_t)tenant, __ATOMIC_RELAXED);
            __atomic_add_fetch(&hits->tenants[tenant].held, 1, __ATOMIC_RELAXED);
            grow_to(&hits->head->levels, level + 1);
            return room;
        }
    }
    __atomic_add_fetch(&hits->head->refused, 1, __ATOMIC_RELAXED);
    return NULL;
}

unsigned r307_hits_reach(const r307_hits_t *hits)
{
    apr_uint64_t levels = __atomic_load_n(&hits->head->levels, __ATOMIC_RELAXED);

    return R307_HITS_FIRST
        * ((1u << (levels < R307_HITS_LEVELS ? levels : R307_HITS_LEVELS)) - 1);
}

/* --- tenants --- */

unsigned r307_hits_tenant(r307_hits_t *hits, apr_uint64_t key)
{
    unsigned i;

    key = key ? key : 1;
    for (i = 0; i < TENANT_TRIES; i++) {
        unsigned at = 1 + (unsigned)((key + i) % (R307_HITS_TENANTS - 1));
        apr_uint64_t seen = 0;

        if (__atomic_compare_exchange_n(&hits->tenants[at].key, &seen, key, 0,
                                        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)
            || seen == key) {
            return at;
        }
    }
    return 0;
}

int r307_hits_may(r307_hits_t *hits, unsigned tenant, apr_uint32_t most)
{
    r307_hittenant_t *of = &hits->tenants[tenant];

    if (__atomic_load_n(&of->held, __ATOMIC_RELAXED) < most) {
        return 1;
    }
    __atomic_store_n(&of->pressed, most ? most : 1, __ATOMIC_RELAXED);
    __atomic_store_n(&hits->head->pressed, 1, __ATOMIC_RELAXED);
    return 0;
}

/* --- hits --- */

unsigned r307_hits_month(apr_uint32_t second, apr_uint32_t *until)
{
    apr_time_exp_t at;
    apr_time_t end = 0;
    unsigned month;

    apr_time_exp_gmt(&at, apr_time_from_sec((apr_time_t)second));
    month = (unsigned)((at.tm_year - 70) * 12 + at.tm_mon);
    memset(&at, 0, sizeof(at));
    at.tm_year = 70 + (int)(month + 1) / 12;
    at.tm_mon = (int)(month + 1) % 12;
    at.tm_mday = 1;
    apr_time_exp_gmt_get(&end, &at);
    *until = (apr_uint32_t)apr_time_sec(end);
    return month;
}

static apr_uint64_t reckon_month(r307_hithead_t *head, apr_uint32_t second)
{
    apr_uint32_t until;
    apr_uint64_t month = r307_hits_month(second, &until);

    __atomic_store_n(&head->month, month << R307_HITS_MONTH_AT | until, __ATOMIC_RELAXED);
    return month;
}

/* The month of that second, reckoned anew when the one that is known is over. */
static apr_uint64_t month_of(r307_hithead_t *head, apr_uint32_t second)
{
    apr_uint64_t known = __atomic_load_n(&head->month, __ATOMIC_RELAXED);

    return second < (apr_uint32_t)known ? known >> R307_HITS_MONTH_AT
                                        : reckon_month(head, second);
}

/* Who counts comes here first, so that who reads a hit of the new month in `counts` as one
 * before it finds the word changed. */
void r307_hits_begin_month(r307_hits_t *hits, r307_hitcell_t *cell, apr_uint32_t second)
{
    apr_uint64_t month = month_of(hits->head, second);
    apr_uint64_t seen = __atomic_load_n(&cell->month, __ATOMIC_ACQUIRE);
    apr_uint64_t before = __atomic_load_n(&cell->counts, __ATOMIC_ACQUIRE) & COUNT_MASK;

    if (seen >> R307_HITS_MONTH_AT != month) {
        (void)__atomic_compare_exchange_n(&cell->month, &seen,
                                          month << R307_HITS_MONTH_AT | before, 0,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    }
}

void r307_hits_read(const r307_hits_t *hits, apr_uint64_t id, apr_uint32_t second,
                    r307_hitcount_t *count)
{
    const r307_hitcell_t *cell = r307_hits_find(hits, id);
    apr_uint64_t counts, month, before;
    apr_uint32_t until;

    memset(count, 0, sizeof(*count));
    if (!cell) {
        return;
    }
    counts = __atomic_load_n(&cell->counts, __ATOMIC_RELAXED);
    month = __atomic_load_n(&cell->month, __ATOMIC_RELAXED);
    before = month & MONTH_MASK;
    count->all = counts & COUNT_MASK;
    count->own = counts >> R307_HITS_OWN_AT;
    count->month = month >> R307_HITS_MONTH_AT == r307_hits_month(second, &until)
                   && before < count->all ? count->all - before : 0;
    count->last = apr_time_from_sec((apr_time_t)__atomic_load_n(&cell->last,
                                                                __ATOMIC_RELAXED));
    count->first = apr_time_from_sec((apr_time_t)__atomic_load_n(&cell->first,
                                                                 __ATOMIC_RELAXED) * DAY);
}

/* --- the keeper --- */

typedef struct aged_t {
    apr_uint32_t last, at;
} aged_t;

static int is_older(const void *a, const void *b)
{
    const aged_t *x = a, *y = b;

    return x->last < y->last ? -1 : x->last > y->last;
}

static int is_in_use(const r307_hitcell_t *cell)
{
    return CELL_ID(cell) > R307_HITS_READY;
}

static void leave(r307_hits_t *hits, r307_hitcell_t *cell, apr_uint32_t second)
{
    __atomic_sub_fetch(&hits->tenants[r307_hits_tenant_of(cell)].held, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&cell->id, R307_HITS_LEFT, __ATOMIC_RELEASE);
    __atomic_store_n(&cell->last, second, __ATOMIC_RELAXED);
    hits->head->left++;
}

/* A cell of one that is killed before it names the tenant stays nobody's. */
static int is_of(const r307_hitcell_t *cell, int tenant)
{
    return tenant < 0 || r307_hits_tenant_of(cell) == (unsigned)tenant;
}

static unsigned count_of(const r307_hits_t *hits, int tenant)
{
    unsigned reach = r307_hits_reach(hits), i, count = 0;

    for (i = 0; i < reach; i++) {
        count += is_in_use(&hits->cells[i]) && is_of(&hits->cells[i], tenant);
    }
    return count;
}

void r307_hits_sum(const r307_hits_t *hits, apr_uint32_t since, r307_hitsum_t *sum)
{
    unsigned reach = r307_hits_reach(hits), i;

    memset(sum, 0, sizeof(*sum));
    for (i = 0; i < reach; i++) {
        const r307_hitcell_t *cell = &hits->cells[i];

        if (is_in_use(cell)) {
            sum->all += __atomic_load_n(&cell->counts, __ATOMIC_RELAXED) & COUNT_MASK;
            sum->idle += __atomic_load_n(&cell->last, __ATOMIC_RELAXED) < since;
            sum->cells++;
        }
    }
}

/* Of one tenant, or of all (-1), the cells that were hit least recently, until `most`
 * stay. */
static void thin(r307_hits_t *hits, apr_pool_t *p, int tenant, unsigned most,
                 apr_uint32_t second)
{
    unsigned reach = r307_hits_reach(hits), count = count_of(hits, tenant), i, found = 0;
    aged_t *aged;

    if (count <= most) {
        return;
    }
    aged = apr_palloc(p, count * sizeof(*aged));
    for (i = 0; i < reach && found < count; i++) {
        if (is_in_use(&hits->cells[i]) && is_of(&hits->cells[i], tenant)) {
            aged[found].last = hits->cells[i].last;
            aged[found++].at = i;
        }
    }
    qsort(aged, found, sizeof(*aged), is_older);
    for (i = 0; i + most < found; i++) {
        leave(hits, &hits->cells[aged[i].at], second);
    }
}

/* What was left a minute ago may be taken again. */
static void settle(r307_hits_t *hits, apr_uint32_t second)
{
    unsigned reach = hits->head->left ? r307_hits_reach(hits) : 0, i;

    for (i = 0; i < reach; i++) {
        r307_hitcell_t *cell = &hits->cells[i];

        if (CELL_ID(cell) == R307_HITS_LEFT && second > cell->last + QUIET) {
            cell->counts = cell->month = 0;
            cell->last = 0;
            cell->first = cell->tenant = 0;
            __atomic_store_n(&cell->id, R307_HITS_READY, __ATOMIC_RELEASE);
            hits->head->left--;
        }
    }
}

void r307_hits_sweep(r307_hits_t *hits, apr_pool_t *p, apr_uint32_t second)
{
    int is_pressed = __atomic_exchange_n(&hits->head->pressed, 0, __ATOMIC_RELAXED) != 0;
    unsigned i;

    (void)reckon_month(hits->head, second);     /* which a clock that was ahead had set */
    settle(hits, second);
    for (i = 1; is_pressed && i < R307_HITS_TENANTS; i++) {
        apr_uint32_t most = __atomic_load_n(&hits->tenants[i].pressed, __ATOMIC_RELAXED);

        if (most) {
            __atomic_store_n(&hits->tenants[i].pressed, 0, __ATOMIC_RELAXED);
            thin(hits, p, (int)i, most - most / 4, second);
        }
    }
    if (__atomic_exchange_n(&hits->head->refused, 0, __ATOMIC_RELAXED)) {
        unsigned count = count_of(hits, -1);

        thin(hits, p, -1, count - count / 8, second);
    }
}
