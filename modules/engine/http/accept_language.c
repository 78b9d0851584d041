/* SPDX-License-Identifier: Apache-2.0 */
#include "http/accept_language.h"

#include <string.h>

#define RANGES_MOST 100     /* a hostile header costs no more */

int r307_lang_is_better(r307_wish_t a, r307_wish_t b)
{
    return a.quality > b.quality || (a.quality == b.quality && a.place < b.place);
}

int r307_lang_is_tag(r307_slice_t text)
{
    size_t i, run = 0;

    for (i = 0; i < text.len; i++) {
        if (text.s[i] == '-') {
            if (run == 0) {
                return 0;
            }
            run = 0;
        }
        else if (text.s[i] == '_' || !r307_text_is(text.s[i], R307_IS_NAME) || ++run > 8) {
            return 0;
        }
    }
    return run > 0 && r307_text_is(text.s[0], R307_IS_ALPHA);
}

/* Whether `lang` is `range` or a variant of it. */
static int covers(r307_slice_t range, r307_slice_t lang)
{
    return range.len <= lang.len
        && r307_text_same_fold(range.s, range.len, lang.s, range.len)
        && (range.len == lang.len || lang.s[range.len] == '-');
}

/* "0", "1", "0.5", "0.123" in thousandths; -1 when it is none (RFC 9110 12.4.2). */
static int read_quality(const char *s, size_t len)
{
    int value, unit = 1000;
    size_t i;

    if (len == 0 || len > 5 || (s[0] != '0' && s[0] != '1') || (len > 1 && s[1] != '.')) {
        return -1;
    }
    value = (s[0] - '0') * 1000;
    for (i = 2; i < len; i++) {
        unit /= 10;
        if (s[i] < '0' || s[i] > '9') {
            return -1;
        }
        value += (s[i] - '0') * unit;
    }
    return value > 1000 ? -1 : value;
}

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

/* One range and its quality at *s, moved behind it and its comma; 0 when it is none. */
static int next_range(const char **s, r307_slice_t *range, int *quality)
{
    const char *at = skip_blanks(*s);
    size_t len = strcspn(at, ",; \t");
    int is_good = len > 0;

    *range = r307_slice(at, len);
    *quality = 1000;
    at = skip_blanks(at + len);
    if (*at == ';') {
        at = skip_blanks(at + 1);
        is_good = is_good && (*at == 'q' || *at == 'Q') && at[1] == '=';
        if (is_good) {
            at += 2;
            len = strcspn(at, ",; \t");
            *quality = read_quality(at, len);
            is_good = *quality >= 0;
            at = skip_blanks(at + len);
        }
    }
    is_good = is_good && (*at == ',' || *at == '\0');
    at += strcspn(at, ",");
    *s = at + (*at == ',');
    return is_good;
}

/* The wish for one language: by the longest range that covers it, else by its most wanted
 * variant, else by "*". */
static r307_wish_t rate_one(const char *header, r307_slice_t lang)
{
    r307_wish_t by_range = { 0, 0 }, by_variant = { 0, 0 }, by_any = { 0, 0 };
    size_t longest = 0;
    int place = 0, any = 0;

    for (; *header && place < RANGES_MOST; place++) {
        r307_wish_t wish;
        r307_slice_t range;

        wish.place = place;
        if (!next_range(&header, &range, &wish.quality)) {
            continue;
        }
        if (range.len == 1 && range.s[0] == '*') {
            by_any = any++ ? by_any : wish;
        }
        else if (covers(range, lang) && range.len > longest) {
            longest = range.len;
            by_range = wish;
        }
        else if (covers(lang, range) && r307_lang_is_better(wish, by_variant)) {
            by_variant = wish;
        }
    }
    return longest ? by_range : by_variant.quality ? by_variant : by_any;
}

r307_wish_t r307_lang_rate(const char *header, const r307_slice_t *langs, int count)
{
    r307_wish_t best = { 0, 0 };
    int i;

    for (i = 0; header && i < count; i++) {
        r307_wish_t wish = rate_one(header, langs[i]);

        if (wish.quality && r307_lang_is_better(wish, best)) {
            best = wish;
        }
    }
    return best;
}

int r307_lang_is_first(const char *header, const r307_slice_t *langs, int count)
{
    r307_slice_t range;
    int i, quality;

    header = header && *header ? header : "en";
    next_range(&header, &range, &quality);
    for (i = 0; i < count; i++) {
        if (covers(langs[i], range)) {
            return 1;
        }
    }
    return 0;
}
