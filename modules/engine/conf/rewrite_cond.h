/* SPDX-License-Identifier: Apache-2.0
 *
 * rewrite_cond: lines of mod_rewrite in front of ours. A RewriteCond belongs to the next
 * RewriteRule; one that was meant for a rule of ours is dropped without a word by httpd.
 */
#ifndef R307_REWRITE_COND_H
#define R307_REWRITE_COND_H

#include "base/text.h"

/* Conditions that wait for their RewriteRule; begins as zeros, one for each container. */
typedef struct r307_rewrite_t {
    unsigned line;              /* of the first; 0: there is none */
    const char *options;        /* what they are called here, or NULL */
    int is_https;               /* one of them asks for what is not https */
    int is_known;               /* all of them could be told */
    int is_or;                  /* the last one has [OR] */
} r307_rewrite_t;

/* The next directive of the file. NULL; or, of a rule of ours behind conditions, what becomes
 * of them and what to write. */
const char *r307_rewrite_meet(apr_pool_t *p, r307_rewrite_t *rewrite,
                              const char *directive, const char *args, unsigned line);

#endif
