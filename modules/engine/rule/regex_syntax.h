/* SPDX-License-Identifier: Apache-2.0
 *
 * regex_syntax: the text of a regex as a row of items, and the one place that knows what in
 * it is an escape, a class, a group, a quantifier, and what is nothing (pcre2pattern(3)). An
 * item whose end is known and whose meaning is not is OTHER; from where even that is not
 * known, all is LOST, and whoever reads has to do without.
 */
#ifndef R307_REGEX_SYNTAX_H
#define R307_REGEX_SYNTAX_H

#include "rule/regex_item.h"

typedef struct r307_regex_reader_t {
    const char *s;          /* behind the item that was read, and what quantifies it */
    int is_quoted;          /* between \Q and \E */
    int is_extended;        /* a flag x was seen, so that blanks and '#' are no items */
    int is_lost;
} r307_regex_reader_t;

static inline r307_regex_reader_t r307_regex_reader(const char *pattern)
{
    r307_regex_reader_t reader = { pattern, 0, 0, 0 };

    return reader;
}

/* The next item. Comments, "\Q\E" and \E of nobody are none, wherever they stand. */
void r307_regex_read(r307_regex_reader_t *reader, r307_regex_item_t *item);

/* Behind an OPEN: goes on to its CLOSE, which the item then is; LOST: it was not found. */
void r307_regex_close(r307_regex_reader_t *reader, r307_regex_item_t *item);

/* Whether an alternative stands outside every group, so that no beginning is certain; in
 * doubt it does. */
int r307_regex_has_alternative(const char *pattern);

#endif
