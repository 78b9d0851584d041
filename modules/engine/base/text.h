/* SPDX-License-Identifier: Apache-2.0
 *
 * text: bytes and words. Byte classes, percent-coding, case folding, globs, and the
 * quoting that makes foreign text safe to show. Knows nothing of URLs or rules.
 */
#ifndef R307_TEXT_H
#define R307_TEXT_H

#include <stddef.h>
#include <string.h>
#include <apr_pools.h>

/* A run of bytes inside somebody else's memory; s == NULL means absent, which is not
 * the same as empty. */
typedef struct r307_slice_t {
    const char *s;
    size_t len;
} r307_slice_t;

static inline r307_slice_t r307_slice(const char *s, size_t len)
{
    r307_slice_t slice;

    slice.s = s;
    slice.len = len;
    return slice;
}

#define R307_DIGITS_MOST 10     /* of an unsigned */

/* The digits of a number, the last one at digits[R307_DIGITS_MOST - 1]: where they begin. What
 * every answer needs: no printf, and few divisions. */
const char *r307_text_digits(unsigned number, char *digits);

/* How many bytes there are in front of the first `end`, or of the NUL. */
static inline size_t r307_text_until(const char *s, char end)
{
#if defined(__GLIBC__) && defined(_GNU_SOURCE)
    return (size_t)(strchrnul(s, end) - s);
#else
    const char *found = strchr(s, end);

    return found ? (size_t)(found - s) : strlen(s);
#endif
}

/* NUL-terminated copy in p; NULL for an absent slice. */
char *r307_slice_text(apr_pool_t *p, r307_slice_t slice);
/* The same bytes; absent equals absent only. */
int r307_slice_same(r307_slice_t a, r307_slice_t b);

/* A text that grows; always NUL-terminated once something was added. */
typedef struct r307_buf_t {
    apr_pool_t *p;
    char *s;
    size_t len;
    size_t size;
} r307_buf_t;

void r307_buf_make(r307_buf_t *buf, apr_pool_t *p, size_t size);
void r307_buf_add(r307_buf_t *buf, const char *s, size_t len);
void r307_buf_puts(r307_buf_t *buf, const char *s);
void r307_buf_putc(r307_buf_t *buf, char c);

/* Byte classes, RFC 3986 appendix A; the table in text.c is the definition. */
#define R307_IS_PATH     0x01   /* pchar and '/' */
#define R307_IS_QUERY    0x02   /* pchar, '/' and '?' */
#define R307_IS_VALUE    0x04   /* a query byte that cannot end, split or change a value */
#define R307_IS_HEX      0x08
#define R307_IS_NAME     0x10   /* [A-Za-z0-9_] */
#define R307_IS_HOST     0x20   /* letter, digit, '-', '.' and '_' of a host name */
#define R307_IS_SCHEME   0x40   /* letter, digit, '+', '-', '.' */
#define R307_IS_ALPHA    0x80   /* a letter */
extern const unsigned char r307_text_classes[256];

static inline int r307_text_is(char c, unsigned classes)
{
    return (r307_text_classes[(unsigned char)c] & classes) != 0;
}

/* Where inserted bytes land; each has its own set of bytes that may stand as they are. */
typedef enum {
    R307_LAND_PATH,      /* path of a URL */
    R307_LAND_QUERY,     /* a whole query, '&' and '=' keep their meaning */
    R307_LAND_VALUE,     /* one value inside a query: '&', '+', '#' become data */
    R307_LAND_FRAGMENT
} r307_land_t;

/* What the bytes are: a piece of a URL, whose valid percent codes stay as they came,
 * or plain data, in which '%' is just a byte. */
typedef enum { R307_FORM_ENCODED, R307_FORM_DATA } r307_form_t;

/* Appends s with every byte not allowed at `land` percent-encoded (upper-case hex). A
 * '%' that begins no percent code becomes %25. RFC 3986 section 2. */
void r307_text_encode(r307_buf_t *buf, const char *s, size_t len, r307_land_t land,
                      r307_form_t form);

/* Decodes every valid percent code, and '+' as a space when `plus`; other bytes stay.
 * The result may hold any byte, NUL among them. */
r307_slice_t r307_text_decode(apr_pool_t *p, r307_slice_t raw, int plus);

/* Value of two hex digits at s, or -1. */
int r307_text_hex2(const char *s, size_t len);

/* ASCII only, no locale. */
static inline char r307_text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline char r307_text_upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

int r307_text_same_fold(const char *a, size_t a_len, const char *b, size_t b_len);
/* `*` any run, `?` one byte; the whole text; iterative, at most a_len * b_len steps. */
int r307_text_glob(r307_slice_t pattern, r307_slice_t text, int fold);
/* Unsigned decimal up to `most`; -1 if it is anything else. */
apr_int64_t r307_text_number(r307_slice_t text, apr_int64_t most);
int r307_text_is_utf8(const char *s, size_t len, size_t *bad_at);

/* For people and logs: control bytes, quotes' enemies and non-UTF-8 bytes as \xNN, cut
 * with "..." after 200 bytes. Safe to write to a log line. */
const char *r307_text_show(apr_pool_t *p, const char *s, size_t len);

/* The same of all bytes: of what is written to a file. */
const char *r307_text_show_all(apr_pool_t *p, const char *s, size_t len);

/* Number of edits (insert, delete, change, swap) between two words without regard to
 * case; 24 when one is longer than that. For "did you mean". */
int r307_text_distance(const char *a, const char *b);

#endif
