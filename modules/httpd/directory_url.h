/* SPDX-License-Identifier: Apache-2.0
 *
 * directory_url: the URL-path of a directory, as the client of this request sees it: what
 * it asked for, minus what lies below the directory. That is right for Alias, UserDir,
 * VirtualDocumentRoot and symbolic links alike, and known to be unknown otherwise.
 */
#ifndef R307_HTTPD_DIRECTORY_URL_H
#define R307_HTTPD_DIRECTORY_URL_H

#include <httpd.h>
#include "conf/place_config.h"

/* Decoded, ends with '/'; absent when it cannot be known. `directory` as in
 * r307_block_t; path is the client's. */
r307_slice_t r307_directory_url_find(request_rec *r, const r307_config_t *conf,
                                     const r307_path_t *path, const char *directory);

#endif
