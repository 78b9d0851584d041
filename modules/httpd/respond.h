/* SPDX-License-Identifier: Apache-2.0
 *
 * respond: the answer, ours or by the admin's ErrorDocument: status, headers, a short
 * page, and then the body's rest.
 */
#ifndef R307_HTTPD_RESPOND_H
#define R307_HTTPD_RESPOND_H

#include <httpd.h>
#include "httpd/config.h"

typedef struct r307_answer_t {
    int status;
    const char *location;       /* NULL: none */
    const r307_rule_t *rule;
    int max_age;                /* seconds a cache may keep it; 0: no-store */
    int is_private;             /* only the client's own cache */
} r307_answer_t;

/* What the hook returns: DONE when the answer is out. */
int r307_respond_send(request_rec *r, const r307_config_t *conf,
                      const r307_answer_t *answer);

/* For LogFormat: the note redirect307-rule, which is returned. */
const char *r307_respond_note(request_rec *r, const r307_rule_t *rule);

#endif
