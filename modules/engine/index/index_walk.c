/* SPDX-License-Identifier: Apache-2.0 */
#include "index/index_walk.h"

#include "base/hash.h"

#define ONES   0x0101010101010101ull
#define HIGHS  0x8080808080808080ull
#define SLASHES (ONES * '/')

/* Where the first '/' is in a word; 8 when there is none. */
static size_t slash_in(apr_uint64_t word)
{
    apr_uint64_t x = word ^ SLASHES;

    x = (x - ONES) & ~x & HIGHS;
    return x ? (size_t)__builtin_ctzll(x) / 8 : R307_HASH_WORD;
}

/* *odd gathers whether a byte is there that may not mean itself: '%' or '#' (or one of
 * "!'", which differ from these in two bits). */
static inline apr_uint64_t segment(const char *s, size_t len, size_t before,
                                   apr_uint64_t m, size_t *n, apr_uint64_t *odd)
{
    apr_uint64_t h = 0;
    size_t at = 0, k;

    do {
        apr_uint64_t word = r307_hash_word(s + at, len - at, before + at);
        apr_uint64_t x = (word & ~(ONES * 6)) ^ (ONES * 0x21);

        *odd |= (x - ONES) & ~x & HIGHS;
        k = slash_in(word);
        k = k < len - at ? k : len - at;
        if (k || !at) {
            h = r307_hash_step(h, r307_hash_cut(word | R307_HASH_FOLD, k), m);
        }
        at += k;
    } while (k == R307_HASH_WORD && at < len);
    *n = at;
    return r307_hash_step(h, at, m);
}

apr_uint64_t r307_index_segment(const char *s, size_t len, apr_uint64_t m, size_t *n)
{
    apr_uint64_t odd = 0;

    return segment(s, len, 0, m, n, &odd);
}

void r307_index_walk(const char *s, size_t len, apr_uint64_t m, r307_trail_t *walk)
{
    apr_uint64_t odd = 0;
    apr_uint32_t depth = 0;
    size_t at = 0, n;

    walk->rest = 0;
    while (at + 1 < len) {
        apr_uint64_t seg;

        odd |= s[at + 1] == '/' || s[at + 1] == '.';
        seg = segment(s + at + 1, len - at - 1, at + 1, m, &n, &odd);
        at += n + 1;
        if (depth < R307_TRAIL_SEGS) {
            walk->segs[depth] = seg;
            walk->rest = at;
        }
        depth++;
    }
    walk->s = s;
    walk->len = len;
    walk->found_in = NULL;
    walk->depth = depth;
    walk->is_normal = odd == 0;
    walk->seed = m;
}
