/* SPDX-License-Identifier: Apache-2.0
 *
 * ctl_unused: rules that nobody is sent by any more, by what a server counted and kept
 * (Redirect307Hits on keep=FILE). A rule is known there by its place, so that a file
 * none of whose rules was ever counted may be one that the server knows by another path:
 * of such a file nothing is claimed.
 */
#ifndef CTL_UNUSED_H
#define CTL_UNUSED_H

#include "ctl_due.h"
#include "rule/rule.h"
#include "shared/hits_file.h"

typedef struct ctl_unused_t {
    ctl_dues_t *dues;           /* where rows go */
    apr_time_t before;          /* neither hit nor made since then */
    r307_hitsread_t hits;       /* cells sorted by their id */
    apr_time_t since;           /* hits are counted; 0: none was */
    apr_uint64_t home;          /* of the file at hand, as are those below */
    apr_time_t made;
    int counted, asked;
    apr_array_header_t *rows;   /* of ctl_due_t */
} ctl_unused_t;

/* Reads what is kept. length: how long nobody has to have been sent. NULL, or why
 * nothing can be told. */
const char *ctl_unused_load(ctl_unused_t *x, ctl_dues_t *dues, const char *file,
                            apr_time_t length);

/* The rules of one place: the directory of a .htaccess, or the path of a map; file: where
 * they are written, which tells since when they are. */
void ctl_unused_begin(ctl_unused_t *x, const char *place, const char *file);
void ctl_unused_take(ctl_unused_t *x, const r307_rule_t *rule);
/* NULL, or why nothing is claimed of them. */
const char *ctl_unused_end(ctl_unused_t *x);

/* `name` from the root, without "." and doubled slashes, as a server would know it. */
const char *ctl_unused_path(apr_pool_t *p, const char *name);

#endif
