/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map_format.h"

#include <string.h>
#include <apr_strings.h>

#define ROW(word, endings, is_sheet, ends_at_self) \
    { #word, endings, is_sheet, ends_at_self, r307_map_read_##word },

const r307_format_t r307_formats[] = { R307_MAP_FORMATS(ROW, ROW) };
const int r307_format_count = sizeof(r307_formats) / sizeof(r307_formats[0]);

static int has_ending(const char *file, const char *ending, size_t n)
{
    size_t len = strlen(file);

    return len >= n && r307_text_same_fold(file + len - n, n, ending, n)
        && (ending[0] == '.' || len == n || file[len - n - 1] == '/');
}

const r307_format_t *r307_format_of(const char *file)
{
    int i;

    for (i = 0; i < r307_format_count; i++) {
        const char *ending = r307_formats[i].endings;

        while (*ending) {
            size_t n = strcspn(ending, " ");

            if (has_ending(file, ending, n)) {
                return &r307_formats[i];
            }
            ending += n + strspn(ending + n, " ");
        }
    }
    return NULL;
}

/* "lines, redirects or csv" */
static const char *list(apr_pool_t *p)
{
    const char *text = r307_formats[0].word;
    int i;

    for (i = 1; i < r307_format_count; i++) {
        text = apr_pstrcat(p, text, i + 1 < r307_format_count ? ", " : " or ",
                           r307_formats[i].word, NULL);
    }
    return text;
}

const char *r307_format_find(apr_pool_t *p, const char *file, const char *word,
                             const r307_format_t **format)
{
    int i;

    if (!word) {
        *format = r307_format_of(file);
        *format = *format ? *format : &r307_formats[0];
        return NULL;
    }
    for (i = 0; i < r307_format_count; i++) {
        if (strcmp(r307_formats[i].word, word) == 0) {
            *format = &r307_formats[i];
            return NULL;
        }
    }
    return apr_psprintf(p, "format='%s' is not known; write format=%s",
                        r307_text_show(p, word, strlen(word)), list(p));
}

const char *r307_format_read(apr_pool_t *p, const char *bytes, size_t len,
                             const r307_format_t *format, const r307_mapsink_t *sink)
{
    r307_mapreading_t reading;
    const char *bad = r307_mapfile_begin(p, bytes, len, sink, &reading);

    if (bad) {
        return bad;
    }
    bad = format->read(&reading);
    bad = bad ? apr_pstrdup(p, bad) : NULL;
    apr_pool_destroy(reading.line_pool);
    return bad;
}
