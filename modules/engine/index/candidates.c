/* SPDX-License-Identifier: Apache-2.0 */
#include "index/candidates.h"

#include <string.h>

void r307_candidates_make(r307_candidates_t *c)
{
    c->runs = c->held;
    c->count = 0;
    c->room = R307_RUNS_HELD;
}

/* Puts the first run where it belongs. */
static void sink(r307_run_t *runs, int count)
{
    r307_run_t run = runs[0];
    int at = 0;

    for (;;) {
        int least = 2 * at + 1;

        if (least + 1 < count && *runs[least + 1].next < *runs[least].next) {
            least++;
        }
        if (least >= count || *run.next <= *runs[least].next) {
            break;
        }
        runs[at] = runs[least];
        at = least;
    }
    runs[at] = run;
}

void r307_candidates_add(apr_pool_t *p, r307_candidates_t *c, const apr_uint32_t *rules,
                         apr_uint32_t count)
{
    int at = c->count;

    if (count == 0) {
        return;
    }
    if (c->count == c->room) {
        r307_run_t *more = apr_palloc(p, 2 * (size_t)c->room * sizeof(*more));

        memcpy(more, c->runs, (size_t)c->room * sizeof(*more));
        c->runs = more;
        c->room *= 2;
    }
    c->count++;
    while (at > 0 && *rules < *c->runs[(at - 1) / 2].next) {
        c->runs[at] = c->runs[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    c->runs[at].next = rules;
    c->runs[at].end = rules + count;
}

int r307_candidates_next(r307_candidates_t *c, apr_uint32_t *rule)
{
    if (c->count == 0) {
        return 0;
    }
    *rule = *c->runs[0].next;
    do {        /* it stands in two runs when a parameter or a word came twice */
        if (++c->runs[0].next == c->runs[0].end) {
            c->runs[0] = c->runs[--c->count];
        }
        if (c->count > 1) {
            sink(c->runs, c->count);
        }
    } while (c->count && *c->runs[0].next == *rule);
    return 1;
}
