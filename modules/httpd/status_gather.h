/* SPDX-License-Identifier: Apache-2.0
 *
 * status_gather: fills the model of the page from what this process knows: the rules of
 * httpd.conf, the maps they name, hits, refusals, and what was found at the start.
 */
#ifndef R307_HTTPD_STATUS_GATHER_H
#define R307_HTTPD_STATUS_GATHER_H

#include <httpd.h>
#include "conf/place_config.h"
#include "status/status_model.h"

/* Whose rules: those of .htaccess files in a directory and below, among those that hold
 * for this request. NULL: the server's. */
typedef struct r307_status_own_t {
    const r307_blocks_t *blocks;
    const char *directory;
} r307_status_own_t;

/* Told of each rule with its number, from 0 over all rules; 0 ends it. What it is told
 * lives until the next one. */
typedef int r307_status_see_t(void *baton, const r307_status_rule_t *rule,
                              apr_uint64_t number);

/* All rules from that number on, in the order of the configuration, lines of maps
 * behind them. with_hits: what is known of their hits, too. 0: `see` ended it. */
int r307_status_each(request_rec *r, const r307_config_t *conf,
                     const r307_status_own_t *own, apr_uint64_t from, int with_hits,
                     r307_status_see_t *see, void *baton);

/* What is known of the server. status->filter is set. with_sums: sums for metrics,
 * which look at all hits. */
void r307_status_gather(request_rec *r, const r307_config_t *conf, int with_sums,
                        r307_overview_t *status);

/* For who fills in one: empty lists, the time, and what the engine does. */
void r307_status_begin(request_rec *r, const r307_config_t *conf, r307_overview_t *status);
/* Something that needs somebody; place may be NULL. */
void r307_status_need(r307_overview_t *status, r307_need_kind_t kind, const char *place,
                      const char *text);
/* That so many temporary rules have no end; 0: nothing. */
void r307_status_add_endless(request_rec *r, r307_overview_t *status, int endless);
/* Whether a block is of a .htaccess in the directory or below. */
int r307_status_is_own(const r307_status_own_t *own, const r307_block_t *block);

/* The page of rules that the filter wants. */
void r307_status_show(request_rec *r, const r307_config_t *conf,
                      const r307_status_own_t *own, r307_overview_t *status);

#endif
