/* SPDX-License-Identifier: Apache-2.0
 *
 * proxy: what a proxy in front says of the URL the client has. Any client can say it too, so
 * it is believed only where it keeps a redirect from leading back to that URL, and is never
 * put into one.
 */
#ifndef R307_PROXY_H
#define R307_PROXY_H

#include "http/view.h"

/* Whether the client speaks https: X-Forwarded-Proto, Forwarded. */
int r307_proxy_says_https(const r307_view_t *view, r307_vary_t *vary);

/* Whether the client asked for this host (port 0: the standard one of its scheme):
 * X-Forwarded-Host. Not Forwarded, which names the client too and would make each answer one
 * for a single visitor to caches. */
int r307_proxy_says_host(const r307_view_t *view, r307_vary_t *vary, r307_slice_t host,
                         long port);

#endif
