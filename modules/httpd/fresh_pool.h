/* SPDX-License-Identifier: Apache-2.0
 *
 * fresh_pool: a pool for what many lines of a configuration make. A pool of httpd's gives its
 * memory back to be used again, and at a graceful restart that is shared with the processes of
 * before: each page of it is copied when it is written, while nobody is served. The memory of
 * this pool goes back to the system as a whole, and the next one's was nobody's.
 */
#ifndef R307_HTTPD_FRESH_POOL_H
#define R307_HTTPD_FRESH_POOL_H

#include <apr_allocator.h>
#include <apr_pools.h>

/* So many lines are worth one. */
#define R307_FRESH_FROM 1024

/* Below parent, with an allocator of its own; parent itself where there is none to be had. It
 * has room for some hundred thousand lines at first, and takes more as other pools do. */
apr_pool_t *r307_fresh_pool_make(apr_pool_t *parent);

/* Of no parent, whose end would end it while somebody uses it: making and ending it takes no
 * lock of another pool, and its end gives all of it back. is_large: for some
 * MiB, and soon ended again. NULL without memory. */
apr_pool_t *r307_lone_pool_make(int is_large);

/* For small pools that a process makes and ends all the time, by whatever thread: what one
 * gives back the next one takes, as mapping and unmapping memory halts all threads. Given to
 * apr_pool_create_unmanaged_ex; stays until the process ends. NULL without memory: then each
 * pool has an allocator of its own. */
apr_allocator_t *r307_spares_make(void);

#endif
