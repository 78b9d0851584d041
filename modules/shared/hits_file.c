/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/hits_file.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/hash.h"

#define MAGIC "R307HIT2"
#define OLD_MAGIC "R307HITS"
#define ORDER 0x01020304u
#define LEAST 16u               /* below are the values of id that are none */

typedef struct head_t {
    char magic[8];
    apr_uint32_t order, cell_size;
    apr_uint64_t seed, serial;
    apr_uint64_t cells, tenants;
    apr_uint64_t sum;  /* of all bytes behind the head, and of the head with 0 here */
} head_t;

typedef struct stream_t {
    int fd;
    unsigned half;
    apr_uint64_t at;            /* bytes of the half */
    apr_uint64_t sum;
    char *stripe;               /* of R307_HITS_STRIPE bytes */
    size_t filled;              /* of it, to be written */
} stream_t;

static off_t place_of(const stream_t *stream, apr_uint64_t at)
{
    return (off_t)((at / R307_HITS_STRIPE * 2 + stream->half) * R307_HITS_STRIPE
                   + at % R307_HITS_STRIPE);
}

static apr_uint64_t add_sum(apr_uint64_t sum, const void *bytes, size_t len)
{
    return r307_hash_step(sum, r307_hash_keyed(R307_HASH_OPEN, bytes, len),
                          R307_HASH_OPEN);
}

static apr_uint64_t sum_with(const head_t *head, apr_uint64_t sum)
{
    head_t copy = *head;

    copy.sum = 0;
    return add_sum(sum, &copy, sizeof(copy));
}

/* --- reading --- */

static int read_at(int fd, void *bytes, size_t len, off_t at)
{
    while (len) {
        ssize_t got = pread(fd, bytes, len, at);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return 0;
        }
        bytes = (char *)bytes + got;
        len -= (size_t)got;
        at += got;
    }
    return 1;
}

/* The bytes behind those that were read, and their sum by pieces as they were written. */
static int read_on(stream_t *stream, void *bytes, apr_uint64_t len)
{
    char *to = bytes;

    while (len) {
        size_t left = (size_t)(R307_HITS_STRIPE - stream->at % R307_HITS_STRIPE);
        size_t piece = len < left ? (size_t)len : left;

        if (!read_at(stream->fd, to, piece, place_of(stream, stream->at))) {
            return 0;
        }
        stream->sum = add_sum(stream->sum, to, piece);
        stream->at += piece;
        to += piece;
        len -= piece;
    }
    return 1;
}

static int is_head(const head_t *head)
{
    return memcmp(head->magic, MAGIC, sizeof(head->magic)) == 0;
}

static int read_half(apr_pool_t *p, int fd, unsigned half, r307_hitsread_t *read)
{
    stream_t stream = { fd, half, sizeof(head_t), 0, NULL, 0 };
    head_t head;

    if (!read_at(fd, &head, sizeof(head), place_of(&stream, 0)) || !is_head(&head)
        || head.order != ORDER || head.cell_size != sizeof(r307_hitcell_t)
        || head.cells > R307_HITS_CELLS || head.tenants >= R307_HITS_TENANTS) {
        return 0;
    }
    read->seed = head.seed;
    read->serial = head.serial;
    read->cell_count = (apr_uint32_t)head.cells;
    read->tenant_count = (apr_uint32_t)head.tenants;
    read->cells = apr_palloc(p, (size_t)(head.cells + 1) * sizeof(*read->cells));
    read->tenants = apr_palloc(p, (size_t)(head.tenants + 1) * sizeof(*read->tenants));
    return read_on(&stream, read->cells, head.cells * sizeof(*read->cells))
        && read_on(&stream, read->tenants, head.tenants * sizeof(*read->tenants))
        && sum_with(&head, stream.sum) == head.sum;
}

/* Whether a half begins with that word. */
static int begins(int fd, unsigned half, const char *magic)
{
    stream_t stream = { fd, half, 0, 0, NULL, 0 };
    head_t head;

    return read_at(fd, head.magic, sizeof(head.magic), place_of(&stream, 0))
        && memcmp(head.magic, magic, sizeof(head.magic)) == 0;
}

/* Which kind of file it is that has no half to be read. */
static r307_hitsfile_t kind_of(int fd)
{
    return begins(fd, 0, MAGIC) || begins(fd, 1, MAGIC) ? R307_HITSFILE_DAMAGED
         : begins(fd, 0, OLD_MAGIC) || begins(fd, 1, OLD_MAGIC) ? R307_HITSFILE_OLD
         : R307_HITSFILE_FOREIGN;
}

r307_hitsfile_t r307_hits_file_read(apr_pool_t *p, int fd, r307_hitsread_t *read)
{
    r307_hitsread_t halves[2];
    int fine[2];
    char byte;
    unsigned i;

    if (pread(fd, &byte, 1, 0) == 0) {
        return R307_HITSFILE_EMPTY;
    }
    for (i = 0; i < 2; i++) {
        fine[i] = read_half(p, fd, i, &halves[i]);
    }
    if (!fine[0] && !fine[1]) {
        return kind_of(fd);
    }
    *read = halves[fine[1] && (!fine[0] || halves[1].serial > halves[0].serial)];
    return R307_HITSFILE_FINE;
}

/* --- into a table --- */

static void take_cell(r307_hits_t *hits, const r307_hitcell_t *from, unsigned tenant,
                      apr_uint32_t second)
{
    r307_hitcell_t *cell = r307_hits_claim(hits, from->id, tenant, second);

    if (!cell) {
        return;
    }
    cell->counts += from->counts;
    cell->month = from->month;
    cell->last = from->last < second ? from->last : second;
    cell->first = from->first < cell->first ? from->first : cell->first;
}

void r307_hits_file_take(r307_hits_t *hits, const r307_hitsread_t *read,
                         apr_uint32_t second)
{
    apr_uint32_t i;

    for (i = 0; i < read->cell_count; i++) {
        const r307_hitcell_t *from = &read->cells[i];
        unsigned tenant = 0;

        if (from->id < LEAST || from->tenant > read->tenant_count) {
            continue;
        }
        if (from->tenant) {
            tenant = r307_hits_tenant(hits, read->tenants[from->tenant - 1]);
        }
        take_cell(hits, from, tenant, second);
    }
    hits->head->serial = read->serial;
}

/* --- writing --- */

static int write_at(int fd, const void *bytes, size_t len, off_t at)
{
    while (len) {
        ssize_t put = pwrite(fd, bytes, len, at);

        if (put < 0 && errno != EINTR) {
            return errno;
        }
        if (put > 0) {
            bytes = (const char *)bytes + put;
            len -= (size_t)put;
            at += put;
        }
    }
    return 0;
}

/* The sum goes by the pieces that are read in one: up to the end of a stripe, or of
 * what is of one kind. */
static int flush(stream_t *stream)
{
    int bad = write_at(stream->fd, stream->stripe, stream->filled,
                       place_of(stream, stream->at));

    if (stream->filled) {
        stream->sum = add_sum(stream->sum, stream->stripe, stream->filled);
    }
    stream->at += stream->filled;
    stream->filled = 0;
    return bad;
}

static int put(stream_t *stream, const void *bytes, size_t len)
{
    const char *from = bytes;
    int bad = 0;

    while (len && !bad) {
        size_t room = (size_t)(R307_HITS_STRIPE
                               - (stream->at + stream->filled) % R307_HITS_STRIPE);
        size_t piece = len < room ? len : room;

        memcpy(stream->stripe + stream->filled, from, piece);
        stream->filled += piece;
        from += piece;
        len -= piece;
        bad = piece == room ? flush(stream) : 0;
    }
    return bad;
}

/* The cell as it is now; 0: it has none. */
static int copy_cell(const r307_hitcell_t *from, r307_hitcell_t *to)
{
    to->id = __atomic_load_n(&from->id, __ATOMIC_ACQUIRE);
    to->counts = __atomic_load_n(&from->counts, __ATOMIC_RELAXED);
    to->month = __atomic_load_n(&from->month, __ATOMIC_RELAXED);
    to->last = __atomic_load_n(&from->last, __ATOMIC_RELAXED);
    to->first = __atomic_load_n(&from->first, __ATOMIC_RELAXED);
    to->tenant = (apr_uint16_t)r307_hits_tenant_of(from);
    return to->id >= LEAST;
}

/* Tenants are numbered anew, from 1, in the order they are met. */
static int put_cells(stream_t *stream, const r307_hits_t *hits, apr_uint16_t *numbers,
                     apr_uint64_t *keys, head_t *head)
{
    unsigned reach = r307_hits_reach(hits), i;
    r307_hitcell_t cell;
    int bad = 0;

    for (i = 0; i < reach && !bad; i++) {
        if (!copy_cell(&hits->cells[i], &cell)) {
            continue;
        }
        if (cell.tenant && !numbers[cell.tenant]) {
            keys[head->tenants] = hits->tenants[cell.tenant].key;
            numbers[cell.tenant] = (apr_uint16_t)++head->tenants;
        }
        cell.tenant = numbers[cell.tenant];
        head->cells++;
        bad = put(stream, &cell, sizeof(cell));
    }
    return bad ? bad : flush(stream);
}

int r307_hits_file_write(apr_pool_t *p, r307_hits_t *hits, int fd)
{
    apr_uint64_t serial = hits->head->serial + 1;
    stream_t stream = { fd, (unsigned)(serial & 1), sizeof(head_t), 0,
                        apr_palloc(p, R307_HITS_STRIPE), 0 };
    apr_uint16_t *numbers = apr_pcalloc(p, R307_HITS_TENANTS * sizeof(*numbers));
    apr_uint64_t *keys = apr_pcalloc(p, R307_HITS_TENANTS * sizeof(*keys));
    head_t head;
    int bad;

    memset(&head, 0, sizeof(head));
    memcpy(head.magic, MAGIC, sizeof(head.magic));
    head.order = ORDER;
    head.cell_size = sizeof(r307_hitcell_t);
    head.seed = hits->head->seed;
    head.serial = serial;
    bad = put_cells(&stream, hits, numbers, keys, &head);
    bad = bad ? bad : put(&stream, keys, (size_t)head.tenants * sizeof(*keys));
    bad = bad ? bad : flush(&stream);
    if (bad) {
        return bad;
    }
    head.sum = sum_with(&head, stream.sum);
    hits->head->serial = serial;
    return write_at(fd, &head, sizeof(head), place_of(&stream, 0));
}
