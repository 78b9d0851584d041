/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl_pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <apr_strings.h>
#include <apr_tables.h>

#include "base/text.h"
#include "file/folder.h"
#include "file/open_below.h"

#define DEPTH_MOST 64

typedef struct entry_t {
    const char *name;
    int is_folder;
} entry_t;

typedef struct walking_t {
    apr_pool_t *p;
    const char *top;            /* as it may be shown */
    int files;
    const char *bad;            /* the first thing that was not looked at */
    void (*met)(void *baton, const char *path);
    void *baton;
} walking_t;

static void fail(walking_t *x, const char *path, const char *why)
{
    if (!x->bad) {
        x->bad = apr_psprintf(x->p, "%s%s: %s", x->top,
                              r307_text_show(x->p, path, strlen(path)), why);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const entry_t *)a)->name, ((const entry_t *)b)->name);
}

/* Of a folder, sorted; NULL: errno says why not. */
static apr_array_header_t *list(walking_t *x, apr_pool_t *p, int folder)
{
    apr_array_header_t *entries = apr_array_make(p, 16, sizeof(entry_t));
    DIR *dir = r307_folder_open(folder, ".");
    r307_entry_t kind;
    const char *at;

    if (!dir) {
        return NULL;
    }
    while ((at = r307_folder_next(dir, &kind)) != NULL
           && x->files + entries->nelts <= CTL_PAGES_MOST) {
        if (*at != '.' && kind != R307_ENTRY_OTHER) {
            entry_t *entry = apr_array_push(entries);

            entry->name = apr_pstrdup(p, at);
            entry->is_folder = kind != R307_ENTRY_PLAIN;
        }
    }
    r307_folder_close(dir);
    if (!at && errno) {
        return NULL;
    }
    qsort(entries->elts, (size_t)entries->nelts, sizeof(entry_t), by_name);
    return entries;
}

static void walk(walking_t *x, apr_pool_t *parent, int folder, const char *path,
                 int depth)
{
    apr_array_header_t *entries;
    r307_opened_t opened;
    apr_pool_t *p;
    int i;

    apr_pool_create(&p, parent);
    entries = depth > DEPTH_MOST ? NULL : list(x, p, folder);
    if (!entries) {
        fail(x, path, depth > DEPTH_MOST ? "too deep" : strerror(errno));
    }
    for (i = 0; entries && i < entries->nelts && x->files <= CTL_PAGES_MOST; i++) {
        const entry_t *entry = &APR_ARRAY_IDX(entries, i, entry_t);
        const char *name = apr_pstrcat(p, path, "/", entry->name, NULL);

        if (!entry->is_folder) {
            x->files++;
            x->met(x->baton, name);
        }
        else if (r307_open_folder_below(folder, entry->name, &opened) == R307_OPEN_FINE) {
            walk(x, p, opened.fd, name, depth + 1);
            close(opened.fd);
        }
        else {
            fail(x, name, strerror(opened.error ? opened.error : ENOTDIR));
        }
    }
    apr_pool_destroy(p);
}

const char *ctl_pages_each(apr_pool_t *p, const char *name,
                           void (*met)(void *baton, const char *path), void *baton)
{
    walking_t x = { p, r307_text_show(p, name, strlen(name)), 0, NULL, met, baton };
    r307_opened_t opened;

    if (r307_open_named(name, 1, NULL, &opened) != R307_OPEN_FINE) {
        return apr_psprintf(p, "%s: %s", x.top, opened.error ? strerror(opened.error)
                            : "is no directory, or is reached by a link of another user");
    }
    walk(&x, p, opened.fd, "", 0);
    close(opened.fd);
    if (x.files > CTL_PAGES_MOST) {
        fail(&x, "", "has more files than are looked at (1000000)");
    }
    return x.bad;
}
