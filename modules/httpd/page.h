/* SPDX-License-Identifier: Apache-2.0
 *
 * page: what people read during a maintenance: the file of page=, what the page's URL
 * shows, the file at that place, or a short text of our own. Found here, sent by respond,
 * so that no module that had a hand in it has one in the answer.
 */
#ifndef R307_HTTPD_PAGE_H
#define R307_HTTPD_PAGE_H

#include <httpd.h>
#include "maintenance/maintenance.h"
#include "httpd/respond.h"

/* Where to look, and what to say when that is not the page. */
typedef struct r307_page_t {
    const r307_maintenance_t *line;
    const char *url;            /* of the page, encoded; NULL: it has none on this server */
    r307_slice_t base;          /* the URL of the line's directory; absent: not known */
    /* Told what is wrong and what to write, as often as it happens. */
    void (*say)(request_rec *r, const r307_maintenance_t *line, const char *matter,
                const char *text);
} r307_page_t;

/* The text of the 503, an r307_content_find_t whose baton is an r307_page_t. There always
 * is one. */
int r307_page_find(request_rec *r, void *baton, r307_content_t *content);

/* A file below the folder of page=, or with NULL that file. 0: there is none. */
int r307_page_beside(request_rec *r, const r307_maintenance_t *line, const char *name,
                     r307_content_t *content);

/* --- fetch.c: what a URL of this server shows --- */

/* The request as httpd would begin it; to be destroyed by ap_destroy_sub_req. */
request_rec *r307_fetch_look(request_rec *r, const char *url);

/* Carries it out. 200 and *content, which lives on; or the status that came instead. */
int r307_fetch_run(request_rec *r, request_rec *sub, r307_content_t *content);

/* register_hooks: the filters that take what comes; and insert_filter. */
void r307_fetch_register(void);
void r307_fetch_insert_filter(request_rec *r);

#endif
