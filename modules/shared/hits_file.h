/* SPDX-License-Identifier: Apache-2.0
 *
 * hits_file: the table of hits in a file, twice: each writing goes over the older half,
 * and names its sum last, so that one half is whole whenever it ends. The halves lie in
 * stripes, as nobody knows how long they become:
 *
 *     stripe 0 of half 0 | stripe 0 of half 1 | stripe 1 of half 0 | ...
 *
 *     a half: head | cells | tenants
 *
 * What is read is somebody else's until it was looked at: numbers, and no place in
 * memory.
 */
#ifndef R307_SHARED_HITS_FILE_H
#define R307_SHARED_HITS_FILE_H

#include "shared/hits.h"

#define R307_HITS_STRIPE 65536u

typedef enum {
    R307_HITSFILE_EMPTY,        /* no byte in it */
    R307_HITSFILE_FINE,
    R307_HITSFILE_DAMAGED,      /* one of ours, and no half is whole */
    R307_HITSFILE_OLD,          /* of the time when other numbers told rules apart */
    R307_HITSFILE_FOREIGN       /* something else */
} r307_hitsfile_t;

typedef struct r307_hitsread_t {
    apr_uint64_t seed, serial;
    r307_hitcell_t *cells;      /* their tenant: of `tenants`, from 1; 0: none */
    apr_uint32_t cell_count;
    apr_uint64_t *tenants;      /* keys */
    apr_uint32_t tenant_count;
} r307_hitsread_t;

/* The newer of the halves that are whole, in p. read is set where it is FINE. */
r307_hitsfile_t r307_hits_file_read(apr_pool_t *p, int fd, r307_hitsread_t *read);

/* Adds what was read to a table with the same seed. second: now, behind which nothing was
 * hit. */
void r307_hits_file_take(r307_hits_t *hits, const r307_hitsread_t *read,
                         apr_uint32_t second);

/* Writes over the older half. p: for what it takes meanwhile. 0, or errno. */
int r307_hits_file_write(apr_pool_t *p, r307_hits_t *hits, int fd);

#endif
