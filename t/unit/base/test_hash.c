/* SPDX-License-Identifier: Apache-2.0
 *
 * The numbers stand here because they stand elsewhere: those of the first in the cookies of
 * visitors, those of the second in compiled maps. They were computed from the description,
 * not by the code. */
#include <string.h>
#include "base/hash.h"
#include "unit.h"

START_TEST(hash_stable)
{
    static const struct {
        apr_uint64_t seed;
        const char *text;
        apr_uint64_t want;
    } rows[] = {
        { 0, "", 0xefd01f60ba992926ull }, { 0, "a", 0x82a2a958a9bece5bull },
        { 1, "/shop", 0xac42822f7cc1dbe8ull }, { 0, "0 /shop 0 0", 0x0a43792ceb1357d9ull },
        { 0x307, "SID=0123456789abcdef", 0x2bea8ebd3e97e4e4ull }
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unit_rows_add(1);
        ck_assert_uint_eq(r307_hash_stable(rows[i].seed, rows[i].text, strlen(rows[i].text)),
                          rows[i].want);
    }
}
END_TEST

START_TEST(hash_keyed)
{
    static const struct {
        apr_uint64_t key;
        const char *text;
        apr_uint64_t want;
    } rows[] = {
        { R307_HASH_OPEN, "", 0x8118340703742a1aull },
        { R307_HASH_OPEN, "id", 0xa5c73a505d56786bull },
        { 4711, "a=1", 0xdb18b43b5e457d16ull },
        { R307_HASH_OPEN, "12345678", 0x9aed23b8665f000aull },
        { R307_HASH_OPEN, "123456789abcdef01", 0xf4981c0b0e1db6a7ull }
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unit_rows_add(1);
        ck_assert_uint_eq(r307_hash_keyed(rows[i].key, rows[i].text, strlen(rows[i].text)),
                          rows[i].want);
    }
    ck_assert_uint_eq(r307_hash_keyed_fold(R307_HASH_OPEN, "WWW.example.COM", 15),
                      0x6d3e4377f489f2fdull);
    ck_assert_uint_eq(r307_hash_keyed_fold(R307_HASH_OPEN, "www.EXAMPLE.com", 15),
                      0x6d3e4377f489f2fdull);
    ck_assert_uint_eq(r307_hash_keyed_fold(4711, "h", 1), 0xdb1975a24438c035ull);
}
END_TEST

/* Each byte counts, and so does how many there are; nothing around them does. */
START_TEST(hash_bytes)
{
    unsigned char bytes[64], near[80];
    size_t len, at, from;

    memset(bytes, 0, sizeof(bytes));
    for (len = 0; len < 40; len++) {
        apr_uint64_t h = r307_hash_keyed(R307_HASH_OPEN, bytes, len);

        ck_assert(h != r307_hash_keyed(R307_HASH_OPEN, bytes, len + 1));
        ck_assert(h != r307_hash_keyed(4711, bytes, len));
        for (at = 0; at < len; at++) {
            bytes[at] ^= 0x80;
            ck_assert(h != r307_hash_keyed(R307_HASH_OPEN, bytes, len));
            bytes[at] ^= 0x80;
        }
        for (from = 0; from < 16; from++) {
            memset(near, 0xFF, sizeof(near));
            memcpy(near + from, bytes, len);
            ck_assert(h == r307_hash_keyed(R307_HASH_OPEN, near + from, len));
        }
        unit_rows_add(1);
    }
}
END_TEST

TCase *hash_cases(void)
{
    TCase *cases = tcase_create("hash");

    tcase_add_test(cases, hash_stable);
    tcase_add_test(cases, hash_keyed);
    tcase_add_test(cases, hash_bytes);
    return cases;
}
