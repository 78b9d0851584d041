/* SPDX-License-Identifier: Apache-2.0
 *
 * own_key: the key of a directory's own page (Redirect307Status own link=NAME=KEY) goes to
 * nobody, whichever rule answers.
 */
#ifndef R307_HTTPD_OWN_KEY_H
#define R307_HTTPD_OWN_KEY_H

#include <httpd.h>
#include "conf/place_config.h"
#include "decide/decide.h"
#include "httpd/request.h"

/* Takes the key out of the query of the state's view. conf: what holds for the request as far as httpd
 * knows. 1: it was there. */
int r307_own_key_hide(request_rec *r, const r307_config_t *conf, r307_state_t *state);

/* Has httpd's own words for the query of r be those of the view, from which a key was
 * hidden. */
void r307_own_key_strip(request_rec *r, const r307_view_t *view);

/* Whether the query holds anything that may be such a key. */
int r307_own_key_may(const r307_view_t *view);

/* Whether a key that is in the query would get into a log of ours or to another host by
 * this decision. */
int r307_own_key_leaves(const r307_config_t *conf, const r307_view_t *view,
                        const r307_decision_t *decision);

/* In translate_name, where httpd has not looked for the directory yet: looks for it as httpd
 * would, by a subrequest, and hides the key that it has. 1: it was there, and what was decided with it has to be decided again. */
int r307_own_key_seek(request_rec *r, r307_state_t *state);

#endif
