/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

apr_uint64_t r307_hash_spread(apr_uint64_t h)
{
    h = (h ^ (h >> 33)) * APR_UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ (h >> 33)) * APR_UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ (h >> 33);
}

apr_uint64_t r307_hash_stable(apr_uint64_t seed, const char *s, size_t len)
{
    apr_uint64_t h = APR_UINT64_C(0xcbf29ce484222325) ^ seed;
    size_t i;

    for (i = 0; i < len; i++) {
        h = (h ^ (unsigned char)s[i]) * APR_UINT64_C(0x100000001b3);
    }
    return r307_hash_spread(h);
}

/* mask: bits that are set in every byte. */
static inline apr_uint64_t keyed(apr_uint64_t m, const char *s, size_t len,
                                 apr_uint64_t mask)
{
    apr_uint64_t h = 0;
    size_t at;

    for (at = 0; at < len; at += R307_HASH_WORD) {
        apr_uint64_t word = r307_hash_word(s + at, len - at, at) | mask;

        h = r307_hash_step(h, r307_hash_cut(word, len - at), m);
    }
    return r307_hash_step(h, len, m);
}

apr_uint64_t r307_hash_keyed(apr_uint64_t key, const void *bytes, size_t len)
{
    return keyed(key | 1, bytes, len, 0);
}

apr_uint64_t r307_hash_keyed_fold(apr_uint64_t key, const void *bytes, size_t len)
{
    return keyed(key | 1, bytes, len, R307_HASH_FOLD);
}
