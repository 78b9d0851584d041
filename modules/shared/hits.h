/* SPDX-License-Identifier: Apache-2.0
 *
 * hits: how often each rule answered, in memory that all processes share: a table of
 * cells that only grows by rules that were ever hit. Nobody locks, and who is killed at
 * any instruction leaves it whole.
 *
 *     head | tenants[] | cells of level 0 | of level 1, twice as many | ...
 *
 * A cell stands in the one bucket of its identity in the first level that had room for
 * it; there it is looked for from a place that the identity says, so a search ends at the
 * first empty cell. A small server touches the first level only. Buckets are large, so that
 * levels are full before the next one, twice as large, is begun.
 *
 * Who may write which word:
 *
 *     id          whoever hits a rule first: EMPTY or READY to the identity, at once
 *                 (CAS);
 *                 the keeper: the identity to LEFT, a minute later LEFT to READY
 *     the others  whoever hits the rule; the keeper, while the cell is LEFT
 *
 * A keeper is the one process that sweeps; there may be none.
 */
#ifndef R307_SHARED_HITS_H
#define R307_SHARED_HITS_H

#include <apr_pools.h>
#include <apr_time.h>

#define R307_HITS_BUCKET 16u        /* cells; 512 bytes */
#define R307_HITS_FIRST  1024u      /* cells of level 0 */
#define R307_HITS_LEVELS 10
#define R307_HITS_CELLS  (R307_HITS_FIRST * ((1u << R307_HITS_LEVELS) - 1))
#define R307_HITS_TENANTS 16384u    /* who has rules in .htaccess, at most */

/* Values of id that are none (R307_IDENTITY_LEAST). */
#define R307_HITS_EMPTY 0u          /* never used: what is searched is not there */
#define R307_HITS_LEFT  1u          /* somebody may still add to what it was */
#define R307_HITS_READY 2u          /* all of it is 0 again */

/* counts: all hits, and above R307_HITS_OWN_AT those that came from a page of the host
 * that was asked, which stay at what fits. month: how many of all hits were before that
 * month, and above R307_HITS_MONTH_AT which one it is (of UTC, 1970-01 is 0). Seconds are
 * those since 1970, in UTC. */
typedef struct r307_hitcell_t {
    apr_uint64_t id;
    apr_uint64_t counts;
    apr_uint64_t month;
    apr_uint32_t last;          /* second */
    apr_uint16_t first;  /* day since 1970 on which it was first hit; 0: just now */
    apr_uint16_t tenant;        /* of R307_HITS_TENANTS; 0: none */
} r307_hitcell_t;

#define R307_HITS_OWN_AT   40
#define R307_HITS_OWN_MOST ((APR_UINT64_C(1) << (64 - R307_HITS_OWN_AT)) - 1)
#define R307_HITS_MONTH_AT 48

typedef struct r307_hittenant_t {
    apr_uint64_t key;           /* 0: free */
    apr_uint32_t held;          /* cells */
    apr_uint32_t pressed;       /* it wanted more than so many; 0: no */
} r307_hittenant_t;

typedef struct r307_hithead_t {
    apr_uint64_t seed;          /* of identities */
    apr_uint64_t month;         /* which it is, << R307_HITS_MONTH_AT, and when it ends */
    apr_uint64_t levels;        /* that have cells */
    apr_uint64_t refused;       /* hits that found no room, since the last sweep */
    apr_uint64_t pressed;       /* some tenant wants more than it may have */
    apr_uint64_t left;          /* the keeper's: cells that are LEFT */
    apr_uint64_t serial;        /* of what was last written to a file */
} r307_hithead_t;

typedef struct r307_hits_t {
    r307_hithead_t *head;
    r307_hittenant_t *tenants;
    r307_hitcell_t *cells;
} r307_hits_t;

/* For as long as p lives; NULL: there is no such memory. */
r307_hits_t *r307_hits_make(apr_pool_t *p, apr_uint64_t seed);

/* Where an identity is looked for first: its lowest bits are its place in the bucket, those
 * above them the bucket. */
static inline r307_hitcell_t *r307_hits_first(const r307_hits_t *hits, apr_uint64_t id)
{
    return hits->cells + (id & (R307_HITS_FIRST - 1));
}

/* The cell of an identity; NULL. Where most are is asked here: each hit pays for it. */
r307_hitcell_t *r307_hits_find_on(const r307_hits_t *hits, apr_uint64_t id);

static inline r307_hitcell_t *r307_hits_find(const r307_hits_t *hits, apr_uint64_t id)
{
    r307_hitcell_t *cell = r307_hits_first(hits, id);

    return __atomic_load_n(&cell->id, __ATOMIC_ACQUIRE) == id ? cell
                                                              : r307_hits_find_on(hits, id);
}

/* The cell of an identity, taken for it if it has none; NULL: there is no room. tenant:
 * 0, or of r307_hits_tenant. second: now. */
r307_hitcell_t *r307_hits_claim(r307_hits_t *hits, apr_uint64_t id, unsigned tenant,
                                apr_uint32_t second);

/* Whose cell it is. Any child could have written it, and who asks may be root. */
static inline unsigned r307_hits_tenant_of(const r307_hitcell_t *cell)
{
    unsigned tenant = __atomic_load_n(&cell->tenant, __ATOMIC_RELAXED);

    return tenant < R307_HITS_TENANTS ? tenant : 0;
}

/* The number of a tenant; 0: there are too many. */
unsigned r307_hits_tenant(r307_hits_t *hits, apr_uint64_t key);
/* Whether that tenant may have a cell more, of so many. If not, the next sweep makes
 * room. */
int r307_hits_may(r307_hits_t *hits, unsigned tenant, apr_uint32_t most);

/* Whether a hit of the cell in that second is no first one of a month. */
static inline int r307_hits_is_in_month(const r307_hits_t *hits, const r307_hitcell_t *cell,
                                        apr_uint32_t second)
{
    apr_uint64_t known = __atomic_load_n(&hits->head->month, __ATOMIC_RELAXED);

    return second < (apr_uint32_t)known
           && (__atomic_load_n(&cell->month, __ATOMIC_RELAXED) ^ known)
              >> R307_HITS_MONTH_AT == 0;
}

/* The month of that second begins for the cell, unless somebody else saw that first. */
void r307_hits_begin_month(r307_hits_t *hits, r307_hitcell_t *cell, apr_uint32_t second);

/* One hit, behind those two. */
static inline void r307_hits_add(r307_hitcell_t *cell, apr_uint32_t second)
{
    (void)__atomic_fetch_add(&cell->counts, 1, __ATOMIC_RELEASE);
    __atomic_store_n(&cell->last, second, __ATOMIC_RELAXED);
}

/* The hit that was added was by a link on the own host. */
static inline void r307_hits_add_own(r307_hitcell_t *cell)
{
    if (__atomic_load_n(&cell->counts, __ATOMIC_RELAXED) >> R307_HITS_OWN_AT
        < R307_HITS_OWN_MOST) {
        (void)__atomic_fetch_add(&cell->counts, APR_UINT64_C(1) << R307_HITS_OWN_AT,
                                 __ATOMIC_RELEASE);
    }
}

/* What is known of a rule. */
typedef struct r307_hitcount_t {
    apr_uint64_t all, month, own;
    apr_time_t last, first;     /* 0: never; first: the beginning of a day */
} r307_hitcount_t;

/* All 0 where there is no cell. */
void r307_hits_read(const r307_hits_t *hits, apr_uint64_t id, apr_uint32_t second,
                    r307_hitcount_t *count);

/* All hits, cells in use, and how many of these were not hit since that second. */
typedef struct r307_hitsum_t {
    apr_uint64_t all;
    apr_uint32_t cells, idle;
} r307_hitsum_t;

void r307_hits_sum(const r307_hits_t *hits, apr_uint32_t since, r307_hitsum_t *sum);

/* For the keeper, about once a minute: makes room by the cells that were hit least
 * recently, of tenants that want more than they may have, and of all when the table is
 * full. p: for what it takes meanwhile. */
void r307_hits_sweep(r307_hits_t *hits, apr_pool_t *p, apr_uint32_t second);

/* Cells of the levels that are in use: so many are worth a look. */
unsigned r307_hits_reach(const r307_hits_t *hits);

/* The number of the month of that second, and in *until the second in which it ends. */
unsigned r307_hits_month(apr_uint32_t second, apr_uint32_t *until);

#endif
