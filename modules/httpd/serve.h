/* SPDX-License-Identifier: Apache-2.0
 *
 * serve: one list of rules asked about one request, the decision logged and carried out.
 * The same for every hook.
 */
#ifndef R307_HTTPD_SERVE_H
#define R307_HTTPD_SERVE_H

#include <httpd.h>
#include "conf/place_config.h"
#include "index/index.h"

/* What a first look found out, for the decision behind it. */
typedef struct r307_looked_t {
    r307_trail_t walk;
    const r307_block_t *block;      /* NULL, or whose directory has this URL: */
    r307_slice_t base;
    const r307_block_t *asked;      /* NULL, or of whose maps so many have nothing: */
    int maps;
} r307_looked_t;

/* Nobody has looked. */
static inline void r307_looked_make(r307_looked_t *looked)
{
    r307_trail_begin(&looked->walk);
    looked->block = looked->asked = NULL;
}

/* 0: no rule of the blocks can match, as a look at the path alone tells, and nobody wants
 * to read that in a log. */
int r307_serve_may(request_rec *r, const r307_config_t *conf, const r307_blocks_t *blocks,
                   r307_looked_t *looked);

/* As policy->trace. */
typedef void r307_serve_trace_t(void *baton, const r307_rule_t *rule, r307_skip_t step,
                                const char *detail);

/* Decides and does nothing more, for whoever asks what would be: r may be a subrequest. The
 * trace is told of all rules that are passed over. */
void r307_serve_ask(request_rec *r, const r307_config_t *conf, const r307_blocks_t *blocks,
                    r307_serve_trace_t *trace, void *baton, r307_decision_t *decision);

/* The value the hook returns: DECLINED when no rule answers. Behind r307_request_state. */
int r307_serve_blocks(request_rec *r, const r307_config_t *conf,
                      const r307_blocks_t *blocks, const r307_looked_t *looked);

#endif
