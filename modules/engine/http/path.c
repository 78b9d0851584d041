/* SPDX-License-Identifier: Apache-2.0 */
#include "http/path.h"
#include "base/hash.h"

#include <string.h>

int r307_path_split(const char *target, r307_slice_t *path, r307_slice_t *query)
{
    size_t n;

    if (target[0] != '/') {
        const char *authority = strstr(target, "://");

        if (!authority || strcspn(target, "/?#") < (size_t)(authority - target)) {
            return 0;
        }
        target = authority + 3;
        target += strcspn(target, "/?#");
    }
    n = strcspn(target, "?#");
    *path = n ? r307_slice(target, n) : r307_slice("/", 1);
    *query = r307_slice(NULL, 0);
    if (target[n] == '?') {
        *query = r307_slice(target + n + 1, strcspn(target + n + 1, "#"));
    }
    return 1;
}

/* The byte at s, decoded if it is a percent code; *step is how long it is. -1 at the end. */
static int decoded_at(const char *s, size_t len, size_t *step)
{
    int byte = len && *s == '%' ? r307_text_hex2(s + 1, len - 1) : -1;

    *step = byte < 0 ? 1 : 3;
    return len == 0 ? -1 : byte < 0 ? (unsigned char)*s : byte;
}

/* Whether s is "%2F", or a "%25" behind which decoding leaves "2F" (or "252F", and so on):
 * decoding its first code too would make two different paths look the same. */
static int is_kept(const char *s, size_t len)
{
    size_t step;
    int byte = decoded_at(s, len, &step);

    if (byte != '%') {
        return byte == '/';
    }
    for (;;) {
        s += step;
        len -= step;
        if (decoded_at(s, len, &step) != '2') {
            return 0;
        }
        s += step;
        len -= step;
        byte = decoded_at(s, len, &step);
        if (byte != '5') {
            return byte == 'F' || byte == 'f';
        }
    }
}

typedef struct maker_t {
    char *dec, *enc;
    apr_uint32_t *at;
    size_t n, enc_n;
} maker_t;

static void put(maker_t *m, char byte, const char *came, size_t len)
{
    m->at[m->n] = (apr_uint32_t)m->enc_n;
    m->dec[m->n++] = byte;
    memcpy(m->enc + m->enc_n, came, len);
    m->enc_n += len;
}

/* A '/' or the end was reached: takes back a segment that is "." or "..". */
static void close_segment(maker_t *m)
{
    size_t from = m->n;

    while (m->dec[from - 1] != '/') {
        from--;
    }
    if (m->n - from == 2 && memcmp(m->dec + from, "..", 2) == 0) {
        from -= from > 1;
        while (m->dec[from - 1] != '/') {
            from--;
        }
    }
    else if (m->n - from != 1 || m->dec[from] != '.') {
        return;
    }
    m->n = from;
    m->enc_n = m->at[from - 1] + 1;
}

#define ONES    0x0101010101010101ull
#define HIGHS   0x8080808080808080ull
#define SLASHES (ONES * '/')

/* The high bit of each byte says that it is plain: it is ASCII and none of "!#%'", of which two
 * may not mean themselves, and no '/' in front of another one or of a dot. (Of eight ASCII
 * bytes each one and 0x7f is less than 256, so none has a part in what is said of another;
 * where one is not, it is told by its own bit, whatever is said of others.) */
static inline apr_uint64_t plain(apr_uint64_t word)
{
    apr_uint64_t odd = ((word & ~(ONES * 6)) ^ (ONES * 0x21)) + ~HIGHS;
    apr_uint64_t slash = (word ^ SLASHES) + ~HIGHS;
    apr_uint64_t next = ((word >> 8 | ONES) ^ SLASHES) + ~HIGHS;    /* '.' differs in that bit */

    return odd & (slash | next) & ~word;
}

/* Eight bytes at once, of which the last is the first of the next eight; and the last eight,
 * whichever of them are looked at then. */
int r307_path_is_plain(r307_slice_t path)
{
    size_t at, last = path.len - R307_HASH_WORD;
    apr_uint64_t all;

    if (path.len < R307_HASH_WORD) {
        return (plain(r307_hash_word(path.s, path.len, 0)) & HIGHS) == HIGHS;
    }
    all = plain(r307_hash_word(path.s, R307_HASH_WORD, 0))
          & plain(r307_hash_word(path.s + last, R307_HASH_WORD, 0)) & HIGHS;
    for (at = R307_HASH_WORD - 1; at < last && all == HIGHS; at += R307_HASH_WORD - 1) {
        all &= plain(r307_hash_word(path.s + at, R307_HASH_WORD, 0));
    }
    return all == HIGHS;
}

int r307_path_is_normal(r307_slice_t raw)
{
    size_t i;

    if (raw.len == 0 || raw.s[0] != '/') {
        return 0;
    }
    if (r307_path_is_plain(raw)) {
        return 1;
    }
    for (i = 1; i < raw.len; i++) {
        char c = raw.s[i];

        if (c == '%' || ((c == '/' || c == '.') && raw.s[i - 1] == '/')) {
            return 0;
        }
    }
    return 1;
}

const r307_path_t *r307_path_normal(apr_pool_t *p, r307_slice_t raw)
{
    r307_path_t *path = apr_palloc(p, sizeof(*path));

    path->dec = path->enc = raw.s;
    path->len = path->enc_len = raw.len;
    path->at = NULL;
    return path;
}

const r307_path_t *r307_path_make(apr_pool_t *p, r307_slice_t raw)
{
    r307_path_t *path;
    maker_t m;
    size_t i = 0;

    if (r307_path_is_normal(raw)) {
        return r307_path_normal(p, r307_slice(r307_slice_text(p, raw), raw.len));
    }
    path = apr_palloc(p, sizeof(*path));
    m.dec = apr_palloc(p, raw.len + 2);
    m.enc = apr_palloc(p, raw.len + 2);
    m.at = apr_palloc(p, (raw.len + 2) * sizeof(*m.at));
    m.n = m.enc_n = 0;
    put(&m, '/', "/", 1);
    while (i < raw.len) {
        const char *s = raw.s + i;
        int byte = *s == '%' ? r307_text_hex2(s + 1, raw.len - i - 1) : -1;

        if (*s == '/') {
            close_segment(&m);
            if (m.dec[m.n - 1] != '/') {
                put(&m, '/', s, 1);
            }
            i++;
        }
        else if (byte < 0) {
            put(&m, *s, s, 1);
            i++;
        }
        else if (!is_kept(s, raw.len - i)) {
            put(&m, (char)byte, s, 3);
            i += 3;
        }
        else {
            /* the letter of the code is folded, as "%2f" and "%2F" are one byte */
            put(&m, '%', s, 1);
            put(&m, s[1], s + 1, 1);
            put(&m, s[2] == 'f' ? 'F' : s[2], s + 2, 1);
            i += 3;
        }
    }
    close_segment(&m);
    m.dec[m.n] = m.enc[m.enc_n] = '\0';
    m.at[m.n] = (apr_uint32_t)m.enc_n;
    path->dec = m.dec;
    path->len = m.n;
    path->enc = m.enc;
    path->enc_len = m.enc_n;
    path->at = m.n == m.enc_n ? NULL : m.at;
    return path;
}

const r307_path_t *r307_path_take(apr_pool_t *p, r307_slice_t raw)
{
    return r307_path_is_normal(raw) ? r307_path_normal(p, raw) : r307_path_make(p, raw);
}

int r307_path_is(apr_pool_t *p, const r307_path_t *path, r307_slice_t raw)
{
    if (!r307_path_is_normal(raw)) {
        const r307_path_t *made = r307_path_make(p, raw);

        raw = r307_slice(made->dec, made->len);
    }
    return raw.len == path->len && memcmp(raw.s, path->dec, raw.len) == 0;
}

r307_slice_t r307_path_came(const r307_path_t *path, size_t from, size_t to)
{
    if (path->at) {
        from = path->at[from];
        to = path->at[to];
    }
    return r307_slice(path->enc + from, to - from);
}

const r307_path_t *r307_path_with_slash(apr_pool_t *p, const r307_path_t *path)
{
    char *enc;

    if (path->dec[path->len - 1] == '/') {
        return path;
    }
    enc = apr_palloc(p, path->enc_len + 1);
    memcpy(enc, path->enc, path->enc_len);
    enc[path->enc_len] = '/';
    return r307_path_make(p, r307_slice(enc, path->enc_len + 1));
}

int r307_path_lies_below(const char *path, size_t len, const char *head, size_t head_len,
                         int fold)
{
    if (len < head_len
        || (fold ? !r307_text_same_fold(path, head_len, head, head_len)
                 : memcmp(path, head, head_len) != 0)) {
        return 0;
    }
    return len == head_len || head_len == 0 || head[head_len - 1] == '/'
        || path[head_len] == '/';
}
