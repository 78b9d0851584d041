/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_saying: what lint says of lines, and how: for people, and for the programs that read
 * what a checking tool says.
 */
#ifndef CTL_SAYING_H
#define CTL_SAYING_H

#include <apr_tables.h>
#include "ctl_args.h"
#include "ctl_map.h"
#include "ctl_others.h"

typedef enum {
    CTL_SAYING_ERROR,           /* a line that is none, or that httpd does not take */
    CTL_SAYING_WARNING,         /* a doubt about a rule */
    CTL_SAYING_NOTE,            /* what is worth knowing, and changes no exit status */
    CTL_SAYING_UNTOLD,          /* only the server can tell */
    CTL_SAYING_UNREAD,          /* a file that was not read, or that has nothing to check */
    CTL_SAYING_KINDS
} ctl_saying_kind_t;

typedef struct ctl_saying_t {
    ctl_saying_kind_t kind;
    const char *file;           /* as it may be shown; NULL: before all others */
    unsigned line;              /* 0: all of the file */
    const char *directive;      /* NULL: none is named */
    const char *id;             /* of a finding, with which the text begins; NULL: none */
    const char *text;
    ctl_meant_t meant;          /* of a finding */
    int nth;                    /* they are said in this order where the line is the same */
} ctl_saying_t;

/* All that is known when everything was said. */
typedef struct ctl_sum_t {
    int findings, notes, fine, unknown, unreadable;
    int mended;                 /* lines that were written */
    unsigned others[CTL_OTHERS_REDIRECTS];  /* lines of other modules */
    int is_nothing;             /* nothing was checked, and people are spared the sum */
} ctl_sum_t;

/* What --format takes. */
#define CTL_SAYING_FORMATS "text|gcc|github|json|sarif"

struct ctl_format_t;

typedef struct ctl_sayings_t {
    apr_pool_t *p;
    const struct ctl_format_t *format;
    int is_quiet;               /* no notes, and no sum */
    int said;
    apr_array_header_t *list;   /* of ctl_saying_t: not yet said */
    apr_array_header_t *unread; /* of ctl_saying_t */
} ctl_sayings_t;

/* Those that are kept to be looked at, and said nowhere. */
void ctl_sayings_keep(ctl_sayings_t *sayings, apr_pool_t *p);

/* By --format and --quiet of the command line; begins what is said. NULL, or why not. */
const char *ctl_sayings_begin(ctl_sayings_t *sayings, const ctl_args_t *args);

/* Keeps one; all but nth is set. What was not read is told on stderr, too, and at once. */
void ctl_sayings_add(ctl_sayings_t *sayings, const ctl_saying_t *saying);

/* Says what was kept, in the order of files and lines, and forgets it. */
void ctl_sayings_flush(ctl_sayings_t *sayings);

void ctl_sayings_end(ctl_sayings_t *sayings, const ctl_sum_t *sum);

#endif
