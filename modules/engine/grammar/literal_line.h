/* SPDX-License-Identifier: Apache-2.0
 *
 * literal_line: the lines that migrations are made of. Source and target are literal, and
 * nothing in them would be decoded, normalised or encoded: such a line is read without
 * the parser, and its rule made at the price of a copy. What comes out is what the parser
 * makes of the same line.
 */
#ifndef R307_LITERAL_LINE_H
#define R307_LITERAL_LINE_H

#include "grammar/line.h"

/* Length of the plain source or target that begins at s and ends at a blank or at len; 0
 * when there is none. */
size_t r307_literal_source(const char *s, size_t len);
size_t r307_literal_target(const char *s, size_t len);

/* Whether both words are plain. */
int r307_literal_is(r307_slice_t source, r307_slice_t target);

/* The rule of a plain line, with all that is its own. */
typedef struct r307_literal_t {
    r307_rule_t rule;
    r307_pattern_t pattern;
    r307_target_t target;
    r307_part_t path;
} r307_literal_t;

/* Any rule of plain words, parsed with these options, whose texts must live as long: what
 * r307_literal_make copies. NULL and *model; or the error text. *model is NULL when the
 * options make the words something else, as match=regex does, or are about one source, as
 * name= and percent= are. */
const char *r307_literal_model(apr_pool_t *p, const apr_array_header_t *options,
                               int has_target, const r307_context_t *context,
                               const r307_literal_t **model);

/* The rule of plain words. target is empty when the model has none. The texts are NUL-
 * terminated and not copied; NULL when they are not plain. */
r307_rule_t *r307_literal_make(apr_pool_t *p, const r307_literal_t *model,
                               r307_place_t place, r307_slice_t source,
                               r307_slice_t target);

/* A plain line of which only the words are kept, as there are very many: its rule, six times as
 * large, is made when somebody asks for it. It has no condition and no dates, which are asked for
 * without it. */
typedef struct r307_plain_t {
    const r307_literal_t *model;
    const char *file;
    apr_uint64_t identity;          /* what r307_identity_of said; 0: not asked */
    unsigned line;
    unsigned short source_len, target_len, origin_len;
    unsigned char scheme_len;
    char words[];                   /* source and target, each NUL-terminated */
} r307_plain_t;

/* Its rule, in *room; the texts are those of the line, which has to stay. */
const r307_rule_t *r307_plain_rule(const r307_plain_t *plain, r307_literal_t *room);

/* The same rule where it outlives the room that it may have been made in: itself, or in p. */
const r307_rule_t *r307_plain_keep(apr_pool_t *p, const r307_rule_t *rule);

/* What lines of plain words are copied from: one rule for each kind of place and each way
 * options are written, made at its first line. A name= and what needs the host (as expr=,
 * flag= or ip=) is nothing that rules can share. */
typedef struct r307_literals_t r307_literals_t;
/* In p, as the lines' places; it does not grow with the lines. */
r307_literals_t *r307_literals_make(apr_pool_t *p);

/* Such a line's rule with its texts, in p, as r307_line_parse makes it; NULL: it is another
 * line, and for r307_line_parse. */
const r307_rule_t *r307_literals_line(r307_literals_t *literals, apr_pool_t *p,
                                      const char *line, r307_place_t place,
                                      const r307_context_t *context);
/* The same line, kept as its words. */
r307_plain_t *r307_literals_keep(r307_literals_t *literals, apr_pool_t *p, const char *line,
                                 r307_place_t place, const r307_context_t *context);

#endif
