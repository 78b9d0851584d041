/* SPDX-License-Identifier: Apache-2.0
 *
 * status_text: the one place where foreign text becomes HTML, JSON or a label of
 * metrics. What is written goes out in pieces, so that a page of a million rules takes
 * no memory.
 */
#ifndef R307_STATUS_TEXT_H
#define R307_STATUS_TEXT_H

#include <apr_time.h>
#include "base/text.h"

typedef struct r307_out_t {
    apr_pool_t *p;              /* for what a piece takes; may be cleared between them */
    r307_buf_t buf;
    void (*send)(void *baton, const char *bytes, size_t len);
    void *baton;
} r307_out_t;

/* buf lies in p. */
void r307_out_make(r307_out_t *out, apr_pool_t *p,
                   void (*send)(void *baton, const char *bytes, size_t len), void *baton);
/* Sends what there is, if it is worth it; all of it at the end. */
void r307_out_pass(r307_out_t *out);
void r307_out_end(r307_out_t *out);

/* Our own words, as they are: several, up to a NULL, which a list of arguments without a type
 * would not know for a pointer. */
#define r307_out_puts(out, ...) r307_out_list((out), (const char *const[]){ __VA_ARGS__ })
void r307_out_list(r307_out_t *out, const char *const *texts);
void r307_out_number(r307_out_t *out, apr_uint64_t number);

/* As text of an element or a value in double quotes; bytes that are no text as \xNN,
 * and no more than 200 of them. NULL is nothing. */
void r307_out_html(r307_out_t *out, const char *text);
/* A value with its quotes; NULL is null. What is not UTF-8 becomes U+FFFD. */
void r307_out_json(r307_out_t *out, const char *text);
/* A value of a label, with its quotes. */
void r307_out_label(r307_out_t *out, const char *text);

/* In a query, as one value. */
void r307_out_query(r307_out_t *out, const char *text);

/* Cells of a table; of: the name of their column, ours. */
void r307_out_cell(r307_out_t *out, const char *of, const char *text);
void r307_out_code_cell(r307_out_t *out, const char *of, const char *text);
void r307_out_number_cell(r307_out_t *out, const char *of, apr_uint64_t number);
/* A time within one; nothing for 0. */
void r307_out_when(r307_out_t *out, apr_time_t when);

/* 2026-12-26T23:00:00Z */
const char *r307_status_time(apr_pool_t *p, apr_time_t when);
/* 41 280, as people read it. */
const char *r307_status_number(apr_pool_t *p, apr_uint64_t number);

#endif
