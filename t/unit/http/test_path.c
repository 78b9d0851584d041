/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <apr_strings.h>
#include <apr_hash.h>
#include "unit.h"

static r307_slice_t optional(const unit_row_t *row, const char *column)
{
    return unit_absent(row, column) ? r307_slice(NULL, 0) : unit_slice(row, column);
}

/* at[] leads from every decoded byte to the bytes it came from, in order. */
static const char *check_map(apr_pool_t *p, const r307_path_t *path)
{
    size_t i;

    if (path->dec[path->len] != '\0' || path->dec[0] != '/') {
        return "dec has no '/' in front or no NUL behind";
    }
    if (!path->at) {
        /* "%2f" is "%2F" decoded, byte by byte */
        return path->len == path->enc_len
               && r307_text_same_fold(path->dec, path->len, path->enc, path->enc_len)
                   ? NULL : "no map, but enc and dec differ";
    }
    if (path->at[path->len] != path->enc_len) {
        return "at[len] is not enc_len";
    }
    for (i = 0; i < path->len; i++) {
        r307_slice_t came = r307_path_came(path, i, i + 1), dec;

        if (path->at[i] >= path->at[i + 1]
            || came.s != path->enc + path->at[i]
            || came.len != path->at[i + 1] - path->at[i]) {
            /* the three bytes of a kept code may share its first place */
            if (path->at[i] <= path->at[i + 1]) {
                continue;
            }
            return "the map runs backwards";
        }
        dec = r307_text_decode(p, came, 0);
        if (came.len == 3 && (dec.len != 1 || *dec.s != path->dec[i])
            && memcmp(came.s, "%25", 3) && path->dec[i] != '%') {
            return "a byte came from another one";
        }
    }
    return NULL;
}

static void check_row(apr_pool_t *p, const unit_row_t *row)
{
    r307_slice_t raw, query, whole;
    const r307_path_t *path;
    const char *why;
    int found = r307_path_split(unit_text(row, "target"), &raw, &query);

    if (unit_absent(row, "decoded")) {
        unit_row_same(row, "path", found ? "one" : "none", "none");
        return;
    }
    if (!found) {
        unit_row_fail(row, "path", "none", unit_text(row, "decoded"));
        return;
    }
    path = r307_path_make(p, raw);
    unit_row_same_slice(row, "decoded", r307_slice(path->dec, path->len),
                        unit_slice(row, "decoded"));
    unit_row_same_slice(row, "encoded", r307_slice(path->enc, path->enc_len),
                        unit_slice(row, "encoded"));
    unit_row_same_slice(row, "query", query, optional(row, "query"));
    whole = r307_path_came(path, 0, path->len);
    unit_row_same_slice(row, "came", whole, unit_slice(row, "encoded"));
    why = check_map(p, path);
    if (why) {
        unit_row_fail(row, "map", why, "a map back");
    }
    path = r307_path_make(p, r307_slice(path->enc, path->enc_len));
    unit_row_same_slice(row, "normalised twice", r307_slice(path->dec, path->len),
                        unit_slice(row, "decoded"));
}

START_TEST(path_rows)
{
    apr_pool_t *p = unit_pool();
    unit_table_t *table = unit_table_load(p, "path.tsv", 110);
    int i;

    for (i = 0; i < table->count; i++) {
        unit_row_begin(&table->rows[i]);
        check_row(p, &table->rows[i]);
    }
    unit_table_end(table);
    apr_pool_destroy(p);
}
END_TEST

/* A request's meaning: every percent code decoded to one of 256 bytes, but %2F to a byte
 * of its own. Written as hex digits, '-' for %2F. */
static const char *meaning(apr_pool_t *p, const char *raw)
{
    r307_buf_t buf;

    r307_buf_make(&buf, p, 64);
    for (; *raw; raw++) {
        int byte = *raw == '%' ? r307_text_hex2(raw + 1, strlen(raw + 1)) : -1;

        if (byte == '/') {
            r307_buf_puts(&buf, "-");
        }
        else {
            char *hex = apr_psprintf(p, "%02x", byte < 0 ? (unsigned char)*raw
                                                          : (unsigned)byte);
            r307_buf_puts(&buf, hex);
        }
        raw += byte < 0 ? 0 : 2;
    }
    r307_buf_putc(&buf, '\0');
    return buf.s;
}

/* Two requests that mean different paths never have one decoded form: all paths of up to
 * five pieces out of those that could be mistaken for each other. */
START_TEST(path_injective)
{
    static const char *const pieces[] = { "%25", "%2F", "%2f", "2", "F", "%32", "%46" };
    apr_pool_t *p = unit_pool();
    apr_hash_t *seen = apr_hash_make(p);
    int i, k, rest, clashes = 0;

    for (i = 0; i < 7 * 7 * 7 * 7 * 7; i++) {
        char raw[32] = "/";
        const r307_path_t *path;
        const char *means, *other;

        for (k = 0, rest = i; k < 5; k++, rest /= 7) {
            strcat(raw, pieces[rest % 7]);
        }
        path = r307_path_make(p, r307_slice(raw, strlen(raw)));
        means = meaning(p, raw);
        other = apr_hash_get(seen, path->dec, (apr_ssize_t)path->len);
        if (other && strcmp(other, means) && clashes++ < 5) {
            printf("path: %s and another path have one decoded form %s\n", raw,
                   path->dec);
            fflush(stdout);
        }
        apr_hash_set(seen, apr_pstrdup(p, path->dec), (apr_ssize_t)path->len, means);
        unit_rows_add(1);
    }
    ck_assert_msg(!clashes, "%d paths share their decoded form", clashes);
    apr_pool_destroy(p);
}
END_TEST

START_TEST(path_below)
{
    static const struct {
        const char *path, *head;
        int fold, want;
    } rows[] = {
        { "/a", "/a", 0, 1 },       { "/a/b", "/a", 0, 1 },   { "/ab", "/a", 0, 0 },
        { "/a", "/a/", 0, 0 },      { "/a/", "/a/", 0, 1 },   { "/a/b", "/a/", 0, 1 },
        { "/a", "/", 0, 1 },        { "/", "/", 0, 1 },       { "/a", "", 0, 1 },
        { "/A/b", "/a", 0, 0 },     { "/A/b", "/a", 1, 1 },   { "/", "/a", 0, 0 },
        { "/a%2Fb", "/a", 0, 0 },   { "/b/a", "/a", 0, 0 },   { "/a/b", "/a/b/c", 0, 0 }
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int got = r307_path_below(rows[i].path, strlen(rows[i].path), rows[i].head,
                                  strlen(rows[i].head), rows[i].fold);

        unit_rows_add(1);
        ck_assert_msg(!got == !rows[i].want, "%s below %s: got %d", rows[i].path,
                      rows[i].head, got);
    }
}
END_TEST

START_TEST(path_with_slash)
{
    static const char *const rows[][3] = {
        { "/", "/", "/" }, { "/a", "/a/", "/a/" }, { "/a/", "/a/", "/a/" },
        { "/a%20b", "/a b/", "/a%20b/" }, { "/a%2f", "/a%2F/", "/a%2f/" }
    };
    apr_pool_t *p = unit_pool();
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const r307_path_t *path = r307_path_make(p, r307_slice(rows[i][0],
                                                               strlen(rows[i][0])));

        path = r307_path_with_slash(p, path);
        unit_rows_add(1);
        ck_assert_str_eq(path->dec, rows[i][1]);
        ck_assert_uint_eq(path->len, strlen(rows[i][1]));
        ck_assert_uint_eq(path->enc_len, strlen(rows[i][2]));
        ck_assert_int_eq(memcmp(path->enc, rows[i][2], path->enc_len), 0);
        ck_assert_ptr_eq(check_map(p, path), NULL);
    }
    apr_pool_destroy(p);
}
END_TEST

TCase *path_cases(void)
{
    TCase *tcase = tcase_create("path");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, path_rows);
    tcase_add_test(tcase, path_injective);
    tcase_add_test(tcase, path_below);
    tcase_add_test(tcase, path_with_slash);
    return tcase;
}
