/* SPDX-License-Identifier: Apache-2.0
 *
 * map_columns: what the columns of a sheet are, by the names its first row gives them: ours,
 * those that people write, and those of other tools' exports. Knows no rows.
 */
#ifndef R307_MAP_COLUMNS_H
#define R307_MAP_COLUMNS_H

#include "grammar/options.h"

#define R307_COLUMNS_MOST 64    /* more are not read */

typedef enum {
    R307_COLUMN_IGNORED,
    R307_COLUMN_SOURCE,
    R307_COLUMN_TARGET,
    R307_COLUMN_OPTION,
    R307_COLUMN_CODE,           /* a status as a number */
    R307_COLUMN_REGEX,          /* whether the source is one */
    R307_COLUMN_TYPE,           /* what kind of rule, or its status */
    R307_COLUMN_STATE,          /* whether the rule is on */
    R307_COLUMN_TEST,           /* what to ask the rule, and what it is to answer: for */
    R307_COLUMN_EXPECT          /* redirect307ctl test, and no part of the rule */
} r307_column_role_t;

typedef struct r307_column_t {
    r307_column_role_t role;
    const r307_option_t *option;    /* of OPTION */
} r307_column_t;

/* Whether a first row names columns: it has no path and no address. */
int r307_columns_is_header(const r307_slice_t *cells, int count);

/* The columns, in p; in_directory: a source may be a file's name. *ignored: what is said of those that mean nothing here; *near: of one
 * that is nearly an option; NULL: nothing. NULL, or why they are none. */
const char *r307_columns_read(apr_pool_t *p, const r307_slice_t *cells, int count,
                              int in_directory, r307_column_t *columns,
                              const char **ignored, const char **near);

#endif
