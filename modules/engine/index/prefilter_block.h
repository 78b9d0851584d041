/* SPDX-License-Identifier: Apache-2.0
 *
 * prefilter_block: the bytes of a prefilter as its builder writes and its reader finds
 * them; for these two alone. All places are in words of 4 bytes from the beginning.
 *
 *     r307_prefilter_t   the head
 *     states             r307_ac_state_t; 0 is the beginning
 *                            | edge | edges | fail | list | shorter |
 *                               |                       |
 *     edges              words: | byte << 24 + state | ...  `edges` of them, ascending
 *     lists              words:                         | n | rule 1 | ... | rule n |
 *     always             words: regexes that nothing is known of
 *     and for those without a word, anchored ones and then free ones, where there are any:
 *       rules            words: the number of regex 0, 1, 2 ... `count`
 *       least, most      words: its lengths
 *       class_of         256 bytes: the class of each byte
 *       rows             places x classes rows of `width` words of 8 bytes; bit r of a row:
 *                        regex r can have a byte of this class at this place
 *
 * each from a multiple of 8 bytes.
 */
#ifndef R307_PREFILTER_BLOCK_H
#define R307_PREFILTER_BLOCK_H

#include <apr.h>
#include "index/regex_needs.h"

/* A state of the automaton that looks for all words in one pass (Aho and Corasick 1975):
 * what was read ends with the beginning of a word that the state stands for. */
typedef struct r307_ac_state_t {
    apr_uint32_t edge;      /* first of its edges, which ascend by their byte */
    apr_uint32_t edges;
    apr_uint32_t fail;      /* the state of the longest shorter ending; smaller than this */
    apr_uint32_t list;      /* count and rules, of the word that ends here; NONE */
    apr_uint32_t shorter;   /* the next smaller state whose word ends here too; 0: none */
} r307_ac_state_t;

#define R307_PREFILTER_NONE 0xFFFFFFFFu

/* The byte above, the state it leads to below; state 0 is the beginning. */
#define R307_EDGE_BITS 24
#define R307_EDGE_MOST ((1u << R307_EDGE_BITS) - 1)

/* Regexes without a word, a bit each. A row says which of them can have a byte of this
 * class at this place; the last class is the end of the path. */
typedef struct r307_bit_rows_t {
    apr_uint32_t count;     /* regexes */
    apr_uint32_t places;    /* bytes compared */
    apr_uint32_t classes;
    apr_uint32_t width;     /* words of 8 bytes in a row */
    apr_uint32_t rules, least, most;    /* of each regex */
    apr_uint32_t class_of;  /* 256 bytes */
    apr_uint32_t rows;      /* by place, then class */
} r307_bit_rows_t;

#define R307_ROWS_MOST   16384
#define R307_ROWS_WIDTH  (R307_ROWS_MOST / 64)
#define R307_FREE_PLACES  8     /* of regexes that may begin anywhere */

struct r307_prefilter_t {
    apr_uint32_t words;                     /* of the whole block */
    apr_uint32_t states, state_count;
    apr_uint32_t edges, edge_count;
    apr_uint32_t lists, list_words;
    apr_uint32_t always, always_count;      /* regexes nothing is known of */
    r307_bit_rows_t groups[2];                 /* anchored, free */
    apr_uint32_t unused;
};

#endif
