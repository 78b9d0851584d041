/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/pages.h"

#include <sys/mman.h>
#include <unistd.h>

typedef struct mapping_t {
    void *at;
    size_t len;
} mapping_t;

static apr_status_t unmap(void *data)
{
    mapping_t *mapping = data;

    munmap(mapping->at, mapping->len);
    return APR_SUCCESS;
}

void r307_pages_keep(apr_pool_t *p, void *at, apr_size_t bytes)
{
    mapping_t *mapping = apr_palloc(p, sizeof(*mapping));

    mapping->at = at;
    mapping->len = bytes;
    apr_pool_cleanup_register(p, mapping, unmap, apr_pool_cleanup_null);
}

void *r307_pages_make(apr_pool_t *p, apr_size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (at == MAP_FAILED) {
        return NULL;
    }
    r307_pages_keep(p, at, bytes);
    return at;
}

/* Others of this process wait for a mapping as long as one call takes. */
#define FETCHED_AT_ONCE ((apr_uintptr_t)4 * 1024 * 1024)

void r307_pages_fetch(void *at, apr_size_t bytes)
{
#ifdef MADV_POPULATE_WRITE
    apr_uintptr_t page = (apr_uintptr_t)sysconf(_SC_PAGESIZE);
    apr_uintptr_t from = ((apr_uintptr_t)at + page - 1) / page * page;
    apr_uintptr_t to = ((apr_uintptr_t)at + bytes) / page * page;

    for (; from < to; from += FETCHED_AT_ONCE) {
        apr_uintptr_t left = to - from;

        (void)madvise((void *)from, left < FETCHED_AT_ONCE ? left : FETCHED_AT_ONCE,
                      MADV_POPULATE_WRITE);
    }
#endif
}
