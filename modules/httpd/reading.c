/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/reading.h"

#include <string.h>
#include <apr_strings.h>
#include "httpd/container.h"

#define USERDATA "r307"         /* short, as each line hashes it */

r307_reading_t *r307_reading_known(apr_pool_t *p)
{
    void *known = NULL;

    apr_pool_userdata_get(&known, USERDATA, p);
    return known;
}

r307_reading_t *r307_reading_of(cmd_parms *cmd)
{
    r307_reading_t *reading = r307_reading_known(cmd->pool);

    if (!reading) {
        reading = apr_pcalloc(cmd->pool, sizeof(*reading));
        reading->literals = r307_literals_make(cmd->pool);
        apr_pool_userdata_setn(reading, USERDATA, NULL, cmd->pool);
    }
    return reading;
}

/* The name that mod_macro gives a line lies in a pool that is gone after the start.
 * One copy serves all lines of a file that follow each other. */
const char *r307_reading_file(r307_reading_t *reading, cmd_parms *cmd)
{
    const char *name = cmd->directive->filename;

    if (r307_container_is_htaccess(cmd)) {
        return name;
    }
    if (!reading->file || strcmp(reading->file, name) != 0) {
        reading->file = apr_pstrdup(cmd->pool, name);
    }
    return reading->file;
}
