/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map_reader.h"

#include <string.h>
#include <apr_strings.h>

#include "grammar/token.h"
#include "http/url.h"

/* --- rows that need no tokenizer --- */

#define SOURCE 1    /* stands for itself in a source, and has no other spelling */
#define TARGET 2    /* stands for itself in a path of a target */
#define HOST   4    /* of a lower-case host name */

#define BOTH (SOURCE | TARGET)
#define WORD (SOURCE | TARGET | HOST)

/* Missing on purpose: '%', ':', '*', '?', '$', '#', '\\', '^', quotes, blanks, control
 * bytes and everything above ASCII. Those lines take the long way. */
static const unsigned char plain_bytes[256] = {
    ['!'] = BOTH, ['&'] = BOTH, ['('] = BOTH, [')'] = BOTH, ['+'] = BOTH, [','] = BOTH,
    ['-'] = WORD, ['.'] = WORD, ['/'] = BOTH, [';'] = BOTH, ['='] = BOTH, ['@'] = BOTH,
    ['_'] = BOTH, ['~'] = BOTH,
    ['0'] = WORD, ['1'] = WORD, ['2'] = WORD, ['3'] = WORD, ['4'] = WORD, ['5'] = WORD,
    ['6'] = WORD, ['7'] = WORD, ['8'] = WORD, ['9'] = WORD,
    ['A'] = BOTH, ['B'] = BOTH, ['C'] = BOTH, ['D'] = BOTH, ['E'] = BOTH, ['F'] = BOTH,
    ['G'] = BOTH, ['H'] = BOTH, ['I'] = BOTH, ['J'] = BOTH, ['K'] = BOTH, ['L'] = BOTH,
    ['M'] = BOTH, ['N'] = BOTH, ['O'] = BOTH, ['P'] = BOTH, ['Q'] = BOTH, ['R'] = BOTH,
    ['S'] = BOTH, ['T'] = BOTH, ['U'] = BOTH, ['V'] = BOTH, ['W'] = BOTH, ['X'] = BOTH,
    ['Y'] = BOTH, ['Z'] = BOTH,
    ['a'] = WORD, ['b'] = WORD, ['c'] = WORD, ['d'] = WORD, ['e'] = WORD, ['f'] = WORD,
    ['g'] = WORD, ['h'] = WORD, ['i'] = WORD, ['j'] = WORD, ['k'] = WORD, ['l'] = WORD,
    ['m'] = WORD, ['n'] = WORD, ['o'] = WORD, ['p'] = WORD, ['q'] = WORD, ['r'] = WORD,
    ['s'] = WORD, ['t'] = WORD, ['u'] = WORD, ['v'] = WORD, ['w'] = WORD, ['x'] = WORD,
    ['y'] = WORD, ['z'] = WORD
};

/* A path whose normal form it already is: no empty and no dot segment. */
static int is_plain_path(const char *s, size_t len, unsigned wanted)
{
    size_t i;

    if (len == 0 || s[0] != '/') {
        return 0;
    }
    for (i = 0; i < len; i++) {
        if (!(plain_bytes[(unsigned char)s[i]] & wanted)
            || (s[i] == '/' && i + 1 < len && (s[i + 1] == '/' || s[i + 1] == '.'))) {
            return 0;
        }
    }
    return 1;
}

static int is_plain_target(const char *s, size_t len)
{
    size_t n = 0, host;

    if (len > 8 && memcmp(s, "http", 4) == 0) {
        n = s[4] == 's' ? 8 : 7;
        if (memcmp(s + n - 3, "://", 3) != 0) {
            return 0;
        }
        for (host = n; n < len && s[n] != '/'; n++) {
            if (!(plain_bytes[(unsigned char)s[n]] & HOST)) {
                return 0;
            }
        }
        if (n == len || s[n - 1] == '.' || r307_url_check_host(r307_slice(s + host, n - host))) {
            return 0;
        }
    }
    return is_plain_path(s + n, len - n, TARGET);
}

int r307_mapfile_is_plain(r307_slice_t source, r307_slice_t target)
{
    return is_plain_path(source.s, source.len, SOURCE)
        && is_plain_target(target.s, target.len);
}

/* --- lines --- */

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

void r307_mapfile_text(r307_mapreading_t *reading, unsigned line)
{
    r307_maprow_t row = { line, { NULL, 0 }, { NULL, 0 }, reading->text.s };

    reading->is_over = reading->sink->row(reading->sink->baton, &row);
    reading->text.len = 0;
    apr_pool_clear(reading->line_pool);
}

void r307_mapfile_bad(r307_mapreading_t *reading, unsigned line, const char *why,
                      const char *text)
{
    reading->sink->bad(reading->sink->baton, line, why, text);
    reading->text.len = 0;
    apr_pool_clear(reading->line_pool);
}

void r307_mapfile_word(r307_mapreading_t *reading, const char *name, const char *value)
{
    apr_pool_t *p = reading->line_pool;

    if (reading->text.len) {
        r307_buf_putc(&reading->text, ' ');
    }
    r307_buf_puts(&reading->text,
                  r307_token_quote(p, name ? apr_pstrcat(p, name, "=", value, NULL)
                                           : value));
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
    r307_buf_make(&reading->text, p, 256);
    return NULL;
}
