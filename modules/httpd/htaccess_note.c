/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/htaccess_note.h"

#include <unistd.h>
#include <http_config.h>
#include "httpd/htaccess_share.h"

extern module AP_MODULE_DECLARE_DATA redirect307_module;

static void note_shared(r307_htshare_t *share, const char *path, apr_time_t now)
{
    r307_stamp_t stamp;
    int fd;

    r307_htshare_miss(share);
    if (!r307_htshare_may_ask(share, path, now)) {
        return;
    }
    fd = r307_stamp_open(path, &stamp);
    if (fd >= 0) {
        r307_htshare_ask(share, path, fd, &stamp, now);
        close(fd);
    }
}

void r307_htaccess_note(const server_rec *s, const char *file)
{
    const r307_config_t *conf = ap_get_module_config(s->lookup_defaults,
                                                     &redirect307_module);
    r307_htshare_t *share = conf->cache ? r307_cache_share(conf->cache) : NULL;

    /* inside a <Macro> the name of the file is a description */
    if (!conf->cache || file[0] != '/') {
        return;
    }
    if (share) {
        note_shared(share, file, apr_time_now());
    }
    else {
        r307_cache_note(conf->cache, file);
    }
}
