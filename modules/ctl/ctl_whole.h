/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_whole: what a whole httpd answers, as its configuration says it. What it cannot know it
 * names.
 */
#ifndef CTL_WHOLE_H
#define CTL_WHOLE_H

#include "ctl_asked.h"
#include "ctl_closing.h"
#include "ctl_halt.h"

typedef struct ctl_whole_t {
    apr_pool_t *p;
    ctl_httpd_t httpd;
    ctl_asked_t asked;
    r307_walk_t walk;
    ctl_closing_t closing;
    r307_mapped_t mapped;
    r307_view_t view;
    int is_placed;              /* it is known where the path leads */
    int is_hidden;              /* it is a file that rules use */
    int has_port;               /* the URL says one */
    const char *host_written;   /* as the URL has it */
    const char *raw;            /* its path as it was written */
    size_t target_len;          /* of path and query */
    r307_self_t other;          /* how the server may name itself, too; scheme NULL: not */
} ctl_whole_t;

/* What was known when it was loaded: what one request has it read is none of the next
 * one's. */
typedef struct ctl_whole_mark_t {
    const char *fails;
    int lines, problems, maybes;
} ctl_whole_mark_t;

void ctl_whole_mark(const ctl_whole_t *x, ctl_whole_mark_t *mark);
void ctl_whole_forget(ctl_whole_t *x, const ctl_whole_mark_t *mark);

/* How one way through the questions ends. */
typedef struct ctl_ending_t {
    const char *text;           /* the first line */
    int status;                 /* 0: not known */
    const r307_halt_decision_t *halt;   /* by maintenance, or NULL */
    r307_decision_t decision;
    int is_decided;             /* by a rule, or by none */
    int is_late;                /* it was not settled before the path was looked for */
    const r307_area_t *area;
    r307_scope_t *scopes;
    int count;
} ctl_ending_t;

/* The httpd is loaded, and the view and asked.url are set: finds what is about the request.
 * *self: of the request, by what UseCanonicalName says. NULL; or what httpd answers by itself. */
const char *ctl_whole_go(ctl_whole_t *x, r307_self_t *self);

/* Asks all rules, in the order of httpd. assumes: of ctl_asked_t. */
void ctl_whole_settle(ctl_whole_t *x, int assumes, ctl_ending_t *ending);

/* What it depends on: of const char *. differs: what was not answered of a rule counts. */
apr_array_header_t *ctl_whole_depends(ctl_whole_t *x, const ctl_ending_t *ending, int differs);

#endif
