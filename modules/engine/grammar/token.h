/* SPDX-License-Identifier: Apache-2.0
 *
 * token: a line into words: blanks part them, quotes of either kind hold a word together, also
 * in its middle. The only tokenizer there is: directives are RAW_ARGS, because httpd's own
 * drops words, keeps half quotes and cannot read note="a b".
 */
#ifndef R307_TOKEN_H
#define R307_TOKEN_H

#include <apr_tables.h>
#include "base/text.h"

typedef struct r307_word_t {
    const char *text;       /* quotes gone, \" and \\ resolved inside them */
    size_t name_len;        /* length of "name" if the word is name=value, else 0 */
    int quoted;             /* some of it stood in quotes */
} r307_word_t;

/* Most words and bytes of one line; a longer one is an error, never cut. */
#define R307_WORDS_MOST 256
#define R307_LINE_MOST  65536

/* The words of a line, of r307_word_t, in p; a line that is empty or a comment has none.
 * Returns NULL, or what is wrong and what to write instead. */
const char *r307_token_split(apr_pool_t *p, const char *line, apr_array_header_t **words);
/* The same of a line that may end in a remark: a word that begins with '#', in no quotes. */
const char *r307_token_split_remark(apr_pool_t *p, const char *line,
                                    apr_array_header_t **words);
/* As r307_token_split, behind those that are in `words` already. */
const char *r307_token_add(apr_pool_t *p, const char *line, apr_array_header_t *words);

/* Length of "name" if s begins with name=value, else 0. */
size_t r307_token_name(const char *s);

/* The word as a line would have to write it: quoted only where it must be. */
const char *r307_token_quote(apr_pool_t *p, const char *text);
/* The line of these words. */
const char *r307_token_join(apr_pool_t *p, const apr_array_header_t *words);

/* A word that was no part of a line: a cell of a sheet. The text is not copied. */
r307_word_t r307_word_make(const char *text);
/* Of words that were made: NULL, or what is said of the line that they would be, as no line
 * can hold them. */
const char *r307_token_check(apr_pool_t *p, const apr_array_header_t *words);

/* Whether the word is the option of that name; what stands behind its '='. */
int r307_word_is(const r307_word_t *word, const char *name);
const char *r307_word_value(const r307_word_t *word);

#endif
