/* SPDX-License-Identifier: Apache-2.0
 *
 * conf_indexes: the rules of httpd.conf get their indexes when all of it was read, since
 * nobody says where a container ends.
 */
#ifndef R307_HTTPD_CONF_INDEXES_H
#define R307_HTTPD_CONF_INDEXES_H

#include <httpd.h>
#include <http_config.h>
#include "conf/place_config.h"

/* Remembers rules of httpd.conf, which lie in pconf, until r307_conf_indexes_build. */
void r307_conf_indexes_note(const cmd_parms *cmd, r307_block_t *block);

/* Gives the rules that were remembered their indexes, and their identities by that seed;
 * 0: none. Now, since children share what their parent wrote. */
void r307_conf_indexes_build(apr_pool_t *pconf, apr_uint64_t seed);

/* A block that was remembered. */
typedef struct r307_noted_t {
    r307_block_t *block;
    const server_rec *server;       /* its name may come behind the rules */
    const char *sections;           /* the block stands in, from the outermost in */
    apr_array_header_t *dated;      /* of const r307_rule_t *: those with dates */
    int endless;                    /* rules that are meant for a time, and do not say which */
} r307_noted_t;

/* By numbers from 0; NULL: there are no more. */
const r307_noted_t *r307_conf_indexes_noted(const server_rec *s, int number);

/* The seed of the indexes of httpd.conf's rules, chosen when it is first asked for: one walk over
 * a path does for all of them. Maps and .htaccess have others. */
apr_uint64_t r307_conf_indexes_shared(apr_pool_t *pconf);

/* A number nobody can guess: what a tenant's rules must not be made against. */
apr_uint64_t r307_conf_indexes_seed(void);

#endif
