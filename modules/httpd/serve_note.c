/* SPDX-License-Identifier: Apache-2.0 */
#include "httpd/serve_note.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <apr_hash.h>
#include <apr_strings.h>
#include <http_config.h>
#include <http_log.h>
#include <unixd.h>
#include "base/hash.h"
#include "conf/sends.h"
#include "httpd/htaccess_taken.h"
#include "httpd/tenant.h"

APLOG_USE_MODULE(redirect307);

/* Another layout of the table is another table. */
#define KEY "mod_redirect307.served.1"
#define TEXT_MOST 262144        /* bytes of a file in which other modules' lines are read */
#define HOSTS_MOST 64           /* of one file that are told apart */

#ifdef O_CLOEXEC
#define OPEN_FLAGS (O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
#else
#define OPEN_FLAGS (O_RDONLY | O_NOCTTY | O_NONBLOCK)
#endif

/* The .so is unloaded at a restart and its statics with it; this stays. */
typedef struct retained_t {
    r307_served_t *seen;
} retained_t;

void r307_served_table_make(server_rec *s, apr_uint64_t seed)
{
    retained_t *retained = ap_retained_data_get(KEY);
    r307_served_t *seen;

    if (retained) {
        return;
    }
    seen = r307_served_make(s->process->pool, seed);
    if (!seen) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "no shared memory: the page about the server names no .htaccess");
        return;
    }
    retained = ap_retained_data_create(KEY, sizeof(*retained));
    retained->seen = seen;
}

static r307_served_t *table(void)
{
    const retained_t *retained = ap_retained_data_get(KEY);

    return retained ? retained->seen : NULL;
}

const r307_served_t *r307_served_table(void)
{
    return table();
}

/* --- one file --- */

typedef struct looking_t {
    request_rec *r;
    const r307_blocks_t *blocks;
    const r307_block_t *block;      /* the first one of the file */
    apr_array_header_t *hosts;      /* of const char * */
    apr_hash_t *met;
    r307_servedfile_t file;
} looking_t;

static int is_of(const r307_block_t *block, const r307_block_t *other)
{
    return other->is_htaccess && other->directory
        && strcmp(other->directory, block->directory) == 0;
}

/* A number that is another one when the blocks are. */
static apr_uint32_t print_of(const looking_t *x)
{
    apr_uint64_t h = R307_HASH_OPEN;
    int i;

    for (i = 0; i < x->blocks->count; i++) {
        const r307_block_t *of = x->blocks->at[i];
        apr_hash_index_t *at;
        apr_uint64_t sum = 0;

        if (!is_of(x->block, of)) {
            continue;
        }
        at = of->tally.origins ? apr_hash_first(x->r->pool, of->tally.origins) : NULL;
        for (; at; at = apr_hash_next(at)) {
            const char *origin = apr_hash_this_key(at);

            sum += r307_hash_keyed(R307_HASH_OPEN, origin, strlen(origin));
        }
        h = r307_hash_step(h, (apr_uint64_t)r307_ruleset_count(of->rules) << 32
                              | (apr_uint32_t)of->skipped, R307_HASH_OPEN);
        h = r307_hash_step(h, sum, R307_HASH_OPEN);
    }
    return (apr_uint32_t)h ? (apr_uint32_t)h : 1;
}

/* Whether people who go there stay on this site. The name that a request came by is none:
 * anybody may say any. */
static int is_own(const looking_t *x, const char *host)
{
    const server_rec *s = x->r->server;
    int i;

    if (s->server_hostname && strcasecmp(s->server_hostname, host) == 0) {
        return 1;
    }
    for (i = 0; s->names && i < s->names->nelts; i++) {
        if (strcasecmp(APR_ARRAY_IDX(s->names, i, const char *), host) == 0) {
            return 1;
        }
    }
    return r307_sends_is_on_way(host, x->block->file);
}

static void add_host(looking_t *x, const char *name)
{
    char *host = apr_pstrdup(x->r->pool, name);

    ap_str_tolower(host);
    if (is_own(x, host) || apr_hash_get(x->met, host, APR_HASH_KEY_STRING)) {
        return;
    }
    if (x->hosts->nelts == HOSTS_MOST) {
        x->file.more++;
        return;
    }
    apr_hash_set(x->met, host, APR_HASH_KEY_STRING, "");
    APR_ARRAY_PUSH(x->hosts, const char *) = host;
}

static void add_hosts_of(looking_t *x, const r307_tally_t *tally)
{
    apr_pool_t *p = x->r->pool;
    apr_hash_index_t *at;

    at = tally->origins ? apr_hash_first(p, tally->origins) : NULL;
    for (; at; at = apr_hash_next(at)) {
        const r307_rule_t *rule = apr_hash_this_val(at);

        if (rule->target->host.s && !r307_hosts_is_own(rule->target)) {
            add_host(x, r307_slice_text(p, rule->target->host));
        }
    }
    at = tally->chosen ? apr_hash_first(p, tally->chosen) : NULL;
    for (; at; at = apr_hash_next(at)) {
        const r307_hosts_t *hosts = apr_hash_this_val(at);

        if (hosts->kind == R307_HOSTS_LISTED && hosts->form.len) {
            add_host(x, r307_slice_text(p, hosts->form));
        }
    }
}

/* One line, NUL-terminated. */
static void read_line(looking_t *x, apr_pool_t *p, r307_sends_state_t *state, char *line)
{
    size_t n;
    char *args;
    r307_sends_t sends;

    line += strspn(line, " \t\r\f\v");
    n = strcspn(line, " \t\r\f\v");
    if (!n || *line == '#' || *line == '<') {
        return;
    }
    args = line + n + strspn(line + n, " \t\r\f\v");
    line[n] = '\0';
    if (r307_sends_meet(p, state, line, args, &sends)) {
        add_host(x, sends.host);
    }
}

/* A line that ends with a backslash goes on in the next one. */
static char *end_of_line(char *line, char *end)
{
    char *at = memchr(line, '\n', (size_t)(end - line));

    while (at && at > line && at[-1] == '\\') {
        at[-1] = at[0] = ' ';
        at = memchr(at, '\n', (size_t)(end - at));
    }
    return at ? at : end;
}

static void read_lines(looking_t *x, char *text, size_t len)
{
    char *line = text, *end = text + len;
    r307_sends_state_t state;
    apr_pool_t *p;

    memset(&state, 0, sizeof(state));
    apr_pool_create(&p, x->r->pool);
    while (line < end) {
        char *stop = end_of_line(line, end);

        *stop = '\0';
        read_line(x, p, &state, line);
        line = stop + 1;
    }
    apr_pool_destroy(p);
}

/* What the lines of other modules say, of a file that httpd has just read by that name. */
static void read_others(looking_t *x)
{
    int fd = open(x->block->file, OPEN_FLAGS);
    struct stat info;
    size_t size, len = 0;
    char *text;

    if (fd < 0) {
        return;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
        size = info.st_size < TEXT_MOST ? (size_t)info.st_size : TEXT_MOST;
        text = apr_palloc(x->r->pool, size + 1);
        while (len < size) {
            ssize_t got = read(fd, text + len, size - len);

            if (got <= 0) {
                break;
            }
            len += (size_t)got;
        }
        text[len] = '\0';
        read_lines(x, text, len);
    }
    close(fd);
}

/* --- noting --- */

/* Who is one tenant: who owns the file, where that tells anybody apart; else the virtual
 * host. */
static apr_uint64_t home_of(const r307_served_t *seen, const request_rec *r, apr_uint64_t owner)
{
    const char *name = r->server->server_hostname;
    apr_uint64_t key[2] = { 1, owner };

    if (!owner || owner == ap_unixd_config.user_id) {
        key[0] = 2;
        key[1] = r307_hash_keyed(seen->head->seed, name ? name : "", name ? strlen(name) : 0);
    }
    return r307_hash_keyed(seen->head->seed, key, sizeof(key)) | 1;
}

static apr_uint32_t bounded(apr_int64_t value)
{
    return value < R307_LIMIT_NONE ? (apr_uint32_t)value : R307_SERVED_UNBOUND;
}

static void look(looking_t *x, const r307_config_t *conf)
{
    r307_servedfile_t *file = &x->file;
    int i;

    file->rules_most = bounded(r307_limit_value(conf->limits, R307_LIMIT_RULES));
    file->regex_most = bounded(r307_limit_value(conf->limits, R307_LIMIT_REGEX));
    for (i = 0; i < x->blocks->count; i++) {
        const r307_block_t *of = x->blocks->at[i];

        if (is_of(x->block, of)) {
            file->rules += (apr_uint32_t)(r307_ruleset_count(of->rules) - of->stays);
            file->regexes += (apr_uint32_t)of->rules->regexes;
            file->skipped += (apr_uint32_t)of->skipped;
            file->limits |= r307_tenant_reached(x->r, conf, of);
            add_hosts_of(x, &of->tally);
        }
    }
    read_others(x);
}

static apr_uint32_t second_of(apr_time_t time)
{
    return (apr_uint32_t)apr_time_sec(time);
}

static void note(looking_t *x, const r307_config_t *conf, r307_served_t *seen)
{
    request_rec *r = x->r;
    apr_uint32_t now = second_of(r->request_time), print = print_of(x);
    apr_uint64_t key = r307_served_key(seen, x->block->directory);
    r307_servedwhat_t what;
    struct stat info;
    apr_uint64_t stamp;

    if (r307_served_is_fresh(seen, key, print, now) || stat(x->block->file, &info) != 0) {
        return;
    }
    stamp = r307_hash_step((apr_uint64_t)info.st_ino ^ (apr_uint64_t)info.st_size << 32,
                           (apr_uint64_t)info.st_ctime, R307_HASH_OPEN);
    if (r307_served_again(seen, key, stamp, print, now)) {
        return;
    }
    x->hosts = apr_array_make(r->pool, 4, sizeof(const char *));
    x->met = apr_hash_make(r->pool);
    look(x, conf);
    x->file.stamp = stamp;
    memset(&what, 0, sizeof(what));
    what.key = key;
    what.home = home_of(seen, r, (apr_uint64_t)info.st_uid);
    what.print = print;
    what.since = (apr_uint32_t)(info.st_ctime < (time_t)now ? info.st_ctime : (time_t)now);
    what.directory = x->block->directory;
    what.hosts = x->hosts;
    what.file = &x->file;
    r307_served_note(seen, &what, now);
}

static int was_noted(const r307_block_t *block, apr_uint32_t now)
{
    return block->is_cached
        && now - __atomic_load_n(&block->noted, __ATOMIC_RELAXED) < R307_SERVED_EVERY;
}

/* Whether one before it stands for the file. */
static int is_later(const r307_blocks_t *blocks, int at)
{
    int i;

    for (i = 0; i < at && !is_of(blocks->at[at], blocks->at[i]); i++) {
        continue;
    }
    return i < at;
}

static void note_all(request_rec *r, const r307_config_t *conf, const r307_blocks_t *blocks)
{
    r307_served_t *seen = table();
    int i;

    for (i = 0; seen && i < blocks->count; i++) {
        r307_block_t *block = blocks->at[i];

        /* inside a <Macro> the name of the file is a description */
        if (block->is_htaccess && block->directory && block->file[0] == '/'
            && !is_later(blocks, i)) {
            looking_t looking;

            memset(&looking, 0, sizeof(looking));
            looking.r = r;
            looking.blocks = blocks;
            looking.block = block;
            note(&looking, conf, seen);
        }
        if (block->is_cached) {
            __atomic_store_n(&block->noted, second_of(r->request_time), __ATOMIC_RELAXED);
        }
    }
}

void r307_served_blocks(request_rec *r, const r307_config_t *conf, const r307_blocks_t *blocks)
{
    apr_uint32_t now = second_of(r->request_time);
    int i;

    for (i = 0; i < blocks->count; i++) {
        const r307_block_t *block = blocks->at[i];

        if (block->is_htaccess && !was_noted(block, now)) {
            if (r307_htshare_open_all(blocks)) {    /* who they lead to is in their images */
                note_all(r, conf, blocks);
            }
            return;
        }
    }
}
