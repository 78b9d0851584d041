/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map_seen.h"

#include <stdlib.h>
#include <string.h>
#include <apr_strings.h>

#include "base/grown.h"
#include "base/hash.h"
#include "base/large.h"
#include "http/path.h"

/* Cells of 8 bytes. */
typedef struct cell_t {
    apr_uint32_t tag;           /* of the hash; 0: free */
    apr_uint32_t row;           /* of the rules that were added, or OTHER and of `others` */
} cell_t;

#define OTHER 0x80000000u       /* behind R307_RULES_MOST */

/* A row that says more than an added line does, with its texts behind each other. */
typedef struct other_t {
    const char *key;
    apr_uint32_t len, target_len, line, rest, stays;
} other_t;

struct r307_seen_t {
    apr_pool_t *p;
    const r307_image_builder_t *added;
    apr_uint64_t seed;
    cell_t *cells;
    size_t mask, count, room;
    r307_grown_t others;        /* of other_t */
};

static size_t cells_size(const r307_seen_t *seen)
{
    return (seen->mask + 1) * sizeof(*seen->cells);
}

static apr_status_t free_seen(void *data)
{
    r307_seen_t *seen = data;

    r307_large_free(seen->cells, cells_size(seen));
    r307_grown_free(&seen->others);
    return APR_SUCCESS;
}

/* Half as many cells again as rows, at least. */
static void make_table(r307_seen_t *seen)
{
    size_t cells = 2048;

    while (cells < seen->room * 3 / 2) {
        cells *= 2;
    }
    seen->mask = cells - 1;
    seen->cells = r307_large_make(cells_size(seen));
    if (!seen->cells) {
        abort();
    }
    memset(seen->cells, 0, cells_size(seen));
}

r307_seen_t *r307_seen_make(apr_pool_t *p, size_t room, const r307_image_builder_t *added,
                            apr_uint64_t seed)
{
    r307_seen_t *seen = apr_pcalloc(p, sizeof(*seen));

    seen->p = p;
    seen->added = added;
    seen->seed = seed;
    seen->room = room;
    apr_pool_cleanup_register(p, seen, free_seen, apr_pool_cleanup_null);
    make_table(seen);
    return seen;
}

static void read_row(const r307_seen_t *seen, apr_uint32_t number, r307_seen_row_t *row)
{
    const other_t *other;

    memset(row, 0, sizeof(*row));
    if (!(number & OTHER)) {
        r307_image_look(seen->added, number, &row->key, &row->target, &row->line);
        return;
    }
    other = (const other_t *)seen->others.at + (number & ~OTHER);
    row->key = r307_slice(other->key, other->len);
    row->target = r307_slice(other->key + other->len, other->target_len);
    row->line = other->line;
    row->rest = other->rest;
    row->stays = (int)other->stays;
}

/* The cell of that hash and text and its row, or the free one where it belongs. */
static cell_t *find_cell(const r307_seen_t *seen, apr_uint64_t h, r307_slice_t key,
                         r307_seen_row_t *row)
{
    apr_uint32_t tag = (apr_uint32_t)(h >> 32) | 1;
    size_t at = (size_t)h & seen->mask;

    for (; seen->cells[at].tag; at = (at + 1) & seen->mask) {
        if (seen->cells[at].tag == tag) {
            read_row(seen, seen->cells[at].row, row);
            if (r307_slice_same(row->key, key)) {
                break;
            }
        }
    }
    return &seen->cells[at];
}

static void put(r307_seen_t *seen, apr_uint64_t hash, r307_slice_t key, apr_uint32_t number)
{
    r307_seen_row_t row;
    cell_t *cell = find_cell(seen, hash, key, &row);

    cell->tag = (apr_uint32_t)(hash >> 32) | 1;
    cell->row = number;
}

static void grow(r307_seen_t *seen)
{
    cell_t *cells = seen->cells;
    size_t count = seen->mask + 1, size = cells_size(seen), i;

    seen->room *= 2;
    make_table(seen);
    for (i = 0; i < count; i++) {
        r307_seen_row_t row;

        if (cells[i].tag) {
            read_row(seen, cells[i].row, &row);
            put(seen, r307_hash_keyed(seen->seed, row.key.s, row.key.len), row.key,
                cells[i].row);
        }
    }
    r307_large_free(cells, size);
}

static void keep(r307_seen_t *seen, apr_uint64_t hash, r307_slice_t key, apr_uint32_t number)
{
    put(seen, hash, key, number);
    if (++seen->count == seen->room) {
        grow(seen);
    }
}

void r307_seen_fetch(const r307_seen_t *seen, apr_uint64_t hash)
{
    __builtin_prefetch(&seen->cells[(size_t)hash & seen->mask], 1);
}

const r307_seen_row_t *r307_seen_find(const r307_seen_t *seen, apr_uint64_t hash,
                                      r307_slice_t key, r307_seen_row_t *found)
{
    return find_cell(seen, hash, key, found)->tag ? found : NULL;
}

void r307_seen_keep(r307_seen_t *seen, apr_uint64_t hash, const r307_seen_row_t *from)
{
    char *text = apr_palloc(seen->p, from->key.len + from->target.len + 1);
    apr_uint32_t number = (apr_uint32_t)(seen->others.len / sizeof(other_t));
    other_t *other = r307_grown_more(&seen->others, sizeof(*other));

    memcpy(text, from->key.s, from->key.len);
    memcpy(text + from->key.len, from->target.s, from->target.len);
    other->key = text;
    other->len = (apr_uint32_t)from->key.len;
    other->target_len = (apr_uint32_t)from->target.len;
    other->line = from->line;
    other->rest = (apr_uint32_t)from->rest;
    other->stays = from->stays != 0;
    keep(seen, hash, r307_slice(text, from->key.len), OTHER | number);
}

void r307_seen_keep_added(r307_seen_t *seen, apr_uint64_t hash, r307_slice_t key)
{
    keep(seen, hash, key, r307_image_added(seen->added) - 1);
}

r307_slice_t r307_seen_key(apr_pool_t *p, const char *source, int way)
{
    size_t n = strcspn(source, "?");
    const r307_path_t *path;
    r307_buf_t buf;

    r307_buf_make(&buf, p, strlen(source) + 4);
    if (way) {
        r307_buf_putc(&buf, (char)way);     /* begins no source */
    }
    if (source[0] != '/' || memchr(source, '*', n) || strstr(source, "/:")) {
        r307_buf_puts(&buf, source);
        return r307_slice(buf.s, buf.len);
    }
    path = r307_path_make(p, r307_slice(source, n));
    r307_buf_add(&buf, path->dec, path->len);
    if (source[n]) {        /* a "?" of the path was decoded, too */
        r307_buf_putc(&buf, '\n');
        r307_buf_puts(&buf, source + n);
    }
    return r307_slice(buf.s, buf.len);
}
