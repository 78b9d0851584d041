/* SPDX-License-Identifier: Apache-2.0
 *
 * large: memory for what grows into the millions while something is built. To be given a page
 * of 4 KiB can cost more than what is done with it, so from a MiB on the system is asked to
 * give 2 MiB at a time, and has all of it back at once; less is malloc's.
 */
#ifndef R307_LARGE_H
#define R307_LARGE_H

#include <stddef.h>
#include <apr_pools.h>

/* NULL says that there is none. */
void *r307_large_make(size_t bytes);
/* With what was there, of `len` bytes; NULL leaves it where it was. had: bytes as it was made. */
void *r307_large_more(void *at, size_t had, size_t len, size_t bytes);
/* bytes: as it was made; at may be NULL. */
void r307_large_free(void *at, size_t bytes);
/* As apr_palloc, which less than that is given by. */
void *r307_large_of(apr_pool_t *p, size_t bytes);

#endif
