/* SPDX-License-Identifier: Apache-2.0
 *
 * hash: numbers for bytes, of two kinds and no third.
 *
 * r307_hash_stable is for what somebody keeps: a visitor's cookie, the side of a share. The
 * same on all machines and in all versions; nobody gains by two texts that collide.
 *
 * r307_hash_keyed is for tables: eight bytes at a step, and with a random key nobody can
 * write texts that all stand at one place. The steps are here for code that hashes while it
 * reads, as the index does. Compiled maps are files and hold such numbers beside their key, so what
 * these functions return changes together with R307_IMAGE_VERSION alone.
 */
#ifndef R307_HASH_H
#define R307_HASH_H

#include <string.h>
#include <apr.h>

/* The key where there is no secret: two texts that collide harm only whoever wrote them. */
#define R307_HASH_OPEN 0x9FB21C651E98DF25ull

/* FNV-1a, and then the last steps of MurmurHash3, so that near texts lie far apart. */
apr_uint64_t r307_hash_stable(apr_uint64_t seed, const char *s, size_t len);
/* Those last steps, of a number. */
apr_uint64_t r307_hash_spread(apr_uint64_t h);

/* key: random, R307_HASH_OPEN, or another such hash. */
apr_uint64_t r307_hash_keyed(apr_uint64_t key, const void *bytes, size_t len);
/* Without regard to letter case; coarser than that: "@" and "`" are alike too. */
apr_uint64_t r307_hash_keyed_fold(apr_uint64_t key, const void *bytes, size_t len);

/* --- the steps of the second --- */

#define R307_HASH_WORD sizeof(apr_uint64_t)
#define R307_HASH_FOLD 0x2020202020202020ull

/* 64 by 64 bits to 128, folded to 64. */
static inline apr_uint64_t r307_hash_fold(apr_uint64_t a, apr_uint64_t b)
{
#ifdef __SIZEOF_INT128__
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;

    return (apr_uint64_t)product ^ (apr_uint64_t)(product >> 64);
#else
    apr_uint64_t al = (apr_uint32_t)a, ah = a >> 32, bl = (apr_uint32_t)b, bh = b >> 32;
    apr_uint64_t low = al * bl, mid = ah * bl + (low >> 32);
    apr_uint64_t cross = al * bh + (apr_uint32_t)mid;

    return ((cross << 32) | (apr_uint32_t)low) ^ (ah * bh + (mid >> 32) + (cross >> 32));
#endif
}

/* `value` follows. m: the key, odd. */
static inline apr_uint64_t r307_hash_step(apr_uint64_t h, apr_uint64_t value,
                                          apr_uint64_t m)
{
    return r307_hash_fold(h ^ value ^ 0x9E3779B97F4A7C15ull, m);
}

/* Up to 8 bytes, the first one lowest whatever the machine; what is missing is zero.
 * `before` bytes in front of s may be read too: then no loop is needed at the end. */
static inline apr_uint64_t r307_hash_word(const char *s, size_t len, size_t before)
{
    apr_uint64_t word = 0;
    size_t back = 0;

    if (len >= R307_HASH_WORD) {
        memcpy(&word, s, R307_HASH_WORD);
    }
    else if (len + before >= R307_HASH_WORD) {
        back = R307_HASH_WORD - len;
        memcpy(&word, s - back, R307_HASH_WORD);
    }
    else {
        size_t i;

        for (i = 0; i < len; i++) {
            word |= (apr_uint64_t)(unsigned char)s[i] << (8 * i);
        }
        return word;
    }
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return back < R307_HASH_WORD ? word >> (8 * back) : 0;
}

/* Its first `len` bytes. */
static inline apr_uint64_t r307_hash_cut(apr_uint64_t word, size_t len)
{
    return len < R307_HASH_WORD ? word & ((1ull << (8 * len)) - 1) : word;
}

#endif
