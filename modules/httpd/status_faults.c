/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status_faults.h"

#include <apr_strings.h>

static void say(r307_overview_t *status, const char *place, const char *text)
{
    r307_status_need_t *need = apr_array_push(status->needs);

    need->kind = R307_NEED_BROKEN;
    need->place = place;
    need->text = text;
}

void r307_status_faults(apr_pool_t *p, r307_overview_t *status, const r307_block_t *block)
{
    int i, rest = block->skipped;

    for (i = 0; block->faults && i < block->faults->nelts; i++, rest--) {
        const r307_fault_t *fault = &APR_ARRAY_IDX(block->faults, i, r307_fault_t);

        say(status, apr_psprintf(p, "%s:%u", block->file, fault->line),
            apr_pstrcat(p, "the line is skipped: ", fault->text, NULL));
    }
    if (rest > 0) {
        say(status, block->file, apr_psprintf(p, "%d more line%s skipped as no rule%s; mend "
                                                 "those above first", rest,
                                              rest == 1 ? " is" : "s are",
                                              rest == 1 ? "" : "s"));
    }
}
