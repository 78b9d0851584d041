/* SPDX-License-Identifier: Apache-2.0
 *
 * index_block: the bytes of an index as its builder writes and its reader finds them; for
 * these two alone. Every key is a hash over whole segments without regard to letter case
 * and final slash: coarser than any rule compares, which does not matter as rules are
 * compared afterwards.
 *
 *     r307_index_t   the head: where each of the others begins, in words of 4 bytes
 *     slots          r307_slot_t, a power of two of them:  | tag | value |
 *                      the key's hash says where to begin to look; value is
 *                      EMPTY | a rule's number | LIST + where in `lists`
 *     shapes         r307_shape_t, at most R307_SHAPES_MOST
 *     lists          words, one run for a key:  | flags | n | rule 1 | ... | rule n |
 *     always         words: rules without a source
 *     prefilter      of the regexes, see prefilter_block.h; may be missing
 *
 * in this order, each from a multiple of 8 bytes, no gaps but up to there.
 */
#ifndef R307_INDEX_BLOCK_H
#define R307_INDEX_BLOCK_H

#include "base/hash.h"
#include "base/text.h"
#include "index/index_begin.h"

/* What a key stands for; relative sources are keyed by what lies below their directory. */
typedef enum {
    R307_KEY_EXACT,         /* the whole path */
    R307_KEY_PREFIX,        /* the path up to a border of segments */
    R307_KEY_EXACT_BELOW,
    R307_KEY_PREFIX_BELOW,
    R307_KEY_SHAPE,         /* and the shape's number is added */
    R307_KEY_COUNT
} r307_key_t;

/* Sources with placeholders at the same places share a shape. */
typedef struct r307_shape_t {
    apr_uint64_t names;     /* bit i: segment i is a placeholder */
    apr_uint32_t count;     /* segments, at most R307_SHAPE_SEGS */
    apr_uint16_t splat;     /* more may follow */
    apr_uint16_t below;     /* relative */
} r307_shape_t;

#define R307_SHAPE_SEGS  64
#define R307_SHAPES_MOST 24     /* a rule of yet another shape is keyed by its head */

/* A key has one rule (its number), or a list (R307_SLOT_LIST and the word it begins at:
 * flags, count, rules). */
typedef struct r307_slot_t {
    apr_uint32_t tag;       /* other bits of the hash than those that chose the place */
    apr_uint32_t value;
} r307_slot_t;

#define R307_SLOT_EMPTY 0xFFFFFFFFu
#define R307_SLOT_LIST  0x80000000u
#define R307_RULES_MOST 0x7FFFFFF0u

/* Flags of a list: further rules stand under this key and something of the request. */
#define R307_LIST_ARGS 1u       /* a parameter, with or without its value */
#define R307_LIST_HOST 2u       /* and of the hosts' names r307_index_host_bit */

/* Of the 16 kinds of names that a list tells apart, the one of this host. */
static inline apr_uint32_t r307_index_host_bit(r307_slice_t name)
{
    unsigned first = name.len ? (unsigned char)name.s[0] | 0x20 : 0;

    return 0x10000u << ((name.len * 5 + first) & 15);
}

/* What the second key is made of. */
typedef enum { R307_PICK_NAME, R307_PICK_PAIR, R307_PICK_HOST } r307_pick_t;

/* All places are in words of 4 bytes from the beginning of the block. */
struct r307_index_t {
    apr_uint64_t seed;          /* of its hashes; odd */
    apr_uint64_t depths[2];     /* bit d: a prefix of d segments is a key; bit 63: of that
                                 * or more. [1]: relative */
    apr_uint64_t begins[R307_INDEX_BEGINS];     /* bit r307_index_begin: a key of no directory,
                                 * other than '/', or a regex begins so */
    apr_uint32_t words;         /* of the whole block */
    apr_uint32_t count;         /* rules */
    apr_uint32_t slots;
    apr_uint32_t slot_mask;     /* a power of two, less one */
    apr_uint32_t longest;       /* most slots to look at for one key */
    apr_uint32_t exact[2];      /* whether there are such keys at all */
    apr_uint32_t shapes, shape_count;
    apr_uint32_t lists;         /* up to the end of the lists: */
    apr_uint32_t lists_end;
    apr_uint32_t always, always_count;      /* rules without a source */
    apr_uint32_t prefilter, prefilter_size;         /* of regexes; 0: there are none */
    apr_uint32_t others;        /* what may be for paths that begin otherwise: */
};

#define R307_OTHERS_REGEX 1u    /* a regex of which it is not known how it begins */
#define R307_OTHERS_RULE  2u    /* '/', one without a source */
#define R307_OTHERS_BELOW 4u    /* one that is relative to a directory */

/* m, here and below: the seed. */
static inline apr_uint64_t r307_index_key(apr_uint64_t h, unsigned key, apr_uint64_t m)
{
    return r307_hash_step(h, (apr_uint64_t)(key + 1) << 56, m);
}

/* A placeholder in place of a segment's hash. */
#define R307_INDEX_NAME 0x5851F42D4C957F2Dull

/* A parameter or a host under the key it stands beside. `value` absent: NAME only. */
apr_uint64_t r307_index_pick(apr_uint64_t key, r307_pick_t pick, r307_slice_t name,
                             r307_slice_t value, apr_uint64_t m);

#endif
