/* SPDX-License-Identifier: Apache-2.0
 *
 * strict: gives every allocation from an APR pool a block of its own, so that
 * AddressSanitizer and valgrind see one byte too far inside a pool, and a use after the
 * pool was cleared. For test runs only: preloaded by t/run, linked by t/fuzz/run.
 *
 * The blocks of a pool hang on one cleanup, registered with the first of them: cleanups
 * run last in, first out, so a pool's memory is gone only when nothing else is left to
 * run. What APR takes for itself meanwhile (`inside`) comes from APR's own functions.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

#define KEY "r307.strict"

typedef struct block_t {
    struct block_t *next;
    void *bytes;
} block_t;

typedef struct list_t {
    block_t *first;
} list_t;

static __thread int inside;

static void *real_palloc(apr_pool_t *p, apr_size_t size)
{
    void *(*real)(apr_pool_t *, apr_size_t);

    *(void **)&real = dlsym(RTLD_NEXT, "apr_palloc");
    return real(p, size);
}

static apr_status_t release(void *data)
{
    list_t *list = data;

    while (list->first) {
        block_t *block = list->first;

        list->first = block->next;
        free(block->bytes);
        free(block);
    }
    return APR_SUCCESS;
}

static list_t *find_list(apr_pool_t *p)
{
    void *list = NULL;

    apr_pool_userdata_get(&list, KEY, p);
    if (!list) {
        list = real_palloc(p, sizeof(list_t));
        ((list_t *)list)->first = NULL;
        apr_pool_cleanup_register(p, list, release, apr_pool_cleanup_null);
        apr_pool_userdata_setn(list, KEY, NULL, p);
    }
    return list;
}

#undef apr_palloc
void *apr_palloc(apr_pool_t *p, apr_size_t size)
{
    list_t *list;
    block_t *block;

    if (inside) {
        return real_palloc(p, size);
    }
    inside = 1;
    list = find_list(p);
    block = malloc(sizeof(*block));
    if (!block || !(block->bytes = malloc(size))) {
        abort();
    }
    block->next = list->first;
    list->first = block;
    inside = 0;
    return block->bytes;
}

/* a macro where we are compiled, a function where others were */
#undef apr_pcalloc
void *apr_pcalloc(apr_pool_t *p, apr_size_t size);
void *apr_pcalloc(apr_pool_t *p, apr_size_t size)
{
    return memset(apr_palloc(p, size), 0, size);
}

/* APR prints into the rest of its block, which has no border to run into. */
char *apr_pvsprintf(apr_pool_t *p, const char *format, va_list args)
{
    char few[256], *text = few;
    size_t room = sizeof(few);
    char *copy;
    int len;

    for (;;) {
        va_list again;

        va_copy(again, args);
        len = apr_vsnprintf(text, room, format, again);
        va_end(again);
        if (len >= 0 && (size_t)len < room - 1) {
            break;
        }
        room *= 2;
        text = realloc(text == few ? NULL : text, room);
        if (!text) {
            abort();
        }
    }
    copy = apr_pstrmemdup(p, text, strlen(text));
    if (text != few) {
        free(text);
    }
    return copy;
}

char *apr_psprintf(apr_pool_t *p, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = apr_pvsprintf(p, format, args);
    va_end(args);
    return text;
}

/* A pool waits for its processes when its cleanups are done, and our blocks are gone. */
void apr_pool_note_subprocess(apr_pool_t *p, apr_proc_t *process, apr_kill_conditions_e how)
{
    void (*real)(apr_pool_t *, apr_proc_t *, apr_kill_conditions_e);
    apr_proc_t *copy = real_palloc(p, sizeof(*copy));

    *(void **)&real = dlsym(RTLD_NEXT, "apr_pool_note_subprocess");
    *copy = *process;
    inside = 1;
    real(p, copy, how);
    inside = 0;
}
