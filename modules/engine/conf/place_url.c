/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/place_url.h"

#include <string.h>
#include <apr_strings.h>

static const r307_slice_t unknown = { NULL, 0 };

/* What follows `directory` in `name`, from its '/' on; NULL when it is not below. */
static const char *below(const char *name, const char *directory)
{
    size_t len = strlen(directory);

    if (!name || strncmp(name, directory, len) != 0
        || (name[len] && name[len] != '/')) {
        return NULL;
    }
    return name + len;
}

/* How many bytes before `end` of the path stand for the byte c of a file name: 1, or 3
 * for a percent code, as the engine leaves %2F and %25 where httpd may decode them; 0
 * when it is another byte. */
static size_t stands_for(const char *path, size_t end, char c, int fold)
{
    int code;

    if (end && (path[end - 1] == c
                || (fold && r307_text_lower(path[end - 1]) == r307_text_lower(c)))) {
        return 1;
    }
    code = end >= 3 && path[end - 3] == '%' ? r307_text_hex2(path + end - 2, 2) : -1;
    return code == (unsigned char)c ? 3 : 0;
}

static size_t without_slashes(const char *s, size_t len)
{
    while (len && s[len - 1] == '/') {
        len--;
    }
    return len;
}

/* The path minus `rest` at its end, if that leaves whole segments. */
static r307_slice_t minus(apr_pool_t *p, const r307_path_t *path, const char *rest, int fold)
{
    size_t left = without_slashes(rest, strlen(rest));
    size_t end = without_slashes(path->dec, path->len), step;

    if (!left) {        /* the directory itself was asked for */
        return r307_slice(apr_pstrcat(p, apr_pstrmemdup(p, path->dec, end), "/", NULL),
                          end + 1);
    }
    if (end >= left && memcmp(path->dec + end - left, rest, left) == 0) {
        return r307_slice(path->dec, end - left + 1);   /* byte for byte, as nearly always */
    }
    while (left > 1) {  /* rest[0] is the '/' at the border */
        step = stands_for(path->dec, end, rest[left - 1], fold);
        if (!step) {
            return unknown;
        }
        end -= step;
        left--;
    }
    return end && path->dec[end - 1] == '/' ? r307_slice(path->dec, end) : unknown;
}

/* Alias and UserDir say which URL belongs to which directory. Only believed if the
 * client's path lies there: after [PT] it does not. */
static r307_slice_t by_context(apr_pool_t *p, const r307_mapped_t *mapped, const r307_path_t *path,
                               const char *directory)
{
    const char *root = mapped->root, *prefix = mapped->prefix;
    const char *rest, *url;
    size_t len;

    root = root ? apr_pstrmemdup(p, root, without_slashes(root, strlen(root)))
                : NULL;
    rest = root ? below(directory, root) : NULL;
    if (!rest) {
        return unknown;
    }
    len = prefix ? without_slashes(prefix, strlen(prefix)) : 0;
    url = apr_pstrcat(p, apr_pstrmemdup(p, prefix ? prefix : "", len), rest,
                      "/", NULL);
    len = strlen(url);
    return r307_path_below(path->dec, path->len, url, len, mapped->fold) ? r307_slice(url, len)
                                                                 : unknown;
}

static r307_slice_t by_name(apr_pool_t *p, const r307_mapped_t *mapped, const r307_path_t *path,
                            const char *directory)
{
    const char *rest = below(mapped->filename, directory);

    if (!rest) {
        return unknown;
    }
    if (mapped->path_info && *mapped->path_info) {
        rest = apr_pstrcat(p, rest, mapped->path_info, NULL);
    }
    return minus(p, path, rest, mapped->fold);
}

/* What Redirect307Base said: for the directory itself, or for one above it. */
static r307_slice_t by_config(apr_pool_t *p, const r307_config_t *conf,
                              const char *directory, int exactly)
{
    int i, count = conf->bases ? conf->bases->nelts : 0;

    for (i = 0; i < count; i++) {
        const r307_base_t *base = &APR_ARRAY_IDX(conf->bases, i, r307_base_t);
        const char *rest = below(directory, base->directory);

        if (rest && !*rest) {
            return base->url;
        }
        if (rest && !exactly) {
            const char *url = apr_pstrcat(p, r307_slice_text(p, base->url),
                                          rest + 1, "/", NULL);

            return r307_slice(url, strlen(url));
        }
    }
    return unknown;
}

r307_slice_t r307_place_url(apr_pool_t *p, const r307_mapped_t *mapped, const r307_config_t *conf,
                                     const r307_path_t *path, const char *directory)
{
    r307_slice_t base = by_config(p, conf, directory, 1);

    if (!base.s) {
        base = by_name(p, mapped, path, directory);
    }
    if (!base.s) {
        base = by_config(p, conf, directory, 0);
    }
    if (!base.s) {
        base = by_context(p, mapped, path, directory);
    }
    return base;
}
