/* SPDX-License-Identifier: Apache-2.0
 *
 * map_format: the formats of map files, one row each. A new one is a file with its reader, and
 * a row here.
 */
#ifndef R307_MAP_FORMAT_H
#define R307_MAP_FORMAT_H

#include "map/map_reader.h"

/* Word of format= and of the reader, r307_map_read_<word>; endings of files that are of that
 * format without format=, "_redirects" the whole name; whether lines are rows of cells;
 * whether the search ends where a line leads to what was asked. The first one is of all
 * other files. */
#define R307_MAP_FORMATS(FIRST, NEXT) \
    FIRST(lines,    ".map",       0, 0) \
    NEXT(redirects, "_redirects", 0, 1) \
    NEXT(csv,       ".csv .tsv",  1, 0)

/* "lines|redirects|csv", for who writes it into a help text. */
#define R307_MAP_FORMAT_FIRST_(word, endings, is_sheet, ends_at_self) #word
#define R307_MAP_FORMAT_NEXT_(word, endings, is_sheet, ends_at_self) "|" #word
#define R307_MAP_FORMAT_WORDS R307_MAP_FORMATS(R307_MAP_FORMAT_FIRST_, R307_MAP_FORMAT_NEXT_)

/* Reads all rows. NULL, or what is wrong with the file as a whole: then no row of it was
 * given. */
typedef const char *r307_map_read_t(r307_mapreading_t *reading);

#define R307_MAP_FORMAT_READ_(word, endings, is_sheet, ends_at_self) \
    r307_map_read_t r307_map_read_##word;
R307_MAP_FORMATS(R307_MAP_FORMAT_READ_, R307_MAP_FORMAT_READ_)

typedef struct r307_format_t {
    const char *word;
    const char *endings;            /* with blanks between them */
    int is_sheet, ends_at_self;
    r307_map_read_t *read;
} r307_format_t;

extern const r307_format_t r307_formats[];
extern const int r307_format_count;

/* The format that the name of a file asks for; NULL: it says nothing. */
const r307_format_t *r307_format_of(const char *file);

/* By the word of format=, or without one (NULL) by the file's name. NULL, or why the word is
 * none. */
const char *r307_format_find(apr_pool_t *p, const char *file, const char *word,
                             const r307_format_t **format);

/* Reads all rows. Memory is taken from p by the length of the longest line, not of the
 * file; messages live as long as the call that gets them. NULL, or what is wrong with the
 * file as a whole: then no row of it was given. */
const char *r307_format_read(apr_pool_t *p, const char *bytes, size_t len,
                             const r307_format_t *format, const r307_mapsink_t *sink);

#endif
