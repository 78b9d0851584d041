/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/status_served.h"

#include <apr_strings.h>
#include "httpd/htaccess_share.h"
#include "httpd/serve_note.h"

typedef struct reading_t {
    apr_pool_t *p;
    r307_overview_t *status;
} reading_t;

static apr_uint64_t most(apr_uint32_t value)
{
    return value == R307_SERVED_UNBOUND ? R307_STATUS_UNBOUND : value;
}

static apr_time_t time_of(apr_uint32_t second)
{
    return apr_time_from_sec((apr_time_t)second);
}

static void read_file(void *baton, const r307_servedfile_t *from)
{
    const reading_t *x = baton;
    r307_status_file_t *file = apr_array_push(x->status->files);
    apr_uint32_t i;

    file->directory = apr_pstrdup(x->p, from->directory);
    file->rules = from->rules;
    file->regexes = from->regexes;
    file->skipped = from->skipped;
    file->rules_most = most(from->rules_most);
    file->regex_most = most(from->regex_most);
    file->limits = from->limits;
    file->more = from->more;
    file->first = time_of(from->first);
    file->last = time_of(from->last);
    file->hosts = apr_array_make(x->p, (int)from->host_count, sizeof(r307_status_host_t));
    for (i = 0; i < from->host_count; i++) {
        r307_status_host_t *host = apr_array_push(file->hosts);

        host->name = apr_pstrdup(x->p, from->hosts[i].name);
        host->directory = file->directory;
        host->since = time_of(from->hosts[i].since);
    }
}

static void read_memory(const server_rec *s, r307_status_memory_t *memory)
{
    r307_htshare_told_t told;

    r307_htshare_tell(s, &told);
    memory->files = told.files;
    memory->bytes = told.bytes;
    memory->most = told.most;
    memory->hits = told.served;
    memory->misses = told.missed;
    memory->built = told.built;
    memory->evicted = told.evicted;
}

void r307_status_served(request_rec *r, r307_overview_t *status)
{
    const r307_served_t *seen = r307_served_table();
    reading_t reading = { r->pool, status };

    read_memory(r->server, &status->memory);
    if (seen) {
        r307_served_each(seen, read_file, &reading);
        status->evicted = r307_served_evicted(seen);
        r307_status_look_at_files(r->pool, status);
    }
}
