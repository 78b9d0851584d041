/* SPDX-License-Identifier: Apache-2.0 */
#include "base/large.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 * 1024 * 1024)
#define FROM       (LARGE_PAGE / 2)     /* less would be cleaned in vain for the most part */

static size_t whole(size_t bytes)
{
    return (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
}

/* Not malloc's, which keeps for later what was given back once. Where a large page begins, as
 * only then there is one. */
static void *map(size_t bytes)
{
    size_t wanted = whole(bytes), before;
    char *at;

    if (wanted < bytes || wanted + LARGE_PAGE < wanted) {
        return NULL;
    }
    at = mmap(NULL, wanted + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
              -1, 0);
    if (at == MAP_FAILED) {
        return NULL;
    }
    before = (LARGE_PAGE - (uintptr_t)at % LARGE_PAGE) % LARGE_PAGE;
    if (before) {
        munmap(at, before);
    }
    at += before;
    munmap(at + wanted, LARGE_PAGE - before);
#ifdef MADV_HUGEPAGE
    (void)madvise(at, wanted, MADV_HUGEPAGE);
#endif
    return at;
}

void *r307_large_make(size_t bytes)
{
    return bytes < FROM ? malloc(bytes) : map(bytes);
}

void *r307_large_more(void *at, size_t had, size_t len, size_t bytes)
{
    void *more;

    if (had < FROM && bytes < FROM) {
        return realloc(at, bytes);
    }
    more = r307_large_make(bytes);
    if (more && len) {
        memcpy(more, at, len);
    }
    if (more) {
        r307_large_free(at, had);
    }
    return more;
}

void r307_large_free(void *at, size_t bytes)
{
    if (at && bytes >= FROM) {
        munmap(at, whole(bytes));
    }
    else {
        free(at);
    }
}

typedef struct held_t {
    void *at;
    size_t bytes;
} held_t;

static apr_status_t give_back(void *data)
{
    held_t *held = data;

    r307_large_free(held->at, held->bytes);
    return APR_SUCCESS;
}

void *r307_large_of(apr_pool_t *p, size_t bytes)
{
    held_t *held;

    if (bytes < FROM) {
        return apr_palloc(p, bytes);
    }
    held = apr_palloc(p, sizeof(*held));
    held->at = map(bytes);
    held->bytes = bytes;
    if (!held->at) {
        abort();
    }
    apr_pool_cleanup_register(p, held, give_back, apr_pool_cleanup_null);
    return held->at;
}
