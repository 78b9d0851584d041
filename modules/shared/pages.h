/* SPDX-License-Identifier: Apache-2.0
 *
 * pages: memory for tables that are mostly empty. It costs what is used of it, where that of a
 * pool is written from end to end when it is made. Of this process, and copied by a fork as
 * other memory is.
 */
#ifndef R307_SHARED_PAGES_H
#define R307_SHARED_PAGES_H

#include <apr_pools.h>

/* Zeros, from the beginning of a page; gone with p. NULL: the system has none. */
void *r307_pages_make(apr_pool_t *p, apr_size_t bytes);
/* What was mapped goes with p. */
void r307_pages_keep(apr_pool_t *p, void *at, apr_size_t bytes);

/* What will be written from end to end: asked for at once it costs less than page by page. Where
 * the system cannot, nothing is lost. */
void r307_pages_fetch(void *at, apr_size_t bytes);

#endif
