/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_verdicts: what came of cases, as it is printed: the sum first, in one of a few formats.
 * What is said of single cases is kept in a temporary file until the sum is known.
 */
#ifndef CTL_VERDICTS_H
#define CTL_VERDICTS_H

#include <stdio.h>
#include <apr_tables.h>

#define CTL_VERDICTS_WRITE "write"      /* stands in front of what to write */

/* One case that failed, or one thing that is demanded of all rules. Texts are fit to be
 * shown. */
typedef struct ctl_verdict_t {
    const char *file;
    unsigned line;              /* 0: of no line */
    const char *said;           /* the case */
    const char *why;            /* NULL: it holds */
    int is_open;                /* it could not be told */
    const char *came;           /* what came, and by which rule; or NULL */
    const apr_array_header_t *passed;   /* of const char *: rules passed over; or NULL */
    const char *write;          /* or NULL */
} ctl_verdict_t;

typedef struct ctl_verdict_sum_t {
    unsigned cases, fails, opens, unasked, breaks;
    apr_uint32_t rules, covered;
    unsigned bad;               /* lines that are no rules */
} ctl_verdict_sum_t;

struct ctl_verdicts_format_t;

typedef struct ctl_verdicts_t {
    apr_pool_t *p;
    const struct ctl_verdicts_format_t *format;
    FILE *told;
} ctl_verdicts_t;

/* word: of --format, or NULL. NULL, or what is wrong. */
const char *ctl_verdicts_begin(apr_pool_t *p, const char *word, ctl_verdicts_t *verdicts);
void ctl_verdicts_add(ctl_verdicts_t *verdicts, apr_pool_t *p, const ctl_verdict_t *verdict);
void ctl_verdicts_end(ctl_verdicts_t *verdicts, const ctl_verdict_sum_t *sum);

/* Whether cases that hold are named, too. */
int ctl_verdicts_wants_all(const ctl_verdicts_t *verdicts);

/* In percent; 100 only of all. */
unsigned ctl_verdicts_percent(const ctl_verdict_sum_t *sum);

#endif
