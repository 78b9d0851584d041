/* SPDX-License-Identifier: Apache-2.0
 *
 * map_reader: the bytes of a map file into rows of the one grammar: what the formats, each of
 * which has a file of its own, have in common. What a row means is not judged here, only how
 * it is written; a bad line is said and skipped.
 */
#ifndef R307_MAP_READER_H
#define R307_MAP_READER_H

#include "base/text.h"

/* One row that may be a rule. Most rows of a long file are two words that mean
 * themselves: those need no tokenizer, and no memory. */
typedef struct r307_maprow_t {
    unsigned line;              /* where it begins, from 1 */
    r307_slice_t source;        /* plain: a path without a byte that has a meaning or a
                                 * second spelling; absent: the row is in text */
    r307_slice_t target;        /* plain: "/..." or "http[s]://host..." likewise */
    const char *text;           /* without a plain source: a line of the grammar */
} r307_maprow_t;

typedef struct r307_mapsink_t {
    /* Each row in file order; what it points to ends with the call. Anything but 0 ends
     * the reading. */
    int (*row)(void *baton, const r307_maprow_t *row);
    /* What is wrong with a line, without the place. text: what of it can be read, as a
     * line of the grammar, for r307_stay_text; NULL: nothing. */
    void (*bad)(void *baton, unsigned line, const char *why, const char *text);
    /* That the row which comes next is another rule than its line says, and why. */
    void (*told)(void *baton, unsigned line, const char *why);
    /* What is right and may be not what was meant. */
    void (*note)(void *baton, unsigned line, const char *why);
    void *baton;
    int in_directory;           /* a source may be relative */
} r307_mapsink_t;

typedef struct r307_mapreading_t {
    apr_pool_t *p;              /* lives while the file is read */
    apr_pool_t *line_pool;      /* cleared after a line */
    const char *at, *end;
    unsigned line;              /* of what is read, from 1 */
    const r307_mapsink_t *sink;
    r307_buf_t text;            /* the line being made */
    int is_over;                /* the sink has had enough */
    char eol;                   /* '\n', or '\r' in a file that has no other */
} r307_mapreading_t;

/* NULL, or why the bytes are no text that is read; then there is nothing to end. */
const char *r307_mapfile_begin(apr_pool_t *p, const char *bytes, size_t len,
                               const r307_mapsink_t *sink, r307_mapreading_t *reading);
/* The next line without its end (LF, CRLF, or CR where the file has no LF); absent at the
 * end of the file. */
r307_slice_t r307_mapfile_line(r307_mapreading_t *reading);
int r307_mapfile_is_plain(r307_slice_t source, r307_slice_t target);
/* Hands over a plain row, or the text that was made. */
void r307_mapfile_plain(r307_mapreading_t *reading, unsigned line, r307_slice_t source,
                        r307_slice_t target);
void r307_mapfile_text(r307_mapreading_t *reading, unsigned line);
/* text: see the sink. */
void r307_mapfile_bad(r307_mapreading_t *reading, unsigned line, const char *why,
                      const char *text);
/* Appends a word to the text, quoted where it must be; name NULL: a source or target. */
void r307_mapfile_word(r307_mapreading_t *reading, const char *name, const char *value);
/* NULL, or which byte is not UTF-8. */
const char *r307_mapfile_utf8(r307_mapreading_t *reading, r307_slice_t line);

#endif
