/* SPDX-License-Identifier: Apache-2.0
 *
 * lint_across: rules that never answer, as one in another file does: rules of a container
 * below one of its maps, lines of a map below a rule of the container or below another map.
 */
#ifndef R307_LINT_ACROSS_H
#define R307_LINT_ACROSS_H

#include "lint/lint_rule.h"
#include "decide/ruleset.h"

/* Tells of each such rule; what stands in one file alone is told by who looks at that. The
 * maps are images. The cost is linear in the number of rules. */
void r307_across_audit(apr_pool_t *p, const r307_ruleset_t *rules, r307_doubt_say_t *say,
                       void *baton);

#endif
