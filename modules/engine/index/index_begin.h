/* SPDX-License-Identifier: Apache-2.0
 *
 * index_begin: how paths begin, told apart as coarsely as keys are: the least that says of most
 * requests that no rule of an index is for them.
 */
#ifndef R307_INDEX_BEGIN_H
#define R307_INDEX_BEGIN_H

#include <stddef.h>

/* How a path begins behind its first '/': its next two bytes, as coarse as the keys are, of
 * which there are 256 kinds: that bit of so many words. */
#define R307_INDEX_BEGINS 4
static inline unsigned r307_index_begin(const char *s, size_t len)
{
    unsigned a = len ? (unsigned char)s[0] : '/', b = len > 1 ? (unsigned char)s[1] : '/';

    return ((a | 0x20) + (b | 0x20) * 29) & 255;
}

#endif
