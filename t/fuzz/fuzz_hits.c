/* SPDX-License-Identifier: Apache-2.0
 *
 * By the first byte: 'c', what a child that somebody took over may have written into the
 * table of hits; 'h', hits, and a byte of their file that is another one afterwards; else a
 * file. Whatever a table holds becomes a file that is read again; a file of which one byte
 * changed is what it was or what it was before; and nothing that a file says becomes a place
 * in memory or a number of no tenant.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/mman.h>
#endif
#include <apr_general.h>
#include <apr_pools.h>
#include "shared/hits_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define NOW   1800000000u
#define SEED  4711
#define LEAST 16        /* R307_IDENTITY_LEAST */
#define HIT   9         /* bytes of one in the input */

typedef struct trial_t {
    apr_pool_t *p;
    int fd;
    const uint8_t *data;
    size_t len;
} trial_t;

static void fail(const char *what)
{
    fprintf(stderr, "fuzz_hits: %s\n", what);
    abort();
}

static void check_table(const r307_hits_t *hits)
{
    unsigned i, reach = r307_hits_reach(hits);

    for (i = 0; i < reach; i++) {
        if (hits->cells[i].tenant >= R307_HITS_TENANTS
            || (hits->cells[i].id >= LEAST && hits->cells[i].last > NOW)) {
            fail("a file brought a tenant or a time that there is not");
        }
    }
}

/* Into a table of its own; how many hits there are then. */
static apr_uint64_t take(const trial_t *trial, const r307_hitsread_t *read)
{
    r307_hits_t *hits = r307_hits_make(trial->p, read->seed);
    r307_hitsum_t sum;

    r307_hits_file_take(hits, read, NOW);
    check_table(hits);
    r307_hits_sum(hits, NOW, &sum);
    if (sum.cells > read->cell_count) {
        fail("more rules than the file has");
    }
    return sum.all;
}

static apr_uint64_t write_and_take(const trial_t *trial, r307_hits_t *hits)
{
    r307_hitsread_t read;

    if (r307_hits_file_write(trial->p, hits, trial->fd) != 0
        || r307_hits_file_read(trial->p, trial->fd, &read) != R307_HITSFILE_FINE) {
        fail("what is written is not read");
    }
    return take(trial, &read);
}

/* --- a file --- */

static void try_file(const trial_t *trial)
{
    r307_hitsread_t read;

    if (pwrite(trial->fd, trial->data, trial->len, 0) != (ssize_t)trial->len) {
        fail("the file cannot be written");
    }
    switch (r307_hits_file_read(trial->p, trial->fd, &read)) {
    case R307_HITSFILE_EMPTY:
        if (trial->len) {
            fail("a file is empty that is not");
        }
        break;
    case R307_HITSFILE_FINE:
        take(trial, &read);
        break;
    case R307_HITSFILE_DAMAGED:
    case R307_HITSFILE_OLD:
        if (trial->len < 8 || memcmp(trial->data, "R307HIT", 7) != 0) {
            fail("a file is ours that is not");
        }
        break;
    case R307_HITSFILE_FOREIGN:
        break;
    }
}

/* --- hits --- */

static void hit_all(r307_hits_t *hits, const uint8_t *data, size_t len)
{
    for (; len >= HIT; data += HIT, len -= HIT) {
        r307_hitcell_t *cell;
        apr_uint64_t id;
        unsigned tenant = data[8] & 1 ? r307_hits_tenant(hits, data[8]) : 0;

        memcpy(&id, data, sizeof(id));
        cell = r307_hits_claim(hits, id < LEAST ? id + LEAST : id, tenant, NOW - data[8]);
        if (cell) {
            if (!r307_hits_is_in_month(hits, cell, NOW - data[8])) {
                r307_hits_begin_month(hits, cell, NOW - data[8]);
            }
            r307_hits_add(cell, NOW - data[8]);
            if (data[8] & 2) {
                r307_hits_add_own(cell);
            }
        }
    }
}

/* The first four bytes say which byte changes, and how. */
static void try_change(const trial_t *trial)
{
    r307_hits_t *hits = r307_hits_make(trial->p, SEED);
    apr_uint64_t before, now, later;
    r307_hitsread_t read;
    off_t at, size;
    uint8_t byte;

    if (trial->len < 4) {
        return;
    }
    hit_all(hits, trial->data + 4, (trial->len - 4) / 2);
    before = write_and_take(trial, hits);
    hit_all(hits, trial->data + 4, trial->len - 4);
    now = write_and_take(trial, hits);
    if (before > now) {
        fail("hits were lost");
    }
    size = lseek(trial->fd, 0, SEEK_END);
    at = (off_t)((trial->data[0] | trial->data[1] << 8 | trial->data[2] << 16) % size);
    if (pread(trial->fd, &byte, 1, at) != 1) {
        fail("the file is gone");
    }
    byte ^= trial->data[3];
    if (pwrite(trial->fd, &byte, 1, at) != 1
        || r307_hits_file_read(trial->p, trial->fd, &read) != R307_HITSFILE_FINE) {
        fail("one byte damaged both halves");
    }
    later = take(trial, &read);
    if (later != now && later != before) {
        fail("one byte made other hits");
    }
}

/* --- a child --- */

static void copy(void *to, size_t room, const trial_t *trial, size_t from)
{
    size_t left = trial->len > from ? trial->len - from : 0;

    memcpy(to, trial->data + (trial->len > from ? from : 0), left < room ? left : room);
}

static void try_child(const trial_t *trial)
{
    r307_hits_t *hits = r307_hits_make(trial->p, SEED);

    if (trial->len == 0) {
        return;
    }
    copy(hits->cells, 64 * sizeof(*hits->cells), trial, 0);
    copy(hits->tenants, 64 * sizeof(*hits->tenants), trial, trial->len / 2);
    copy(hits->head, sizeof(*hits->head), trial, trial->len / 3);
    hits->head->levels %= 3;    /* any more take the time of other inputs */
    (void)write_and_take(trial, hits);
    hits->head->pressed = hits->head->refused = 1;
    r307_hits_sweep(hits, trial->p, NOW);
    r307_hits_sweep(hits, trial->p, NOW + 3600);
    (void)write_and_take(trial, hits);
}

/* A file without a name, of memory where there are such. */
static int open_file(void)
{
#ifdef MFD_CLOEXEC
    return memfd_create("hits", MFD_CLOEXEC);
#else
    FILE *file = tmpfile();

    return file ? fileno(file) : -1;
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static apr_pool_t *root;
    static int fd;
    trial_t trial = { NULL, 0, data + 1, len - 1 };

    if (!root) {
        apr_initialize();
        atexit(apr_terminate);      /* what it holds is no leak */
        apr_pool_create(&root, NULL);
        fd = open_file();
        if (fd < 0) {
            fail("there is no room for a file");
        }
    }
    trial.fd = fd;
    if (ftruncate(trial.fd, 0) != 0) {
        fail("the file cannot be emptied");
    }
    apr_pool_create(&trial.p, root);
    if (len && data[0] == 'c') {
        try_child(&trial);
    }
    else if (len && data[0] == 'h') {
        try_change(&trial);
    }
    else {
        trial.data = data;
        trial.len = len;
        try_file(&trial);
    }
    apr_pool_destroy(trial.p);
    return 0;
}
