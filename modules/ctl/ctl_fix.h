/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_fix: a file with the lines that lint tells to write. Each of them was read again and
 * gives no finding, and nothing else of the file gives a new one.
 */
#ifndef CTL_FIX_H
#define CTL_FIX_H

#include <stdio.h>

#include "ctl_site.h"


typedef struct ctl_fix_t {
    apr_pool_t *p;
    const char *root;           /* ServerRoot, or NULL */
    const char *only;           /* the finding that is mended; NULL: all */
    const ctl_named_t *found;   /* the file; its folder is open */
    /* made of it */
    ctl_content_t before, after;
    apr_array_header_t *lines;  /* of ctl_fixed_line_t, all of the file */
    int count;                  /* of those that are other */
} ctl_fix_t;

typedef struct ctl_fixed_line_t {
    r307_slice_t was;           /* without its end, with a CR */
    const char *is;             /* NULL: as it was */
    int is_left;                /* nothing is to be tried with it */
} ctl_fixed_line_t;

/* The members above are set. NULL, or why the file cannot be read. */
const char *ctl_fix_make(ctl_fix_t *fix);

/* What is other, as patch reads it. */
void ctl_fix_print(const ctl_fix_t *fix, FILE *out);

/* The new file in the place of the old one, with its owner and its mode. NULL, or why not:
 * then the old one is as it was. */
const char *ctl_fix_write(const ctl_fix_t *fix);

#endif
