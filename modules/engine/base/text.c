/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <string.h>
#include <apr_strings.h>

#define P R307_IS_PATH
#define Q R307_IS_QUERY
#define V R307_IS_VALUE
#define X R307_IS_HEX
#define N R307_IS_NAME
#define H R307_IS_HOST
#define S R307_IS_SCHEME
#define A R307_IS_ALPHA

#define URL (P | Q | V)                 /* stands anywhere behind the host */
#define LETTER (URL | N | H | S | A)

/* The policy of the project in one place. RFC 3986: pchar is unreserved, sub-delims, ':'
 * and '@'. '&', '+' and '=' stand in a query, but not in a value: '&' would begin another
 * parameter and '+' be read as a space. '=' inside a value is read as itself. */
const unsigned char r307_text_classes[256] = {
    ['!'] = URL, ['$'] = URL, ['&'] = P | Q, ['\''] = URL, ['('] = URL, [')'] = URL,
    ['*'] = URL, ['+'] = P | Q | S, [','] = URL, ['-'] = URL | H | S,
    ['.'] = URL | H | S, ['/'] = URL,
    ['0'] = URL | X | N | H | S, ['1'] = URL | X | N | H | S, ['2'] = URL | X | N | H | S,
    ['3'] = URL | X | N | H | S, ['4'] = URL | X | N | H | S, ['5'] = URL | X | N | H | S,
    ['6'] = URL | X | N | H | S, ['7'] = URL | X | N | H | S, ['8'] = URL | X | N | H | S,
    ['9'] = URL | X | N | H | S,
    [':'] = URL, [';'] = URL, ['='] = URL, ['?'] = Q | V, ['@'] = URL,
    ['A'] = LETTER | X, ['B'] = LETTER | X, ['C'] = LETTER | X, ['D'] = LETTER | X,
    ['E'] = LETTER | X, ['F'] = LETTER | X, ['G'] = LETTER, ['H'] = LETTER,
    ['I'] = LETTER, ['J'] = LETTER, ['K'] = LETTER, ['L'] = LETTER, ['M'] = LETTER,
    ['N'] = LETTER, ['O'] = LETTER, ['P'] = LETTER, ['Q'] = LETTER, ['R'] = LETTER,
    ['S'] = LETTER, ['T'] = LETTER, ['U'] = LETTER, ['V'] = LETTER, ['W'] = LETTER,
    ['X'] = LETTER, ['Y'] = LETTER, ['Z'] = LETTER,
    ['_'] = URL | N | H,
    ['a'] = LETTER | X, ['b'] = LETTER | X, ['c'] = LETTER | X, ['d'] = LETTER | X,
    ['e'] = LETTER | X, ['f'] = LETTER | X, ['g'] = LETTER, ['h'] = LETTER,
    ['i'] = LETTER, ['j'] = LETTER, ['k'] = LETTER, ['l'] = LETTER, ['m'] = LETTER,
    ['n'] = LETTER, ['o'] = LETTER, ['p'] = LETTER, ['q'] = LETTER, ['r'] = LETTER,
    ['s'] = LETTER, ['t'] = LETTER, ['u'] = LETTER, ['v'] = LETTER, ['w'] = LETTER,
    ['x'] = LETTER, ['y'] = LETTER, ['z'] = LETTER,
    ['~'] = URL
};

char *r307_slice_text(apr_pool_t *p, r307_slice_t slice)
{
    return slice.s ? apr_pstrmemdup(p, slice.s, slice.len) : NULL;
}

int r307_slice_same(r307_slice_t a, r307_slice_t b)
{
    if (!a.s || !b.s) {
        return !a.s && !b.s;
    }
    return a.len == b.len && memcmp(a.s, b.s, a.len) == 0;
}

void r307_buf_make(r307_buf_t *buf, apr_pool_t *p, size_t size)
{
    buf->p = p;
    buf->size = size < 16 ? 16 : size;
    buf->s = apr_palloc(p, buf->size);
    buf->s[0] = '\0';
    buf->len = 0;
}

void r307_buf_add(r307_buf_t *buf, const char *s, size_t len)
{
    if (len >= buf->size - buf->len) {
        size_t size = (buf->len + len) * 2 + 1;
        char *bigger = apr_palloc(buf->p, size);

        memcpy(bigger, buf->s, buf->len);
        buf->s = bigger;
        buf->size = size;
    }
    if (len) {
        memcpy(buf->s + buf->len, s, len);
    }
    buf->len += len;
    buf->s[buf->len] = '\0';
}

void r307_buf_puts(r307_buf_t *buf, const char *s)
{
    r307_buf_add(buf, s, strlen(s));
}

void r307_buf_putc(r307_buf_t *buf, char c)
{
    if (buf->len + 1 >= buf->size) {
        r307_buf_add(buf, &c, 1);
        return;
    }
    buf->s[buf->len++] = c;
    buf->s[buf->len] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int r307_text_hex2(const char *s, size_t len)
{
    int high, low;

    if (len < 2) {
        return -1;
    }
    high = hex_value(s[0]);
    low = hex_value(s[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static void add_code(r307_buf_t *buf, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    char code[3];

    code[0] = '%';
    code[1] = digits[(unsigned char)c >> 4];
    code[2] = digits[(unsigned char)c & 15];
    r307_buf_add(buf, code, 3);
}

static const unsigned land_classes[] = {
    [R307_LAND_PATH] = R307_IS_PATH,
    [R307_LAND_QUERY] = R307_IS_QUERY,
    [R307_LAND_VALUE] = R307_IS_VALUE,
    [R307_LAND_FRAGMENT] = R307_IS_QUERY        /* RFC 3986 3.5: the same set */
};

void r307_text_encode(r307_buf_t *buf, const char *s, size_t len, r307_land_t land,
                      r307_form_t form)
{
    size_t i, run = 0;

    for (i = 0; i < len; i++) {
        int stays = r307_text_is(s[i], land_classes[land])
            || (s[i] == '%' && form == R307_FORM_ENCODED
                && r307_text_hex2(s + i + 1, len - i - 1) >= 0);

        if (!stays) {
            r307_buf_add(buf, s + run, i - run);
            add_code(buf, s[i]);
            run = i + 1;
        }
    }
    if (run < len) {    /* s may be NULL: an absent slice */
        r307_buf_add(buf, s + run, len - run);
    }
}

r307_slice_t r307_text_decode(apr_pool_t *p, r307_slice_t raw, int plus)
{
    char *out;
    size_t i, n = 0;

    if (!raw.s || (!memchr(raw.s, '%', raw.len)
                   && !(plus && memchr(raw.s, '+', raw.len)))) {
        return raw;
    }
    out = apr_palloc(p, raw.len + 1);
    for (i = 0; i < raw.len; i++) {
        int byte = raw.s[i] == '%' ? r307_text_hex2(raw.s + i + 1, raw.len - i - 1) : -1;

        if (byte >= 0) {
            out[n++] = (char)byte;
            i += 2;
        }
        else {
            out[n++] = plus && raw.s[i] == '+' ? ' ' : raw.s[i];
        }
    }
    out[n] = '\0';
    return r307_slice(out, n);
}

int r307_text_same_fold(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t i;

    if (a_len != b_len) {
        return 0;
    }
    for (i = 0; i < a_len; i++) {
        if (r307_text_lower(a[i]) != r307_text_lower(b[i])) {
            return 0;
        }
    }
    return 1;
}

int r307_text_glob(r307_slice_t pattern, r307_slice_t text, int fold)
{
    size_t i = 0, j = 0, star = 0, mark = 0;
    int starred = 0;

    while (j < text.len) {
        char want = i < pattern.len ? pattern.s[i] : '\0';

        if (i < pattern.len && want == '*') {
            starred = 1;
            star = ++i;
            mark = j;
        }
        else if (i < pattern.len
                 && (want == '?' || want == text.s[j]
                     || (fold && r307_text_lower(want) == r307_text_lower(text.s[j])))) {
            i++;
            j++;
        }
        else if (starred) {
            i = star;
            j = ++mark;
        }
        else {
            return 0;
        }
    }
    while (i < pattern.len && pattern.s[i] == '*') {
        i++;
    }
    return i == pattern.len;
}

apr_int64_t r307_text_number(r307_slice_t text, apr_int64_t most)
{
    apr_int64_t value = 0;
    size_t i;

    if (!text.s || text.len == 0) {
        return -1;
    }
    for (i = 0; i < text.len; i++) {
        if (text.s[i] < '0' || text.s[i] > '9') {
            return -1;
        }
        value = value * 10 + (text.s[i] - '0');
        if (value > most) {
            return -1;
        }
    }
    return value;
}

/* Length of the UTF-8 sequence at s, RFC 3629 section 4; 0 when there is none. */
static size_t utf8_at(const unsigned char *s, size_t len)
{
    size_t need, i;
    unsigned char low = 0x80, high = 0xBF;

    if (s[0] < 0x80) {
        return 1;
    }
    if (s[0] < 0xC2 || s[0] > 0xF4) {
        return 0;
    }
    need = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (len < need) {
        return 0;
    }
    low = s[0] == 0xE0 ? 0xA0 : s[0] == 0xF0 ? 0x90 : low;
    high = s[0] == 0xED ? 0x9F : s[0] == 0xF4 ? 0x8F : high;
    if (s[1] < low || s[1] > high) {
        return 0;
    }
    for (i = 2; i < need; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return need;
}

int r307_text_is_utf8(const char *s, size_t len, size_t *bad_at)
{
    size_t i = 0;

    while (i < len) {
        size_t step = utf8_at((const unsigned char *)s + i, len - i);

        if (step == 0) {
            if (bad_at) {
                *bad_at = i;
            }
            return 0;
        }
        i += step;
    }
    return 1;
}

#define SHOW_MOST 200

static const char *show(apr_pool_t *p, const char *s, size_t len, size_t most)
{
    static const char digits[] = "0123456789abcdef";
    r307_buf_t buf;
    size_t i = 0;

    while (i < len && s[i] >= 0x20 && s[i] < 0x7F) {
        i++;
    }
    if (i == len && len < SHOW_MOST) {      /* as nearly always */
        return apr_pstrmemdup(p, s, len);
    }
    i = 0;
    r307_buf_make(&buf, p, 64);
    while (i < len && buf.len < most) {
        unsigned char c = (unsigned char)s[i];
        size_t step = utf8_at((const unsigned char *)s + i, len - i);

        /* C1 controls are two-byte sequences that terminals obey */
        if (c < 0x20 || c == 0x7F || step == 0
            || (c == 0xC2 && (unsigned char)s[i + 1] < 0xA0)) {
            char code[4] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

            r307_buf_add(&buf, code, 4);
            i++;
        }
        else {
            r307_buf_add(&buf, s + i, step);
            i += step;
        }
    }
    if (i < len) {
        r307_buf_puts(&buf, "...");
    }
    return buf.s;
}

const char *r307_text_show(apr_pool_t *p, const char *s, size_t len)
{
    return show(p, s, len, SHOW_MOST);
}

const char *r307_text_show_all(apr_pool_t *p, const char *s, size_t len)
{
    return show(p, s, len, APR_SIZE_MAX);
}

#define WORD_MOST 24

static int least(int a, int b)
{
    return a < b ? a : b;
}

int r307_text_distance(const char *a, const char *b)
{
    int rows[WORD_MOST + 1][WORD_MOST + 1];
    size_t a_len = strlen(a), b_len = strlen(b), i, j;

    if (a_len > WORD_MOST || b_len > WORD_MOST) {
        return WORD_MOST;
    }
    for (i = 0; i <= a_len; i++) {
        rows[i][0] = (int)i;
    }
    for (j = 0; j <= b_len; j++) {
        rows[0][j] = (int)j;
    }
    for (i = 1; i <= a_len; i++) {
        for (j = 1; j <= b_len; j++) {
            char x = r307_text_lower(a[i - 1]), y = r307_text_lower(b[j - 1]);
            int cost = rows[i - 1][j - 1] + (x != y);

            cost = least(cost, least(rows[i - 1][j], rows[i][j - 1]) + 1);
            if (i > 1 && j > 1 && x == r307_text_lower(b[j - 2])
                && r307_text_lower(a[i - 2]) == y) {
                cost = least(cost, rows[i - 2][j - 2] + 1);
            }
            rows[i][j] = cost;
        }
    }
    return rows[a_len][b_len];
}

const char *r307_text_digits(unsigned number, char *digits)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char *at = digits + R307_DIGITS_MOST;

    for (; number > 9999; number /= 10000) {
        unsigned low = number % 10000;

        at -= 4;
        memcpy(at, pairs + 2 * (low / 100), 2);
        memcpy(at + 2, pairs + 2 * (low % 100), 2);
    }
    if (number > 99) {
        at -= 2;
        memcpy(at, pairs + 2 * (number % 100), 2);
        number /= 100;
    }
    if (number < 10) {
        *--at = (char)('0' + number);
        return at;
    }
    return memcpy(at - 2, pairs + 2 * number, 2);
}
