/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map_reader.h"

#include <string.h>
#include <apr_strings.h>

r307_slice_t r307_mapfile_line(r307_mapreading_t *reading)
{
    const char *s = reading->at, *eol;
    size_t len;

    if (s == reading->end || reading->is_over) {
        return r307_slice(NULL, 0);
    }
    eol = memchr(s, reading->eol, (size_t)(reading->end - s));
    len = (size_t)((eol ? eol : reading->end) - s);
    reading->at = s + len + (eol != NULL);
    reading->line++;
    return r307_slice(s, len - (len > 0 && s[len - 1] == '\r'));
}

void r307_mapfile_plain(r307_mapreading_t *reading, unsigned line, r307_slice_t source,
                        r307_slice_t target)
{
    r307_maprow_t row = { line, source, target, NULL };

    reading->is_over = reading->sink->row(reading->sink->baton, &row);
}

/* The row was handed over, or said. */
static void end_row(r307_mapreading_t *reading)
{
    reading->words->nelts = 0;
    apr_pool_clear(reading->line_pool);
}

void r307_mapfile_row(r307_mapreading_t *reading, unsigned line,
                      const apr_array_header_t *words)
{
    r307_maprow_t row = { line, { NULL, 0 }, { NULL, 0 }, words };

    reading->is_over = reading->sink->row(reading->sink->baton, &row);
    end_row(reading);
}

void r307_mapfile_bad(r307_mapreading_t *reading, unsigned line, const char *why,
                      const apr_array_header_t *words)
{
    reading->is_over = reading->sink->bad(reading->sink->baton, line, why, words);
    end_row(reading);
}

void r307_mapfile_made(r307_mapreading_t *reading, unsigned line)
{
    const char *bad = r307_token_check(reading->line_pool, reading->words);

    if (bad) {
        r307_mapfile_bad(reading, line, bad, reading->words);
    }
    else {
        r307_mapfile_row(reading, line, reading->words);
    }
}

void r307_mapfile_remark(r307_mapreading_t *reading, unsigned line, r307_slice_t text)
{
    if (reading->sink->tested && text.len > 1 && text.s[1] == '?') {
        reading->sink->tested(reading->sink->baton, line,
                              r307_slice(text.s + 2, text.len - 2), r307_slice(NULL, 0));
    }
}

void r307_mapfile_word(r307_mapreading_t *reading, const char *name, const char *value)
{
    r307_word_t word = { NULL, 0, 0 };

    if (name) {
        word.text = apr_pstrcat(reading->line_pool, name, "=", value, NULL);
        word.name_len = strlen(name);
    }
    APR_ARRAY_PUSH(reading->words, r307_word_t) = name ? word : r307_word_make(value);
}

const char *r307_mapfile_utf8(r307_mapreading_t *reading, r307_slice_t line)
{
    size_t at;

    if (r307_text_is_utf8(line.s, line.len, &at)) {
        return NULL;
    }
    return apr_psprintf(reading->line_pool, "byte 0x%02X is not UTF-8; save the sheet as "
                        "\"CSV UTF-8\"", (unsigned char)line.s[at]);
}

static int begins(const r307_mapreading_t *reading, const char *bytes, size_t len)
{
    return (size_t)(reading->end - reading->at) >= len
        && memcmp(reading->at, bytes, len) == 0;
}

const char *r307_mapfile_begin(apr_pool_t *p, const char *bytes, size_t len,
                               const r307_mapsink_t *sink, r307_mapreading_t *reading)
{
    memset(reading, 0, sizeof(*reading));
    reading->p = p;
    reading->at = bytes;
    reading->end = bytes + len;
    reading->sink = sink;
    reading->eol = len && !memchr(bytes, '\n', len) ? '\r' : '\n';
    if (begins(reading, "\xFF\xFE", 2) || begins(reading, "\xFE\xFF", 2)) {
        return "is UTF-16; save it as UTF-8, a sheet as \"CSV UTF-8\"";
    }
    if (begins(reading, "\xEF\xBB\xBF", 3)) {
        reading->at += 3;
    }
    apr_pool_create(&reading->line_pool, p);
    reading->words = apr_array_make(p, 16, sizeof(r307_word_t));
    return NULL;
}
