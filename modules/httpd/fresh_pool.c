/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/fresh_pool.h"

#include <stddef.h>
#include <unistd.h>
#include <sys/mman.h>
#include <apr_thread_mutex.h>

/* Above what malloc ever takes from memory that was used before: such a piece is mapped when it
 * is asked for, costs what is used of it, and is unmapped when it is freed. */
#define PIECE ((apr_size_t)64 * 1024 * 1024)

/* A page of 4 KiB at a time is more than half of what reading long lines costs, so the system
 * may give it by 2 MiB. Where it cannot, it is given as ever. */
static void want_large_pages(const apr_memnode_t *piece)
{
#ifdef MADV_HUGEPAGE
    apr_uintptr_t page = (apr_uintptr_t)sysconf(_SC_PAGESIZE);
    apr_uintptr_t from = (apr_uintptr_t)piece / page * page;   /* with what is in front */
    apr_uintptr_t to = (apr_uintptr_t)piece->endp / page * page;

    (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
#endif
}

/* In the allocator, for the pool to begin with. */
static void give_piece(apr_allocator_t *allocator)
{
    apr_memnode_t *piece = apr_allocator_alloc(allocator, PIECE);

    if (piece) {
        want_large_pages(piece);
        apr_allocator_free(allocator, piece);
    }
}

/* The allocator gives the pool the one piece it has. Where an allocator works otherwise this is
 * a pool like others. */
apr_pool_t *r307_fresh_pool_make(apr_pool_t *parent)
{
    apr_allocator_t *allocator;
    apr_pool_t *p;

    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        return parent;
    }
    give_piece(allocator);
    if (apr_pool_create_ex(&p, parent, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return parent;
    }
    apr_allocator_owner_set(allocator, p);
    return p;
}

apr_pool_t *r307_lone_pool_make(int is_large)
{
    apr_allocator_t *allocator;
    apr_pool_t *p;

    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        return NULL;
    }
    if (is_large) {
        give_piece(allocator);
    }
    else {
        apr_allocator_max_free_set(allocator, 1);
    }
    if (apr_pool_create_unmanaged_ex(&p, NULL, allocator) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return NULL;
    }
    apr_allocator_owner_set(allocator, p);
    return p;
}

#define SPARE_MOST ((apr_size_t)2 * 1024 * 1024)        /* bytes that nobody has */

apr_allocator_t *r307_spares_make(void)
{
    apr_allocator_t *allocator;
    apr_thread_mutex_t *mutex;
    apr_pool_t *p;

    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        return NULL;
    }
    if (apr_pool_create_unmanaged_ex(&p, NULL, allocator) != APR_SUCCESS
        || apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, p) != APR_SUCCESS) {
        apr_allocator_destroy(allocator);
        return NULL;
    }
    apr_allocator_mutex_set(allocator, mutex);
    apr_allocator_max_free_set(allocator, SPARE_MOST);
    return allocator;
}
