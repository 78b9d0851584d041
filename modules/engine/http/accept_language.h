/* SPDX-License-Identifier: Apache-2.0
 *
 * accept_language: how much a visitor wants a language, by Accept-Language (RFC 9110 12.5.4, with
 * the filtering of RFC 4647).
 */
#ifndef R307_ACCEPT_LANGUAGE_H
#define R307_ACCEPT_LANGUAGE_H

#include "base/text.h"

typedef struct r307_wish_t {
    int quality;        /* thousandths; 0: not wanted, or not named */
    int place;          /* of the range in the header: first come counts where qualities
                         * are equal, as every browser means it */
} r307_wish_t;

/* The most wanted of the languages. A range is for the language and all its variants
 * ("de" for "de-AT"); without such a one a language is wanted as much as the variant of
 * it that is named (who asks for "de-AT" alone is offered "de"), then as "*". header may
 * be NULL: nothing is wanted. */
r307_wish_t r307_lang_rate(const char *header, const r307_slice_t *langs, int count);

/* Whether the language that the header names first, whatever is said of its quality, is
 * one of these or a variant of it. Without a header it is English, as it is for those who
 * made files that say so. */
int r307_lang_is_first(const char *header, const r307_slice_t *langs, int count);

int r307_lang_is_better(r307_wish_t a, r307_wish_t b);

/* Whether it is a language, such as "de" or "zh-Hant". */
int r307_lang_is_tag(r307_slice_t text);

#endif
