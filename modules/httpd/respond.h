/* SPDX-License-Identifier: Apache-2.0
 *
 * respond: the answer, ours or by the admin's ErrorDocument: status, headers, a short
 * page, and then the body's rest.
 */
#ifndef R307_HTTPD_RESPOND_H
#define R307_HTTPD_RESPOND_H

#include <httpd.h>
#include <apr_buckets.h>
#include "conf/place_config.h"

/* Bytes of a content, which is kept in memory. */
#define R307_CONTENT_MOST (8 * 1024 * 1024)

/* What is sent instead of a short page. */
typedef struct r307_content_t {
    const char *type;
    apr_table_t *headers;       /* to go along; NULL: none */
    apr_bucket_brigade *body;   /* without an end; NULL: */
    const char *text;           /* of the request's pool */
    apr_off_t length;
} r307_content_t;

/* Asked while the request looks as if it had no body. 0: there is none. */
typedef int (*r307_content_find_t)(request_rec *r, void *baton, r307_content_t *content);

typedef struct r307_answer_t {
    int status;
    const char *location;       /* NULL: none */
    const r307_rule_t *rule;
    int max_age;                /* seconds a cache may keep it; 0: no-store */
    int is_private;             /* only the client's own cache */
    r307_content_find_t find;   /* NULL: a short page, or the administrator's
                                 * ErrorDocument */
    void *baton;
} r307_answer_t;

/* What the hook returns: DONE when the answer is out. */
int r307_respond_send(request_rec *r, const r307_config_t *conf,
                      const r307_answer_t *answer);

/* For LogFormat: the note redirect307-rule, which is returned. */
const char *r307_respond_note(request_rec *r, const r307_rule_t *rule);

#endif
