/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/htaccess_taken.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <http_log.h>
#include "base/hash.h"
#include "file/open_below.h"
#include "httpd/log_once.h"

APLOG_USE_MODULE(redirect307);

#define USED_APART APR_USEC_PER_SEC
#define MOVED_APART (APR_USEC_PER_SEC / 20)
#define LOCAL_MOST (6 * 1024 * 1024)    /* bytes that a process keeps of what it has taken */
#define VIEWS_MOST 96           /* runs that it keeps open beyond their requests */

static void lock(r307_htshare_t *share)
{
    if (share->lock) {
        apr_thread_mutex_lock(share->lock);
    }
}

/* Who reads nothing says so, as an idle process must not keep anything from being freed. */
static void unlock(r307_htshare_t *share)
{
    if (!__atomic_load_n(&share->reading, __ATOMIC_SEQ_CST)) {
        r307_arena_rest(share->arena);
    }
    if (share->lock) {
        apr_thread_mutex_unlock(share->lock);
    }
}

static unsigned references(const r307_htshared_t *shared)
{
    return __atomic_load_n(&shared->version.references, __ATOMIC_ACQUIRE);
}

static int is_current(const r307_htshare_t *share, const r307_htshared_t *shared)
{
    return r307_arena_is_at(share->arena, shared->slot, shared->in)
        && shared->in->serial == shared->serial;
}

static void close_views_locked(r307_htshare_t *share, r307_htshared_t *shared)
{
    apr_uint32_t i;

    for (i = 0; shared->views && i < (apr_uint32_t)shared->version.run_count; i++) {
        r307_hoist_t *run = &shared->version.runs[i];

        if (run->opened) {
            apr_pool_destroy(run->opened);
            run->opened = NULL;
            run->set.image = NULL;
            run->block.tally.origins = NULL;
            shared->views--;
            share->views--;
        }
    }
}

static void free_locked(r307_htshare_t *share, r307_htshared_t *shared)
{
    close_views_locked(share, shared);
    share->weight -= shared->version.weight;
    free(shared);
}

/* Out of the table; freed when no request has it any more. */
static void drop_locked(r307_htshare_t *share, r307_htshared_t **from)
{
    r307_htshared_t *shared = *from;

    *from = shared->next;
    if (__atomic_sub_fetch(&shared->version.references, 1, __ATOMIC_ACQ_REL) == 0) {
        free_locked(share, shared);
        return;
    }
    shared->next = share->left;
    share->left = shared;
}

static void sweep_left_locked(r307_htshare_t *share)
{
    r307_htshared_t **from = &share->left;

    while (*from) {
        r307_htshared_t *shared = *from;

        if (references(shared)) {
            from = &shared->next;
            continue;
        }
        *from = shared->next;
        free_locked(share, shared);
    }
}

/* Gives back what no request has, bucket by bucket, until that is enough. */
static void give_back_locked(r307_htshare_t *share, size_t weight, int views)
{
    unsigned tries;

    for (tries = 0; tries < R307_HTBUCKETS && (share->weight > weight || share->views > views);
         tries++) {
        r307_htshared_t **from = &share->bucket[share->hand++ & (R307_HTBUCKETS - 1)];

        while (*from) {
            if (references(*from) > 1) {
                from = &(*from)->next;
            }
            else if (share->weight > weight) {
                drop_locked(share, from);
            }
            else {
                close_views_locked(share, *from);
                from = &(*from)->next;
            }
        }
    }
}

/* Says which versions are still used that are current no more; of all others, that nothing
 * is read of them. */
static void move_locked(r307_htshare_t *share, apr_uint64_t now)
{
    apr_uint64_t holds[R307_HOLDS], epoch = r307_arena_epoch(share->arena);
    const r307_htshared_t *shared;
    int count = 0;
    unsigned i;

    if (now < share->moved + MOVED_APART) {
        return;
    }
    share->moved = now;
    sweep_left_locked(share);
    for (shared = share->left; shared; shared = shared->next) {
        if (count < R307_HOLDS) {
            holds[count] = shared->serial;
        }
        count++;
    }
    for (i = 0; i < R307_HTBUCKETS; i++) {
        for (shared = share->bucket[i]; shared; shared = shared->next) {
            if (references(shared) > 1 && !is_current(share, shared)) {
                if (count < R307_HOLDS) {
                    holds[count] = shared->serial;
                }
                count++;
            }
        }
    }
    if (count <= R307_HOLDS) {
        r307_arena_move(share->arena, epoch, holds, count);
    }
}

static void release(r307_version_t *version)
{
    r307_htshared_t *shared = (r307_htshared_t *)(void *)version;
    r307_htshare_t *share = shared->share;

    __atomic_sub_fetch(&version->references, 1, __ATOMIC_ACQ_REL);
    if (__atomic_sub_fetch(&share->reading, 1, __ATOMIC_SEQ_CST) == 0) {
        lock(share);
        unlock(share);
    }
}

static void fill_run(r307_htshare_t *share, r307_htshared_t *shared, const char *directory,
                     const r307_pack_t *pack, int number)
{
    const r307_pack_run_t *row = &r307_pack_runs(pack)[number];
    r307_hoist_t *run = &shared->version.runs[number];
    int i;

    run->version = &shared->version;
    run->packed = row;
    run->pack = pack;
    run->set.rules = share->no_rules;
    run->set.names = share->no_names;
    run->set.index = r307_image_index_of((const char *)pack + row->image);
    run->set.packed = (int)row->count;
    run->set.first = (int)row->before_rules + 1;
    run->set.regexes = (int)row->regexes;
    run->block.rules = &run->set;
    run->block.directory = directory;
    run->block.file = shared->version.file;
    run->block.line = row->line;
    run->block.is_htaccess = run->block.is_cached = 1;
    run->block.needs_base = row->needs_base;
    run->block.doubts = row->doubts;
    run->block.tally.rules = (int)(row->before_rules + row->count);
    run->block.tally.regexes = row->regexes ? (int)(row->before_regexes + row->regexes) : 0;
    run->block.tally.lacks_until = row->lacks_until;
    run->block.tally.lacks_review = row->lacks_review;
    run->block.tally.longest = row->longest;
    run->block.tally.last = row->last;
    run->names = row->names;
    run->name_of = (const unsigned char *)pack + row->name_of;
    for (i = 0; i < R307_HOISTED_MOST; i++) {
        run->lines[i] = row->lines[i];
    }
    run->before.rules = (int)row->before_rules;
    run->before.regexes = (int)row->before_regexes;
    run->regexes = (int)row->regexes;
    run->only[0] = &run->block;
    run->blocks.at = run->only;
    run->blocks.count = 1;
}

static void fill_lines(r307_htshared_t *shared, const r307_pack_t *pack,
                       r307_scan_line_t *lines, const r307_scan_line_t **marks)
{
    const r307_pack_line_t *from = r307_pack_lines(pack);
    int i, count = 0;

    for (i = 0; i < (int)pack->line_count; i++) {
        lines[i].number = from[i].number;
        lines[i].run = from[i].run;
        lines[i].text = r307_pack_text(pack, &from[i]);
        lines[i].len = from[i].len;
        if (lines[i].run != R307_SCAN_FILE) {
            marks[count++] = &lines[i];
        }
    }
    shared->version.lines = lines;
    shared->version.line_count = (int)pack->line_count;
    shared->version.marks = marks;
    shared->version.mark_count = count;
}

/* What `pack` says in one piece of memory; NULL without it. */
static r307_htshared_t *make(r307_htshare_t *share, r307_slice_t path, const r307_pack_t *pack)
{
    static const r307_pack_t none = { 0 };
    const r307_pack_t *parts = pack ? pack : &none;
    size_t runs = sizeof(r307_htshared_t), lines, marks, texts, whole, directory;
    r307_htshared_t *shared;
    char *at;
    int i;

    lines = runs + parts->run_count * sizeof(r307_hoist_t);
    marks = lines + parts->line_count * sizeof(r307_scan_line_t);
    texts = marks + parts->mark_count * sizeof(const r307_scan_line_t *);
    whole = texts + 2 * (path.len + 1);
    at = calloc(1, whole);
    shared = (r307_htshared_t *)(void *)at;
    if (!shared) {
        return NULL;
    }
    memcpy(at + texts, path.s, path.len);
    directory = (size_t)(strrchr(at + texts, '/') - (at + texts));
    memcpy(at + texts + path.len + 1, path.s, directory);
    shared->share = share;
    shared->directory_len = directory;
    shared->version.release = release;
    shared->version.references = 1;
    shared->version.file = at + texts;
    shared->version.runs = (void *)(at + runs);
    shared->version.run_count = (int)parts->run_count;
    shared->version.weight = whole;
    if (pack) {
        fill_lines(shared, pack, (void *)(at + lines), (void *)(at + marks));
    }
    for (i = 0; i < (int)parts->run_count; i++) {
        fill_run(share, shared, at + texts + path.len + 1, pack, i);
    }
    return shared;
}

/* The head of a version that is what it says; NULL: it is none. */
static const r307_htsharehead_t *head_of(const r307_mapversion_t *version, r307_slice_t path)
{
    const r307_htsharehead_t *head = r307_mapversion_image(version);
    size_t len = (size_t)version->image_len;

    if (version->key_at != sizeof(*version) || !r307_mapversion_is_of(version, path)
        || len < sizeof(*head)
        || (head->is_fit && !r307_pack_check((const void *)(head + 1),
                                             len - sizeof(*head)))) {
        return NULL;
    }
    return head;
}

static r307_htshared_t *take_locked(r307_htshare_t *share, const char *directory,
                                    const char *name, apr_uint64_t key)
{
    char path[4096];
    size_t len = strlen(directory), n = strlen(name);
    const r307_mapversion_t *version;
    const r307_htsharehead_t *head;
    r307_slice_t text;
    r307_htshared_t *shared;
    int slot;

    len -= len && directory[len - 1] == '/';
    if (len + n + 2 > sizeof(path)) {
        return NULL;
    }
    memcpy(path, directory, len);
    path[len] = '/';
    memcpy(path + len + 1, name, n + 1);
    text = r307_slice(path, len + 1 + n);
    slot = r307_arena_find(share->arena, text);
    version = slot < 0 ? NULL : r307_arena_current(share->arena, slot);
    head = version ? head_of(version, text) : NULL;
    shared = head ? make(share, text, head->is_fit ? (const void *)(head + 1) : NULL) : NULL;
    if (!shared) {
        return NULL;
    }
    shared->in = version;
    shared->head = head;
    shared->serial = version->serial;
    shared->key = key;
    shared->slot = slot;
    shared->next = share->bucket[key & (R307_HTBUCKETS - 1)];
    share->bucket[key & (R307_HTBUCKETS - 1)] = shared;
    share->weight += shared->version.weight;
    return shared;
}

/* Of those taken before, if it is current. */
static r307_htshared_t *look_locked(r307_htshare_t *share, const char *directory,
                                    const char *name, apr_uint64_t key)
{
    r307_htshared_t **from = &share->bucket[key & (R307_HTBUCKETS - 1)];
    size_t len = strlen(directory);

    len -= len && directory[len - 1] == '/';
    for (; *from; from = &(*from)->next) {
        r307_htshared_t *shared = *from;

        if (shared->key == key && shared->directory_len == len
            && memcmp(shared->version.file, directory, len) == 0
            && strcmp(shared->version.file + len + 1, name) == 0) {
            if (is_current(share, shared)) {
                return shared;
            }
            drop_locked(share, from);
            return NULL;
        }
    }
    return NULL;
}

void r307_htshare_find(r307_htshare_t *share, const char *directory, const char *name,
                     apr_uint64_t key, r307_htshare_found_t *found)
{
    apr_uint64_t now = r307_arena_clock();
    r307_htshared_t *shared;

    lock(share);
    r307_arena_begin(share->arena);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);    /* said, before anything is looked at */
    shared = look_locked(share, directory, name, key);
    if (!shared) {
        give_back_locked(share, LOCAL_MOST, VIEWS_MOST);
        shared = take_locked(share, directory, name, key);
    }
    found->version = NULL;
    if (shared) {
        __atomic_add_fetch(&shared->version.references, 1, __ATOMIC_RELAXED);
        __atomic_add_fetch(&share->reading, 1, __ATOMIC_SEQ_CST);
        found->version = &shared->version;
        found->proven = shared->proven;
        if (now > shared->used + USED_APART) {
            shared->used = now;
            __atomic_store_n(&r307_arena_slot(share->arena, shared->slot)->used, now,
                             __ATOMIC_RELAXED);
        }
    }
    move_locked(share, now);
    unlock(share);
}

int r307_htshare_is_fit(const r307_version_t *version)
{
    return ((const r307_htshared_t *)(const void *)version)->head->is_fit != 0;
}

/* --- is it that file? --- */

apr_uint64_t r307_htshare_sum(const r307_htshare_t *share, const char *bytes, size_t len)
{
    return r307_hash_keyed(share->seed, bytes, len);
}

static int has_sum(const r307_htshare_t *share, int fd, size_t size, apr_uint64_t sum)
{
    char *bytes = malloc(size + 1);
    int is_same = bytes && r307_open_read(fd, bytes, size + 1) == (ssize_t)size
                  && r307_htshare_sum(share, bytes, size) == sum;

    free(bytes);
    return is_same;
}

int r307_htshare_is_of(r307_htshare_t *share, r307_htshare_found_t *found, int fd,
                     const r307_stamp_t *stamp, apr_time_t age, apr_time_t now)
{
    r307_htshared_t *shared = (r307_htshared_t *)(void *)found->version;
    const r307_htsharehead_t *head = shared->head;

    if (r307_stamp_same(stamp, &found->proven)) {
        return 1;
    }
    if (stamp->size != head->stamp.size) {
        return 0;
    }
    /* read when the stamp was old already, or there is no need to wait for that */
    if (!r307_stamp_same(stamp, &head->stamp)
        || (age && r307_stamp_time(stamp) + age > head->read)) {
        if (!has_sum(share, fd, (size_t)stamp->size, head->sum)) {
            return 0;
        }
        if (r307_stamp_time(stamp) + age > now) {
            return 1;
        }
    }
    lock(share);
    shared->proven = *stamp;
    unlock(share);
    return 1;
}

/* --- the rules of a run --- */

static r307_hoist_t *run_of(const r307_block_t *block)
{
    return (r307_hoist_t *)(void *)((char *)block->rules - offsetof(r307_hoist_t, set));
}

/* One rule for each origin that the run leads to tells all that limits ask. */
static apr_hash_t *find_origins(apr_pool_t *p, const r307_hoist_t *run,
                                const r307_image_t *image)
{
    const apr_uint32_t *far = (const void *)((const char *)run->pack + run->packed->far);
    r307_tally_t tally;
    apr_uint32_t i;

    memset(&tally, 0, sizeof(tally));
    for (i = 0; i < run->packed->far_count; i++) {
        const r307_rule_t *rule = far[i] < run->packed->count
                                  ? r307_image_rule(p, image, far[i]) : NULL;

        if (rule) {
            r307_limit_count(p, &tally, rule);
        }
    }
    return tally.origins;
}

static const char *open_locked(r307_htshare_t *share, r307_htshared_t *shared,
                               r307_hoist_t *run)
{
    const r307_image_t *image;
    r307_context_t context;
    apr_pool_t *pool;
    const char *bad;

    apr_pool_create_unmanaged_ex(&pool, NULL, share->spares);
    r307_pack_context(&context);
    context.nth = run->set.first;
    context.nth_regex = run->before.regexes + 1;
    bad = r307_image_attach(pool, (const char *)run->pack + run->packed->image, &context,
                            shared->version.file, &image);
    if (bad) {
        if (r307_log_once_ever(share->s, r307_log_once_key_text(shared->version.file, 0,
                                                                bad))) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, share->s, "%s cannot be used as it was "
                         "compiled: %s", shared->version.file, bad);
        }
        apr_pool_destroy(pool);
        return bad;
    }
    r307_image_bound(image, &share->regex_room);
    run->opened = pool;
    run->block.tally.origins = find_origins(pool, run, image);
    share->views++;
    shared->views++;
    __atomic_store_n(&run->set.image, image, __ATOMIC_RELEASE);
    return NULL;
}

int r307_htshare_open(r307_block_t *block)
{
    r307_hoist_t *run;
    r307_htshared_t *shared;

    if (!block->rules->packed) {
        return 1;
    }
    run = run_of(block);
    if (!__atomic_load_n(&run->set.image, __ATOMIC_ACQUIRE)) {
        shared = (r307_htshared_t *)(void *)run->version;
        lock(shared->share);
        if (!run->set.image) {
            give_back_locked(shared->share, LOCAL_MOST, VIEWS_MOST);
            (void)open_locked(shared->share, shared, run);
        }
        unlock(shared->share);
    }
    block->tally.origins = run->block.tally.origins;
    return run->set.image != NULL;
}

/* One word of the slot, which is enough for a file with one run. A process that went mad could
 * keep a warning from the log by it. */
int r307_htshare_is_checked(const r307_block_t *block, r307_slice_t base)
{
    const r307_htshared_t *shared;
    apr_uint64_t *known, mark;

    if (!block->rules->packed) {
        return 0;
    }
    shared = (const r307_htshared_t *)(const void *)run_of(block)->version;
    if (shared->version.run_count != 1) {
        return 0;
    }
    known = &r307_arena_slot(shared->share->arena, shared->slot)->kept;
    mark = r307_hash_keyed(shared->share->seed ^ shared->serial << 1, base.s, base.len);
    return __atomic_exchange_n(known, mark, __ATOMIC_RELAXED) == mark;
}
