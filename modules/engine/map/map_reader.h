/* SPDX-License-Identifier: Apache-2.0
 *
 * map_reader: the bytes of a map file into rows of the one grammar: what the formats, each of
 * which has a file of its own, have in common. What a row means is not judged here, only how
 * it is written; a bad line is said and skipped.
 */
#ifndef R307_MAP_READER_H
#define R307_MAP_READER_H

#include "grammar/token.h"
#include "rule/rule.h"

/* One row that may be a rule. Most rows of a long file are two words that mean
 * themselves: those need no tokenizer, and no memory. */
typedef struct r307_maprow_t {
    unsigned line;              /* where it begins, from 1 */
    r307_slice_t source;        /* of a row that r307_literal_is; else absent, and the row */
    r307_slice_t target;        /* is in: */
    const apr_array_header_t *words;        /* of r307_word_t: a line of the grammar */
} r307_maprow_t;

typedef struct r307_mapsink_t {
    /* Each row in file order; what it points to ends with the call. Anything but 0 ends
     * the reading. */
    int (*row)(void *baton, const r307_maprow_t *row);
    /* What is wrong with a line, without the place. words: what of it can be read, for
     * r307_stay_line; NULL: nothing. Ends the reading likewise. */
    int (*bad)(void *baton, unsigned line, const char *why, const apr_array_header_t *words);
    /* That the row which comes next is another rule than its line says, and why. */
    void (*told)(void *baton, unsigned line, const char *why);
    /* What is right and may be not what was meant. */
    void (*note)(void *baton, unsigned line, const char *why);
    void *baton;
    const r307_context_t *context;      /* of the map's lines */
    /* A case (case/case_line.h) of the row that comes next: what stands behind "#?" of a
     * comment, with nothing in `wanted`; or the cells `test` and `expect` of a row, absent
     * where they are empty. NULL: nobody wants it. */
    void (*tested)(void *baton, unsigned line, r307_slice_t asked, r307_slice_t wanted);
} r307_mapsink_t;

typedef struct r307_mapreading_t {
    apr_pool_t *p;              /* lives while the file is read */
    apr_pool_t *line_pool;      /* cleared after a line */
    const char *at, *end;
    unsigned line;              /* of what is read, from 1 */
    const r307_mapsink_t *sink;
    apr_array_header_t *words;  /* the line being made, of r307_word_t */
    int is_over;                /* the sink has had enough */
    char eol;                   /* '\n', or '\r' in a file that has no other */
} r307_mapreading_t;

/* NULL, or why the bytes are no text that is read; then there is nothing to end. */
const char *r307_mapfile_begin(apr_pool_t *p, const char *bytes, size_t len,
                               const r307_mapsink_t *sink, r307_mapreading_t *reading);
/* The next line without its end (LF, CRLF, or CR where the file has no LF); absent at the
 * end of the file. */
r307_slice_t r307_mapfile_line(r307_mapreading_t *reading);
/* Hands over a plain row; the words of a line; those that were made. */
void r307_mapfile_plain(r307_mapreading_t *reading, unsigned line, r307_slice_t source,
                        r307_slice_t target);
void r307_mapfile_row(r307_mapreading_t *reading, unsigned line,
                      const apr_array_header_t *words);
void r307_mapfile_made(r307_mapreading_t *reading, unsigned line);
/* words: see the sink. */
void r307_mapfile_bad(r307_mapreading_t *reading, unsigned line, const char *why,
                      const apr_array_header_t *words);
/* A line that is a comment, or a cell that begins one; blanks in front of its '#' are gone. */
void r307_mapfile_remark(r307_mapreading_t *reading, unsigned line, r307_slice_t text);
/* Adds a word to those that are made; name NULL: a source or target. The value is not copied
 * and lives as long as the line. */
void r307_mapfile_word(r307_mapreading_t *reading, const char *name, const char *value);
/* NULL, or which byte is not UTF-8. */
const char *r307_mapfile_utf8(r307_mapreading_t *reading, r307_slice_t line);

#endif
