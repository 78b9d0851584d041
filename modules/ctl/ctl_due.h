/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_due: what report says of rules, for people, programs, sheets and calendars.
 */
#ifndef CTL_DUE_H
#define CTL_DUE_H

#include <apr_tables.h>
#include "ctl_blame.h"
#include "rule/rule.h"

typedef struct ctl_due_t {
    const char *word;           /* "RETURNS" ... */
    const char *name;           /* of the rule, or what it is for */
    const char *owner;          /* "-": nobody */
    const char *note;           /* or NULL */
    const char *text;           /* what is due, and what to do about it */
    const char *file;
    unsigned line;
    r307_date_t date;           /* of it; text: as it is written, or "" */
    apr_uint64_t identity;      /* the same as long as it is the same rule */
    ctl_blame_t blame;          /* author NULL: nobody asked */
} ctl_due_t;

typedef struct ctl_dues_t {
    apr_pool_t *p;
    apr_time_t now;
    apr_array_header_t *rows;   /* of ctl_due_t */
    int rules;
    int has_next;               /* what comes was asked for */
} ctl_dues_t;

/* What is known of a rule by itself; text and blame are not. */
void ctl_due_set(const ctl_dues_t *x, const r307_rule_t *rule, const char *word,
                 const r307_date_t *date, ctl_due_t *row);

typedef struct ctl_due_format_t {
    const char *name;
    void (*print)(const ctl_dues_t *x);
} ctl_due_format_t;

/* By its name; NULL: there is none. */
const ctl_due_format_t *ctl_due_format_find(const char *name);

#endif
