/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of our own grammar.
 */
#include "map/map_format.h"

#include <string.h>
#include <apr_strings.h>

#include "grammar/literal_line.h"
#include "grammar/stay.h"

static size_t blanks(r307_slice_t s, size_t at)
{
    while (at < s.len && (s.s[at] == ' ' || s.s[at] == '\t')) {
        at++;
    }
    return at;
}

static size_t word_end(r307_slice_t s, size_t at)
{
    while (at < s.len && s.s[at] != ' ' && s.s[at] != '\t') {
        at++;
    }
    return at;
}

/* Two plain words and nothing else. */
static int two_words(r307_slice_t line, r307_slice_t *source, r307_slice_t *target)
{
    size_t from = blanks(line, 0), to = word_end(line, from);

    *source = r307_slice(line.s + from, to - from);
    from = blanks(line, to);
    to = word_end(line, from);
    *target = r307_slice(line.s + from, to - from);
    return blanks(line, to) == line.len && r307_literal_is(*source, *target);
}

static void read_line(r307_mapreading_t *reading, r307_slice_t line)
{
    apr_pool_t *p = reading->line_pool;
    apr_array_header_t *words;
    const char *text, *bad;

    if (memchr(line.s, '\0', line.len)) {
        r307_mapfile_bad(reading, reading->line, "the line holds a NUL byte; save the file as "
                         "plain text", NULL);
        return;
    }
    text = apr_pstrmemdup(p, line.s, line.len);
    bad = r307_token_split(p, text, &words);
    if (bad) {
        r307_mapfile_bad(reading, reading->line, bad,
                         r307_stay_roughly(p, text, reading->sink->context));
    }
    else if (words->nelts) {
        r307_mapfile_row(reading, reading->line, words);
    }
}

const char *r307_map_read_lines(r307_mapreading_t *reading)
{
    r307_slice_t line, source, target;

    for (line = r307_mapfile_line(reading); line.s; line = r307_mapfile_line(reading)) {
        if (two_words(line, &source, &target)) {
            r307_mapfile_plain(reading, reading->line, source, target);
        }
        else if (blanks(line, 0) < line.len) {
            size_t at = blanks(line, 0);

            if (line.s[at] == '#') {
                r307_mapfile_remark(reading, reading->line,
                                    r307_slice(line.s + at, line.len - at));
            }
            else {
                read_line(reading, line);
            }
        }
    }
    return NULL;
}
