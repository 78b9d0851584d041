/* SPDX-License-Identifier: Apache-2.0
 *
 * image_block: the bytes of an image as its builder writes and its reader finds them; for
 * these two alone.
 *
 *     r307_image_head_t   what it is, its sum, where the others begin
 *     records             r307_record_t, one for each rule, by its number:
 *                           | text | options | kind + line | what it says, as a number |
 *                              |        |
 *     sets                     |        +-> PLAIN: r307_set_t  | text | has_target |
 *     kept                words: the numbers of rules of kind KEPT, ascending
 *     index               of the sources, see index_block.h: a path to numbers of rules
 *     texts                    +-> source NUL target NUL; options NUL; ... NUL NUL
 *
 * in this order, each from a multiple of 8 bytes. A file that is compiled has the same bytes.
 */
#ifndef R307_IMAGE_BLOCK_H
#define R307_IMAGE_BLOCK_H

#include <apr_pools.h>

#define R307_IMAGE_MAGIC   "R307IMG"
#define R307_IMAGE_ORDER   0x01020304u

/* Offsets are in bytes: those of parts from the beginning, those of texts in the texts. */
typedef struct r307_image_head_t {
    char magic[8];
    apr_uint32_t version;
    apr_uint32_t order;
    apr_uint64_t size;
    apr_uint64_t sum;               /* of all bytes, with 0 in its own place */
    apr_uint64_t source_size, source_time;
    apr_uint32_t where, match;      /* of the context the lines were read in */
    apr_uint32_t count;             /* rules */
    apr_uint32_t file;              /* text */
    apr_uint32_t records;
    apr_uint32_t sets, set_count;
    apr_uint32_t kept, kept_count;  /* numbers of the rules of kind KEPT */
    apr_uint32_t index, index_size;
    apr_uint32_t texts, texts_size;
    apr_uint32_t ends_at_self;      /* of that context */
} r307_image_head_t;

typedef enum {
    R307_RECORD_PLAIN,      /* made from the model of its option set */
    R307_RECORD_LINE,       /* parsed again when a request finds it */
    R307_RECORD_KEPT,       /* compiled once by every process whose requests find it:
                             * regexes and expressions */
    R307_RECORD_COUNT
} r307_record_kind_t;

typedef struct r307_record_t {
    apr_uint32_t text;      /* source, NUL, target (empty: none), NUL */
    apr_uint32_t options;   /* PLAIN: number of the set; else their text */
    apr_uint32_t line;      /* and the kind above R307_RECORD_LINE_BITS */
    apr_uint32_t says_low, says_high;   /* PLAIN: r307_identity_words; else 0 */
} r307_record_t;

#define R307_RECORD_LINE_BITS 30
#define R307_RECORD_LINE_MOST ((1u << R307_RECORD_LINE_BITS) - 1)

typedef struct r307_set_t {
    apr_uint32_t text;
    apr_uint32_t has_target;
} r307_set_t;

#define R307_SETS_MOST 4096     /* so many are parsed by every process */

/* The sum over all bytes of an image. head: what stands at their beginning, by a copy where
 * others may write there: its size is how far they are read. */
apr_uint64_t r307_image_sum(const r307_image_head_t *head, const void *bytes);

#endif
