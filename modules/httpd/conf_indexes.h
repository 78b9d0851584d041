/* SPDX-License-Identifier: Apache-2.0
 *
 * conf_indexes: the rules of httpd.conf get their indexes when all of it was read, since
 * nobody says where a container ends.
 */
#ifndef R307_HTTPD_CONF_INDEXES_H
#define R307_HTTPD_CONF_INDEXES_H

#include "decide/ruleset.h"

/* Remembers rules of httpd.conf, which lie in pconf, until r307_conf_indexes_build. */
void r307_conf_indexes_note(apr_pool_t *pconf, r307_ruleset_t *rules);

/* Gives the rules that were remembered their indexes. */
void r307_conf_indexes_build(apr_pool_t *pconf);

/* A number nobody can guess: what a tenant's rules must not be made against. */
apr_uint64_t r307_conf_indexes_seed(void);

#endif
