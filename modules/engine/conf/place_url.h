/* SPDX-License-Identifier: Apache-2.0
 *
 * place_url: which URL-path a directory has in one request: what was written by
 * Redirect307Base, or what the client asked for minus what lies below the directory, or what
 * an Alias says.
 */
#ifndef R307_PLACE_URL_H
#define R307_PLACE_URL_H

#include "conf/place_config.h"

/* Where the request led on the disk. */
typedef struct r307_mapped_t {
    const char *filename, *path_info;   /* NULL: nowhere */
    const char *root, *prefix;  /* the folder of DocumentRoot or Alias, and its URL */
    int fold;                   /* names of files are the same in any letter case */
} r307_mapped_t;

/* Decoded, ends with '/'; absent when it cannot be known. `directory` as in
 * r307_block_t; path is the client's. */
r307_slice_t r307_place_url(apr_pool_t *p, const r307_mapped_t *mapped,
                            const r307_config_t *conf, const r307_path_t *path,
                            const char *directory);

#endif
