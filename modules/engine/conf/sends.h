/* SPDX-License-Identifier: Apache-2.0
 *
 * sends: where a line of another module sends people, as far as its text tells: Redirect,
 * RewriteRule, ErrorDocument with a URL, Header that sets Location or Refresh. Knows the
 * words, not what they come to.
 */
#ifndef R307_SENDS_H
#define R307_SENDS_H

#include "base/text.h"

typedef struct r307_sends_t {
    const char *host;           /* lower-case; '*' for what the request brings */
    const char *only;           /* who alone is sent there: a header that a RewriteCond
                                 * before it asks for (Referer), or NULL */
} r307_sends_t;

/* The conditions before a RewriteRule; begins as zeros, one for each file. */
typedef struct r307_sends_state_t {
    const char *only;
} r307_sends_state_t;

/* The next directive of a file, with what stands behind its name. 0: it sends nobody to a
 * host that it names. */
int r307_sends_meet(apr_pool_t *p, r307_sends_state_t *state, const char *name,
                    const char *args, r307_sends_t *sends);

/* The host of a URL in a line of any module, as above; NULL: it is a path, or the host
 * is the one that was asked for. */
const char *r307_sends_host(apr_pool_t *p, const char *url);

/* Whether the host is called as one of the directories on the way to a file, as panels
 * name them: /home/user/example.com/public_html/.htaccess. */
int r307_sends_is_on_way(const char *host, const char *path);

#endif
