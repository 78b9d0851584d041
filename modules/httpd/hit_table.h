/* SPDX-License-Identifier: Apache-2.0
 *
 * hit_table: Redirect307Hits: the table of hits of this server, which outlives graceful
 * restarts, and with keep=FILE the server.
 *
 *     parent     opens the file, reads it into the table, and writes it when the server ends
 *     builder    writes it twice a minute, if anything was hit; sweeps the table
 *     child      counts; has no descriptor of the file
 */
#ifndef R307_HTTPD_HIT_TABLE_H
#define R307_HTTPD_HIT_TABLE_H

#include <httpd.h>
#include "conf/place_config.h"
#include "shared/hits.h"

/* post_config: makes the table, or goes on with that of the generation before, and gives it
 * to all virtual hosts. conf: of the main server. Without it nothing is counted, and why is
 * said. */
void r307_hit_table_make(apr_pool_t *pconf, server_rec *s, const r307_config_t *conf);

/* The seed of its identities; 0: nothing is counted. */
apr_uint64_t r307_hit_table_seed(const r307_config_t *conf);

/* What is known of a rule of that block, or of a map. */
void r307_hit_table_read(const r307_config_t *conf, r307_block_t *block,
                         const r307_rule_t *rule, apr_time_t now, r307_hitcount_t *count);

/* All hits, rules that were ever hit, and those that were not since then. It looks at all of
 * them. */
void r307_hit_table_sum(const r307_config_t *conf, apr_time_t since, r307_hitsum_t *sum);

/* In a child, which has nothing to do with the file. */
void r307_hit_table_join(server_rec *s);

/* In the builder, as often as it likes: what is due. */
void r307_hit_table_work(server_rec *s);

/* A rule of the block answered, or said that nothing is to be answered. view: of r. */
void r307_hit_table_count(request_rec *r, const r307_view_t *view, const r307_config_t *conf,
                          r307_block_t *block, const r307_rule_t *rule);

#endif
