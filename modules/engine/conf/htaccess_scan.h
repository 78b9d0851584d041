/* SPDX-License-Identifier: Apache-2.0
 *
 * htaccess_scan: the text of a .htaccess, told apart as httpd's own reader would: which lines
 * are rules that may be compiled once, and what httpd must still read line by line. It
 * is no parser of httpd's configuration: a line it is not sure of is left to httpd, and
 * where that leaves it unsure where a section ends, the whole file is.
 */
#ifndef R307_HTACCESS_SCAN_H
#define R307_HTACCESS_SCAN_H

#include <apr_tables.h>
#include "base/text.h"

#define R307_SCAN_FILE (-1)

typedef struct r307_scan_line_t {
    unsigned number;        /* in the file, from 1 */
    int run;                /* the run it stands for; R307_SCAN_FILE: as in the file */
    int name;               /* of a line that stands for a run: index into names */
    const char *text;       /* one physical line with its end, not NUL-terminated */
    size_t len;
} r307_scan_line_t;

/* A run: rules of one container between which nothing can add a rule, so that it is all
 * one whether they are added one by one or together where the first of them stands. */
typedef struct r307_scan_t {
    const apr_array_header_t *lines;    /* of r307_scan_line_t, ascending */
    int runs;
    int others;             /* lines left to httpd that may add a rule */
} r307_scan_t;

typedef enum {
    R307_SCAN_STAYS,      /* the line is left to httpd */
    R307_SCAN_NO_RULE,    /* likewise, and no rule will come of it */
    R307_SCAN_TAKEN       /* for its run and name one line with nothing but the name
                             * stands in the script, where the first one was */
} r307_taking_t;

/* Offered each line whose directive is names[name]: its arguments as a directive would
 * get them, and the run it would belong to. */
typedef r307_taking_t (*r307_scan_take_t)(void *baton, int run, int name,
                                            const char *args, unsigned number);

/* NULL and *script; or why the file must be left to httpd. Lines of the script point
 * into `bytes`; names ends with NULL; text is made in p. */
const char *r307_scan_make(apr_pool_t *p, const char *bytes, size_t len,
                             const char *const *names, r307_scan_take_t take,
                             void *baton, r307_scan_t *script);

#endif
