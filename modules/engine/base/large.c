/* SPDX-License-Identifier: Apache-2.0 */
#include "base/large.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LARGE_PAGE ((size_t)2 * 1024 * 1024)
#define FROM       (LARGE_PAGE / 2)     /* less would be cleaned in vain for the most part */

static void *make_of_large_pages(size_t bytes)
{
    size_t whole = (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    void *at = NULL;

    if (whole < bytes || posix_memalign(&at, LARGE_PAGE, whole) != 0) {
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    (void)madvise(at, whole, MADV_HUGEPAGE);
#endif
    return at;
}

void *r307_large_make(size_t bytes)
{
    return bytes < FROM ? malloc(bytes) : make_of_large_pages(bytes);
}

void *r307_large_more(void *at, size_t len, size_t bytes)
{
    void *more;

    if (bytes < FROM) {
        return realloc(at, bytes);
    }
    more = make_of_large_pages(bytes);
    if (more && len) {
        memcpy(more, at, len);
    }
    if (more) {
        free(at);
    }
    return more;
}

static apr_status_t give_back(void *data)
{
    free(data);
    return APR_SUCCESS;
}

void *r307_large_of(apr_pool_t *p, size_t bytes)
{
    void *at;

    if (bytes < FROM) {
        return apr_palloc(p, bytes);
    }
    at = make_of_large_pages(bytes);
    if (!at) {
        abort();
    }
    apr_pool_cleanup_register(p, at, give_back, apr_pool_cleanup_null);
    return at;
}
