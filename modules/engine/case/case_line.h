/* SPDX-License-Identifier: Apache-2.0
 *
 * case_line: a case as it is written, "[METHOD] URL key=value ... -> STATUS [Location]", and
 * back. Knows no files and asks no rules.
 */
#ifndef R307_CASE_LINE_H
#define R307_CASE_LINE_H

#include "case/case_key.h"

/* Most words and bytes of what is asked: "-> 307 Location hops=2" has room behind it, so that
 * the case that is to be written instead can be. */
#define R307_CASE_WORDS_MOST (R307_WORDS_MOST - 4)
#define R307_CASE_ASKED_MOST 48000

/* A case that says nothing. */
void r307_case_none(r307_case_t *c);

/* Reads a case into *c, which has what holds where it does not say otherwise: r307_case_none,
 * or keys of r307_case_parse_keys. wanted: what stands in a cell of its own, with or without
 * "->"; NULL: `asked` has an arrow and what follows. Texts are made in p. NULL, or what is
 * wrong and what to write. */
const char *r307_case_parse(apr_pool_t *p, const char *asked, const char *wanted,
                            r307_case_t *c);

/* The same of a cell, in which "-> ..." may be left out: it is enough that something answers. */
const char *r307_case_parse_cell(apr_pool_t *p, const char *text, r307_case_t *c);

/* The same of a question alone: an answer behind an arrow is left aside. */
const char *r307_case_parse_asked(apr_pool_t *p, const char *asked, r307_case_t *c);

/* Keys alone: "host=www.example.com file=present". */
const char *r307_case_parse_keys(apr_pool_t *p, const char *text, r307_case_t *c);

/* The case as it would be with another answer: "URL key=value -> answer". What it says of the
 * answer by keys is left out. */
const char *r307_case_print(apr_pool_t *p, const r307_case_t *c, const char *answer);

/* A reference as a browser sends it: blanks and bytes beyond ASCII as percent codes. */
const char *r307_case_encode(apr_pool_t *p, const char *url);

#endif
