/* SPDX-License-Identifier: Apache-2.0
 *
 * conf_host: which virtual host is asked, as httpd finds it: by the address and port that a
 * connection comes to, and among those of one address by name.
 */
#ifndef R307_CONF_HOST_H
#define R307_CONF_HOST_H

#include "conf/conf_site.h"

typedef struct r307_hosted_t {
    const r307_server_t *server;        /* with what it has of the main one */
    const char *depends;                /* NULL, or what it depends on and no text tells */
    const r307_node_t *node;            /* where that is written, or NULL */
} r307_hosted_t;

/* host: of the URL, without port and brackets. */
void r307_host_find(const r307_site_t *site, const char *host, int port,
                    r307_hosted_t *hosted);

#endif
