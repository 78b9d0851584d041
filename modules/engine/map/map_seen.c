/* SPDX-License-Identifier: Apache-2.0 */
#include "map/map_seen.h"

#include <string.h>
#include <apr_strings.h>

#include "base/hash.h"
#include "http/path.h"

/* Cells of 8 bytes. */
typedef struct cell_t {
    apr_uint32_t tag;           /* of the hash; 0: free */
    apr_uint32_t row;
} cell_t;

typedef struct row_t {
    const char *key;
    apr_uint32_t len, line;
    apr_uint32_t target, target_len;    /* behind the key's beginning */
    apr_uint32_t rest;
    apr_uint32_t stays;
} row_t;

struct r307_seen_t {
    apr_pool_t *p;
    r307_slice_t file;
    apr_uint64_t seed;
    cell_t *cells;
    size_t mask;
    row_t *rows;
    size_t count, room;
};

/* Half as many cells again as rows, at least. */
static void make_table(r307_seen_t *seen)
{
    size_t cells = 2048;

    while (cells < seen->room * 3 / 2) {
        cells *= 2;
    }
    seen->cells = apr_pcalloc(seen->p, cells * sizeof(*seen->cells));
    seen->mask = cells - 1;
}

r307_seen_t *r307_seen_make(apr_pool_t *p, size_t room, r307_slice_t file,
                            apr_uint64_t seed)
{
    r307_seen_t *seen = apr_pcalloc(p, sizeof(*seen));

    seen->p = p;
    seen->file = file;
    seen->seed = seed;
    seen->room = room;
    seen->rows = apr_palloc(p, room * sizeof(*seen->rows));
    make_table(seen);
    return seen;
}

/* The cell of that hash and text, or the free one where it belongs. */
static cell_t *find_cell(const r307_seen_t *seen, apr_uint64_t h, const char *s, size_t len)
{
    apr_uint32_t tag = (apr_uint32_t)(h >> 32) | 1;
    size_t at = (size_t)h & seen->mask;

    while (seen->cells[at].tag) {
        const row_t *row = &seen->rows[seen->cells[at].row];

        if (seen->cells[at].tag == tag && row->len == len
            && memcmp(row->key, s, len) == 0) {
            break;
        }
        at = (at + 1) & seen->mask;
    }
    return &seen->cells[at];
}

static void grow(r307_seen_t *seen)
{
    row_t *rows = apr_palloc(seen->p, seen->room * 2 * sizeof(*rows));
    size_t i;

    memcpy(rows, seen->rows, seen->count * sizeof(*rows));
    seen->rows = rows;
    seen->room *= 2;
    make_table(seen);
    for (i = 0; i < seen->count; i++) {
        apr_uint64_t h = r307_hash_keyed(seen->seed, rows[i].key, rows[i].len);
        cell_t *cell = find_cell(seen, h, rows[i].key, rows[i].len);

        cell->tag = (apr_uint32_t)(h >> 32) | 1;
        cell->row = (apr_uint32_t)i;
    }
}

void r307_seen_fetch(const r307_seen_t *seen, apr_uint64_t hash)
{
    __builtin_prefetch(&seen->cells[(size_t)hash & seen->mask], 1);
}

const r307_seen_row_t *r307_seen_find(const r307_seen_t *seen, apr_uint64_t hash,
                                      r307_slice_t key, r307_seen_row_t *found)
{
    const cell_t *cell = find_cell(seen, hash, key.s, key.len);
    const row_t *row = &seen->rows[cell->row];

    if (!cell->tag) {
        return NULL;
    }
    found->key = r307_slice(row->key, row->len);
    found->target = r307_slice(row->key + row->target, row->target_len);
    found->line = row->line;
    found->rest = row->rest;
    found->stays = (int)row->stays;
    return found;
}

static int is_in_file(const r307_seen_t *seen, const char *s)
{
    return s >= seen->file.s && s < seen->file.s + seen->file.len;
}

void r307_seen_keep(r307_seen_t *seen, apr_uint64_t hash, const r307_seen_row_t *from)
{
    cell_t *cell = find_cell(seen, hash, from->key.s, from->key.len);
    row_t *row = &seen->rows[seen->count];

    row->key = from->key.s;
    row->target = (apr_uint32_t)(from->target.s - from->key.s);
    if (!is_in_file(seen, from->key.s) || !is_in_file(seen, from->target.s)) {
        char *copy = apr_palloc(seen->p, from->key.len + from->target.len + 1);

        memcpy(copy, from->key.s, from->key.len);
        memcpy(copy + from->key.len, from->target.s, from->target.len);
        row->key = copy;
        row->target = (apr_uint32_t)from->key.len;
    }
    row->len = (apr_uint32_t)from->key.len;
    row->line = from->line;
    row->target_len = (apr_uint32_t)from->target.len;
    row->rest = (apr_uint32_t)from->rest;
    row->stays = from->stays != 0;
    cell->tag = (apr_uint32_t)(hash >> 32) | 1;
    cell->row = (apr_uint32_t)seen->count++;
    if (seen->count == seen->room) {
        grow(seen);
    }
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
