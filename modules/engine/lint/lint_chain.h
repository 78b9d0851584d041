/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_chain: rules that lead to where another rule leads on: the first one could lead to the
 * end at once. Said where every rule behind the first is sure to answer.
 */
#ifndef R307_LINT_CHAIN_H
#define R307_LINT_CHAIN_H

#include "lint/lint_loop.h"

/* The URL of a directory that nobody knows, as of a .htaccess that is looked at by itself. No
 * other target leads there, and what a rule leads to below it is said relative to it. */
#define R307_CHAIN_BASE "/.redirect307-directory/"

/* Appends an r307_doubt_t for each such rule, made in p. The cost is that of a few decisions for
 * each rule. Where there are maps that may not be asked, nothing is said. */
void r307_chain_audit(apr_pool_t *p, const r307_alone_t *alone,
                      const r307_loop_site_t *site, apr_array_header_t *doubts);

/* The same of the lines of the scope's maps, which are images. */
void r307_chain_maps(apr_pool_t *p, const r307_scope_t *scope, const r307_loop_site_t *site,
                     r307_doubt_say_t *say, void *baton);

#endif
