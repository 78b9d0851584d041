/* SPDX-License-Identifier: Apache-2.0
 *
 * What page= may name, and what the files beside it are sent as. */
#include "maintenance/maintenance.h"

#include <string.h>
#include <strings.h>
#include <apr_strings.h>
#include "base/disk.h"

/* What goes out as it is. Anything else may be a program, and its text is not for
 * everybody. */
static const struct {
    const char *extension, *type;
    int is_page;
} types[] = {
    { "html",  "text/html; charset=utf-8", 1 },
    { "htm",   "text/html; charset=utf-8", 1 },
    { "xhtml", "application/xhtml+xml", 1 },
    { "txt",   "text/plain; charset=utf-8", 1 },
    { "json",  "application/json", 1 },
    { "xml",   "application/xml", 1 },
    { "css",   "text/css; charset=utf-8", 0 },
    { "js",    "text/javascript; charset=utf-8", 0 },
    { "mjs",   "text/javascript; charset=utf-8", 0 },
    { "svg",   "image/svg+xml", 0 },
    { "png",   "image/png", 0 },
    { "jpg",   "image/jpeg", 0 },
    { "jpeg",  "image/jpeg", 0 },
    { "gif",   "image/gif", 0 },
    { "webp",  "image/webp", 0 },
    { "avif",  "image/avif", 0 },
    { "ico",   "image/x-icon", 0 },
    { "woff2", "font/woff2", 0 },
    { "woff",  "font/woff", 0 },
    { "ttf",   "font/ttf", 0 },
    { "otf",   "font/otf", 0 },
    { "mp4",   "video/mp4", 0 },
    { "webm",  "video/webm", 0 },
    { "pdf",   "application/pdf", 0 },
    { "webmanifest", "application/manifest+json", 0 }
};
#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

static int find_type(const char *name)
{
    const char *slash = strrchr(name, '/');
    const char *dot = strrchr(slash ? slash : name, '.');
    size_t i;

    for (i = 0; dot && i < TYPE_COUNT; i++) {
        if (strcasecmp(dot + 1, types[i].extension) == 0) {
            return (int)i;
        }
    }
    return -1;
}

const char *r307_maintenance_type(const char *name, int is_page)
{
    int i = find_type(name);

    return i < 0 || (is_page && !types[i].is_page) ? NULL : types[i].type;
}

static const char *show(apr_pool_t *p, const char *text)
{
    return r307_text_show(p, text, strlen(text));
}

const char *r307_maintenance_file_check(apr_pool_t *p, const char *value, int is_tenant)
{
    const char *good = is_tenant ? "down/index.html" : "/srv/maintenance/index.html";
    size_t len = strlen(value);

    if (!len) {
        return apr_psprintf(p, "names no file; write page=%s", good);
    }
    if (strstr(value, "://")) {
        return apr_psprintf(p, "is a URL, and page= is a file of this machine; write "
                               "page=%s", good);
    }
    if (is_tenant && (*value == '/' || r307_disk_climbs(value))) {
        return apr_psprintf(p, "is to lie below the directory of this .htaccess, and is "
                               "written relative to it; write page=%s", good);
    }
    if (!is_tenant && *value != '/') {
        return apr_psprintf(p, "is not the whole path of a file; write page=/srv/%s",
                            show(p, value + strspn(value, "./")));
    }
    if (value[len - 1] == '/') {
        return apr_psprintf(p, "names a folder; write page=%sindex.html", show(p, value));
    }
    if (!r307_maintenance_type(value, 1)) {
        return apr_psprintf(p, "is sent as it is, and its name does not end in .html, "
                               ".htm, .xhtml, .txt, .json or .xml; write page=%s", good);
    }
    return NULL;
}

const char *r307_maintenance_page_check(apr_pool_t *p, const char *text, r307_where_t where)
{
    size_t len = 0;

    if (!strchr("/\\", text[0]) && r307_disk_say(p, text)) {
        return apr_pstrcat(p, "page ", r307_disk_say(p, text), NULL);
    }
    if (strchr(text, '\\') && !strchr(text, ':')) {
        const char *s = text;
        r307_buf_t buf;

        r307_buf_make(&buf, p, 64);
        r307_buf_puts(&buf, where == R307_WHERE_DIRECTORY || strchr("/\\", *s) ? "" : "/");
        while (*s) {
            r307_buf_putc(&buf, *s == '\\' ? '/' : *s);
            s += *s == '\\' ? strspn(s, "\\") : 1;
        }
        return apr_psprintf(p, "page '%s' has backslashes; write %s", show(p, text),
                            show(p, buf.s));
    }
    if (r307_text_same_fold(text, strnlen(text, 4), "www.", 4)) {
        return apr_psprintf(p, "page '%s' has no scheme; write https://%s", show(p, text),
                            show(p, text));
    }
    while (r307_text_is(text[len], len ? R307_IS_SCHEME : R307_IS_ALPHA)) {
        len++;
    }
    return len > 1 && strncmp(text + len, "://", 3) == 0
        && !r307_text_same_fold(text, len, "http", 4)
        && !r307_text_same_fold(text, len, "https", 5)
        ? apr_psprintf(p, "page '%s' begins with the scheme '%s:', and a page has http or "
                       "https; write https%s", show(p, text),
                       apr_pstrmemdup(p, text, len), show(p, text + len)) : NULL;
}

/* --- what was meant --- */

/* Where sites lie on disks, and hardly ever in URLs. */
static int looks_like_file(const char *page)
{
    static const char *const begins[] = {
        "/var/www/", "/srv/", "/usr/share/", "/usr/local/", "/etc/"
    };
    size_t i;

    for (i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        if (strncmp(page, begins[i], strlen(begins[i])) == 0) {
            return 1;
        }
    }
    return strstr(page, "/public_html/") != NULL || strstr(page, "/htdocs/") != NULL;
}

/* The last segment, with its slash. */
static const char *last_part(const char *page)
{
    const char *last = page + strlen(page);

    do {
        last--;
    } while (last > page && last[-1] != '/');
    return last;
}

/* All of the page's folder goes out with it, and nobody is asked whether it may. */
static const char *folder_doubt(apr_pool_t *p, const char *file, int is_tenant)
{
    const char *below = is_tenant ? file : r307_disk_path(p, file);

    if (!below || strchr(below + (*below == '/'), '/')) {
        return NULL;
    }
    return apr_psprintf(p, "page='%s' has all of the site beside it, and what lies beside a page "
                        "goes out without asking Require; give it a folder of its own: write "
                        "page=%s", show(p, file),
                        is_tenant ? "down/index.html" : "/srv/maintenance/index.html");
}

static const char *file_doubt(apr_pool_t *p, const char *page, int is_tenant)
{
    const char *last = last_part(page), *file = page;

    if (page[strlen(page) - 1] == '/') {
        file = apr_pstrcat(p, page, "index.html", NULL);
    }
    if (folder_doubt(p, file, 0)) {
        file = apr_pstrcat(p, "/srv/maintenance/", last_part(file), NULL);
    }
    if (is_tenant) {
        return apr_psprintf(p, "page '%s' looks like a file of this machine, and it is a "
                            "URL; write its path from here, as down/", show(p, page));
    }
    return apr_psprintf(p, "page '%s' looks like a file of this machine, and the first "
                        "word is a URL; write: Redirect307Maintenance /%s page=%s",
                        show(p, page), show(p, last), show(p, file));
}

/* What nobody sees and everybody copies: spaces and marks of other kinds. */
static const char *find_invisible(const char *page)
{
    static const char *const invisible[] = {
        "\xC2\xA0", "\xC2\xAD", "\xE2\x80\x8B", "\xE2\x80\x8C", "\xE2\x80\x8D",
        "\xE2\x80\xAF", "\xE2\x81\xA0", "\xEF\xBB\xBF"
    };
    size_t i;

    for (i = 0; i < sizeof(invisible) / sizeof(invisible[0]); i++) {
        if (strstr(page, invisible[i])) {
            return invisible[i];
        }
    }
    return NULL;
}

static const char *without(apr_pool_t *p, const char *text, const char *piece)
{
    const char *at = strstr(text, piece);

    return apr_pstrcat(p, apr_pstrmemdup(p, text, (size_t)(at - text)), at + strlen(piece),
                       NULL);
}

const char *r307_maintenance_doubt(apr_pool_t *p, const r307_maintenance_t *line,
                                   int is_tenant)
{
    const char *page = line->rule.target->text, *piece = find_invisible(page);
    size_t len = strlen(page), end = len;

    if (line->file && folder_doubt(p, line->file, is_tenant)) {
        return folder_doubt(p, line->file, is_tenant);
    }

    if (piece) {
        return apr_psprintf(p, "page '%s' holds a character that nobody sees; write %s",
                            show(p, page), show(p, without(p, page, piece)));
    }
    if (line->rule.target->kind == R307_TARGET_PATH && looks_like_file(page)
        && !line->file) {
        return file_doubt(p, page, is_tenant);
    }
    while (end > 1 && (page[end - 1] == ';' || page[end - 1] == ',')) {
        end--;
    }
    if (end < len) {
        return apr_psprintf(p, "page '%s' ends with '%c'; write %s", show(p, page),
                            page[len - 1], show(p, apr_pstrmemdup(p, page, end)));
    }
    while (end > 2 && page[end - 1] == '/' && page[end - 2] == '/') {
        end--;
    }
    return end == len ? NULL
        : apr_psprintf(p, "page '%s' ends with more than one slash; write %s",
                       show(p, page), show(p, apr_pstrmemdup(p, page, end)));
}

const char *r307_maintenance_lost_colon(apr_pool_t *p, const char *page)
{
    static const char *const schemes[] = { "https", "http" };
    size_t i;

    for (i = 0; i < 2; i++) {
        size_t len = strlen(schemes[i]);
        const char *rest = page + len;

        if (strncmp(page, schemes[i], len) == 0 && (*rest == '/' || *rest == ':')
            && strncmp(rest, "://", 3) != 0 && rest[1]) {
            rest += strspn(rest, ":/");
            return apr_psprintf(p, "page '%s' is no URL; write %s://%s", show(p, page),
                                schemes[i], show(p, rest));
        }
    }
    return NULL;
}
