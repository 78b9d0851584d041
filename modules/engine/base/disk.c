/* SPDX-License-Identifier: Apache-2.0 */
#include "base/disk.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>

/* Where sites lie on disks. */
static const char *const places[] = {
    "/var/www/html/", "/var/www/htdocs/", "/var/www/", "/srv/www/htdocs/", "/srv/www/",
    "/srv/http/", "/usr/local/apache2/htdocs/", "/usr/share/nginx/html/",
    "/usr/share/httpd/", "/opt/lampp/htdocs/"
};

/* Folders of which everything below is a site's, behind a drive's letter. */
static const char *const folders[] = {
    "/htdocs/", "/wwwroot/", "/public_html/", "/www/", "/html/"
};

static const char *below_place(const char *text)
{
    const char *home;
    size_t i;

    if (text[0] != '/' || !memchr("hvsuo", text[1], 5)) {
        return NULL;            /* nearly every source and target */
    }
    home = strncmp(text, "/home/", 6) == 0 ? strstr(text, "/public_html/") : NULL;
    for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (places[i][1] == text[1] && places[i][2] == text[2]
            && strncmp(text, places[i], strlen(places[i])) == 0) {
            return text + strlen(places[i]) - 1;
        }
    }
    return home ? home + 12 : NULL;
}

static const char *below_folder(const char *path)
{
    const char *found = NULL, *s;
    size_t i;

    for (s = path; !found && *s; s++) {
        for (i = 0; !found && i < sizeof(folders) / sizeof(folders[0]); i++) {
            size_t n = strlen(folders[i]);

            if (strncasecmp(s, folders[i], n) == 0) {
                found = s + n - 1;
            }
        }
    }
    return found ? found : path;
}

const char *r307_disk_path(apr_pool_t *p, const char *text)
{
    int is_file = (text[0] | 0x20) == 'f' && strncasecmp(text, "file:", 5) == 0;
    const char *below;
    char *path, *c;

    if (is_file) {
        text += 5;
        text += strncmp(text, "///", 3) == 0 ? 2 : 0;
        text += text[0] == '/' && r307_text_is(text[1], R307_IS_ALPHA)
            && (text[2] == ':' || text[2] == '|');
    }
    if (r307_text_is(text[0], R307_IS_ALPHA) && text[1] == ':'
        && (text[2] == '/' || text[2] == '\\')) {
        path = apr_pstrdup(p, text + 2);
        for (c = path; *c; c++) {
            *c = *c == '\\' ? '/' : *c;
        }
        while (path[0] == '/' && path[1] == '/') {
            path++;
        }
        return below_folder(path);
    }
    below = below_place(text);
    return below ? below : is_file && text[0] == '/' && text[1] != '/' ? text : NULL;
}

const char *r307_disk_say(apr_pool_t *p, const char *text)
{
    const char *path = r307_disk_path(p, text);

    return !path ? NULL
        : apr_psprintf(p, "'%s' is a place on a disk, and a URL is meant; write %s",
                       r307_text_show(p, text, strlen(text)),
                       r307_text_show(p, path, strlen(path)));
}

int r307_disk_climbs(const char *path)
{
    while (*path) {
        size_t n = strcspn(path, "/");

        if (n == 2 && path[0] == '.' && path[1] == '.') {
            return 1;
        }
        path += n + (path[n] == '/');
    }
    return 0;
}
