/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/htaccess_file.h"

#include <string.h>

/* --- what httpd reads --- */

typedef struct cursor_t {
    const r307_version_t *version;
    ap_configfile_t file;
    int line;
    size_t offset;          /* in that line */
    r307_progress_t met;
} cursor_t;

/* What of the line is left; NULL at the end. */
static const char *rest_of_line(cursor_t *cursor, size_t *len)
{
    const r307_scan_line_t *line = &cursor->version->lines[cursor->line];

    if (cursor->line == cursor->version->line_count) {
        return NULL;
    }
    *len = line->len - cursor->offset;
    return line->text + cursor->offset;
}

static void advance(cursor_t *cursor, size_t len)
{
    cursor->offset += len;
    if (cursor->offset == cursor->version->lines[cursor->line].len) {
        cursor->offset = 0;
        cursor->line++;
    }
}

/* As apr_file_gets: a line, or what of it fits. httpd has counted one up before it
 * calls, which is right for a line behind its predecessor in the file only. */
static apr_status_t get_line(void *buf, apr_size_t size, void *param)
{
    cursor_t *cursor = param;
    char *out = buf;
    size_t len;
    const char *from = rest_of_line(cursor, &len);

    if (!from) {
        return APR_EOF;
    }
    cursor->file.line_number = cursor->version->lines[cursor->line].number;
    if (size <= 1) {
        return APR_SUCCESS;
    }
    if (len > size - 1) {
        len = size - 1;
    }
    memcpy(out, from, len);
    out[len] = '\0';
    advance(cursor, len);
    return APR_SUCCESS;
}

/* mod_macro reads the line behind a Use byte by byte, and counts at its end. */
static apr_status_t get_byte(char *c, void *param)
{
    cursor_t *cursor = param;
    size_t len;
    const char *from = rest_of_line(cursor, &len);

    if (!from) {
        return APR_EOF;
    }
    cursor->file.line_number = cursor->version->lines[cursor->line].number - 1;
    *c = *from;
    advance(cursor, 1);
    return APR_SUCCESS;
}

static apr_status_t release(void *data)
{
    r307_version_release(data);
    return APR_SUCCESS;
}

apr_status_t r307_htaccess_hand_out(request_rec *r, r307_version_t *version,
                                    ap_configfile_t **file)
{
    cursor_t *cursor = apr_pcalloc(r->pool, sizeof(*cursor));

    apr_pool_cleanup_register(r->pool, version, release, apr_pool_cleanup_null);
    cursor->version = version;
    cursor->met.noted = 1;
    /* as ap_pcfg_open_custom, without a second allocation; nothing needs to be closed */
    cursor->file.name = version->file;
    cursor->file.param = cursor;
    cursor->file.getch = get_byte;
    cursor->file.getstr = get_line;
    *file = &cursor->file;
    return APR_SUCCESS;
}

size_t r307_htaccess_mark(const char *s, size_t len)
{
    size_t mark = 0;

    while (len - mark >= 3 && memcmp(s + mark, "\xef\xbb\xbf", 3) == 0) {
        mark += 3;
    }
    return mark;
}

/* --- the lines that stand for rules --- */

static cursor_t *find_cursor(const cmd_parms *cmd)
{
    const ap_configfile_t *file = cmd->config_file;

    return file && file->getstr == get_line ? file->param : NULL;
}

r307_progress_t *r307_htaccess_progress(const cmd_parms *cmd)
{
    cursor_t *cursor = find_cursor(cmd);

    return cursor ? &cursor->met : NULL;
}

/* A tenant cannot write such a line: httpd numbers the lines by what get_line says,
 * and a line of the file never has the number of a line that is not handed out. */
const r307_hoist_t *r307_htaccess_run(const cmd_parms *cmd)
{
    const cursor_t *cursor = find_cursor(cmd);
    unsigned number = (unsigned)cmd->directive->line_num;
    int low = 0, high;

    if (!cursor || cmd->directive->filename != cmd->config_file->name) {
        return NULL;
    }
    high = cursor->version->mark_count;
    while (low < high) {
        int middle = (low + high) / 2;
        const r307_scan_line_t *mark = cursor->version->marks[middle];

        if (mark->number == number) {
            return &cursor->version->runs[mark->run];
        }
        if (mark->number < number) {
            low = middle + 1;
        }
        else {
            high = middle;
        }
    }
    return NULL;
}
