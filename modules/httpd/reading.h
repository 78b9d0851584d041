/* SPDX-License-Identifier: Apache-2.0
 *
 * reading: what lines have in common while they are read: those of one configuration, or of
 * the .htaccess files of one request. A line of many looks for it once, as each look costs a
 * fifteenth of what httpd itself does with the line.
 */
#ifndef R307_HTTPD_READING_H
#define R307_HTTPD_READING_H

#include <httpd.h>
#include <http_config.h>
#include "conf/place_config.h"
#include "grammar/literal_line.h"

struct r307_runs_t;             /* of httpd/start_lint.c */

typedef struct r307_reading_t {
    r307_literals_t *literals;
    apr_pool_t *plain_pool;     /* of plain lines that are kept as their words; NULL: there is
                                 * none yet */
    unsigned plain_count;       /* plain lines; from R307_FRESH_FROM on those in the pool */
    const char *file;           /* of the last line that was asked for it */
    r307_progress_t *met;       /* in the .htaccess of that name */
    const char *met_file;
    struct r307_runs_t *runs;   /* NULL: there is none yet */
} r307_reading_t;

/* In cmd->pool, for as long as that lives. */
r307_reading_t *r307_reading_of(cmd_parms *cmd);

/* What was read with that pool, or NULL. */
r307_reading_t *r307_reading_known(apr_pool_t *p);

/* The file of this line, for as long as cmd->pool lives. */
const char *r307_reading_file(r307_reading_t *reading, cmd_parms *cmd);

#endif
