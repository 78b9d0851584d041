/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/directory_url.h"

#include "conf/place_url.h"

#ifdef CASE_BLIND_FILESYSTEM
#define FOLD 1      /* directory_walk writes true names over what the client wrote */
#else
#define FOLD 0
#endif

r307_slice_t r307_directory_url_find(request_rec *r, const r307_config_t *conf,
                                     const r307_path_t *path, const char *directory)
{
    const r307_mapped_t mapped = { r->filename, r->path_info, ap_context_document_root(r),
                                   ap_context_prefix(r), FOLD };

    return r307_place_url(r->pool, &mapped, conf, path, directory);
}
